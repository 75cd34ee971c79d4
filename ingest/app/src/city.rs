//! Whom a command asks: the running program over HTTP or, where none runs, the same API on the stopped
//! data directory.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use ports::{Clock, Quarantine, Store, SystemClock, Viewer};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use settings::Settings;
use tower::ServiceExt;

use crate::cli::Common;
use crate::directory::{DataDirectory, key, running};
use crate::failure::{Code, Failure};
use crate::ground::Ground;
use crate::opened::Opened;
use crate::platform::hear_again;
use crate::shut::Shut;
use crate::{gate, vault};

/// The variable with a token, for commands that ask a program on another machine.
const TOKEN: &str = "MARSAD_TOKEN";

/// Rows of a list asked for at once.
const PAGE: usize = 1000;

const JSON: &str = "application/json";

/// What a city is reached for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To know: a stopped store is shown what the journal holds beyond it.
    Ask,
    /// To change something: what the journal holds stays for the historian of the next start, which
    /// counts it.
    Change,
}

/// Whom to ask.
pub(crate) enum City {
    Running { client: reqwest::Client, base: String, token: Option<String> },
    Stopped { router: Router, _held: Option<DataDirectory> },
}

/// An answer, still coming.
pub(crate) type Answer = BoxStream<'static, io::Result<Bytes>>;

impl City {
    /// The program at `--http`, else the one that runs on the data directory, else the directory.
    pub(crate) async fn reach(settings: &Settings, common: &Common, purpose: Purpose) -> Result<Self, Failure> {
        let path = &settings.data.directory;
        if common.http.is_some() {
            let base = format!("http://{}", settings.http.listen);
            // The secret of a directory is shown to the program that runs on it, and to no other.
            let ours = running(path).is_some_and(|note| note.http == base);
            let token = std::env::var(TOKEN).ok().or_else(|| key(path).filter(|_| ours));
            return Ok(Self::running(base, token));
        }
        if !path.is_dir() {
            return Err(Failure::new(Code::Failed, format!("there is no data directory {}", path.display()))
                .hint("name it with --data DIR (that of a demo is marsad-demo), or the running program with --http HOST:PORT"));
        }
        match DataDirectory::hold(path)? {
            Some(held) => Self::stopped(settings, held, purpose).await,
            None => running(path).map(|r| Self::running(r.http, key(path))).ok_or_else(|| {
                Failure::new(Code::Unavailable, format!("a program holds {} but does not say where it answers", path.display()))
                    .hint("name it with --http HOST:PORT")
            }),
        }
    }

    /// The program whose pages and API are at this address, without a slash at its end; with the token of the environment.
    pub(crate) fn at(base: String) -> Self {
        Self::running(base, std::env::var(TOKEN).ok())
    }

    /// What answers in this very program.
    pub(crate) fn over(router: Router) -> Self {
        Self::Stopped { router, _held: None }
    }

    /// The running program, asked by somebody whom it knows by name.
    ///
    /// # Errors
    /// No token is given, or no program runs.
    pub(crate) fn signed(settings: &Settings, common: &Common) -> Result<Self, Failure> {
        let token = std::env::var(TOKEN).map_err(|_| {
            Failure::new(Code::Failed, "this is answered to somebody with a name alone")
                .hint(format!("{TOKEN} holds a token: `marsad token make dpo-1 --role dpo --write`"))
        })?;
        let base = match common.http {
            Some(_) => format!("http://{}", settings.http.listen),
            None => running(&settings.data.directory).map(|note| note.http).ok_or_else(|| {
                let place = settings.data.directory.display();
                Failure::new(Code::Unavailable, format!("no program runs on {place}"))
                    .hint("start it, or name it with --http HOST:PORT")
            })?,
        };
        Ok(Self::running(base, Some(token)))
    }

    /// Asks for something to be done; the answer as it is.
    pub(crate) async fn text(&self, path: &str, body: &impl Serialize) -> Result<String, Failure> {
        let body = serde_json::to_vec(body).map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
        Ok(String::from_utf8_lossy(&whole(self.send(path, Some(body)).await?).await?).into_owned())
    }

    fn running(base: String, token: Option<String>) -> Self {
        Self::Running { client: reqwest::Client::new(), base, token }
    }

