//! `marsad bench pages`: what a cold page costs on the wire, and what listeners of live events cost the processor.

mod listeners;
mod wire;

use serde_json::json;

use super::args::{BenchPages, PagesPart};
use crate::failure::Failure;

pub(crate) async fn pages(options: &BenchPages, as_json: bool) -> Result<(), Failure> {
    let wanted = |part| options.only.is_empty() || options.only.contains(&part);
    let wire = if wanted(PagesPart::Wire) { wire::measure().await? } else { None };
    if let Some(pages) = wire.as_ref().filter(|_| !as_json) {
        println!("cold page, everything that goes to the browser until it is drawn, headers too");
        for page in pages {
            println!("  {:<16} {:>7.1} kB", page.address, kilobytes(page.bytes));
        }
    }
    let listeners =
        if wanted(PagesPart::Listeners) { Some(listeners::measure(options.clients, options.seconds).await?) } else { None };
    if let Some(told) = listeners.as_ref().filter(|_| !as_json) {
        println!("{} listeners of live events, told once a second for {} s", told.clients, options.seconds);
        println!("  without them     {:>6.2} % of a core", told.without * 100.0);
        println!("  with them        {:>6.2} % of a core", told.with * 100.0);
        println!("  events heard     {:>6.2} a second and listener", told.heard);
    }
    if as_json {
        println!("{}", json!({ "wire": wire, "listeners": listeners }));
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn kilobytes(bytes: u64) -> f64 {
    bytes as f64 / 1e3
}
