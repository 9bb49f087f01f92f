//! Maximum matching: the longest word each time.

use std::cell::Cell;
use std::hint::select_unpredictable;
use std::ops::Range;

use super::Word;
use super::clusters::Clusters;
use super::clusters::is_plain;
use super::steps::Direction;
use crate::text::dictionary::Dictionary;
use crate::text::dictionary::Found;
use crate::text::dictionary::Letter;
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
    /// How many letters there are; the lists below may have more.
    count: usize,
    /// What the dictionary knows of them, and one that is none behind the last.
    letters: Vec<Letter>,
    /// How many bytes the letters up to and with each take.
    ends: Vec<u32>,
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
    static SPARE: Cell<Chunk> = Cell::default();
}

/// Why a chunk ends.
enum End {
    /// The text does.
    Text,
    /// It is full.
    Full,
    /// A letter may join others, and stands up to this byte.
    Joining(usize),
}

impl Chunk {
    #[inline(never)]
    fn read(&mut self, letters: impl Iterator<Item = char>, table: Table<'_>, most: usize) -> End {
        let (mut count, mut bytes, mut has_letters, mut end) = (0, 0, false, End::Text);
        self.ends.resize(most, 0);
        self.letters.resize(most + 1, Letter::default());
        for (letter, (known, last)) in letters.zip(self.letters.iter_mut().zip(&mut self.ends)) {
            if !is_plain(letter) {
                end = End::Joining(bytes + letter.len_utf8());
                break;
            }
            bytes += letter.len_utf8();
            has_letters |= letter.is_ascii_alphanumeric();
            (*known, *last) = (table.letter(letter), bytes as u32);
            count += 1;
        }
        if count == most {
            end = End::Full;
        }
        self.letters[count] = Letter::default();
        (self.count, self.has_letters) = (count, has_letters);
        end
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
                if place + run >= self.count && !whole {
                    return;
                }
                if run > letters {
                    (letters, known) = (run, false);
                }
            }
            place += letters;
            let end = self.ends[place - 1] as usize;
            found(start..end, known);
            start = end;
        }
    }

    fn look_up(&mut self, table: Table<'_>) {
        self.lengths.resize(self.letters.len(), 0);
        table.walk(&self.letters[..=self.count], &mut self.walk, &mut Longest(&mut self.lengths));
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
    let is_forward = direction == Direction::Forward;
    let table = dictionary.table(!is_forward);
    let longest = dictionary.longest().max(1);
    let joins = dictionary.joins_letters();
    let mut words = Vec::with_capacity(text.len() / 3 + 1);
    let mut chunk = SPARE.take();
    // Bytes done from that side, and how far clusters have to be minded.
    let (mut done, mut careful) = (0, 0);
    while done < text.len() {
        let rest = if is_forward { text.get(done..) } else { text.get(..text.len() - done) }.unwrap_or_default();
        if done >= careful {
            let most = CHUNK.max(4 * longest);
            let end = if is_forward {
                chunk.read(rest.chars(), table, most)
            } else {
                chunk.read(rest.chars().rev(), table, most)
            };
            // A word that begins before this letter ends in the chunk, and no other letter joins it there.
            let sure = match end {
                End::Text => chunk.count,
                End::Full | End::Joining(_) => chunk.count.saturating_sub(longest),
            };
            let before = done;
            if sure > 0 {
                chunk.look_up(table);
                chunk.words(rest, sure, matches!(end, End::Text), joins, direction, |stretch, known| {
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
            careful = done
                + match end {
                    End::Joining(bytes) => bytes,
                    End::Text | End::Full => 1,
                };
        }
        let word = match direction {
            Direction::Forward => longest_from(text, done, dictionary, clusters),
            Direction::Backward => longest_to(text, rest.len(), dictionary, clusters),
        };
        done += word.end - word.start;
        words.push(word);
    }
    SPARE.set(chunk);
    words
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
