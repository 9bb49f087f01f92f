//! Byte-pair merging (Sennrich et al. 2016, section 3.2): the best pair first, the leftmost of equals.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    hash::{BuildHasherDefault, Hasher},
};

/// A fast hash for keys that are already numbers or short strings (multiply and fold).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FoldHasher(u64);

impl FoldHasher {
    fn fold(&mut self, value: u64) {
        let wide = u128::from(self.0 ^ value ^ 0x9e37_79b9_7f4a_7c15) * 0xa076_1d64_78bd_642f;
        self.0 = (wide as u64) ^ ((wide >> 64) as u64);
    }
}

impl Hasher for FoldHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            self.fold(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.fold(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.fold(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.fold(value);
    }
}

/// A map with [`FoldHasher`].
pub(super) type FoldMap<K, V> = HashMap<K, V, BuildHasherDefault<FoldHasher>>;

/// A symbol that no merge knows.
pub(super) const NONE: u32 = u32::MAX;

/// One symbol of the word being merged: an id and the bytes it covers, linked to its neighbours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol {
    /// The piece, or [`NONE`].
    pub(super) id: u32,
    /// First byte covered.
    pub(super) start: usize,
    /// Byte after the last one covered.
    pub(super) end: usize,
}

/// The merge table: which two pieces join, how early, and to what.
#[derive(Clone, Debug, Default)]
pub(super) struct Merges {
    table: FoldMap<u64, (u32, u32)>,
}

fn key(left: u32, right: u32) -> u64 {
    (u64::from(left) << 32) | u64::from(right)
}

/// Words up to this many symbols are merged by scanning for the best pair; longer ones with a heap.
const SHORT: usize = 64;

/// The rank of a pair that does not merge.
pub(super) const NEVER: u32 = u32::MAX;

/// Buffers for merging long words.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// For each symbol the one before and the one after that are still there; itself or the count at the ends.
    previous: Vec<u32>,
    next: Vec<u32>,
    /// Rank and result of the pair that begins at each symbol; [`NEVER`] for one that is gone.
    pairs: Vec<(u32, u32)>,
    /// Rank in the upper half, position in the lower.
    heap: BinaryHeap<Reverse<u64>>,
}

impl Merges {
    /// A table with room for `count` merges.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self { table: FoldMap::with_capacity_and_hasher(count, BuildHasherDefault::default()) }
    }

    /// Adds the merge of `left` and `right` to `joined` at `rank` (lower is earlier); a pair already known keeps its better rank.
    pub(super) fn insert(&mut self, left: u32, right: u32, rank: u32, joined: u32) {
        let entry = self.table.entry(key(left, right)).or_insert((rank, joined));
        if rank < entry.0 {
            *entry = (rank, joined);
        }
    }

    /// The left, the right and the result of every merge, in no order.
    pub(super) fn each(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        self.table.iter().map(|(&pair, &(_, joined))| ((pair >> 32) as u32, pair as u32, joined))
    }

    /// Rank and result of joining `left` and `right`.
    pub(super) fn rank(&self, left: u32, right: u32) -> (u32, u32) {
        self.table.get(&key(left, right)).copied().unwrap_or((NEVER, NONE))
    }

    /// Merges `word` in place until no pair is left to merge: O(n log n) in its length. Before each merge `note` is told
    /// its rank, the two symbols and what they join to.
    pub(super) fn apply(&self, word: &mut Vec<Symbol>, links: &mut Links, note: impl FnMut(u32, Symbol, Symbol, u32)) {
        if word.len() <= SHORT { self.apply_short(word, note) } else { self.apply_long(word, links, note) }
    }

    fn apply_short(&self, word: &mut Vec<Symbol>, mut note: impl FnMut(u32, Symbol, Symbol, u32)) {
        let mut ranks = [NEVER; SHORT];
        let mut results = [NONE; SHORT];
        for ((rank, result), pair) in ranks.iter_mut().zip(&mut results).zip(word.windows(2)) {
            (*rank, *result) = self.rank(pair[0].id, pair[1].id);
        }
        while word.len() > 1 {
            let pairs = word.len() - 1;
            let lowest = ranks[..pairs].iter().copied().min().unwrap_or(NEVER);
            if lowest == NEVER {
                break;
            }
            let best = ranks[..pairs].iter().position(|&rank| rank == lowest).unwrap_or(0);
            let joined = results[best];
            note(lowest, word[best], word[best + 1], joined);
            word[best].id = joined;
            word[best].end = word[best + 1].end;
            word.remove(best + 1);
            ranks.copy_within(best + 1..pairs, best);
            results.copy_within(best + 1..pairs, best);
            if best + 1 < word.len() {
                (ranks[best], results[best]) = self.rank(joined, word[best + 1].id);
            }
            if best > 0 {
                (ranks[best - 1], results[best - 1]) = self.rank(word[best - 1].id, joined);
            }
        }
    }

    fn apply_long(&self, word: &mut Vec<Symbol>, links: &mut Links, mut note: impl FnMut(u32, Symbol, Symbol, u32)) {
        let count = word.len() as u32;
        let Links { previous, next, pairs, heap } = links;
        previous.clear();
        previous.extend((0..count).map(|at| at.saturating_sub(1)));
        next.clear();
        next.extend(1..=count);
        pairs.clear();
        pairs.extend(word.windows(2).map(|pair| self.rank(pair[0].id, pair[1].id)));
        pairs.push((NEVER, NONE));
        let entry = |rank: u32, at: u32| Reverse((u64::from(rank) << 32) | u64::from(at));
        heap.clear();
        heap.extend((0..).zip(&*pairs).filter(|(_, pair)| pair.0 != NEVER).map(|(at, pair)| entry(pair.0, at)));
        while let Some(Reverse(top)) = heap.pop() {
            let (rank, at) = ((top >> 32) as u32, top as u32 as usize);
            // An entry about a pair that has changed since is out of date.
            if pairs[at].0 != rank {
                continue;
            }
            let joined = pairs[at].1;
            let after = next[at] as usize;
            note(rank, word[at], word[after], joined);
            word[at].id = joined;
            word[at].end = word[after].end;
            word[after].id = NONE;
            pairs[after].0 = NEVER;
            next[at] = next[after];
            pairs[at].0 = NEVER;
            let mut set = |left: usize, right: usize| {
                pairs[left] = self.rank(word[left].id, word[right].id);
                if pairs[left].0 != NEVER {
                    heap.push(entry(pairs[left].0, left as u32));
                }
            };
            if next[at] < count {
                previous[next[at] as usize] = at as u32;
                set(at, next[at] as usize);
            }
            if at > 0 {
                set(previous[at] as usize, at);
            }
        }
        let mut at = 0;
        let mut kept = 0;
        while at < count {
            word[kept] = word[at as usize];
            kept += 1;
            at = next[at as usize];
        }
        word.truncate(kept);
    }
}
