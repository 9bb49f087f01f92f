//! The products of attention: queries with keys, weights with values.

#![expect(unsafe_code, reason = "kernels take rows by pointer")]

use std::array;

use super::{
    Isa,
    kernels::{PANEL, TALLEST},
};
use crate::lm::elementary::exp32;

/// Products of each query (`queries`, `[rows, width]`) with each key (`[width]`), into `out` (`[rows, stride]`, of which
/// the first `keys.len()` columns are written). Each is what [`Isa::dot`] gives, to the bit.
pub(crate) fn scores(isa: Isa, queries: &[f32], width: usize, keys: &[&[f32]], out: &mut [f32], stride: usize) {
    assert!(keys.iter().all(|key| key.len() == width), "keys are as wide as queries");
    let tiles = isa.tiles().products;
    for (group, keys) in keys.chunks(PANEL).enumerate() {
        let panel = array::from_fn(|i| keys[i.min(keys.len() - 1)].as_ptr());
        for (q, out) in queries.chunks(tiles.len() * width).zip(out.chunks_mut(tiles.len() * stride)) {
            let height = q.len() / width;
            let mut products = [[0.0; PANEL]; TALLEST];
            // SAFETY: `Isa` has kernels only for instructions that are there; keys and queries are `width` long.
            unsafe { tiles[height - 1](panel, q.as_ptr(), width, width, products.as_mut_ptr()) };
            for (products, out) in products[..height].iter().zip(out.chunks_mut(stride)) {
                out[group * PANEL..][..keys.len()].copy_from_slice(&products[..keys.len()]);
            }
        }
    }
}

/// The values (`[width]` each) mixed by each row of weights (`[rows, stride]`, a column for each value), in ascending
/// order, into `out` (`[rows, width]`).
pub(crate) fn mixtures(isa: Isa, weights: &[f32], stride: usize, values: &[&[f32]], width: usize, out: &mut [f32]) {
    const GROUP: usize = 64;
    assert!(
        values.iter().all(|value| value.len() == width) && values.len() <= stride,
        "values fit weights and outputs"
    );
    out.fill(0.0);
    let tiles = isa.tiles().mixtures;
    for (group, values) in values.chunks(GROUP).enumerate() {
        let mut pointers = [values[0].as_ptr(); GROUP];
        pointers.iter_mut().zip(values).for_each(|(pointer, value)| *pointer = value.as_ptr());
        let rows = weights.chunks(tiles.len() * stride).zip(out.chunks_mut(tiles.len() * width));
        for (weights, out) in rows {
            let height = out.len() / width;
            assert!(height * stride <= weights.len(), "each output has its weights");
            let weights = weights[group * GROUP..].as_ptr();
            // SAFETY: `Isa` has kernels only for instructions that are there; each of `height` rows has a weight for each
            // of these values, and values and outputs are `width` long.
            unsafe { tiles[height - 1](&pointers[..values.len()], weights, stride, width, out.as_mut_ptr()) };
        }
    }
}

/// See [`Isa::exponentials`]; sums in sixteen lanes.
#[inline(always)]
#[allow(clippy::inline_always, reason = "compiled once for every instruction set")]
pub(super) fn exponentials(row: &mut [f32]) -> (f32, f32) {
    const LANES: usize = 16;
    let greater = |a: f32, b: f32| if a > b { a } else { b };
    let (chunks, rest) = row.as_chunks_mut::<LANES>();
    let mut most = [f32::NEG_INFINITY; LANES];
    for chunk in &*chunks {
        most = array::from_fn(|i| greater(chunk[i], most[i]));
    }
    let most = most.into_iter().chain(rest.iter().copied()).fold(f32::NEG_INFINITY, greater);
    if most == f32::NEG_INFINITY {
        row.fill(0.0);
        return (most, 0.0);
    }
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for (x, sum) in chunk.iter_mut().zip(&mut sums) {
            *x = exp32(*x - most);
            *sum += *x;
        }
    }
    for (x, sum) in rest.iter_mut().zip(&mut sums) {
        *x = exp32(*x - most);
        *sum += *x;
    }
    (most, sums.into_iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u32, length: usize) -> Vec<f32> {
        (0..length as u32)
            .map(|i| ((i + seed).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0)
            .collect()
    }

    #[test]
    fn every_instruction_set_scores_and_mixes_as_sums_in_float64_do_whatever_the_shape() {
        for (rows, width, length) in [(1, 5, 1), (2, 16, 3), (3, 64, 70), (7, 80, 130), (9, 100, 65), (13, 20, 9)] {
            let (q, k, v) = (noise(1, rows * width), noise(2, length * width), noise(3, length * width));
            let (k, v): (Vec<_>, Vec<_>) = (k.chunks(width).collect(), v.chunks(width).collect());
            let stride = length + 3;
            let weights = noise(4, rows * stride);
            for isa in Isa::available() {
                let mut found = vec![0.0; rows * stride];
                scores(isa, &q, width, &k, &mut found, stride);
                for (q, found) in q.chunks(width).zip(found.chunks(stride)) {
                    for (k, found) in k.iter().zip(found) {
                        assert_eq!(*found, isa.dot(q, k), "{isa:?} {rows} {width} {length}");
                        let sum: f64 = q.iter().zip(*k).map(|(q, k)| f64::from(*q) * f64::from(*k)).sum();
                        assert!((f64::from(*found) - sum).abs() < 1e-5, "{isa:?} {rows} {width} {length}");
                    }
                }
                let mut mixed = vec![f32::NAN; rows * width];
                mixtures(isa, &weights, stride, &v, width, &mut mixed);
                for (weights, mixed) in weights.chunks(stride).zip(mixed.chunks(width)) {
                    for (column, mixed) in mixed.iter().enumerate() {
                        let terms = weights.iter().zip(&v).map(|(w, v)| f64::from(*w) * f64::from(v[column]));
                        assert!((f64::from(*mixed) - terms.sum::<f64>()).abs() < 1e-5, "{isa:?} {rows} {width}");
                    }
                }
            }
        }
    }

    #[test]
    fn exponentials_are_the_same_bits_on_every_instruction_set_and_zero_where_nothing_is_seen() {
        for length in [1, 15, 16, 17, 100] {
            let mut row = noise(5, length);
            row[0] = f32::NEG_INFINITY;
            let mut all = Isa::available().map(|isa| {
                let mut row = row.clone();
                let (most, sum) = isa.exponentials(&mut row);
                (most, sum, row)
            });
            let first = all.next().expect("one instruction set is always there");
            assert!(all.all(|other| other == first), "{length}");
            assert_eq!(first.2[0], 0.0);
        }
        assert_eq!(Isa::Portable.exponentials(&mut [f32::NEG_INFINITY; 20]), (f32::NEG_INFINITY, 0.0));
    }
}
