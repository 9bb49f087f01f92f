//! Choosing the next token: a pipeline of stages that is data, and the evidence each stage leaves.
//!
//! The stages are defined as Hugging Face's logits warpers of the same names define them. Each keeps the front of the
//! rank order, so a stage's effect is one number: how many survive it.

use std::sync::Arc;

use rand::{Rng, SeedableRng, rngs::Xoshiro256PlusPlus};

use super::{
    distribution::{Distribution, partition},
    elementary::exp64,
};

/// One step from the model's distribution to the one that is drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stage {
    /// Divides the logits by a temperature; 0 keeps the most probable token alone (greedy decoding).
    Temperature(f32),
    /// Keeps the `k` tokens of greatest logit, and those that equal the last of them (Fan et al. 2018).
    TopK(usize),
    /// Keeps the smallest front of the rank order whose probability reaches `p` (Holtzman et al. 2020, "nucleus").
    TopP(f32),
    /// Keeps the tokens at least `p` times as probable as the most probable one (Nguyen et al. 2024, "min-p").
    MinP(f32),
}

/// A pipeline of stages, applied in order, each to what the one before left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampler {
    /// The stages in the order they apply.
    pub stages: Vec<Stage>,
}

impl Sampler {
    /// Hugging Face's order: temperature, top-k, top-p, min-p. A setting that changes nothing (temperature 1, top-k 0,
    /// top-p 1 or more, min-p 0) makes no stage.
    pub fn new(temperature: f32, top_k: usize, top_p: f32, min_p: f32) -> Self {
        let mut stages = Vec::new();
        if temperature != 1.0 {
            stages.push(Stage::Temperature(temperature));
        }
        if top_k > 0 {
            stages.push(Stage::TopK(top_k));
        }
        if top_p < 1.0 {
            stages.push(Stage::TopP(top_p));
        }
        if min_p > 0.0 {
            stages.push(Stage::MinP(min_p));
        }
        Self { stages }
    }

    /// Always the most probable token.
    pub fn greedy() -> Self {
        Self { stages: vec![Stage::Temperature(0.0)] }
    }

    /// Applies every stage to the distribution.
    pub fn shape(&self, distribution: &Distribution) -> Shaped {
        let order = if self.stages.first() == Some(&Stage::Temperature(0.0)) {
            Arc::from([distribution.most_probable()])
        } else {
            distribution.shared_order().clone()
        };
        let logits = distribution.logits();
        let mut weights = Weights::new(&order, logits);
        let mut survivors = order.len();
        let mut stages = Vec::with_capacity(self.stages.len());
        for &stage in &self.stages {
            let kept = match stage {
                Stage::Temperature(t) if t > 0.0 => {
                    weights.heat(t);
                    survivors
                }
                Stage::Temperature(_) => 1,
                Stage::TopK(k) => {
                    let last = k.clamp(1, survivors) - 1;
                    let least = logits[order[last] as usize];
                    last + order[last..survivors].iter().take_while(|&&id| logits[id as usize] >= least).count()
                }
                Stage::TopP(p) => weights.nucleus(survivors, f64::from(p)),
                Stage::MinP(p) => weights.at_least(survivors, f64::from(p)),
            };
            let mass = if kept == survivors { 1.0 } else { weights.sum(kept) / weights.sum(survivors) };
            survivors = kept;
            stages.push(Outcome { stage, survivors, mass, temperature: weights.temperature });
        }
        let sum = weights.sum(survivors);
        let probabilities = (0..survivors).map(|rank| (weights.get(rank) / sum) as f32).collect();
        Shaped { order, probabilities, stages, total: distribution.len() }
    }
}

/// `exp((z − max z) / temperature)` by rank, in float64, computed as far down as somebody asks.
struct Weights<'a> {
    order: &'a [u32],
    logits: &'a [f32],
    temperature: f32,
    greatest: f32,
    known: Vec<f64>,
    /// The sum of all, once asked for.
    all: Option<f64>,
}

impl<'a> Weights<'a> {
    fn new(order: &'a [u32], logits: &'a [f32]) -> Self {
        let greatest = order.first().map_or(0.0, |&id| logits[id as usize]);
        Self { order, logits, temperature: 1.0, greatest, known: Vec::new(), all: None }
    }

