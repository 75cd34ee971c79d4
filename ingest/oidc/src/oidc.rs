//! The city's directory: sends people there, and says who comes back.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ports::{BoxFuture, Clock, Departure, Directory, DirectoryError, Return, Vouched};
use schemas::Texts;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use trust::Outward;

use crate::departures::{Departures, Sent};
use crate::grant::{self, claim};
use crate::issuer::{Issuer, word};
use crate::settings::{Objection, Registration, Settings};
use crate::token::{self, Asked, Untaken};

/// Characters of a code, and of a name.
const LONGEST: usize = 4096;

/// The directory of the section `[oidc]`.
pub struct Oidc {
    registration: Registration,
    issuer: Issuer,
    departures: Departures,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Oidc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Oidc").field("issuer", &self.registration.issuer).finish_non_exhaustive()
    }
}

fn unvouched(why: &str) -> DirectoryError {
    DirectoryError::Unvouched(why.to_owned())
}

impl Oidc {
    /// The directory; none where the section names none. Reads the files that it names, and connects to nothing.
    ///
    /// # Errors
    /// What in the section cannot be used.
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Option<Self>, Objection> {
        let Some(registration) = settings.registration()? else { return Ok(None) };
        let issuer = Issuer::new(&registration).map_err(|why| Objection::new("issuer", why))?;
        Ok(Some(Self { registration, issuer, departures: Departures::default(), clock }))
    }

    /// How the issuer is trusted, to be read anew while the program runs; none where it does not speak TLS.
    #[must_use]
    pub fn outward(&self) -> Option<Arc<Outward>> {
        self.registration.outward.clone()
    }

    async fn depart_now(&self, next: String, from: Option<IpAddr>) -> Result<Departure, DirectoryError> {
        let now = self.clock.now();
        let known = self.issuer.known(now).await?;
        let no_chance = |error| DirectoryError::Away(format!("the system gives no random bytes: {error}"));
        let (carried, sent) = self.departures.leave(next, from, now).map_err(no_chance)?;
        let scopes = std::iter::once("openid").chain(self.registration.settings.scopes.iter().map(String::as_str));
        let mut to = known.authorization.clone();
        to.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.registration.client)
            .append_pair("redirect_uri", self.registration.back.as_str())
            .append_pair("scope", &scopes.collect::<Vec<_>>().join(" "))
            .append_pair("state", &carried.state)
            .append_pair("nonce", &sent.nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(&sent.verifier)))
            .append_pair("code_challenge_method", "S256");
        Ok(Departure { to: to.into(), ticket: carried.ticket })
    }

    async fn arrive_now(&self, back: Return) -> Result<Vouched, DirectoryError> {
        let now = self.clock.now();
        let (Some(ticket), Some(state)) = (back.ticket, back.state) else {
            return Err(unvouched("this browser was not sent to the directory"));
        };
        let sent = self.departures.back(&ticket, &state, now);
        let sent = sent.ok_or_else(|| unvouched("this browser was not sent so, came twice, or came too late (state)"))?;
        let known = self.issuer.known(now).await?;
        if back.issuer.as_ref().map_or(known.says_who, |issuer| *issuer != self.registration.issuer) {
            return Err(unvouched("another issuer sends this browser"));
        }
        if let Some(error) = back.error {
            return Err(DirectoryError::Unvouched(format!("the directory says {}", word(&error))));
        }
        let code = back.code.filter(|code| !code.is_empty() && code.len() <= LONGEST);
        let code = code.ok_or_else(|| unvouched("the directory gives no code"))?;
        let token = self.issuer.trade(&known, &self.registration, &code, &sent.verifier).await?;
        let claims = self.read(&token, &sent).await?;
        self.vouched(&claims, sent.next)
    }

    async fn read(&self, token: &str, sent: &Sent) -> Result<Map<String, Value>, DirectoryError> {
        let now = self.clock.now();
        let asked = Asked {
            issuer: &self.registration.issuer,
            client: &self.registration.client,
            nonce: &sent.nonce,
            algorithms: &self.registration.settings.algorithms,
            now,
            leeway: self.registration.settings.leeway.as_secs_f64(),
        };
        let known = self.issuer.known(now).await?;
        let taken = match token::claims(token, &known.keys, &asked) {
            // It may have changed its keys since they were asked for.
            Err(Untaken::NoKey) => token::claims(token, &self.issuer.with_keys_anew(now).await?.keys, &asked),
            taken => taken,
        };
        taken.map_err(|untaken| match untaken {
            Untaken::NoKey => unvouched("no key of the directory has signed the ID token"),
            Untaken::Wrong(why) => unvouched(why),
        })
    }

    fn vouched(&self, claims: &Map<String, Value>, next: String) -> Result<Vouched, DirectoryError> {
        let settings = &self.registration.settings;
        let text = |name: &str| claim(claims, name).and_then(Value::as_str).filter(|text| text.len() <= LONGEST);
        let name = text(&settings.name_claim).ok_or_else(|| unvouched("the directory gives no name (oidc.name_claim)"))?;
        // The check of the token has found one.
        let subject = text("sub").ok_or_else(|| unvouched("the directory gives no subject"))?;
        Ok(Vouched {
            subject: format!("{} {subject}", self.registration.issuer),
            name: name.to_owned(),
            standing: grant::standing(&settings.grant, claims),
            next,
        })
    }
}

impl Directory for Oidc {
    fn label(&self) -> &Texts {
        &self.registration.settings.label
    }

    fn depart(&self, next: String, from: Option<IpAddr>) -> BoxFuture<'_, Result<Departure, DirectoryError>> {
        Box::pin(self.depart_now(next, from))
    }

    fn arrive(&self, back: Return) -> BoxFuture<'_, Result<Vouched, DirectoryError>> {
        Box::pin(self.arrive_now(back))
    }
}
