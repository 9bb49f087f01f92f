//! A tokenizer from Hugging Face's `tokenizer.json`.

use std::hash::BuildHasherDefault;

use serde_json::Value;

use super::{
    Tokenizer,
    parts::{self, MOST_PIECES},
    pieces::Texts,
};
use crate::text::{
    added::{Added, Finder},
    error::TokenizerError,
    normalize,
    section::Section,
};

mod decoder;
pub(super) mod file;
mod model;
mod normalizer;
mod pre_tokenizer;
mod template;

use file::{AddedToken, File};

/// Builds the tokenizer.
pub(super) fn build(bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| json_error("tokenizer.json", &error))?;
    assemble(file)
}

/// What the reader of the file called `part` says, with its place.
pub(super) fn json_error(part: &'static str, error: &serde_json::Error) -> TokenizerError {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or_default().to_owned();
    TokenizerError::Json { part, message, line: error.line(), column: error.column() }
}

/// Puts the parts together.
pub(super) fn assemble(file: File) -> Result<Tokenizer, TokenizerError> {
    model::check(&file.model)?;
    let (ids, spellings) = vocabulary(&file.model.vocab.entries, &file.added_tokens)?;
    let normalizer = normalizer::steps(file.normalizer.as_ref())?;
    let (steps, byte_level) = pre_tokenizer::steps(file.pre_tokenizer.as_ref())?;
    let decoder = decoder::Decoder::new(file.decoder.as_ref())?;

    let mut texts = Texts::default();
    let mut special = vec![false; spellings.len()];
    for token in &file.added_tokens {
        if let Some(&id) = ids.get(token.content.as_str()) {
            special[id as usize] |= token.special;
        }
    }
    let mut heads = decoder.differs_at_the_start().then(Texts::default);
    for (spelling, &special) in spellings.iter().zip(&special) {
        let spelling = spelling.as_deref().unwrap_or_default();
        let is_mark = special && !decoder.puts_spaces();
        texts.push(&if is_mark { spelling.as_bytes().to_vec() } else { decoder.text(spelling) });
        if let Some(heads) = &mut heads {
            heads.push(&decoder.first(spelling));
        }
    }
    let encoder = model::encoder(&file.model, &ids, &spellings, byte_level)?;

    let template = template::marks(file.post_processor.as_ref(), spellings.len())?;
    let (bos, eos) = template::ends(&template, &ids, &special);
    let (added, added_normalized) = finders(file.added_tokens, &ids, &normalizer);
    Ok(Tokenizer {
        texts,
        heads,
        ids,
        special,
        added,
        added_normalized,
        normalizer,
        steps,
        encoder,
        strip: decoder.strip,
        strip_end: decoder.strip_end,
        before: template.before,
        after: template.after,
        bos,
        eos,
        assumed: None,
    })
}

fn unknown_token(part: &'static str, name: &str) -> TokenizerError {
    TokenizerError::UnknownToken { part, token: name.to_owned() }
}

/// The spelling of each id; none for an id that is skipped.
type Spellings = Vec<Option<Box<str>>>;

/// Ids by spelling and spellings by id, the added tokens among them.
fn vocabulary(entries: &[(String, u64)], added: &[AddedToken]) -> Result<(parts::Ids, Spellings), TokenizerError> {
    let count = entries.len() + added.len();
    if entries.is_empty() {
        return Err(TokenizerError::Empty);
    }
    parts::at_most("pieces", count, MOST_PIECES)?;
    let mut ids = parts::Ids::with_capacity_and_hasher(count, BuildHasherDefault::default());
    let mut spellings: Spellings = Vec::with_capacity(count);
    let mut place = |spelling: &str, id: u64, ids: &mut parts::Ids| {
        parts::check_piece(spelling)?;
        let small = u32::try_from(id).ok().filter(|_| id < 2 * count as u64 + 1024);
        let small = small.ok_or(TokenizerError::Sparse { id, count })?;
        let at = small as usize;
        if spellings.len() <= at {
            spellings.resize(at + 1, None);
        }
        if spellings[at].is_some() {
            return Err(TokenizerError::DuplicateId { id: small });
        }
        spellings[at] = Some(spelling.into());
        if ids.insert(spelling.into(), small).is_some() {
            return Err(TokenizerError::DuplicatePiece { piece: spelling.to_owned() });
        }
        Ok(())
    };
    for (spelling, id) in entries {
        place(spelling, *id, &mut ids)?;
    }
    for token in added {
        // A token that the model's own vocabulary has keeps the id it has there.
        if token.id >= 2 * count as u64 + 1024 {
            return Err(TokenizerError::Sparse { id: token.id, count });
        }
        if !token.content.is_empty() && !ids.contains_key(token.content.as_str()) {
            place(&token.content, token.id, &mut ids)?;
        }
    }
    Ok((ids, spellings))
}

/// The added tokens that are looked for in the text as it is, and those looked for in the normalised text.
fn finders(tokens: Vec<AddedToken>, ids: &parts::Ids, normalizer: &[normalize::Step]) -> (Finder, Finder) {
    let (mut plain, mut normalized) = (Vec::new(), Vec::new());
    for token in tokens {
        let Some(&id) = ids.get(token.content.as_str()) else { continue };
        let mut content = token.content;
        let after = token.normalized && !normalizer.is_empty();
        if after {
            let mut section = Section::new(&content, 0);
            for step in normalizer {
                step.apply(&mut section);
            }
            content = section.text.into_owned();
        }
        let list = if after { &mut normalized } else { &mut plain };
        let AddedToken { single_word, lstrip: left, rstrip: right, .. } = token;
        list.push(Added { id, content, single_word, left, right });
    }
    (Finder::new(plain), Finder::new(normalized))
}

/// The `type` of a part of the file.
fn kind(value: &Value) -> &str {
    value.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// The parts of a `Sequence`, however deep, or the one part that is not one; nothing for null.
fn flatten<'v>(value: Option<&'v Value>, list: &'static str, out: &mut Vec<&'v Value>) {
    match value {
        None | Some(Value::Null) => {}
        Some(value) if kind(value) == "Sequence" => {
            value
                .get(list)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .for_each(|one| flatten(Some(one), list, out));
        }
        Some(value) => out.push(value),
    }
}

fn text<'v>(value: &'v Value, part: &'static str, field: &'static str) -> Result<&'v str, TokenizerError> {
    value.get(field).and_then(Value::as_str).ok_or(TokenizerError::Field { part, field })
}

fn flag(value: &Value, field: &str, default: bool) -> bool {
    value.get(field).and_then(Value::as_bool).unwrap_or(default)
}

fn unsupported(part: &'static str, value: &Value) -> TokenizerError {
    let kind = kind(value);
    let kind = if kind.is_empty() { value.to_string().chars().take(60).collect() } else { kind.to_owned() };
    TokenizerError::Unsupported { part, kind }
}

/// The `pattern` of a `Split` or `Replace`.
fn pattern(value: &Value, part: &'static str) -> Result<crate::text::pattern::Pattern, TokenizerError> {
    use crate::text::pattern::Pattern;
    let field = "pattern";
    let pattern = value.get(field).ok_or(TokenizerError::Field { part, field })?;
    if let Some(regex) = pattern.get("Regex").and_then(Value::as_str) {
        return Pattern::regex(regex);
    }
    let literal = pattern.as_str().or_else(|| pattern.get("String").and_then(Value::as_str));
    match literal {
        Some(literal) if !literal.is_empty() => Ok(Pattern::Literal(literal.into())),
        _ => Err(TokenizerError::Field { part, field }),
    }
}
