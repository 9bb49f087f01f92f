//! One number for each token, and the tokens in the order of their numbers, as far down as somebody asks.

use std::sync::OnceLock;

use super::{
    elementary::exp64,
    kernel::{Isa, Team},
};

/// So many of the greatest are put in order first, and so many next: few distributions are ever looked at further down.
const FRONTS: [usize; 3] = [1024, 4096, 16_384];

/// More keys than this are faster sorted by their digits than by comparing them.
const FEW: usize = 3072;

/// About so many are looked at to find where the front ends.
const SAMPLE: usize = 2048;

/// So many are summed up or looked through at a time: what the threads of a team share.
const CHUNK: usize = 8192;

/// Scores by token id, `[vocabulary]`, in nats; −∞ is a token that cannot come.
#[derive(Debug)]
pub(crate) struct Scores {
    values: Vec<f32>,
    greatest: f32,
    /// How many are above −∞.
    present: usize,
    /// What [`partition`](Self::partition) sums at inverse temperatures that were known from the start.
    sums: [Option<(f64, [f64; 2])>; 2],
    fronts: [OnceLock<Vec<u32>>; FRONTS.len()],
    order: OnceLock<Vec<u32>>,
}

impl Scores {
    /// `values` are finite or −∞; at least one is finite.
    pub(crate) fn new(values: Vec<f32>) -> Self {
        let both = |_, chunk: &[f32]| (greatest_in(chunk), present_in(chunk));
        let (greatest, present) =
            in_chunks(&values, None, &both, (f32::NEG_INFINITY, 0), |(a, n), (b, m)| (greater(a, b), n + m));
        Self { values, greatest, present, sums: [None; 2], fronts: Default::default(), order: OnceLock::new() }
    }

    /// The same of finite values, with the front of their order and their sums at some inverse temperatures, computed by a
    /// team. It changes no result.
    pub(crate) fn prepared(values: Vec<f32>, inverses: [Option<f64>; 2], team: &mut Team) -> Self {
        let greatest = in_chunks(&values, Some(team), &|_, chunk| greatest_in(chunk), f32::NEG_INFINITY, greater);
        let present = values.len();
        let mut scores =
            Self { values, greatest, present, sums: [None; 2], fronts: Default::default(), order: OnceLock::new() };
        scores.sums = inverses.map(|inverse| inverse.map(|inverse| (inverse, scores.summed(inverse, Some(team)))));
        scores.fronts[0] = OnceLock::from(greatest_of(&scores.values, FRONTS[0].min(present), Some(team)));
        scores
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
        if let Some(order) = self.order.get() {
            return order;
        }
        let Some(which) = FRONTS.iter().position(|&front| front >= count) else { return self.order() };
        self.fronts[which].get_or_init(|| greatest_of(&self.values, FRONTS[which].min(self.values.len()), None))
    }

    /// All tokens by falling score, of equals the lowest id first.
    pub(crate) fn order(&self) -> &[u32] {
        self.order.get_or_init(|| descending(&self.values))
    }

    /// The lengths at which more and more of the order is known: to be walked one after another.
    fn depths(&self) -> impl Iterator<Item = usize> {
        FRONTS.into_iter().chain([self.values.len()]).map(|depth| depth.min(self.values.len()))
    }

    /// Whether `a` comes before `b` in the order.
    pub(crate) fn precedes(&self, a: u32, b: u32) -> bool {
        let (x, y) = (self.values[a as usize], self.values[b as usize]);
        x > y || (x == y && a < b)
    }

    /// Visits the first `count` tokens in their order, each with its [`weight`](Self::weight), until `visit` says no.
    pub(crate) fn walk(&self, count: usize, inverse: f64, visit: &mut impl FnMut(u32, f64) -> bool) {
        let mut rank = 0;
        let mut weights = [0.0; 64];
        for depth in self.depths() {
            let end = depth.min(count);
            for ids in self.front(depth).get(rank..end).unwrap_or_default().chunks(weights.len()) {
                for (weight, &id) in weights.iter_mut().zip(ids) {
                    *weight = self.weight(self.values[id as usize], inverse);
                }
                for (&weight, &id) in weights.iter().zip(ids) {
                    if !visit(id, weight) {
                        return;
                    }
                }
            }
            rank = rank.max(end);
            if rank >= count {
                return;
            }
        }
    }

    /// `exp((value − greatest) / temperature)`; `inverse` is one over the temperature.
    pub(crate) fn weight(&self, value: f32, inverse: f64) -> f64 {
        exp64(((f64::from(value) - f64::from(self.greatest)) * inverse).max(LEAST))
    }

    /// Over all tokens at a temperature: the sum of the [`weights`](Self::weight), and their entropy in nats.
    pub(crate) fn partition(&self, inverse: f64) -> (f64, f64) {
        let known = self.sums.iter().flatten().find(|(at, _)| *at == inverse).map(|(_, sums)| *sums);
        let [sum, weighted] = known.unwrap_or_else(|| self.summed(inverse, None));
        (sum, sum.ln() + weighted / sum)
    }

