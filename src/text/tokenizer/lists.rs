//! Tokenizers from plain lists: BERT's `vocab.txt`, and GPT-2's `vocab.json` with `merges.txt`.

use serde_json::{Value, json};

use super::{
    Tokenizer,
    json::{
        self,
        file::{AddedToken, File, Merge, Model, Vocab},
        json_error,
    },
    settings::Settings,
};
use crate::text::error::{Fault, Place, TokenizerError};

/// A tokenizer from a `vocab.txt`: one piece in each line, the first has id 0 (Devlin et al. 2019, `tokenization.py`).
pub(super) fn word_piece(bytes: &[u8], settings: &Settings) -> Result<Tokenizer, TokenizerError> {
    const PART: &str = "vocab.txt";
    let text = text(bytes, PART)?;
    // A last empty line is the end of the file; any other keeps its id for nothing.
    let lines = (0..).zip(text.lines()).filter(|(_, line)| !line.is_empty());
    let entries: Vec<(String, u64)> = lines.map(|(id, line)| (line.to_owned(), id)).collect();
    let mark = |name: &str| entries.iter().find(|(piece, _)| piece == name).map(|&(_, id)| id);
    let named = |name: &str| {
        let token = name.to_owned();
        mark(name).ok_or(TokenizerError::UnknownToken { part: PART, token })
    };
    let (begin, end) = (named("[CLS]")?, named("[SEP]")?);
    named("[UNK]")?;
    let mut added = settings.added()?;
    for name in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] {
        if let Some(id) = mark(name).filter(|id| added.iter().all(|token| token.id != *id)) {
            added.push(AddedToken { id, content: name.to_owned(), special: true, ..AddedToken::default() });
        }
    }
    json::assemble(File {
        added_tokens: added,
        normalizer: Some(json!({
            "type": "BertNormalizer",
            "clean_text": true,
            "handle_chinese_chars": settings.tokenize_chinese_chars.unwrap_or(true),
            "strip_accents": settings.strip_accents,
            "lowercase": settings.do_lower_case.unwrap_or(true),
        })),
        pre_tokenizer: Some(json!({ "type": "BertPreTokenizer" })),
        post_processor: Some(json!({ "type": "BertProcessing", "cls": ["[CLS]", begin], "sep": ["[SEP]", end] })),
        decoder: Some(json!({ "type": "WordPiece", "prefix": "##", "cleanup": true })),
        model: Model {
            kind: Some("WordPiece".to_owned()),
            vocab: Vocab { entries, scores: None },
            unk_token: Some("[UNK]".to_owned()),
            ..Model::default()
        },
    })
}

/// A tokenizer from a `vocab.json` and its `merges.txt`: byte-level pairs, best first (Radford et al. 2019, `encoder.py`).
pub(super) fn merges(vocab: &[u8], merges: &[u8], settings: &Settings) -> Result<Tokenizer, TokenizerError> {
    const PART: &str = "merges.txt";
    let vocab: Vocab = serde_json::from_slice(vocab).map_err(|error| json_error("vocab.json", &error))?;
    let mut pairs = Vec::new();
    for (index, line) in text(merges, PART)?.lines().enumerate() {
        if line.is_empty() || (index == 0 && line.starts_with("#version")) {
            continue;
        }
        if line.split(' ').count() != 2 {
            let place = Place::Line(index + 1);
            return Err(TokenizerError::Damaged { part: PART, place, fault: Fault::Field });
        }
        pairs.push(Merge::Text(line.to_owned()));
    }
    if vocab.entries.iter().any(|(piece, _)| piece.ends_with("</w>")) {
        return Err(TokenizerError::Unsupported { part: "end_of_word_suffix", kind: "</w>".to_owned() });
    }
    let id = |name: &str| vocab.entries.iter().find(|(piece, _)| piece == name).map(|&(_, id)| id);
    let mut added = settings.added()?;
    for name in ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"] {
        if let Some(id) = id(name).filter(|id| added.iter().all(|token| token.id != *id)) {
            let lstrip = name == "<mask>";
            added.push(AddedToken { id, content: name.to_owned(), lstrip, special: true, ..AddedToken::default() });
        }
    }
    let post_processor = match (id("<s>"), id("</s>")) {
        (Some(begin), Some(end)) => {
            json!({ "type": "RobertaProcessing", "cls": ["<s>", begin], "sep": ["</s>", end] })
        }
        _ => Value::Null,
    };
    json::assemble(File {
        added_tokens: added,
        normalizer: None,
        pre_tokenizer: Some(
            json!({ "type": "ByteLevel", "add_prefix_space": settings.add_prefix_space.unwrap_or(false) }),
        ),
        post_processor: Some(post_processor),
        decoder: Some(json!({ "type": "ByteLevel" })),
        model: Model { kind: Some("BPE".to_owned()), vocab, merges: pairs, ..Model::default() },
    })
}

/// The bytes as text; the error names the line that is not.
pub(super) fn text<'a>(bytes: &'a [u8], part: &'static str) -> Result<&'a str, TokenizerError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.split(|&byte| byte == b'\n').count();
        TokenizerError::Damaged { part, place: Place::Line(line), fault: Fault::NotUtf8 }
    })
}
