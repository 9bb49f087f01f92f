//! A tokenizer from a `*.tiktoken` file: in each line a piece in base64 and its rank, which is also its id.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::{
    Tokenizer,
    parts::{self, MOST_PIECES},
    pieces::Texts,
    settings::Settings,
};
use crate::text::{
    added::{Added, Finder},
    base64,
    bpe::{FoldMap, Merges, NONE},
    byte_level,
    encoder::Encoder,
    error::{Fault, Place, TokenizerError},
    pretokenize::named,
    units::{BytePairs, Units},
};

const PART: &str = "tiktoken";

/// The rule of a list whose name says nothing.
const USUAL: &str = "cl100k_base";

/// What the name of a file stands for.
struct Family {
    /// The rule that cuts text into words.
    rule: &'static str,
    /// The special tokens that are usual, with their ids; the list itself has none.
    marks: Vec<(u32, String)>,
    /// Whether nothing in the name says so.
    is_guess: bool,
}

/// The family of the list called `name` with `count` pieces: the encodings of tiktoken (`tiktoken_ext/openai_public.py`), of Qwen
/// and of `LLaMA` 3.
fn family(name: &str, count: u32) -> Family {
    let name = name.to_lowercase();
    let has = |part| name.contains(part);
    let known = |rule, marks: &[(u32, &str)]| Family {
        rule,
        marks: marks.iter().map(|&(id, mark)| (id, mark.to_owned())).collect(),
        is_guess: false,
    };
    if has("o200k") {
        known("gpt-4o", &[(199_999, "<|endoftext|>"), (200_018, "<|endofprompt|>")])
    } else if has("r50k") || has("p50k") || has("gpt2") {
        known("gpt-2", &[(50_256, "<|endoftext|>")])
    } else if has("cl100k") {
        let fill = [(100_258, "<|fim_prefix|>"), (100_259, "<|fim_middle|>"), (100_260, "<|fim_suffix|>")];
        known("cl100k", &[&[(100_257, "<|endoftext|>")], &fill[..], &[(100_276, "<|endofprompt|>")]].concat())
    } else if has("qwen") {
        let names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"].map(str::to_owned);
        let extra = (0..205).map(|n| format!("<|extra_{n}|>"));
        Family { rule: "qwen2", marks: (count..).zip(names.into_iter().chain(extra)).collect(), is_guess: false }
    } else if has("llama") || (has("tokenizer.model") && count == LLAMA3_PIECES) {
        let reserved = |n| format!("<|reserved_special_token_{n}|>");
        let mut names = ["<|begin_of_text|>", "<|end_of_text|>"].map(str::to_owned).to_vec();
        names.extend((0..4).map(reserved));
        names.extend(["<|start_header_id|>", "<|end_header_id|>"].map(str::to_owned));
        names.push(reserved(4));
        names.push("<|eot_id|>".to_owned());
        names.extend((5..251).map(reserved));
        Family { rule: "llama3", marks: (count..).zip(names).collect(), is_guess: false }
    } else {
        Family { is_guess: true, ..known("cl100k", &[]) }
    }
}

/// How many pieces `LLaMA` 3 has without its special tokens; GLM-4 calls its list `tokenizer.model` too.
const LLAMA3_PIECES: u32 = 128_000;

