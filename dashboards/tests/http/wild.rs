//! Whatever is asked, by whomever: an answer that says what is wrong with it, never a panic and never "we are at fault".

#[path = "../../../fuzz/src/mutate.rs"]
#[expect(unreachable_pub, reason = "public where it is at home")]
mod mutate;
#[path = "../../../fuzz/src/requests.rs"]
#[expect(unreachable_pub, reason = "public where it is at home")]
mod requests;

use std::path::Path;
use std::sync::LazyLock;

use axum::http::{HeaderName, HeaderValue, Method, Uri};
use ports::Role;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tokio::runtime::Runtime;

use super::*;

/// One for all cases: a town is made once.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static GUARDED: LazyLock<Router> = LazyLock::new(people::behind_a_gate);
static OPEN: LazyLock<Router> = LazyLock::new(|| {
    let town = town();
    town.put([fill("bin-1", 91.0, "2026-11-21T20:00:00Z")]);
    router(&town)
});

/// The parameters of all addresses.
const PARAMETERS: &[&str] = &[
    "device",
    "kind",
    "zone",
    "quantity",
    "from",
    "to",
    "limit",
    "cursor",
    "format",
    "station",
    "index",
    "contractor",
    "hours",
    "every",
    "by",
    "meter",
    "district",
    "bin",
    "phase",
    "severity",
    "rule",
    "lang",
    "each",
    "reason",
    "topic",
    "shape",
    "page",
    "q",
];

/// Values that look like what is expected, up to its very ends.
const VALUES: &[&str] = &[
    "bin-1",
    "waste",
    "anfa",
    "waste.fill",
    "1",
    "0",
    "-1",
    "18446744073709551615",
    "1e308",
    "NaN",
    "inf",
    "csv",
    "excel",
    "text",
    "parquet",
    "2026-11-21",
    "0001-01-01",
    "9999-12-31",
    "-9999-01-01",
    "9999-12-31T23:59:59Z",
    "-009999-01-02T00:00:00Z",
    "1970-01-01T00:00:00+25:59",
    "2026-11-21T20:00:00.999999999Z",
    "15m",
    "1h",
    "1d",
    "eaqi",
    "us-aqi",
    "MX4xfmF-YX4wfjE",
];

/// A text of a query, escaped or not.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(VALUES).prop_map(ToOwned::to_owned),
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| bytes.iter().map(|b| format!("%{b:02X}")).collect()),
        1 => "[!$'()*+,./:;?@_~a-zA-Z0-9%=&-]{0,60}",
    ]
}

/// A path that is there, with a part of it another one, or one that is not.
fn path() -> impl Strategy<Value = String> {
    let known: Vec<String> = people::addresses().map(|address| address.split('?').next().unwrap_or(address).to_owned()).collect();
    let other = "[A-Za-z0-9._~%:@!$&'()*+,;=-]{0,40}";
    prop_oneof![
        4 => select(known.clone()),
        2 => (select(known), any::<Index>(), other).prop_map(|(path, at, other)| {
            let mut parts: Vec<&str> = path.split('/').collect();
            let at = at.index(parts.len());
            parts[at] = &other;
            format!("/{}", parts.join("/").trim_start_matches('/'))
        }),
        1 => "(/[A-Za-z0-9._~%:@!$&'()*+,;=-]{0,20}){1,12}",
    ]
}

/// A body: bytes, JSON of any shape, or a form.
fn body() -> impl Strategy<Value = Vec<u8>> {
    const FIELDS: &[&str] =
        &["by", "note", "id", "devices", "name", "password", "role", "until", "purpose", "kind", "zone", "next"];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<f64>().prop_map(|n| n.to_string()),
        select(VALUES).prop_map(|text| format!("\"{text}\"")),
        Just("[]".to_owned()),
    ];
    let object = proptest::collection::vec((select(FIELDS), leaf), 0..6)
        .prop_map(|fields| fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect::<Vec<_>>().join(","));
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        object.clone().prop_map(|fields| format!("{{{fields}}}").into_bytes()),
        object.prop_map(|fields| format!("{{\"devices\":[{{{fields}}}]}}").into_bytes()),
        (1_usize..2_000).prop_map(|depth| "[".repeat(depth).into_bytes()),
        (select(FIELDS), value()).prop_map(|(name, value)| format!("{name}={value}").into_bytes()),
    ]
}

fn methods() -> impl Strategy<Value = Method> {
    select(vec![Method::GET, Method::GET, Method::POST, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS])
}

