//! Files of rules that are wrong, and what is said about them: file, line, what is there, what was
//! expected.

use rules::{RuleSet, conditions};
use schemas::Severity;

use crate::scene::set;

const GOOD: &str = r#"[[rule]]
id = "waste.full"
severity = "critical"
hold = "30m"
notify = ["log", "sms"]
[rule.when]
kind = "waste"
quantity = "waste.fill"
[rule.threshold]
above = 90
clear = 80.0
[rule.texts]
fr = "Bac {device} plein"
ar = "الحاوية {device} ممتلئة"
en = "Bin {device} is full"
"#;

fn errors(text: &str) -> Vec<String> {
    RuleSet::parse(&[("city.toml", text)]).expect_err(text).iter().map(ToString::to_string).collect()
}

/// What is said when `from` stands where `to` should.
fn mistake(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    errors(&GOOD.replacen(from, to, 1)).join(" | ")
}

#[test]
fn a_good_file_is_read() {
    let rules = set(GOOD);
    let rule = rules.rule("waste.full").unwrap();
    assert_eq!((rule.severity(), rule.hold().as_secs(), rule.condition()), (Severity::Critical, 1800, "threshold"));
    assert_eq!(rule.notify().iter().map(|c| c.as_str()).collect::<Vec<_>>(), ["log", "sms"]);
    assert_eq!(rule.select().quantity, Some(schemas::Quantity::WASTE_FILL));
    assert_eq!(rule.origin(), ("test.toml", 1));
    assert_eq!(
        conditions().map(|(name, _)| name).collect::<Vec<_>>(),
        [
            "threshold",
            "samples",
            "state",
            "rate",
            "absence",
            "window",
            "running",
            "counter",
            "standstill",
            "backflow",
            "forecast",
            "compare",
            "moved"
        ]
    );
}

#[test]
fn each_mistake_names_file_line_and_what_was_expected() {
    for (from, to, said) in [
        (
            "severity = \"critical\"",
            "severity = \"severe\"",
            "city.toml:3: severity: `severe` is not a severity: info, warning, critical or emergency",
        ),
        ("severity = \"critical\"", "", "city.toml:1: missing field `severity`"),
        (
            "id = \"waste.full\"",
            "id = \"waste full\"",
            "city.toml:2: id: a rule id is made of letters, digits and . _ : - and starts with a letter or digit, found ' '",
        ),
        ("hold = \"30m\"", "hold = 30", "city.toml:4: invalid type: integer `30`, expected a string"),
        (
            "hold = \"30m\"",
            "hold = \"soon\"",
            "city.toml:4: hold: `soon` is not a duration, expected such as \"30s\", \"30m\" or \"3h\"",
        ),
        ("hold = \"30m\"", "hold = \"800h\"", "city.toml:4: hold: `800h` is out of bounds, expected 0 s to 744 h"),
        ("\"sms\"", "\"log\"", "city.toml:5: notify names `log` twice"),
        ("kind = \"waste\"", "kind = \"noise\"", "city.toml:7: kind: `noise` is not in the vocabulary"),
        ("waste.fill", "waste.fil", "city.toml:8: quantity: `waste.fil` is not in the vocabulary"),
        (
            "kind = \"waste\"",
            "knd = \"waste\"",
            "city.toml:7: unknown field `knd`, expected one of `kind`, `quantity`, `zone`, `device`, `tag`, `without_tag`",
        ),
        ("quantity = \"waste.fill\"\n", "", "city.toml:1: `when` names no quantity, and a threshold judges one"),
        ("clear = 80.0", "clear = 95", "city.toml:11: clear is 95, expected at or below the limit 90"),
        ("above = 90", "below = 85", "city.toml:11: clear is 80, expected at or above the limit 85"),
        ("above = 90", "above = 900", "city.toml:10: the limit is 900, expected 0 to 100 %, the range of waste.fill"),
        ("clear = 80.0", "clear = nan", "city.toml:11: clear is NaN, expected 0 to 100 %, the range of waste.fill"),
        ("clear = 80.0\n", "", "city.toml:9: missing field `clear`"),
        (
            "clear = 80.0",
            "clear = 80\nat_least = 90",
            "city.toml:9: threshold needs exactly one of above, at_least, below, at_most",
        ),
        ("above = 90\n", "", "city.toml:9: threshold needs exactly one of above, at_least, below, at_most"),
        (
            "[rule.threshold]",
            "[rule.treshold]",
            "city.toml:9: unknown key `treshold`, expected one of id, severity, enabled, replaces, hold, keep_firing, notify, when, calendar, texts, \
             resolved, source, runbook, threshold, samples, state, rate, absence, window, running, counter, standstill, backflow, forecast, compare, moved \
             | city.toml:1: a rule has exactly one condition (threshold, samples, state, rate, absence, window, running, counter, standstill, backflow, forecast, compare, moved), this one has 0",
        ),
        (
            "[rule.texts]",
            "[rule.absence]\nlonger_than = \"3h\"\n[rule.texts]",
            "city.toml:1: a rule has exactly one condition (threshold, samples, state, rate, absence, window, running, counter, standstill, backflow, forecast, compare, moved), this one has 2",
        ),
        ("Bin {device} is full", "  ", "city.toml:15: texts.en: the text is empty"),
        ("en = \"Bin {device} is full\"", "", "city.toml:12: missing field `en`"),
        (
            "Bac {device}",
            "Bac {bin}",
            "city.toml:13: texts.fr: unknown placeholder {bin}, expected one of {device} {label} {zone} {value} {unit} {since}",
        ),
        ("الحاوية {device}", "الحاوية {device", "city.toml:14: texts.ar: a brace is not part of a placeholder such as {device}"),
        ("[[rule]]", "[rule]", "city.toml:1: `rule` is not a list of tables, expected [[rule]]"),
        ("[[rule]]", "rules = 1\n[[rule]]", "city.toml:1: unknown key `rules`, expected lateness or [[rule]]"),
        ("severity = \"critical\"", "severity = critical", "city.toml:3: x"),
    ] {
        let found = mistake(from, to);
        if let Some(line) = said.strip_suffix(" x") {
            assert!(found.starts_with(line), "{to}: {found}");
        } else {
            assert_eq!(found, said, "{to}");
        }
    }
}

