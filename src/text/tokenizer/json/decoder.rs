//! The `decoder` of a `tokenizer.json`, as what it makes of each piece by itself.

use serde_json::Value;

use super::{
    flag, flatten, kind,
    parts::{SPACE_SIGN, byte_piece},
    pattern, text, unsupported,
};
use crate::text::{byte_level, error::TokenizerError, pattern::Pattern};

const PART: &str = "decoder";

enum Step {
    ByteLevel,
    ByteFallback,
    Replace(Pattern, String),
    /// This character, dropped from the start and from the end of each piece so many times.
    Strip(char, usize, usize),
    /// A space for this sign; nothing for it in the first piece of a text, if so.
    Metaspace(char, bool),
    /// This prefix dropped, a space before a piece without it unless the piece is the first of a text; spaces before
    /// punctuation dropped, if so.
    WordPiece(String, bool),
    /// A space for this suffix.
    WordEnd(String),
}

/// What the decoder makes of a piece, and what a whole text loses at its start.
pub(super) struct Decoder {
    steps: Vec<Step>,
    pub(super) strip: Option<(u8, usize)>,
    /// Whether a text loses the space at its end.
    pub(super) strip_end: bool,
}

/// A longer replacement than any decoder has, in bytes.
const LONGEST_CONTENT: usize = 64;

impl Decoder {
    /// Reads the decoder.
    pub(super) fn new(value: Option<&Value>) -> Result<Self, TokenizerError> {
        let mut list = Vec::new();
        flatten(value, "decoders", &mut list);
        let mut decoder = Self { steps: Vec::new(), strip: None, strip_end: false };
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
                    let sign = value.get("replacement").and_then(Value::as_str).and_then(|sign| sign.chars().next());
                    let prepends = match value.get("prepend_scheme").and_then(Value::as_str) {
                        Some(scheme) => scheme != "never",
                        None => flag(value, "add_prefix_space", true),
                    };
                    decoder.steps.push(Step::Metaspace(sign.unwrap_or(SPACE_SIGN), prepends));
                }
                "WordPiece" => {
                    let prefix = value.get("prefix").and_then(Value::as_str).unwrap_or("##");
                    decoder.steps.push(Step::WordPiece(prefix.to_owned(), flag(value, "cleanup", true)));
                }
                "BPEDecoder" => {
                    let suffix = value.get("suffix").and_then(Value::as_str).unwrap_or("</w>");
                    decoder.steps.push(Step::WordEnd(suffix.to_owned()));
                    decoder.strip_end = true;
                }
                _ => return Err(unsupported(PART, value)),
            }
        }
        Ok(decoder)
    }

    /// Whether a piece may stand for something else where a text begins.
    pub(super) fn differs_at_the_start(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Metaspace(_, true) | Step::WordPiece(..)))
    }

    /// Whether spaces are put between words, also between marks.
    pub(super) fn puts_spaces(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::WordPiece(..)))
    }

    /// The bytes that the piece spelled `spelling` stands for.
    pub(super) fn text(&self, spelling: &str) -> Vec<u8> {
        self.apply(spelling, false)
    }

    /// The same where the piece is the first of a text.
    pub(super) fn first(&self, spelling: &str) -> Vec<u8> {
        self.apply(spelling, true)
    }

    fn apply(&self, spelling: &str, is_first: bool) -> Vec<u8> {
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
                Step::Metaspace(sign, prepends) => {
                    text = text.replace(*sign, if is_first && *prepends { "" } else { " " });
                }
                Step::WordPiece(prefix, cleanup) => {
                    text = match text.strip_prefix(prefix.as_str()) {
                        _ if is_first => text,
                        Some(rest) => rest.to_owned(),
                        None => format!(" {text}"),
                    };
                    if *cleanup {
                        text = cleaned(&text);
                    }
                }
                Step::WordEnd(suffix) => text = text.replace(suffix.as_str(), " "),
            }
        }
        text.into_bytes()
    }
}

/// What the library's `cleanup` does: no space before English punctuation and contractions.
fn cleaned(text: &str) -> String {
    const SHORTER: [(&str, &str); 11] = [
        (" .", "."),
        (" ?", "?"),
        (" !", "!"),
        (" ,", ","),
        (" ' ", "'"),
        (" n't", "n't"),
        (" 'm", "'m"),
        (" do not", " don't"),
        (" 's", "'s"),
        (" 've", "'ve"),
        (" 're", "'re"),
    ];
    SHORTER.iter().fold(text.to_owned(), |text, (long, short)| text.replace(long, short))
}
