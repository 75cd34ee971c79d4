//! The frame of every page: head, top bar, banner of the demonstration.

use maud::{DOCTYPE, Markup, html};

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
}

impl Page<'_> {
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
                        href=(address("fonts/ibm-plex-sans-latin-standard-normal.woff2"));
                    @if lang.is_rtl() {
                        link rel="preload" as="font" type="font/woff2" crossorigin
                            href=(address("fonts/ibm-plex-sans-arabic-arabic-400-normal.woff2"));
                    }
                    link rel="stylesheet" href=(address("css/app.css"));
                    link rel="icon" type="image/svg+xml" href=(address("icon.svg"));
                    script type="module" src=(address("js/page.js")) {}
                }
                // What the script says to people comes from here: one set of texts.
                body data-lang=(lang.code()) data-locale=(lang.number_locale()) data-live=(words.live) data-lost=(words.lost)
                    data-new=(words.new_alert) data-over=(words.resolved) {
                    a.skip href="#main" { (words.skip) }
                    (self.top(city))
                    @if self.city.demo() {
                        p.banner role="note" { span { b { (words.demo) } ": " (words.demo_note) } }
                    }
                    (super::entry::note(lang, self.city))
                    main #main tabindex="-1" { (main) }
                    p.vh #say role="status" aria-live="polite" {}
                }
            }
        }
    }

    fn top(&self, city: &str) -> Markup {
        let (lang, words) = (self.lang, self.lang.words());
        let home = format!("/{}/", lang.code());
        let sections = [
            ("alerts", words.alerts),
            ("waste", words.waste),
            ("air", words.air),
            ("parking", words.parking),
            ("water", words.water),
            ("platform", words.platform),
        ];
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
                    @for (id, name) in sections { a href=(format!("#{id}")) { (name) } }
                }
                div.tools {
                    span.live #live { i aria-hidden="true" {} span {} }
                    div.langs role="group" aria-label=(words.language) {
                        @for (other, name) in [(Lang::Fr, "fr"), (Lang::Ar, "ع"), (Lang::En, "en")] {
                            a href=(format!("/{}/{}", other.code(), self.path)) hreflang=(other.code()) lang=(other.code())
                                aria-current=[(other == lang).then_some("true")] { (name) }
                        }
                    }
                    form.theme method="post" action="/theme" {
                        input type="hidden" name="back" value=(lang.code());
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
