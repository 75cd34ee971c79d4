//! Names of fields that identify a vehicle, a handset or a person (loi 09-08): never taken in, at any level.

use serde_json::Value;

use crate::reject::{Reason, Reject, excerpt};

/// In lower case.
pub(crate) static FORBIDDEN: &[&str] = &[
    "plate",
    "license_plate",
    "licence_plate",
    "number_plate",
    "matricule",
    "imei",
    "imsi",
    "iccid",
    "msisdn",
    "mac",
    "mac_address",
    "bssid",
    "cin",
    "cnie",
];

/// Whether a field of this name is never taken in.
pub(crate) fn is_forbidden(field: &str) -> bool {
    FORBIDDEN.iter().any(|name| field.eq_ignore_ascii_case(name))
}

/// Why a message with a field of this name is put aside.
pub(crate) fn refusal(field: &str) -> Reject {
    Reject::new(
        Reason::ForbiddenField,
        format!("the field `{}` could identify a person or a vehicle and is never taken in", excerpt(field)),
    )
}

/// Looks through a whole tree.
///
/// # Errors
/// A field of it is forbidden.
pub(crate) fn check(tree: &Value) -> Result<(), Reject> {
    match tree {
        Value::Object(fields) => {
            fields.iter().try_for_each(|(name, value)| if is_forbidden(name) { Err(refusal(name)) } else { check(value) })
        }
        Value::Array(values) => values.iter().try_for_each(check),
        _ => Ok(()),
    }
}
