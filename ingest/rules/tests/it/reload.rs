//! Other rules while everything goes on.

use std::sync::Arc;

use schemas::{Catalogue, Device, Fitting, Kind, Tag, Zone};

use crate::scene::{Desk, at, fill, rule, set};

const FILL: &str = r#"quantity = "waste.fill""#;
const FULL: &str = "threshold = { at_least = 90, clear = 80 }";

fn reload(desk: &mut Desk, rules: &str, second: i64) {
    desk.engine.replace_rules(set(rules), at(second), &mut desk.said);
}

#[test]
fn a_rule_that_did_not_change_goes_on_within_its_hold_whatever_its_place_and_texts() {
    let rules = rule("r", FILL, "60s", FULL);
    let mut desk = Desk::new(&rules);
    desk.hear(&fill(95.0, 0));
    desk.story();
    reload(
        &mut desk,
        &(rule("a", FILL, "", "threshold = { above = 99, clear = 99 }") + &rules.replace("E {device}", "Other {device}")),
        30,
    );
    assert_eq!(desk.engine.wake_at(), Some(at(60)));
    desk.advance(60);
    assert_eq!(desk.said[0].texts.en, "Other bin");
    assert_eq!(desk.story(), ["r pending>firing @60 0 95"]);
    // Its past too can still be corrected.
    desk.hear(&fill(10.0, 20));
    assert_eq!(desk.story()[0], "r firing>inactive @60 0 95 withdrawn");
}

#[test]
fn alerts_of_a_rule_that_went_end_and_say_why() {
    let mut desk = Desk::new(&(rule("r", FILL, "", FULL) + &rule("s", FILL, "", FULL)));
    desk.hear(&fill(95.0, 0));
    desk.story();
    reload(&mut desk, &rule("s", FILL, "", FULL), 30);
    assert_eq!(desk.story(), ["r firing>resolved @30 0 95 rule_removed"]);
    desk.hear(&fill(10.0, 40));
    assert_eq!(desk.story(), ["s firing>resolved @40 0 10"]);
}

#[test]
fn a_rule_that_judges_otherwise_begins_anew() {
    let mut desk = Desk::new(&rule("r", FILL, "", FULL));
    desk.hear(&fill(95.0, 0));
    desk.story();
    reload(&mut desk, &rule("r", FILL, "", "threshold = { at_least = 70, clear = 60 }"), 30);
    assert_eq!(desk.story(), ["r firing>resolved @30 0 95 rule_changed"]);
    desk.hear(&fill(85.0, 40));
    assert_eq!(desk.story(), ["r inactive>firing @40 40 85"]);
    // Of what others had judged it says nothing.
    desk.hear(&fill(99.0, -10));
    assert_eq!(desk.story(), [""; 0]);
}

#[test]
fn a_rule_that_is_added_or_disabled_counts_from_then_on() {
    let rules = rule("r", FILL, "", FULL);
    let mut desk = Desk::new(&rules.replace("severity", "enabled = false\nseverity"));
    desk.hear(&fill(95.0, 0));
    assert_eq!(desk.engine.rules().rules().len(), 0);
    reload(&mut desk, &rules, 10);
    desk.hear(&fill(95.0, 20));
    assert_eq!(desk.story(), ["r inactive>firing @20 20 95"]);
}

/// A catalogue of one bin with these tags.
fn tagged(tags: &[&str]) -> Arc<Catalogue> {
    let tags = tags.iter().map(|tag| Tag::new(tag).unwrap()).collect();
    let bin = Device::new("bin".parse().unwrap(), Kind::WASTE, Zone::new("anfa").unwrap());
    Arc::new(Catalogue::from_iter([Device { fitting: Fitting { tags, ..Fitting::default() }, ..bin }]))
}

#[test]
fn whom_a_tag_takes_is_judged_from_the_next_reading_on_and_what_was_open_ends_with_it() {
    let rules = rule("only", r#"quantity = "waste.fill", tag = ["school", "hospital"]"#, "", FULL)
        + &rule("others", r#"quantity = "waste.fill", without_tag = "hospital""#, "", FULL);
    let mut desk = Desk::new(&rules);
    desk.engine.set_catalogue(tagged(&["hospital"]));
    desk.hear(&fill(95.0, 0));
    assert_eq!(desk.story(), ["only inactive>firing @0 0 95"]);
    desk.restart(&rules);
    desk.engine.set_catalogue(tagged(&["hospital"]));
    desk.hear(&fill(96.0, 60));
    assert_eq!(desk.story(), [""; 0], "a restart changes nothing");
    desk.engine.set_catalogue(tagged(&[]));
    desk.hear(&fill(97.0, 120));
    assert_eq!(desk.story(), ["only firing>resolved @120 0 96 moved", "others inactive>firing @120 120 97"]);
}
