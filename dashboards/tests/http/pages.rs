//! The pages, and what surrounds every answer.

use std::sync::atomic::Ordering;

use schemas::{Device, Place, Texts};
use sha2::{Digest, Sha256};

use super::*;

#[tokio::test]
async fn the_door_opens_in_the_language_that_is_wished() {
    let router = router(&town());
    let plain = get(&router, "/").await;
    assert_eq!((plain.status, plain.header("location")), (StatusCode::SEE_OTHER, "/fr/"));
    assert_eq!(get_with(&router, "/", "accept-language", "ar,fr;q=0.5").await.header("location"), "/ar/");
    assert_eq!(get_with(&router, "/", "cookie", "lang=en").await.header("location"), "/en/");
    assert_eq!(get(&router, "/ar").await.header("location"), "/ar/");
}

#[tokio::test]
async fn each_language_has_its_direction_and_all_its_parts() {
    let router = router(&Town::believable(Arc::new(Still)));
    let expected = [
        ("fr", "<html lang=\"fr-MA\" dir=\"ltr\"", "samedi 21 novembre 2026", "Données simulées", "Feu dans un bac"),
        ("ar", "<html lang=\"ar-MA\" dir=\"rtl\"", "السبت 21 نونبر 2026", "بيانات محاكاة", "حريق في حاوية"),
        ("en", "<html lang=\"en-GB\" dir=\"ltr\"", "Saturday 21 November 2026", "Simulated data", "Fire in a bin"),
    ];
    for (lang, html, date, demo, alert) in expected {
        let page = get(&router, &format!("/{lang}/")).await;
        assert_eq!(page.status, StatusCode::OK);
        for text in [html, date, demo, alert, "20:05", "bin-", "PM", "class=\"locator\"", "1883"] {
            assert!(page.text.contains(text), "{lang}: no {text:?}");
        }
        for id in ["opening", "alerts", "map", "waste", "air", "parking", "water", "platform"] {
            assert!(page.text.contains(&format!("id=\"{id}\"")), "{lang}: no {id}");
        }
        assert!(!page.text.contains("NaN") && !page.text.contains("{}"), "{lang}");
        assert_eq!(page.header("set-cookie"), format!("lang={lang}; Path=/; Max-Age=31536000; SameSite=Lax"));
    }
}

#[tokio::test]
async fn the_sentence_on_top_answers() {
    let town = town();
    town.put([fill("bin-1", 95.0, NOW), fill("bin-2", 93.0, NOW), fill("bin-3", 12.0, NOW)]);
    let router = router(&town);
    let said = async |lang: &str| {
        let page = get(&router, &format!("/{lang}/")).await.text;
        page.split("<h1>").nth(1).unwrap().split("</h1>").next().unwrap().to_owned()
    };
    assert_eq!(said("fr").await, "2 bacs à plus de 90 %, aucune alerte ouverte");
    assert_eq!(said("ar").await, "حاويتان فوق 90%، لا إنذار مفتوح");
    assert_eq!(said("en").await, "2 bins over 90%, no open alert");
}

#[tokio::test]
async fn an_empty_city_says_so_and_a_silent_store_too() {
    let town = town();
    let page = get(&router(&town), "/fr/").await.text;
    assert_eq!(page.matches("Aucune mesure pour l’instant.").count(), 5, "four kinds and the map");
    assert!(page.contains("Aucune alerte ouverte."));
    town.store_away.store(true, Ordering::Relaxed);
    town.register_away.store(true, Ordering::Relaxed);
    let page = get(&router(&town), "/fr/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.text.matches("class=\"empty err\"").count(), 6, "four kinds, alerts and platform");
}

#[tokio::test]
async fn pages_asked_together_share_one_look() {
    let town = town();
    let router = router(&town);
    let before = get(&router, "/fr/").await.text;
    town.put([fill("bin-1", 95.0, NOW)]);
    assert_eq!(get(&router, "/fr/").await.text, before, "the clock stands still: the look is still fresh");
}

