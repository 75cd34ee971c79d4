//! The table of makes: how each speaks, and through which network server.

use schemas::Kind;

use super::layouts::{air, parking, waste, water};
use super::network::Network;
use super::{Make, Way, own};

const fn make(name: &'static str, kind: Kind, way: Way) -> Make {
    Make { name, kind, way }
}

/// Marsad's own format.
pub(super) const NATIVE: &str = "marsad";

/// Every make. The first ones of a kind are those of a city that wants no others.
pub(crate) static MAKES: [Make; 64] = [
    make(NATIVE, Kind::AIR, Way::Native),
    make(NATIVE, Kind::WASTE, Way::Native),
    make("netvox-r718x", Kind::WASTE, Way::Lora(Network::ChirpStack, waste::NETVOX_R718X)),
    make("nwave-nps405", Kind::PARKING, Way::Lora(Network::ChirpStack, parking::NWAVE_NPS405)),
    make(NATIVE, Kind::WATER, Way::Native),
    make("senml", Kind::AIR, Way::SenMl),
    make("sparkplug-b", Kind::AIR, Way::Sparkplug),
    make("decentlab-dl-pm", Kind::AIR, Way::Lora(Network::ThingPark, air::DECENTLAB_DL_PM)),
    make("milesight-am308", Kind::AIR, Way::Lora(Network::ChirpStack, air::MILESIGHT_AM308)),
    make("inbiot-well", Kind::AIR, Way::Lora(Network::Helium, air::INBIOT_PLUS)),
    make("airgradient-one", Kind::AIR, Way::Own(&own::AIRGRADIENT)),
    make("tasmota-pms5003", Kind::AIR, Way::Own(&own::TASMOTA)),
    make("purpleair-pa2", Kind::AIR, Way::Own(&own::PURPLEAIR)),
    make("sensor-community", Kind::AIR, Way::Own(&own::SENSOR_COMMUNITY)),
    make("decentlab-dl-iam", Kind::AIR, Way::Lora(Network::Loriot, air::DECENTLAB_DL_IAM)),
    make("decentlab-dl-lp8p", Kind::AIR, Way::Lora(Network::Netmore, air::DECENTLAB_DL_LP8P)),
    make("elsys-ers-co2", Kind::AIR, Way::Lora(Network::Netmore, air::ELSYS_ERS_CO2)),
    make("cayenne-lpp-air", Kind::AIR, Way::Lora(Network::TheThingsStack, air::CAYENNE_LPP)),
    make("milesight-am102", Kind::AIR, Way::Lora(Network::Milesight, air::MILESIGHT_AM102)),
    make("milesight-am103", Kind::AIR, Way::Lora(Network::MilesightHex, air::MILESIGHT_AM103)),
    make("milesight-am107", Kind::AIR, Way::Lora(Network::Milesight, air::MILESIGHT_AM107)),
    make("milesight-am307", Kind::AIR, Way::Lora(Network::MilesightHex, air::MILESIGHT_AM307)),
    make("milesight-am319", Kind::AIR, Way::Lora(Network::Milesight, air::MILESIGHT_AM319)),
    // Its items are those of the AM102.
    make("milesight-em300-th", Kind::AIR, Way::Lora(Network::MilesightHex, air::MILESIGHT_AM102)),
    make("milesight-em500-co2", Kind::AIR, Way::Lora(Network::ChirpStack, air::MILESIGHT_EM500_CO2)),
    make("uradmonitor-a3", Kind::AIR, Way::Lora(Network::TheThingsStack, air::URADMONITOR_A3)),
    make("uradmonitor-industrial", Kind::AIR, Way::Lora(Network::Loriot, air::URADMONITOR_INDUSTRIAL)),
    make("milesight-em310-udl", Kind::WASTE, Way::Lora(Network::TheThingsStack, waste::MILESIGHT_EM310_UDL)),
    make("milesight-em400-tld", Kind::WASTE, Way::Lora(Network::ChirpStack, waste::MILESIGHT_EM400_TLD)),
    make("dingtek-df702", Kind::WASTE, Way::Lora(Network::TheThingsStack, waste::DINGTEK_DF702)),
    make("vegapuls-air", Kind::WASTE, Way::Lora(Network::ThingPark, waste::VEGAPULS_AIR)),
    make("bigbelly", Kind::WASTE, Way::Own(&own::BIGBELLY)),
    make("sensoneo", Kind::WASTE, Way::Own(&own::SENSONEO)),
    make("decentlab-dl-lid", Kind::WASTE, Way::Lora(Network::Loriot, waste::DECENTLAB_DL_LID)),
    make("decentlab-dl-mbx", Kind::WASTE, Way::Lora(Network::ThingPark, waste::DECENTLAB_DL_MBX)),
    make("dragino-ldds45", Kind::WASTE, Way::Lora(Network::ChirpStack, waste::DRAGINO_LDDS)),
    make("dragino-ldds75", Kind::WASTE, Way::Lora(Network::TheThingsStack, waste::DRAGINO_LDDS)),
    make("enginko-level", Kind::WASTE, Way::Lora(Network::ThingPark, waste::ENGINKO_LEVEL)),
    make("milesight-em500-udl", Kind::WASTE, Way::Lora(Network::Milesight, waste::MILESIGHT_EM500_UDL)),
    make("pepperl-fuchs-wilsen", Kind::WASTE, Way::Lora(Network::Netmore, waste::PEPPERL_FUCHS_WILSEN)),
    make("bosch-tps110", Kind::PARKING, Way::Lora(Network::TheThingsStack, parking::BOSCH_TPS110)),
    make("tekzitel-tekzipark", Kind::PARKING, Way::Lora(Network::Helium, parking::TEKZITEL_TEKZIPARK)),
    make("pni-placepod", Kind::PARKING, Way::Lora(Network::ThingPark, parking::PNI_PLACEPOD)),
    make("nwave-nps310", Kind::PARKING, Way::Lora(Network::TheThingsStack, parking::NWAVE_NPS310)),
    make("nwave-ncc405", Kind::PARKING, Way::Lora(Network::ChirpStack, parking::NWAVE_NCC405)),
    make("dingtek-do201", Kind::PARKING, Way::Lora(Network::Loriot, parking::DINGTEK_DO201)),
    make("libelium-smart-parking", Kind::PARKING, Way::Lora(Network::Netmore, parking::LIBELIUM)),
    make("libelium-smart-parking-v2", Kind::PARKING, Way::Lora(Network::ChirpStack, parking::LIBELIUM_V2)),
    make("iot-agent-json", Kind::WATER, Way::IotAgent),
    make("ultralight", Kind::WATER, Way::Ultralight),
    make("quandify-cubicmeter", Kind::WATER, Way::Lora(Network::ThingPark, water::QUANDIFY_CUBICMETER)),
    make("m-bus-records-water", Kind::WATER, Way::Lora(Network::ChirpStack, water::M_BUS_RECORDS)),
    make("wireless-m-bus-water", Kind::WATER, Way::Telegram { encrypted: false }),
    make("wireless-m-bus-water", Kind::WATER, Way::Telegram { encrypted: true }),
    make("axioma-qalcosonic-w1", Kind::WATER, Way::Lora(Network::TheThingsStack, water::AXIOMA_QALCOSONIC_W1)),
    make("kamstrup-lorawan", Kind::WATER, Way::Lora(Network::Loriot, water::KAMSTRUP)),
    make("b-meters-iwm-lr3", Kind::WATER, Way::Lora(Network::ChirpStack, water::B_METERS_IWM)),
    make("decentlab-dl-dlr2-002", Kind::WATER, Way::Lora(Network::ThingPark, water::DECENTLAB_DL_DLR2_002)),
    make("decentlab-dl-dlr2-010", Kind::WATER, Way::Lora(Network::Loriot, water::DECENTLAB_DL_DLR2_010)),
    make("dragino-sw3l", Kind::WATER, Way::Lora(Network::TheThingsStack, water::DRAGINO_SW3L)),
    make("milesight-em300-di", Kind::WATER, Way::Lora(Network::MilesightHex, water::MILESIGHT_EM300_DI)),
    make("milesight-em300-zld", Kind::WATER, Way::Lora(Network::Milesight, water::MILESIGHT_EM300_ZLD)),
    make("netvox-water-leak", Kind::WATER, Way::Lora(Network::ChirpStack, water::NETVOX_WATER_LEAK)),
    make("zigbee2mqtt-leak", Kind::WATER, Way::Own(&own::ZIGBEE2MQTT)),
];
