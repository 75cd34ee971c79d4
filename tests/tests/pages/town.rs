//! The demonstration, with some devices that have a past: readings of days gone by, published like all others.

use std::time::Duration;

use ports::{Clock, SystemClock};
use schemas::Timestamp;
use serde_json::Value;
use tests::{Device, Marsad, until};

const HOUR: u64 = 3_600;
/// Hours of past of the devices that have one: a clock that is a week behind would be doubted.
const HOURS: u64 = 6 * 24 + 12;
/// A station with wind, one without, and a bin.
pub(crate) const STATION: &str = "air-with-a-past";
pub(crate) const NEIGHBOUR: &str = "air-without-wind";
pub(crate) const BIN: &str = "bin-with-a-past";

/// A zone whose bays have a past.
pub(crate) const STREET: &str = "anfa";
const BAYS: u64 = 6;

/// Probes of a kind that the city has added, along a park.
pub(crate) const PROBES: u64 = 24;

/// The program, and what there is on its pages.
pub(crate) struct Town {
    pub(crate) marsad: Marsad,
    /// An alert that fires.
    pub(crate) alert: String,
    /// A contractor that has bins.
    pub(crate) contractor: String,
    folder: tempfile::TempDir,
}

impl Town {
    /// Starts it, and waits until there is something of everything.
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("shifts.toml"), shifts(SystemClock.now())).expect("the shifts");
        let kind = std::fs::read(tests::root().join("config/examples/green-spaces.toml")).expect("the kind");
        std::fs::write(folder.path().join("green-spaces.toml"), kind).expect("the kind");
        let marsad = Marsad::start_as("demo", folder.path(), ON_CALL);
        plant(&marsad, folder.path());
        let now: Timestamp = marsad.status().expect("a status").now;
        let mut device = Device::connect(marsad.mqtt, "past");
        for hour in 0..HOURS {
            for (topic, payload) in said(now, hour) {
                device.publish(&topic, payload.as_bytes());
            }
        }
        assert!(device.unacknowledged(Duration::from_secs(60)).is_empty(), "the past is kept");
        let _ = marsad.settled(Duration::from_secs(60));
        let alert = until("an alert", Duration::from_secs(60), || {
            let alerts = marsad.json("/api/v1/alerts?phase=firing");
            alerts["alerts"][0]["id"].as_str().map(ToOwned::to_owned)
        });
        until("a message put aside", Duration::from_secs(60), || {
            marsad.json("/api/v1/quarantine?each=true&limit=1")["messages"][0]["offset"].as_u64()
        });
        until("stations", Duration::from_secs(60), || {
            (marsad.json("/api/v1/latest?kind=air")["readings"].as_array()?.len() > 4).then_some(())
        });
        Self { marsad, alert, contractor: "ARMA".to_owned(), folder }
    }

    /// Starts the program again, on the same data and ports.
    pub(crate) fn again(self) -> Self {
        let Self { marsad, folder, alert, contractor } = self;
        Self { marsad: marsad.again(folder.path()), folder, alert, contractor }
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.marsad.http)
    }

    /// Publishes the level of the bin with a past, as it is now.
    pub(crate) fn fill(&self, percent: f64) {
        self.say("waste", BIN, "waste.fill", percent);
    }

    /// Publishes what a device measures now, and awaits that it is kept.
    pub(crate) fn say(&self, kind: &str, id: &str, quantity: &str, value: f64) {
        let mut device = Device::connect(self.marsad.mqtt, "now");
        device.publish(&topic(kind, id), format!(r#"{{"v":1,"values":{{"{quantity}":{value}}}}}"#).as_bytes());
        assert!(device.unacknowledged(Duration::from_secs(60)).is_empty(), "it is kept");
    }

    /// Whether the API knows a reading of a series.
    pub(crate) fn latest(&self, device: &str, quantity: &str) -> Option<f64> {
        let answer: Value = self.marsad.json(&format!("/api/v1/latest?device={device}&quantity={quantity}"));
        answer["readings"][0]["value"].as_f64()
    }
}

/// Puts the probes on the map.
fn plant(marsad: &Marsad, folder: &std::path::Path) {
    #[expect(clippy::cast_precision_loss, reason = "a few probes")]
    let listed = |probe: u64| {
        let (row, place) = (probe / 8, probe % 8);
        let (lat, lon) = (33.5860 - row as f64 * 0.0011, -7.6590 + place as f64 * 0.0014);
        format!(
            "[[device]]\nid = \"probe-{probe:02}\"\nkind = \"green\"\nzone = \"anfa\"\nplace = {{ lat = {lat}, lon = {lon} }}\n"
        )
    };
    let file = folder.join("probes.toml");
    std::fs::write(&file, (0..PROBES).map(listed).collect::<String>()).expect("the probes");
    let (file, config) = (file.display().to_string(), folder.join("marsad.toml").display().to_string());
    let http = marsad.http.to_string();
    let data = folder.join("data").display().to_string();
    let said = Marsad::command(&["device", "import", &file, "--config", &config, "--data", &data, "--http", &http]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

/// Two teams take turns on call; a report goes by mail, where nobody takes it.
const ON_CALL: &str = r#"
[[notify.channel]]
name = "log"
type = "log"
[[notify.channel]]
name = "mail"
type = "email"
server = "127.0.0.1"
port = 9
protection = "none"
from = "Marsad <reports@city.example>"
[[notify.receiver]]
name = "officer"
via = ["mail"]
language = "ar"
mail = ["officer@city.example"]
[[report]]
name = "air-of-the-day"
which = "daily"
at = "00:00"
receivers = ["officer"]
[vocabulary]
files = ["green-spaces.toml"]
[http]
event_tick = "100ms"
[[notify.receiver]]
name = "team-a"
via = ["log"]
[[notify.receiver]]
name = "team-b"
via = ["log"]
[[notify.rota]]
name = "waste"
file = "shifts.toml"
fallback = "log"
"#;

/// Ten shifts of a day from yesterday on, with a hole after the fifth.
fn shifts(now: Timestamp) -> String {
    let minute = |at: Timestamp| at.to_string()[..16].to_owned();
    let day = |n: u64| now.minus(Duration::from_secs(24 * HOUR)).plus(Duration::from_secs(n * 24 * HOUR));
    let shift = |n: u64| {
        let (from, to, team) = (minute(day(n)), minute(day(n + 1)), if n.is_multiple_of(2) { "team-a" } else { "team-b" });
        format!("[[shift]]\nfrom = \"{from}\"\nto = \"{to}\"\nreceiver = \"{team}\"\n")
    };
    (0..10).filter(|n| *n != 5).map(shift).collect()
}

/// What is published about an hour of the past: by a station and a bin, and now and then by something that nobody understands.
#[expect(clippy::cast_precision_loss, reason = "hours of a week, a few probes")]
fn said(now: Timestamp, hour: u64) -> Vec<(String, String)> {
    let at = now.minus(Duration::from_secs((HOURS - 1 - hour) * HOUR));
    let swing = (hour as f64 / 24.0 * std::f64::consts::TAU).sin();
    let (pm10, no2, o3) = (42.0 + 30.0 * swing, 38.0 + 20.0 * swing, 60.0 - 25.0 * swing);
    let fine = pm10 * 0.5;
    // Emptied every second day; full at the end.
    let fill = if hour + 1 == HOURS { 99.0 } else { 4.0 + (hour % 48) as f64 * 1.9 };
    let battery = 96.0 - hour as f64 / 40.0;
    let air = format!(r#""air.pm10":{pm10:.1},"air.pm2_5":{fine:.1},"air.no2":{no2:.1},"air.o3":{o3:.1}"#);
    let cleaner = format!(r#""air.pm10":{:.1},"air.no2":{:.1},"air.o3":{o3:.1}"#, pm10 * 0.6, no2 * 0.7);
    let bin = format!(r#""waste.fill":{fill:.1},"battery.level":{battery:.1}"#);
    // From the sea by day, from the land by night.
    let (from, speed) =
        if (8..20).contains(&(hour % 24)) { (290 + hour % 40, 3.0 + swing) } else { (80 + hour % 30, 1.2 + swing) };
    let wind = format!(r#","air.wind_direction":{from},"air.wind_speed":{speed:.1}"#);
    let of = |values: &str| format!(r#"{{"v":1,"time":"{at}","values":{{{values}}}}}"#);
    let mut all = vec![
        (topic("air", STATION), of(&format!("{air}{wind}"))),
        (topic("air", NEIGHBOUR), of(&cleaner)),
        (topic("waste", BIN), of(&bin)),
    ];
    all.extend((0..BAYS).flat_map(|bay| bays(at, bay)));
    all.extend((0..PROBES).map(|probe| {
        // Dry at one end of the park, and drier by the day.
        let moisture = 12.0 + probe as f64 * 1.3 - hour as f64 / 30.0;
        let soil = format!(r#""soil.moisture":{moisture:.1},"soil.temperature":{:.1}"#, 17.0 + 4.0 * swing);
        (topic("green", &format!("probe-{probe:02}")), of(&soil))
    }));
    if hour.is_multiple_of(24) {
        all.push((topic("waste", "bin-that-mumbles"), format!("not JSON, hour {hour}")));
    }
    all
}

/// What a bay says about an hour that ends: twice, since it is unknown after half an hour of silence.
fn bays(end: Timestamp, bay: u64) -> Vec<(String, String)> {
    let of_day = u64::try_from(end.millis() / 3_600_000).unwrap_or(0) % 24;
    let taken = u8::from((8 + bay..20).contains(&of_day));
    let said = |before: u64| {
        let at = end.minus(Duration::from_secs(before));
        let payload = format!(r#"{{"v":1,"time":"{at}","values":{{"parking.occupied":{taken}}}}}"#);
        (topic("parking", &format!("bay-with-a-past-{bay}")), payload)
    };
    [HOUR / 2, 0].map(said).into()
}

fn topic(kind: &str, device: &str) -> String {
    format!("marsad/anfa/{kind}/{device}/up")
}
