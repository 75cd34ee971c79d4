//! The alert desk: what is open, who has it in hand, what withholds it, and what was; with what an operator can do to it.
//!
//! Deliberately absent: judging (`rules`), and doing: the script puts the acts to the API like everybody else.

mod chain;
mod row;
mod single;

use maud::{Markup, html};
use ports::{DeskAlert, Viewer};
use schemas::{Phase, Severity, Vocabulary, Zone};
use serde::Deserialize;

use super::glance::Glance;
use super::parts::{Desk, panel};
use super::shell::Scripts;
use super::visit::{Sheet, Visit};
use crate::access::{Right, may, present};
use crate::atlas::zone_name;
use crate::params::Params;
use crate::problem::Problem;

pub(crate) use crate::params::encoded;
pub(crate) use single::single;

/// Alerts on one page of the desk.
const ROWS: usize = 100;
/// Alerts of one thing that lie under a thumb: the worst is done first, and then the next lies there.
const THUMBS: usize = 1;
/// The parameters of a desk that can be bookmarked.
const FILTERS: [&str; 5] = ["view", "severity", "kind", "zone", "device"];
/// The views, in the order of their tabs.
const VIEWS: [&str; 5] = ["open", "pending", "acknowledged", "silenced", "history"];
/// The register is asked at once: the desk shares no look.
pub(super) const SOON: u32 = 250;

#[derive(Deserialize)]
struct Alerts {
    alerts: Vec<DeskAlert>,
    next: Option<String>,
}

/// What is asked for.
struct Filter<'p> {
    view: &'p str,
    chosen: Vec<(&'static str, &'p str)>,
    cursor: Option<&'p str>,
}

impl<'p> Filter<'p> {
    fn of(params: &'p Params) -> Result<Self, Problem> {
        let mut chosen = Vec::new();
        for name in FILTERS.into_iter().skip(1) {
            chosen.extend(params.one(name)?.map(|value| (name, value)));
        }
        Ok(Self { view: params.one("view")?.unwrap_or("open"), chosen, cursor: params.one("cursor")? })
    }

    /// The parameters that ask for the same, in another view.
    fn query(&self, view: &str) -> String {
        let mut query = format!("view={}", encoded(view));
        for (name, value) in &self.chosen {
            query.push_str(&format!("&{name}={}", encoded(value)));
        }
        query
    }

    fn value(&self, name: &str) -> Option<&'p str> {
        self.chosen.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// `/{lang}/alerts?view=&severity=&kind=&zone=&device=&cursor=`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&[&FILTERS[..], &["cursor"]].concat())?;
    let filter = Filter::of(&params)?;
    let mut question = format!("alerts?{}&limit={ROWS}", filter.query(filter.view));
    if let Some(cursor) = filter.cursor {
        question.push_str(&format!("&cursor={}", encoded(cursor)));
    }
    let alerts: Alerts = visit.ask(&question).await?;
    let glance = Glance::present(&visit.rooms).await;
    let (desk, words) = (visit.desk(), &visit.lang.words().pages.desk);
    let title = super::front::title(visit.lang, &glance);
    let main = html! {
        (desk.opening(words.title, &title))
        (rooms(&desk))
        (tabs(&desk, &filter))
        (filters(&desk, &filter, &glance))
        (deeds(&desk))
        (list(&desk, &glance, &filter, &alerts))
        (keys(&desk))
    };
    Ok(Sheet { scripts: Scripts::of("desk"), soon: SOON, ..Sheet::plain(words.title, main) })
}

/// What belongs to the desk and has a page of its own.
fn rooms(desk: &Desk<'_>) -> Markup {
    html! { p.links {
        @if may(Right::Quiets) {
            a href=(desk.to("silences")) { (super::silences::title(desk)) }
            a href=(desk.to("rotas")) { (super::rotas::title(desk)) }
            a href=(desk.to("rules")) { (super::rules::title(desk)) }
        }
        a href=(desk.to("public/alerts")) { (desk.lang.words().pages.public.title) }
    } }
}

