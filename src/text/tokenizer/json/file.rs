//! The file's own shape.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

/// The parts of the file that are read; truncation and padding are for training and are left out.
#[derive(Default, Deserialize)]
pub(in crate::text::tokenizer) struct File {
    #[serde(default)]
    pub(in crate::text::tokenizer) added_tokens: Vec<AddedToken>,
    pub(in crate::text::tokenizer) normalizer: Option<Value>,
    pub(in crate::text::tokenizer) pre_tokenizer: Option<Value>,
    pub(in crate::text::tokenizer) post_processor: Option<Value>,
    pub(in crate::text::tokenizer) decoder: Option<Value>,
    pub(in crate::text::tokenizer) model: Model,
}

/// One of `added_tokens`.
#[derive(Clone, Debug, Default, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the file has them")]
pub(in crate::text::tokenizer) struct AddedToken {
    /// Absent in `tokenizer_config.json`, which has it as a key.
    #[serde(default)]
    pub(in crate::text::tokenizer) id: u64,
    pub(in crate::text::tokenizer) content: String,
    #[serde(default)]
    pub(in crate::text::tokenizer) single_word: bool,
    #[serde(default)]
    pub(in crate::text::tokenizer) lstrip: bool,
    #[serde(default)]
    pub(in crate::text::tokenizer) rstrip: bool,
    #[serde(default)]
    pub(in crate::text::tokenizer) normalized: bool,
    #[serde(default)]
    pub(in crate::text::tokenizer) special: bool,
}

/// The `model`.
#[derive(Default, Deserialize)]
pub(in crate::text::tokenizer) struct Model {
    #[serde(rename = "type")]
    pub(in crate::text::tokenizer) kind: Option<String>,
    pub(in crate::text::tokenizer) vocab: Vocab,
    #[serde(default)]
    pub(in crate::text::tokenizer) merges: Vec<Merge>,
    pub(in crate::text::tokenizer) unk_token: Option<String>,
    #[serde(default)]
    pub(in crate::text::tokenizer) fuse_unk: bool,
    #[serde(default)]
    pub(in crate::text::tokenizer) byte_fallback: bool,
    #[serde(default)]
    pub(in crate::text::tokenizer) ignore_merges: bool,
    #[serde(default)]
    pub(in crate::text::tokenizer) dropout: Value,
    pub(in crate::text::tokenizer) unk_id: Option<u64>,
    pub(in crate::text::tokenizer) max_input_chars_per_word: Option<usize>,
    #[serde(default)]
    pub(in crate::text::tokenizer) continuing_subword_prefix: Value,
    #[serde(default)]
    pub(in crate::text::tokenizer) end_of_word_suffix: Value,
}

/// The `vocab`: a map from spelling to id, or, as Unigram has it, a list of spellings with a score each.
#[derive(Default)]
pub(in crate::text::tokenizer) struct Vocab {
    pub(in crate::text::tokenizer) entries: Vec<(String, u64)>,
    pub(in crate::text::tokenizer) scores: Option<Vec<f64>>,
}

impl<'de> Deserialize<'de> for Vocab {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Vocab;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from pieces to ids or a list of pieces with scores")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocab, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Vocab { entries, scores: None })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vocab, A::Error> {
                let (mut entries, mut scores) = (Vec::new(), Vec::new());
                while let Some((piece, score)) = list.next_element()? {
                    entries.push((piece, entries.len() as u64));
                    scores.push(score);
                }
                Ok(Vocab { entries, scores: Some(scores) })
            }
        }
        deserializer.deserialize_any(Entries)
    }
}

/// One of `merges`: `"a b"` in older files, `["a", "b"]` in newer ones.
pub(in crate::text::tokenizer) enum Merge {
    Text(String),
    List(Vec<String>),
}

impl Merge {
    /// The two pieces, if it is two.
    pub(super) fn pair(&self) -> Option<(&str, &str)> {
        match self {
            Self::Text(text) => text.split_once(' ').filter(|(_, right)| !right.contains(' ')),
            Self::List(list) => match list.as_slice() {
                [left, right] => Some((left, right)),
                _ => None,
            },
        }
    }

    /// The merge as the file has it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(list) => list.join(" "),
        }
    }
}

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pair;
        impl<'de> Visitor<'de> for Pair {
            type Value = Merge;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a merge of two pieces")
            }

            fn visit_str<E>(self, text: &str) -> Result<Merge, E> {
                Ok(Merge::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Merge, A::Error> {
                let mut pieces = Vec::with_capacity(2);
                while let Some(piece) = list.next_element()? {
                    pieces.push(piece);
                }
                Ok(Merge::List(pieces))
            }
        }
        deserializer.deserialize_any(Pair)
    }
}
