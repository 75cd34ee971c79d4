//! The router: all addresses, and around them what holds for every answer.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::atlas::Atlas;
use crate::house::{House, Rooms};
use crate::problem::Problem;
use crate::{Settings, api, assets, budget, page};

/// Nothing from elsewhere but tiles from where the settings say, nothing inline, no frame around us.
fn content_policy(tiles: Option<&str>) -> String {
    let (space, tiles) = tiles.map_or(("", ""), |tiles| (" ", tiles));
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{space}{tiles}; font-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Bytes of a request body: the only form there is has two short fields.
const BODY_LIMIT: usize = 4 * 1024;

/// No answer begins in no time.
const SHORTEST: Duration = Duration::from_millis(1);

/// Of brotli and gzip: beyond it a body costs ten times as long and is hardly smaller.
const ASSET_QUALITY: i32 = 9;

/// Pages are made anew for each look, and sent over slow lines: a third smaller than at the fastest, for some milliseconds.
const PAGE_QUALITY: i32 = 5;

/// All addresses of the house, for whoever asks: who may is another's business.
pub fn router(house: House) -> Router {
    let settings = house.settings.clone();
    dressed(addresses(Rooms::new(house, None)), &settings)
}

/// All addresses, without what holds around them.
pub(crate) fn addresses(rooms: Arc<Rooms>) -> Router {
    // A browser asks once for an asset and keeps it for ever: smallest is best. Who takes brotli gets what is pressed already.
    let small = CompressionLayer::new().quality(CompressionLevel::Precise(ASSET_QUALITY)).compress_when(worth());
    let middling = CompressionLayer::new().quality(CompressionLevel::Precise(PAGE_QUALITY)).compress_when(worth());
    Router::new()
        .merge(api::routes())
        .merge(page::routes().layer(middling))
        .route("/a/{hash}/{*path}", get(assets::serve).layer(small))
        .fallback(page::nothing)
        .with_state(rooms)
}

/// What is worth compressing. Fonts are compressed already; server-sent events must not wait in a compressor, which the default
/// predicate knows.
fn worth() -> impl Predicate {
    DefaultPredicate::new().and(NotForContentType::const_new("font/"))
}

/// What holds for every answer: limits, headers, compression.
pub(crate) fn dressed(router: Router, settings: &Settings) -> Router {
    let (timeout, budget) = (settings.request_timeout.max(SHORTEST), settings.query_budget);
    let header =
        |name: HeaderName, value: &'static str| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let policy = HeaderValue::try_from(content_policy(Atlas::current().elsewhere())).expect("a host is of plain characters");
    router
        .layer(from_fn(move |request, next| budget::within(budget, request, next)))
        .layer(from_fn(move |request, next| begun_within(timeout, request, next)))
        .layer(CatchPanicLayer::custom(fallen))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth()))
        .layer(SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, policy))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "same-origin"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(header(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .layer(header(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        // What changes by the second is not to be kept.
        .layer(header(header::CACHE_CONTROL, "no-store"))
}

/// An answer, unless it does not begin in time.
async fn begun_within(time: Duration, request: Request, next: Next) -> Response {
    let late = |_| Problem::busy(format!("the answer did not begin within {time:?}")).into_response();
    tokio::time::timeout(time, next.run(request)).await.unwrap_or_else(late)
}

/// An answer whose making failed by a mistake of ours, which the panic has said in the log.
fn fallen(_: Box<dyn Any + Send>) -> Response {
    Problem::unsaid(&"the program made a mistake").into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::StatusCode;
    use tower::ServiceExt;

    use super::*;

    #[test]
    fn pictures_may_come_from_the_host_of_the_tiles_and_nothing_else_may() {
        assert!(content_policy(None).contains("img-src 'self' data:; font-src"));
        let policy = content_policy(Some("https://tiles.example.org"));
        assert!(policy.contains("img-src 'self' data: https://tiles.example.org; font-src"), "{policy}");
        assert_eq!(policy.matches("example.org").count(), 1);
    }

    async fn told(router: Router) -> (StatusCode, String, String) {
        let answer = router.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let text = to_bytes(body, 1 << 20).await.unwrap();
        (
            parts.status,
            parts.headers[header::CONTENT_TYPE].to_str().unwrap().to_owned(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    #[tokio::test]
    async fn an_answer_that_does_not_begin_in_time_and_a_mistake_of_ours_are_problems_too() {
        let never = get(std::future::pending::<()>).layer(from_fn(|request, next| begun_within(SHORTEST, request, next)));
        let (status, kind, text) = told(Router::new().route("/", never)).await;
        assert_eq!((status, kind.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "application/problem+json"));
        assert!(text.contains("did not begin within 1ms"), "{text}");
        let mistaken = get(async || -> () { panic!("a test's own") }).layer(CatchPanicLayer::custom(fallen));
        let (status, kind, _) = told(Router::new().route("/", mistaken)).await;
        assert_eq!((status, kind.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, "application/problem+json"));
    }
}
