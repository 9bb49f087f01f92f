//! Products of whole matrices, shared among the threads of a team.

#![expect(unsafe_code, reason = "threads write disjoint parts of one output")]

use std::{marker::PhantomData, slice};

use super::{Activations, Isa, LANE, Team, dequantize, portable, transposed};
use crate::lm::{
    checkpoint::Dtype,
    matrix::{Linear, Matrix},
};

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

    /// # Safety
    /// Nobody else holds this element.
    unsafe fn set(&self, at: usize, value: f32) {
        assert!(at < self.length, "an output lies within its buffer");
        // SAFETY: the element lies within the slice, and the caller promises that it is not shared.
        unsafe { self.start.add(at).write(value) };
    }
}

/// Outputs are computed in groups of this many where rows are expanded in registers.
const ROWS: usize = 4;
/// Activation rows that share one expansion of a matrix row.
const SHARED: usize = 4;

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
                let place = Place { out, stride, offset, bias: linear.bias.as_deref() };
                part(isa, &linear.matrix, start..end, input, &place);
                return;
            }
            number -= mine;
            offset += rows;
        }
    });
}

/// Where a matrix's outputs go, and what is added to them on the way.
pub(super) struct Place<'a> {
    out: Out<'a>,
    stride: usize,
    offset: usize,
    bias: Option<&'a [f32]>,
}

impl Place<'_> {
    /// Writes the output of matrix row `row` for activation row `i`.
    pub(super) fn set(&self, i: usize, row: usize, value: f32) {
        let bias = self.bias.map_or(0.0, |bias| bias[row]);
        // SAFETY: each (matrix, row) belongs to one unit, and each unit is computed once.
        unsafe { self.out.set(i * self.stride + self.offset + row, value + bias) };
    }
}

/// Some rows of a matrix with all activations.
fn part(isa: Isa, matrix: &Matrix, rows: std::ops::Range<usize>, input: &Activations, place: &Place<'_>) {
    if matrix.transposed {
        transposed::part(isa, matrix, rows, input, place);
        return;
    }
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => {
            use super::avx2;
            match matrix.dtype {
                Dtype::F32 => tiles::<avx2::F32>(matrix, rows, input, place),
                Dtype::F16 => tiles::<avx2::F16>(matrix, rows, input, place),
                Dtype::BF16 => tiles::<avx2::BF16>(matrix, rows, input, place),
                Dtype::Q4_0 => tiles::<avx2::Q4_0>(matrix, rows, input, place),
                Dtype::Q4_1 => tiles::<avx2::Q4_1>(matrix, rows, input, place),
                Dtype::Q5_0 => tiles::<avx2::Q5_0>(matrix, rows, input, place),
                Dtype::Q5_1 => tiles::<avx2::Q5_1>(matrix, rows, input, place),
                Dtype::Q8_0 => tiles::<avx2::Q8_0>(matrix, rows, input, place),
                Dtype::Iq4Nl => tiles::<avx2::Iq4Nl>(matrix, rows, input, place),
                Dtype::Q2K | Dtype::Q3K | Dtype::Q4K | Dtype::Q5K | Dtype::Q6K | Dtype::Iq4Xs => {
                    expanded(isa, matrix, rows, input, place);
                }
            }
        }
        Isa::Portable => expanded(isa, matrix, rows, input, place),
    }
}

/// Rows expanded to float32 one by one, then multiplied: works for every type.
fn expanded(isa: Isa, matrix: &Matrix, rows: std::ops::Range<usize>, input: &Activations, place: &Place<'_>) {
    let mut weights = vec![0.0; input.stride];
    for row in rows {
        dequantize(matrix.dtype, matrix.row(row), &mut weights[..input.width]);
        for i in 0..input.rows {
            let x = input.row(i).0;
            let product = match isa {
                Isa::Portable => portable::dot(&weights, x),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => isa.dot(&weights, x),
            };
            place.set(i, row, product);
        }
    }
}

