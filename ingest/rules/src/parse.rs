//! Rules from TOML: every mistake is told with file, line, what is there and what was expected, and
//! all of them at once.
//!
//! Deliberately absent: opening files, and whether a channel exists (the settings know that).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use schemas::{RuleId, Tag, Zone};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::condition::{FORMS, Fault, Form};
use crate::hours::{Hours, Span};
use crate::rule::{Glance, Rule, RuleSet};
use crate::select::{Pattern, Select};
use crate::text::{Language, Saying, Template};

/// A file of rules is at most this large, bytes.
const FILE_LIMIT: usize = 1 << 20;
/// A text has at most this many characters: a page would be no message.
const TEXT_LIMIT: usize = 600;
/// A rule tells at most this many channels.
const NOTIFY_LIMIT: usize = 16;
/// The longest `hold`: what lasts a month is not an alert.
const HOLD_LIMIT: Duration = Duration::from_secs(31 * 24 * 3600);

/// The longest `keep_firing`: a day.
const KEEP_LIMIT: Duration = Duration::from_secs(24 * 3600);
/// The longest `lateness`: a week. What is later is history.
const LATENESS_LIMIT: Duration = Duration::from_secs(7 * 24 * 3600);
/// A rule names at most this many zones, and as many devices.
const SELECT_LIMIT: usize = 256;

/// The keys of a rule besides its condition.
const COMMON: [&str; 13] = [
    "id",
    "severity",
    "enabled",
    "replaces",
    "hold",
    "keep_firing",
    "notify",
    "when",
    "calendar",
    "texts",
    "resolved",
    "source",
    "runbook",
];

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
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    replaces: bool,
    hold: Option<Spanned<String>>,
    keep_firing: Option<Spanned<String>>,
    notify: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    when: RawSelect,
    calendar: Option<RawHours>,
    texts: RawTexts,
    resolved: Option<RawTexts>,
    source: Option<Spanned<String>>,
    runbook: Option<Spanned<String>>,
}

