//! The texts of the pages on reports, and how they are sent.

use crate::plural::Count;

/// `/reports`.
pub(crate) struct Report {
    pub(crate) title: &'static str,
    pub(crate) answer: &'static str,
    pub(crate) daily: &'static str,
    pub(crate) monthly: &'static str,
    pub(crate) weekly: &'static str,
    pub(crate) print: &'static str,
    pub(crate) save: &'static str,
    pub(crate) made: &'static str,
    /// What stands before the first day of a period, and between it and the last.
    pub(crate) from_to: [&'static str; 2],
    pub(crate) worst_hour: &'static str,
    pub(crate) worst: &'static str,
    pub(crate) by_hour: &'static str,
    pub(crate) day_mean: &'static str,
    pub(crate) max_hour: &'static str,
    pub(crate) max_8h: &'static str,
    pub(crate) valid: &'static str,
    pub(crate) strip_note: &'static str,
    pub(crate) index: &'static str,
    pub(crate) remarks: &'static str,
    pub(crate) poor_days: &'static str,
    pub(crate) calendar: &'static str,
    pub(crate) calendar_note: &'static str,
    pub(crate) shares: &'static str,
    pub(crate) month_mean: &'static str,
    pub(crate) capture: &'static str,
    pub(crate) above_in_month: &'static str,
    pub(crate) overflow: &'static str,
    pub(crate) by_zone: &'static str,
    pub(crate) a_day: &'static str,
    /// Bins, hours of overflow, response, in time, emptyings, needless, missed, availability.
    pub(crate) kpis: [&'static str; 8],
    pub(crate) kpi_note: &'static str,
}

/// `/indicators`.
pub(crate) struct Indicators {
    pub(crate) title: &'static str,
    /// A week, four weeks, a quarter.
    pub(crate) spans: [&'static str; 3],
}

/// Reports by mail, under the list of reports.
pub(crate) struct Mailings {
    pub(crate) title: &'static str,
    pub(crate) late: Count,
    pub(crate) none: &'static str,
    pub(crate) report: &'static str,
    pub(crate) receiver: &'static str,
    pub(crate) state: &'static str,
    pub(crate) sent: &'static str,
    pub(crate) next: &'static str,
    pub(crate) arrived: &'static str,
    pub(crate) unmade: &'static str,
    pub(crate) waiting: &'static str,
    pub(crate) dead: &'static str,
    pub(crate) attempts: Count,
    pub(crate) again: &'static str,
}

/// What stands in a mail around a report.
pub(crate) struct Post {
    pub(crate) attached: &'static str,
    pub(crate) inline: &'static str,
}
