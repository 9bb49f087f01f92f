//! All words at all places of a stretch of text, length by length: no look waits for another, so that the memory answers many
//! at a time, and few branches depend on what it says.

use super::Letter;
use super::Prefixes;
use super::Slot;
use super::WORD;
use super::child_bit;
use super::pair_bit;

/// How many letters that are none stand behind those of a stretch.
pub(in crate::text) const BEHIND: usize = 1;

/// Room for a walk, to be used again.
#[derive(Debug, Default)]
pub(in crate::text) struct Walk {
    /// Places whose first two letters words may begin with.
    pairs: Vec<u32>,
    /// Places from which words go on behind two letters, with the base there.
    longer: Vec<(u32, u32)>,
}

/// What a walk finds; with the natural logarithms of the words' frequencies.
pub(in crate::text) trait Found {
    /// Whether the letter at `place` is a word; called for every place, from the first on.
    fn one(&mut self, place: usize, is_word: bool, logarithm: f64);
    /// Whether two letters are one; not called where they cannot be.
    fn two(&mut self, place: usize, is_word: bool, logarithm: f64);
    /// A word of more letters: from the first place on, at each the shortest first.
    fn more(&mut self, place: usize, letters: usize, logarithm: f64);
}

impl Prefixes {
    /// Finds the words at every place of these [letters](Prefixes::letter), with [`BEHIND`] that are none behind them.
    pub(in crate::text::dictionary) fn walk(&self, letters: &[Letter], walk: &mut Walk, found: &mut impl Found) {
        if walk.pairs.len() < letters.len() {
            walk.pairs.resize(letters.len(), 0);
            walk.longer.resize(letters.len(), (0, 0));
        }
        let pairs = self.ones(letters, &mut walk.pairs[..letters.len()], found);
        let longer = self.twos(letters, pairs, &mut walk.longer[..letters.len()], found);
        self.longer(letters, longer, found);
    }

    /// Finds the words of one letter; returns the places where words of two may begin. Each of these three is a function of
    /// its own, so that what it needs stays in registers.
    #[inline(never)]
    fn ones<'a>(&self, letters: &[Letter], pairs: &'a mut [u32], found: &mut impl Found) -> &'a [u32] {
        let mut some = 0;
        for (place, pair) in letters.windows(2).enumerate() {
            found.one(place, pair[0].is_word(), pair[0].logarithm);
            pairs[some] = place as u32;
            some += usize::from(self.may_begin(pair[0].code, pair[1].code));
        }
        &pairs[..some]
    }

    /// Finds the words of two letters; returns the places where words go on, with the base there.
    #[inline(never)]
    fn twos<'a>(
        &self,
        letters: &[Letter],
        pairs: &[u32],
        longer: &'a mut [(u32, u32)],
        found: &mut impl Found,
    ) -> &'a [(u32, u32)] {
        let mut some = 0;
        for &place in pairs {
            let Some([first, second]) = letters.get(place as usize..).and_then(<[Letter]>::first_chunk) else { break };
            let base = first.next & !WORD;
            let slot = self.slot(base, second.code);
            let is_node = slot.parent == base;
            found.two(place as usize, is_node & slot.is_word(), self.logarithm(slot));
            longer[some] = (place, slot.base());
            let third = letters.get(place as usize + 2).map_or(0, |letter| letter.code);
            some += usize::from(is_node & (slot.children & child_bit(third) != 0));
        }
        &longer[..some]
    }

    /// Finds the words of more letters.
    #[inline(never)]
    fn longer(&self, letters: &[Letter], longer: &[(u32, u32)], found: &mut impl Found) {
        for &(place, base) in longer {
            let mut base = base;
            for (count, letter) in (3..).zip(letters.get(place as usize + 2..).unwrap_or_default()) {
                let Some((_, slot)) = self.child(base, letter.code) else { break };
                if slot.is_word() {
                    found.more(place as usize, count, self.logarithm(slot));
                }
                base = slot.base();
            }
        }
    }

    #[inline]
    fn logarithm(&self, slot: Slot) -> f64 {
        self.logarithms.get(slot.logarithm as usize).copied().unwrap_or_default()
    }

    /// What stands where the child of a node would.
    #[inline]
    fn slot(&self, base: u32, code: u32) -> Slot {
        self.slots.get(base.wrapping_add(code) as usize).copied().unwrap_or_default()
    }

    /// Whether words may begin with two letters: surely not, or perhaps.
    #[inline]
    fn may_begin(&self, first: u32, second: u32) -> bool {
        let bit = pair_bit(first, second, self.pairs.len());
        self.pairs.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 != 0)
    }
}
