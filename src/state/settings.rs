//! How the next token is chosen: the pipeline, the seed, the pace of playing.

use std::time::Duration;

use super::Listed;
use crate::lm::Kind;
use crate::lm::Sampler;
use crate::lm::Stage;
use crate::ui::Message;

/// Something that a person can turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    /// A parameter of a stage of the pipeline.
    Stage {
        /// Index of the stage.
        stage: usize,
        /// Index of the parameter.
        parameter: usize,
    },
    /// The seed of the random numbers.
    Seed,
    /// Tokens per second while playing.
    Pace,
}

/// The paces that are stepped through, ascending.
const PACE: [u32; 7] = [1, 2, 5, 10, 30, 60, Settings::FULL_PACE];

/// How the next token is chosen, as the person set it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The stages, in their order; those that are off or change nothing are among them.
    pub pipeline: Vec<Stage>,
    /// The seed.
    pub seed: u64,
    /// Tokens per second while playing, at most.
    pub pace: u32,
    /// What the keys turn.
    pub active: Knob,
    /// What is changed in the run, to see what comes of it.
    pub changes: Vec<Listed>,
}

impl Default for Settings {
    fn default() -> Self {
        let pipeline = vec![Stage::temperature(0.8), Stage::top_k(0), Stage::top_p(0.95), Stage::min_p(0.0)];
        Self { pipeline, seed: 7, pace: 10, active: Knob::Stage { stage: 0, parameter: 0 }, changes: Vec::new() }
    }
}

impl Settings {
    /// The pace that means: as fast as the model goes.
    pub const FULL_PACE: u32 = u32::MAX;

    /// The pipeline.
    pub fn sampler(&self) -> Sampler {
        Sampler { stages: self.pipeline.clone() }
    }

    /// The first stage of a kind.
    pub fn stage(&mut self, kind: Kind) -> Option<&mut Stage> {
        self.pipeline.iter_mut().find(|stage| stage.kind == kind)
    }

    /// The least time between two tokens while playing.
    pub fn rest(&self) -> Duration {
        if self.pace == Self::FULL_PACE { Duration::ZERO } else { Duration::from_secs(1) / self.pace }
    }

    /// All that can be turned, in the order of the pipeline.
    pub fn knobs(&self) -> Vec<Knob> {
        let of = |(stage, content): (usize, &Stage)| {
            (0..content.kind.parameters().len().max(1)).map(move |parameter| Knob::Stage { stage, parameter })
        };
        self.pipeline.iter().enumerate().flat_map(of).chain([Knob::Seed, Knob::Pace]).collect()
    }

    /// Makes the knob after the active one active, round.
    pub fn next_knob(&mut self) {
        let knobs = self.knobs();
        let index = knobs.iter().position(|&knob| knob == self.active).map_or(0, |index| index + 1);
        self.active = knobs[index % knobs.len()];
    }

    /// Turns the active knob one step up or down.
    pub fn turn(&mut self, up: bool) {
        match self.active {
            Knob::Stage { stage, parameter } => {
                let Some(stage) = self.pipeline.get_mut(stage) else { return };
                if let Some(known) = stage.kind.parameters().get(parameter) {
                    stage.values[parameter] = known.turned(stage.values[parameter], up);
                }
            }
            Knob::Seed => self.seed = if up { self.seed.wrapping_add(1) } else { self.seed.wrapping_sub(1) },
            Knob::Pace => self.pace = neighbour(&PACE, self.pace, up),
        }
    }

    /// A knob's name.
    pub fn name(&self, knob: Knob) -> Message {
        match knob {
            Knob::Stage { stage, .. } => self.pipeline.get(stage).map_or(Message::Off, |stage| name_of(stage.kind)),
            Knob::Seed => Message::Seed,
            Knob::Pace => Message::Pace,
        }
    }

    /// A knob's value as it is shown; `None` when it does nothing.
    pub fn value(&self, knob: Knob) -> Option<String> {
        match knob {
            Knob::Stage { stage, parameter } => {
                let stage = self.pipeline.get(stage).filter(|stage| stage.on)?;
                let known = stage.kind.parameters().get(parameter)?;
                // A temperature says what it is also where it changes nothing.
                let idle = stage.is_idle() && stage.kind != Kind::Temperature;
                let digits = if known.is_whole() { 0 } else { 1 + usize::from(known.range.1 <= 1.0) };
                let value = known.written(stage.values[parameter]);
                let fraction = value.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                (!idle).then(|| format!("{:.*}", digits.max(fraction), stage.values[parameter]))
            }
            Knob::Seed => Some(self.seed.to_string()),
            Knob::Pace => (self.pace != Self::FULL_PACE).then(|| format!("{}/s", self.pace)),
        }
    }

    /// What a knob says when it does nothing.
    pub fn off(knob: Knob) -> Message {
        if knob == Knob::Pace { Message::FullPace } else { Message::Off }
    }
}

/// The name of a kind of stage.
pub fn name_of(kind: Kind) -> Message {
    match kind {
        Kind::Ban => Message::StageBan,
        Kind::Only => Message::StageOnly,
        Kind::Match => Message::StageMatch,
        Kind::Repetition => Message::StageRepetition,
        Kind::Frequency => Message::StageFrequency,
        Kind::Presence => Message::StagePresence,
        Kind::NoRepeat => Message::StageNoRepeat,
        Kind::Dry => Message::StageDry,
        Kind::TopNSigma => Message::StageTopNSigma,
        Kind::TopK => Message::TopK,
        Kind::Typical => Message::StageTypical,
        Kind::TopP => Message::TopP,
        Kind::MinP => Message::MinP,
        Kind::Xtc => Message::StageXtc,
        Kind::Mirostat => Message::StageMirostat,
        Kind::Temperature => Message::Temperature,
        Kind::Dynamic => Message::StageDynamic,
    }
}

/// What a kind of stage does, in a line.
pub fn help_of(kind: Kind) -> Message {
    match kind {
        Kind::Ban => Message::StageHelpBan,
        Kind::Only => Message::StageHelpOnly,
        Kind::Match => Message::StageHelpMatch,
        Kind::Repetition => Message::StageHelpRepetition,
        Kind::Frequency => Message::StageHelpFrequency,
        Kind::Presence => Message::StageHelpPresence,
        Kind::NoRepeat => Message::StageHelpNoRepeat,
        Kind::Dry => Message::StageHelpDry,
        Kind::TopNSigma => Message::StageHelpTopNSigma,
        Kind::TopK => Message::StageHelpTopK,
        Kind::Typical => Message::StageHelpTypical,
        Kind::TopP => Message::StageHelpTopP,
        Kind::MinP => Message::StageHelpMinP,
        Kind::Xtc => Message::StageHelpXtc,
        Kind::Mirostat => Message::StageHelpMirostat,
        Kind::Temperature => Message::StageHelpTemperature,
        Kind::Dynamic => Message::StageHelpDynamic,
    }
}

/// The value after (or before) `value` in the ascending `steps`, without wrapping round.
fn neighbour<T: Copy + PartialOrd>(steps: &[T], value: T, up: bool) -> T {
    let index =
        if up { steps.iter().position(|&step| step > value) } else { steps.iter().rposition(|&step| step < value) };
    index.map_or(value, |index| steps[index])
}
