//! Ids alone, as fast as they come: for vocabularies that merge bytes, where nobody asks which byte went where.
//!
//! Nothing is done twice: words, characters and pairs that were met before are looked up by their bytes as one number. The
//! ids are those that merging gives, always.

use std::ops::Range;

use super::{
    bpe::{Links, Merges, NEVER, NONE, Symbol},
    tokenizer::Texts,
    units::{BytePairs, Units},
};

mod memo;

use memo::{Memo, key};

/// The longest word, in bytes, that is merged without the buffers for long ones.
const SHORT: usize = 64;
/// The longest word of ideographs, in bytes, that is remembered whole.
const MEMORABLE_IDEOGRAPHS: usize = 8;
/// How many pairs are kept with what they merge to, at most; a power of two.
const MOST_RECENT: usize = 1 << 12;

/// Encodes the words of one text.
#[derive(Debug)]
pub(super) struct Swift<'t> {
    merger: Merger<'t>,
    texts: &'t Texts,
    words: Memo<1>,
    long_words: Memo<2>,
    /// Characters, and characters together where merging goes from one to the next.
    parts: Memo<1>,
    /// Pairs of ids with 1 where merging both together leaves them as they are, else 0.
    neighbours: Memo<1>,
    /// The parts of the word at hand: the byte where each begins, and its first id.
    begins: Vec<(usize, usize)>,
}

impl<'t> Swift<'t> {
    /// For a text of `length` bytes; none where words do not begin as bytes with an id each. `texts` are those of the pieces.
    pub(super) fn new(model: &'t BytePairs, texts: &'t Texts, length: usize) -> Option<Self> {
        let recent = length.next_power_of_two().clamp(16, MOST_RECENT);
        let Units::Bytes(bytes) = &model.units else { return None };
        if model.affixes.is_some() || model.cut_before.is_some() || bytes.contains(&NONE) {
            return None;
        }
        let merger = Merger {
            model,
            bytes,
            recent: vec![(u64::MAX, NEVER, NONE); recent],
            word: Vec::new(),
            links: Links::default(),
        };
        Some(Self {
            merger,
            texts,
            words: Memo::default(),
            long_words: Memo::default(),
            parts: Memo::default(),
            neighbours: Memo::default(),
            begins: Vec::new(),
        })
    }

    /// Appends the ids of the word `word` of `text`.
    #[inline]
    pub(super) fn encode(&mut self, text: &str, word: &Range<usize>, out: &mut Vec<u32>) {
        let Range { start, end } = *word;
        let bytes = text.as_bytes();
        // Several ideographs together hardly come again.
        if end - start > MEMORABLE_IDEOGRAPHS && is_ideographic(bytes, end) {
            self.work_out(text, start, end, out);
        } else if let Some(key) = key::<1>(bytes, start, end) {
            if !self.words.recall(&key, out) {
                let first = out.len();
                self.work_out(text, start, end, out);
                self.words.keep(key, out.get(first..).unwrap_or_default());
            }
        } else if let Some(key) = key::<2>(bytes, start, end) {
            if !self.long_words.recall(&key, out) {
                let first = out.len();
                self.work_out(text, start, end, out);
                self.long_words.keep(key, out.get(first..).unwrap_or_default());
            }
        } else {
            self.work_out(text, start, end, out);
        }
    }

    fn work_out(&mut self, text: &str, start: usize, end: usize, out: &mut Vec<u32>) {
        let Some(word) = text.get(start..end) else { return };
        if let Some(&id) = self.merger.model.whole_words.as_ref().and_then(|words| words.get(word.as_bytes())) {
            return out.push(id);
        }
        // Words of an alphabet are merged across most of their characters, and others across few.
        if !(is_ideographic(text.as_bytes(), end) && self.put_together(text, start, end, out)) {
            self.merger.merge(word.as_bytes(), out);
        }
    }

    /// Appends the ids of a word from those of its characters, where that works: a row of tokens is what merging gives if
    /// (and only if) merging any two neighbours leaves them as they are, since the first merge that reached from one token
    /// into the next would be made of these two alone as well: what is merged inside them before comes in the same order.
    fn put_together(&mut self, text: &str, start: usize, end: usize, out: &mut Vec<u32>) -> bool {
        let bytes = text.as_bytes();
        let word_first = out.len();
        self.begins.clear();
        let mut at = start;
        while at < end {
            let next = at + bytes.get(at).map_or(1, |&lead| width(lead));
            let (mut begin, mut first) = (at, out.len());
            loop {
                let Some(key) = key::<1>(bytes, begin, next) else {
                    out.truncate(word_first);
                    return false;
                };
                if !self.parts.recall(&key, out) {
                    self.merger.merge(bytes.get(begin..next).unwrap_or_default(), out);
                    self.parts.keep(key, out.get(first..).unwrap_or_default());
                }
                if first == word_first || self.are_neighbours(out[first - 1], out[first], bytes[begin]) {
                    break;
                }
                (begin, first) = self.begins.pop().unwrap_or((start, word_first));
                out.truncate(first);
            }
            self.begins.push((begin, first));
            at = next;
        }
        true
    }

