//! What a file is, from its header alone: a model that runs, one whose architecture does not, or a tokenizer by itself.

mod hints;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

pub use hints::Hints;

use super::{About, NoTokenizer, OpenError, Source, Spec, Stored, about, checkpoint, local, stored, tokenizer};
use crate::lm::checkpoint::Checkpoint;
use crate::lm::{Blueprint, Config, ModelError, Position, Transformer, Unsound, unsound};
use crate::text::Tokenizer;

/// What a file is: its make, its sizes, its tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// What to call it.
    pub name: String,
    /// What the file says about itself.
    pub about: About,
    /// Where it came from.
    pub source: Source,
    /// What the header says by itself, whether or not the architecture is known.
    pub hints: Hints,
    /// What would run, or why nothing does.
    pub engine: Result<Engine, OpenError>,
    /// How many numbers its tensors hold.
    pub parameters: u64,
    /// The size of its files.
    pub bytes: u64,
    /// Tensors by the name of the stored type; those that are not computed with last.
    pub dtypes: Vec<(String, Stored)>,
    /// Every tensor, in alphabetical order.
    pub tensors: Vec<TensorInfo>,
    /// How many tokens its tokenizer has, or why there is none.
    pub tokenizer: Result<usize, NoTokenizer>,
}

/// A model that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Engine {
    /// Its make.
    pub blueprint: Blueprint,
    /// Its sizes.
    pub config: Config,
    /// What running it takes.
    pub memory: Memory,
}

/// What running a model takes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The weights, which stay in the file and are mapped.
    pub weights: u64,
    /// The cache and the evidence of one token.
    pub per_token: u64,
    /// The cache and the evidence of a full context.
    pub context: u64,
}

/// One tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name, as the file has it.
    pub name: String,
    /// How it is stored.
    pub dtype: String,
    /// Outermost dimension first.
    pub shape: Vec<usize>,
    /// Its size in the file.
    pub bytes: u64,
    /// Whether it can be computed with: it is of a type that is read.
    pub read: bool,
}

/// Says what a file is; reads its header only.
///
/// # Errors
/// The file could not be fetched or read, or holds neither a model nor a tokenizer.
pub fn describe(spec: &Spec) -> Result<Description, OpenError> {
    let name = spec.name();
    let here = local(spec, &mut |_| ControlFlow::Continue(()))?;
    match checkpoint(&here) {
        Ok(checkpoint) => of_checkpoint(name, spec, &checkpoint),
        Err(error) => match tokenizer::open_tokenizer(&here) {
            Ok(Ok(tokenizer)) => Ok(of_tokenizer(name, &here, &tokenizer, error)),
            _ => Err(error),
        },
    }
}

/// Reads every number of a model and tells of each tensor in which some are not finite; gives how many tensors there are.
///
/// # Errors
/// The file could not be fetched or read.
pub fn check(spec: &Spec, tell: &mut dyn FnMut(Unsound)) -> Result<usize, OpenError> {
    let checkpoint = checkpoint(&*local(spec, &mut |_| ControlFlow::Continue(()))?)?;
    checkpoint.tensors.iter().filter_map(|(name, tensor)| unsound(name, tensor)).for_each(tell);
    Ok(checkpoint.tensors.len())
}

fn of_checkpoint(name: String, spec: &Spec, checkpoint: &Checkpoint) -> Result<Description, OpenError> {
    let tokenizer = match tokenizer::of_checkpoint(spec, checkpoint)? {
        None => Err(NoTokenizer::Absent { name: name.clone() }),
        Some(Ok(tokenizer)) => Ok(tokenizer.len()),
        Some(Err(error)) => Err(NoTokenizer::Refused { name: name.clone(), error }),
    };
    let read = checkpoint.tensors.iter().map(|(name, tensor)| TensorInfo {
        name: name.clone(),
        dtype: tensor.dtype.name().to_owned(),
        shape: tensor.shape.clone(),
        bytes: tensor.bytes.len() as u64,
        read: true,
    });
    let unread = checkpoint.unread.iter().map(|(name, tensor)| TensorInfo {
        name: name.clone(),
        dtype: tensor.dtype.clone(),
        shape: tensor.shape.clone(),
        bytes: tensor.bytes,
        read: false,
    });
    let mut tensors: Vec<TensorInfo> = read.chain(unread).collect();
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let dtypes = stored(&checkpoint.tensors);
    let mut others: BTreeMap<&str, Stored> = BTreeMap::new();
    for tensor in tensors.iter().filter(|tensor| !tensor.read) {
        let stored = others.entry(&tensor.dtype).or_default();
        stored.tensors += 1;
        stored.bytes += tensor.bytes;
    }
    let others: Vec<(String, Stored)> = others.into_iter().map(|(name, stored)| (name.to_owned(), stored)).collect();
    let engine = if tensors.is_empty() {
        Err(OpenError::NoWeights { name: name.clone() })
    } else {
        engine(checkpoint, dtypes.values().map(|stored| stored.bytes).sum())
            .map_err(|error| OpenError::Model { name: name.clone(), error })
    };
    Ok(Description {
        name,
        about: about(&checkpoint.header),
        source: match spec {
            Spec::Embedded(_) => Source::Embedded,
            Spec::Path(_) | Spec::Hub(_) => Source::Files(checkpoint.files.clone()),
        },
        hints: Hints::of(&checkpoint.header),
        engine,
        parameters: checkpoint.parameters(),
        bytes: checkpoint.bytes,
        tensors,
        dtypes: dtypes.into_iter().map(|(dtype, stored)| (dtype.name().to_owned(), stored)).chain(others).collect(),
        tokenizer,
    })
}

fn engine(checkpoint: &Checkpoint, weights: u64) -> Result<Engine, ModelError> {
    let Transformer { blueprint, config, .. } = &Transformer::new(checkpoint)?;
    let per_token = Position::size(blueprint, config) as u64;
    let context = per_token.saturating_mul(config.context as u64);
    let memory = Memory { weights, per_token, context };
    Ok(Engine { blueprint: blueprint.clone(), config: config.clone(), memory })
}

fn of_tokenizer(name: String, spec: &Spec, tokenizer: &Tokenizer, why_no_model: OpenError) -> Description {
    let file = if let Spec::Path(path) = spec { Some(path.clone()) } else { None };
    let bytes = file.as_ref().and_then(|file| std::fs::metadata(file).ok()).map_or(0, |found| found.len());
    Description {
        name,
        about: About::default(),
        source: Source::Files(file.into_iter().collect()),
        hints: Hints::default(),
        engine: Err(why_no_model),
        parameters: 0,
        bytes,
        dtypes: Vec::new(),
        tensors: Vec::new(),
        tokenizer: Ok(tokenizer.len()),
    }
}
