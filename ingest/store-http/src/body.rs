//! Lines on their way: one text, cut into requests at the ends of lines.

use std::ops::Range;

use bytes::Bytes;

/// Lines to write.
#[derive(Debug, Default)]
pub struct Body {
    text: String,
    /// Where each line ends.
    ends: Vec<usize>,
}

impl Body {
    /// Takes the line that `write` appends.
    ///
    /// # Errors
    /// Those of `write`, which then has appended nothing.
    pub fn push<E>(&mut self, write: impl FnOnce(&mut String) -> Result<(), E>) -> Result<(), E> {
        write(&mut self.text)?;
        self.ends.push(self.text.len());
        Ok(())
    }

    /// The text, and where each line ends.
    #[must_use]
    pub fn finish(self) -> (Bytes, Vec<usize>) {
        (Bytes::from(self.text), self.ends)
    }
}

fn start(ends: &[usize], line: usize) -> usize {
    line.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0)
}

/// Ranges of lines, in order, each of at most so many lines and, where a single line does not have more, bytes.
#[must_use]
pub fn parts(ends: &[usize], lines: usize, bytes: usize) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    for (line, end) in ends.iter().enumerate() {
        match parts.last_mut() {
            Some(part) if part.len() < lines && end - start(ends, part.start) <= bytes => part.end = line + 1,
            _ => parts.push(Range { start: line, end: line + 1 }),
        }
    }
    parts
}

/// The bytes of a range of lines, shared.
#[must_use]
pub fn slice(bytes: &Bytes, ends: &[usize], part: &Range<usize>) -> Bytes {
    bytes.slice(start(ends, part.start)..start(ends, part.end))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn body(lines: &[&str]) -> (Bytes, Vec<usize>) {
        let mut body = Body::default();
        for line in lines {
            let Ok(()) = body.push(|text| {
                text.push_str(line);
                Ok::<(), Infallible>(())
            });
        }
        body.finish()
    }

    #[test]
    fn requests_end_at_lines_and_keep_both_limits() {
        let (bytes, ends) = body(&["a\n", "bbbbbbbbbb\n", "c\n", "d\n", "e\n"]);
        for (lines, limit, expected) in [
            (2, 1000, vec!["a\nbbbbbbbbbb\n", "c\nd\n", "e\n"]),
            (9, 6, vec!["a\n", "bbbbbbbbbb\n", "c\nd\ne\n"]),
            (1, 1, vec!["a\n", "bbbbbbbbbb\n", "c\n", "d\n", "e\n"]),
            (9, 99, vec!["a\nbbbbbbbbbb\nc\nd\ne\n"]),
        ] {
            let cut: Vec<Bytes> = parts(&ends, lines, limit).iter().map(|part| slice(&bytes, &ends, part)).collect();
            assert_eq!(cut, expected, "{lines} lines, {limit} bytes");
        }
        assert_eq!(parts(&[], 1, 1), []);
    }
}
