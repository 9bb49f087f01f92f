//! Why a command failed.

use std::io;
use std::path::PathBuf;

use crate::job::RecordError;
use crate::lab::compression::CompressionError;
use crate::lab::masks::Misfit;
use crate::lm::beam::RulesError;
use crate::lm::explain::{ExplainError, GivenError};
use crate::lm::load::LoadError;
use crate::lm::{ForwardError, InterventionError, PipelineError, TraceError, Workspace};
use crate::model::{self, NoTokenizer, NotSound, OpenError, Say, StageError};
use crate::text::encoding::ChangeError;
use crate::text::segment::{GoldError, NoPlace};
use crate::text::train::TrainError;
use crate::text::{DictionaryError, HmmError};
use crate::ui::Message;
use crate::ui::{Language, safe};

/// Why a command failed; each is told to the person who gave it.
#[derive(Debug)]
pub enum Failure {
    /// The model could not be opened.
    Open(OpenError),
    /// The model has no tokenizer and was given text.
    NoTokenizer(NoTokenizer),
    /// The forward pass gave nothing.
    Forward(ForwardError),
    /// The model computed something that is no number.
    NotFinite(NotSound),
    /// So many tensors have numbers that are not finite.
    Unsound(usize),
    /// The trace could not be written.
    Trace(TraceError),
    /// The dictionary could not be read.
    Dictionary(PathBuf, DictionaryError),
    /// The hidden Markov model could not be read.
    Hmm(PathBuf, HmmError),
    /// The gold segmentation could not be read, or is none of the text.
    Gold(PathBuf, GoldError),
    /// There is no such place in the text.
    Place(NoPlace),
    /// A text of so many bytes is not shown step by step.
    TooLongForSteps(usize),
    /// A change of a vocabulary that cannot be made.
    Vocabulary(ChangeError),
    /// A word that cannot have this frequency.
    EditFull(String, u64),
    /// The trace would take the place of the model.
    SameFile(PathBuf),
    /// What was to be learned cannot be.
    Train(TrainError),
    /// What is learned would take the place of what it is learned from.
    OverCorpus(PathBuf),
    /// Text that is not UTF-8: its name, where there is one, and the byte where it stops being so.
    NotUtf8(Option<PathBuf>, usize),
    /// A line longer than so many bytes.
    LongLine(Option<PathBuf>, usize),
    /// An id past the last of so many.
    NoId(u32, usize),
    /// There is no such piece.
    NoPiece(String),
    /// Input larger than is read.
    TooLarge(Option<PathBuf>, u64),
    /// Input that could not be read.
    Input(io::Error),
    /// There is no token to begin with.
    NothingGiven,
    /// The model of this name fills in and does not go on.
    FillsIn(String),
    /// The model of this name goes on and does not fill in.
    GoesOn(String),
    /// No token is hidden.
    NothingHidden,
    /// There is no token that could be scored.
    NothingToScore,
    /// Windows so far apart that tokens would be between them.
    StrideTooLong {
        /// How far.
        stride: usize,
        /// How long a window is.
        window: usize,
    },
    /// No second distribution is named.
    NothingToCompare,
    /// Two vocabularies that differ first at this id, and no text to compare the models on.
    OtherVocabulary(usize),
    /// Bytes that could not be compressed, or not be brought back; the name of their file.
    Compression(String, CompressionError),
    /// A file that could not be read.
    Read(PathBuf, io::Error),
    /// A file that could not be written.
    Write(PathBuf, io::Error),
    /// A pipeline that is not written right.
    Pipeline(PipelineError),
    /// A run's file.
    Record(RecordError),
    /// A replayed run that is another from this token on, counted from 1.
    ReplayedElse(usize),
    /// A stage of the sampler that the model cannot have.
    Stage(StageError),
    /// The model of this name is no decoder that stands alone.
    NoDecoderAlone(String),
    /// A mask that does not fit the text.
    Mask(Misfit),
    /// More tokens than are set side by side: how many there are, and how many may be.
    TooManyTokens(usize, usize),
    /// No beam search can follow these rules.
    Beam(RulesError),
    /// An intervention that cannot be made.
    Change(model::ChangeError),
    /// What cannot be explained.
    Explain(ExplainError),
    /// Queries, keys and values that are no attention.
    Given(GivenError),
    /// A text that is so many tokens and must be one.
    NotOneToken(String, usize),
    /// A picture whose name ends in neither .svg nor .png.
    PictureName(PathBuf),
    /// A picture of so many cells on a side.
    PictureSize(usize),
    /// A grid is wanted of every head.
    NoHeadNamed,
    /// Results that could not be written.
    Output(io::Error),
    /// Whoever read the results has gone: not an error.
    NobodyReads,
}

