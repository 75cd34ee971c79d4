//! The words of reports by mail, in three languages.

use crate::lang::Lang;
use crate::plural::Count;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) title: &'static str,
    pub(super) late: Count,
    pub(super) none: &'static str,
    pub(super) report: &'static str,
    pub(super) receiver: &'static str,
    pub(super) state: &'static str,
    pub(super) sent: &'static str,
    pub(super) next: &'static str,
    pub(super) arrived: &'static str,
    pub(super) unmade: &'static str,
    pub(super) waiting: &'static str,
    pub(super) dead: &'static str,
    pub(super) attempts: Count,
    pub(super) again: &'static str,
}

const FR: Texts = Texts {
    title: "Envois par courrier électronique",
    late: Count::latin("tous arrivés", "{} édition pas arrivée", "{} éditions pas arrivées"),
    none: "Aucun envoi n’est prévu : une table [[report]] des réglages en ajoute un.",
    report: "Rapport",
    receiver: "Destinataire",
    state: "État",
    sent: "Dernière édition envoyée",
    next: "Prochain envoi",
    arrived: "Envoyé",
    unmade: "Pas encore établi",
    waiting: "En attente d’envoi",
    dead: "Abandonné",
    attempts: Count::latin("aucun essai", "{} essai", "{} essais"),
    again: "nouvel essai",
};

const AR: Texts = Texts {
    title: "الإرسال بالبريد الإلكتروني",
    late: Count {
        zero: "وصلت كلها",
        one: "عدد واحد لم يصل",
        two: "عددان لم يصلا",
        few: "{} أعداد لم تصل",
        many: "{} عددا لم يصل",
        other: "{} عدد لم يصل",
    },
    none: "لا إرسال مبرمج: يضاف بجدول \u{2066}[[report]]\u{2069} في الإعدادات.",
    report: "التقرير",
    receiver: "المرسل إليه",
    state: "الحالة",
    sent: "آخر عدد أرسل",
    next: "الإرسال القادم",
    arrived: "أرسل",
    unmade: "لم يعد بعد",
    waiting: "ينتظر الإرسال",
    dead: "تم التخلي عنه",
    attempts: Count {
        zero: "لا محاولة",
        one: "محاولة واحدة",
        two: "محاولتان",
        few: "{} محاولات",
        many: "{} محاولة",
        other: "{} محاولة",
    },
    again: "محاولة جديدة",
};

const EN: Texts = Texts {
    title: "Sent by mail",
    late: Count::latin("all arrived", "{} edition has not arrived", "{} editions have not arrived"),
    none: "Nothing is to be sent: a table [[report]] in the settings adds something.",
    report: "Report",
    receiver: "Receiver",
    state: "State",
    sent: "Last edition sent",
    next: "Next one goes",
    arrived: "Sent",
    unmade: "Not made yet",
    waiting: "Waits to be sent",
    dead: "Given up",
    attempts: Count::latin("no attempt", "{} attempt", "{} attempts"),
    again: "next attempt",
};

/// The texts of a language.
pub(super) fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Fr => &FR,
        Lang::Ar => &AR,
        Lang::En => &EN,
    }
}
