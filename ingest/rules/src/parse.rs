//! Rules from TOML: every mistake is told with file, line, what is there and what was expected, and
//! all of them at once.
//!
//! Deliberately absent: opening files, and whether a channel exists (the settings know that).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use schemas::RuleId;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::condition::{FORMS, Fault, Form};
use crate::rule::{Rule, RuleSet, Select};
use crate::text::{Language, Saying, Template};

/// A file of rules is at most this large, bytes.
const FILE_LIMIT: usize = 1 << 20;
/// A text has at most this many characters: a page would be no message.
const TEXT_LIMIT: usize = 600;
/// A rule tells at most this many channels.
const NOTIFY_LIMIT: usize = 16;
/// The longest `hold`: what lasts a month is not an alert.
const HOLD_LIMIT: Duration = Duration::from_secs(31 * 24 * 3600);

/// The keys of a rule besides its condition.
const COMMON: [&str; 7] = ["id", "severity", "hold", "notify", "when", "texts", "resolved"];

/// Something wrong in a file of rules. Prints as `file:line: message`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct RuleError {
    /// As it was named to [`RuleSet::parse`].
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What is there and what was expected.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: Spanned<String>,
    severity: Spanned<String>,
    hold: Option<Spanned<String>>,
    notify: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    when: RawSelect,
    texts: RawTexts,
    resolved: Option<RawTexts>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSelect {
    kind: Option<Spanned<String>>,
    quantity: Option<Spanned<String>>,
    zone: Option<Spanned<String>>,
    device: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTexts {
    fr: Spanned<String>,
    ar: Spanned<String>,
    en: Spanned<String>,
}

impl RuleSet {
    /// Reads rules from files, given as (name, text), in order.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of files and lines: not TOML, a key or a condition that
    /// does not exist, an unknown kind, quantity, severity or placeholder, an empty or overlong text,
    /// a clear value on the wrong side, a senseless duration, an id that is there already.
    pub fn parse<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Result<Self, Vec<RuleError>> {
        let mut rules: Vec<Rule> = Vec::new();
        let mut errors = Vec::new();
        for (name, text) in files {
            read_file(name.as_ref(), text.as_ref(), &mut rules, &mut errors);
        }
        let mut seen: BTreeMap<&RuleId, &Rule> = BTreeMap::new();
        for rule in &rules {
            if let Some(first) = seen.insert(&rule.id, rule) {
                let message = format!("id `{}` is there already, in {}:{}", rule.id, first.file, first.line);
                errors.push(RuleError { file: rule.file.clone(), line: rule.line, message });
            }
        }
        if let Some(extra) = rules.get(RuleSet::LIMIT) {
            let message = format!("there are {} rules, expected at most {}", rules.len(), RuleSet::LIMIT);
            errors.push(RuleError { file: extra.file.clone(), line: extra.line, message });
        }
        if errors.is_empty() { Ok(RuleSet::of(rules)) } else { Err(errors) }
    }
}

fn read_file(file: &str, text: &str, rules: &mut Vec<Rule>, errors: &mut Vec<RuleError>) {
    let line = |span: Option<Range<usize>>| {
        let start = span.map_or(0, |s| s.start).min(text.len());
        1 + text.as_bytes().get(..start).unwrap_or_default().iter().filter(|b| **b == b'\n').count()
    };
    let mut fail =
        |fault: Fault| errors.push(RuleError { file: file.to_owned(), line: line(fault.span), message: fault.message });
    if text.len() > FILE_LIMIT {
        return fail(Fault { span: None, message: format!("the file has {} bytes, expected at most {FILE_LIMIT}", text.len()) });
    }
    let table = match DeTable::parse(text) {
        Ok(table) => table.into_inner(),
        Err(error) => return fail(error.into()),
    };
    for (key, value) in table {
        let span = value.span();
        match (key.as_ref().as_ref(), value.into_inner()) {
            ("rule", DeValue::Array(tables)) => {
                for table in tables {
                    let at = table.span();
                    match read_rule(table) {
                        Ok(mut rule) => {
                            rule.file = file.to_owned();
                            rule.line = line(Some(at));
                            rules.push(rule);
                        }
                        Err(faults) => faults.into_iter().for_each(|f| {
                            fail(Fault { span: f.span.or_else(|| Some(at.clone())), ..f });
                        }),
                    }
                }
            }
            ("rule", _) => fail(Fault::at(span, "`rule` is not a list of tables, expected [[rule]]".to_owned())),
            (other, _) => fail(Fault::at(key.span(), format!("unknown key `{other}`, expected [[rule]]"))),
        }
    }
}

/// Gathers what is wrong with a rule, so that one look at a file finds all of it.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn keep<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.0.push(fault)).ok()
    }

    fn word<T: FromStr<Err: Display>>(&mut self, key: &str, text: &Spanned<String>) -> Option<T> {
        self.keep(text.as_ref().parse().map_err(|e| Fault::at(text.span(), format!("{key}: {e}"))))
    }
}

