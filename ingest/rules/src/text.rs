//! What an alert says: texts with placeholders, in three languages.
//!
//! French decimals have a comma, French and Arabic dates are dd/mm/yyyy, local time. French and
//! English units are written so that an SMS in GSM-7 can carry them (`C`, `ug/m3`). In Arabic each
//! placeholder, and a number together with its unit, stands between U+2068 and U+2069 (first strong
//! isolate, Unicode UAX 9), so that Latin names and numbers keep their order.

use std::fmt::Write as _;

use jiff::civil::DateTime;
use schemas::{DeviceId, Quantity, Texts, Zone};

/// One of the three languages of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// French.
    Fr,
    /// Arabic.
    Ar,
    /// English.
    En,
}

impl Language {
    /// `fr`, `ar` or `en`.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Language::Fr => "fr",
            Language::Ar => "ar",
            Language::En => "en",
        }
    }

    /// Before the text of an alert that is over, where the rule has no other.
    const fn over(self) -> &'static str {
        match self {
            Language::Fr => "Fin: ",
            Language::Ar => "انتهى: ",
            Language::En => "Resolved: ",
        }
    }
}

/// What can stand in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Device,
    Label,
    Zone,
    Value,
    Unit,
    Since,
}

const FIELDS: [(&str, Field); 6] = [
    ("device", Field::Device),
    ("label", Field::Label),
    ("zone", Field::Zone),
    ("value", Field::Value),
    ("unit", Field::Unit),
    ("since", Field::Since),
];

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Said(String),
    Filled(Field),
}

/// A text in one language, read once and filled often.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template {
    language: Language,
    pieces: Vec<Piece>,
}

/// What fills the placeholders.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) device: &'a DeviceId,
    /// What people call it; the id where they do not.
    pub(crate) label: &'a str,
    pub(crate) zone: &'a Zone,
    pub(crate) quantity: Quantity,
    /// In the quantity's unit; none where silence decided.
    pub(crate) value: Option<f64>,
    /// Local time.
    pub(crate) since: DateTime,
}

const ISOLATE: char = '\u{2068}';
const END_OF_ISOLATE: char = '\u{2069}';

impl Template {
    /// Reads a text; `{value}` and `{unit}` only where `by_value`.
    pub(crate) fn parse(text: &str, language: Language, by_value: bool) -> Result<Self, String> {
        let mut template = Self { language, pieces: Vec::new() };
        let mut rest = text;
        while let Some(brace) = rest.find(['{', '}']) {
            let (said, from_brace) = rest.split_at(brace);
            template.say(said);
            let Some((name, after)) = from_brace.strip_prefix('{').and_then(|r| r.split_once('}')) else {
                return Err("a brace is not part of a placeholder such as {device}".to_owned());
            };
            let allowed = |f: Field| by_value || !matches!(f, Field::Value | Field::Unit);
            let Some((_, field)) = FIELDS.into_iter().find(|&(n, f)| n == name && allowed(f)) else {
                let known = FIELDS.iter().filter(|(_, f)| allowed(*f)).map(|(n, _)| format!("{{{n}}}")).collect::<Vec<_>>();
                return Err(format!("unknown placeholder {{{name}}}, expected one of {}", known.join(" ")));
            };
            rest = template.fill(field, after);
        }
        template.say(rest);
        Ok(template)
    }

