//! `lmscope tokenize`

use std::ffi::OsString;

use clap::Args;

use crate::text::encoding::Change;

/// `lmscope tokenize`
#[derive(Debug, Args)]
pub struct Tokenize {
    /// The text; - reads standard input
    #[arg(value_name = "TEXT")]
    pub text: String,
    /// Take the tokenizer from here: a tokenizer.json, a tokenizer.model or spiece.model, a vocab.txt, a vocab.json
    /// beside its merges.txt, a .tiktoken list, llama2.c's tokenizer.bin, a model's file or folder, an embedded model; or
    /// bpe, wordpiece, unigram: small ones of each kind, learned from the same English and Chinese
    #[arg(long, value_name = "PATH|MODEL")]
    pub tokenizer: Option<OsString>,
    /// How: the tokenizer's own merges, or always the longest piece that fits
    #[arg(long, value_enum, default_value_t)]
    pub method: Cut,
    /// Put the tokens around the text that the tokenizer's template asks for
    #[arg(long)]
    pub special: bool,
    /// Show every step: merges with their ranks, lookups, or the lattice with its scores
    #[arg(long, conflicts_with = "method")]
    pub steps: bool,
    /// Why the text is cut before this byte or not, and which change of the vocabulary turns it round
    #[arg(long, value_name = "BYTE", conflicts_with = "method")]
    pub why: Option<usize>,
    /// What is changed in the vocabulary.
    #[command(flatten)]
    pub edits: Edits,
}

/// How `tokenize` cuts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Cut {
    /// As the tokenizer itself does
    #[default]
    Own,
    /// From the left, always the longest piece of the vocabulary
    Longest,
}

/// Changes of a vocabulary. What is taken out goes first.
#[derive(Debug, Default, Args)]
pub struct Edits {
    /// Take a merge out of the vocabulary first: two pieces as the tokenizer's file spells them. Repeatable
    #[arg(long, value_name = "\"LEFT RIGHT\"", value_parser = Change::without_merge, conflicts_with = "method", allow_hyphen_values = true)]
    pub without_merge: Vec<Change>,
    /// Put a merge in first, or move it: before the merge that has this rank, after all others without one. Repeatable
    #[arg(long, value_name = "\"LEFT RIGHT[:RANK]\"", value_parser = Change::with_merge, conflicts_with = "method", allow_hyphen_values = true)]
    pub with_merge: Vec<Change>,
    /// Take a piece out first, with every merge that makes it. Repeatable
    #[arg(long, value_name = "PIECE", value_parser = Change::without_piece, conflicts_with = "method", allow_hyphen_values = true)]
    pub without_piece: Vec<Change>,
    /// Put a piece in first, or give it another score, where the longest or most probable pieces are taken. Repeatable
    #[arg(long, value_name = "PIECE[:SCORE]", value_parser = Change::with_piece, conflicts_with = "method", allow_hyphen_values = true)]
    pub with_piece: Vec<Change>,
}

impl Edits {
    /// The changes, in the order in which they are made.
    pub fn changes(&self) -> Vec<Change> {
        [&self.without_piece, &self.without_merge, &self.with_merge, &self.with_piece]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}
