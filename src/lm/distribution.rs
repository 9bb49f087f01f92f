//! The model's distribution over the next token, whole: nothing is cut off or rounded away.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use super::elementary::exp64;

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
    logits: Vec<f32>,
    probabilities: Vec<f32>,
    /// Natural logarithm of the sum of exponentials of the logits.
    log_sum: f64,
    entropy_bits: f64,
    order: OnceLock<Arc<[u32]>>,
}

impl Distribution {
    /// The softmax of `logits` (`[vocabulary]`), accumulated in float64, always in the same order.
    ///
    /// # Errors
    /// The first logit that is NaN or infinite; an empty vocabulary counts as a NaN at 0.
    pub fn new(logits: Vec<f32>) -> Result<Self, NotFinite> {
        if let Some((index, &value)) = logits.iter().enumerate().find(|(_, logit)| !logit.is_finite()) {
            return Err(NotFinite { index, value });
        }
        let Some(greatest) = logits.iter().copied().reduce(f32::max) else {
            return Err(NotFinite { index: 0, value: f32::NAN });
        };
        let shift = f64::from(greatest);
        let exponentials: Vec<f64> = logits.iter().map(|&logit| exp64(f64::from(logit) - shift)).collect();
        let sum = sum(exponentials.iter().copied());
        let log_sum = shift + sum.ln();
        let probabilities = exponentials.iter().map(|e| (e / sum) as f32).collect();
        // H = Σ p (log Σ e^z − z): the second factor is the surprisal, so that tiny probabilities need no logarithm.
        let surprisal = |logit: f32| log_sum - f64::from(logit);
        let nats = self::sum(exponentials.iter().zip(&logits).map(|(e, &logit)| e * surprisal(logit))) / sum;
        let entropy_bits = nats / std::f64::consts::LN_2;
        Ok(Self { logits, probabilities, log_sum, entropy_bits, order: OnceLock::new() })
    }

    /// The number of tokens.
    pub fn len(&self) -> usize {
        self.logits.len()
    }

    /// Never true: a distribution has a token.
    pub fn is_empty(&self) -> bool {
        self.logits.is_empty()
    }

    /// The logits it was made from, `[vocabulary]`.
    pub fn logits(&self) -> &[f32] {
        &self.logits
    }

    /// The probability of each token, `[vocabulary]`, summing to one.
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }

    /// The probability of one token; 0 for a token outside the vocabulary.
    pub fn probability(&self, id: u32) -> f32 {
        self.probabilities.get(id as usize).copied().unwrap_or(0.0)
    }

    /// Shannon's entropy of the distribution in bits (Shannon 1948, section 6).
    pub fn entropy_bits(&self) -> f64 {
        self.entropy_bits
    }

    /// −log2 of the token's probability, exact even where the probability underflows; infinite outside the vocabulary.
    pub fn surprisal_bits(&self, id: u32) -> f64 {
        self.logits
            .get(id as usize)
            .map_or(f64::INFINITY, |&logit| (self.log_sum - f64::from(logit)) / std::f64::consts::LN_2)
    }

    /// The number of tokens that come before this one in [`order`](Self::order): 0 is the most probable.
    pub fn rank(&self, id: u32) -> Option<usize> {
        let own = *self.logits.get(id as usize)?;
        let (before, after) = self.logits.split_at(id as usize);
        Some(before.iter().filter(|&&z| z >= own).count() + after.iter().filter(|&&z| z > own).count())
    }

    /// All tokens by falling logit, which is by falling probability; of equals the lowest id first. Computed once.
    pub fn order(&self) -> &[u32] {
        self.shared_order()
    }

    /// The order, for whoever keeps it longer than the distribution.
    pub(crate) fn shared_order(&self) -> &Arc<[u32]> {
        self.order.get_or_init(|| descending(&self.logits).into())
    }

    /// The most probable token, of equals the lowest id: greedy decoding's choice.
    pub fn most_probable(&self) -> u32 {
        let mut best = 0;
        for (id, &logit) in self.logits.iter().enumerate() {
            if logit > self.logits[best] {
                best = id;
            }
        }
        best as u32
    }
}

/// The sum of exponentials of `logits / temperature`, the greatest of which is `greatest`, each over the greatest's.
pub(super) fn partition(logits: &[f32], greatest: f32, temperature: f32) -> f64 {
    let (greatest, temperature) = (f64::from(greatest), f64::from(temperature));
    sum(logits.iter().map(|&logit| exp64((f64::from(logit) - greatest) / temperature)))
}

/// A sum in eight interleaved parts, always in the same order.
fn sum(mut values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let mut parts = [0.0; 8];
    while values.len() >= 8 {
        for part in &mut parts {
            *part += values.next().unwrap_or(0.0);
        }
    }
    for (part, value) in parts.iter_mut().zip(values) {
        *part += value;
    }
    let [a, b, c, d, e, f, g, h] = parts;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// The indices of `logits` by falling value, equal values by rising index.
fn descending(logits: &[f32]) -> Vec<u32> {
    let mut keys: Vec<u64> =
        logits.iter().enumerate().map(|(id, &logit)| (u64::from(!ascending_bits(logit)) << 32) | id as u64).collect();
    // Radix sort, least digit first: stable, so equal logits keep the order of their ids.
    let mut sorted = vec![0; keys.len()];
    for digit in [32, 43, 54] {
        let place = |key: u64| ((key >> digit) & 2047) as usize;
        let mut starts = [0_usize; 2048];
        for &key in &keys {
            starts[place(key)] += 1;
        }
        let mut start = 0;
        for slot in &mut starts {
            start += std::mem::replace(slot, start);
        }
        for &key in &keys {
            let slot = &mut starts[place(key)];
            sorted[*slot] = key;
            *slot += 1;
        }
        std::mem::swap(&mut keys, &mut sorted);
    }
    keys.iter().map(|&key| key as u32).collect()
}

/// An integer that orders as the finite float does, −0 and +0 alike.
fn ascending_bits(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 0 { bits | 0x8000_0000 } else { !bits }
}
