//! How every page looks: whole, the right way round, with nothing cut off, nothing on top of another, nothing missing, and as
//! everybody can read it.

use std::path::PathBuf;

use serde_json::{Value, json};
use tests::{Browser, Screen, axe};

use crate::town::{BIN, NEIGHBOUR, STATION, STREET, Town};

const SCREENS: [Screen; 2] = [
    Screen { name: "desktop", width: 1440, height: 900, phone: false },
    Screen { name: "phone", width: 390, height: 844, phone: true },
];
const LANGUAGES: [(&str, &str); 3] = [("fr", "ltr"), ("ar", "rtl"), ("en", "ltr")];
const LOOK: &str = include_str!("look.js");
/// What people wait for: fonts, charts and maps.
const READY: &str = "return document.readyState === 'complete' && document.fonts.status === 'loaded' \
     && [...document.querySelectorAll('[data-chart], [data-map]')].every(el => el.dataset.drawn)";
/// Violations, as one line each; grave ones begin with an exclamation mark. Signs on a map may be near one another: the list
/// beside it has a link of full size to the same page, which WCAG 2.5.8 names as equivalent.
const CHECK: &str = "const done = arguments[arguments.length - 1]; const grave = v => ['serious', 'critical'].includes(v.impact); \
     axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(found => done( \
     found.violations.map(v => ({ ...v, nodes: v.nodes.filter(n => v.id !== 'target-size' || !n.target.join().includes('leaflet-marker') \
     && !n.html.includes('leaflet-marker')) })).filter(v => v.nodes.length).map(v => `${grave(v) ? '!' : ''}${v.id} (${v.impact}): \
     ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 120) + ' ' + (n.any[0]?.message ?? '').slice(0, 120)).join(' | ')}`)))";

/// What a page may weigh on the wire for whoever has never been here, bytes; Arabic has two more fonts.
const WEIGHT: u64 = 150_000;
const WEIGHT_OF_ARABIC: u64 = 240_000;

/// A rule of the demo that fires now and then.
const RULE: &str = "demo.waste.fill";

/// The pages: a name for pictures, and where each is.
fn pages(town: &Town) -> Vec<(&'static str, String)> {
    let past = "range=7d";
    let now = town.marsad.status().expect("a status").now;
    let yesterday = now.minus(std::time::Duration::from_secs(86_400)).to_string()[..10].to_owned();
    let waits = &town.marsad.json("/api/v1/quarantine?each=true&limit=1")["messages"][0]["offset"];
    let last = town.marsad.json(&format!("/api/v1/latest?device={STATION}&quantity=air.no2"));
    let pages = [
        ("front", String::new()),
        ("board", "board".to_owned()),
        ("air", "air".to_owned()),
        ("station", format!("air/{STATION}?pollutant=pm10&set=eu-2030&{past}")),
        ("beside", format!("air/{STATION}?pollutant=no2&set=eu-2030&{past}&by=limit&compare={NEIGHBOUR}")),
        ("windless", format!("air/{NEIGHBOUR}?pollutant=pm10&{past}")),
        ("exceedances", "air/exceedances?set=eu-2030".to_owned()),
        ("waste", "waste".to_owned()),
        ("round", format!("waste?contractor={}&hours=72", town.contractor)),
        ("bin", format!("waste/{BIN}?{past}")),
        ("indicators", "indicators".to_owned()),
        ("parking", format!("parking?zone={STREET}")),
        ("water", "water".to_owned()),
        ("kind", "kinds/green".to_owned()),
        ("alerts", "alerts".to_owned()),
        ("alert", format!("alerts/{}", town.alert)),
        ("silences", "silences?rule=demo.waste.*&device=bin-*".to_owned()),
        ("rotas", "rotas".to_owned()),
        ("rules", "rules".to_owned()),
        ("rule", format!("rules/{RULE}")),
        ("trial", format!("rules/{RULE}")),
        ("public", "public/alerts".to_owned()),
        ("reports", "reports".to_owned()),
        ("daily", format!("reports/daily?date={yesterday}")),
        ("monthly", format!("reports/monthly?date={yesterday}")),
        ("weekly", format!("reports/weekly?date={yesterday}")),
        ("devices", "devices".to_owned()),
        ("device", format!("devices/{STATION}?quantity=air.no2&{past}")),
        (
            "explain",
            format!(
                "explain?device={STATION}&quantity=air.no2&at={}",
                last["readings"][0]["observed_at"].as_str().unwrap_or_default()
            ),
        ),
        ("messages", format!("messages?device={STATION}")),
        ("engineers", "engineers".to_owned()),
        ("message", format!("engineers/{waits}")),
        ("audit", "audit".to_owned()),
        ("privacy", "privacy".to_owned()),
        ("api", "api".to_owned()),
        ("lost", "nothing-here".to_owned()),
    ];
    pages.into()
}

