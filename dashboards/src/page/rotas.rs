//! Who is on call: now, and in the days to come, with the hours that nobody has taken.

use std::time::Duration;

use maud::{Markup, html};
use ports::{RotaView, ShiftView};
use schemas::Timestamp;
use serde::Deserialize;

use super::parts::{Desk, empty, panel};
use super::visit::{SELDOM, Sheet, Visit};
use crate::problem::Problem;

/// What the line of a rota shows.
const AHEAD: Duration = Duration::from_secs(14 * 86_400);
/// Shifts in the table of a rota.
const ROWS: usize = 20;
const WIDTH: f64 = 720.0;

#[derive(Deserialize)]
struct Rotas {
    rotas: Vec<RotaView>,
}

/// The name of the page, for links to it.
pub(crate) fn title(desk: &Desk<'_>) -> &'static str {
    desk.lang.words().pages.rotas.title
}

/// `/{lang}/rotas`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    visit.params(&[])?;
    let Rotas { rotas } = visit.ask("rotas").await?;
    let (desk, texts) = (visit.desk(), &visit.lang.words().pages.rotas);
    let unmanned = rotas.iter().filter(|rota| !rota.covered).count() as u64;
    let said = if rotas.is_empty() { texts.none.to_owned() } else { texts.unmanned.say(visit.lang, unmanned) };
    let main = html! {
        p.back { a href=(desk.to("alerts")) { (visit.lang.words().pages.desk.title) } }
        (desk.opening(texts.title, &said))
        @if rotas.is_empty() { (empty(texts.how)) }
        @for (place, rota) in rotas.iter().enumerate() {
            div.after { (panel(visit.lang, &format!("rota-{place}"), rota.name.as_str(), &html! {}, Some(one(&desk, rota)))) }
        }
    };
    Ok(Sheet { often: SELDOM, ..Sheet::plain(texts.title, main) })
}

fn one(desk: &Desk<'_>, rota: &RotaView) -> Markup {
    let texts = &desk.lang.words().pages.rotas;
    html! {
        dl.facts {
            div { dt { (texts.now) } dd {
                bdi { (rota.on_duty) }
                @if !rota.covered { " " span.bad { (texts.stands_in) } }
            } }
            div { dt { (texts.until) } dd { @match rota.until { Some(until) => (desk.time(until)), None => (texts.for_good) } } }
            div { dt { (texts.fallback) } dd { bdi { (rota.fallback) } } }
        }
        @if rota.shifts.is_empty() { (empty(texts.no_shift)) } @else { (line(desk, rota)) (table(desk, &rota.shifts)) }
    }
}

/// Shifts and holes of two weeks, side by side: neighbours differ in tone, a hole is hatched by its outline.
fn line(desk: &Desk<'_>, rota: &RotaView) -> Markup {
    let texts = &desk.lang.words().pages.rotas;
    let end = desk.now.plus(AHEAD);
    let x = |at: Timestamp| at.max(desk.now).min(end).since(desk.now).as_secs_f64() / AHEAD.as_secs_f64() * WIDTH;
    html! { figure.rota {
        svg viewBox=(format!("0 0 {WIDTH} 26")) role="img" aria-label=(format!("{}: {}", rota.name, texts.two_weeks)) preserveAspectRatio="none" {
            @for (place, shift) in rota.shifts.iter().take_while(|shift| shift.from < end).enumerate() {
                rect class=(if !shift.covered { "hole" } else if place % 2 == 0 { "s1" } else { "s2" })
                    x=(format!("{:.1}", x(shift.from))) y="3" width=(format!("{:.1}", (x(shift.to) - x(shift.from)).max(1.0))) height="20" {}
            }
        }
        div.ends dir="ltr" { bdi { (desk.time(desk.now)) } bdi { (desk.time(end)) } }
    } }
}

fn table(desk: &Desk<'_>, shifts: &[ShiftView]) -> Markup {
    let texts = &desk.lang.words().pages.rotas;
    html! { table.rows {
        caption.vh { (texts.shifts) }
        thead { tr { th scope="col" { (texts.who) } th.n scope="col" { (texts.from) } th.n scope="col" { (texts.to) } } }
        tbody { @for shift in shifts.iter().take(ROWS) { tr {
            th scope="row" { bdi { (shift.receiver) } @if !shift.covered { " " small.bad { (texts.hole) } } }
            td.n { (desk.time(shift.from)) }
            td.n { (desk.time(shift.to)) }
        } } }
    } }
}
