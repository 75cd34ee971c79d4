//! A rule as somebody wrote it on a page: read by itself, so that each mistake is told by its line there.

use std::sync::Arc;
use std::time::Duration;

use ports::{RULE_BYTES, RuleDraft, RuleMistake, RulebookError};
use rules::{Rule, RuleSet};

/// How the draft is called in mistakes, which are told by line.
const NAME: &str = "draft";

/// A draft that is a rule.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) rules: Arc<RuleSet>,
}

fn mistake(line: usize, message: impl Into<String>) -> RulebookError {
    RulebookError::Mistakes(vec![RuleMistake { line, message: message.into() }])
}

impl Draft {
    /// Reads it, as a set of one rule that waits for late readings as long as all others do.
    pub(super) fn read(draft: &RuleDraft, lateness: Duration) -> Result<Self, RulebookError> {
        let RuleDraft { id, toml } = draft;
        if toml.len() > RULE_BYTES {
            return Err(mistake(1, format!("the rule has {} bytes, expected at most {RULE_BYTES}", toml.len())));
        }
        // What stands before the table would be said of the file in whose middle it is put.
        let first = toml.lines().enumerate().find(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
        if let Some((at, line)) = first.filter(|(_, line)| line.trim() != "[[rule]]") {
            return Err(mistake(at + 1, format!("`{}` stands before the rule, expected [[rule]] first", line.trim())));
        }
        let rules = alone(toml, lateness).map_err(|found| {
            let told = found.into_iter().filter(|error| error.file == NAME);
            let mut told: Vec<_> = told.map(|e| RuleMistake { line: e.line, message: e.message }).collect();
            told.sort_by_key(|mistake| mistake.line);
            RulebookError::Mistakes(told)
        })?;
        let mut all = rules.rules().iter().chain(rules.idle());
        match (all.next(), all.next()) {
            (Some(rule), None) if rule.id() == id => {}
            (Some(rule), None) => {
                return Err(mistake(line_of(toml, "id"), format!("id `{}` is another rule's, expected `{id}`", rule.id())));
            }
            (None, _) => return Err(mistake(1, "there is no rule, expected one [[rule]]")),
            (Some(_), Some(second)) => return Err(mistake(second.origin().1, "a second rule, expected one [[rule]]")),
        }
        Ok(Self { rules: Arc::new(rules) })
    }

    pub(super) fn rule(&self) -> &Rule {
        self.rules.rules().iter().chain(self.rules.idle()).next().expect("a draft that was read has a rule")
    }
}

/// A table of one rule as a set of its own.
pub(super) fn alone(table: &str, lateness: Duration) -> Result<RuleSet, Vec<rules::RuleError>> {
    RuleSet::parse(&[(NAME, table), ("lateness", &format!("lateness = \"{}s\"", lateness.as_secs()))])
}

/// Where a key of the rule stands.
pub(super) fn line_of(toml: &str, key: &str) -> usize {
    let says = |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
    toml.lines().position(says).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"[[rule]]
id = "one"
severity = "info"
notify = []
texts = { fr = "x", ar = "x", en = "x" }
when = { quantity = "waste.fill" }
threshold = { above = 80.0, clear = 70.0 }
"#;

    fn read(toml: &str) -> Result<Draft, String> {
        let draft = RuleDraft { id: "one".parse().unwrap(), toml: toml.to_owned() };
        Draft::read(&draft, RuleSet::LATENESS).map_err(|error| error.to_string())
    }

    #[test]
    fn every_mistake_of_a_draft_is_told_by_its_line() {
        assert!(read(GOOD).is_ok() && read(&format!("# why\n\n{GOOD}")).is_ok());
        let wrong = read(&GOOD.replace("info", "grave").replace("80.0", "60.0")).unwrap_err();
        let lines: Vec<&str> = wrong.lines().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(lines, ["line 3", "line 7"], "{wrong}");
        assert_eq!(read("").unwrap_err(), "line 1: there is no rule, expected one [[rule]]");
        assert_eq!(read(&format!("{GOOD}{GOOD}").replace("info", "critical")).unwrap_err().lines().count(), 1);
        let other = format!("{GOOD}\n{}", GOOD.replace("\"one\"", "\"two\""));
        assert_eq!(read(&other).unwrap_err(), "line 9: a second rule, expected one [[rule]]");
    }

    #[test]
    fn a_draft_changes_neither_another_rule_nor_the_file_around_it() {
        assert_eq!(read(&GOOD.replace("\"one\"", "\"two\"")).unwrap_err(), "line 2: id `two` is another rule's, expected `one`");
        let before = read(&format!("lateness = \"1h\"\n{GOOD}")).unwrap_err();
        assert_eq!(before, "line 1: `lateness = \"1h\"` stands before the rule, expected [[rule]] first");
        assert!(read(&" ".repeat(RULE_BYTES + 1)).unwrap_err().contains("expected at most 32768"));
    }

    #[test]
    fn a_draft_waits_for_late_readings_as_long_as_the_others() {
        let draft = RuleDraft { id: "one".parse().unwrap(), toml: GOOD.to_owned() };
        let hour = Duration::from_secs(3600);
        assert_eq!(Draft::read(&draft, hour).unwrap().rules.lateness(), hour);
    }
}
