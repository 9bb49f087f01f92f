//! What is learned, and how text is cut into words before.

use serde_json::{Value, json};

use super::{Choice, PairRules, TrainError, chars};
use crate::text::{pretokenize::scan, tokenizer::Tokenizer};

/// The kind of model that is learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// Byte-pair encoding.
    #[default]
    Bpe,
    /// Pieces taken by the longest match, learned as byte pairs are.
    WordPiece,
}

/// How text is cut into words, which no token crosses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cutting {
    /// By a pattern: GPT-2's and its successors'.
    Pattern(&'static str),
    /// Into runs of letters and runs of signs, white space dropped.
    Whitespace,
    /// At white space, which is dropped.
    WhitespaceSplit,
    /// At white space, which is dropped, and at each sign of punctuation.
    Bert,
    /// Before each space, which is written `▁`.
    Metaspace,
    /// Not at all: a line is a word.
    None,
}

/// The names of the ways to cut.
const NAMES: [(&str, Cutting); 10] = [
    ("gpt2", Cutting::Pattern(scan::GPT2)),
    ("gpt4", Cutting::Pattern(scan::GPT4_3)),
    ("gpt4o", Cutting::Pattern(scan::GPT4O)),
    ("llama3", Cutting::Pattern(scan::GPT4_3)),
    ("qwen2", Cutting::Pattern(scan::GPT4_1)),
    ("whitespace", Cutting::Whitespace),
    ("whitespace-split", Cutting::WhitespaceSplit),
    ("bert", Cutting::Bert),
    ("metaspace", Cutting::Metaspace),
    ("none", Cutting::None),
];

impl Cutting {
    /// The names of all ways to cut.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// The way of this name.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, cutting)| *cutting)
    }
}

/// What is learned from a corpus, and how.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The kind of model.
    pub algorithm: Algorithm,
    /// How text is cut.
    pub cutting: Cutting,
    /// Whether tokens are of bytes, each spelled with a character of its own.
    pub byte_level: bool,
    /// Whether a character that the vocabulary lacks becomes its bytes, which are in it as `<0x00>` to `<0xFF>`.
    pub byte_fallback: bool,
    /// Whether text is written small and without accents first, as BERT's is.
    pub uncased: bool,
    /// Special tokens, which are in the vocabulary first.
    pub special: Vec<String>,
    /// The token for what the vocabulary lacks.
    pub unknown: Option<String>,
    /// How merges are learned. What it says of reserved tokens, bytes and, for `WordPiece`, the prefix is set here.
    pub pairs: PairRules,
}

/// What a token of `WordPiece` begins with inside a word.
const CONTINUING: &str = "##";

impl Recipe {
    /// The usual way for an algorithm: bytes cut as GPT-4 cuts them, or words as BERT cuts them.
    pub fn new(algorithm: Algorithm, size: usize) -> Self {
        let byte_level = algorithm == Algorithm::Bpe;
        let prefix = if algorithm == Algorithm::WordPiece { CONTINUING } else { "" };
        Self {
            algorithm,
            cutting: if byte_level { Cutting::Pattern(scan::GPT4_3) } else { Cutting::Bert },
            byte_level,
            byte_fallback: false,
            uncased: false,
            special: Vec::new(),
            unknown: (!byte_level).then(|| "[UNK]".to_owned()),
            pairs: PairRules { size, prefix: prefix.to_owned(), choice: Choice::Count, ..PairRules::default() },
        }
    }

    /// Refuses what does not go together.
    ///
    /// # Errors
    /// The two that do not.
    pub fn check(&self) -> Result<(), TrainError> {
        let is_word_piece = self.algorithm == Algorithm::WordPiece;
        let wrong = [
            (is_word_piece && self.byte_level, TrainError::WordPieceOfBytes),
            (is_word_piece && self.byte_fallback, TrainError::WordPieceFallback),
            (self.byte_level && self.byte_fallback, TrainError::FallbackOfBytes),
            (self.byte_level && self.cutting == Cutting::Metaspace, TrainError::MetaspaceOfBytes),
        ];
        wrong.into_iter().find(|(is_wrong, _)| *is_wrong).map_or(Ok(()), |(_, error)| Err(error))
    }

