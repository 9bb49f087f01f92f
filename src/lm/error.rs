//! What can be wrong with a checkpoint that reads well, and with a request to run it.

use std::fmt;

use super::checkpoint::Dtype;

/// Why a checkpoint is not a transformer that can run.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelError {
    /// The file names an architecture that has no blueprint here.
    Architecture {
        /// What the file names.
        name: String,
    },
    /// The header lacks a setting.
    MissingSetting {
        /// The setting's key.
        key: String,
    },
    /// The header has a setting of a value that cannot be.
    BadSetting {
        /// The setting's key.
        key: String,
        /// Its value as the file writes it.
        value: String,
    },
    /// The header asks for a variant that the forward pass does not have.
    Unsupported {
        /// The setting's key.
        key: String,
        /// Its value as the file writes it.
        value: String,
    },
    /// One size must be a multiple of another and is not.
    Indivisible {
        /// The greater size's name.
        whole: &'static str,
        /// Its value.
        of: usize,
        /// The part's name.
        part: &'static str,
        /// Its value.
        by: usize,
    },
    /// A tensor that the forward pass needs is not there.
    MissingTensor {
        /// Its name.
        name: String,
    },
    /// A tensor has another shape than the settings say.
    Shape {
        /// Its name.
        name: String,
        /// The shape the settings say.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A tensor's bytes are not what its shape and type take.
    Size {
        /// Its name.
        name: String,
        /// How it is stored.
        dtype: Dtype,
        /// The bytes its shape takes.
        expected: usize,
        /// The bytes there are.
        found: usize,
    },
    /// A tensor is stored in a type that is not computed with.
    Unread {
        /// Its name.
        name: String,
        /// The type's name, or its number.
        dtype: String,
        /// How many tensors are stored so that they cannot be read.
        tensors: usize,
    },
    /// A tensor is stored in a way that its place cannot read.
    Dtype {
        /// Its name.
        name: String,
        /// How it is stored.
        dtype: Dtype,
    },
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Architecture { name } => {
                write!(f, "the architecture {name:?} is not known: `lmscope models` lists those that are")
            }
            Self::MissingSetting { key } => {
                write!(f, "the file does not say {key}: it needs a complete header or config.json")
            }
            Self::BadSetting { key, value } => {
                write!(f, "{key} is {value}, which no model can have: the header is damaged")
            }
            Self::Unsupported { key, value } => {
                write!(f, "{key} = {value} is not supported: use a checkpoint without it")
            }
            Self::Indivisible { whole, of, part, by } => {
                write!(f, "{whole} ({of}) is not a multiple of {part} ({by}): the header is damaged")
            }
            Self::MissingTensor { name } => {
                write!(
                    f,
                    "the tensor {name} is missing: the file is incomplete or of another architecture than it says"
                )
            }
            Self::Shape { name, expected, found } => {
                write!(
                    f,
                    "the tensor {name} has the shape {found:?}, the settings say {expected:?}: header and weights do not belong together"
                )
            }
            Self::Size { name, dtype, expected, found } => {
                write!(
                    f,
                    "the tensor {name} ({dtype:?}) has {found} bytes where its shape takes {expected}: download the file again"
                )
            }
            Self::Unread { name, dtype, tensors } => {
                write!(
                    f,
                    "the tensor {name} is stored as {dtype}, which is not computed with ({tensors} tensors are stored so): take the model in another quantisation, such as Q4_K_M or Q8_0"
                )
            }
            Self::Dtype { name, dtype } => {
                write!(
                    f,
                    "the tensor {name} is stored as {dtype:?}, which its place cannot read: use a checkpoint in another type"
                )
            }
        }
    }
}

impl std::error::Error for ModelError {}

/// Why a forward pass gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardError {
    /// It was asked to stop.
    Stopped,
    /// The sequence would be longer than the model's context.
    ContextFull {
        /// The length it would have.
        length: usize,
        /// The longest that the model takes.
        context: usize,
    },
    /// A token that is not in the vocabulary.
    UnknownToken {
        /// The token.
        token: u32,
        /// The number of tokens in the vocabulary.
        vocabulary: usize,
    },
    /// A token is said to belong to a text that the model does not tell apart.
    UnknownSegment {
        /// The text's number.
        segment: u32,
        /// How many the model tells apart.
        segments: usize,
    },
    /// The model has no encoder before a decoder.
    NoEncoder,
    /// The decoder needs a source: what the encoder computed.
    NoSource,
    /// The model was saved without the head that gives logits.
    NoHead,
    /// A token cannot be hidden, because the tokenizer has no mask token.
    NoMaskToken,
    /// There is no position of this number.
    NoSuchPosition {
        /// The position.
        index: usize,
        /// How many there are.
        length: usize,
    },
    /// The decoder has no attention to itself, to be seen or masked: a cell stands in its place.
    NoOwnAttention,
    /// Positions already computed would see one of the new ones under this mask: give the whole sequence at once.
    SeesAhead {
        /// How many positions were already computed.
        past: usize,
    },
}

impl fmt::Display for ForwardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::ContextFull { length, context } => {
                write!(f, "{length} tokens do not fit the model's context of {context}: shorten the text")
            }
            Self::UnknownToken { token, vocabulary } => {
                write!(f, "token {token} is not among the model's {vocabulary}: use the model's own tokenizer")
            }
            Self::UnknownSegment { segment, segments } => {
                write!(f, "there is no text {segment} for this model, which tells {segments} apart: count from 0")
            }
            Self::NoEncoder => f.write_str("the model has no encoder before a decoder: give it one text only"),
            Self::NoSource => f.write_str("the decoder needs a source: give the text that the encoder reads"),
            Self::NoHead => f.write_str(
                "the file has no language-model head, so there are no probabilities: use a checkpoint saved with it",
            ),
            Self::NoMaskToken => f.write_str(
                "the tokenizer has no mask token to hide one behind: use the tokenizer that belongs to the model",
            ),
            Self::NoSuchPosition { index, length } => {
                write!(f, "there is no position {index} in a sequence of {length}: count from 0")
            }
            Self::NoOwnAttention => f.write_str(
                "the decoder has no attention to itself, to be seen or masked: a recurrent cell carries what it wrote; the encoder's attention and the one to the source are there",
            ),
            Self::SeesAhead { past } => {
                write!(
                    f,
                    "under this mask the first {past} positions see later ones: compute the whole sequence at once"
                )
            }
        }
    }
}

impl std::error::Error for ForwardError {}
