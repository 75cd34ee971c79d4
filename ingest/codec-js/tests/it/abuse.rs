//! What a script may try, and that it ends: soon, with the right reason, and without a trace.

use std::time::{Duration, Instant};

use codec_js::{Limits, RunError, Script, Uplink};
use schemas::Timestamp;

use crate::common::{compile, run};

/// Deadline 50 ms of processor time; the rest is for a loaded machine and an interpreter that is made anew.
const SOON: Duration = Duration::from_secs(3);

/// Runs the body on port 1, and after it, on port 2, a message that must be decoded as ever.
#[track_caller]
fn ends(body: &str) -> Result<(), RunError> {
    let script = compile(&format!(
        "var late = 0; function decodeUplink(input) {{ if (input.fPort === 2) return {{ data: late++ + input.bytes[0] }}; {body}; return {{ data: 'done' }}; }}"
    ));
    let began = now();
    let ended = run(&script, 1, &[5]).map(drop);
    let took = began.elapsed();
    assert!(took < SOON, "{body} took {took:?}");
    assert_eq!(run(&script, 2, &[5]).map(|o| o.data), Ok(serde_json::json!(5)), "after {body}");
    ended
}

#[expect(clippy::disallowed_methods, reason = "the test measures how long an abuse lasts")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn what_runs_for_ever_is_ended() {
    for body in [
        "while (true) {}",
        "for (;;) { try { for (;;); } catch (e) {} }",
        "try { for (;;); } finally { for (;;); }",
        "/(a+)+$/.test('a'.repeat(40) + 'b')",
        "var o = { get x() { for (;;); } }; o.x",
        "var o = { toString: function () { for (;;); } }; '' + o",
        "return { data: { toJSON: function () { for (;;); } } }",
        "return { get data() { for (;;); } }",
        "throw { get message() { for (;;); }, toString: function () { for (;;); } }",
        "var e = new Error(); Object.defineProperty(e, 'message', { get: function () { for (;;); } }); throw e",
        "new Uint8Array(1e4).sort(function () { for (;;); })",
        "[3, 1, 2].sort(function () { for (;;); })",
        "JSON.parse('[1]', function () { for (;;); })",
        "eval('for (;;);')",
        "new Function('for (;;);')()",
        "(function* () { for (;;) yield 1; })().next(); for (var x of (function* () { for (;;) yield 1; })());",
        "var a = []; a.length = 4e9; a.indexOf(1)",
        "[].reduce.call({ length: 4e9 }, function (a) { return a; })",
        "var big = []; for (var i = 0; i < 90000; i++) big[i] = 1; for (;;) JSON.stringify(big)",
        "var a = new Array(99999); for (;;) a.reverse()",
        "for (;;) new Date().toLocaleString()",
    ] {
        assert_eq!(ends(body), Err(RunError::Timeout { limit: Duration::from_millis(50) }), "{body}");
    }
    let job = compile("async function decodeUplink() { for (;;) await 1; }");
    assert_eq!(run(&job, 1, &[]), Err(RunError::Timeout { limit: Duration::from_millis(50) }));
}

/// A script that fails so that it is tried again as a program has no more time for both than for one.
#[test]
fn all_attempts_at_a_message_share_one_deadline() {
    let source = "function decodeUplink() { for (var i = 0; i < 6000000; i++); nowhere.to.be.found; }";
    let patient = Limits { deadline: Duration::from_mins(1), ..Limits::default() };
    let script = Script::compile_within("slow.js", source, patient).unwrap();
    let uplink = Uplink { port: 1, bytes: &[], time: Timestamp::clamped(1_795_291_200_000), recv_time: None };
    let (mut attempts, mut least) = (Vec::new(), Duration::MAX);
    for _ in 0..5 {
        let began = processor_time();
        attempts.push(script.run(&uplink));
        least = least.min(processor_time().saturating_sub(began));
    }
    assert!(attempts.iter().all(|a| matches!(a, Err(RunError::Thrown { .. }))), "{attempts:?}");
    // Two attempts took `least`: one fits into three quarters of it, two do not.
    let hasty = Limits { deadline: least * 3 / 4, ..patient };
    let script = Script::compile_within("slow.js", source, hasty).unwrap();
    assert_eq!(script.run(&uplink), Err(RunError::Timeout { limit: hasty.deadline }));
}

fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.cast_unsigned(), u32::try_from(now.tv_nsec).expect("a second has fewer than 2^32 ns"))
}

#[test]
fn what_eats_memory_is_ended() {
    for body in [
        "new ArrayBuffer(1e9)",
        "'x'.repeat(1e9)",
        "var a = []; for (;;) a.push(1)",
        "var a = []; for (;;) a.push(new Array(1000).fill(7))",
        "var m = new Map(); for (;;) m.set(m.size, {})",
        "Buffer.alloc(1e8)",
        "new Float64Array(1e7)",
        "var o = {}; for (var i = 0; ; i++) o['k' + i] = i",
    ] {
        let error = ends(body).expect_err(body);
        // What grows slowly may meet the deadline first.
        let slow = body.contains("for (") && matches!(error, RunError::Timeout { .. });
        assert!(slow || error == RunError::Memory { limit: 4 * 1024 * 1024 }, "{body}: {error}");
    }
}

