//! The command line, declared.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser};

mod architectures;
mod explain;
mod length;
mod masks;
mod sampling;
mod segment;
mod tokenize;
mod train;
mod vocabulary;

pub use architectures::Architectures;
pub use explain::{Attention, Attribute, Changes, KindOfAttention, Lens, Looked, Numbers, Trace};
pub use length::Length;
pub use masks::Masks;
pub use sampling::Sampling;
pub use segment::Segment;
pub(super) use tokenize::Cut;
pub use tokenize::Tokenize;
pub use train::{Algorithm, Choose, TrainTokenizer, Units};
pub use vocabulary::{Tokenizers, Vocabulary};

use super::help;
use crate::lm::beam::{self, Rules};
use crate::model::{Spec, default_for};
use crate::ui::Language;

/// A command line that was understood.
#[derive(Debug)]
pub enum Invocation {
    /// The explorer.
    Explore(ExploreOptions),
    /// A command that prints and ends.
    Subcommand(Common, Subcommand),
}

impl Invocation {
    /// What every command takes.
    pub fn common(&self) -> &Common {
        match self {
            Self::Explore(options) => &options.common,
            Self::Subcommand(common, _) => common,
        }
    }
}

/// How to open the explorer.
#[derive(Debug)]
pub struct ExploreOptions {
    /// What every command takes.
    pub common: Common,
    /// The text to begin with.
    pub text: Option<String>,
    /// How tokens are chosen.
    pub sampling: Sampling,
}

/// What every command takes.
#[derive(Clone, Debug)]
pub struct Common {
    /// The model, where one was named.
    pub named_model: Option<Spec>,
    /// The seed of every random choice.
    pub seed: u64,
    /// Compute threads, at least one.
    pub threads: usize,
    /// The language of everything said.
    pub language: Language,
    /// Whether to print JSON.
    pub json: bool,
}

impl Common {
    /// The model that was named, or the embedded one for the language.
    pub fn model(&self) -> Spec {
        self.named_model.clone().unwrap_or_else(|| default_for(self.language))
    }
}

#[derive(Debug, Parser)]
#[command(
    name = "lmscope",
    version,
    about = "Explore language models: tokens, distributions, attention, one step at a time",
    args_conflicts_with_subcommands = false,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(super) struct Arguments {
    /// The text to begin with
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    #[command(flatten)]
    common: CommonArguments,
    #[command(flatten)]
    sampling: Sampling,
    #[command(subcommand)]
    subcommand: Option<Subcommand>,
}

#[derive(Debug, Args)]
struct CommonArguments {
    /// An embedded model (stories, poems, cloze, spans, spelling, orders), a .gguf file, llama2.c's or Marian's .bin, a Hugging Face folder, or hf:owner/name
    #[arg(long, global = true, value_name = "SPEC")]
    model: Option<OsString>,
    /// The seed of every random choice
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Compute threads; all cores unless given
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// The language: en or zh; the locale's unless given
    #[arg(long, global = true, value_name = "LANG", value_parser = language)]
    lang: Option<Language>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

/// A command that prints and ends.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// The tokens of a text
    Tokenize(Tokenize),
    /// The words of a text, by a dictionary
    Segment(Segment),
    /// What several tokenizers make of one text, and where they agree
    Tokenizers(Tokenizers),
    /// The pieces of a tokenizer: search, sort, their merges, those that no text gives
    Vocabulary(Vocabulary),
    /// Learn a vocabulary from texts, merge by merge
    TrainTokenizer(TrainTokenizer),
    /// Continue a text, token by token
    Generate(Generate),
    /// What a model puts where a token is hidden
    Fill(Fill),
    /// How surprising each token of a text is
    Score(Score),
    /// How much a text repeats itself, how sure a model is of repeating it, and which heads copy
    Repetition(Repetition),
    /// How far two distributions are apart
    Compare(Compare),
    /// Compress a file with a model
    Compress(Compress),
    /// Bring back the bytes of a compressed file
    Decompress(Decompress),
    /// Write everything one forward pass computes to a safetensors file
    Trace(Trace),
    /// Who looked at whom: every head at a glance, one head's grid, one cell step by step
    Attention(Attention),
    /// What the model would say if it stopped after each layer
    Lens(Lens),
    /// What each head and block added to a token's logit
    Attribute(Attribute),
    /// The same weights and text under every mask: what is seen, what a token costs, which ranks, what a cache is worth
    Masks(Masks),
    /// Who sees whom, and what is asked in training, on one sentence
    Architectures(Architectures),
    /// What a long text loses when less of it is kept, and what length costs on this machine
    Length(Length),
    /// The models that are built in, and the families that can be read; or one model
    Models(Models),
    /// Measure tokens per second
    Bench(Bench),
}

/// A text, or token ids in its place.
#[derive(Debug, Args)]
pub struct Source {
    /// The text; - reads standard input
    #[arg(value_name = "TEXT", required_unless_present = "ids")]
    pub text: Option<String>,
    /// Token ids instead of a text: 1,2,3
    #[arg(long, value_name = "IDS", value_delimiter = ',', conflicts_with = "text", value_parser = id)]
    pub ids: Option<Vec<u32>>,
    /// Put the tokens around the text that the tokenizer's template asks for
    #[arg(long, conflicts_with = "ids")]
    pub special: bool,
}

