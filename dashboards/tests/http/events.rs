//! Live events.

use std::time::Duration;

use futures_util::StreamExt;
use ports::LiveFrame;
use schemas::{AlertId, Phase, Texts, Transition, TransitionId};

use super::*;

/// A client's view of the stream: what has come so far.
struct Ear {
    stream: axum::body::BodyDataStream,
    heard: String,
}

impl Ear {
    async fn at(router: &Router, address: &str) -> Self {
        Self::asking(router, Request::get(address)).await
    }

    /// As a browser that comes back with the id of the last event that it had.
    async fn after(router: &Router, last: &str) -> Self {
        Self::asking(router, Request::get("/api/v1/events").header("last-event-id", last)).await
    }

    async fn asking(router: &Router, request: axum::http::request::Builder) -> Self {
        let request = request.header("accept-encoding", "gzip, br").body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(!response.headers().contains_key("content-encoding"), "a compressor would hold events back");
        let mut ear = Self { stream: response.into_body().into_data_stream(), heard: String::new() };
        ear.until("retry: ").await;
        ear
    }

    /// The id of the last event that has come.
    fn last(&self) -> &str {
        self.heard.rsplit_once("id: ").unwrap().1.lines().next().unwrap()
    }

    /// Waits until the text has come.
    async fn until(&mut self, text: &str) {
        let wait = async {
            while !self.heard.contains(text) {
                let chunk = self.stream.next().await.unwrap().unwrap();
                self.heard.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        tokio::time::timeout(Duration::from_secs(5), wait).await.unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.heard));
    }
}

fn quick(town: &Arc<Town>) -> dashboards::House {
    let mut house = town.house();
    house.settings.event_tick = Duration::from_millis(5);
    house
}

fn transition() -> Transition {
    let (rule, reading) = ("full".parse().unwrap(), fill("bin-1", 95.0, NOW));
    let alert = AlertId::new(&rule, &reading.series, at(NOW));
    Transition {
        id: TransitionId::new(&alert, Phase::Firing),
        alert,
        rule,
        series: reading.series,
        kind: Kind::WASTE,
        zone: reading.zone,
        severity: schemas::Severity::Warning,
        from: Phase::Pending,
        to: Phase::Firing,
        at: at(NOW),
        since: at(NOW),
        value: Some(95.0),
        texts: Texts { fr: "plein".into(), ar: "ممتلئة".into(), en: "full".into() },
        notify: Vec::new(),
        note: None,
    }
}

#[tokio::test]
async fn readings_and_alerts_are_told_as_they_happen() {
    let town = town();
    let mut ear = Ear::at(&dashboards::router(quick(&town)), "/api/v1/events").await;
    town.live.tell(LiveFrame::Readings([fill("bin-1", 42.0, NOW)].into()));
    ear.until("event: readings\ndata: [{\"device\":\"bin-1\",\"quantity\":\"waste.fill\"").await;
    town.live.tell(LiveFrame::Transitions([transition()].into()));
    ear.until("event: alert\ndata: {").await;
    let data = ear.heard.rsplit_once("data: ").unwrap().1;
    let alert: Transition = serde_json::from_str(data.trim_end()).unwrap();
    assert_eq!(alert, transition());
}

#[tokio::test(start_paused = true)]
async fn all_clients_are_told_with_the_same_tick_whenever_they_came() {
    let town = town();
    let mut house = town.house();
    house.settings.event_tick = Duration::from_secs(1);
    let router = dashboards::router(house);
    let began = tokio::time::Instant::now();
    let mut early = Ear::at(&router, "/api/v1/events").await;
    tokio::time::advance(Duration::from_millis(300)).await;
    let mut late = Ear::at(&router, "/api/v1/events").await;
    for tick in 1u16..=3 {
        tokio::time::advance(Duration::from_millis(200)).await;
        town.live.tell(LiveFrame::Readings([fill("bin-1", f64::from(tick), NOW)].into()));
        let told = format!("\"value\":{tick}.0");
        for ear in [&mut early, &mut late] {
            ear.until(&told).await;
            let millis = began.elapsed().as_millis();
            assert!((u128::from(tick) * 1000..).take(3).any(|whole| whole == millis), "{tick}: {millis} ms");
        }
    }
}

