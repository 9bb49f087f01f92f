//! The `pre_tokenizer` of a `tokenizer.json`.

use serde_json::Value;

use super::{flag, flatten, kind, parts::SPACE_SIGN, pattern, text, unsupported};
use crate::text::{
    error::TokenizerError,
    pattern::Pattern,
    pretokenize::{Behavior, Prepend, Step, is_punctuation, scan::Scanner},
};

const PART: &str = "pre_tokenizer";

/// Its steps, in order, and whether it turns words into the byte-level alphabet at its end.
pub(super) fn steps(value: Option<&Value>) -> Result<(Vec<Step>, bool), TokenizerError> {
    let mut list = Vec::new();
    flatten(value, "pretokenizers", &mut list);
    let mut steps = Vec::new();
    let mut byte_level = false;
    for value in list {
        if byte_level {
            // What follows would see the byte-level alphabet instead of the text.
            return Err(TokenizerError::Unsupported { part: PART, kind: format!("{} after ByteLevel", kind(value)) });
        }
        match kind(value) {
            "ByteLevel" => {
                byte_level = true;
                if flag(value, "add_prefix_space", true) {
                    steps.push(Step::SpaceBefore);
                }
                if flag(value, "use_regex", true) {
                    steps.push(Step::isolate(Pattern::Known(Scanner::Gpt2)));
                }
            }
            "Split" => steps.push(Step::Split {
                pattern: pattern(value, PART)?,
                behavior: behavior(value)?,
                invert: flag(value, "invert", false),
            }),
            "Digits" if flag(value, "individual_digits", false) => {
                steps.push(Step::isolate(Pattern::Known(Scanner::Digits { digits: 1 })));
            }
            "Digits" => steps.push(Step::isolate(Pattern::Known(Scanner::Digits { digits: usize::MAX }))),
            "Metaspace" => steps.push(metaspace(value)?),
            "Whitespace" => steps.push(removed_gaps(r"\w+|[^\w\s]+")?),
            "WhitespaceSplit" => steps.push(Step::remove_spaces()),
            "BertPreTokenizer" => {
                steps.extend([Step::remove_spaces(), Step::isolate(Pattern::Character(is_punctuation))]);
            }
            "Punctuation" => steps.push(Step::Split {
                pattern: Pattern::Character(is_punctuation),
                behavior: if value.get("behavior").is_some() { behavior(value)? } else { Behavior::Isolated },
                invert: false,
            }),
            "CharDelimiterSplit" => steps.push(Step::Split {
                pattern: Pattern::Literal(text(value, PART, "delimiter")?.into()),
                behavior: Behavior::Removed,
                invert: false,
            }),
            _ => return Err(unsupported(PART, value)),
        }
    }
    Ok((steps, byte_level))
}

/// A step that keeps what the pattern finds and drops the rest.
fn removed_gaps(pattern: &str) -> Result<Step, TokenizerError> {
    Ok(Step::Split { pattern: Pattern::regex(pattern)?, behavior: Behavior::Removed, invert: true })
}

fn behavior(value: &Value) -> Result<Behavior, TokenizerError> {
    Ok(match text(value, PART, "behavior")? {
        "Removed" => Behavior::Removed,
        "Isolated" => Behavior::Isolated,
        "Contiguous" => Behavior::Contiguous,
        "MergedWithPrevious" => Behavior::MergedWithPrevious,
        "MergedWithNext" => Behavior::MergedWithNext,
        other => return Err(TokenizerError::Unsupported { part: PART, kind: other.to_owned() }),
    })
}

fn metaspace(value: &Value) -> Result<Step, TokenizerError> {
    let replacement = value.get("replacement").and_then(Value::as_str).and_then(|sign| sign.chars().next());
    let prepend = match value.get("prepend_scheme").and_then(Value::as_str) {
        Some("always") => Prepend::Always,
        Some("first") => Prepend::First,
        Some("never") => Prepend::Never,
        Some(other) => return Err(TokenizerError::Unsupported { part: PART, kind: other.to_owned() }),
        None if flag(value, "add_prefix_space", true) => Prepend::Always,
        None => Prepend::Never,
    };
    Ok(Step::Metaspace { replacement: replacement.unwrap_or(SPACE_SIGN), prepend, split: flag(value, "split", true) })
}