fn read_rule(table: Spanned<DeValue<'_>>) -> Result<Rule, Vec<Fault>> {
    let span = table.span();
    let DeValue::Table(entries) = table.into_inner() else {
        return Err(vec![Fault::at(span, "a rule is not a table, expected [[rule]]".to_owned())]);
    };
    let mut faults = Faults::default();
    let mut common = DeTable::new();
    let mut conditions = Vec::new();
    for (key, value) in entries {
        let name: &str = key.as_ref();
        if let Some(form) = FORMS.iter().find(|f| f.name == name) {
            conditions.push((form, value));
        } else if COMMON.contains(&name) {
            common.insert(key, value);
        } else {
            let known = COMMON.into_iter().chain(FORMS.iter().map(|f| f.name)).collect::<Vec<_>>().join(", ");
            faults.0.push(Fault::at(key.span(), format!("unknown key `{name}`, expected one of {known}")));
        }
    }
    let raw = RawRule::deserialize(ValueDeserializer::from(Spanned::new(span.clone(), DeValue::Table(common))));
    let raw = faults.keep(raw.map_err(Fault::from));
    let count = conditions.len();
    let condition = conditions.pop().filter(|_| count == 1);
    if condition.is_none() {
        let known = FORMS.iter().map(|f| f.name).collect::<Vec<_>>().join(", ");
        faults.0.push(Fault { span: None, message: format!("a rule has exactly one condition ({known}), this one has {count}") });
    }
    let (Some(raw), Some((form, condition))) = (raw, condition) else { return Err(faults.0) };
    build(&raw, form, condition, &span, faults)
}

fn build(
    raw: &RawRule,
    form: &'static Form,
    condition: Spanned<DeValue<'_>>,
    span: &Range<usize>,
    mut faults: Faults,
) -> Result<Rule, Vec<Fault>> {
    let when = &raw.when;
    let select = Select {
        kind: when.kind.as_ref().and_then(|t| faults.word("kind", t)),
        quantity: when.quantity.as_ref().and_then(|t| faults.word("quantity", t)),
        zone: when.zone.as_ref().and_then(|t| faults.word("zone", t)),
        device: when.device.as_ref().and_then(|t| faults.word("device", t)),
    };
    if form.by_value && when.quantity.is_none() {
        faults.0.push(Fault::at(span.clone(), format!("`when` names no quantity, and a {} judges one", form.name)));
    }
    let id = faults.word("id", &raw.id);
    let severity = faults.word("severity", &raw.severity);
    let notify = channels(&raw.notify, &mut faults);
    let hold = match &raw.hold {
        None => Some(Duration::ZERO),
        Some(text) if form.by_value => faults.keep(duration("hold", text, Duration::ZERO, HOLD_LIMIT)),
        Some(text) => {
            let message = format!("hold is of no use with {}, expected a longer time there instead", form.name);
            faults.keep(Err(Fault::at(text.span(), message)))
        }
    };
    let firing = saying("texts", &raw.texts, form, &mut faults);
    let resolved = match &raw.resolved {
        Some(texts) => saying("resolved", texts, form, &mut faults),
        None => firing.clone().map(Saying::ended),
    };
    let condition = faults.keep((form.read)(condition, select.quantity));
    match (id, severity, hold, firing, resolved, condition) {
        (Some(id), Some(severity), Some(hold), Some(firing), Some(resolved), Some(condition)) if faults.0.is_empty() => {
            Ok(Rule {
                id,
                severity,
                hold,
                notify,
                select,
                condition,
                form: form.name,
                by_value: form.by_value,
                firing,
                resolved,
                file: String::new(),
                line: 0,
            })
        }
        _ => Err(faults.0),
    }
}

fn channels(raw: &Spanned<Vec<Spanned<String>>>, faults: &mut Faults) -> Vec<schemas::ChannelName> {
    let mut notify = Vec::new();
    if raw.as_ref().len() > NOTIFY_LIMIT {
        let message = format!("notify names {} channels, expected at most {NOTIFY_LIMIT}", raw.as_ref().len());
        faults.0.push(Fault::at(raw.span(), message));
    }
    for text in raw.as_ref() {
        let Some(channel) = faults.word("notify", text) else { continue };
        if notify.contains(&channel) {
            faults.0.push(Fault::at(text.span(), format!("notify names `{channel}` twice")));
        }
        notify.push(channel);
    }
    notify
}

fn saying(key: &str, raw: &RawTexts, form: &Form, faults: &mut Faults) -> Option<Saying> {
    let mut template = |language: Language, text: &Spanned<String>| {
        let read = if text.as_ref().trim().is_empty() {
            Err("the text is empty".to_owned())
        } else if text.as_ref().chars().count() > TEXT_LIMIT {
            Err(format!("the text has more than {TEXT_LIMIT} characters"))
        } else {
            Template::parse(text.as_ref(), language, form.by_value)
        };
        faults.keep(read.map_err(|message| Fault::at(text.span(), format!("{key}.{}: {message}", language.code()))))
    };
    let (fr, ar, en) = (template(Language::Fr, &raw.fr), template(Language::Ar, &raw.ar), template(Language::En, &raw.en));
    Some(Saying { fr: fr?, ar: ar?, en: en? })
}

/// A duration such as `"30s"`, `"30m"` or `"3h"` in `least..=most`.
pub(crate) fn duration(key: &str, text: &Spanned<String>, least: Duration, most: Duration) -> Result<Duration, Fault> {
    let written = text.as_ref();
    let read = jiff::fmt::friendly::SpanParser::new().parse_unsigned_duration(written);
    let Ok(read) = read else {
        let message = format!("{key}: `{written}` is not a duration, expected such as \"30s\", \"30m\" or \"3h\"");
        return Err(Fault::at(text.span(), message));
    };
    if (least..=most).contains(&read) {
        return Ok(read);
    }
    let bounds = format!("{} s to {} h", least.as_secs(), most.as_secs() / 3600);
    Err(Fault::at(text.span(), format!("{key}: `{written}` is out of bounds, expected {bounds}")))
}
