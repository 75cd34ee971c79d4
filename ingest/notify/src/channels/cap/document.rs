//! A CAP 1.2 document. Its elements stand in the order of the schema; the instants are written as it wants
//! them: with an offset, without fractions, never `Z`.

use std::fmt::Write;

use ports::{Form, Language, Mark, Notification, Step};
use schemas::{Kind, Phase, Place, Severity, Timestamp, Transition, TransitionId};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::render::escape;

/// How a document is meant (CAP 1.2, `status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Status {
    /// To be acted on by all.
    Actual,
    /// To be acted on by those who take part in an exercise.
    Exercise,
    /// For the network itself.
    System,
    /// To be thrown away.
    Test,
    /// Not to be acted on.
    Draft,
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Status::Actual => "Actual",
            Status::Exercise => "Exercise",
            Status::System => "System",
            Status::Test => "Test",
            Status::Draft => "Draft",
        }
    }
}

/// Whose eyes it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Public,
    /// `contractor:<code>`, `role:<name>`.
    Restricted(String),
}

/// Who speaks.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) sender: String,
    pub(crate) name: Option<String>,
    pub(crate) status: Status,
    pub(crate) scope: Scope,
    pub(crate) web: Option<String>,
}

/// What a type of alert is to CAP: a rule whose name begins with the first word.
struct Sort {
    rule: &'static str,
    category: &'static str,
    urgency: &'static str,
    certainty: &'static str,
}

const fn sort(rule: &'static str, category: &'static str, urgency: &'static str, certainty: &'static str) -> Sort {
    Sort { rule, category, urgency, certainty }
}

/// DOMAIN, vectors `alert_texts`. The first that fits counts.
const SORTS: [Sort; 11] = [
    sort("air.dust", "Met", "Expected", "Likely"),
    sort("air.", "Env", "Immediate", "Observed"),
    sort("waste.fill", "Infra", "Expected", "Observed"),
    sort("waste.overflow", "Health", "Immediate", "Observed"),
    sort("waste.fire", "Fire", "Immediate", "Likely"),
    sort("waste.tilt", "Infra", "Immediate", "Observed"),
    sort("parking.", "Transport", "Expected", "Observed"),
    sort("water.leak", "Infra", "Expected", "Likely"),
    sort("water.burst", "Infra", "Immediate", "Likely"),
    sort("water.tamper", "Security", "Immediate", "Likely"),
    sort("device.", "Infra", "Expected", "Observed"),
];

/// Of rules that the table does not know: by the kind of device.
const fn other(category: &'static str) -> Sort {
    sort("", category, "Expected", "Observed")
}
const AIR: Sort = other("Env");
const PARKING: Sort = other("Transport");
const REST: Sort = other("Infra");

fn sort_of(t: &Transition) -> &'static Sort {
    SORTS.iter().find(|sort| t.rule.as_str().starts_with(sort.rule)).unwrap_or(match t.kind {
        Kind::AIR => &AIR,
        Kind::PARKING => &PARKING,
        _ => &REST,
    })
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "Minor",
        Severity::Warning => "Moderate",
        Severity::Critical => "Severe",
        Severity::Emergency => "Extreme",
    }
}

/// Identifier and text of the document of one step. The same step gives the same document each time.
pub(crate) fn document(sender: &Sender, n: &Notification, step: &Step, place: Option<Place>) -> (String, String) {
    let t = &step.transition;
    let began = TransitionId::new(&t.alert, Phase::Firing);
    let (kind, identifier) = match (t.to, n.form) {
        // Said again: the same alert, a document of its own.
        (Phase::Firing, Form::Reminder) => ("Update", identifier(&n.id)),
        (Phase::Firing, _) => ("Alert", identifier(&t.id.0)),
        (Phase::Inactive | Phase::Pending | Phase::Resolved, _) => ("Cancel", identifier(&t.id.0)),
    };
    let sent = if n.form == Form::Reminder { n.made_at } else { t.at };
    let mut xml = String::with_capacity(4096);
    xml.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\n");
    element(&mut xml, "identifier", &identifier);
    element(&mut xml, "sender", &sender.sender);
    element(&mut xml, "sent", &instant(sent));
    element(&mut xml, "status", sender.status.word());
    element(&mut xml, "msgType", kind);
    element(&mut xml, "source", "marsad");
    match &sender.scope {
        Scope::Public => element(&mut xml, "scope", "Public"),
        Scope::Restricted(whom) => {
            element(&mut xml, "scope", "Restricted");
            element(&mut xml, "restriction", whom);
        }
    }
    if kind != "Alert" {
        let fired = instant(step.fired_at.unwrap_or(t.since));
        element(&mut xml, "references", &format!("{},{},{fired}", sender.sender, self::identifier(&began.0)));
    }
    element(&mut xml, "incidents", &self::identifier(&t.alert.0));
    for language in Language::ALL {
        info(&mut xml, sender, step, place, language);
    }
    xml.push_str("</alert>\n");
    (identifier, xml)
}

fn info(xml: &mut String, sender: &Sender, step: &Step, place: Option<Place>, language: Language) {
    let t = &step.transition;
    let (sort, over, text) = (sort_of(t), t.to != Phase::Firing, language.of(&t.texts));
    xml.push_str("<info>\n");
    element(xml, "language", language.tag());
    element(xml, "category", sort.category);
    element(xml, "event", t.rule.as_str());
    element(xml, "responseType", if over { "AllClear" } else { "Monitor" });
    element(xml, "urgency", if over { "Past" } else { sort.urgency });
    element(xml, "severity", severity(t.severity));
    element(xml, "certainty", sort.certainty);
    named(xml, "eventCode", "marsad:rule", t.rule.as_str());
    element(xml, "effective", &instant(t.at));
    element(xml, "onset", &instant(t.since));
    if let Some(name) = &sender.name {
        element(xml, "senderName", name);
    }
    element(xml, "headline", text);
    element(xml, "description", text);
    if let Some(web) = &sender.web {
        element(xml, "web", web);
    }
    if let Some(value) = t.value {
        named(xml, "parameter", &format!("{} ({})", t.series.quantity.name(), t.series.quantity.unit()), &value.to_string());
    }
    named(xml, "parameter", "device", t.series.device.as_str());
    match &step.mark {
        Some(Mark::Escalated { escalation, rung }) => named(xml, "parameter", "escalation", &format!("{escalation} {rung}")),
        Some(Mark::Flaps) => named(xml, "parameter", "flapping", "true"),
        None => {}
    }
    xml.push_str("<area>\n");
    element(xml, "areaDesc", t.zone.as_str());
    if let Some(place) = place {
        // A point: a circle without a radius, km.
        element(xml, "circle", &format!("{},{} 0", place.lat(), place.lon()));
    }
    named(xml, "geocode", "marsad:zone", t.zone.as_str());
    xml.push_str("</area>\n</info>\n");
}

fn element(xml: &mut String, name: &str, text: &str) {
    let _ = writeln!(xml, "<{name}>{}</{name}>", escape(text));
}

fn named(xml: &mut String, element: &str, name: &str, value: &str) {
    let (name, value) = (escape(name), escape(value));
    let _ = writeln!(xml, "<{element}><valueName>{name}</valueName><value>{value}</value></{element}>");
}

/// A name without space, comma, < or &, as CAP wants it, of a name that may be longer than people read.
fn identifier(of: &str) -> String {
    let hash = Sha256::digest(of.as_bytes());
    let digits: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("marsad-{digits}")
}

/// `2026-11-21T12:00:00+00:00`.
pub(super) fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{}+00:00", text.get(..19).unwrap_or(&text))
}
