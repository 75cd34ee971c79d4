//! The words of the page on water that came with leaks and losses, in three languages.

use crate::lang::Lang;
use crate::plural::Count;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) leaks: &'static str,
    pub(super) going_on: Count,
    pub(super) of_week: &'static str,
    pub(super) meter: &'static str,
    pub(super) what: &'static str,
    pub(super) burst: &'static str,
    /// Minor, moderate, major.
    pub(super) classes: [&'static str; 3],
    pub(super) certain: &'static str,
    pub(super) flow: &'static str,
    pub(super) ended: &'static str,
    pub(super) lasts: &'static str,
    pub(super) no_leak: &'static str,
    pub(super) leaks_note: &'static str,
    pub(super) no_keys: &'static str,
    pub(super) losses: &'static str,
    pub(super) two_weeks: &'static str,
    pub(super) inflow: &'static str,
    pub(super) consumption: &'static str,
    pub(super) loss: &'static str,
    pub(super) part: &'static str,
    pub(super) losses_note: &'static str,
}

const FR: Texts = Texts {
    leaks: "Fuites",
    going_on: Count::latin("aucune en cours", "{} en cours", "{} en cours"),
    of_week: "sept derniers jours",
    meter: "Compteur (pseudonyme)",
    what: "Quoi",
    burst: "rupture",
    classes: ["petite fuite", "fuite", "grande fuite"],
    certain: "Certaine depuis",
    flow: "Débit minimal",
    ended: "Fin",
    lasts: "dure encore",
    no_leak: "Aucune fuite ni rupture ces sept derniers jours.",
    leaks_note: "L’eau ne s’arrête jamais derrière ces compteurs. Qui est derrière un pseudonyme, seul le délégué à la protection \
                 des données peut le savoir, pour une finalité déclarée.",
    no_keys: "Les fuites ne sont dites que sous pseudonyme, et cette plateforme n’a pas de clés : marsad vault init en fait.",
    losses: "Bilan des secteurs",
    two_weeks: "quatorze derniers jours entiers",
    inflow: "Entré",
    consumption: "Compté aux branchements",
    loss: "Perdu",
    part: "Part perdue",
    losses_note: "Perdu : ce qui est entré sans être compté à un branchement. Un secteur de trop peu de branchements n’est pas dit.",
};

const AR: Texts = Texts {
    leaks: "التسربات",
    going_on: Count {
        zero: "لا تسرب جار",
        one: "تسرب واحد جار",
        two: "تسربان جاريان",
        few: "{} تسربات جارية",
        many: "{} تسربا جاريا",
        other: "{} تسرب جار",
    },
    of_week: "الأيام السبعة الأخيرة",
    meter: "العداد (اسم مستعار)",
    what: "ماذا",
    burst: "انفجار أنبوب",
    classes: ["تسرب صغير", "تسرب", "تسرب كبير"],
    certain: "مؤكد منذ",
    flow: "أدنى صبيب",
    ended: "النهاية",
    lasts: "ما زال مستمرا",
    no_leak: "لا تسرب ولا انفجار في الأيام السبعة الأخيرة.",
    leaks_note: "لا يتوقف الماء أبدا خلف هذه العدادات. ولا يعرف من وراء الاسم المستعار إلا المكلف بحماية المعطيات، لغاية مصرح بها.",
    no_keys: "لا تذكر التسربات إلا باسم مستعار، وليس لهذه المنصة مفاتيح: الأمر marsad vault init ينشئها.",
    losses: "حصيلة القطاعات",
    two_weeks: "الأيام الأربعة عشر الكاملة الأخيرة",
    inflow: "الداخل",
    consumption: "المحتسب عند الربط",
    loss: "الضائع",
    part: "نسبة الضائع",
    losses_note: "الضائع: ما دخل ولم يحتسب عند أي ربط. ولا يذكر قطاع قليل الربط.",
};

const EN: Texts = Texts {
    leaks: "Leaks",
    going_on: Count::latin("none going on", "{} going on", "{} going on"),
    of_week: "last seven days",
    meter: "Meter (pseudonym)",
    what: "What",
    burst: "burst",
    classes: ["minor leak", "leak", "major leak"],
    certain: "Certain since",
    flow: "Least flow",
    ended: "Ended",
    lasts: "still going on",
    no_leak: "No leak and no burst in the last seven days.",
    leaks_note: "Water never stops behind these meters. Who is behind a pseudonym only the data protection officer can learn, for a \
                 declared purpose.",
    no_keys: "Leaks are told only under pseudonyms, and this platform has no keys: marsad vault init makes some.",
    losses: "Balance of districts",
    two_weeks: "last fourteen whole days",
    inflow: "Came in",
    consumption: "Metered at connections",
    loss: "Lost",
    part: "Part lost",
    losses_note: "Lost: what came in and was metered at no connection. A district of too few connections is not told.",
};

/// The texts of a language.
pub(super) fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Fr => &FR,
        Lang::Ar => &AR,
        Lang::En => &EN,
    }
}
