//! What is learned from what.

use std::fs;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::Course;
use super::Source;
use super::TrainingError;
use super::count;
use crate::text::train::Algorithm;
use crate::text::train::Choice;
use crate::text::train::Cutting;
use crate::text::train::PairRules;
use crate::text::train::Recipe;
use crate::ui::Message;

/// The example of Wikipedia's article on byte-pair encoding, and the words of Sennrich et al. 2016 as often as there. The
/// end of a word counts there as a character of its own.
pub const SAMPLES: [&str; 2] =
    ["aaabdaaabac", "low low low low low lower lower newest newest newest newest newest newest widest widest widest"];

/// What ends a word in the second of [`SAMPLES`].
const SUFFIX: &str = "</w>";
/// Pairs of the samples that are rarer are not merged.
const MIN_FREQUENCY: u64 = 2;

/// What is learned from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Material {
    /// A text.
    Text(Arc<str>),
    /// One of [`SAMPLES`].
    Sample(usize),
    /// A file.
    File(PathBuf),
}

/// What is learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Byte-pair encoding.
    #[default]
    Bpe,
    /// `WordPiece`, as the tokenizers library learns it.
    WordPiece,
    /// `WordPiece`, as the literature has it: by likelihood.
    Likelihood,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::Bpe, Self::WordPiece, Self::Likelihood];

    /// Its name.
    pub fn name(self) -> Message {
        match self {
            Self::Bpe => Message::TrainNameBpe,
            Self::WordPiece => Message::TrainNameWordPiece,
            Self::Likelihood => Message::TrainNameLikelihood,
        }
    }

    /// The one after it, or before it, round.
    #[must_use]
    pub fn next(self, forward: bool) -> Self {
        let count = Self::ALL.len();
        let here = Self::ALL.iter().position(|&method| method == self).unwrap_or(0);
        Self::ALL[(here + if forward { 1 } else { count - 1 }) % count]
    }

    /// Whether it can work on bytes.
    pub fn takes_bytes(self) -> bool {
        self == Self::Bpe
    }
}

/// What is learned from what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The corpus.
    pub material: Material,
    /// The method.
    pub method: Method,
    /// Whether tokens are of bytes, where the method can.
    pub of_bytes: bool,
    /// How many tokens the vocabulary has at most.
    pub size: usize,
}

impl Plan {
    /// Everything that is decided by it.
    pub fn recipe(&self) -> Recipe {
        let algorithm = if self.method == Method::Bpe { Algorithm::Bpe } else { Algorithm::WordPiece };
        let usual = Recipe::new(algorithm, self.size);
        let byte_level = self.of_bytes && self.method.takes_bytes();
        let sample = matches!(self.material, Material::Sample(_));
        let ends = self.material == Material::Sample(1) && self.method == Method::Bpe;
        Recipe {
            cutting: if sample { Cutting::WhitespaceSplit } else { usual.cutting },
            byte_level,
            unknown: (!byte_level).then(|| "[UNK]".to_owned()),
            pairs: PairRules {
                min_frequency: if sample { MIN_FREQUENCY } else { 1 },
                suffix: if ends { SUFFIX.to_owned() } else { String::new() },
                choice: if self.method == Method::Likelihood { Choice::Likelihood } else { Choice::Count },
                ..usual.pairs
            },
            ..usual
        }
    }

    /// Learns; `progress` is told how much is done, of how much: bytes read, then merges.
    ///
    /// # Errors
    /// The corpus cannot be read, or there is nothing to learn.
    pub fn learn(
        &self,
        threads: usize,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Course, TrainingError> {
        let recipe = self.recipe();
        let (source, length) = match &self.material {
            Material::Text(text) => (Ok(of_text(text)), text.len() as u64),
            Material::Sample(sample) => {
                let text = SAMPLES[sample % SAMPLES.len()];
                (Ok(of_text(text)), text.len() as u64)
            }
            Material::File(path) => (of_file(path), fs::metadata(path).map_or(0, |metadata| metadata.len())),
        };
        let counted = count(&recipe, [source], threads, &mut |done| progress(done, length))?;
        let course = Course::new(recipe, &counted, &mut |done, of| progress(done as u64, of as u64));
        course.map_err(TrainingError::Train)?.ok_or(TrainingError::Stopped)
    }
}

fn of_text(text: &str) -> Source<'_> {
    Source { path: PathBuf::new(), content: Box::new(Cursor::new(text)) }
}

fn of_file(path: &Path) -> Result<Source<'static>, (PathBuf, std::io::Error)> {
    let file = fs::File::open(path).map_err(|error| (path.to_path_buf(), error))?;
    Ok(Source { path: path.to_path_buf(), content: Box::new(file) })
}

impl Course {
    /// Writes the `tokenizer.json` of what was learned up to a step. A file that is none is not written over.
    ///
    /// # Errors
    /// The file cannot be written, or something else has its place.
    pub fn write(&self, step: usize, path: &Path) -> Result<(), TrainingError> {
        let failed = |error| TrainingError::Write(path.to_path_buf(), error);
        let ours = |bytes: Vec<u8>| {
            serde_json::from_slice::<serde_json::Value>(&bytes).is_ok_and(|file| file["model"]["vocab"].is_object())
        };
        if path.exists() && !fs::read(path).is_ok_and(ours) {
            return Err(TrainingError::Taken(path.to_path_buf()));
        }
        // Written beside it first, so that a file is there whole or not at all.
        let beside = path.with_extension("partial");
        fs::write(&beside, self.file(step)).map_err(failed)?;
        fs::rename(&beside, path).map_err(failed)
    }
}
