//! When a rule is enforced.

use crate::scene::{Desk, fill, rule};

const FILL: &str = r#"quantity = "waste.fill""#;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn desk(calendar: &str) -> Desk {
    let condition = format!("calendar = {{ {calendar} }}\nthreshold = {{ at_least = 90, clear = 80 }}");
    Desk::new(&rule("r", FILL, "1h", &condition))
}

#[test]
fn outside_its_hours_a_rule_is_silent_and_what_is_open_ends_with_them() {
    // The story begins on Thursday, the first of January 2026, a holiday; UTC.
    let mut desk = desk(r#"days = ["thursday", "friday"], from = "08:00", to = "20:00""#);
    desk.hear(&fill(95.0, 9 * HOUR));
    desk.advance(DAY + 8 * HOUR - 1);
    assert_eq!(desk.story(), [""; 0]);
    desk.advance(4 * DAY);
    assert_eq!(
        desk.story(),
        ["r inactive>pending @115200 115200 95", "r pending>firing @118800 115200 95", "r firing>resolved @158400 115200 95",]
    );
    // The next Thursday it is still so.
    desk.advance(7 * DAY + 9 * HOUR);
    assert_eq!(desk.story(), ["r resolved>pending @633600 633600 95", "r pending>firing @637200 633600 95"]);
    desk.hear(&fill(10.0, 7 * DAY + 10 * HOUR));
    assert_eq!(desk.story(), ["r firing>resolved @640800 633600 10"]);
}

#[test]
fn in_ramadan_and_on_holidays_other_hours_hold() {
    // Ramadan 1447 begins in February 2026; the first of January is a holiday.
    let mut desk = desk(r#"from = "08:00", to = "20:00", ramadan = { from = "10:00", to = "15:00" }, holidays = true"#);
    desk.hear(&fill(95.0, 9 * HOUR));
    desk.advance(10 * HOUR);
    assert_eq!(desk.story().len(), 2);
    desk.advance(60 * DAY + 9 * HOUR);
    let evening = desk.story();
    assert_eq!(
        evening.last().unwrap().split_once('@').unwrap().1,
        format!("{} {} 95", 59 * DAY + 15 * HOUR, 59 * DAY + 10 * HOUR)
    );
}

#[test]
fn hours_can_go_past_midnight() {
    let mut desk = desk(r#"from = "22:00", to = "06:00", holidays = true"#);
    desk.hear(&fill(95.0, 12 * HOUR));
    desk.advance(31 * HOUR);
    assert_eq!(
        desk.story(),
        ["r inactive>pending @79200 79200 95", "r pending>firing @82800 79200 95", "r firing>resolved @108000 79200 95"]
    );
}