    /// `Σ e^d` and `Σ −d e^d` of `d = (value − greatest) · inverse`, chunk after chunk.
    fn summed(&self, inverse: f64, team: Option<&mut Team>) -> [f64; 2] {
        let isa = Isa::detect();
        let task = |_, chunk: &[f32]| isa.softmax_sums(chunk, self.greatest, inverse);
        in_chunks(&self.values, team, &task, [0.0; 2], |[sum, weighted], [a, b]| [sum + a, weighted + b])
    }
}

/// What `task` makes of each [`CHUNK`] of `values` and its number, joined in order; with a team, on its threads.
fn in_chunks<T: Send + Sync, A>(
    values: &[f32],
    team: Option<&mut Team>,
    task: &(impl Fn(usize, &[f32]) -> T + Sync),
    start: A,
    join: impl FnMut(A, T) -> A,
) -> A {
    let chunks = || values.chunks(CHUNK).enumerate();
    let Some(team) = team else { return chunks().map(|(number, chunk)| task(number, chunk)).fold(start, join) };
    let made: Vec<OnceLock<T>> = chunks().map(|_| OnceLock::new()).collect();
    team.run(made.len(), &|number| {
        let start = number * CHUNK;
        made[number].get_or_init(|| task(number, &values[start..values.len().min(start + CHUNK)]));
    });
    made.into_iter().filter_map(OnceLock::into_inner).fold(start, join)
}

fn greater(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// In as many lanes as make plain loops into vector instructions.
fn greatest_in(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<16>();
    let mut most = [f32::NEG_INFINITY; 16];
    for chunk in chunks {
        most = std::array::from_fn(|lane| greater(most[lane], chunk[lane]));
    }
    most.into_iter().chain(rest.iter().copied()).fold(f32::NEG_INFINITY, greater)
}

fn present_in(values: &[f32]) -> usize {
    values.iter().map(|&value| u32::from(value > f32::NEG_INFINITY)).sum::<u32>() as usize
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
fn greatest_of(values: &[f32], count: usize, mut team: Option<&mut Team>) -> Vec<u32> {
    // Where a sample says that half as many again are; further down as long as there are too few.
    let stride = (values.len() / SAMPLE).max(1);
    let mut sample: Vec<f32> = values.iter().step_by(stride).copied().collect();
    let mut place = (count + count / 2).div_ceil(stride);
    loop {
        let least = if place < sample.len() {
            *sample.select_nth_unstable_by(place, |a, b| b.total_cmp(a)).1
        } else {
            f32::NEG_INFINITY
        };
        let found = |number: usize, chunk: &[f32]| {
            let mut keys = Vec::new();
            // Most of sixteen in a row are below it, which one comparison of all says.
            for (index, lanes) in chunk.chunks(16).enumerate() {
                if greatest_in(lanes) >= least {
                    let first = number * CHUNK + index * 16;
                    let above = lanes.iter().enumerate().filter(|&(_, &value)| value >= least);
                    keys.extend(above.map(|(lane, &value)| key(first + lane, value)));
                }
            }
            keys
        };
        let keys = in_chunks(values, team.as_deref_mut(), &found, Vec::new(), |mut all, keys| {
            all.extend(keys);
            all
        });
        if keys.len() >= count || place >= sample.len() {
            return sorted(keys);
        }
        place *= 2;
    }
}

/// The indices of `values` by falling value, equal values by rising index.
fn descending(values: &[f32]) -> Vec<u32> {
    sorted(values.iter().enumerate().map(|(id, &value)| key(id, value)).collect())
}

/// The ids of keys that come by rising id, in the order of the keys.
fn sorted(mut keys: Vec<u64>) -> Vec<u32> {
    if keys.len() <= FEW {
        keys.sort_unstable();
        return keys.iter().map(|&key| key as u32).collect();
    }
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
            let values: Vec<f32> = (0..40_000).map(|i| noise(i) * spread).collect();
            let scores = Scores::new(values);
            let fronts = FRONTS.map(|count| scores.front(count).to_vec());
            for (front, count) in fronts.iter().zip(FRONTS) {
                assert!(front.len() >= count, "{spread}");
                assert_eq!(*front, scores.order()[..front.len()], "{spread}");
            }
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

    #[test]
    fn a_team_computes_the_same_bits_as_one_thread_does() {
        let values: Vec<f32> = (0..3 * CHUNK + 77).map(|i| (i as f32 * 0.37).sin() * 9.0).collect();
        let alone = Scores::new(values.clone());
        for threads in [1, 2, 5] {
            let together = Scores::prepared(values.clone(), [Some(1.0), Some(1.25)], &mut Team::new(threads));
            assert!(together.sums.iter().all(Option::is_some));
            for inverse in [1.0, 1.25, 0.5] {
                assert_eq!(together.partition(inverse), alone.partition(inverse));
            }
            assert_eq!((together.greatest(), together.present()), (alone.greatest(), alone.present()));
            assert_eq!(together.front(1), alone.front(1));
        }
    }
}
