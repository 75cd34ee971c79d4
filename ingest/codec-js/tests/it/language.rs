//! ECMAScript 3 to 2020, sloppy: what vendors write.

use serde_json::{Value, json};

use crate::common::{data, value};

#[track_caller]
fn gives(body: &str, expected: &Value) {
    assert_eq!(&value(body), expected, "{body}");
}

#[test]
fn sloppy_code_runs_as_vendors_wrote_it() {
    for (body, expected) in [
        ("for (i = 0, n = 0; i < input.bytes.length; i++) { n += input.bytes[i]; } return { data: { v: n } };", json!(6)),
        ("total = 0; input.bytes.forEach(function (b) { total += b; }); return { data: { v: total } };", json!(6)),
        ("return { data: { v: 010 + 0x10 + 0b11 + 0o7 } };", json!(34)),
        ("var o = { a: 5 }; with (o) { a = 6; } return { data: { v: o.a } };", json!(6)),
        (
            "return { data: { v: [3, 2, 1].map(function (n) { return n < 2 ? 1 : n * arguments.callee(n - 1); }) } };",
            json!([6, 2, 1]),
        ),
        ("function f(a, a) { return a; } return { data: { v: f(1, 2) } };", json!(2)),
        ("function f(a) { arguments[0] = 9; return a; } return { data: { v: f(1) } };", json!(9)),
        ("function f() { return this === globalThis; } return { data: { v: f() } };", json!(true)),
        (
            "delete input.fPort; undefined = 5; NaN = 1; return { data: { v: [input.fPort === undefined, undefined === void 0] } };",
            json!([true, true]),
        ),
        ("if (true) { function inner() { return 7; } } return { data: { v: inner() } };", json!(7)),
        ("var eval_ = eval('1 + 1'); return { data: { v: eval_ } };", json!(2)),
        ("var a = 1; var a = 2; label: for (;;) { for (;;) { break label; } } return { data: { v: a } };", json!(2)),
        (
            "switch (input.fPort) { case 1: var x = 1; break; case 7: x = 'seven'; default: } return { data: { v: x } };",
            json!("seven"),
        ),
        ("<!-- a comment of old\nreturn { data: { v: 1 } };", json!(1)),
        ("return { data: { v: parseInt('08') + parseInt('0x1f', 16) + +'  12 ' } };", json!(51)),
        ("return { data: { v: escape('é') + unescape('%41') + 'abc'.substr(-2) } };", json!("%E9Abc")),
        (
            "var b = input.bytes; return { data: { v: [b[0] << 24 >> 16, b[0] << 31, (b[0] << 31) >>> 0, -7 % 3, ~~-1.5, 1 / 3] } };",
            json!([256, -2_147_483_648_i64, 2_147_483_648_u32, -1, -1, 1.0 / 3.0]),
        ),
        (
            "return { data: { v: [(1.005).toFixed(2), (25.45).toFixed(1), (1e21).toFixed(2), (0.000001234).toString(), (123.456).toPrecision(4), (255).toString(16)] } };",
            json!(["1.00", "25.4", "1e+21", "0.000001234", "123.5", "ff"]),
        ),
    ] {
        gives(body, &expected);
    }
}

