//! Numbers, units, dates and spans as people of the city write them: Western digits in all
//! languages, 24 hours, months as Morocco names them. Times are the city's, by the bundled table.

use std::time::Duration;

use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemas::{Quantity, Timestamp};

use crate::lang::Lang;

/// What stands where there is no value.
pub(crate) const NONE: &str = "–";

/// `value` with so many decimals. fr: 1 234,5; ar: 1.234,5; en: 1,234.5.
pub(crate) fn decimal(lang: Lang, value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let digits = format!("{:.decimals$}", value.abs());
    let (integer, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let writing = lang.writing();
    let mut out = String::new();
    if value < 0.0 && digits.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        out.push('\u{2212}');
    }
    for (i, digit) in integer.chars().enumerate() {
        if i > 0 && (integer.len() - i).is_multiple_of(3) {
            out.push_str(writing.thousands);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push_str(writing.point);
        out.push_str(fraction);
    }
    out
}

/// A whole number.
#[expect(clippy::cast_precision_loss, reason = "counts for people are far below 2^53")]
pub(crate) fn whole(lang: Lang, value: u64) -> String {
    decimal(lang, value as f64, 0)
}

/// The nearest whole number of days, hours or things; 0 for what is below it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
pub(crate) fn rounded(value: f64) -> u64 {
    value.round().max(0.0) as u64
}

/// A unit of the vocabulary (UCUM) as people write it.
pub(crate) fn unit(ucum: &str) -> String {
    match ucum {
        "1" => String::new(),
        "Cel" => "°C".to_owned(),
        "deg" => "°".to_owned(),
        "Ohm" => "Ω".to_owned(),
        "dB[SPL]" => "dB".to_owned(),
        "dB[mW]" => "dBm".to_owned(),
        "1/cm3" => "/cm³".to_owned(),
        other => {
            let raised = other.replace("m3", "m³").replace("m2", "m²").replace(['[', ']'], "");
            raised.strip_prefix('u').map_or(raised.clone(), |rest| format!("µ{rest}"))
        }
    }
}

/// Decimals that still mean something, at most two.
pub(crate) fn decimals(quantity: Quantity) -> usize {
    match quantity.row().resolution {
        r if r >= 1.0 => 0,
        r if r >= 0.1 => 1,
        _ => 2,
    }
}

/// The city's local time.
pub(crate) fn local(zone: &TimeZone, at: Timestamp) -> Zoned {
    jiff::Timestamp::from_millisecond(at.millis()).expect("the range of Timestamp is inside that of jiff").to_zoned(zone.clone())
}

/// `20:05`.
pub(crate) fn clock(local: &Zoned) -> String {
    format!("{:02}:{:02}", local.hour(), local.minute())
}

fn name(names: &[&'static str], index: i8) -> &'static str {
    usize::try_from(index).ok().and_then(|i| names.get(i)).copied().unwrap_or(NONE)
}

/// `samedi 21 novembre 2026`.
pub(crate) fn date(lang: Lang, local: &Zoned) -> String {
    let words = lang.words();
    let weekday = name(&words.weekdays, local.weekday().to_monday_zero_offset());
    let month = name(&words.months, local.month() - 1);
    format!("{weekday} {} {month} {}", of_month(lang, local.day()), local.year())
}

/// A day of a month, as a date has it.
fn of_month(lang: Lang, day: i8) -> String {
    if day == 1 { lang.writing().first.to_owned() } else { day.to_string() }
}

/// `20:05` today, `21 novembre, 20:05` on another day.
pub(crate) fn moment(lang: Lang, at: &Zoned, now: &Zoned) -> String {
    if at.date() == now.date() {
        return clock(at);
    }
    let comma = lang.writing().comma;
    format!("{} {}{comma} {}", of_month(lang, at.day()), name(&lang.words().months, at.month() - 1), clock(at))
}

/// `21 novembre`.
pub(crate) fn day(lang: Lang, date: Date) -> String {
    format!("{} {}", of_month(lang, date.day()), name(&lang.words().months, date.month() - 1))
}

/// `novembre 2026`.
pub(crate) fn month(lang: Lang, date: Date) -> String {
    format!("{} {}", name(&lang.words().months, date.month() - 1), date.year())
}

/// How long, in the largest unit that says it: minutes, hours, days.
pub(crate) fn span(lang: Lang, span: Duration) -> String {
    let (words, minutes) = (lang.words(), span.as_secs() / 60);
    match minutes {
        0..60 => words.minutes.say(lang, minutes),
        60..2880 => words.hours.say(lang, minutes / 60),
        _ => words.days.say(lang, minutes / 1440),
    }
}

/// Bytes in binary steps, `1,2 Gio`.
#[expect(clippy::cast_precision_loss, reason = "bytes for people need three digits")]
pub(crate) fn size(lang: Lang, bytes: u64) -> String {
    let steps = lang.writing().bytes;
    let mut value = bytes as f64;
    let mut step = 0;
    while value >= 1024.0 && step + 1 < steps.len() {
        value /= 1024.0;
        step += 1;
    }
    let decimals = usize::from(step > 0 && value < 100.0);
    format!("{}\u{a0}{}", decimal(lang, value, decimals), steps.get(step).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::lang;

    fn casablanca(utc: &str) -> Zoned {
        local(&TimeZone::get("Africa/Casablanca").unwrap(), utc.parse().unwrap())
    }

    #[test]
    fn units_are_shown_as_people_write_them() {
        let cases = [
            ("ug/m3", "µg/m³"),
            ("m3/h", "m³/h"),
            ("W/m2", "W/m²"),
            ("[ppb]", "ppb"),
            ("dB[mW]", "dBm"),
            ("uS/cm", "µS/cm"),
            ("dS/m", "dS/m"),
            ("1", ""),
        ];
        for (ucum, shown) in cases {
            assert_eq!(unit(ucum), shown);
        }
    }

    #[test]
    fn each_language_groups_and_points_in_its_way() {
        assert_eq!(decimal(lang("fr"), 1234.5, 1), "1\u{202f}234,5");
        assert_eq!(decimal(lang("ar"), 1_234_567.5, 1), "1.234.567,5");
        assert_eq!(decimal(lang("en"), -1234.0, 0), "\u{2212}1,234");
        assert_eq!(decimal(lang("en"), -0.01, 1), "0.0");
        assert_eq!(decimal(lang("en"), f64::NAN, 1), NONE);
    }

    #[test]
    fn morocco_left_summer_time_for_good_in_september_2026() {
        assert_eq!(clock(&casablanca("2026-09-19T12:00:00Z")), "13:00");
        assert_eq!(clock(&casablanca("2026-09-21T12:00:00Z")), "12:00");
    }

    #[test]
    fn dates_are_written_as_in_the_city() {
        let day = casablanca("2026-11-21T20:05:00Z");
        assert_eq!(date(lang("fr"), &day), "samedi 21 novembre 2026");
        assert_eq!(date(lang("ar"), &day), "السبت 21 نونبر 2026");
        assert_eq!(date(lang("en"), &day), "Saturday 21 November 2026");
        assert_eq!(date(lang("fr"), &casablanca("2027-01-01T12:00:00Z")), "vendredi 1er janvier 2027");
        assert_eq!(moment(lang("fr"), &casablanca("2026-11-20T07:05:00Z"), &day), "20 novembre, 07:05");
        assert_eq!(moment(lang("fr"), &casablanca("2026-11-01T07:05:00Z"), &day), "1er novembre, 07:05");
        assert_eq!(super::day(lang("fr"), casablanca("2026-11-01T07:05:00Z").date()), "1er novembre");
        assert_eq!(moment(lang("fr"), &day, &day), "20:05");
    }

    #[test]
    fn spans_and_sizes_take_the_unit_that_says_it() {
        assert_eq!(span(lang("fr"), Duration::from_secs(59 * 60)), "59\u{a0}min");
        assert_eq!(span(lang("ar"), Duration::from_secs(2 * 3600)), "ساعتان");
        assert_eq!(span(lang("en"), Duration::from_secs(3 * 86_400)), "3 days");
        assert_eq!(size(lang("fr"), 1536), "1,5\u{a0}Kio");
        assert_eq!(size(lang("en"), 812), "812\u{a0}B");
    }
}