    async fn stopped(settings: &Settings, held: DataDirectory, purpose: Purpose) -> Result<Self, Failure> {
        let checked = settings::check(settings)?;
        let opened = Opened::open(settings, held)?;
        let damaged = |text: String| Failure::new(Code::Stopped, text);
        let adopted = opened.register.adopted().map_err(|e| damaged(e.to_string()))?;
        let vault = vault::open(settings)?;
        checked.atlas.install();
        let mut parameters = checked.parameters;
        if let Some(vault) = &vault {
            vault::rename(vault, &mut parameters.districts, SystemClock.now());
        }
        let ground = Ground { files: checked.catalogue, profiles: checked.profiles, routes: checked.routes, vault };
        let decoder = ground.decoder(adopted, SystemClock.now()).map_err(|e| Failure::new(Code::Settings, e.to_string()))?;
        hear_again(&decoder, &opened.register).map_err(|e| damaged(e.to_string()))?;
        let view = opened.journal.view();
        let store: Arc<dyn Store> = opened.store;
        let aged_before = settings.quarantine.aged_before(SystemClock.now());
        let holding = opened.register.holding(aged_before).map_err(|e| damaged(e.to_string()))?;
        let identity = pipeline::standing(&view, &holding.departed).map_err(|e| damaged(e.to_string()))?;
        // A server's store would keep what it is only shown; the next start brings it there.
        if purpose == Purpose::Ask && !store.caps().outlives_program {
            pipeline::overlay(&view, &decoder, &*store).await.map_err(|e| damaged(e.to_string()))?;
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let shut = Shut {
            journal: view,
            identity,
            holding,
            store,
            register: opened.register,
            decoder,
            files: ground.files,
            vault: ground.vault,
            clock: Arc::clone(&clock),
            zone: checked.time.zone().clone(),
        };
        let house = shut.house(settings, parameters)?;
        let router = dashboards::guarded(house, gate::stopped(settings, &clock)?.keeper);
        Ok(Self::Stopped { router, _held: Some(opened.directory) })
    }

    /// Puts a question.
    pub(crate) async fn ask(&self, path: &str) -> Result<Answer, Failure> {
        self.send(path, None).await
    }

    /// Puts a question whose answer is one object.
    pub(crate) async fn object<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        read(&whole(self.ask(path).await?).await?)
    }

    /// All rows of a list that comes in pages; `field` is where they stand in an answer.
    pub(crate) async fn rows<T: DeserializeOwned>(&self, path: &str, field: &str) -> Result<Vec<T>, Failure> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page: Value = self.object(&format!("{path}?limit={PAGE}{cursor}")).await?;
            let rows: Vec<T> = Deserialize::deserialize(&page[field]).map_err(|e| odd(&e))?;
            all.extend(rows);
            cursor = match &page["next"] {
                Value::Null => return Ok(all),
                Value::String(next) => format!("&cursor={}", encoded(next)),
                next => format!("&cursor={next}"),
            };
        }
    }

    /// Asks for something to be done; the answer is one object.
    pub(crate) async fn order<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
        read(&whole(self.send(path, Some(body)).await?).await?)
    }

    /// GET, or POST where there is a body.
    async fn send(&self, path: &str, body: Option<Vec<u8>>) -> Result<Answer, Failure> {
        let (status, answer) = match self {
            Self::Running { client, base, token } => {
                let address = format!("{base}{path}");
                let request = match body {
                    Some(body) => client.post(address).header(CONTENT_TYPE, JSON).body(body),
                    None => client.get(address),
                };
                let request = match token {
                    Some(token) => request.bearer_auth(token),
                    None => request,
                };
                let away = || {
                    Failure::new(Code::Unavailable, format!("nobody answers at {base}"))
                        .hint("is the program running? see `marsad doctor`")
                };
                let request = request.build().map_err(|_| away())?;
                let answer = patiently(client, request).await.map_err(|_| away())?;
                (answer.status().as_u16(), answer.bytes_stream().map_err(io::Error::other).boxed())
            }
            Self::Stopped { router, .. } => {
                let request = match body {
                    Some(body) => Request::post(path).header(CONTENT_TYPE, JSON).body(Body::from(body)),
                    None => Request::get(path).body(Body::empty()),
                };
                let mut request = request.map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
                // Whoever holds the directory may do everything with it.
                request.extensions_mut().insert(Viewer::local());
                let Ok(answer) = router.clone().oneshot(request).await;
                (answer.status().as_u16(), answer.into_body().into_data_stream().map_err(io::Error::other).boxed())
            }
        };
        if (200..300).contains(&status) { Ok(answer) } else { Err(refused(status, answer).await) }
    }
}

