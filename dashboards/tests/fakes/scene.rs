//! A believable evening in Casablanca, the same each time.

use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

use ports::{AlertView, Clock, DeviceView};
use schemas::{AlertId, Device, Kind, Phase, Place, Quality, Quantity, Reading, SeriesKey, Severity, Texts, Timestamp};

use super::Town;

/// Zone, latitude, longitude, bins, bays.
const ZONES: [(&str, f64, f64, usize, usize); 13] = [
    ("hay-hassani", 33.552, -7.672, 14, 48),
    ("ain-chock", 33.531, -7.620, 12, 30),
    ("sidi-moumen", 33.585, -7.502, 13, 0),
    ("anfa", 33.589, -7.650, 12, 86),
    ("ain-sebaa", 33.604, -7.541, 10, 24),
    ("sidi-bernoussi", 33.618, -7.505, 9, 0),
    ("el-maarif", 33.571, -7.630, 14, 120),
    ("moulay-rachid", 33.560, -7.525, 8, 0),
    ("sidi-belyout", 33.594, -7.615, 16, 140),
    ("sidi-othmane", 33.557, -7.561, 9, 18),
    ("assoukhour-assawda", 33.588, -7.588, 8, 36),
    ("hay-mohammadi", 33.592, -7.572, 8, 0),
    ("al-fida", 33.566, -7.594, 7, 28),
];

struct Chance(u64);

impl Chance {
    /// SplitMix64 (Steele, Lea, Flood 2014), in `[0, 1)`.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap()) / 4_294_967_296.0
    }
}

fn reading(device: &str, quantity: Quantity, kind: Kind, zone: &str, value: f64, at: Timestamp) -> Reading {
    let series = SeriesKey { device: device.parse().unwrap(), quantity, channel: 0 };
    Reading { series, kind, zone: zone.parse().unwrap(), value, observed_at: at, received_at: at, quality: Quality::GOOD }
}

fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

impl Town {
    /// Bins, stations, bays and meters with a day behind them, and some alerts.
    pub(crate) fn believable(clock: Arc<dyn Clock>) -> Arc<Self> {
        let town = Self::new(clock);
        let (now, mut chance) = (town.clock.now(), Chance(7));
        for (zone, lat, lon, bins, bays) in ZONES {
            for i in 0..bins {
                let id = format!("bin-{zone}-{i:02}");
                let fill = (4.0 + 95.0 * chance.next().powf(1.3)).round();
                let late = if chance.next() < 0.03 { 40 * 60 } else { (chance.next() * 50.0) as u64 };
                town.settle(&id, Kind::WASTE, zone, (lat, lon), &mut chance, None);
                town.put([reading(&id, Quantity::WASTE_FILL, Kind::WASTE, zone, fill, now.minus(minutes(late)))]);
            }
            for i in 0..bays {
                let id = format!("bay-{zone}-{i:03}");
                let taken = f64::from(u8::from(chance.next() < 0.55 + lat.fract() * 0.4));
                town.settle(&id, Kind::PARKING, zone, (lat, lon), &mut chance, None);
                town.put([reading(&id, Quantity::PARKING_OCCUPIED, Kind::PARKING, zone, taken, now.minus(minutes(3)))]);
            }
            town.station(zone, (lat, lon), &mut chance);
            for i in 0..2 {
                town.meter(&format!("c-{:04x}{i}", (chance.next() * 65535.0) as u64), zone, (lat, lon), &mut chance);
            }
        }
        town.raise();
        town
    }

    fn settle(&self, id: &str, kind: Kind, zone: &str, (lat, lon): (f64, f64), chance: &mut Chance, label: Option<&str>) {
        // Bays stand along one street, the rest is all over the zone.
        let spread = if kind == Kind::PARKING { 0.25 } else { 1.0 };
        let mut near = |degrees: f64| (chance.next() - 0.5) * degrees * spread;
        let place = Some(Place::new(lat + near(0.022), lon + near(0.026)).unwrap());
        let now = Some(self.clock.now());
        let id: schemas::DeviceId = id.parse().unwrap();
        let label = label.map(ToOwned::to_owned);
        let device = Device { place, label, ..Device::new(id.clone(), kind, zone.parse().unwrap()) };
        self.devices.lock().unwrap().insert(id, DeviceView { device, first_seen: now, last_seen: now, firmware: None });
    }

    fn station(&self, zone: &str, place: (f64, f64), chance: &mut Chance) {
        let id = format!("air-{zone}");
        let now = self.clock.now();
        let level = 18.0 + 34.0 * chance.next();
        let silent = if zone == "al-fida" { 130 } else { 0 };
        let label = zone.split('-').map(|w| w[..1].to_uppercase() + &w[1..]).collect::<Vec<_>>().join(" ");
        self.settle(&id, Kind::AIR, zone, place, chance, Some(&label));
        for step in (silent..24 * 60).step_by(20) {
            // Two rush hours a day, and a gap in one station's night.
            if zone == "anfa" && (500..760).contains(&step) {
                continue;
            }
            #[expect(clippy::cast_precision_loss, reason = "minutes of a day")]
            let day = (step as f64 / 720.0 * TAU).cos();
            let pm10 = level * (1.0 + 0.35 * day) + 6.0 * chance.next();
            let at = now.minus(minutes(step));
            let air = |quantity, value: f64| reading(&id, quantity, Kind::AIR, zone, (value * 10.0).round() / 10.0, at);
            self.put([
                air(Quantity::AIR_PM10, pm10),
                air(Quantity::AIR_PM2_5, pm10 * 0.46),
                air(Quantity::AIR_NO2, 14.0 + pm10 * 0.7),
                air(Quantity::AIR_O3, 62.0 - pm10 * 0.6),
            ]);
        }
    }

