//! The replacements of a `SentencePiece` model (its `precompiled_charsmap`): a double-array trie (Aoe 1989, as darts-clone writes
//! it) from byte strings to places among replacements that end with a zero byte.

use unicode_segmentation::UnicodeSegmentation;

use crate::text::{
    error::{Fault, Place, TokenizerError},
    section::{Edit, Section},
    trie::Trie,
};

/// The longest replacement that is read, in bytes; the longest of Unicode (for U+FDFA) has 33.
const LONGEST_REPLACEMENT: usize = 256;
/// The longest string that is looked for, in bytes: bounds the work at each place of a text.
const LONGEST_KEY: usize = 64;
const PART: &str = "precompiled_charsmap";

/// Which of the strings that a text begins with is replaced.
#[derive(Debug)]
pub(in crate::text) enum Rule {
    /// The longest, as `SentencePiece` does; strings that are pieces added by hand are kept as they are.
    Longest(Trie),
    /// The shortest within each short user-perceived character (UAX #29), which is then gone as a whole, else within each
    /// character: as the tokenizers library does.
    Grapheme,
}

/// The table of replacements.
#[derive(Debug)]
pub(in crate::text) struct Charsmap {
    units: Vec<u32>,
    replacements: String,
    rule: Rule,
}

impl Charsmap {
    /// Reads the table: the size of the trie in bytes, the trie's units, the replacements; whole numbers in 32 bits, the lowest
    /// byte first.
    ///
    /// # Errors
    /// [`TokenizerError::Damaged`] with the byte of the fault, [`TokenizerError::TooLong`].
    pub(in crate::text) fn new(bytes: &[u8], rule: Rule) -> Result<Self, TokenizerError> {
        let damaged = |byte, fault| TokenizerError::Damaged { part: PART, place: Place::Byte(byte), fault };
        let (size, rest) = bytes.split_first_chunk().ok_or(damaged(0, Fault::Truncated))?;
        let size = u32::from_le_bytes(*size) as usize;
        if size > rest.len() || !size.is_multiple_of(4) {
            return Err(damaged(0, Fault::Length));
        }
        let (units, replacements) = rest.split_at(size);
        let units: Vec<u32> = units
            .chunks_exact(4)
            .map(|unit| unit.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte)))
            .collect();
        let replacements = std::str::from_utf8(replacements)
            .map_err(|error| damaged(4 + size + error.valid_up_to(), Fault::NotUtf8))?
            .to_owned();
        let map = Self { units, replacements, rule };
        for (at, &unit) in map.units.iter().enumerate().filter(|&(_, &unit)| !is_value(unit) && has_value(unit)) {
            let leaf = map.units.get(at ^ offset(unit)).copied().filter(|&leaf| is_value(leaf));
            let text = leaf.and_then(|leaf| map.replacement(leaf)).ok_or(damaged(4 + 4 * at, Fault::Reference))?;
            if text.len() > LONGEST_REPLACEMENT {
                return Err(TokenizerError::TooLong { part: PART, length: text.len(), limit: LONGEST_REPLACEMENT });
            }
        }
        Ok(map)
    }

    fn replacement(&self, leaf: u32) -> Option<&str> {
        let text = self.replacements.get((leaf & !VALUE) as usize..)?;
        text.split_once('\0').map(|(text, _)| text)
    }

    /// Calls `found` with the end and the replacement of each string of the table that `text` begins with, the shortest first,
    /// until it answers no.
    fn each<'s>(&'s self, text: &[u8], mut found: impl FnMut(usize, &'s str) -> bool) {
        let Some(&root) = self.units.first() else { return };
        let mut at = offset(root);
        for (end, &byte) in (1..=LONGEST_KEY).zip(text) {
            at ^= usize::from(byte);
            let Some(&unit) = self.units.get(at).filter(|_| byte != 0) else { return };
            if unit & (VALUE | 0xff) != u32::from(byte) {
                return;
            }
            at ^= offset(unit);
            if has_value(unit)
                && let Some(text) = self.units.get(at).and_then(|&leaf| self.replacement(leaf))
                && !found(end, text)
            {
                return;
            }
        }
    }

    fn shortest(&self, text: &str) -> Option<&str> {
        let mut shortest = None;
        self.each(text.as_bytes(), |_, replacement| {
            shortest = Some(replacement);
            false
        });
        shortest
    }

    fn longest(&self, text: &str) -> Option<(usize, &str)> {
        let mut longest = None;
        self.each(text.as_bytes(), |end, replacement| {
            longest = Some((end, replacement));
            true
        });
        longest.filter(|&(end, _)| text.is_char_boundary(end))
    }

    /// Replaces in the whole of `section`.
    pub(super) fn apply(&self, section: &mut Section<'_>) {
        let old = section.text.clone();
        let mut edit = Edit::new(section);
        match &self.rule {
            Rule::Grapheme => self.apply_by_grapheme(&old, &mut edit),
            Rule::Longest(kept) => self.apply_longest(&old, kept, &mut edit),
        }
        edit.finish();
    }

    fn apply_by_grapheme(&self, old: &str, edit: &mut Edit<'_, '_>) {
        /// In longer ones the library looks at each character.
        const SHORT: usize = 6;
        for (start, grapheme) in old.grapheme_indices(true) {
            if grapheme.len() < SHORT
                && let Some(replacement) = self.shortest(grapheme)
            {
                edit.put(start, replacement);
                continue;
            }
            for (at, character) in grapheme.char_indices() {
                let range = start + at..start + at + character.len_utf8();
                match self.shortest(old.get(range.clone()).unwrap_or_default()) {
                    Some(replacement) => edit.put(range.start, replacement),
                    None => edit.keep(range),
                }
            }
        }
    }

    fn apply_longest(&self, old: &str, kept: &Trie, edit: &mut Edit<'_, '_>) {
        let mut at = 0;
        while let Some(rest) = old.get(at..)
            && let Some(character) = rest.chars().next()
        {
            if let Some((_, end)) = kept.longest(old.as_bytes(), at) {
                edit.keep(at..end);
                at = end;
            } else if let Some((length, replacement)) = self.longest(rest) {
                edit.put(at, replacement);
                at += length;
            } else {
                edit.keep(at..at + character.len_utf8());
                at += character.len_utf8();
            }
        }
    }
}

/// The bit of a unit that is a value and not a node.
const VALUE: u32 = 1 << 31;

fn is_value(unit: u32) -> bool {
    unit & VALUE != 0
}

fn has_value(unit: u32) -> bool {
    unit & (1 << 8) != 0
}

/// What leads from a node's place to those of its children: 21 bits, or as many 8 places further left.
fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & (1 << 9)) >> 6)) as usize
}
