//! How deep lists and objects stand in one another in JSON: no device and no network server needs many levels, and who reads on
//! may have fewer.

use crate::reject::{Reason, Reject};

/// Levels of lists and objects, at most.
pub const DEPTH_LIMIT: usize = 8;

/// Refuses a payload of more levels, wherever they are. What does not begin as JSON begins is not looked at.
///
/// # Errors
/// There are more than [`DEPTH_LIMIT`].
pub(crate) fn check(payload: &[u8]) -> Result<(), Reject> {
    if !matches!(payload.trim_ascii_start().first(), Some(b'{' | b'[')) || levels(payload) <= DEPTH_LIMIT {
        return Ok(());
    }
    Err(Reject::new(Reason::TooDeep, format!("lists and objects stand more than {DEPTH_LIMIT} deep in one another")))
}

/// The most levels that are open at once; not counted on beyond the limit.
fn levels(payload: &[u8]) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    let mut bytes = payload.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => pass_text(&mut bytes),
            b'{' | b'[' => {
                open += 1;
                most = most.max(open);
                if most > DEPTH_LIMIT {
                    break;
                }
            }
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// Goes behind the quotation mark that ends a text.
fn pass_text(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => _ = bytes.next(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_counted_where_they_are_and_not_in_text() {
        let nested = |levels: usize| format!("{}{}", r#"{"a":["#.repeat(levels / 2), "]}".repeat(levels / 2));
        assert!(check(nested(8).as_bytes()).is_ok());
        assert_eq!(check(nested(10).as_bytes()).unwrap_err().code(), "too_deep");
        let beside = format!("[{}]", vec!["[[]]"; 50].join(","));
        assert!(check(beside.as_bytes()).is_ok(), "many, one beside the other");
        let text = format!(r#"{{"a":"{}","b":"\"{}\\"}}"#, "[".repeat(50), "{".repeat(50));
        assert!(check(text.as_bytes()).is_ok(), "brackets in text");
        let hidden = format!(r#"{{"a":"]]]]]]]]]]","b":{}1{}}}"#, "[".repeat(8), "]".repeat(8));
        assert_eq!(check(hidden.as_bytes()).unwrap_err().code(), "too_deep", "text closes nothing");
        assert!(check(&[0x01, b'[', b'[', b'[', b'[', b'[', b'[', b'[', b'[', b'[']).is_ok(), "bytes of a device");
        assert!(check(b" \r\n[[[[[[[[[").is_err(), "that it has no end does not matter");
    }
}
