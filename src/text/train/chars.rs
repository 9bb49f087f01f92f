//! The characters that words are made of, and which of them the vocabulary begins with.

use super::{PairRules, WordCounts};
use crate::text::{bpe::FoldMap, byte_level};

/// The characters of `word`: of the byte-level alphabet, one for each byte, or its own.
pub(super) fn units(word: &[u8], byte_level: bool) -> impl Iterator<Item = char> {
    let (bytes, text) = if byte_level { (word, "") } else { (&[][..], std::str::from_utf8(word).unwrap_or_default()) };
    bytes.iter().map(|&byte| byte_level::character(byte)).chain(text.chars())
}

/// The 256 characters of the byte-level alphabet.
pub(super) fn bytes() -> Vec<char> {
    (0..=255).map(byte_level::character).collect()
}

/// The alphabet, in the order of the code points: every character of the words, and those that are wanted anyway. Where the
/// rules limit it the most frequent stay; of those that are equally frequent the smaller code point stays (the library leaves
/// that to chance).
pub(super) fn alphabet(words: &WordCounts, rules: &PairRules) -> Vec<char> {
    let mut counts: FoldMap<char, u64> = FoldMap::default();
    for (word, times) in words.sorted() {
        for unit in units(word, rules.byte_level) {
            *counts.entry(unit).or_default() += times;
        }
    }
    counts.extend(rules.initial.iter().map(|&unit| (unit, u64::MAX)));
    let mut kept: Vec<(char, u64)> = counts.into_iter().collect();
    kept.sort_unstable_by_key(|&(unit, count)| (std::cmp::Reverse(count), unit));
    kept.truncate(rules.limit_alphabet.unwrap_or(usize::MAX));
    let mut alphabet: Vec<char> = kept.into_iter().map(|(unit, _)| unit).collect();
    alphabet.sort_unstable();
    alphabet
}
