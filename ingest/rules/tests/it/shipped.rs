//! The rules that come with the program.

use std::sync::Arc;

use rules::cases::Case;
use rules::{Engine, RuleSet};
use schemas::{Catalogue, Device, Kind, Phase, Quantity, Reading, Transition, Zone};

use crate::scene::{Desk, reading};

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

const CASES: [(&str, &str); 5] = [
    ("tests/waste.toml", include_str!("../../../../config/rules/tests/waste.toml")),
    ("tests/air.toml", include_str!("../../../../config/rules/tests/air.toml")),
    ("tests/parking.toml", include_str!("../../../../config/rules/tests/parking.toml")),
    ("tests/water.toml", include_str!("../../../../config/rules/tests/water.toml")),
    ("tests/devices.toml", include_str!("../../../../config/rules/tests/devices.toml")),
];

fn shipped_cases() -> Vec<Case> {
    CASES.iter().flat_map(|(file, text)| rules::cases::parse(file, text).unwrap_or_else(|errors| panic!("{errors:#?}"))).collect()
}

#[test]
fn every_shipped_rule_has_two_cases_or_more_and_says_what_they_expect() {
    let (rules, cases) = (Arc::clone(engine(&FILES).rules()), shipped_cases());
    for rule in rules.rules() {
        assert!(cases.iter().filter(|c| c.rule == rule.id().as_str()).count() >= 2, "{}", rule.id());
    }
    let mut wrong = Vec::new();
    for case in &cases {
        assert!(rules.rule(&case.rule).is_some(), "{}:{} there is no rule {}", case.origin.0, case.origin.1, case.rule);
        let outcome = case.run(&rules);
        if !outcome.is_right() {
            wrong.push(format!("{}:{} {} {}\n{outcome:#?}", case.origin.0, case.origin.1, case.rule, case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_shipped_rule_says_where_its_numbers_come_from_and_what_it_does_in_three_languages() {
    for rule in engine(&FILES).rules().rules() {
        assert!(rule.source().is_some(), "{}", rule.id());
        let words = rule.explain().words;
        assert!(words.en.starts_with("Each device") && words.fr.starts_with("Chaque") && words.ar.starts_with("كل"), "{words:?}");
    }
    let overflow = engine(&FILES).rules().rule("waste.overflow").unwrap().explain();
    assert_eq!(
        overflow.words.en,
        "Each device (Waste), Fill level: 2 of the last 2 samples at least 95 % (over below 85 %), for 30m."
    );
}

/// All that the cases of the rules say, and the demonstration's rules to the same readings, on a device with the longest
/// id that a LoRaWAN device has and in the zone with the longest name in Casablanca.
fn all_said() -> Vec<Transition> {
    let elsewhere = |r: &Reading| {
        let series = schemas::SeriesKey { device: "0101010101010101".parse().unwrap(), ..r.series.clone() };
        Reading { series, zone: Zone::new("mechouar-de-casablanca").unwrap(), ..r.clone() }
    };
    let cases = shipped_cases();
    let mut all = Vec::new();
    for files in [&FILES[..], &DEMO[..]] {
        let rules = Arc::clone(engine(files).rules());
        let said: Vec<Transition> = cases.iter().flat_map(|case| case.play(&rules, elsewhere)).collect();
        for rule in rules.rules() {
            for phase in [Phase::Firing, Phase::Resolved] {
                assert!(said.iter().any(|t| t.rule == *rule.id() && t.to == phase), "{} never {}", rule.id(), phase.code());
            }
        }
        all.extend(said);
    }
    all
}

#[test]
fn every_shipped_rule_fires_is_resolved_and_its_french_and_english_fit_one_sms() {
    for t in all_said().iter().filter(|t| t.note.is_none()) {
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
fn an_alert_says_the_label_and_the_local_time_of_the_city() {
    let mut desk = Desk { engine: engine(&FILES), said: Vec::new(), kept: Default::default() };
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
    let mut desk = Desk { engine: engine(&DEMO), said: Vec::new(), kept: Default::default() };
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

/// Beyond a thousand bytes a row of the register takes a page of its own.
#[test]
fn a_meter_under_the_shipped_rules_is_written_down_in_less_than_a_thousand_bytes() {
    let (mut engine, mut out) = (engine(&FILES), Vec::new());
    for hour in 0..6_u8 {
        let said = [
            (Quantity::WATER_VOLUME, 412.0 + 0.017 * f64::from(hour)),
            (Quantity::WATER_FLOW, 0.017),
            (Quantity::WATER_LEAK, 0.0),
            (Quantity::WATER_BURST, 0.0),
            (Quantity::BATTERY_LEVEL, 92.0),
        ];
        for (quantity, value) in said {
            let heard = reading("meter", quantity, value, i64::from(hour) * 3600);
            engine.observe(&Reading { kind: Kind::WATER, ..heard }, &mut out);
        }
    }
    let state = engine.take_dirty().remove(0).1;
    assert!(state.len() < 1000, "{} bytes", state.len());
}
