//! An answer that goes on, as live events do, ends when whoever asked for it is let in no more: a session that was ended, a
//! token that was revoked, a first user where everybody was let in.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use ports::{Gate, Shown};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// How long such an answer outlives what it was asked by.
const LOOK: Duration = Duration::from_secs(5);

/// The answer, as long as who asked is let in; `shown` is what the request showed, none where nobody had to show anything.
pub(super) fn while_let_in(answer: Response, gate: Arc<dyn Gate>, shown: Option<Shown>) -> Response {
    if answer.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind != "text/event-stream") {
        return answer;
    }
    answer.map(|body| {
        let mut looks = interval_at(Instant::now() + LOOK, LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let going = (body.into_data_stream(), looks, gate, shown);
        Body::from_stream(stream::unfold(going, |(mut body, mut looks, gate, shown)| async {
            loop {
                // Both arms are cancel-safe: a stream and an interval keep what was not taken.
                let piece: Option<Result<Bytes, axum::Error>> = tokio::select! {
                    piece = body.next() => piece,
                    _ = looks.tick() => {
                        if is_let_in(&*gate, shown.clone()).await {
                            continue;
                        }
                        None
                    }
                };
                return piece.map(|piece| (piece, (body, looks, gate, shown)));
            }
        }))
    })
}

/// What cannot be looked up is over: whoever asked may ask again.
async fn is_let_in(gate: &dyn Gate, shown: Option<Shown>) -> bool {
    match shown {
        Some(shown) => gate.goes_on(shown).await.unwrap_or(false),
        None => gate.is_open(),
    }
}
