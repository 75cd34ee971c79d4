//! The city's directory: who its people are, as an identity provider of the city says it.

use std::net::IpAddr;

use futures_util::future::BoxFuture;
use schemas::Texts;

use crate::Role;

/// Where a browser is sent, and what it keeps meanwhile.
#[derive(Clone, PartialEq, Eq)]
pub struct Departure {
    /// The address at the directory.
    pub to: String,
    /// By which the browser that comes back is known: whoever brings what was sent to another browser is not let in.
    pub ticket: String,
}

/// What a browser brings back.
#[derive(Clone, Default)]
pub struct Return {
    /// What it was given when it left.
    pub ticket: Option<String>,
    /// What stood in the address to which it was sent.
    pub state: Option<String>,
    /// To be traded for what the directory says.
    pub code: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// Who says that it comes from there (RFC 9207).
    pub issuer: Option<String>,
}

/// What somebody is to be here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What they are.
    pub role: Role,
    /// Of a contractor: which one.
    pub contractor: Option<String>,
    /// Of somebody who sees a part of the city: whose.
    pub tenant: Option<String>,
}

/// Somebody for whom the directory vouches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// By which the directory knows them, for ever: issuer and subject.
    pub subject: String,
    /// By which they are called.
    pub name: String,
    /// What the settings make of what the directory says; none where they give nothing.
    pub standing: Option<Standing>,
    /// Where they wanted to go.
    pub next: String,
}

/// Why nobody was vouched for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// It does not answer, or not as it should: later, perhaps.
    #[error("the directory: {0}")]
    Away(String),
    /// What came back is not what was asked for, or not signed by the directory.
    #[error("{0}")]
    Unvouched(String),
}

/// Asks the directory.
pub trait Directory: Send + Sync + 'static {
    /// The words on the button.
    fn label(&self) -> &Texts;

    /// Sends somebody there who wants to go to `next` afterwards.
    fn depart(&self, next: String, from: Option<IpAddr>) -> BoxFuture<'_, Result<Departure, DirectoryError>>;

    /// Who came back. Nobody comes back twice.
    fn arrive(&self, back: Return) -> BoxFuture<'_, Result<Vouched, DirectoryError>>;
}