    /// Whether merging two tokens together leaves them as they are; `first` is the first byte of the right one.
    #[inline]
    fn are_neighbours(&mut self, left: u32, right: u32, first: u8) -> bool {
        let model = self.merger.model;
        let followers = model.followers.get_or_init(|| followers(&model.merges, self.texts));
        if followers.get(left as usize).is_some_and(|followers| followers & head(first) == 0) {
            return true;
        }
        let key = [u128::from(left) << 32 | u128::from(right) | 1 << 120];
        if let Some(known) = self.neighbours.recall_one(&key) {
            return known == 1;
        }
        let both = [self.texts.get(left), self.texts.get(right)].concat();
        let mut ids = Vec::new();
        self.merger.merge(&both, &mut ids);
        let are = ids == [left, right];
        self.neighbours.keep(key, &[u32::from(are)]);
        are
    }
}

/// The bit that stands for pieces that begin with `byte`: one for each first byte of long characters, one for all others.
fn head(byte: u8) -> u32 {
    1 << if (0xe0..0xf8).contains(&byte) { byte - 0xe0 } else { 31 }
}

/// For each piece the [`head`]s of all that is ever merged to its right, or to the right of what it ends with: no merge
/// reaches from it into a piece that begins otherwise.
fn followers(merges: &Merges, texts: &Texts) -> Vec<u32> {
    let mut followers = vec![0; texts.len()];
    let mut all: Vec<(u32, u32, u32)> = merges.each().collect();
    for &(left, right, _) in &all {
        if let (Some(followers), Some(&first)) = (followers.get_mut(left as usize), texts.get(right).first()) {
            *followers |= head(first);
        }
    }
    all.sort_unstable_by_key(|&(_, _, joined)| texts.get(joined).len());
    for (_, right, joined) in all {
        let inherited = followers.get(right as usize).copied().unwrap_or(u32::MAX);
        if let Some(followers) = followers.get_mut(joined as usize) {
            *followers |= inherited;
        }
    }
    followers
}

/// Whether the character before byte `end` has at least three bytes.
fn is_ideographic(text: &[u8], end: usize) -> bool {
    let lead = |width: usize| end.checked_sub(width).and_then(|at| text.get(at)).copied().unwrap_or(0);
    lead(1) >= 0x80 && (lead(3) >= 0xe0 || lead(4) >= 0xf0)
}

/// How many bytes a character has that begins with `lead`.
fn width(lead: u8) -> usize {
    match lead {
        0..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    }
}

/// Merges words that were not met before.
#[derive(Debug)]
struct Merger<'t> {
    model: &'t BytePairs,
    bytes: &'t [u32; 256],
    /// Pairs met lately: both ids in one number, the rank of the merge, what it joins to.
    recent: Vec<(u64, u32, u32)>,
    word: Vec<Symbol>,
    links: Links,
}

impl Merger<'_> {
    #[inline]
    fn rank(&mut self, left: u32, right: u32) -> (u32, u32) {
        let pair = u64::from(left) << 32 | u64::from(right);
        let slot = (pair.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & (self.recent.len() - 1);
        let recent = &mut self.recent[slot];
        if recent.0 != pair {
            let (rank, joined) = self.model.merges.rank(left, right);
            *recent = (pair, rank, joined);
        }
        (recent.1, recent.2)
    }

    fn merge(&mut self, word: &[u8], out: &mut Vec<u32>) {
        if word.len() > SHORT {
            self.word.clear();
            let unit = |(at, &byte): (usize, &u8)| Symbol { id: self.bytes[usize::from(byte)], start: at, end: at + 1 };
            self.word.extend(word.iter().enumerate().map(unit));
            self.model.merges.apply(&mut self.word, &mut self.links, |_, _, _, _| {});
            out.extend(self.word.iter().map(|symbol| symbol.id));
            return;
        }
        let mut ids = [NONE; SHORT];
        for (id, &byte) in ids.iter_mut().zip(word) {
            *id = self.bytes[usize::from(byte)];
        }
        // Of each symbol with the next: the rank, and what they join to.
        let (mut ranks, mut joined) = ([NEVER; SHORT], [NONE; SHORT]);
        for at in 1..word.len() {
            (ranks[at - 1], joined[at - 1]) = self.rank(ids[at - 1], ids[at]);
        }
        let mut count = word.len();
        while count > 1 {
            let (mut best, mut lowest) = (0, NEVER);
            for (at, &rank) in ranks[..count - 1].iter().enumerate() {
                if rank < lowest {
                    (best, lowest) = (at, rank);
                }
            }
            if lowest == NEVER {
                break;
            }
            ids[best] = joined[best];
            ids.copy_within(best + 2..count, best + 1);
            ranks.copy_within(best + 1..count - 1, best);
            joined.copy_within(best + 1..count - 1, best);
            count -= 1;
            if best + 1 < count {
                (ranks[best], joined[best]) = self.rank(ids[best], ids[best + 1]);
            }
            if best > 0 {
                (ranks[best - 1], joined[best - 1]) = self.rank(ids[best - 1], ids[best]);
            }
        }
        out.extend_from_slice(&ids[..count]);
    }
}
