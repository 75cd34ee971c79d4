//! What stores behind HTTP have in common: lines on their way, what refusals mean, TLS, secrets, names that may stand in
//! a line; and the hours that are kept on them.
//!
//! Deliberately absent: what lines and questions say, which is each store's own.

mod body;
mod hours;
mod names;
mod refusal;
mod settings;
mod smallest;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, redirect};
use schemas::Timestamp;
use trust::{Files, Outward};

pub use body::{Body, parts, slice};
pub use hours::{Content, Hour, HourShelf, Hours, Sums, Touched};
pub use names::{NameInLine, safe};
pub use refusal::{Refusal, retry_after};
pub use settings::{Objection, Secret, address, secret};
pub use smallest::Smallest;

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(2);
/// The longest text of a refusal that is told.
const EXCERPT: usize = 500;

/// What is spoken with a server, by the keys `ca_file`, `client_cert_file` and `client_key_file`; none where that is not TLS.
///
/// # Errors
/// A file cannot be used, or has no use.
pub fn outward(
    encrypted: bool,
    ca: Option<&PathBuf>,
    certificate: Option<&PathBuf>,
    key: Option<&PathBuf>,
) -> Result<Option<Arc<Outward>>, Objection> {
    let files = Files::new(ca, certificate, key);
    match files.named() {
        _ if encrypted => Outward::read(files).map(Some).map_err(|error| Objection::new(error.key, error.why)),
        Some(key) => Err(Objection::new(key, "expected nothing with http://; for TLS the address begins with https://")),
        None => Ok(None),
    }
}

/// A client that follows no redirect and takes no proxy from the environment.
///
/// # Errors
/// Why there is none.
pub fn http(outward: Option<&Outward>) -> Result<Client, String> {
    Client::builder()
        .tls_backend_preconfigured(outward.map_or_else(trust::nobody, |outward| outward.client(&[])))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .user_agent(concat!("marsad/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| chain(&error))
}

/// Sends, and gives the answer if it is a success.
///
/// # Errors
/// What else it means.
pub async fn answered(request: RequestBuilder) -> Result<Response, Refusal> {
    let response = request.send().await.map_err(|error| Refusal::away(chain(&error.without_url())))?;
    if response.status().is_success() {
        return Ok(response);
    }
    let after = retry_after(response.headers(), || Timestamp::clamped(jiff::Timestamp::now().as_millisecond()));
    let status = response.status().as_u16();
    let text = response.text().await.unwrap_or_default();
    Err(Refusal::of(status, excerpt(&text), after))
}

/// The beginning of a text that a server sent.
#[must_use]
pub fn excerpt(text: &str) -> &str {
    text.char_indices().nth(EXCERPT).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

/// An error and its causes, in one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
