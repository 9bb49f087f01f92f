//! Kernels in AVX-512 registers.
//!
//! Every product is a sum in sixteen lanes, each over its columns in ascending order, added up by [`across`]: it does not
//! depend on where the weights were expanded, nor on how many rows are computed together.

#![expect(unsafe_code, reason = "vector instructions read through raw pointers")]
#![allow(clippy::wildcard_imports, reason = "forty intrinsics, each with the prefix of its set")]

mod blocks;

use std::arch::x86_64::*;
use std::hint::black_box;

use super::kernels::{AHEAD, Kernels, PANEL, Tiles, by_type, prefetch};
use crate::lm::checkpoint::Dtype;

/// The kernels for float32 rows.
pub(super) const TILES: Tiles = Tiles {
    products: &[tile::<1>, tile::<2>, tile::<3>, tile::<4>, tile::<5>, tile::<6>],
    mixtures: &[mix::<1>, mix::<2>, mix::<3>, mix::<4>, mix::<5>, mix::<6>],
};

/// A stored type, 32 elements at a time.
trait Blocks {
    /// Bytes of a block.
    const BYTES: usize;
    /// How many times 32 elements a block holds.
    const PARTS: usize;

    /// Whether a block is one part that begins with a 16-bit scale, and perhaps a 16-bit minimum.
    const SCALED: bool;

    /// The elements of one part of a block.
    ///
    /// # Safety
    /// The instructions are there, and `block` points to [`Self::BYTES`] readable bytes.
    unsafe fn expand(block: *const u8, part: usize) -> [__m512; 2];

    /// The same of a block whose first two 16-bit floats are given in all lanes.
    ///
    /// # Safety
    /// As [`Self::expand`]'s.
    unsafe fn expand_scaled(block: *const u8, d: __m512, m: __m512) -> [__m512; 2];
}

/// The first two 16-bit floats of four rows' blocks.
#[repr(align(32))]
struct Scales([f32; 2 * PANEL]);

/// The kernels for a stored type.
pub(super) fn kernels(dtype: Dtype) -> Kernels {
    by_type!(dtype)
}

fn of<B: Blocks>() -> Kernels {
    Kernels { expand: Some(expand::<B>), stream: Some(stream::<B>), tiles: TILES }
}

/// See [`Kernels::expand`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,f16c")]
unsafe fn expand<B: Blocks>(row: *const u8, lanes: usize, out: *mut f32) {
    for lane in 0..lanes {
        // SAFETY: the caller promises this many lanes to read and to write.
        unsafe {
            let [low, high] = B::expand(row.add(lane / B::PARTS * B::BYTES), lane % B::PARTS);
            _mm512_storeu_ps(out.add(32 * lane), low);
            _mm512_storeu_ps(out.add(32 * lane + 16), high);
        }
    }
}

