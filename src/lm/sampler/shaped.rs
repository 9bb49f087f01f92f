//! What a pipeline made of a distribution, stage by stage.

use std::sync::OnceLock;

use super::{
    column::Column,
    stage::{Kind, Stage},
};

/// What one stage did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The stage.
    pub stage: Stage,
    /// The candidates after it.
    pub column: Column,
    /// What it did beyond its parameters.
    pub note: Note,
}

impl Outcome {
    /// How many tokens are left after it.
    pub fn survivors(&self) -> usize {
        self.column.survivors()
    }
}

/// What a stage did beyond its parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Note {
    /// Nothing to say.
    #[default]
    Nothing,
    /// It would have left no token; the most probable of those that came in was left standing.
    Emptied,
    /// The number that decided whether it acts, in 0..1.
    Chance(f64),
    /// The greatest surprisal that it let pass, in bits.
    Surprisal(f64),
    /// The temperature that it found.
    Temperature(f64),
}

/// The distribution after every stage: what is drawn from, and who was cut where.
#[derive(Debug)]
pub struct Shaped {
    pub(super) model: Column,
    pub(super) stages: Vec<Outcome>,
    pub(super) probabilities: OnceLock<Vec<f32>>,
}

impl Shaped {
    /// The candidates after all stages.
    pub fn column(&self) -> &Column {
        self.stages.last().map_or(&self.model, |outcome| &outcome.column)
    }

    /// The candidates that entered the stage at `index`.
    pub fn entering(&self, index: usize) -> &Column {
        index.checked_sub(1).map_or(&self.model, |before| &self.stages[before].column)
    }

    /// The share of the probability entering the stage at `index` that its survivors held, 0..=1.
    pub fn mass(&self, index: usize) -> f64 {
        self.entering(index).mass_of(&self.stages[index].column)
    }

    /// The tokens left, most probable first.
    pub fn ids(&self) -> &[u32] {
        self.column().ids()
    }

    /// Their probabilities, in the same order, summing to one.
    pub fn probabilities(&self) -> &[f32] {
        self.probabilities.get_or_init(|| self.ids().iter().map(|&id| self.probability(id)).collect())
    }

    /// What each stage did, in order; stages that change nothing are not among them.
    pub fn stages(&self) -> &[Outcome] {
        &self.stages
    }

    /// How many tokens entered the pipeline.
    pub fn total(&self) -> usize {
        self.model.survivors()
    }

    /// How many are left.
    pub fn survivors(&self) -> usize {
        self.column().survivors()
    }

    /// The probability of a token after all stages; 0 if it was cut.
    pub fn probability(&self, id: u32) -> f32 {
        self.column().probability(id) as f32
    }

    /// The index of the stage that cut the token; `None` if it is still there or was never in the vocabulary.
    pub fn removed_by(&self, id: u32) -> Option<usize> {
        if !self.model.keeps(id) {
            return None;
        }
        self.stages.iter().position(|outcome| !outcome.column.keeps(id))
    }

    /// The token on which the number `u` in 0..1 falls when the probabilities are laid end to end in rank order.
    pub fn draw(&self, u: f64) -> u32 {
        self.column().at(u).0
    }

    /// The same with the stretch of 0..1 that belongs to the token.
    pub fn draw_at(&self, u: f64) -> (u32, [f64; 2]) {
        self.column().at(u)
    }

    /// The stretch of 0..1 that falls on a token; `None` if it was cut.
    pub fn stretch(&self, id: u32) -> Option<[f64; 2]> {
        let column = self.column();
        let from = column.keeps(id).then(|| column.before(id))?;
        Some([from, from + column.probability(id)])
    }

    /// What the parameter of the stage that cut a token would have to be, at least or at most, for the stage to keep it;
    /// `None` where no value of one parameter would do.
    pub fn need(&self, id: u32) -> Option<Need> {
        let index = self.removed_by(id)?;
        let (outcome, entering) = (&self.stages[index], self.entering(index));
        let stage = &outcome.stage;
        let greatest = f64::from(entering.greatest());
        let below = greatest - f64::from(entering.score(id));
        let (parameter, value) = match stage.kind {
            Kind::TopK => (0, (entering.ids().iter().position(|&other| other == id)? + 1) as f64),
            Kind::TopP => (0, entering.before(id)),
            Kind::MinP => (0, (-below / entering.temperature()).exp()),
            Kind::TopNSigma => (0, below / super::deviation(entering)),
            _ => return None,
        };
        let more = !matches!(stage.kind, Kind::MinP);
        Some(Need { stage: index, parameter: stage.kind.parameters().get(parameter)?.name, value, more })
    }

    /// What μ of [`Kind::Mirostat`] becomes when `token` was chosen (Basu et al. 2021, algorithm 1, last line), in bits;
    /// `None` without such a stage.
    pub fn mirostat_after(&self, token: u32) -> Option<f64> {
        let index = self.stages.iter().position(|outcome| outcome.stage.kind == Kind::Mirostat)?;
        let outcome = &self.stages[index];
        let Note::Surprisal(mu) = outcome.note else { return None };
        let [tau, eta, ..] = outcome.stage.values;
        let column = if outcome.column.keeps(token) { &outcome.column } else { self.entering(index) };
        let observed = column.surprisal(token) / std::f64::consts::LN_2;
        Some(if observed.is_finite() { mu - eta * (observed - tau) } else { mu })
    }
}

/// What it would take for a token to stay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Need {
    /// The index of the stage that cut it.
    pub stage: usize,
    /// The parameter.
    pub parameter: &'static str,
    /// Where it begins to keep the token.
    pub value: f64,
    /// Whether the parameter has to be above the value; if not, no more than it.
    pub more: bool,
}
