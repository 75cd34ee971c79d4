//! Files that earlier formats left.

use super::*;
use crate::embedded::verify::verify;

fn fixture(format: i32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/format-{format}.db"))
}

/// What each holds.
fn held() -> Vec<Reading> {
    let mut readings: Vec<_> = (0..30).flat_map(|m| (0..3).map(move |d| reading(d, m, (m % 9) as f64 / 10.0))).collect();
    readings.push(Reading {
        zone: Zone::new("maarif").unwrap(),
        quality: schemas::Flaw::Late.into(),
        ..reading(1, 40, 0.1 + 0.2)
    });
    readings.push(Reading { received_at: Timestamp::clamped(5), ..reading(2, 7 * 24 * 60, 1e11) });
    readings
}

/// Run once per format, by hand: `cargo test -p store write_the_fixture -- --ignored`.
#[test]
#[ignore = "writes the fixture of the present format"]
fn write_the_fixture() {
    let path = fixture(format::FORMAT);
    block_on(async {
        let store = Embedded::open(&path, &settings()).unwrap();
        store.append(&held()).await.unwrap();
        store.flush().await.unwrap();
    });
    assert!(path.exists());
}

#[test]
fn every_format_is_still_read_and_written_on() {
    block_on(async {
        for version in 1..=format::FORMAT {
            let ground = Directory::new();
            std::fs::copy(fixture(version), ground.0.path().join("readings.db")).unwrap();
            assert_eq!(verify(ground.0.path(), &mut |_, _| ()).unwrap().damaged, 0, "format {version}, as it was found");
            let store = Embedded::open(ground.0.path(), &settings()).unwrap();
            assert_eq!(all(&store).await, held(), "format {version}");
            assert_eq!(store.latest(&Selector::default()).await.unwrap().len(), 3);
            fill(&store, 100, 20).await;
            settled(&store).await;
            drop(store);
            let store = Embedded::open(ground.0.path(), &settings()).unwrap();
            assert_eq!(all(&store).await.len(), held().len() + 800, "format {version}, after merges");
            assert_eq!(verify(ground.0.path(), &mut |_, _| ()).unwrap().damaged, 0, "format {version}, after merges");
        }
    });
}
