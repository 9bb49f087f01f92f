//! The stages that a pipeline can have, as a table: names, parameters, what each changes nothing at.

use std::{fmt, sync::Arc};

use super::Constraint;

/// What a stage does to the candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Tokens that may never be chosen.
    Ban,
    /// Only these tokens may be chosen.
    Only,
    /// The generated text has to match a regular expression.
    Match,
    /// Divides positive logits of tokens that stand in the window by the penalty, multiplies negative ones (Keskar et al.
    /// 2019, CTRL, section 4.1); Hugging Face's window is the whole text.
    Repetition,
    /// Takes the penalty off the logit for each time that the token stands in the window (`OpenAI`'s API).
    Frequency,
    /// Takes the penalty off the logit of every token that stands in the window (`OpenAI`'s API).
    Presence,
    /// Rules out tokens that would complete an n-gram that stands in the text already (Paulus et al. 2017, section 2.5).
    NoRepeat,
    /// "Don't repeat yourself": the logit of a token that would continue a repetition of `length` tokens loses
    /// `multiplier · base^(length − allowed)`; nothing before a breaker counts. As llama.cpp has it.
    Dry,
    /// Keeps logits no more than n standard deviations below the greatest (Tang et al. 2024, arXiv 2411.07641).
    TopNSigma,
    /// Keeps the `k` tokens of greatest logit, and those that equal the last of them (Fan et al. 2018), as Hugging Face
    /// does; llama.cpp keeps no more than `k`.
    TopK,
    /// Keeps the tokens whose surprisal is nearest to the entropy until their probability reaches `p` (Meister et al. 2022,
    /// "locally typical").
    Typical,
    /// Keeps the smallest front of the rank order whose probability reaches `p` (Holtzman et al. 2020, "nucleus").
    TopP,
    /// Keeps the tokens at least `p` times as probable as the most probable one (Nguyen et al. 2024).
    MinP,
    /// "Exclude top choices": with a probability, removes all tokens of at least the threshold but the least probable of
    /// them. As llama.cpp has it.
    Xtc,
    /// Keeps tokens of no more surprisal than μ, which follows the surprisals so far towards τ (Basu et al. 2021, arXiv
    /// 2007.14966, as version 2 of llama.cpp has it: no estimate of Zipf's exponent).
    Mirostat,
    /// Divides the logits by a temperature; 0 keeps the most probable token alone (greedy decoding).
    Temperature,
    /// A temperature between `t − range` and `t + range` by the entropy over its greatest value, to a power. As llama.cpp
    /// has it.
    Dynamic,
}

/// How a person turns a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Steps {
    /// By equal steps.
    By(f64),
    /// Through these values, ascending.
    Through(&'static [f64]),
}

/// A number that a stage depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is when a stage is added.
    pub initial: f64,
    /// The least and the greatest it may be.
    pub range: (f64, f64),
    /// How it is turned.
    pub steps: Steps,
}

impl Parameter {
    /// Whether it counts something.
    pub fn is_whole(&self) -> bool {
        matches!(self.steps, Steps::By(step) if step == 1.0) || self.name == "window" || self.name == "k"
    }

    /// The value after (or before) `value`, within the range.
    pub fn turned(&self, value: f64, up: bool) -> f64 {
        let next = match self.steps {
            Steps::By(step) => ((value / step).round() + if up { 1.0 } else { -1.0 }) * step,
            Steps::Through(values) if up => values.iter().copied().find(|&next| next > value).unwrap_or(value),
            Steps::Through(values) => values.iter().rev().copied().find(|&next| next < value).unwrap_or(value),
        };
        // Decimal steps stay decimal.
        ((next * 1e6).round() / 1e6).clamp(self.range.0, self.range.1)
    }

    /// The value as it is written: no more digits than it has.
    pub fn written(&self, value: f64) -> String {
        format!("{}", (value * 1e6).round() / 1e6)
    }
}

const fn parameter(name: &'static str, initial: f64, range: (f64, f64), steps: Steps) -> Parameter {
    Parameter { name, initial, range, steps }
}

const ENDLESS: f64 = 1e9;
const SHARES: Steps = Steps::Through(&[
    0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.92, 0.95, 0.98, 0.99, 1.0,
]);
const COUNTS: Steps = Steps::Through(&[0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0, 60.0, 100.0, 200.0, 500.0, 1000.0]);
/// How many of the last tokens count; 0 counts all.
const WINDOW: Parameter = parameter(
    "window",
    64.0,
    (0.0, ENDLESS),
    Steps::Through(&[0.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0]),
);

