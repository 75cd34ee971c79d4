//! The texts of the pages behind the front page: one group a page.

use crate::plural::Count;

/// All groups.
pub(crate) struct Pages {
    pub(crate) nav: Nav,
    pub(crate) desk: Desk,
    pub(crate) parking: Parking,
    pub(crate) water: Water,
}

/// The menu, where it says something else than the page.
pub(crate) struct Nav {
    pub(crate) alerts: &'static str,
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
    pub(crate) shown: Count,
    pub(crate) empty: &'static str,
    pub(crate) more: &'static str,
    pub(crate) choose_all: &'static str,
    pub(crate) choose: &'static str,
    pub(crate) keys: &'static str,
    /// What j, k, x, a, w and / do.
    pub(crate) key_names: [&'static str; 6],
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

/// `/parking`.
pub(crate) struct Parking {
    pub(crate) overstays: &'static str,
    pub(crate) going_on: &'static str,
    pub(crate) sessions: &'static str,
    pub(crate) of_today: &'static str,
    pub(crate) doubted: &'static str,
    pub(crate) none_doubted: &'static str,
    pub(crate) fault: &'static str,
    pub(crate) silent: &'static str,
    pub(crate) stuck: &'static str,
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

impl Pages {
    /// Everything that is counted.
    #[cfg(test)]
    pub(crate) fn counts(&self) -> Vec<&Count> {
        vec![&self.desk.shown]
    }
}
