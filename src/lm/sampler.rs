//! Choosing the next token: a pipeline of stages that is data, and the evidence each stage leaves.
//!
//! Stages are defined as Hugging Face's logits processors and llama.cpp's samplers of the same names define them; [`Kind`]
//! says where the two differ.

mod column;
mod repeat;
mod shaped;
mod stage;
mod written;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use rand::{Rng, SeedableRng, rngs::Xoshiro256PlusPlus};

use super::distribution::Distribution;

pub use column::Column;
pub use shaped::{Need, Note, Outcome, Shaped};
pub use stage::{Given, Kind, Parameter, Stage, Steps};
pub use written::PipelineError;

/// Says which tokens may come next, by what was generated so far.
pub trait Constraint: fmt::Debug + Send + Sync {
    /// By token id, whether the token may come after `generated`.
    fn allowed(&self, generated: &[u32]) -> Vec<bool>;
}

/// What the choice of a token depends on besides the distribution.
#[derive(Clone, Copy, Debug, Default)]
pub struct Past<'a> {
    /// The tokens so far, the prompt's and those generated.
    pub tokens: &'a [u32],
    /// How many of them were generated.
    pub generated: usize,
    /// μ of [`Kind::Mirostat`] in bits; twice its τ at the start.
    pub mu: Option<f64>,
    /// A random number in 0..1 for stages that act at random.
    pub chance: f64,
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
    pub fn new(temperature: f64, top_k: usize, top_p: f64, min_p: f64) -> Self {
        let stages = [Stage::temperature(temperature), Stage::top_k(top_k), Stage::top_p(top_p), Stage::min_p(min_p)];
        Self { stages: stages.into_iter().filter(|stage| !stage.is_idle()).collect() }
    }

    /// These stages in an order; of one kind, as they come.
    pub fn ordered(mut stages: Vec<Stage>, order: &[Kind]) -> Self {
        stages.sort_by_key(|stage| order.iter().position(|&kind| kind == stage.kind));
        Self { stages }
    }

    /// Always the most probable token.
    pub fn greedy() -> Self {
        Self { stages: vec![Stage::temperature(0.0)] }
    }

    /// Whether nothing is left to chance.
    pub fn is_greedy(&self) -> bool {
        self.stages.iter().any(Stage::is_greedy)
    }

    /// The temperature that the first stage sets, where it is one.
    pub(super) fn first_temperature(&self) -> Option<f64> {
        let first = self.stages.iter().find(|stage| !stage.is_idle())?;
        (first.kind == Kind::Temperature && !first.is_greedy()).then(|| Column::least(first.values[0]))
    }

    /// Applies every stage to the distribution.
    pub fn shape(&self, distribution: &Distribution, past: &Past<'_>) -> Shaped {
        let model = Column::new(Arc::clone(distribution.scores()), distribution.sum());
        let mut stages: Vec<Outcome> = Vec::with_capacity(self.stages.len());
        for stage in self.stages.iter().filter(|stage| !stage.is_idle()) {
            let entering = stages.last().map_or(&model, |outcome| &outcome.column);
            let (column, note) = apply(stage, entering, past);
            let (column, note) = column.map_or_else(|| (entering.narrowed(1), Note::Emptied), |column| (column, note));
            stages.push(Outcome { stage: stage.clone(), column, note });
        }
        Shaped { model, stages, probabilities: OnceLock::new() }
    }
}

