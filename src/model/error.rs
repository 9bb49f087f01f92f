//! Why a model could not be opened.

use std::fmt;

use super::EMBEDDED;
use crate::hub::HubError;
use crate::lm::ModelError;
use crate::lm::load::LoadError;
use crate::text::TokenizerError;

/// Why a model could not be opened.
#[derive(Clone, Debug, PartialEq)]
pub enum OpenError {
    /// There is no such file or folder, and no embedded model of that name.
    Missing {
        /// What was asked for.
        spec: String,
    },
    /// It could not be fetched from the hub.
    Hub(HubError),
    /// The file is not one.
    Load(LoadError),
    /// The file reads well but is not a model that runs here.
    Model {
        /// The model.
        name: String,
        /// What is wrong.
        error: ModelError,
    },
    /// The file holds a vocabulary and no weights.
    NoWeights {
        /// The file.
        name: String,
    },
    /// The tokenizer has more tokens than the model has embeddings.
    Vocabulary {
        /// The model.
        name: String,
        /// Tokens of the tokenizer.
        tokens: usize,
        /// Rows of the embedding.
        rows: usize,
    },
}

/// Why a model can be given token ids only.
#[derive(Clone, Debug, PartialEq)]
pub enum NoTokenizer {
    /// Its file or folder holds none.
    Absent {
        /// The model.
        name: String,
    },
    /// It holds one that cannot be read.
    Refused {
        /// The model.
        name: String,
        /// What is wrong.
        error: TokenizerError,
    },
}

impl From<HubError> for OpenError {
    fn from(error: HubError) -> Self {
        Self::Hub(error)
    }
}

impl From<LoadError> for OpenError {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { spec } => {
                let names = EMBEDDED.map(|model| model.name).join(", ");
                write!(f, "there is no file or folder {spec}: check the path, or take a built-in model ({names})")
            }
            Self::Hub(error) => error.fmt(f),
            Self::Load(error) => error.fmt(f),
            Self::Model { name, error } => write!(f, "{name}: {error}"),
            Self::NoWeights { name } => write!(
                f,
                "{name} holds a vocabulary and no weights: `lmscope tokenize --tokenizer` takes it; to run a model, name one with weights"
            ),
            Self::Vocabulary { name, tokens, rows } => write!(
                f,
                "{name}: the tokenizer has {tokens} tokens, the weights have {rows}: take both from the same release"
            ),
        }
    }
}

impl std::error::Error for OpenError {}

impl fmt::Display for NoTokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent { name } => {
                write!(f, "{name} has no tokenizer: put tokenizer.json beside it, or work with token ids (--ids)")
            }
            Self::Refused { name, error } => {
                write!(f, "the tokenizer of {name} cannot be read: {error}; token ids (--ids) still work")
            }
        }
    }
}

impl std::error::Error for NoTokenizer {}
