//! Tokenizers beside one another: what each makes of the same text, and where they agree.

use std::collections::HashMap;
use std::io;
use std::io::BufRead;
use std::sync::Arc;

use crate::model::Model;
use crate::text::segment::{Gold, Score};
use crate::text::{Dictionary, Hmm, Method, Segmenter, Tokenizer};

mod ribbon;

pub use ribbon::{Slot, aligned};

/// A text is read in parts of at least so many bytes, each up to the end of a line.
pub const PART: usize = 1 << 20;
/// A line longer than this is refused.
const LONGEST_LINE: usize = 64 << 20;

/// Something that cuts a text.
#[derive(Clone, Debug)]
pub enum Cutter {
    /// A tokenizer.
    Tokenizer(Arc<Tokenizer>),
    /// The tokenizer of a model; one that has none gives nothing.
    Model(Arc<Model>),
    /// A method with a dictionary; the one that is embedded for the text.
    Words(Method),
}

/// A part of a text by its bytes, and what it counts as in the vocabulary.
type Cut = (std::ops::Range<usize>, u64);

impl Cutter {
    /// How many pieces it could give; none for words, of which there is no end.
    pub fn vocabulary(&self) -> Option<usize> {
        match self {
            Self::Tokenizer(tokenizer) => Some(tokenizer.len()),
            Self::Model(model) => model.tokenizer.as_ref().map(Tokenizer::len),
            Self::Words(_) => None,
        }
    }

    fn cut(&self, text: &str, words: &mut HashMap<String, u64>) -> Vec<Cut> {
        match self {
            Self::Tokenizer(tokenizer) => tokens(tokenizer, text),
            Self::Model(model) => model.tokenizer.as_ref().map(|tokenizer| tokens(tokenizer, text)).unwrap_or_default(),
            Self::Words(method) => {
                let segmenter = Segmenter { dictionary: Dictionary::for_text(text), hmm: Hmm::embedded() };
                let cut = |word: &crate::text::Word| {
                    let content = text.get(word.start..word.end).unwrap_or_default();
                    let next = words.len() as u64;
                    (word.start..word.end, *words.entry(content.to_owned()).or_insert(next))
                };
                segmenter.words(text, *method).iter().map(cut).collect()
            }
        }
    }

    /// Where its pieces end in `text`, in ascending order, those that end nowhere new left out.
    pub fn ends(&self, text: &str) -> Vec<usize> {
        let mut ends: Vec<usize> =
            self.cut(text, &mut HashMap::new()).into_iter().map(|(range, _)| range.end).collect();
        ends.retain(|&end| end > 0);
        ends.dedup();
        ends
    }
}

fn tokens(tokenizer: &Tokenizer, text: &str) -> Vec<Cut> {
    tokenizer.encode(text).iter().map(|token| (token.start..token.end, u64::from(token.id))).collect()
}

/// What one of them made of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measure {
    /// Tokens, or words.
    pub tokens: u64,
    /// Tokens that touch a word: a letter or digit that is no Chinese character.
    pub in_words: u64,
    /// Tokens that touch a Chinese character.
    pub in_characters: u64,
    /// Different ones.
    pub used: usize,
    /// How many there are to use.
    pub vocabulary: Option<usize>,
    /// The entropy of their frequencies in the text, in bits per token (Shannon 1948, section 6).
    pub entropy: f64,
    /// How it compares with gold.
    pub score: Option<Score>,
}

/// What tokenizers make of one text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Bytes of the text.
    pub bytes: u64,
    /// Characters.
    pub characters: u64,
    /// Words: runs of letters and digits, with what marks stand in them, that are no Chinese characters.
    pub words: u64,
    /// Chinese characters.
    pub ideographs: u64,
    /// How many parts the text was read in: pieces do not reach from one to the next.
    pub parts: u64,
    /// One for each that cuts.
    pub measures: Vec<Measure>,
    /// For each pair the agreement of boundaries: twice those in common by those of both together (Dice 1945), from 0 to
    /// 1, and 1 where neither has any. The ends of the text are none.
    pub agreement: Vec<Vec<f64>>,
}

