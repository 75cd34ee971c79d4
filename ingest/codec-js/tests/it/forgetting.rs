//! The same answer for the same message, whatever came before.

use crate::common::{compile, run};

/// Scripts that remember in every way that there is; each answers how often it was called as far as it can see.
const MEMORIES: [&str; 22] = [
    "var n = 0; function decodeUplink() { return { data: ++n }; }",
    "let n = 0; function decodeUplink() { return { data: ++n }; }",
    "function decodeUplink() { n = typeof n === 'undefined' ? 1 : n + 1; return { data: n }; }",
    "function decodeUplink() { globalThis.n = (globalThis.n || 0) + 1; return { data: globalThis.n }; }",
    "var decodeUplink = (function () { var n = 0; return function () { return { data: ++n }; }; })();",
    "function decodeUplink() { decodeUplink.n = (decodeUplink.n || 0) + 1; return { data: decodeUplink.n }; }",
    "class C { static n = 0; } function decodeUplink() { return { data: ++C.n }; }",
    "var table = [0]; function decodeUplink() { return { data: ++table[0] }; }",
    "function decodeUplink() { exports.n = (exports.n || 0) + 1; return { data: exports.n }; }",
    "function decodeUplink() { process.env.N = Number(process.env.N || 0) + 1; return { data: process.env.N }; }",
    "function decodeUplink() { Array.prototype.n = (Array.prototype.n || 0) + 1; return { data: [].n }; }",
    "function decodeUplink() { var p = Object.getPrototypeOf({}); p.n = (p.n || 0) + 1; return { data: ({}).n }; }",
    "function decodeUplink() { var key = '__proto__', o = {}; o[key]['n'] = (o.n || 0) + 1; return { data: o.n }; }",
    "function decodeUplink() { Math.n = (Math.n || 0) + 1; return { data: Math.n || 1 }; }",
    "function decodeUplink() { parseInt.n = (parseInt.n || 0) + 1; return { data: parseInt.n || 1 }; }",
    "function decodeUplink() { console.n = (console.n || 0) + 1; Buffer.n = (Buffer.n || 0) + 1; return { data: Buffer.n || 1 }; }",
    "function decodeUplink(input) { var p = input.recvTime.constructor.prototype, q = Object.getPrototypeOf(input.recvTime); q.n = (q.n || 0) + 1; return { data: q.n || 1 }; }",
    "function decodeUplink() { var g = Object.getPrototypeOf(function* () {}); g.n = (g.n || 0) + 1; return { data: g.n || 1 }; }",
    "function decodeUplink() { var n = isNaN === undefined ? 2 : 1; isNaN = undefined; return { data: n }; }",
    "function decodeUplink() { var n = Error.prototype.name === 'X' ? 2 : 1; Error.prototype.name = 'X'; return { data: n }; }",
    "function decodeUplink() { var n = [].push === 5 ? 2 : 1; Object.defineProperty(globalThis, 'kept', { value: 1 }); return { data: typeof kept === 'number' && n === 1 ? n : 2 }; }",
    "var re = /a/g; function decodeUplink() { var n = re.lastIndex + 1; re.test('aa'); return { data: n }; }",
];

#[test]
fn a_script_remembers_nothing() {
    for source in MEMORIES {
        let script = compile(source);
        for call in 1..=4 {
            assert_eq!(run(&script, 1, &[]).map(|o| o.data), Ok(serde_json::json!(1)), "call {call} of {source}");
        }
    }
}

#[test]
fn what_is_changed_for_good_costs_the_interpreter_and_nothing_else() {
    for change in [
        "Object.freeze(Object.prototype)",
        "Object.preventExtensions(globalThis)",
        "Object.setPrototypeOf(globalThis, { n: 1 })",
        "Object.defineProperty(Error.prototype, 'message', { writable: false })",
        "Promise.resolve().then(function again() { return Promise.resolve().then(again); })",
    ] {
        let script = compile(&format!(
            "function decodeUplink() {{ var clean = !Object.isFrozen(Object.prototype) && Object.isExtensible(globalThis) && typeof n === 'undefined' \
             && Object.getOwnPropertyDescriptor(Error.prototype, 'message').writable; {change}; return {{ data: clean }}; }}"
        ));
        for _ in 0..3 {
            assert_eq!(run(&script, 1, &[]).map(|o| o.data), Ok(serde_json::json!(true)), "{change}");
            assert_eq!(script.memory(), None, "{change} leaves an interpreter that is used again");
        }
    }
}

#[test]
fn an_ordinary_script_keeps_its_interpreter_and_its_size() {
    let script = compile(
        "function decodeUplink(input) { if (input.fPort === 2) throw new Error('no'); var a = {}; a.self = a; a.big = input.bytes.concat(new Array(1000)); return { data: a.big.length }; }",
    );
    run(&script, 1, &[1]).expect("an answer");
    for call in 0..2000 {
        let _ = run(&script, if call % 3 == 0 { 2 } else { 1 }, &[1]);
        let used = script.memory().expect("the interpreter is kept");
        assert!(used < 2 * 1024 * 1024, "{used} bytes after {call} calls: garbage is not collected");
    }
}

#[test]
fn threads_do_not_hear_each_other() {
    let script = compile(
        "n = 0; function decodeUplink(input) { for (var i = 0; i < 1000; i++) n += input.bytes[0]; return { data: n }; }",
    );
    std::thread::scope(|scope| {
        for byte in 1..=4_u8 {
            let script = &script;
            scope.spawn(move || {
                for _ in 0..50 {
                    assert_eq!(run(script, 1, &[byte]).map(|o| o.data), Ok(serde_json::json!(1000 * u32::from(byte))));
                }
            });
        }
    });
}

#[test]
fn interpreters_of_many_scripts_are_bounded() {
    let scripts: Vec<_> = (0..40).map(|i| compile(&format!("function decodeUplink() {{ return {{ data: {i} }}; }}"))).collect();
    for (i, script) in scripts.iter().enumerate() {
        assert_eq!(run(script, 1, &[]).map(|o| o.data), Ok(serde_json::json!(i)));
    }
    let kept = scripts.iter().filter(|script| script.memory().is_some()).count();
    assert_eq!(kept, 32);
}
