//! `lmscope train-tokenizer`: a vocabulary learned from texts, merge by merge.

mod hmm;
mod steps;
mod unigram;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::arguments::{Algorithm, Common, TrainTokenizer};
use super::meter::Meter;
use super::output::{Output, thousands};
use super::{Failure, file};
use crate::lab::training::{self, Counted, Source, TrainingError};
use crate::text::train::{self, PairTraining, Recipe};
use crate::ui::{Message, safe};

/// How many merges are made between two looks at the meter.
const MERGES: u64 = 64;

/// What `--json` says behind the steps.
#[derive(Serialize)]
struct Answer<'a> {
    algorithm: &'static str,
    bytes: u64,
    invalid_bytes: u64,
    long_words: u64,
    words: u64,
    different_words: usize,
    vocabulary_size: usize,
    alphabet: usize,
    merges: usize,
    tokens_before: u64,
    tokens_after: u64,
    stopped: &'static str,
    file: Option<&'a Path>,
}

pub(super) fn run(
    common: &Common,
    options: &TrainTokenizer,
    stdin: &mut dyn Read,
    errors: &mut dyn Write,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    if let Some(path) = &options.output {
        free(path, &options.corpora)?;
    }
    let algorithm = match options.algorithm {
        Algorithm::Bpe => train::Algorithm::Bpe,
        Algorithm::WordPiece => train::Algorithm::WordPiece,
        Algorithm::Unigram => train::Algorithm::Unigram,
        Algorithm::Hmm => return hmm::run(common, options, stdin, output),
    };
    let recipe = options.recipe(algorithm);
    let counted = read(common, options, &recipe, stdin)?;
    if counted.invalid > 0 {
        let said = if recipe.byte_level { Message::CliKeptBytes } else { Message::CliReplacedBytes };
        let said = said.say(common.language, &[&thousands(counted.invalid)]);
        let _ = writeln!(errors, "lmscope: {said}");
    }
    if counted.long > 0 {
        let said =
            Message::CliLongWords.say(common.language, &[&thousands(counted.long), &thousands(train::LONGEST as u64)]);
        let _ = writeln!(errors, "lmscope: {said}");
    }
    if algorithm == train::Algorithm::Unigram {
        return unigram::run(common, options, &recipe, &counted, output);
    }
    let mut training = PairTraining::new(&counted.words, recipe.rules()).map_err(Failure::Train)?;
    training.notes = usize::from(options.steps);
    let begins = (training.vocabulary().len(), training.total());
    if common.json && options.steps {
        output.part(r#"{"steps":["#)?;
    }
    learn(common, options, &mut training, output)?;
    let written = recipe.file(&training, usize::MAX);
    match options.output.as_deref() {
        Some(path) if path == Path::new("-") => return output.bytes(&written),
        Some(path) => file::write(path, &written)?,
        None => {}
    }
    let answer = Answer {
        algorithm: options.algorithm.name(),
        bytes: counted.bytes,
        invalid_bytes: counted.invalid,
        long_words: counted.long,
        words: counted.words.total(),
        different_words: counted.words.len(),
        vocabulary_size: training.vocabulary().len(),
        alphabet: begins.0 - recipe.rules().reserved.len(),
        merges: training.merges().len(),
        tokens_before: begins.1,
        tokens_after: training.total(),
        stopped: if training.is_full() { "size" } else { "pairs" },
        file: options.output.as_deref(),
    };
    match (common.json, options.steps) {
        (true, true) => {
            output.part("],")?;
            output.rest(&answer)
        }
        (true, false) => output.json(&answer),
        (false, _) => say(&answer, &recipe, &counted, output),
    }
}

/// Makes every merge, and tells of each where the steps are wanted.
fn learn(
    common: &Common,
    options: &TrainTokenizer,
    training: &mut PairTraining,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let mut meter = Meter::new(Message::CliMerging, common.language);
    let all = (training.rules().size - training.vocabulary().len()) as u64;
    let (mut done, mut told) = (0_u64, Ok(()));
    // What is written to standard output for nothing else is the file.
    let shows = options.steps && options.output.as_deref() != Some(Path::new("-"));
    training.run(|training, step| {
        done += 1;
        if shows {
            told = if common.json {
                steps::json(training, step, done, output)
            } else {
                steps::print(training, step, done, output)
            };
        } else if done.is_multiple_of(MERGES) {
            return meter.show(done.min(all), all);
        }
        if told.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    told
}

fn say(answer: &Answer<'_>, recipe: &Recipe, counted: &Counted, output: &mut Output<'_>) -> Result<(), Failure> {
    if answer.stopped == "pairs" {
        output.say(Message::CliNoMorePairs, &[&thousands(recipe.pairs.size as u64)])?;
    }
    let (size, merges) = (thousands(answer.vocabulary_size as u64), thousands(answer.merges as u64));
    let [bytes, words, different] = said_of(counted);
    output.say(Message::CliLearned, &[&size, &merges, &bytes, &words, &different])?;
    let per_token = format!("{:.2}", answer.bytes as f64 / answer.tokens_after.max(1) as f64);
    let (before, after) = (thousands(answer.tokens_before), thousands(answer.tokens_after));
    output.say(Message::CliShortened, &[&before, &after, &per_token])?;
    wrote(answer.file, output)
}

/// How many bytes, words and different words a corpus has.
fn said_of(counted: &Counted) -> [String; 3] {
    [counted.bytes, counted.words.total(), counted.words.len() as u64].map(thousands)
}

fn wrote(path: Option<&Path>, output: &mut Output<'_>) -> Result<(), Failure> {
    path.map_or(Ok(()), |path| output.say(Message::CliWrote, &[&safe::visible(&path.display().to_string())]))
}

/// Counts the words of the corpora.
fn read(common: &Common, options: &TrainTokenizer, recipe: &Recipe, stdin: &mut dyn Read) -> Result<Counted, Failure> {
    recipe.check().map_err(Failure::Train)?;
    let sizes: Option<Vec<u64>> = options.corpora.iter().map(|path| Some(fs::metadata(path).ok()?.len())).collect();
    let all: u64 = sizes.unwrap_or_default().iter().sum();
    let mut stdin = Some(stdin);
    let sources = options.corpora.iter().map(|path| {
        let path = path.clone();
        let content: Box<dyn Read + '_> = if path == Path::new("-") {
            stdin.take().map_or_else(|| Box::new(io::empty()) as Box<dyn Read>, |stdin| Box::new(stdin))
        } else {
            Box::new(File::open(&path).map_err(|error| (path.clone(), error))?)
        };
        Ok(Source { path, content })
    });
    let mut meter = Meter::new(Message::CliCompressing, common.language);
    let counted = training::count(recipe, sources, common.threads, &mut |done| meter.show(done, all));
    counted.map_err(|error| match error {
        TrainingError::Read(path, error) if path == Path::new("-") => Failure::Input(error),
        TrainingError::Read(path, error) => Failure::Read(path, error),
        TrainingError::Train(error) => Failure::Train(error),
        TrainingError::Stopped
        | TrainingError::Write(..)
        | TrainingError::Taken(_)
        | TrainingError::Gold(_)
        | TrainingError::LargeFile(..) => Failure::NobodyReads,
    })
}

/// Refuses a file that is learned from, or that could not be written when all is learned.
fn free(path: &Path, corpora: &[PathBuf]) -> Result<(), Failure> {
    if corpora.iter().any(|corpus| file::same(corpus, path)) {
        return Err(Failure::OverCorpus(path.to_path_buf()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match fs::metadata(folder) {
        Ok(_) if path.is_dir() => Err(Failure::Write(path.to_path_buf(), io::ErrorKind::IsADirectory.into())),
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::Write(path.to_path_buf(), error)),
    }
}
