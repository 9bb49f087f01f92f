//! What an attention head does, measured: how much of its weight goes to the places that known kinds of heads look at.

use super::singular;
use crate::ui::Message;

/// The kinds of heads that can be told apart by where they look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// The token just before.
    Previous,
    /// The very first token, whatever it is (an attention sink: Xiao et al. 2023, arXiv 2309.17453).
    First,
    /// The token itself.
    Same,
    /// The token that followed an earlier occurrence of this one (Olsson et al. 2022, arXiv 2209.11895).
    Induction,
    /// The last few tokens.
    Local,
    /// Every token alike.
    Uniform,
    /// None of these.
    Mixed,
}

impl Habit {
    /// Every habit.
    pub const ALL: [Self; 7] =
        [Self::Previous, Self::First, Self::Same, Self::Induction, Self::Local, Self::Uniform, Self::Mixed];

    /// Its name in a file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Previous => "previous",
            Self::First => "first",
            Self::Same => "same",
            Self::Induction => "induction",
            Self::Local => "local",
            Self::Uniform => "uniform",
            Self::Mixed => "mixed",
        }
    }

    /// What it does, for a person.
    pub fn said(self) -> Message {
        match self {
            Self::Previous => Message::HabitPrevious,
            Self::First => Message::HabitFirst,
            Self::Same => Message::HabitSame,
            Self::Induction => Message::HabitInduction,
            Self::Local => Message::HabitLocal,
            Self::Uniform => Message::HabitUniform,
            Self::Mixed => Message::HabitMixed,
        }
    }
}

/// What was measured of one head over some rows of its attention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadScore {
    /// The kind it is nearest to.
    pub habit: Habit,
    /// The share of its weight that goes there, 0 to 1 (for [`Habit::Uniform`]: entropy over its greatest value).
    pub score: f32,
    /// Mean entropy of its rows, in bits.
    pub entropy: f32,
    /// Mean distance of what it looks at, in tokens.
    pub distance: f32,
    /// The effective rank of its rows, 1 to their number: how many ways of looking they are made of (Roy and Vetterli 2007,
    /// "The effective rank", section 2).
    pub effective_rank: f32,
}

/// A head is named after a place when it spends at least this share of its weight there.
const ENOUGH: f32 = 0.4;
/// How many tokens back [`Habit::Local`] reaches, the token itself included.
const NEAR: usize = 4;

/// Measures a head on rows of its attention: `rows` are `(query, weights over keys 0..)`, `tokens` the ids at every
/// position. Rows with a single visible key say nothing and are left out; `None` when no row is left.
pub fn measure(rows: &[(usize, Vec<f32>)], tokens: &[u32]) -> Option<HeadScore> {
    let all = rows;
    let rows: Vec<_> = rows.iter().filter(|(query, weights)| *query > 0 && weights.len() > 1).collect();
    if rows.is_empty() {
        return None;
    }
    let mean = |value: &dyn Fn(usize, &[f32]) -> f32| {
        rows.iter().map(|(query, weights)| value(*query, weights)).sum::<f32>() / rows.len() as f32
    };
    let at = |weights: &[f32], key: usize| weights.get(key).copied().unwrap_or(0.0);
    let entropy = |weights: &[f32]| -> f32 {
        weights.iter().filter(|&&weight| weight > 0.0).map(|&weight| -weight * weight.log2()).sum()
    };
    let places = [
        (Habit::Induction, mean(&|query, weights| induction(query, weights, tokens))),
        (Habit::Previous, mean(&|query, weights| at(weights, query - 1))),
        (Habit::Same, mean(&|query, weights| at(weights, query))),
        (Habit::First, mean(&|_, weights| at(weights, 0))),
    ];
    let local = mean(&|query, weights| (query.saturating_sub(NEAR - 1)..=query).map(|key| at(weights, key)).sum());
    let uniform = mean(&|_, weights| entropy(weights) / (weights.len().max(2) as f32).log2());
    let (mut habit, mut score) = places[0];
    for &(other, share) in &places[1..] {
        if share > score {
            (habit, score) = (other, share);
        }
    }
    if score < ENOUGH {
        (habit, score) = if uniform > 0.9 {
            (Habit::Uniform, uniform)
        } else if local > 0.7 {
            (Habit::Local, local)
        } else {
            (Habit::Mixed, score)
        };
    }
    let distance = mean(&|query, weights| {
        weights.iter().enumerate().map(|(key, weight)| weight * query.abs_diff(key) as f32).sum()
    });
    let values = singular::values(all.iter().map(|(_, weights)| weights.as_slice()));
    let (entropy, effective_rank) = (mean(&|_, weights| entropy(weights)), singular::effective_rank(&values) as f32);
    Some(HeadScore { habit, score, entropy, distance, effective_rank })
}

/// The share of a row's weight that goes to what followed an earlier occurrence of the query's token.
pub fn induction(query: usize, weights: &[f32], tokens: &[u32]) -> f32 {
    let follows = |&key: &usize| tokens.get(key - 1) == tokens.get(query);
    (1..=query).filter(follows).filter_map(|key| weights.get(key)).sum()
}
