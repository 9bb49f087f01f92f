//! A stretch of characters that are looked up: all words in it, and the most probable route through them.

use std::hint::select_unpredictable;
use std::ops::Range;

use super::route::in_block;
use crate::text::dictionary::Dictionary;
use crate::text::dictionary::Found;
use crate::text::dictionary::Letter;
use crate::text::dictionary::Walk;

/// The bit of a way that says that the dictionary has the word.
const KNOWN: u32 = 1 << 31;
/// The most letters for which room is kept from one text to the next.
const KEPT: usize = 1 << 16;

/// A stretch of text, its words, and the best route through them. One is used for many stretches.
#[derive(Default)]
pub(super) struct Block {
    /// What the dictionary knows of the letters, and one that is none behind the last.
    letters: Vec<Letter>,
    /// The byte where each letter begins, and the end.
    bytes: Vec<usize>,
    walk: Walk,
    lattice: Lattice,
    /// The logarithm of the probability of the best way from each letter to the end.
    scores: Vec<f64>,
    /// How many letters its first word has, and [`KNOWN`] if that is a word of the dictionary.
    ways: Vec<u32>,
    /// Room for the hidden Markov model.
    pub(super) trail: Vec<u8>,
}

/// The words of a block by where they begin, as the logarithms of their frequencies; minus infinity where there is none.
#[derive(Default)]
struct Lattice {
    /// Words of one letter.
    one: Vec<f64>,
    /// Words of two.
    two: Vec<f64>,
    /// Longer ones: where they begin, how many letters they have, the logarithm; in the order of these.
    more: Vec<(u32, u32, f64)>,
}

impl Found for Lattice {
    #[inline]
    fn one(&mut self, place: usize, is_word: bool, logarithm: f64) {
        if let Some(one) = self.one.get_mut(place) {
            *one = select_unpredictable(is_word, logarithm, f64::NEG_INFINITY);
        }
    }

    #[inline]
    fn two(&mut self, place: usize, is_word: bool, logarithm: f64) {
        if let Some(two) = self.two.get_mut(place) {
            *two = select_unpredictable(is_word, logarithm, f64::NEG_INFINITY);
        }
    }

    #[inline]
    fn more(&mut self, place: usize, letters: usize, logarithm: f64) {
        self.more.push((place as u32, letters as u32, logarithm));
    }
}

impl Block {
    /// Takes in the stretch that begins at byte `start`, and all words of it; returns the byte where it ends.
    pub(super) fn read(&mut self, dictionary: &Dictionary, text: &str, start: usize) -> usize {
        let Self { letters, bytes, walk, lattice, .. } = self;
        let table = dictionary.table(false);
        letters.clear();
        bytes.clear();
        let mut end = start;
        for letter in text.get(start..).unwrap_or_default().chars().take_while(|&letter| in_block(letter)) {
            letters.push(table.letter(letter));
            bytes.push(end);
            end += letter.len_utf8();
        }
        if end > start {
            bytes.push(end);
            lattice.one.resize(letters.len(), f64::NEG_INFINITY);
            lattice.two.clear();
            lattice.two.resize(letters.len(), f64::NEG_INFINITY);
            lattice.more.clear();
            letters.push(Letter::default());
            table.walk(letters, walk, lattice);
        }
        end
    }

    /// Finds the most probable route, from the end.
    pub(super) fn route(&mut self, dictionary: &Dictionary) {
        let Self { lattice, scores, ways, .. } = self;
        let total = dictionary.logarithm();
        let count = lattice.two.len();
        scores.resize(count + 1, 0.0);
        scores[count] = 0.0;
        ways.resize(count, 0);
        let mut more = lattice.more.iter().rev().peekable();
        // The scores of the two letters behind; there is no word across the end.
        let (mut next, mut second) = (0.0, f64::NEG_INFINITY);
        let words = lattice.one.iter().zip(&lattice.two).zip(ways.iter_mut());
        for (start, ((&one, &two), way)) in words.enumerate().rev() {
            let (one, two) = (one - total + next, two - total + second);
            let mut best = select_unpredictable(two >= one, two, one);
            *way = KNOWN | (1 + u32::from(two >= one));
            let mut longest = (f64::NEG_INFINITY, 0);
            while let Some(&(_, length, logarithm)) = more.next_if(|word| word.0 as usize == start) {
                let whole = logarithm - total + scores[start + length as usize];
                if whole > longest.0 {
                    longest = (whole, KNOWN | length);
                }
            }
            if longest.1 != 0 && longest.0 >= best {
                (best, *way) = longest;
            }
            if best == f64::NEG_INFINITY {
                (best, *way) = (next - total, 1);
            }
            scores[start] = best;
            (next, second) = (best, next);
        }
    }

    /// How many letters there are.
    pub(super) fn len(&self) -> usize {
        self.ways.len()
    }

    /// The words of the route, as letters, and whether the dictionary has them.
    pub(super) fn words(&self) -> impl Iterator<Item = (Range<usize>, bool)> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let way = self.ways.get(start)?;
            let word = start..start + (way & !KNOWN) as usize;
            start = word.end;
            Some((word, way & KNOWN != 0))
        })
    }

    /// Where letters stand in the text.
    #[inline]
    pub(super) fn range(&self, letters: Range<usize>) -> Range<usize> {
        let byte = |letter: usize| self.bytes.get(letter).copied().unwrap_or_default();
        byte(letters.start)..byte(letters.end)
    }

    /// Whether letters are a word of the dictionary.
    #[inline]
    pub(super) fn has(&self, letters: &Range<usize>) -> bool {
        let is_word = |words: &[f64]| words.get(letters.start).is_some_and(|word| *word > f64::NEG_INFINITY);
        match letters.len() {
            1 => is_word(&self.lattice.one),
            2 => is_word(&self.lattice.two),
            length => {
                let key = (letters.start as u32, length as u32);
                self.lattice.more.binary_search_by_key(&key, |&(start, length, _)| (start, length)).is_ok()
            }
        }
    }

    /// Gives back the room of a very long stretch.
    pub(super) fn forget_much(&mut self) {
        if self.letters.capacity() > KEPT {
            *self = Self::default();
        }
    }
}
