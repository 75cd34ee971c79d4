//! The rules: all of them, and one as it is written. An engineer tries a draft on the past, sees what it would have said beside what
//! the rule that stands would have, and only then puts it in force: what is saved is what was tried.
//!
//! Deliberately absent: judging and writing (`ports::Rulebook`).

mod trial;

use maud::{Markup, html};
use ports::{RuleDraft, RuleMistake, RuleText, RuleView, RulebookError};
use schemas::RuleId;
use serde::Deserialize;

use super::alerts::word;
use super::parts::{Desk, empty, panel};
use super::shell::Scripts;
use super::visit::{SELDOM, Sheet, Visit};
use super::{Fields, field};
use crate::access::{Right, may};
use crate::api::rules::{DAYS, begin};
use crate::params::encoded;
use crate::problem::Problem;

/// What a new rule begins with.
const TEMPLATE: &str = include_str!("template.toml");
/// Days of the past that can be chosen.
const PERIODS: [u32; 3] = [1, 7, DAYS];

#[derive(Deserialize)]
struct Rules {
    rules: Vec<RuleView>,
}

/// The name of the page, for links to it.
pub(crate) fn title(desk: &Desk<'_>) -> &'static str {
    desk.lang.words().pages.rules.title
}

/// `/{lang}/rules`; with `new=ID` on to the page of a rule that is to be.
pub(crate) async fn list(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&["new"])?;
    let (desk, texts) = (visit.desk(), &visit.lang.words().pages.rules);
    if let Some(id) = params.parsed::<RuleId>("new", "the id of a rule: letters, digits, . _ : -")? {
        return Ok(Sheet {
            to: Some(desk.to(&format!("rules/{}", encoded(id.as_str())))),
            ..Sheet::plain(texts.title, html! {})
        });
    }
    let found: Rules = visit.ask("rules").await?;
    let main = html! {
        p.back { a href=(desk.to("alerts")) { (visit.lang.words().pages.desk.title) } }
        (desk.opening(texts.title, &texts.count.say(visit.lang, found.rules.len() as u64)))
        @if may(Right::Works) {
            form.filters method="get" action=(desk.to("rules")) {
                label.field { span { (texts.new) } input name="new" required maxlength="64" pattern="[A-Za-z0-9._:\\-]+" autocomplete="off" spellcheck="false" dir="ltr"; }
                button.btn { (texts.write) }
            }
        }
        div.after { (panel(visit.lang, "rules", texts.title, &html! {}, Some(table(&desk, &found.rules)))) }
    };
    Ok(Sheet { often: SELDOM, ..Sheet::plain(texts.title, main) })
}

fn table(desk: &Desk<'_>, rules: &[RuleView]) -> Markup {
    let (lang, texts) = (desk.lang, &desk.lang.words().pages.rules);
    if rules.is_empty() {
        return empty(texts.none);
    }
    html! { table.rows {
        caption.vh { (texts.title) }
        thead { tr {
            th scope="col" { (texts.rule) }
            th.late scope="col" { (lang.words().pages.desk.severity) }
            th.late scope="col" { (texts.whose) }
        } }
        tbody { @for rule in rules { tr {
            th scope="row" {
                a href=(desk.to(&format!("rules/{}", encoded(rule.id.as_str())))) { bdi dir="ltr" { (rule.id) } }
                @if !rule.enabled { " " span.tag { (texts.off) } }
                p.note { (lang.of(&rule.words)) }
            }
            td.late { (word(lang, rule.severity)) }
            td.late { @if rule.shipped { (texts.shipped) } @else { (texts.own) } }
        } } }
    } }
}

/// What stands on the page of one rule.
struct Draft<'a> {
    id: &'a RuleId,
    toml: &'a str,
    days: u32,
    mistakes: &'a [RuleMistake],
    /// What is said where the draft was tried, or could not be saved.
    trial: Markup,
}

/// `/{lang}/rules/{id}`; `saved=true` after a draft was put in force.
pub(crate) async fn single(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&["saved"])?;
    let saved = params.one("saved")?.is_some();
    let id: RuleId = visit.named()?;
    let (rule, toml) = match visit.ask::<RuleText>(&format!("rules/{}", encoded(id.as_str()))).await {
        Ok(RuleText { view, toml }) => (Some(view), toml),
        Err(problem) if problem.status() == axum::http::StatusCode::NOT_FOUND && may(Right::Works) => {
            (None, TEMPLATE.replace("{id}", id.as_str()))
        }
        Err(problem) => return Err(problem),
    };
    let toml = if rule.as_ref().is_some_and(|rule| rule.shipped) { in_its_place(&toml) } else { toml };
    let trial = html! { @if saved { p.empty.ok role="status" { (visit.lang.words().pages.rules.saved) } } };
    Ok(sheet(visit, rule.as_ref(), &Draft { id: &id, toml: &toml, days: DAYS, mistakes: &[], trial }))
}

/// A rule that comes with the program, as the city's own that stands in its place.
fn in_its_place(toml: &str) -> String {
    if toml.lines().any(|line| line.trim_start().starts_with("replaces")) {
        return toml.to_owned();
    }
    toml.replacen("[[rule]]\n", "[[rule]]\nreplaces = true\n", 1)
}

