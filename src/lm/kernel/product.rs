//! Products of whole matrices, shared among the threads of a team.

#![expect(unsafe_code, reason = "threads write disjoint parts of one output")]

use std::{array, marker::PhantomData, ops::Range, slice};

use super::{
    Activations, Isa, LANE, Team, dequantize,
    kernels::{Kernels, PANEL, Stream, TALLEST},
    scratch, transposed,
};
use crate::lm::matrix::{Linear, Matrix};

/// A slice that threads write disjoint parts of.
#[derive(Clone, Copy)]
pub(super) struct Out<'a> {
    start: *mut f32,
    length: usize,
    borrow: PhantomData<&'a mut [f32]>,
}

// SAFETY: the methods that write demand disjointness of their callers.
unsafe impl Sync for Out<'_> {}

impl<'a> Out<'a> {
    pub(super) fn new(slice: &'a mut [f32]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), borrow: PhantomData }
    }

    /// A part of the slice, emptied if it does not lie within.
    ///
    /// # Safety
    /// Nobody else holds any of these elements.
    pub(super) unsafe fn slice(&self, start: usize, length: usize) -> &'a mut [f32] {
        if start.checked_add(length).is_none_or(|end| end > self.length) {
            return &mut [];
        }
        // SAFETY: the range lies within the slice, and the caller promises that it is not shared.
        unsafe { slice::from_raw_parts_mut(self.start.add(start), length) }
    }
}

/// Multiplies every row of `input` by each matrix, adds its bias, and writes the outputs one after the other into the
/// columns of `out` (`[rows, stride]`).
pub(crate) fn multiply(
    team: &mut Team,
    isa: Isa,
    input: &Activations,
    linears: &[Linear],
    out: &mut [f32],
    stride: usize,
) {
    let total: usize = linears.iter().map(|linear| linear.matrix.rows()).sum();
    assert!(total <= stride && input.rows * stride <= out.len(), "the outputs fit their buffer");
    assert!(linears.iter().all(|linear| linear.matrix.columns() == input.width), "matrix and activations agree");
    // Enough units that a thread which comes late costs little, each long enough that taking it costs nothing.
    let unit = if team.threads() == 1 { total } else { (total / (4 * team.threads())).clamp(LANE, 512) };
    let unit = unit.next_multiple_of(LANE);
    let units: usize = linears.iter().map(|linear| linear.matrix.rows().div_ceil(unit)).sum();
    let out = Out::new(out);
    team.run(units, &|number| {
        let (mut number, mut offset) = (number, 0);
        for linear in linears {
            let rows = linear.matrix.rows();
            let mine = rows.div_ceil(unit);
            if number < mine {
                let start = number * unit;
                let end = rows.min(start + unit);
                let place = Place { out, stride, offset, scale: linear.matrix.scale, bias: linear.bias.as_deref() };
                part(isa, &linear.matrix, start..end, input, &place);
                return;
            }
            number -= mine;
            offset += rows;
        }
    });
}

/// Where a matrix's outputs go, what they are multiplied by and what is added to them on the way.
pub(super) struct Place<'a> {
    out: Out<'a>,
    stride: usize,
    offset: usize,
    scale: f32,
    bias: Option<&'a [f32]>,
}

impl Place<'_> {
    /// Writes the outputs of matrix rows `row..row + values.len()` for activation row `i`.
    pub(super) fn set(&self, i: usize, row: usize, values: &[f32]) {
        // SAFETY: each (matrix, row) belongs to one unit, and each unit is computed once.
        let out = unsafe { self.out.slice(i * self.stride + self.offset + row, values.len()) };
        assert!(out.len() == values.len(), "outputs lie within their buffer");
        match self.bias {
            Some(bias) => {
                let each = out.iter_mut().zip(values).zip(&bias[row..]);
                each.for_each(|((out, x), bias)| *out = x * self.scale + bias);
            }
            None => out.iter_mut().zip(values).for_each(|(out, x)| *out = x * self.scale),
        }
    }
}

/// Some rows of a matrix with all activations.
fn part(isa: Isa, matrix: &Matrix, rows: Range<usize>, input: &Activations, place: &Place<'_>) {
    if matrix.transposed {
        transposed::part(isa, matrix, rows, input, place);
        return;
    }
    let kernels = isa.kernels(matrix.dtype);
    match kernels.stream {
        Some(stream) if input.rows == 1 && input.width == input.stride => streamed(stream, matrix, rows, input, place),
        _ => panels(&kernels, matrix, rows, input, place),
    }
}