    fn heat(&mut self, temperature: f32) {
        self.temperature = (self.temperature * temperature).max(f32::MIN_POSITIVE);
        self.known.clear();
        self.all = None;
    }

    fn get(&mut self, rank: usize) -> f64 {
        for next in self.known.len()..=rank {
            let below = f64::from(self.logits[self.order[next] as usize]) - f64::from(self.greatest);
            self.known.push(exp64(below / f64::from(self.temperature)));
        }
        self.known[rank]
    }

    /// The sum of the first `survivors`.
    fn sum(&mut self, survivors: usize) -> f64 {
        if survivors < self.logits.len() {
            return (0..survivors).map(|rank| self.get(rank)).sum();
        }
        *self.all.get_or_insert_with(|| partition(self.logits, self.greatest, self.temperature))
    }

    /// How many of the first `survivors` it takes until those behind them hold no more than 1 − p, at least one.
    fn nucleus(&mut self, survivors: usize, p: f64) -> usize {
        let sum = self.sum(survivors);
        let mut behind = sum;
        for rank in 0..survivors {
            behind -= self.get(rank);
            if behind <= (1.0 - p) * sum {
                return rank + 1;
            }
        }
        survivors
    }

    /// How many of the first `survivors` weigh at least `p` times the first, at least one.
    fn at_least(&mut self, survivors: usize, p: f64) -> usize {
        let least = self.get(0) * p;
        (1..survivors).find(|&rank| self.get(rank) < least).unwrap_or(survivors)
    }
}

/// What one stage did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The stage.
    pub stage: Stage,
    /// How many tokens are left after it: the front of the rank order.
    pub survivors: usize,
    /// The share of the probability entering the stage that its survivors hold, 0..=1.
    pub mass: f64,
    /// The product of the temperatures so far.
    pub temperature: f32,
}

/// The distribution after every stage: what is drawn from, and who was cut where.
#[derive(Clone, Debug, PartialEq)]
pub struct Shaped {
    /// The tokens by rank, whole or (greedy) as far as they are kept.
    order: Arc<[u32]>,
    /// Of the survivors, the front of the order.
    probabilities: Vec<f32>,
    stages: Vec<Outcome>,
    total: usize,
}

impl Shaped {
    /// The tokens left, most probable first.
    pub fn ids(&self) -> &[u32] {
        &self.order[..self.probabilities.len()]
    }

    /// Their probabilities, in the same order, summing to one.
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }

    /// What each stage did, in order.
    pub fn stages(&self) -> &[Outcome] {
        &self.stages
    }

    /// How many tokens entered the pipeline.
    pub fn total(&self) -> usize {
        self.total
    }

    /// The probability of a token after all stages; 0 if it was cut.
    pub fn probability(&self, id: u32) -> f32 {
        self.ids().iter().position(|&kept| kept == id).map_or(0.0, |rank| self.probabilities[rank])
    }

    /// The index of the stage that cut the token; `None` if it is still there or was never in the vocabulary.
    pub fn removed_by(&self, id: u32) -> Option<usize> {
        if id as usize >= self.total {
            return None;
        }
        let rank = self.order.iter().position(|&ranked| ranked == id).unwrap_or(self.total);
        self.stages.iter().position(|outcome| rank >= outcome.survivors)
    }

    /// The token on which the number `u` in 0..1 falls when the probabilities are laid end to end in rank order.
    pub fn draw(&self, u: f64) -> u32 {
        let sum: f64 = self.probabilities.iter().map(|&p| f64::from(p)).sum();
        let mut reached = 0.0;
        for (&id, &p) in self.order.iter().zip(&self.probabilities) {
            reached += f64::from(p);
            if u * sum < reached {
                return id;
            }
        }
        self.ids().last().copied().unwrap_or(0)
    }
}

/// The `index`-th number (from 0) of the generator xoshiro256++ seeded with `seed` (rand's `seed_from_u64`: `SplitMix64`),
/// in 0..1 with 53 bits: the same on every platform.
pub fn uniform(seed: u64, index: u64) -> f64 {
    let mut generator = Xoshiro256PlusPlus::seed_from_u64(seed);
    for _ in 0..index {
        generator.next_u64();
    }
    (generator.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}
