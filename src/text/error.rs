//! Why a vocabulary or a `tokenizer.json` was refused.

use std::fmt;

/// Why a tokenizer could not be built. Closed, and carrying its data, so that it can be shown in any language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenizerError {
    /// The bytes are not the JSON that the file should be; `line` and `column` count from 1 (0 where unknown).
    Json {
        /// The file, such as `tokenizer.json`.
        part: &'static str,
        /// What the JSON reader says.
        message: String,
        /// Line of the fault.
        line: usize,
        /// Column of the fault.
        column: usize,
    },
    /// A part of the file has a kind that lmscope does not know: `part` is the place in the file, `kind` what it says.
    Unsupported {
        /// The place in the file, such as `model` or `pre_tokenizer`.
        part: &'static str,
        /// What the file says there.
        kind: String,
    },
    /// A field is absent or has the wrong type.
    Field {
        /// The place in the file.
        part: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The vocabulary has no pieces.
    Empty,
    /// The model's vocabulary is in a file of its own, and that is not there.
    NotBeside {
        /// What such files are called.
        file: String,
    },
    /// An id is too large for the number of pieces: ids have to be nearly dense.
    Sparse {
        /// The id found.
        id: u64,
        /// The number of pieces.
        count: usize,
    },
    /// Two pieces have the same id.
    DuplicateId {
        /// The id.
        id: u32,
    },
    /// Two entries have the same spelling.
    DuplicatePiece {
        /// The spelling.
        piece: String,
    },
    /// More pieces or merges than any real vocabulary has.
    TooMany {
        /// What there is too much of.
        part: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A piece, pattern or replacement is longer than any real one.
    TooLong {
        /// What is too long.
        part: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The longest allowed.
        limit: usize,
    },
    /// A merge is not two pieces of the vocabulary whose concatenation is a third; `index` counts from 0.
    Merge {
        /// Which merge.
        index: usize,
        /// The merge as the file gives it.
        merge: String,
    },
    /// The lists of a vocabulary differ in length.
    Lengths {
        /// The list.
        part: &'static str,
        /// Its length.
        found: usize,
        /// The number of pieces.
        pieces: usize,
    },
    /// A special token names an id or a piece that the vocabulary lacks.
    UnknownToken {
        /// Who names it, such as `bos` or `post_processor`.
        part: &'static str,
        /// The name or id.
        token: String,
    },
    /// A pattern does not compile.
    Pattern {
        /// The pattern.
        pattern: String,
        /// What the pattern compiler says.
        message: String,
    },
    /// A file, or a part of one, is not what it should be at a place.
    Damaged {
        /// The file or part, such as `vocab.txt` or `precompiled_charsmap`.
        part: &'static str,
        /// Where.
        place: Place,
        /// What is wrong there.
        fault: Fault,
    },
    /// A score is not a number.
    Score {
        /// The id of the piece.
        id: u32,
    },
}

impl fmt::Display for TokenizerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { part, message, line, column } if *line > 0 => {
                write!(f, "not a {part}: {message} at line {line}, column {column}; download the file again")
            }
            Self::Json { part, message, .. } => write!(f, "not a {part}: {message}; download the file again"),
            Self::Unsupported { part, kind } => write!(
                f,
                "{part} {kind:?} is not supported; byte-pair, WordPiece, Unigram and SentencePiece vocabularies of known kinds are, so choose a model with one"
            ),
            Self::Field { part, field } => {
                write!(f, "{part} has no usable {field:?}; the file is damaged or of a newer format")
            }
            Self::Empty => write!(f, "the vocabulary is empty; the file is damaged or holds no tokenizer"),
            Self::NotBeside { file } => write!(f, "its vocabulary, {file}, is not beside it; download it too"),
            Self::Sparse { id, count } => {
                write!(f, "id {id} is out of proportion for {count} pieces; ids have to be nearly dense")
            }
            Self::DuplicateId { id } => write!(f, "two pieces have id {id}; each needs its own"),
            Self::DuplicatePiece { piece } => write!(f, "piece {piece:?} occurs twice; remove one"),
            Self::TooMany { part, count, limit } => write!(f, "{count} {part}; at most {limit} are read"),
            Self::TooLong { part, length, limit } => write!(f, "{part} of {length} bytes; at most {limit} are read"),
            Self::Merge { index, merge } => write!(
                f,
                "merge {index} {merge:?} is not two pieces that join to a third; the vocabulary and the merges are of different models"
            ),
            Self::Lengths { part, found, pieces } => {
                write!(f, "{found} {part} for {pieces} pieces; both lists need the same length")
            }
            Self::UnknownToken { part, token } => write!(f, "{part} names {token:?}, which the vocabulary lacks"),
            Self::Pattern { pattern, message } => write!(f, "pattern {pattern:?} does not compile: {message}"),
            Self::Damaged { part, place, fault } => {
                write!(f, "{part} is damaged at {place}: {fault}; download the file again")
            }
            Self::Score { id } => write!(f, "the score of piece {id} is not a finite number"),
        }
    }
}

impl std::error::Error for TokenizerError {}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line, counted from 1.
    Line(usize),
    /// A byte, counted from 0.
    Byte(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Byte(byte) => write!(f, "byte {byte}"),
        }
    }
}

/// What is wrong at a place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file ends in the middle.
    Truncated,
    /// A length is more than what is left.
    Length,
    /// Bytes that have to be text are not UTF-8.
    NotUtf8,
    /// A field of a kind that does not belong there.
    Field,
    /// A table leads outside itself.
    Reference,
    /// Characters that have to be base64 are not.
    Base64,
    /// A line lacks its number, or has one that is out of range.
    Number,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "it ends in the middle",
            Self::Length => "a length is more than what is left",
            Self::NotUtf8 => "not UTF-8",
            Self::Field => "a field of the wrong kind",
            Self::Reference => "a table leads outside itself",
            Self::Base64 => "not base64",
            Self::Number => "no usable number",
        })
    }
}
