//! What is wanted of merges, and what is told of each.

/// Which pair is merged first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The most frequent: byte-pair encoding, and what the tokenizers library's `WordPieceTrainer` does.
    #[default]
    Count,
    /// The one that raises the likelihood of the corpus most: `count(ab) / (count(a) · count(b))`, as `WordPiece` is
    /// described in the literature (Schuster and Nakajima 2012). Every pair is looked at for every merge.
    Likelihood,
}

/// What is learned.
#[derive(Clone, Debug, Default)]
pub struct PairRules {
    /// How many tokens the vocabulary has, special ones and the alphabet included.
    pub size: usize,
    /// Pairs that are rarer are not merged.
    pub min_frequency: u64,
    /// Tokens that are in the vocabulary first, whatever the corpus.
    pub reserved: Vec<String>,
    /// Characters that are in the vocabulary whether the corpus has them or not.
    pub initial: Vec<char>,
    /// How many different characters are kept.
    pub limit_alphabet: Option<usize>,
    /// What a token begins with unless it begins a word: `##`.
    pub prefix: String,
    /// What a token ends with if it ends a word: `</w>`.
    pub suffix: String,
    /// A token of this many characters, or more, is not made of two others; a pair of two characters always may be.
    pub max_length: Option<usize>,
    /// Whether words are bytes, each spelled with its character of the byte-level alphabet.
    pub byte_level: bool,
    /// Which pair is merged first.
    pub choice: Choice,
}

/// A pair of tokens and how often it occurs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The id of the first.
    pub left: u32,
    /// The id of the second.
    pub right: u32,
    /// How often they are neighbours in the corpus.
    pub count: u64,
    /// What it was chosen by: the count, or the likelihood's score.
    pub score: f64,
}

/// Why a pair was merged before the next best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// There was no other.
    Only,
    /// It occurs more often, or raises the likelihood more.
    Better,
    /// Neither is better; its first token is older.
    OlderFirst,
    /// Neither is better and both begin with the same token; its second is older.
    OlderSecond,
}

/// One merge that was learned.
#[derive(Clone, Debug, PartialEq)]
pub struct PairStep {
    /// The pair.
    pub pair: Pair,
    /// The id of what it became.
    pub joined: u32,
    /// Whether that is a new token, and not one that another pair became before.
    pub is_new: bool,
    /// The pairs that would have been next, the best first: as many as [`PairTraining::notes`].
    pub others: Vec<Pair>,
    /// The most frequent of the words that it changed, where others are noted.
    pub example: Option<Example>,
    /// How many tokens the corpus was before.
    pub before: u64,
    /// How many it is now.
    pub after: u64,
}

/// A word that a merge changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Its place among the words of the training.
    pub word: usize,
    /// How often it occurs.
    pub times: u64,
    /// Its tokens before.
    pub before: Vec<u32>,
    /// Its tokens now.
    pub after: Vec<u32>,
}

impl PairStep {
    /// What decided between the pair and the next best.
    pub fn rule(&self) -> Rule {
        match self.others.first() {
            None => Rule::Only,
            Some(other) if other.score < self.pair.score => Rule::Better,
            Some(other) if other.left == self.pair.left => Rule::OlderSecond,
            Some(_) => Rule::OlderFirst,
        }
    }
}
