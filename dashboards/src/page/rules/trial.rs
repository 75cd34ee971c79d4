//! What a draft would have said of the past: how often a day, beside the rule that stands, and of which devices when.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::civil::Date;
use maud::{Markup, PreEscaped, html};
use ports::{BackTest, Outcome, RuleDraft, Spell};
use schemas::{DeviceId, Timestamp};

use crate::numbers;
use crate::page::parts::{Desk, empty};
use crate::params::encoded;

/// Devices that are shown, those that fire longest first.
const LANES: usize = 20;
/// The drawing area, and the room of one day in it.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 150.0;
const LANE: f64 = 14.0;

/// All of it, and the button that puts the draft in force.
pub(super) fn shown(desk: &Desk<'_>, draft: &RuleDraft, test: &BackTest) -> Markup {
    let (lang, texts) = (desk.lang, &desk.lang.words().pages.rules);
    let title = texts.would_fire.say(lang, test.draft.fired);
    html! {
        section.after aria-labelledby="trial-title" {
            div.head { h2 #trial-title { (title) } p.note { (desk.time(test.from)) " – " (desk.time(test.to)) } }
            dl.facts {
                div { dt { (texts.draft) } dd { (numbers::whole(lang, test.draft.fired)) } }
                div { dt { (texts.present) } dd { @match &test.present { Some(present) => (numbers::whole(lang, present.fired)), None => (desk.none()) } } }
                div { dt { (texts.calmed) } dd { (numbers::whole(lang, test.draft.calmed)) } }
                div { dt { (texts.judged) } dd { (numbers::whole(lang, test.readings)) } }
                div { dt { (lang.words().pages.devices.title) } dd { (numbers::whole(lang, test.devices)) } }
            }
            @if test.readings == 0 { (empty(texts.nothing_judged)) } @else { (by_day(desk, test, &title)) (by_device(desk, test)) }
        }
        form.buttons.save method="post" action=(desk.to(&format!("rules/{}/save", encoded(draft.id.as_str())))) {
            // What is saved is what was tried, whatever is written above since.
            textarea hidden name="toml" aria-label=(texts.written) { (draft.toml) }
            button.btn.main #save type="submit" { (texts.save) }
            p.note { (texts.save_note) }
        }
    }
}

/// How often on each local day of the period.
fn days(desk: &Desk<'_>, test: &BackTest, outcome: &Outcome) -> Vec<(Date, u32)> {
    let date = |at: Timestamp| numbers::local(desk.zone, at).date();
    let mut days: BTreeMap<Date, u32> = BTreeMap::new();
    let last = date(test.to);
    let mut day = date(test.from);
    while day <= last {
        days.insert(day, 0);
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    for spell in &outcome.spells {
        *days.entry(date(spell.from)).or_default() += 1;
    }
    days.into_iter().collect()
}

/// A bar a day for the draft, and the outline of the rule that stands.
fn by_day(desk: &Desk<'_>, test: &BackTest, label: &str) -> Markup {
    let texts = &desk.lang.words().pages.rules;
    let draft = days(desk, test, &test.draft);
    let present = test.present.as_ref().map(|present| days(desk, test, present));
    let most = draft.iter().chain(present.iter().flatten()).map(|(_, n)| *n).max().unwrap_or(0).max(1);
    let step = WIDTH / count(draft.len().max(1));
    let y = |n: u32| HEIGHT - f64::from(n) / f64::from(most) * (HEIGHT - 8.0);
    let (mut bars, mut outline) = (String::new(), String::new());
    // Writing to a String cannot fail.
    for (i, (_, n)) in draft.iter().enumerate().filter(|(_, (_, n))| *n > 0) {
        let _ = write!(
            bars,
            r#"<rect class="bar" x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}"/>"#,
            count(i) * step + step * 0.18,
            y(*n),
            step * 0.64,
            HEIGHT - y(*n)
        );
    }
    for (i, (_, n)) in present.iter().flatten().enumerate() {
        let _ =
            write!(outline, "{}{:.1} {:.1}H{:.1}", if i == 0 { "M" } else { "L" }, count(i) * step, y(*n), count(i + 1) * step);
    }
    html! { figure.trial {
        p.note { (texts.a_day) " · " (texts.most) " " b { (numbers::whole(desk.lang, u64::from(most))) } }
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(format!("{label}. {}", texts.a_day)) preserveAspectRatio="none" {
            path.base d=(format!("M0 {HEIGHT}H{WIDTH}")) {}
            (PreEscaped(bars))
            @if !outline.is_empty() { path.present d=(outline) {} }
        }
        div.ends dir="ltr" {
            @for day in [draft.first(), draft.last()].into_iter().flatten() { bdi { (desk.day(day.0)) } }
        }
        figcaption { ul.key {
            li { svg.kt viewBox="0 0 18 12" aria-hidden="true" { rect.bar x="3" y="2" width="12" height="10" {} } (texts.draft) }
            @if present.is_some() { li { svg.kt viewBox="0 0 18 12" aria-hidden="true" { path.present d="M0 8H9V3H18" {} } (texts.present) } }
        } }
    } }
}

/// When each device fires, and for how long in all.
fn by_device(desk: &Desk<'_>, test: &BackTest) -> Markup {
    let (lang, texts) = (desk.lang, &desk.lang.words().pages.rules);
    let mut devices: BTreeMap<&DeviceId, Vec<&Spell>> = BTreeMap::new();
    for spell in &test.draft.spells {
        devices.entry(&spell.device).or_default().push(spell);
    }
    let lasting = |spells: &[&Spell]| -> Duration { spells.iter().map(|s| s.until.unwrap_or(test.to).since(s.from)).sum() };
    let mut lanes: Vec<_> = devices.into_iter().map(|(device, spells)| (lasting(&spells), device, spells)).collect();
    lanes.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let rest = lanes.len().saturating_sub(LANES) as u64;
    html! { @if !lanes.is_empty() {
        table.rows.trial {
            caption { (texts.by_device) }
            thead { tr {
                th scope="col" { (lang.words().device) }
                th.lane scope="col" { (texts.when) }
                th.n scope="col" { (texts.times) }
                th.n.late scope="col" { (texts.lasting) }
            } }
            tbody { @for (lasting, device, spells) in lanes.iter().take(LANES) { tr {
                th scope="row" { (desk.device_link(device, device.as_str())) }
                td.lane { (lane(test, spells, device.as_str())) }
                td.n { (numbers::whole(lang, spells.len() as u64)) }
                td.n.late { (numbers::span(lang, *lasting)) }
            } } }
        }
        @if rest > 0 { p.note.rest { (texts.more.say(lang, rest)) } }
    } }
}

fn lane(test: &BackTest, spells: &[&Spell], label: &str) -> Markup {
    let whole = test.to.since(test.from).as_secs_f64().max(1.0);
    let x = |at: Timestamp| at.since(test.from).as_secs_f64() / whole * WIDTH;
    html! { svg.lane viewBox=(format!("0 0 {WIDTH} {LANE}")) role="img" aria-label=(label) preserveAspectRatio="none" {
        rect.track x="0" y="5" width=(WIDTH) height="4" {}
        @for spell in spells {
            @let (from, to) = (x(spell.from), x(spell.until.unwrap_or(test.to)));
            // As wide as can be seen, however short it was.
            rect.spell x=(format!("{from:.1}")) y="1" width=(format!("{:.1}", (to - from).max(2.0))) height="12" {}
        }
    } }
}

#[expect(clippy::cast_precision_loss, reason = "days of a year")]
const fn count(n: usize) -> f64 {
    n as f64
}
