//! `lmscope train-tokenizer`

use std::path::PathBuf;

use clap::Args;
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser as _};

use crate::text::train::{self, Choice, Cutting, PairRules, Recipe};

/// `lmscope train-tokenizer`
#[derive(Debug, Args)]
pub struct TrainTokenizer {
    /// Texts to learn from, each line a text of its own; - reads standard input
    #[arg(value_name = "CORPUS", required = true)]
    pub corpora: Vec<PathBuf>,
    /// bpe (byte-pair encoding), wordpiece, or hmm (tags of characters, counted from words separated by spaces, or CoNLL-U)
    #[arg(long, value_name = "ALGORITHM", value_enum, default_value_t)]
    pub algorithm: Algorithm,
    /// How many tokens, the characters and special tokens included; 30000 unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub vocab_size: Option<u32>,
    /// The file to write: a tokenizer.json, or a model for `segment --hmm`; - writes to standard output
    #[arg(short, long, value_name = "FILE", required_unless_present = "steps")]
    pub output: Option<PathBuf>,
    /// How the text is cut into words first: gpt4 for bpe, bert for wordpiece, unless given
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Cutting::names()).try_map(|name| Cutting::named(&name).ok_or("")))]
    pub pre_tokenizer: Option<Cutting>,
    /// Pairs that occur less often are not merged
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub min_frequency: u64,
    /// A special token, in the vocabulary before all others. Repeatable
    #[arg(long, value_name = "TOKEN", value_parser = NonEmptyStringValueParser::new())]
    pub special: Vec<String>,
    /// The token for what the vocabulary lacks, where tokens are of characters; [UNK] unless given
    #[arg(long, value_name = "TOKEN", value_parser = NonEmptyStringValueParser::new())]
    pub unknown: Option<String>,
    /// What tokens are made of.
    #[command(flatten)]
    pub units: Units,
    /// Write all letters small and without accents first, as BERT does
    #[arg(long)]
    pub uncased: bool,
    /// Characters that are in the vocabulary whether the corpus has them or not
    #[arg(long, value_name = "CHARACTERS", default_value = "", hide_default_value = true)]
    pub alphabet: String,
    /// Keep the N most frequent characters only
    #[arg(long, value_name = "N")]
    pub limit_alphabet: Option<usize>,
    /// What a token begins with unless it begins a word; ## for wordpiece unless given
    #[arg(long, value_name = "TEXT")]
    pub prefix: Option<String>,
    /// What a token ends with if it ends a word: </w>
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub suffix: String,
    /// Merge no more where a token would have N characters or more, as the tokenizers library does
    #[arg(long, value_name = "N")]
    pub max_token_length: Option<usize>,
    /// Which pair is merged: the most frequent, or the one that raises the likelihood most (slow: every pair is looked at)
    #[arg(long, value_name = "BY", value_enum, default_value_t)]
    pub choose: Choose,
    /// Show every step
    #[arg(long)]
    pub steps: bool,
}

/// What tokens are made of.
#[derive(Clone, Copy, Debug, Args)]
pub struct Units {
    /// Tokens are of bytes: the usual way for bpe
    #[arg(long, conflicts_with = "characters")]
    pub byte_level: bool,
    /// Tokens are of characters: the usual way for wordpiece
    #[arg(long)]
    pub characters: bool,
    /// Tokens are of characters, and what the vocabulary lacks becomes its bytes
    #[arg(long)]
    pub byte_fallback: bool,
}

/// What is learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Algorithm {
    /// Byte-pair encoding
    #[default]
    Bpe,
    /// The longest piece first
    #[value(name = "wordpiece")]
    WordPiece,
    /// A hidden Markov model of characters
    Hmm,
}

/// Which pair is merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Choose {
    /// The most frequent
    #[default]
    Count,
    /// The one with the greatest count(ab) / (count(a) · count(b))
    Likelihood,
}

impl Algorithm {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bpe => "bpe",
            Self::WordPiece => "wordpiece",
            Self::Hmm => "hmm",
        }
    }
}

impl TrainTokenizer {
    /// What is learned, and how.
    pub fn recipe(&self, algorithm: train::Algorithm) -> Recipe {
        let usual = Recipe::new(algorithm, self.vocab_size.unwrap_or(30_000) as usize);
        let Units { byte_level, characters, byte_fallback } = self.units;
        let byte_level = byte_level || (usual.byte_level && !characters && !byte_fallback);
        let unknown = self.unknown.clone().or_else(|| Some("[UNK]".to_owned()).filter(|_| !byte_fallback));
        Recipe {
            cutting: self.pre_tokenizer.unwrap_or(usual.cutting),
            byte_level,
            byte_fallback,
            uncased: self.uncased,
            special: self.special.clone(),
            unknown: unknown.filter(|_| !byte_level),
            pairs: PairRules {
                min_frequency: self.min_frequency,
                initial: self.alphabet.chars().collect(),
                limit_alphabet: self.limit_alphabet,
                prefix: self.prefix.clone().unwrap_or(usual.pairs.prefix),
                suffix: self.suffix.clone(),
                max_length: self.max_token_length,
                choice: match self.choose {
                    Choose::Count => Choice::Count,
                    Choose::Likelihood => Choice::Likelihood,
                },
                ..usual.pairs
            },
            ..usual
        }
    }
}
