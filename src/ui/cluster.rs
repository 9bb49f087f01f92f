//! Walking a long text by grapheme clusters, fast over plain runs.

use super::safe;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// One grapheme cluster of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cluster {
    /// The byte after it.
    pub(super) end: usize,
    /// Columns of its visible form.
    pub(super) width: usize,
}

/// The cluster at a cluster boundary inside the text.
pub(super) fn at(text: &str, start: usize) -> Cluster {
    let mut characters = text[start..].chars();
    let Some(first) = characters.next() else { return Cluster { end: text.len(), width: 0 } };
    let lone = characters.as_str().chars().next().is_none_or(plain);
    if lone && first.is_ascii() && !first.is_ascii_control() {
        return Cluster { end: start + 1, width: 1 };
    }
    if lone && plain(first) && !first.is_ascii() {
        return Cluster { end: start + first.len_utf8(), width: 2 };
    }
    let grapheme = text[start..].graphemes(true).next().unwrap_or_default();
    Cluster { end: start + grapheme.len(), width: safe::visible_cluster_width(grapheme) }
}

/// Characters before which a cluster always ends: ASCII (`\r\n` is met at its `\r`), and the common wide ones of East Asia.
fn plain(c: char) -> bool {
    c.is_ascii()
        || matches!(c, '\u{3001}'..='\u{3003}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// The first cluster boundary at or after a byte, wherever the byte is.
pub(super) fn boundary(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte += 1;
    }
    let mut cursor = GraphemeCursor::new(byte, text.len(), true);
    if cursor.is_boundary(text, 0).unwrap_or(true) {
        return byte;
    }
    cursor.next_boundary(text, 0).ok().flatten().unwrap_or(text.len())
}

/// The cluster boundary before a boundary.
pub(super) fn before(text: &str, byte: usize) -> usize {
    GraphemeCursor::new(byte, text.len(), true).prev_boundary(text, 0).ok().flatten().unwrap_or(0)
}

/// The cluster boundary after a boundary.
pub(super) fn after(text: &str, byte: usize) -> usize {
    GraphemeCursor::new(byte, text.len(), true).next_boundary(text, 0).ok().flatten().unwrap_or(text.len())
}
