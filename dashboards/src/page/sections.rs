//! The four kinds: bins, air stations with their index, parking by zone, water by zone.

use maud::{Markup, html};
use schemas::Quantity;

use super::glance::{Bin, Glance, Lot, POLLUTANTS, Station, believed, by_zone, of_city};
use super::parts::{Desk, empty, panel};
use crate::atlas::zone_name;
use crate::charts;
use crate::lang::Lang;
use crate::numbers;

/// Gauges on the wall, rows of each table.
const WALL: usize = 280;
const BINS: usize = 8;
const STATIONS: usize = 14;
const LOTS: usize = 12;
const ZONES: usize = 12;

pub(crate) fn waste(desk: &Desk<'_>, glance: &Glance) -> Markup {
    let words = desk.lang.words();
    let count = glance.bins.as_ref().map_or(0, Vec::len) as u64;
    let body = glance.bins.as_ref().map(|bins| {
        if bins.is_empty() {
            return empty(words.nothing_yet);
        }
        html! {
            (wall(desk, bins))
            table.rows {
                caption { (words.fullest) }
                thead { tr {
                    th scope="col" { (words.bin) }
                    th scope="col" { (words.fill) }
                    th.n.late scope="col" { (words.measured) }
                } }
                tbody { @for bin in bins.iter().take(BINS) { (bin_row(desk, glance, bin)) } }
            }
        }
    });
    panel(desk.lang, "waste", words.waste, &html! { (words.bins.say(desk.lang, count)) }, body)
}

fn wall(desk: &Desk<'_>, bins: &[Bin]) -> Markup {
    let words = desk.lang.words();
    let of_class = |class| bins.iter().filter(|b| b.class() == Some(class)).count() as u64;
    let counts: Vec<_> =
        (0..4).rev().map(|class| (class, words.fill_classes.get(class).copied().unwrap_or_default(), of_class(class))).collect();
    let silent = bins.iter().filter(|b| b.fill.is_none()).count() as u64;
    let gauges: Vec<_> = bins.iter().take(WALL).map(|b| (b.fill, b.class().unwrap_or_default())).collect();
    let label = counts.iter().map(|(_, name, n)| format!("{name}: {n}")).collect::<Vec<_>>().join(", ");
    html! {
        figure {
            (charts::wall(&gauges, &format!("{}. {label}", words.all_bins)))
            figcaption { ul.key {
                @for (class, name, n) in &counts {
                    li { svg.kg viewBox="0 0 12 18" aria-hidden="true" {
                        rect.bin x="0.5" y="0.5" width="11" height="17" rx="1.5" {}
                        @let height = [3.5, 8.0, 12.0, 15.0].get(*class).copied().unwrap_or(15.0);
                        rect class=(format!("u{class}")) x="1.5" y=(16.5 - height) width="9" height=(height) {}
                    } bdi { (name) } " " b { (numbers::whole(desk.lang, *n)) } }
                }
                @if silent > 0 {
                    li { svg.kg viewBox="0 0 12 18" aria-hidden="true" { rect.silent x="0.5" y="0.5" width="11" height="17" rx="1.5" {} }
                        bdi { (words.no_data) } " " b { (numbers::whole(desk.lang, silent)) } }
                }
            } }
        }
    }
}

/// A name that leads to its page, and where it stands.
fn who(desk: &Desk<'_>, page: &str, name: &str, zone: &schemas::Zone) -> Markup {
    let place = zone_name(desk.lang, zone);
    // A station is often named after where it stands: once is enough.
    html! { a href=(desk.to(page)) { bdi { (name) } } @if name != place { " " small { bdi { (place) } } } }
}

fn bin_row(desk: &Desk<'_>, glance: &Glance, bin: &Bin) -> Markup {
    let reading = &bin.reading;
    html! { tr {
        th scope="row" { (who(desk, &format!("waste/{}", reading.series.device), &glance.name(desk.lang, &reading.series.device), &reading.zone)) }
        td.gauge { @match bin.fill {
            Some(fill) => {
                (charts::share(desk.lang, fill / 100.0, &format!("u{}", bin.class().unwrap_or_default()), Some(0.9)))
                (desk.live(reading))
            }
            None => (desk.none()),
        } }
        td.n.late { (desk.time(reading.observed_at)) }
    } }
}

/// The formula of a pollutant, with its index below the line.
pub(crate) fn formula(quantity: Quantity, lang: Lang) -> Markup {
    match quantity {
        Quantity::AIR_PM10 => html! { bdi dir="ltr" { "PM" sub { "10" } } },
        Quantity::AIR_PM2_5 => html! { bdi dir="ltr" { "PM" sub { (numbers::decimal(lang, 2.5, 1)) } } },
        Quantity::AIR_NO2 => html! { bdi dir="ltr" { "NO" sub { "2" } } },
        Quantity::AIR_O3 => html! { bdi dir="ltr" { "O" sub { "3" } } },
        other => html! { (lang.of(&other.row().label)) },
    }
}

pub(crate) fn air(desk: &Desk<'_>, glance: &Glance) -> Markup {
    let words = desk.lang.words();
    let count = glance.stations.as_ref().map_or(0, Vec::len) as u64;
    let body = glance.stations.as_ref().map(|stations| {
        if stations.is_empty() {
            return empty(words.nothing_yet);
        }
        html! {
            table.rows.air {
                caption.vh { (words.air) }
                thead { tr {
                    th scope="col" { (words.station) }
                    th scope="col" { (words.air_index) }
                    @for (i, quantity) in POLLUTANTS.iter().enumerate() { th.n.late[i > 1] scope="col" { (formula(*quantity, desk.lang)) } }
                    th.chart scope="col" { (words.day_of_pm10) }
                } }
                tbody { @for station in stations.iter().take(STATIONS) { (station_row(desk, glance, station)) } }
            }
            p.note.foot { bdi dir="ltr" { "µg/m³" } " · " (words.index_note) " " (words.air_note) }
        }
    });
    panel(desk.lang, "air", words.air, &html! { (words.stations.say(desk.lang, count)) }, body)
}

