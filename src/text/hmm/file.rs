//! The file of a hidden Markov model: its counts as JSON.
//!
//! ```json
//! {"kind": "lmscope-hmm", "sentences": 2, "words": 5,
//!  "start": {"B": 1, "S": 1}, "steps": {"B": {"E": 3}, "E": {"B": 1, "S": 1}, "S": {"B": 1}},
//!  "emissions": {"B": {"研": 1, "生": 1}, "E": {"究": 1, "命": 1}, "S": {"的": 1}}}
//! ```

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use super::Counts;
use super::Hmm;
use super::Tag;

/// What the file says it is.
const KIND: &str = "lmscope-hmm";

#[derive(Deserialize, Serialize)]
struct File {
    kind: String,
    sentences: u64,
    words: u64,
    start: BTreeMap<char, u64>,
    steps: BTreeMap<char, BTreeMap<char, u64>>,
    emissions: BTreeMap<char, BTreeMap<char, u64>>,
}

/// Why a file is no hidden Markov model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HmmError {
    /// It is not the JSON that it should be; line and column count from 1.
    Json {
        /// What the JSON reader says.
        message: String,
        /// Line of the fault.
        line: usize,
        /// Column of the fault.
        column: usize,
    },
    /// It is of another kind.
    Kind(String),
    /// A tag that is none of B, E, M, S.
    Tag(char),
    /// A tag that cannot begin a sentence, or cannot stand behind the other.
    Step(Option<char>, char),
    /// It has counted nothing.
    Empty,
    /// The counts add up to more than 2⁶⁴.
    Total,
}

impl fmt::Display for HmmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { message, line, column } => {
                write!(
                    f,
                    "no hidden Markov model: {message} at line {line}, column {column}; train one with `train-tokenizer --algorithm hmm`"
                )
            }
            Self::Kind(kind) => write!(f, "kind {kind:?}; a hidden Markov model's file says {KIND:?}"),
            Self::Tag(tag) => write!(f, "tag {tag:?}; the tags are B, E, M, S"),
            Self::Step(None, tag) => write!(f, "a sentence that begins with {tag:?}; it begins with B or S"),
            Self::Step(Some(from), to) => {
                write!(f, "{to:?} behind {from:?}; B or S stand behind E and S, M or E behind B and M")
            }
            Self::Empty => write!(f, "nothing was counted; train it on a text with words separated by spaces"),
            Self::Total => write!(f, "the counts add up to more than 2^64"),
        }
    }
}

impl std::error::Error for HmmError {}

impl Counts {
    /// The file's content.
    pub fn to_json(&self) -> String {
        let named = |counts: &[u64; 4]| -> BTreeMap<char, u64> {
            let each = Tag::ALL.into_iter().map(|tag| (tag.letter(), counts[tag as usize]));
            each.filter(|(_, count)| *count > 0).collect()
        };
        let of = |tag: Tag| {
            let each = self.emissions.iter().map(|(&character, counts)| (character, counts[tag as usize]));
            each.filter(|(_, count)| *count > 0).collect()
        };
        let file = File {
            kind: KIND.to_owned(),
            sentences: self.sentences,
            words: self.words,
            start: named(&self.start),
            steps: Tag::ALL.into_iter().map(|tag| (tag.letter(), named(&self.steps[tag as usize]))).collect(),
            emissions: Tag::ALL.into_iter().map(|tag| (tag.letter(), of(tag))).collect(),
        };
        serde_json::to_string(&file).unwrap_or_default()
    }

    /// Reads what [`Counts::to_json`] wrote.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_json(bytes: &[u8]) -> Result<Self, HmmError> {
        let file: File = serde_json::from_slice(bytes).map_err(|error| HmmError::Json {
            message: error.to_string().split(" at line").next().unwrap_or_default().to_owned(),
            line: error.line(),
            column: error.column(),
        })?;
        if file.kind != KIND {
            return Err(HmmError::Kind(file.kind));
        }
        let mut counts = Self { sentences: file.sentences, words: file.words, ..Self::default() };
        let mut total = 0_u64;
        let mut sum = |count: u64| {
            total = total.checked_add(count).ok_or(HmmError::Total)?;
            Ok(count)
        };
        for (name, count) in file.start {
            let to = tag(name)?;
            if !matches!(to, Tag::Begin | Tag::Single) {
                return Err(HmmError::Step(None, name));
            }
            counts.start[to as usize] = sum(count)?;
        }
        for (from, row) in file.steps {
            for (name, count) in row {
                let (from_tag, to) = (tag(from)?, tag(name)?);
                if !to.before().contains(&from_tag) {
                    return Err(HmmError::Step(Some(from), name));
                }
                counts.steps[from_tag as usize][to as usize] = sum(count)?;
            }
        }
        for (name, row) in file.emissions {
            let tag = tag(name)?;
            for (character, count) in row {
                counts.emissions.entry(character).or_default()[tag as usize] = sum(count)?;
            }
        }
        if counts.emissions.is_empty() || counts.start.iter().all(|count| *count == 0) {
            return Err(HmmError::Empty);
        }
        Ok(counts)
    }
}

impl Hmm {
    /// The model of a file that [`Counts::to_json`] wrote.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_json(bytes: &[u8]) -> Result<Self, HmmError> {
        Counts::from_json(bytes).map(|counts| counts.model())
    }
}

fn tag(letter: char) -> Result<Tag, HmmError> {
    Tag::ALL.into_iter().find(|tag| tag.letter() == letter).ok_or(HmmError::Tag(letter))
}
