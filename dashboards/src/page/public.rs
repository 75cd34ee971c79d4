//! What everybody may see of alerts: those that go on, those that ended lately, and where programs read the same.

use maud::{Markup, html};
use schemas::Phase;

use super::alerts::{icon, word};
use super::glance::Glance;
use super::parts::{Desk, empty, panel};
use super::visit::{SELDOM, Sheet, Visit};
use crate::api::public::{Bulletin, Published};
use crate::atlas::zone_name;
use crate::lang::Lang;
use crate::problem::Problem;

/// `/{lang}/public/alerts`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    visit.params(&[])?;
    let bulletin: Bulletin = visit.ask("public/alerts").await?;
    let glance = Glance::present(&visit.rooms).await;
    let (desk, words) = (visit.desk(), &visit.lang.words().pages.public);
    let (open, over): (Vec<&Published>, Vec<&Published>) = bulletin.alerts.iter().partition(|a| a.phase == Phase::Firing);
    let title = words.going_on.say(visit.lang, open.len() as u64);
    let days = visit.lang.words().days.say(visit.lang, u64::from(bulletin.days));
    let main = html! {
        (desk.opening(words.title, &title))
        p.note { b { (words.meaning(&bulletin.status)) } " " (visit.lang.words().pages.air.no_emergency) }
        div.after { (panel(visit.lang, "going-on", words.now, &html! {}, Some(list(&desk, &glance, &open, words.none)))) }
        div.after { (panel(visit.lang, "over", words.over, &html! { (days) }, Some(list(&desk, &glance, &over, words.none_over)))) }
        (elsewhere(&desk))
    };
    Ok(Sheet { often: SELDOM, ..Sheet::plain(words.title, main) })
}

fn list(desk: &Desk<'_>, glance: &Glance, alerts: &[&Published], none: &str) -> Markup {
    if alerts.is_empty() {
        return empty(none);
    }
    html! { ul.desk.brief { @for alert in alerts { (row(desk, glance, alert)) } } }
}

fn row(desk: &Desk<'_>, glance: &Glance, alert: &Published) -> Markup {
    let (name, zone) = (glance.name(desk.lang, &alert.device), zone_name(desk.lang, &alert.zone));
    html! {
        li class=(format!("sev {}", alert.severity.code())) {
            (icon(alert.severity))
            div {
                p.what { b.word { (word(desk.lang, alert.severity)) } " " b { (desk.lang.of(&alert.texts)) } }
                p.where {
                    bdi { (name) } @if name != zone { " · " bdi { (zone) } }
                    @if let Some(value) = alert.value.filter(|_| alert.quantity.unit() != "1") { " · " (desk.quantity(value, alert.quantity)) }
                    " · " a href=(alert.cap) type="application/cap+xml" { bdi lang="en" dir="ltr" { "CAP 1.2" } }
                }
            }
            p.since {
                (desk.lang.words().since) " " (desk.time(alert.fired_at))
                @if let Some(at) = alert.resolved_at { small { (desk.lang.words().resolved) " " (desk.time(at)) } }
                @else { small { (desk.age(alert.fired_at)) } }
            }
        }
    }
}

/// Where programs read the same.
fn elsewhere(desk: &Desk<'_>) -> Markup {
    let words = &desk.lang.words().pages.public;
    html! { section.after aria-labelledby="elsewhere" {
        div.head { h2 #elsewhere { (words.elsewhere) } }
        p { (words.follow) }
        ul.plain {
            @for lang in Lang::all() {
                li { a href=(format!("/api/v1/public/alerts.atom?lang={}", lang.code())) type="application/atom+xml" {
                    "Atom · " bdi lang=(lang.tag()) { (lang.words().pages.public.title) }
                } }
            }
            li { a href="/api/v1/public/alerts" type="application/json" { "JSON" } }
        }
    } }
}
