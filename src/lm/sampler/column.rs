//! The candidates after a stage: which tokens are left, and what probability each has.

use std::sync::Arc;

use crate::lm::scores::Scores;

/// The candidates after a stage. They are the front of the rank order of some scores, divided by a temperature: stages that
/// cut inside the order or change scores make new ones.
#[derive(Clone, Debug)]
pub struct Column {
    scores: Arc<Scores>,
    survivors: usize,
    /// The last survivor in rank order.
    last: u32,
    temperature: f64,
    /// Of the survivors' weights.
    sum: f64,
}

impl Column {
    /// All that the model gave, whose weights are `sum` together.
    pub(super) fn new(scores: Arc<Scores>, sum: f64) -> Self {
        let survivors = scores.present();
        Self { scores, survivors, last: u32::MAX, temperature: 1.0, sum }
    }

    fn of(scores: Arc<Scores>, survivors: usize, temperature: f64) -> Self {
        let whole = survivors >= scores.present();
        // The last one of a whole order need not be looked for: nothing comes after it.
        let last = if whole { u32::MAX } else { scores.front(survivors)[survivors - 1] };
        let mut column = Self { scores, survivors, last, temperature, sum: 1.0 };
        column.sum = if whole {
            column.scores.partition(1.0 / temperature).0
        } else {
            let mut sum = 0.0;
            column.walk(&mut |_, weight| {
                sum += weight;
                true
            });
            sum
        };
        column
    }

    /// How many tokens are left.
    pub fn survivors(&self) -> usize {
        self.survivors
    }

    /// The product of the temperatures since the scores were last changed.
    pub fn temperature(&self) -> f64 {
        self.temperature
    }

    /// The tokens left, most probable first.
    pub fn ids(&self) -> &[u32] {
        &self.scores.front(self.survivors)[..self.survivors]
    }

    /// The token at a rank, if it is left.
    pub fn id(&self, rank: usize) -> Option<u32> {
        (rank < self.survivors).then(|| self.scores.front(rank + 1)[rank])
    }

    /// Whether a token is left.
    pub fn keeps(&self, id: u32) -> bool {
        let present = self.scores.values().get(id as usize).is_some_and(|&value| value > f32::NEG_INFINITY);
        present && (self.is_whole() || !self.scores.precedes(self.last, id))
    }

    /// A token's probability among those left; 0 if it is not.
    pub fn probability(&self, id: u32) -> f64 {
        if self.keeps(id) { self.weight(id) / self.sum } else { 0.0 }
    }

    /// Among those left, the surprisal of one in nats; infinite if it is not there.
    pub fn surprisal(&self, id: u32) -> f64 {
        if !self.keeps(id) {
            return f64::INFINITY;
        }
        let below = f64::from(self.scores.greatest()) - f64::from(self.scores.values()[id as usize]);
        below / self.temperature + self.sum.ln()
    }

    /// The entropy of those left, in nats.
    pub fn entropy(&self) -> f64 {
        if self.is_whole() {
            return self.scores.partition(1.0 / self.temperature).1;
        }
        self.ids().iter().map(|&id| self.probability(id) * self.surprisal(id)).sum()
    }

    /// How many tokens it takes, from the front, until those behind them hold no more than `1 − p` of the probability.
    pub(super) fn nucleus(&self, p: f64) -> usize {
        let mut behind = self.sum;
        let mut count = 0;
        self.walk(&mut |_, weight| {
            behind -= weight;
            count += 1;
            behind > (1.0 - p) * self.sum
        });
        count
    }

    /// The probability of the tokens before this one.
    pub(super) fn before(&self, id: u32) -> f64 {
        let precede = |&&other: &&u32| self.scores.precedes(other, id);
        self.ids().iter().take_while(precede).fold(0.0, |sum, &other| sum + self.weight(other)) / self.sum
    }

    /// How many of those left have at least this score (before the temperature); at least one.
    pub(super) fn at_least(&self, score: f64) -> usize {
        let enough = |value: f32| f64::from(value) >= score && value > f32::NEG_INFINITY;
        self.scores.values().iter().filter(|value| enough(**value)).count().clamp(1, self.survivors)
    }

