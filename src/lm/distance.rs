//! Attention that sees how far apart two tokens are.

use std::borrow::Cow;

use super::{
    kernel::{Activations, Isa, Team, multiply},
    weights::Relative,
};

/// What the distance between a query and a key adds to their product.
pub(crate) enum Distances<'a> {
    /// Nothing.
    None,
    /// A learned number per head and bucket of distances (Raffel et al. 2019, section 2.1).
    Buckets {
        /// `[buckets, heads]`
        table: &'a [f32],
        heads: usize,
        buckets: usize,
        farthest: usize,
        /// Whether what lies ahead has buckets of its own.
        both_ways: bool,
    },
    /// The product of the query with a key made of the distance (Dai et al. 2019, section 3.3).
    Sinusoids { relative: &'a Relative, keys: DistanceKeys },
}

/// The keys of all distances that a pass needs.
pub(crate) struct DistanceKeys {
    /// The least distance.
    first: isize,
    /// `[distances, heads × head_width]`
    keys: Vec<f32>,
    stride: usize,
}

impl DistanceKeys {
    /// The keys of the distances from every one of `queries` to every one of `0..length`.
    pub(crate) fn new(
        relative: &Relative,
        queries: std::ops::Range<usize>,
        length: usize,
        team: &mut Team,
        isa: Isa,
        farthest: Option<usize>,
    ) -> Self {
        let (stride, width) = (relative.key.matrix.rows(), relative.key.matrix.columns());
        let first = queries.start as isize - length.saturating_sub(1) as isize;
        let count = (queries.end as isize - first).max(0) as usize;
        let most = farthest.and_then(|farthest| isize::try_from(farthest).ok()).unwrap_or(isize::MAX);
        let mut sinusoids = Activations::default();
        sinusoids.reset(count, width);
        for i in 0..count {
            sinusoid((first + i as isize).clamp(-most, most), width as f64 / 2.0, sinusoids.row_mut(i));
        }
        let mut keys = vec![0.0; count * stride];
        multiply(team, isa, &sinusoids, std::slice::from_ref(&relative.key), &mut keys, stride);
        Self { first, keys, stride }
    }

    fn of(&self, distance: isize) -> &[f32] {
        &self.keys[(distance - self.first) as usize * self.stride..][..self.stride]
    }
}

/// Sines, then cosines of a distance at geometrically falling frequencies, `[width]` (Vaswani et al. 2017, section 3.5): from
/// 1 on, the one after so many `steps` is 1/10000.
pub(super) fn sinusoid(distance: isize, steps: f64, out: &mut [f32]) {
    let half = out.len() / 2;
    for i in 0..half {
        // Frequency and angle are rounded to float32, as the reference implementation rounds them.
        let frequency = (1.0 / 10_000_f64.powf(i as f64 / steps)) as f32;
        let angle = f64::from(distance as f32 * frequency);
        out[i] = angle.sin() as f32;
        out[half + i] = angle.cos() as f32;
    }
}

impl Distances<'_> {
    /// What of a head's query, `[head_width]`, meets the keys' content.
    pub(crate) fn content<'a>(&self, q: &'a [f32], head: usize) -> Cow<'a, [f32]> {
        match self {
            Self::None | Self::Buckets { .. } => Cow::Borrowed(q),
            Self::Sinusoids { relative, .. } => Cow::Owned(plus(q, &relative.content_bias, head)),
        }
    }

    /// Adds to the scaled products of a head's query at `place` with the keys from `first` on what their distances add.
    #[expect(clippy::too_many_arguments, reason = "a query, where it stands, and the row of its products")]
    pub(crate) fn add(
        &self,
        isa: Isa,
        q: &[f32],
        head: usize,
        place: usize,
        first: usize,
        scale: f32,
        products: &mut [f32],
    ) {
        match self {
            Self::None => {}
            Self::Buckets { table, heads, buckets, farthest, both_ways } => {
                for (key, product) in (first..).zip(products) {
                    let bucket = bucket(key as isize - place as isize, *buckets, *farthest, *both_ways);
                    *product += table[bucket * heads + head];
                }
            }
            Self::Sinusoids { relative, keys } => {
                let q = plus(q, &relative.distance_bias, head);
                for (key, product) in (first..).zip(products) {
                    let key = &keys.of(place as isize - key as isize)[head * q.len()..][..q.len()];
                    *product += isa.dot(&q, key) * scale;
                }
            }
        }
    }
}

/// A head's query with its part of a bias.
fn plus(q: &[f32], bias: &[f32], head: usize) -> Vec<f32> {
    q.iter().zip(&bias[head * q.len()..]).map(|(q, bias)| q + bias).collect()
}

/// The bucket of a key that lies `ahead` of its query: the nearer half of the distances have one each, the others share
/// them by the logarithm of the distance.
fn bucket(ahead: isize, buckets: usize, farthest: usize, both_ways: bool) -> usize {
    let (buckets, start) =
        if both_ways { (buckets / 2, if ahead > 0 { buckets / 2 } else { 0 }) } else { (buckets, 0) };
    let distance = if both_ways { ahead.unsigned_abs() } else { (-ahead).max(0) as usize };
    let exact = buckets / 2;
    if distance < exact {
        return start + distance;
    }
    let ln = |x: f64| x.ln() as f32;
    // In float32, as the reference implementation rounds it.
    let share = ln(f64::from(distance as f32 / exact as f32)) / ln(farthest as f64 / exact as f64);
    let far = exact + (share * (buckets - exact) as f32) as usize;
    start + far.min(buckets.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_fall_into_the_buckets_of_the_reference_implementation() {
        // `T5Attention._relative_position_bucket` of transformers, 32 buckets up to distance 128.
        let ahead = [-300, -128, -100, -50, -17, -16, -15, -8, -7, -1, 0, 1, 7, 8, 11, 12, 16, 23, 50, 127];
        let both = [15, 15, 15, 13, 10, 10, 9, 8, 7, 1, 0, 17, 23, 24, 24, 25, 26, 27, 29, 31];
        let back = [31, 31, 30, 24, 16, 16, 15, 8, 7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        for ((ahead, both), back) in ahead.into_iter().zip(both).zip(back) {
            assert_eq!(bucket(ahead, 32, 128, true), both, "{ahead} both ways");
            assert_eq!(bucket(ahead, 32, 128, false), back, "{ahead} back");
        }
    }
}
