//! The texts of the pages on what a city measures, and what it tells everybody.

use crate::plural::Count;

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

/// `/water`: leaks, and the balance of districts.
pub(crate) struct Leaks {
    pub(crate) leaks: &'static str,
    pub(crate) going_on: Count,
    pub(crate) of_week: &'static str,
    pub(crate) meter: &'static str,
    pub(crate) what: &'static str,
    pub(crate) burst: &'static str,
    /// Minor, moderate, major.
    pub(crate) classes: [&'static str; 3],
    pub(crate) certain: &'static str,
    pub(crate) flow: &'static str,
    pub(crate) ended: &'static str,
    pub(crate) lasts: &'static str,
    pub(crate) no_leak: &'static str,
    pub(crate) leaks_note: &'static str,
    pub(crate) no_keys: &'static str,
    pub(crate) losses: &'static str,
    pub(crate) two_weeks: &'static str,
    pub(crate) inflow: &'static str,
    pub(crate) consumption: &'static str,
    pub(crate) loss: &'static str,
    pub(crate) part: &'static str,
    pub(crate) losses_note: &'static str,
}

/// `/kinds/{kind}`, the page of a city's own kind: all other words are the city's.
pub(crate) struct Kinds {
    pub(crate) devices: Count,
}

/// Maps that move, on every page that has one.
pub(crate) struct Maps {
    pub(crate) touch: &'static str,
    /// Before the number that a step ends with, or begins with.
    pub(crate) below: &'static str,
    pub(crate) from: &'static str,
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
