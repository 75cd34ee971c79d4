//! Silences and maintenance windows: those that hold or will, one more, and the end of one. Works without script.

use std::time::Duration;

use maud::{Markup, html};
use ports::{ActError, NewQuiet, Quiet, QuietSort, Viewer};
use schemas::{Person, Remark, Scope, Severity, Vocabulary};
use serde::Deserialize;

use super::desk::zones;
use super::glance::Glance;
use super::parts::{Desk, empty, panel};
use super::visit::{Sheet, Visit};
use super::{Fields, alerts, field};
use crate::access::{Right, may, present};
use crate::atlas::zone_name;
use crate::numbers;
use crate::problem::Problem;

/// The hours that can be chosen: nothing is quiet for ever, so one must be.
const HOURS: [u64; 8] = [1, 4, 8, 24, 72, 168, 336, 720];
const HOUR: Duration = Duration::from_secs(3600);
/// Silences and windows on the page, of each sort.
const ROWS: usize = 200;
/// What an address may name, so that the page of an alert leads here.
const FIELDS: [&str; 6] = ["sort", "zone", "kind", "device", "rule", "severity"];

#[derive(Deserialize)]
struct Silences {
    silences: Vec<Quiet>,
}

#[derive(Deserialize)]
struct Windows {
    maintenance: Vec<Quiet>,
}

/// The name of the page, for links to it.
pub(crate) fn title(desk: &Desk<'_>) -> &'static str {
    desk.lang.words().pages.silences.title
}

/// The link from an alert to a silence of its rule at its device.
pub(crate) fn link(desk: &Desk<'_>, rule: &str, device: &str) -> Markup {
    html! { @if may(Right::Quieten) {
        a href=(desk.to(&format!("silences?rule={}&device={}", super::desk::encoded(rule), super::desk::encoded(device)))) { (desk.lang.words().pages.silences.of_alert) }
    } }
}

/// `/{lang}/silences?over=&sort=&zone=&kind=&device=&rule=&severity=`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&[&FIELDS[..], &["over"]].concat())?;
    let mut asked = Fields::new();
    for name in FIELDS {
        asked.extend(params.one(name)?.map(|value| (name.to_owned(), value.to_owned())));
    }
    let over = params.parsed::<bool>("over", "true or false")?.unwrap_or(false);
    shown(visit, &asked, over, &[]).await
}

async fn shown(visit: &Visit, asked: &Fields, over: bool, wrong: &[String]) -> Result<Sheet, Problem> {
    let Silences { silences } = visit.ask(&format!("silences?limit={ROWS}&over={over}")).await?;
    let Windows { maintenance } = visit.ask(&format!("maintenance?limit={ROWS}&over={over}")).await?;
    let glance = Glance::present(&visit.rooms).await;
    let (desk, texts) = (visit.desk(), &visit.lang.words().pages.silences);
    let holding = silences.iter().chain(&maintenance).filter(|quiet| quiet.holds(visit.now())).count() as u64;
    let main = html! {
        p.back { a href=(desk.to("alerts")) { (visit.lang.words().pages.desk.title) } }
        (desk.opening(texts.title, &texts.holding.say(visit.lang, holding)))
        @if may(Right::Quieten) { (form(&desk, &glance, asked, wrong)) }
        div.after { (panel(visit.lang, "silences", texts.silences, &html! {}, Some(table(&desk, texts.silences, &silences)))) }
        div.after { (panel(visit.lang, "maintenance", texts.windows, &html! {}, Some(table(&desk, texts.windows, &maintenance)))) }
        @if !over { p.links { a href=(desk.to("silences?over=true")) { (texts.over_too) } } }
    };
    Ok(Sheet::plain(texts.title, main))
}

