//! What is written comes back, whatever it is.

use bytes::Bytes;
use exchange::Defaults;
use exchange::parquet::{About, Writer, parquet};
use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};
use schemas::{Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};

fn defaults() -> Defaults {
    Defaults { zone: Zone::new("nowhere").expect("a name"), kind: None }
}

fn reading() -> impl Strategy<Value = Reading> {
    let quantities = vec![Quantity::AIR_PM10, Quantity::BATTERY_VOLTAGE, Quantity::WASTE_FILL, Quantity::WATER_VOLUME];
    let series = ("[A-Za-z0-9][A-Za-z0-9._:-]{0,20}", prop::sample::select(quantities), any::<u8>());
    let place = (prop::sample::select(vec![Kind::WASTE, Kind::AIR, Kind::PARKING, Kind::WATER]), "[a-z][a-z-]{0,9}");
    let times = (0..=Timestamp::MAX.millis(), 0..=Timestamp::MAX.millis());
    (series, place, -1e11..1e11f64, times, any::<u32>()).prop_map(
        |((device, quantity, channel), (kind, zone), value, at, bits)| Reading {
            series: SeriesKey { device: device.parse().expect("a name"), quantity, channel },
            kind,
            zone: zone.parse().expect("a name"),
            value,
            observed_at: Timestamp::clamped(at.0),
            received_at: Timestamp::clamped(at.1),
            quality: Quality::from_bits(bits),
        },
    )
}

fn written(readings: &[Reading]) -> Bytes {
    let about = About { source: "a city".to_owned(), licence: "CC-BY-4.0".to_owned() };
    let mut writer = Writer::new(Vec::new(), &about).expect("memory takes it");
    readings.iter().for_each(|reading| writer.push(reading).expect("memory takes it"));
    let (bytes, rows) = writer.finish().expect("memory takes it");
    assert_eq!(rows, readings.len() as u64);
    Bytes::from(bytes)
}

proptest! {
    #[test]
    fn what_parquet_holds_comes_back_to_the_bit(readings in prop::collection::vec(reading(), 0..200)) {
        let (rows, said) = parquet(written(&readings), defaults()).expect("it is a file");
        let back: Vec<_> = rows.map(|row| row.expect("it is whole").expect("a reading")).collect();
        prop_assert_eq!(said, readings.len() as u64);
        prop_assert_eq!(back, readings);
    }
}

#[test]
fn several_groups_of_rows_come_back_in_their_order() {
    let one = |n: i64| Reading {
        series: SeriesKey { device: "st-1".parse().expect("a name"), quantity: Quantity::AIR_PM10, channel: 0 },
        kind: Kind::AIR,
        zone: defaults().zone,
        value: f64::from(i32::try_from(n % 977).expect("small")) / 10.0,
        observed_at: Timestamp::clamped(n * 60_000),
        received_at: Timestamp::clamped(n * 60_000 + 250),
        quality: Quality::GOOD,
    };
    let readings: Vec<_> = (0..150_000).map(one).collect();
    let bytes = written(&readings);
    let per_row = bytes.len() as f64 / readings.len() as f64;
    assert!(per_row < 3.0, "{per_row} bytes a row");
    let (rows, _) = parquet(bytes, defaults()).expect("it is a file");
    assert!(rows.map(|row| row.expect("it is whole").expect("a reading")).eq(readings));
}

#[test]
fn a_file_that_is_cut_off_or_of_something_else_is_refused() {
    let whole = written(&[]);
    assert!(parquet(whole.slice(..whole.len() - 9), defaults()).is_err());
    assert!(parquet(Bytes::from_static(b"device,quantity\n"), defaults()).is_err());
}
