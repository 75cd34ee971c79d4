//! A CAP 1.2 document. Its elements stand in the order of the schema; the instants are written as it wants
//! them: with an offset, without fractions, never `Z`.

use std::fmt::Write;

use schemas::{AlertId, Kind, Phase, Place, RuleId, SeriesKey, Severity, Texts, Timestamp, TransitionId, Zone};
use sha2::{Digest, Sha256};

use crate::escape;
use crate::sender::{Scope, Sender};
use crate::sorts::sort_of;

/// What a document does to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// It begins.
    Alert,
    /// Said again: the same alert, a document of its own.
    Update,
    /// It is over.
    Cancel,
}

impl Sort {
    const fn word(self) -> &'static str {
        match self {
            Sort::Alert => "Alert",
            Sort::Update => "Update",
            Sort::Cancel => "Cancel",
        }
    }
}

/// What is said of one episode of an alert.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// What it does.
    pub sort: Sort,
    /// What makes it this document and no other: [`identifier`] is made of it.
    pub of: &'a str,
    /// When it is said.
    pub sent: Timestamp,
    /// The episode.
    pub alert: &'a AlertId,
    /// The rule that decided.
    pub rule: &'a RuleId,
    /// What it judged.
    pub series: &'a SeriesKey,
    /// The device's kind.
    pub kind: Kind,
    /// Where the device is.
    pub zone: &'a Zone,
    /// How much it matters.
    pub severity: Severity,
    /// When the condition first held.
    pub since: Timestamp,
    /// When it fired: what updates and ends refer to.
    pub fired_at: Timestamp,
    /// When this step happened.
    pub at: Timestamp,
    /// The value that decided.
    pub value: Option<f64>,
    /// What to say.
    pub texts: &'a Texts,
    /// Where the device stands.
    pub place: Option<Place>,
    /// Further parameters, by name.
    pub more: Vec<(&'static str, String)>,
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "Minor",
        Severity::Warning => "Moderate",
        Severity::Critical => "Severe",
        Severity::Emergency => "Extreme",
    }
}

/// Identifier and text of a document. The same step gives the same document each time.
#[must_use]
pub fn document(sender: &Sender, d: &Document<'_>) -> (String, String) {
    let identifier = identifier(d.of);
    let mut xml = String::with_capacity(4096);
    xml.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\n");
    element(&mut xml, "identifier", &identifier);
    element(&mut xml, "sender", sender.sender.as_str());
    element(&mut xml, "sent", &instant(d.sent));
    element(&mut xml, "status", sender.status.word());
    element(&mut xml, "msgType", d.sort.word());
    element(&mut xml, "source", "marsad");
    match &sender.scope {
        Scope::Public => element(&mut xml, "scope", "Public"),
        Scope::Restricted(whom) => {
            element(&mut xml, "scope", "Restricted");
            element(&mut xml, "restriction", whom);
        }
    }
    if d.sort != Sort::Alert {
        let began = self::identifier(&TransitionId::new(d.alert, Phase::Firing).0);
        element(&mut xml, "references", &format!("{},{began},{}", sender.sender.as_str(), instant(d.fired_at)));
    }
    element(&mut xml, "incidents", &self::identifier(&d.alert.0));
    for (tag, text) in [("fr-MA", &d.texts.fr), ("ar-MA", &d.texts.ar), ("en", &d.texts.en)] {
        info(&mut xml, sender, d, tag, text);
    }
    xml.push_str("</alert>\n");
    (identifier, xml)
}

fn info(xml: &mut String, sender: &Sender, d: &Document<'_>, language: &str, text: &str) {
    let (sort, over) = (sort_of(d.rule, d.kind), d.sort == Sort::Cancel);
    xml.push_str("<info>\n");
    element(xml, "language", language);
    element(xml, "category", sort.category);
    element(xml, "event", d.rule.as_str());
    element(xml, "responseType", if over { "AllClear" } else { "Monitor" });
    element(xml, "urgency", if over { "Past" } else { sort.urgency });
    element(xml, "severity", severity(sort.severity.unwrap_or(d.severity)));
    element(xml, "certainty", sort.certainty);
    named(xml, "eventCode", "marsad:rule", d.rule.as_str());
    element(xml, "effective", &instant(d.at));
    element(xml, "onset", &instant(d.since));
    if let Some(name) = &sender.name {
        element(xml, "senderName", name);
    }
    element(xml, "headline", text);
    element(xml, "description", text);
    if let Some(web) = &sender.web {
        element(xml, "web", web);
    }
    if let Some(value) = d.value {
        named(xml, "parameter", &format!("{} ({})", d.series.quantity.name(), d.series.quantity.unit()), &value.to_string());
    }
    named(xml, "parameter", "device", d.series.device.as_str());
    for (name, value) in &d.more {
        named(xml, "parameter", name, value);
    }
    xml.push_str("<area>\n");
    element(xml, "areaDesc", d.zone.as_str());
    if let Some(place) = d.place {
        // A point: a circle without a radius, km.
        element(xml, "circle", &format!("{},{} 0", place.lat(), place.lon()));
    }
    named(xml, "geocode", "marsad:zone", d.zone.as_str());
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
#[must_use]
pub fn identifier(of: &str) -> String {
    let hash = Sha256::digest(of.as_bytes());
    let digits: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("marsad-{digits}")
}

/// `2026-11-21T12:00:00+00:00`.
fn instant(at: Timestamp) -> String {
    format!("{}+00:00", seconds(at))
}

/// `2026-11-21T12:00:00`, UTC.
pub(crate) fn seconds(at: Timestamp) -> String {
    let mut text = at.to_string();
    text.truncate(19);
    text
}