/// One row of activations: weights are expanded where they are multiplied, and pass by once.
fn streamed(stream: Stream, matrix: &Matrix, rows: Range<usize>, input: &Activations, place: &Place<'_>) {
    let x = input.row(0);
    let (bytes, stride): (&[u8], _) = (&matrix.bytes, matrix.row(rows.start).len());
    for first in rows.clone().step_by(PANEL) {
        let count = PANEL.min(rows.end - first);
        // What is not there is computed from the last row that is, and not kept.
        let panel = &bytes[first * stride..][..count * stride];
        let weights = array::from_fn(|w| panel[w.min(count - 1) * stride..].as_ptr());
        // SAFETY: `Isa` has kernels only for instructions that are there; a row of the matrix is as wide as `x`.
        let products = unsafe { stream(weights, x.len() / LANE, x.as_ptr()) };
        place.set(0, first, &products[..count]);
    }
}

/// Several rows of activations: a panel of matrix rows is expanded into the nearest cache and multiplies all of them.
fn panels(kernels: &Kernels, matrix: &Matrix, rows: Range<usize>, input: &Activations, place: &Place<'_>) {
    let stride = input.stride;
    scratch::with(PANEL * stride, |panel| {
        for first in rows.clone().step_by(PANEL) {
            let count = PANEL.min(rows.end - first);
            for (row, weights) in panel.chunks_exact_mut(stride).take(count).enumerate() {
                expand(kernels, matrix, first + row, weights);
            }
            let weights = array::from_fn(|w| panel[w * stride..][..stride].as_ptr());
            let tiles = kernels.tiles.products;
            for (i, x) in input.values.chunks(tiles.len() * stride).enumerate() {
                let i = i * tiles.len();
                let mut products = [[0.0; PANEL]; TALLEST];
                let height = x.len() / stride;
                // SAFETY: `Isa` has kernels only for instructions that are there; `x` and the panel have rows of `stride`.
                unsafe { tiles[height - 1](weights, x.as_ptr(), stride, stride, products.as_mut_ptr()) };
                for (r, products) in products[..height].iter().enumerate() {
                    place.set(i + r, first, &products[..count]);
                }
            }
        }
    });
}

