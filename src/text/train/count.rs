//! The words of a corpus and how often each occurs.

use super::{Recipe, TrainError};
use crate::text::{bpe::FoldMap, tokenizer::Tokenizer};

/// A longer word is learned from in parts of so many units: a merge goes through every word it changes, so that one word of
/// ten megabytes would be gone through thousands of times.
pub const LONGEST: usize = 2048;
/// The most bytes that the different words of a corpus may take together.
const MOST_BYTES: usize = 1 << 30;

/// The different words of a corpus, each with how often it occurs. A word is the bytes that it is spelled with; they are
/// UTF-8 unless the recipe works on bytes.
#[derive(Clone, Debug, Default)]
pub struct WordCounts {
    counts: FoldMap<Box<[u8]>, u64>,
    bytes: usize,
}

impl WordCounts {
    /// Counts `word` `times` more.
    pub fn add(&mut self, word: &[u8], times: u64) {
        if word.is_empty() {
            return;
        }
        if let Some(count) = self.counts.get_mut(word) {
            *count += times;
        } else {
            self.bytes += word.len();
            self.counts.insert(word.into(), times);
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: Self) {
        if self.counts.is_empty() {
            *self = other;
            return;
        }
        other.counts.into_iter().for_each(|(word, times)| self.add(&word, times));
    }

    /// How many different words there are.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many words were counted.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The words with their counts, in the order of their bytes.
    pub fn sorted(&self) -> Vec<(&[u8], u64)> {
        let mut words: Vec<_> = self.counts.iter().map(|(word, &times)| (&**word, times)).collect();
        words.sort_unstable();
        words
    }

    /// Fails where the words take more memory than they may.
    ///
    /// # Errors
    /// [`TrainError::TooManyWords`].
    pub fn check(&self) -> Result<(), TrainError> {
        if self.bytes > MOST_BYTES { Err(TrainError::TooManyWords { limit: MOST_BYTES }) } else { Ok(()) }
    }
}

/// Cuts stretches of a corpus into words and counts them, as [`Recipe`] says.
///
/// Like the library, it takes each line with its end as a text of its own. Bytes that are no UTF-8 are words by themselves
/// where the recipe works on bytes; elsewhere each becomes U+FFFD.
#[derive(Debug)]
pub struct Counter<'r> {
    recipe: &'r Recipe,
    cutter: Tokenizer,
    /// What was counted.
    pub words: WordCounts,
    /// How many bytes were no UTF-8.
    pub invalid: u64,
    /// How many words were longer than [`LONGEST`] and cut.
    pub long: u64,
}

impl<'r> Counter<'r> {
    /// Nothing is counted yet.
    ///
    /// # Errors
    /// [`TrainError::Options`] where parts of the recipe exclude one another, [`TrainError::Tokenizer`] where its pattern is
    /// none.
    pub fn new(recipe: &'r Recipe) -> Result<Self, TrainError> {
        let cutter = recipe.cutter()?;
        Ok(Self { recipe, cutter, words: WordCounts::default(), invalid: 0, long: 0 })
    }

    /// Counts the words of `bytes`, which begin and end where lines do.
    pub fn add(&mut self, bytes: &[u8]) {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            if let Ok(text) = std::str::from_utf8(line) {
                self.text(text);
                continue;
            }
            let mut whole = String::new();
            for chunk in line.utf8_chunks() {
                self.invalid += chunk.invalid().len() as u64;
                if self.recipe.byte_level {
                    self.text(chunk.valid());
                    self.words.add(chunk.invalid(), 1);
                } else {
                    whole.push_str(chunk.valid());
                    whole.extend((!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER));
                }
            }
            self.text(&whole);
        }
    }

    fn text(&mut self, text: &str) {
        let Self { recipe, cutter, words, long, .. } = self;
        cutter.cut(text, |word| {
            if word.len() <= LONGEST {
                return words.add(word.as_bytes(), 1);
            }
            // Of characters it may be none too long after all.
            let is_long = recipe.byte_level || word.chars().nth(LONGEST).is_some();
            *long += u64::from(is_long);
            if recipe.byte_level {
                return word.as_bytes().chunks(LONGEST).for_each(|part| words.add(part, 1));
            }
            let mut rest = word;
            while !rest.is_empty() {
                let end = rest.char_indices().nth(LONGEST).map_or(rest.len(), |(at, _)| at);
                let (part, after) = rest.split_at(end);
                words.add(part.as_bytes(), 1);
                rest = after;
            }
        });
    }
}
