//! A set of byte strings, each with a number, and those of it that begin at a place in a text.

use super::bpe::{FoldMap, NONE};

/// A trie over bytes (Fredkin 1960): one node for each prefix.
#[derive(Debug)]
pub(super) struct Trie {
    next: FoldMap<u64, u32>,
    /// For each node the number of the string that ends there, or [`NONE`].
    ends: Vec<u32>,
}

impl Default for Trie {
    fn default() -> Self {
        Self { next: FoldMap::default(), ends: vec![NONE] }
    }
}

impl Trie {
    /// Adds `key`, which is not empty; of two numbers for one key the first counts.
    pub(super) fn insert(&mut self, key: &[u8], value: u32) {
        let mut node = 0;
        for &byte in key {
            let fresh = self.ends.len() as u32;
            node = *self.next.entry(edge(node, byte)).or_insert(fresh);
            if node == fresh {
                self.ends.push(NONE);
            }
        }
        if let Some(end) = self.ends.get_mut(node as usize).filter(|end| **end == NONE && !key.is_empty()) {
            *end = value;
        }
    }

    /// Calls `found` with the number and the end of every string that begins at byte `at` of `text`, the shortest first.
    pub(super) fn each(&self, text: &[u8], at: usize, mut found: impl FnMut(u32, usize)) {
        let mut node = 0;
        for (end, &byte) in (at + 1..).zip(text.get(at..).unwrap_or_default()) {
            let Some(&next) = self.next.get(&edge(node, byte)) else { break };
            node = next;
            if let Some(&value) = self.ends.get(node as usize).filter(|&&value| value != NONE) {
                found(value, end);
            }
        }
    }

    /// The number and the end of the longest string that begins at byte `at` of `text`.
    pub(super) fn longest(&self, text: &[u8], at: usize) -> Option<(u32, usize)> {
        let mut longest = None;
        self.each(text, at, |value, end| longest = Some((value, end)));
        longest
    }
}

fn edge(node: u32, byte: u8) -> u64 {
    (u64::from(node) << 8) | u64::from(byte)
}
