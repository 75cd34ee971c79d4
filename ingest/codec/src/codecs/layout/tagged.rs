//! Frames that are a list of items, each of which begins with a key that says what it is.

use super::{Group, Reader};
use crate::normalise::Sink;
use crate::reject::{Reason, Reject};

/// Items that each begin with a key: Milesight, Watteco and many others.
#[derive(Clone, Debug)]
pub(crate) struct Tagged {
    /// Where the first item begins.
    pub(crate) from: usize,
    /// Bytes of the key.
    pub(crate) key: usize,
    pub(crate) items: Vec<Item>,
    /// What to do at a key that no item has: refuse the frame, or be content with what came before.
    pub(crate) stop_at_unknown: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// The bytes of the key; none fits any byte.
    pub(crate) key: Vec<Option<u8>>,
    pub(crate) length: Length,
    pub(crate) content: Group,
}

/// How long the value of an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Fixed(usize),
    /// To the end of the frame.
    Rest,
    /// The first byte of the value says how many follow it.
    Prefixed,
}

impl Tagged {
    pub(super) fn read(&self, bytes: &[u8], out: &mut Sink<'_>) -> Result<(), Reject> {
        let mut at = self.from;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some((key, value)) = rest.split_at_checked(self.key) else {
                return Err(self.cut(rest));
            };
            let fits = |item: &&Item| item.key.iter().zip(key).all(|(expected, byte)| expected.is_none_or(|e| e == *byte));
            let Some(item) = self.items.iter().find(fits) else {
                if self.stop_at_unknown && !out.is_empty() {
                    return Ok(());
                }
                return Err(Reject::new(Reason::UnknownFrame, format!("the profile has no item {} (at byte {at})", hex(key))));
            };
            let (skip, length) = match item.length {
                Length::Fixed(length) => (0, length),
                Length::Rest => (0, value.len()),
                Length::Prefixed => (1, usize::from(value.first().copied().unwrap_or(0))),
            };
            let Some(value) = value.get(skip..skip + length) else {
                return Err(self.cut(rest));
            };
            out.at(None);
            item.content.read(&mut Reader::new(value), out)?;
            at += self.key + skip + length;
        }
        out.at(None);
        Ok(())
    }

    fn cut(&self, rest: &[u8]) -> Reject {
        Reject::new(Reason::UnknownFrame, format!("the frame ends within an item: {}", hex(rest)))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(16).map(|b| format!("{b:02x}")).collect()
}
