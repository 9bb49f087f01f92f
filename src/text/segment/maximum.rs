//! Maximum matching: the longest word each time.

use std::cmp::Ordering;

use super::Word;
use super::clusters::Clusters;
use super::clusters::is_plain;
use super::side::Side;
use crate::text::dictionary::CHINESE;
use crate::text::dictionary::CODES;
use crate::text::dictionary::Dictionary;
use crate::text::dictionary::Fronts;
use crate::text::dictionary::Table;

/// The words of `text`, matching from the left.
pub(super) fn forward(text: &str, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Vec<Word> {
    Matcher::<true>::new(text, dictionary).words(clusters)
}

/// The words of `text`, matching from the right.
pub(super) fn backward(text: &str, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Vec<Word> {
    let mut words = Matcher::<false>::new(text, dictionary).words(clusters);
    words.reverse();
    words
}

/// Of the two, the one with fewer words, then fewer single characters, then the backward one.
pub(super) fn bidirectional(text: &str, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Vec<Word> {
    let forward = forward(text, dictionary, clusters);
    let backward = backward(text, dictionary, clusters);
    let singles = |words: &[Word]| singles(text, words, clusters);
    let is_forward = match forward.len().cmp(&backward.len()) {
        Ordering::Less => true,
        Ordering::Equal => forward != backward && singles(&forward) < singles(&backward),
        Ordering::Greater => false,
    };
    if is_forward { forward } else { backward }
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

/// A text, and the words that are looked for from one side of it. Bytes are counted from there.
struct Matcher<'a, const FORWARD: bool> {
    side: Side<'a, FORWARD>,
    dictionary: &'a Dictionary,
    table: Table<'a>,
    fronts: &'a Fronts,
    /// Whether ASCII letters and digits in a row are a word.
    joins: bool,
}

impl<'a, const FORWARD: bool> Matcher<'a, FORWARD> {
    fn new(text: &'a str, dictionary: &'a Dictionary) -> Self {
        let (table, fronts) = (dictionary.table(!FORWARD), dictionary.fronts(!FORWARD));
        Self { side: Side(text), dictionary, table, fronts, joins: dictionary.joins_letters() }
    }

    /// All words, in the order in which they are found.
    fn words(&self, clusters: &Clusters<'_>) -> Vec<Word> {
        let text = self.side.0;
        let mut words = Vec::with_capacity(text.len() / 3 + 1);
        let mut done = 0;
        loop {
            done = self.simple(done, &mut words);
            if done >= text.len() {
                return words;
            }
            let word = match self.plain(done) {
                Some((length, known)) => self.side.word(done, length, known),
                None if FORWARD => longest_from(text, done, self.dictionary, clusters),
                None => longest_to(text, text.len() - done, self.dictionary, clusters),
            };
            done += word.end - word.start;
            words.push(word);
        }
    }

    /// Finds words as long as that is simple, from `done` on; returns how far. A function of its own, as are the next ones, so that
    /// what it needs stays in registers.
    #[inline(never)]
    fn simple(&self, mut done: usize, words: &mut Vec<Word>) -> usize {
        let (side, fronts) = (self.side, self.fronts);
        if side.0.len() < 8 {
            return done;
        }
        loop {
            let near = side.near(done);
            let mut code = Side::<FORWARD>::code(near);
            if code >= CODES {
                let (letter, size) = Side::<FORWARD>::symbol(near);
                let symbol = fronts.symbol(self.table.folded(letter));
                let Some(symbol) = symbol.filter(|symbol| is_plain(letter) && !symbol.has_more()) else { return done };
                let is_run = self.joins && letter.is_ascii_alphanumeric();
                let length = if is_run { side.run(done) } else { size };
                if !self.is_free(done + length, side.near(done + length)) {
                    return done;
                }
                words.push(side.word(done, length, symbol.is_word() && length == size));
                done += length;
                continue;
            }
            // From here on `done` is before the Chinese letter with this code.
            loop {
                let first = fronts.first(code);
                let near = side.near(done + 3);
                let second = Side::<FORWARD>::code(near);
                if second >= CODES {
                    if first.has_apart() || !self.is_free(done + 3, near) {
                        return done;
                    }
                    words.push(side.word(done, 3, first.is_word()));
                    done += 3;
                    break;
                }
                if let Some(pair) = fronts.pair(first, second) {
                    let third = Side::<FORWARD>::code(near << 24);
                    let behind = if third < CODES {
                        third + CHINESE.start
                    } else if self.is_free(done + 6, near << 24) {
                        side.letter(done + 6).map_or(0, u32::from)
                    } else {
                        return done;
                    };
                    if fronts.may_go_on(code, second, behind) {
                        let Some(length) = self.longest(done, 6, self.table.behind(pair)) else { return done };
                        if length > 0 {
                            words.push(side.word(done, length, true));
                            done += length;
                            break;
                        }
                    }
                    if fronts.is_word(pair) {
                        words.push(side.word(done, 6, true));
                        done += 6;
                        if third >= CODES {
                            break;
                        }
                        code = third;
                        continue;
                    }
                } else if first.has_apart() {
                    return done;
                }
                words.push(side.word(done, 3, first.is_word()));
                done += 3;
                code = second;
            }
        }
    }

    /// Whether the letter behind `done`, the highest of `near`, joins none before it; so for the end.
    #[inline]
    fn is_free(&self, done: usize, near: u64) -> bool {
        done >= self.side.0.len() || Side::<FORWARD>::code(near) < CODES || is_plain(Side::<FORWARD>::symbol(near).0)
    }

    /// The bytes of the longest word behind `done` whose first `length` bytes lead to a node with this base, 0 where there is
    /// none; nothing where a letter may join others in a cluster.
    #[inline(never)]
    fn longest(&self, done: usize, mut length: usize, mut base: u32) -> Option<usize> {
        let mut longest = 0;
        for letter in self.side.letters(done + length) {
            if !is_plain(letter) {
                return None;
            }
            let Some(node) = self.table.child(base, letter) else { return Some(longest) };
            length += letter.len_utf8();
            longest = if node.is_word() { length } else { longest };
            if !node.has_more() {
                break;
            }
            base = node.base();
        }
        self.side.is_free(done + length).then_some(longest)
    }

    /// The word behind `done`, in bytes, and whether the dictionary has it; nothing where clusters have to be minded.
    #[inline(never)]
    fn plain(&self, done: usize) -> Option<(usize, bool)> {
        let letter = self.side.letter(done).filter(|&letter| is_plain(letter))?;
        let known = self.table.letter(letter);
        let longest = match known.has_more() {
            true => self.longest(done, 0, self.table.root())?,
            false if known.is_word() => letter.len_utf8(),
            false => 0,
        };
        let is_run = letter.is_ascii_alphanumeric() && self.joins;
        let least = if is_run { self.side.run(done) } else { letter.len_utf8() };
        self.side.is_free(done + longest.max(least)).then_some((longest.max(least), longest >= least))
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
