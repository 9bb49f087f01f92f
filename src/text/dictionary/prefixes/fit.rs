//! Finding a base whose children all have room.

/// A set of small numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn set(&mut self, number: u32) {
        let at = number as usize / 64;
        if at >= self.0.len() {
            self.0.resize((at + 1).max(self.0.len() * 5 / 4), 0);
        }
        self.0[at] |= 1 << (number % 64);
    }

    pub(super) fn clear(&mut self, number: u32) {
        if let Some(word) = self.0.get_mut(number as usize / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.window(number) & 1 != 0
    }

    /// Which of the 64 numbers from this one on are in the set, the first in the lowest bit.
    fn window(&self, from: u32) -> u64 {
        let (at, shift) = (from as usize / 64, from % 64);
        let word = |at: usize| self.0.get(at).copied().unwrap_or(0);
        // A shift by 64 would be none at all.
        word(at) >> shift | (word(at + 1) << 1) << (63 - shift)
    }
}

/// The first base from `start` on that no node has and whose slots for these codes are free: 64 are tried at a time.
pub(super) fn fit(bases: &Bits, taken: &Bits, start: u32, codes: &[u32]) -> u32 {
    let mut base = start;
    loop {
        let mut no = bases.window(base);
        for &code in codes {
            no |= taken.window(base + code);
            if no == u64::MAX {
                break;
            }
        }
        if no != u64::MAX {
            return base + no.trailing_ones();
        }
        base += 64;
    }
}
