//! Promise 7: one command shows a living city. `marsad demo` from nothing, measured from the start of the
//! process, as somebody sees it who opens the page.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use ports::Clock;
use serde_json::Value;
use tests::{Marsad, until};

/// From the start of the process until the page is alive. Held in debug builds too.
const PROMISED: Duration = Duration::from_secs(10);
/// How far back every chart has something to show.
const TWO_WEEKS: Duration = Duration::from_secs(14 * 24 * 3600);
const KINDS: [&str; 4] = ["waste", "air", "parking", "water"];

/// A page's language, its direction, and the banner that says what the demo is.
const PAGES: [(&str, &str, &str); 3] =
    [("fr", "ltr", "Données simulées"), ("ar", "rtl", "بيانات محاكاة"), ("en", "ltr", "Simulated data")];

fn list(marsad: &Marsad, path: &str, name: &str) -> Vec<Value> {
    match marsad.json(path)[name].take() {
        Value::Array(rows) => rows,
        other => panic!("{path}: {name} is {other}"),
    }
}

/// The value that the page shows for a series, read as people of the language write numbers.
fn shown(page: &str, language: &str, device: &str, quantity: &str) -> Option<f64> {
    let (_, after) = page.split_once(&format!("data-s=\"{device}|{quantity}|0\""))?;
    let (_, after) = after.split_once("<b>")?;
    let (number, _) = after.split_once("</b>")?;
    let (group, point) = match language {
        "fr" => ('\u{202f}', ','),
        "ar" => ('.', ','),
        _ => (',', '.'),
    };
    let plain: String = number.chars().filter(|c| *c != group).map(|c| if c == point { '.' } else { c }).collect();
    plain.parse().ok()
}

/// Whether the page shows the level of a bin and the text of an alert that is open.
fn is_alive(marsad: &Marsad, language: &str) -> Option<String> {
    let alerts = list(marsad, "/api/v1/alerts?phase=firing", "alerts");
    let bins = list(marsad, "/api/v1/latest?quantity=waste.fill", "readings");
    let page = marsad.get(&format!("/{language}/"));
    let texts = alerts.iter().filter_map(|alert| alert["texts"][language].as_str());
    let told = texts.into_iter().any(|text| !text.is_empty() && page.contains(text));
    let devices = bins.iter().filter_map(|reading| reading["device"].as_str());
    let lives =
        devices.into_iter().any(|id| shown(&page, language, id, "waste.fill").is_some_and(|v| (0.0..=100.0).contains(&v)));
    (told && lives).then_some(page)
}

/// Waits for an event of readings on the stream that pages listen to.
fn event_of_readings(marsad: &Marsad) -> Value {
    let mut stream = TcpStream::connect(marsad.http).expect("the program answers");
    stream.set_read_timeout(Some(PROMISED)).expect("a timeout");
    let request = format!("GET /api/v1/events HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n", marsad.http);
    stream.write_all(request.as_bytes()).expect("a question");
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("a line within 10 s"));
    assert!(lines.next().is_some_and(|status| status.starts_with("HTTP/1.1 200")), "the stream is there");
    assert!(lines.any(|line| line == "event: readings"), "the stream ended without readings");
    let data = lines.next().expect("what goes with the event");
    serde_json::from_str(data.strip_prefix("data: ").expect("a data line")).expect("JSON")
}

/// How many districts there are, once each has a balance with a loss and its nights, and each zone its sums of days that are over.
fn water_is_told(marsad: &Marsad) -> Option<usize> {
    let balances = list(marsad, "/api/v1/water/balance?by=day", "districts");
    let nights = list(marsad, "/api/v1/water/night", "nights");
    let days = list(marsad, "/api/v1/water/consumption", "days");
    let lost = |told: &Value| told["balance"]["value"]["loss"].as_f64().is_some_and(|litres| litres > 0.0);
    let each_lost = |district: &Value| district["days"].as_array().is_some_and(|days| days.iter().all(lost));
    let balanced = balances.iter().all(|district| lost(district) && each_lost(district));
    let told = nights.iter().all(|night| night["flow"]["value"]["flow"].as_f64().is_some_and(|flow| flow > 0.0));
    let summed = days.iter().filter(|day| day["litres"].is_number()).count();
    let whole = balances.len() > 1 && balanced && !nights.is_empty() && told && summed >= 6 * balances.len();
    whole.then_some(balances.len())
}