/// What a stage makes of the candidates that enter it; `None` if it leaves none.
fn apply(stage: &Stage, entering: &Column, past: &Past<'_>) -> (Option<Column>, Note) {
    let [first, second, third, fourth] = stage.values;
    let column = match stage.kind {
        Kind::Ban => entering.filtered(|id| !tokens(stage).contains(&id)),
        Kind::Only => entering.filtered(|id| tokens(stage).contains(&id)),
        Kind::Match => match &stage.given {
            Given::Constraint(constraint) => {
                let allowed = constraint.allowed(&past.tokens[past.tokens.len() - past.generated..]);
                entering.filtered(|id| allowed.get(id as usize).is_some_and(|&allowed| allowed))
            }
            _ => Some(entering.clone()),
        },
        Kind::Repetition => {
            let seen = repeat::counts(repeat::window(past.tokens, second));
            let penalty = first as f32;
            Some(penalised(entering, seen, |value, _| if value <= 0.0 { value * penalty } else { value / penalty }))
        }
        Kind::Frequency => {
            let seen = repeat::counts(repeat::window(past.tokens, second));
            Some(penalised(entering, seen, |value, count| value - count as f32 * first as f32))
        }
        Kind::Presence => {
            let seen = repeat::counts(repeat::window(past.tokens, second));
            Some(penalised(entering, seen, |value, _| value - first as f32))
        }
        Kind::NoRepeat => {
            let ruled_out = repeat::completing(past.tokens, first as usize);
            if ruled_out.is_empty() { Some(entering.clone()) } else { entering.filtered(|id| !ruled_out.contains(&id)) }
        }
        Kind::Dry => {
            let seen = repeat::repetitions(repeat::window(past.tokens, fourth), third as usize, tokens(stage));
            // As llama.cpp does, no power is taken that float32 could not hold.
            let longest = if second > 1.000_001 { (f64::from(f32::MAX).ln() / second.ln()).floor() } else { f64::MAX };
            let penalty = |length: usize| first * second.powf((length as f64 - third).min(longest));
            Some(penalised(entering, seen, |value, length| value - penalty(length) as f32))
        }
        Kind::TopNSigma => {
            // A temperature divides all alike, so that it makes no difference here.
            let least = f64::from(entering.greatest()) - first * deviation(entering);
            Some(entering.narrowed(entering.at_least(least)))
        }
        Kind::TopK => {
            let k = (first.min(entering.survivors() as f64) as usize).max(1);
            let last = entering.id(k - 1).map_or(f64::NEG_INFINITY, |id| f64::from(entering.score(id)));
            Some(entering.narrowed(entering.at_least(last)))
        }
        Kind::Typical => Some(typical(entering, first)),
        Kind::TopP => Some(entering.narrowed(entering.nucleus(first))),
        Kind::MinP => {
            let least = f64::from(entering.greatest()) + first.ln() * entering.temperature();
            Some(entering.narrowed(entering.at_least(least)))
        }
        Kind::Xtc => {
            let note = Note::Chance(past.chance);
            let probable = |rank: usize| entering.id(rank).is_some_and(|id| entering.probability(id) >= second);
            let top = (0..entering.survivors()).take_while(|&rank| probable(rank)).count();
            let (true, Some(last)) = (past.chance <= first, top.checked_sub(1).filter(|&last| last > 0)) else {
                return (Some(entering.clone()), note);
            };
            let removed: Vec<u32> = entering.ids()[..last].to_vec();
            return (entering.filtered(|id| !removed.contains(&id)), note);
        }
        Kind::Mirostat => {
            let mu = past.mu.unwrap_or(2.0 * first);
            let passes = |rank: usize| {
                let bits = entering.id(rank).map(|id| entering.surprisal(id) / std::f64::consts::LN_2);
                bits.is_some_and(|bits| bits <= mu)
            };
            let kept = (0..entering.survivors()).take_while(|&rank| passes(rank)).count();
            return (Some(entering.narrowed(kept)), Note::Surprisal(mu));
        }
        Kind::Temperature if stage.is_greedy() => Some(entering.narrowed(1)),
        Kind::Temperature => Some(entering.heated(first)),
        Kind::Dynamic => {
            let most = (entering.survivors() as f64).ln();
            let share = if most > 0.0 { entering.entropy() / most } else { 0.0 };
            let (least, greatest) = ((first - second).max(0.0), first + second);
            let t = if most > 0.0 { least + (greatest - least) * share.powf(third) } else { first };
            let column = if t > 0.0 { entering.heated(t) } else { entering.narrowed(1) };
            return (Some(column), Note::Temperature(t));
        }
    };
    (column, Note::Nothing)
}

fn tokens(stage: &Stage) -> &[u32] {
    if let Given::Tokens(tokens) = &stage.given { tokens } else { &[] }
}

/// The candidates with the scores of `seen` tokens changed.
fn penalised<N>(entering: &Column, seen: impl IntoIterator<Item = (u32, N)>, change: impl Fn(f32, N) -> f32) -> Column {
    let mut seen = seen.into_iter().peekable();
    if seen.peek().is_none() {
        return entering.clone();
    }
    entering.changed(|scores| {
        for (id, count) in seen {
            if let Some(score) = scores.get_mut(id as usize).filter(|score| score.is_finite()) {
                *score = change(*score, count).max(f32::MIN);
            }
        }
    })
}

/// The standard deviation of the scores of those left, all of one weight, before the temperature.
fn deviation(column: &Column) -> f64 {
    let count = column.survivors() as f64;
    let mean = column.scores_left().map(f64::from).sum::<f64>() / count;
    (column.scores_left().map(|score| (f64::from(score) - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// The tokens whose surprisal is nearest to the entropy, until their probability reaches `p`.
fn typical(entering: &Column, p: f64) -> Column {
    let entropy = entering.entropy();
    let distance = |id: u32| (entering.surprisal(id) - entropy).abs();
    let mut nearest: Vec<(f64, u32)> = entering.ids().iter().map(|&id| (distance(id), id)).collect();
    nearest.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut reached = 0.0;
    let enough = nearest.iter().position(|&(_, id)| {
        reached += entering.probability(id);
        reached >= p
    });
    let last = nearest.get(enough.unwrap_or(nearest.len() - 1)).map_or(f64::INFINITY, |&(distance, _)| distance);
    entering.filtered(|id| distance(id) <= last).unwrap_or_else(|| entering.clone())
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

/// A second such number for the same place: what stages that act at random are decided by.
pub fn chance(seed: u64, index: u64) -> f64 {
    uniform(!seed, index)
}
