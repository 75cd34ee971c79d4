//! Why bytes are not a readable M-Bus telegram.

/// Why bytes are not a readable telegram, or not readable records.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MBusError {
    /// Longer than any telegram.
    #[error("{len} bytes, a telegram has at most {}", super::LIMIT)]
    TooLong {
        /// Bytes that came.
        len: usize,
    },
    /// The bytes end inside something.
    #[error("the {what} at byte {at} needs {need} bytes, {have} are there")]
    Short {
        /// What was being read.
        what: &'static str,
        /// Where it begins, from the start of what was being read.
        at: usize,
        /// Bytes it needs.
        need: usize,
        /// Bytes left.
        have: usize,
    },
    /// The length field promises more than came.
    #[error("the length field says {said} bytes, {have} are there")]
    CutOff {
        /// Length of the whole frame by its own field.
        said: usize,
        /// Bytes that came.
        have: usize,
    },
    /// A wired frame whose check sum or end byte is wrong.
    #[error("the check sum of the wired frame is {is:#04x}, expected {expected:#04x}")]
    CheckSum {
        /// In the frame.
        is: u8,
        /// By its bytes.
        expected: u8,
    },
    /// A CRC of the radio's link layer is wrong.
    #[error("the CRC of block {block} is wrong")]
    LinkCrc {
        /// Counted from 1.
        block: usize,
    },
    /// The CRC of the extended link layer is wrong in a frame that is not encrypted.
    #[error("the CRC of the extended link layer does not fit its content")]
    PayloadCrc,
    /// A CI field that no layer here has.
    #[error("the CI field {ci:#04x} is not one of a meter's answer")]
    UnknownCi {
        /// The field.
        ci: u8,
    },
    /// The content is the manufacturer's own.
    #[error("the CI field {ci:#04x} says a format of the manufacturer {manufacturer}, which is not known")]
    Proprietary {
        /// The field.
        ci: u8,
        /// Three letters.
        manufacturer: super::Manufacturer,
    },
    /// A message in several telegrams.
    #[error("the telegram is fragment {fragment} of a message in several telegrams, which are not joined")]
    Fragment {
        /// Its number.
        fragment: u8,
    },
    /// Encrypted, and there is no key.
    #[error("encrypted ({mode}), a key is needed")]
    Encrypted {
        /// How.
        mode: super::Mode,
    },
    /// The key does not open it.
    #[error("encrypted ({mode}), the key does not fit")]
    WrongKey {
        /// How.
        mode: super::Mode,
    },
    /// Mode 7 without what its key is made of.
    #[error("encrypted (mode 7) without the message counter of which its key is made")]
    NoCounter,
    /// The message authentication code is wrong.
    #[error("the message authentication code does not fit: the content was changed, or the key is another")]
    BadMac,
    /// A security mode that is not read.
    #[error("security mode {0} is not one of 0, 5 and 7")]
    UnknownMode(u8),
    /// A compact frame whose full frame is not known.
    #[error("the compact frame has the format {signature:#06x}, which is not known")]
    UnknownFormat {
        /// CRC over the heads of the full frame's records.
        signature: u16,
    },
    /// A compact frame with more data than its format has room for.
    #[error("{left} bytes are left over behind the data of the compact frame")]
    CompactLength {
        /// Bytes left over.
        left: usize,
    },
    /// A DIF that means nothing here.
    #[error("the DIF {dif:#04x} at byte {at} does not begin a record")]
    UnknownDif {
        /// Where.
        at: usize,
        /// The byte.
        dif: u8,
    },
    /// A chain of DIFE or VIFE without an end.
    #[error("the record at byte {at} has more than 10 extensions")]
    Chain {
        /// Where the record begins.
        at: usize,
    },
    /// A length of variable data that means nothing.
    #[error("the record at byte {at} has the reserved length {lvar:#04x}")]
    Lvar {
        /// Where the record begins.
        at: usize,
        /// The byte.
        lvar: u8,
    },
    /// More records than a telegram can hold.
    #[error("more than {} records", super::RECORDS_LIMIT)]
    TooMany,
}

impl MBusError {
    /// Whether a key, or another one, would help.
    #[must_use]
    pub const fn needs_key(&self) -> bool {
        matches!(self, MBusError::Encrypted { .. } | MBusError::WrongKey { .. } | MBusError::BadMac)
    }
}
