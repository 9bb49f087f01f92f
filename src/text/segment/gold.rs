//! Segmented text to be measured against, and the measures of the SIGHAN bakeoff (Sproat and Emerson 2003, section 3).

use std::fmt;

use super::Method;
use super::Segmenter;

/// Sentences with the words that they are to be cut into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gold {
    /// The sentences, at least one.
    pub sentences: Vec<GoldSentence>,
}

/// A sentence and its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoldSentence {
    /// The line of the file where it begins, from 1.
    pub line: usize,
    /// Its words without anything between them.
    pub text: String,
    /// Where each word ends in the text.
    pub ends: Vec<usize>,
}

/// Why a file is no gold segmentation, or none of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GoldError {
    /// It is not UTF-8.
    NotUtf8 {
        /// The first line that is not.
        line: usize,
    },
    /// A line of CoNLL-U has no second column.
    Columns {
        /// The line.
        line: usize,
    },
    /// It has no words.
    Empty,
    /// Its words are not those of the text.
    Differs {
        /// The line of the file.
        line: usize,
        /// What the text has from there.
        text: String,
        /// What the file has.
        gold: String,
    },
    /// The text goes on behind the last word.
    TooShort {
        /// What is left of the text.
        text: String,
    },
}

impl fmt::Display for GoldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { line } => write!(f, "line {line} is not UTF-8; convert the file first, as with iconv"),
            Self::Columns { line } => {
                write!(f, "line {line}: fewer than two columns; a token of CoNLL-U has its number, a tab, and its form")
            }
            Self::Empty => write!(f, "no words; each line holds a sentence, its words separated by spaces"),
            Self::Differs { line, text, gold } => {
                write!(f, "line {line} is no segmentation of the text: {gold:?}, and the text has {text:?}")
            }
            Self::TooShort { text } => write!(f, "the text goes on with {text:?}, which the file lacks"),
        }
    }
}

impl std::error::Error for GoldError {}

impl GoldSentence {
    fn push(&mut self, word: &str) {
        self.text.push_str(word);
        self.ends.push(self.text.len());
    }

    /// Its words.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let from = std::mem::replace(&mut start, end);
            self.text.get(from..end).unwrap_or_default()
        })
    }
}

impl Gold {
    /// Reads sentences, one a line, of words separated by white space; or CoNLL-U (Universal Dependencies), where the
    /// words are the second column.
    ///
    /// # Errors
    /// Where the file is neither.
    pub fn read(bytes: &[u8]) -> Result<Self, GoldError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            GoldError::NotUtf8 { line: before.split(|&byte| byte == b'\n').count() }
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let is_token =
            |line: &str| line.starts_with(|digit: char| digit.is_ascii_digit()) && line.matches('\t').count() == 9;
        let sentences = if text.lines().any(is_token) { conllu(text)? } else { spaced(text) };
        if sentences.is_empty() { Err(GoldError::Empty) } else { Ok(Self { sentences }) }
    }

    /// Whether it is a segmentation of `text`, white space aside.
    ///
    /// # Errors
    /// The first line that is not.
    pub fn check(&self, text: &str) -> Result<(), GoldError> {
        let start = |letters: &mut dyn Iterator<Item = char>| -> String { letters.take(12).collect() };
        let mut rest = text.chars().filter(|letter| !letter.is_whitespace());
        for sentence in &self.sentences {
            let here = rest.clone();
            for letter in sentence.text.chars().filter(|letter| !letter.is_whitespace()) {
                if rest.next() != Some(letter) {
                    let (line, gold) = (sentence.line, start(&mut sentence.text.chars()));
                    return Err(GoldError::Differs { line, text: start(&mut here.clone()), gold });
                }
            }
        }
        let left = start(&mut rest);
        if left.is_empty() { Ok(()) } else { Err(GoldError::TooShort { text: left }) }
    }
}

fn spaced(text: &str) -> Vec<GoldSentence> {
    let sentences = (1..).zip(text.lines()).map(|(line, content)| {
        let mut sentence = GoldSentence { line, ..GoldSentence::default() };
        content.split_whitespace().for_each(|word| sentence.push(word));
        sentence
    });
    sentences.filter(|sentence| !sentence.ends.is_empty()).collect()
}

fn conllu(text: &str) -> Result<Vec<GoldSentence>, GoldError> {
    let mut sentences = Vec::new();
    let mut open = GoldSentence::default();
    // The words of a token that is several words: they have no form of their own in the text.
    let mut inside = 0;
    for (line, content) in (1..).zip(text.lines()) {
        if content.trim().is_empty() {
            if !open.ends.is_empty() {
                sentences.push(std::mem::take(&mut open));
            }
            inside = 0;
            continue;
        }
        if content.starts_with('#') {
            continue;
        }
        let mut columns = content.split('\t');
        let (Some(number), Some(form)) = (columns.next(), columns.next().filter(|form| !form.is_empty())) else {
            return Err(GoldError::Columns { line });
        };
        if number.contains('.') || number.parse().is_ok_and(|number: u64| number <= inside) {
            continue;
        }
        if let Some((_, last)) = number.split_once('-') {
            inside = last.parse().unwrap_or(0);
        }
        if open.ends.is_empty() {
            open.line = line;
        }
        open.push(form);
    }
    if !open.ends.is_empty() {
        sentences.push(open);
    }
    Ok(sentences)
}

/// How a segmentation compares with gold: counts of words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Words of the gold segmentation.
    pub gold: u64,
    /// Words that were found.
    pub found: u64,
    /// Words of both: the same bytes of the same sentence.
    pub right: u64,
    /// Words of the gold segmentation that the dictionary lacks.
    pub unknown: u64,
    /// Of those, the ones that were found.
    pub unknown_right: u64,
}

impl Score {
    /// The share of the words found that are right.
    pub fn precision(&self) -> f64 {
        self.right as f64 / self.found as f64
    }

    /// The share of the gold words that were found.
    pub fn recall(&self) -> f64 {
        self.right as f64 / self.gold as f64
    }

    /// The harmonic mean of both.
    pub fn f1(&self) -> f64 {
        2.0 * self.right as f64 / (self.gold + self.found) as f64
    }

    /// The share of the gold words that the dictionary lacks.
    pub fn unknown_share(&self) -> f64 {
        self.unknown as f64 / self.gold as f64
    }

    /// The share of those that were found; nothing where there are none.
    pub fn unknown_recall(&self) -> Option<f64> {
        (self.unknown > 0).then(|| self.unknown_right as f64 / self.unknown as f64)
    }

    /// The share of the gold words in the dictionary that were found; nothing where there are none.
    pub fn known_recall(&self) -> Option<f64> {
        let known = self.gold - self.unknown;
        (known > 0).then(|| (self.right - self.unknown_right) as f64 / known as f64)
    }
}

impl Segmenter<'_> {
    /// Cuts every sentence and compares.
    pub fn score(self, gold: &Gold, method: Method) -> Score {
        let mut score = Score::default();
        for sentence in &gold.sentences {
            let found = self.words(&sentence.text, method);
            score.found += found.len() as u64;
            let mut found = found.iter().peekable();
            let mut start = 0;
            for &end in &sentence.ends {
                score.gold += 1;
                while found.next_if(|word| word.end < end).is_some() {}
                let right = found.peek().is_some_and(|word| word.start == start && word.end == end);
                let word = sentence.text.get(start..end).unwrap_or_default();
                let unknown = self.dictionary.frequency(word).is_none();
                score.right += u64::from(right);
                score.unknown += u64::from(unknown);
                score.unknown_right += u64::from(unknown && right);
                start = end;
            }
        }
        score
    }
}
