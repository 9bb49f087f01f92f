//! Cutting a text into words with a dictionary.

use std::{fmt, str::FromStr};

use unicode_segmentation::UnicodeSegmentation;

use super::dictionary::Dictionary;

mod lattice;
mod maximum;
mod route;

use lattice::Lattice;

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

/// The words of `text` by `method`; together they are the whole text, and no character with its marks (extended grapheme
/// cluster, UAX #29) is cut in two.
///
/// The matching methods take a run of ASCII letters and digits for a word where the dictionary has none longer, and any
/// other character by itself. [`Method::Route`] and [`Method::Hmm`] cut as jieba does without and with its hidden Markov model.
pub fn segment(text: &str, method: Method, dictionary: &Dictionary) -> Vec<Word> {
    let ends = match method {
        Method::Forward => maximum::forward(&Lattice::new(text, dictionary)),
        Method::Backward => maximum::backward(&Lattice::new(text, dictionary)),
        Method::Bidirectional => maximum::bidirectional(&Lattice::new(text, dictionary)),
        Method::Route => whole_characters(text, route::cut(text, dictionary, false)),
        Method::Hmm => whole_characters(text, route::cut(text, dictionary, true)),
    };
    let mut start = 0;
    let words = ends.into_iter().map(|end| {
        let word = text.get(start..end).unwrap_or_default();
        let known = dictionary.frequency(word).is_some_and(|frequency| frequency > 0);
        Word { start: std::mem::replace(&mut start, end), end, known }
    });
    words.collect()
}

/// Drops the cuts that fall inside a grapheme cluster.
fn whole_characters(text: &str, ends: Vec<usize>) -> Vec<usize> {
    if text.is_ascii() && !text.contains('\r') {
        return ends;
    }
    let mut boundaries = text.grapheme_indices(true).map(|(at, cluster)| at + cluster.len()).peekable();
    let kept = ends.into_iter().filter(|&end| {
        while boundaries.next_if(|&boundary| boundary < end).is_some() {}
        boundaries.peek() == Some(&end)
    });
    kept.collect()
}
