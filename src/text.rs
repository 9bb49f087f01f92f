//! Tokenizers and word segmenters.
//!
//! A [`Tokenizer`] turns text into the token ids a language model was trained on (byte-pair encoding over bytes or over
//! characters); [`segment`] cuts text into words with a [`Dictionary`]. Neither knows a model, a terminal or a thread.

mod added;
mod bpe;
mod byte_level;
mod classes;
mod dictionary;
mod error;
mod hmm;
mod normalize;
mod packed;
mod pattern;
mod pretokenize;
mod section;
mod segment;
mod tokenizer;
mod units;
mod vocabulary;

pub use self::dictionary::{Dictionary, DictionaryError};
pub use self::error::TokenizerError;
pub use self::segment::{Method, UnknownMethod, Word, segment};
pub use self::tokenizer::{Merge, Merging, Token, Tokenizer};
pub use self::vocabulary::{PieceKind, Vocabulary};