    /// The rules by which merges are learned.
    pub fn rules(&self) -> PairRules {
        let unknown = self.unknown.iter().filter(|unknown| !self.special.contains(unknown));
        let bytes = (0..=255_u8).filter(|_| self.byte_fallback).map(|byte| format!("<0x{byte:02X}>"));
        let reserved = unknown.chain(&self.special).cloned().chain(bytes).collect();
        let mut initial = self.pairs.initial.clone();
        initial.extend(if self.byte_level { chars::bytes() } else { Vec::new() });
        PairRules { reserved, initial, byte_level: self.byte_level, ..self.pairs.clone() }
    }

    /// A tokenizer that cuts as the recipe says and has no piece to speak of.
    pub(super) fn cutter(&self) -> Result<Tokenizer, TrainError> {
        self.check()?;
        let model = json!({ "type": "BPE", "vocab": { "x": 0 }, "merges": [] });
        let file = self.shell(&model, &json!([]));
        Ok(Tokenizer::from_json(file.to_string().as_bytes())?)
    }

    /// The file around a model.
    pub(super) fn shell(&self, model: &Value, added: &Value) -> Value {
        json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": added,
            "normalizer": self.normalizer(),
            "pre_tokenizer": self.pre_tokenizer(),
            "post_processor": null,
            "decoder": self.decoder(),
            "model": model,
        })
    }

    fn normalizer(&self) -> Value {
        if self.uncased {
            json!({
                "type": "BertNormalizer",
                "clean_text": true,
                "handle_chinese_chars": true,
                "strip_accents": null,
                "lowercase": true,
            })
        } else {
            Value::Null
        }
    }

    fn pre_tokenizer(&self) -> Value {
        let bytes = |regex: bool| json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": regex });
        let cut = match self.cutting {
            Cutting::Pattern(scan::GPT2) if self.byte_level => return bytes(true),
            Cutting::Pattern(pattern) => {
                json!({ "type": "Split", "pattern": { "Regex": pattern }, "behavior": "Isolated", "invert": false })
            }
            Cutting::Whitespace => json!({ "type": "Whitespace" }),
            Cutting::WhitespaceSplit => json!({ "type": "WhitespaceSplit" }),
            Cutting::Bert => json!({ "type": "BertPreTokenizer" }),
            Cutting::Metaspace => {
                json!({ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true })
            }
            Cutting::None if self.byte_level => return bytes(false),
            Cutting::None => return Value::Null,
        };
        if self.byte_level { json!({ "type": "Sequence", "pretokenizers": [cut, bytes(false)] }) } else { cut }
    }

    fn decoder(&self) -> Value {
        let spaces = self.cutting == Cutting::Metaspace;
        if self.byte_level {
            return json!({ "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true });
        }
        if self.algorithm == Algorithm::WordPiece {
            return json!({ "type": "WordPiece", "prefix": self.pairs.prefix, "cleanup": true });
        }
        if !self.pairs.suffix.is_empty() {
            return json!({ "type": "BPEDecoder", "suffix": self.pairs.suffix });
        }
        match (self.byte_fallback, spaces) {
            (true, true) => json!({ "type": "Sequence", "decoders": [
                { "type": "Replace", "pattern": { "String": "▁" }, "content": " " },
                { "type": "ByteFallback" },
                { "type": "Fuse" },
                { "type": "Strip", "content": " ", "start": 1, "stop": 0 },
            ] }),
            (true, false) => {
                json!({ "type": "Sequence", "decoders": [{ "type": "ByteFallback" }, { "type": "Fuse" }] })
            }
            (false, true) => {
                json!({ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true })
            }
            // Without one the library puts spaces between tokens; this joins them.
            (false, false) => json!({ "type": "Fuse" }),
        }
    }
}
