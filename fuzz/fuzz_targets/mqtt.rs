//! What a client says to the endpoint from its first byte on: all at once, and in pieces.

#![no_main]

use endpoint::fuzz::converse;
use fuzz::bounded;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| for piece in [bytes.len(), 7] {
    bounded(|| {
        let heard = converse(bytes, piece);
        assert!(heard.publishes.iter().all(|p| !p.topic.is_empty() && !p.topic.contains(['+', '#', '\0'])));
        assert!(heard.said <= bytes.len() + 64);
    });
});
