//! Finding the tokens that are whole strings (end marks, chat marks) in a text.

use std::ops::Range;

use super::{
    bpe::FoldMap,
    pretokenize::{is_space, is_word_character},
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

/// A set of such tokens as a trie over bytes; of those that begin at a place the longest is taken.
#[derive(Debug, Default)]
pub(super) struct Finder {
    tokens: Vec<Added>,
    next: FoldMap<u64, u32>,
    /// For each trie node the token that ends there.
    ends: Vec<Option<u32>>,
    first: Vec<bool>,
}

impl Finder {
    /// A finder of `tokens`; of two with one spelling the first counts.
    pub(super) fn new(tokens: Vec<Added>) -> Self {
        let mut finder = Self { ends: vec![None], first: vec![false; 256], ..Self::default() };
        for (index, token) in (0..).zip(&tokens) {
            let mut node = 0;
            for byte in token.content.bytes() {
                let fresh = finder.ends.len() as u32;
                let key = key(node, byte);
                node = *finder.next.entry(key).or_insert(fresh);
                if node == fresh {
                    finder.ends.push(None);
                }
            }
            if let Some(&byte) = token.content.as_bytes().first() {
                if let Some(first) = finder.first.get_mut(usize::from(byte)) {
                    *first = true;
                }
                if let Some(end) = finder.ends.get_mut(node as usize) {
                    end.get_or_insert(index);
                }
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
        let mut node = 0;
        let mut found = None;
        for (end, &byte) in (at + 1..).zip(text.get(at..)?) {
            let Some(&next) = self.next.get(&key(node, byte)) else { break };
            node = next;
            if let Some(index) = self.ends.get(node as usize).copied().flatten() {
                found = self.tokens.get(index as usize).map(|token| (token, end));
            }
        }
        found
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

fn key(node: u32, byte: u8) -> u64 {
    (u64::from(node) << 8) | u64::from(byte)
}