/// What a stranger shows: a token, a cookie or anything else, in bytes that a header may hold.
fn shown() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let bytes = || proptest::collection::vec(prop_oneof![0x20_u8..0x7f, 0x80_u8..=0xff], 0..200);
    let begins = select(vec!["Bearer ", "bearer  ", "Basic ", "Bearer", "BEARER\t", "", "Bearer officer", "Bearer admin"]);
    let names =
        select(vec!["cookie", "x-forwarded-for", "origin", "sec-fetch-site", "accept-language", "host", "content-type", "range"]);
    let token = (begins, bytes()).prop_map(|(begin, rest)| ("authorization", [begin.as_bytes(), &rest].concat()));
    let types =
        select(vec!["application/json", "application/x-www-form-urlencoded", "text/csv", "multipart/form-data; boundary=x"]);
    let typed = types.prop_map(|text| ("content-type", text.as_bytes().to_vec()));
    proptest::collection::vec(prop_oneof![token, typed, (names, bytes())], 0..5)
}

fn request(
    method: Method,
    path: &str,
    query: &[(&str, String)],
    headers: &[(&'static str, Vec<u8>)],
    body: Vec<u8>,
) -> Option<Request<Body>> {
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    // What no address can hold never comes by a socket either.
    let uri: Uri = format!("{path}?{}", query.join("&")).parse().ok()?;
    let mut request = Request::builder().method(method).uri(uri).body(Body::from(body)).ok()?;
    for (name, value) in headers {
        request.headers_mut().append(HeaderName::from_static(name), HeaderValue::from_bytes(value).ok()?);
    }
    Some(request)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_is_answered_and_nothing_panics(
        method in methods(),
        path in path(),
        query in proptest::collection::vec((select(PARAMETERS), value()), 0..5),
        headers in shown(),
        body in body(),
    ) {
        for router in [&*OPEN, &*GUARDED] {
            let Some(request) = request(method.clone(), &path, &query, &headers, body.clone()) else { continue };
            let asked = format!("{method} {}", request.uri());
            // Streams of events never end: what begins well is enough.
            let status = RUNTIME.block_on(async { router.clone().oneshot(request).await }).unwrap().status();
            prop_assert!(status.as_u16() < 500 || status == StatusCode::SERVICE_UNAVAILABLE, "{} answered {}", asked, status);
        }
    }

    #[test]
    fn a_stranger_whatever_is_shown_gets_no_further_than_nobody(
        headers in shown(),
        address in select(people::addresses().collect::<Vec<_>>()),
    ) {
        // The gate of these tests takes the name of a role for its token, and no other text.
        let known = |bytes: &[u8]| Role::ALL.iter().any(|role| String::from_utf8_lossy(bytes).contains(role.code()));
        prop_assume!(!headers.iter().any(|(_, bytes)| known(bytes)));
        let ask = |headers: &[(&'static str, Vec<u8>)]| {
            let request = request(Method::GET, address, &[], headers, Vec::new());
            request.map(|r| RUNTIME.block_on(async { GUARDED.clone().oneshot(r).await }).unwrap().status())
        };
        if let (Some(stranger), Some(nobody)) = (ask(&headers), ask(&[])) {
            // Other tests ask at the same time: whoever comes while all large answers are taken, or has asked much this minute, is
            // sent away for now.
            let later = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS].contains(&nobody);
            let let_in = nobody.is_success() || later;
            prop_assert!(!stranger.is_success() || let_in, "{} answered {}, and nobody {}", address, stranger, nobody);
        }
    }
}

/// What `fuzz/fuzz_targets/http.rs` does for as long as one likes, from the same inputs.
#[test]
fn sec_03_a_hundred_thousand_mutated_requests_are_answered_and_nothing_panics() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/http");
    let mut mutator = mutate::Mutator::new(&corpus, mutate::Mutator::seed(7));
    let (mut answered, mut taken) = (0, 0);
    for case in 0..100_000 {
        let input = mutator.input(4096);
        let Some(request) = requests::request(&input) else { continue };
        let router = if case % 2 == 0 { &*OPEN } else { &*GUARDED };
        let status = RUNTIME.block_on(async { router.clone().oneshot(request).await }).unwrap().status();
        let at_fault = status.as_u16() >= 500 && status != StatusCode::SERVICE_UNAVAILABLE;
        assert!(!at_fault, "case {case} answered {status}: {}", String::from_utf8_lossy(&input));
        (answered, taken) = (answered + 1, taken + u32::from(status.is_success()));
    }
    println!("{answered} requests, {taken} of them as they were meant");
    assert!(answered > 20_000 && taken > 1_000, "inputs reach far: {answered} requests, {taken} of them as they were meant");
}
