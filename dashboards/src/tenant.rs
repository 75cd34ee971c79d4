//! The tenants of a city: a company or an authority that answers for a part of it.

use schemas::{Kind, Zone};
use serde::Deserialize;

/// A table `[[tenant]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// By which users, tokens and grants name it.
    pub name: String,
    /// Devices of these kinds are its own; empty: of every kind.
    #[serde(default)]
    pub kinds: Vec<Kind>,
    /// In these zones; empty: in every zone.
    #[serde(default)]
    pub zones: Vec<Zone>,
}

impl Tenant {
    /// What speaks against a list of tenants: the place of the first that cannot be, and why.
    #[must_use]
    pub fn objection(tenants: &[Self]) -> Option<(usize, String)> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
        tenants.iter().enumerate().find_map(|(at, tenant)| {
            let name = &tenant.name;
            if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
                return Some((at, "a tenant's name has 1 to 64 characters: a to z, digits and . _ -".to_owned()));
            }
            let before = tenants.get(..at)?;
            before.iter().any(|other| other.name == *name).then(|| (at, format!("there is a tenant `{name}` already")))
        })
    }
}