fn start(folder: &Path) -> Marsad {
    Marsad::start_as("demo", folder, "")
}

#[test]
fn the_demo_shows_a_living_city_within_ten_seconds_and_goes_on_after_a_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let began = Instant::now();
    let mut marsad = start(folder.path());
    eprintln!("{:>6.2} s: the program answers", began.elapsed().as_secs_f64());
    for kind in KINDS {
        until(&format!("readings of {kind}"), PROMISED, || {
            (!list(&marsad, &format!("/api/v1/latest?kind={kind}"), "readings").is_empty()).then_some(())
        });
    }
    eprintln!("{:>6.2} s: readings of all kinds", began.elapsed().as_secs_f64());
    until("an alert", PROMISED, || (!list(&marsad, "/api/v1/alerts?phase=firing", "alerts").is_empty()).then_some(()));
    eprintln!("{:>6.2} s: an alert is firing", began.elapsed().as_secs_f64());
    let pages =
        PAGES.map(|(language, _, _)| until(&format!("a living page in {language}"), PROMISED, || is_alive(&marsad, language)));
    let alive = began.elapsed();
    eprintln!("{:>6.2} s: the pages are alive", alive.as_secs_f64());
    assert!(alive < PROMISED, "the city was alive only after {alive:?}");

    for ((language, direction, banner), page) in PAGES.iter().zip(&pages) {
        let html = page.split('>').find(|tag| tag.starts_with("<html")).expect("an html element");
        assert!(html.contains(&format!("lang=\"{language}")) && html.contains(&format!("dir=\"{direction}\"")), "{html}");
        assert!(page.contains(banner), "the page in {language} does not say that it is a demonstration");
    }
    let (oldest, day) = (ports::SystemClock.now().minus(TWO_WEEKS), Duration::from_secs(24 * 3600));
    for quantity in ["waste.fill", "air.pm10", "parking.occupied", "water.volume"] {
        let hours =
            format!("/api/v1/readings?quantity={quantity}&every=1h&from={}&to={}", oldest.plus(day), oldest.plus(2 * day));
        until(&format!("{quantity} of two weeks ago"), PROMISED, || (!list(&marsad, &hours, "hours").is_empty()).then_some(()));
    }
    let told = until("a balance and a night flow of each district", PROMISED, || water_is_told(&marsad));
    assert!(marsad.get("/fr/water").contains("Sidi Belyout"), "{told} districts");
    let readings = event_of_readings(&marsad);
    let first = &readings[0];
    assert!(first["device"].is_string() && first["quantity"].is_string() && first["value"].is_number(), "{readings}");

    let before = marsad.status().expect("a status");
    assert!(before.demo && before.identity.balances(), "{:?}", before.identity);
    assert!(marsad.stop().success(), "SIGTERM ends the demo well");

    let mut again = start(folder.path());
    let after = until("new messages", PROMISED, || again.status().filter(|s| s.identity.received > before.identity.received));
    assert!(after.identity.balances(), "{:?}", after.identity);
    assert!(after.store_readings >= before.store_readings, "the second start forgot readings");
    until("readings after the second start", PROMISED, || {
        let latest = list(&again, "/api/v1/latest?kind=air", "readings");
        let fresh = |row: &Value| {
            row["received_at"].as_str().and_then(|at| at.parse().ok()).is_some_and(|at: schemas::Timestamp| at > after.started_at)
        };
        latest.iter().any(fresh).then_some(())
    });
    assert!(again.stop().success());
}
