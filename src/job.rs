//! The protocol of the workers: what is asked ([`Job`]), what comes back ([`Reply`]), and the ticket that says whether
//! anybody still wants it. No thread here: the host runs [`execute`] on a lane's thread, tests run it inline.

mod ahead;
mod architectures;
mod beam;
mod bounds;
mod choice;
mod explain;
mod generate;
mod length;
mod look;
mod masks;
mod measure;
mod open;
mod read;
mod record;
mod repetition;
mod segment;
mod steps;
mod ticket;
mod training;
mod vocabulary;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use ahead::Ahead;
pub use ahead::LookAhead;
pub use architectures::Ask;
pub use beam::BeamSearch;
pub use beam::Beams;
pub use bounds::start_of_text;
pub use choice::Origin;
pub use choice::Score;
pub use explain::Calculated;
pub use explain::Cell;
pub use explain::Effect;
pub use explain::Explain;
pub use explain::Explanation;
pub use generate::Generate;
pub use generate::Step;
pub use length::LengthTrial;
pub use length::TryLength;
pub use look::HeadView;
pub use look::Look;
pub use look::Overview;
pub use look::ROLLOUT;
pub use look::Rows;
pub use look::Subject;
pub use masks::MaskTrial;
pub use masks::Tried;
pub use masks::TryMasks;
pub use masks::Weights;
pub use measure::Bill;
pub use measure::Coded;
pub use measure::Compared;
pub use measure::Measure;
pub use measure::Measured;
pub use measure::Other;
pub use measure::Pair;
pub use measure::Telling;
pub use read::Changes;
pub use read::Read;
pub use record::Chosen;
pub use record::Noted;
pub use record::Record;
pub use record::RecordError;
pub use repetition::Cure;
pub use repetition::Cured;
pub use repetition::Cures;
pub use repetition::DRAWN;
pub use repetition::Heads;
pub use repetition::MEASURED;
pub use repetition::Probe;
pub use segment::Tokens;
pub use segment::Words;
pub use steps::Alteration;
pub use steps::Answer;
pub use steps::Lesson;
pub use steps::Story;
pub use ticket::Desk;
pub use ticket::Ticket;
pub use training::Trained;
pub use vocabulary::Browse;
pub use vocabulary::Contrast;
pub use vocabulary::Survey;
pub use vocabulary::Unreachable;

use crate::hub::Progress;
use crate::lab::architectures::Scene;
use crate::lab::repetition::Copy;
use crate::lab::tokenizers::Cutter;
use crate::lab::training::Course;
use crate::lab::training::Plan;
use crate::lab::training::TrainingError;
use crate::lab::vocabulary::Entry;
use crate::lm::Distribution;
use crate::lm::ForwardError;
use crate::lm::Interventions;
use crate::lm::NotFinite;
use crate::lm::Position;
use crate::lm::explain::ExplainError;
use crate::lm::explain::PrepareError;
use crate::model::Found;
use crate::model::Model;
use crate::model::NoTokenizer;
use crate::model::NotSound;
use crate::model::OpenError;
use crate::model::Spec;
use crate::text::Edit;

/// Which request a reply belongs to; a newer request on the same lane makes every older reply stale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u64);

/// One worker thread. A lane holds at most one waiting job: a newer one takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Tokens of the text, on every keystroke.
    Text,
    /// Words of the text.
    Words,
    /// Distributions and attention of what is selected.
    Evidence,
    /// The model's forward pass: reading the text, generating.
    Run,
    /// Opening model files.
    Files,
    /// Experiments beside the run.
    Lab,
    /// Measuring what the text costs and how far distributions are apart.
    Information,
    /// A text step by step.
    Steps,
    /// Explaining what the model computed.
    Explain,
    /// Learning a vocabulary.
    Training,
    /// Listing a vocabulary.
    Vocabulary,
    /// Comparing tokenizers.
    Contrast,
    /// Showing what architectures are asked.
    Architectures,
    /// Trying the text under other masks, or with less of it kept.
    Trials,
    /// Reading the paths beside the current one.
    Branches,
}