/// `lmscope generate`
#[derive(Debug, Args)]
pub struct Generate {
    /// What to continue.
    #[command(flatten)]
    pub source: Source,
    /// How many tokens at most
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub steps: usize,
    /// How tokens are chosen.
    #[command(flatten)]
    pub sampling: Sampling,
    /// Go on after a token that ends the text
    #[arg(long)]
    pub ignore_end: bool,
    /// Write the run to a file: .json opens again, .md and .cast (asciinema) are for reading
    #[arg(long, value_name = "FILE", conflicts_with = "beam")]
    pub tree: Option<PathBuf>,
    /// Replay a saved run with its own text, seed and pipeline, and say whether every choice is the same
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "ids", "special", "beam", "tree", "steps", "pipeline", "stage", "intervene"])]
    pub replay: Option<PathBuf>,
    /// Show what each stage made of the distribution, with the N most probable tokens
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "10")]
    pub stages: Option<usize>,
    /// Several continuations at once instead of one that is drawn.
    #[command(flatten)]
    pub beam: Beam,
    /// What is changed in the run.
    #[command(flatten)]
    pub changes: Changes,
}

/// Beam search.
#[derive(Debug, Args)]
pub struct Beam {
    /// Search with N continuations at once, and show every step: Hugging Face's beam search
    #[arg(
        long,
        value_name = "N",
        conflicts_with_all = ["temperature", "top_k", "top_p", "min_p", "stage", "pipeline", "stages"]
    )]
    pub beam: Option<usize>,
    /// Divide a continuation's log-probability by its length to the power X: above 0 long ones gain
    #[arg(long, value_name = "X", default_value_t = 1.0, allow_negative_numbers = true, requires = "beam")]
    pub length_penalty: f64,
    /// Divide the beam into G groups that choose one after another
    #[arg(long, value_name = "G", default_value_t = 1, requires = "beam")]
    pub beam_groups: usize,
    /// What a beam pays, in nats, for each beam of an earlier group that took the same token
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true, requires = "beam_groups")]
    pub diversity: f64,
    /// When N have finished: stop (yes), when no other looks better (no), when none can become better (never)
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, requires = "beam")]
    pub early_stopping: EarlyStopping,
    /// No sequence of N tokens stands twice; 0 allows all
    #[arg(long, value_name = "N", default_value_t = 0, requires = "beam")]
    pub no_repeat: usize,
}

/// When a beam search stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum EarlyStopping {
    /// As soon as enough have finished.
    Yes,
    /// When the best of those that go on is no better than the worst finished one.
    #[default]
    No,
    /// When it cannot become better.
    Never,
}

impl Beam {
    /// The rules of a search of `width` and at most `steps` tokens.
    pub fn rules(&self, width: usize, steps: usize, ends: Vec<u32>) -> Rules {
        let early_stopping = match self.early_stopping {
            EarlyStopping::Yes => beam::EarlyStopping::Yes,
            EarlyStopping::No => beam::EarlyStopping::No,
            EarlyStopping::Never => beam::EarlyStopping::Never,
        };
        let Self { beam_groups: groups, diversity, length_penalty, no_repeat, .. } = *self;
        Rules { width, groups, diversity, length_penalty, early_stopping, no_repeat, steps, ends }
    }
}

/// `lmscope fill`
#[derive(Debug, Args)]
pub struct Fill {
    /// The text, with mask tokens in it.
    #[command(flatten)]
    pub source: Source,
    /// Hide these tokens instead, one at a time: their places, from 0
    #[arg(long, value_name = "PLACES", value_delimiter = ',')]
    pub at: Option<Vec<usize>>,
    /// How many candidates for each
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub top: usize,
}

/// `lmscope score`
#[derive(Debug, Args)]
pub struct Score {
    /// The text, or a file that holds it; - reads standard input
    #[command(flatten)]
    pub source: Source,
    /// What the encoder reads, for a model that has one before its decoder
    #[arg(long, value_name = "TEXT", conflicts_with = "ids")]
    pub given: Option<String>,
    /// How many tokens the model sees at once; its whole context unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub window: Option<u32>,
    /// How many tokens each window is behind the one before, at most a window; half a window unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "given")]
    pub stride: Option<u32>,
    /// Add up the bits by these units: tokens, bytes, chars, words, or the tokens of another tokenizer or model
    #[arg(long, value_name = "UNITS", conflicts_with = "ids")]
    pub by: Option<OsString>,
    /// Print nats, not bits
    #[arg(long)]
    pub nats: bool,
    /// What is changed in the run.
    #[command(flatten)]
    pub changes: Changes,
}

