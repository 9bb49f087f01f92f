//! A run as a file: model, text, seed, pipeline, and every token with how it was chosen.

mod export;

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::Body;
use super::Fault;
use super::Origin;
use super::Send;
use super::Stop;
use super::said;
use crate::lab::compression::identity;
use crate::model::Model;
use crate::model::Say;

/// The form of the files that this program writes.
const VERSION: u32 = 1;
/// The largest file that is read as a run.
const LARGEST: u64 = 256 << 20;

/// A run. Written as JSON, it can be opened and replayed wherever the same model is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this form.
    pub lmscope_run: u32,
    /// The model's name.
    pub model: String,
    /// What tells the model from every other: see [`identity`], in hexadecimal digits.
    pub identity: String,
    /// The text that was continued.
    pub text: String,
    /// The tokens before those generated: the text's, and what the model puts around it.
    pub tokens: Vec<u32>,
    /// The seed of the random numbers, for the tokens that say no other.
    pub seed: u64,
    /// The pipeline, as `--pipeline` takes it, likewise.
    pub pipeline: String,
    /// What is changed in the model, for the tokens that say no other, as `--intervene` takes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interventions: Vec<String>,
    /// What else was listed, and was off: a minus before each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<String>,
    /// Every token that was generated, none before the one that it follows.
    pub nodes: Vec<Noted>,
    /// Where the path ends: an index of `nodes`; absent at the text's end.
    pub path: Option<usize>,
}

/// A generated token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noted {
    /// The token.
    pub token: u32,
    /// Its text, for reading; what is no UTF-8 is replaced.
    pub text: String,
    /// The index of the token before it; absent behind the text.
    pub after: Option<usize>,
    /// How it was chosen.
    pub chosen: Chosen,
    /// What it cost under the model's own distribution, in bits, where that is known.
    pub surprisal_bits: Option<f64>,
    /// What mirostat came to by it, in bits, where it took part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mu: Option<f64>,
    /// The pipeline it was chosen by, where that is another than the one before it on its path had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// The seed, where that is another than the one before it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The interventions that were on, where they are others than the one before it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interventions: Option<Vec<String>>,
    /// The name that a person gave the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// How a token was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chosen {
    /// With this random number in 0..1.
    Sampled(f64),
    /// As the most probable one.
    Greedy,
    /// By hand.
    Picked,
    /// By a beam search.
    Searched,
}

impl Chosen {
    /// What an origin says of the choice; `None` for a token that was not generated.
    pub fn of(origin: Origin) -> Option<Self> {
        match origin {
            Origin::Sampled { draw } => Some(Self::Sampled(draw)),
            Origin::Greedy => Some(Self::Greedy),
            Origin::Picked => Some(Self::Picked),
            Origin::Searched => Some(Self::Searched),
            Origin::Text { .. } | Origin::Start | Origin::End => None,
        }
    }

    /// The origin it stands for.
    pub fn origin(self) -> Origin {
        match self {
            Self::Sampled(draw) => Origin::Sampled { draw },
            Self::Greedy => Origin::Greedy,
            Self::Picked => Origin::Picked,
            Self::Searched => Origin::Searched,
        }
    }
}

/// What is wrong with a run's file.
#[derive(Debug)]
pub enum RecordError {
    /// It cannot be read or written.
    File(PathBuf, io::Error),
    /// It is no run, or not whole; what the reader says.
    NoRun(PathBuf, String),
    /// Another model made it: its name, and the name of the open one.
    OtherModel {
        /// The model that made it.
        made: String,
        /// The model that is open.
        open: String,
    },
    /// The model has no token of this number.
    NoToken(u32),
    /// Something else stands in the file's place.
    Taken(PathBuf),
    /// The name's ending says no form.
    NoForm(PathBuf),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::NoRun(path, reason) => write!(f, "{} is no saved run: {reason}", path.display()),
            Self::OtherModel { made, open } => {
                write!(f, "{made} made this run, and {open} is open: open the very model that made it (--model)")
            }
            Self::NoToken(token) => write!(f, "the run has token {token}, which the model does not have"),
            Self::Taken(path) => {
                write!(f, "{} is there already and is no saved run: choose another name", path.display())
            }
            Self::NoForm(path) => {
                write!(f, "{}: end the name in .json (to open again), .md or .cast (asciinema)", path.display())
            }
        }
    }
}

impl std::error::Error for RecordError {}

impl Record {
    /// A run of a model, nothing generated yet.
    pub fn new(model: &Model, text: &str, tokens: Vec<u32>, seed: u64, pipeline: String) -> Self {
        Self {
            lmscope_run: VERSION,
            model: model.name.clone(),
            identity: String::new(),
            text: text.to_owned(),
            tokens,
            seed,
            pipeline,
            interventions: Vec::new(),
            tried: Vec::new(),
            nodes: Vec::new(),
            path: None,
        }
    }

