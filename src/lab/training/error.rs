//! Why nothing came of a training.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::model::Say;
use crate::text::segment::GoldError;
use crate::text::train::TrainError;

/// Why nothing came of a training.
#[derive(Debug)]
pub enum TrainingError {
    /// A part of the corpus could not be read.
    Read(PathBuf, io::Error),
    /// The tokenizer could not be written.
    Write(PathBuf, io::Error),
    /// Something else stands in the place of the tokenizer's file.
    Taken(PathBuf),
    /// The corpus is no segmented text.
    Gold(GoldError),
    /// A segmented file is larger than this many bytes.
    LargeFile(PathBuf, u64),
    /// There is nothing to learn from, or too much.
    Train(TrainError),
    /// Nobody wants it any more.
    Stopped,
}

impl fmt::Display for TrainingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) | Self::Write(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Taken(path) => {
                write!(f, "{} is there already and is no tokenizer.json: choose another name", path.display())
            }
            Self::Gold(error) => error.fmt(f),
            Self::LargeFile(path, most) => {
                let most = most >> 20;
                write!(f, "{} has more than {most} MiB: count it with train-tokenizer --algorithm hmm", path.display())
            }
            Self::Train(error) => error.fmt(f),
            Self::Stopped => write!(f, "the training was stopped"),
        }
    }
}

impl std::error::Error for TrainingError {}

impl Say for TrainingError {
    fn chinese(&self) -> String {
        match self {
            Self::Read(path, error) | Self::Write(path, error) => format!("{}：{error}", path.display()),
            Self::Taken(path) => format!("{} 已存在，且不是 tokenizer.json：请换一个名称", path.display()),
            Self::Gold(error) => error.chinese(),
            Self::LargeFile(path, most) => {
                let most = most >> 20;
                format!("{} 超过 {most} MiB：请用 train-tokenizer --algorithm hmm 统计", path.display())
            }
            Self::Train(error) => error.chinese(),
            Self::Stopped => "训练已停止".to_owned(),
        }
    }
}
