//! A pipeline as a line of text: `repetition=1.1:64 top-k=40 !top-p=0.9 temperature=0.8 ban="the"`.

use std::{fmt, str::FromStr};

use super::{
    Sampler,
    stage::{Kind, Stage},
};

/// What is wrong with a written pipeline.
#[derive(Clone, Debug, PartialEq)]
pub enum PipelineError {
    /// No stage has this name.
    Unknown(String),
    /// A parameter is no number, or there are more than the stage has.
    Value {
        /// The stage.
        stage: Kind,
        /// What stands there.
        found: String,
    },
    /// A parameter is out of its range.
    Range {
        /// The stage.
        stage: Kind,
        /// The parameter.
        parameter: &'static str,
        /// The least and the greatest it may be.
        range: (f64, f64),
    },
    /// A text has no quotation marks around it, or is not written as JSON writes it.
    Text(Kind),
}

impl fmt::Display for PipelineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
                write!(f, "there is no stage {name:?}; the stages are {}", names.join(", "))
            }
            Self::Value { stage, found } => {
                let names: Vec<_> = stage.parameters().iter().map(|parameter| parameter.name).collect();
                write!(f, "{found:?} is no value for {}: write {0}={}", stage.name(), names.join(":"))
            }
            Self::Range { stage, parameter, range: (least, greatest) } => {
                write!(f, "{parameter} of {} has to be from {least} to {greatest}", stage.name())
            }
            Self::Text(stage) => write!(f, "write {}=\"text\", with quotation marks", stage.name()),
        }
    }
}

impl std::error::Error for PipelineError {}

impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, stage) in self.stages.iter().enumerate() {
            write!(f, "{}{stage}", if index > 0 { " " } else { "" })?;
        }
        Ok(())
    }
}

impl FromStr for Sampler {
    type Err = PipelineError;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        words(line).into_iter().map(str::parse).collect::<Result<_, _>>().map(|stages| Self { stages })
    }
}

/// The parts between white space; none inside quotation marks.
fn words(line: &str) -> Vec<&str> {
    let (mut words, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in line.char_indices() {
        match letter {
            '"' if !escaped => quoted = !quoted,
            letter if letter.is_whitespace() && !quoted => {
                words.push(&line[start..at]);
                start = at + letter.len_utf8();
            }
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
    }
    words.push(&line[start..]);
    words.retain(|word| !word.is_empty());
    words
}

impl FromStr for Stage {
    type Err = PipelineError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let (on, word) = word.strip_prefix('!').map_or((true, word), |rest| (false, rest));
        let (name, rest) = word.split_once('=').map_or((word, None), |(name, rest)| (name, Some(rest)));
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        let kind = kind.ok_or_else(|| PipelineError::Unknown(name.to_owned()))?;
        let mut stage = Self { on, ..Self::new(kind) };
        if kind.takes_text() {
            let text: Option<String> = rest.and_then(|rest| serde_json::from_str(rest).ok());
            return text.map(|text| stage.saying(&text)).ok_or(PipelineError::Text(kind));
        }
        for (index, found) in rest.into_iter().flat_map(|rest| rest.split(':')).enumerate() {
            let wrong = || PipelineError::Value { stage: kind, found: found.to_owned() };
            let parameter = kind.parameters().get(index).ok_or_else(wrong)?;
            let value: f64 = found.parse().map_err(|_| wrong())?;
            if value.is_nan() || (parameter.is_whole() && value.fract() != 0.0) {
                return Err(wrong());
            }
            let (least, greatest) = parameter.range;
            if value < least || value > greatest {
                return Err(PipelineError::Range { stage: kind, parameter: parameter.name, range: parameter.range });
            }
            stage.values[index] = value;
        }
        Ok(stage)
    }
}