#[tokio::test]
async fn of_a_series_only_the_last_reading_of_a_tick_is_told() {
    let town = town();
    let mut house = town.house();
    house.settings.event_tick = Duration::from_millis(100);
    let mut ear = Ear::at(&dashboards::router(house), "/api/v1/events").await;
    // Behind the first look, so that all three fall into one frame.
    let times = ["2026-11-21T20:00:00Z", "2026-11-21T20:00:02Z", "2026-11-21T20:00:01Z"];
    let burst: Vec<_> = times.iter().enumerate().map(|(i, t)| fill("bin-1", f64::from(u8::try_from(i).unwrap()), t)).collect();
    town.live.tell(LiveFrame::Readings(burst.into()));
    ear.until("event: readings").await;
    assert_eq!(ear.heard.matches("\"device\"").count(), 1);
    assert!(ear.heard.contains("\"value\":1.0"), "the latest by its own time: {}", ear.heard);
}

#[tokio::test]
async fn a_client_hears_only_the_kind_it_asked_for() {
    let town = town();
    let mut house = quick(&town);
    house.settings.heartbeat = Duration::from_millis(40);
    let router = dashboards::router(house);
    let (mut air, mut waste) =
        (Ear::at(&router, "/api/v1/events?kind=air").await, Ear::at(&router, "/api/v1/events?kind=waste").await);
    town.live.tell(LiveFrame::Readings([fill("bin-1", 42.0, NOW)].into()));
    town.live.tell(LiveFrame::Transitions([transition()].into()));
    waste.until("event: readings").await;
    waste.until("event: alert").await;
    air.until("event: beat").await;
    assert!(!air.heard.contains("bin-1"), "{}", air.heard);
}

#[tokio::test]
async fn whoever_names_devices_loses_none_to_the_others_and_hears_of_those_only_that_they_spoke() {
    let town = town();
    let mut house = town.house();
    // Room for one series in a tick, and both bursts within one.
    (house.settings.event_rows, house.settings.event_tick) = (1, Duration::from_millis(100));
    let router = dashboards::router(house);
    let mut ear = Ear::at(&router, "/api/v1/events?device=bin-9,bin-7").await;
    let crowd: Vec<_> = (0..10).map(|i| fill(&format!("bin-{i}"), f64::from(i), NOW)).collect();
    town.live.tell(LiveFrame::Readings(crowd.into()));
    ear.until("event: readings\ndata: [{\"device\":\"bin-7\"").await;
    ear.until("]\n\n").await;
    let told: Vec<serde_json::Value> =
        ear.heard.lines().filter_map(|l| serde_json::from_str(l.strip_prefix("data: ")?).ok()).collect();
    let devices: Vec<&str> =
        told.iter().flat_map(|rows| rows.as_array().unwrap()).map(|row| row["device"].as_str().unwrap()).collect();
    assert_eq!(devices, ["bin-7", "bin-9"], "{}", ear.heard);
    town.live.tell(LiveFrame::Readings([fill("bin-3", 42.0, NOW)].into()));
    ear.until("data: []").await;
    town.live.tell(LiveFrame::Transitions([transition()].into()));
    ear.until("event: alert").await;
    assert!(!ear.heard.contains("event: gap"), "what others lost is nothing to it: {}", ear.heard);
    let both = get(&router, "/api/v1/events?device=bin-9&kind=waste").await;
    assert_eq!((both.status, &both.json()["parameter"]), (StatusCode::BAD_REQUEST, &"kind".into()));
}

#[tokio::test]
async fn a_client_that_lost_frames_is_told_a_gap() {
    let town = town();
    let mut ear = Ear::at(&dashboards::router(quick(&town)), "/api/v1/events").await;
    // The broadcast of this town holds 64 frames.
    for i in 0..200 {
        town.live.tell(LiveFrame::Readings([fill(&format!("bin-{i}"), 1.0, NOW)].into()));
    }
    ear.until("event: gap\ndata: {\"missed\":").await;
    ear.until("bin-199").await;
}

#[tokio::test]
async fn series_beyond_a_ticks_room_are_told_as_a_gap() {
    let town = town();
    let mut house = quick(&town);
    house.settings.event_rows = 10;
    let mut ear = Ear::at(&dashboards::router(house), "/api/v1/events").await;
    let many: Vec<_> = (0..25).map(|i| fill(&format!("bin-{i}"), 1.0, NOW)).collect();
    town.live.tell(LiveFrame::Readings(many.into()));
    ear.until("event: gap\ndata: {\"missed\":15}").await;
    assert_eq!(ear.heard.matches("\"device\"").count(), 10);
}