fn yes() -> bool {
    true
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSelect {
    kind: Option<Spanned<String>>,
    quantity: Option<Spanned<String>>,
    zone: Option<Spanned<OneOrMore>>,
    device: Option<Spanned<OneOrMore>>,
    tag: Option<Spanned<OneOrMore>>,
    without_tag: Option<Spanned<OneOrMore>>,
}

/// A name, or a list of them.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpan {
    from: jiff::civil::Time,
    to: jiff::civil::Time,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHours {
    days: Option<Vec<domains::time::WeekdayName>>,
    from: jiff::civil::Time,
    to: jiff::civil::Time,
    ramadan: Option<RawSpan>,
    #[serde(default)]
    holidays: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTexts {
    fr: Spanned<String>,
    ar: Spanned<String>,
    en: Spanned<String>,
}

impl RuleSet {
    /// Reads rules from files, given as (name, text), in order. A rule that says `replaces` takes the place of the one of
    /// its id in another file.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of files and lines: not TOML, a key or a condition that
    /// does not exist, an unknown kind, quantity, severity or placeholder, an empty or overlong text,
    /// a clear value on the wrong side, a senseless duration, an id that is there already.
    pub fn parse<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Result<Self, Vec<RuleError>> {
        let mut read = Read::default();
        for (name, text) in files {
            read.file(name.as_ref(), text.as_ref());
        }
        let Read { rules, lateness, mut errors } = read;
        let mut rules = replaced(rules);
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
        if !errors.is_empty() {
            return Err(errors);
        }
        let idle = rules.extract_if(.., |rule| !rule.enabled).collect();
        Ok(RuleSet::of(rules, lateness.unwrap_or(RuleSet::LATENESS)).beside(idle))
    }
}

/// Without those in whose place another one stands.
fn replaced(rules: Vec<Rule>) -> Vec<Rule> {
    let places: BTreeMap<RuleId, String> =
        rules.iter().filter(|rule| rule.replaces).map(|rule| (rule.id.clone(), rule.file.clone())).collect();
    let stands = |rule: &Rule| rule.replaces || places.get(&rule.id).is_none_or(|file| *file == rule.file);
    rules.into_iter().filter(stands).collect()
}

/// What was read so far.
#[derive(Default)]
struct Read {
    rules: Vec<Rule>,
    lateness: Option<Duration>,
    errors: Vec<RuleError>,
}

impl Read {
    fn file(&mut self, file: &str, text: &str) {
        let Self { rules, lateness, errors } = self;
        let line = |span: Option<Range<usize>>| {
            let start = span.map_or(0, |s| s.start).min(text.len());
            1 + text.as_bytes().get(..start).unwrap_or_default().iter().filter(|b| **b == b'\n').count()
        };
        let mut fail =
            |fault: Fault| errors.push(RuleError { file: file.to_owned(), line: line(fault.span), message: fault.message });
        if text.len() > FILE_LIMIT {
            return fail(Fault {
                span: None,
                message: format!("the file has {} bytes, expected at most {FILE_LIMIT}", text.len()),
            });
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
                ("rule", _) => fail(Fault::at(span, "`rule` is not a list of tables, expected [[rule]]")),
                ("lateness", DeValue::String(text)) => {
                    let text = Spanned::new(span.clone(), text.into_owned());
                    match duration("lateness", &text, Duration::from_secs(1), LATENESS_LIMIT) {
                        Ok(read) if lateness.is_none_or(|other| other == read) => *lateness = Some(read),
                        Ok(_) => fail(Fault::at(span, "lateness is another one in another file, expected one for all rules")),
                        Err(fault) => fail(fault),
                    }
                }
                (other, _) => fail(Fault::at(key.span(), format!("unknown key `{other}`, expected lateness or [[rule]]"))),
            }
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

    /// A list of names of one kind; a single one is a list of one.
    fn words<T>(&mut self, key: &str, all: Option<&Spanned<OneOrMore>>, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let Some(all) = all else { return Vec::new() };
        let names: &[String] = match all.as_ref() {
            OneOrMore::One(name) => std::slice::from_ref(name),
            OneOrMore::More(names) => names,
        };
        if names.is_empty() || names.len() > SELECT_LIMIT {
            self.0.push(Fault::at(all.span(), format!("{key}: {} names, expected 1 to {SELECT_LIMIT}", names.len())));
        }
        let read = |name: &String| read(name).map_err(|e| Fault::at(all.span(), format!("{key}: {e}")));
        names.iter().filter_map(|name| self.keep(read(name))).collect()
    }

    /// A text for people, not empty.
    fn note(&mut self, key: &str, text: Option<&Spanned<String>>) -> Option<String> {
        let text = text?;
        let length = text.as_ref().chars().count();
        if text.as_ref().trim().is_empty() || length > TEXT_LIMIT {
            self.0.push(Fault::at(text.span(), format!("{key} has {length} characters, expected 1 to {TEXT_LIMIT}")));
        }
        Some(text.as_ref().clone())
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
    let tag = |text: &str| Tag::new(text).map_err(|e| e.to_string());
    let select = Select {
        kind: when.kind.as_ref().and_then(|t| faults.word("kind", t)),
        quantity: when.quantity.as_ref().and_then(|t| faults.word("quantity", t)),
        zones: faults.words("zone", when.zone.as_ref(), |text| Zone::new(text).map_err(|e| e.to_string())),
        devices: faults.words("device", when.device.as_ref(), Pattern::new),
        tags: faults.words("tag", when.tag.as_ref(), tag),
        without_tags: faults.words("without_tag", when.without_tag.as_ref(), tag),
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
    let keep_firing = raw.keep_firing.as_ref().map_or(Ok(Duration::ZERO), |text| {
        if form.by_value {
            return duration("keep_firing", text, Duration::ZERO, KEEP_LIMIT);
        }
        Err(Fault::at(text.span(), format!("keep_firing is of no use with {}, which is over with the next reading", form.name)))
    });
    let keep_firing = faults.keep(keep_firing);
    let [source, runbook] =
        [("source", &raw.source), ("runbook", &raw.runbook)].map(|(key, text)| faults.note(key, text.as_ref()));
    let hours = raw.calendar.as_ref().map(RawHours::read);
    let firing = saying("texts", &raw.texts, form, &mut faults);
    let resolved = match &raw.resolved {
        Some(texts) => saying("resolved", texts, form, &mut faults),
        None => firing.clone().map(Saying::ended),
    };
    let condition = (form.read)(condition, select.quantity).map_err(|found| faults.0.extend(found)).ok();
    match (id, severity, hold.zip(keep_firing), firing, resolved, condition) {
        (Some(id), Some(severity), Some((hold, keep_firing)), Some(firing), Some(resolved), Some(condition))
            if faults.0.is_empty() =>
        {
            Ok(Rule {
                enabled: raw.enabled,
                replaces: raw.replaces,
                keep_firing,
                hours,
                source,
                runbook,
                id,
                severity,
                hold,
                notify,
                select,
                glance: Glance::of(&*condition),
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

impl RawHours {
    fn read(&self) -> Hours {
        let mut days = [self.days.is_none(); 7];
        for day in self.days.iter().flatten() {
            let place = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
            if let Some(on) = days.get_mut(place) {
                *on = true;
            }
        }
        let ramadan = self.ramadan.as_ref().map(|span| Span { from: span.from, to: span.to });
        Hours { days, usual: Span { from: self.from, to: self.to }, ramadan, holidays: self.holidays }
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

/// A duration as people write it: `30m`, `3h`, `1h30m`.
pub(crate) fn said(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let text: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}