impl Lane {
    /// Every lane, in index order.
    pub const ALL: [Self; 15] = [
        Self::Text,
        Self::Words,
        Self::Evidence,
        Self::Run,
        Self::Files,
        Self::Lab,
        Self::Information,
        Self::Steps,
        Self::Explain,
        Self::Training,
        Self::Vocabulary,
        Self::Contrast,
        Self::Architectures,
        Self::Trials,
        Self::Branches,
    ];
}

/// What a worker computes.
#[derive(Debug)]
pub enum Job {
    /// Open a model.
    Open(Spec),
    /// Cut a text into the model's tokens.
    Tokenize(Arc<str>, Arc<Model>),
    /// Cut a text into words, some of which have another frequency than in the dictionary.
    Words(Arc<str>, Arc<[Edit]>),
    /// Show step by step what happens to a text.
    Steps(Lesson),
    /// Say why a text is cut at a byte or not, and what would turn that round.
    Ask(Lesson, usize),
    /// Tell when so much time has gone by, again and again.
    Beat(Duration),
    /// Have the model read tokens.
    Read(Read),
    /// Have the model continue.
    Generate(Generate),
    /// Search with several continuations at once.
    Beam(BeamSearch),
    /// See where greedy decoding goes from each of the next tokens.
    LookAhead(LookAhead),
    /// Measure how a model repeats.
    Probe(Probe),
    /// Compare what is done against repetition.
    Cures(Cures),
    /// Bring evidence of what the model computed.
    Look(Look),
    /// Explain what the model computed.
    Explain(Box<Explain>),
    /// Try a text under other masks.
    Masks(Box<TryMasks>),
    /// Read a long text with less of it kept, and measure what length costs.
    Length(Box<TryLength>),
    /// Measure a text's code and pairs of distributions.
    Measure(Measure),
    /// List the pieces of a vocabulary.
    Browse(Browse),
    /// Open a tokenizer to compare.
    AddCutter(Spec),
    /// Compare what tokenizers and methods make of a text.
    Contrast(Arc<str>, Vec<Cutter>),
    /// Make a sentence an example of what an architecture is trained on.
    Rehearse(Ask),
    /// Write a run to a file.
    Save(Box<Record>, PathBuf, Arc<Model>),
    /// Read a run that the model made.
    Recall(PathBuf, Arc<Model>),
    /// Learn a vocabulary, on so many threads.
    Train(Plan, usize),
    /// Write what was learned up to a step as a `tokenizer.json`.
    SaveTokenizer(Arc<Course>, usize, PathBuf),
    /// Make a tokenizer with this name of what was learned up to a step.
    LearnedCutter(Arc<Course>, usize, String),
    /// Panics on purpose, to show that a worker's panic stays inside the program.
    Panic,
}

/// What came of a job, or of a part of it.
#[derive(Debug)]
pub struct Reply {
    /// The lane that ran the job.
    pub lane: Lane,
    /// The request this answers.
    pub generation: Generation,
    /// The content.
    pub body: Body,
}

