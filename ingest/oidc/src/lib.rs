//! The city's directory, asked by OpenID Connect: the authorization code flow with PKCE (RFC 7636), `state` and `nonce`, whose ID
//! token is taken only if one of the issuer's published keys has signed it.
//!
//! Deliberately absent: sessions and users (`access` keeps them), what a role may do (`dashboards`), access tokens (they are thrown
//! away: nothing is asked in somebody's name), and every host but the issuer's.

mod algorithm;
mod departures;
mod grant;
mod issuer;
mod keys;
mod oidc;
mod settings;
mod token;

pub use algorithm::Algorithm;
pub use grant::Grant;
pub use oidc::Oidc;
pub use settings::{Objection, Settings};
