//! Maximum matching: the longest word each time.

use std::cell::RefCell;
use std::hint::select_unpredictable;
use std::ops::Range;

use super::Word;
use super::clusters::Clusters;
use super::clusters::is_plain;
use super::letters::Letters;
use super::letters::Taken;
use super::steps::Direction;
use crate::text::dictionary::Dictionary;
use crate::text::dictionary::Found;
use crate::text::dictionary::Table;
use crate::text::dictionary::Walk;

/// The words of `text`, matching from the left.
pub(super) fn forward(text: &str, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Vec<Word> {
    pass(text, dictionary, clusters, Direction::Forward)
}

/// The words of `text`, matching from the right.
pub(super) fn backward(text: &str, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Vec<Word> {
    let mut words = pass(text, dictionary, clusters, Direction::Backward);
    words.reverse();
    words
}

/// Of the two, the one with fewer words, then fewer single characters, then the backward one.
pub(super) fn bidirectional(text: &str, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Vec<Word> {
    let forward = forward(text, dictionary, clusters);
    let backward = backward(text, dictionary, clusters);
    let cost = |words: &[Word]| (words.len(), singles(text, words, clusters));
    if cost(&forward) < cost(&backward) { forward } else { backward }
}

/// How many of the words are one character.
pub(super) fn singles(text: &str, words: &[Word], clusters: &Clusters<'_>) -> usize {
    let is_single = |word: &&Word| {
        let mut letters = text.get(word.start..word.end).unwrap_or_default().chars();
        match (letters.next(), letters.next()) {
            (Some(_), None) => true,
            (Some(first), Some(second)) if is_plain(first) && is_plain(second) => false,
            _ => clusters.after(word.start) == word.end,
        }
    };
    words.iter().filter(is_single).count()
}

/// The letters of a stretch, from the side that matching comes from, and the longest word at each.
#[derive(Default)]
struct Chunk {
    letters: Letters,
    /// How many letters the longest word has that begins there, at least 1; and [`KNOWN`] if there is one.
    lengths: Vec<u32>,
    /// Whether some of them are ASCII letters or digits.
    has_letters: bool,
    walk: Walk,
}

/// The bit of a length that says that the dictionary has the word.
const KNOWN: u32 = 1 << 31;
/// How many letters a chunk has; more where words may be longer.
const CHUNK: usize = 512;

thread_local! {
    /// One chunk is used again and again.
    static SPARE: RefCell<Chunk> = RefCell::default();
}

impl Chunk {
    /// Takes in letters up to one that may join others; up to which byte that one stands, if that is why they end.
    fn read(&mut self, text: &str, side: Direction, table: Table<'_>, most: usize) -> Option<usize> {
        let (mut has_letters, mut joining) = (false, None);
        let bytes = self.letters.read(text, side, table, most, |_, letter| {
            if !is_plain(letter) {
                joining = Some(letter.len_utf8());
                return Taken::Out;
            }
            has_letters |= letter.is_ascii_alphanumeric();
            Taken::In
        });
        self.has_letters = has_letters;
        joining.map(|letter| bytes + letter)
    }

    /// Calls `found` for each word that begins before the letter `sure`: its bytes, counted from that side of `rest`, and whether
    /// the dictionary has it. In a chunk that is not the `whole` rest it ends before a run of letters that may go on behind.
    #[inline]
    fn words(
        &self,
        rest: &str,
        sure: usize,
        whole: bool,
        joins: bool,
        direction: Direction,
        mut found: impl FnMut(Range<usize>, bool),
    ) {
        let (mut place, mut start) = (0, 0);
        while let Some(&length) = self.lengths.get(place).filter(|_| place < sure) {
            let (mut letters, mut known) = ((length & !KNOWN) as usize, length & KNOWN != 0);
            if joins && self.has_letters {
                let run = run(rest, start, direction);
                if place + run >= self.letters.len() && !whole {
                    return;
                }
                if run > letters {
                    (letters, known) = (run, false);
                }
            }
            place += letters;
            let end = self.letters.bytes(place);
            found(start..end, known);
            start = end;
        }
    }

    /// The words of `text` in the order in which they are found.
    fn pass(
        &mut self,
        text: &str,
        dictionary: &Dictionary,
        clusters: &Clusters<'_>,
        direction: Direction,
    ) -> Vec<Word> {
        let is_forward = direction == Direction::Forward;
        let table = dictionary.table(!is_forward);
        let longest = dictionary.longest().max(1);
        let joins = dictionary.joins_letters();
        let most = CHUNK.max(4 * longest);
        let mut words = Vec::with_capacity(text.len() / 3 + 1);
        // Bytes done from that side, and how far clusters have to be minded.
        let (mut done, mut careful) = (0, 0);
        while done < text.len() {
            let rest = if is_forward { text.get(done..) } else { text.get(..text.len() - done) }.unwrap_or_default();
            if done >= careful {
                let joining = self.read(rest, direction, table, most);
                // A word that begins before the letter `sure` ends in the chunk, and no other letter joins it there.
                let count = self.letters.len();
                let whole = self.letters.bytes(count) == rest.len();
                let sure = if whole { count } else { count.saturating_sub(longest) };
                let before = done;
                if sure > 0 {
                    self.look_up(table);
                    self.words(rest, sure, whole, joins, direction, |stretch, known| {
                        done = before + stretch.end;
                        words.push(if is_forward {
                            Word { start: before + stretch.start, end: done, known }
                        } else {
                            Word { start: text.len() - done, end: text.len() - before - stretch.start, known }
                        });
                    });
                }
                if done > before {
                    continue;
                }
                careful = done + joining.unwrap_or(1);
            }
            let word = match direction {
                Direction::Forward => longest_from(text, done, dictionary, clusters),
                Direction::Backward => longest_to(text, rest.len(), dictionary, clusters),
            };
            done += word.end - word.start;
            words.push(word);
        }
        words
    }

    fn look_up(&mut self, table: Table<'_>) {
        self.lengths.resize(self.lengths.len().max(self.letters.len()), 0);
        table.walk(self.letters.known(), &mut self.walk, &mut Longest(&mut self.lengths));
    }
}

struct Longest<'a>(&'a mut [u32]);

impl Found for Longest<'_> {
    #[inline]
    fn one(&mut self, place: usize, is_word: bool, _: f64) {
        if let Some(length) = self.0.get_mut(place) {
            *length = 1 | u32::from(is_word) << 31;
        }
    }

    #[inline]
    fn two(&mut self, place: usize, is_word: bool, _: f64) {
        if let Some(length) = self.0.get_mut(place) {
            *length = select_unpredictable(is_word, KNOWN | 2, *length);
        }
    }

    #[inline]
    fn more(&mut self, place: usize, letters: usize, _: f64) {
        if let Some(length) = self.0.get_mut(place) {
            *length = KNOWN | letters as u32;
        }
    }
}

/// The words of `text` in the order in which they are found.
fn pass(text: &str, dictionary: &Dictionary, clusters: &Clusters<'_>, direction: Direction) -> Vec<Word> {
    SPARE.with_borrow_mut(|chunk| {
        let words = chunk.pass(text, dictionary, clusters, direction);
        if chunk.letters.is_much() {
            *chunk = Chunk::default();
        }
        words
    })
}

/// How many ASCII letters and digits stand in a row behind the first `start` bytes from a side.
fn run(text: &str, start: usize, direction: Direction) -> usize {
    let is_letter = |byte: &&u8| byte.is_ascii_alphanumeric();
    match direction {
        Direction::Forward => text.as_bytes().iter().skip(start).take_while(is_letter).count(),
        Direction::Backward => text.as_bytes().iter().rev().skip(start).take_while(is_letter).count(),
    }
}

/// The longest word that begins at `start`: of the dictionary, or a run of letters; else a character by itself.
pub(super) fn longest_from(text: &str, start: usize, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Word {
    let mut end = start;
    dictionary.lengths(text.get(start..).unwrap_or_default(), |length| {
        if clusters.is_boundary(start + length) {
            end = start + length;
        }
    });
    let known = end > start;
    let least = run_from(text, start, dictionary, clusters).unwrap_or_else(|| clusters.after(start));
    if end >= least { Word { start, end, known } } else { Word { start, end: least, known: false } }
}

/// The longest word that ends at `end`.
pub(super) fn longest_to(text: &str, end: usize, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Word {
    let mut start = end;
    dictionary.suffixes(text.get(..end).unwrap_or_default(), |length| {
        if clusters.is_boundary(end - length) {
            start = end - length;
        }
    });
    let known = start < end;
    let most = run_to(text, end, dictionary, clusters).unwrap_or_else(|| clusters.before(end));
    if start <= most && known { Word { start, end, known } } else { Word { start: most, end, known: false } }
}

/// Where the run of ASCII letters and digits ends that begins at `start`, if such runs are words.
pub(super) fn run_from(text: &str, start: usize, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Option<usize> {
    let is_letter = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
    if !is_letter(start) || !dictionary.joins_letters() {
        return None;
    }
    let mut end = start;
    while is_letter(end) {
        end = clusters.after(end);
    }
    Some(end)
}

/// Where the run of ASCII letters and digits begins that ends at `end`, if such runs are words.
pub(super) fn run_to(text: &str, end: usize, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Option<usize> {
    let is_letter = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
    let mut start = end;
    while start > 0 {
        let before = clusters.before(start);
        if !is_letter(before) || !dictionary.joins_letters() {
            break;
        }
        start = before;
    }
    (start < end).then_some(start)
}
