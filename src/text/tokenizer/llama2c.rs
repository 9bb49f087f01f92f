//! A tokenizer from a `tokenizer.bin` of llama2.c (karpathy/llama2.c, `tokenizer.py` and `run.c`): the length of the longest
//! piece, then for each piece a score, a length and the bytes; all numbers have four bytes, the lowest first.

use super::{Tokenizer, plain};
use crate::text::{
    error::{Fault, Place, TokenizerError},
    vocabulary::{PieceKind, Vocabulary},
};

/// Builds the tokenizer: `LLaMA`'s, whose spaces and marks `tokenizer.py` has written out.
pub(super) fn build(bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
    let mut vocabulary =
        Vocabulary { model: "llama".to_owned(), bos: Some(1), eos: Some(2), unknown: Some(0), ..Vocabulary::default() };
    let damaged = |at, fault| TokenizerError::Damaged { part: "tokenizer.bin", place: Place::Byte(at), fault };
    let four = |at: usize| -> Result<[u8; 4], TokenizerError> {
        bytes.get(at..).and_then(<[u8]>::first_chunk).copied().ok_or(damaged(at, Fault::Truncated))
    };
    let longest = u32::from_le_bytes(four(0)?);
    let mut at = 4;
    while at < bytes.len() {
        let score = f32::from_le_bytes(four(at)?);
        let length = u32::from_le_bytes(four(at + 4)?);
        let start = at + 8;
        let text = bytes.get(start..).and_then(|rest| rest.get(..length as usize)).filter(|_| length <= longest);
        let text = text.ok_or(damaged(at + 4, Fault::Length))?;
        let text = std::str::from_utf8(text).map_err(|error| damaged(start + error.valid_up_to(), Fault::NotUtf8))?;
        let id = vocabulary.pieces.len();
        let kind = match id {
            0 => PieceKind::Unknown,
            1 | 2 => PieceKind::Control,
            3..=258 => PieceKind::Byte,
            _ => PieceKind::Normal,
        };
        let piece = match id {
            1 | 2 => text.trim_matches('\n').to_owned(),
            _ => text.replace(' ', "▁"),
        };
        vocabulary.pieces.push(piece);
        vocabulary.scores.push(score);
        vocabulary.kinds.push(kind);
        at = start + length as usize;
    }
    if vocabulary.pieces.is_empty() { Err(TokenizerError::Empty) } else { plain::build(vocabulary) }
}
