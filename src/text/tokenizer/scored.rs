//! The two models of a vocabulary with scores, as `SentencePiece` has them: merging and the most probable cut.

use std::sync::OnceLock;

use super::{
    parts::{self, SPACE_SIGN},
    plain::kind,
};
use crate::text::{
    bpe::{FoldMap, Merges},
    error::TokenizerError,
    trie::Trie,
    unigram::{Score, Unigram},
    units::{BytePairs, Units},
    vocabulary::{PieceKind, Vocabulary},
};

/// Merging by scores. With `plain`, pieces added by hand are merged like others (llama.cpp finds them in the text before);
/// else they are kept whole wherever they occur.
pub(super) fn byte_pairs(vocabulary: &Vocabulary, plain: bool) -> Result<BytePairs, TokenizerError> {
    check(vocabulary)?;
    let mut symbols = parts::Ids::default();
    let mut kept = Trie::default();
    let mut cuts = true;
    for (id, piece) in (0..).zip(&vocabulary.pieces) {
        match kind(vocabulary, id as usize) {
            PieceKind::UserDefined if !plain => {
                parts::check_sought(piece)?;
                kept.insert(piece.as_bytes(), id);
                cuts &= !piece.contains(SPACE_SIGN);
            }
            PieceKind::Normal | PieceKind::Unused | PieceKind::UserDefined => {
                symbols.entry(piece.as_str().into()).or_insert(id);
            }
            _ => {}
        }
    }
    let mut ids: FoldMap<char, u32> = parts::characters(&symbols);
    // A character that only longer pieces have still takes part in merging, under an id of its own past the last piece.
    let count = vocabulary.pieces.len() as u32;
    let mut next = count;
    let mut buffer = [0; 4];
    for character in vocabulary.pieces.iter().flat_map(|piece| piece.chars()) {
        let spelling: &str = character.encode_utf8(&mut buffer);
        if !symbols.contains_key(spelling) {
            symbols.insert(spelling.into(), next);
            ids.insert(character, next);
            next += 1;
        }
    }
    cuts &= parts::cuts_before_space_sign(&symbols);
    Ok(BytePairs {
        merges: merges(vocabulary, &symbols),
        units: Units::Characters { ids, bytes: byte_pieces(vocabulary) },
        unknown: vocabulary.unknown,
        fuse_unknown: true,
        whole_words: None,
        cut_before: cuts.then_some(SPACE_SIGN),
        kept: Some(kept).filter(|_| !plain),
        affixes: None,
        count,
        followers: OnceLock::new(),
    })
}

/// Every way to cut a piece in two is a merge, ranked by the piece's score; equal scores share a rank.
fn merges(vocabulary: &Vocabulary, symbols: &parts::Ids) -> Merges {
    let mut scores = vocabulary.scores.clone();
    scores.sort_unstable_by(|a, b| b.total_cmp(a));
    scores.dedup();
    let mut merges = Merges::with_capacity(vocabulary.pieces.len() * 2);
    for (piece, score) in vocabulary.pieces.iter().zip(&vocabulary.scores) {
        let Some(&id) = symbols.get(piece.as_str()) else { continue };
        let rank = scores.partition_point(|other| other > score) as u32;
        for (at, _) in piece.char_indices().skip(1) {
            let (left, right) = piece.split_at(at);
            if let (Some(&left), Some(&right)) = (symbols.get(left), symbols.get(right)) {
                merges.insert(left, right, rank, id);
            }
        }
    }
    merges
}

/// The most probable cut. With `plain`, sums are in double precision and a piece added by hand costs nothing, as in llama.cpp;
/// else sums are in single precision and nothing outdoes such a piece, as in `SentencePiece`.
pub(super) fn unigram(vocabulary: &Vocabulary, plain: bool) -> Result<Unigram, TokenizerError> {
    check(vocabulary)?;
    let (mut least, mut most) = (f32::MAX, f32::MIN_POSITIVE);
    let mut pieces = Trie::default();
    for ((id, piece), &score) in (0..).zip(&vocabulary.pieces).zip(&vocabulary.scores) {
        let kind = kind(vocabulary, id as usize);
        if kind == PieceKind::Normal {
            least = least.min(score);
            most = most.max(score);
        }
        if matches!(kind, PieceKind::Normal | PieceKind::UserDefined) || (kind == PieceKind::Unused && plain) {
            parts::check_sought(piece)?;
            pieces.insert(piece.as_bytes(), id);
        }
    }
    let score = |(id, &score): (usize, &f32)| match kind(vocabulary, id) {
        PieceKind::UserDefined if plain => Score::Log(0.0),
        PieceKind::UserDefined => Score::PerByte(f64::from(most)),
        _ => Score::Log(f64::from(score)),
    };
    let has_bytes = (0..vocabulary.pieces.len()).any(|id| kind(vocabulary, id) == PieceKind::Byte);
    Ok(Unigram {
        pieces,
        scores: vocabulary.scores.iter().enumerate().map(score).collect(),
        unknown: vocabulary.unknown,
        least: f64::from(least),
        bytes: (has_bytes && !plain).then(|| byte_pieces(vocabulary)),
        single: !plain,
        look_up_unknown: false,
    })
}

fn check(vocabulary: &Vocabulary) -> Result<(), TokenizerError> {
    let pieces = vocabulary.pieces.len();
    if vocabulary.scores.len() == pieces {
        return Ok(());
    }
    Err(TokenizerError::Lengths { part: "scores", found: vocabulary.scores.len(), pieces })
}

fn byte_pieces(vocabulary: &Vocabulary) -> Box<[u32; 256]> {
    let ids = (0..).zip(&vocabulary.pieces).map(|(id, piece)| (piece.as_str().into(), id));
    parts::byte_piece_ids(&ids.collect())
}