#[test]
fn an_absence_has_no_hold_no_value_and_a_sensible_length() {
    let absence = GOOD.replace("above = 90\nclear = 80.0\n", "longer_than = \"3h\"\n").replace("threshold", "absence");
    assert_eq!(errors(&absence), ["city.toml:4: hold is of no use with absence, expected a longer time there instead"]);
    let absence = absence.replace("hold = \"30m\"\n", "");
    assert_eq!(set(&absence).rules()[0].condition(), "absence");
    assert_eq!(
        errors(&absence.replace("3h", "10ms")),
        ["city.toml:9: longer_than: `10ms` is out of bounds, expected 1 s to 8784 h"]
    );
    assert_eq!(
        errors(&absence.replace("Bin {device}", "Bin {value}")),
        ["city.toml:13: texts.en: unknown placeholder {value}, expected one of {device} {label} {zone} {since}"]
    );
}

#[test]
fn all_mistakes_of_all_files_are_told_at_once() {
    let wrong = GOOD.replace("critical", "grave").replace("80.0", "99") + &GOOD.replace("{device}", "{thing}");
    let found = RuleSet::parse(&[("a.toml", wrong.as_str()), ("b.toml", "[[rule")]).unwrap_err();
    let places: Vec<_> = found.iter().map(|e| format!("{}:{}", e.file, e.line)).collect();
    assert_eq!(places, ["a.toml:3", "a.toml:11", "a.toml:28", "a.toml:29", "a.toml:30", "b.toml:1"]);
}

#[test]
fn an_id_that_is_there_already_names_the_other() {
    let found = RuleSet::parse(&[("a.toml", GOOD), ("b.toml", &format!("\n\n{GOOD}"))]).unwrap_err();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to_string(), "b.toml:3: id `waste.full` is there already, in a.toml:1");
}

