//! Where a text may be cut: between its characters with their marks (extended grapheme clusters, UAX #29).

use std::cell::OnceCell;

use unicode_segmentation::UnicodeSegmentation;

/// The clusters of a text. Most texts have a cluster for each code point, and only the exceptions are kept, from when they
/// are first asked for.
pub(super) struct Clusters<'a> {
    text: &'a str,
    /// The bytes where a code point begins inside a cluster, in order.
    inside: OnceCell<Vec<usize>>,
}

impl<'a> Clusters<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, inside: OnceCell::new() }
    }

    fn inside(&self) -> &[usize] {
        self.inside.get_or_init(|| Self::exceptions(self.text))
    }

    fn exceptions(text: &str) -> Vec<usize> {
        let mut inside = Vec::new();
        let mut letters = text.char_indices().peekable();
        // Between two plain code points there is always a boundary, so a stretch with others in it is looked at by itself,
        // from the plain one before it to the plain one after it.
        let mut before = 0;
        while let Some((at, letter)) = letters.next() {
            if is_plain(letter) {
                before = at;
                continue;
            }
            let mut end = at + letter.len_utf8();
            while let Some((at, next)) = letters.next_if(|&(_, next)| !is_plain(next)) {
                end = at + next.len_utf8();
            }
            let stretch_end = letters.peek().map_or(text.len(), |(at, next)| at + next.len_utf8());
            let stretch = text.get(before..stretch_end).unwrap_or_default();
            let mut boundaries = stretch.grapheme_indices(true).map(|(offset, _)| before + offset).peekable();
            for (offset, _) in stretch.char_indices() {
                if boundaries.next_if_eq(&(before + offset)).is_none() && inside.last() < Some(&(before + offset)) {
                    inside.push(before + offset);
                }
            }
            before = end;
        }
        inside
    }

    /// Whether a cluster may begin at `at`, where a code point does.
    #[inline]
    pub(super) fn is_boundary(&self, at: usize) -> bool {
        let inside = self.inside();
        inside.is_empty() || inside.binary_search(&at).is_err()
    }

    /// Where the cluster ends that begins at `at`.
    #[inline]
    pub(super) fn after(&self, at: usize) -> usize {
        let next = |at: usize| {
            let letter = self.text.get(at..).and_then(|rest| rest.chars().next());
            letter.map_or(self.text.len(), |letter| at + letter.len_utf8())
        };
        let mut end = next(at);
        while end < self.text.len() && !self.is_boundary(end) {
            end = next(end);
        }
        end
    }

    /// Where the cluster begins that ends at `at`.
    #[inline]
    pub(super) fn before(&self, at: usize) -> usize {
        let previous = |at: usize| {
            let letter = self.text.get(..at).and_then(|rest| rest.chars().next_back());
            letter.map_or(0, |letter| at - letter.len_utf8())
        };
        let mut start = previous(at);
        while start > 0 && !self.is_boundary(start) {
            start = previous(start);
        }
        start
    }
}

/// Whether a code point never joins another of this kind: its property `Grapheme_Cluster_Break` is `Other`, and it is no
/// pictograph and no consonant that a linker joins.
#[inline]
pub(super) fn is_plain(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{9fff}' | ' '..='~' | '\u{3001}'..='\u{3029}' | '\u{ff01}'..='\u{ff9d}'
        | '\n' | '\u{2010}'..='\u{2027}' | '\u{b7}' | '\u{2030}'..='\u{203b}')
}
