//! `email`: a mail by SMTP, as text and as HTML, in the receiver's language.
//!
//! | the server says | fate |
//! |---|---|
//! | 2xx after the text | the receiver has it |
//! | 4xx, nothing, no connection, no TLS | sent again later |
//! | 5xx about who we are (530, 534, 535, 538) | sent again later: the settings are wrong, not the mail |
//! | any other 5xx | a dead letter |
//!
//! The `Message-ID` is made of the notification's key, so that a repetition can be recognised; the mail that
//! ends an alert answers the one that began it. A [report](crate::report) is attached, or is the mail. Deliberately absent:
//! bounces, DKIM (the relay's).

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lettre::message::header::ContentType;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Identity, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use ports::{BoxFuture, DeliveryError, Enclosed, Form, Notification, Notifier};
use schemas::{Phase, TransitionId};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use trust::{Files, Pem};

use super::secret::Place;
use super::{Address, ChannelType, Context};
use crate::render;

pub(crate) const TYPE: ChannelType = ChannelType {
    name: "email",
    about: "a mail by SMTP as text and HTML, with TLS unless the server is this machine",
    address: Address::Mail,
    make,
};

/// Characters of a subject.
const SUBJECT: usize = 120;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Protection {
    /// TLS from the first byte (port 465).
    Tls,
    /// STARTTLS, or nothing is sent (port 587).
    Starttls,
    /// None.
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmailKeys {
    server: String,
    port: Option<u16>,
    #[serde(default = "implicit")]
    protection: Protection,
    #[serde(default)]
    allow_plain: bool,
    from: String,
    #[serde(default)]
    to: Vec<String>,
    user: Option<String>,
    password: Option<String>,
    password_file: Option<PathBuf>,
    password_env: Option<String>,
    ca_file: Option<PathBuf>,
    client_cert_file: Option<PathBuf>,
    client_key_file: Option<PathBuf>,
}

fn implicit() -> Protection {
    Protection::Tls
}

fn make(context: &Context<'_>, keys: Map<String, Value>) -> Result<Arc<dyn Notifier>, String> {
    Ok(Arc::new(Email::new(&super::keys(keys)?, context.timeout)?))
}

struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Of receivers that have no address of their own.
    to: Vec<Mailbox>,
}

fn mailbox(key: &str, text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|_| format!("{key}: `{text}` is not an address, expected name@domain or Name <name@domain>"))
}

impl Email {
    fn new(keys: &EmailKeys, limit: Duration) -> Result<Self, String> {
        let password = Place::new(keys.password.as_ref(), keys.password_file.as_ref(), keys.password_env.as_ref());
        let credentials = match (&keys.user, password.read("password")?) {
            (Some(user), Some(password)) => Some(Credentials::new(user.clone(), password.show().to_owned())),
            (None, None) => None,
            (Some(_), None) => return Err("user: expected a password too (password_file)".to_owned()),
            (None, Some(_)) => return Err("password: expected a user too".to_owned()),
        };
        let (tls, port) = protect(keys)?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(keys.server.clone())
            .port(keys.port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(limit));
        let transport = match credentials {
            Some(credentials) => transport.credentials(credentials).build(),
            None => transport.build(),
        };
        let to = keys.to.iter().map(|text| mailbox("to", text)).collect::<Result<_, _>>()?;
        Ok(Self { transport, from: mailbox("from", &keys.from)?, to })
    }

