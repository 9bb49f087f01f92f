//! `lmscope tokenizers` and `lmscope vocabulary`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::lab::vocabulary::{Sort, Sought};

/// `lmscope tokenizers`
#[derive(Debug, Args)]
pub struct Tokenizers {
    /// The text, or a file that holds it, of any size; - reads standard input
    #[arg(value_name = "TEXT", required_unless_present = "gold")]
    pub text: Option<String>,
    /// What to compare: tokenizers (a tokenizer's file, a model, hf:owner/name) and methods with a dictionary (fmm, bmm,
    /// bimm, route, hmm); the embedded models' and two methods unless given
    #[arg(long, value_name = "SPEC", value_delimiter = ',')]
    pub with: Vec<OsString>,
    /// Compare with a segmented file (words separated by spaces, or CoNLL-U); its words are the text, unless one is given
    #[arg(long, value_name = "FILE")]
    pub gold: Option<PathBuf>,
}

/// `lmscope vocabulary`
#[derive(Debug, Args)]
pub struct Vocabulary {
    /// A tokenizer's file, a model's file or folder, an embedded model, hf:owner/name; --model unless given
    #[arg(value_name = "SPEC")]
    pub tokenizer: Option<OsString>,
    /// Only pieces that contain this text; these bytes, as 0xE4BD; or the one with this id, as #123
    #[arg(long, value_name = "TEXT")]
    pub search: Option<Sought>,
    /// The order: id, length (the longest first), rank (merged first), score (most probable first)
    #[arg(long, value_name = "ORDER", value_parser = sort, default_value = "id")]
    pub sort: Sort,
    /// The merges of a piece down to its bytes: the piece as text or as the file spells it, or its id, as #123
    #[arg(long, value_name = "PIECE", conflicts_with_all = ["search", "sort", "unreachable", "top"])]
    pub tree: Option<String>,
    /// Only pieces that no text gives, and why
    #[arg(long)]
    pub unreachable: bool,
    /// How many pieces to print at most; 0 prints all
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub top: usize,
}

fn sort(name: &str) -> Result<Sort, String> {
    let names = || Sort::ALL.map(Sort::name).join(" ");
    let named = Sort::ALL.into_iter().find(|sort| sort.name() == name);
    named.ok_or_else(|| format!("{name:?} is not an order; choose one of {}", names()))
}