/// The content of a reply.
#[derive(Debug)]
pub enum Body {
    /// A file of the model is being fetched.
    Fetching(Progress),
    /// The model is open.
    Opened(Arc<Model>),
    /// The text's tokens.
    Tokens(Tokens),
    /// The text's words.
    Words(Arc<Words>),
    /// The steps of what happens to a text.
    Story(Arc<Story>),
    /// Why a text is cut at a place or not.
    Answer(Box<Answer>),
    /// The time has gone by.
    Beat,
    /// The model read the tokens of the path from `first` on.
    Read {
        /// Index on the path.
        first: usize,
        /// What it computed at each.
        positions: Vec<Position>,
    },
    /// What is changed in the model is ready.
    Ready(Arc<Interventions>),
    /// What the tokens of the path from `first` on cost.
    Scores {
        /// Index on the path.
        first: usize,
        /// One for each.
        scores: Vec<Score>,
    },
    /// The distribution after the token at `index` of the path.
    Distribution {
        /// Index on the path.
        index: usize,
        /// The distribution.
        distribution: Arc<Distribution>,
    },
    /// One more token.
    Step(Box<Step>),
    /// A beam search, one step further.
    Beams(Box<Beams>),
    /// One token more of a road looked along.
    Ahead(Box<Ahead>),
    /// What the model said of one more copy of a sentence.
    Copy(Copy),
    /// The heads that copy.
    Heads(Box<Heads>),
    /// A cure for repetition, one token further.
    Cured(Box<Cured>),
    /// Rows of one head's attention.
    Rows(Rows),
    /// Every head at a glance.
    Overview(Overview),
    /// Part of an explanation.
    Explanation(Box<Explanation>),
    /// Part of what the mask lab found.
    Masks(Box<MaskTrial>),
    /// Part of what was found of long texts.
    Length(Box<LengthTrial>),
    /// What a text costs, how far distributions are apart.
    Measured(Measured),
    /// So much of a training is done, of so much.
    Training(u64, u64),
    /// A vocabulary was learned.
    Trained(Trained),
    /// What is known of every piece of a vocabulary.
    Survey(Arc<Survey>),
    /// The pieces that no text gives.
    Unreachable(Arc<Unreachable>),
    /// Pieces that were looked for, in their order.
    Listed(Vec<Entry>),
    /// A tokenizer to compare, with its name.
    Cutter(String, Cutter),
    /// What several made of a text.
    Contrast(Arc<Contrast>),
    /// An example of an objective, and the models on this machine.
    Scene(Arc<Scene>, Arc<[Found]>),
    /// The run, or the tokenizer, is written.
    Saved(PathBuf),
    /// A run was read.
    Recalled(Box<Record>),
    /// The job ran to its end.
    Done,
    /// The job could not go on.
    Failed(Fault),
    /// The worker panicked; the text says where and why.
    Crashed(String),
}

/// Why a job could not go on.
#[derive(Debug)]
pub enum Fault {
    /// The model could not be opened.
    Open(OpenError),
    /// The model has no tokenizer.
    NoTokenizer(NoTokenizer),
    /// The forward pass refused, because the context is full or a token is not the model's.
    Forward(ForwardError),
    /// The model computed a logit that is not a number.
    NotFinite(NotSound),
    /// The file of a run.
    Record(RecordError),
    /// An intervention that does not fit.
    Change(PrepareError),
    /// What cannot be explained.
    Explain(ExplainError),
    /// What cannot be learned.
    Training(TrainingError),
}

/// Where a worker sends each part of its answer; `Break` asks it to stop.
pub type Send<'a> = &'a mut dyn FnMut(Body) -> ControlFlow<()>;

