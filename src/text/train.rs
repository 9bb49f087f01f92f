//! Learning a vocabulary from text: byte-pair merging and `WordPiece`, as Hugging Face's tokenizers library does it, each step
//! with the numbers that decided it.
//!
//! A [`Recipe`] says how text is cut and what kind of model is wanted. [`WordCounts`] are the words of a corpus;
//! [`PairTraining`] merges pairs of them, one step at a time, and [`Recipe::file`] writes what it learned as a
//! `tokenizer.json`.

mod chars;
mod count;
mod error;
mod file;
mod heap;
mod pairs;
mod recipe;
mod rules;

pub use count::{Counter, WordCounts};
pub use error::TrainError;
pub use pairs::PairTraining;
pub use recipe::{Algorithm, Cutting, Recipe};
pub use rules::{Choice, Example, Pair, PairRules, PairStep, Rule};
