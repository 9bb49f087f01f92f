//! What is learned from what.

use std::fs;
use std::io::Cursor;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::Course;
use super::Source;
use super::TrainingError;
use super::count;
use crate::text::segment::Gold;
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

/// What tags are counted from in the place of the first: sentences that segmenters are taught with.
const TAGGED: &str =
    "研究 生命 起源\n南京市 长江 大桥\n结婚 的 和 尚未 结婚 的\n乒乓球 拍卖 完 了\n乒乓球拍 卖 完 了\n";
/// The largest segmented file whose sentences are counted one by one, in bytes.
const MOST_TAGGED: u64 = 16 << 20;

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
    /// A unigram model.
    Unigram,
    /// A hidden Markov model of tags, counted from words.
    Hmm,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 5] = [Self::Bpe, Self::WordPiece, Self::Likelihood, Self::Unigram, Self::Hmm];

    /// Its name.
    pub fn name(self) -> Message {
        match self {
            Self::Bpe => Message::TrainNameBpe,
            Self::WordPiece => Message::TrainNameWordPiece,
            Self::Likelihood => Message::TrainNameLikelihood,
            Self::Unigram => Message::TrainNameUnigram,
            Self::Hmm => Message::TrainNameHmm,
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
        let algorithm = match self.method {
            Method::Bpe => Algorithm::Bpe,
            Method::WordPiece | Method::Likelihood => Algorithm::WordPiece,
            Method::Unigram | Method::Hmm => Algorithm::Unigram,
        };
        let usual = Recipe::new(algorithm, self.size);
        let byte_level = self.of_bytes && self.method.takes_bytes();
        let sample = matches!(self.material, Material::Sample(_));
        let ends = self.material == Material::Sample(1) && self.method == Method::Bpe;
        Recipe {
            cutting: if sample { Cutting::WhitespaceSplit } else { usual.cutting },
            byte_level,
            unknown: usual.unknown.or_else(|| Some("[UNK]".to_owned())).filter(|_| !byte_level),
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
        if self.method == Method::Hmm {
            return self.tags(progress);
        }
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

impl Plan {
    /// Counts tags: of words that white space parts, or of CoNLL-U.
    fn tags(&self, progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<Course, TrainingError> {
        let gold = match &self.material {
            Material::Text(text) => Gold::read(text.as_bytes()),
            Material::Sample(0) => Gold::read(TAGGED.as_bytes()),
            Material::Sample(sample) => Gold::read(SAMPLES[sample % SAMPLES.len()].as_bytes()),
            Material::File(path) => {
                let failed = |error| TrainingError::Read(path.clone(), error);
                let mut bytes = Vec::new();
                let file = fs::File::open(path).map_err(failed)?;
                file.take(MOST_TAGGED + 1).read_to_end(&mut bytes).map_err(failed)?;
                if bytes.len() as u64 > MOST_TAGGED {
                    return Err(TrainingError::LargeFile(path.clone(), MOST_TAGGED));
                }
                Gold::read(&bytes)
            }
        };
        let mut go_on = |done: usize, of: usize| progress(done as u64, of as u64).is_continue();
        Course::of_tags(gold.map_err(TrainingError::Gold)?, &mut go_on).ok_or(TrainingError::Stopped)
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
            serde_json::from_slice::<serde_json::Value>(&bytes).is_ok_and(|file| {
                file["model"]["vocab"].is_object() || file["model"]["vocab"].is_array() || file["kind"] == "lmscope-hmm"
            })
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
