//! Emptyings by trucks and in part, and levels that an emptying clears.

use domains::waste::{BinState, BinType, Change, EmptyingKind, Level, WasteSettings, emptyings, level_events, levels};

#[test]
fn a_truck_confirms_an_emptying_with_one_level() {
    let settings = WasteSettings::shipped().emptying;
    let fill = [60.0, 62.0, 10.0];
    assert!(emptyings(&fill, |_| false, &settings).is_empty());
    let found = emptyings(&fill, |i| i == 2, &settings);
    assert_eq!(found.iter().map(|e| (e.index, e.kind)).collect::<Vec<_>>(), [(2, EmptyingKind::Confirmed)]);
    // A truck that only drove by.
    assert!(emptyings(&[60.0, 62.0, 63.0, 64.0], |i| i == 2, &settings).is_empty());
}

#[test]
fn a_bin_that_was_not_emptied_to_the_bottom_was_emptied_in_part() {
    let settings = WasteSettings::shipped().emptying;
    let kinds = |fill: &[f64]| emptyings(fill, |_| false, &settings).iter().map(|e| (e.index, e.kind)).collect::<Vec<_>>();
    assert_eq!(kinds(&[80.0, 82.0, 84.0, 50.0, 51.0, 53.0]), [(3, EmptyingKind::Partial)]);
    assert_eq!(kinds(&[80.0, 82.0, 84.0, 50.0, 85.0, 86.0]), []);
    // A false echo while it fills is no emptying, on either side.
    assert_eq!(kinds(&[80.0, 82.0, 84.0, 2.0, 85.0, 86.0, 88.0]), []);
    assert_eq!(kinds(&[10.0, 12.0, 99.0, 14.0, 15.0, 17.0]), []);
}

#[test]
fn an_emptying_clears_a_level_at_once() {
    let events = level_events(&[85.0, 86.0, 5.0, 6.0], 80.0, 70.0, 2, |i| i == 2);
    assert_eq!(events.iter().map(|e| (e.index, e.change)).collect::<Vec<_>>(), [(1, Change::Raise), (2, Change::Clear)]);
    let all = levels(&[96.0, 97.0], |_| false, &WasteSettings::shipped().levels);
    assert_eq!(
        all.iter().map(|(level, events)| (*level, events.len())).collect::<Vec<_>>(),
        [(Level::Info, 1), (Level::Warning, 1), (Level::Critical, 1), (Level::Overflow, 1)]
    );
}

#[test]
fn the_worst_that_is_known_of_a_bin_is_its_state() {
    let settings = WasteSettings::shipped().state;
    let of = |silent, burning, tilt, moved, lid| BinState::of(silent, burning, tilt, moved, lid, &settings);
    assert_eq!(of(false, false, None, None, None), BinState::Ok);
    assert_eq!(of(true, true, None, None, None), BinState::Burning);
    assert_eq!(of(true, false, Some((80.0, 90.0)), None, None), BinState::Unknown);
    assert_eq!(of(false, false, Some((80.0, 90.0)), Some(80.0), None), BinState::Dropped);
    assert_eq!(of(false, false, Some((80.0, 30.0)), Some(50.0), Some(901.0)), BinState::LidOpen);
    assert_eq!(serde_json::to_string(&BinState::LidOpen).unwrap(), "\"lidOpen\"");
}

#[test]
fn a_bin_that_is_full_below_its_bottom_is_refused() {
    let shipped = WasteSettings::shipped();
    assert_eq!(shipped.bin_type.len(), 6);
    let wrong = BinType { full_mm: 1300.0, ..shipped.bin_type[3].clone() };
    assert!(wrong.geometry().unwrap_err().to_string().contains("0 < full < empty"));
}
