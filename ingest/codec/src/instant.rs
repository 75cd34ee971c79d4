//! RFC 3339 in the shape that nearly every message has, without the generality of a calendar
//! library; everything else goes to the library, so that both give the same answer.

use schemas::{TimeError, Timestamp};

/// RFC 3339 with an offset; what is finer than a millisecond is cut.
pub(crate) fn parse(text: &str) -> Result<Timestamp, TimeError> {
    usual(text.as_bytes()).map_or_else(|| text.parse(), Ok)
}

/// `2026-11-21T20:00:00Z`, with 1 to 9 decimals, or `+00:00` in place of `Z`; none if it is not of
/// that shape, or not a day of the calendar.
fn usual(text: &[u8]) -> Option<Timestamp> {
    let (head, tail) = text.split_first_chunk::<19>()?;
    let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', m1, m2, b':', s1, s2] = *head else { return None };
    let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[mo1, mo2])?, number(&[d1, d2])?);
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?);
    // The 29th to 31st, leap seconds and years before 1970 are the library's.
    if year < 1970 || !(1..=12).contains(&month) || !(1..=28).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (millis, zone) = match tail.split_first() {
        Some((b'.', rest)) => {
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            let (fraction, zone) = rest.split_at(digits);
            (fraction_millis(fraction)?, zone)
        }
        _ => (0, tail),
    };
    if zone != b"Z" && zone != b"+00:00" {
        return None;
    }
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    Timestamp::from_millis(seconds * 1000 + millis).ok()
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |all, b| b.is_ascii_digit().then(|| all * 10 + i64::from(b - b'0')))
}

/// 1 to 9 decimals as whole milliseconds, cut.
fn fraction_millis(fraction: &[u8]) -> Option<i64> {
    match fraction {
        [a] => Some(number(&[*a])? * 100),
        [a, b] => Some(number(&[*a, *b])? * 10),
        [a, b, c, ..] if fraction.len() <= 9 => number(&[*a, *b, *c]),
        _ => None,
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar (the years begin in March, so that the
/// leap day is the last of its year).
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_usual_shapes_take_the_short_way() {
        for text in
            ["2026-11-21T20:00:00Z", "2026-11-21T20:00:00.5Z", "2022-07-18T09:34:15.775023242+00:00", "1970-01-01T00:00:00.001Z"]
        {
            assert_eq!(usual(text.as_bytes()), Some(text.parse().unwrap()), "{text}");
        }
        for text in [
            "2026-11-31T20:00:00Z",
            "2026-11-21T20:00:60Z",
            "2026-11-21T20:00:00",
            "2026-11-21T20:00:00.Z",
            "2026-11-21 20:00:00Z",
        ] {
            assert_eq!(usual(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_short_way_and_the_library_agree(millis in 0..253_402_128_000_000i64, decimals in 0..=9usize) {
            let instant = Timestamp::from_millis(millis).unwrap().to_string();
            let fraction = &format!("{}000000", &instant[20..23])[..decimals];
            let dot = if decimals == 0 { "" } else { "." };
            for zone in ["Z", "+00:00", "+01:00", "-00:00"] {
                let text = format!("{}{dot}{fraction}{zone}", &instant[..19]);
                prop_assert_eq!(parse(&text), text.parse(), "{}", text);
            }
        }

        #[test]
        fn any_text_gives_what_the_library_gives(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,10})?(Z|z|\\+00:00|)") {
            prop_assert_eq!(parse(&text).is_ok(), text.parse::<Timestamp>().is_ok(), "{}", text);
            if let (Ok(short), Ok(long)) = (parse(&text), text.parse::<Timestamp>()) {
                prop_assert_eq!(short, long, "{}", text);
            }
        }
    }
}
