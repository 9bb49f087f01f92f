//! One number for each token, and the tokens in the order of their numbers, as far down as somebody asks.

use std::sync::OnceLock;

use super::{elementary::exp64, kernel::Isa};

/// So many of the greatest are put in order first; few distributions are ever looked at further down.
const FRONT: usize = 1024;

/// About so many are looked at to find where the front ends.
const SAMPLE: usize = 2048;

/// Scores by token id, `[vocabulary]`, in nats; −∞ is a token that cannot come.
#[derive(Debug)]
pub(crate) struct Scores {
    values: Vec<f32>,
    greatest: f32,
    /// How many are above −∞.
    present: usize,
    front: OnceLock<Vec<u32>>,
    order: OnceLock<Vec<u32>>,
}

impl Scores {
    /// `values` are finite or −∞; at least one is finite.
    pub(crate) fn new(values: Vec<f32>) -> Self {
        // In as many lanes as make plain loops into vector instructions.
        let greater = |a: f32, b: f32| if b > a { b } else { a };
        let (chunks, rest) = values.as_chunks::<16>();
        let mut most = [f32::NEG_INFINITY; 16];
        for chunk in chunks {
            most = std::array::from_fn(|lane| greater(most[lane], chunk[lane]));
        }
        let greatest = most.into_iter().chain(rest.iter().copied()).fold(f32::NEG_INFINITY, greater);
        let present = values.iter().map(|&value| u32::from(value > f32::NEG_INFINITY)).sum::<u32>() as usize;
        Self { values, greatest, present, front: OnceLock::new(), order: OnceLock::new() }
    }

    /// By id, `[vocabulary]`.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    pub(crate) fn greatest(&self) -> f32 {
        self.greatest
    }

    /// How many tokens can come.
    pub(crate) fn present(&self) -> usize {
        self.present
    }

    /// The first `count` tokens (or more) by falling score, of equals the lowest id first.
    pub(crate) fn front(&self, count: usize) -> &[u32] {
        if count > FRONT || self.order.get().is_some() {
            return self.order();
        }
        self.front.get_or_init(|| greatest_of(&self.values, FRONT.min(self.values.len())))
    }

    /// All tokens by falling score, of equals the lowest id first.
    pub(crate) fn order(&self) -> &[u32] {
        self.order.get_or_init(|| descending(&self.values))
    }

    /// The lengths at which more and more of the order is known: to be walked one after another.
    pub(crate) fn depths(&self) -> [usize; 2] {
        [FRONT.min(self.values.len()), self.values.len()]
    }

    /// Whether `a` comes before `b` in the order.
    pub(crate) fn precedes(&self, a: u32, b: u32) -> bool {
        let (x, y) = (self.values[a as usize], self.values[b as usize]);
        x > y || (x == y && a < b)
    }

    /// `exp((value − greatest) / temperature)`; `inverse` is one over the temperature.
    pub(crate) fn weight(&self, value: f32, inverse: f64) -> f64 {
        exp64(((f64::from(value) - f64::from(self.greatest)) * inverse).max(LEAST))
    }

    /// Over all tokens at a temperature: the sum of the [`weights`](Self::weight), and their entropy in nats.
    pub(crate) fn partition(&self, inverse: f64) -> (f64, f64) {
        let [sum, weighted] = Isa::detect().softmax_sums(&self.values, self.greatest, inverse);
        (sum, sum.ln() + weighted / sum)
    }
}

/// Exponents below this weigh nothing.
const LEAST: f64 = -1000.0;

/// How many sums run beside one another.
const LANES: usize = 8;

/// How many are computed together: what they need stays in the nearest cache.
const BLOCK: usize = 256;

/// `Σ e^d` and `Σ −d e^d` of `d = (value − greatest) · inverse`, each in [`LANES`] interleaved parts, always in the same order.
#[inline(always)]
#[allow(clippy::inline_always, reason = "compiled once for every instruction set")]
pub(super) fn softmax_sums(values: &[f32], greatest: f32, inverse: f64) -> [f64; 2] {
    let greatest = f64::from(greatest);
    let (mut sums, mut weighted) = ([0.0; LANES], [0.0; LANES]);
    // Loops as plain as these become vector instructions.
    let (mut exponents, mut exponentials) = ([0.0; BLOCK], [0.0; BLOCK]);
    for block in values.chunks(BLOCK) {
        for (d, &value) in exponents.iter_mut().zip(block) {
            *d = ((f64::from(value) - greatest) * inverse).max(LEAST);
        }
        // What is behind a last, shorter block weighs nothing.
        exponents[block.len()..].fill(LEAST);
        for (e, &d) in exponentials.iter_mut().zip(&exponents) {
            *e = exp64(d);
        }
        let lanes = exponents.as_chunks::<LANES>().0.iter().zip(exponentials.as_chunks::<LANES>().0);
        for (d, e) in lanes {
            for (sum, e) in sums.iter_mut().zip(e) {
                *sum += e;
            }
            for ((sum, d), e) in weighted.iter_mut().zip(d).zip(e) {
                *sum -= d * e;
            }
        }
    }
    [sums, weighted].map(|[a, b, c, d, e, f, g, h]| ((a + e) + (c + g)) + ((b + f) + (d + h)))
}