#[test]
fn what_calls_itself_without_end_is_ended() {
    for body in [
        "(function f() { return f() + 1; })()",
        "var o = { get x() { return this.x; } }; o.x",
        "var o = {}; o.toString = function () { return '' + o; }; '' + o",
        "function A() { return new A(); } new A()",
    ] {
        assert_eq!(ends(body), Err(RunError::Stack { limit: 256 * 1024 }), "{body}");
    }
    // Each in its own way.
    for body in
        ["JSON.parse('['.repeat(1e5))", "eval('('.repeat(1e5))", "new RegExp('('.repeat(1e5))", "eval('a' + '.a'.repeat(1e5))"]
    {
        assert!(ends(body).is_err(), "{body}");
    }
}

#[test]
fn what_the_engine_cannot_interrupt_is_refused() {
    for body in [
        "new Array(5e6).join('x')",
        "new Array(1e8).fill(1)",
        "var a = []; a.length = 4e9; a.join('')",
        "var a = []; a.length = 4e9; a.sort()",
        "var a = []; a.length = 4e9; new Set(a)",
        "var a = []; a.length = 4e9; [a].flat()",
        "var a = []; a.length = 4e9; [].concat(a)",
        "var a = []; a.length = 4e9; '' + a",
        "Array.from({ length: 4e9 })",
        "Array.prototype.slice.call({ length: 4e9 })",
        "Array.prototype.join.call({ get length() { return 4e9; } })",
        "var s = 'a'.repeat(1e6); s.indexOf('a'.repeat(5e5) + 'b')",
        "var s = 'x'; for (;;) s += s",
        "2n ** 100000000n",
        "new Proxy([], {})",
    ] {
        let error = ends(body).expect_err(body);
        assert!(matches!(error, RunError::Thrown { .. }), "{body}: {error}");
    }
}

#[test]
fn what_a_script_catches_itself_is_its_own_affair() {
    for body in [
        "try { (function f() { f(); })(); } catch (e) {}",
        "try { new ArrayBuffer(1e9); } catch (e) {}",
        "try { null.x; } catch (e) {}",
    ] {
        assert_eq!(ends(body), Ok(()), "{body}");
    }
}

#[test]
fn a_memory_limit_below_the_interpreter_is_an_error_and_no_crash() {
    for memory in [1, 50_000, 150_000, 300_000, 400_000] {
        let limits = codec_js::Limits { memory, ..codec_js::Limits::default() };
        let error = codec_js::Script::compile_within("a.js", "function decodeUplink() {}", limits).expect_err("no room");
        assert!(matches!(error, codec_js::ScriptError::Limits { .. }), "{memory}: {error}");
    }
}

#[test]
fn a_source_that_cannot_be_read_within_the_limits_is_refused() {
    let wide = format!("var a = [{}];", "{a:1},".repeat(150_000));
    let deep = format!("var a = {};", "(".repeat(200_000));
    for source in [wide, deep] {
        let error = codec_js::Script::compile("a.js", &source).expect_err("more than the limits allow");
        assert!(matches!(error, codec_js::ScriptError::Limits { .. }), "{error}");
    }
}

#[test]
fn memory_may_run_out_anywhere() {
    let source = "var table = {}; for (var i = 0; i < 200; i++) table['k' + i] = [i, String(i), { n: i }]; class Reader { constructor(b) { this.b = Buffer.from(b); } } \
        async function decodeUplink(input) { var r = new Reader(input.bytes); var out = []; for (const k of Object.keys(table)) out.push({ ...table[k][2], t: new Date(i).toLocaleString(), \
        h: r.b.toString('hex').replace(/(..)/g, (x) => x + ' '), big: String(2n ** 200n) }); await 1; return { data: JSON.parse(JSON.stringify(out)) }; }";
    let (mut short, mut enough) = (0, 0);
    for memory in (380_000..1_400_000).step_by(12_000) {
        let limits = codec_js::Limits { memory, deadline: Duration::from_secs(10), ..codec_js::Limits::default() };
        let Ok(script) = codec_js::Script::compile_within("a.js", source, limits) else {
            short += 1;
            continue;
        };
        for _ in 0..2 {
            match run(&script, 1, &[1, 2, 3]) {
                Ok(_) => enough += 1,
                Err(RunError::Memory { .. } | RunError::Thrown { .. } | RunError::NoAnswer | RunError::Engine { .. }) => {
                    short += 1;
                }
                Err(e) => panic!("{memory}: {e}"),
            }
        }
    }
    assert!(short > 0 && enough > 0, "{short} short, {enough} enough");
}
