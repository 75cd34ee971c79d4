//! A chart over time: its frame, its ranges, and what the script must know to draw it.

use std::time::Duration;

use jiff::tz::TimeZone;
use maud::{Markup, html};
use schemas::Timestamp;
use serde_json::json;

use super::parts::Desk;
use crate::params::Params;
use crate::problem::Problem;

/// The periods that can be chosen: their codes in addresses, in the order of their words, and their hours.
const RANGES: [(&str, u64); 5] = [("24h", 24), ("7d", 7 * 24), ("30d", 30 * 24), ("1y", 365 * 24), ("5y", 1_826 * 24)];
/// Changes of a clock that are sent at most.
const CHANGES: usize = 64;

/// A period that ends now.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    place: usize,
    pub(crate) from: Timestamp,
}

impl Range {
    /// `range`, or the one at this place where nobody asks.
    pub(crate) fn of(params: &Params, now: Timestamp, usual: usize) -> Result<Self, Problem> {
        let codes: Vec<&str> = RANGES.iter().map(|(code, _)| *code).collect();
        let place = match params.one("range")? {
            None => usual,
            Some(asked) => codes
                .iter()
                .position(|code| *code == asked)
                .ok_or_else(|| Problem::parameter("range", "there is no such period", format!("one of {}", codes.join(", "))))?,
        };
        let hours = RANGES.get(place).map_or(24, |(_, hours)| *hours);
        Ok(Self { place, from: now.minus(Duration::from_secs(hours * 3_600)) })
    }

    /// Its code.
    pub(crate) fn code(self) -> &'static str {
        RANGES.get(self.place).map_or("24h", |(code, _)| *code)
    }

    /// The choice of periods; `to` gives the address of the same page with another one.
    pub(crate) fn choice(self, desk: &Desk<'_>, to: impl Fn(&str) -> String) -> Markup {
        let words = &desk.lang.words().pages.common;
        html! { ul aria-label=(words.period) {
            @for (i, ((code, _), name)) in RANGES.iter().zip(words.ranges).enumerate() {
                li { a href=(to(code)) aria-current=[(i == self.place).then_some("true")] { (name) } }
            }
        } }
    }
}

/// What is drawn.
pub(crate) struct Chart<'a> {
    /// An address of the API.
    pub(crate) source: String,
    /// Another address of the same kind that is drawn beside, and its name.
    pub(crate) compare: Option<(String, String)>,
    /// What it shows, for whoever does not see it.
    pub(crate) summary: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) places: usize,
    /// The names of the line; of the mean beside it; of what is expected.
    pub(crate) thin: &'a str,
    pub(crate) thick: &'a str,
    pub(crate) ahead: &'a str,
    /// A limit, and what is written at it.
    pub(crate) limit: Option<(f64, String)>,
    /// Instants that are marked.
    pub(crate) marks: &'a [Timestamp],
    /// What is expected, and when.
    pub(crate) due: &'a [(Timestamp, f64)],
    pub(crate) from: Timestamp,
}

/// The frame, at its final height.
pub(crate) fn chart(desk: &Desk<'_>, chart: &Chart<'_>) -> Markup {
    let (lang, words) = (desk.lang, &desk.lang.words().pages.common);
    let limit_text = chart.limit.as_ref().map_or("", |(_, text)| text);
    let texts = json!({ "time": words.time, "thin": chart.thin, "thick": chart.thick, "ahead": chart.ahead, "limit": limit_text, "compare": chart.compare.as_ref().map_or("", |(_, name)| name),
        "empty": words.no_values, "error": lang.words().unreadable, "retry": lang.words().retry });
    let marks: Vec<i64> = chart.marks.iter().map(|at| at.millis() / 1000).collect();
    let due: Vec<(i64, f64)> = chart.due.iter().map(|(at, value)| (at.millis() / 1000, *value)).collect();
    html! {
        div.chartframe {
            div.chartbox data-chart tabindex="0" role="group" aria-label=(format!("{}. {}", chart.summary, words.walk))
                data-source=(chart.source) data-compare=[chart.compare.as_ref().map(|(source, _)| source)] data-unit=(chart.unit) data-places=(chart.places) data-words=(texts)
                data-limit=[chart.limit.as_ref().map(|(value, _)| value)] data-marks=(json!(marks)) data-due=(json!(due))
                data-months=(json!(lang.words().months)) data-zone=(json!(offsets(desk.zone, chart.from, desk.now))) {
                p.wait { (words.loading) }
            }
            div.legend {}
            p.vh.told role="status" {}
            noscript { p.note { (words.no_script) } }
        }
    }
}

/// Seconds from which on the city's clock is so many seconds before UTC's.
fn offsets(zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<(i64, i32)> {
    let Ok(start) = jiff::Timestamp::from_millisecond(from.millis()) else { return Vec::new() };
    let first = (start.as_second(), zone.to_offset(start).seconds());
    let later = zone.following(start).take_while(|change| change.timestamp().as_millisecond() <= to.millis()).take(CHANGES);
    [first].into_iter().chain(later.map(|change| (change.timestamp().as_second(), change.offset().seconds()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_knows_when_the_citys_clock_changed() {
        let zone = TimeZone::get("Africa/Casablanca").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let found = offsets(&zone, at("2026-09-01T00:00:00Z"), at("2026-11-21T20:00:00Z"));
        assert_eq!(found.iter().map(|(_, shift)| *shift).collect::<Vec<_>>(), [3_600, 0]);
        assert_eq!(found[1].0, at("2026-09-20T01:00:00Z").millis() / 1000);
    }
}
