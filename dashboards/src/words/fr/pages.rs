//! French: the pages.

mod city;
mod desk;
mod people;
mod reports;
mod works;

use crate::words::pages::{Common, Nav, Pages};

pub(super) const PAGES: Pages = Pages {
    common: Common {
        period: "Période",
        ranges: ["24 h", "7 jours", "30 jours", "1 an", "5 ans"],
        time: "Heure locale",
        no_values: "Aucune mesure sur la période.",
        walk: "Les flèches parcourent les valeurs.",
        loading: "Chargement…",
        no_script: "La courbe demande JavaScript ; les mêmes valeurs s’exportent en CSV.",
        past: "Historique",
        csv: "Exporter en CSV",
        print: "Imprimer la feuille",
        zoom_in: "Agrandir",
        zoom_out: "Réduire",
    },
    nav: Nav { alerts: "Alertes", reports: "Rapports", devices: "Capteurs", engineers: "Technique" },
    air: city::AIR,
    waste: city::WASTE,
    parking: city::PARKING,
    water: city::WATER,
    leaks: city::LEAKS,
    kinds: city::KINDS,
    maps: city::MAPS,
    public: city::PUBLIC,
    desk: desk::DESK,
    silences: desk::SILENCES,
    rules: desk::RULES,
    rotas: desk::ROTAS,
    report: reports::REPORT,
    indicators: reports::INDICATORS,
    mailings: reports::MAILINGS,
    post: reports::POST,
    entry: people::ENTRY,
    account: people::ACCOUNT,
    audit: people::AUDIT,
    privacy: people::PRIVACY,
    devices: works::DEVICES,
    engineers: works::ENGINEERS,
    explain: works::EXPLAIN,
    api: works::API,
};
