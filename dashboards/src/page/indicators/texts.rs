//! The words of the page of indicators, in three languages.

use crate::lang::Lang;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) title: &'static str,
    /// A week, four weeks, a quarter.
    pub(super) spans: [&'static str; 3],
}

const FR: Texts = Texts { title: "Indicateurs de collecte", spans: ["7 jours", "4 semaines", "90 jours"] };

const AR: Texts = Texts { title: "مؤشرات الجمع", spans: ["7 أيام", "4 أسابيع", "90 يوما"] };

const EN: Texts = Texts { title: "Collection: indicators", spans: ["7 days", "4 weeks", "90 days"] };

/// The texts of a language.
pub(super) fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Fr => &FR,
        Lang::Ar => &AR,
        Lang::En => &EN,
    }
}
