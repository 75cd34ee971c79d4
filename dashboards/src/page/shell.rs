//! The frame of every page: head, top bar, what is said of whoever looks.

use axum::http::HeaderMap;
use maud::{DOCTYPE, Markup, html};

use super::{theme, visit};
use crate::access::{Right, may, present};
use crate::assets::address;
use crate::house::City;
use crate::lang::Lang;

/// What the frame needs to know.
pub(crate) struct Page<'a> {
    pub(crate) lang: Lang,
    /// `light`, `dark` or `auto`.
    pub(crate) theme: &'static str,
    pub(crate) city: &'a City,
    /// After `/{lang}/`: the same page in another language.
    pub(crate) path: &'a str,
    /// The part of the menu that it belongs to; empty for none.
    pub(crate) section: &'a str,
    pub(crate) scripts: Scripts,
    /// Milliseconds between two looks at what changed.
    pub(crate) often: u32,
    /// Milliseconds from an alert to the next look.
    pub(crate) soon: u32,
}

/// What a page needs besides the script of all pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scripts {
    /// Charts over time.
    pub(crate) chart: bool,
    /// A map that moves.
    pub(crate) map: bool,
    /// A module of its own, by name.
    pub(crate) own: Option<&'static str>,
}

impl Scripts {
    pub(crate) const NONE: Scripts = Scripts { chart: false, map: false, own: None };
    pub(crate) const CHART: Scripts = Scripts { chart: true, ..Scripts::NONE };
    pub(crate) const MAP: Scripts = Scripts { map: true, ..Scripts::NONE };

    /// A module of the page's own.
    pub(crate) const fn of(own: &'static str) -> Scripts {
        Scripts { own: Some(own), ..Scripts::NONE }
    }

    fn links(self) -> Markup {
        html! {
            @if self.chart {
                link rel="stylesheet" href=(address("vendor/uPlot.min.css"));
                script defer src=(address("vendor/uPlot.iife.min.js")) {}
                script type="module" src=(address("js/chart.js")) {}
            }
            @if self.map {
                link rel="stylesheet" href=(address("vendor/leaflet.css"));
                script defer src=(address("vendor/leaflet.js")) {}
                script type="module" src=(address("js/map.js")) {}
            }
            @if let Some(own) = self.own { script type="module" src=(address(&format!("js/{own}.js"))) {} }
        }
    }
}

/// Whether whoever looks may not hear what happens just now.
fn deaf() -> bool {
    present().is_some_and(|viewer| !Right::Measured.is_had_by(&viewer))
}

impl<'a> Page<'a> {
    /// A page that stands still, and is no part of the menu: signing in, what is not there.
    pub(crate) fn still(lang: Lang, headers: &HeaderMap, city: &'a City) -> Self {
        let (theme, scripts) = (theme::of(headers), Scripts::NONE);
        Self { lang, theme, city, path: "", section: "", scripts, often: visit::SELDOM, soon: visit::SELDOM }
    }

    /// The whole document. The title's answer comes first, the city after it.
    pub(crate) fn render(&self, title: &str, main: &Markup) -> Markup {
        let (lang, words) = (self.lang, self.lang.words());
        let city = lang.of(self.city.name());
        html! {
            (DOCTYPE)
            html lang=(lang.tag()) dir=(lang.dir()) data-theme=(self.theme) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) " · " (city) }
                    link rel="preload" as="font" type="font/woff2" crossorigin
                        href=(address("fonts/ibm-plex-sans-latin-wght-normal.woff2"));
                    @for font in lang.writing().fonts {
                        link rel="preload" as="font" type="font/woff2" crossorigin
                            href=(address(&format!("fonts/{font}.woff2")));
                    }
                    link rel="stylesheet" href=(address("css/app.css"));
                    link rel="icon" type="image/svg+xml" href=(address("icon.svg"));
                    link rel="stylesheet" href=(address("css/pages.css"));
                    script type="module" src=(address("js/page.js")) {}
                    (self.scripts.links())
                }
                // What the script says to people comes from here: one set of texts.
                body data-text=(lang.writing().text_key()) data-comma=(lang.writing().comma) data-first=(lang.writing().first) data-locale=(lang.writing().number_locale) data-live=(words.live) data-lost=(words.lost)
                    data-new=(words.new_alert) data-over=(words.resolved) data-stream=[deaf().then_some("off")] data-often=(self.often) data-soon=(self.soon) {
                    a.skip href="#main" { (words.skip) }
                    (self.top(city))
                    (super::entry::note(lang, self.city))
                    main #main tabindex="-1" { (main) }
                    footer.about {
                        a href=(format!("/{}/privacy", lang.code())) { (super::privacy::link(lang)) }
                        " · " a href=(format!("/{}/api", lang.code())) { (super::api::link(lang)) }
                        @if present().is_some() && may(Right::Audit) { " · " a href=(format!("/{}/audit", lang.code())) { (super::audit::link(lang)) } }
                    }
                    p.vh #say role="status" aria-live="polite" {}
                }
            }
        }
    }

    /// Whether it belongs to this part of the menu.
    fn stands_in(&self, id: &str) -> bool {
        id == self.section || (self.section == "kinds" && self.path.split('?').next() == Some(id))
    }

    fn top(&self, city: &str) -> Markup {
        let (lang, words) = (self.lang, self.lang.words());
        let home = format!("/{}/", lang.code());
        let built_in = [("air", words.air), ("waste", words.waste), ("parking", words.parking), ("water", words.water)];
        let rest = [
            ("reports", words.pages.nav.reports),
            ("alerts", words.pages.nav.alerts),
            ("devices", words.pages.nav.devices),
            ("engineers", words.pages.nav.engineers),
        ];
        let owned = |(id, name): (&str, &'static str)| (id.to_owned(), name);
        let own = super::glance::own_kinds().map(|kind| (format!("kinds/{kind}"), lang.of(kind.label())));
        let sections: Vec<(String, &str)> = built_in.map(owned).into_iter().chain(own).chain(rest.map(owned)).collect();
        html! {
            header.top {
                a.brand href=(home) {
                    svg viewBox="0 0 28 28" aria-hidden="true" {
                        path d="M2 20q3-3 6 0t6 0 6 0 6 0M2 25q3-3 6 0t6 0 6 0 6 0" {}
                        path.b d="M5 15V9M10 15V4M15 15V7M20 15v-4" {}
                    }
                    span { b { (city) } " " i { (words.subtitle) } }
                }
                nav aria-label=(words.sections) {
                    @for (id, name) in &sections {
                        a href=(format!("/{}/{id}", lang.code())) aria-current=[(self.stands_in(id)).then_some("page")] { (name) }
                    }
                }
                div.tools {
                    span.live #live { i aria-hidden="true" {} span {} }
                    div.langs role="group" aria-label=(words.language) {
                        @for other in Lang::all() {
                            a href=(format!("/{}/{}", other.code(), self.path)) hreflang=(other.code()) lang=(other.code())
                                aria-current=[(other == lang).then_some("true")] { (other.writing().sign) }
                        }
                    }
                    form.theme method="post" action="/theme" {
                        input type="hidden" name="back" value=(format!("{}/{}", lang.code(), self.path.split('?').next().unwrap_or_default()));
                        label.vh for="theme" { (words.theme) }
                        select #theme name="theme" {
                            @for (value, name) in [("auto", words.theme_auto), ("light", words.theme_light), ("dark", words.theme_dark)] {
                                option value=(value) selected[value == self.theme] { (name) }
                            }
                        }
                        noscript { button.btn { (words.apply) } }
                    }
                }
            }
        }
    }
}