/// The `count` greatest of `values` (or more), by falling value, equal values by rising index.
fn greatest_of(values: &[f32], count: usize) -> Vec<u32> {
    // Where a sample says that about twice as many are; further down as long as there are too few.
    let stride = (values.len() / SAMPLE).max(1);
    let mut sample: Vec<f32> = values.iter().step_by(stride).copied().collect();
    sample.sort_unstable_by(|a, b| b.total_cmp(a));
    let mut place = (2 * count).div_ceil(stride);
    let least = loop {
        let Some(&least) = sample.get(place) else { break f32::NEG_INFINITY };
        if values.iter().map(|&value| u32::from(value >= least)).sum::<u32>() as usize >= count {
            break least;
        }
        place *= 2;
    };
    let found = values.iter().enumerate().filter(|&(_, &value)| value >= least);
    let mut keys: Vec<u64> = found.map(|(id, &value)| key(id, value)).collect();
    keys.sort_unstable();
    keys.iter().map(|&key| key as u32).collect()
}

/// The indices of `values` by falling value, equal values by rising index.
fn descending(values: &[f32]) -> Vec<u32> {
    let mut keys: Vec<u64> = values.iter().enumerate().map(|(id, &value)| key(id, value)).collect();
    // Radix sort, least digit first: stable, so equal values keep the order of their ids.
    let mut sorted = vec![0; keys.len()];
    for digit in [32, 43, 54] {
        let place = |key: u64| ((key >> digit) & 2047) as usize;
        let mut starts = [0_usize; 2048];
        for &key in &keys {
            starts[place(key)] += 1;
        }
        let mut start = 0;
        for slot in &mut starts {
            start += std::mem::replace(slot, start);
        }
        for &key in &keys {
            let slot = &mut starts[place(key)];
            sorted[*slot] = key;
            *slot += 1;
        }
        std::mem::swap(&mut keys, &mut sorted);
    }
    keys.iter().map(|&key| key as u32).collect()
}

/// A number that orders by falling value, then by rising index, which stands in its low half.
fn key(id: usize, value: f32) -> u64 {
    (u64::from(!ascending_bits(value)) << 32) | id as u64
}

/// An integer that orders as the float does, −0 and +0 alike.
fn ascending_bits(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 0 { bits | 0x8000_0000 } else { !bits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_the_beginning_of_the_order_whatever_the_values() {
        let noise = |i: u32| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 20) as f32;
        for spread in [0.0, 1e-6, 1.0, 50.0, 1e30] {
            let values: Vec<f32> = (0..9000).map(|i| noise(i) * spread).collect();
            let scores = Scores::new(values);
            let front = scores.front(10).to_vec();
            assert!(front.len() >= FRONT, "{spread}");
            assert_eq!(front, scores.order()[..front.len()], "{spread}");
        }
        let mut hidden = vec![f32::NEG_INFINITY; 5000];
        hidden[77] = -3.0;
        let scores = Scores::new(hidden);
        assert_eq!((scores.front(1)[0], scores.present(), scores.greatest()), (77, 1, -3.0));
    }

    #[test]
    fn sums_are_the_same_bits_on_every_instruction_set_and_right() {
        let values: Vec<f32> = (0..1003).map(|i| (i as f32 * 0.37).sin() * 9.0).chain([f32::NEG_INFINITY]).collect();
        for inverse in [0.0, 1.0, 1.25, 1e3] {
            let mut all = Isa::available().map(|isa| isa.softmax_sums(&values, 9.0, inverse));
            let first = all.next().expect("one instruction set is always there");
            assert!(all.all(|other| other == first));
            let d = |value: &f32| ((f64::from(*value) - 9.0) * inverse).max(LEAST);
            let expected: f64 = values.iter().map(|value| d(value).exp()).sum();
            assert!((first[0] / expected - 1.0).abs() < 1e-12, "{inverse}");
            let expected: f64 = values.iter().map(|value| -d(value) * d(value).exp()).sum();
            assert!((first[1] - expected).abs() <= 1e-12 * expected.abs(), "{inverse}");
        }
    }
}
