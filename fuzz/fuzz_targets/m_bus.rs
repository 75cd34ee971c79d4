//! M-Bus: a whole telegram, with and without a key, one without its link layer, and bare records.

#![no_main]

use fuzz::bounded;
use codec::fuzz::m_bus;
use libfuzzer_sys::fuzz_target;

const KEY: m_bus::Key = [0; 16];

fuzz_target!(|bytes: &[u8]| bounded(|| {
    for key in [None, Some(&KEY)] {
        if let Ok(telegram) = m_bus::telegram(bytes, key) {
            let readings = telegram.readings();
            assert!(readings.iter().all(|m| m.value.is_none_or(f64::is_finite)));
        }
    }
    let _ = m_bus::message(bytes, Some(&KEY));
    if let Ok(records) = m_bus::records(bytes) {
        assert!(records.len() <= m_bus::RECORDS_LIMIT);
        let _ = m_bus::clock(&records).and_then(|local| local.instant(60));
    }
}));
