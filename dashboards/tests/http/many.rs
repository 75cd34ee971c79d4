//! A city with more devices than one request may read.

use std::sync::atomic::Ordering;
use std::time::Duration;

use schemas::{Device, DeviceId};
use serde_json::Value;

use super::*;

/// So many devices, a thousand in each zone.
fn settle(town: &Town, count: usize, kind: Kind) {
    let mut devices = town.devices.lock().unwrap();
    for n in 0..count {
        let id: DeviceId = format!("d-{n:06}").parse().unwrap();
        let device = Device::new(id.clone(), kind, format!("zone-{}", n / 1_000).parse().unwrap());
        devices.insert(id, ports::DeviceView { device, first_seen: None, last_seen: None, firmware: None });
    }
}

#[tokio::test]
async fn the_health_of_twenty_thousand_devices_is_told_in_pages_and_the_store_is_asked_for_many_at_once() {
    const DEVICES: usize = 20_001;
    let town = town();
    settle(&town, DEVICES, Kind::WASTE);
    town.put(["d-000000", "d-000007", "d-010007"].map(|device| fill(device, 50.0, "2026-11-21T19:00:00Z")));
    let router = router(&town);
    let (mut told, mut heard, mut next) = (Vec::<String>::new(), 0, None::<String>);
    loop {
        let cursor = next.map(|id| format!("&cursor={id}")).unwrap_or_default();
        let answer = get(&router, &format!("/api/v1/devices/health?limit=2000{cursor}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let page = answer.json();
        let devices = page["devices"].as_array().unwrap();
        told.extend(devices.iter().map(|d| d["device"].as_str().unwrap().to_owned()));
        heard += devices.iter().filter(|d| !d["heard"].is_null()).count();
        next = page["next"].as_str().map(ToOwned::to_owned);
        let link = next.iter().map(|id| format!("<?limit=2000&cursor={id}>; rel=\"next\"")).next();
        assert_eq!(answer.header("link"), link.unwrap_or_default());
        if next.is_none() {
            break;
        }
    }
    assert_eq!((told.len(), heard), (DEVICES, 3));
    assert!(told.is_sorted_by(|a, b| a < b), "each once, in order");
    let scans = town.scans.load(Ordering::Relaxed);
    assert!(scans < DEVICES / 10, "{scans} questions to the store for {DEVICES} devices");
    let table = get(&router, "/api/v1/devices/health?format=csv&limit=3").await;
    assert_eq!((table.text.lines().count(), table.header("link")), (4, "<?format=csv&limit=3&cursor=d-000002>; rel=\"next\""));
}

#[tokio::test]
async fn devices_that_say_more_than_one_answer_holds_are_told_as_each_is_alone() {
    let town = town();
    let say = |device: &str, every: u64, zone: &str| {
        let series = SeriesKey { device: device.parse().unwrap(), quantity: Quantity::WASTE_FILL, channel: 0 };
        let readings = (0..6 * 86_400 / every).map(|n| {
            let when = at(NOW).minus(Duration::from_secs(n * every));
            let (series, zone) = (series.clone(), zone.parse().unwrap());
            Reading { series, kind: Kind::WASTE, zone, value: 40.0, observed_at: when, received_at: when, quality: Quality::GOOD }
        });
        town.put(readings);
    };
    for (device, every) in [("bin-1", 3_600), ("bin-2", 9), ("bin-3", 9), ("bin-4", 1_800)] {
        say(device, every, "anfa");
    }
    let router = router(&town);
    let all = get(&router, "/api/v1/devices/health").await.json();
    for (place, device) in ["bin-1", "bin-2", "bin-3", "bin-4"].iter().enumerate() {
        let alone = get(&router, &format!("/api/v1/devices/health?device={device}")).await.json();
        assert_eq!(all["devices"][place], alone["devices"][0]);
    }
    assert_eq!(all["devices"][1]["interval_s"], 9.0);
    let unknown = get(&router, "/api/v1/devices/health?device=bin-1,bin-9").await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    assert!(unknown.text.contains("`bin-9` is not known here") && unknown.text.contains("bin-2"), "{}", unknown.text);
}

#[tokio::test]
async fn a_hundred_thousand_devices_of_a_kind_are_answered_for_and_beyond_them_a_zone_is_asked_for() {
    const MOST: usize = 100_000;
    let town = town();
    settle(&town, MOST, Kind::PARKING);
    let router = router(&town);
    let told: Value = get(&router, "/api/v1/parking/occupancy").await.json();
    let spaces: u64 = told["zones"].as_array().unwrap().iter().filter_map(|zone| zone["spaces"].as_u64()).sum();
    assert_eq!(spaces, MOST as u64);
    settle(&town, MOST + 1, Kind::PARKING);
    let refused = get(&router, "/api/v1/parking/occupancy").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text.contains("more than 100000 devices") && refused.text.contains("a zone"), "{}", refused.text);
    assert_eq!(get(&router, "/api/v1/parking/occupancy?zone=zone-7").await.status, StatusCode::OK);
}
