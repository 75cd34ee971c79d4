//! `sms`: a short text through any gateway that takes HTTP: address, method, body and headers are settings.
//!
//! French and English are written in the letters of GSM-7, since one `ê` would more than halve what fits; a
//! text that is longer than `segments` messages is cut. The answers of the gateway mean what they mean to a
//! webhook. Deliberately absent: reports of arrival at the telephone.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ports::{BoxFuture, Clock, DeliveryError, Language, Notification, Notifier};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::http::{Peer, Way};
use super::secret::Place;
use super::webhook::KEY;
use super::{Address, ChannelType, Context};
use crate::{gsm, render};

pub(crate) const TYPE: ChannelType = ChannelType {
    name: "sms",
    about: "a short text through an HTTP gateway, in the letters of GSM-7 where the language allows",
    address: Address::Phone,
    make,
};

/// What `{text}` and its like are escaped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BodyForm {
    /// `application/json`: inside a string.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SmsKeys {
    url: String,
    #[serde(default = "post")]
    method: String,
    form: BodyForm,
    body: String,
    #[serde(default)]
    header: Vec<HeaderKeys>,
    #[serde(default)]
    to: Vec<String>,
    #[serde(default = "three")]
    segments: usize,
    ca_file: Option<PathBuf>,
    client_cert_file: Option<PathBuf>,
    client_key_file: Option<PathBuf>,
    proxy: Option<String>,
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    timeout: Option<Duration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderKeys {
    name: String,
    value: Option<String>,
    value_file: Option<PathBuf>,
    value_env: Option<String>,
}

fn post() -> String {
    "POST".to_owned()
}

const fn three() -> usize {
    3
}

fn make(context: &Context<'_>, keys: Map<String, Value>) -> Result<Arc<dyn Notifier>, String> {
    Ok(Arc::new(Sms::new(&super::keys(keys)?, context.timeout, Arc::clone(context.clock))?))
}

struct Sms {
    peer: Peer,
    method: Method,
    form: BodyForm,
    body: String,
    headers: HeaderMap,
    to: Vec<String>,
    segments: usize,
}

impl Sms {
    fn new(keys: &SmsKeys, limit: Duration, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let method = match keys.method.as_str() {
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            _ => return Err("method: expected POST or PUT".to_owned()),
        };
        if !(1..=10).contains(&keys.segments) {
            return Err("segments: expected 1 to 10".to_owned());
        }
        if !keys.body.contains("{text}") || !keys.body.contains("{to}") {
            return Err("body: expected a template with {to} and {text}".to_owned());
        }
        keys.to.iter().try_for_each(|to| number("to", to))?;
        let mut headers = HeaderMap::new();
        for header in &keys.header {
            let name = HeaderName::try_from(&header.name).map_err(|_| format!("header: `{}` is not a name", header.name))?;
            let place = Place::new(header.value.as_ref(), header.value_file.as_ref(), header.value_env.as_ref());
            let value = place.read("value")?.ok_or_else(|| format!("header `{name}`: expected value_file or value"))?;
            let mut value =
                HeaderValue::from_str(value.show()).map_err(|_| format!("header `{name}`: the value has letters it may not"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let way = Way::new(
            &keys.url,
            [&keys.ca_file, &keys.client_cert_file, &keys.client_key_file].map(Option::as_ref),
            keys.proxy.as_ref(),
            keys.timeout,
        );
        let peer = Peer::new(&way, limit, clock).map_err(|error| error.to_string())?;
        let (form, body) = (keys.form, keys.body.clone());
        let sms = Self { peer, method, form, body, headers, to: keys.to.clone(), segments: keys.segments };
        if form == BodyForm::Json && serde_json::from_str::<Value>(&sms.fill("+212600000000", "\"a\"\n", "k")).is_err() {
            return Err("body: not JSON once {to}, {text} and {key} are filled in".to_owned());
        }
        Ok(sms)
    }

    fn fill(&self, to: &str, text: &str, key: &str) -> String {
        let escape = |value: &str| match self.form {
            BodyForm::Json => {
                let quoted = Value::from(value).to_string();
                quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).unwrap_or_default().to_owned()
            }
            BodyForm::Form => form_encode(value),
        };
        fill(&self.body, &[("{to}", &escape(to)), ("{text}", &escape(text)), ("{key}", &escape(key))])
    }

    async fn send(&self, n: &Notification) -> Result<(), DeliveryError> {
        let to = if n.to.is_empty() { &self.to } else { &n.to };
        if to.is_empty() {
            let reason = format!("the receiver {} has no telephone number, and the channel none of its own", n.receiver);
            return Err(DeliveryError::Refused(reason));
        }
        let text = short(n, self.segments);
        let kind = match self.form {
            BodyForm::Json => "application/json",
            BodyForm::Form => "application/x-www-form-urlencoded",
        };
        for (place, one) in to.iter().enumerate() {
            // A number of its own each: a gateway that drops repetitions must not drop the second telephone.
            let key = if place == 0 { n.key() } else { format!("{}/{}", n.key(), place + 1) };
            let body = self.fill(one, &text, &key);
            let request = self.peer.request(self.method.clone()).headers(self.headers.clone());
            self.peer.send(request.header(CONTENT_TYPE, kind).header(KEY, key).body(body)).await?;
        }
        Ok(())
    }
}

/// E.164: a plus and up to 15 digits.
pub(crate) fn number(key: &str, text: &str) -> Result<(), String> {
    let digits = text.strip_prefix('+').unwrap_or_default();
    if (4..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    // The number itself is personal data, and not repeated.
    Err(format!("{key}: expected telephone numbers such as +212600000000"))
}

/// The text of an SMS, at most `segments` messages long.
pub(crate) fn short(n: &Notification, segments: usize) -> String {
    let line = render::headline(n, n.language);
    let line = if n.language == Language::Ar { line } else { gsm::plain(&line) };
    gsm::cut(&line, segments)
}

/// Fills a template in one pass: what a value contains is not filled again.
fn fill(template: &str, values: &[(&str, &String)]) -> String {
    let (mut filled, mut rest) = (String::with_capacity(template.len()), template);
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        let found = values.iter().find_map(|(name, value)| from.strip_prefix(name).map(|after| (value, after)));
        match found {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// `application/x-www-form-urlencoded`, WHATWG URL standard, section 5.2.
pub(super) fn form_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            other => {
                encoded.push('%');
                for digit in [other >> 4, other & 15] {
                    encoded.push(char::from(if digit < 10 { b'0' + digit } else { b'A' + digit - 10 }));
                }
            }
        }
    }
    encoded
}

impl Notifier for Sms {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(self.send(notification))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_once_whatever_the_values_contain() {
        let (to, text) = ("+1".to_owned(), "{to} {".to_owned());
        assert_eq!(
            fill("{\"a\":\"{to}\",\"b\":\"{text}\"}", &[("{to}", &to), ("{text}", &text)]),
            "{\"a\":\"+1\",\"b\":\"{to} {\"}"
        );
        assert_eq!(form_encode("+212 é&"), "%2B212+%C3%A9%26");
    }

    #[test]
    fn a_number_that_cannot_be_called_is_refused_without_being_repeated() {
        for bad in ["0612345678", "+", "+12a4567", "+1234567890123456", ""] {
            let refused = number("phone", bad).unwrap_err();
            assert!(bad.len() < 3 || !refused.contains(bad), "{refused}");
        }
        assert!(number("phone", "+212612345678").is_ok());
    }
}
