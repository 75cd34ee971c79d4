//! A limit and the value beyond which it is over: hysteresis (ISA-18.2 *deadband*), so that a value that trembles
//! round its limit makes one alert and not a hundred.

use schemas::{Quantity, Texts};
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;

use super::{Fault, Verdict};

/// The keys of a limit, as other tables take them in.
#[derive(Default, Deserialize)]
pub(super) struct RawLimit {
    pub(super) above: Option<Spanned<f64>>,
    pub(super) at_least: Option<Spanned<f64>>,
    pub(super) below: Option<Spanned<f64>>,
    pub(super) at_most: Option<Spanned<f64>>,
    pub(super) clear: Option<Spanned<f64>>,
}

/// On which side of the limit it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// When it holds, and when it is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limit {
    pub(super) side: Side,
    pub(super) limit: f64,
    pub(super) clear: f64,
}

impl Limit {
    pub(super) fn holds(&self, value: f64) -> bool {
        match self.side {
            Side::Above => value > self.limit,
            Side::AtLeast => value >= self.limit,
            Side::Below => value < self.limit,
            Side::AtMost => value <= self.limit,
        }
    }

    pub(super) fn is_over(&self, value: f64) -> bool {
        match self.side {
            Side::Above | Side::AtLeast => value < self.clear,
            Side::Below | Side::AtMost => value > self.clear,
        }
    }

    /// Too much, not too little.
    pub(super) fn is_upper(&self) -> bool {
        matches!(self.side, Side::Above | Side::AtLeast)
    }

    pub(super) fn judge(&self, value: f64) -> Option<Verdict> {
        if self.holds(value) { Some(Verdict::Holds) } else { self.is_over(value).then_some(Verdict::Clear) }
    }

    /// `above 90 % (over below 80 %)`, in three languages.
    pub(super) fn words(&self, unit: &str) -> Texts {
        let unit = if unit == "1" { String::new() } else { format!(" {unit}") };
        let (limit, clear) = (format!("{}{unit}", self.limit), format!("{}{unit}", self.clear));
        let [fr, ar, en] = match self.side {
            Side::Above => ["au-dessus de", "فوق", "above"],
            Side::AtLeast => ["au moins", "على الأقل", "at least"],
            Side::Below => ["en dessous de", "تحت", "below"],
            Side::AtMost => ["au plus", "على الأكثر", "at most"],
        };
        let [fr_over, ar_over, en_over] = match self.side {
            Side::Above | Side::AtLeast => ["en dessous de", "تحت", "below"],
            Side::Below | Side::AtMost => ["au-dessus de", "فوق", "above"],
        };
        Texts {
            fr: format!("{fr} {limit} (fin {fr_over} {clear})"),
            ar: format!("{ar} {limit} (ينتهي {ar_over} {clear})"),
            en: format!("{en} {limit} (over {en_over} {clear})"),
        }
    }
}

impl RawLimit {
    /// Reads the limit of the form `name`; all that is wrong. `quantity` where the limit is one of its values.
    pub(super) fn read(
        self,
        name: &str,
        span: &Range<usize>,
        quantity: Option<Quantity>,
        faults: &mut Vec<Fault>,
    ) -> Option<Limit> {
        let sides =
            [(Side::Above, self.above), (Side::AtLeast, self.at_least), (Side::Below, self.below), (Side::AtMost, self.at_most)];
        let mut given = sides.into_iter().filter_map(|(side, limit)| Some((side, limit?)));
        let (Some((side, limit)), None) = (given.next(), given.next()) else {
            faults.push(Fault::at(span.clone(), format!("{name} needs exactly one of above, at_least, below, at_most")));
            return None;
        };
        let Some(clear) = self.clear else {
            faults.push(Fault::at(span.clone(), "missing field `clear`"));
            return None;
        };
        let known = faults.len();
        for (name, number) in [("the limit", &limit), ("clear", &clear)] {
            // Readings outside the range are bad and are not judged: such a limit never decides.
            if let Some(row) = quantity.map(Quantity::row)
                && !(row.min..=row.max).contains(number.as_ref())
            {
                let (value, unit) = (number.as_ref(), if row.unit == "1" { "" } else { &row.unit });
                let message = format!("{name} is {value}, expected {} to {} {unit}, the range of {}", row.min, row.max, row.name);
                faults.push(Fault::at(number.span(), message));
            } else if !number.as_ref().is_finite() {
                faults.push(Fault::at(number.span(), format!("{name} is {}, expected a finite number", number.as_ref())));
            }
        }
        let (limit, clear, clear_span) = (*limit.as_ref(), *clear.as_ref(), clear.span());
        let (right, expected) = match side {
            Side::Above | Side::AtLeast => (clear <= limit, "at or below"),
            Side::Below | Side::AtMost => (clear >= limit, "at or above"),
        };
        if !right && faults.len() == known {
            faults.push(Fault::at(clear_span, format!("clear is {clear}, expected {expected} the limit {limit}")));
        }
        (faults.len() == known).then_some(Limit { side, limit, clear })
    }
}
