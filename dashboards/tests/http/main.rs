//! The HTTP side as a stranger sees it: every address, by `oneshot`, against a town in memory.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a town that cannot be made up must fail loudly, and its numbers are small"
)]

#[path = "../fakes/mod.rs"]
mod fakes;

mod api;
mod asking;
mod city;
mod events;
mod explain;
mod losses;
mod many;
mod operations;
mod pages;
mod patterns;
mod people;
mod places;
mod public;
mod reports;
mod rests;
mod rules;
mod served;
mod wild;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use ports::Clock;
use schemas::{Kind, Quality, Quantity, Reading, SeriesKey, Timestamp};
use tower::ServiceExt;

use fakes::Town;

/// Saturday 21 November 2026, 20:05 in Casablanca.
const NOW: &str = "2026-11-21T20:05:00Z";

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        at(NOW)
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn town() -> Arc<Town> {
    Town::new(Arc::new(Still))
}

fn router(town: &Arc<Town>) -> Router {
    dashboards::router(town.house())
}

fn fill(device: &str, value: f64, observed_at: &str) -> Reading {
    let series = SeriesKey { device: device.parse().unwrap(), quantity: Quantity::WASTE_FILL, channel: 0 };
    let (zone, when) = ("anfa".parse().unwrap(), at(observed_at));
    Reading { series, kind: Kind::WASTE, zone, value, observed_at: when, received_at: at(NOW), quality: Quality::GOOD }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
}

async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
}

async fn get(router: &Router, address: &str) -> Answer {
    send(router, Request::get(address).body(Body::empty()).unwrap()).await
}

async fn get_with(router: &Router, address: &str, name: &str, value: &str) -> Answer {
    send(router, Request::get(address).header(name, value).body(Body::empty()).unwrap()).await
}
