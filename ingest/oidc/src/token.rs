//! An ID token: a JSON Web Token in its compact form (RFC 7519), taken only if all that it says can be what was asked for
//! (OpenID Connect Core 1.0, section 3.1.3.7).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemas::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::keys::{self, Key};

/// Bytes of a token.
const LONGEST: usize = 64 * 1024;
/// Characters of a subject (section 2).
const SUBJECT: usize = 255;

/// What a token must fit.
pub(crate) struct Asked<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) algorithms: &'a [Algorithm],
    pub(crate) now: Timestamp,
    /// Seconds by which the two clocks may differ.
    pub(crate) leeway: f64,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Untaken {
    /// No key of that name is known: it may be newer than those that are.
    NoKey,
    /// This is wrong with it.
    Wrong(&'static str),
}

use Untaken::{NoKey, Wrong};

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

/// What the token says, if it was signed by one of the keys and is what was asked for.
pub(crate) fn claims(token: &str, known: &[Key], asked: &Asked<'_>) -> Result<Map<String, Value>, Untaken> {
    if token.len() > LONGEST {
        return Err(Wrong("the ID token is too long"));
    }
    let (message, signature) = token.rsplit_once('.').ok_or(Wrong("the ID token is not one"))?;
    let (header, payload) = message.split_once('.').ok_or(Wrong("the ID token is not one"))?;
    let header: Header = part(header)?;
    let how = asked.algorithms.iter().find(|how| how.name() == header.alg);
    let how = *how.ok_or(Wrong("the ID token is signed in a way that is not taken (oidc.algorithms)"))?;
    if header.crit.is_some() {
        return Err(Wrong("the ID token asks for an extension"));
    }
    if header.typ.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("jwt")) {
        return Err(Wrong("this is another sort of token"));
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Wrong("the signature cannot be read"))?;
    let mut keys = keys::named(known, header.kid.as_deref(), how).peekable();
    keys.peek().ok_or(NoKey)?;
    if !keys.any(|key| how.has_signed(key, message.as_bytes(), &signature)) {
        return Err(Wrong("the signature of the ID token is wrong"));
    }
    let claims: Map<String, Value> = part(payload)?;
    fit(&claims, asked).map_err(Wrong)?;
    Ok(claims)
}

fn part<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Untaken> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Wrong("the ID token cannot be read"))?;
    serde_json::from_slice(&bytes).map_err(|_| Wrong("the ID token cannot be read"))
}

fn fit(claims: &Map<String, Value>, asked: &Asked<'_>) -> Result<(), &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(asked.issuer) {
        return Err("the ID token is of another issuer");
    }
    audience(claims, asked.client)?;
    if text("nonce") != Some(asked.nonce) {
        return Err("the ID token was asked for by somebody else (nonce)");
    }
    if !text("sub").is_some_and(|subject| !subject.is_empty() && subject.len() <= SUBJECT) {
        return Err("the ID token names nobody (sub)");
    }
    within(claims, asked)
}

/// For this program, and for no other besides that it does not know.
fn audience(claims: &Map<String, Value>, client: &str) -> Result<(), &'static str> {
    const OTHERS: &str = "the ID token is for another program (aud)";
    let alone = match claims.get("aud") {
        Some(Value::String(one)) if one == client => true,
        Some(Value::Array(all)) if all.iter().any(|one| one == client) => all.len() == 1,
        _ => return Err(OTHERS),
    };
    match claims.get("azp") {
        Some(party) if party == client => Ok(()),
        None if alone => Ok(()),
        _ => Err(OTHERS),
    }
}

/// Seconds since the epoch; a claim that is there and is no number is wrong.
fn seconds(claims: &Map<String, Value>, name: &str) -> Result<Option<f64>, &'static str> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or("a time of the ID token is no number"),
    }
}

fn within(claims: &Map<String, Value>, asked: &Asked<'_>) -> Result<(), &'static str> {
    let now = jiff::Timestamp::from_millisecond(asked.now.millis()).map_or(f64::MAX, |at| at.as_duration().as_secs_f64());
    let (latest, earliest) = (now + asked.leeway, now - asked.leeway);
    if seconds(claims, "exp")?.ok_or("the ID token has no end (exp)")? <= earliest {
        return Err("the ID token is over (exp)");
    }
    if seconds(claims, "nbf")?.is_some_and(|from| from > latest) {
        return Err("the ID token does not hold yet (nbf)");
    }
    if seconds(claims, "iat")?.ok_or("the ID token does not say when it was made (iat)")? > latest {
        return Err("the ID token is of the future (iat)");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
