//! Requests through routes, gate and extractors of pages and API, over a town in memory: an answer that says what is wrong, never
//! a panic and never "we are at fault".

#![no_main]
#![expect(dead_code, reason = "the town of the tests can do more than is asked here")]

#[path = "../../dashboards/tests/fakes/mod.rs"]
mod fakes;

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use access::{Book, Entrance, Keeper, Settings};
use axum::Router;
use fakes::Town;
use fuzz::requests::request;
use libfuzzer_sys::fuzz_target;
use ports::{Clock, Gate, NewToken, Role};
use schemas::Timestamp;
use tokio::runtime::Runtime;
use tower::ServiceExt;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        "2026-11-21T20:05:00Z".parse().expect("an instant")
    }
}

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"));

/// Open to all, and behind a gate of which one token is known: what comes with `Bearer admin` bears it.
static ROUTERS: LazyLock<(tempfile::TempDir, [Router; 2], String)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a directory");
    let (keeper, secret) = admin(folder.path());
    let town = || Town::new(Arc::new(Still)).house();
    (folder, [dashboards::router(town()), dashboards::guarded(town(), Arc::new(keeper))], secret)
});

/// A keeper with one token of an admin that may write, and its secret.
fn admin(directory: &Path) -> (Keeper, String) {
    let book = Arc::new(Book::open(&directory.join("access.db")).expect("a book"));
    let hour = Duration::from_secs(3600);
    let settings = Settings { session_idle: hour, session: 12 * hour, failures: 5, lock: hour, token_hours: 8784 };
    let entrance = Entrance { private: false, proxied: false, secure: true };
    let keeper = Keeper::new(book, Arc::new(Still), settings, entrance, None, None).expect("a keeper");
    let new = NewToken { name: "one".to_owned(), role: Role::Admin, contractor: None, read_only: false, hours: 1 };
    let secret = RUNTIME.block_on(keeper.make_token(new, "nobody".to_owned())).expect("a token").secret;
    (keeper, secret)
}

fuzz_target!(|input: &[u8]| {
    let (_, routers, secret) = &*ROUTERS;
    for router in routers {
        let Some(mut request) = request(input) else { return };
        if request.headers().get("authorization").is_some_and(|shown| shown.as_bytes() == b"Bearer admin") {
            request.headers_mut().insert("authorization", format!("Bearer {secret}").parse().expect("a header"));
        }
        let answer = RUNTIME.block_on(router.clone().oneshot(request)).expect("an answer");
        let status = answer.status().as_u16();
        assert!(status < 500 || status == 503, "answered {status}");
    }
});
