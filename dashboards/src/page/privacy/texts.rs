//! The words of the page on privacy, in three languages.

use crate::lang::Lang;
use crate::plural::Count;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) section: &'static str,
    pub(super) title: &'static str,
    pub(super) keeping: &'static str,
    /// Messages of meters are sealed and kept under pseudonyms.
    pub(super) sealed: &'static str,
    /// They are not: the settings name no keys.
    pub(super) open: &'static str,
    /// Nobody stands behind simulated meters.
    pub(super) simulated: &'static str,
    pub(super) published: &'static str,
    pub(super) purposes: &'static str,
    pub(super) none: &'static str,
    pub(super) data: &'static str,
    pub(super) basis: &'static str,
    pub(super) keep: &'static str,
    pub(super) days: Count,
    pub(super) receipt: &'static str,
    pub(super) undeclared: &'static str,
    pub(super) reveals: &'static str,
    pub(super) reveals_yes: &'static str,
    pub(super) reveals_no: &'static str,
    pub(super) sets: &'static str,
    pub(super) set: &'static str,
    pub(super) class: &'static str,
    pub(super) place: &'static str,
    pub(super) public: &'static str,
    pub(super) internal: &'static str,
    pub(super) sensitive: &'static str,
    pub(super) at_home: &'static str,
    pub(super) rights: &'static str,
    pub(super) rights_text: &'static str,
}

const FR: Texts = Texts {
    section: "Transparence",
    title: "Données personnelles",
    keeping: "Ce qui est conservé",
    sealed: "Les messages des compteurs d’eau sont scellés à leur arrivée et conservés sous un pseudonyme, nouveau chaque année. \
             Le chemin inverse demande une clé gardée ailleurs, une finalité de cette page, et laisse une trace.",
    open: "Attention : cette plateforme n’a pas de clés. Les compteurs d’eau sont conservés sous leur propre numéro.",
    simulated: "Les compteurs de cette démonstration sont simulés : personne n’est derrière.",
    published: "Ne sont publiées que des sommes d’au moins dix compteurs, dont aucun ne pèse plus de la moitié.",
    purposes: "Finalités",
    none: "Aucune finalité n’est inscrite.",
    data: "Données",
    basis: "Fondement",
    keep: "Conservation",
    days: Count::latin("0 jour", "1 jour", "{} jours"),
    receipt: "Récépissé de la CNDP",
    undeclared: "pas encore déclaré",
    reveals: "Levée du pseudonyme",
    reveals_yes: "possible pour cette finalité ; chaque fois inscrite au journal",
    reveals_no: "jamais pour cette finalité",
    sets: "Données conservées",
    set: "Données",
    class: "Classe",
    place: "Lieu (pays)",
    public: "publiques",
    internal: "internes",
    sensitive: "sensibles",
    at_home: "Les données sensibles restent dans ce pays :",
    rights: "Vos droits",
    rights_text: "La loi 09-08 vous donne un droit d’accès (article 7), de rectification et d’effacement sous dix jours francs \
                  (article 8) et d’opposition (article 9). Adressez-vous à votre commune ou à la CNDP.",
};

const AR: Texts = Texts {
    section: "الشفافية",
    title: "المعطيات الشخصية",
    keeping: "ما يُحفظ",
    sealed: "تُختم رسائل عدادات الماء عند وصولها وتُحفظ تحت اسم مستعار يتجدد كل سنة. \
             والعودة إلى العداد تتطلب مفتاحًا محفوظًا في مكان آخر وغرضًا من هذه الصفحة، وتترك أثرًا.",
    open: "تنبيه: لا مفاتيح لهذه المنصة. تُحفظ عدادات الماء تحت أرقامها.",
    simulated: "عدادات هذا العرض مُحاكاة: لا أحد وراءها.",
    published: "لا تُنشر إلا مجاميع عشرة عدادات على الأقل، لا يتجاوز أي منها النصف.",
    purposes: "الأغراض",
    none: "لا غرض مسجل.",
    data: "المعطيات",
    basis: "الأساس القانوني",
    keep: "مدة الحفظ",
    days: Count {
        zero: "0 يوم", one: "يوم واحد", two: "يومان", few: "{} أيام", many: "{} يومًا", other: "{} يوم"
    },
    receipt: "وصل اللجنة الوطنية (CNDP)",
    undeclared: "لم يُصرَّح به بعد",
    reveals: "كشف الاسم المستعار",
    reveals_yes: "ممكن لهذا الغرض، ويُسجَّل كل مرة",
    reveals_no: "غير ممكن لهذا الغرض",
    sets: "المعطيات المحفوظة",
    set: "المعطيات",
    class: "الصنف",
    place: "المكان (البلد)",
    public: "عمومية",
    internal: "داخلية",
    sensitive: "حساسة",
    at_home: "تبقى المعطيات الحساسة في هذا البلد:",
    rights: "حقوقكم",
    rights_text: "يمنحكم القانون 09-08 حق الاطلاع (المادة 7) والتصحيح والمحو خلال عشرة أيام كاملة (المادة 8) والتعرض (المادة 9). \
                  توجهوا إلى جماعتكم أو إلى اللجنة الوطنية.",
};

const EN: Texts = Texts {
    section: "Transparency",
    title: "Personal data",
    keeping: "What is kept",
    sealed: "Messages of water meters are sealed as they arrive and kept under a pseudonym, a new one each year. The way back \
             needs a key that is kept elsewhere and a purpose of this page, and leaves a trace.",
    open: "Beware: this platform has no keys. Water meters are kept under their own numbers.",
    simulated: "The meters of this demonstration are simulated: nobody is behind them.",
    published: "Published are sums over ten meters or more alone, none of which is more than half.",
    purposes: "Purposes",
    none: "No purpose is entered.",
    data: "Data",
    basis: "Basis",
    keep: "Kept for",
    days: Count::latin("0 days", "1 day", "{} days"),
    receipt: "Receipt of the CNDP",
    undeclared: "not declared yet",
    reveals: "Looking behind the pseudonym",
    reveals_yes: "possible for this purpose; written down each time",
    reveals_no: "never for this purpose",
    sets: "Data that are kept",
    set: "Data",
    class: "Class",
    place: "Place (country)",
    public: "public",
    internal: "internal",
    sensitive: "sensitive",
    at_home: "Sensitive data stay in this country:",
    rights: "Your rights",
    rights_text: "Law 09-08 gives you a right of access (article 7), of rectification and erasure within ten clear days \
                  (article 8), and to object (article 9). Ask your municipality or the CNDP.",
};

/// Those of a language.
pub(super) const fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Fr => &FR,
        Lang::Ar => &AR,
        Lang::En => &EN,
    }
}
