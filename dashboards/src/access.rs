//! Who may see and do what: one table of addresses and roles, asked for every request before it is answered.
//!
//! An address that stands in no table is an admin's alone. What somebody may not have is answered as what is not there
//! (404); only who has not said who they are is asked to (401, or the page to sign in). What a contractor
//! or a tenant may see of it is cut out of the store, the console and the desk themselves ([`territory`]), so that no answer has
//! to think of it.

mod allowance;
mod guard;
mod lasting;
mod territory;
mod who;

use axum::http::Method;
use ports::{Role, Viewer};

pub use guard::guarded;
pub(crate) use guard::{Guard, of_whoever_looks};
use territory::Part;
pub(crate) use territory::Territory;
pub(crate) use who::{Asker, CookieOf, Peer, address as address_of, present};

use crate::lang::Lang;

/// What an address gives or does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// For everybody: what the city publishes of itself, and what a page needs to be drawn.
    Public,
    /// For whoever has said who they are.
    Own,
    /// What was measured, and alerts: of a contractor, within the territory.
    Measured,
    /// Rounds and figures of a contractor.
    Waste,
    /// The whole city, without persons.
    City,
    /// Single connections and single spaces: close to persons. Every look is written down.
    Personal,
    /// Acts on alerts: of a contractor, within the territory.
    Acts,
    /// Silences and maintenance windows, who is on duty, and what the rules say.
    Quiets,
    /// To begin and end them.
    Quieten,
    /// How the platform stands.
    Standing,
    /// Quarantine, devices, rules, reload, metrics.
    Works,
    /// Credentials of devices, and the codes by which they get them.
    Credentials,
    /// Users and tokens.
    People,
    /// What was done.
    Audit,
    /// The way back from a pseudonym, for a purpose. Every look is written down before it is had.
    Vault,
}

impl Right {
    /// Whether a role has it.
    pub(crate) const fn is_of(self, role: Role) -> bool {
        use Role::{Admin, Contractor, Dpo, Engineer, Officer, Public};
        match self {
            Right::Public => true,
            Right::Own | Right::Measured => !matches!(role, Public),
            Right::Waste => matches!(role, Contractor | Officer | Engineer | Admin),
            Right::City | Right::Standing | Right::Quiets => matches!(role, Officer | Engineer | Dpo | Admin),
            Right::Personal => matches!(role, Officer | Dpo | Admin),
            Right::Acts => matches!(role, Contractor | Officer | Engineer | Admin),
            Right::Quieten => matches!(role, Officer | Engineer | Admin),
            Right::Works | Right::Credentials => matches!(role, Engineer | Admin),
            Right::People => matches!(role, Admin),
            Right::Audit => matches!(role, Dpo | Admin),
            // Not even an admin's: who may enter users must not be who may look.
            Right::Vault => matches!(role, Dpo),
        }
    }

    /// Whether somebody has it: by the role, and where they see a part of the city, within that part.
    pub(crate) fn is_had_by(self, viewer: &Viewer) -> bool {
        self.is_of(viewer.role) && (viewer.tenant.is_none() || self.is_within_a_part())
    }

    /// Whether it can be had for a part of the city. What concerns the platform, or everybody's, is not a tenant's.
    const fn is_within_a_part(self) -> bool {
        match self {
            Right::Public | Right::Own | Right::Measured | Right::Waste | Right::City | Right::Personal | Right::Acts => true,
            Right::Quiets
            | Right::Quieten
            | Right::Standing
            | Right::Works
            | Right::Credentials
            | Right::People
            | Right::Audit
            | Right::Vault => false,
        }
    }
}

