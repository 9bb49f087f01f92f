//! Products with matrices that the file stores `[in, out]`, as GPT-2's.

use std::ops::Range;

use super::{Activations, Isa, dequantize, product::Place, scratch};
use crate::lm::matrix::Matrix;

/// Outputs `outputs` of a transposed matrix: each input adds its share of the row of weights that leaves it.
///
/// Shares are added up in groups of 32 inputs, so that long sums keep their digits.
pub(super) fn part(isa: Isa, matrix: &Matrix, outputs: Range<usize>, input: &Activations, place: &Place<'_>) {
    let (_, size) = matrix.dtype.block();
    let width = outputs.len();
    scratch::with((1 + 2 * input.rows) * width, |scratch| {
        let (weights, sums) = scratch.split_at_mut(width);
        sums.fill(0.0);
        let (totals, groups) = sums.split_at_mut(input.rows * width);
        for column in 0..matrix.columns() {
            let start = (column * matrix.rows() + outputs.start) * size;
            dequantize(matrix.dtype, &matrix.bytes[start..start + width * size], weights);
            for (i, group) in groups.chunks_exact_mut(width).enumerate() {
                isa.add_scaled(input.row(i)[column], weights, group);
            }
            if column % 32 == 31 || column + 1 == matrix.columns() {
                for (total, group) in totals.iter_mut().zip(&mut *groups) {
                    *total += *group;
                    *group = 0.0;
                }
            }
        }
        for (i, totals) in totals.chunks_exact(width).enumerate() {
            place.set(i, outputs.start, totals);
        }
    });
}
