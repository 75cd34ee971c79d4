//! How soon pages are there, in a real browser: the first paint, a map of thousands while it lives, a year of hours, and the way from
//! a publish to the pixels under load.

use std::fmt::Write;
use std::time::{Duration, Instant};

use ports::{Clock, SystemClock};
use serde_json::Value;
use simulators::Load;

use super::browser::Browser;
use super::rows::{Row, middle};
use super::wire::{self, PAGES};
use crate::bench::child::{Marsad, ours};
use crate::bench::hose::{self, Door, Reel};
use crate::bench::scratch;
use crate::failure::{Code, Failure};

/// Bins on the map.
const BINS: u32 = 10_000;
/// Messages a second that they send while it is looked at: each speaks all ten seconds.
const SPEECH: u32 = 1_000;
/// Looks of which the middle one counts.
const LOOKS: usize = 5;
const HOUR: Duration = Duration::from_secs(3600);
/// Hours of a year.
const YEAR: u32 = 8_760;
/// How long the program may take to work something off.
const PATIENCE: Duration = Duration::from_secs(120);

const FIRST_PAINT: &str = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null";
const MAP: &str = "return document.querySelector('[data-map]')?.dataset.interactive ? \
     Number(document.querySelector('[data-map]').dataset.interactive) : null";
const CHART: &str = "return performance.getEntriesByName('chart')[0]?.duration ?? null";

fn broke(cause: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, format!("pages cannot be measured: {cause}"))
}

/// The slowest first paint of the pages, in French and Arabic.
pub(super) async fn paint(browser: Option<&Browser>) -> Result<Row, Failure> {
    let what = "first paint of the slowest page";
    let Some(browser) = browser else { return Ok(Row::new(what, None, "ms", 1_000.0)) };
    let scratch = scratch()?;
    let marsad = wire::city(scratch.path()).await?;
    let mut slowest: (f64, String) = (0.0, String::new());
    for language in ["fr", "ar"] {
        for page in PAGES {
            let address = format!("/{language}/{page}");
            let mut looks = Vec::new();
            for _ in 0..3 {
                browser.go(&format!("http://{}{address}", marsad.http)).await?;
                looks.push(browser.number("the first paint", FIRST_PAINT).await?);
            }
            if let Some(usual) = middle(looks).filter(|usual| *usual > slowest.0) {
                slowest = (usual, address);
            }
        }
    }
    Ok(Row::new(format!("{what}, {}", slowest.1), Some(slowest.0), "ms", 1_000.0))
}

/// Bins with a place, all over the city.
fn bins() -> String {
    let mut csv = String::from("id,kind,zone,lat,lon\n");
    for bin in 0..BINS {
        let (row, column) = (f64::from(bin / 100), f64::from(bin % 100));
        // Writing to a String cannot fail.
        let _ = writeln!(csv, "bin-{bin:05},waste,anfa,{:.5},{:.5}", 33.51 + row * 0.0011, -7.70 + column * 0.0020);
    }
    csv
}

