//! Why nothing was learned.

use std::fmt;

use crate::text::error::TokenizerError;

/// Why nothing was learned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrainError {
    /// No word is in the corpus.
    EmptyCorpus,
    /// The vocabulary has no room for what has to be in it.
    TooSmall {
        /// How large it was to be.
        size: usize,
        /// How large it has to be at least.
        least: usize,
    },
    /// The different words of the corpus take more memory than they may.
    TooManyWords {
        /// How many bytes they may take.
        limit: usize,
    },
    /// `WordPiece` is asked to work on bytes.
    WordPieceOfBytes,
    /// `WordPiece` is asked for a byte fallback.
    WordPieceFallback,
    /// A byte fallback is wanted where every token is of bytes.
    FallbackOfBytes,
    /// Spaces are to be written `▁` where every token is of bytes.
    MetaspaceOfBytes,
    /// The rule that cuts words.
    Tokenizer(TokenizerError),
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyCorpus => write!(f, "the corpus has no word in it; give a text that is not empty"),
            Self::TooSmall { size, least } => write!(
                f,
                "a vocabulary of {size} has no room for every character and special token; ask for {least} or more, or limit the alphabet"
            ),
            Self::TooManyWords { limit } => {
                write!(
                    f,
                    "the different words of the corpus take more than {limit} bytes; choose a pre-tokenizer that cuts more"
                )
            }
            Self::WordPieceOfBytes => write!(f, "WordPiece works on characters; leave the byte level out"),
            Self::WordPieceFallback => write!(f, "WordPiece has no byte fallback; leave it out"),
            Self::FallbackOfBytes => write!(f, "bytes need no byte fallback; leave one of the two out"),
            Self::MetaspaceOfBytes => write!(
                f,
                "a space is a byte of its own where tokens are of bytes; choose another pre-tokenizer, or characters"
            ),
            Self::Tokenizer(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TrainError {}

impl From<TokenizerError> for TrainError {
    fn from(error: TokenizerError) -> Self {
        Self::Tokenizer(error)
    }
}
