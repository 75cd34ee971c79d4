//! The town's rules: two that are looked at, of which one comes with the program.

use ports::{BackTest, BoxFuture, Outcome, RuleDraft, RuleMistake, RuleText, RuleView, Rulebook, RulebookError, Spell};
use schemas::{RuleId, Severity, Texts, Timestamp};

use super::{Done, Town};

fn view(id: &str, shipped: bool) -> RuleView {
    RuleView {
        id: id.parse().unwrap(),
        severity: Severity::Critical,
        condition: "threshold".to_owned(),
        enabled: true,
        words: Texts {
            fr: "Bacs : le remplissage dépasse 90 %.".into(),
            ar: "الحاويات: الامتلاء فوق 90%.".into(),
            en: "Bins: the fill level is above 90%.".into(),
        },
        notify: vec!["log".parse().unwrap()],
        source: Some("the contract, annex 3".to_owned()),
        origin: if shipped { "rules/waste.toml:12".to_owned() } else { "/etc/marsad/rules/city.toml:3".to_owned() },
        shipped,
    }
}

/// A draft that says `wrong` has a mistake in its second line.
fn read(draft: &RuleDraft) -> Result<(), RulebookError> {
    if draft.toml.contains("wrong") {
        return Err(RulebookError::Mistakes(vec![RuleMistake { line: 2, message: "unknown key `wrong`".to_owned() }]));
    }
    Ok(())
}

impl Rulebook for Town {
    fn rules(&self) -> BoxFuture<'_, Result<Vec<RuleView>, RulebookError>> {
        Box::pin(async { Ok(vec![view("bin-full", true), view("bin-half", false)]) })
    }

    fn rule<'a>(&'a self, id: &'a RuleId) -> BoxFuture<'a, Result<Option<RuleText>, RulebookError>> {
        Box::pin(async move {
            let known = [view("bin-full", true), view("bin-half", false)].into_iter().find(|view| view.id == *id);
            Ok(known.map(|view| RuleText { toml: format!("[[rule]]\nid = \"{}\"\n", view.id), view }))
        })
    }

    fn back_test(&self, draft: RuleDraft, from: Timestamp) -> BoxFuture<'_, Result<BackTest, RulebookError>> {
        Box::pin(async move {
            read(&draft)?;
            let to = self.clock.now();
            let spell = |device: &str, hours: u64, until| Spell {
                device: device.parse().unwrap(),
                zone: "anfa".parse().unwrap(),
                from: to.minus(std::time::Duration::from_secs(hours * 3600)),
                until,
                value: Some(93.0),
            };
            let spells = vec![
                spell("bin-1", 50, Some(to.minus(std::time::Duration::from_secs(40 * 3600)))),
                spell("bin-2", 30, None),
                spell("bin-1", 5, None),
            ];
            let draft = Outcome { fired: 3, calmed: 1, spells };
            let present = Outcome { fired: 7, ..Outcome::default() };
            Ok(BackTest { from, to, readings: 12_345, devices: 2, draft, present: Some(present) })
        })
    }

    fn save(&self, draft: RuleDraft) -> BoxFuture<'_, Result<String, RulebookError>> {
        Box::pin(async move {
            read(&draft)?;
            self.does(Done::Save(draft));
            Ok("/etc/marsad/rules/city.toml".to_owned())
        })
    }
}
