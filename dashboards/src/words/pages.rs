//! The texts of the pages behind the front page: one group a page.

use crate::plural::Count;

/// All groups.
pub(crate) struct Pages {
    pub(crate) common: Common,
    pub(crate) air: Air,
    pub(crate) waste: Waste,
    pub(crate) devices: Devices,
    pub(crate) engineers: Engineers,
    pub(crate) nav: Nav,
    pub(crate) desk: Desk,
    pub(crate) parking: Parking,
    pub(crate) water: Water,
    pub(crate) public: Public,
    pub(crate) report: Report,
}

/// The menu, where it says something else than the page.
pub(crate) struct Nav {
    pub(crate) alerts: &'static str,
    pub(crate) reports: &'static str,
    pub(crate) devices: &'static str,
    pub(crate) engineers: &'static str,
}

/// `/alerts`.
pub(crate) struct Desk {
    pub(crate) title: &'static str,
    pub(crate) views_label: &'static str,
    /// Open, pending, acknowledged, silenced, history.
    pub(crate) views: [&'static str; 5],
    pub(crate) severity: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) all: &'static str,
    pub(crate) filter: &'static str,
    pub(crate) needs_script: &'static str,
    pub(crate) none_chosen: &'static str,
    pub(crate) name_needed: &'static str,
    pub(crate) done: &'static str,
    pub(crate) refused: &'static str,
    pub(crate) by: &'static str,
    pub(crate) note: &'static str,
    pub(crate) acknowledge: &'static str,
    pub(crate) shelve_hour: &'static str,
    pub(crate) shelve_day: &'static str,
    pub(crate) resolve: &'static str,
    pub(crate) to: &'static str,
    pub(crate) assign: &'static str,
    pub(crate) shown: Count,
    pub(crate) empty: &'static str,
    pub(crate) more: &'static str,
    pub(crate) choose_all: &'static str,
    pub(crate) choose: &'static str,
    pub(crate) keys: &'static str,
    /// What j, k, x, a, t, w and / do.
    pub(crate) key_names: [&'static str; 7],
    pub(crate) pending: &'static str,
    pub(crate) firing: &'static str,
    pub(crate) resolved: &'static str,
    pub(crate) came_to_nothing: &'static str,
    pub(crate) in_hand: &'static str,
    pub(crate) assigned: &'static str,
    pub(crate) shelved_until: &'static str,
    pub(crate) by_hand: &'static str,
    pub(crate) until: &'static str,
    /// By a silence, a maintenance window, a shelf, an inhibition.
    pub(crate) withheld: [&'static str; 4],
    pub(crate) acts: &'static str,
    pub(crate) no_acts: &'static str,
    /// Acknowledge, unacknowledge, assign, shelve, unshelve, resolve.
    pub(crate) deeds: [&'static str; 6],
    pub(crate) why: &'static str,
    pub(crate) no_steps: &'static str,
    pub(crate) untold: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) began: &'static str,
    pub(crate) fired: &'static str,
    pub(crate) ended: &'static str,
    /// In the order of `ports::Reason`.
    pub(crate) reasons: [&'static str; 23],
    /// Waiting, delivered, given up.
    pub(crate) deliveries: [&'static str; 3],
}

impl Desk {
    /// What withholds an alert, by its code.
    pub(crate) fn withheld_by(&self, code: &str) -> &'static str {
        let [silence, maintenance, shelf, inhibition] = self.withheld;
        match code {
            "silence" => silence,
            "maintenance" => maintenance,
            "shelf" => shelf,
            _ => inhibition,
        }
    }
}

/// What several pages say.
pub(crate) struct Common {
    pub(crate) period: &'static str,
    /// 24 hours, 7 days, 30 days, 1 year, 5 years.
    pub(crate) ranges: [&'static str; 5],
    pub(crate) time: &'static str,
    pub(crate) no_values: &'static str,
    pub(crate) walk: &'static str,
    pub(crate) loading: &'static str,
    pub(crate) no_script: &'static str,
    pub(crate) past: &'static str,
    pub(crate) csv: &'static str,
    pub(crate) print: &'static str,
    pub(crate) zoom_in: &'static str,
    pub(crate) zoom_out: &'static str,
}

/// `/air`.
pub(crate) struct Air {
    pub(crate) ruler: &'static str,
    pub(crate) exceedances: &'static str,
    pub(crate) no_index: &'static str,
    pub(crate) stations: &'static str,
    pub(crate) indicative: &'static str,
    pub(crate) back: &'static str,
    pub(crate) last_hour: &'static str,
    pub(crate) beside: &'static str,
    pub(crate) pollutant: &'static str,
    pub(crate) last: &'static str,
    pub(crate) mean: &'static str,
    pub(crate) share: &'static str,
    pub(crate) limit: &'static str,
    pub(crate) too_few: &'static str,
    pub(crate) averaging: &'static str,
    pub(crate) without: &'static str,
    pub(crate) no_limits: &'static str,
    pub(crate) hourly: &'static str,
    pub(crate) set: &'static str,
    pub(crate) above: &'static str,
    pub(crate) figure: &'static str,
    pub(crate) valid: &'static str,
    pub(crate) verdict: &'static str,
    pub(crate) kept: &'static str,
    pub(crate) exceeded: &'static str,
    pub(crate) of_year: &'static str,
    pub(crate) none_above: &'static str,
    pub(crate) no_emergency: &'static str,
    pub(crate) compare: &'static str,
    pub(crate) compare_none: &'static str,
    pub(crate) calendar: &'static str,
    pub(crate) coloured_by: &'static str,
    pub(crate) by_worst_hour: &'static str,
    pub(crate) by_value: &'static str,
    /// Up to half of the limit, up to the limit, above it.
    pub(crate) parts: [&'static str; 3],
    pub(crate) profile: &'static str,
    pub(crate) of_ninety_days: &'static str,
    pub(crate) weekday: &'static str,
    pub(crate) weekend: &'static str,
    pub(crate) no_pattern: &'static str,
    pub(crate) as_table: &'static str,
    pub(crate) hour: &'static str,
    pub(crate) hours: &'static str,
    pub(crate) hours_in_brackets: &'static str,
    pub(crate) rose: &'static str,
    pub(crate) by_origin: &'static str,
    pub(crate) no_wind: &'static str,
    pub(crate) calm: &'static str,
    pub(crate) wind_from: &'static str,
    /// Where the wind comes from, clockwise from north.
    pub(crate) points: [&'static str; 16],
    /// Ten minutes, a quarter of an hour, hour, running 8 h, largest 8 h of a day, day, peak season, year.
    pub(crate) statistics: [&'static str; 8],
    /// Verified, from memory, design, unverified.
    pub(crate) statuses: [&'static str; 4],
    /// Pollutants that are written out, with their codes.
    pub(crate) substances: [(&'static str, &'static str); 2],
}

impl Air {
    /// A pollutant that is written out, by its code; the code where there is no word.
    pub(crate) fn substance<'a>(&'a self, code: &'a str) -> &'a str {
        let known = self.substances.iter().find(|(known, _)| *known == code);
        known.map_or(code, |(_, word)| word)
    }
}

/// `/waste`.
pub(crate) struct Waste {
    pub(crate) whose: &'static str,
    pub(crate) back: &'static str,
    pub(crate) to_empty: Count,
    pub(crate) contractor: &'static str,
    pub(crate) next_pass: &'static str,
    pub(crate) nothing_due: &'static str,
    pub(crate) round: &'static str,
    pub(crate) stop: &'static str,
    pub(crate) as_the_crow_flies: &'static str,
    pub(crate) offline: &'static str,
    /// How soon a bin has to be emptied: later, within 36 hours, within 12, now.
    pub(crate) grades: [&'static str; 4],
    pub(crate) grades_note: &'static str,
    pub(crate) yes_no: [&'static str; 2],
    pub(crate) full_now: &'static str,
    pub(crate) full_in: &'static str,
    pub(crate) cautious: &'static str,
    pub(crate) no_forecast: &'static str,
    pub(crate) by_district: &'static str,
    pub(crate) emptied: &'static str,
    pub(crate) not_lately: &'static str,
    pub(crate) go: &'static str,
    pub(crate) of_bins: &'static str,
    pub(crate) no_depot: &'static str,
    pub(crate) without_place: &'static str,
    pub(crate) unheard: &'static str,
    pub(crate) place: &'static str,
    pub(crate) marks: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) expected: &'static str,
    pub(crate) threshold: &'static str,
    pub(crate) emptyings: &'static str,
    pub(crate) four_weeks: &'static str,
    pub(crate) no_emptyings: &'static str,
    pub(crate) when: &'static str,
    pub(crate) before: &'static str,
    pub(crate) after: &'static str,
    pub(crate) how: &'static str,
    /// Full, partial, light, confirmed.
    pub(crate) emptying_kinds: [&'static str; 4],
    /// An alert of a bin has been seen to.
    pub(crate) done: &'static str,
}

/// `/devices`.
pub(crate) struct Devices {
    pub(crate) title: &'static str,
    pub(crate) known: Count,
    pub(crate) none: &'static str,
    pub(crate) more: &'static str,
    pub(crate) firmware: &'static str,
    pub(crate) since: &'static str,
    pub(crate) profile: &'static str,
    pub(crate) heard: &'static str,
    pub(crate) never: &'static str,
    pub(crate) offline: &'static str,
    pub(crate) interval: &'static str,
    pub(crate) learned: &'static str,
    pub(crate) availability: &'static str,
    pub(crate) battery: &'static str,
    pub(crate) lasts: &'static str,
    pub(crate) clock: &'static str,
    pub(crate) stuck: &'static str,
    pub(crate) private: &'static str,
    pub(crate) latest: &'static str,
    pub(crate) quality: &'static str,
    pub(crate) unread: &'static str,
    pub(crate) all_read: &'static str,
    pub(crate) received: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) topic: &'static str,
}

/// `/engineers`.
pub(crate) struct Engineers {
    pub(crate) incidents: &'static str,
    pub(crate) dust: &'static str,
    pub(crate) leak: &'static str,
    pub(crate) fire: &'static str,
    pub(crate) outage: &'static str,
    pub(crate) happens: &'static str,
    pub(crate) well: &'static str,
    pub(crate) unwell: &'static str,
    pub(crate) readers: &'static str,
    pub(crate) reader: &'static str,
    pub(crate) cursor: &'static str,
    pub(crate) trouble: &'static str,
    pub(crate) no_trouble: &'static str,
    pub(crate) quarantine: &'static str,
    pub(crate) nothing_held: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) count: &'static str,
    pub(crate) newest: &'static str,
    pub(crate) retry: &'static str,
    pub(crate) tried: &'static str,
    pub(crate) back: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) all_known: &'static str,
    pub(crate) payload: &'static str,
    pub(crate) message: &'static str,
    pub(crate) as_read_now: &'static str,
    pub(crate) envelope: &'static str,
}

/// `/parking`.
pub(crate) struct Parking {
    pub(crate) free: Count,
    pub(crate) overstays: &'static str,
    pub(crate) going_on: &'static str,
    pub(crate) sessions: &'static str,
    pub(crate) of_today: &'static str,
    pub(crate) doubted: &'static str,
    pub(crate) none_doubted: &'static str,
    pub(crate) fault: &'static str,
    pub(crate) silent: &'static str,
    pub(crate) stuck: &'static str,
    pub(crate) week: &'static str,
    pub(crate) week_note: &'static str,
    pub(crate) week_unknown: &'static str,
    pub(crate) day: &'static str,
    /// Below half, to 70, to 85 per cent, and above.
    pub(crate) steps: [&'static str; 4],
    pub(crate) doubtful_hours: &'static str,
    pub(crate) bays: &'static str,
    /// Free, taken.
    pub(crate) bay_states: [&'static str; 2],
}

/// `/water`.
pub(crate) struct Water {
    pub(crate) by_day: &'static str,
    pub(crate) night: &'static str,
    pub(crate) no_district: &'static str,
    pub(crate) district: &'static str,
    pub(crate) date: &'static str,
    pub(crate) flow: &'static str,
    pub(crate) far_above: &'static str,
    pub(crate) night_note: &'static str,
}

/// `/public/alerts`.
pub(crate) struct Public {
    pub(crate) title: &'static str,
    pub(crate) going_on: Count,
    pub(crate) now: &'static str,
    pub(crate) none: &'static str,
    pub(crate) over: &'static str,
    pub(crate) none_over: &'static str,
    pub(crate) elsewhere: &'static str,
    pub(crate) follow: &'static str,
    /// How it is meant, by the words of CAP: actual, exercise, system, test, draft.
    pub(crate) meanings: [&'static str; 5],
}

impl Public {
    /// How it is meant, by the word of CAP.
    pub(crate) fn meaning(&self, status: &str) -> &'static str {
        let [actual, exercise, system, test, draft] = self.meanings;
        match status {
            "Actual" => actual,
            "Exercise" => exercise,
            "System" => system,
            "Draft" => draft,
            _ => test,
        }
    }
}

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

impl Pages {
    /// Everything that is counted.
    #[cfg(test)]
    pub(crate) fn counts(&self) -> Vec<&Count> {
        vec![&self.desk.shown, &self.parking.free, &self.waste.to_empty, &self.devices.known, &self.public.going_on]
    }
}