    fn say(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Said(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Said(text.to_owned())),
        }
    }

    /// Adds a placeholder, in Arabic isolated together with the unit that follows; what is left.
    fn fill<'t>(&mut self, field: Field, after: &'t str) -> &'t str {
        if self.language != Language::Ar {
            self.pieces.push(Piece::Filled(field));
            return after;
        }
        let mut rest = after;
        self.say(&ISOLATE.to_string());
        self.pieces.push(Piece::Filled(field));
        if field == Field::Value {
            for (with, unit) in [("{unit}", true), (" {unit}", true), ("%", false)] {
                if let Some(left) = after.strip_prefix(with) {
                    self.say(if unit { with.trim_end_matches("{unit}") } else { with });
                    if unit {
                        self.pieces.push(Piece::Filled(Field::Unit));
                    }
                    rest = left;
                    break;
                }
            }
        }
        self.say(&END_OF_ISOLATE.to_string());
        rest
    }

    /// With its placeholders in braces.
    pub(crate) fn written(&self) -> String {
        let name = |field: &Field| FIELDS.iter().find(|(_, f)| f == field).map_or("", |(name, _)| *name);
        self.pieces.iter().fold(String::new(), |text, piece| match piece {
            Piece::Said(said) => text + said,
            Piece::Filled(field) => text + "{" + name(field) + "}",
        })
    }

    pub(crate) fn filled(&self, facts: &Facts<'_>) -> String {
        let mut out = String::with_capacity(160);
        for piece in &self.pieces {
            match piece {
                Piece::Said(text) => out.push_str(text),
                Piece::Filled(Field::Device) => out.push_str(facts.device.as_str()),
                Piece::Filled(Field::Label) => out.push_str(facts.label),
                Piece::Filled(Field::Zone) => out.push_str(facts.zone.as_str()),
                Piece::Filled(Field::Value) => {
                    if let Some(value) = facts.value {
                        push_number(&mut out, value, facts.quantity, self.language);
                    }
                }
                Piece::Filled(Field::Unit) => out.push_str(unit(facts.quantity, self.language)),
                Piece::Filled(Field::Since) => push_instant(&mut out, facts.since, self.language),
            }
        }
        out
    }
}

/// Of an alert that would not have fired.
pub(crate) fn withdrawn(texts: &Texts) -> Texts {
    Texts {
        fr: format!("Rectification, sans objet: {}", texts.fr),
        ar: format!("تصحيح، لاغ: {}", texts.ar),
        en: format!("Correction, void: {}", texts.en),
    }
}

/// The text of a rule in the three languages.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Saying {
    pub(crate) fr: Template,
    pub(crate) ar: Template,
    pub(crate) en: Template,
}

impl Saying {
    /// The same, said of an alert that is over.
    pub(crate) fn ended(mut self) -> Self {
        for template in [&mut self.fr, &mut self.ar, &mut self.en] {
            template.pieces.insert(0, Piece::Said(template.language.over().to_owned()));
        }
        self
    }

    /// As it stands in the file.
    pub(crate) fn written(&self) -> Texts {
        Texts { fr: self.fr.written(), ar: self.ar.written(), en: self.en.written() }
    }

    pub(crate) fn filled(&self, facts: &Facts<'_>) -> Texts {
        Texts { fr: self.fr.filled(facts), ar: self.ar.filled(facts), en: self.en.filled(facts) }
    }
}

/// Below this every whole number is an `f64`.
const EXACT: f64 = 9e15;

/// Rounded to the quantity's resolution, with as many decimals as that has.
#[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53 in size")]
fn push_number(out: &mut String, value: f64, quantity: Quantity, language: Language) {
    let step = quantity.row().resolution;
    let whole = |n: f64| (n - n.round()).abs() < 1e-6;
    let decimals = (0..6).find(|&d| whole(step * 10f64.powi(d))).unwrap_or(6).unsigned_abs() as usize;
    // Adding zero turns -0 into 0.
    let rounded = (value / step).round() * step + 0.0;
    let start = out.len();
    // Writing to a String cannot fail. Whole numbers are written as such: that costs a tenth.
    let _ = match decimals {
        0 if rounded.abs() < EXACT => write!(out, "{}", rounded as i64),
        _ => write!(out, "{rounded:.decimals$}"),
    };
    if language == Language::Fr
        && let Some(point) = out.get(start..).and_then(|number| number.find('.'))
    {
        out.replace_range(start + point..=start + point, ",");
    }
}

