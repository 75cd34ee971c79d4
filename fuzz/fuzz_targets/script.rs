//! Bytes of strangers through vendors' scripts in the engine: the script is the city's, the bytes are anybody's.

#![no_main]

use std::sync::LazyLock;

use codec_js::{Script, Uplink};
use fuzz::bounded;
use libfuzzer_sys::fuzz_target;

const SCRIPTS: [&str; 3] = [
    // Tags and values, as many makes send them.
    "function decodeUplink(input) { var b = input.bytes, d = {}; for (i = 0; i < b.length; ) { var t = b[i++];
        switch (t) { case 1: d.battery = b[i++]; break; case 3: d.temperature = ((b[i + 1] << 24 >> 16) | b[i]) / 10; i += 2; break;
        case 0x20: d.history = d.history || []; d.history.push(b.slice(i, i + 6)); i += 6; break; default: i = b.length; } }
        return { data: d }; }",
    // Buffers, dates and text.
    "function decodeUplink(input) { const buf = Buffer.from(input.bytes); const text = buf.toString('utf8');
        return { data: { text, hex: buf.toString('hex'), at: new Date(buf.length > 3 ? buf.readUInt32BE(0) * 1000 : 0).toJSON(),
        words: text.split(/[^a-z0-9]+/i).filter(Boolean).map((w) => w.padStart(8, '0')) }, warnings: [], errors: [] }; }",
    // What throws.
    "function Decoder(bytes, port) { if (bytes.length < 4) { throw new Error('short'); } return JSON.parse(String.fromCharCode.apply(null, bytes)); }",
];

static COMPILED: LazyLock<Vec<Script>> =
    LazyLock::new(|| SCRIPTS.iter().map(|source| Script::compile("fuzz.js", source).expect("JavaScript")).collect());

fuzz_target!(|input: &[u8]| {
    let [script, port, bytes @ ..] = input else { return };
    let script = &COMPILED[usize::from(*script) % COMPILED.len()];
    let time = "2026-11-21T20:00:00Z".parse().expect("an instant");
    let _ = script.run(&Uplink { port: *port, bytes: &[], time, recv_time: None });
    bounded(|| {
        let _ = script.run(&Uplink { port: *port, bytes, time, recv_time: None });
    });
});