/// Runs one job to its end, or until its ticket is no longer current.
pub fn execute(job: Job, ticket: &Ticket, send: Send<'_>) {
    let model = job.model();
    let outcome = match job {
        Job::Open(spec) => open::open(&spec, ticket, send),
        Job::Tokenize(text, model) => segment::tokenize(text, &model, send),
        Job::Words(text, edits) => segment::words(text, edits, send),
        Job::Steps(lesson) => steps::tell(lesson, send),
        Job::Ask(lesson, at) => steps::ask(lesson, at, ticket, send),
        Job::Beat(rest) => steps::beat(rest, ticket, send),
        Job::Read(read) => read::read(read, ticket, send),
        Job::Generate(generate) => generate::generate(generate, ticket, send),
        Job::Beam(search) => beam::search(search, ticket, send),
        Job::LookAhead(look) => ahead::look(look, ticket, send),
        Job::Probe(probe) => repetition::measure(probe, ticket, send),
        Job::Cures(cures) => repetition::cure(&cures, ticket, send),
        Job::Explain(job) => explain::explain(&job, ticket, send),
        Job::Look(look) => look::look(&look, ticket, send),
        Job::Masks(job) => masks::run(&job, ticket, send),
        Job::Length(job) => length::run(&job, ticket, send),
        Job::Measure(measure) => measure::measure(measure, ticket, send),
        Job::Browse(job) => vocabulary::browse(job, ticket, send),
        Job::AddCutter(spec) => vocabulary::add(&spec, ticket, send),
        Job::Contrast(text, cutters) => vocabulary::contrast(text, &cutters, ticket, send),
        Job::Rehearse(job) => architectures::ask(&job, ticket, send),
        Job::Save(record, path, model) => record::save(*record, &path, &model, send),
        Job::Recall(path, model) => record::recall(&path, &model, send),
        Job::Train(plan, threads) => training::train(plan, threads, ticket, send),
        Job::SaveTokenizer(course, step, path) => training::save(&course, step, &path, send),
        Job::LearnedCutter(course, step, name) => training::cutter(&course, step, name, send),
        Job::Panic => panic!("a worker was asked to panic"),
    };
    let _ = match outcome {
        Ok(()) => send(Body::Done),
        Err(Stop::Fault(fault)) => send(Body::Failed(fault)),
        Err(Stop::NotFinite(logit)) => {
            let wanted = || ticket.is_current();
            let explained = model.map(|model| model.explain(logit, &wanted));
            send(Body::Failed(Fault::NotFinite(explained.unwrap_or(NotSound { logit, weights: None }))))
        }
        Err(Stop::Unwanted) => ControlFlow::Break(()),
    };
}

impl Job {
    /// The model that the job runs.
    fn model(&self) -> Option<Arc<Model>> {
        match self {
            Self::Read(read) => Some(Arc::clone(&read.model)),
            Self::Generate(generate) => Some(Arc::clone(&generate.model)),
            Self::Beam(search) => Some(Arc::clone(&search.model)),
            Self::LookAhead(look) => Some(Arc::clone(&look.model)),
            Self::Probe(probe) => Some(Arc::clone(&probe.model)),
            Self::Cures(cures) => Some(Arc::clone(&cures.model)),
            Self::Explain(job) => Some(Arc::clone(&job.model)),
            Self::Rehearse(job) => Some(Arc::clone(&job.model)),
            Self::Look(look) => Some(Arc::clone(&look.model)),
            Self::Masks(job) => Some(Arc::clone(&job.model)),
            Self::Length(job) => Some(Arc::clone(&job.model)),
            Self::Measure(measure) => Some(Arc::clone(&measure.model)),
            Self::Open(_)
            | Self::Browse(_)
            | Self::AddCutter(_)
            | Self::Contrast(..)
            | Self::Tokenize(..)
            | Self::Words(..)
            | Self::Steps(_)
            | Self::Ask(..)
            | Self::Beat(_)
            | Self::Save(..)
            | Self::Recall(..)
            | Self::Train(..)
            | Self::SaveTokenizer(..)
            | Self::LearnedCutter(..)
            | Self::Panic => None,
        }
    }
}

/// Why a job ends before its end.
enum Stop {
    /// Nobody wants the answer any more.
    Unwanted,
    /// The model computed a logit that is not a number.
    NotFinite(NotFinite),
    /// It cannot go on.
    Fault(Fault),
}

fn said(flow: ControlFlow<()>) -> Result<(), Stop> {
    if flow.is_break() { Err(Stop::Unwanted) } else { Ok(()) }
}

/// The distribution that `logits` describe, or the first logit that is not a number.
fn distribution(logits: Vec<f32>) -> Result<Arc<Distribution>, Stop> {
    Distribution::new(logits).map(Arc::new).map_err(Stop::NotFinite)
}

impl From<ForwardError> for Stop {
    fn from(error: ForwardError) -> Self {
        match error {
            ForwardError::Stopped => Self::Unwanted,
            other => Self::Fault(Fault::Forward(other)),
        }
    }
}
