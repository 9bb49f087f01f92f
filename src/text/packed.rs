//! Reading the tables compiled into the program.

use std::io::Read;

use flate2::read::DeflateDecoder;

/// Bytes, read from their start.
pub(super) struct Packed<'a>(&'a [u8]);

impl<'a> Packed<'a> {
    /// Begins at the start of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Unpacks deflated `bytes`, at most `limit` of them.
    pub(super) fn inflate(bytes: &[u8], limit: u64) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(bytes.len().saturating_mul(3));
        DeflateDecoder::new(bytes).take(limit).read_to_end(&mut out).ok()?;
        Some(out)
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// The next number in LEB128: seven bits a byte, the lowest first, the top bit set on all but the last.
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}
