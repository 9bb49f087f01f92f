//! The tokenizer of a model file: GGUF's `tokenizer.ggml.*`, `tokenizer.json` of a Hugging Face folder, or a file beside
//! the weights.

use std::ops::ControlFlow;
use std::path::Path;

use super::{NoTokenizer, OpenError, Spec, checkpoint, local};
use crate::lm::checkpoint::{Checkpoint, Header};
use crate::lm::load::{self, LoadError, gguf::Metadata};
use crate::text::{PieceKind, Tokenizer, TokenizerError, Vocabulary};

const FILE: &str = "tokenizer.json";
const MOST_BYTES: u64 = 256 << 20;

/// Opens a tokenizer alone: from a `tokenizer.json`, or out of a model whose architecture need not be known.
///
/// # Errors
/// The file cannot be read, or it holds no tokenizer that can.
pub fn open_tokenizer(spec: &Spec) -> Result<Result<Tokenizer, NoTokenizer>, OpenError> {
    let name = spec.name();
    let spec = &*local(spec, &mut |_| ControlFlow::Continue(()))?;
    let refused = |error| NoTokenizer::Refused { name: name.clone(), error };
    if let Spec::Path(path) = spec
        && path.is_file()
        && let Some(json) = json(path)?
    {
        return Ok(Tokenizer::from_json(&json).map_err(refused));
    }
    if let Spec::Path(folder) = spec
        && folder.join(FILE).is_file()
    {
        let json = load::read(&folder.join(FILE), MOST_BYTES)?;
        return Ok(Tokenizer::from_json(&json).map_err(refused));
    }
    let found = of_checkpoint(&checkpoint(spec)?)?;
    Ok(match found {
        Some(tokenizer) => tokenizer.map_err(refused),
        None => Err(NoTokenizer::Absent { name }),
    })
}

/// The file's bytes if it is JSON on its own, and not a part of a Hugging Face folder.
fn json(path: &Path) -> Result<Option<crate::lm::checkpoint::Bytes>, LoadError> {
    let bytes = load::read(path, u64::MAX)?;
    let is_json = bytes.trim_ascii_start().starts_with(b"{");
    let of_folder =
        path.file_name().is_some_and(|name| name == "config.json" || name == "model.safetensors.index.json");
    Ok((is_json && !of_folder && bytes.len() as u64 <= MOST_BYTES).then_some(bytes))
}

/// The tokenizer of an opened checkpoint; `None` where it holds none.
pub(super) fn of_checkpoint(checkpoint: &Checkpoint) -> Result<Option<Result<Tokenizer, TokenizerError>>, LoadError> {
    match &checkpoint.header {
        Header::Gguf(metadata) => match vocabulary(metadata) {
            Some(vocabulary) => Ok(Some(vocabulary.and_then(Tokenizer::from_vocabulary))),
            None => beside(checkpoint),
        },
        Header::HuggingFace(_) => {
            let Some(folder) = checkpoint.files.first().and_then(|file| file.parent()) else { return Ok(None) };
            let path = folder.join(FILE);
            if !path.exists() {
                return Ok(None);
            }
            Ok(Some(Tokenizer::from_json(&load::read(&path, MOST_BYTES)?)))
        }
    }
}

/// The tokenizer in a file of its own beside weights that hold none, such as llama2.c's.
fn beside(checkpoint: &Checkpoint) -> Result<Option<Result<Tokenizer, TokenizerError>>, LoadError> {
    let Some(folder) = checkpoint.files.first().and_then(|file| file.parent()) else { return Ok(None) };
    for (name, read) in BESIDE {
        let path = folder.join(name);
        if path.exists() {
            return Ok(Some(read(&load::read(&path, MOST_BYTES)?)));
        }
    }
    Ok(None)
}

/// Files that may hold the tokenizer, in the order they are looked for.
const BESIDE: [(&str, Read); 3] = [
    (FILE, Tokenizer::from_json),
    ("tokenizer.model", |_| Err(unread("tokenizer.model"))),
    ("tokenizer.bin", |_| Err(unread("tokenizer.bin"))),
];

type Read = fn(&[u8]) -> Result<Tokenizer, TokenizerError>;

fn unread(name: &str) -> TokenizerError {
    TokenizerError::Unsupported { part: "tokenizer", kind: name.to_owned() }
}

fn vocabulary(metadata: &Metadata) -> Option<Result<Vocabulary, TokenizerError>> {
    const MODEL: &str = "tokenizer.ggml.model";
    const TOKENS: &str = "tokenizer.ggml.tokens";
    if !metadata.contains(MODEL) && !metadata.contains(TOKENS) {
        return None;
    }
    let id = |key| metadata.u64(key).and_then(|id| u32::try_from(id).ok());
    let kinds = metadata.i32s("tokenizer.ggml.token_type").unwrap_or_default();
    Some((|| {
        Ok(Vocabulary {
            model: metadata.str(MODEL).ok_or(missing("model"))?.to_owned(),
            pre: metadata.str("tokenizer.ggml.pre").unwrap_or_default().to_owned(),
            pieces: strings(metadata, TOKENS)?.ok_or(missing("tokens"))?,
            kinds: kinds.into_iter().map(|number| PieceKind::from_number(i64::from(number))).collect(),
            scores: metadata.f32s("tokenizer.ggml.scores").unwrap_or_default(),
            merges: strings(metadata, "tokenizer.ggml.merges")?.unwrap_or_default(),
            bos: id("tokenizer.ggml.bos_token_id").or(id("tokenizer.ggml.cls_token_id")),
            eos: id("tokenizer.ggml.eos_token_id").or(id("tokenizer.ggml.seperator_token_id")),
            unknown: id("tokenizer.ggml.unknown_token_id"),
            add_bos: metadata.bool("tokenizer.ggml.add_bos_token"),
            add_eos: metadata.bool("tokenizer.ggml.add_eos_token"),
            add_space_prefix: metadata.bool("tokenizer.ggml.add_space_prefix"),
            charsmap: bytes(metadata, "tokenizer.ggml.precompiled_charsmap")?,
            remove_extra_whitespaces: metadata.bool("tokenizer.ggml.remove_extra_whitespaces"),
        })
    })())
}

fn strings(metadata: &Metadata, key: &'static str) -> Result<Option<Vec<String>>, TokenizerError> {
    let Some(strings) = metadata.strings(key) else { return Ok(None) };
    let texts = strings.map(|bytes| std::str::from_utf8(bytes).map(str::to_owned));
    texts.collect::<Result<_, _>>().map(Some).map_err(|_| TokenizerError::Field { part: key, field: "UTF-8" })
}

fn bytes(metadata: &Metadata, key: &'static str) -> Result<Vec<u8>, TokenizerError> {
    let numbers = metadata.u64s(key).unwrap_or_default();
    let bytes = numbers.into_iter().map(|number| u8::try_from(number));
    bytes.collect::<Result<_, _>>().map_err(|_| TokenizerError::Field { part: key, field: "bytes" })
}

fn missing(field: &'static str) -> TokenizerError {
    TokenizerError::Field { part: "tokenizer.ggml", field }
}
