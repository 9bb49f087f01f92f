//! Tokenizers and word segmenters.
//!
//! A [`Tokenizer`] turns text into the token ids a language model was trained on (byte-pair encoding, `WordPiece`,
//! unigram); [`segment`] cuts text into words with a [`Dictionary`]. Neither knows a model, a terminal or a thread.

mod added;
mod automaton;
mod base64;
mod bpe;
mod byte_level;
mod classes;
mod dictionary;
mod encoder;
pub mod encoding;
mod error;
pub mod hmm;
mod normalize;
mod packed;
mod pattern;
mod pretokenize;
mod section;
pub mod segment;
mod swift;
mod tokenizer;
pub mod train;
mod trie;
mod unigram;
mod units;
mod vocabulary;
mod word_piece;

pub use self::automaton::{Automaton, ExpressionError};
pub use self::dictionary::{Dictionary, DictionaryError, Edit, Repeated};
pub use self::error::{Fault, Place, TokenizerError};
pub use self::hmm::{Counts, Hmm, HmmError};
pub use self::segment::{Method, Segmenter, UnknownMethod, Word, segment};
pub use self::tokenizer::{
    Browser, Index, Kind, Merge, Merging, Never, Node, Reach, Settings, Token, Tokenizer, Tried,
};
pub use self::vocabulary::{PieceKind, Vocabulary};
