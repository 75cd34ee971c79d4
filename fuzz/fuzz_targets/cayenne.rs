//! Cayenne LPP: items and the object that they make.

#![no_main]

use fuzz::bounded;
use codec::fuzz::cayenne;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| bounded(|| {
    if let Ok(items) = cayenne::decode(bytes) {
        assert!(items.iter().flat_map(cayenne::Item::values).all(|value| value.is_finite()));
        let _ = cayenne::object(&items);
    }
}));
