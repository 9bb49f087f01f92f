//! Finding the tokens that are whole strings (end marks, chat marks) in a text.

use std::ops::Range;

use super::{
    pretokenize::{is_space, is_word_character},
    trie::Trie,
};

/// A token that is found in text as it is spelled, before anything is cut or merged.
#[derive(Clone, Debug)]
pub(super) struct Added {
    /// Its id.
    pub(super) id: u32,
    /// Its spelling.
    pub(super) content: String,
    /// Whether it counts only where no letter or digit touches it.
    pub(super) single_word: bool,
    /// Whether it takes the white space before it.
    pub(super) left: bool,
    /// Whether it takes the white space after it.
    pub(super) right: bool,
}

/// A set of such tokens; of those that begin at a place the longest is taken.
#[derive(Debug, Default)]
pub(super) struct Finder {
    tokens: Vec<Added>,
    trie: Trie,
    first: Vec<bool>,
}

impl Finder {
    /// A finder of `tokens`; of two with one spelling the first counts.
    pub(super) fn new(tokens: Vec<Added>) -> Self {
        let mut finder = Self { first: vec![false; 256], ..Self::default() };
        for (index, token) in (0..).zip(&tokens) {
            let content = token.content.as_bytes();
            finder.trie.insert(content, index);
            if let Some(first) = content.first().and_then(|&byte| finder.first.get_mut(usize::from(byte))) {
                *first = true;
            }
        }
        finder.tokens = tokens;
        finder
    }

    /// Whether there is nothing to find.
    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    fn longest(&self, text: &[u8], at: usize) -> Option<(&Added, usize)> {
        let (index, end) = self.trie.longest(text, at)?;
        Some((self.tokens.get(index as usize)?, end))
    }

    /// Calls `found` with each token in `text` from left to right; what lies between is plain text.
    pub(super) fn each(&self, text: &str, mut found: impl FnMut(u32, Range<usize>)) {
        if self.is_empty() {
            return;
        }
        let bytes = text.as_bytes();
        let mut at = 0;
        let mut after = 0;
        while let Some(&byte) = bytes.get(at) {
            let token = if self.first.get(usize::from(byte)) == Some(&true) { self.longest(bytes, at) } else { None };
            let Some((token, end)) = token else {
                at += 1;
                continue;
            };
            let before = text.get(..at).unwrap_or_default();
            let behind = text.get(end..).unwrap_or_default();
            let touches = before.chars().next_back().is_some_and(is_word_character)
                || behind.chars().next().is_some_and(is_word_character);
            if !(token.single_word && touches) {
                let start = if token.left { before.trim_end_matches(is_space).len().max(after) } else { at };
                after = if token.right { text.len() - behind.trim_start_matches(is_space).len() } else { end };
                found(token.id, start..after);
            }
            at = end.max(after);
        }
    }
}
