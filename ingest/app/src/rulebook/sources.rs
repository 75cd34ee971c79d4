//! Rules and the texts they are written in.

use std::ops::Range;
use std::sync::Arc;

use rules::{Rule, RuleError, RuleSet};

/// Rules and the files that they were read from: name and text.
pub(crate) struct Sources {
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) texts: Vec<(String, String)>,
}

impl Sources {
    pub(crate) fn parse(texts: Vec<(String, String)>) -> Result<Self, Vec<RuleError>> {
        Ok(Self { rules: Arc::new(RuleSet::parse(&texts)?), texts })
    }

    /// The rule of this name, whether it judges or is switched off.
    pub(crate) fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.rule(id).or_else(|| self.rules.idle().iter().find(|rule| rule.id().as_str() == id))
    }

    fn file(&self, name: &str) -> &str {
        self.texts.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text)
    }

    /// The table of a rule, as it stands in its file.
    pub(crate) fn text(&self, rule: &Rule) -> String {
        let text = self.file(rule.origin().0);
        let lines = lines_of(text, rule);
        text.lines().skip(lines.start).take(lines.len()).fold(String::new(), |text, line| text + line + "\n")
    }

    /// The file of a rule with another table in the place of its own.
    pub(crate) fn with(&self, rule: &Rule, table: &str) -> String {
        let text = self.file(rule.origin().0);
        let place = lines_of(text, rule);
        let before = text.lines().take(place.start);
        before
            .chain(table.trim_end().lines())
            .chain(text.lines().skip(place.end))
            .fold(String::new(), |text, line| text + line + "\n")
    }
}

/// The lines of a rule's table, from 0.
fn lines_of(text: &str, rule: &Rule) -> Range<usize> {
    let first = rule.origin().1 - 1;
    let rest: Vec<&str> = text.lines().skip(first + 1).take_while(|l| l.trim() != "[[rule]]").collect();
    // What stands before the next rule is said of that one.
    let end = rest.iter().rposition(|l| !l.trim().is_empty() && !l.starts_with('#')).map_or(0, |last| last + 1);
    first..first + 1 + end
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"lateness = "24h"

# Of the first one.
[[rule]]
id = "one"
severity = "info"
notify = []
texts = { fr = "x", ar = "x", en = "x" }
when = { quantity = "waste.fill" }
threshold = { above = 80.0, clear = 70.0 }

# Of the second one.
[[rule]]
id = "two"
enabled = false
severity = "info"
notify = []
texts = { fr = "x", ar = "x", en = "x" }
when = { quantity = "waste.fill" }
threshold = { above = 90.0, clear = 70.0 }
"#;

    #[test]
    fn a_table_is_exchanged_and_all_around_it_stays() {
        let sources = Sources::parse(vec![("city.toml".to_owned(), FILE.to_owned())]).unwrap();
        let one = sources.rule("one").unwrap();
        assert!(sources.text(one).starts_with("[[rule]]\nid = \"one\"") && sources.text(one).ends_with("clear = 70.0 }\n"));
        let other = sources.text(one).replace("80.0", "85.0");
        assert_eq!(sources.with(one, &other), FILE.replace("80.0", "85.0"));
        let two = sources.rule("two").unwrap();
        assert_eq!(sources.with(two, &sources.text(two)), FILE, "one that is switched off too, and the last one");
    }
}