fn form(desk: &Desk<'_>, glance: &Glance, asked: &Fields, wrong: &[String]) -> Markup {
    let (lang, texts, words) = (desk.lang, &desk.lang.words().pages.silences, &desk.lang.words().pages.desk);
    let chosen = |name: &str| field(asked, name);
    let text = |name: &str, label: &str, hint: &str| {
        html! { label.field { span { (label) }
            input name=(name) value=(chosen(name)) placeholder=(hint) maxlength="65" dir="ltr" autocomplete="off" spellcheck="false";
        } }
    };
    let kinds = Vocabulary::current().kinds().map(|kind| (kind.name().to_owned(), lang.of(kind.label()).to_owned())).collect();
    let mut places: Vec<_> = zones(glance).map(|zone| (zone.to_string(), zone_name(lang, zone))).collect();
    places.sort_by(|a, b| a.1.cmp(&b.1));
    let severities = Severity::ALL.iter().map(|s| (s.code().to_owned(), alerts::word(lang, *s).to_owned())).collect();
    let sorts = [QuietSort::Silence, QuietSort::Maintenance];
    html! { form.deeds #quiet method="post" action=(desk.to("silences/begin")) {
        @if !wrong.is_empty() { div.empty.err.grow role="alert" { @for line in wrong { p { bdi lang="en" dir="ltr" { (line) } } } } }
        label.field { span { (texts.sort) } select name="sort" {
            @for (sort, name) in sorts.into_iter().zip([texts.silence, texts.window]) {
                option value=(sort.code()) selected[sort.code() == chosen("sort")] { (name) }
            }
        } }
        (choice("kind", words.kind, words.all, chosen("kind"), kinds))
        (choice("zone", lang.words().zone, words.all, chosen("zone"), places))
        (text("device", lang.words().device, "bin-00*"))
        (text("rule", words.rule, "bin-*"))
        (choice("severity", words.severity, words.all, chosen("severity"), severities))
        label.field { span { (texts.lasting) } select name="hours" required {
            option value="" { (texts.choose) }
            @for hours in HOURS { option value=(hours) selected[hours.to_string() == chosen("hours")] { (numbers::span(lang, HOUR * u32::try_from(hours).unwrap_or(1))) } }
        } }
        @if let Some(viewer) = present().filter(Viewer::is_person) {
            input type="hidden" name="by" value=(viewer.name);
        } @else {
            label.field { span { (words.by) } input name="by" value=(chosen("by")) maxlength="64" autocomplete="name" required; }
        }
        label.field.grow { span { (words.note) } input name="note" value=(chosen("note")) maxlength="500" autocomplete="off"; }
        div.buttons { button.btn.main type="submit" { (texts.begin) } }
    } }
}

fn choice(name: &str, label: &str, all: &str, chosen: &str, options: Vec<(String, String)>) -> Markup {
    html! { label.field { span { (label) } select name=(name) {
        option value="" { (all) }
        @for (value, text) in options { option value=(value) selected[chosen == value] { (text) } }
    } } }
}

fn table(desk: &Desk<'_>, caption: &str, quiets: &[Quiet]) -> Markup {
    let (lang, texts) = (desk.lang, &desk.lang.words().pages.silences);
    if quiets.is_empty() {
        return empty(texts.none);
    }
    html! { table.rows {
        caption.vh { (caption) }
        thead { tr {
            th scope="col" { (texts.what) }
            th.n scope="col" { (lang.words().pages.desk.until) }
            th.late scope="col" { (texts.whose) }
            th scope="col" { span.vh { (texts.end) } }
        } }
        tbody { @for quiet in quiets { tr.silent[quiet.is_over(desk.now)] {
            th scope="row" { (scope(desk, &quiet.scope)) }
            td.n { (until(desk, quiet)) }
            td.late { bdi { (quiet.by) } @if !quiet.note.as_str().is_empty() { p.note { bdi { (quiet.note) } } } }
            td { @if may(Right::Quieten) && !quiet.is_over(desk.now) {
                button.btn form="quiet" type="submit" formaction=(desk.to("silences/end")) formnovalidate name="end"
                    value=(format!("{} {}", quiet.sort.code(), quiet.id)) aria-label=(format!("{}: {}", texts.end, quiet.scope)) { (texts.end) }
            } }
        } } }
    } }
}

fn until(desk: &Desk<'_>, quiet: &Quiet) -> Markup {
    let texts = &desk.lang.words().pages.silences;
    html! { @match quiet.ended_at {
        Some(at) => { (texts.ended) " " (desk.time(at)) }
        None => {
            (desk.time(quiet.until))
            @if quiet.from > desk.now { br; small.quiet { (texts.from) " " (desk.time(quiet.from)) } }
        }
    } }
}