/// Builds the tokenizer.
pub(super) fn build(bytes: &[u8], name: &str, settings: &Settings) -> Result<Tokenizer, TokenizerError> {
    let pieces = read(bytes)?;
    let count = pieces.len() as u32;
    let family = family(name, count);
    let mut ids = parts::Ids::default();
    let mut texts = Texts::default();
    let mut words: FoldMap<Box<[u8]>, u32> = FoldMap::default();
    for (piece, id) in pieces.iter().zip(0..) {
        texts.push(piece);
        ids.insert(piece.iter().map(|&byte| byte_level::character(byte)).collect::<String>().into(), id);
        if !piece.is_empty() {
            words.insert(piece.as_slice().into(), id);
        }
    }
    let mut bytes = Box::new([NONE; 256]);
    for (byte, id) in (0..=255_u8).zip(bytes.iter_mut()) {
        *id = words.get(&[byte][..]).copied().unwrap_or(NONE);
    }
    let merges = merges(&pieces, &words);
    let mut special = vec![false; pieces.len()];
    let mut added = Vec::new();
    for (id, content) in marks(family.marks, settings, count)? {
        while texts.len() < id as usize {
            texts.push(b"");
            special.push(false);
        }
        texts.push(content.as_bytes());
        special.push(true);
        ids.insert(content.as_str().into(), id);
        added.push(Added { id, content, single_word: false, left: false, right: false });
    }
    let id = |names: &[&str]| names.iter().find_map(|&name| ids.get(name).copied());
    let bos = id(&["<|begin_of_text|>"]);
    let eos = id(&["<|end_of_text|>", "<|endoftext|>"]);
    let count = texts.len() as u32;
    Ok(Tokenizer {
        texts,
        heads: None,
        ids,
        special,
        added: Finder::new(added),
        added_normalized: Finder::default(),
        normalizer: Vec::new(),
        steps: named::rule(family.rule)?.steps,
        encoder: Encoder::BytePairs(BytePairs {
            merges,
            units: Units::Bytes(bytes),
            unknown: None,
            fuse_unknown: false,
            whole_words: Some(words),
            cut_before: None,
            kept: None,
            affixes: None,
            count,
            followers: OnceLock::new(),
        }),
        strip: None,
        strip_end: false,
        before: bos.into_iter().collect(),
        after: Vec::new(),
        bos,
        eos,
        assumed: family.is_guess.then_some(USUAL),
    })
}

/// The special tokens past the `count` pieces in the order of their ids: those of the settings, else the `usual` ones. A list that
/// was cut off or extended has other ids where they would be.
fn marks(usual: Vec<(u32, String)>, settings: &Settings, count: u32) -> Result<BTreeMap<u32, String>, TokenizerError> {
    let own = settings.added()?;
    let own = own.into_iter().filter_map(|token| Some((u32::try_from(token.id).ok()?, token.content)));
    let own: BTreeMap<u32, String> = own.filter(|(id, _)| *id >= count).collect();
    if let Some((&id, _)) = own.last_key_value().filter(|(id, _)| **id >= 2 * count + 1024) {
        return Err(TokenizerError::Sparse { id: u64::from(id), count: count as usize });
    }
    if !own.is_empty() {
        return Ok(own);
    }
    Ok(usual.into_iter().filter(|(id, _)| (count..count + 1024).contains(id)).collect())
}

/// The pieces in the order of their ids; one that is left out is empty.
fn read(bytes: &[u8]) -> Result<Vec<Vec<u8>>, TokenizerError> {
    let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let most = bytes.split(|&byte| byte == b'\n').count();
    parts::at_most("pieces", most, MOST_PIECES)?;
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for (line, text) in (1..).zip(lines).filter(|(_, text)| !text.is_empty()) {
        let damaged = |fault| TokenizerError::Damaged { part: PART, place: Place::Line(line), fault };
        let mut columns = text.split(|&byte| byte == b' ');
        let (piece, rank) = (columns.next().unwrap_or_default(), columns.next());
        let rank = rank.and_then(|rank| std::str::from_utf8(rank).ok()?.parse::<usize>().ok());
        let rank = rank.filter(|&rank| rank < 2 * most + 1024 && columns.next().is_none());
        let rank = rank.ok_or(damaged(Fault::Number))?;
        let piece = base64::decode(piece).filter(|piece| !piece.is_empty()).ok_or(damaged(Fault::Base64))?;
        if piece.len() > parts::LONGEST_PIECE {
            let (length, limit) = (piece.len(), parts::LONGEST_PIECE);
            return Err(TokenizerError::TooLong { part: "a piece", length, limit });
        }
        if pieces.len() <= rank {
            pieces.resize(rank + 1, Vec::new());
        }
        match pieces.get_mut(rank) {
            Some(place) if place.is_empty() => *place = piece,
            _ => return Err(TokenizerError::DuplicateId { id: rank as u32 }),
        }
    }
    if pieces.is_empty() { Err(TokenizerError::Empty) } else { Ok(pieces) }
}

/// Every way to cut a piece in two is a merge with the rank of the piece.
fn merges(pieces: &[Vec<u8>], words: &FoldMap<Box<[u8]>, u32>) -> Merges {
    let mut merges = Merges::with_capacity(pieces.len() * 2);
    for (piece, id) in pieces.iter().zip(0..) {
        for at in 1..piece.len() {
            let (left, right) = piece.split_at(at);
            if let (Some(&left), Some(&right)) = (words.get(left), words.get(right)) {
                merges.insert(left, right, id, id);
            }
        }
    }
    merges
}
