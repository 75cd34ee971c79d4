//! The hours in which mild things are not told.

use std::collections::BTreeSet;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use schemas::{Severity, Timestamp};
use serde::Deserialize;

/// `[notify.quiet]`: from one time of day to another, local time of the city, over midnight where `to` is
/// the earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// When they begin.
    pub from: Time,
    /// When they end. The same as `from`: there are none.
    pub to: Time,
    /// What is held over them; a message with anything else in it is told.
    pub severities: BTreeSet<Severity>,
}

impl QuietHours {
    /// Whether a step of this severity is held over them.
    #[must_use]
    pub fn covers(&self, severity: Severity) -> bool {
        self.severities.contains(&severity)
    }

    /// When the quiet hours around `now` end; none outside them.
    #[must_use]
    pub fn until(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let local = jiff::Timestamp::from_millisecond(now.millis()).ok()?.to_zoned(zone.clone());
        let time = local.time();
        let within = if self.from <= self.to { self.from <= time && time < self.to } else { time >= self.from || time < self.to };
        if !within {
            return None;
        }
        let day = if time < self.to { local.date() } else { local.date().tomorrow().ok()? };
        let end = day.to_datetime(self.to).to_zoned(zone.clone()).ok()?;
        // A change of the clock may move the end behind us: then it is over.
        Some(Timestamp::clamped(end.timestamp().as_millisecond())).filter(|end| *end > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_run_over_midnight_in_local_time() {
        let quiet = QuietHours {
            from: "22:00".parse().unwrap(),
            to: "06:00".parse().unwrap(),
            severities: BTreeSet::from([Severity::Info]),
        };
        let zone = jiff::tz::TimeZoneDatabase::bundled().get("Africa/Casablanca").unwrap();
        let until = |text: &str| quiet.until(text.parse().unwrap(), &zone).map(|t| t.to_string());
        // UTC+0 since 2026-09-20, UTC+1 before.
        assert_eq!(until("2026-11-21T21:59:59Z"), None);
        assert_eq!(until("2026-11-21T22:00:00Z").as_deref(), Some("2026-11-22T06:00:00.000Z"));
        assert_eq!(until("2026-11-22T05:59:59Z").as_deref(), Some("2026-11-22T06:00:00.000Z"));
        assert_eq!(until("2026-11-22T06:00:00Z"), None);
        assert_eq!(until("2026-07-01T21:00:00Z").as_deref(), Some("2026-07-02T05:00:00.000Z"));
        let siesta = QuietHours { from: "13:00".parse().unwrap(), to: "15:00".parse().unwrap(), ..quiet.clone() };
        assert!(siesta.until("2026-11-21T14:00:00Z".parse().unwrap(), &zone).is_some());
        assert!(siesta.until("2026-11-21T15:00:00Z".parse().unwrap(), &zone).is_none());
        let none = QuietHours { to: quiet.from, ..quiet };
        assert!(none.until("2026-11-21T22:00:00Z".parse().unwrap(), &zone).is_none());
    }
}
