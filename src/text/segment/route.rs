//! The most probable route through the lattice of words, in the way of jieba.
//!
//! Each word has the probability of its frequency over the total, a character that is no word that of a frequency of 1; a
//! route's probability is the product over its words. Of two equal ones, the one whose first word is longer counts.

use std::ops::Range;

use super::Segmenter;
use super::Word;
use super::clusters::Clusters;
use crate::text::pretokenize::is_space;

/// The words of `text`. With `hmm`, runs of single characters are cut again by the hidden Markov model. No cluster is cut.
pub(super) fn cut(segmenter: Segmenter<'_>, text: &str, clusters: &Clusters<'_>, hmm: bool) -> Vec<Word> {
    let mut out = Out { segmenter, text, clusters, words: Vec::with_capacity(text.len() / 4), start: 0 };
    let mut block = Block::default();
    blocks(text, |range, is_block| {
        if !is_block {
            return out.push(range.end, None);
        }
        block.route(segmenter, text, range);
        if hmm { with_hmm(&block, &mut out) } else { plain(&block, &mut out) }
    });
    out.words
}

/// The text in stretches of characters that are looked up, and what lies between: single characters, and line ends.
pub(super) fn blocks(text: &str, mut found: impl FnMut(Range<usize>, bool)) {
    let mut characters = text.char_indices().peekable();
    while let Some((start, character)) = characters.next() {
        let mut end = start + character.len_utf8();
        if !in_block(character) {
            let line_end = character == '\r' && is_space(character);
            if line_end && let Some((at, _)) = characters.next_if(|&(_, next)| next == '\n') {
                end = at + 1;
            }
            found(start..end, false);
            continue;
        }
        while let Some((at, next)) = characters.next_if(|&(_, next)| in_block(next)) {
            end = at + next.len_utf8();
        }
        found(start..end, true);
    }
}

/// The characters that jieba looks up: common Chinese ones, and those of ASCII words.
fn in_block(character: char) -> bool {
    is_chinese(character)
        || character.is_ascii_alphanumeric()
        || matches!(character, '+' | '#' | '&' | '.' | '_' | '%' | '-')
}

/// The characters that the hidden Markov model has tags for.
pub(super) fn is_chinese(character: char) -> bool {
    matches!(character, '\u{4e00}'..='\u{9fd5}')
}

/// Words as they are settled.
pub(super) struct Out<'a> {
    segmenter: Segmenter<'a>,
    text: &'a str,
    clusters: &'a Clusters<'a>,
    words: Vec<Word>,
    start: usize,
}

impl Out<'_> {
    /// The next word ends at `end`, unless a cluster would be cut there. Whether the dictionary has it is looked up where
    /// that isn't known.
    fn push(&mut self, end: usize, known: Option<bool>) {
        if !self.clusters.is_boundary(end) {
            return;
        }
        let start = std::mem::replace(&mut self.start, end);
        let known = known.filter(|_| self.clusters.are_letters()).unwrap_or_else(|| {
            let word = self.text.get(start..end).unwrap_or_default();
            self.segmenter.dictionary.frequency(word).is_some()
        });
        self.words.push(Word { start, end, known });
    }
}

/// A way on from a character of a block.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// The logarithm of the probability of the best route from here to the end of the block.
    logarithm: f64,
    /// The character where its first word ends.
    next: u32,
    /// Whether that is a word of the dictionary.
    known: bool,
}

/// A stretch of characters that are looked up, and the best route through it. One is used for all stretches of a text.
#[derive(Debug, Default)]
struct Block {
    letters: Vec<char>,
    /// The byte where each letter begins, and the end.
    bytes: Vec<usize>,
    ways: Vec<Way>,
    words: Vec<(Range<usize>, bool)>,
}

impl Block {
    /// Finds the words of the most probable route, as ranges of letters.
    fn route(&mut self, segmenter: Segmenter<'_>, text: &str, range: Range<usize>) {
        let Self { letters, bytes, ways, words } = self;
        letters.clear();
        bytes.clear();
        for (at, letter) in text.get(range.clone()).unwrap_or_default().char_indices() {
            letters.push(letter);
            bytes.push(range.start + at);
        }
        bytes.push(range.end);
        let total = segmenter.dictionary.logarithm();
        ways.clear();
        ways.resize(letters.len() + 1, Way::default());
        for start in (0..letters.len()).rev() {
            let mut best: Option<Way> = None;
            segmenter.dictionary.logarithms(letters.get(start..).unwrap_or_default(), |length, logarithm| {
                let after = ways.get(start + length).map_or(0.0, |way| way.logarithm);
                let logarithm = logarithm - total + after;
                if best.is_none_or(|best| logarithm >= best.logarithm) {
                    best = Some(Way { logarithm, next: (start + length) as u32, known: true });
                }
            });
            let alone = || Way {
                logarithm: ways.get(start + 1).map_or(0.0, |way| way.logarithm) - total,
                next: start as u32 + 1,
                known: false,
            };
            let way = best.unwrap_or_else(alone);
            if let Some(slot) = ways.get_mut(start) {
                *slot = way;
            }
        }
        words.clear();
        let mut start = 0;
        while let Some(way) = ways.get(start).filter(|_| start < letters.len()) {
            words.push((start..way.next as usize, way.known));
            start = way.next as usize;
        }
    }

