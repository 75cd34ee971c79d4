//! How a language is written: direction, numbers, dates and plurals, whatever is said in it.

use schemas::Texts;

use crate::plural::Form;

/// What is true of one language.
pub(crate) struct Writing {
    /// In addresses, in the cookie, and in what browsers wish: `fr`.
    pub(crate) code: &'static str,
    /// By what it is chosen at the top of a page: its own letters, two at most.
    pub(crate) sign: &'static str,
    /// For the attribute `lang`: `fr-MA`.
    pub(crate) tag: &'static str,
    /// It is read from right to left.
    pub(crate) rtl: bool,
    /// Fonts that it needs besides the Latin one, by their names among the assets: asked for before a style sheet does.
    pub(crate) fonts: &'static [&'static str],
    /// For `Intl.NumberFormat`, which must write numbers as `thousands` and `point` do.
    pub(crate) number_locale: &'static str,
    /// Between groups of three digits.
    pub(crate) thousands: &'static str,
    /// Between whole and part.
    pub(crate) point: &'static str,
    /// The form that so many take.
    pub(crate) plural: fn(u64) -> Form,
    /// The first day of a month, in a date.
    pub(crate) first: &'static str,
    /// Between two parts of a sentence, before a space.
    pub(crate) comma: &'static str,
    /// Between a name and what is said of it, with its spaces.
    pub(crate) colon: &'static str,
    /// Bytes, and 2 to the 10th, 20th, 30th and 40th of them.
    pub(crate) bytes: [&'static str; 5],
    /// West, in a coordinate.
    pub(crate) west: &'static str,
    /// Which of the texts of a city, a rule or an alert it shows: its own, or for a language that they do not have the one that its
    /// readers read best.
    pub(crate) text: fn(&Texts) -> &str,
    /// Which of the names that the map has of a zone it shows: the one in Latin letters or the one in Arabic letters.
    pub(crate) zone: for<'z> fn(latin: &'z str, arabic: &'z str) -> &'z str,
}

impl Writing {
    /// The key of the text that it shows, for a script that has them all.
    pub(crate) fn text_key(&self) -> String {
        let keys = Texts { fr: "fr".into(), ar: "ar".into(), en: "en".into() };
        (self.text)(&keys).to_owned()
    }

    /// The key of the name that it shows of a zone.
    pub(crate) fn zone_key(&self) -> &'static str {
        (self.zone)("fr", "ar")
    }
}
