//! The mask lab, declared.

use clap::Args;

use super::Source;
use crate::lab::masks::Asked;

/// `lmscope masks`
#[derive(Debug, Args)]
pub struct Masks {
    /// What to read.
    #[command(flatten)]
    pub source: Source,
    /// What the encoder reads, for a model that has one before its decoder; the text itself unless given
    #[arg(long, value_name = "TEXT", conflicts_with = "ids")]
    pub given: Option<String>,
    /// The id of the token that stands for a hidden one; the tokenizer's mask token unless given
    #[arg(long, value_name = "ID")]
    pub hide: Option<u32>,
    /// Only these masks: causal, bidirectional, prefix[:N], seq2seq[:N], window[:N], except:N, permutation[:3,0,1,2]; several times
    #[arg(long, value_name = "MASK")]
    pub mask: Vec<Asked>,
    /// The layer whose weights are shown, from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub layer: usize,
    /// The head whose weights are shown, from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub head: usize,
    /// Measure the rank and determinant of every head's weights, causal and seen from both sides, instead
    #[arg(long)]
    pub rank: bool,
    /// Add the last N tokens as a new turn, and measure what of the cache can be used again, instead
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "8", conflicts_with = "rank", value_parser = clap::value_parser!(u32).range(1..))]
    pub reuse: Option<u32>,
}