    fn message(&self, n: &Notification) -> Result<Message, String> {
        let to = n.to.iter().map(|text| mailbox("mail", text)).collect::<Result<Vec<_>, _>>()?;
        let to = if to.is_empty() { &self.to } else { &to };
        if to.is_empty() {
            return Err(format!("the receiver {} has no mail address, and the channel none of its own", n.receiver));
        }
        let made = Duration::from_millis(u64::try_from(n.made_at.millis()).unwrap_or_default());
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(n.enclosed.as_ref().map_or_else(|| render::subject(n, n.language, SUBJECT), |report| report.subject.clone()))
            .message_id(Some(self.id(&n.key())))
            .date(SystemTime::UNIX_EPOCH + made)
            // RFC 3834: nobody's holiday notice answers it.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
        for one in to {
            message = message.to(one.clone());
        }
        if let (Form::Single, [step]) = (n.form, n.steps.as_slice())
            && step.transition.to != Phase::Firing
        {
            let began = TransitionId::new(&step.transition.alert, Phase::Firing);
            message = message.in_reply_to(self.id(&format!("{}/{began}", n.receiver)));
        }
        if let Some(report) = &n.enclosed {
            return message.multipart(enclosing(report)).map_err(|error| error.to_string());
        }
        let (text, html) = (render::text(n, n.language), render::html(n, n.language));
        message.multipart(MultiPart::alternative_plain_html(text, html)).map_err(|error| error.to_string())
    }

    /// `<hash of the key@our domain>`: a key has letters that an identifier may not.
    fn id(&self, key: &str) -> String {
        let hash = Sha256::digest(key.as_bytes());
        let digits: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("<{digits}@{}>", self.from.email.domain())
    }
}

/// The parts of a mail that carries a report.
fn enclosing(report: &Enclosed) -> MultiPart {
    let Enclosed { words, html, file, inline, .. } = report;
    if *inline {
        return MultiPart::alternative_plain_html(words.clone(), html.clone());
    }
    let html = Attachment::new(file.clone()).body(html.clone(), ContentType::TEXT_HTML);
    MultiPart::mixed().singlepart(SinglePart::plain(words.clone())).singlepart(html)
}

fn protect(keys: &EmailKeys) -> Result<(Tls, u16), String> {
    let files = Files::new(keys.ca_file.as_ref(), keys.client_cert_file.as_ref(), keys.client_key_file.as_ref());
    let parameters = || {
        let Pem { authorities, own } = files.pem().map_err(|error| error.to_string())?;
        let mut builder = TlsParameters::builder(keys.server.clone());
        if let Some(pem) = authorities {
            let authorities = Certificate::from_pem(&pem).map_err(|error| format!("ca_file: {error}"))?;
            builder = builder.certificate_store(CertificateStore::None).add_root_certificate(authorities);
        }
        if let Some((certificate, key)) = own {
            // It takes these bytes for the certificate itself, whatever its name says: DER, and one without a chain.
            let own = Identity::from_pem(&certificate, &key).map_err(|error| format!("client_key_file: {error}"))?;
            builder = builder.identify_with(own);
        }
        builder.build_rustls().map_err(|error| format!("server: {error}"))
    };
    match keys.protection {
        Protection::Tls => Ok((Tls::Wrapper(parameters()?), 465)),
        Protection::Starttls => Ok((Tls::Required(parameters()?), 587)),
        Protection::None if keys.allow_plain || is_this_machine(&keys.server) => Ok((Tls::None, 25)),
        Protection::None => {
            Err("protection: none is for a server on this machine; elsewhere say `allow_plain = true` too".to_owned())
        }
    }
}

fn is_this_machine(server: &str) -> bool {
    server == "localhost" || server.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What the server's answer means.
fn judge(error: &lettre::transport::smtp::Error) -> DeliveryError {
    let reason = super::http::chain(error);
    let code = error.status().map(|code| code.to_string()).unwrap_or_default();
    // RFC 4954, section 6: it does not know us, or not any more. Nothing is wrong with the mail.
    let stranger = matches!(code.as_str(), "530" | "534" | "535" | "538");
    if error.is_permanent() && !stranger {
        return DeliveryError::Refused(reason);
    }
    DeliveryError::Unavailable { reason, after: None }
}

impl Notifier for Email {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async move {
            let message = self.message(notification).map_err(DeliveryError::Refused)?;
            self.transport.send(message).await.map(drop).map_err(|error| judge(&error))
        })
    }
}
