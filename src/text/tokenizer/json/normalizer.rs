//! The `normalizer` of a `tokenizer.json`.

use serde_json::Value;

use super::{flag, flatten, kind, pattern, text, unsupported};
use crate::text::{
    error::TokenizerError,
    normalize::{Form, Step, check_growth},
};

const PART: &str = "normalizer";

/// Its steps, in order.
pub(super) fn steps(value: Option<&Value>) -> Result<Vec<Step>, TokenizerError> {
    let mut list = Vec::new();
    flatten(value, "normalizers", &mut list);
    let steps = list.into_iter().map(step).collect::<Result<Vec<_>, _>>()?;
    check_growth(&steps)?;
    Ok(steps)
}

fn step(value: &Value) -> Result<Step, TokenizerError> {
    Ok(match kind(value) {
        "NFC" => Step::Form(Form::Nfc),
        "NFD" => Step::Form(Form::Nfd),
        "NFKC" => Step::Form(Form::Nfkc),
        "NFKD" => Step::Form(Form::Nfkd),
        "Lowercase" => Step::Lowercase,
        "StripAccents" => Step::StripAccents,
        "Strip" => Step::Strip { left: flag(value, "strip_left", true), right: flag(value, "strip_right", true) },
        "Prepend" => Step::Prepend(text(value, PART, "prepend")?.to_owned()),
        "Replace" => {
            Step::Replace { pattern: pattern(value, PART)?, content: text(value, PART, "content")?.to_owned() }
        }
        _ => return Err(unsupported(PART, value)),
    })
}
