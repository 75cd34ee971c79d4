//! From one index of a meter to the next: what was consumed, or why that cannot be said.

use schemas::Timestamp;
use serde::Serialize;

use super::MeterSettings;

/// Digits above which an index does not fit the arithmetic.
const DIGITS_LIMIT: u32 = 15;

/// What a meter's register showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterIndex<'a> {
    /// When.
    pub at: Timestamp,
    /// Litres, as counted since the register stood at 0.
    pub litres: u64,
    /// The number on the meter, if it was sent: another number is another meter.
    pub serial: Option<&'a str>,
}

/// What lies between two indices. Litres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "litres")]
pub enum Delta {
    /// Consumed.
    Ok(u64),
    /// More than can have flowed: not believed.
    SuspectSpike(u64),
    /// Consumed, past the end of the register.
    Rollover(u64),
    /// Flowed back: consumption is 0.
    Reverse(u64),
    /// Another meter: a new beginning.
    Replacement,
    /// The register began at 0 again.
    Reset,
    /// Less than before, for no reason that explains it.
    SuspectDecrease,
}

impl Delta {
    /// The stable code: `suspect_spike`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Delta::Ok(_) => "ok",
            Delta::SuspectSpike(_) => "suspect_spike",
            Delta::Rollover(_) => "rollover",
            Delta::Reverse(_) => "reverse",
            Delta::Replacement => "replacement",
            Delta::Reset => "reset",
            Delta::SuspectDecrease => "suspect_decrease",
        }
    }

    /// What was consumed; none where that is not known.
    #[must_use]
    pub const fn consumption(self) -> Option<u64> {
        match self {
            Delta::Ok(litres) | Delta::Rollover(litres) => Some(litres),
            Delta::Reverse(_) => Some(0),
            Delta::SuspectSpike(_) | Delta::Replacement | Delta::Reset | Delta::SuspectDecrease => None,
        }
    }

    /// What flowed, negative when back; none where that is not known.
    #[must_use]
    pub fn volume(self) -> Option<i64> {
        match self {
            Delta::Ok(litres) | Delta::Rollover(litres) => i64::try_from(litres).ok(),
            Delta::Reverse(litres) => i64::try_from(litres).ok().map(|l| -l),
            Delta::SuspectSpike(_) | Delta::Replacement | Delta::Reset | Delta::SuspectDecrease => None,
        }
    }
}

/// What lies between two indices of one connection. The order of the questions is part of the rule: another
/// meter; growth, believed up to 1.2 x Q4; the end of the register; a little back; a new beginning; else nothing
/// explains it.
#[must_use]
pub fn delta(before: MeterIndex<'_>, now: MeterIndex<'_>, settings: &MeterSettings) -> Delta {
    if before.serial.zip(now.serial).is_some_and(|(a, b)| a != b) {
        return Delta::Replacement;
    }
    let hours = now.at.since(before.at).as_secs_f64() / 3600.0;
    let limit = settings.spike_factor.get() * settings.q4_l_per_h.get() * hours;
    if let Some(grown) = now.litres.checked_sub(before.litres) {
        return if grown as f64 <= limit { Delta::Ok(grown) } else { Delta::SuspectSpike(grown) };
    }
    let range = 10_u64.pow(settings.digits.get().min(DIGITS_LIMIT));
    let part = |share: f64| range as f64 * share;
    let wraps =
        before.litres as f64 >= part(settings.rollover_from.get()) && now.litres as f64 <= part(settings.rollover_to.get());
    let wrapped = range.checked_sub(before.litres).map(|rest| rest.saturating_add(now.litres));
    if let Some(wrapped) = wrapped.filter(|w| wraps && *w as f64 <= limit) {
        return Delta::Rollover(wrapped);
    }
    let back = before.litres - now.litres;
    if back as f64 <= limit.min(settings.reverse_most.get()) {
        return Delta::Reverse(back);
    }
    if now.litres as f64 <= settings.reset_most.get() { Delta::Reset } else { Delta::SuspectDecrease }
}

/// Whether what flowed back in one day must be told: once by much, or often.
#[must_use]
pub fn backflow_alarm(deltas_of_day: &[Delta], settings: &MeterSettings) -> bool {
    let back = |d: &Delta| if let Delta::Reverse(litres) = d { Some(*litres as f64) } else { None };
    let much = deltas_of_day.iter().filter_map(back).any(|litres| litres >= settings.backflow_litres.get());
    much || deltas_of_day.iter().filter_map(back).count() >= settings.backflow_times.get() as usize
}