/// For people. French and English stay in GSM-7, which has neither the degree sign nor µ nor ³.
fn unit(quantity: Quantity, language: Language) -> &'static str {
    let plain = language != Language::Ar;
    match quantity.unit() {
        "1" => "",
        "Cel" if plain => "C",
        "Cel" => "°C",
        "ug/m3" if !plain => "µg/m³",
        "m3" if !plain => "m³",
        "m3/h" if !plain => "m³/h",
        "deg" if !plain => "°",
        "[ppm]" => "ppm",
        "[ppb]" => "ppb",
        "dB[SPL]" => "dB",
        "dB[mW]" => "dBm",
        other => other,
    }
}

fn push_instant(out: &mut String, local: DateTime, language: Language) {
    let (year, month, day, hour, minute) = (local.year(), local.month(), local.day(), local.hour(), local.minute());
    // Writing to a String cannot fail.
    let _ = match language {
        Language::Fr | Language::Ar => write!(out, "{day:02}/{month:02}/{year:04} {hour:02}:{minute:02}"),
        Language::En => write!(out, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, language: Language, quantity: Quantity, value: f64) -> String {
        let facts = Facts {
            device: &DeviceId::new("BIN-07-0042").unwrap(),
            label: "Place des Nations Unies",
            zone: &Zone::new("sidi-belyout").unwrap(),
            quantity,
            value: Some(value),
            since: "2026-03-01T23:05:00".parse().unwrap(),
        };
        Template::parse(text, language, true).unwrap().filled(&facts)
    }

    #[test]
    fn every_placeholder_is_filled_in_every_language() {
        let text = "{device} {label} {zone} {value}{unit} {since}";
        assert_eq!(
            filled(text, Language::Fr, Quantity::AIR_TEMPERATURE, 19.996),
            "BIN-07-0042 Place des Nations Unies sidi-belyout 20,00C 01/03/2026 23:05"
        );
        assert_eq!(
            filled(text, Language::Ar, Quantity::AIR_PM10, 91.25),
            "\u{2068}BIN-07-0042\u{2069} \u{2068}Place des Nations Unies\u{2069} \u{2068}sidi-belyout\u{2069} \u{2068}91.3µg/m³\u{2069} \u{2068}01/03/2026 23:05\u{2069}"
        );
        assert_eq!(
            filled(text, Language::En, Quantity::AIR_PM10, 91.25),
            "BIN-07-0042 Place des Nations Unies sidi-belyout 91.3ug/m3 2026-03-01 23:05"
        );
    }

    #[test]
    fn a_value_is_printed_with_the_resolution_of_its_quantity() {
        for (quantity, value, expected) in [
            (Quantity::WASTE_FILL, 90.4, "90"),
            (Quantity::WATER_VOLUME, 1234.5678, "1234,568"),
            (Quantity::WATER_TEMPERATURE, 21.3, "21,5"),
            (Quantity::PARKING_PREV_STATE_DURATION, 130.0, "120"),
            (Quantity::WASTE_TEMPERATURE, -0.04, "0,0"),
            (Quantity::WATER_LEAK, 2.0, "2"),
        ] {
            assert_eq!(filled("{value}", Language::Fr, quantity, value), expected, "{quantity} {value}");
        }
    }

    #[test]
    fn in_arabic_a_number_and_its_unit_stay_together() {
        let with = |text: &str| filled(text, Language::Ar, Quantity::WASTE_FILL, 91.0);
        assert_eq!(with("ممتلئة {value}%."), "ممتلئة \u{2068}91%\u{2069}.");
        assert_eq!(with("ممتلئة {value} {unit}."), "ممتلئة \u{2068}91 %\u{2069}.");
    }

    #[test]
    fn a_brace_that_is_no_placeholder_is_refused() {
        for text in ["{device", "device}", "{}", "{Device}", "{ device }", "a } b {", "{value{unit}"] {
            assert!(Template::parse(text, Language::En, true).is_err(), "{text}");
        }
        assert_eq!(
            Template::parse("{value}", Language::En, false).unwrap_err(),
            "unknown placeholder {value}, expected one of {device} {label} {zone} {since}"
        );
    }
}