/// Why a text could not be compared on.
#[derive(Debug)]
pub enum ComparisonError {
    /// It could not be read.
    Read(io::Error),
    /// It is no UTF-8 from this byte on.
    NotUtf8(u64),
    /// A line is longer than this many bytes.
    LongLine(usize),
    /// It was told to stop.
    Stopped,
}

/// What is counted while the text is read.
struct Count {
    ids: HashMap<u64, u64>,
    words: HashMap<String, u64>,
    measure: Measure,
}

/// What a byte is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Other,
    Word,
    Ideograph,
}

/// Whether a character is a Chinese one: the unified ideographs of Unicode and those for compatibility.
pub fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '〇'
        | '\u{20000}'..='\u{2fa1f}' | '\u{30000}'..='\u{323af}')
}

/// Reads the whole of `text` and compares what `cutters` make of it.
///
/// # Errors
/// A text that cannot be read or is no UTF-8; [`ComparisonError::Stopped`] as soon as `go_on` says no.
pub fn compare(
    text: &mut dyn BufRead,
    cutters: &[Cutter],
    go_on: &dyn Fn() -> bool,
) -> Result<Comparison, ComparisonError> {
    let mut comparison = Comparison::default();
    let count = |cutter: &Cutter| Count {
        ids: HashMap::new(),
        words: HashMap::new(),
        measure: Measure { vocabulary: cutter.vocabulary(), ..Measure::default() },
    };
    let mut counts: Vec<Count> = cutters.iter().map(count).collect();
    let mut common = vec![vec![0_u64; cutters.len()]; cutters.len()];
    let mut part = Vec::new();
    while read(text, &mut part)? {
        let content = std::str::from_utf8(&part)
            .map_err(|error| ComparisonError::NotUtf8(comparison.bytes + error.valid_up_to() as u64))?;
        let classes = classes(content, &mut comparison);
        let mut ends = Vec::with_capacity(cutters.len());
        for (cutter, count) in cutters.iter().zip(&mut counts) {
            if !go_on() {
                return Err(ComparisonError::Stopped);
            }
            ends.push(count.add(cutter, content, &classes));
        }
        for (row, a) in common.iter_mut().zip(&ends) {
            for (cell, b) in row.iter_mut().zip(&ends) {
                *cell += in_common(a, b);
            }
        }
        comparison.bytes += part.len() as u64;
        comparison.parts += 1;
    }
    comparison.agreement = agreement(&common);
    comparison.measures = counts.into_iter().map(Count::finish).collect();
    Ok(comparison)
}

/// The next part of a text: whole lines; false at the end.
fn read(text: &mut dyn BufRead, part: &mut Vec<u8>) -> Result<bool, ComparisonError> {
    part.clear();
    while part.len() < PART {
        let before = part.len();
        let read = io::Read::take(&mut *text, LONGEST_LINE as u64 + 1).read_until(b'\n', part);
        if read.map_err(ComparisonError::Read)? == 0 {
            break;
        }
        if part.len() - before > LONGEST_LINE {
            return Err(ComparisonError::LongLine(LONGEST_LINE));
        }
    }
    Ok(!part.is_empty())
}

fn classes(text: &str, comparison: &mut Comparison) -> Vec<Class> {
    let mut classes = Vec::with_capacity(text.len());
    let mut before = Class::Other;
    for character in text.chars() {
        let class = match character {
            _ if is_ideograph(character) => Class::Ideograph,
            _ if character.is_alphanumeric() => Class::Word,
            // A mark inside a word, as in "don't".
            '\'' | '’' if before == Class::Word => Class::Word,
            _ => Class::Other,
        };
        comparison.characters += 1;
        comparison.ideographs += u64::from(class == Class::Ideograph);
        comparison.words += u64::from(class == Class::Word && before != Class::Word);
        classes.extend(std::iter::repeat_n(class, character.len_utf8()));
        before = class;
    }
    classes
}