impl Failure {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::NobodyReads => 0,
            Self::NothingGiven
            | Self::NothingHidden
            | Self::NoId(..)
            | Self::NoPiece(_)
            | Self::Place(_)
            | Self::TooLongForSteps(_)
            | Self::Vocabulary(_)
            | Self::EditFull(..)
            | Self::NothingToCompare
            | Self::SameFile(_)
            | Self::OverCorpus(_)
            | Self::Train(
                TrainError::WordPieceOfBytes
                | TrainError::WordPieceFallback
                | TrainError::UnigramOfBytes
                | TrainError::FallbackOfBytes
                | TrainError::MetaspaceOfBytes,
            )
            | Self::Beam(_)
            | Self::Mask(_)
            | Self::Forward(ForwardError::NoSuchPosition { .. })
            | Self::Stage(_)
            | Self::Change(_)
            | Self::Explain(_)
            | Self::Given(_)
            | Self::NotOneToken(..)
            | Self::PictureName(_)
            | Self::NoHeadNamed
            | Self::StrideTooLong { .. } => 2,
            _ => 1,
        }
    }

    /// What to tell the person, in one line.
    pub fn say(&self, language: Language) -> String {
        let name = |path: &Option<PathBuf>| match path {
            Some(path) => path.display().to_string(),
            None => Message::CliStandardInput.text(language).to_owned(),
        };
        let said = match self {
            Self::Open(error) => error.say(language),
            Self::NoTokenizer(error) => error.say(language),
            Self::Forward(error) => error.say(language),
            Self::NotFinite(error) => error.say(language),
            Self::Unsound(tensors) => Message::CliUnsound.say(language, &[tensors]),
            Self::Trace(error) => error.say(language),
            Self::Hmm(path, error) => Message::CliBadDictionary.say(language, &[&path.display(), &error.say(language)]),
            Self::Gold(path, error) => {
                Message::CliBadDictionary.say(language, &[&path.display(), &error.say(language)])
            }
            Self::Place(error) => error.say(language),
            Self::TooLongForSteps(length) => {
                Message::CliTooLongForSteps.say(language, &[length, &crate::lab::steps::MOST_BYTES])
            }
            Self::Vocabulary(error) => error.say(language),
            Self::EditFull(word, frequency) => Message::CliEditFull.say(language, &[word, frequency]),
            Self::Dictionary(path, error) => {
                Message::CliBadDictionary.say(language, &[&path.display(), &error.say(language)])
            }
            Self::Train(error) => error.say(language),
            Self::OverCorpus(path) => Message::CliOverCorpus.say(language, &[&path.display()]),
            Self::SameFile(path) => Message::CliSameFile.say(language, &[&path.display()]),
            Self::NotUtf8(path, byte) => Message::CliNotUtf8.say(language, &[&name(path), byte]),
            Self::LongLine(path, limit) => Message::CliLongLine.say(language, &[&name(path), limit]),
            Self::NoId(id, size) => Message::CliNoId.say(language, &[id, size, &size.saturating_sub(1)]),
            Self::NoPiece(piece) => Message::CliNoPiece.say(language, &[piece]),
            Self::TooLarge(path, limit) => Message::CliTooLarge.say(language, &[&name(path), limit]),
            Self::Input(error) => {
                Message::CliCannotRead.say(language, &[&Message::CliStandardInput.text(language), error])
            }
            Self::NothingGiven => Message::CliNothingGiven.text(language).to_owned(),
            Self::FillsIn(model) => Message::CliFillsIn.say(language, &[model]),
            Self::GoesOn(model) => Message::CliGoesOn.say(language, &[model]),
            Self::NothingHidden => Message::CliNothingHidden.text(language).to_owned(),
            Self::NothingToScore => Message::CliNothingToScore.text(language).to_owned(),
            Self::StrideTooLong { stride, window } => {
                Message::CliStrideTooLong.say(language, &[stride, window, window])
            }
            Self::NothingToCompare => Message::CliNothingToCompare.text(language).to_owned(),
            Self::OtherVocabulary(id) => Message::CliOtherVocabulary.say(language, &[id]),
            Self::Compression(file, error) => compression(file, error, language),
            Self::Read(path, error) => Message::CliCannotRead.say(language, &[&path.display(), error]),
            Self::Write(path, error) => Message::CliCannotWriteFile.say(language, &[&path.display(), error]),
            Self::Stage(error) => error.say(language),
            Self::Record(error) => error.say(language),
            Self::Pipeline(error) => error.say(language),
            Self::ReplayedElse(step) => Message::CliReplayedElse.say(language, &[step]),
            Self::NoDecoderAlone(model) => Message::CliNoDecoderAlone.say(language, &[model]),
            Self::Mask(error) => error.say(language),
            Self::TooManyTokens(tokens, most) => Message::CliTooManyTokens.say(language, &[tokens, most]),
            Self::Beam(error) => error.say(language),
            Self::Change(error) => error.say(language),
            Self::Explain(error) => error.say(language),
            Self::Given(error) => error.say(language),
            Self::NotOneToken(text, tokens) => Message::CliNotOneToken.say(language, &[text, tokens]),
            Self::PictureName(path) => Message::CliPictureName.say(language, &[&path.display()]),
            Self::PictureSize(cells) => Message::CliPictureSize.say(language, &[cells]),
            Self::NoHeadNamed => Message::CliNoHeadNamed.text(language).to_owned(),
            Self::Output(error) => Message::CliCannotWrite.say(language, &[error]),
            Self::NobodyReads => String::new(),
        };
        safe::visible(&said)
    }
}

