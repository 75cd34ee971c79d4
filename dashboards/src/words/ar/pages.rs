//! Arabic: the pages.

mod city;
mod desk;
mod people;
mod reports;
mod works;

use crate::words::pages::{Common, Nav, Pages};

pub(super) const PAGES: Pages = Pages {
    common: Common {
        period: "الفترة",
        ranges: ["24 ساعة", "7 أيام", "30 يوما", "سنة", "5 سنوات"],
        time: "التوقيت المحلي",
        no_values: "لا قياسات خلال هذه الفترة.",
        walk: "تنقل الأسهم بين القيم.",
        loading: "جار التحميل…",
        no_script: "يتطلب المبيان JavaScript؛ ويمكن تصدير القيم نفسها بصيغة CSV.",
        past: "السجل الزمني",
        csv: "تصدير CSV",
        print: "طباعة الورقة",
        zoom_in: "تكبير",
        zoom_out: "تصغير",
    },
    nav: Nav {
        alerts: "الإنذارات", reports: "التقارير", devices: "المستشعرات", engineers: "التقنية"
    },
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
