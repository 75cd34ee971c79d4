//! What goes into each metered district, what is metered at its connections, and what is lost, day by day.

use std::fmt::Write;

use domains::time::Calendar;
use jiff::civil::Date;
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;

use super::district_name;
use crate::page::parts::{Desk, Told, empty, panel};
use crate::page::visit::Visit;

/// Days that are shown.
const DAYS: i32 = 14;
/// The height of the tallest bar, and the width of a day.
const TALL: f64 = 90.0;
const WIDE: f64 = 24.0;

#[derive(Deserialize)]
struct Balances {
    districts: Vec<District>,
}

#[derive(Deserialize)]
struct District {
    district: String,
    days: Vec<Day>,
}

#[derive(Deserialize)]
struct Day {
    date: Date,
    balance: Option<Told<Balance>>,
}

#[derive(Clone, Copy, Deserialize)]
struct Balance {
    inflow: f64,
    consumption: f64,
    loss: f64,
}

impl Day {
    fn told(&self) -> Option<Balance> {
        self.balance.as_ref().and_then(|balance| balance.value)
    }
}

/// The panel.
pub(super) async fn section(visit: &Visit) -> Markup {
    let (desk, texts) = (visit.desk(), &visit.lang.words().pages.leaks);
    let today = visit.house().city.time().date(visit.now());
    let first = Calendar::shifted(today, -DAYS);
    let told: Option<Balances> = visit.part(&format!("water/balance?by=day&from={first}")).await;
    let body = told.map(|told| {
        if told.districts.is_empty() {
            return empty(visit.lang.words().pages.water.no_district);
        }
        html! {
            @for district in &told.districts { (one(&desk, district)) }
            (key(&desk))
            p.note.foot { (texts.losses_note) }
        }
    });
    html! { div.after { (panel(desk.lang, "losses", texts.losses, &html! { (texts.two_weeks) }, body)) } }
}

fn one(desk: &Desk<'_>, district: &District) -> Markup {
    let withheld = district.days.iter().all(|day| day.told().is_none());
    html! { section.plate aria-label=(district_name(desk, &district.district)) {
        h3 { bdi { (district_name(desk, &district.district)) } }
        @if withheld { p.note { (desk.lang.words().withheld) } } @else { (bars(desk, district)) (table(desk, district)) }
    } }
}

/// A bar a day: what was metered, and on it what was lost. A day that is not told has none.
fn bars(desk: &Desk<'_>, district: &District) -> Markup {
    let top = district.days.iter().filter_map(Day::told).map(|b| b.inflow.max(b.consumption)).fold(1.0, f64::max);
    let mut out = String::new();
    for (day, left) in district.days.iter().zip((0_u8..).map(|day| f64::from(day) * WIDE + 3.0)) {
        let Some(balance) = day.told() else { continue };
        let (metered, lost) = (balance.consumption / top * TALL, balance.loss.max(0.0) / top * TALL);
        let mut bar = |class: &str, base: f64, height: f64| {
            // Writing to a String cannot fail.
            let _ = write!(
                out,
                r#"<rect class="{class}" x="{left}" y="{:.1}" width="{}" height="{height:.1}"/>"#,
                base - height,
                WIDE - 6.0
            );
        };
        bar("metered", TALL, metered);
        bar("lost", TALL - metered, lost);
    }
    let days = u32::try_from(district.days.len()).unwrap_or(u32::MAX);
    let wide = f64::from(days) * WIDE;
    let label = format!("{}, {}", desk.lang.words().pages.leaks.losses, district_name(desk, &district.district));
    html! { svg.losses viewBox=(format!("0 0 {wide} {}", TALL + 1.0)) role="img" aria-label=(label) {
        (PreEscaped(out)) path.base d=(format!("M0 {TALL}H{wide}")) {}
    } }
}

fn table(desk: &Desk<'_>, district: &District) -> Markup {
    let texts = &desk.lang.words().pages.leaks;
    let cubic = |litres: f64| desk.amount(litres / 1000.0, 1, "m³");
    html! { details {
        summary { (desk.lang.words().pages.air.as_table) }
        div.wide tabindex="0" role="group" aria-label=(district_name(desk, &district.district)) { table.rows {
            caption.vh { (district_name(desk, &district.district)) }
            thead { tr {
                th scope="col" { (desk.lang.words().pages.water.date) }
                @for name in [texts.inflow, texts.consumption, texts.loss, texts.part] { th.n scope="col" { (name) } }
            } }
            tbody { @for day in &district.days { tr {
                th scope="row" { (desk.day(day.date)) }
                @match day.told() {
                    Some(balance) => {
                        td.n { (cubic(balance.inflow)) }
                        td.n { (cubic(balance.consumption)) }
                        td.n { (cubic(balance.loss)) }
                        td.n { (desk.amount(balance.loss / balance.inflow * 100.0, 0, "%")) }
                    }
                    None => td.n colspan="4" { small.quiet { (desk.lang.words().withheld) } },
                }
            } } }
        } }
    } }
}

fn key(desk: &Desk<'_>) -> Markup {
    let texts = &desk.lang.words().pages.leaks;
    html! { ul.key {
        @for (class, name) in [("metered", texts.consumption), ("lost", texts.loss)] {
            li { svg.kg.losses viewBox="0 0 12 18" aria-hidden="true" { rect class=(class) x="1" y="3" width="10" height="12" {} } bdi { (name) } }
        }
    } }
}
