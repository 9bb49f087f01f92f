//! The vocabulary of a GGUF file: `tokenizer.ggml.*`.

use crate::lm::load::gguf::Metadata;
use crate::text::{PieceKind, TokenizerError, Vocabulary};

/// The vocabulary that the file has; `None` where it has none.
pub(super) fn vocabulary(metadata: &Metadata) -> Option<Result<Vocabulary, TokenizerError>> {
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
    let bytes = numbers.into_iter().map(u8::try_from);
    bytes.collect::<Result<_, _>>().map_err(|_| TokenizerError::Field { part: key, field: "bytes" })
}

fn missing(field: &'static str) -> TokenizerError {
    TokenizerError::Field { part: "tokenizer.ggml", field }
}
