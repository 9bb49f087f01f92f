//! Cutting a text into words with a dictionary.

use std::{fmt, str::FromStr};

use super::dictionary::Dictionary;
use super::hmm::Hmm;

mod block;
mod clusters;
mod gold;
mod graph;
mod letters;
mod maximum;
mod route;
mod side;
mod steps;
mod why;

pub use gold::{Gold, GoldError, GoldSentence, Score};
pub use graph::Route;
pub use route::Recut;
pub use steps::{Candidate, Direction, Lookup, Match, Pass, Rule, Step, Taken, Weighed};
pub use why::{Flip, NoPlace, Reason, Tagging, Why};

use clusters::Clusters;

/// How a text is cut into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Forward maximum matching: from the left, the longest word each time.
    Forward,
    /// Backward maximum matching: from the right, the longest word each time.
    Backward,
    /// Bidirectional maximum matching: of the two, the one with fewer words, then fewer single characters, then the backward one.
    Bidirectional,
    /// The most probable route through the lattice of all words (unigram model over word frequencies).
    Route,
    /// The same, and runs of single characters are cut again by a hidden Markov model of word-internal positions.
    Hmm,
}

impl Method {
    /// Every method, simplest first.
    pub const ALL: [Self; 5] = [Self::Forward, Self::Backward, Self::Bidirectional, Self::Route, Self::Hmm];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "fmm",
            Self::Backward => "bmm",
            Self::Bidirectional => "bimm",
            Self::Route => "route",
            Self::Hmm => "hmm",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no method's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownMethod(pub String);

impl fmt::Display for UnknownMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a method; choose one of", self.0)?;
        Method::ALL.iter().try_for_each(|method| write!(f, " {method}"))
    }
}

impl std::error::Error for UnknownMethod {}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, UnknownMethod> {
        Self::ALL.into_iter().find(|method| method.name() == name).ok_or_else(|| UnknownMethod(name.to_owned()))
    }
}

/// One word of a segmented text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// Whether the dictionary has it.
    pub known: bool,
}

/// What a text is cut with.
#[derive(Clone, Copy, Debug)]
pub struct Segmenter<'a> {
    /// The words.
    pub dictionary: &'a Dictionary,
    /// The model of where in a word characters stand, for [`Method::Hmm`].
    pub hmm: &'a Hmm,
}

impl Segmenter<'_> {
    /// The words of `text` by `method`; together they are the whole text, and no character with its marks (extended
    /// grapheme cluster, UAX #29) is cut in two.
    ///
    /// The matching methods take a run of ASCII letters and digits for a word where the dictionary has none longer (unless
    /// [it cuts them](Dictionary::joins_letters)), and any other character by itself. [`Method::Route`] and [`Method::Hmm`]
    /// cut as jieba does without and with its hidden Markov model.
    pub fn words(self, text: &str, method: Method) -> Vec<Word> {
        let clusters = Clusters::new(text);
        match method {
            Method::Forward => maximum::forward(text, self.dictionary, &clusters),
            Method::Backward => maximum::backward(text, self.dictionary, &clusters),
            Method::Bidirectional => maximum::bidirectional(text, self.dictionary, &clusters),
            Method::Route => route::cut(self, text, &clusters, false),
            Method::Hmm => route::cut(self, text, &clusters, true),
        }
    }
}

/// The words of `text` by `method`, with the hidden Markov model that comes with lmscope.
pub fn segment(text: &str, method: Method, dictionary: &Dictionary) -> Vec<Word> {
    Segmenter { dictionary, hmm: Hmm::embedded() }.words(text, method)
}
