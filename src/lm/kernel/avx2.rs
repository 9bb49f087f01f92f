//! Kernels in AVX2 registers.
//!
//! Every product is a sum in eight lanes, each over its columns in ascending order, added up by [`across`]: it does not
//! depend on where the weights were expanded, nor on how many rows are computed together.

#![expect(unsafe_code, reason = "vector instructions read through raw pointers")]
#![allow(clippy::wildcard_imports, reason = "forty intrinsics, each with the prefix of its set")]

mod blocks;

use std::arch::x86_64::*;

use super::kernels::{AHEAD, Kernels, PANEL, Tiles, by_type, prefetch};
use crate::lm::checkpoint::Dtype;

/// The kernels for float32 rows.
pub(super) const TILES: Tiles =
    Tiles { products: &[tile::<1>, tile::<2>, tile::<3>], mixtures: &[mix::<1>, mix::<2>, mix::<3>] };

/// A stored type, 32 elements at a time.
trait Blocks {
    /// Bytes of a block.
    const BYTES: usize;
    /// How many times 32 elements a block holds.
    const PARTS: usize;

    /// The elements of one part of a block.
    ///
    /// # Safety
    /// The instructions are there, and `block` points to [`Self::BYTES`] readable bytes.
    unsafe fn expand(block: *const u8, part: usize) -> [__m256; 4];
}

/// The kernels for a stored type.
pub(super) fn kernels(dtype: Dtype) -> Kernels {
    by_type!(dtype)
}

fn of<B: Blocks>() -> Kernels {
    Kernels { expand: Some(expand::<B>), stream: Some(stream::<B>), tiles: TILES }
}

/// See [`Kernels::expand`].
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn expand<B: Blocks>(row: *const u8, lanes: usize, out: *mut f32) {
    for lane in 0..lanes {
        // SAFETY: the caller promises this many lanes to read and to write.
        unsafe {
            let weights = B::expand(row.add(lane / B::PARTS * B::BYTES), lane % B::PARTS);
            for (i, weights) in weights.into_iter().enumerate() {
                _mm256_storeu_ps(out.add(32 * lane + 8 * i), weights);
            }
        }
    }
}

/// See [`Kernels::stream`].
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn stream<B: Blocks>(rows: [*const u8; PANEL], lanes: usize, x: *const f32) -> [f32; PANEL] {
    let mut total = [_mm256_setzero_ps(); PANEL];
    for block in 0..lanes / B::PARTS {
        // SAFETY: the caller promises this many lanes of weights; a prefetch reads nothing.
        let at = unsafe {
            prefetch!(rows, block, B::BYTES);
            rows.map(|row| row.add(block * B::BYTES))
        };
        for part in 0..B::PARTS {
            // SAFETY: the caller promises this many lanes of weights and activations.
            unsafe {
                let x = x.add(32 * (block * B::PARTS + part));
                for (total, at) in total.iter_mut().zip(at) {
                    let weights = B::expand(at, part);
                    for (i, weights) in weights.into_iter().enumerate() {
                        *total = _mm256_fmadd_ps(weights, _mm256_loadu_ps(x.add(8 * i)), *total);
                    }
                }
            }
        }
    }
    let mut out = [0.0; PANEL];
    // SAFETY: `out` holds four floats.
    unsafe { _mm_storeu_ps(out.as_mut_ptr(), across(total)) };
    out
}

/// See [`super::kernels::Tile`].
#[target_feature(enable = "avx2,fma")]
unsafe fn tile<const R: usize>(
    panel: [*const f32; PANEL],
    x: *const f32,
    stride: usize,
    width: usize,
    out: *mut [f32; PANEL],
) {
    let mut total = [[_mm256_setzero_ps(); PANEL]; R];
    // SAFETY: the caller promises `width` floats in each of the rows, `stride` apart, and `R` outputs.
    unsafe {
        for k in (0..width / 8 * 8).step_by(8) {
            let load = |row: *const f32| _mm256_loadu_ps(row.add(k));
            let weights = [load(panel[0]), load(panel[1]), load(panel[2]), load(panel[3])];
            for (r, total) in total.iter_mut().enumerate() {
                let x = load(x.add(r * stride));
                for (total, weights) in total.iter_mut().zip(weights) {
                    *total = _mm256_fmadd_ps(weights, x, *total);
                }
            }
        }
        if !width.is_multiple_of(8) {
            let k = width / 8 * 8;
            let mask = first(width - k);
            let load = |row: *const f32| _mm256_maskload_ps(row.add(k), mask);
            let weights = [load(panel[0]), load(panel[1]), load(panel[2]), load(panel[3])];
            for (r, total) in total.iter_mut().enumerate() {
                let x = load(x.add(r * stride));
                for (total, weights) in total.iter_mut().zip(weights) {
                    *total = _mm256_fmadd_ps(weights, x, *total);
                }
            }
        }
        for (r, total) in total.into_iter().enumerate() {
            _mm_storeu_ps(out.add(r).cast(), across(total));
        }
    }
}