fn sheet(visit: &Visit, rule: Option<&RuleView>, draft: &Draft<'_>) -> Sheet {
    let (desk, texts) = (visit.desk(), &visit.lang.words().pages.rules);
    let lang = visit.lang;
    let main = html! {
        p.back { a href=(desk.to("rules")) { (texts.title) } }
        div.opening {
            p.eyebrow {
                @match rule {
                    Some(rule) => {
                        (word(lang, rule.severity)) " · " @if rule.shipped { (texts.shipped) } @else { (texts.own) } " · "
                        bdi.long dir="ltr" { (rule.origin) } @if !rule.enabled { " · " (texts.off) }
                    }
                    None => (texts.new),
                }
            }
            h1 { bdi dir="ltr" { (draft.id) } }
            @if let Some(rule) = rule {
                p { (lang.of(&rule.words)) }
                @if let Some(source) = &rule.source { p.note { (texts.source) (desk.colon()) bdi { (source) } } }
            }
        }
        @if may(Right::Works) { (editor(&desk, draft)) } @else { pre.dump tabindex="0" { (draft.toml) } }
        div #trial aria-live="polite" { (draft.trial) }
    };
    Sheet { scripts: Scripts::of("rule"), often: SELDOM, ..Sheet::plain(draft.id.to_string(), main) }
}

fn editor(desk: &Desk<'_>, draft: &Draft<'_>) -> Markup {
    let texts = &desk.lang.words().pages.rules;
    html! { form.rule #rule method="post" action=(desk.to(&format!("rules/{}/try", encoded(draft.id.as_str())))) data-wait=(texts.judging) data-changed=(texts.changed) data-failed=(texts.failed) {
        label.field.grow { span { (texts.written) }
            textarea.code name="toml" rows="22" dir="ltr" spellcheck="false" autocapitalize="none" wrap="off" { (draft.toml) }
        }
        div #mistakes { (mistakes(desk, draft.mistakes)) }
        div.buttons {
            label.field { span { (texts.past) } select name="days" {
                @for days in PERIODS { option value=(days) selected[days == draft.days] { (desk.lang.words().days.say(desk.lang, u64::from(days))) } }
            } }
            button.btn.main type="submit" { (texts.try_it) }
        }
    } }
}

fn mistakes(desk: &Desk<'_>, mistakes: &[RuleMistake]) -> Markup {
    let texts = &desk.lang.words().pages.rules;
    html! { @if !mistakes.is_empty() {
        div.empty.err role="alert" {
            p { (texts.mistakes) }
            ul { @for mistake in mistakes { li {
                button.btn type="button" data-line=(mistake.line) { (texts.line) " " (mistake.line) } " " bdi lang="en" dir="ltr" { (mistake.message) }
            } } }
        }
    } }
}

/// What was sent: the draft, and how many days are meant.
fn sent(visit: &Visit, fields: &Fields) -> Result<(RuleDraft, u32), Problem> {
    let days = match field(fields, "days") {
        "" => DAYS,
        days => days.parse().map_err(|_| Problem::body("`days` is not a number".to_owned()))?,
    };
    // A form has line ends of its own (HTML, 4.10.11.6).
    let toml = field(fields, "toml").replace("\r\n", "\n") + "\n";
    Ok((RuleDraft { id: visit.named()?, toml }, days))
}

/// The rule that stands, where there is one.
async fn standing(visit: &Visit, id: &RuleId) -> Option<RuleView> {
    visit.part::<RuleText>(&format!("rules/{}", encoded(id.as_str()))).await.map(|text| text.view)
}

/// `POST /{lang}/rules/{id}/try`: the page with what the draft would have said.
pub(crate) async fn tried(visit: &Visit, fields: &Fields) -> Result<Sheet, Problem> {
    let (draft, days) = sent(visit, fields)?;
    let from = begin(Some(days), visit.now())?;
    let judged = visit.house().rules.back_test(draft.clone(), from).await;
    answered(visit, &draft, days, judged.map(|found| trial::shown(&visit.desk(), &draft, &found))).await
}

/// `POST /{lang}/rules/{id}/save`: puts the draft in force.
pub(crate) async fn save(visit: &Visit, fields: &Fields) -> Result<Sheet, Problem> {
    let (draft, days) = sent(visit, fields)?;
    match visit.house().rules.save(draft.clone()).await {
        Ok(_) => {
            let to = visit.desk().to(&format!("rules/{}?saved=true", encoded(draft.id.as_str())));
            Ok(Sheet { to: Some(to), ..Sheet::plain("", html! {}) })
        }
        Err(error) => answered(visit, &draft, days, Err(error)).await,
    }
}

/// The page with the draft as it was sent, and what became of it.
async fn answered(visit: &Visit, draft: &RuleDraft, days: u32, became: Result<Markup, RulebookError>) -> Result<Sheet, Problem> {
    let (trial, mistakes) = match became {
        Ok(trial) => (trial, Vec::new()),
        Err(RulebookError::Mistakes(mistakes)) => (html! {}, mistakes),
        Err(RulebookError::Store(error)) => return Err(error.into()),
        Err(RulebookError::Refused(lines)) => (refusal(&lines), Vec::new()),
        Err(RulebookError::Busy(line)) => (refusal(&[line]), Vec::new()),
    };
    let rule = standing(visit, &draft.id).await;
    let shown = Draft { id: &draft.id, toml: &draft.toml, days, mistakes: &mistakes, trial };
    Ok(sheet(visit, rule.as_ref(), &shown))
}

fn refusal(lines: &[String]) -> Markup {
    html! { div.empty.err role="alert" { @for line in lines { p { bdi lang="en" dir="ltr" { (line) } } } } }
}