/// `lmscope compare`
#[derive(Debug, Args)]
pub struct Compare {
    /// The text whose next token both distributions are of
    #[command(flatten)]
    pub source: Source,
    /// The second distribution is this model's
    #[arg(long, value_name = "MODEL")]
    pub with: Option<OsString>,
    /// The temperatures of the two, above 0; one alone is set beside the model's own
    #[arg(long, value_name = "A,B", value_parser = temperatures, allow_negative_numbers = true)]
    pub temperature: Option<[f64; 2]>,
    /// The second distribution is that behind this text
    #[arg(long, value_name = "PROMPT", conflicts_with = "along")]
    pub other: Option<String>,
    /// Compare before each token of the text, and add up
    #[arg(long)]
    pub along: bool,
    /// How many of the tokens that tell the two apart are shown
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub top: usize,
    /// Print nats, not bits
    #[arg(long)]
    pub nats: bool,
}

/// `lmscope compress`
#[derive(Debug, Args)]
pub struct Compress {
    /// The file, any bytes; - reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The file to write; - writes to standard output
    #[arg(short, long, value_name = "FILE", required_unless_present = "stats")]
    pub output: Option<PathBuf>,
    /// How many tokens the model sees at most; 1024, or its context where that is shorter, unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub window: Option<u32>,
    /// Say what the bytes cost, and what gzip, xz and zstd make of them
    #[arg(long)]
    pub stats: bool,
}

/// `lmscope decompress`
#[derive(Debug, Args)]
pub struct Decompress {
    /// The compressed file; - reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The file to write; - writes to standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// `lmscope repetition`
#[derive(Debug, Args)]
pub struct Repetition {
    /// The text, or a file that holds it; - reads standard input
    #[command(flatten)]
    pub source: Source,
    /// What the text continues: how much of it is copied from there
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// The fewest tokens of a copied span
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..), requires = "prompt")]
    pub least: u32,
    /// Have the model read the text's loop, or the whole text, K times over: the probability it gives each copy
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub probe: Option<u32>,
    /// How many copying heads to list
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub heads: usize,
}

/// `lmscope models`
#[derive(Debug, Args)]
pub struct Models {
    /// An embedded model, a file, a Hugging Face folder or hf:owner/name; several stand side by side
    #[arg(value_name = "SPEC")]
    pub specs: Vec<OsString>,
    /// List every tensor: name, type, shape, bytes
    #[arg(long)]
    pub tensors: bool,
    /// Read every weight, and say which are no finite numbers
    #[arg(long)]
    pub check: bool,
}

/// `lmscope bench`
#[derive(Debug, Args)]
pub struct Bench {
    /// Tokens of the prompt, computed together
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub prefill: u32,
    /// Tokens after it, one by one
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub decode: u32,
}

/// Reads a command line; `spoken` is the language it asks for.
pub(super) fn read(arguments: impl IntoIterator<Item = OsString>, spoken: Language) -> Result<Invocation, clap::Error> {
    // A run that is replayed has its own text.
    let command = Arguments::command()
        .mut_subcommand("generate", |generate| generate.mut_arg("text", |text| text.required_unless_present("replay")))
        .mut_subcommand("attention", |attention| {
            attention.mut_arg("text", |text| text.required_unless_present_any(["ids", "qkv"]))
        });
    let mut command = help::translated(command, spoken);
    let matches = command.try_get_matches_from_mut(arguments)?;
    let Arguments { text, common, sampling, subcommand } =
        Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    let common = Common {
        named_model: common.model.as_deref().map(Spec::new),
        seed: common.seed,
        threads: common.threads.map_or_else(cores, usize::from),
        language: common.lang.unwrap_or(spoken),
        json: common.json,
    };
    match (subcommand, text) {
        (None, text) => Ok(Invocation::Explore(ExploreOptions { common, text, sampling })),
        (Some(subcommand), None) => Ok(Invocation::Subcommand(common, subcommand)),
        (Some(_), Some(text)) => {
            let message = format!("{text:?} stands before a command: put the text after it, or leave one of them out");
            Err(command.error(clap::error::ErrorKind::ArgumentConflict, message))
        }
    }
}

/// A model or tokenizer named on the command line.
pub(super) fn spec(spec: &OsStr) -> Spec {
    Spec::new(spec)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn language(code: &str) -> Result<Language, String> {
    let language = Language::ALL.into_iter().find(|language| language.code() == code);
    language.ok_or_else(|| "choose en or zh".to_owned())
}

fn id(text: &str) -> Result<u32, String> {
    text.trim().parse().map_err(|_| "token ids are whole numbers with commas between them: 1,2,3".to_owned())
}

fn temperatures(text: &str) -> Result<[f64; 2], String> {
    let each: Option<Vec<f64>> = text.split(',').map(|text| text.trim().parse().ok()).collect();
    let fits = |temperature: f64| temperature > 0.0 && temperature.is_finite();
    match each.as_deref() {
        Some(&[p, q]) if fits(p) && fits(q) => Ok([p, q]),
        Some(&[q]) if fits(q) => Ok([1.0, q]),
        _ => Err("two temperatures above 0 with a comma between them: 1,0.7".to_owned()),
    }
}