impl Kind {
    /// Every kind, in llama.cpp's order of the stages it has (version 2 of mirostat has one of its own there).
    pub const ALL: [Self; 17] = [
        Self::Ban,
        Self::Only,
        Self::Match,
        Self::Repetition,
        Self::Frequency,
        Self::Presence,
        Self::NoRepeat,
        Self::Dry,
        Self::TopNSigma,
        Self::TopK,
        Self::Typical,
        Self::TopP,
        Self::MinP,
        Self::Xtc,
        Self::Mirostat,
        Self::Temperature,
        Self::Dynamic,
    ];

    /// Hugging Face's order: logits processors, then its warpers; what it does not have stands beside its like.
    pub const HUGGING_FACE: [Self; 17] = [
        Self::Repetition,
        Self::Frequency,
        Self::Presence,
        Self::NoRepeat,
        Self::Dry,
        Self::Ban,
        Self::Only,
        Self::Match,
        Self::Temperature,
        Self::Dynamic,
        Self::TopNSigma,
        Self::TopK,
        Self::TopP,
        Self::MinP,
        Self::Typical,
        Self::Xtc,
        Self::Mirostat,
    ];

    /// Its name in a written pipeline.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ban => "ban",
            Self::Only => "only",
            Self::Match => "match",
            Self::Repetition => "repetition",
            Self::Frequency => "frequency",
            Self::Presence => "presence",
            Self::NoRepeat => "no-repeat",
            Self::Dry => "dry",
            Self::TopNSigma => "top-n-sigma",
            Self::TopK => "top-k",
            Self::Typical => "typical",
            Self::TopP => "top-p",
            Self::MinP => "min-p",
            Self::Xtc => "xtc",
            Self::Mirostat => "mirostat",
            Self::Temperature => "temperature",
            Self::Dynamic => "dynamic",
        }
    }

    /// Its parameters, in the order they are written.
    pub fn parameters(self) -> &'static [Parameter] {
        const PENALTY: Parameter = parameter("penalty", 0.5, (-10.0, 10.0), Steps::By(0.1));
        match self {
            Self::Ban | Self::Only | Self::Match => &[],
            Self::Repetition => const { &[parameter("penalty", 1.1, (0.01, 10.0), Steps::By(0.05)), WINDOW] },
            Self::Frequency | Self::Presence => const { &[PENALTY, WINDOW] },
            Self::NoRepeat => const { &[parameter("n", 3.0, (0.0, 100.0), Steps::By(1.0))] },
            Self::Dry => {
                const {
                    &[
                        parameter("multiplier", 0.8, (0.0, 10.0), Steps::By(0.1)),
                        parameter("base", 1.75, (1.0, 10.0), Steps::By(0.05)),
                        parameter("allowed", 2.0, (0.0, 100.0), Steps::By(1.0)),
                        Parameter { initial: 0.0, ..WINDOW },
                    ]
                }
            }
            Self::TopNSigma => const { &[parameter("n", 1.0, (0.0, 100.0), Steps::By(0.1))] },
            Self::TopK => const { &[parameter("k", 40.0, (0.0, ENDLESS), COUNTS)] },
            Self::Typical | Self::TopP => const { &[parameter("p", 0.95, (0.0, 1.0), SHARES)] },
            Self::MinP => const { &[parameter("p", 0.05, (0.0, 1.0), SHARES)] },
            Self::Xtc => {
                const {
                    &[
                        parameter("probability", 0.5, (0.0, 1.0), SHARES),
                        parameter("threshold", 0.1, (0.0, 0.5), SHARES),
                    ]
                }
            }
            Self::Mirostat => {
                const {
                    &[
                        parameter("tau", 5.0, (0.1, 20.0), Steps::By(0.5)),
                        parameter("eta", 0.1, (0.0, 1.0), Steps::By(0.05)),
                    ]
                }
            }
            Self::Temperature => const { &[parameter("t", 0.8, (0.0, f64::INFINITY), Steps::By(0.1))] },
            Self::Dynamic => {
                const {
                    &[
                        parameter("t", 0.8, (0.0, 100.0), Steps::By(0.1)),
                        parameter("range", 0.5, (0.0, 100.0), Steps::By(0.1)),
                        parameter("exponent", 1.0, (0.0, 10.0), Steps::By(0.1)),
                    ]
                }
            }
        }
    }

    /// Whether it is given a text: tokens, or an expression.
    pub fn takes_text(self) -> bool {
        matches!(self, Self::Ban | Self::Only | Self::Match)
    }

    /// The first parameter's value at which the stage changes nothing.
    fn neutral(self) -> Option<f64> {
        match self {
            Self::Repetition | Self::Temperature | Self::TopP | Self::Typical => Some(1.0),
            Self::Frequency
            | Self::Presence
            | Self::NoRepeat
            | Self::Dry
            | Self::TopNSigma
            | Self::TopK
            | Self::MinP
            | Self::Xtc => Some(0.0),
            Self::Ban | Self::Only | Self::Match | Self::Mirostat | Self::Dynamic => None,
        }
    }
}

