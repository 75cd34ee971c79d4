//! `marsad bench pages`: what a cold page costs on the wire, how soon pages are there in a real browser, and what listeners of live
//! events cost the processor; each beside what it may be.

mod browser;
mod listeners;
mod rows;
mod timings;
mod wire;

use serde_json::json;

use super::args::{BenchPages, PagesPart};
use crate::failure::Failure;
use browser::Browser;
use rows::Row;

/// What a listener of live events may cost, parts of a core for 1,000 of them.
const LISTENERS: f64 = 5.0;

pub(crate) async fn pages(options: &BenchPages, as_json: bool) -> Result<(), Failure> {
    let wanted = |part| options.only.is_empty() || options.only.contains(&part);
    let in_browser = [PagesPart::Paint, PagesPart::Map, PagesPart::Chart, PagesPart::Pixel];
    let mut rows = Vec::new();
    let wire = if wanted(PagesPart::Wire) {
        let pages = wire::measure().await?;
        rows.extend(wire::rows(pages.as_deref()));
        pages
    } else {
        None
    };
    if in_browser.into_iter().any(wanted) {
        let browser = Browser::start().await?;
        let there = browser.as_ref();
        if wanted(PagesPart::Paint) {
            rows.push(timings::paint(there).await?);
        }
        if wanted(PagesPart::Map) {
            rows.extend(timings::map(there, options.live).await?);
        }
        if wanted(PagesPart::Chart) {
            rows.push(timings::chart(there).await?);
        }
        if wanted(PagesPart::Pixel) {
            rows.push(timings::pixel(there, options.rate, options.seconds).await?);
        }
        if let Some(browser) = browser {
            browser.close().await;
        }
    }
    let listeners = if wanted(PagesPart::Listeners) {
        let told = listeners::measure(options.clients, options.seconds).await?;
        let share = (told.with - told.without) * 100.0;
        let most = LISTENERS * f64::from(options.clients) / 1_000.0;
        rows.push(Row::new(format!("{} listeners of live events at 1 Hz", told.clients), Some(share), "% of a core", most));
        Some(told)
    } else {
        None
    };
    if as_json {
        println!("{}", json!({ "rows": rows, "wire": wire, "listeners": listeners }));
    } else {
        for page in wire.iter().flatten() {
            println!("{:<20} {:>7.1} kB", page.address, kilobytes(page.bytes));
        }
        rows::print(&rows);
    }
    rows::judge(&rows)
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn kilobytes(bytes: u64) -> f64 {
    bytes as f64 / 1e3
}