fn say(n: u64, topic: &mut String, payload: &mut Vec<u8>) {
    let (bin, fill) = (n * 7 % u64::from(BINS), n * 37 % 101);
    let _ = write!(topic, "marsad/anfa/waste/bin-{bin:05}/up");
    payload.extend_from_slice(format!(r#"{{"v":1,"values":{{"waste.fill":{fill}}}}}"#).as_bytes());
}

/// A map with 10,000 devices: when it can be used, and its longest frame while it lives.
pub(super) async fn map(browser: Option<&Browser>, seconds: u32) -> Result<Vec<Row>, Failure> {
    let whats =
        ["a map with 10,000 devices, until it can be used".to_owned(), format!("its longest frame in {seconds} s of updates")];
    let most = [1_500.0, 100.0];
    let rows = |values: [Option<f64>; 2]| {
        whats.iter().zip(values).zip(most).map(|((what, value), most)| Row::new(what, value, "ms", most)).collect()
    };
    let Some(browser) = browser else { return Ok(rows([None, None])) };
    let scratch = scratch()?;
    std::fs::write(scratch.path().join("bins.csv"), bins()).map_err(broke)?;
    let settings = format!("[devices]\nfiles = [\"bins.csv\"]\n[http]\nevent_rows = {BINS}\n[rules]\npacks = []\n");
    let marsad = Marsad::start(scratch.path(), &settings).await?;
    let mut socket = hose::deaf(marsad.mqtt, "bins").await.map_err(broke)?;
    let until = Instant::now() + Duration::from_secs(5);
    let sent = hose::steady(&mut socket, BINS / 4, until, &mut say).await.map_err(broke)?;
    marsad.settled(sent, PATIENCE).await?;
    let address = format!("http://{}/fr/waste", marsad.http);
    let mut looks = Vec::new();
    for _ in 0..LOOKS {
        browser.go(&address).await?;
        looks.push(browser.number("the map", MAP).await?);
    }
    // From now on each frame is measured; what the page did before is none of it.
    let watch = "window.longest = 0; let last = performance.now(); (function next() { requestAnimationFrame(() => { const now = performance.now(); \
         window.longest = Math.max(window.longest, now - last); last = now; next(); }) })(); return null";
    browser.run(watch).await?;
    let until = Instant::now() + Duration::from_secs(u64::from(seconds));
    let speech = tokio::spawn(async move { hose::steady(&mut socket, SPEECH, until, &mut say).await });
    speech.await.map_err(broke)?.map_err(broke)?;
    let longest = browser.number("the longest frame", "return window.longest").await?;
    Ok(rows([middle(looks), Some(longest)]))
}

/// A year of hours of a station, as `marsad export` writes them.
fn year() -> String {
    let now = SystemClock.now().hour();
    let mut csv = String::from("device,quantity,unit,channel,kind,zone,value,observed_at,received_at,quality,grade\r\n");
    for hour in (1..=YEAR).rev() {
        let at = now.minus(HOUR * hour);
        let value = 40.0 + 25.0 * (f64::from(hour) / 24.0 * std::f64::consts::TAU).sin() + f64::from(hour % 17);
        let _ = write!(csv, "air-year,air.pm10,ug/m3,0,air,anfa,{value:.1},{at},{at},,good\r\n");
    }
    csv
}

/// How long a year of hourly values takes to be drawn, once it is there.
pub(super) async fn chart(browser: Option<&Browser>) -> Result<Row, Failure> {
    let what = "a year of hourly values drawn";
    let Some(browser) = browser else { return Ok(Row::new(what, None, "ms", 150.0)) };
    let scratch = scratch()?;
    let place = scratch.path();
    std::fs::write(place.join("year.csv"), year()).map_err(broke)?;
    std::fs::write(place.join("bench.toml"), "").map_err(broke)?;
    tokio::task::block_in_place(|| ours(place, &["import", "year.csv", "--data", "data", "--config", "bench.toml"]))?;
    let marsad = Marsad::start(place, "").await?;
    // A reading of its own makes the register know it, without which it has no page.
    introduce(&marsad).await?;
    let mut looks = Vec::new();
    for _ in 0..LOOKS {
        browser.go(&format!("http://{}/fr/devices/air-year?quantity=air.pm10&range=1y", marsad.http)).await?;
        looks.push(browser.number("the chart", CHART).await?);
        let points = browser.run("return Number(document.querySelector('[data-chart]').dataset.points)").await?;
        if points.as_f64().is_none_or(|points| points < f64::from(YEAR) * 0.99) {
            return Err(broke(format!("the chart has {points} points, not those of a year")));
        }
    }
    Ok(Row::new(what, middle(looks), "ms", 150.0))
}

async fn introduce(marsad: &Marsad) -> Result<(), Failure> {
    let mut socket = hose::deaf(marsad.mqtt, "year").await.map_err(broke)?;
    let mut speak = |_: u64, topic: &mut String, payload: &mut Vec<u8>| {
        topic.push_str("marsad/anfa/air/air-year/up");
        payload.extend_from_slice(br#"{"v":1,"values":{"air.pm10":40}}"#);
    };
    hose::steady(&mut socket, 100, Instant::now() + Duration::from_millis(50), &mut speak).await.map_err(broke)?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let answer = reqwest::get(format!("http://{}/api/v1/devices?device=air-year", marsad.http)).await.map_err(broke)?;
        let known: Value = answer.json().await.map_err(broke)?;
        if known["devices"].as_array().is_some_and(|all| !all.is_empty()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(broke("the station is not known within two minutes"))
}

/// Devices of the load beside the one that is looked at.
const CROWD: u32 = 5_000;

/// From a publish to the open page, while so many messages a second come in.
pub(super) async fn pixel(browser: Option<&Browser>, rate: u32, seconds: u32) -> Result<Row, Failure> {
    let what = format!("publish to pixel at {rate} messages/s, the longest");
    let Some(browser) = browser else { return Ok(Row::new(what, None, "ms", 1_000.0)) };
    let scratch = scratch()?;
    let marsad = Marsad::start(scratch.path(), "[pipeline]\nflush_every = \"1s\"\n").await?;
    let mut watched = Watched::begin(&marsad, browser).await?;
    let load = Load::new(1, CROWD, 100).starting(SystemClock.now().minus(Duration::from_secs(60)));
    let mut socket = hose::deaf(marsad.mqtt, "crowd").await.map_err(broke)?;
    let until = Instant::now() + Duration::from_secs(u64::from(seconds));
    let crowd = tokio::spawn(async move {
        hose::steady(&mut socket, rate, until, &mut |n, topic, payload| load.publish(n, topic, payload)).await
    });
    let mut longest: f64 = 0.0;
    while Instant::now() < until {
        longest = longest.max(watched.once(browser).await?);
        // Not in step with the tick of the events.
        tokio::time::sleep(Duration::from_millis(637)).await;
    }
    let sent = crowd.await.map_err(broke)?.map_err(broke)?;
    let wanted = u64::from(rate) * u64::from(seconds);
    if sent < wanted * 95 / 100 {
        return Err(broke(format!("only {sent} of {wanted} messages were sent: this machine is too slow for the load")));
    }
    Ok(Row::new(what, Some(longest), "ms", 1_000.0))
}

/// The bin that is looked at.
struct Watched {
    socket: tokio::net::tcp::OwnedWriteHalf,
    fill: u32,
}

impl Watched {
    /// Opens its page, and notes when its value changes there.
    async fn begin(marsad: &Marsad, browser: &Browser) -> Result<Self, Failure> {
        let socket = hose::deaf(marsad.mqtt, "watched").await.map_err(broke)?;
        let mut watched = Self { socket, fill: 10 };
        watched.say().await?;
        let address = format!("http://{}/fr/devices/bin-watched", marsad.http);
        let shown = "return document.querySelector('[data-s=\"bin-watched|waste.fill|0\"] b') && document.querySelector('#live.on') ? 1 : null";
        let began = Instant::now();
        loop {
            browser.go(&address).await?;
            tokio::time::sleep(Duration::from_millis(500)).await;
            if browser.run(shown).await?.as_f64().is_some() {
                break;
            }
            if began.elapsed() > PATIENCE {
                return Err(broke("the page of the bin does not show its value"));
            }
        }
        let note = "window.seen = {}; new MutationObserver(() => { const b = document.querySelector('[data-s=\"bin-watched|waste.fill|0\"] b'); \
             if (b) requestAnimationFrame(() => { window.seen[b.textContent] ??= Date.now() }) }) \
             .observe(document.querySelector('main'), { childList: true, characterData: true, subtree: true }); return null";
        browser.run(note).await?;
        Ok(watched)
    }

    async fn say(&mut self) -> Result<i64, Failure> {
        let now = SystemClock.now().millis();
        let (fill, mut socket) = (self.fill, &mut self.socket);
        let mut bytes = Vec::new();
        let payload = format!(r#"{{"v":1,"values":{{"waste.fill":{fill}}}}}"#);
        hose::publish(&mut bytes, "marsad/anfa/waste/bin-watched/up", payload.as_bytes(), 1, 1);
        tokio::io::AsyncWriteExt::write_all(&mut socket, &bytes).await.map_err(broke)?;
        Ok(now)
    }

    /// Says another value; how long until it is on the page, milliseconds.
    async fn once(&mut self, browser: &Browser) -> Result<f64, Failure> {
        self.fill = if self.fill >= 95 { 10 } else { self.fill + 1 };
        browser.run(&format!("delete window.seen['{}']; return null", self.fill)).await?;
        let said = self.say().await?;
        let seen = browser.number("a value on the page", &format!("return window.seen['{}'] ?? null", self.fill)).await?;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
        let said = said as f64;
        Ok(seen - said)
    }
}

/// Publishes what a city of the load says, a message a device.
pub(super) async fn settle(marsad: &Marsad, devices: u32) -> Result<(), Failure> {
    let load = Load::new(1, devices, 100).starting(SystemClock.now());
    let reel = Reel::new(&load, 0, 1, u64::from(devices), 1);
    hose::run(&Door::open_to_all(marsad.mqtt), vec![reel], 4096).await.map_err(broke)?;
    marsad.settled(u64::from(devices), PATIENCE).await.map(drop)
}