/// Expands a row of the matrix into `weights`, padded with zeros.
fn expand(kernels: &Kernels, matrix: &Matrix, row: usize, weights: &mut [f32]) {
    let (bytes, width) = (matrix.row(row), matrix.columns());
    let (elements, size) = matrix.dtype.block();
    let mut done = 0;
    if let Some(expand) = kernels.expand {
        // SAFETY: `Isa` has kernels only for instructions that are there; the row has this many whole lanes.
        unsafe { expand(bytes.as_ptr(), width / LANE, weights.as_mut_ptr()) };
        done = width / LANE * LANE;
    }
    dequantize(matrix.dtype, &bytes[done / elements * size..], &mut weights[done..width]);
    weights[width..].fill(0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lm::checkpoint::{Bytes, Dtype, Tensor};

    /// Bytes and activations that look random and are always the same.
    struct Noise(u32);

    impl Noise {
        fn next(&mut self) -> u32 {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            self.0 >> 8
        }

        fn float(&mut self) -> f32 {
            self.next() as f32 / (1 << 23) as f32 - 1.0
        }
    }

    /// A matrix of the type with scales near one.
    fn matrix(dtype: Dtype, rows: usize, columns: usize, transposed: bool) -> Matrix {
        let mut noise = Noise(7);
        let (elements, size) = dtype.block();
        let mut bytes = Vec::new();
        for _ in 0..rows * columns / elements {
            let mut block: Vec<u8> = (0..size).map(|_| noise.next() as u8).collect();
            let scale = noise.float();
            match dtype {
                Dtype::F32 => block.copy_from_slice(&scale.to_le_bytes()),
                Dtype::Int8 => {}
                Dtype::Mxfp4 => block[0] = 120 + (block[0] & 7),
                Dtype::BF16 => block.copy_from_slice(&half::bf16::from_f32(scale).to_le_bytes()),
                _ => {
                    // Every 16-bit scale sits at the block's beginning or end.
                    let scale = half::f16::from_f32(scale).to_le_bytes();
                    for at in [0, size.saturating_sub(4), size - 2] {
                        block[at..at + 2].copy_from_slice(&scale);
                    }
                    if size > 4 {
                        block[2..4].copy_from_slice(&scale);
                    }
                }
            }
            bytes.extend(block);
        }
        let shape = if transposed { vec![columns, rows] } else { vec![rows, columns] };
        let scale = if dtype == Dtype::Int8 { 0.0078 } else { 1.0 };
        let tensor = Tensor { dtype, shape, bytes: Bytes::from(bytes), scale };
        Matrix::new("matrix", &tensor, rows, columns, transposed).expect("the shape is the matrix's")
    }

    fn activations(rows: usize, width: usize) -> Activations {
        let mut noise = Noise(11);
        let mut activations = Activations::default();
        activations.reset(rows, width);
        for row in activations.rows_mut() {
            row.fill_with(|| noise.float());
        }
        activations
    }

    fn product(threads: usize, isa: Isa, input: &Activations, linears: &[Linear]) -> Vec<f32> {
        let stride = linears.iter().map(|linear| linear.matrix.rows).sum();
        let mut out = vec![0.0; input.rows * stride];
        multiply(&mut Team::new(threads), isa, input, linears, &mut out, stride);
        out
    }

    /// Every type in a shape that ends within a lane where the type allows, and two matrices at once.
    fn cases() -> impl Iterator<Item = (Dtype, usize, Vec<Linear>)> {
        Dtype::ALL.into_iter().flat_map(|dtype| {
            let transposes: &[bool] = if dtype.block().0 == 1 { &[false, true] } else { &[false] };
            transposes.iter().map(move |&transposed| {
                let columns = if dtype.block().0 == 1 { 300 } else { 512 };
                let first = Linear { matrix: matrix(dtype, 67, columns, transposed), bias: None };
                let bias = Some((0..35).map(|i| i as f32).collect());
                let second = Linear { matrix: matrix(dtype, 35, columns, transposed), bias };
                (dtype, columns, vec![first, second])
            })
        })
    }

    fn expanded_row(matrix: &Matrix, row: usize) -> Vec<f32> {
        let mut weights = vec![0.0; matrix.columns];
        if matrix.transposed {
            let mut all = vec![0.0; matrix.rows * matrix.columns];
            dequantize(matrix.dtype, &matrix.bytes, &mut all);
            weights = all.into_iter().skip(row).step_by(matrix.rows).map(|weight| weight * matrix.scale).collect();
        } else {
            matrix.expand_row(row, &mut weights);
        }
        weights
    }

    #[test]
    fn vector_products_agree_with_sums_in_float64() {
        for (dtype, columns, linears) in cases() {
            let input = activations(3, columns);
            for isa in Isa::available() {
                let found = product(2, isa, &input, &linears);
                for (i, found) in found.chunks_exact(102).enumerate() {
                    let mut found = found.iter();
                    for linear in &linears {
                        for row in 0..linear.matrix.rows {
                            let weights = expanded_row(&linear.matrix, row);
                            let terms = weights.iter().zip(input.row(i));
                            let terms: Vec<_> = terms.map(|(w, x)| f64::from(*w) * f64::from(*x)).collect();
                            let mut sum: f64 = terms.iter().sum();
                            let size: f64 = terms.iter().map(|term| term.abs()).sum();
                            sum += f64::from(linear.bias.as_ref().map_or(0.0, |bias| bias[row]));
                            let found = f64::from(*found.next().expect("an output for every row"));
                            assert!(
                                (found - sum).abs() <= 2e-6 * (size + 35.0),
                                "{dtype} {isa:?} {i} {row}: {found}, {sum}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn rows_are_expanded_to_the_bits_of_the_scalar_code() {
        for (dtype, columns, linears) in cases() {
            for isa in Isa::available() {
                for linear in linears.iter().filter(|linear| !linear.matrix.transposed) {
                    let mut weights = vec![f32::NAN; columns.next_multiple_of(LANE)];
                    for row in 0..linear.matrix.rows {
                        expand(&isa.kernels(dtype), &linear.matrix, row, &mut weights);
                        for weight in &mut weights {
                            *weight *= linear.matrix.scale;
                        }
                        let (weights, padding) = weights.split_at(columns);
                        assert_eq!(weights, expanded_row(&linear.matrix, row), "{dtype} {isa:?} {row}");
                        assert!(padding.iter().all(|x| *x == 0.0), "{dtype} {isa:?}: padding");
                    }
                }
            }
        }
    }

    #[test]
    fn every_sixteen_bit_float_is_expanded_to_the_value_of_the_scalar_code() {
        let all: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        for dtype in [Dtype::F16, Dtype::BF16] {
            let mut expected = vec![0.0; 1 << 16];
            dequantize(dtype, &all, &mut expected);
            let tensor = Tensor { dtype, shape: vec![1, 1 << 16], bytes: Bytes::from(all.clone()), scale: 1.0 };
            let matrix = Matrix::new("matrix", &tensor, 1, 1 << 16, false).expect("the shape is the matrix's");
            for isa in Isa::available() {
                let mut weights = vec![0.0; 1 << 16];
                expand(&isa.kernels(dtype), &matrix, 0, &mut weights);
                for (found, expected) in weights.iter().zip(&expected) {
                    let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
                    assert!(same, "{dtype} {isa:?}: {found}, {expected}");
                }
            }
        }
    }

    #[test]
    fn neither_threads_nor_companions_change_a_bit() {
        for (dtype, columns, linears) in cases() {
            for isa in Isa::available() {
                let eleven = activations(11, columns);
                let one = product(1, isa, &eleven, &linears);
                assert_eq!(one, product(3, isa, &eleven, &linears), "{dtype} {isa:?}: threads");
                for rows in 1..10 {
                    let few = product(1, isa, &activations(rows, columns), &linears);
                    assert_eq!(one[..102 * rows], few, "{dtype} {isa:?}: {rows} rows");
                }
            }
        }
    }
}
