//! Values that come one by one, each with a name and perhaps a time, gathered into a tree for each instant.

use std::collections::BTreeMap;

use schemas::Timestamp;
use serde_json::{Map, Value};

use crate::reject::{Reason, Reject, excerpt};
use crate::uplink::Tree;

/// What one device said, by instant.
#[derive(Debug, Default)]
pub(super) struct Instants(BTreeMap<Option<Timestamp>, Map<String, Value>>);

impl Instants {
    /// The last one said stands, as it would in the store.
    pub(super) fn set(&mut self, time: Option<Timestamp>, name: String, value: Value) {
        self.0.entry(time).or_default().insert(name, value);
    }

    /// # Errors
    /// There is another value of that name at that instant: which of the two is right, nobody knows.
    pub(super) fn add(&mut self, time: Option<Timestamp>, name: &str, value: Value) -> Result<(), Reject> {
        let fields = self.0.entry(time).or_default();
        match fields.get(name) {
            Some(before) if *before != value => {
                let text = format!("`{}` has two values at one instant", excerpt(name));
                Err(Reject::new(Reason::BadShape, text))
            }
            Some(_) => Ok(()),
            None => {
                fields.insert(name.to_owned(), value);
                Ok(())
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of time; what has none comes first.
    pub(super) fn into_trees(self) -> Vec<Tree> {
        self.0.into_iter().map(|(time, fields)| Tree { time, fields: Value::Object(fields) }).collect()
    }
}

/// A value, with its unit where one is stated.
pub(super) fn stated(value: Value, unit: Option<&str>) -> Value {
    match unit {
        None => value,
        Some(unit) => Value::Object(Map::from_iter([("value".to_owned(), value), ("unit".to_owned(), Value::from(unit))])),
    }
}
