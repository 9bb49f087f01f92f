//! What length costs and what is lost by keeping less, declared.

use std::str::FromStr;

use clap::Args;

use crate::lab::length::{CUE, LEAST, Strategy};

/// `lmscope length`
#[derive(Debug, Args)]
pub struct Length {
    /// The text, or a file that holds it; - reads standard input
    #[arg(value_name = "TEXT", required_unless_present = "cost")]
    pub text: Option<String>,
    /// Put the tokens around the text that the tokenizer's template asks for, as the explorer does
    #[arg(long, conflicts_with = "cost")]
    pub special: bool,
    /// How many tokens the cache holds; half the text, 128 at most, unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(LEAST as i64..), conflicts_with = "cost")]
    pub budget: Option<u32>,
    /// Which strategies: full, chunks, overlap, window, sinks, heavy, surprising, summary; all unless given
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "cost")]
    pub strategies: Vec<Named>,
    /// What asks the model for a summary
    #[arg(long, value_name = "TEXT", default_value = CUE, conflicts_with = "cost")]
    pub cue: String,
    /// Measure what length costs on this machine instead: cache, prompt, one more token
    #[arg(long)]
    pub cost: bool,
    /// The longest prompt that is measured
    #[arg(long, value_name = "N", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(8..), requires = "cost")]
    pub upto: u32,
}

/// A strategy by its name.
#[derive(Clone, Copy, Debug)]
pub struct Named(pub Strategy);

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Strategy::of(text).map(Self).ok_or_else(|| {
            let names: Vec<_> = Strategy::ALL.into_iter().map(Strategy::name).collect();
            format!("choose from {}", names.join(", "))
        })
    }
}
