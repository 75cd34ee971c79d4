//! A quantity and its channel as devices write them: `air.pm10`, `air.pm10#1`.

use schemas::Quantity;

use crate::reject::{Reason, Reject, excerpt};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QuantityName {
    pub(crate) quantity: Quantity,
    pub(crate) channel: u8,
}

impl QuantityName {
    /// # Errors
    /// The vocabulary has no such quantity, or the channel is not a number from 0 to 255.
    pub(crate) fn read(key: &str) -> Result<Self, Reject> {
        let (name, channel) = match key.split_once('#') {
            None => (key, Some(0)),
            Some((name, digits)) => (name, digits.parse().ok()),
        };
        let channel = channel.ok_or_else(|| {
            Reject::new(Reason::UnknownQuantity, format!("`{}`: a channel is a number from 0 to 255", excerpt(key)))
        })?;
        let quantity = Quantity::named(name).ok_or_else(|| {
            Reject::new(Reason::UnknownQuantity, format!("`{}` is not a quantity of the vocabulary", excerpt(name)))
        })?;
        Ok(Self { quantity, channel })
    }
}
