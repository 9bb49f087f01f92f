//! Attention that sees how far apart two tokens are.

use std::ops::Range;

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

/// The keys of distances, which are the same wherever two positions stand that far apart: what was computed is kept.
#[derive(Debug, Default)]
pub(crate) struct DistanceKeys {
    /// Of 0, 1, 2 and so on, `[distances, heads × head_width]`: a query at or behind the key.
    behind: Vec<f32>,
    /// Of −1, −2 and so on: a query before the key.
    ahead: Vec<f32>,
    stride: usize,
}

/// Distances that keys are made room for at a time, at the least.
const ROOM: usize = 64;

impl DistanceKeys {
    /// Computes the keys of the distances from every one of `queries` to every one of `0..length` that are not there yet.
    pub(crate) fn reach(
        &mut self,
        relative: &Relative,
        queries: Range<usize>,
        length: usize,
        farthest: Option<usize>,
        workspace: (&mut Team, Isa, &mut Activations),
    ) {
        let (team, isa, sinusoids) = workspace;
        let (stride, width) = (relative.key.matrix.rows(), relative.key.matrix.columns());
        self.stride = stride;
        let most = farthest.and_then(|farthest| isize::try_from(farthest).ok()).unwrap_or(isize::MAX);
        let before = length.saturating_sub(1).saturating_sub(queries.start);
        for (keys, wanted, sign, first) in [(&mut self.behind, queries.end, 1, 0), (&mut self.ahead, before, -1, 1)] {
            let known = keys.len() / stride.max(1);
            if wanted <= known {
                continue;
            }
            sinusoids.reset(wanted - known, width);
            for i in 0..wanted - known {
                let distance = sign * (known + i + first) as isize;
                sinusoid(distance.clamp(-most, most), width as f64 / 2.0, sinusoids.row_mut(i));
            }
            if wanted * stride > keys.capacity() {
                keys.reserve_exact(wanted.max(2 * known).max(ROOM) * stride - keys.len());
            }
            keys.resize(wanted * stride, 0.0);
            multiply(team, isa, sinusoids, std::slice::from_ref(&relative.key), &mut keys[known * stride..], stride);
        }
    }

    fn of(&self, distance: isize) -> &[f32] {
        let (keys, index) = if distance >= 0 { (&self.behind, distance) } else { (&self.ahead, -1 - distance) };
        &keys[index as usize * self.stride..][..self.stride]
    }
}

/// The keys that a model's layers have computed so far.
#[derive(Debug, Default)]
pub(crate) struct KeptKeys {
    /// Whose they are.
    model: u64,
    layers: Vec<DistanceKeys>,
}

impl KeptKeys {
    /// Those of a layer of this model, to be lent; another model's are forgotten.
    pub(crate) fn take(&mut self, model: u64, layer: usize) -> DistanceKeys {
        if self.model != model {
            *self = Self { model, layers: Vec::new() };
        }
        self.layers.get_mut(layer).map(std::mem::take).unwrap_or_default()
    }

    /// Takes them back.
    pub(crate) fn keep(&mut self, layer: usize, keys: DistanceKeys) {
        if self.layers.len() <= layer {
            self.layers.resize_with(layer + 1, DistanceKeys::default);
        }
        self.layers[layer] = keys;
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
    /// Writes what of a head's query, `[head_width]`, meets the keys' content.
    pub(crate) fn content(&self, q: &[f32], head: usize, out: &mut [f32]) {
        out.copy_from_slice(q);
        if let Self::Sinusoids { relative, .. } = self {
            plus(out, &relative.content_bias, head);
        }
    }

    /// Writes what of a head's query, `[head_width]`, meets distances.
    pub(crate) fn asking(&self, q: &[f32], head: usize, out: &mut [f32]) {
        out.copy_from_slice(q);
        if let Self::Sinusoids { relative, .. } = self {
            plus(out, &relative.distance_bias, head);
        }
    }

    /// Adds to the scaled products of a head's query at `place` with the keys from `first` on what their distances add; `q`
    /// is what [asks](Self::asking) of them.
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
            Self::Sinusoids { keys, .. } => {
                for (key, product) in (first..).zip(products) {
                    let key = &keys.of(place as isize - key as isize)[head * q.len()..][..q.len()];
                    *product += isa.dot(q, key) * scale;
                }
            }
        }
    }
}

/// Adds a head's part of a bias to its query.
fn plus(q: &mut [f32], bias: &[f32], head: usize) {
    let bias = &bias[head * q.len()..];
    q.iter_mut().zip(bias).for_each(|(q, bias)| *q += bias);
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
