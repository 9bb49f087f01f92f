//! A text as it is read from one of its sides.

use std::iter::from_fn;

use super::Word;
use super::clusters::is_plain;
use crate::text::dictionary::CHINESE;

/// A text that is read from its beginning, or from its end; how far is counted in bytes from there.
#[derive(Clone, Copy)]
pub(super) struct Side<'a, const FORWARD: bool>(pub(super) &'a str);

impl<const FORWARD: bool> Side<'_, FORWARD> {
    /// The eight bytes behind `done`, the next one highest; zeros where there are no more. The text has to be eight bytes at least.
    #[inline]
    pub(super) fn near(self, done: usize) -> u64 {
        let bytes = self.0.as_bytes();
        let last = bytes.len().wrapping_sub(8);
        let load = |done: usize| {
            let at = if FORWARD { done } else { last.wrapping_sub(done) };
            let near = bytes.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
            if FORWARD { u64::from_be_bytes(near) } else { u64::from_le_bytes(near) }
        };
        if done <= last {
            load(done)
        } else {
            let over = (done - last).min(8) as u32 * 4;
            load(last) << over << over
        }
    }

    /// The place among the Chinese letters of the one in the highest three bytes, if it is less than they are.
    #[inline]
    pub(super) fn code(near: u64) -> u32 {
        let bits = (near >> 40) as u32;
        let (first, second, third) = (bits >> 16, bits >> 8 & 0xff, bits & 0xff);
        let (first, third) = if FORWARD { (first, third) } else { (third, first) };
        code_point([first, second, third]).wrapping_sub(CHINESE.start)
    }

    /// The letter in the highest bytes, if it takes one of them or three, and how many; else none that anything is known of.
    #[inline]
    pub(super) fn symbol(near: u64) -> (char, usize) {
        if near >> 63 == 0 {
            return (char::from((near >> 56) as u8), 1);
        }
        (char::from_u32(Self::code(near).wrapping_add(CHINESE.start)).unwrap_or_default(), 3)
    }

    /// The letter behind `done`.
    #[inline]
    pub(super) fn letter(self, done: usize) -> Option<char> {
        if FORWARD {
            self.0.get(done..)?.chars().next()
        } else {
            self.0.get(..self.0.len().checked_sub(done)?)?.chars().next_back()
        }
    }

    /// The letters behind `done`.
    #[inline]
    pub(super) fn letters(self, mut done: usize) -> impl Iterator<Item = char> {
        from_fn(move || self.letter(done).inspect(|letter| done += letter.len_utf8()))
    }

    /// Whether no letter behind `done` joins the one before in a cluster, if that is plain.
    #[inline]
    pub(super) fn is_free(self, done: usize) -> bool {
        self.letter(done).is_none_or(is_plain)
    }

    /// How many ASCII letters and digits stand in a row behind `done`.
    pub(super) fn run(self, done: usize) -> usize {
        let is_letter = |byte: &&u8| byte.is_ascii_alphanumeric();
        let bytes = self.0.as_bytes().iter();
        if FORWARD {
            bytes.skip(done).take_while(is_letter).count()
        } else {
            bytes.rev().skip(done).take_while(is_letter).count()
        }
    }

    /// The word of so many bytes behind `done`.
    #[inline]
    pub(super) fn word(self, done: usize, length: usize, known: bool) -> Word {
        let (start, end) = (done, done + length);
        if FORWARD {
            Word { start, end, known }
        } else {
            Word { start: self.0.len() - end, end: self.0.len() - start, known }
        }
    }
}

/// The code point that three bytes of UTF-8 stand for; if they do, it is one of U+0800 and above.
#[inline]
pub(super) fn code_point([first, second, third]: [u32; 3]) -> u32 {
    (first << 12 ^ second << 6 ^ third) ^ (0xe << 16 | 0x80 << 6 | 0x80)
}
