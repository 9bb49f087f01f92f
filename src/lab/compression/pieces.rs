//! Any bytes as tokens that stand for just these bytes, and raw bytes between them.

use std::borrow::Cow;
use std::ops::Range;

use crate::text::Tokenizer;

/// Text between bytes that are none has to be so long to be worth tokens.
const WORTH: usize = 32;

/// A piece of the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A token that stands for the bytes up to `end`.
    Token { id: u32, end: usize },
    /// Bytes that no token stands for.
    Raw(Range<usize>),
}

/// The bytes that a token stands for; where it is the first of all, without the space that the tokenizer adds there.
pub(super) fn bytes(tokenizer: &Tokenizer, id: u32, is_first: bool) -> Cow<'_, [u8]> {
    if is_first { Cow::Owned(tokenizer.decode(&[id])) } else { Cow::Borrowed(tokenizer.piece(id)) }
}

/// Cuts bytes into pieces that follow one another without gap. A token whose bytes are others than those it was made from,
/// because the tokenizer changes text before it cuts it, is not taken.
pub(super) fn cut(tokenizer: &Tokenizer, all: &[u8]) -> Vec<Piece> {
    let mut pieces = Pieces(Vec::new());
    let mut start = 0;
    for chunk in all.utf8_chunks() {
        let text = chunk.valid();
        let alone = text.len() == all.len();
        if alone || text.len() >= WORTH {
            let mut done = 0;
            for token in tokenizer.encode(text).into_iter().filter(|token| token.start < token.end) {
                let own = text.as_bytes().get(token.start..token.end).unwrap_or_default();
                if token.start >= done && *bytes(tokenizer, token.id, start + token.start == 0) == *own {
                    pieces.raw(start + done..start + token.start);
                    pieces.0.push(Piece::Token { id: token.id, end: start + token.end });
                    done = token.end;
                }
            }
            pieces.raw(start + done..start + text.len());
        } else {
            pieces.raw(start..start + text.len());
        }
        start += text.len();
        pieces.raw(start..start + chunk.invalid().len());
        start += chunk.invalid().len();
    }
    pieces.0
}

struct Pieces(Vec<Piece>);

impl Pieces {
    fn raw(&mut self, range: Range<usize>) {
        match self.0.last_mut() {
            _ if range.is_empty() => {}
            Some(Piece::Raw(last)) => last.end = range.end,
            _ => self.0.push(Piece::Raw(range)),
        }
    }
}