    /// The score of a token before the temperature.
    pub(super) fn score(&self, id: u32) -> f32 {
        self.scores.values()[id as usize]
    }

    pub(super) fn greatest(&self) -> f32 {
        self.scores.greatest()
    }

    /// The scores of those left, before the temperature, in the order of their ids.
    pub(super) fn scores_left(&self) -> impl Iterator<Item = f32> {
        let ids = 0..self.scores.values().len() as u32;
        ids.filter(|&id| self.keeps(id)).map(|id| self.scores.values()[id as usize])
    }

    /// The first `survivors` alone.
    pub(super) fn narrowed(&self, survivors: usize) -> Self {
        Self::of(Arc::clone(&self.scores), survivors.clamp(1, self.survivors), self.temperature)
    }

    /// At another temperature, times what it was.
    pub(super) fn heated(&self, t: f64) -> Self {
        Self::of(Arc::clone(&self.scores), self.survivors, Self::least(self.temperature * t))
    }

    /// A temperature that can be divided by: so small a one leaves the best alone anyway.
    pub(super) fn least(temperature: f64) -> f64 {
        temperature.max(f64::from(f32::MIN_POSITIVE))
    }

    /// Those for which `keep` holds; `None` if there is no such token.
    pub(super) fn filtered(&self, keep: impl Fn(u32) -> bool) -> Option<Self> {
        let stays = |id: u32| self.keeps(id) && keep(id);
        let values = self.scores.values().iter().enumerate();
        let values = values.map(|(id, &value)| if stays(id as u32) { value } else { f32::NEG_INFINITY });
        let scores = Scores::new(values.collect());
        let survivors = scores.present();
        (survivors > 0).then(|| Self::of(Arc::new(scores), survivors, self.temperature))
    }

    /// With other scores: `change` is given them divided by the temperature.
    pub(super) fn changed(&self, change: impl FnOnce(&mut [f32])) -> Self {
        let divide =
            |value: f32| if self.temperature == 1.0 { value } else { (f64::from(value) / self.temperature) as f32 };
        let values = self.scores.values().iter().enumerate();
        let values = values.map(|(id, &value)| if self.keeps(id as u32) { divide(value) } else { f32::NEG_INFINITY });
        let mut values: Vec<f32> = values.collect();
        change(&mut values);
        let scores = Scores::new(values);
        let survivors = scores.present();
        Self::of(Arc::new(scores), survivors, 1.0)
    }

    /// The share of this column's probability that the survivors of the next one held.
    pub(super) fn mass_of(&self, next: &Self) -> f64 {
        if next.survivors == self.survivors {
            return 1.0;
        }
        if Arc::ptr_eq(&self.scores, &next.scores) && self.temperature == next.temperature {
            return next.sum / self.sum;
        }
        let ids = 0..self.scores.values().len() as u32;
        ids.filter(|&id| next.keeps(id)).map(|id| self.weight(id)).sum::<f64>() / self.sum
    }

    /// Where a number in 0..1 falls when the probabilities are laid end to end in rank order: the token, and its stretch.
    pub(super) fn at(&self, u: f64) -> (u32, [f64; 2]) {
        let (mut reached, mut found) = (0.0, (0, [0.0, 1.0]));
        self.walk(&mut |id, weight| {
            let from = reached;
            reached += weight;
            found = (id, [from / self.sum, reached / self.sum]);
            u * self.sum >= reached
        });
        found
    }

    fn is_whole(&self) -> bool {
        self.survivors >= self.scores.present()
    }

    fn weight(&self, id: u32) -> f64 {
        self.scores.weight(self.scores.values()[id as usize], 1.0 / self.temperature)
    }

    /// Visits those left in rank order, each with its weight, until `visit` says no.
    fn walk(&self, visit: &mut impl FnMut(u32, f64) -> bool) {
        self.scores.walk(self.survivors, 1.0 / self.temperature, visit);
    }
}