    fn meter(&self, id: &str, zone: &str, place: (f64, f64), chance: &mut Chance) {
        let now = self.clock.now();
        let mut index = 100.0 + (chance.next() * 900.0).round();
        self.settle(id, Kind::WATER, zone, place, chance, None);
        for hours in (0..26).rev() {
            let used = chance.next().powi(3) * 0.09;
            index += used;
            let at = now.minus(minutes(hours * 60 + 5));
            self.put([
                reading(id, Quantity::WATER_VOLUME, Kind::WATER, zone, (index * 1000.0).round() / 1000.0, at),
                reading(id, Quantity::WATER_FLOW, Kind::WATER, zone, used, at),
            ]);
        }
    }

    fn raise(&self) {
        let now = self.clock.now();
        let alert = |device: &str, quantity, kind, zone: &str, severity, phase, ago, value, texts: [&str; 3]| {
            let series = SeriesKey { device: device.parse().unwrap(), quantity, channel: 0 };
            let since = now.minus(minutes(ago));
            let rule = "preview".parse().unwrap();
            let [fr, ar, en] = texts.map(ToOwned::to_owned);
            AlertView {
                id: AlertId::new(&rule, &series, since),
                rule,
                series,
                kind,
                zone: zone.parse().unwrap(),
                severity,
                phase,
                since,
                at: since,
                fired_at: Some(since),
                resolved_at: None,
                value,
                texts: Texts { fr, ar, en },
                marks: schemas::Marks::default(),
            }
        };
        let full = ["Bac presque plein", "الحاوية شبه ممتلئة", "Bin nearly full"];
        let fill = Quantity::WASTE_FILL;
        *self.alerts.lock().unwrap() = vec![
            alert(
                "bin-anfa-03",
                Quantity::WASTE_FIRE,
                Kind::WASTE,
                "anfa",
                Severity::Emergency,
                Phase::Firing,
                4,
                None,
                ["Feu dans un bac", "حريق في حاوية", "Fire in a bin"],
            ),
            alert(
                "c-1b3d0",
                Quantity::WATER_BURST,
                Kind::WATER,
                "hay-hassani",
                Severity::Critical,
                Phase::Firing,
                38,
                Some(6.4),
                [
                    "Rupture probable : débit continu élevé",
                    "انفجار أنبوب محتمل: صبيب مرتفع مستمر",
                    "Probable burst: high continuous flow",
                ],
            ),
            alert(
                "air-sidi-othmane",
                Quantity::AIR_PM10,
                Kind::AIR,
                "sidi-othmane",
                Severity::Warning,
                Phase::Firing,
                125,
                Some(71.0),
                ["PM10 élevé depuis plus d’une heure", "PM10 مرتفع منذ أكثر من ساعة", "PM10 high for more than an hour"],
            ),
            alert(
                "bin-sidi-belyout-07",
                fill,
                Kind::WASTE,
                "sidi-belyout",
                Severity::Warning,
                Phase::Firing,
                51,
                Some(96.0),
                full,
            ),
            alert("bin-el-maarif-11", fill, Kind::WASTE, "el-maarif", Severity::Warning, Phase::Firing, 1500, Some(93.0), full),
            alert("bin-ain-chock-02", fill, Kind::WASTE, "ain-chock", Severity::Info, Phase::Pending, 2, Some(90.0), full),
        ];
    }

    /// A few new values, as devices say them: kept, and given back to be told.
    pub(crate) fn breathe(&self) -> Vec<Reading> {
        let now = self.clock.now();
        let mut chance = Chance(u64::try_from(now.millis()).unwrap());
        let last: Vec<Reading> = {
            let kept = self.readings.lock().unwrap();
            let mut last = std::collections::BTreeMap::new();
            kept.values().for_each(|r| drop(last.insert(r.series.clone(), r.clone())));
            last.into_values().collect()
        };
        let spread = |r: &Reading| match r.kind {
            Kind::WATER => 0.002,
            _ => 0.6,
        };
        let some = last.into_iter().filter(|r| r.kind != Kind::PARKING && chance.next() < 0.2).collect::<Vec<_>>();
        let moved = some.into_iter().map(|r| {
            let value = (r.value + (chance.next() - if r.kind == Kind::WATER { 0.0 } else { 0.5 }) * spread(&r))
                .clamp(0.0, if r.kind == Kind::WASTE { 100.0 } else { 1000.0 });
            Reading { value, observed_at: now, received_at: now, ..r }
        });
        let moved: Vec<Reading> = moved.collect();
        self.put(moved.iter().cloned());
        moved
    }
}
