//! The `normalizer` of a `tokenizer.json`.

use serde_json::Value;

use super::{flag, flatten, kind, pattern, text, unsupported};
use crate::text::{
    base64,
    classes::library::{ACCENT, MARK},
    error::TokenizerError,
    normalize::{
        Form, Step,
        charsmap::{Charsmap, Rule},
        check_growth,
    },
};

const PART: &str = "normalizer";

/// Its steps, in order.
pub(super) fn steps(value: Option<&Value>) -> Result<Vec<Step>, TokenizerError> {
    let mut list = Vec::new();
    flatten(value, "normalizers", &mut list);
    let mut steps = Vec::new();
    for value in list {
        if kind(value) == "BertNormalizer" { steps.extend(bert(value)) } else { steps.push(step(value)?) }
    }
    check_growth(&steps)?;
    Ok(steps)
}

/// Cleaning, spaces around ideographs, accents dropped, small letters: each where it is asked for.
fn bert(value: &Value) -> Vec<Step> {
    let lowercase = flag(value, "lowercase", true);
    let mut steps = Vec::new();
    if flag(value, "clean_text", true) {
        steps.push(Step::Clean);
    }
    if flag(value, "handle_chinese_chars", true) {
        steps.push(Step::SpaceIdeographs);
    }
    if flag(value, "strip_accents", lowercase) {
        steps.extend([Step::Form(Form::Nfd), Step::Drop(ACCENT)]);
    }
    if lowercase {
        steps.push(Step::Lowercase);
    }
    steps
}

fn step(value: &Value) -> Result<Step, TokenizerError> {
    Ok(match kind(value) {
        "NFC" => Step::Form(Form::Nfc),
        "NFD" => Step::Form(Form::Nfd),
        "NFKC" => Step::Form(Form::Nfkc),
        "NFKD" => Step::Form(Form::Nfkd),
        "Lowercase" => Step::Lowercase,
        "StripAccents" => Step::Drop(MARK),
        "Nmt" => Step::Nmt,
        "Precompiled" => {
            const MAP: &str = "precompiled_charsmap";
            let base64 = base64::decode(text(value, PART, MAP)?.as_bytes());
            let bytes = base64.ok_or(TokenizerError::Field { part: PART, field: MAP })?;
            Step::Charsmap(Box::new(Charsmap::new(&bytes, Rule::Grapheme)?))
        }
        "Strip" => Step::Strip { left: flag(value, "strip_left", true), right: flag(value, "strip_right", true) },
        "Prepend" => Step::Prepend(text(value, PART, "prepend")?.to_owned()),
        "Replace" => {
            Step::Replace { pattern: pattern(value, PART)?, content: text(value, PART, "content")?.to_owned() }
        }
        _ => return Err(unsupported(PART, value)),
    })
}
