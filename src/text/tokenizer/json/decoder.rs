//! The `decoder` of a `tokenizer.json`, as what it makes of each piece by itself.

use serde_json::Value;

use super::{flatten, kind, parts::byte_piece, pattern, text, unsupported};
use crate::text::{byte_level, error::TokenizerError, pattern::Pattern};

const PART: &str = "decoder";

enum Step {
    ByteLevel,
    ByteFallback,
    Replace(Pattern, String),
    /// This character, dropped from the start and from the end of each piece so many times.
    Strip(char, usize, usize),
}

/// What the decoder makes of a piece, and what a whole text loses at its start.
pub(super) struct Decoder {
    steps: Vec<Step>,
    pub(super) strip: Option<(u8, usize)>,
}

/// A longer replacement than any decoder has, in bytes.
const LONGEST_CONTENT: usize = 64;

impl Decoder {
    /// Reads the decoder.
    pub(super) fn new(value: Option<&Value>) -> Result<Self, TokenizerError> {
        let mut list = Vec::new();
        flatten(value, "decoders", &mut list);
        let mut decoder = Self { steps: Vec::new(), strip: None };
        let mut fused = false;
        for value in list {
            match kind(value) {
                "ByteLevel" => decoder.steps.push(Step::ByteLevel),
                "ByteFallback" => decoder.steps.push(Step::ByteFallback),
                "Fuse" => fused = true,
                "Replace" => {
                    let content = text(value, PART, "content")?;
                    if content.len() > LONGEST_CONTENT || decoder.steps.len() > 8 {
                        let length = content.len();
                        return Err(TokenizerError::TooLong { part: PART, length, limit: LONGEST_CONTENT });
                    }
                    decoder.steps.push(Step::Replace(pattern(value, PART)?, content.to_owned()));
                }
                "Strip" => {
                    let content = text(value, PART, "content")?.chars().next();
                    let content = content.ok_or(TokenizerError::Field { part: PART, field: "content" })?;
                    let count = |field| value.get(field).and_then(Value::as_u64).unwrap_or(0);
                    let (start, stop) = (count("start") as usize, count("stop") as usize);
                    match u8::try_from(content) {
                        Ok(byte) if fused && stop == 0 && byte.is_ascii() => decoder.strip = Some((byte, start)),
                        _ if fused => return Err(unsupported(PART, value)),
                        _ => decoder.steps.push(Step::Strip(content, start, stop)),
                    }
                }
                "Metaspace" => {
                    let sign = value.get("replacement").and_then(Value::as_str).unwrap_or("▁");
                    decoder.steps.push(Step::Replace(Pattern::Literal(sign.into()), " ".to_owned()));
                    if value.get("prepend_scheme").and_then(Value::as_str) != Some("never") {
                        decoder.strip = Some((b' ', 1));
                    }
                }
                _ => return Err(unsupported(PART, value)),
            }
        }
        Ok(decoder)
    }

    /// The bytes that the piece spelled `spelling` stands for.
    pub(super) fn text(&self, spelling: &str) -> Vec<u8> {
        let mut text = spelling.to_owned();
        for step in &self.steps {
            match step {
                Step::ByteLevel => {
                    if let Some(bytes) = byte_level::bytes(&text) {
                        return bytes;
                    }
                }
                Step::ByteFallback => {
                    if let Some(byte) = byte_piece(&text) {
                        return vec![byte];
                    }
                }
                Step::Replace(pattern, content) => {
                    let mut new = String::with_capacity(text.len());
                    let mut at = 0;
                    pattern.each(&text, |range| {
                        new.push_str(text.get(at..range.start).unwrap_or_default());
                        new.push_str(content);
                        at = range.end;
                    });
                    new.push_str(text.get(at..).unwrap_or_default());
                    text = new;
                }
                Step::Strip(character, start, stop) => {
                    let mut rest = text.as_str();
                    for _ in 0..(*start).min(text.len()) {
                        rest = rest.strip_prefix(*character).unwrap_or(rest);
                    }
                    for _ in 0..(*stop).min(text.len()) {
                        rest = rest.strip_suffix(*character).unwrap_or(rest);
                    }
                    text = String::from(rest);
                }
            }
        }
        text.into_bytes()
    }
}
