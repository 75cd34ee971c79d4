//! Other rules in place of the present ones, while everything goes on.

use std::sync::Arc;

use schemas::{Note, Timestamp, Transition};

use crate::engine::Engine;
use crate::group::Groups;
use crate::rule::RuleSet;

impl Engine {
    /// Judges by other rules from now on. A rule whose logic is the same (selection, condition, hold, hours; texts,
    /// severity and channels may differ) goes on where it was, with its holds and its past. What a rule that went, or
    /// that judges otherwise, had open ends at `at`, and the transition says why; a changed rule begins anew.
    ///
    /// Commit the transitions and [`Engine::take_dirty`] as those of readings, then call [`Engine::advance`].
    pub fn replace_rules(&mut self, rules: Arc<RuleSet>, at: Timestamp, out: &mut Vec<Transition>) {
        let old = Arc::clone(&self.rules);
        // Where each rule of before is now; `Err` says why it is not.
        let places: Vec<Result<u16, Note>> = old
            .rules()
            .iter()
            .map(|rule| {
                let place = rules.position(rule.id().as_str()).ok_or(Note::RuleRemoved)?;
                let same = rules.rules().get(usize::from(place)).is_some_and(|now| now.logic() == rule.logic());
                if same { Ok(place) } else { Err(Note::RuleChanged) }
            })
            .collect();
        for index in 0..self.devices.len() {
            // Judged by the old rules to the end, so that their texts are those that people know.
            self.on(index, out, |watched, stage| {
                let (kind, zone) = (watched.kind, watched.zone.clone());
                watched.watches.retain_mut(|watch| match places.get(usize::from(watch.rule)) {
                    Some(Ok(place)) => {
                        watch.rule = *place;
                        true
                    }
                    Some(Err(note)) => {
                        if let Some(rule) = old.rules().get(usize::from(watch.rule)) {
                            let end = at.max(watch.live.at);
                            watch.live.end(rule, end, stage.local, stage.steps);
                            watch.tell(rule, kind, &zone, Some(note), stage);
                        }
                        false
                    }
                    None => false,
                });
                watched.unsettle();
            });
            self.mark(index);
        }
        self.rules = rules;
        for index in 0..self.devices.len() {
            let due = self.on(index, out, |watched, stage| {
                watched.watches.sort_unstable_by_key(crate::watch::Watch::rank);
                watched.due(stage.rules, stage.local)
            });
            self.wake_by(index, due.flatten());
        }
        self.groups = Groups::default();
        (0..self.devices.len()).for_each(|index| self.join_groups(index));
    }
}
