//! English: the pages.

mod city;
mod desk;
mod people;
mod reports;
mod works;

use crate::words::pages::{Common, Nav, Pages};

pub(super) const PAGES: Pages = Pages {
    common: Common {
        period: "Period",
        ranges: ["24 h", "7 days", "30 days", "1 year", "5 years"],
        time: "Local time",
        no_values: "No readings in the period.",
        walk: "Arrow keys walk through the values.",
        loading: "Loading…",
        no_script: "The chart needs JavaScript; the same values can be exported as CSV.",
        past: "History",
        csv: "Export CSV",
        print: "Print the sheet",
        zoom_in: "Zoom in",
        zoom_out: "Zoom out",
    },
    nav: Nav { alerts: "Alerts", reports: "Reports", devices: "Sensors", engineers: "Engineering" },
    air: city::AIR,
    waste: city::WASTE,
    parking: city::PARKING,
    water: city::WATER,
    leaks: city::LEAKS,
    kinds: city::KINDS,
    maps: city::MAPS,
    public: city::PUBLIC,
    desk: desk::DESK,
    silences: desk::SILENCES,
    rules: desk::RULES,
    rotas: desk::ROTAS,
    report: reports::REPORT,
    indicators: reports::INDICATORS,
    mailings: reports::MAILINGS,
    post: reports::POST,
    entry: people::ENTRY,
    account: people::ACCOUNT,
    audit: people::AUDIT,
    privacy: people::PRIVACY,
    devices: works::DEVICES,
    engineers: works::ENGINEERS,
    explain: works::EXPLAIN,
    api: works::API,
};
