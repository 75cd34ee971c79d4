//! Reading the fields that MQTT packets are made of: integers, strings, properties (MQTT 5 sections 1.5 and
//! 2.2.2). Total: any bytes give a value or a [`Fault`].
//!
//! Deliberately absent: allocation. What is read borrows from the packet.

use crate::fault::Fault;

const SHORT: Fault = Fault::Malformed("ends before its fields do");

/// What is left of a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], Fault> {
        let (head, tail) = self.0.split_at_checked(n).ok_or(SHORT)?;
        self.0 = tail;
        Ok(head)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Fault> {
        let (head, tail) = self.0.split_first().ok_or(SHORT)?;
        self.0 = tail;
        Ok(*head)
    }

    pub(crate) fn two(&mut self) -> Result<u16, Fault> {
        let (head, tail) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = tail;
        Ok(u16::from_be_bytes(*head))
    }

    pub(crate) fn four(&mut self) -> Result<u32, Fault> {
        let (head, tail) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = tail;
        Ok(u32::from_be_bytes(*head))
    }

    /// A packet identifier, which is never 0.
    pub(crate) fn identifier(&mut self) -> Result<u16, Fault> {
        match self.two()? {
            0 => Err(Fault::Protocol("packet identifier 0")),
            id => Ok(id),
        }
    }

    pub(crate) fn variable(&mut self) -> Result<u32, Fault> {
        match variable(self.0)? {
            Some((value, length)) => {
                self.take(length)?;
                Ok(value)
            }
            None => Err(SHORT),
        }
    }

    pub(crate) fn binary(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.two()?;
        self.take(usize::from(length))
    }

    pub(crate) fn string(&mut self) -> Result<&'a str, Fault> {
        let text = std::str::from_utf8(self.binary()?).map_err(|_| Fault::Malformed("string is not UTF-8"))?;
        if text.as_bytes().contains(&0) {
            return Err(Fault::Malformed("string with NUL"));
        }
        Ok(text)
    }

    /// Reads a block of properties. `allowed` has a bit set for each identifier that the packet may carry;
    /// all but the user property may stand only once. `each` sees those whose value is a number.
    pub(crate) fn properties(&mut self, allowed: u64, mut each: impl FnMut(u32, u32) -> Result<(), Fault>) -> Result<(), Fault> {
        let length = usize::try_from(self.variable()?).map_err(|_| SHORT)?;
        let mut block = Fields(self.take(length)?);
        let mut seen = 0_u64;
        while !block.is_empty() {
            let id = block.variable()?;
            let bit = 1_u64.checked_shl(id).unwrap_or(0);
            if allowed & bit == 0 {
                return Err(Fault::Malformed("unknown property, or one that this packet may not carry"));
            }
            if seen & bit != 0 && id != USER_PROPERTY {
                return Err(Fault::Protocol("property given twice"));
            }
            seen |= bit;
            match id {
                0x01 | 0x17 | 0x19 => each(id, u32::from(block.byte()?))?,
                0x21 | TOPIC_ALIAS | 0x22 => each(id, u32::from(block.two()?))?,
                0x02 | 0x11 | 0x18 | 0x27 => each(id, block.four()?)?,
                0x0B => each(id, block.variable()?)?,
                0x03 | 0x08 | 0x15 | 0x1F => {
                    block.string()?;
                    each(id, 0)?;
                }
                0x09 | 0x16 => {
                    block.binary()?;
                    each(id, 0)?;
                }
                USER_PROPERTY => {
                    block.string()?;
                    block.string()?;
                }
                _ => return Err(Fault::Malformed("unknown property")),
            }
        }
        Ok(())
    }
}

pub(crate) const TOPIC_ALIAS: u32 = 0x23;
const USER_PROPERTY: u32 = 0x26;

/// A set of property identifiers.
pub(crate) const fn allow(ids: &[u32]) -> u64 {
    let mut set = 0;
    let mut i = 0;
    while i < ids.len() {
        set |= 1 << ids[i];
        i += 1;
    }
    set
}

/// A variable byte integer at the front of `input`, with the bytes that it takes; none if it is not all there.
///
/// # Errors
/// Five bytes or more, or more bytes than the value needs (MQTT-1.5.5-1).
pub(crate) fn variable(input: &[u8]) -> Result<Option<(u32, usize)>, Fault> {
    let mut value = 0;
    for (i, byte) in input.iter().take(4).enumerate() {
        value |= u32::from(byte & 0x7F) << (7 * i);
        if byte & 0x80 == 0 {
            return if i > 0 && *byte == 0 {
                Err(Fault::Malformed("length in more bytes than it needs"))
            } else {
                Ok(Some((value, i + 1)))
            };
        }
    }
    if input.len() >= 4 { Err(Fault::Malformed("length of more than four bytes")) } else { Ok(None) }
}

/// That a topic may be published to (MQTT 5 section 4.7).
pub(crate) fn check_topic(topic: &[u8]) -> Result<(), Fault> {
    if topic.is_empty() {
        return Err(Fault::Topic("empty"));
    }
    // Folded, not searched: without an early exit this compiles to vector instructions.
    let bad = topic.iter().fold(false, |bad, b| bad | matches!(b, 0 | b'+' | b'#'));
    if bad {
        return Err(if topic.contains(&0) {
            Fault::Malformed("topic with NUL")
        } else {
            Fault::Topic("wildcards are for filters")
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(mut value: u32) -> Vec<u8> {
        let mut out = Vec::new();
        loop {
            let low = u8::try_from(value & 0x7F).unwrap();
            value >>= 7;
            out.push(if value > 0 { low | 0x80 } else { low });
            if value == 0 {
                return out;
            }
        }
    }

    proptest! {
        #[test]
        fn variable_integers_come_back_as_they_went(value in 0_u32..268_435_456) {
            let bytes = encode(value);
            prop_assert_eq!(variable(&bytes), Ok(Some((value, bytes.len()))));
            for cut in 0..bytes.len() {
                prop_assert_eq!(variable(&bytes[..cut]), Ok(None));
            }
        }

        #[test]
        fn any_bytes_as_properties_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut fields = Fields(&bytes);
            let _ = fields.properties(u64::MAX, |_, _| Ok(()));
            prop_assert!(fields.0.len() <= bytes.len());
        }
    }

    #[test]
    fn lengths_of_five_bytes_or_with_idle_bytes_are_malformed() {
        assert!(matches!(variable(&[0xFF; 4]), Err(Fault::Malformed(_))));
        assert!(matches!(variable(&[0x80, 0x00]), Err(Fault::Malformed(_))));
        assert_eq!(variable(&[0xFF, 0xFF, 0xFF, 0x7F]), Ok(Some((268_435_455, 4))));
    }

    #[test]
    fn a_property_given_twice_or_foreign_is_refused_but_user_properties_repeat() {
        let set = allow(&[0x23, 0x26]);
        let read = |bytes: &[u8]| Fields(bytes).properties(set, |_, _| Ok(()));
        assert!(matches!(read(&[6, 0x23, 0, 1, 0x23, 0, 2]), Err(Fault::Protocol(_))));
        assert!(matches!(read(&[5, 0x11, 0, 0, 0, 1]), Err(Fault::Malformed(_))));
        assert!(matches!(read(&[2, 0xFF, 0x7F]), Err(Fault::Malformed(_))));
        assert_eq!(read(&[10, 0x26, 0, 0, 0, 0, 0x26, 0, 0, 0, 0]), Ok(()));
    }
}
