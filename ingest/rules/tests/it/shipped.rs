//! The rules that come with the program.

use std::sync::Arc;

use rules::{Engine, RuleSet};
use schemas::{Catalogue, Device, Kind, Phase, Quantity, Reading, Severity, Transition, Zone};

use crate::scene::{Desk, at, reading};

const FILES: [(&str, &str); 5] = [
    ("waste.toml", include_str!("../../../../config/rules/waste.toml")),
    ("air.toml", include_str!("../../../../config/rules/air.toml")),
    ("parking.toml", include_str!("../../../../config/rules/parking.toml")),
    ("water.toml", include_str!("../../../../config/rules/water.toml")),
    ("devices.toml", include_str!("../../../../config/rules/devices.toml")),
];
const DEMO: [(&str, &str); 1] = [("demo.toml", include_str!("../../../../config/rules/demo.toml"))];

fn engine(files: &[(&str, &str)]) -> Engine {
    let rules = RuleSet::parse(files).unwrap_or_else(|errors| panic!("{errors:#?}"));
    Engine::new(Arc::new(rules))
}

/// ETSI TS 123 038 (GSM 03.38), default alphabet, without escapes.
const GSM_7: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Of the extension table: two septets each.
const GSM_7_EXTENDED: &str = "^{}\\[~]|€";

fn septets(text: &str) -> Option<usize> {
    text.chars().map(|c| if GSM_7.contains(c) { Some(1) } else { GSM_7_EXTENDED.contains(c).then_some(2) }).sum()
}

/// Makes every rule fire and be resolved, on a device with the longest id that a LoRaWAN device has
/// and in the zone with the longest name in Casablanca.
fn all_said(files: &[(&str, &str)]) -> Vec<Transition> {
    let mut engine = engine(files);
    let rules = Arc::clone(engine.rules());
    let mut out = Vec::new();
    let mut second = 0;
    for rule in rules.rules() {
        let select = rule.select();
        let quantity = select.quantity.unwrap_or(Quantity::RADIO_RSSI);
        let row = quantity.row();
        let kind = select.kind.unwrap_or(Kind::WASTE);
        let (low, high) = (row.min, row.max.min(1999.9));
        for value in [low, high, low, high] {
            second += 400_000;
            let mut r: Reading = reading("0101010101010101", quantity, value, second);
            r.kind = kind;
            r.zone = Zone::new("mechouar-de-casablanca").unwrap();
            engine.observe(&r, &mut out);
            engine.advance(at(second + 300_000), &mut out);
        }
    }
    for rule in rules.rules() {
        for phase in [Phase::Firing, Phase::Resolved] {
            assert!(out.iter().any(|t| t.rule == *rule.id() && t.to == phase), "{} never {}", rule.id(), phase.code());
        }
    }
    out
}

#[test]
fn every_shipped_rule_fires_is_resolved_and_its_french_and_english_fit_one_sms() {
    for t in all_said(&FILES).iter().chain(&all_said(&DEMO)) {
        for text in [&t.texts.fr, &t.texts.en] {
            let length = septets(text).unwrap_or_else(|| panic!("not in GSM-7: {text}"));
            assert!(length <= 160, "{length} septets: {text}");
        }
        // Two segments of UCS-2.
        let length = t.texts.ar.encode_utf16().count();
        assert!(length <= 134, "{length} units: {}", t.texts.ar);
        assert!(t.texts.ar.chars().any(|c| ('\u{600}'..'\u{700}').contains(&c)));
    }
}

#[test]
fn the_numbers_of_the_domain_stand_in_the_shipped_rules() {
    let mut desk = Desk { engine: engine(&FILES), said: Vec::new() };
    let say = |desk: &mut Desk, quantity, value, second| desk.hear(&reading("bin", quantity, value, second));
    for (value, minute) in
        [(69.0, 0), (70.0, 15), (80.0, 30), (90.0, 45), (95.0, 60), (96.0, 75), (97.0, 90), (79.0, 105), (59.0, 120)]
    {
        say(&mut desk, Quantity::WASTE_FILL, value, minute * 60);
    }
    assert_eq!(
        desk.story(),
        [
            "waste.fill.info inactive>firing @900 900 70",
            "waste.fill.warning inactive>firing @1800 1800 80",
            "waste.fill.critical inactive>firing @2700 2700 90",
            "waste.overflow inactive>pending @3600 3600 95",
            "waste.overflow pending>firing @5400 3600 96",
            "waste.fill.critical firing>resolved @6300 2700 79",
            "waste.overflow firing>resolved @6300 3600 79",
            "waste.fill.info firing>resolved @7200 900 59",
            "waste.fill.warning firing>resolved @7200 1800 59",
        ]
    );
    for (value, second) in [(50.0, 7300), (59.9, 7400), (60.0, 7500), (45.0, 7600), (44.9, 7700)] {
        say(&mut desk, Quantity::WASTE_TEMPERATURE, value, second);
    }
    assert!(desk.said.iter().all(|t| t.severity == Severity::Emergency));
    assert_eq!(desk.story(), ["waste.fire inactive>firing @7500 7500 60", "waste.fire firing>resolved @7700 7500 44.9"]);
    desk.advance(7700 + 3 * 3600);
    assert_eq!(desk.story(), ["waste.silent inactive>firing @18500 18500 -"]);
}

#[test]
fn an_alert_says_the_label_and_the_local_time_of_the_city() {
    let mut desk = Desk { engine: engine(&FILES), said: Vec::new() };
    let device = |label: Option<&str>| Device {
        id: "bin".parse().unwrap(),
        kind: Kind::WASTE,
        zone: Zone::new("anfa").unwrap(),
        profile: None,
        place: None,
        label: label.map(ToOwned::to_owned),
        fitting: schemas::Fitting::default(),
    };
    desk.engine.set_catalogue(Arc::new(Catalogue::from_iter([device(Some("Place des Nations Unies"))])));
    desk.engine.set_time_zone(jiff::tz::TimeZone::get("Africa/Casablanca").unwrap());
    desk.hear(&reading("bin", Quantity::WASTE_LID_OPEN, 1.0, 0));
    desk.advance(900);
    // On the first of January 2026 the clocks of Casablanca still were an hour ahead of UTC.
    assert_eq!(desk.said[1].texts.fr, "[Casa] Bac bin (anfa): couvercle ouvert depuis 01/01/2026 01:00.");
    assert_eq!(
        desk.said[1].texts.ar,
        "[كازا] الحاوية \u{2068}bin\u{2069} (\u{2068}anfa\u{2069}): الغطاء مفتوح منذ \u{2068}01/01/2026 01:00\u{2069}."
    );
}

#[test]
fn the_rules_of_the_demonstration_fire_within_seconds_and_say_what_they_are() {
    let mut desk = Desk { engine: engine(&DEMO), said: Vec::new() };
    for second in 0..5 {
        desk.hear(&reading("bin", Quantity::WASTE_FILL, 97.0, second));
    }
    assert_eq!(desk.said.last().unwrap().rule.as_str(), "demo.waste.overflow");
    assert!(desk.said.iter().all(|t| t.texts.fr.starts_with("[Demo] ") && t.texts.ar.starts_with("[تجربة] ")));
    desk.said.clear();
    desk.hear(&Reading { kind: Kind::AIR, ..reading("station", Quantity::AIR_PM10, 20.0, 4) });
    desk.advance(904);
    assert_eq!(desk.story(), ["demo.silent inactive>firing @904 904 -"]);
}
