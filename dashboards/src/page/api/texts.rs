//! The words of the page on the API, in three languages.

use crate::lang::Lang;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) section: &'static str,
    pub(super) title: &'static str,
    pub(super) asking: &'static str,
    pub(super) who: &'static str,
    pub(super) limits: &'static str,
    pub(super) document: &'static str,
    pub(super) clients: &'static str,
    pub(super) roles: &'static str,
    pub(super) everybody: &'static str,
    pub(super) body: &'static str,
    pub(super) parameters: &'static str,
    pub(super) needed: &'static str,
    pub(super) answers: &'static str,
    /// By their names in the document.
    chapters: [(&'static str, &'static str); 11],
}

impl Texts {
    /// The title of a chapter.
    pub(super) fn chapter(&self, name: &str) -> &'static str {
        self.chapters.iter().find(|(known, _)| *known == name).map_or("", |(_, title)| title)
    }
}

const FR: Texts = Texts {
    section: "Pour les programmes",
    title: "API",
    asking: "Comment demander",
    who: "Un programme se présente par un jeton, dans l’en-tête Authorization. Un jeton de lecture ne change rien. \
          Ce qui est publié se lit sans jeton.",
    limits: "Chaque client a sa part par minute ; au-delà, la réponse 429 dit quand revenir. Une erreur est toujours \
             du JSON qui dit ce qui ne convient pas et ce qui était attendu.",
    document: "Tout est décrit dans un document OpenAPI 3.1",
    clients: "Exemples",
    roles: "Pour",
    everybody: "tout le monde",
    body: "Corps",
    parameters: "Paramètres",
    needed: "nécessaire",
    answers: "Réponses",
    chapters: [
        ("readings", "Mesures"),
        ("devices", "Appareils"),
        ("alerts", "Alertes"),
        ("air", "Air"),
        ("waste", "Déchets"),
        ("parking", "Stationnement"),
        ("water", "Eau"),
        ("quarantine", "Quarantaine"),
        ("platform", "Plateforme"),
        ("people", "Personnes et jetons"),
        ("privacy", "Données personnelles"),
    ],
};

const AR: Texts = Texts {
    section: "للبرامج",
    title: "واجهة البرمجة",
    asking: "كيف يُسأل",
    who: "يعرّف البرنامج نفسه برمز في ترويسة الطلب. رمز القراءة لا يغيّر شيئًا. وما هو منشور يُقرأ دون رمز.",
    limits: "لكل عميل حصته في الدقيقة؛ وبعدها يقول الجواب 429 متى يعود. والخطأ دائمًا نص منظَّم يقول ما الذي لا يصلح وما كان منتظرًا.",
    document: "كل شيء موصوف في وثيقة واحدة",
    clients: "أمثلة",
    roles: "لمن",
    everybody: "للجميع",
    body: "المتن",
    parameters: "المعاملات",
    needed: "لازم",
    answers: "الأجوبة",
    chapters: [
        ("readings", "القياسات"),
        ("devices", "الأجهزة"),
        ("alerts", "التنبيهات"),
        ("air", "الهواء"),
        ("waste", "النفايات"),
        ("parking", "مواقف السيارات"),
        ("water", "الماء"),
        ("quarantine", "الحجر"),
        ("platform", "المنصة"),
        ("people", "الأشخاص والرموز"),
        ("privacy", "المعطيات الشخصية"),
    ],
};

const EN: Texts = Texts {
    section: "For programs",
    title: "API",
    asking: "How to ask",
    who: "A program says who it is by a token, in the header Authorization. A token that may look changes nothing. What is \
          published is read without one.",
    limits: "Each client has its share a minute; beyond it the answer 429 says when to come back. An error is always JSON that says \
             what does not fit and what was expected.",
    document: "All of it is described in a document of OpenAPI 3.1",
    clients: "Examples",
    roles: "For",
    everybody: "everybody",
    body: "Body",
    parameters: "Parameters",
    needed: "needed",
    answers: "Answers",
    chapters: [
        ("readings", "Readings"),
        ("devices", "Devices"),
        ("alerts", "Alerts"),
        ("air", "Air"),
        ("waste", "Waste"),
        ("parking", "Parking"),
        ("water", "Water"),
        ("quarantine", "Quarantine"),
        ("platform", "Platform"),
        ("people", "People and tokens"),
        ("privacy", "Personal data"),
    ],
};

pub(super) const fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Fr => &FR,
        Lang::Ar => &AR,
        Lang::En => &EN,
    }
}