#[tokio::test]
async fn hostile_texts_are_shown_as_texts() {
    const EVIL: &str = "<script>alert('x')</script>\"&";
    let town = Town::believable(Arc::new(Still));
    town.alerts.lock().unwrap()[0].texts = Texts { fr: EVIL.into(), ar: EVIL.into(), en: EVIL.into() };
    let mut status = town.status.lock().unwrap().clone();
    status.sources[0].trouble = Some(EVIL.into());
    status.sources[0].address = EVIL.into();
    *town.status.lock().unwrap() = status;
    let place = Some(Place::new(33.58, -7.6).unwrap());
    let reading = fill("bin-evil", 99.9, NOW);
    let device = Device {
        id: reading.series.device.clone(),
        kind: Kind::WASTE,
        zone: reading.zone.clone(),
        profile: None,
        place,
        label: Some(EVIL.into()),
        fitting: schemas::Fitting::default(),
    };
    town.put([reading]);
    town.devices
        .lock()
        .unwrap()
        .insert(device.id.clone(), ports::DeviceView { device, first_seen: None, last_seen: None, firmware: None });
    for lang in ["fr", "ar", "en"] {
        let page = get(&router(&town), &format!("/{lang}/")).await.text;
        assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert"), "{lang}");
    }
    let lost = get(&router(&town), "/%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!lost.text.contains("<script>alert"));
}

#[tokio::test]
async fn every_answer_forbids_what_is_not_ours() {
    let router = router(&town());
    for address in ["/", "/fr/", "/nothing", "/api/v1/status", "/metrics", "/healthz"] {
        let answer = get(&router, address).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{address}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{address}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store", "{address}");
    }
}

#[tokio::test]
async fn pages_hold_nothing_that_the_policy_forbids_and_nothing_from_elsewhere() {
    let page = get(&router(&Town::believable(Arc::new(Still))), "/ar/").await.text;
    for forbidden in [" style=", " onclick=", "<style", "javascript:", "src=\"http", "href=\"http", "url(http"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for script in page.split("<script").skip(1) {
        assert!(script.starts_with(" type=\"module\" src=\"/a/"), "{}", &script[..60.min(script.len())]);
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_their_hash_and_found_under_no_other() {
    let router = router(&town());
    let page = get(&router, "/fr/").await.text;
    let assets: Vec<_> = page.split('"').filter(|t| t.starts_with("/a/")).map(ToOwned::to_owned).collect();
    assert!(assets.len() >= 4, "{assets:?}");
    for asset in &assets {
        let answer = get(&router, asset).await;
        assert_eq!(
            (answer.status, answer.header("cache-control")),
            (StatusCode::OK, "public, max-age=31536000, immutable"),
            "{asset}"
        );
        assert_eq!(get(&router, &asset.replace(&asset[3..15], "000000000000")).await.status, StatusCode::NOT_FOUND);
    }
    for outside in ["../Cargo.toml", "%2e%2e/Cargo.toml", "css/../../Cargo.toml"] {
        assert_eq!(get(&router, &format!("{}/{outside}", &assets[0][..15])).await.status, StatusCode::NOT_FOUND);
    }
    let font = assets.iter().find(|a| a.ends_with("woff2")).unwrap();
    assert_eq!(
        get_with(&router, font, "accept-encoding", "br").await.header("content-encoding"),
        "",
        "fonts are compressed already"
    );
}

#[tokio::test]
async fn the_theme_is_set_from_our_own_pages_only() {
    let router = router(&town());
    let post = |body: &'static str, site: &'static str| {
        Request::post("/theme").header("sec-fetch-site", site).body(Body::from(body)).unwrap()
    };
    let set = send(&router, post("back=ar&theme=dark", "same-origin")).await;
    assert_eq!((set.status, set.header("location")), (StatusCode::SEE_OTHER, "/ar/"));
    assert!(set.header("set-cookie").starts_with("theme=dark; Path=/"));
    assert_eq!(send(&router, post("theme=dark", "cross-site")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(send(&router, post("theme=x", "same-origin")).await.status, StatusCode::BAD_REQUEST);
    let there = send(&router, post("theme=light&back=//evil.example", "none")).await;
    assert_eq!(there.header("location"), "/fr/");
    assert!(get_with(&router, "/en/", "cookie", "theme=dark").await.text.contains("data-theme=\"dark\""));
    assert!(get_with(&router, "/en/", "cookie", "theme=\"><b").await.text.contains("data-theme=\"auto\""));
}

#[tokio::test]
async fn a_page_that_is_not_there_says_so_in_its_language() {
    let router = router(&town());
    let answer = get(&router, "/ar/غير").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text.contains("هذه الصفحة غير موجودة.") && answer.text.contains("dir=\"rtl\""));
}

#[tokio::test]
async fn a_page_about_something_that_is_not_there_says_so_in_its_language() {
    let router = router(&Town::believable(Arc::new(Still)));
    let said = [("fr", "Cette page n’existe pas."), ("ar", "هذه الصفحة غير موجودة."), ("en", "This page does not exist.")];
    for path in [
        "air/nothing",
        // A bin is no station, and a station no bin.
        "air/bin-anfa-03",
        "air/%20",
        "air/%FF",
        "waste/nothing",
        "waste/air-anfa",
        "waste/%FF",
        "devices/nothing",
        "devices/%20",
        "engineers/99999999",
        "engineers/first",
        "alerts/none",
        "alerts/%FF",
        "kinds/nothing",
        "kinds/waste",
        "rules/%20",
    ] {
        for (lang, text) in said {
            let answer = get(&router, &format!("/{lang}/{path}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{lang}/{path}: {}", answer.text);
            assert!(answer.text.contains(text), "{lang}/{path}");
        }
    }
}

#[test]
fn files_of_others_are_unmodified_and_come_with_their_licence() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let list: toml::Table = toml::from_str(&std::fs::read_to_string(root.join("vendor.toml")).unwrap()).unwrap();
    let mut listed = Vec::new();
    for file in list["file"].as_array().unwrap() {
        let field = |name: &str| file[name].as_str().unwrap().to_owned();
        let hash = Sha256::digest(std::fs::read(root.join(field("path"))).unwrap());
        let hash: String = hash.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hash, field("sha256"), "{}", field("path"));
        let says = match field("licence").as_str() {
            "OFL-1.1" => "SIL OPEN FONT LICENSE",
            "MIT" => "The MIT License",
            "BSD-2-Clause" => "BSD 2-Clause License",
            other => panic!("{other} is not a licence that we take"),
        };
        assert!(std::fs::read_to_string(root.join(field("licence_file"))).unwrap().contains(says));
        listed.push(root.join(field("path")));
    }
    for folder in ["assets/fonts", "assets/vendor"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap().map(|f| f.unwrap().path()) {
            let known = file.extension().is_some_and(|e| e == "txt") || listed.contains(&file);
            assert!(known, "{} is not in vendor.toml", file.display());
        }
    }
}

/// Every page, after the language.
const PAGES: [&str; 29] = [
    "api",
    "",
    "air",
    "air/air-anfa",
    "air/air-anfa?pollutant=no2&set=eu-2008&range=30d",
    "air/air-anfa?pollutant=pm10&by=limit&compare=air-al-fida",
    "air/air-anfa?pollutant=co&by=limit",
    "air/exceedances",
    "waste",
    "waste?contractor=ARMA&hours=48",
    "waste/bin-anfa-03",
    "parking",
    "parking?zone=el-maarif",
    "water",
    "alerts",
    "silences",
    "rotas",
    "rules",
    "rules/bin-full",
    "board",
    "messages",
    "public/alerts",
    "reports",
    "reports/daily?date=2026-11-21",
    "reports/monthly?date=2026-11-01",
    "reports/weekly?date=2026-11-21",
    "devices",
    "devices/air-anfa?quantity=air.pm10",
    "engineers",
];

#[tokio::test]
async fn every_page_answers_in_every_language_and_says_so_where_a_part_is_away() {
    let town = Town::believable(Arc::new(Still));
    let router = router(&town);
    for away in [false, true] {
        town.store_away.store(away, Ordering::Relaxed);
        for lang in ["fr", "ar", "en"] {
            for path in PAGES {
                let page = get(&router, &format!("/{lang}/{path}")).await;
                // A page that is about one thing says that it cannot be had; one with many parts, which of them.
                let whole = if away
                    && (path.contains("air/air-")
                        || path.starts_with("waste?")
                        || path.starts_with("waste/")
                        || path.starts_with("reports/"))
                {
                    StatusCode::SERVICE_UNAVAILABLE
                } else {
                    StatusCode::OK
                };
                assert_eq!(page.status, whole, "{lang}/{path}: {}", page.text);
                for odd in ["NaN", "{}", " style=", " onclick=", "javascript:", "src=\"http"] {
                    assert!(!page.text.contains(odd), "{lang}/{path}: {odd}");
                }
                assert!(page.text.contains(&format!("href=\"/{lang}/alerts\"")), "{lang}/{path} has no menu");
            }
        }
    }
}

#[tokio::test]
async fn the_desk_shows_what_is_asked_for_and_can_be_bookmarked() {
    let town = Town::believable(Arc::new(Still));
    let router = router(&town);
    let shown = async |query: &str| get(&router, &format!("/en/alerts{query}")).await.text.matches("data-key=").count();
    assert_eq!((shown("").await, shown("?view=pending").await, shown("?kind=water").await), (6, 1, 1));
    assert_eq!(shown("?view=history").await, 1, "only the sentence that there is none");
    let page = get(&router, "/en/alerts?kind=water&view=open").await.text;
    assert!(page.contains("href=\"/en/alerts?view=history&amp;kind=water\""), "a tab keeps the filters");
    assert!(page.contains("href=\"/ar/alerts?kind=water&amp;view=open\""), "another language keeps the view");
    assert_eq!(get(&router, "/en/alerts?view=odd").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(get(&router, "/en/alerts?odd=1").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_alert_has_a_page_with_what_was_done_to_it() {
    let town = Town::believable(Arc::new(Still));
    let router = router(&town);
    let id = town.alerts.lock().unwrap()[0].id.to_string();
    let act = Request::post(format!("/api/v1/alerts/{id}/acknowledge"))
        .header("content-type", "application/json")
        .body(Body::from(r#"{"by":"duty officer","note":"on my way"}"#));
    assert_eq!(send(&router, act.unwrap()).await.status, StatusCode::OK);
    let page = get(&router, &format!("/fr/alerts/{id}")).await;
    assert_eq!(page.status, StatusCode::OK);
    for text in ["Feu dans un bac", "prise en charge par <bdi>duty officer</bdi>", "on my way", "Pourquoi a-t-on été prévenu"]
    {
        assert!(page.text.contains(text), "{text}");
    }
    let none = get(&router, "/fr/alerts/none").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert!(none.text.contains("Cette page n’existe pas."));
}

#[tokio::test]
async fn the_page_of_the_api_shows_every_operation_and_clients_that_run_as_they_stand() {
    let page = get(&router(&town()), "/ar/api").await;
    let document = dashboards::openapi();
    for (path, verbs) in document["paths"].as_object().unwrap() {
        for (verb, operation) in verbs.as_object().unwrap() {
            let shown = format!("<b>{}</b> {path}</bdi>", verb.to_uppercase());
            assert!(page.text.contains(&shown), "{shown}");
            assert!(
                operation["tags"][0].as_str().is_some_and(|tag| page.text.contains(&format!("id=\"{tag}\""))),
                "{path} has no chapter"
            );
        }
    }
    for client in ["urllib.request", "Rscript readings.R", "curl --fail"] {
        assert!(page.text.contains(client), "{client}");
    }
    assert!(page.text.contains("href=\"/api/v1/openapi.json\""));
}
