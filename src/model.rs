//! A language model, opened: its engine, its tokenizer, where it came from.

mod description;
mod error;
mod found;
mod intervention;
mod sampling;
mod say;
mod soundness;
mod spec;
mod tokenizer;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

pub use description::{Description, Engine, Hints, Memory, TensorInfo, check, describe};
pub use error::{NoTokenizer, OpenError};
pub use found::{Found, found};
pub use intervention::ChangeError;
pub use sampling::StageError;
pub use say::{Say, say_progress};
pub use soundness::NotSound;
pub use spec::{EMBEDDED, Embedded, Spec, default_for};
pub use tokenizer::open_tokenizer;

use crate::hub::{self, Surroundings, Watch};
use crate::lm::Transformer;
use crate::lm::checkpoint::{Checkpoint, Dtype, Header, Tensor};
use crate::lm::load::{self, Problem};
use crate::text::{Tokenizer, TokenizerError};

/// A language model that can be run and, where its file holds a tokenizer, be given text. Immutable: share it with an
/// [`Arc`](std::sync::Arc).
#[derive(Debug)]
pub struct Model {
    /// What to call it: an embedded model's name, or the name of its file or folder.
    pub name: String,
    /// The name, author's description and licence the file itself gives, where it does.
    pub about: About,
    /// Where it came from.
    pub source: Source,
    /// The weights and the forward pass.
    pub engine: Transformer,
    /// Text to token ids and back; absent where the file holds none, or one that cannot be read.
    pub tokenizer: Option<Tokenizer>,
    /// Why there is no tokenizer although the file has one.
    pub tokenizer_error: Option<TokenizerError>,
    /// The size of its files in bytes.
    pub bytes: u64,
    /// How many numbers its tensors hold together.
    pub parameters: u64,
    /// Every tensor by the name the file gives it; the numbers stay in the file.
    pub tensors: BTreeMap<String, Tensor>,
    /// How many tensors of each stored type there are, and their bytes together.
    pub dtypes: BTreeMap<Dtype, Stored>,
}

/// What a file says about itself; untrusted text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// GGUF's `general.name`.
    pub name: Option<String>,
    /// GGUF's `general.description`.
    pub description: Option<String>,
    /// GGUF's `general.license`.
    pub license: Option<String>,
}

/// Where a model came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Compiled into the program.
    Embedded,
    /// Read from these files.
    Files(Vec<PathBuf>),
}

/// The tensors of one stored type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// How many there are.
    pub tensors: usize,
    /// Their bytes together.
    pub bytes: u64,
}

impl Model {
    /// Whether a token can be hidden from the model: it fills in, and has a mask token or a stream that does not see its
    /// own token.
    pub fn can_hide(&self) -> bool {
        !self.engine.blueprint.predicts_next() && (self.engine.has_query_stream() || self.mask().is_some())
    }

    /// The token that stands for a hidden one, where the tokenizer has one.
    pub fn mask(&self) -> Option<u32> {
        self.tokenizer.as_ref().and_then(Tokenizer::mask)
    }

    /// The tokenizer, or why there is none.
    ///
    /// # Errors
    /// The file has no tokenizer, or one that cannot be read.
    pub fn tokenizer(&self) -> Result<&Tokenizer, NoTokenizer> {
        self.tokenizer.as_ref().ok_or_else(|| match &self.tokenizer_error {
            Some(error) => NoTokenizer::Refused { name: self.name.clone(), error: error.clone() },
            None => NoTokenizer::Absent { name: self.name.clone() },
        })
    }
}

/// Makes sure that a model is on this machine: one of the hub is fetched where it is not, and `watch` is told how far it
/// has come.
///
/// # Errors
/// The model could not be fetched.
pub fn fetch(spec: &Spec, watch: Watch<'_>) -> Result<(), OpenError> {
    local(spec, watch).map(drop)
}