/// Where pictures go: to be looked at.
fn pictures() -> PathBuf {
    tests::root().join("target/screenshots")
}

#[test]
fn every_page_is_whole_and_light_in_three_languages_on_desk_and_phone_by_day_and_by_night() {
    let Some(browser) = Browser::start_to_count() else { return };
    let checker = axe();
    let town = Town::open();
    let only = std::env::var("MARSAD_PAGES").ok();
    let mut wrong = Vec::new();
    for (name, path) in pages(&town) {
        if only.as_ref().is_some_and(|only| !only.split(',').any(|wanted| wanted == name)) {
            continue;
        }
        for screen in SCREENS {
            for dark in [false, true] {
                browser.show_as(screen, dark);
                // On the desk by day each page is fetched as by whoever has never been here.
                let cold = !screen.phone && !dark;
                browser.devtools("Network.setCacheDisabled", &json!({ "cacheDisabled": cold }));
                for (language, direction) in LANGUAGES {
                    let light = if dark { "dark" } else { "light" };
                    let label = format!("{name}-{language}-{}-{light}", screen.name);
                    let _ = browser.wire();
                    browser.go(&town.address(&format!("/{language}/{path}")));
                    browser.await_script(&format!("{label} to be drawn"), READY, &[]);
                    let weight = browser.wire();
                    if cold {
                        eprintln!("{label} weighs {weight} bytes");
                        let most = if language == "ar" { WEIGHT_OF_ARABIC } else { WEIGHT };
                        wrong.extend((weight > most).then(|| format!("{label}: it weighs {weight} bytes")));
                        // What nothing was counted of was not fetched anew.
                        wrong.extend((weight < 50_000).then(|| format!("{label}: only {weight} bytes were counted")));
                    }
                    if name == "trial" {
                        let _ = browser.run("document.querySelector('#rule [type=submit]').click()", &[]);
                        browser.await_script(&format!("{label} to be judged"), "return !!document.querySelector('#save')", &[]);
                    }
                    let found = looked_at(&browser, direction, checker.as_deref());
                    wrong.extend(found.into_iter().map(|what| format!("{label}: {what}")));
                    let missed = browser.complaints();
                    // The page that is not there answers 404, and the browser says so.
                    wrong.extend(missed.into_iter().filter(|_| name != "lost").map(|what| format!("{label}: {what}")));
                    browser.picture(&pictures().join(format!("{label}.png")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn looked_at(browser: &Browser, direction: &str, checker: Option<&str>) -> Vec<String> {
    let texts = |list: Value| -> Vec<String> {
        list.as_array().expect("a list").iter().map(|v| v.as_str().unwrap_or_default().to_owned()).collect()
    };
    let mut wrong = texts(browser.run(LOOK, &[json!(direction)]));
    if let Some(script) = checker {
        let _ = browser.run(&format!("{script}; return true"), &[]);
        for violation in texts(browser.run_async(CHECK, &[])) {
            match violation.strip_prefix('!') {
                Some(grave) => wrong.push(format!("axe: {grave}")),
                None => eprintln!("listed by axe: {violation}"),
            }
        }
    }
    wrong
}
