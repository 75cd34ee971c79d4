//! What the settings make of what the directory says: the first grant that fits, or nothing.

use ports::{Role, Standing};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A table `[[oidc.grant]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The claim that is looked at; `realm_access.roles` is `roles` within `realm_access`.
    pub claim: String,
    /// What it must be, or hold.
    pub value: String,
    /// What such people are here.
    pub role: Role,
    /// Of a contractor: which one.
    pub contractor: Option<String>,
    /// Of people who see a part of the city: whose.
    pub tenant: Option<String>,
}

impl Grant {
    /// What it gives.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing { role: self.role, contractor: self.contractor.clone(), tenant: self.tenant.clone() }
    }

    fn fits(&self, claims: &Map<String, Value>) -> bool {
        match claim(claims, &self.claim) {
            Some(Value::String(one)) => *one == self.value,
            Some(Value::Array(all)) => all.iter().any(|one| *one == self.value),
            _ => false,
        }
    }
}

/// A claim by its name, which may hold points, or by a path of names.
pub(crate) fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    claim(claims.get(first)?.as_object()?, rest)
}

/// What somebody is to be here.
pub(crate) fn standing(grants: &[Grant], claims: &Map<String, Value>) -> Option<Standing> {
    grants.iter().find(|grant| grant.fits(claims)).map(Grant::standing)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_grant_that_fits_decides_and_without_one_there_is_nothing() {
        let grant = |claim: &str, value: &str, role| Grant {
            claim: claim.to_owned(),
            value: value.to_owned(),
            role,
            contractor: None,
            tenant: None,
        };
        let grants =
            [grant("realm_access.roles", "city-admin", Role::Admin), grant("https://city.example/unit", "air", Role::Officer)];
        let of = |claims: Value| standing(&grants, claims.as_object().unwrap()).map(|standing| standing.role);
        assert_eq!(of(json!({ "realm_access": { "roles": ["x", "city-admin"] } })), Some(Role::Admin));
        assert_eq!(of(json!({ "https://city.example/unit": "air" })), Some(Role::Officer));
        let both = json!({ "https://city.example/unit": "air", "realm_access": { "roles": ["city-admin"] } });
        assert_eq!(of(both), Some(Role::Admin), "in the order of the settings");
        for nothing in [
            json!({}),
            json!({ "realm_access": "city-admin" }),
            json!({ "realm_access": { "roles": "city-admin-of-nothing" } }),
            json!({ "realm_access": { "roles": [["city-admin"]] } }),
            json!({ "roles": ["city-admin"] }),
            json!({ "https://city.example/unit": { "air": true } }),
        ] {
            assert_eq!(of(nothing.clone()), None, "{nothing}");
        }
    }
}
