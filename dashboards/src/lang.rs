//! The three languages of the house and how a browser's wish is met.

use axum::http::{HeaderMap, header};
use schemas::Texts;

use crate::words::{AR, EN, FR, Words};

/// French, Arabic or English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    Fr,
    Ar,
    En,
}

impl Lang {
    pub(crate) const ALL: [Lang; 3] = [Lang::Fr, Lang::Ar, Lang::En];

    /// `fr`, `ar` or `en`: in addresses.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Lang::Fr => "fr",
            Lang::Ar => "ar",
            Lang::En => "en",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Lang> {
        Lang::ALL.into_iter().find(|l| l.code() == code)
    }

    /// For the attribute `lang`.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Lang::Fr => "fr-MA",
            Lang::Ar => "ar-MA",
            Lang::En => "en-GB",
        }
    }

    /// For `Intl.NumberFormat`. CLDR writes `fr-MA` with a point between thousands, which nobody in
    /// Morocco does in French.
    pub(crate) const fn number_locale(self) -> &'static str {
        match self {
            Lang::Fr => "fr-FR",
            Lang::Ar => "ar-MA",
            Lang::En => "en-GB",
        }
    }

    pub(crate) const fn dir(self) -> &'static str {
        match self {
            Lang::Ar => "rtl",
            Lang::Fr | Lang::En => "ltr",
        }
    }

    pub(crate) fn is_rtl(self) -> bool {
        self == Lang::Ar
    }

    pub(crate) const fn words(self) -> &'static Words {
        match self {
            Lang::Fr => &FR,
            Lang::Ar => &AR,
            Lang::En => &EN,
        }
    }

    /// The text in this language.
    pub(crate) fn of(self, texts: &Texts) -> &str {
        match self {
            Lang::Fr => &texts.fr,
            Lang::Ar => &texts.ar,
            Lang::En => &texts.en,
        }
    }

    /// What the cookie says, else what the browser likes best, else French.
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
        best.map_or(Lang::Fr, |(_, lang)| lang)
    }
}

/// A cookie's value.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|v| v.to_str().ok());
    all.flat_map(|v| v.split(';')).filter_map(|pair| pair.trim().split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v)
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
        assert_eq!(wished("ar-MA,ar;q=0.9,fr;q=0.8"), Lang::Ar);
        assert_eq!(wished("de,en;q=0.5,fr;q=0.7"), Lang::Fr);
        assert_eq!(wished("de, EN-us;q=0.3"), Lang::En);
        assert_eq!(wished("ar;q=0, en;q=0.1"), Lang::En);
        assert_eq!(wished("zgh"), Lang::Fr);
        assert_eq!(Lang::wished(&HeaderMap::new()), Lang::Fr);
    }

    #[test]
    fn the_cookie_comes_first() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, "fr".parse().unwrap());
        headers.insert(header::COOKIE, "theme=dark; lang=ar".parse().unwrap());
        assert_eq!(Lang::wished(&headers), Lang::Ar);
        assert_eq!(cookie(&headers, "theme"), Some("dark"));
    }
}
