//! A table of what short byte strings became, found by their bytes as numbers.

/// Remembers the ids that byte strings of fewer than 16·N bytes became.
#[derive(Debug)]
pub(super) struct Memo<const N: usize> {
    /// A power of two; at most half of them in use.
    entries: Vec<Entry<N>>,
    used: usize,
    /// The ids of strings that became more than an entry holds.
    long: Vec<u32>,
}

/// How many ids stand in an entry itself.
const INLINE: usize = 3;

#[derive(Clone, Copy, Debug)]
struct Entry<const N: usize> {
    /// The bytes, and in the last one their number; all zero where nothing is.
    key: [u128; N],
    /// The ids, or where the first of them stands in `long`.
    ids: [u32; INLINE],
    count: u32,
}

impl<const N: usize> Entry<N> {
    const EMPTY: Self = Self { key: [0; N], ids: [0; INLINE], count: 0 };
}

/// The bytes of `text` from `start` to `end` as a key, if they are fewer than 16·N. No two byte strings have one key: it ends
/// with their number.
#[inline]
pub(super) fn key<const N: usize>(text: &[u8], start: usize, end: usize) -> Option<[u128; N]> {
    let length = end - start;
    if length >= 16 * N {
        return None;
    }
    let mut key = [0; N];
    for (index, word) in key.iter_mut().enumerate() {
        let (from, left) = (start + 16 * index, length.saturating_sub(16 * index));
        if left == 0 {
            break;
        }
        *word = match text.get(from..from + 16) {
            Some(sixteen) => sixteen.try_into().map_or(0, u128::from_le_bytes),
            // Near the end of the text.
            None => text.get(from..end)?.iter().rev().fold(0, |word, &byte| word << 8 | u128::from(byte)),
        };
        if left < 16 {
            *word &= (1 << (8 * left)) - 1;
        }
    }
    key[N - 1] |= (length as u128) << 120;
    Some(key)
}

/// Multiply and fold.
#[inline]
fn hash<const N: usize>(key: &[u128; N]) -> usize {
    let fold = |hash: u64, word: &u128| {
        let (low, high) = (*word as u64, (*word >> 64) as u64);
        let wide = u128::from(low ^ hash ^ 0x9e37_79b9_7f4a_7c15) * u128::from(high ^ 0xa076_1d64_78bd_642f);
        (wide as u64) ^ ((wide >> 64) as u64)
    };
    key.iter().fold(0, fold) as usize
}

impl<const N: usize> Default for Memo<N> {
    fn default() -> Self {
        Self { entries: vec![Entry::EMPTY; 64], used: 0, long: Vec::new() }
    }
}

impl<const N: usize> Memo<N> {
    /// Where `key` stands, or would.
    #[inline]
    fn place(&self, key: &[u128; N]) -> usize {
        let mask = self.entries.len() - 1;
        let mut at = hash(key) & mask;
        while self.entries[at].count != 0 && self.entries[at].key != *key {
            at = (at + 1) & mask;
        }
        at
    }

    /// Appends the ids of `key` to `out`; false where they are not known.
    #[inline]
    pub(super) fn recall(&self, key: &[u128; N], out: &mut Vec<u32>) -> bool {
        let entry = &self.entries[self.place(key)];
        match entry.count as usize {
            0 => return false,
            count @ 1..=INLINE => entry.ids[..count].iter().for_each(|&id| out.push(id)),
            count => out.extend_from_slice(&self.long[entry.ids[0] as usize..][..count]),
        }
        true
    }

    /// The one id of `key`, if it is known.
    #[inline]
    pub(super) fn recall_one(&self, key: &[u128; N]) -> Option<u32> {
        let entry = &self.entries[self.place(key)];
        (entry.count == 1).then_some(entry.ids[0])
    }

    /// Keeps what `key`, which is not known yet, became.
    pub(super) fn keep(&mut self, key: [u128; N], ids: &[u32]) {
        let mut entry = Entry { key, ids: [0; INLINE], count: ids.len() as u32 };
        if let Some(places) = entry.ids.get_mut(..ids.len()) {
            places.copy_from_slice(ids);
        } else {
            let Ok(first) = u32::try_from(self.long.len()) else { return };
            entry.ids[0] = first;
            self.long.extend_from_slice(ids);
        }
        self.used += 1;
        if 2 * self.used > self.entries.len() {
            let more = vec![Entry::EMPTY; 4 * self.entries.len()];
            let old = std::mem::replace(&mut self.entries, more);
            for entry in old.into_iter().filter(|entry| entry.count != 0) {
                let at = self.place(&entry.key);
                self.entries[at] = entry;
            }
        }
        let at = self.place(&key);
        self.entries[at] = entry;
    }
}