#[test]
fn a_rule_that_says_so_takes_the_place_of_the_one_of_its_id_in_another_file() {
    let own = GOOD.replace("severity", "replaces = true\nseverity").replace("critical", "warning");
    let set = RuleSet::parse(&[("pack.toml", GOOD), ("city.toml", &own)]).unwrap();
    let found: Vec<_> = set.rules().iter().map(|rule| (rule.origin().0, rule.severity().code(), rule.replaces())).collect();
    assert_eq!(found, [("city.toml", "warning", true)]);
    // Of two that would do so neither is better.
    let found = RuleSet::parse(&[("pack.toml", GOOD), ("city.toml", &own), ("other.toml", &own)]).unwrap_err();
    assert_eq!(found[0].to_string(), "other.toml:1: id `waste.full` is there already, in city.toml:1");
    // And nothing takes the place of what stands in its own file.
    assert!(RuleSet::parse(&[("city.toml", format!("{GOOD}{own}"))]).is_err());
}

#[test]
fn a_rule_that_is_switched_off_is_known_and_judges_nothing() {
    let off = GOOD.replace("severity", "enabled = false\nseverity");
    let set = RuleSet::parse(&[("city.toml", off)]).unwrap();
    assert!(set.rules().is_empty());
    let idle: Vec<_> = set.idle().iter().map(|rule| (rule.id().as_str(), rule.enabled())).collect();
    assert_eq!(idle, [("waste.full", false)]);
}

#[test]
fn no_rules_are_a_set_of_none() {
    assert!(RuleSet::parse::<&str, &str>(&[]).unwrap().rules().is_empty());
    assert!(RuleSet::parse(&[("empty.toml", "")]).unwrap().rules().is_empty());
}

#[test]
fn there_are_limits_to_a_text_and_a_set() {
    assert_eq!(
        mistake("Bin {device} is full", &"x".repeat(601)),
        "city.toml:15: texts.en: the text has more than 600 characters"
    );
    let many: String = (0..=RuleSet::LIMIT).map(|i| GOOD.replace("waste.full", &format!("r{i}"))).collect();
    assert_eq!(errors(&many), ["city.toml:15001: there are 1001 rules, expected at most 1000"]);
}

proptest::proptest! {
    #[test]
    fn reading_rules_never_panics(text in "(\\[\\[rule\\]\\]\n|[a-z_]+ = |\"[^\"]*\"|[0-9.\\-]+|\n|\\{|\\}|\\[rule\\.[a-z]+\\]\n|é|.){0,40}") {
        let _ = RuleSet::parse(&[("any.toml", text)]);
    }
}

#[test]
fn a_condition_on_a_meter_or_a_position_says_what_it_judges_and_within_which_bounds() {
    for (quantity, condition, said) in [
        ("waste.fill", "backflow = { litres = 10, times = 3 }", "7: waste.fill is a sample in %, expected a counter in m3"),
        ("water.volume", "backflow = { litres = 0, times = 3 }", "7: litres is 0, expected 1 or more"),
        ("water.volume", "standstill = { days = 0, before = 90, at_least = 50 }", "7: days is 0, expected 1 to 366 days"),
        (
            "water.volume",
            "standstill = { days = 30, before = 90, at_least = 0 }",
            "7: at_least is 0, expected more than 0 litres a day",
        ),
        (
            "water.volume",
            "counter = { per = \"1h\", usual = 0.5, above = 5, clear = 1 }",
            "7: usual is 0.5, expected 1 to 1000 times",
        ),
        (
            "water.volume",
            "counter = { per = \"day\", usual = 3, above = 5, clear = 1 }",
            "7: usual is of hours, expected per = \"1h\" and above or at_least beside it",
        ),
        (
            "device.tilt",
            "moved = { metres = 50, settled = \"24h\" }",
            "7: moved judges positions, expected quantity = \"device.latitude\"",
        ),
        ("device.latitude", "moved = { metres = 1, settled = \"24h\" }", "7: metres is 1, expected 5 to 100000"),
        (
            "waste.fill",
            "samples = { n = 2, of = 2, lasting = \"0s\", above = 90, clear = 80 }",
            "7: lasting: `0s` is out of bounds, expected 1 s to 24 h",
        ),
    ] {
        let text = crate::scene::rule("r", &format!("quantity = \"{quantity}\""), "", condition);
        let errors = RuleSet::parse(&[("city.toml", text.as_str())]).expect_err(condition);
        assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), [format!("city.toml:{said}")], "{condition}");
    }
}