impl Count {
    /// Adds what `cutter` makes of a part; gives the boundaries in it.
    fn add(&mut self, cutter: &Cutter, text: &str, classes: &[Class]) -> Vec<usize> {
        let mut ends = Vec::new();
        for (range, id) in cutter.cut(text, &mut self.words) {
            self.measure.tokens += 1;
            *self.ids.entry(id).or_insert(0) += 1;
            let touched = classes.get(range.clone()).unwrap_or_default();
            self.measure.in_words += u64::from(touched.contains(&Class::Word));
            self.measure.in_characters += u64::from(touched.contains(&Class::Ideograph));
            if range.end > 0 && range.end < text.len() && ends.last() != Some(&range.end) {
                ends.push(range.end);
            }
        }
        ends
    }

    fn finish(self) -> Measure {
        let total = self.measure.tokens as f64;
        let mut counts: Vec<u64> = self.ids.into_values().collect();
        // Added up in one order, so that it is the same each time.
        counts.sort_unstable();
        let bits = |&count: &u64| {
            let p = count as f64 / total;
            -p * p.log2()
        };
        Measure { used: counts.len(), entropy: counts.iter().map(bits).sum::<f64>().max(0.0), ..self.measure }
    }
}

/// How many numbers two ascending lists have in common.
fn in_common(a: &[usize], b: &[usize]) -> u64 {
    let mut b = b.iter().peekable();
    let is_in = |end: &&usize| {
        while b.next_if(|other| other < end).is_some() {}
        b.peek() == Some(end)
    };
    a.iter().filter(is_in).count() as u64
}

/// From boundaries in common, a list's own on the diagonal.
fn agreement(common: &[Vec<u64>]) -> Vec<Vec<f64>> {
    let own = |at: usize| common.get(at).and_then(|row| row.get(at)).copied().unwrap_or(0);
    let dice = |a: usize, b: usize, both: u64| match own(a) + own(b) {
        0 => 1.0,
        sum => 2.0 * both as f64 / sum as f64,
    };
    let row = |(a, row): (usize, &Vec<u64>)| row.iter().enumerate().map(|(b, &both)| dice(a, b, both)).collect();
    common.iter().enumerate().map(row).collect()
}

/// How the pieces of `cutter` compare with the words of gold; a piece that ends where the one before does is none. Whether
/// a word is known is not asked.
pub fn score(cutter: &Cutter, gold: &Gold) -> Score {
    let mut score = Score::default();
    for sentence in &gold.sentences {
        let ends = cutter.ends(&sentence.text);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let mut found = starts.zip(ends.iter().copied()).peekable();
        score.found += ends.len() as u64;
        let mut start = 0;
        for &end in &sentence.ends {
            score.gold += 1;
            while found.next_if(|&(_, other)| other < end).is_some() {}
            score.right += u64::from(found.peek() == Some(&(start, end)));
            start = end;
        }
    }
    score
}

impl Comparison {
    /// Bytes per token.
    pub fn bytes_per_token(&self, measure: &Measure) -> f64 {
        self.bytes as f64 / measure.tokens as f64
    }

    /// Tokens per word; none where there are no words.
    pub fn per_word(&self, measure: &Measure) -> Option<f64> {
        (self.words > 0).then(|| measure.in_words as f64 / self.words as f64)
    }

    /// Tokens per Chinese character; none where there are none.
    pub fn per_character(&self, measure: &Measure) -> Option<f64> {
        (self.ideographs > 0).then(|| measure.in_characters as f64 / self.ideographs as f64)
    }

    /// The entropy of the tokens' frequencies in bits per byte of the text.
    pub fn bits_per_byte(&self, measure: &Measure) -> f64 {
        measure.entropy * measure.tokens as f64 / self.bytes as f64
    }
}