    /// The byte where the character at `letter` begins.
    fn byte(&self, letter: usize) -> usize {
        self.bytes.get(letter).copied().unwrap_or_default()
    }
}

/// The words as they are, single letters and digits in a row joined.
fn plain(block: &Block, out: &mut Out<'_>) {
    let mut open = None;
    for (word, known) in &block.words {
        let joins = word.len() == 1 && block.letters.get(word.start).is_some_and(char::is_ascii_alphanumeric);
        let end = block.byte(word.end);
        if joins {
            open = Some(end);
            continue;
        }
        if let Some(end) = open.take() {
            out.push(end, None);
        }
        out.push(end, Some(*known));
    }
    if let Some(end) = open {
        out.push(end, None);
    }
}

/// The words, single characters in a row cut anew.
fn with_hmm(block: &Block, out: &mut Out<'_>) {
    let mut run: Range<usize> = 0..0;
    for (word, known) in &block.words {
        if word.len() == 1 {
            run = if run.is_empty() { word.clone() } else { run.start..word.end };
            continue;
        }
        recut(block, &std::mem::take(&mut run), out);
        out.push(block.byte(word.end), Some(*known));
    }
    recut(block, &run, out);
}

/// What becomes of a run of single characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recut {
    /// It is one character.
    Alone,
    /// It is a word that the route took apart, and stays apart.
    Apart,
    /// It is cut anew.
    Anew,
}

impl Recut {
    /// What becomes of `run`.
    pub(super) fn of(run: &str, segmenter: Segmenter<'_>) -> Self {
        if run.chars().nth(1).is_none() {
            Self::Alone
        } else if segmenter.dictionary.frequency(run).is_some() {
            Self::Apart
        } else {
            Self::Anew
        }
    }
}

fn recut(block: &Block, run: &Range<usize>, out: &mut Out<'_>) {
    if run.is_empty() {
        return;
    }
    let start = block.byte(run.start);
    let run_text = out.text.get(start..block.byte(run.end)).unwrap_or_default();
    if Recut::of(run_text, out.segmenter) == Recut::Anew {
        let hmm = out.segmenter.hmm;
        parts(run_text, |part, chinese| {
            let text = run_text.get(part.clone()).unwrap_or_default();
            let mut end = start + part.start;
            if chinese {
                for length in hmm.words(text) {
                    end += length;
                    out.push(end, None);
                }
            } else {
                for length in ascii_words(text.as_bytes()) {
                    out.push(end + length, None);
                }
            }
        });
    } else {
        (run.start + 1..=run.end).for_each(|end| out.push(block.byte(end), None));
    }
}

/// A run in stretches of Chinese characters and of others.
pub(super) fn parts(run: &str, mut found: impl FnMut(Range<usize>, bool)) {
    let mut at = 0;
    while at < run.len() {
        let rest = run.get(at..).unwrap_or_default();
        let chinese = rest.starts_with(is_chinese);
        let length = rest.find(|letter| is_chinese(letter) != chinese).unwrap_or(rest.len());
        found(at..at + length, chinese);
        at += length;
    }
}

/// Where the parts of `text` end: numbers and words (`[a-zA-Z0-9]+(\.\d+)?%?`), and what lies between.
pub(super) fn ascii_words(text: &[u8]) -> Vec<usize> {
    let run = |from: usize, is: fn(&u8) -> bool| {
        from + text.get(from..).unwrap_or_default().iter().take_while(|byte| is(byte)).count()
    };
    let mut ends = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let between = run(at, |byte| !byte.is_ascii_alphanumeric());
        if between > at {
            ends.push(between);
        }
        let mut end = run(between, u8::is_ascii_alphanumeric);
        if end > between {
            if text.get(end) == Some(&b'.') {
                let fraction = run(end + 1, u8::is_ascii_digit);
                end = if fraction > end + 1 { fraction } else { end };
            }
            end += usize::from(text.get(end) == Some(&b'%'));
            ends.push(end);
        }
        at = end;
    }
    ends
}
