//! Normalisation of vectors.

use super::{blueprint::Norm, weights::NormWeights};

/// Writes the normalised `x` into `out`, both `[width]`.
pub(crate) fn normalize(kind: Norm, weights: &NormWeights, epsilon: f32, x: &[f32], out: &mut [f32]) {
    out.copy_from_slice(x);
    normalize_in_place(kind, weights, epsilon, out);
}

/// The same in place.
pub(crate) fn normalize_in_place(kind: Norm, weights: &NormWeights, epsilon: f32, x: &mut [f32]) {
    let width = x.len() as f32;
    let mean = match kind {
        Norm::Layer => sum(x.iter().copied()) / width,
        Norm::Rms => 0.0,
    };
    let variance = sum(x.iter().map(|x| (x - mean) * (x - mean))) / width;
    let factor = 1.0 / (variance + epsilon).sqrt();
    for (x, scale) in x.iter_mut().zip(&weights.scale) {
        *x = (*x - mean) * factor * scale;
    }
    for (x, shift) in x.iter_mut().zip(weights.shift.iter().flatten()) {
        *x += shift;
    }
}

/// A sum in eight interleaved parts, so that it may run in vector registers, always in the same order.
fn sum(values: impl Iterator<Item = f32>) -> f32 {
    let mut parts = [0.0_f32; 8];
    for (i, value) in values.enumerate() {
        parts[i % 8] += value;
    }
    let [a, b, c, d, e, f, g, h] = parts;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}