    /// Reads a run.
    ///
    /// # Errors
    /// The file cannot be read or is no run.
    pub fn read(path: &Path) -> Result<Self, RecordError> {
        let failed = |error| RecordError::File(path.to_path_buf(), error);
        let no_run = |reason: String| RecordError::NoRun(path.to_path_buf(), reason);
        let length = fs::metadata(path).map_err(failed)?.len();
        if length > LARGEST {
            return Err(no_run(format!("it has {length} bytes, and at most {LARGEST} are read")));
        }
        let record: Self =
            serde_json::from_slice(&fs::read(path).map_err(failed)?).map_err(|error| no_run(error.to_string()))?;
        if record.lmscope_run != VERSION {
            return Err(no_run(format!("it is of version {}, and version {VERSION} is read", record.lmscope_run)));
        }
        let before = |index: usize, after: Option<usize>| after.is_none_or(|after| after < index);
        let ordered = record.nodes.iter().enumerate().all(|(index, node)| before(index, node.after));
        if !ordered || record.path.is_some_and(|path| path >= record.nodes.len()) {
            return Err(no_run("a token follows one that does not stand before it".to_owned()));
        }
        Ok(record)
    }

    /// Whether this model made the run, and has all its tokens.
    ///
    /// # Errors
    /// Another model made it.
    pub fn check(&self, model: &Model) -> Result<(), RecordError> {
        if self.identity != digits(model) {
            return Err(RecordError::OtherModel { made: self.model.clone(), open: model.name.clone() });
        }
        let vocabulary = model.engine.config.vocabulary;
        let tokens = self.tokens.iter().copied().chain(self.nodes.iter().map(|node| node.token));
        tokens
            .into_iter()
            .find(|&token| token as usize >= vocabulary)
            .map_or(Ok(()), |token| Err(RecordError::NoToken(token)))
    }

    /// Writes the run in the form that the name's ending says: `.json`, `.md`, `.cast`. A file that is no run is not
    /// written over.
    ///
    /// # Errors
    /// The file cannot be written, or something else has its place.
    pub fn write(mut self, path: &Path, model: &Model) -> Result<(), RecordError> {
        let failed = |error| RecordError::File(path.to_path_buf(), error);
        let form = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        let content = match form.as_deref() {
            Some("json") => {
                self.identity = digits(model);
                serde_json::to_string_pretty(&self).map_err(|error| failed(error.into()))? + "\n"
            }
            Some("md") => export::markdown(&self),
            Some("cast") => export::cast(&self),
            _ => return Err(RecordError::NoForm(path.to_path_buf())),
        };
        let ours = |text: &str| text.contains(export::MARK) || text.contains("\"lmscope_run\"");
        if path.exists() && !fs::read_to_string(path).is_ok_and(|text| ours(&text)) {
            return Err(RecordError::Taken(path.to_path_buf()));
        }
        // Written beside it first, so that a file is there whole or not at all.
        let beside = path.with_extension("partial");
        fs::write(&beside, content).map_err(failed)?;
        fs::rename(&beside, path).map_err(failed)
    }

    /// The indices of the path's nodes, from the text's end on.
    pub fn line(&self) -> Vec<usize> {
        let mut line: Vec<usize> = std::iter::successors(self.path, |&index| self.nodes[index].after).collect();
        line.reverse();
        line
    }
}

fn digits(model: &Model) -> String {
    identity(model).iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}

/// Writes a run.
pub(super) fn save(record: Record, path: &Path, model: &Model, send: Send<'_>) -> Result<(), Stop> {
    record.write(path, model).map_err(|error| Stop::Fault(Fault::Record(error)))?;
    said(send(Body::Saved(path.to_path_buf())))
}

/// Reads a run that the model made.
pub(super) fn recall(path: &Path, model: &Arc<Model>, send: Send<'_>) -> Result<(), Stop> {
    let record = Record::read(path).and_then(|record| record.check(model).map(|()| record));
    said(send(Body::Recalled(Box::new(record.map_err(|error| Stop::Fault(Fault::Record(error)))?))))
}

impl Say for RecordError {
    fn chinese(&self) -> String {
        match self {
            Self::File(path, error) => format!("{}：{error}", path.display()),
            Self::NoRun(path, reason) => format!("{} 不是保存的运行：{reason}", path.display()),
            Self::OtherModel { made, open } => {
                format!("这次运行出自 {made}，现在打开的是 {open}：请打开当时的那个模型（--model）")
            }
            Self::NoToken(token) => format!("运行中有词元 {token}，而模型没有它"),
            Self::Taken(path) => format!("{} 已存在，且不是保存的运行：请换一个名称", path.display()),
            Self::NoForm(path) => {
                format!("{}：名称请以 .json（可重新打开）、.md 或 .cast（asciinema）结尾", path.display())
            }
        }
    }
}
