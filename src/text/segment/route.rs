//! The most probable route through the lattice of words, in the way of jieba.
//!
//! Each word has the probability of its frequency over the total, a character that is no word that of a frequency of 1; a
//! route's probability is the product over its words. Of two equal ones, the one whose first word is longer counts.

use std::cell::RefCell;
use std::ops::Range;

use super::Segmenter;
use super::Word;
use super::block::Block;
use super::clusters::Clusters;
use super::clusters::is_plain;

/// The words of `text`. With `hmm`, runs of single characters are cut again by the hidden Markov model. No cluster is cut.
pub(super) fn cut(segmenter: Segmenter<'_>, text: &str, clusters: &Clusters<'_>, hmm: bool) -> Vec<Word> {
    let mut out = Out { segmenter, text, clusters, words: Vec::with_capacity(text.len() / 3 + 1), start: 0 };
    let total = segmenter.dictionary.logarithm();
    SPARE.with_borrow_mut(|(block, trail)| {
        let mut at = 0;
        while at < text.len() {
            let end = block.read(segmenter.dictionary, text, at);
            block.route(total);
            // A line end of two bytes may reach over a gap, and over the block.
            let mut done = at;
            for (stretch, gap) in block.stretches() {
                let behind = stretch.end;
                if hmm {
                    with_hmm(block, stretch, trail, &mut out);
                } else {
                    plain(block, stretch, &mut out);
                }
                let start = block.range(behind..behind).start;
                if let Some(known) = gap.filter(|_| start >= done) {
                    done = between(text, start);
                    let is_one = text.as_bytes().get(start) != Some(&b'\r');
                    out.push_known(start..done, is_one.then_some(known), block.may_join(behind));
                }
            }
            at = end.max(done);
        }
        block.forget_much();
    });
    out.words
}

thread_local! {
    /// One block, and room for the hidden Markov model, are used again and again.
    static SPARE: RefCell<(Block, Vec<u8>)> = RefCell::default();
}

/// The text in stretches of characters that are looked up, and what lies between: single characters, and line ends.
pub(super) fn blocks(text: &str, mut found: impl FnMut(Range<usize>, bool)) {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let block = rest.find(|letter| !in_block(letter)).unwrap_or(rest.len());
        let end = if block > 0 { at + block } else { between(text, at) };
        found(at..end, block > 0);
        at = end;
    }
}

/// Where the character or line end ends that stands between blocks.
fn between(text: &str, at: usize) -> usize {
    let mut letters = text.get(at..).unwrap_or_default().chars();
    let first = letters.next();
    let line_end = first == Some('\r') && letters.next() == Some('\n');
    at + if line_end { 2 } else { first.map_or(1, char::len_utf8) }
}

/// The characters that jieba looks up: common Chinese ones, and those of ASCII words.
#[inline]
pub(super) fn in_block(character: char) -> bool {
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
    /// The next word ends with `word`, unless a cluster would be cut there, which is so only where one `may_join`; whether the
    /// dictionary has it is looked up where that isn't known.
    #[inline]
    fn push_known(&mut self, word: Range<usize>, known: Option<bool>, may_join: bool) {
        if may_join && !self.may_end(word.end) {
            return;
        }
        let start = std::mem::replace(&mut self.start, word.end);
        let known = known.filter(|_| start == word.start).unwrap_or_else(|| {
            let word = self.text.get(start..word.end).unwrap_or_default();
            self.segmenter.dictionary.frequency(word).is_some()
        });
        self.words.push(Word { start, end: word.end, known });
    }

    /// Whether no cluster is cut there.
    #[inline(never)]
    fn may_end(&self, end: usize) -> bool {
        let (before, after) = self.text.split_at_checked(end).unwrap_or((self.text, ""));
        let is_sure = after.chars().next().is_none_or(is_plain) && before.chars().next_back().is_none_or(is_plain);
        is_sure || self.clusters.is_boundary(end)
    }

    /// The next word is these letters of a block.
    #[inline]
    fn push(&mut self, block: &Block, letters: Range<usize>, known: bool) {
        let may_join = block.may_join(letters.end.wrapping_sub(1));
        self.push_known(block.range(letters), Some(known), may_join);
    }
}

/// The words as they are, single letters and digits in a row joined.
fn plain(block: &Block, stretch: Range<usize>, out: &mut Out<'_>) {
    let mut run = 0..0;
    for (word, known) in block.words(stretch) {
        let text = out.text.as_bytes().get(block.range(word.clone())).unwrap_or_default();
        if matches!(text, [letter] if letter.is_ascii_alphanumeric()) {
            run = if run.is_empty() { word } else { run.start..word.end };
            continue;
        }
        if !run.is_empty() {
            let run = std::mem::take(&mut run);
            out.push(block, run.clone(), block.has(&run));
        }
        out.push(block, word, known);
    }
    if !run.is_empty() {
        out.push(block, run.clone(), block.has(&run));
    }
}

/// The words, single characters in a row cut anew.
fn with_hmm(block: &Block, stretch: Range<usize>, trail: &mut Vec<u8>, out: &mut Out<'_>) {
    let mut run = 0..0;
    for (word, known) in block.words(stretch) {
        if word.len() == 1 {
            run = if run.is_empty() { word } else { run.start..word.end };
            continue;
        }
        recut(block, std::mem::take(&mut run), trail, out);
        out.push(block, word, known);
    }
    recut(block, run, trail, out);
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

fn recut(block: &Block, run: Range<usize>, trail: &mut Vec<u8>, out: &mut Out<'_>) {
    if run.len() < 2 || block.has(&run) {
        return run.for_each(|letter| out.push(block, letter..letter + 1, block.has(&(letter..letter + 1))));
    }
    let (text, hmm) = (out.text, out.segmenter.hmm);
    let mut start = run.start;
    let mut push = |end: usize| {
        let word = std::mem::replace(&mut start, end)..end;
        let known = block.has(&word);
        out.push(block, word, known);
    };
    let run_text = text.get(block.range(run.clone())).unwrap_or_default();
    let mut at = run.start;
    parts(run_text, |part, chinese| {
        let part = run_text.get(part).unwrap_or_default();
        if chinese {
            at += hmm.cut(part.chars(), trail, |length| push(at + length));
        } else {
            for length in ascii_words(part.as_bytes()) {
                push(at + length);
            }
            // All of these are ASCII: a letter is a byte.
            at += part.len();
        }
    });
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
