//! Which pair is merged next: the most frequent, by a heap whose entries may be out of date.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::pairs::Key;
use crate::text::bpe::FoldMap;

/// How often a pair occurred when the entry was made; the smaller pair comes first among equals, then the older entry.
type Entry = (u64, Reverse<Key>, Reverse<u32>);

/// Pairs by how often they occur, each entry with the words it was found in.
///
/// A pair gets a new entry whenever merging makes more of it, for the words where it did. Each entry is taken by itself, as
/// the library does it: a pair of two entries is merged twice, each time in the words of one.
#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Entry>,
    words: Vec<Vec<u32>>,
}

impl Queue {
    /// Adds a pair that occurs `count` times and was found in `words`.
    pub(super) fn push(&mut self, pair: Key, count: u64, words: Vec<u32>) {
        self.heap.push((count, Reverse(pair), Reverse(self.words.len() as u32)));
        self.words.push(words);
    }

    /// The most frequent pair, how often it occurs, and the words of its entry.
    pub(super) fn pop(&mut self, counts: &FoldMap<Key, i64>) -> Option<(Key, u64, Vec<u32>)> {
        loop {
            let (count, Reverse(pair), Reverse(entry)) = self.heap.pop()?;
            let now = now(counts, pair);
            if now == count {
                return Some((pair, count, self.words.get_mut(entry as usize).map(std::mem::take).unwrap_or_default()));
            }
            self.heap.push((now, Reverse(pair), Reverse(entry)));
        }
    }

    /// The most frequent pairs other than `pair` with how often they occur, the best first, at most `most`. The heap is
    /// searched from its top down to where no entry can be better, and stays as it is.
    pub(super) fn others(&self, pair: Key, most: usize, counts: &FoldMap<Key, i64>) -> Vec<(Key, u64)> {
        let entries = self.heap.as_slice();
        let mut open: BinaryHeap<(Entry, usize)> = entries.first().map(|&entry| (entry, 0)).into_iter().collect();
        let mut best: Vec<(u64, Reverse<Key>)> = Vec::new();
        while let Some(((count, other, _), at)) = open.pop() {
            if best.len() >= most && best.last().is_none_or(|worst| (count, other) <= *worst) {
                break;
            }
            let found = (now(counts, other.0), other);
            if other.0 != pair && found.0 > 0 && !best.contains(&found) {
                best.insert(best.partition_point(|better| *better > found), found);
                best.truncate(most);
            }
            let below = [2 * at + 1, 2 * at + 2].into_iter();
            open.extend(below.filter_map(|at| entries.get(at).map(|&entry| (entry, at))));
        }
        best.into_iter().map(|(count, Reverse(pair))| (pair, count)).collect()
    }
}

fn now(counts: &FoldMap<Key, i64>, pair: Key) -> u64 {
    u64::try_from(counts.get(&pair).copied().unwrap_or(0)).unwrap_or(0)
}
