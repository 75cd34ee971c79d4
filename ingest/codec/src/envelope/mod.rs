//! The wrappings that this program takes off. Deliberately absent: what is inside.

mod chirpstack;
mod chirpstack_gateway;
mod fiware;
mod helium;
mod instants;
mod iot_agent_json;
mod loriot;
mod marsad;
mod milesight;
mod netmore;
mod parts;
mod plain;
mod senml;
pub(crate) mod sparkplug;
mod the_things_stack;
mod thingpark;
mod ultralight;
mod wireless_m_bus;

pub(crate) use marsad::UP as MARSAD_UP;

use crate::uplink::Envelope;

/// Every envelope. A new one is a file and a line.
pub(crate) static ENVELOPES: &[&dyn Envelope] = &[
    &marsad::Marsad,
    &chirpstack::ChirpStack,
    &the_things_stack::TheThingsStack,
    &thingpark::ThingPark,
    &loriot::Loriot,
    &milesight::Milesight { hex: false },
    &milesight::Milesight { hex: true },
    &helium::Helium,
    &netmore::Netmore,
    &senml::SenMl,
    &sparkplug::SparkplugB,
    &ultralight::Ultralight,
    &iot_agent_json::IotAgentJson,
    &wireless_m_bus::WirelessMBus,
    &chirpstack_gateway::ChirpStackGateway,
    &plain::Plain,
];

/// The envelope of this name or alias.
pub(crate) fn named(name: &str) -> Option<&'static dyn Envelope> {
    ENVELOPES.iter().copied().find(|e| e.name() == name || e.aliases().contains(&name))
}

/// All names, for an error.
pub(crate) fn names() -> String {
    ENVELOPES.iter().map(|e| e.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_envelopes_share_a_name() {
        let mut seen = std::collections::BTreeSet::new();
        for name in ENVELOPES.iter().flat_map(|e| std::iter::once(e.name()).chain(e.aliases().iter().copied())) {
            assert!(seen.insert(name), "{name}");
        }
    }
}