/// Opens a model: an embedded one in under a millisecond, a file in a few whatever its size. One of the hub is fetched
/// first, where it is not here: see [`fetch`].
///
/// # Errors
/// The model could not be fetched, the file is not a model, its architecture is not known, or its vocabulary does not fit
/// its weights.
pub fn open(spec: &Spec) -> Result<Model, OpenError> {
    let name = spec.name();
    let checkpoint = checkpoint(&*local(spec, &mut |_| ControlFlow::Continue(()))?)?;
    let source = match spec {
        Spec::Embedded(_) => Source::Embedded,
        Spec::Path(_) | Spec::Hub(_) => Source::Files(checkpoint.files.clone()),
    };
    let about = about(&checkpoint.header);
    let (tokenizer, tokenizer_error) = match tokenizer::of_checkpoint(spec, &checkpoint)? {
        None => (None, None),
        Some(Ok(tokenizer)) => (Some(tokenizer), None),
        Some(Err(error)) => (None, Some(error)),
    };
    let bytes = checkpoint.bytes;
    let parameters = checkpoint.parameters();
    let dtypes = stored(&checkpoint.tensors);
    if checkpoint.tensors.is_empty() && checkpoint.unread.is_empty() {
        return Err(OpenError::NoWeights { name });
    }
    let engine = Transformer::new(&checkpoint).map_err(|error| OpenError::Model { name: name.clone(), error })?;
    let rows = engine.config.vocabulary;
    if let Some(tokens) = tokenizer.as_ref().map(Tokenizer::len).filter(|tokens| *tokens > rows) {
        return Err(OpenError::Vocabulary { name, tokens, rows });
    }
    Ok(Model {
        name,
        about,
        source,
        engine,
        tokenizer,
        tokenizer_error,
        bytes,
        parameters,
        tensors: checkpoint.tensors,
        dtypes,
    })
}

/// Tensors by stored type; bytes that several share, as tied weights do in `PyTorch`'s format, count once.
fn stored(tensors: &BTreeMap<String, Tensor>) -> BTreeMap<Dtype, Stored> {
    let mut dtypes: BTreeMap<Dtype, Stored> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for tensor in tensors.values() {
        let stored = dtypes.entry(tensor.dtype).or_default();
        stored.tensors += 1;
        if seen.insert(tensor.bytes.as_ptr()) {
            stored.bytes += tensor.bytes.len() as u64;
        }
    }
    dtypes
}

/// The model as this machine has it: one of the hub is fetched where it is not here.
fn local<'a>(spec: &'a Spec, watch: Watch<'_>) -> Result<Cow<'a, Spec>, OpenError> {
    let Spec::Hub(name) = spec else { return Ok(Cow::Borrowed(spec)) };
    let name = name.as_ref().map_err(Clone::clone)?;
    Ok(Cow::Owned(Spec::Path(hub::fetch(name, &Surroundings::of_process(), watch)?)))
}

fn checkpoint(spec: &Spec) -> Result<Checkpoint, OpenError> {
    match spec {
        Spec::Embedded(model) => {
            let settings = model.beside.map(|beside| beside.settings);
            Ok(load::embedded(model.name, model.bytes, settings)?)
        }
        Spec::Hub(_) => Err(OpenError::Missing { spec: spec.to_string() }),
        Spec::Path(path) => load::open(path).map_err(|error| match error.problem {
            Problem::Io { kind: ErrorKind::NotFound } => OpenError::Missing { spec: spec.to_string() },
            _ => OpenError::Load(error),
        }),
    }
}

fn about(header: &Header) -> About {
    let Header::Gguf(metadata) = header else { return About::default() };
    let text = |key| metadata.str(key).map(str::to_owned);
    About { name: text("general.name"), description: text("general.description"), license: text("general.license") }
}

/// The name of a GGUF file without its suffix, or of a Hugging Face folder that is named itself or by a file in it.
fn stem(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let of_folder = whole.extension().is_some_and(|suffix| suffix == "json" || suffix == "safetensors")
        || whole.file_name().is_some_and(|name| name == "pytorch_model.bin");
    let name = match whole.parent() {
        _ if whole.is_dir() => whole.file_name(),
        Some(folder) if of_folder => folder.file_name(),
        _ => whole.file_stem(),
    };
    name.unwrap_or(whole.as_os_str()).to_string_lossy().into_owned()
}
