//! Arithmetic coding in integers (Witten, Neal and Cleary 1987, "Arithmetic coding for data compression", Communications
//! of the ACM 30(6), section "Incremental transmission"), with 62 bits for the interval where the paper takes 16: a symbol
//! costs −log2 of its share of the frequencies, to a few millionths of a bit.

use crate::lm::Distribution;

/// Bits of the interval: two fewer than the integers have, so that no sum overflows.
const BITS: u32 = 62;
const QUARTER: u64 = 1 << (BITS - 2);
const HALF: u64 = 2 * QUARTER;
const TOP: u64 = 4 * QUARTER - 1;

/// A probability of 1 as a frequency: fine enough for what a float32 tells apart, coarse enough for [`MOST`].
const WHOLE: f64 = (1_u64 << 48) as f64;

/// The greatest total of frequencies: the interval is never narrower than a quarter, so every symbol keeps a part of it.
pub const MOST: u64 = 1 << 56;

/// A symbol's part of the frequencies: those of the symbols before it, its own added, and all together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Where its part begins.
    pub start: u64,
    /// Where it ends, above `start`.
    pub end: u64,
    /// All of it, at most [`MOST`].
    pub total: u64,
}

impl Share {
    /// −log2 of the share.
    pub fn bits(self) -> f64 {
        (self.total as f64 / (self.end - self.start) as f64).log2()
    }
}

/// Integer frequencies of symbols, none of them 0: the same on every machine for the same input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frequencies {
    each: Vec<u64>,
    total: u64,
}

impl Frequencies {
    /// All alike.
    pub fn uniform(symbols: usize) -> Self {
        Self { each: vec![1; symbols], total: symbols as u64 }
    }

    /// Those of a model's distribution. A probability is a float32 and a power of two its scale, so that the product is
    /// exact and what is cut off of it is the same everywhere; one more keeps every token possible.
    pub fn of(distribution: &Distribution) -> Self {
        let each: Vec<u64> = distribution.probabilities().map(|p| (f64::from(p) * WHOLE) as u64 + 1).collect();
        let total = each.iter().sum();
        Self { each, total }
    }

    /// The symbol was seen: so much more of it is expected.
    pub fn add(&mut self, symbol: usize, more: u64) {
        if let Some(frequency) = self.each.get_mut(symbol).filter(|_| self.total + more <= MOST) {
            *frequency += more;
            self.total += more;
        }
    }

    /// A symbol's share; `None` for one that does not exist.
    pub fn share(&self, symbol: usize) -> Option<Share> {
        let own = *self.each.get(symbol)?;
        let start = self.each[..symbol].iter().sum();
        Some(Share { start, end: start + own, total: self.total })
    }

    /// The symbol whose share has `at`, which is below the total.
    fn at(&self, at: u64) -> (usize, Share) {
        let mut start = 0;
        for (symbol, &own) in self.each.iter().enumerate() {
            if at < start + own {
                return (symbol, Share { start, end: start + own, total: self.total });
            }
            start += own;
        }
        (0, Share { start: 0, end: 1, total: self.total })
    }
}

/// Turns shares into bits.
#[derive(Clone, Debug)]
pub struct Encoder {
    low: u64,
    high: u64,
    /// Bits that wait for the next one and are its opposite.
    waiting: u64,
    bytes: Vec<u8>,
    bits: u64,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { low: 0, high: TOP, waiting: 0, bytes: Vec::new(), bits: 0 }
    }
}

impl Encoder {
    /// Codes one symbol.
    pub fn encode(&mut self, share: Share) {
        (self.low, self.high) = narrowed(self.low, self.high, share);
        loop {
            if self.high < HALF {
                self.bit(false);
            } else if self.low >= HALF {
                self.bit(true);
            } else if self.low >= QUARTER && self.high < 3 * QUARTER {
                self.waiting += 1;
                self.low -= QUARTER;
                self.high -= QUARTER;
            } else {
                return;
            }
            self.low = (self.low & (HALF - 1)) << 1;
            self.high = ((self.high & (HALF - 1)) << 1) | 1;
        }
    }

    /// How many bits there will be if nothing follows.
    pub fn bits(&self) -> u64 {
        self.bits + self.waiting + 2
    }

    /// The code; a decoder reads zeros behind it.
    pub fn finish(mut self) -> Vec<u8> {
        self.waiting += 1;
        self.bit(self.low >= QUARTER);
        self.bytes
    }

    fn bit(&mut self, bit: bool) {
        self.push(bit);
        for _ in 0..std::mem::take(&mut self.waiting) {
            self.push(!bit);
        }
    }

    fn push(&mut self, bit: bool) {
        if self.bits.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (7 - self.bits % 8);
        }
        self.bits += 1;
    }
}

/// Turns bits back into symbols.
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    low: u64,
    high: u64,
    value: u64,
    bytes: &'a [u8],
    read: u64,
}

impl<'a> Decoder<'a> {
    /// Begins to read a code.
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self { low: 0, high: TOP, value: 0, bytes, read: 0 };
        for _ in 0..BITS {
            decoder.value = (decoder.value << 1) | decoder.next();
        }
        decoder
    }

    /// The next symbol under the frequencies that it was coded with.
    pub fn decode(&mut self, frequencies: &Frequencies) -> usize {
        let range = u128::from(self.high - self.low) + 1;
        let at = ((u128::from(self.value - self.low) + 1) * u128::from(frequencies.total) - 1) / range;
        let (symbol, share) = frequencies.at(at as u64);
        (self.low, self.high) = narrowed(self.low, self.high, share);
        loop {
            if self.low >= QUARTER && self.high < 3 * QUARTER {
                self.low -= QUARTER;
                self.high -= QUARTER;
                self.value -= QUARTER;
            } else if self.high >= HALF && self.low < HALF {
                return symbol;
            }
            self.low = (self.low & (HALF - 1)) << 1;
            self.high = ((self.high & (HALF - 1)) << 1) | 1;
            self.value = ((self.value & (HALF - 1)) << 1) | self.next();
        }
    }

    /// Whether more was read than any code of these bytes asks for: they are no whole code.
    pub fn is_past_the_end(&self) -> bool {
        self.read > self.bytes.len() as u64 * 8 + u64::from(BITS)
    }

    fn next(&mut self) -> u64 {
        let byte = self.bytes.get((self.read / 8) as usize).copied().unwrap_or(0);
        let bit = byte >> (7 - self.read % 8) & 1;
        self.read += 1;
        u64::from(bit)
    }
}

/// The interval of a symbol within the interval before it.
fn narrowed(low: u64, high: u64, share: Share) -> (u64, u64) {
    let range = u128::from(high - low) + 1;
    let part = |at: u64| (range * u128::from(at) / u128::from(share.total)) as u64;
    (low + part(share.start), low + part(share.end) - 1)
}
