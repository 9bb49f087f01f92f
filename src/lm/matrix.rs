//! A matrix of weights, as the file has it.

use super::{
    checkpoint::{Bytes, Dtype, Tensor},
    error::ModelError,
    kernel,
};

/// A matrix that multiplies activations, still in the file's bytes.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub(crate) dtype: Dtype,
    /// Outputs.
    pub(crate) rows: usize,
    /// Inputs.
    pub(crate) columns: usize,
    /// Whether the file stores `[in, out]` (GPT-2's `Conv1D`) and not `[out, in]`.
    pub(crate) transposed: bool,
    /// The bytes of one row.
    stride: usize,
    pub(crate) bytes: Bytes,
    /// What every stored number is multiplied by.
    pub(crate) scale: f32,
}

impl Matrix {
    /// The matrix of `tensor`, `[rows, columns]`, or `[columns, rows]` in the file when `transposed`.
    ///
    /// # Errors
    /// Another shape, a byte count that the shape does not take, a quantised transpose.
    pub(crate) fn new(
        name: &str,
        tensor: &Tensor,
        rows: usize,
        columns: usize,
        transposed: bool,
    ) -> Result<Self, ModelError> {
        let expected = if transposed { vec![columns, rows] } else { vec![rows, columns] };
        if flat(&tensor.shape, expected[0]) != expected {
            return Err(ModelError::Shape { name: name.into(), expected, found: tensor.shape.clone() });
        }
        let dtype = tensor.dtype;
        let (elements, size) = dtype.block();
        if !columns.is_multiple_of(elements) || (transposed && elements != 1) {
            return Err(ModelError::Dtype { name: name.into(), dtype });
        }
        let takes = rows.checked_mul(columns / elements).and_then(|blocks| blocks.checked_mul(size));
        if takes != Some(tensor.bytes.len()) {
            let (expected, found) = (takes.unwrap_or(usize::MAX), tensor.bytes.len());
            return Err(ModelError::Size { name: name.into(), dtype, expected, found });
        }
        let stride = columns / elements * size;
        Ok(Self { dtype, rows, columns, transposed, stride, bytes: tensor.bytes.clone(), scale: tensor.scale })
    }

    /// Outputs: the number of rows of `[out, in]`.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs: the number of columns of `[out, in]`.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The bytes of one row; the matrix must not be transposed.
    pub(crate) fn row(&self, row: usize) -> &[u8] {
        &self.bytes[row * self.stride..][..self.stride]
    }

    /// Expands one row, `[columns]`, into `out`: an embedding.
    pub(crate) fn expand_row(&self, row: usize, out: &mut [f32]) {
        kernel::dequantize(self.dtype, self.row(row), out);
        self.rescale(out);
    }

    fn rescale(&self, numbers: &mut [f32]) {
        if self.scale != 1.0 {
            for number in numbers {
                *number *= self.scale;
            }
        }
    }

    /// The transposed product, `[columns]`: what of each input a direction (`[rows]`) of the outputs is made of.
    pub(crate) fn pull(&self, direction: &[f64]) -> Vec<f64> {
        let mut pulled = vec![0.0; self.columns];
        if self.transposed {
            // One element is one block here, and the file's rows are the inputs'.
            let (_, size) = self.dtype.block();
            let mut row = vec![0.0; self.rows];
            for (pulled, bytes) in pulled.iter_mut().zip(self.bytes.chunks_exact(self.rows * size)) {
                kernel::dequantize(self.dtype, bytes, &mut row);
                self.rescale(&mut row);
                *pulled = row.iter().zip(direction).map(|(x, d)| f64::from(*x) * d).sum();
            }
            return pulled;
        }
        let mut row = vec![0.0; self.columns];
        for (index, part) in direction.iter().enumerate().filter(|(_, part)| **part != 0.0) {
            self.expand_row(index, &mut row);
            pulled.iter_mut().zip(&row).for_each(|(pulled, x)| *pulled += part * f64::from(*x));
        }
        pulled
    }
}

/// A shape of two extents: `[width, heads, head_width]` is `[width, heads × head_width]`.
fn flat(shape: &[usize], first: usize) -> Vec<usize> {
    match shape {
        [outer, inner @ ..] if inner.len() > 1 && *outer == first => vec![first, inner.iter().product()],
        _ => shape.to_vec(),
    }
}

/// A matrix with the bias added to its output, if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    /// The weights, `[out, in]`.
    pub(crate) matrix: Matrix,
    /// The bias, `[out]`.
    pub(crate) bias: Option<Vec<f32>>,
}
