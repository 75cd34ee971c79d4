//! Moved: a device stands elsewhere than it did (DOMAIN 2.4.6), by the latitude and longitude that it reports.
//!
//! Where it belongs is where it was heard first; one that has stood in a new place for so long belongs there, since bins
//! are put elsewhere for good too. The two halves of a position are two readings of one instant, in any order: it is judged
//! when the instant is over. Deliberately absent: the place in the catalogue, which may be that of the street.

use std::time::Duration;

use schemas::{Place, Quantity, Texts, Timestamp};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::{Condition, Fault, Form, Memory, Own, Verdict};
use crate::hours::Local;
use crate::parse::{duration, said};
use crate::sample::Sample;

pub(super) const FORM: Form = Form {
    name: "moved",
    summary: "a device is more than so many `metres` from where it belongs, until it is back or has `settled`",
    by_value: true,
    read,
};

/// After so long an instant is over.
const OVER: Duration = Duration::from_millis(1);
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);
/// Metres that can be asked for: below, a position is no better; above, it is another city.
const METRES: std::ops::RangeInclusive<f64> = 5.0..=100_000.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    metres: Spanned<f64>,
    settled: Spanned<String>,
}

#[derive(Debug)]
struct Moved {
    metres: f64,
    settled: Duration,
    /// The other half of a position.
    longitude: Quantity,
}

/// Where a device belongs, and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Post {
    latitude: Option<f64>,
    longitude: Option<f64>,
    /// The instant of each half: only those of one instant are a position.
    #[serde(with = "super::millis")]
    latitude_at: Timestamp,
    #[serde(with = "super::millis")]
    longitude_at: Timestamp,
    /// What was observed until then is judged.
    #[serde(with = "super::millis")]
    judged: Timestamp,
    home: Option<(f64, f64)>,
    /// Elsewhere, and since when.
    away: Option<(f64, f64)>,
    #[serde(with = "super::millis")]
    away_since: Timestamp,
}

impl Default for Post {
    fn default() -> Self {
        let never = Timestamp::MIN;
        let (latitude, longitude, home, away) = (None, None, None, None);
        Self { latitude, longitude, latitude_at: never, longitude_at: never, judged: never, home, away, away_since: never }
    }
}

impl Post {
    /// The last position that was not judged yet.
    fn position(&self) -> Option<(f64, f64)> {
        let (latitude, longitude) = self.latitude.zip(self.longitude)?;
        let whole = self.latitude_at == self.longitude_at && self.latitude_at > self.judged;
        whole.then_some((latitude, longitude))
    }
}

impl Moved {
    fn far(&self, a: (f64, f64), b: (f64, f64)) -> Option<bool> {
        let place = |(latitude, longitude)| Place::new(latitude, longitude).ok();
        Some(place(a)?.metres_to(place(b)?) > self.metres)
    }

    fn judge(&self, post: &mut Post) -> Option<Verdict> {
        let (here, now) = (post.position()?, post.latitude_at);
        post.judged = now;
        let home = *post.home.get_or_insert(here);
        if !self.far(home, here)? {
            post.away = None;
            return Some(Verdict::Clear);
        }
        match post.away {
            Some(away) if !self.far(away, here)? => {
                if now.since(post.away_since) < self.settled {
                    return Some(Verdict::Holds);
                }
                (post.home, post.away) = (Some(away), None);
                Some(Verdict::Clear)
            }
            _ => {
                (post.away, post.away_since) = (Some(here), now);
                Some(Verdict::Holds)
            }
        }
    }
}

impl Condition for Moved {
    fn observe(&self, memory: &mut Memory, sample: &Sample, _: Local<'_>) -> Option<Verdict> {
        if !matches!(memory.own.as_deref(), Some(Own::Post(_))) {
            memory.own = Some(Box::new(Own::Post(Box::default())));
        }
        let Some(Own::Post(post)) = memory.own.as_deref_mut() else { return None };
        if sample.quantity == self.longitude {
            (post.longitude, post.longitude_at) = (Some(sample.value), sample.observed);
        } else {
            (post.latitude, post.latitude_at) = (Some(sample.value), sample.observed);
            memory.value = sample.value;
        }
        None
    }

    fn advance(&self, memory: &mut Memory, _: Timestamp, _: Local<'_>) -> Option<Verdict> {
        match memory.own.as_deref_mut() {
            Some(Own::Post(post)) => self.judge(post),
            _ => None,
        }
    }

    fn waits(&self) -> bool {
        true
    }

    fn wake_at(&self, memory: &Memory, _: Local<'_>) -> Option<Timestamp> {
        match memory.own.as_deref() {
            Some(Own::Post(post)) if post.position().is_some() => Some(post.latitude_at.plus(OVER)),
            _ => None,
        }
    }

    fn other(&self) -> Option<Quantity> {
        Some(self.longitude)
    }

    fn words(&self, _: Option<Quantity>) -> Texts {
        let (metres, settled) = (self.metres, said(self.settled));
        Texts {
            fr: format!("à plus de {metres} m de sa place (fin au retour, ou après {settled} au même endroit)"),
            ar: format!("على بعد أكثر من {metres} m من مكانه (ينتهي بالعودة أو بعد {settled} في المكان نفسه)"),
            en: format!("more than {metres} m from its place (over when it is back, or after {settled} in one place)"),
        }
    }
}

fn read(table: Spanned<DeValue<'_>>, quantity: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    let mut faults = Vec::new();
    if quantity.is_some_and(|quantity| quantity != Quantity::DEVICE_LATITUDE) {
        faults.push(Fault::at(span, format!("moved judges positions, expected quantity = \"{}\"", Quantity::DEVICE_LATITUDE)));
    }
    if !METRES.contains(raw.metres.as_ref()) {
        let message = format!("metres is {}, expected {} to {}", raw.metres.as_ref(), METRES.start(), METRES.end());
        faults.push(Fault::at(raw.metres.span(), message));
    }
    match duration("settled", &raw.settled, SHORTEST, LONGEST) {
        Ok(settled) if faults.is_empty() => {
            Ok(Box::new(Moved { metres: raw.metres.into_inner(), settled, longitude: Quantity::DEVICE_LONGITUDE }))
        }
        Ok(_) => Err(faults),
        Err(fault) => {
            faults.push(fault);
            Err(faults)
        }
    }
}
