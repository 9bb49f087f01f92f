//! Learning a vocabulary from text: byte-pair merging, `WordPiece` and the unigram model, as Hugging Face's tokenizers library
//! does it, each step with the numbers that decided it.
//!
//! A [`Recipe`] says how text is cut and what kind of model is wanted. [`WordCounts`] are the words of a corpus;
//! [`PairTraining`] merges pairs of them, [`UnigramTraining`] takes pieces out, one step at a time, and [`Recipe::file`] and
//! [`Recipe::file_of_pieces`] write what was learned as a `tokenizer.json`.

mod chars;
mod count;
mod error;
mod file;
mod heap;
mod pairs;
mod recipe;
mod rules;
mod unigram;

pub use count::{Counter, LONGEST, WordCounts};
pub use error::TrainError;
pub use pairs::PairTraining;
pub use recipe::{Algorithm, Cutting, Recipe};
pub use rules::{Choice, Example, Pair, PairRules, PairStep, Rule};
pub use unigram::{UnigramDeed, UnigramRules, UnigramStep, UnigramTraining};
