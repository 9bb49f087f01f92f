//! The tokenizers compiled into the program: a deflated `tokenizer.json` each.

use std::sync::LazyLock;

use crate::text::packed::Packed;
use crate::text::tokenizer::Kind;
use crate::text::tokenizer::Tokenizer;

/// The largest one may be when unpacked, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// A small tokenizer of each of the three kinds that cut words, learned from the same English and Chinese text.
pub fn embedded(kind: Kind) -> Option<&'static Tokenizer> {
    static BYTE_PAIRS: LazyLock<Option<Tokenizer>> =
        LazyLock::new(|| unpacked(include_bytes!("../../../assets/bpe.bin")));
    static WORD_PIECE: LazyLock<Option<Tokenizer>> =
        LazyLock::new(|| unpacked(include_bytes!("../../../assets/wordpiece.bin")));
    static UNIGRAM: LazyLock<Option<Tokenizer>> =
        LazyLock::new(|| unpacked(include_bytes!("../../../assets/unigram.bin")));
    match kind {
        Kind::BytePairs => BYTE_PAIRS.as_ref(),
        Kind::WordPiece => WORD_PIECE.as_ref(),
        Kind::Unigram => UNIGRAM.as_ref(),
        Kind::WordLevel => None,
    }
}

fn unpacked(file: &[u8]) -> Option<Tokenizer> {
    Tokenizer::from_json(&Packed::inflate(file, MOST_BYTES)?).ok()
}
