//! The scenarios that come with the program: one for each kind, each family of faults, and what a city goes through.

/// Name and text of each.
pub static SHIPPED: [(&str, &str); 33] = [
    ("air-day", include_str!("../scenarios/air-day.toml")),
    ("full-bins", include_str!("../scenarios/full-bins.toml")),
    ("parking-day", include_str!("../scenarios/parking-day.toml")),
    ("leaks-and-bursts", include_str!("../scenarios/leaks-and-bursts.toml")),
    ("bin-fire", include_str!("../scenarios/bin-fire.toml")),
    ("dust-episode", include_str!("../scenarios/dust-episode.toml")),
    ("silent-devices", include_str!("../scenarios/silent-devices.toml")),
    ("bad-sensors", include_str!("../scenarios/bad-sensors.toml")),
    ("doubtful-air", include_str!("../scenarios/doubtful-air.toml")),
    ("drifting-air", include_str!("../scenarios/drifting-air.toml")),
    ("impossible-air", include_str!("../scenarios/impossible-air.toml")),
    ("unwell-devices", include_str!("../scenarios/unwell-devices.toml")),
    ("doubtful-bins", include_str!("../scenarios/doubtful-bins.toml")),
    ("doubtful-bays", include_str!("../scenarios/doubtful-bays.toml")),
    ("unseen-zone", include_str!("../scenarios/unseen-zone.toml")),
    ("meters-replaced", include_str!("../scenarios/meters-replaced.toml")),
    ("odd-registers", include_str!("../scenarios/odd-registers.toml")),
    ("clock-skew", include_str!("../scenarios/clock-skew.toml")),
    ("late-and-out-of-order", include_str!("../scenarios/late-and-out-of-order.toml")),
    ("duplicates", include_str!("../scenarios/duplicates.toml")),
    ("lossy-network", include_str!("../scenarios/lossy-network.toml")),
    ("hostile-traffic", include_str!("../scenarios/hostile-traffic.toml")),
    ("store-outage", include_str!("../scenarios/store-outage.toml")),
    ("broker-outage", include_str!("../scenarios/broker-outage.toml")),
    ("restart-storm", include_str!("../scenarios/restart-storm.toml")),
    ("power-loss", include_str!("../scenarios/power-loss.toml")),
    ("eid-al-adha", include_str!("../scenarios/eid-al-adha.toml")),
    ("top-of-hour", include_str!("../scenarios/top-of-hour.toml")),
    ("standing-meters", include_str!("../scenarios/standing-meters.toml")),
    ("carried-bins", include_str!("../scenarios/carried-bins.toml")),
    ("odd-one-out", include_str!("../scenarios/odd-one-out.toml")),
    ("every-make", include_str!("../scenarios/every-make.toml")),
    ("city-day", include_str!("../scenarios/city-day.toml")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scenario;

    #[test]
    fn every_shipped_scenario_is_one() {
        for (name, text) in &SHIPPED {
            let scenario = Scenario::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(scenario.about.len() > 20, "{name} says what it shows");
        }
        assert!(SHIPPED.len() >= 15);
    }

    #[test]
    fn every_event_and_every_fault_stands_in_a_scenario() {
        let scenarios: Vec<_> = SHIPPED.iter().map(|(_, text)| Scenario::parse(text).unwrap()).collect();
        let plans = scenarios.iter().flat_map(Scenario::plans);
        let brought: std::collections::BTreeSet<_> = plans.map(|plan| plan.fault().name).collect();
        let missing: Vec<_> = crate::FAULTS.iter().map(|fault| fault.name).filter(|name| !brought.contains(name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
