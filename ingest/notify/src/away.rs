//! Which collectors are away, so that the silence of what they bring is not told as if each device had failed.
//!
//! Deliberately absent: that a collector is away is an alert itself, which the program says to itself as a device would; and
//! gateways, which are devices with alerts of their own (`curb`).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use schemas::{Pattern, Timestamp};
use serde::Deserialize;

/// The section `[away]`; `config/default.toml` says what each key means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwaySettings {
    /// Which alerts are kept back: those of these rules, which say that a device is silent.
    pub rules: Vec<Pattern>,
    /// A collector is away when it was for so long.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub after: Duration,
    /// And until it has been back for so long: what its broker kept comes first.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub back: Duration,
}

/// A collector, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// As the settings name it.
    pub name: String,
    /// Whether messages can come.
    pub up: bool,
    /// What is the matter.
    pub trouble: Option<String>,
}

/// Tells how the collectors stand, whenever it is asked.
pub type Doors = Box<dyn Fn() -> Vec<Door> + Send>;

#[derive(Debug)]
struct Standing {
    up: bool,
    since: Timestamp,
    away: bool,
}

/// Looks at the collectors again and again, and knows which are away.
pub struct Lookout {
    settings: AwaySettings,
    doors: Doors,
    standing: BTreeMap<String, Standing>,
}

impl fmt::Debug for Lookout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookout").field("settings", &self.settings).field("standing", &self.standing).finish_non_exhaustive()
    }
}

impl Lookout {
    /// One that has not looked yet.
    #[must_use]
    pub fn new(settings: AwaySettings, doors: Doors) -> Self {
        Self { settings, doors, standing: BTreeMap::new() }
    }

    /// Nothing to look at: no program runs that collects.
    #[must_use]
    pub fn idle(settings: AwaySettings) -> Self {
        Self::new(settings, Box::new(Vec::new))
    }

    /// Which alerts are kept back.
    #[must_use]
    pub fn rules(&self) -> &[Pattern] {
        &self.settings.rules
    }

    /// Looks by other settings from now on; how each stands is remembered.
    pub(crate) fn replace(&mut self, settings: AwaySettings) {
        self.settings = settings;
    }

    /// The collectors that are away at `now`, with what is the matter. One that was not up since the first look is.
    pub fn look(&mut self, now: Timestamp) -> BTreeMap<String, String> {
        let mut away = BTreeMap::new();
        for Door { name, up, trouble } in (self.doors)() {
            let fresh = Standing { up, since: now, away: !up };
            let standing = self.standing.entry(name.clone()).or_insert(fresh);
            if standing.up != up {
                (standing.up, standing.since) = (up, now);
            }
            let lasted = now.since(standing.since);
            standing.away =
                if up { standing.away && lasted < self.settings.back } else { standing.away || lasted >= self.settings.after };
            if standing.away {
                let note = if up { "what its broker kept comes first".to_owned() } else { trouble.unwrap_or_default() };
                away.insert(name, note);
            }
        }
        away
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_collector_is_away_after_a_while_and_until_it_has_been_back_for_a_while() {
        let settings = AwaySettings { rules: Vec::new(), after: Duration::from_secs(60), back: Duration::from_secs(120) };
        let up = Arc::new(Mutex::new(false));
        let seen = Arc::clone(&up);
        let door = move || vec![Door { name: "city".to_owned(), up: *seen.lock().unwrap(), trouble: Some("refused".to_owned()) }];
        let mut lookout = Lookout::new(settings, Box::new(door));
        let mut away = |seconds: u64, is_up: bool| {
            *up.lock().unwrap() = is_up;
            let at = Timestamp::clamped(1_790_000_000_000).plus(Duration::from_secs(seconds));
            lookout.look(at).into_iter().map(|(name, note)| format!("{name}: {note}")).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(away(0, false), "city: refused", "nothing came since the start");
        assert_eq!(away(10, true), "city: what its broker kept comes first");
        assert_eq!(away(129, true), "city: what its broker kept comes first");
        assert_eq!(away(130, true), "");
        assert_eq!(away(200, false), "", "it may be back at once");
        assert_eq!(away(259, false), "");
        assert_eq!(away(265, true), "", "it was back before it counted as away");
        assert_eq!(away(300, false), "");
        assert_eq!(away(360, false), "city: refused");
        assert_eq!(away(400, true), "city: what its broker kept comes first");
        assert_eq!(away(410, false), "city: refused", "it did not stay");
        assert_eq!(away(600, true), "city: what its broker kept comes first");
        assert_eq!(away(720, true), "");
    }
}
