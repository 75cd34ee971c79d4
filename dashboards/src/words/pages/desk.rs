//! The texts of the pages on alerts, and what makes and holds them.

use crate::plural::Count;

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

/// `/silences`.
pub(crate) struct Silences {
    pub(crate) title: &'static str,
    pub(crate) holding: Count,
    pub(crate) silences: &'static str,
    pub(crate) windows: &'static str,
    pub(crate) none: &'static str,
    pub(crate) sort: &'static str,
    pub(crate) silence: &'static str,
    pub(crate) window: &'static str,
    pub(crate) lasting: &'static str,
    pub(crate) choose: &'static str,
    pub(crate) begin: &'static str,
    pub(crate) what: &'static str,
    pub(crate) whose: &'static str,
    pub(crate) end: &'static str,
    pub(crate) ended: &'static str,
    pub(crate) from: &'static str,
    pub(crate) over_too: &'static str,
    pub(crate) of_alert: &'static str,
}

/// `/rules`.
pub(crate) struct Rules {
    pub(crate) title: &'static str,
    pub(crate) count: Count,
    pub(crate) none: &'static str,
    pub(crate) new: &'static str,
    pub(crate) write: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) whose: &'static str,
    pub(crate) shipped: &'static str,
    pub(crate) own: &'static str,
    pub(crate) off: &'static str,
    pub(crate) source: &'static str,
    pub(crate) written: &'static str,
    pub(crate) mistakes: &'static str,
    pub(crate) line: &'static str,
    pub(crate) past: &'static str,
    pub(crate) try_it: &'static str,
    pub(crate) judging: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) changed: &'static str,
    pub(crate) save: &'static str,
    pub(crate) save_note: &'static str,
    pub(crate) saved: &'static str,
    pub(crate) would_fire: Count,
    pub(crate) draft: &'static str,
    pub(crate) present: &'static str,
    pub(crate) calmed: &'static str,
    pub(crate) judged: &'static str,
    pub(crate) nothing_judged: &'static str,
    pub(crate) a_day: &'static str,
    pub(crate) most: &'static str,
    pub(crate) by_device: &'static str,
    pub(crate) when: &'static str,
    pub(crate) times: &'static str,
    pub(crate) lasting: &'static str,
    pub(crate) more: Count,
}

/// `/rotas`.
pub(crate) struct Rotas {
    pub(crate) title: &'static str,
    pub(crate) none: &'static str,
    pub(crate) how: &'static str,
    pub(crate) unmanned: Count,
    pub(crate) now: &'static str,
    pub(crate) stands_in: &'static str,
    pub(crate) until: &'static str,
    pub(crate) for_good: &'static str,
    pub(crate) fallback: &'static str,
    pub(crate) no_shift: &'static str,
    pub(crate) two_weeks: &'static str,
    pub(crate) shifts: &'static str,
    pub(crate) who: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) hole: &'static str,
}
