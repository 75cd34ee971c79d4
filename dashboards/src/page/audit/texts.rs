//! The words of the page on the audit, in three languages.

use crate::lang::Lang;
use crate::plural::Count;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) title: &'static str,
    pub(super) rows: Count,
    pub(super) whole: &'static str,
    pub(super) broken: &'static str,
    pub(super) done: &'static str,
    pub(super) none: &'static str,
    pub(super) what: &'static str,
    pub(super) who: &'static str,
    pub(super) outcome: &'static str,
    pub(super) when: &'static str,
    pub(super) older: &'static str,
}

const FR: Texts = Texts {
    title: "Journal d’audit",
    rows: Count::latin("Rien n’est encore inscrit", "{} ligne inscrite", "{} lignes inscrites"),
    whole: "Chaque ligne est telle qu’elle a été écrite. Empreinte de la dernière :",
    broken: "La chaîne est rompue à la ligne",
    done: "Ce qui a été fait, le plus récent d’abord",
    none: "Rien n’est encore inscrit.",
    what: "Quoi",
    who: "Qui",
    outcome: "Issue",
    when: "Quand",
    older: "Lignes plus anciennes",
};

const AR: Texts = Texts {
    title: "سجل التدقيق",
    rows: Count {
        zero: "لم يُسجَّل شيء بعد",
        one: "سطر واحد مسجَّل",
        two: "سطران مسجَّلان",
        few: "{} أسطر مسجَّلة",
        many: "{} سطرًا مسجَّلًا",
        other: "{} سطر مسجَّل",
    },
    whole: "كل سطر كما كُتب. بصمة السطر الأخير:",
    broken: "السلسلة مقطوعة عند السطر",
    done: "ما تم فعله، الأحدث أولًا",
    none: "لم يُسجَّل شيء بعد.",
    what: "ماذا",
    who: "من",
    outcome: "النتيجة",
    when: "متى",
    older: "أسطر أقدم",
};

const EN: Texts = Texts {
    title: "Audit",
    rows: Count::latin("Nothing is written down yet", "{} row is written down", "{} rows are written down"),
    whole: "Every row is as it was written. The hash of the last one:",
    broken: "The chain is broken at row",
    done: "What was done, the latest first",
    none: "Nothing is written down yet.",
    what: "What",
    who: "Who",
    outcome: "Outcome",
    when: "When",
    older: "Older rows",
};

/// Those of a language.
pub(super) const fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Fr => &FR,
        Lang::Ar => &AR,
        Lang::En => &EN,
    }
}
