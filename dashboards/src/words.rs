//! Every text of the pages: one field a message, so that a missing translation does not compile. A language is one row of these
//! tables, which stands in its own file and folder; nothing else in this crate knows one from another.

mod ar;
mod en;
mod fr;
mod pages;
mod writing;

pub(crate) use pages::{Account, Api, Privacy};
pub(crate) use writing::Writing;

use crate::plural::Count;

/// Every language. The first is for whoever wishes none.
pub(crate) static LANGUAGES: &[&Words] = &[&fr::WORDS, &ar::WORDS, &en::WORDS];

/// One language.
pub(crate) struct Words {
    pub(crate) writing: Writing,
    /// The pages behind the front page.
    pub(crate) pages: pages::Pages,
    // Frame
    pub(crate) subtitle: &'static str,
    pub(crate) skip: &'static str,
    pub(crate) sections: &'static str,
    pub(crate) language: &'static str,
    pub(crate) theme: &'static str,
    pub(crate) theme_auto: &'static str,
    pub(crate) theme_light: &'static str,
    pub(crate) theme_dark: &'static str,
    pub(crate) apply: &'static str,
    pub(crate) live: &'static str,
    pub(crate) lost: &'static str,
    pub(crate) demo: &'static str,
    pub(crate) demo_note: &'static str,
    pub(crate) not_found: &'static str,
    pub(crate) home: &'static str,
    // States
    pub(crate) unreadable: &'static str,
    pub(crate) retry: &'static str,
    pub(crate) no_data: &'static str,
    pub(crate) no_data_since: &'static str,
    pub(crate) nothing_yet: &'static str,
    pub(crate) unknown: &'static str,
    // Alerts
    pub(crate) alerts: &'static str,
    pub(crate) alerts_open: Count,
    pub(crate) no_alerts: &'static str,
    pub(crate) since: &'static str,
    pub(crate) pending: &'static str,
    pub(crate) new_alert: &'static str,
    pub(crate) resolved: &'static str,
    pub(crate) more_alerts: Count,
    /// Info, warning, critical, emergency.
    pub(crate) severities: [&'static str; 4],
    // Waste
    pub(crate) waste: &'static str,
    pub(crate) bins_full: Count,
    pub(crate) bins_over: &'static str,
    pub(crate) bins: Count,
    pub(crate) bin: &'static str,
    pub(crate) fill: &'static str,
    pub(crate) measured: &'static str,
    pub(crate) fullest: &'static str,
    pub(crate) all_bins: &'static str,
    /// Under 50 %, 50 to 75, 75 to 90, 90 and more.
    pub(crate) fill_classes: [&'static str; 4],
    // Air
    pub(crate) air: &'static str,
    pub(crate) stations: Count,
    pub(crate) station: &'static str,
    pub(crate) day_of_pm10: &'static str,
    pub(crate) air_note: &'static str,
    pub(crate) worst_air: &'static str,
    pub(crate) air_index: &'static str,
    /// Of the European index, from good to extremely poor.
    pub(crate) bands: [&'static str; 6],
    /// From where the index is, and how sure.
    pub(crate) index_note: &'static str,
    pub(crate) low_confidence: &'static str,
    pub(crate) withheld: &'static str,
    pub(crate) whole_city: &'static str,
    pub(crate) connections_short: &'static str,
    pub(crate) water_note: &'static str,
    // Parking
    pub(crate) parking: &'static str,
    pub(crate) bays: Count,
    pub(crate) free: &'static str,
    pub(crate) free_of: &'static str,
    pub(crate) taken: &'static str,
    pub(crate) zone: &'static str,
    // Water
    pub(crate) water: &'static str,
    pub(crate) meters: Count,
    pub(crate) last_day: &'static str,
    pub(crate) hourly_use: &'static str,
    pub(crate) water_day: &'static str,
    // The city's own kinds
    pub(crate) device: &'static str,
    pub(crate) quantity: &'static str,
    pub(crate) value: &'static str,
    // Map
    pub(crate) map: &'static str,
    pub(crate) map_note: &'static str,
    pub(crate) outlines: &'static str,
    pub(crate) ocean: &'static str,
    pub(crate) with_alert: &'static str,
    // Platform
    pub(crate) platform: &'static str,
    pub(crate) per_second: &'static str,
    pub(crate) lag: &'static str,
    pub(crate) messages: Count,
    pub(crate) identity: &'static str,
    pub(crate) balanced: &'static str,
    pub(crate) unbalanced: &'static str,
    pub(crate) received: &'static str,
    pub(crate) stored: &'static str,
    pub(crate) duplicate: &'static str,
    pub(crate) quarantined: &'static str,
    pub(crate) refused: &'static str,
    pub(crate) waiting: &'static str,
    pub(crate) journal: &'static str,
    pub(crate) of: &'static str,
    pub(crate) store: &'static str,
    pub(crate) outbox: &'static str,
    pub(crate) ready: &'static str,
    pub(crate) not_ready: &'static str,
    pub(crate) sources: &'static str,
    pub(crate) connections: Count,
    // Counting time, and its names
    pub(crate) minutes: Count,
    pub(crate) hours: Count,
    pub(crate) days: Count,
    pub(crate) months: [&'static str; 12],
    /// From Monday on.
    pub(crate) weekdays: [&'static str; 7],
    /// The same where there is little room.
    pub(crate) weekdays_short: [&'static str; 7],
}

#[cfg(test)]
mod tests;
