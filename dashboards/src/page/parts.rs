//! What several panels need: a quantity, a time, and the states of a panel.

use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use schemas::{DeviceId, Quantity, Reading, SeriesKey, Timestamp};
use serde::Deserialize;

use crate::lang::Lang;
use crate::numbers::{self, NONE};

/// A language, the city's clock, and now.
pub(crate) struct Desk<'a> {
    pub(crate) lang: Lang,
    pub(crate) zone: &'a TimeZone,
    pub(crate) now: Timestamp,
    pub(crate) local: Zoned,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(lang: Lang, zone: &'a TimeZone, now: Timestamp) -> Self {
        Self { lang, zone, now, local: numbers::local(zone, now) }
    }

    /// When, short; the whole instant for machines.
    pub(crate) fn time(&self, at: Timestamp) -> Markup {
        let local = numbers::local(self.zone, at);
        html! { time datetime=(at) { bdi { (numbers::moment(self.lang, &local, &self.local)) } } }
    }

    /// How long ago.
    pub(crate) fn age(&self, at: Timestamp) -> String {
        numbers::span(self.lang, self.now.since(at))
    }

    /// A number with its unit, which neither breaks nor turns round in Arabic text.
    pub(crate) fn quantity(&self, value: f64, quantity: Quantity) -> Markup {
        self.amount(value, numbers::decimals(quantity), &numbers::unit(quantity.unit()))
    }

    /// A number of so many decimals with any unit.
    pub(crate) fn amount(&self, value: f64, decimals: usize, unit: &str) -> Markup {
        html! {
            bdi.qty dir="ltr" { b { (numbers::decimal(self.lang, value, decimals)) } @if !unit.is_empty() { "\u{a0}" small { (unit) } } }
        }
    }

    /// A reading's value that the script keeps up to date.
    pub(crate) fn live(&self, reading: &Reading) -> Markup {
        self.living(&reading.series, reading.value)
    }

    /// The last value of a series, that the script keeps up to date.
    pub(crate) fn living(&self, series: &SeriesKey, value: f64) -> Markup {
        let (unit, decimals) = (numbers::unit(series.quantity.unit()), numbers::decimals(series.quantity));
        html! {
            bdi.qty dir="ltr" data-s=(key(series)) data-d=(decimals) {
                b { (numbers::decimal(self.lang, value, decimals)) }
                @if !unit.is_empty() { "\u{a0}" small { (unit) } }
            }
        }
    }

    /// The same without its unit, which stands elsewhere.
    pub(crate) fn live_bare(&self, reading: &Reading) -> Markup {
        let decimals = if reading.value.abs() < 9.95 { 1 } else { 0 };
        html! { bdi.qty dir="ltr" data-s=(key(&reading.series)) data-d="auto" { b { (numbers::decimal(self.lang, reading.value, decimals)) } } }
    }

    /// The head of a page: when, and the sentence that answers. The eyebrow says which page it is.
    pub(crate) fn opening(&self, eyebrow: &str, title: &str) -> Markup {
        let comma = self.lang.writing().comma;
        html! {
            div.opening data-panel #opening {
                p.eyebrow {
                    (eyebrow) " · "
                    time datetime=(self.now) { (numbers::date(self.lang, &self.local)) (comma) " " bdi { (numbers::clock(&self.local)) } }
                }
                h1 { (title) }
            }
        }
    }

    /// What stands between a name and what is said of it.
    pub(crate) fn colon(&self) -> &'static str {
        self.lang.writing().colon
    }

    /// A day, short: `21 novembre`.
    pub(crate) fn day(&self, date: Date) -> Markup {
        html! { time datetime=(date) { (numbers::day(self.lang, date)) } }
    }

    /// An address of ours in the reader's language.
    pub(crate) fn to(&self, path: &str) -> String {
        format!("/{}/{path}", self.lang.code())
    }

    /// A device's name that leads to its page.
    pub(crate) fn device_link(&self, id: &DeviceId, name: &str) -> Markup {
        html! { a href=(self.to(&format!("devices/{id}"))) { bdi { (name) } } }
    }

    pub(crate) fn none(&self) -> Markup {
        html! { span.nil { (NONE) span.vh { " " (self.lang.words().no_data) } } }
    }
}

/// A number of an answer that the data may not carry.
#[derive(Debug, Deserialize)]
pub(crate) struct Told<T> {
    pub(crate) value: Option<T>,
    /// Why there is none, in English.
    pub(crate) reason: Option<String>,
}

/// The name of a series for the script.
fn key(series: &SeriesKey) -> String {
    format!("{}|{}|{}", series.device, series.quantity, series.channel)
}

/// A panel that the script exchanges as a whole. `body` is none where the store or the register did not
/// answer.
pub(crate) fn panel(lang: Lang, id: &str, title: &str, note: &Markup, body: Option<Markup>) -> Markup {
    let words = lang.words();
    let heading = format!("{id}-title");
    html! {
        section id=(id) data-panel aria-labelledby=(heading) {
            div.head { h2 id=(heading) { (title) } p.note { (note) } }
            @match body {
                Some(body) => (body),
                None => div.empty.err role="alert" { (words.unreadable) " " a href="" { (words.retry) } },
            }
        }
    }
}

/// One sentence where there is nothing to show.
pub(crate) fn empty(text: &str) -> Markup {
    html! { p.empty { (text) } }
}
