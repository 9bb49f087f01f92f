//! The `post_processor` of a `tokenizer.json`: the marks around a text.

use serde_json::Value;

use super::{flatten, kind, parts::Ids, unknown_token, unsupported};
use crate::text::error::TokenizerError;

const PART: &str = "post_processor";

/// Ids put before and after a text.
#[derive(Default)]
pub(super) struct Marks {
    pub(super) before: Vec<u32>,
    pub(super) after: Vec<u32>,
}

/// More marks than any template has.
const MOST_MARKS: usize = 64;

/// Reads the marks; `count` is the number of ids.
pub(super) fn marks(value: Option<&Value>, count: usize) -> Result<Marks, TokenizerError> {
    let mut list = Vec::new();
    flatten(value, "processors", &mut list);
    let mut marks = Marks::default();
    for value in list {
        match kind(value) {
            "ByteLevel" => {}
            "TemplateProcessing" => template(value, &mut marks)?,
            "RobertaProcessing" | "BertProcessing" => {
                for (field, ids) in [("cls", &mut marks.before), ("sep", &mut marks.after)] {
                    let id = value.get(field).and_then(|pair| pair.get(1)).and_then(Value::as_u64);
                    ids.push(narrow(id).ok_or(TokenizerError::Field { part: PART, field })?);
                }
            }
            _ => return Err(unsupported(PART, value)),
        }
    }
    match marks.before.iter().chain(&marks.after).find(|&&id| id as usize >= count) {
        Some(id) => Err(unknown_token(PART, &id.to_string())),
        None => Ok(marks),
    }
}

fn narrow(id: Option<u64>) -> Option<u32> {
    id.and_then(|id| u32::try_from(id).ok())
}

fn template(value: &Value, marks: &mut Marks) -> Result<(), TokenizerError> {
    let single = value.get("single").and_then(Value::as_array);
    let single = single.ok_or(TokenizerError::Field { part: PART, field: "single" })?;
    let mut text_seen = false;
    for item in single.iter().take(MOST_MARKS) {
        if item.get("Sequence").is_some() {
            text_seen = true;
            continue;
        }
        let name = item.get("SpecialToken").and_then(|token| token.get("id")).and_then(Value::as_str);
        let name = name.ok_or(TokenizerError::Field { part: PART, field: "SpecialToken" })?;
        let ids = value.get("special_tokens").and_then(|tokens| tokens.get(name)).and_then(|token| token.get("ids"));
        let ids = ids.and_then(Value::as_array).ok_or_else(|| unknown_token(PART, name))?;
        for id in ids.iter().take(MOST_MARKS) {
            let id = narrow(id.as_u64()).ok_or_else(|| unknown_token(PART, name))?;
            if text_seen { marks.after.push(id) } else { marks.before.push(id) }
        }
    }
    Ok(())
}

/// The marks that begin and end a text: what the template says, else the usual names among the special tokens.
pub(super) fn ends(marks: &Marks, ids: &Ids, special: &[bool]) -> (Option<u32>, Option<u32>) {
    let named = |names: &[&str]| {
        let found = names.iter().filter_map(|&name| ids.get(name).copied());
        found.into_iter().find(|&id| special.get(id as usize) == Some(&true))
    };
    let bos = marks.before.first().copied().or_else(|| {
        named(&[
            "<s>",
            "<bos>",
            "<|begin_of_text|>",
            "<｜begin▁of▁sentence｜>",
            "<|startoftext|>",
            "<|endoftext|>",
            "[CLS]",
        ])
    });
    let eos = marks.after.first().copied().or_else(|| {
        named(&[
            "</s>",
            "<eos>",
            "<|end_of_text|>",
            "<｜end▁of▁sentence｜>",
            "<|im_end|>",
            "<|endoftext|>",
            "<|end|>",
            "[SEP]",
        ])
    });
    (bos, eos)
}