/// See [`Kernels::stream`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,f16c")]
unsafe fn stream<B: Blocks>(rows: [*const u8; PANEL], lanes: usize, x: *const f32) -> [f32; PANEL] {
    let mut total = [_mm512_setzero_ps(); PANEL];
    let mut scales = Scales([0.0; 2 * PANEL]);
    for block in 0..lanes / B::PARTS {
        // SAFETY: the caller promises this many lanes of weights; a prefetch reads nothing.
        let at = unsafe {
            prefetch!(rows, block, B::BYTES);
            rows.map(|row| row.add(block * B::BYTES))
        };
        if B::SCALED {
            // SAFETY: the caller promises this many lanes of weights and activations.
            unsafe {
                let word = |row: usize| at[row].cast::<i32>().read_unaligned();
                let words = _mm_set_epi32(word(3), word(2), word(1), word(0));
                _mm256_store_ps(scales.0.as_mut_ptr(), _mm256_cvtph_ps(words));
                // Read back from memory, which fills all lanes without the port that shuffles: nibbles need that one.
                let scales = black_box(&scales);
                let x = x.add(32 * block);
                let (low, high) = (_mm512_loadu_ps(x), _mm512_loadu_ps(x.add(16)));
                for (row, total) in total.iter_mut().enumerate() {
                    let (d, m) = (_mm512_set1_ps(scales.0[2 * row]), _mm512_set1_ps(scales.0[2 * row + 1]));
                    let weights = B::expand_scaled(at[row], d, m);
                    *total = _mm512_fmadd_ps(weights[0], low, *total);
                    *total = _mm512_fmadd_ps(weights[1], high, *total);
                }
            }
            continue;
        }
        for part in 0..B::PARTS {
            // SAFETY: the caller promises this many lanes of weights and activations.
            unsafe {
                let x = x.add(32 * (block * B::PARTS + part));
                let (low, high) = (_mm512_loadu_ps(x), _mm512_loadu_ps(x.add(16)));
                for (total, at) in total.iter_mut().zip(at) {
                    let weights = B::expand(at, part);
                    *total = _mm512_fmadd_ps(weights[0], low, *total);
                    *total = _mm512_fmadd_ps(weights[1], high, *total);
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
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
unsafe fn tile<const R: usize>(
    panel: [*const f32; PANEL],
    x: *const f32,
    stride: usize,
    width: usize,
    out: *mut [f32; PANEL],
) {
    let mut total = [[_mm512_setzero_ps(); PANEL]; R];
    // SAFETY: the caller promises `width` floats in each of the rows, `stride` apart, and `R` outputs.
    unsafe {
        for k in (0..width / 16 * 16).step_by(16) {
            let load = |row: *const f32| _mm512_loadu_ps(row.add(k));
            let weights = [load(panel[0]), load(panel[1]), load(panel[2]), load(panel[3])];
            for (r, total) in total.iter_mut().enumerate() {
                let x = _mm512_loadu_ps(x.add(r * stride + k));
                for (total, weights) in total.iter_mut().zip(weights) {
                    *total = _mm512_fmadd_ps(weights, x, *total);
                }
            }
        }
        if !width.is_multiple_of(16) {
            let k = width / 16 * 16;
            let mask = (1 << (width - k)) - 1;
            let load = |row: *const f32| _mm512_maskz_loadu_ps(mask, row.add(k));
            let weights = [load(panel[0]), load(panel[1]), load(panel[2]), load(panel[3])];
            for (r, total) in total.iter_mut().enumerate() {
                let x = _mm512_maskz_loadu_ps(mask, x.add(r * stride + k));
                for (total, weights) in total.iter_mut().zip(weights) {
                    *total = _mm512_fmadd_ps(weights, x, *total);
                }
            }
        }
        for (r, total) in total.into_iter().enumerate() {
            _mm_storeu_ps(out.add(r).cast(), across(total));
        }
    }
}

/// See [`super::kernels::Mix`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
unsafe fn mix<const R: usize>(values: &[*const f32], weights: *const f32, stride: usize, width: usize, out: *mut f32) {
    let mut column = 0;
    // SAFETY: the caller promises `width` floats in each value and in each of `R` outputs, and a weight for each value.
    unsafe {
        while column + 64 <= width {
            mix_columns::<R, 4>(values, weights, stride, width, out, column, !0);
            column += 64;
        }
        while column < width {
            let mask = if width - column < 16 { (1 << (width - column)) - 1 } else { !0 };
            mix_columns::<R, 1>(values, weights, stride, width, out, column, mask);
            column += 16;
        }
    }
}

/// `C` times sixteen columns from `column` on, those of the mask.
///
/// # Safety
/// As [`mix`]'s, and the columns lie within `width`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
unsafe fn mix_columns<const R: usize, const C: usize>(
    values: &[*const f32],
    weights: *const f32,
    stride: usize,
    width: usize,
    out: *mut f32,
    column: usize,
    mask: __mmask16,
) {
    let mut total = [[_mm512_setzero_ps(); C]; R];
    // SAFETY: the caller's promise; masked elements are neither read nor written.
    unsafe {
        for (r, total) in total.iter_mut().enumerate() {
            for (c, total) in total.iter_mut().enumerate() {
                *total = _mm512_maskz_loadu_ps(mask, out.add(r * width + column + 16 * c));
            }
        }
        for (i, value) in values.iter().enumerate() {
            let mut v = [_mm512_setzero_ps(); C];
            for (c, v) in v.iter_mut().enumerate() {
                *v = _mm512_maskz_loadu_ps(mask, value.add(column + 16 * c));
            }
            for (r, total) in total.iter_mut().enumerate() {
                let weight = _mm512_set1_ps(*weights.add(r * stride + i));
                for (total, v) in total.iter_mut().zip(v) {
                    *total = _mm512_fmadd_ps(weight, v, *total);
                }
            }
        }
        for (r, total) in total.into_iter().enumerate() {
            for (c, total) in total.into_iter().enumerate() {
                _mm512_mask_storeu_ps(out.add(r * width + column + 16 * c), mask, total);
            }
        }
    }
}

/// The sums of the lanes of four vectors.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn across(v: [__m512; 4]) -> __m128 {
    let four = |v| {
        let eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps::<1>(v));
        _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight))
    };
    let [a, b, c, d] = [four(v[0]), four(v[1]), four(v[2]), four(v[3])];
    let ab = _mm_add_ps(_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));
    let cd = _mm_add_ps(_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
    _mm_add_ps(_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab))
}

/// The product of two vectors of equal length.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut total = _mm512_setzero_ps();
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    for (a, b) in a.iter().zip(b) {
        // SAFETY: each chunk holds sixteen floats.
        unsafe { total = _mm512_fmadd_ps(_mm512_loadu_ps(a.as_ptr()), _mm512_loadu_ps(b.as_ptr()), total) };
    }
    let mask = (1 << a_rest.len().min(b_rest.len())) - 1;
    // SAFETY: masked elements are not read.
    unsafe {
        let (a, b) = (_mm512_maskz_loadu_ps(mask, a_rest.as_ptr()), _mm512_maskz_loadu_ps(mask, b_rest.as_ptr()));
        total = _mm512_fmadd_ps(a, b, total);
    }
    _mm_cvtss_f32(across([total; 4]))
}

/// Adds `weight · v` to `out`, both of equal length.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
pub(super) fn add_scaled(weight: f32, v: &[f32], out: &mut [f32]) {
    for (out, v) in out.iter_mut().zip(v) {
        *out = weight.mul_add(*v, *out);
    }
}

/// See [`super::Isa::softmax_sums`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
pub(super) fn softmax_sums(values: &[f32], greatest: f32, inverse: f64) -> [f64; 2] {
    crate::lm::scores::softmax_sums(values, greatest, inverse)
}

/// See [`super::heads::exponentials`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
pub(super) fn exponentials(row: &mut [f32]) -> (f32, f32) {
    super::heads::exponentials(row)
}
