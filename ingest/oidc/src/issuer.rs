//! The issuer over HTTP: what it says of itself (OpenID Connect Discovery 1.0), its keys, and what it gives for a code.

use std::sync::Arc;
use std::time::Duration;

use ports::DirectoryError;
use reqwest::{Client, RequestBuilder, Response, Url, redirect};
use schemas::Timestamp;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::keys::{self, Key};
use crate::settings::{Registration, Secret};

/// Bytes of one of its answers.
const LONGEST: usize = 256 * 1024;
/// How long what it says of itself holds, and how long a key that it has withdrawn is still taken.
const HOLDS: Duration = Duration::from_secs(3600);
/// How often it is asked for its keys because of one that is not known: whoever makes names up must not make us ask.
const AGAIN: Duration = Duration::from_secs(30);

/// What it says of itself.
#[derive(Clone)]
pub(crate) struct Known {
    /// Where people sign in.
    pub(crate) authorization: Url,
    /// Whether it says in each answer that it is the one who answers (RFC 9207).
    pub(crate) says_who: bool,
    pub(crate) keys: Arc<Vec<Key>>,
    token: Url,
    keys_at: Url,
    /// Whether the secret goes into a header.
    basic: bool,
    learned: Timestamp,
    looked: Timestamp,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// The issuer.
pub(crate) struct Issuer {
    http: Client,
    name: String,
    document: Url,
    known: Mutex<Option<Arc<Known>>>,
}

fn away(why: impl Into<String>) -> DirectoryError {
    DirectoryError::Away(why.into())
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl Issuer {
    /// Connects to nothing.
    pub(crate) fn new(registration: &Registration) -> Result<Self, String> {
        let tls = registration.outward.as_ref().map_or_else(trust::nobody, |outward| outward.client(&[]));
        let http = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(registration.settings.timeout)
            .pool_max_idle_per_host(1)
            .user_agent(concat!("marsad/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| chain(&error))?;
        let document = format!("{}/.well-known/openid-configuration", registration.issuer.trim_end_matches('/'));
        let document = Url::parse(&document).map_err(|error| error.to_string())?;
        Ok(Self { http, name: registration.issuer.clone(), document, known: Mutex::default() })
    }

    /// What it says of itself, asked anew each hour.
    pub(crate) async fn known(&self, now: Timestamp) -> Result<Arc<Known>, DirectoryError> {
        // Held while it is asked: whoever comes meanwhile takes the same answer.
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| now < known.learned.plus(HOLDS)) {
            return Ok(Arc::clone(known));
        }
        let learned = Arc::new(self.learn(now).await?);
        *known = Some(Arc::clone(&learned));
        Ok(learned)
    }

    /// The same with keys that may be newer than those that are known; not more often than now and then.
    pub(crate) async fn with_keys_anew(&self, now: Timestamp) -> Result<Arc<Known>, DirectoryError> {
        let before = self.known(now).await?;
        let mut known = self.known.lock().await;
        let current = known.as_ref().map_or(before, Arc::clone);
        if now < current.looked.plus(AGAIN) {
            return Ok(current);
        }
        let keys = Arc::new(self.keys(&current.keys_at).await?);
        let learned = Arc::new(Known { keys, looked: now, ..Known::clone(&current) });
        *known = Some(Arc::clone(&learned));
        Ok(learned)
    }

    async fn learn(&self, now: Timestamp) -> Result<Known, DirectoryError> {
        let text = self.ask(self.http.get(self.document.clone()), "its configuration").await?;
        let said: Document =
            serde_json::from_slice(&text).map_err(|error| away(format!("its configuration cannot be read: {error}")))?;
        if said.issuer != self.name {
            return Err(away(format!("it calls itself `{}`, and oidc.issuer says `{}`", said.issuer, self.name)));
        }
        let authorization = parsed("authorization_endpoint", &said.authorization_endpoint)?;
        if authorization.scheme() != "https" && authorization.scheme() != self.document.scheme() {
            return Err(away("people would sign in where others could read along (authorization_endpoint)"));
        }
        let (token, keys_at) = (self.own("token_endpoint", &said.token_endpoint)?, self.own("jwks_uri", &said.jwks_uri)?);
        let keys = Arc::new(self.keys(&keys_at).await?);
        let methods = said.token_endpoint_auth_methods_supported;
        Ok(Known {
            authorization,
            says_who: said.authorization_response_iss_parameter_supported,
            keys,
            token,
            keys_at,
            // Where it does not say, this is what is meant.
            basic: methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic")),
            learned: now,
            looked: now,
        })
    }

    /// An address that we ask ourselves: nothing is sent to a host that nobody has named in the settings.
    fn own(&self, what: &str, text: &str) -> Result<Url, DirectoryError> {
        let url = parsed(what, text)?;
        let same = url.origin() == self.document.origin();
        if same { Ok(url) } else { Err(away(format!("its {what} is on another host than oidc.issuer"))) }
    }

    async fn keys(&self, at: &Url) -> Result<Vec<Key>, DirectoryError> {
        let text = self.ask(self.http.get(at.clone()), "its keys").await?;
        keys::read(&text).map_err(|error| away(format!("its keys cannot be read: {error}")))
    }

    /// The body of an answer that is a success.
    async fn ask(&self, request: RequestBuilder, what: &str) -> Result<Vec<u8>, DirectoryError> {
        let answer = self.send(request).await?;
        if !answer.status().is_success() {
            return Err(away(format!("asked for {what} it answers {}", answer.status())));
        }
        body(answer).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, DirectoryError> {
        request.send().await.map_err(|error| away(chain(&error.without_url())))
    }

    /// Trades a code for an ID token.
    pub(crate) async fn trade(
        &self,
        known: &Known,
        registration: &Registration,
        code: &str,
        verifier: &str,
    ) -> Result<String, DirectoryError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", registration.back.as_str()),
            ("code_verifier", verifier),
        ];
        let mut request = self.http.post(known.token.clone());
        match &registration.secret {
            Some(secret) if known.basic => {
                request = request.basic_auth(encoded(&registration.client), Some(encoded(secret.reveal())));
            }
            secret => {
                form.push(("client_id", registration.client.as_str()));
                form.extend(secret.as_ref().map(|secret| ("client_secret", Secret::reveal(secret))));
            }
        }
        let answer = self.send(request.form(&form)).await?;
        let status = answer.status();
        let text = body(answer).await?;
        if status.is_success() {
            #[derive(Deserialize)]
            struct Given {
                id_token: String,
            }
            let given: Result<Given, _> = serde_json::from_slice(&text);
            return given.map(|given| given.id_token).map_err(|_| away("it gives no ID token for a code"));
        }
        let said = refusal(&text);
        match (status.as_u16(), said.as_str()) {
            (400, "invalid_grant") => Err(DirectoryError::Unvouched("the directory does not know this code".to_owned())),
            _ => Err(away(format!("asked for an ID token it answers {status} {said}"))),
        }
    }
}

fn parsed(what: &str, text: &str) -> Result<Url, DirectoryError> {
    Url::parse(text).map_err(|_| away(format!("its {what} is no address")))
}

/// The word of an error, and nothing that could be anything else.
fn refusal(text: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refused {
        error: String,
    }
    serde_json::from_slice(text).map_or_else(|_| String::new(), |refused: Refused| word(&refused.error))
}

/// What an error may be made of (RFC 6749, section 5.2), and not at any length.
pub(crate) fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).take(64).collect()
}

/// As a form writes it (RFC 6749, section 2.3.1).
fn encoded(text: &str) -> String {
    let pairs = Url::parse_with_params("http://form/", [("", text)]);
    pairs.ok().and_then(|url| Some(url.query()?.trim_start_matches('=').to_owned())).unwrap_or_default()
}

async fn body(mut answer: Response) -> Result<Vec<u8>, DirectoryError> {
    let mut all = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| away(chain(&error.without_url())))? {
        all.extend_from_slice(&piece);
        if all.len() > LONGEST {
            return Err(away("its answer is too long"));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_directory_says_stands_in_the_audit_as_one_word() {
        assert_eq!(word("invalid_grant"), "invalid_grant");
        assert_eq!(word("<b>no\r\nadmin signed in</b>"), "bnoadminsignedinb");
        assert_eq!(word(&"x".repeat(1000)).len(), 64);
    }

    #[test]
    fn a_secret_with_signs_is_written_as_a_form_writes_it() {
        assert_eq!(encoded("a b+c=d&é:/"), "a+b%2Bc%3Dd%26%C3%A9%3A%2F");
        assert_eq!(encoded("=="), "%3D%3D");
    }
}