/// Every address, as the router knows it: what reading it takes, and what changing something there takes.
pub(crate) const ADDRESSES: &[(&str, Right, Right)] = &[
    ("/", Right::Public, Right::People),
    ("/a/{hash}/{*path}", Right::Public, Right::People),
    ("/favicon.ico", Right::Public, Right::People),
    ("/theme", Right::Public, Right::Public),
    ("/login", Right::Public, Right::Public),
    ("/login/code", Right::Public, Right::Public),
    ("/login/directory", Right::Public, Right::People),
    ("/login/directory/back", Right::Public, Right::People),
    ("/logout", Right::Own, Right::Own),
    ("/account", Right::Own, Right::Own),
    ("/account/second-factor", Right::Own, Right::Own),
    ("/account/second-factor/confirm", Right::Own, Right::Own),
    ("/account/second-factor/end", Right::Own, Right::Own),
    ("/set-up", Right::Public, Right::Public),
    ("/.well-known/security.txt", Right::Public, Right::People),
    ("/healthz", Right::Public, Right::People),
    ("/readyz", Right::Public, Right::People),
    ("/metrics", Right::Works, Right::People),
    ("/api", Right::Public, Right::People),
    ("/api/{*rest}", Right::Public, Right::Public),
    ("/api/v1/openapi.json", Right::Public, Right::People),
    ("/api/v1/session", Right::Own, Right::People),
    ("/api/v1/devices", Right::Measured, Right::Works),
    ("/api/v1/devices/health", Right::Measured, Right::People),
    ("/api/v1/devices/unknown", Right::Works, Right::People),
    ("/api/v1/quarantine", Right::Works, Right::People),
    ("/api/v1/quarantine/{offset}", Right::Works, Right::People),
    ("/api/v1/quarantine/retry", Right::Works, Right::Works),
    ("/api/v1/quarantine/drop", Right::Works, Right::Works),
    ("/api/v1/reload", Right::Works, Right::Works),
    ("/api/v1/demo/incidents", Right::Works, Right::Works),
    ("/api/v1/alerts", Right::Measured, Right::People),
    ("/api/v1/alerts/{id}", Right::Measured, Right::People),
    ("/api/v1/alerts/{id}/{deed}", Right::Acts, Right::Acts),
    ("/api/v1/alerts/{id}/why", Right::Measured, Right::People),
    ("/api/v1/public/alerts", Right::Public, Right::People),
    ("/api/v1/public/alerts.atom", Right::Public, Right::People),
    ("/api/v1/public/alerts/{id}/cap", Right::Public, Right::People),
    ("/api/v1/silences", Right::Quiets, Right::Quieten),
    ("/api/v1/silences/{id}/end", Right::Quieten, Right::Quieten),
    ("/api/v1/maintenance", Right::Quiets, Right::Quieten),
    ("/api/v1/maintenance/{id}/end", Right::Quieten, Right::Quieten),
    ("/api/v1/rotas", Right::Quiets, Right::People),
    ("/api/v1/reports", Right::Quiets, Right::People),
    ("/api/v1/rules", Right::Quiets, Right::People),
    ("/api/v1/rules/{id}", Right::Quiets, Right::Works),
    ("/api/v1/rules/{id}/backtest", Right::Works, Right::Works),
    ("/api/v1/status", Right::Standing, Right::People),
    ("/api/v1/messages", Right::Works, Right::People),
    ("/api/v1/explain", Right::Works, Right::People),
    ("/api/v1/latest", Right::Measured, Right::People),
    ("/api/v1/readings", Right::Measured, Right::People),
    ("/api/v1/events", Right::Measured, Right::People),
    ("/api/v1/places", Right::Measured, Right::People),
    ("/api/v1/air/index", Right::Public, Right::People),
    ("/api/v1/air/exceedances", Right::Public, Right::People),
    ("/api/v1/air/exceedances/city", Right::Public, Right::People),
    ("/api/v1/air/report", Right::Public, Right::People),
    ("/api/v1/air/now", Right::Public, Right::People),
    ("/api/v1/air/history", Right::Public, Right::People),
    ("/api/v1/air/calendar", Right::Public, Right::People),
    ("/api/v1/air/profile", Right::Public, Right::People),
    ("/api/v1/air/rose", Right::Public, Right::People),
    ("/api/v1/waste/bin", Right::Waste, Right::People),
    ("/api/v1/waste/worklist", Right::Waste, Right::People),
    ("/api/v1/waste/urgency", Right::Waste, Right::People),
    ("/api/v1/waste/kpi", Right::Waste, Right::People),
    ("/api/v1/parking/occupancy", Right::City, Right::People),
    ("/api/v1/parking/week", Right::City, Right::People),
    ("/api/v1/parking/overstays", Right::Personal, Right::People),
    ("/api/v1/parking/bays", Right::Personal, Right::People),
    ("/api/v1/parking/sensors", Right::City, Right::People),
    ("/api/v1/water/consumption", Right::City, Right::People),
    ("/api/v1/water/balance", Right::City, Right::People),
    ("/api/v1/water/night", Right::City, Right::People),
    ("/api/v1/water/leaks", Right::Personal, Right::People),
    ("/api/v1/water/stuck", Right::Personal, Right::People),
    ("/api/v1/users", Right::People, Right::People),
    ("/api/v1/users/{name}/remove", Right::People, Right::People),
    ("/api/v1/users/{name}/password", Right::People, Right::People),
    ("/api/v1/users/{name}/second-factor/reset", Right::People, Right::People),
    ("/api/v1/tokens", Right::People, Right::People),
    ("/api/v1/tokens/{id}/revoke", Right::People, Right::People),
    ("/api/v1/credentials", Right::Credentials, Right::Credentials),
    ("/api/v1/credentials/provision", Right::Credentials, Right::Credentials),
    ("/api/v1/credentials/{device}/revoke", Right::Credentials, Right::Credentials),
    ("/api/v1/claims", Right::Credentials, Right::Credentials),
    ("/api/v1/claim", Right::Public, Right::Public),
    ("/api/v1/audit", Right::Audit, Right::People),
    ("/api/v1/audit/verify", Right::Audit, Right::People),
    ("/api/v1/privacy/purposes", Right::Public, Right::People),
    ("/api/v1/privacy/assets", Right::Public, Right::People),
    ("/api/v1/vault/reveal", Right::Vault, Right::Vault),
    ("/api/v1/vault/message", Right::Vault, Right::Vault),
    ("/api/v1/subjects/export", Right::Vault, Right::Vault),
    ("/api/v1/subjects/erase", Right::Vault, Right::Vault),
];