/// Asks again after as long as the answer says, where a program has been asked for as much as one client may.
async fn patiently(client: &reqwest::Client, request: reqwest::Request) -> Result<reqwest::Response, reqwest::Error> {
    loop {
        // A body of bytes can be sent again; none of ours is a stream.
        let Some(again) = request.try_clone() else { return client.execute(request).await };
        let answer = client.execute(again).await?;
        let wait = answer.headers().get(RETRY_AFTER).and_then(|seconds| seconds.to_str().ok()?.parse().ok());
        match wait {
            Some(seconds) if answer.status() == StatusCode::TOO_MANY_REQUESTS => {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            _ => return Ok(answer),
        }
    }
}

fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(text).map_err(|cause| odd(&cause))
}

fn odd(cause: &serde_json::Error) -> Failure {
    Failure::new(Code::Failed, format!("the answer is not one of this version: {cause}"))
}

/// A value of a query as an address holds it (RFC 3986, section 2.3).
pub(crate) fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// A problem (RFC 9457) as a failure.
async fn refused(status: u16, mut answer: Answer) -> Failure {
    #[derive(Deserialize)]
    struct Problem {
        detail: Option<String>,
        title: Option<String>,
        expected: Option<String>,
        #[serde(default)]
        errors: Vec<String>,
    }
    let mut text = Vec::new();
    while let Some(Ok(part)) = answer.next().await {
        text.extend_from_slice(&part);
        if text.len() > 1 << 20 {
            break;
        }
    }
    let Ok(problem) = serde_json::from_slice::<Problem>(&text) else {
        return Failure::new(Code::Failed, format!("the answer was {status}"));
    };
    // Each mistake on a line of its own, as `marsad check` tells them.
    let said = if problem.errors.is_empty() { problem.detail.or(problem.title) } else { Some(problem.errors.join("\nmarsad: ")) };
    let failure = Failure::new(Code::Failed, said.unwrap_or_else(|| format!("the answer was {status}")));
    match problem.expected {
        Some(expected) => failure.hint(format!("expected {expected}")),
        None => failure,
    }
}

pub(crate) async fn whole(mut answer: Answer) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    while let Some(part) = answer.next().await {
        text.extend_from_slice(&part.map_err(broken)?);
    }
    Ok(text)
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function on Result::map_err")]
pub(crate) fn broken(cause: io::Error) -> Failure {
    Failure::new(Code::Unavailable, format!("the answer broke off: {cause}"))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use axum::extract::State;
    use axum::response::IntoResponse;
    use axum::routing::get;

    use super::*;

    /// A program that asks for patience once, and then tells a list of three in pages of two.
    async fn list(State(asked): State<Arc<AtomicU32>>, uri: axum::http::Uri) -> axum::response::Response {
        if asked.fetch_add(1, Ordering::Relaxed) == 0 {
            return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "0")]).into_response();
        }
        let page = match uri.query() {
            Some("limit=1000") => serde_json::json!({ "rows": [1, 2], "next": "a b" }),
            Some("limit=1000&cursor=a%20b") => serde_json::json!({ "rows": [3], "next": null }),
            odd => panic!("{odd:?}"),
        };
        axum::Json(page).into_response()
    }

    #[tokio::test]
    async fn a_list_is_read_to_its_end_and_a_program_that_asks_for_patience_is_asked_again() {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicU32::new(0));
        let router = Router::new().route("/list", get(list)).with_state(Arc::clone(&asked));
        tokio::spawn(async move { axum::serve(listener, router).await });
        // Refused only where another test of this process has installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let rows: Vec<u32> = City::at(base).rows("/list", "rows").await.unwrap_or_else(|_| panic!("a list"));
        assert_eq!((rows, asked.load(Ordering::Relaxed)), (vec![1, 2, 3], 3));
    }
}
