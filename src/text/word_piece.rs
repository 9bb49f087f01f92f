//! `WordPiece` (Schuster & Nakajima 2012; Devlin et al. 2019): from the left, always the longest piece that the word goes on with.

use super::{bpe::Symbol, trie::Trie};

/// Cuts words by the longest piece first.
#[derive(Debug, Default)]
pub(super) struct WordPiece {
    first: Trie,
    rest: Trie,
    /// The id of a word that the pieces do not make up; without one it is skipped.
    unknown: Option<u32>,
    /// A longer word, in characters, is unknown as a whole.
    longest_word: usize,
}

impl WordPiece {
    /// A model without pieces.
    pub(super) fn new(unknown: Option<u32>, longest_word: usize) -> Self {
        Self { unknown, longest_word, ..Self::default() }
    }

    /// Adds a piece that a word may begin with.
    pub(super) fn begins(&mut self, text: &str, id: u32) {
        self.first.insert(text.as_bytes(), id);
    }

    /// Adds a piece that a word may go on with.
    pub(super) fn continues(&mut self, text: &str, id: u32) {
        self.rest.insert(text.as_bytes(), id);
    }

    /// Whether a word may begin with the piece `id`, whose text is `text`.
    pub(super) fn can_begin(&self, text: &[u8], id: u32) -> bool {
        self.first.longest(text, 0) == Some((id, text.len()))
    }

    /// How many bytes of `word` its first piece takes.
    pub(super) fn first_length(&self, word: &str) -> Option<usize> {
        self.first.longest(word.as_bytes(), 0).map(|(_, end)| end)
    }

    /// Appends the tokens of `word`, their positions counted from `base`.
    pub(super) fn encode(&self, word: &str, base: usize, out: &mut Vec<Symbol>) {
        let before = out.len();
        let mut at = 0;
        let is_long = word.len() > self.longest_word && word.chars().nth(self.longest_word).is_some();
        while at < word.len() {
            let pieces = if at == 0 { &self.first } else { &self.rest };
            let Some((id, end)) = pieces.longest(word.as_bytes(), at).filter(|_| !is_long) else {
                out.truncate(before);
                out.extend(self.unknown.map(|id| Symbol { id, start: base, end: base + word.len() }));
                return;
            };
            out.push(Symbol { id, start: base + at, end: base + end });
            at = end;
        }
    }
}