/// Which alerts, in words where there are some and by name where not.
fn scope(desk: &Desk<'_>, scope: &Scope) -> Markup {
    let lang = desk.lang;
    let words = scope
        .kind
        .iter()
        .map(|kind| lang.of(kind.label()).to_owned())
        .chain(scope.zone.iter().map(|zone| zone_name(lang, zone)))
        .chain(scope.quantity.iter().map(|quantity| lang.of(&quantity.row().label).to_owned()))
        .chain(scope.severity.iter().map(|severity| alerts::word(lang, *severity).to_owned()));
    let names = scope.device.iter().chain(&scope.rule).map(ToString::to_string);
    html! {
        @for (place, word) in words.enumerate() { @if place > 0 { " · " } bdi { (word) } " " }
        @for name in names { span.tag { bdi.long dir="ltr" { (name) } } " " }
    }
}

/// `POST /{lang}/silences/begin`
pub(crate) async fn begin(visit: &Visit, fields: &Fields) -> Result<Sheet, Problem> {
    let begun = match read(visit, fields) {
        Ok(new) => visit.house().desk.begin_quiet(new).await.map(drop),
        Err(wrong) => Err(ActError::Refused(wrong)),
    };
    done(visit, fields, begun).await
}

/// `POST /{lang}/silences/end`
pub(crate) async fn end(visit: &Visit, fields: &Fields) -> Result<Sheet, Problem> {
    let named = field(fields, "end").split_once(' ').and_then(|(sort, id)| {
        let sort = [QuietSort::Silence, QuietSort::Maintenance].into_iter().find(|known| known.code() == sort)?;
        Some((sort, id.parse().ok()?))
    });
    let (sort, id) = named.ok_or_else(|| Problem::body("`end` names no silence and no window".to_owned()))?;
    let ended = match Person::new(field(fields, "by")) {
        Ok(by) => visit.house().desk.end_quiet(sort, id, by).await.map(drop),
        Err(error) => Err(ActError::Refused(vec![error.to_string()])),
    };
    done(visit, fields, ended).await
}

/// Back to the page; where it was refused, with what was written and why.
async fn done(visit: &Visit, fields: &Fields, became: Result<(), ActError>) -> Result<Sheet, Problem> {
    match became {
        Ok(()) => Ok(Sheet { to: Some(visit.desk().to("silences")), ..Sheet::plain("", html! {}) }),
        Err(ActError::Refused(wrong)) => shown(visit, fields, false, &wrong).await,
        Err(ActError::Conflict(why) | ActError::Absent(why)) => shown(visit, fields, false, &[why]).await,
        Err(error) => Err(error.into()),
    }
}

/// What the fields mean; all that is wrong with them.
fn read(visit: &Visit, fields: &Fields) -> Result<NewQuiet, Vec<String>> {
    let mut wrong = Vec::new();
    let scope = Scope {
        rule: list(fields, "rule", &mut wrong),
        kind: list(fields, "kind", &mut wrong),
        zone: list(fields, "zone", &mut wrong),
        device: list(fields, "device", &mut wrong),
        severity: list(fields, "severity", &mut wrong),
        quantity: Vec::new(),
    };
    let hours: Option<u32> = field(fields, "hours").parse().ok();
    if hours.is_none() {
        wrong.push("`hours` is missing: nothing is quiet for ever".to_owned());
    }
    let by = Person::new(field(fields, "by")).map_err(|error| wrong.push(error.to_string())).ok();
    let note = Remark::new(field(fields, "note")).map_err(|error| wrong.push(error.to_string())).ok();
    let sort = if field(fields, "sort") == QuietSort::Maintenance.code() { QuietSort::Maintenance } else { QuietSort::Silence };
    let from = visit.now();
    match (hours, by, note) {
        (Some(hours), Some(by), Some(note)) if wrong.is_empty() => {
            Ok(NewQuiet { sort, scope, from, until: from.plus(HOUR * hours), by, note })
        }
        _ => Err(wrong),
    }
}

/// A field that names one thing, or nothing.
fn list<T: std::str::FromStr<Err: std::fmt::Display>>(fields: &Fields, name: &str, wrong: &mut Vec<String>) -> Vec<T> {
    let text = field(fields, name);
    let read = (!text.is_empty()).then(|| text.parse().map_err(|error| wrong.push(format!("{name}: {error}"))).ok());
    read.flatten().into_iter().collect()
}
