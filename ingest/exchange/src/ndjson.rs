//! NDJSON: one object a line, as `marsad export --format ndjson` writes them.

use std::io::{self, BufRead};

use schemas::Reading;

use crate::row::{Defaults, Row};
use crate::{LINE_LIMIT, Readings, Rejected};

/// The reading of one line.
///
/// # Errors
/// The field, and what was expected of it.
pub fn line(text: &[u8], defaults: &Defaults) -> Result<Reading, String> {
    let row: Row<'_> = serde_json::from_slice(text).map_err(|e| e.to_string().replace(" at line 1 column", ", at column"))?;
    row.reading(defaults)
}

/// The readings of a text; empty lines are passed over.
pub fn ndjson<'a>(text: impl BufRead + 'a, defaults: Defaults) -> Readings<'a> {
    Box::new(Lines::new(text).map(move |found| {
        let (place, text) = found?;
        let rejected = |why| Rejected { place, why, text: String::from_utf8_lossy(&text).into_owned() };
        Ok(line(&text, &defaults).map_err(rejected))
    }))
}

/// The lines of a text that are not empty, each with its number from 1.
pub(crate) struct Lines<R> {
    text: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(text: R) -> Self {
        Self { text, number: 0 }
    }

    fn read(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        loop {
            let mut line = Vec::new();
            let read = io::Read::take(&mut self.text, LINE_LIMIT as u64).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if read == LINE_LIMIT && line.last() != Some(&b'\n') {
                return Err(io::Error::other(format!("line {}: more than {LINE_LIMIT} bytes", self.number)));
            }
            let kept = line.trim_ascii_end().len();
            line.truncate(kept);
            if !line.trim_ascii_start().is_empty() {
                return Ok(Some((self.number, line)));
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<(u64, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::tests::nowhere;

    #[test]
    fn bad_lines_are_named_and_the_others_read() {
        let text = "{\"device\":\"bin-1\",\"quantity\":\"waste.fill\",\"value\":9,\"observed_at\":\"2026-11-21T08:00:00Z\"}\n\n\
                    {\"device\":\"bin-1\"}\nnot json\n";
        let all: Vec<_> = ndjson(text.as_bytes(), nowhere()).map(|item| item.unwrap()).collect();
        assert_eq!(all.len(), 3);
        assert!(all[0].is_ok());
        let rejected: Vec<_> = all.into_iter().filter_map(Result::err).collect();
        assert_eq!((rejected[0].place, rejected[0].why.as_str()), (3, "missing field `quantity`, at column 18"));
        assert_eq!((rejected[1].place, rejected[1].text.as_str()), (4, "not json"));
    }
}