fn tabs(desk: &Desk<'_>, filter: &Filter<'_>) -> Markup {
    let words = &desk.lang.words().pages.desk;
    html! { nav.tabs aria-label=(words.views_label) {
        @for (view, name) in VIEWS.into_iter().zip(words.views) {
            a href=(desk.to(&format!("alerts?{}", filter.query(view)))) aria-current=[(view == filter.view).then_some("true")] { (name) }
        }
    } }
}

/// A choice of a filter.
fn choice(name: &str, label: &str, all: &str, chosen: Option<&str>, options: &[(String, String)]) -> Markup {
    html! { label.field {
        span { (label) }
        select name=(name) {
            option value="" { (all) }
            @for (value, text) in options { option value=(value) selected[chosen == Some(value)] { (text) } }
        }
    } }
}

fn filters(desk: &Desk<'_>, filter: &Filter<'_>, glance: &Glance) -> Markup {
    let (lang, words) = (desk.lang, &desk.lang.words().pages.desk);
    let grave = [Severity::Emergency, Severity::Critical, Severity::Warning, Severity::Info];
    let severities: Vec<_> = grave.into_iter().map(|s| (s.code().to_owned(), super::alerts::word(lang, s).to_owned())).collect();
    let kinds: Vec<_> =
        Vocabulary::current().kinds().map(|kind| (kind.name().to_owned(), lang.of(kind.label()).to_owned())).collect();
    let mut zones: Vec<(String, String)> = zones(glance).map(|zone| (zone.to_string(), zone_name(lang, zone))).collect();
    zones.sort_by(|a, b| a.1.cmp(&b.1));
    html! { form.filters method="get" data-auto data-remember="alerts" {
        input type="hidden" name="view" value=(filter.view);
        (choice("severity", words.severity, words.all, filter.value("severity"), &severities))
        (choice("kind", words.kind, words.all, filter.value("kind"), &kinds))
        (choice("zone", lang.words().zone, words.all, filter.value("zone"), &zones))
        label.field { span { (lang.words().device) } input type="search" name="device" value=[filter.value("device")] maxlength="64" autocomplete="off" spellcheck="false"; }
        button.btn { (words.filter) }
    } }
}

/// The zones in which something stands.
pub(crate) fn zones(glance: &Glance) -> impl Iterator<Item = &Zone> {
    let all: std::collections::BTreeSet<&Zone> = glance.devices.values().map(|view| &view.device.zone).collect();
    all.into_iter()
}

/// What can be done to the chosen alerts, and by whom.
pub(super) fn deeds(desk: &Desk<'_>) -> Markup {
    let words = &desk.lang.words().pages.desk;
    html! {
        noscript { p.empty { (words.needs_script) } }
        form.deeds #deeds data-none=(words.none_chosen) data-name=(words.name_needed) data-done=(words.done) data-refused=(words.refused) {
            (signed(desk))
            label.field.grow { span { (words.note) } input name="note" maxlength="500" autocomplete="off"; }
            label.field { span { (words.to) } input name="to" maxlength="64" autocomplete="off"; }
            div.buttons {
                button.btn.main type="submit" data-do="acknowledge" { (words.acknowledge) }
                button.btn type="submit" data-do="shelve" data-hours="1" { (words.shelve_hour) }
                button.btn type="submit" data-do="shelve" data-hours="24" { (words.shelve_day) }
                button.btn type="submit" data-do="assign" { (words.assign) }
                button.btn type="submit" data-do="resolve" { (words.resolve) }
            }
            p.outcome #outcome role="status" {}
        }
    }
}

