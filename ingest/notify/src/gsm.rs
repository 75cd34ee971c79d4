//! How long a text is as SMS: GSM-7 where its letters allow, else UCS-2.
//!
//! Source: ETSI TS 123 038 (GSM 03.38) for the alphabet, ETSI TS 123 040 for what fits in a message: 160
//! septets or 70 UTF-16 units alone, 153 or 67 in each part of a longer one.

/// The default alphabet, without escapes.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// What costs two septets.
const EXTENDED: &str = "^{}\\[~]|€";

/// What French and English texts may contain that GSM-7 does not have, and how it is written instead.
const PLAIN: [(char, &str); 32] = [
    ('ê', "e"),
    ('ë', "e"),
    ('Ê', "E"),
    ('È', "E"),
    ('Ë', "E"),
    ('â', "a"),
    ('Â', "A"),
    ('À', "A"),
    ('î', "i"),
    ('ï', "i"),
    ('Î', "I"),
    ('Ï', "I"),
    ('ô', "o"),
    ('Ô', "O"),
    ('û', "u"),
    ('Û', "U"),
    ('Ù', "U"),
    ('ç', "c"),
    ('œ', "oe"),
    ('Œ', "OE"),
    ('µ', "u"),
    ('²', "2"),
    ('³', "3"),
    ('°', " "),
    ('’', "'"),
    ('‘', "'"),
    ('“', "\""),
    ('”', "\""),
    ('«', "\""),
    ('»', "\""),
    ('–', "-"),
    ('…', "..."),
];

/// How a text is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segments {
    /// Whether all of it is in GSM-7.
    pub gsm7: bool,
    /// Septets or UTF-16 units.
    pub units: usize,
    /// Messages that it takes; at least 1.
    pub count: usize,
}

/// Septets of a text in GSM-7; none where it has a letter that GSM-7 does not.
#[must_use]
pub fn septets(text: &str) -> Option<usize> {
    let one = |c: char| if BASIC.contains(c) { Some(1) } else { EXTENDED.contains(c).then_some(2usize) };
    text.chars().map(one).sum()
}

/// How many messages a text takes. An escape that would be cut in two by the end of a part is not counted:
/// a text at the very edge may take one part more.
#[must_use]
pub fn segments(text: &str) -> Segments {
    let (gsm7, units, single, part) = match septets(text) {
        Some(units) => (true, units, 160, 153),
        None => (false, text.encode_utf16().count(), 70, 67),
    };
    let count = if units <= single { 1 } else { units.div_ceil(part) };
    Segments { gsm7, units, count }
}

/// A French or English text in the letters of GSM-7: one `ê` would halve what fits.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match PLAIN.iter().find(|(from, _)| *from == c) {
            Some((_, to)) => plain.push_str(to),
            None => plain.push(c),
        }
    }
    plain
}

/// The longest beginning of a text that takes no more than `count` messages, with `...` where it was cut.
#[must_use]
pub fn cut(text: &str, count: usize) -> String {
    if segments(text).count <= count {
        return text.to_owned();
    }
    let mut ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    while let Some(end) = ends.pop() {
        let shorter = format!("{}...", text.get(..end).unwrap_or_default().trim_end());
        if segments(&shorter).count <= count {
            return shorter;
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_letter_outside_gsm_7_more_than_halves_what_fits() {
        let french = "é".repeat(160);
        assert_eq!(segments(&french), Segments { gsm7: true, units: 160, count: 1 });
        assert_eq!(segments(&format!("{french}a")).count, 2);
        assert_eq!(segments(&"ê".repeat(70)), Segments { gsm7: false, units: 70, count: 1 });
        assert_eq!(segments(&"ê".repeat(71)).count, 2);
        assert_eq!(segments(&"ع".repeat(134)).count, 2);
        assert_eq!(segments(&"ع".repeat(135)).count, 3);
        assert_eq!(septets("[Casa]"), Some(8));
        assert_eq!(segments("").count, 1);
    }

    #[test]
    fn french_is_written_in_the_letters_that_fit() {
        assert_eq!(plain("Fenêtres fermées : 35 µg/m³ – ça suffit…"), "Fenetres fermées : 35 ug/m3 - ca suffit...");
        assert!(septets(&plain("œuvre «là-bas»")).is_some());
    }

    proptest! {
        #[test]
        fn what_is_cut_fits_and_what_fits_is_not_cut(text in ".{0,400}", count in 1..4usize) {
            let cut = cut(&text, count);
            prop_assert!(segments(&cut).count <= count);
            prop_assert!(segments(&text).count > count || cut == text);
        }
    }
}
