//! Why a dictionary was refused.

use std::fmt;

/// The longest word that is read, in bytes.
pub(super) const LONGEST_WORD: usize = 1024;
/// The longest line that is read, in bytes.
pub(super) const LONGEST_LINE: usize = 1 << 20;
/// The most words that are read.
pub(super) const MOST_WORDS: usize = 8 << 20;

/// Why a dictionary was refused; lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DictionaryError {
    /// The file is not UTF-8; `byte` counts from its start.
    NotUtf8 {
        /// Where the first wrong byte is.
        byte: usize,
        /// Its line.
        line: usize,
    },
    /// The second column of a line is not a frequency.
    Frequency {
        /// The line.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// A line has more columns than `word frequency part-of-speech`.
    Columns {
        /// The line.
        line: usize,
    },
    /// A word or a line is too long.
    TooLong {
        /// The line.
        line: usize,
        /// The length in bytes.
        length: usize,
        /// The longest that is read.
        limit: usize,
    },
    /// A word has a control character in it.
    Control {
        /// The line.
        line: usize,
    },
    /// A word has no visible character.
    Invisible {
        /// The line.
        line: usize,
    },
    /// There are more words than fit.
    TooMany {
        /// The line that is one too many.
        line: usize,
    },
    /// The frequencies add up to more than 2⁶⁴.
    Total,
    /// There is no word in the file.
    Empty,
}

impl fmt::Display for DictionaryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { byte, line } => {
                write!(f, "line {line} (byte {byte}) is not UTF-8; convert the file first, as with iconv")
            }
            Self::Frequency { line, found } => {
                write!(f, "line {line}: {found:?} is not a frequency; write a whole number without separators")
            }
            Self::Columns { line } => {
                write!(f, "line {line}: more than word, frequency and part of speech; a word has no spaces")
            }
            Self::TooLong { line, length, limit } => write!(f, "line {line}: {length} bytes; at most {limit} are read"),
            Self::Control { line } => write!(f, "line {line}: a control character in the word; remove it"),
            Self::Invisible { line } => write!(f, "line {line}: the word has no visible character; remove the line"),
            Self::TooMany { line } => write!(f, "line {line}: more words than fit; at most {MOST_WORDS} are read"),
            Self::Total => write!(f, "the frequencies add up to more than 2^64; divide them all by the same number"),
            Self::Empty => write!(f, "no word in the file; each line holds a word and, after a space, its frequency"),
        }
    }
}

impl std::error::Error for DictionaryError {}