fn list(desk: &Desk<'_>, glance: &Glance, filter: &Filter<'_>, found: &Alerts) -> Markup {
    let words = &desk.lang.words().pages.desk;
    let view = VIEWS.iter().position(|view| *view == filter.view).and_then(|i| words.views.get(i)).copied().unwrap_or_default();
    let note = html! { span { (words.shown.say(desk.lang, found.alerts.len() as u64)) } };
    let body = html! {
        ul.desk data-rows {
            @if found.alerts.is_empty() { li.empty data-key="empty" { (words.empty) } }
            @for alert in &found.alerts { (row::row(desk, glance, alert)) }
        }
        @if let Some(next) = &found.next {
            p.rest { a href=(desk.to(&format!("alerts?{}&cursor={}", filter.query(filter.view), encoded(next)))) { (words.more) } }
        }
    };
    html! { div.after {
        label.all { input type="checkbox" #all; " " (words.choose_all) }
        (panel(desk.lang, "desk", view, &note, Some(body)))
    } }
}

/// Alerts of something, with nothing to do to them here.
pub(crate) fn brief(desk: &Desk<'_>, glance: &Glance, alerts: &[DeskAlert]) -> Markup {
    if alerts.is_empty() {
        return super::parts::empty(desk.lang.words().pages.desk.empty);
    }
    html! { ul.desk.brief { @for seen in alerts {
        li class=(format!("sev {}", seen.alert.severity.code())) {
            (super::alerts::icon(seen.alert.severity))
            div {
                p.what { b.word { (super::alerts::word(desk.lang, seen.alert.severity)) } " " a href=(desk.to(&format!("alerts/{}", encoded(&seen.alert.id.0)))) { (row::text(desk, seen)) } }
                (row::place(desk, glance, seen))
                (row::marks(desk, seen))
            }
            p.since { (desk.lang.words().since) " " (desk.time(seen.alert.since)) small { (desk.age(seen.alert.since)) } }
        }
    } } }
}

/// Open alerts of one thing, to be taken in hand and ended by a thumb: `done` is what ending one is called there.
pub(crate) fn by_thumb(desk: &Desk<'_>, alerts: &[DeskAlert], done: &str) -> Markup {
    let words = &desk.lang.words().pages.desk;
    let mut firing: Vec<&DeskAlert> = alerts.iter().filter(|seen| seen.alert.phase == Phase::Firing).collect();
    firing.sort_by_key(|seen| std::cmp::Reverse(seen.alert.severity));
    html! { @if may(Right::Acts) { section.hand data-panel #hand aria-label=(words.title) {
        ul.thumbs data-rows { @for seen in firing.into_iter().take(THUMBS) {
            @let text = row::text(desk, seen);
            li class=(format!("sev {}", seen.alert.severity.code())) data-key=(seen.alert.id) {
                p.what { (super::alerts::icon(seen.alert.severity)) a href=(desk.to(&format!("alerts/{}", encoded(&seen.alert.id.0)))) { (text) } }
                @match &seen.alert.marks.acknowledged {
                    Some(hand) => p.marks { span.tag.hand { (words.in_hand) " " bdi { (hand.by) } } },
                    None => button.btn type="button" data-do="acknowledge" aria-label=(format!("{}: {text}", words.acknowledge)) { (words.acknowledge) },
                }
                button.btn.main type="button" data-do="resolve" aria-label=(format!("{done}: {text}")) { (done) }
            }
        } }
        form.deeds #deeds data-none=(words.none_chosen) data-name=(words.name_needed) data-done=(words.done) data-refused=(words.refused) {
            (signed(desk))
            p.outcome #outcome role="status" {}
        }
    } } }
}

/// Who acts: whoever has signed in, or who they say they are.
fn signed(desk: &Desk<'_>) -> Markup {
    html! { @if let Some(viewer) = present().filter(Viewer::is_person) {
        input type="hidden" name="by" value=(viewer.name);
    } @else {
        label.field { span { (desk.lang.words().pages.desk.by) } input name="by" maxlength="64" autocomplete="name" required; }
    } }
}

fn keys(desk: &Desk<'_>) -> Markup {
    let words = &desk.lang.words().pages.desk;
    html! { details.keys {
        summary { (words.keys) }
        dl { @for (key, what) in ["j", "k", "x", "a", "t", "w", "/"].into_iter().zip(words.key_names) {
            div { dt { kbd dir="ltr" { (key) } } dd { (what) } }
        } }
    } }
}
