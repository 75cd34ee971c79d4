//! Who may see and do what: users with their passwords and second factors, sessions, tokens, the credentials of devices and the codes
//! by which they get them, and the audit of what was done, in one SQLite file of their own (`access.db`, readable by its owner alone).
//!
//! A file of its own, because its secrets are hashes that nobody else needs to open: the register is read by everything
//! that shows something. Deliberately absent: what a role may do (`dashboards` has one table for that), sockets, and how the
//! directory of a city is asked (OpenID Connect: `oidc`), for whose people there are users without a password here.

mod audit;
mod book;
mod claims;
mod credentials;
mod doorman;
mod failures;
mod gate;
mod halfway;
mod password;
mod patience;
mod second;
mod secret;
mod sessions;
mod settings;
mod tokens;
mod totp;
mod users;
mod vouched;

pub use book::{Book, copy};
pub use doorman::{Denied, Doorman, Proof};
pub use gate::{Entrance, Keeper};
pub use password::objections;
pub use secret::{Secret, fresh};
pub use settings::Settings;
pub use users::standing_objection;

#[cfg(test)]
mod tests;
