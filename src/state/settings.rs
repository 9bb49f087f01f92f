//! How the next token is chosen: the sampler's parameters, the seed, the pace of playing.

use std::time::Duration;

use crate::lm::Sampler;
use crate::ui::Message;

/// A parameter that a person can turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parameter {
    /// Softmax temperature; 0 takes the most probable token.
    #[default]
    Temperature,
    /// How many of the most probable tokens may be drawn.
    TopK,
    /// The probability mass that may be drawn.
    TopP,
    /// The smallest probability that may be drawn, as a share of the greatest.
    MinP,
    /// The seed of the random numbers.
    Seed,
    /// Tokens per second while playing.
    Pace,
}

impl Parameter {
    /// Every parameter, in the order of the sampler's stages.
    pub const ALL: [Self; 6] = [Self::Temperature, Self::TopK, Self::TopP, Self::MinP, Self::Seed, Self::Pace];

    /// Its name.
    pub fn name(self) -> Message {
        match self {
            Self::Temperature => Message::Temperature,
            Self::TopK => Message::TopK,
            Self::TopP => Message::TopP,
            Self::MinP => Message::MinP,
            Self::Seed => Message::Seed,
            Self::Pace => Message::Pace,
        }
    }

    /// What it says when it does nothing.
    pub fn off(self) -> Message {
        if self == Self::Pace { Message::FullPace } else { Message::Off }
    }

    /// The parameter after this one, round.
    #[must_use]
    pub fn next(self) -> Self {
        let index = Self::ALL.iter().position(|&parameter| parameter == self).unwrap_or(0);
        Self::ALL[(index + 1) % Self::ALL.len()]
    }
}

/// The values that parameters step through, ascending.
const TOP_K: [usize; 12] = [0, 1, 2, 3, 5, 10, 20, 40, 60, 100, 200, 500];
const TOP_P: [f32; 12] = [0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.92, 0.95, 0.98, 0.99, 1.0];
const MIN_P: [f32; 9] = [0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5];
const PACE: [u32; 7] = [1, 2, 5, 10, 30, 60, Settings::FULL_PACE];

/// The sampler's parameters, as the person set them.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Softmax temperature.
    pub temperature: f32,
    /// Top-k; 0 is off.
    pub top_k: usize,
    /// Top-p; 1 is off.
    pub top_p: f32,
    /// Min-p; 0 is off.
    pub min_p: f32,
    /// The seed.
    pub seed: u64,
    /// Tokens per second while playing, at most.
    pub pace: u32,
    /// The parameter that the keys turn.
    pub active: Parameter,
}

impl Default for Settings {
    fn default() -> Self {
        Self { temperature: 0.8, top_k: 0, top_p: 0.95, min_p: 0.0, seed: 7, pace: 10, active: Parameter::default() }
    }
}

impl Settings {
    /// The pace that means: as fast as the model goes.
    pub const FULL_PACE: u32 = u32::MAX;

    /// The pipeline these settings describe.
    pub fn sampler(&self) -> Sampler {
        Sampler::new(self.temperature, self.top_k, self.top_p, self.min_p)
    }

    /// The least time between two tokens while playing.
    pub fn rest(&self) -> Duration {
        if self.pace == Self::FULL_PACE { Duration::ZERO } else { Duration::from_secs(1) / self.pace }
    }

    /// Turns the active parameter one step up or down.
    pub fn turn(&mut self, up: bool) {
        match self.active {
            Parameter::Temperature => {
                let tenths = (self.temperature * 10.0).round() as i32 + if up { 1 } else { -1 };
                self.temperature = tenths.clamp(0, 30) as f32 / 10.0;
            }
            Parameter::TopK => self.top_k = neighbour(&TOP_K, self.top_k, up),
            Parameter::TopP => self.top_p = neighbour(&TOP_P, self.top_p, up),
            Parameter::MinP => self.min_p = neighbour(&MIN_P, self.min_p, up),
            Parameter::Seed => self.seed = if up { self.seed.wrapping_add(1) } else { self.seed.wrapping_sub(1) },
            Parameter::Pace => self.pace = neighbour(&PACE, self.pace, up),
        }
    }

    /// A parameter's value as it is shown; `None` when it does nothing.
    pub fn value(&self, parameter: Parameter) -> Option<String> {
        match parameter {
            Parameter::Temperature => Some(format!("{:.1}", self.temperature)),
            Parameter::TopK => (self.top_k > 0).then(|| self.top_k.to_string()),
            Parameter::TopP => (self.top_p < 1.0).then(|| format!("{:.2}", self.top_p)),
            Parameter::MinP => (self.min_p > 0.0).then(|| format!("{:.2}", self.min_p)),
            Parameter::Seed => Some(self.seed.to_string()),
            Parameter::Pace => (self.pace != Self::FULL_PACE).then(|| format!("{}/s", self.pace)),
        }
    }
}

/// The value after (or before) `value` in the ascending `steps`, without wrapping round.
fn neighbour<T: Copy + PartialOrd>(steps: &[T], value: T, up: bool) -> T {
    let index =
        if up { steps.iter().position(|&step| step > value) } else { steps.iter().rposition(|&step| step < value) };
    index.map_or(value, |index| steps[index])
}
