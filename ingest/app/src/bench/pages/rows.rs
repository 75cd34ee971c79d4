//! What was measured, beside what it may be.

use serde::Serialize;

use crate::failure::{Code, Failure};

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) what: String,
    /// None where it was not measured.
    pub(super) value: Option<f64>,
    pub(super) unit: &'static str,
    pub(super) most: f64,
}

impl Row {
    pub(super) fn new(what: impl Into<String>, value: Option<f64>, unit: &'static str, most: f64) -> Self {
        Self { what: what.into(), value, unit, most }
    }

    fn exceeds(&self) -> bool {
        self.value.is_some_and(|value| value > self.most)
    }
}

/// A line for each.
pub(super) fn print(rows: &[Row]) {
    println!("{:<58} {:>9}  {:>9}", "", "measured", "at most");
    for row in rows {
        let Row { what, value, unit, most } = row;
        let measured = value.map_or_else(|| "not".to_owned(), |value| format!("{value:.1}"));
        let verdict = if row.exceeds() { "  too much" } else { "" };
        println!("{what:<58} {measured:>9}  {most:>9.1} {unit}{verdict}");
    }
}

/// Whether everything was measured and nothing is too much.
pub(super) fn judge(rows: &[Row]) -> Result<(), Failure> {
    let named = |of: fn(&&Row) -> bool| rows.iter().filter(of).map(|row| row.what.trim()).collect::<Vec<_>>().join("; ");
    let (over, missing) = (named(|row| row.exceeds()), named(|row| row.value.is_none()));
    if !over.is_empty() {
        return Err(Failure::new(Code::Failed, format!("more than it may be: {over}")));
    }
    if !missing.is_empty() {
        let hint = "pages are measured in a Chromium by chromedriver (Debian: apt-get install chromium chromium-driver)";
        return Err(Failure::new(Code::Unavailable, format!("not measured: {missing}")).hint(hint));
    }
    Ok(())
}

/// The middle one.
pub(super) fn middle(mut all: Vec<f64>) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_ends_with_1_and_what_was_not_measured_with_69() {
        let row = |value| Row::new("frames", value, "ms", 100.0);
        let code = |rows: &[Row]| judge(rows).map_err(|failure| failure.code);
        assert_eq!(code(&[row(Some(99.0)), row(Some(100.0))]), Ok(()));
        assert_eq!(code(&[row(None), row(Some(50.0))]), Err(Code::Unavailable));
        assert_eq!(code(&[row(None), row(Some(100.1))]), Err(Code::Failed));
        assert_eq!(middle(vec![3.0, 1.0, 2.0]), Some(2.0));
    }
}
