//! Repetition, measured: on tokens, or on anything else that can be told apart.

mod copied;
pub mod copying;
mod cycle;
mod probe;

use std::collections::HashMap;
use std::collections::HashSet;
use std::hash::Hash;

pub use copied::Copied;
pub use copied::Span;
pub use copied::copied;
pub use copied::longest_repeat;
pub use cycle::Cycle;
pub use cycle::Watch;
pub use cycle::find;
pub use probe::Copy;
pub use probe::ProbeError;
pub use probe::probe;

/// How often the n-grams of a sequence are not new.
///
/// `seq-rep-n` of Welleck et al. 2019, "Neural Text Generation with Unlikelihood Training" (arXiv 1908.04319), section 4:
/// `1 − |unique n-grams| / |n-grams|`. Of the sequence as a whole `distinct-n` of Li et al. 2016 (arXiv 1510.03055), section
/// 5.4, is the number of different n-grams over the number of all tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grams {
    /// n.
    pub n: usize,
    /// How many n-grams there are.
    pub all: usize,
    /// How many different ones.
    pub distinct: usize,
}

impl Grams {
    /// Counts the n-grams of a sequence; `n` is at least 1.
    pub fn of<T: Eq + Hash>(tokens: &[T], n: usize) -> Self {
        let n = n.max(1);
        let distinct: HashSet<&[T]> = tokens.windows(n).collect();
        Self { n, all: (tokens.len() + 1).saturating_sub(n), distinct: distinct.len() }
    }

    /// `seq-rep-n`, 0 to 1; `None` of a sequence shorter than n.
    pub fn repeated(&self) -> Option<f64> {
        (self.all > 0).then(|| 1.0 - self.distinct as f64 / self.all as f64)
    }

    /// `distinct-n`, over the number of tokens; `None` of an empty sequence.
    pub fn distinct_share(&self) -> Option<f64> {
        let tokens = self.all + self.n - 1;
        (self.all > 0).then(|| self.distinct as f64 / tokens as f64)
    }
}

/// Of the n-grams of a sequence the one that stands there most often, and how often; of equals the earliest. `None` where
/// none stands twice.
pub fn most_repeated<T: Eq + Hash>(tokens: &[T], n: usize) -> Option<(&[T], usize)> {
    let mut counts: HashMap<&[T], (usize, usize)> = HashMap::new();
    for (start, gram) in tokens.windows(n.max(1)).enumerate() {
        counts.entry(gram).or_insert((0, start)).0 += 1;
    }
    let mut best: Option<(&[T], usize)> = None;
    for (start, gram) in tokens.windows(n.max(1)).enumerate() {
        let (count, first) = counts[gram];
        if first == start && count > best.map_or(1, |(_, most)| most) {
            best = Some((gram, count));
        }
    }
    best
}