#[test]
fn code_of_2015_runs() {
    for (body, expected) in [
        (
            "const [a, , ...rest] = [...input.bytes, 4]; let { fPort: p, x = 5 } = input; return { data: { v: [a, rest, p, x] } };",
            json!([1, [3, 4], 7, 5]),
        ),
        (
            "const f = (a, b = a + 1, ...c) => `${a}-${b}-${c}`; return { data: { v: f(1) + f(1, 2, 3, 4) } };",
            json!("1-2-1-2-3,4"),
        ),
        (
            "class A { constructor(n) { this.n = n; } get twice() { return 2 * this.n; } static make(n) { return new this(n); } } \
          class B extends A { get twice() { return super.twice + 1; } } return { data: { v: B.make(4).twice } };",
            json!(9),
        ),
        (
            "let s = 0; for (const b of input.bytes) s += b; for (const k in { a: 1 }) s += k; return { data: { v: s } };",
            json!("6a"),
        ),
        (
            "function* g() { let n = 0; while (true) yield n++; } const i = g(); i.next(); return { data: { v: [i.next().value, [...(function* () { yield* [1, 2]; })()]] } };",
            json!([1, [1, 2]]),
        ),
        (
            "const m = new Map([['a', 1]]); const s = new Set([1, 1, 2]); const y = Symbol('q'); return { data: { v: [m.get('a'), s.size, typeof y, new WeakMap() instanceof WeakMap] } };",
            json!([1, 2, "symbol", true]),
        ),
        (
            "const d = new DataView(new Uint8Array([0x42, 0x28, 0, 0]).buffer); return { data: { v: [d.getFloat32(0), d.getInt16(0, true), d.getUint32(0)] } };",
            json!([42, 10306, 1_109_917_696]),
        ),
        (
            "const f = new Float32Array(new Uint8Array(input.bytes.concat([64])).buffer); return { data: { v: [f[0], new Int8Array([200])[0], new Uint8ClampedArray([300])[0]] } };",
            json!([2.046_997_308_731_079, -56, 255]),
        ),
        (
            "return { data: { v: [Math.trunc(-1.5), Math.sign(-3), Math.fround(5.5), Math.hypot(3, 4), Math.log2(8), Math.cbrt(27), Math.clz32(1), Math.imul(3, 4)] } };",
            json!([-1, -1, 5.5, 5, 3, 3, 31, 12]),
        ),
        (
            "return { data: { v: [Number.isInteger(5), Number.EPSILON > 0, Number.parseFloat('1.5x'), Number.isNaN('x'), 'abc'.includes('b'), 'abc'.startsWith('a'), 'ab'.repeat(2), 'é'.normalize('NFD').length, String.raw`\\n`] } };",
            json!([true, true, 1.5, false, true, true, "abab", 2, "\\n"]),
        ),
        (
            "return { data: { v: [Array.from({ length: 3 }, (_, i) => i * i), Array.of(7), [1, 2, 3].find((n) => n > 1), [1, 2, 3].findIndex((n) => n > 5), [0, 0].fill(4), [...[5, 6].entries()]] } };",
            json!([[0, 1, 4], [7], 2, -1, [4, 4], [[0, 5], [1, 6]]]),
        ),
        (
            "const key = 'k'; const o = { [key + 1]: 1, key, m() { return 2; } }; return { data: { v: [o, o.m(), Object.assign({}, o, { z: 1 }).z, Object.is(-0, 0)] } };",
            json!([{"k1": 1, "key": "k"}, 2, 1, false]),
        ),
        (
            "return { data: { v: ['aBc'.replace(/[a-z]/gi, (c) => c + '.'), /(\\d+)-(\\d+)/.exec('10-20').slice(1), 'a1b22'.match(/\\d+/g), /\\u{61}/u.test('a'), /a/y.sticky, 'a,b;c'.split(/[,;]/)] } };",
            json!(["a.B.c.", ["10", "20"], ["1", "22"], true, true, ["a", "b", "c"]]),
        ),
    ] {
        gives(body, &expected);
    }
}

