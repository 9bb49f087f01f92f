//! `lmscope segment`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::text::Method;

/// `lmscope segment`
#[derive(Debug, Args)]
pub struct Segment {
    /// The text; - reads standard input
    #[arg(value_name = "TEXT", required_unless_present = "gold")]
    pub text: Option<String>,
    /// fmm, bmm, bimm (maximum matching), route (most probable), hmm (and unknown words)
    #[arg(long, default_value = "route")]
    pub method: Method,
    /// zh (jieba's words), en (English words, for text without spaces), or a file of your own: a word, and perhaps its
    /// frequency, on each line; en for a run of letters, zh for all others, unless given
    #[arg(long, value_name = "zh|en|PATH")]
    pub dictionary: Option<OsString>,
    /// Give a word a frequency first, 0 to take it out; without a number, one that makes it a word. Repeatable
    #[arg(long, value_name = "WORD[:FREQUENCY]", value_parser = word)]
    pub word: Vec<(String, Option<u64>)>,
    /// Have maximum matching cut runs of letters and digits that are no word into single ones
    #[arg(long)]
    pub split_letters: bool,
    /// A hidden Markov model counted from segmented text, for hmm; jieba's unless given
    #[arg(long, value_name = "FILE")]
    pub hmm: Option<PathBuf>,
    /// Show every step of the method
    #[arg(long)]
    pub steps: bool,
    /// Why each method cuts before this byte or not, and which change of a word turns it round
    #[arg(long, value_name = "BYTE")]
    pub why: Option<usize>,
    /// Compare with a segmented file (words separated by spaces, or CoNLL-U); its words are the text, unless one is given
    #[arg(long, value_name = "FILE", conflicts_with_all = ["steps", "why"])]
    pub gold: Option<PathBuf>,
}

/// A word, and behind a colon its frequency.
fn word(argument: &str) -> Result<(String, Option<u64>), String> {
    let (word, frequency) = match argument.rsplit_once(':') {
        Some((word, number)) if !word.is_empty() => match number.parse() {
            Ok(frequency) => (word, Some(frequency)),
            Err(_) if number.bytes().any(|byte| byte.is_ascii_digit()) || number.is_empty() => {
                return Err(format!("{number:?} is not a frequency; write a whole number behind the colon"));
            }
            Err(_) => (argument, None),
        },
        _ => (argument, None),
    };
    if word.is_empty() || word.len() > 1024 || word.chars().any(|letter| letter.is_control() || letter.is_whitespace())
    {
        return Err("a word has 1 to 1024 bytes, no spaces and no control characters".to_owned());
    }
    Ok((word.to_owned(), frequency))
}
