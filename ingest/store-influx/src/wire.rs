//! HTTP to the server: who sends, how long it may take, and what refusals mean.
//!
//! Over `http://` bodies are sent by `influxdb2`. It drops the headers of a refusal, so that where the server asks for
//! patience, how much is asked with an empty write of our own. Over `https://` everything is ours: the crate's TLS is
//! an old one.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use influxdb2::RequestError;
use influxdb2::api::write::TimestampPrecision;
use ports::StoreError;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use reqwest::{Client, RequestBuilder, Response, Url};
use schemas::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use store_http::{Body, Objection, Refusal, Secret, address, answered, chain, excerpt, http, outward, parts, slice};
use trust::Outward;

use crate::answer::{self, Group};
use crate::settings::Settings;

/// Bytes of one request at most.
const REQUEST: usize = 1 << 20;
/// Rows in one part of an answer.
const PART: &str = "5000";

/// The way to one bucket.
pub(crate) struct Wire {
    base: Url,
    org: String,
    bucket: String,
    token: Secret,
    http: Client,
    /// What is spoken over TLS.
    pub(crate) outward: Option<Arc<Outward>>,
    /// None over TLS.
    sender: Option<influxdb2::Client>,
    timeout: Duration,
    query_timeout: Duration,
    lines: usize,
    /// Whether we were not let in the last time: said once, loudly.
    denied: AtomicBool,
    /// Nothing stands still where this bucket cannot be used: no word of it.
    optional: bool,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("base", &self.base.as_str()).field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl Wire {
    pub(crate) fn new(settings: &Settings) -> Result<Self, Objection> {
        // `influxdb2` throws a path away, and a server behind one would not be reached: there is none.
        let base = address("url", &settings.url)?;
        let token = settings.read_token()?;
        let encrypted = base.scheme() == "https";
        let own = (settings.client_cert_file.as_ref(), settings.client_key_file.as_ref());
        let outward = outward(encrypted, settings.ca_file.as_ref(), own.0, own.1)?;
        let http = http(outward.as_deref()).map_err(|why| Objection::new("url", why))?;
        let sender = (!encrypted).then(|| influxdb2::Client::new(settings.url.clone(), settings.org.clone(), token.reveal()));
        if settings.lines == 0 {
            return Err(Objection::new("lines", "expected 1 or more"));
        }
        Ok(Self {
            base,
            org: settings.org.clone(),
            bucket: settings.raw(),
            token,
            http,
            outward,
            sender,
            timeout: settings.timeout,
            query_timeout: settings.query_timeout,
            lines: settings.lines,
            denied: AtomicBool::new(false),
            optional: false,
        })
    }

    /// The way to a bucket beside it, without which the store works too.
    pub(crate) fn beside(settings: &Settings, bucket: String) -> Result<Self, Objection> {
        Ok(Self { bucket, optional: true, ..Self::new(settings)? })
    }

    /// Writes all lines. What is too large for the server is halved; what it took is there, whatever follows.
    pub(crate) async fn write(&self, body: Body) -> Result<(), StoreError> {
        let (bytes, ends) = body.finish();
        let mut waiting = parts(&ends, self.lines, REQUEST);
        // A stack, the first part on top: lines go in their order.
        waiting.reverse();
        while let Some(part) = waiting.pop() {
            match self.send(slice(&bytes, &ends, &part)).await {
                Ok(()) => {}
                Err(Refusal::TooLarge) if part.len() > 1 => {
                    let middle = part.start + part.len() / 2;
                    waiting.push(middle..part.end);
                    waiting.push(part.start..middle);
                }
                Err(refusal) => return Err(self.judged(refusal)),
            }
        }
        Ok(())
    }

    async fn send(&self, body: Bytes) -> Result<(), Refusal> {
        let Some(sender) = &self.sender else {
            return self.send_ourselves(body).await;
        };
        let precision = TimestampPrecision::Milliseconds;
        let sending = sender.write_line_protocol_with_precision(&self.org, &self.bucket, body, precision);
        let error = match tokio::time::timeout(self.timeout, sending).await {
            Err(_) => return Err(Refusal::away(format!("no answer within {} s", self.timeout.as_secs_f64()))),
            Ok(Ok(())) => {
                self.let_in();
                return Ok(());
            }
            Ok(Err(error)) => error,
        };
        match error {
            RequestError::Http { status, text } => match Refusal::of(status.as_u16(), excerpt(&text), None) {
                // Whatever became of the empty write, it says how long to wait or nothing.
                Refusal::Busy { why, .. } => Err(Refusal::Busy { why, after: self.pause().await }),
                other => Err(other),
            },
            RequestError::ReqwestProcessing { source } => Err(Refusal::away(chain(&source))),
            RequestError::Serializing { source } => Err(Refusal::away(chain(&source))),
            RequestError::Deserializing { text } => Err(Refusal::away(text)),
        }
    }

    /// How long the server asks to wait, by an empty write.
    async fn pause(&self) -> Option<Duration> {
        match self.send_ourselves(Bytes::new()).await {
            Err(Refusal::Busy { after, .. }) => after,
            _ => None,
        }
    }

    async fn send_ourselves(&self, body: Bytes) -> Result<(), Refusal> {
        let query = [("org", self.org.as_str()), ("bucket", &self.bucket), ("precision", "ms")];
        let request = self.http.post(self.to("/api/v2/write")).query(&query).timeout(self.timeout).body(body);
        self.answered(request).await.map(|_| ())
    }

    /// Puts a question, and gives every group of rows of its answer to `take`.
    pub(crate) async fn ask<R: DeserializeOwned>(&self, text: &str, take: impl FnMut(Group<R>)) -> Result<(), StoreError> {
        let form =
            [("q", text), ("db", &self.bucket), ("rp", "autogen"), ("epoch", "ms"), ("chunked", "true"), ("chunk_size", PART)];
        let request = self.http.post(self.to("/query")).header(ACCEPT, "application/json").form(&form);
        let response = match self.answered(request.timeout(self.query_timeout)).await {
            Ok(response) => response,
            // A question is ours: whatever is wrong with it, no reading is at fault.
            Err(Refusal::Refused(why)) => return Err(StoreError::Unavailable(format!("it could not answer: {why}"))),
            Err(refusal) => return Err(self.judged(refusal)),
        };
        answer::read(response.bytes_stream(), take).await.map_err(|error| self.told(error))
    }

    /// Deletes what was observed in the range, of the points that the predicate takes; all where it is empty.
    pub(crate) async fn delete(&self, range: &Range<i64>, predicate: &str) -> Result<(), StoreError> {
        #[derive(Serialize)]
        struct Order<'a> {
            start: String,
            stop: String,
            predicate: &'a str,
        }
        // The server's range ends with its end: the last nanosecond of the last millisecond.
        let stop = Timestamp::clamped(range.end - 1).to_string().replace('Z', "999999Z");
        let order = Order { start: Timestamp::clamped(range.start).to_string(), stop, predicate };
        let query = [("org", self.org.as_str()), ("bucket", &self.bucket)];
        let request = self.http.post(self.to("/api/v2/delete")).query(&query).timeout(self.query_timeout).json(&order);
        match self.answered(request).await {
            Ok(_) => Ok(()),
            Err(Refusal::Refused(why)) => Err(StoreError::Unavailable(format!("it did not delete: {why}"))),
            Err(refusal) => Err(self.judged(refusal)),
        }
    }

    fn to(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    async fn answered(&self, request: RequestBuilder) -> Result<Response, Refusal> {
        let request = request.header(AUTHORIZATION, format!("Token {}", self.token.reveal()));
        let response = answered(request).await?;
        self.let_in();
        Ok(response)
    }

    fn let_in(&self) {
        if self.denied.swap(false, Ordering::Relaxed) {
            tracing::info!(bucket = self.bucket, "InfluxDB lets us in again");
        }
    }

    fn judged(&self, refusal: Refusal) -> StoreError {
        self.told(refusal.into_error())
    }

    /// Says once, loudly, that we are not let in.
    fn told(&self, error: StoreError) -> StoreError {
        if let StoreError::Denied(why) = &error
            && !self.optional
            && !self.denied.swap(true, Ordering::Relaxed)
        {
            tracing::error!(
                bucket = self.bucket,
                org = self.org,
                why,
                "InfluxDB does not let us in: nothing is written, and the journal keeps what comes, until its token, organisation and bucket are right"
            );
        }
        error
    }
}
