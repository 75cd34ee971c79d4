//! French: reports, and how they are sent.

use crate::plural::Count;
use crate::words::pages::{Indicators, Mailings, Post, Report};

pub(super) const REPORT: Report = Report {
    title: "Rapports",
    answer: "L’air d’un jour ou d’un mois, la collecte d’une semaine",
    daily: "Bulletin de l’air",
    monthly: "Rapport mensuel de l’air",
    weekly: "Collecte : indicateurs de la semaine",
    print: "Imprimer",
    save: "Enregistrer le fichier",
    made: "Établi le",
    from_to: ["du ", " au "],
    worst_hour: "Heure la plus mauvaise",
    worst: "Indice",
    by_hour: "Heure par heure",
    day_mean: "jour",
    max_hour: "heure max.",
    max_8h: "8 h max.",
    valid: "Heures valides",
    strip_note: "Une case par heure locale, de 0 h à 24 h ; une case vide n’a pas d’indice.",
    index: "Indice européen (EAQI 2024), de 1 à 6.",
    remarks: "Remarques (en anglais)",
    poor_days: "Jours où une station au moins a connu une heure mauvaise",
    calendar: "Calendrier",
    calendar_note: "l’indice de la plus mauvaise heure du jour, toutes stations",
    shares: "part des heures à chaque indice ; le vide n’est pas connu",
    month_mean: "Moyenne",
    capture: "Données valides",
    above_in_month: "Au-dessus d’une limite dans le mois ; le permis vaut pour l’année",
    overflow: "Débordement, tous les bacs",
    by_zone: "par arrondissement",
    a_day: "par jour",
    kpis: ["Bacs", "Débordement", "Réponse médiane", "Critiques à temps", "Vidages", "Inutiles", "Manqués", "Disponibilité"],
    kpi_note: "Inutile : vidé presque vide. Manqué : au niveau d’une tournée à minuit et non vidé avant la suivante. Un tiret : trop peu de données.",
};

pub(super) const INDICATORS: Indicators =
    Indicators { title: "Indicateurs de collecte", spans: ["7 jours", "4 semaines", "90 jours"] };

pub(super) const MAILINGS: Mailings = Mailings {
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

pub(super) const POST: Post = Post {
    attached: "Le rapport est joint : un fichier qui s’ouvre dans un navigateur, sans internet, et s’imprime sur des feuilles A4.",
    inline: "Le rapport est la partie HTML de ce message.",
};
