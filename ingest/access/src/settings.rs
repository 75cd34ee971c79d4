//! The section `[access]`. Every default stands in `config/default.toml`.

use std::time::Duration;

use serde::Deserialize;

/// The section `[access]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A session on which nothing was asked for so long is over.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub session_idle: Duration,
    /// However much is asked, a session is over after this.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub session: Duration,
    /// Wrong passwords for one name after which it is locked.
    pub failures: u32,
    /// For how long.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub lock: Duration,
    /// The longest that a token may hold, hours.
    pub token_hours: u32,
}

impl Settings {
    /// What cannot be; nothing where it can.
    #[must_use]
    pub fn objection(&self) -> Option<&'static str> {
        const HOUR: Duration = Duration::from_secs(3600);
        if self.session_idle.is_zero() || self.session_idle > HOUR {
            return Some("access.session_idle: expected more than 0s and at most 1h");
        }
        if self.session < self.session_idle || self.session > 24 * HOUR {
            return Some("access.session: expected at least session_idle and at most 24h");
        }
        if !(1..=20).contains(&self.failures) {
            return Some("access.failures: expected 1 to 20");
        }
        if self.lock.is_zero() || self.lock > 24 * HOUR {
            return Some("access.lock: expected more than 0s and at most 24h");
        }
        if !(1..=8784).contains(&self.token_hours) {
            return Some("access.token_hours: expected 1 to 8784");
        }
        None
    }
}
