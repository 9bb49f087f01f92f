//! `tokenizer_config.json`: what a model folder says of a tokenizer beside its vocabulary.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::json::{file::AddedToken, json_error};
use crate::text::{
    error::TokenizerError,
    vocabulary::{PieceKind, Vocabulary},
};

/// What is read of it; absent means what is usual for the kind of vocabulary.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub(super) do_lower_case: Option<bool>,
    pub(super) tokenize_chinese_chars: Option<bool>,
    pub(super) strip_accents: Option<bool>,
    pub(super) add_prefix_space: Option<bool>,
    pub(super) add_bos_token: Option<bool>,
    pub(super) add_eos_token: Option<bool>,
    tokenizer_class: Option<String>,
    extra_ids: Option<u32>,
    added_tokens_decoder: BTreeMap<String, AddedToken>,
}

/// The marks that `ChatGLM` 2 and 3 have past their pieces (`tokenization_chatglm.py`).
const CHATGLM_MARKS: [&str; 9] =
    ["[MASK]", "[gMASK]", "[sMASK]", "sop", "eop", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"];
/// More marks than T5 has.
const MOST_EXTRA: u32 = 1024;

impl Settings {
    /// Reads the bytes of a `tokenizer_config.json`.
    ///
    /// # Errors
    /// [`TokenizerError::Json`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, TokenizerError> {
        serde_json::from_slice(bytes).map_err(|error| json_error("tokenizer_config.json", &error))
    }

    /// The tokens that are added to the vocabulary, with their ids.
    pub(super) fn added(&self) -> Result<Vec<AddedToken>, TokenizerError> {
        let with_id = |(id, token): (&String, &AddedToken)| {
            let unknown = || TokenizerError::UnknownToken { part: "added_tokens_decoder", token: id.clone() };
            Ok(AddedToken { id: id.parse().map_err(|_| unknown())?, ..token.clone() })
        };
        let mut added = self.added_tokens_decoder.iter().map(with_id).collect::<Result<Vec<_>, _>>()?;
        added.sort_by_key(|token| token.id);
        Ok(added)
    }

    /// Adds to `vocabulary` the tokens that it lacks, among them the marks that T5 and `ChatGLM` have past their
    /// pieces.
    pub(super) fn add_to(&self, vocabulary: &mut Vocabulary) -> Result<(), TokenizerError> {
        let count = vocabulary.pieces.len();
        let mut added = self.added()?;
        if added.is_empty() && self.tokenizer_class.as_deref().is_some_and(|class| class.starts_with("T5")) {
            let extra = self.extra_ids.unwrap_or(100).min(MOST_EXTRA);
            let mark = |n| AddedToken {
                id: count as u64 + u64::from(n),
                content: format!("<extra_id_{}>", extra - 1 - n),
                ..AddedToken::default()
            };
            added.extend((0..extra).map(mark));
        }
        if added.is_empty() && self.tokenizer_class.as_deref() == Some("ChatGLMTokenizer") {
            let mark =
                |(id, name): (u64, &&str)| AddedToken { id, content: (*name).to_owned(), ..AddedToken::default() };
            added.extend((count as u64..).zip(&CHATGLM_MARKS).map(mark));
        }
        for token in added {
            let id = usize::try_from(token.id).ok().filter(|&id| id < 2 * count + 1024);
            let id = id.ok_or(TokenizerError::Sparse { id: token.id, count })?;
            if id >= vocabulary.pieces.len() {
                vocabulary.pieces.resize(id + 1, String::new());
                vocabulary.scores.resize(id + 1, 0.0);
                vocabulary.kinds.resize(id + 1, PieceKind::Unused);
            }
            if id >= count
                && let (Some(piece), Some(kind)) = (vocabulary.pieces.get_mut(id), vocabulary.kinds.get_mut(id))
            {
                *piece = token.content;
                *kind = PieceKind::Control;
            }
        }
        Ok(())
    }
}
