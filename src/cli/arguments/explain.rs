//! What is explained, on the command line.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{Source, id};
use crate::lab::heads::Measure;
use crate::lm::Mask;

/// Whole numbers, each once, rising.
pub type Numbers = Arc<[usize]>;

/// `lmscope trace`
#[derive(Debug, Args)]
pub struct Trace {
    /// What to run.
    #[command(flatten)]
    pub source: Source,
    /// The decoder's tokens, for a model with an encoder before it; the token it begins with unless given
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = id)]
    pub decoder_ids: Option<Vec<u32>>,
    /// Which text each token belongs to, for a model that tells two apart: 0,0,1,1
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = id)]
    pub segments: Option<Vec<u32>>,
    /// Which positions see which: causal, bidirectional, prefix:N, seq2seq:N, window:N, except:N, permutation:3,0,1,2
    #[arg(long, value_name = "MASK")]
    pub mask: Option<Mask>,
    /// Only these layers: 0,2,5..8 (8 not among them)
    #[arg(long, value_name = "LAYERS", value_parser = numbers)]
    pub layers: Option<Numbers>,
    /// Only these heads of each
    #[arg(long, value_name = "HEADS", value_parser = numbers)]
    pub heads: Option<Numbers>,
    /// What is changed in the run.
    #[command(flatten)]
    pub changes: Changes,
    /// The file to write
    #[arg(short, long, value_name = "FILE.safetensors")]
    pub output: PathBuf,
}

/// What is changed in a run.
#[derive(Debug, Default, Args)]
pub struct Changes {
    /// Change the run: head:L.H, even:L.H, attention:L, ff:L, layer:L, block:P, forbid:L.H:Q>K, cell:L.H:Q>K=WEIGHT,
    /// cell:L.H:Q>K*FACTOR, patch:L@P="TEXT"@FROM; may be given again
    #[arg(long, visible_alias = "ablate", value_name = "SPEC")]
    pub intervene: Vec<String>,
}

/// A run that is looked into.
#[derive(Debug, Args)]
pub struct Looked {
    /// What to run.
    #[command(flatten)]
    pub source: Source,
    /// The decoder's tokens, for a model with an encoder before it; the token it begins with unless given
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = id)]
    pub decoder_ids: Option<Vec<u32>>,
    /// Which positions see which: causal, bidirectional, prefix:N, seq2seq:N, window:N, except:N, permutation:3,0,1,2
    #[arg(long, value_name = "MASK")]
    pub mask: Option<Mask>,
    /// What is changed in it.
    #[command(flatten)]
    pub changes: Changes,
}

/// `lmscope attention`
#[derive(Debug, Args)]
pub struct Attention {
    /// What is looked into.
    #[command(flatten)]
    pub looked: Looked,
    /// One layer, from 0; without it every head at a glance
    #[arg(long, value_name = "N")]
    pub layer: Option<usize>,
    /// One head of it, from 0
    #[arg(long, value_name = "N", requires = "layer")]
    pub head: Option<usize>,
    /// Which attention of a layer
    #[arg(long, value_enum, default_value_t)]
    pub kind: KindOfAttention,
    /// The average over the heads of the layer, or of all layers
    #[arg(long, conflicts_with_all = ["head", "rollout", "cell"])]
    pub average: bool,
    /// How much of each token flowed to each by the end of the layer, or of all: rollout (Abnar and Zuidema 2020)
    #[arg(long, conflicts_with_all = ["head", "cell"])]
    pub rollout: bool,
    /// How one cell came about, step by step: its query and its key
    #[arg(long, value_name = "Q,K", value_parser = cell, requires = "head")]
    pub cell: Option<(usize, usize)>,
    /// Sort the heads, the greatest first, by score, previous, first, same, induction, local, uniform, entropy, distance or rank
    #[arg(long, value_name = "KEY", value_parser = measure)]
    pub sort: Option<Measure>,
    /// The least first
    #[arg(long, requires = "sort")]
    pub reverse: bool,
    /// How many of the last tokens the printed grid shows; a file has all
    #[arg(long, value_name = "N", default_value_t = 24)]
    pub last: usize,
    /// Queries, keys, values and mask of your own, as JSON or a file of it: {"q":[[1,0]],"k":[[1,0],[0,1]],"v":[[1],[2]],"mask":[[1,1]]}
    #[arg(long, value_name = "JSON|FILE", conflicts_with_all = ["text", "ids", "layer", "average", "rollout"])]
    pub qkv: Option<String>,
    /// Write the grid as a picture: .svg with the tokens, .png of one square a cell
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Which attention of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum KindOfAttention {
    /// To its own stack
    #[default]
    Own,
    /// Of a decoder to its source
    Cross,
    /// Of the source to itself, in an encoder before a decoder
    Encoder,
}

/// What heads are sorted by.
fn measure(name: &str) -> Result<Measure, String> {
    let names = || Measure::ALL.map(Measure::name).join(", ");
    Measure::ALL.into_iter().find(|measure| measure.name() == name).ok_or_else(|| format!("write one of {}", names()))
}

/// `lmscope lens`
#[derive(Debug, Args)]
pub struct Lens {
    /// What is looked into.
    #[command(flatten)]
    pub looked: Looked,
    /// One position, from 0: every layer with its most probable tokens; all positions unless given
    #[arg(long, value_name = "P")]
    pub position: Option<usize>,
    /// How many tokens for each layer
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub top: usize,
}

/// `lmscope attribute`
#[derive(Debug, Args)]
pub struct Attribute {
    /// What is looked into.
    #[command(flatten)]
    pub looked: Looked,
    /// The token whose logit it is, as text or #ID; the most probable one unless given
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
    /// The position, from 0; the last unless given
    #[arg(long, value_name = "P")]
    pub position: Option<usize>,
    /// How many parts to print, the greatest first; JSON has all
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,
}

fn cell(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once(',').and_then(|(q, k)| Some((q.trim().parse().ok()?, k.trim().parse().ok()?)));
    parts.ok_or_else(|| "a query and a key with a comma between them: 7,3".to_owned())
}

/// Numbers of a list: `0,2,5..8` (8 not among them).
fn numbers(text: &str) -> Result<Numbers, String> {
    let wrong = || "numbers with commas between them, or a range without its end: 0,2,5..8".to_owned();
    let mut numbers = Vec::new();
    for part in text.split(',') {
        let one = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
        match part.split_once("..") {
            Some((from, to)) => {
                let (from, to) = (one(from)?, one(to)?);
                if from >= to || to > MOST {
                    return Err(wrong());
                }
                numbers.extend(from..to);
            }
            None => numbers.push(one(part)?),
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers.into())
}

/// No model has so many layers or heads.
const MOST: usize = 1 << 16;