#[test]
fn code_of_2016_to_2020_runs() {
    for (body, expected) in [
        ("return { data: { v: [2 ** 10, [1, 2].includes(2), 'x'.padStart(3, '0'), 'x'.padEnd(3), Object.entries({ a: 1 }), Object.values({ a: 1 })] } };", json!([1024, true, "00x", "x  ", [["a", 1]], [1]])),
        ("const { a, ...rest } = { a: 1, b: 2, c: 3 }; return { data: { v: { ...rest, d: 4 } } };", json!({"b": 2, "c": 3, "d": 4})),
        ("return { data: { v: [/(?<year>\\d{4})-(?<m>\\d\\d)/.exec('2026-11').groups.year, 'a1b2'.replace(/(?<=a)\\d/, '#'), /(?<!b)1/.test('b1'), /a.b/s.test('a\\nb'), /\\p{Lu}/u.test('É')] } };", json!(["2026", "a#b2", false, true, true])),
        ("const o = { a: { b: 0 } }; return { data: { v: [o?.a?.b, o.x?.y.z, o.f?.(), o.a.b ?? 5, o.q ?? 'none', o?.['a'].b] } };", json!([0, null, null, 0, "none", 0])),
        ("const big = BigInt.asUintN(64, -1n); return { data: { v: [String(big), Number(123n * 2n), typeof 1n, (255n).toString(16), String(new DataView(new ArrayBuffer(8)).getBigUint64(0))] } };", json!(["18446744073709551615", 246, "bigint", "ff", "0"])),
        ("return { data: { v: [[1, [2, [3]]].flat(), [[1, [2]], [3]].flat(Infinity), [1, 2].flatMap((x) => [x, x * 2]), Object.fromEntries([['a', 1]]), ' x '.trimStart(), ' x '.trimEnd(), [..., 1].length] } };".replace("[..., 1].length", "[...'ab'].length").as_str(), json!([[1, 2, [3]], [1, 2, 3], [1, 2, 2, 4], {"a": 1}, "x ", " x", 2])),
        ("try { throw 1; } catch { return { data: { v: [...'a1b2'.matchAll(/[a-z](\\d)/g)].map((m) => m[1]) } }; }", json!(["1", "2"])),
        ("class C { #p = 4; static s = 2; q = 3; get p() { return this.#p; } } return { data: { v: [new C().p, C.s, new C().q, [1, 2].at(-1), 'a-b-c'.replaceAll('-', '+'), 1_000] } };", json!([4, 2, 3, 2, "a+b+c", 1000])),
        ("let a = null; a ??= 3; a ||= 4; a &&= 5; return { data: { v: [a, Object.hasOwn({ k: 1 }, 'k'), [3, 1, 2].sort(), [1, 2, 3].reverse()] } };", json!([5, true, [1, 2, 3], [3, 2, 1]])),
    ] {
        gives(body, &expected);
    }
}

#[test]
fn scripts_may_extend_what_is_built_in() {
    let got = data(
        "String.prototype.pad = function (n) { return this.padStart(n, '0'); }; Number.prototype.round = function (d) { return Number(this.toFixed(d)); }; \
         Array.prototype.sum = function () { return this.reduce(function (a, b) { return a + b; }, 0); }; Math.clamp = function (x, a, b) { return Math.min(b, Math.max(a, x)); }; \
         Object.defineProperty(Array.prototype, 'last', { get: function () { return this[this.length - 1]; }, configurable: true }); \
         if (!String.prototype.padStart) { String.prototype.padStart = null; } Date.prototype.toISOString = function () { return 'mine'; }; \
         Uint8Array.prototype.hex = function () { return Buffer.from(this).toString('hex'); }; \
         function Failure(m) { this.message = m; } Failure.prototype = new Error(); Failure.prototype.name = 'Failure'; Failure.prototype.toString = function () { return 'F:' + this.message; }; \
         function decodeUplink(i) { var e = new Error('x'); e.name = 'Own'; e.message = 'y'; return { data: { pad: '7'.pad(3), round: (1.26).round(1), sum: i.bytes.sum(), \
         clamp: Math.clamp(5, 0, 3), last: i.bytes.last, iso: new Date(0).toISOString(), hex: new Uint8Array([1]).hex(), f: String(new Failure('m')), e: String(e) } }; }",
    );
    assert_eq!(
        got,
        json!({"pad": "007", "round": 1.3, "sum": 6, "clamp": 3, "last": 3, "iso": "mine", "hex": "01", "f": "F:m", "e": "Own: y"})
    );
}
