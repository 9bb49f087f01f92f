//! The tokenizer of a model file: GGUF's `tokenizer.ggml.*`, or the files of a Hugging Face folder or beside the weights.

mod files;
mod gguf;

use std::ops::ControlFlow;

use super::{Embedded, NoTokenizer, OpenError, Spec, checkpoint, local};
use crate::lm::checkpoint::{Checkpoint, Header};
use crate::lm::load::LoadError;
use crate::text::{Tokenizer, TokenizerError};

/// Opens a tokenizer alone: from a file of its own, or out of a model whose architecture need not be known.
///
/// # Errors
/// The file cannot be read, or it holds no tokenizer that can.
pub fn open_tokenizer(spec: &Spec) -> Result<Result<Tokenizer, NoTokenizer>, OpenError> {
    let name = spec.name();
    let spec = &*local(spec, &mut |_| ControlFlow::Continue(()))?;
    let alone = match spec {
        Spec::Path(path) if path.is_file() => files::open(path)?,
        Spec::Path(folder) if folder.is_dir() => files::of_folder(folder)?,
        _ => None,
    };
    let found = match alone {
        Some(found) => Some(found),
        None => of_checkpoint(spec, &checkpoint(spec)?)?,
    };
    Ok(match found {
        Some(tokenizer) => tokenizer.map_err(|error| NoTokenizer::Refused { name, error }),
        None => Err(NoTokenizer::Absent { name }),
    })
}

/// The tokenizer of an opened checkpoint, or of a file beside it; `None` where there is none.
pub(super) fn of_checkpoint(
    spec: &Spec,
    checkpoint: &Checkpoint,
) -> Result<Option<Result<Tokenizer, TokenizerError>>, LoadError> {
    if let Spec::Embedded(Embedded { beside: Some(beside), .. }) = spec {
        return Ok(Some(Tokenizer::from_json(beside.tokenizer)));
    }
    let inside = match &checkpoint.header {
        Header::Gguf(metadata) => gguf::vocabulary(metadata),
        Header::HuggingFace(_) | Header::Marian(_) => None,
    };
    if let Some(vocabulary) = inside {
        return Ok(Some(vocabulary.and_then(Tokenizer::from_vocabulary)));
    }
    if let (Header::Marian(_), Some(file)) = (&checkpoint.header, checkpoint.files.first()) {
        return files::beside_marian(file).map(Some);
    }
    let folder = checkpoint.files.first().and_then(|file| file.parent());
    folder.map_or(Ok(None), files::of_folder)
}
