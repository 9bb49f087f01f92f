//! What an attention head does, measured: how much of its weight goes to the places that known kinds of heads look at.

use std::cmp::Ordering;

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

    /// How many there are without [`Habit::Mixed`], the last.
    pub const TOLD: usize = Self::ALL.len() - 1;

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

    /// Where it looks, in a word.
    pub fn short(self) -> Message {
        match self {
            Self::Previous => Message::ShortPrevious,
            Self::First => Message::ShortFirst,
            Self::Same => Message::ShortSame,
            Self::Induction => Message::ShortInduction,
            Self::Local => Message::ShortLocal,
            Self::Uniform => Message::ShortUniform,
            Self::Mixed => Message::HabitMixed,
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
    /// The same of every habit that can be told, in the order of [`Habit::ALL`].
    pub shares: [f32; Habit::TOLD],
    /// Mean entropy of its rows, in bits.
    pub entropy: f32,
    /// Mean distance of what it looks at, in tokens.
    pub distance: f32,
    /// The effective rank of its rows, 1 to their number: how many ways of looking they are made of (Roy and Vetterli 2007,
    /// "The effective rank", section 2).
    pub effective_rank: f32,
}

/// What heads can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// How much of the weight goes where this habit looks.
    Share(Habit),
    /// How clearly it does what it is named after.
    Score,
    /// The entropy of its rows.
    Entropy,
    /// How far off it looks.
    Distance,
    /// How many ways of looking its rows are made of.
    EffectiveRank,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; Habit::TOLD + 4] = [
        Self::Score,
        Self::Share(Habit::Previous),
        Self::Share(Habit::First),
        Self::Share(Habit::Same),
        Self::Share(Habit::Induction),
        Self::Share(Habit::Local),
        Self::Share(Habit::Uniform),
        Self::Entropy,
        Self::Distance,
        Self::EffectiveRank,
    ];

    /// Its name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Share(habit) => habit.name(),
            Self::Score => "score",
            Self::Entropy => "entropy",
            Self::Distance => "distance",
            Self::EffectiveRank => "rank",
        }
    }

    /// What it measures, for a person.
    pub fn said(self) -> Message {
        match self {
            Self::Share(habit) => habit.short(),
            Self::Score => Message::MeasureScore,
            Self::Entropy => Message::CliEntropy,
            Self::Distance => Message::CliDistance,
            Self::EffectiveRank => Message::CliEffectiveRank,
        }
    }

    /// What was measured of a head.
    pub fn of(self, score: &HeadScore) -> f32 {
        match self {
            Self::Share(habit) => {
                let at = Habit::ALL.iter().position(|&other| other == habit);
                at.and_then(|at| score.shares.get(at)).copied().unwrap_or(score.score)
            }
            Self::Score => score.score,
            Self::Entropy => score.entropy,
            Self::Distance => score.distance,
            Self::EffectiveRank => score.effective_rank,
        }
    }

    /// The order of two heads, the greatest first, or the least; what was not measured stands last either way.
    pub fn compare(self, a: Option<&HeadScore>, b: Option<&HeadScore>, least_first: bool) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) if least_first => self.of(a).total_cmp(&self.of(b)),
            (Some(a), Some(b)) => self.of(b).total_cmp(&self.of(a)),
            (a, b) => b.is_some().cmp(&a.is_some()),
        }
    }
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
    let [(_, induction), (_, previous), (_, same), (_, first)] = places;
    let shares = [previous, first, same, induction, local, uniform];
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
    Some(HeadScore { habit, score, shares, entropy, distance, effective_rank })
}

/// The share of a row's weight that goes to what followed an earlier occurrence of the query's token.
pub fn induction(query: usize, weights: &[f32], tokens: &[u32]) -> f32 {
    let follows = |&key: &usize| tokens.get(key - 1) == tokens.get(query);
    (1..=query).filter(follows).filter_map(|key| weights.get(key)).sum()
}
