//! The most probable route through the lattice of words, in the way of jieba.
//!
//! Each word has the probability of its frequency over the total, a character that is no word that of a frequency of 1; a
//! route's probability is the product over its words. Of two equal ones, the one whose first word is longer counts.

use std::ops::Range;

use crate::text::{dictionary::Dictionary, hmm, pretokenize::is_space};

/// Where the words of `text` end. With `hmm`, runs of single characters are cut again by the hidden Markov model.
pub(super) fn cut(text: &str, dictionary: &Dictionary, hmm: bool) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some((start, character)) = characters.next() {
        let mut end = start + character.len_utf8();
        if !in_block(character) {
            let line_end = character == '\r' && is_space(character);
            if line_end && let Some((at, _)) = characters.next_if(|&(_, next)| next == '\n') {
                end = at + 1;
            }
            ends.push(end);
            continue;
        }
        while let Some((at, next)) = characters.next_if(|&(_, next)| in_block(next)) {
            end = at + next.len_utf8();
        }
        let block = text.get(start..end).unwrap_or_default();
        let mut cutter = Block { text: block, base: start, dictionary, ends: &mut ends };
        let words = cutter.route();
        if hmm { cutter.with_hmm(&words) } else { cutter.plain(&words) }
    }
    ends
}

/// The characters that jieba looks up: common Chinese ones, and those of ASCII words.
fn in_block(character: char) -> bool {
    is_chinese(character)
        || character.is_ascii_alphanumeric()
        || matches!(character, '+' | '#' | '&' | '.' | '_' | '%' | '-')
}

fn is_chinese(character: char) -> bool {
    matches!(character, '\u{4e00}'..='\u{9fd5}')
}

struct Block<'a> {
    text: &'a str,
    base: usize,
    dictionary: &'a Dictionary,
    ends: &'a mut Vec<usize>,
}

impl Block<'_> {
    /// The words of the most probable route, as byte ranges of the block.
    fn route(&self) -> Vec<Range<usize>> {
        let logarithm = (self.dictionary.total() as f64).ln();
        let length = self.text.len();
        // For each byte where a character begins: the best log-probability from there on, and where its first word ends.
        let mut best = vec![(0.0_f64, 0); length + 1];
        for (start, character) in self.text.char_indices().rev() {
            let mut way = None;
            let mut try_word = |end: usize, frequency: u64| {
                let after = best.get(end).map_or(0.0, |way| way.0);
                let probability = (frequency.max(1) as f64).ln() - logarithm + after;
                if way.is_none_or(|(so_far, _)| probability >= so_far) {
                    way = Some((probability, end));
                }
            };
            self.dictionary.prefixes(self.text.get(start..).unwrap_or_default(), |length, frequency| {
                if frequency > 0 {
                    try_word(start + length, frequency);
                }
            });
            if way.is_none() {
                let after = start + character.len_utf8();
                way = Some((-logarithm + best.get(after).map_or(0.0, |way| way.0), after));
            }
            if let (Some(slot), Some(way)) = (best.get_mut(start), way) {
                *slot = way;
            }
        }
        let mut words = Vec::new();
        let mut start = 0;
        while start < length {
            let end = best.get(start).map_or(length, |way| way.1).max(start + 1);
            words.push(start..end);
            start = end;
        }
        words
    }

    fn is_one_character(&self, word: &Range<usize>) -> bool {
        self.text.get(word.clone()).is_some_and(|word| word.chars().nth(1).is_none())
    }

    fn push(&mut self, end: usize) {
        self.ends.push(self.base + end);
    }

    /// The words as they are, single letters and digits in a row joined.
    fn plain(&mut self, words: &[Range<usize>]) {
        let mut open = None;
        for word in words {
            let joins = word.len() == 1 && self.text.as_bytes().get(word.start).is_some_and(u8::is_ascii_alphanumeric);
            if joins {
                open = Some(word.end);
            } else {
                if let Some(end) = open.take() {
                    self.push(end);
                }
                self.push(word.end);
            }
        }
        if let Some(end) = open {
            self.push(end);
        }
    }

    /// The words, single characters in a row cut anew.
    fn with_hmm(&mut self, words: &[Range<usize>]) {
        let mut run: Range<usize> = 0..0;
        for word in words {
            if self.is_one_character(word) {
                run = if run.is_empty() { word.clone() } else { run.start..word.end };
                continue;
            }
            self.recut(&std::mem::take(&mut run));
            self.push(word.end);
        }
        self.recut(&run);
    }

    fn recut(&mut self, run: &Range<usize>) {
        let text = self.text;
        let Some(run_text) = text.get(run.clone()).filter(|text| !text.is_empty()) else { return };
        if self.is_one_character(run) {
            self.push(run.end);
        } else if self.dictionary.frequency(run_text).is_some_and(|frequency| frequency > 0) {
            // A word that the route took apart stays apart.
            run_text.char_indices().for_each(|(at, character)| self.push(run.start + at + character.len_utf8()));
        } else {
            let mut at = run.start;
            while at < run.end {
                let rest = text.get(at..run.end).unwrap_or_default();
                let chinese = rest.find(|character| !is_chinese(character)).unwrap_or(rest.len());
                if chinese > 0 {
                    for length in hmm::words(rest.get(..chinese).unwrap_or_default()) {
                        at += length;
                        self.push(at);
                    }
                } else {
                    let other = rest.find(is_chinese).unwrap_or(rest.len());
                    for end in ascii_words(rest.as_bytes().get(..other).unwrap_or_default()) {
                        self.push(at + end);
                    }
                    at += other;
                }
            }
        }
    }
}

/// Where the parts of `text` end: numbers and words (`[a-zA-Z0-9]+(\.\d+)?%?`), and what lies between.
fn ascii_words(text: &[u8]) -> Vec<usize> {
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