#[tokio::test]
async fn clients_are_bounded_and_the_last_to_leave_stops_the_listening() {
    let town = town();
    let mut house = quick(&town);
    house.settings.event_clients = 2;
    let router = dashboards::router(house);
    assert_eq!(town.live.listeners(), 0);
    let (one, two) = (Ear::at(&router, "/api/v1/events").await, Ear::at(&router, "/api/v1/events").await);
    assert_eq!(town.live.listeners(), 1, "all clients share one listener");
    assert!(get(&router, "/metrics").await.text.contains("\nmarsad_event_clients 2\n"));
    let third = get(&router, "/api/v1/events").await;
    assert_eq!((third.status, third.header("content-type")), (StatusCode::SERVICE_UNAVAILABLE, "application/problem+json"));
    drop((one, two));
    assert_eq!(town.live.listeners(), 0);
    let mut again = Ear::at(&router, "/api/v1/events").await;
    town.live.tell(LiveFrame::Readings([fill("bin-1", 42.0, NOW)].into()));
    again.until("bin-1").await;
}

#[tokio::test]
async fn what_a_whole_town_says_is_heard_and_can_be_read_afterwards() {
    let town = Town::believable(Arc::new(Still));
    let router = dashboards::router(quick(&town));
    let mut ear = Ear::at(&router, "/api/v1/events").await;
    let said = town.breathe();
    assert!(said.len() > 10);
    town.live.tell(LiveFrame::Readings(said.clone().into()));
    for reading in &said {
        ear.until(&format!("\"device\":\"{}\"", reading.series.device)).await;
    }
    let device = &said[0].series.device;
    let latest = get(&router, &format!("/api/v1/latest?device={device}")).await.json();
    assert!(latest["readings"].as_array().unwrap().iter().any(|r| r["observed_at"] == "2026-11-21T20:05:00.000Z"));
}

#[tokio::test]
async fn who_comes_back_with_its_last_id_is_told_what_it_missed_and_nothing_twice() {
    let town = town();
    let router = dashboards::router(quick(&town));
    // Somebody else keeps listening.
    let mut other = Ear::at(&router, "/api/v1/events").await;
    let mut ear = Ear::at(&router, "/api/v1/events").await;
    town.live.tell(LiveFrame::Readings([fill("bin-1", 1.0, NOW)].into()));
    ear.until("bin-1").await;
    let last = ear.last().to_owned();
    drop(ear);
    town.live.tell(LiveFrame::Readings([fill("bin-2", 2.0, NOW)].into()));
    town.live.tell(LiveFrame::Transitions([transition()].into()));
    other.until("bin-2").await;
    other.until("event: alert").await;
    let mut back = Ear::after(&router, &last).await;
    back.until("bin-2").await;
    back.until("event: alert").await;
    assert!(!back.heard.contains("event: readings\ndata: [{\"device\":\"bin-1\""), "{}", back.heard);
    assert!(!back.heard.contains("event: resync"), "{}", back.heard);
}

#[tokio::test]
async fn who_comes_back_too_late_or_from_another_run_is_asked_to_resync() {
    let town = town();
    let router = dashboards::router(quick(&town));
    let mut ear = Ear::at(&router, "/api/v1/events").await;
    let before = ear.last().to_owned();
    // The ring keeps 32 frames.
    for i in 0..40 {
        let bin = format!("bin-{i}");
        town.live.tell(LiveFrame::Readings([fill(&bin, 1.0, NOW)].into()));
        ear.until(&format!("\"{bin}\"")).await;
    }
    for last in [before.as_str(), "1-1", "nonsense", "-", "99999999999999999999-0"] {
        Ear::after(&router, last).await.until("event: resync\ndata: {}").await;
    }
    // What happened while nobody listened was heard by nobody.
    let last = ear.last().to_owned();
    drop(ear);
    Ear::after(&router, &last).await.until("event: resync").await;
}

#[tokio::test]
async fn a_client_that_has_heard_nothing_yet_has_an_id_to_come_back_with() {
    let town = town();
    let router = dashboards::router(quick(&town));
    let mut other = Ear::at(&router, "/api/v1/events").await;
    let last = Ear::at(&router, "/api/v1/events").await.last().to_owned();
    town.live.tell(LiveFrame::Readings([fill("bin-1", 1.0, NOW)].into()));
    other.until("bin-1").await;
    Ear::after(&router, &last).await.until("bin-1").await;
}
