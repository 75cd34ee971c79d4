//! The words of the page on silences, in three languages.

use crate::lang::Lang;
use crate::plural::Count;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) title: &'static str,
    pub(super) holding: Count,
    pub(super) silences: &'static str,
    pub(super) windows: &'static str,
    pub(super) none: &'static str,
    pub(super) sort: &'static str,
    pub(super) silence: &'static str,
    pub(super) window: &'static str,
    pub(super) lasting: &'static str,
    pub(super) choose: &'static str,
    pub(super) begin: &'static str,
    pub(super) what: &'static str,
    pub(super) whose: &'static str,
    pub(super) end: &'static str,
    pub(super) ended: &'static str,
    pub(super) from: &'static str,
    pub(super) over_too: &'static str,
    pub(super) of_alert: &'static str,
}

const FR: Texts = Texts {
    title: "Silences",
    holding: Count::latin("Rien n’est mis en silence", "{} silence en cours", "{} silences en cours"),
    silences: "Silences",
    windows: "Travaux",
    none: "Aucun.",
    sort: "Sorte",
    silence: "Silence",
    window: "Travaux",
    lasting: "Pendant",
    choose: "choisir…",
    begin: "Mettre en silence",
    what: "Quelles alertes",
    whose: "Par",
    end: "Terminer",
    ended: "terminé",
    from: "dès",
    over_too: "Montrer aussi ceux qui sont passés",
    of_alert: "Mettre cette alerte en silence",
};

const AR: Texts = Texts {
    title: "فترات الصمت",
    holding: Count {
        zero: "لا شيء في صمت",
        one: "فترة صمت واحدة جارية",
        two: "فترتا صمت جاريتان",
        few: "{} فترات صمت جارية",
        many: "{} فترة صمت جارية",
        other: "{} فترة صمت جارية",
    },
    silences: "فترات الصمت",
    windows: "الأشغال",
    none: "لا شيء.",
    sort: "النوع",
    silence: "صمت",
    window: "أشغال",
    lasting: "لمدة",
    choose: "اختر…",
    begin: "إسكات",
    what: "أي إنذارات",
    whose: "من طرف",
    end: "إنهاء",
    ended: "انتهى",
    from: "من",
    over_too: "إظهار ما انتهى أيضًا",
    of_alert: "إسكات هذا الإنذار",
};

const EN: Texts = Texts {
    title: "Silences",
    holding: Count::latin("Nothing is silenced", "{} silence holds", "{} silences hold"),
    silences: "Silences",
    windows: "Maintenance",
    none: "None.",
    sort: "Sort",
    silence: "Silence",
    window: "Maintenance",
    lasting: "For",
    choose: "choose…",
    begin: "Silence",
    what: "Which alerts",
    whose: "By",
    end: "End",
    ended: "ended",
    from: "from",
    over_too: "Show those too that are over",
    of_alert: "Silence this alert",
};

/// Those of a language.
pub(super) const fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Fr => &FR,
        Lang::Ar => &AR,
        Lang::En => &EN,
    }
}
