//! A stretch of text: all words in it, and the most probable route through them.

use std::hint::select_unpredictable;
use std::ops::Range;

use super::clusters::is_plain;
use super::letters::Letters;
use super::letters::Taken;
use super::route::in_block;
use crate::text::dictionary::Dictionary;
use crate::text::dictionary::Found;
use crate::text::dictionary::Walk;

/// The bit of a way that says that the dictionary has the word.
const KNOWN: u32 = 1 << 31;
/// After how many letters a block ends with the next one that is not looked up.
const ENOUGH: usize = 512;

/// A stretch of text, its words, and the best route through those letters that are looked up. One is used for many stretches.
#[derive(Default)]
pub(super) struct Block {
    /// The byte where it begins.
    start: usize,
    letters: Letters,
    /// The letters that are not looked up, and whether each is a word of the dictionary.
    gaps: Vec<(u32, bool)>,
    /// Whether some of these may join others in a cluster.
    joins: bool,
    walk: Walk,
    lattice: Lattice,
    /// The logarithm of the probability of the best way from each letter to the next gap.
    scores: Vec<f64>,
    /// How many letters its first word has, and [`KNOWN`] if that is a word of the dictionary.
    ways: Vec<u32>,
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
    /// Takes in a stretch that begins at byte `start`, and all words of it; returns the byte where it ends.
    pub(super) fn read(&mut self, dictionary: &Dictionary, text: &str, start: usize) -> usize {
        let Self { letters, walk, lattice, gaps, joins, .. } = self;
        let table = dictionary.table(false);
        self.start = start;
        gaps.clear();
        *joins = false;
        let rest = text.get(start..).unwrap_or_default();
        let bytes = letters.read(rest, table, |place, letter| {
            if in_block(letter) {
                return Taken::In;
            }
            if place >= ENOUGH {
                return Taken::Out;
            }
            *joins |= !is_plain(letter);
            gaps.push((place as u32, table.letter(letter).is_word()));
            Taken::Apart
        });
        lattice.one.resize(letters.len(), f64::NEG_INFINITY);
        lattice.two.clear();
        lattice.two.resize(letters.len(), f64::NEG_INFINITY);
        lattice.more.clear();
        table.walk(letters.known(), walk, lattice);
        start + bytes
    }

    /// Finds the most probable route between gaps, from the end; `total` is the logarithm of the sum of all frequencies.
    #[inline(never)]
    pub(super) fn route(&mut self, total: f64) {
        let Self { lattice, scores, ways, gaps, letters, .. } = self;
        let mut end = letters.len();
        scores.resize(end + 1, 0.0);
        ways.resize(end, 0);
        let mut more = lattice.more.iter().rev().peekable();
        for gap in gaps.iter().map(|gap| Some(gap.0 as usize)).rev().chain([None]) {
            scores[end] = 0.0;
            let first = gap.map_or(0, |gap| gap + 1);
            // The scores of the two letters behind; there is no word across the end.
            let (mut next, mut second) = (0.0, f64::NEG_INFINITY);
            let words = lattice.one[first..end].iter().zip(&lattice.two[first..end]).zip(&mut ways[first..end]);
            for (start, ((&one, &two), way)) in (first..end).zip(words).rev() {
                let (one, two) = (one - total + next, two - total + second);
                // The greater one, in the form that is one instruction.
                let mut best = if one > two { one } else { two };
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
            end = gap.unwrap_or(0);
        }
    }

    /// The letters between gaps, and behind each stretch of them, where it is not the last, the gap: whether it is a word.
    pub(super) fn stretches(&self) -> impl Iterator<Item = (Range<usize>, Option<bool>)> {
        let mut start = 0;
        let ends = self.gaps.iter().map(|&(gap, known)| (gap as usize, Some(known)));
        ends.chain([(self.letters.len(), None)]).map(move |(end, gap)| {
            let stretch = start..end;
            start = end + 1;
            (stretch, gap)
        })
    }

    /// Whether a cluster may go on behind a letter.
    #[inline]
    pub(super) fn may_join(&self, letter: usize) -> bool {
        self.joins || letter + 1 == self.letters.len()
    }

    /// The words of the route through a stretch, as letters, and whether the dictionary has them.
    #[inline]
    pub(super) fn words(&self, stretch: Range<usize>) -> impl Iterator<Item = (Range<usize>, bool)> {
        let ways = self.ways.get(..stretch.end).unwrap_or_default();
        let mut start = stretch.start;
        std::iter::from_fn(move || {
            let way = ways.get(start)?;
            let word = start..start + (way & !KNOWN) as usize;
            start = word.end;
            Some((word, way & KNOWN != 0))
        })
    }

    /// Where letters stand in the text.
    #[inline]
    pub(super) fn range(&self, letters: Range<usize>) -> Range<usize> {
        self.start + self.letters.bytes(letters.start)..self.start + self.letters.bytes(letters.end)
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
        if self.letters.is_much() {
            *self = Self::default();
        }
    }
}
