//! `WordPiece`, one piece at a time: from the left, always the longest.

use std::ops::Range;

use super::overlay::Overlay;
use crate::text::bpe::Symbol;
use crate::text::word_piece::WordPiece;

/// The most stretches that are shown as looked up for one piece.
const MOST_LOOKUPS: usize = 48;

/// The pieces that a word may go on with at byte `at`, and where they end, the shortest first.
pub(super) fn pieces_at(model: &WordPiece, overlay: &Overlay, word: &str, at: usize) -> Vec<(u32, usize)> {
    let trie = if at == 0 { &model.first } else { &model.rest };
    let mut found = Vec::new();
    trie.each(word.as_bytes(), at, |id, end| found.push((id, end)));
    found.retain(|(id, _)| overlay.has(*id));
    found.extend(overlay.fresh_at(word, at, at > 0));
    found.sort_by_key(|(_, end)| *end);
    found
}

/// What was looked up at a place of a word, the longest first, down to what was found; then the shorter pieces.
pub(super) fn lookups(pieces: &[(u32, usize)], word: &str, at: usize) -> Vec<(Range<usize>, Option<u32>)> {
    let longest = pieces.last().map_or(at, |(_, end)| *end);
    let rest = word.get(at..).unwrap_or_default();
    let ends = rest.char_indices().map(|(offset, character)| at + offset + character.len_utf8());
    let failed: Vec<usize> = ends.filter(|&end| end > longest).take(MOST_LOOKUPS).collect();
    let failed = failed.into_iter().rev().map(|end| (at..end, None));
    failed.chain(pieces.iter().rev().map(|&(id, end)| (at..end, Some(id)))).collect()
}

/// The pieces of a word.
pub(super) enum Cut {
    /// It is cut into these.
    Pieces(Vec<Symbol>),
    /// It has too many characters.
    TooLong,
    /// After these nothing fits: the word is unknown.
    Stuck(Vec<Symbol>),
}

pub(super) fn cut(model: &WordPiece, overlay: &Overlay, word: &str) -> Cut {
    if model.is_too_long(word) {
        return Cut::TooLong;
    }
    let mut found = Vec::new();
    let mut at = 0;
    while at < word.len() {
        let Some(&(id, end)) = pieces_at(model, overlay, word, at).last() else { return Cut::Stuck(found) };
        found.push(Symbol { id, start: at, end });
        at = end;
    }
    Cut::Pieces(found)
}

/// The tokens of a word, each with its bytes in the word.
pub(super) fn encode(model: &WordPiece, overlay: &Overlay, word: &str) -> Vec<Symbol> {
    match cut(model, overlay, word) {
        Cut::Pieces(found) => found,
        Cut::TooLong | Cut::Stuck(_) => unknown(model, word),
    }
}

/// The token of a word that is not cut.
pub(super) fn unknown(model: &WordPiece, word: &str) -> Vec<Symbol> {
    model.unknown.map(|id| Symbol { id, start: 0, end: word.len() }).into_iter().collect()
}