/// What a stage needs besides numbers, made for one model.
#[derive(Clone, Debug, Default)]
pub enum Given {
    /// Nothing, or nothing yet.
    #[default]
    Nothing,
    /// The tokens of [`Kind::Ban`] and [`Kind::Only`]; those that [`Kind::Dry`] does not look beyond.
    Tokens(Arc<[u32]>),
    /// What [`Kind::Match`] asks.
    Constraint(Arc<dyn Constraint>),
}

/// One step from the model's distribution to the one that is drawn from.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What it does.
    pub kind: Kind,
    /// Its parameters, as many as [`Kind::parameters`] says.
    pub values: [f64; 4],
    /// Tokens or an expression, as a person wrote them.
    pub text: Arc<str>,
    /// Whether it takes part.
    pub on: bool,
    /// What the text means to the model.
    pub given: Given,
}

impl PartialEq for Stage {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, self.values, &self.text, self.on) == (other.kind, other.values, &other.text, other.on)
    }
}

impl Stage {
    /// A stage as it is when it is added.
    pub fn new(kind: Kind) -> Self {
        let mut values = [0.0; 4];
        for (value, parameter) in values.iter_mut().zip(kind.parameters()) {
            *value = parameter.initial;
        }
        Self { kind, values, text: Arc::from(""), on: true, given: Given::Nothing }
    }

    /// The same with its first parameters set.
    #[must_use]
    pub fn with(mut self, values: &[f64]) -> Self {
        self.values[..values.len()].copy_from_slice(values);
        self
    }

    /// The same with a text.
    #[must_use]
    pub fn saying(mut self, text: &str) -> Self {
        self.text = Arc::from(text);
        self
    }

    /// Divides the logits by `t`.
    pub fn temperature(t: f64) -> Self {
        Self::new(Kind::Temperature).with(&[t])
    }

    /// Keeps the `k` greatest.
    pub fn top_k(k: usize) -> Self {
        Self::new(Kind::TopK).with(&[k as f64])
    }

    /// Keeps the front that reaches `p`.
    pub fn top_p(p: f64) -> Self {
        Self::new(Kind::TopP).with(&[p])
    }

    /// Keeps what is `p` times as probable as the best.
    pub fn min_p(p: f64) -> Self {
        Self::new(Kind::MinP).with(&[p])
    }

    /// Whether it changes nothing, being off or at a value that leaves all as it is.
    pub fn is_idle(&self) -> bool {
        let idle_window = matches!(self.kind, Kind::Xtc) && self.values[1] > 0.5;
        let over = matches!(self.kind, Kind::TopP | Kind::Typical) && self.values[0] >= 1.0;
        !self.on || over || idle_window || self.kind.neutral() == Some(self.values[0])
    }

    /// Whether it leaves one token to choose from, whatever comes.
    pub fn is_greedy(&self) -> bool {
        self.on && self.kind == Kind::Temperature && (self.values[0] <= 0.0 || self.values[0].is_nan())
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.on { "" } else { "!" }, self.kind.name())?;
        if self.kind.takes_text() {
            let quoted = serde_json::to_string(&*self.text).unwrap_or_default();
            return write!(f, "={quoted}");
        }
        let parameters = self.kind.parameters();
        // Trailing values that are the initial ones need not be written.
        let same = |&(parameter, value): &(&Parameter, f64)| parameter.initial == value;
        let pairs: Vec<_> = parameters.iter().zip(self.values).collect();
        let written = (pairs.len() - pairs.iter().rev().take_while(|pair| same(pair)).count()).max(1);
        for (index, (parameter, value)) in pairs.into_iter().take(written).enumerate() {
            write!(f, "{}{}", if index == 0 { '=' } else { ':' }, parameter.written(value))?;
        }
        Ok(())
    }
}