fn station_row(desk: &Desk<'_>, glance: &Glance, station: &Station) -> Markup {
    let words = desk.lang.words();
    let name = glance.name(desk.lang, &station.device);
    html! { tr.silent[station.silent] {
        th scope="row" {
            (who(desk, &format!("air/{}", station.device), &name, &station.zone))
            @if station.silent { br; small.quiet { (words.no_data_since) " " (desk.time(station.heard)) } }
        }
        td { @match &station.index {
            Some(index) => { (band(desk, index.level)) }
            None => { (desk.none()) }
        } }
        @for (i, last) in station.last.iter().enumerate() {
            td.n.late[i > 1] { @match last.as_ref().filter(|r| !station.silent && believed(r)) {
                Some(reading) => (desk.live_bare(reading)),
                None => (desk.none()),
            } }
        }
        td.chart { (charts::spark(&station.day, &format!("{}, {name}", words.day_of_pm10))) }
    } }
}

/// A level of the European index, in words and as a number: never by colour alone.
pub(crate) fn band(desk: &Desk<'_>, level: u8) -> Markup {
    let name = desk.lang.words().bands.get(usize::from(level.saturating_sub(1))).copied().unwrap_or_default();
    html! { bdi { (name) } " " small { bdi dir="ltr" { (numbers::whole(desk.lang, u64::from(level))) "/6" } } }
}

pub(crate) fn parking(desk: &Desk<'_>, glance: &Glance) -> Markup {
    let words = desk.lang.words();
    let lots = glance.lots.as_ref();
    let count = lots.iter().flat_map(|l| l.iter()).map(|l| l.free + l.taken + l.unknown).sum();
    let body = lots.map(|lots| {
        if lots.is_empty() {
            return empty(words.nothing_yet);
        }
        html! { table.rows {
            caption.vh { (words.parking) }
            thead { tr {
                th scope="col" { (words.zone) }
                th scope="col" { (words.taken) }
                th.n scope="col" { (words.free) }
            } }
            tbody { @for lot in lots.iter().take(LOTS) { (lot_row(desk, lot)) } }
        } }
    });
    panel(desk.lang, "parking", words.parking, &html! { (words.bays.say(desk.lang, count)) }, body)
}

#[expect(clippy::cast_precision_loss, reason = "bays of a zone")]
fn lot_row(desk: &Desk<'_>, lot: &Lot) -> Markup {
    let words = desk.lang.words();
    let known = lot.free + lot.taken;
    html! { tr {
        th scope="row" { bdi { (zone_name(desk.lang, &lot.zone)) } }
        td.gauge {
            @if known == 0 { (desk.none()) } @else {
                @let share = lot.taken as f64 / known as f64;
                (charts::share(desk.lang, share, if share > 0.9 { "s3" } else { "s2" }, None))
                (desk.amount(share * 100.0, 0, "%"))
            }
            @if lot.unknown > 0 { " " small.quiet { (numbers::whole(desk.lang, lot.unknown)) " " (words.unknown) } }
            @if lot.doubtful { " " small.quiet { (words.low_confidence) } }
        }
        td.n { bdi.qty dir="ltr" { b { (numbers::whole(desk.lang, lot.free)) } small { " / " (numbers::whole(desk.lang, known)) } } }
    } }
}

pub(crate) fn water(desk: &Desk<'_>, glance: &Glance) -> Markup {
    let words = desk.lang.words();
    let count = glance.meters.as_ref().map_or(0, Vec::len) as u64;
    let privacy = &glance.parameters.water.numbers.privacy;
    let body = glance.meters.as_ref().map(|meters| {
        if meters.is_empty() {
            return empty(words.nothing_yet);
        }
        let (day, hours) = of_city(meters, privacy);
        html! {
            table.rows {
                caption.vh { (words.water) }
                thead { tr {
                    th scope="col" { (words.zone) }
                    th.n scope="col" { (words.connections_short) }
                    th.n scope="col" { (words.last_day) }
                    th.chart.late scope="col" { (words.hourly_use) }
                } }
                tbody {
                    tr {
                        th scope="row" { (words.whole_city) }
                        td.n { (numbers::whole(desk.lang, count)) }
                        td.n { (used(desk, day)) }
                        td.chart.late { (charts::bars(&hours, words.hourly_use)) }
                    }
                    @for zone in by_zone(meters, privacy).iter().take(ZONES) { tr {
                        th scope="row" { bdi { (zone_name(desk.lang, zone.zone)) } }
                        td.n { (numbers::whole(desk.lang, zone.connections as u64)) }
                        td.n { (used(desk, zone.sum)) }
                        td.chart.late {}
                    } }
                }
            }
            // A meter tells of people (law 09-08): no single one stands here.
            p.note.foot { (words.water_note) }
        }
    });
    panel(desk.lang, "water", words.water, &html! { (words.meters.say(desk.lang, count)) }, body)
}

/// A sum that may be shown.
fn used(desk: &Desk<'_>, sum: Option<f64>) -> Markup {
    match sum {
        Some(sum) => desk.amount(sum, 2, "m³"),
        None => html! { small.quiet { (desk.lang.words().withheld) } },
    }
}
