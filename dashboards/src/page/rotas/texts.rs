//! The words of the page on rotas, in three languages.

use crate::lang::Lang;
use crate::plural::Count;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) title: &'static str,
    pub(super) none: &'static str,
    pub(super) how: &'static str,
    pub(super) unmanned: Count,
    pub(super) now: &'static str,
    pub(super) stands_in: &'static str,
    pub(super) until: &'static str,
    pub(super) for_good: &'static str,
    pub(super) fallback: &'static str,
    pub(super) no_shift: &'static str,
    pub(super) two_weeks: &'static str,
    pub(super) shifts: &'static str,
    pub(super) who: &'static str,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) hole: &'static str,
}

const FR: Texts = Texts {
    title: "Astreinte",
    none: "Aucun tour d’astreinte",
    how: "Les tours d’astreinte s’inscrivent dans les réglages : [[notify.rota]], avec un fichier de gardes datées.",
    unmanned: Count::latin(
        "Quelqu’un est d’astreinte partout",
        "{} astreinte sans personne en ce moment",
        "{} astreintes sans personne en ce moment",
    ),
    now: "En ce moment",
    stands_in: "personne n’est de garde : le remplaçant répond",
    until: "Jusqu’à",
    for_good: "sans fin",
    fallback: "Remplaçant",
    no_shift: "Aucune garde à venir : le remplaçant répond.",
    two_weeks: "les quatorze jours à venir",
    shifts: "Gardes à venir",
    who: "Qui",
    from: "De",
    to: "À",
    hole: "personne : le remplaçant",
};

const AR: Texts = Texts {
    title: "المداومة",
    none: "لا جدول مداومة",
    how: "تُكتب جداول المداومة في الإعدادات: [[notify.rota]] مع ملف للنوبات المؤرخة.",
    unmanned: Count {
        zero: "لكل مداومة من يتولاها",
        one: "مداومة واحدة بلا أحد الآن",
        two: "مداومتان بلا أحد الآن",
        few: "{} مداومات بلا أحد الآن",
        many: "{} مداومة بلا أحد الآن",
        other: "{} مداومة بلا أحد الآن",
    },
    now: "الآن",
    stands_in: "لا أحد في النوبة: يجيب البديل",
    until: "إلى",
    for_good: "بلا نهاية",
    fallback: "البديل",
    no_shift: "لا نوبة قادمة: يجيب البديل.",
    two_weeks: "الأربعة عشر يومًا القادمة",
    shifts: "النوبات القادمة",
    who: "من",
    from: "من",
    to: "إلى",
    hole: "لا أحد: البديل",
};

const EN: Texts = Texts {
    title: "On call",
    none: "No rota",
    how: "Rotas stand in the settings: [[notify.rota]], with a file of dated shifts.",
    unmanned: Count::latin(
        "Somebody is on call everywhere",
        "{} rota with nobody on call now",
        "{} rotas with nobody on call now",
    ),
    now: "Now",
    stands_in: "nobody’s shift: the fallback answers",
    until: "Until",
    for_good: "for good",
    fallback: "Fallback",
    no_shift: "No shift ahead: the fallback answers.",
    two_weeks: "the fourteen days ahead",
    shifts: "Shifts ahead",
    who: "Who",
    from: "From",
    to: "To",
    hole: "nobody: the fallback",
};

/// Those of a language.
pub(super) const fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Fr => &FR,
        Lang::Ar => &AR,
        Lang::En => &EN,
    }
}