/// See [`super::kernels::Mix`].
#[target_feature(enable = "avx2,fma")]
unsafe fn mix<const R: usize>(values: &[*const f32], weights: *const f32, stride: usize, width: usize, out: *mut f32) {
    let mut column = 0;
    // SAFETY: the caller promises `width` floats in each value and in each of `R` outputs, and a weight for each value.
    unsafe {
        while column + 32 <= width {
            mix_columns::<R, 4>(values, weights, stride, width, out, column);
            column += 32;
        }
        while column + 8 <= width {
            mix_columns::<R, 1>(values, weights, stride, width, out, column);
            column += 8;
        }
        for column in column..width {
            for r in 0..R {
                let out = &mut *out.add(r * width + column);
                for (i, value) in values.iter().enumerate() {
                    *out = (*weights.add(r * stride + i)).mul_add(*value.add(column), *out);
                }
            }
        }
    }
}

/// `C` times eight columns from `column` on.
///
/// # Safety
/// As [`mix`]'s, and the columns lie within `width`.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn mix_columns<const R: usize, const C: usize>(
    values: &[*const f32],
    weights: *const f32,
    stride: usize,
    width: usize,
    out: *mut f32,
    column: usize,
) {
    let mut total = [[_mm256_setzero_ps(); C]; R];
    // SAFETY: the caller's promise.
    unsafe {
        for (r, total) in total.iter_mut().enumerate() {
            for (c, total) in total.iter_mut().enumerate() {
                *total = _mm256_loadu_ps(out.add(r * width + column + 8 * c));
            }
        }
        for (i, value) in values.iter().enumerate() {
            for c in 0..C {
                let v = _mm256_loadu_ps(value.add(column + 8 * c));
                for (r, total) in total.iter_mut().enumerate() {
                    total[c] = _mm256_fmadd_ps(_mm256_set1_ps(*weights.add(r * stride + i)), v, total[c]);
                }
            }
        }
        for (r, total) in total.into_iter().enumerate() {
            for (c, total) in total.into_iter().enumerate() {
                _mm256_storeu_ps(out.add(r * width + column + 8 * c), total);
            }
        }
    }
}

/// A mask of the first `count` of eight lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn first(count: usize) -> __m256i {
    _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
}

/// The sums of the lanes of four vectors.
#[inline]
#[target_feature(enable = "avx2")]
fn across(v: [__m256; 4]) -> __m128 {
    let four = |v| _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
    let [a, b, c, d] = [four(v[0]), four(v[1]), four(v[2]), four(v[3])];
    let ab = _mm_add_ps(_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));
    let cd = _mm_add_ps(_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
    _mm_add_ps(_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab))
}

/// The product of two vectors of equal length.
#[target_feature(enable = "avx2,fma")]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut total = _mm256_setzero_ps();
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        // SAFETY: each chunk holds eight floats.
        unsafe { total = _mm256_fmadd_ps(_mm256_loadu_ps(a.as_ptr()), _mm256_loadu_ps(b.as_ptr()), total) };
    }
    let mask = first(a_rest.len().min(b_rest.len()));
    // SAFETY: masked elements are not read.
    unsafe {
        let (a, b) = (_mm256_maskload_ps(a_rest.as_ptr(), mask), _mm256_maskload_ps(b_rest.as_ptr(), mask));
        total = _mm256_fmadd_ps(a, b, total);
    }
    _mm_cvtss_f32(across([total; 4]))
}

/// Adds `weight · v` to `out`, both of equal length.
#[target_feature(enable = "avx2,fma")]
pub(super) fn add_scaled(weight: f32, v: &[f32], out: &mut [f32]) {
    for (out, v) in out.iter_mut().zip(v) {
        *out = weight.mul_add(*v, *out);
    }
}

/// See [`super::Isa::softmax_sums`].
#[target_feature(enable = "avx2,fma")]
pub(super) fn softmax_sums(values: &[f32], greatest: f32, inverse: f64) -> [f64; 2] {
    crate::lm::scores::softmax_sums(values, greatest, inverse)
}

/// See [`super::heads::exponentials`].
#[target_feature(enable = "avx2,fma")]
pub(super) fn exponentials(row: &mut [f32]) -> (f32, f32) {
    super::heads::exponentials(row)
}
