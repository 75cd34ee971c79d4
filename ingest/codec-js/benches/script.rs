//! How long a decoder takes for one message: `cargo bench -p codec-js`.
//!
//! As a ratio to reading the answer's JSON with `serde_json::Value` too, since times depend on the machine.

use std::hint::black_box;
use std::time::Instant;

use codec_js::{Script, Uplink};

/// A decoder as vendors of tag-length-value sensors write it, with its payload.
const PLAIN: (&str, &str, &[u8]) = (
    "tag-length-value, 13 B",
    "var UNITS = { 0x67: 10 };
    function decodeUplink(input) {
        var bytes = input.bytes, data = {};
        for (i = 0; i < bytes.length;) {
            var channel = bytes[i++], type = bytes[i++];
            if (channel === 0x01 && type === 0x75) { data.battery = bytes[i]; i += 1; }
            else if (channel === 0x03 && type === 0x67) { data.temperature = int16(bytes.slice(i, i + 2)) / UNITS[type]; i += 2; }
            else if (channel === 0x04 && type === 0x82) { data.distance = uint16(bytes.slice(i, i + 2)); i += 2; }
            else if (channel === 0x05 && type === 0x00) { data.position = bytes[i] === 0 ? 'normal' : 'tilt'; i += 1; }
            else { break; }
        }
        return { data: data, warnings: [] };
    }
    function uint16(b) { return (b[1] << 8) + b[0]; }
    function int16(b) { var v = uint16(b); return v > 0x7fff ? v - 0x10000 : v; }",
    &[0x01, 0x75, 0x5c, 0x03, 0x67, 0x01, 0x01, 0x04, 0x82, 0x44, 0x08, 0x05, 0x00, 0x01],
);

/// One that uses more of what is around it.
const MODERN: (&str, &str, &[u8]) = (
    "Buffer, dates, classes, 24 B",
    "const { Buffer: B } = require('buffer');
    String.prototype.pad = function (n) { return this.padStart(n, '0'); };
    class Reader {
        constructor(bytes) { this.buffer = B.from(bytes); this.at = 0; }
        u16() { const v = this.buffer.readUInt16BE(this.at); this.at += 2; return v; }
        u32() { const v = this.buffer.readUInt32LE(this.at); this.at += 4; return v; }
    }
    function decodeUplink(input) {
        const reader = new Reader(input.bytes);
        const start = new Date(reader.u32() * 1000);
        const samples = [...Array(10).keys()].map((n) => ({ time: new Date(start.getTime() + n * 3600000).toISOString(), volume: reader.u16() / 1000 }));
        return { data: { id: reader.buffer.toString('hex', 0, 4).pad(10), start: start.toLocaleDateString(), samples } };
    }",
    &[0, 0x11, 0x22, 0x69, 1, 2, 1, 3, 1, 4, 1, 5, 1, 6, 1, 7, 1, 8, 1, 9, 1, 10, 1, 11],
);

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> Instant {
    Instant::now()
}

/// Half and nine tenths of the durations of `rounds` calls are at most this: microseconds.
fn measure(rounds: usize, mut call: impl FnMut()) -> (f64, f64) {
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let began = now();
            call();
            began.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(rounds * share / 10).copied().unwrap_or(f64::NAN);
    (at(5), at(9))
}

fn main() {
    for (what, source, bytes) in [PLAIN, MODERN] {
        let script = Script::compile("bench.js", source).expect("a script");
        let uplink = Uplink { port: 85, bytes, time: "2026-11-21T20:00:01Z".parse().expect("a time"), recv_time: None };
        let answer = serde_json::to_vec(&script.run(&uplink).expect("an answer")).expect("JSON");
        let (half, most) = measure(20_000, || {
            black_box(script.run(black_box(&uplink)).expect("an answer"));
        });
        let (fresh, fresh_most) = measure(200, || {
            black_box(script.run_fresh(black_box(&uplink)).expect("an answer"));
        });
        // A thousand at once: one is too short to be measured.
        let (json, _) = measure(200, || {
            for _ in 0..1000 {
                black_box(serde_json::from_slice::<serde_json::Value>(black_box(&answer)).expect("JSON"));
            }
        });
        let json = json / 1000.0;
        println!(
            "{what}: interpreter kept p50 {half:.1} us, p90 {most:.1} us, {:.0} times its answer's JSON ({} B, {json:.2} us)",
            half / json,
            answer.len()
        );
        println!(
            "{what}: interpreter made anew p50 {fresh:.0} us, p90 {fresh_most:.0} us; {} KiB of heap",
            script.memory().unwrap_or(0) / 1024
        );
    }
}
