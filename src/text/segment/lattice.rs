//! Every word of the dictionary at every place of a text.

use unicode_segmentation::UnicodeSegmentation;

use crate::text::dictionary::Dictionary;

/// A text in grapheme clusters, and which stretches of clusters are words.
pub(super) struct Lattice {
    /// The byte where each cluster begins, and the end of the text.
    pub(super) bounds: Vec<usize>,
    /// For each cluster the number of clusters in the longest word that begins there; at least one.
    pub(super) longest_from: Vec<usize>,
    /// For each cluster the number of clusters in the longest word that ends with it; at least one.
    pub(super) longest_to: Vec<usize>,
}

impl Lattice {
    /// Looks every word up. A run of ASCII letters and digits counts as one.
    pub(super) fn new(text: &str, dictionary: &Dictionary) -> Self {
        let mut bounds: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
        let count = bounds.len();
        bounds.push(text.len());
        let mut lattice = Self { bounds, longest_from: vec![1; count], longest_to: vec![1; count] };
        for from in 0..count {
            let start = lattice.bounds[from];
            let mut to = from;
            let Self { bounds, longest_from, longest_to } = &mut lattice;
            dictionary.prefixes(text.get(start..).unwrap_or_default(), |length, frequency| {
                while bounds[to] < start + length {
                    to += 1;
                }
                if frequency > 0 && bounds[to] == start + length {
                    longest_from[from] = to - from;
                    longest_to[to - 1] = longest_to[to - 1].max(to - from);
                }
            });
        }
        lattice.join_ascii(text.as_bytes());
        lattice
    }

    fn join_ascii(&mut self, text: &[u8]) {
        let count = self.longest_from.len();
        let is_ascii_word = |at: usize| text.get(self.bounds[at]).is_some_and(u8::is_ascii_alphanumeric);
        let mut start = 0;
        while start < count {
            let mut end = start;
            while end < count && is_ascii_word(end) {
                end += 1;
            }
            for at in start..end {
                self.longest_from[at] = self.longest_from[at].max(end - at);
                self.longest_to[at] = self.longest_to[at].max(at + 1 - start);
            }
            start = end.max(start + 1);
        }
    }
}
