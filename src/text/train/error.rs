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
    /// Two options that exclude each other, or one without what it needs.
    Options(&'static str),
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
            Self::Options(what) => f.write_str(what),
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
