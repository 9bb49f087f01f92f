//! The model's distribution over the next token, whole: nothing is cut off or rounded away.

use std::{fmt, sync::Arc};

use super::{sampler::Sampler, scores::Scores, workspace::Workspace};

/// A logit that is not a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NotFinite {
    /// The token whose logit it is.
    pub index: usize,
    /// The logit itself: NaN or an infinity.
    pub value: f32,
}

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the logit of token {} is {}: the weights are damaged or overflow float32", self.index, self.value)
    }
}

impl std::error::Error for NotFinite {}

/// A distribution over the vocabulary, made from logits by the softmax.
#[derive(Debug)]
pub struct Distribution {
    scores: Arc<Scores>,
    /// The sum of exponentials of the logits, each over the greatest's.
    sum: f64,
    /// Natural logarithm of the sum of exponentials of the logits.
    log_sum: f64,
    entropy_bits: f64,
}

impl Distribution {
    /// The softmax of `logits` (`[vocabulary]`), accumulated in float64, always in the same order.
    ///
    /// # Errors
    /// The first logit that is NaN or infinite; an empty vocabulary counts as a NaN at 0.
    pub fn new(logits: Vec<f32>) -> Result<Self, NotFinite> {
        Ok(Self::of(Scores::new(finite(logits)?)))
    }

    /// The same, computed by the workspace's threads together with what `sampler` will ask for first. They change no result.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn prepared(logits: Vec<f32>, sampler: &Sampler, workspace: &mut Workspace) -> Result<Self, NotFinite> {
        let inverses = [Some(1.0), sampler.first_temperature().map(|temperature| 1.0 / temperature)];
        Ok(Self::of(Scores::prepared(finite(logits)?, inverses, &mut workspace.team)))
    }

    fn of(scores: Scores) -> Self {
        let (sum, nats) = scores.partition(1.0);
        let log_sum = f64::from(scores.greatest()) + sum.ln();
        Self { scores: Arc::new(scores), sum, log_sum, entropy_bits: nats / std::f64::consts::LN_2 }
    }

    /// The number of tokens.
    pub fn len(&self) -> usize {
        self.logits().len()
    }

    /// Never true: a distribution has a token.
    pub fn is_empty(&self) -> bool {
        self.logits().is_empty()
    }

    /// The logits it was made from, `[vocabulary]`.
    pub fn logits(&self) -> &[f32] {
        self.scores.values()
    }

    /// The natural logarithm of the sum of the logits' exponentials: a token's log-probability is its logit less this.
    pub fn log_sum(&self) -> f64 {
        self.log_sum
    }

    /// The probability of one token, the same bits on every machine; 0 for a token outside the vocabulary.
    pub fn probability(&self, id: u32) -> f32 {
        let weight = self.logits().get(id as usize).map_or(0.0, |&logit| self.scores.weight(logit, 1.0));
        (weight / self.sum) as f32
    }

    /// The probability of each token by id, `[vocabulary]`.
    pub fn probabilities(&self) -> impl ExactSizeIterator<Item = f32> + '_ {
        self.logits().iter().map(|&logit| (self.scores.weight(logit, 1.0) / self.sum) as f32)
    }

    /// Shannon's entropy of the distribution in bits (Shannon 1948, section 6).
    pub fn entropy_bits(&self) -> f64 {
        self.entropy_bits
    }

    /// −log2 of the token's probability, exact even where the probability underflows; infinite outside the vocabulary.
    pub fn surprisal_bits(&self, id: u32) -> f64 {
        self.logits()
            .get(id as usize)
            .map_or(f64::INFINITY, |&logit| (self.log_sum - f64::from(logit)) / std::f64::consts::LN_2)
    }

    /// The number of tokens that come before this one in [`order`](Self::order): 0 is the most probable.
    pub fn rank(&self, id: u32) -> Option<usize> {
        let own = *self.logits().get(id as usize)?;
        let (before, after) = self.logits().split_at(id as usize);
        Some(before.iter().filter(|&&z| z >= own).count() + after.iter().filter(|&&z| z > own).count())
    }

    /// All tokens by falling logit, which is by falling probability; of equals the lowest id first. Computed once.
    pub fn order(&self) -> &[u32] {
        self.scores.order()
    }

    /// The first `count` tokens (or more) of the [`order`](Self::order), for less than the whole costs.
    pub fn front(&self, count: usize) -> &[u32] {
        self.scores.front(count)
    }

    /// The most probable token, of equals the lowest id: greedy decoding's choice.
    pub fn most_probable(&self) -> u32 {
        let greatest = self.scores.greatest();
        self.logits().iter().position(|&logit| logit == greatest).unwrap_or(0) as u32
    }

    /// The sum of exponentials of the logits, each over the greatest's.
    pub(crate) fn sum(&self) -> f64 {
        self.sum
    }

    /// The logits and their order, for whoever keeps them longer than the distribution.
    pub(crate) fn scores(&self) -> &Arc<Scores> {
        &self.scores
    }
}

/// The logits, if there are any and each is a number.
fn finite(logits: Vec<f32>) -> Result<Vec<f32>, NotFinite> {
    if logits.is_empty() {
        return Err(NotFinite { index: 0, value: f32::NAN });
    }
    let all_finite = |logits: &[f32]| logits.iter().fold(true, |finite, logit| finite & logit.is_finite());
    if logits.chunks(1024).all(all_finite) {
        return Ok(logits);
    }
    let (index, &value) = logits.iter().enumerate().find(|(_, logit)| !logit.is_finite()).unwrap_or((0, &f32::NAN));
    Err(NotFinite { index, value })
}
