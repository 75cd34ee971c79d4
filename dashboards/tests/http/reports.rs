//! Reports: pages, and files that need nothing else.

use super::*;

#[tokio::test]
async fn a_report_is_saved_as_one_file_that_fetches_nothing_in_every_language_and_direction() {
    let router = router(&Town::believable(Arc::new(Still)));
    for (lang, dir) in [("fr", "ltr"), ("ar", "rtl"), ("en", "ltr")] {
        for name in ["daily", "monthly", "weekly"] {
            let file = get(&router, &format!("/{lang}/reports/{name}?date=2026-11-21&alone=true")).await;
            assert_eq!(file.status, StatusCode::OK, "{lang} {name}: {}", file.text);
            assert!(file.header("content-disposition").starts_with("attachment; filename=\""), "{lang} {name}");
            assert!(file.text.contains(&format!("dir=\"{dir}\"")) && file.text.contains("data:font/woff2;base64,"));
            for odd in ["<script", "href=\"/a/", "src=", "url(../", "NaN", "{}", "data-print"] {
                assert!(!file.text.contains(odd), "{lang} {name} has {odd}");
            }
            assert_ne!(file.text.find("@page"), None, "{lang} {name} is made for paper");
        }
    }
}

#[tokio::test]
async fn the_bulletin_of_a_day_says_what_the_api_says_of_it() {
    let router = router(&Town::believable(Arc::new(Still)));
    let page = get(&router, "/en/reports/daily?date=2026-11-21").await.text;
    assert!(page.contains("<h1>Saturday 21 November 2026</h1>") && page.contains("Worst hour: "), "{page}");
    let index = get(&router, "/api/v1/air/index?from=2026-11-21&to=2026-11-21").await.json();
    let known = index["hours"].as_array().unwrap().iter().filter(|hour| !hour["index"]["value"].is_null()).count();
    let drawn: usize =
        page.split("class=\"strip24\"").skip(1).map(|svg| svg.split("</svg>").next().unwrap().matches("class=\"q").count()).sum();
    assert!(known > 0);
    assert_eq!(drawn, known, "a cell for each hour that has an index");
}

#[tokio::test]
async fn a_report_of_a_day_to_come_or_of_no_day_is_refused() {
    let router = router(&town());
    for wrong in ["date=2026-11-22", "date=2026-02-30", "date=x", "alone=perhaps", "odd=1"] {
        assert_eq!(get(&router, &format!("/fr/reports/daily?{wrong}")).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(
        get(&router, "/fr/reports/monthly").await.status,
        StatusCode::OK,
        "the last whole month, though nothing was heard"
    );
}

#[tokio::test]
async fn reports_by_mail_say_what_arrived_what_waits_why_and_when_the_next_one_goes() {
    let router = router(&Town::believable(Arc::new(Still)));
    let told = get(&router, "/api/v1/reports").await.json();
    let states: Vec<&str> =
        told["reports"].as_array().unwrap().iter().map(|r| r["due"]["state"].as_str().unwrap_or("sent")).collect();
    assert_eq!(states, ["sent", "waiting", "dead", "unmade"], "{told}");
    for (lang, texts) in [
        ("fr", ["En attente d’envoi", "Abandonné", "Pas encore établi", "3 éditions pas arrivées", "4 essais"]),
        ("ar", ["ينتظر الإرسال", "تم التخلي عنه", "لم يعد بعد", "3 أعداد لم تصل", "4 محاولات"]),
        ("en", ["Waits to be sent", "Given up", "Not made yet", "3 editions have not arrived", "4 attempts"]),
    ] {
        let page = get(&router, &format!("/{lang}/reports")).await.text;
        for text in texts.into_iter().chain(["no route to mail.city.example", "550 no such mailbox", "the store is away"]) {
            assert!(page.contains(text), "{lang}: {text}");
        }
    }
}
