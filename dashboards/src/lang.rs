//! A language of the pages, and how a browser's wish for one is met. Which languages there are, `words` says.

use axum::http::{HeaderMap, header};
use schemas::Texts;

use crate::words::{LANGUAGES, Words, Writing};

/// A language of the pages: its row, and nothing besides.
#[derive(Clone, Copy)]
pub(crate) struct Lang(&'static Words);

impl Lang {
    /// All codes, in the order of the house.
    pub(crate) const CODES: [&'static str; LANGUAGES.len()] = {
        let mut codes = [""; LANGUAGES.len()];
        let mut at = 0;
        while at < codes.len() {
            codes[at] = LANGUAGES[at].writing.code;
            at += 1;
        }
        codes
    };

    /// Every language, in the order of the house.
    pub(crate) fn all() -> impl Iterator<Item = Lang> {
        LANGUAGES.iter().map(|words| Lang(words))
    }

    /// The one for whoever wishes none.
    pub(crate) const fn first() -> Lang {
        Lang(LANGUAGES[0])
    }

    /// All codes as one expects one of them: `fr, ar or en`.
    pub(crate) fn alternatives() -> String {
        let [others @ .., last] = &Lang::CODES;
        format!("{} or {last}", others.join(", "))
    }

    pub(crate) fn from_code(code: &str) -> Option<Lang> {
        Lang::all().find(|lang| lang.code() == code)
    }

    /// What is said in it.
    pub(crate) const fn words(self) -> &'static Words {
        self.0
    }

    /// How it is written.
    pub(crate) const fn writing(self) -> &'static Writing {
        &self.0.writing
    }

    /// In addresses.
    pub(crate) const fn code(self) -> &'static str {
        self.writing().code
    }

    /// For the attribute `lang`.
    pub(crate) const fn tag(self) -> &'static str {
        self.writing().tag
    }

    /// For the attribute `dir`.
    pub(crate) const fn dir(self) -> &'static str {
        if self.is_rtl() { "rtl" } else { "ltr" }
    }

    pub(crate) const fn is_rtl(self) -> bool {
        self.writing().rtl
    }

    /// The text in this language.
    pub(crate) fn of(self, texts: &Texts) -> &str {
        (self.writing().text)(texts)
    }

    /// What it calls a zone of the map.
    pub(crate) fn zone<'z>(self, latin: &'z str, arabic: &'z str) -> &'z str {
        (self.writing().zone)(latin, arabic)
    }

    /// What the cookie says, else what the browser likes best, else the first.
    pub(crate) fn wished(headers: &HeaderMap) -> Lang {
        if let Some(lang) = cookie(headers, "lang").and_then(Lang::from_code) {
            return lang;
        }
        let wishes = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let mut best: Option<(f32, Lang)> = None;
        for wish in wishes.split(',').take(32) {
            let (tag, weight) = wish.split_once(';').unwrap_or((wish, "q=1"));
            let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
            let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse().ok()).unwrap_or(0.0);
            if let Some(lang) = Lang::from_code(&primary).filter(|_| weight > 0.0 && best.is_none_or(|(w, _)| weight > w)) {
                best = Some((weight, lang));
            }
        }
        best.map_or(Lang::first(), |(_, lang)| lang)
    }
}

impl PartialEq for Lang {
    fn eq(&self, other: &Lang) -> bool {
        self.code() == other.code()
    }
}

impl Eq for Lang {}

impl std::fmt::Debug for Lang {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

/// A cookie's value.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|v| v.to_str().ok());
    all.flat_map(|v| v.split(';')).filter_map(|pair| pair.trim().split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v)
}

/// A language that a test is about.
#[cfg(test)]
pub(crate) fn lang(code: &str) -> Lang {
    Lang::from_code(code).expect("one of the house's")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wished(accept: &str) -> Lang {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accept.parse().unwrap());
        Lang::wished(&headers)
    }

    #[test]
    fn the_best_wish_that_can_be_met_is_met() {
        assert_eq!(wished("ar-MA,ar;q=0.9,fr;q=0.8"), lang("ar"));
        assert_eq!(wished("de,en;q=0.5,fr;q=0.7"), lang("fr"));
        assert_eq!(wished("de, EN-us;q=0.3"), lang("en"));
        assert_eq!(wished("ar;q=0, en;q=0.1"), lang("en"));
        assert_eq!(wished("zgh"), lang("fr"));
        assert_eq!(Lang::wished(&HeaderMap::new()), lang("fr"));
    }

    #[test]
    fn the_cookie_comes_first() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, "fr".parse().unwrap());
        headers.insert(header::COOKIE, "theme=dark; lang=ar".parse().unwrap());
        assert_eq!(Lang::wished(&headers), lang("ar"));
        assert_eq!(cookie(&headers, "theme"), Some("dark"));
    }
}
