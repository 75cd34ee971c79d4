//! What the words of CAP (category, urgency, certainty) are for the rules of the house.

use schemas::{Kind, RuleId, Severity};

/// What a type of alert is to CAP: a rule whose name begins with the first word.
pub(crate) struct Sort {
    rule: &'static str,
    pub(crate) category: &'static str,
    pub(crate) urgency: &'static str,
    pub(crate) certainty: &'static str,
    /// Where a warning of the public is another one than what it is to those who act.
    pub(crate) severity: Option<Severity>,
}

const fn sort(rule: &'static str, category: &'static str, urgency: &'static str, certainty: &'static str) -> Sort {
    Sort { rule, category, urgency, certainty, severity: None }
}

/// DOMAIN, vectors `alert_texts`. The first that fits counts.
const SORTS: [Sort; 16] = [
    sort("air.silent", "Infra", "Expected", "Observed"),
    sort("parking.silent", "Infra", "Expected", "Observed"),
    sort("air.dust", "Met", "Expected", "Likely"),
    sort("air.", "Env", "Immediate", "Observed"),
    sort("waste.fill", "Infra", "Expected", "Observed"),
    // To who empties it the gravest of all levels of fill, to who walks by a nuisance.
    Sort { severity: Some(Severity::Warning), ..sort("waste.overflow", "Health", "Immediate", "Observed") },
    sort("waste.fire", "Fire", "Immediate", "Likely"),
    sort("waste.tilt", "Infra", "Immediate", "Observed"),
    sort("waste.overturned", "Infra", "Immediate", "Observed"),
    sort("waste.moved", "Infra", "Immediate", "Observed"),
    sort("parking.", "Transport", "Expected", "Observed"),
    sort("water.leak", "Infra", "Expected", "Likely"),
    sort("water.burst", "Infra", "Immediate", "Likely"),
    sort("water.tamper", "Security", "Immediate", "Likely"),
    sort("water.backflow", "Security", "Immediate", "Likely"),
    sort("device.", "Infra", "Expected", "Observed"),
];

/// Of rules that the table does not know: by the kind of device.
const fn other(category: &'static str) -> Sort {
    sort("", category, "Expected", "Observed")
}
const AIR: Sort = other("Env");
const PARKING: Sort = other("Transport");
const REST: Sort = other("Infra");

pub(crate) fn sort_of(rule: &RuleId, kind: Kind) -> &'static Sort {
    SORTS.iter().find(|sort| rule.as_str().starts_with(sort.rule)).unwrap_or(match kind {
        Kind::AIR => &AIR,
        Kind::PARKING => &PARKING,
        _ => &REST,
    })
}