fn compression(file: &str, error: &CompressionError, language: Language) -> String {
    match error {
        CompressionError::NotCompressed => Message::CliNotCompressed.say(language, &[&file]),
        CompressionError::Version(version) => Message::CliCompressedVersion.say(language, &[&file, version]),
        CompressionError::Damaged => Message::CliDamaged.say(language, &[&file]),
        CompressionError::OtherModel(model) => Message::CliOtherModel.say(language, &[&file, model]),
        CompressionError::OtherKernel(kernel) => {
            let own = Workspace::new(1).kernel();
            Message::CliOtherKernel.say(language, &[&file, kernel, &own])
        }
        CompressionError::Diverged => Message::CliDiverged.say(language, &[&file]),
        CompressionError::FillsIn(model) => Message::CliFillsIn.say(language, &[model]),
        CompressionError::NoTokenizer(error) => error.say(language),
        CompressionError::Forward(error) => error.say(language),
        CompressionError::NotFinite(error) => error.say(language),
        CompressionError::Stopped => String::new(),
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::Open(OpenError::Load(error))
    }
}

impl From<NoTokenizer> for Failure {
    fn from(error: NoTokenizer) -> Self {
        Self::NoTokenizer(error)
    }
}

impl From<ForwardError> for Failure {
    fn from(error: ForwardError) -> Self {
        Self::Forward(error)
    }
}

impl From<NotSound> for Failure {
    fn from(error: NotSound) -> Self {
        Self::NotFinite(error)
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        Self::Stage(error)
    }
}

impl From<RulesError> for Failure {
    fn from(error: RulesError) -> Self {
        Self::Beam(error)
    }
}

impl From<TraceError> for Failure {
    fn from(error: TraceError) -> Self {
        Self::Trace(error)
    }
}

impl From<model::ChangeError> for Failure {
    fn from(error: model::ChangeError) -> Self {
        Self::Change(error)
    }
}

impl From<InterventionError> for Failure {
    fn from(error: InterventionError) -> Self {
        Self::Change(error.into())
    }
}

impl From<ExplainError> for Failure {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::Forward(error) => Self::Forward(error),
            error => Self::Explain(error),
        }
    }
}

impl From<Misfit> for Failure {
    fn from(error: Misfit) -> Self {
        Self::Mask(error)
    }
}

impl From<GivenError> for Failure {
    fn from(error: GivenError) -> Self {
        Self::Given(error)
    }
}

/// A failure to write results.
pub(super) fn output(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe { Failure::NobodyReads } else { Failure::Output(error) }
}
