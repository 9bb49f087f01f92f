//! What both kinds of file need while a tokenizer is put together.

use crate::text::{
    bpe::{FoldMap, Merges, NONE},
    byte_level,
    error::TokenizerError,
};

/// More pieces than any vocabulary has.
pub(super) const MOST_PIECES: usize = 4 << 20;
/// More merges than any vocabulary has.
pub(super) const MOST_MERGES: usize = 8 << 20;
/// A longer piece than any vocabulary has, in bytes.
pub(super) const LONGEST_PIECE: usize = 64 << 10;
/// A longer piece than any vocabulary without merges has, in bytes.
const LONGEST_SOUGHT: usize = 1 << 10;
/// The `SentencePiece` space sign.
pub(super) const SPACE_SIGN: char = '▁';

/// Ids by spelling.
pub(super) type Ids = FoldMap<Box<str>, u32>;

/// Fails where `count` of `part` is over `limit`.
pub(super) fn at_most(part: &'static str, count: usize, limit: usize) -> Result<(), TokenizerError> {
    if count > limit { Err(TokenizerError::TooMany { part, count, limit }) } else { Ok(()) }
}

/// Fails where a piece is too long.
pub(super) fn check_piece(piece: &str) -> Result<(), TokenizerError> {
    if piece.len() > LONGEST_PIECE {
        return Err(TokenizerError::TooLong { part: "a piece", length: piece.len(), limit: LONGEST_PIECE });
    }
    Ok(())
}

/// Fails where a piece is too long to be looked for at every place of a text, which takes as many steps.
pub(super) fn check_sought(piece: &str) -> Result<(), TokenizerError> {
    if piece.len() > LONGEST_SOUGHT {
        return Err(TokenizerError::TooLong { part: "a piece", length: piece.len(), limit: LONGEST_SOUGHT });
    }
    Ok(())
}

/// The merge table of `pairs`, best first; a `prefix` of the second piece is left out where they join;
/// `named(index)` gives the text of a merge for an error.
pub(super) fn merges<'a>(
    ids: &Ids,
    prefix: &str,
    pairs: impl ExactSizeIterator<Item = Option<(&'a str, &'a str)>>,
    named: impl Fn(usize) -> String,
) -> Result<Merges, TokenizerError> {
    at_most("merges", pairs.len(), MOST_MERGES)?;
    let mut table = Merges::with_capacity(pairs.len());
    let mut joined = String::new();
    for (index, pair) in pairs.enumerate() {
        let ids = pair.and_then(|(left, right)| {
            joined.clear();
            joined.push_str(left);
            joined.push_str(right.strip_prefix(prefix).unwrap_or(right));
            Some((*ids.get(left)?, *ids.get(right)?, *ids.get(joined.as_str())?))
        });
        let Some((left, right, joined)) = ids else {
            return Err(TokenizerError::Merge { index, merge: named(index) });
        };
        table.insert(left, right, index as u32, joined);
    }
    Ok(table)
}

/// The ids of the 256 byte-level characters.
pub(super) fn byte_level_ids(ids: &Ids) -> Box<[u32; 256]> {
    let mut table = Box::new([NONE; 256]);
    let mut buffer = [0; 4];
    for (byte, id) in (0..=255).zip(table.iter_mut()) {
        let spelling: &str = byte_level::character(byte).encode_utf8(&mut buffer);
        *id = ids.get(spelling).copied().unwrap_or(NONE);
    }
    table
}

/// The ids of the pieces `<0x00>` to `<0xFF>`.
pub(super) fn byte_piece_ids(ids: &Ids) -> Box<[u32; 256]> {
    let mut table = Box::new([NONE; 256]);
    for (byte, id) in (0..=255_u8).zip(table.iter_mut()) {
        *id = ids.get(format!("<0x{byte:02X}>").as_str()).copied().unwrap_or(NONE);
    }
    table
}

/// The byte that `<0xE4>` spells.
pub(super) fn byte_piece(spelling: &str) -> Option<u8> {
    let digits = spelling.strip_prefix("<0x")?.strip_suffix('>')?;
    if digits.len() == 2 { u8::from_str_radix(digits, 16).ok() } else { None }
}

/// The pieces of one character.
pub(super) fn characters(ids: &Ids) -> FoldMap<char, u32> {
    let mut table = FoldMap::default();
    #[expect(clippy::iter_over_hash_type, reason = "the order in which a map is filled does not show")]
    for (spelling, &id) in ids {
        let mut characters = spelling.chars();
        if let (Some(character), None) = (characters.next(), characters.next()) {
            table.insert(character, id);
        }
    }
    table
}

/// Whether no piece has the space sign after another character: then no merge reaches across, and text can be cut there.
pub(super) fn cuts_before_space_sign(ids: &Ids) -> bool {
    let mut buffer = [0; 4];
    ids.contains_key(&*SPACE_SIGN.encode_utf8(&mut buffer))
        && ids.keys().all(|spelling| !spelling.trim_start_matches(SPACE_SIGN).contains(SPACE_SIGN))
}
