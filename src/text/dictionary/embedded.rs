//! The dictionaries compiled into the program: deflated columns.
//!
//! Unpacked: the number of words (u32, little-endian), the total frequency (u64); then for each word, in the order of their
//! bytes, how many bytes it shares with the word before (u8 each), how many follow (u8 each), all the bytes that follow, and
//! the frequencies in LEB128. `tests/it/segment.rs` builds them.

use super::Dictionary;
use crate::text::packed::Packed;

static CHINESE: &[u8] = include_bytes!("../../../assets/words-zh.bin");
static ENGLISH: &[u8] = include_bytes!("../../../assets/words-en.bin");

/// The largest one may be when unpacked, in bytes.
const MOST_BYTES: u64 = 16 << 20;

/// The Chinese words.
pub(super) fn chinese() -> Option<Dictionary> {
    unpacked(CHINESE)
}

/// The English words.
pub(super) fn english() -> Option<Dictionary> {
    unpacked(ENGLISH)
}

fn unpacked(file: &[u8]) -> Option<Dictionary> {
    let bytes = Packed::inflate(file, MOST_BYTES)?;
    let mut packed = Packed::new(&bytes);
    let count = u32::from_le_bytes(packed.array()?) as usize;
    let total = u64::from_le_bytes(packed.array()?);
    let shared = packed.take(count)?;
    let lengths = packed.take(count)?;
    let mut tails = packed.take(lengths.iter().map(|&length| usize::from(length)).sum())?;
    let mut dictionary = Dictionary { total, ..Dictionary::default() };
    dictionary.ends.reserve_exact(count);
    dictionary.frequencies.reserve_exact(count);
    dictionary.text.reserve(count * 10);
    let mut word = Vec::new();
    for (&shared, &length) in shared.iter().zip(lengths) {
        let (tail, rest) = tails.split_at_checked(usize::from(length))?;
        tails = rest;
        word.truncate(usize::from(shared));
        word.extend_from_slice(tail);
        if !dictionary.push(std::str::from_utf8(&word).ok()?, packed.number()?) {
            return None;
        }
    }
    dictionary.beyond_ascii = !dictionary.text.is_ascii();
    dictionary.index();
    Some(dictionary)
}
