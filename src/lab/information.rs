//! Information: what a text costs under a model, unit by unit, and how far two distributions are apart.
//!
//! Everything is counted in bits, as float64; [`Unit`] turns bits into nats.

mod divergence;
mod regroup;

pub use divergence::Apart;
pub use divergence::Divergence;
pub use divergence::Surprisals;
pub use divergence::first_difference;
pub use regroup::Cost;
pub use regroup::Part;
pub use regroup::Segmentation;
pub use regroup::regroup;

/// What information is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// The logarithm to base 2.
    #[default]
    Bits,
    /// The natural logarithm.
    Nats,
}

impl Unit {
    /// So many bits in this unit.
    pub fn of(self, bits: f64) -> f64 {
        match self {
            Self::Bits => bits,
            Self::Nats => bits * std::f64::consts::LN_2,
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Bits => Self::Nats,
            Self::Nats => Self::Bits,
        }
    }
}

/// A running sum that keeps what rounding would lose (Neumaier 1974): by the chain rule, −log2 p(x1…xn) is the sum of
/// −log2 p(xi | x1…xi−1), however many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Total {
    sum: f64,
    lost: f64,
    count: usize,
}

impl Total {
    /// Adds one term.
    pub fn add(&mut self, term: f64) {
        let sum = self.sum + term;
        if sum.is_finite() {
            let (large, small) = if self.sum.abs() >= term.abs() { (self.sum, term) } else { (term, self.sum) };
            self.lost += (large - sum) + small;
        }
        self.sum = sum;
        self.count += 1;
    }

    /// The sum so far.
    pub fn bits(&self) -> f64 {
        self.sum + self.lost
    }

    /// How many terms it has.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The mean of the terms: cross-entropy per token, where each is a token's surprisal. 0 without terms.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.bits() / self.count as f64 }
    }

    /// Two to the mean.
    pub fn perplexity(&self) -> f64 {
        self.mean().exp2()
    }
}

impl FromIterator<f64> for Total {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        let mut total = Self::default();
        terms.into_iter().for_each(|term| total.add(term));
        total
    }
}