/// What a request takes. `address` is the pattern that the router matched; none where nothing is there, which everybody
/// may be told.
pub(crate) fn right(method: &Method, address: Option<&str>) -> Right {
    let Some(address) = address else { return Right::Public };
    if let Some((_, reading, changing)) = ADDRESSES.iter().find(|(known, ..)| *known == address) {
        return if is_safe(method) { *reading } else { *changing };
    }
    // Pages show what the house behind them gives, which is cut to the territory already, and ask the API for their parts,
    // each of which takes its own right.
    let mut levels = address.split('/').skip(1);
    if levels.next().and_then(Lang::from_code).is_none() {
        return Right::People;
    }
    match (levels.next(), is_safe(method)) {
        (Some("privacy" | "public" | "api"), true) => Right::Public,
        (Some("engineers" | "messages" | "explain"), true) | (Some("rules"), false) => Right::Works,
        (Some("rules" | "rotas" | "silences"), true) => Right::Quiets,
        (Some("audit"), true) => Right::Audit,
        (Some("silences"), false) => Right::Quieten,
        (Some("water" | "parking"), true) => Right::City,
        (_, true) => Right::Measured,
        (_, false) => Right::Acts,
    }
}

/// Whether whoever looks has a right, so that a page offers it; refusing it is the guard's.
pub(crate) fn may(right: Right) -> bool {
    present().is_none_or(|viewer| right.is_had_by(&viewer))
}

/// Whether a method changes nothing.
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

#[cfg(test)]
mod tests;
