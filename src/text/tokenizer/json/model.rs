//! The `model` of a `tokenizer.json`: byte-pair encoding, `WordPiece`, Unigram or whole words.

use std::sync::OnceLock;

use serde_json::Value;

use super::{
    Spellings,
    file::{self, Model},
    parts::{self, SPACE_SIGN},
    unknown_token,
};
use crate::text::{
    bpe::{FoldMap, NONE},
    byte_level,
    encoder::Encoder,
    error::TokenizerError,
    trie::Trie,
    unigram::{Score, Unigram},
    units::{Affixes, BytePairs, Units},
    word_piece::{Mark, WordPiece},
};

/// Refuses a model of a kind that is not known, or whose vocabulary is not in the form of its kind.
pub(super) fn check(model: &Model) -> Result<(), TokenizerError> {
    let kind = kind(model);
    let fits = match kind {
        "BPE" | "WordPiece" | "WordLevel" => model.vocab.scores.is_none(),
        "Unigram" => model.vocab.scores.is_some(),
        _ => false,
    };
    if fits { Ok(()) } else { Err(TokenizerError::Unsupported { part: "model", kind: kind.to_owned() }) }
}

/// Builds a model that is in order for the vocabulary `ids`; with `byte_level`, words come in the byte-level alphabet.
pub(super) fn encoder(
    model: &Model,
    ids: &parts::Ids,
    spellings: &Spellings,
    byte_level: bool,
) -> Result<Encoder, TokenizerError> {
    let kind = kind(model);
    if byte_level && kind != "BPE" {
        return Err(TokenizerError::Unsupported { part: "model", kind: format!("{kind} after ByteLevel") });
    }
    match kind {
        "WordPiece" => word_piece(model, ids).map(Encoder::WordPiece),
        "WordLevel" => {
            let unknown = named(model.unk_token.as_deref().unwrap_or("<unk>"), ids)?;
            let words = model.vocab.entries.iter().map(|(word, _)| word.as_str());
            let words = words.filter_map(|word| Some((word.into(), *ids.get(word)?)));
            Ok(Encoder::WordLevel { ids: words.collect(), unknown: Some(unknown) })
        }
        "Unigram" => unigram(model, ids).map(Encoder::Unigram),
        _ => byte_pairs(model, ids, spellings, byte_level).map(Encoder::BytePairs),
    }
}

/// What the file says, or, where it says nothing, what its fields are of.
fn kind(model: &Model) -> &str {
    match &model.kind {
        Some(kind) => kind,
        None if model.vocab.scores.is_some() => "Unigram",
        None if !model.merges.is_empty() => "BPE",
        None if model.max_input_chars_per_word.is_some() => "WordPiece",
        None => "",
    }
}

fn named(name: &str, ids: &parts::Ids) -> Result<u32, TokenizerError> {
    ids.get(name).copied().ok_or_else(|| unknown_token("unk_token", name))
}

fn byte_pairs(
    model: &Model,
    ids: &parts::Ids,
    spellings: &Spellings,
    byte_level: bool,
) -> Result<BytePairs, TokenizerError> {
    if !model.dropout.is_null() && model.dropout.as_f64() != Some(0.0) {
        return Err(TokenizerError::Unsupported { part: "dropout", kind: model.dropout.to_string() });
    }
    let prefix = affix("continuing_subword_prefix", &model.continuing_subword_prefix)?;
    let suffix = affix("end_of_word_suffix", &model.end_of_word_suffix)?;
    let pairs = model.merges.iter().map(file::Merge::pair);
    let merges =
        parts::merges(ids, prefix, pairs, |index| model.merges.get(index).map(file::Merge::text).unwrap_or_default())?;
    let units = if byte_level {
        Units::Bytes(parts::byte_level_ids(ids))
    } else {
        let bytes = if model.byte_fallback { parts::byte_piece_ids(ids) } else { Box::new([NONE; 256]) };
        Units::Characters { ids: parts::characters(ids), bytes }
    };
    let unknown = model.unk_token.as_deref().map(|name| named(name, ids)).transpose()?;
    let whole_words = model.ignore_merges.then(|| {
        let words = (0..).zip(spellings).filter_map(|(id, spelling)| {
            let spelling = spelling.as_deref()?;
            let text = if byte_level { byte_level::bytes(spelling)? } else { spelling.as_bytes().to_vec() };
            Some((text.into_boxed_slice(), id))
        });
        words.collect::<FoldMap<_, _>>()
    });
    let affixes = (!prefix.is_empty() || !suffix.is_empty()).then(|| Affixes {
        prefix: prefix.to_owned(),
        suffix: suffix.to_owned(),
        ids: ids.clone(),
    });
    let cut_before = (!byte_level && affixes.is_none() && parts::cuts_before_space_sign(ids)).then_some(SPACE_SIGN);
    let count = spellings.len() as u32;
    Ok(BytePairs {
        merges,
        units,
        unknown,
        fuse_unknown: model.fuse_unk,
        whole_words,
        cut_before,
        kept: None,
        affixes,
        count,
        followers: OnceLock::new(),
    })
}

/// What pieces inside a word begin with, or pieces at its end end with; empty where the file has none.
fn affix<'m>(field: &'static str, value: &'m Value) -> Result<&'m str, TokenizerError> {
    match value {
        Value::Null => Ok(""),
        Value::String(text) => Ok(text),
        other => Err(TokenizerError::Unsupported { part: field, kind: other.to_string() }),
    }
}

/// What the library takes where the file is silent: the prefix `##`, words of up to a hundred characters.
fn word_piece(model: &Model, ids: &parts::Ids) -> Result<WordPiece, TokenizerError> {
    let prefix: &str = match &model.continuing_subword_prefix {
        Value::String(prefix) => prefix,
        Value::Null => "##",
        other => {
            return Err(TokenizerError::Unsupported { part: "continuing_subword_prefix", kind: other.to_string() });
        }
    };
    let unknown = named(model.unk_token.as_deref().unwrap_or("[UNK]"), ids)?;
    let mut pieces = WordPiece::new(Some(unknown), model.max_input_chars_per_word.unwrap_or(100));
    pieces.mark = Mark::Inside(prefix.to_owned());
    for (piece, _) in &model.vocab.entries {
        let Some(&id) = ids.get(piece.as_str()) else { continue };
        parts::check_sought(piece)?;
        pieces.begins(piece, id);
        if let Some(rest) = piece.strip_prefix(prefix) {
            pieces.continues(rest, id);
        }
    }
    Ok(pieces)
}

fn unigram(model: &Model, ids: &parts::Ids) -> Result<Unigram, TokenizerError> {
    let scores = model.vocab.scores.as_deref().unwrap_or_default();
    if let Some((id, _)) = (0..).zip(scores).find(|(_, score)| !score.is_finite()) {
        return Err(TokenizerError::Score { id });
    }
    let unknown = model.unk_id.map(|id| {
        let small = u32::try_from(id).ok().filter(|&id| (id as usize) < scores.len());
        small.ok_or_else(|| unknown_token("unk_id", &id.to_string()))
    });
    let mut pieces = Trie::default();
    for ((piece, _), id) in model.vocab.entries.iter().zip(0..) {
        parts::check_sought(piece)?;
        pieces.insert(piece.as_bytes(), id);
    }
    Ok(Unigram {
        pieces,
        scores: scores.iter().map(|&score| Score::Log(score)).collect(),
        unknown: unknown.transpose()?,
        least: scores.iter().copied().fold(f64::INFINITY, f64::min),
        bytes: model.byte_fallback.then(|| parts::byte_piece_ids(ids)),
        single: false,
        look_up_unknown: true,
    })
}
