//! Why a model of the hub could not be fetched.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::lm::load::size;

/// In what an answer is unlike the hub's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlike {
    /// The list of a model's files.
    Listing,
    /// The index of its weights.
    Index,
    /// A file's `ETag`.
    Tag,
    /// The part of a file that was asked for.
    Range,
}

impl fmt::Display for Unlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Listing => "the list of files is not one",
            Self::Index => "the index of the weights is not one",
            Self::Tag => "a file has no usable ETag",
            Self::Range => "another part of a file came than was asked for",
        })
    }
}

/// Why a model of the hub could not be fetched. Names inside come from the person or the server: untrusted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HubError {
    /// What was asked for is no name of the hub.
    Name {
        /// What was asked for.
        spec: String,
    },
    /// `HF_HUB_OFFLINE` is set and the model is not in the cache.
    Offline {
        /// The model.
        name: String,
    },
    /// The server could not be reached.
    Unreachable {
        /// The server.
        host: String,
        /// What the system or the protocol says.
        reason: String,
    },
    /// 401: the hub wants to know who asks, which it also says of models that do not exist.
    Unauthorized {
        /// The model.
        name: String,
        /// Whether a token was sent.
        token: bool,
    },
    /// 403: this person may not have it, or has not accepted its terms.
    Forbidden {
        /// The model.
        name: String,
    },
    /// 404.
    NotFound {
        /// The model, or a file of it.
        name: String,
    },
    /// 429.
    TooManyRequests {
        /// How many seconds the server asks to wait.
        seconds: Option<u64>,
    },
    /// Another status that is no success.
    Status {
        /// The server.
        host: String,
        /// The status.
        status: u16,
    },
    /// More redirects than are followed.
    Redirects {
        /// The server.
        host: String,
    },
    /// The server answered something else than the hub does.
    Answer {
        /// The server.
        host: String,
        /// What is wrong with it.
        what: Unlike,
    },
    /// The repository has nothing that can be read.
    NoWeights {
        /// The model.
        name: String,
    },
    /// The repository has several GGUF files and no safetensors.
    ManyGguf {
        /// The model.
        name: String,
        /// The files.
        files: Vec<String>,
    },
    /// The connection broke again and again.
    Broken {
        /// The file.
        file: String,
        /// Bytes that are here.
        done: u64,
    },
    /// The file that came is not the file that was announced.
    Damaged {
        /// The file.
        file: String,
    },
    /// There is no room.
    DiskFull {
        /// Where.
        folder: PathBuf,
        /// Bytes that are still to come, where that is known.
        needed: Option<u64>,
    },
    /// The environment names no folder to keep files in.
    NoCache,
    /// The system refused to read or write the cache.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        kind: io::ErrorKind,
    },
    /// Whoever watches asked to stop.
    Stopped,
}

impl HubError {
    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { folder: path.parent().unwrap_or(path).to_path_buf(), needed: None }
            }
            kind => Self::Io { path: path.to_path_buf(), kind },
        }
    }
}

impl fmt::Display for HubError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { spec } => write!(
                f,
                "{spec} is no model of the hub: write hf:owner/name, hf:owner/name@revision or hf:owner/name/file.gguf"
            ),
            Self::Offline { name } => write!(
                f,
                "{name} is not in the cache and HF_HUB_OFFLINE is set: unset it, or fetch the model where there is a network"
            ),
            Self::Unreachable { host, reason } => write!(
                f,
                "{host} could not be reached ({reason}): check the network and HTTPS_PROXY, or set HF_ENDPOINT to a mirror"
            ),
            Self::Unauthorized { name, token: false } => write!(
                f,
                "{name} does not exist or is not open to everyone: check the name, or set HF_TOKEN to a token that may read it"
            ),
            Self::Unauthorized { name, token: true } => write!(
                f,
                "the hub does not accept the token for {name}: check the name, and HF_TOKEN or the token file"
            ),
            Self::Forbidden { name } => {
                write!(f, "you may not read {name}: open its page in a browser, accept its terms, and set HF_TOKEN")
            }
            Self::NotFound { name } => write!(f, "the hub has no {name}: check the name and the revision"),
            Self::TooManyRequests { seconds: Some(seconds) } => {
                write!(f, "the hub has had too many requests: try again in {seconds} s, or set HF_TOKEN")
            }
            Self::TooManyRequests { seconds: None } => {
                f.write_str("the hub has had too many requests: try again later, or set HF_TOKEN")
            }
            Self::Status { host, status } => {
                write!(f, "{host} answered with status {status}: try again later, or set HF_ENDPOINT to a mirror")
            }
            Self::Redirects { host } => write!(f, "{host} redirects without end: check HF_ENDPOINT"),
            Self::Answer { host, what } => write!(
                f,
                "{host} does not answer as the hub does ({what}): check HF_ENDPOINT, and whether the network asks for a login"
            ),
            Self::NoWeights { name } => write!(
                f,
                "{name} has neither config.json with safetensors or pytorch_model.bin nor a GGUF file: take another model, or another revision"
            ),
            Self::ManyGguf { name, files } => {
                write!(f, "{name} has several GGUF files: name one of them, such as {}", several(name, files))
            }
            Self::Broken { file, done } => write!(
                f,
                "the connection broke while {file} was fetched ({} are here): run it again, it goes on from there",
                size(*done)
            ),
            Self::Damaged { file } => {
                write!(f, "{file} did not arrive as it was announced and was thrown away: run it again")
            }
            Self::DiskFull { folder, needed: Some(needed) } => write!(
                f,
                "there is no room in {} for {} more: make room, or set HF_HOME to a folder on another disk",
                folder.display(),
                size(*needed)
            ),
            Self::DiskFull { folder, needed: None } => write!(
                f,
                "there is no room left in {}: make room, or set HF_HOME to a folder on another disk",
                folder.display()
            ),
            Self::NoCache => f.write_str("there is no folder to keep models in: set HF_HOME to one"),
            Self::Io { path, kind } => write!(
                f,
                "{} could not be read or written ({kind}): check its permissions, or set HF_HOME to another folder",
                path.display()
            ),
            Self::Stopped => f.write_str("stopped: run it again, it goes on from there"),
        }
    }
}

/// The first few files as they are asked for.
pub fn several(name: &str, files: &[String]) -> String {
    let named: Vec<String> = files.iter().take(4).map(|file| format!("{name}/{file}")).collect();
    named.join(", ")
}

impl std::error::Error for HubError {}