/// Rows in tiles of [`ROWS`] by [`SHARED`]; what is left over in narrower ones.
#[cfg(target_arch = "x86_64")]
fn tiles<B: super::avx2::Blocks>(
    matrix: &Matrix,
    rows: std::ops::Range<usize>,
    input: &Activations,
    place: &Place<'_>,
) {
    let weights: &[u8] = &matrix.bytes;
    let length = weights.len() / matrix.rows();
    let mut i = 0;
    while i + SHARED <= input.rows {
        for row in rows.clone() {
            tile::<B, 1, SHARED>(&weights[row * length..][..length], row, input, i, place);
        }
        i += SHARED;
    }
    while i < input.rows {
        let mut row = rows.start;
        while row + ROWS <= rows.end {
            tile::<B, ROWS, 1>(&weights[row * length..][..ROWS * length], row, input, i, place);
            row += ROWS;
        }
        for row in row..rows.end {
            tile::<B, 1, 1>(&weights[row * length..][..length], row, input, i, place);
        }
        i += 1;
    }
}

/// The `W` matrix rows of `weights`, the first of them the matrix's `row`, with `R` activation rows from `i` on.
#[cfg(target_arch = "x86_64")]
#[inline]
fn tile<B: super::avx2::Blocks, const W: usize, const R: usize>(
    weights: &[u8],
    row: usize,
    input: &Activations,
    i: usize,
    place: &Place<'_>,
) {
    let blocks = input.width / LANE;
    let length = weights.len() / W;
    let bytes: [&[u8]; W] = std::array::from_fn(|w| &weights[w * length..][..length]);
    let inputs: [(&[f32], &[f32]); R] = std::array::from_fn(|r| input.row(i + r));
    let whole = blocks * B::BYTES;
    let mut padded = [[0; 128]; W];
    let rest = (!input.width.is_multiple_of(LANE)).then(|| {
        for (padded, bytes) in padded.iter_mut().zip(bytes) {
            let rest = &bytes[whole..];
            padded[..rest.len()].copy_from_slice(rest);
        }
        &padded
    });
    let rows = bytes.map(|bytes| bytes[..whole].as_ptr());
    // SAFETY: the AVX2 path is taken only where its instructions were detected. Each row was sliced to its whole blocks;
    // each activation row is padded to whole lanes and has a sum for each; a block of any type fits 128 bytes.
    let products = unsafe {
        super::avx2::tile::<B, W, R>(rows, rest, blocks, inputs.map(|x| x.0.as_ptr()), inputs.map(|x| x.1.as_ptr()))
    };
    for (w, products) in products.into_iter().enumerate() {
        for (r, product) in products.into_iter().enumerate() {
            place.set(i + r, row + w, product);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lm::checkpoint::{Bytes, Tensor};

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
        let tensor = Tensor { dtype, shape, bytes: Bytes::from(bytes) };
        Matrix::new("matrix", &tensor, rows, columns, transposed).expect("the shape is the matrix's")
    }

    fn activations(rows: usize, width: usize) -> Activations {
        let mut noise = Noise(11);
        let mut activations = Activations::default();
        activations.reset(rows, width);
        for row in activations.rows_mut() {
            row.fill_with(|| noise.float());
        }
        activations.seal();
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
            weights = all.into_iter().skip(row).step_by(matrix.rows).collect();
        } else {
            matrix.expand_row(row, &mut weights);
        }
        weights
    }

    #[test]
    fn vector_products_agree_with_sums_in_float64() {
        for (dtype, columns, linears) in cases() {
            let input = activations(3, columns);
            for isa in [Isa::detect(), Isa::Portable] {
                let found = product(2, isa, &input, &linears);
                for (i, found) in found.chunks_exact(102).enumerate() {
                    let mut found = found.iter();
                    for linear in &linears {
                        for row in 0..linear.matrix.rows {
                            let weights = expanded_row(&linear.matrix, row);
                            let terms = weights.iter().zip(input.row(i).0);
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
    fn neither_threads_nor_companions_change_a_bit() {
        for (dtype, columns, linears) in cases() {
            for isa in [Isa::detect(), Isa::Portable] {
                let eleven = activations(11, columns);
                let alone = activations(1, columns);
                let one = product(1, isa, &eleven, &linears);
                assert_eq!(one, product(3, isa, &eleven, &linears), "{dtype} {isa:?}: threads");
                assert_eq!(one[..102], product(1, isa, &alone, &linears), "{dtype} {isa:?}: rows");
            }
        }
    }
}
