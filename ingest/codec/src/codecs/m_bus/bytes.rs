//! A reader that takes bytes off the front and says what was missing.

use super::MBusError;

/// What is left of some bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
    /// Bytes taken so far.
    pub(super) at: usize,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next `count` bytes; `what` names them in the error.
    pub(super) fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], MBusError> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or_else(|| self.short(count, what))?;
        self.rest = rest;
        self.at += count;
        Ok(head)
    }

    /// The next `N` bytes; `what` names them in the error.
    pub(super) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], MBusError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or_else(|| self.short(N, what))?;
        self.rest = rest;
        self.at += N;
        Ok(*head)
    }

    pub(super) fn byte(&mut self, what: &'static str) -> Result<u8, MBusError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    fn short(&self, need: usize, what: &'static str) -> MBusError {
        MBusError::Short { what, at: self.at, need, have: self.rest.len() }
    }
}
