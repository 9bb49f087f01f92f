//! Kernels in NEON registers.
//!
//! Every product is a sum in eight lanes, two registers, each over its columns in ascending order, added up by [`across`]
//! as the AVX2 kernels add theirs: it does not depend on where the weights were expanded, nor on how many rows are computed
//! together.

#![expect(unsafe_code, reason = "vector instructions read through raw pointers")]
#![allow(clippy::wildcard_imports, reason = "forty intrinsics, each with the prefix of its operation")]

mod blocks;

use std::{arch::aarch64::*, ptr};

use super::kernels::{Kernels, PANEL, Tiles, by_type};
use crate::lm::checkpoint::Dtype;

/// The kernels for float32 rows: sums, four weights and a column of each row take 31 of the 32 registers.
pub(super) const TILES: Tiles =
    Tiles { products: &[tile::<1>, tile::<2>, tile::<3>], mixtures: &[mix::<1>, mix::<2>, mix::<3>] };

/// Eight lanes.
type Eight = [float32x4_t; 2];

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
    unsafe fn expand(block: *const u8, part: usize) -> [float32x4_t; 8];
}

/// The kernels for a stored type.
pub(super) fn kernels(dtype: Dtype) -> Kernels {
    by_type!(dtype)
}

fn of<B: Blocks>() -> Kernels {
    Kernels { expand: Some(expand::<B>), stream: Some(stream::<B>), tiles: TILES }
}

/// See [`Kernels::expand`].
#[target_feature(enable = "neon")]
unsafe fn expand<B: Blocks>(row: *const u8, lanes: usize, out: *mut f32) {
    for lane in 0..lanes {
        // SAFETY: the caller promises this many lanes to read and to write.
        unsafe {
            let weights = B::expand(row.add(lane / B::PARTS * B::BYTES), lane % B::PARTS);
            for (i, weights) in weights.into_iter().enumerate() {
                vst1q_f32(out.add(32 * lane + 4 * i), weights);
            }
        }
    }
}

/// See [`Kernels::stream`].
#[target_feature(enable = "neon")]
unsafe fn stream<B: Blocks>(rows: [*const u8; PANEL], lanes: usize, x: *const f32) -> [f32; PANEL] {
    let mut total = [[vdupq_n_f32(0.0); 2]; PANEL];
    for block in 0..lanes / B::PARTS {
        for part in 0..B::PARTS {
            // SAFETY: the caller promises this many lanes of weights and activations.
            unsafe {
                let x = x.add(32 * (block * B::PARTS + part));
                for (total, row) in total.iter_mut().zip(rows) {
                    let weights = B::expand(row.add(block * B::BYTES), part);
                    for (i, weights) in weights.into_iter().enumerate() {
                        total[i % 2] = vfmaq_f32(total[i % 2], weights, vld1q_f32(x.add(4 * i)));
                    }
                }
            }
        }
    }
    let mut out = [0.0; PANEL];
    // SAFETY: `out` holds four floats.
    unsafe { vst1q_f32(out.as_mut_ptr(), across(total)) };
    out
}

/// See [`super::kernels::Tile`].
#[target_feature(enable = "neon")]
unsafe fn tile<const R: usize>(
    panel: [*const f32; PANEL],
    x: *const f32,
    stride: usize,
    width: usize,
    out: *mut [f32; PANEL],
) {
    let mut total = [[[vdupq_n_f32(0.0); 2]; PANEL]; R];
    // SAFETY: the caller promises `width` floats in each of the rows, `stride` apart, and `R` outputs.
    unsafe {
        for k in (0..width / 8 * 8).step_by(8) {
            for half in 0..2 {
                let load = |row: *const f32| vld1q_f32(row.add(k + 4 * half));
                let weights = [load(panel[0]), load(panel[1]), load(panel[2]), load(panel[3])];
                for (r, total) in total.iter_mut().enumerate() {
                    let x = load(x.add(r * stride));
                    for (total, weights) in total.iter_mut().zip(weights) {
                        total[half] = vfmaq_f32(total[half], weights, x);
                    }
                }
            }
        }
        if !width.is_multiple_of(8) {
            let k = width / 8 * 8;
            let load = |row: *const f32| first(row.add(k), width - k);
            let weights = [load(panel[0]), load(panel[1]), load(panel[2]), load(panel[3])];
            for (r, total) in total.iter_mut().enumerate() {
                let x = load(x.add(r * stride));
                for (total, weights) in total.iter_mut().zip(weights) {
                    *total = multiply_add(weights, x, *total);
                }
            }
        }
        for (r, total) in total.into_iter().enumerate() {
            vst1q_f32(out.add(r).cast(), across(total));
        }
    }
}

/// See [`super::kernels::Mix`].
#[target_feature(enable = "neon")]
unsafe fn mix<const R: usize>(values: &[*const f32], weights: *const f32, stride: usize, width: usize, out: *mut f32) {
    let mut column = 0;
    // SAFETY: the caller promises `width` floats in each value and in each of `R` outputs, and a weight for each value.
    unsafe {
        while column + 32 <= width {
            mix_columns::<R, 8>(values, weights, stride, width, out, column);
            column += 32;
        }
        while column + 4 <= width {
            mix_columns::<R, 1>(values, weights, stride, width, out, column);
            column += 4;
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

/// `C` times four columns from `column` on.
///
/// # Safety
/// As [`mix`]'s, and the columns lie within `width`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn mix_columns<const R: usize, const C: usize>(
    values: &[*const f32],
    weights: *const f32,
    stride: usize,
    width: usize,
    out: *mut f32,
    column: usize,
) {
    let mut total = [[vdupq_n_f32(0.0); C]; R];
    // SAFETY: the caller's promise.
    unsafe {
        for (r, total) in total.iter_mut().enumerate() {
            for (c, total) in total.iter_mut().enumerate() {
                *total = vld1q_f32(out.add(r * width + column + 4 * c));
            }
        }
        for (i, value) in values.iter().enumerate() {
            for c in 0..C {
                let v = vld1q_f32(value.add(column + 4 * c));
                for (r, total) in total.iter_mut().enumerate() {
                    total[c] = vfmaq_n_f32(total[c], v, *weights.add(r * stride + i));
                }
            }
        }
        for (r, total) in total.into_iter().enumerate() {
            for (c, total) in total.into_iter().enumerate() {
                vst1q_f32(out.add(r * width + column + 4 * c), total);
            }
        }
    }
}

/// `a · b + c`, rounded once.
#[inline]
#[target_feature(enable = "neon")]
fn multiply_add(a: Eight, b: Eight, c: Eight) -> Eight {
    [vfmaq_f32(c[0], a[0], b[0]), vfmaq_f32(c[1], a[1], b[1])]
}

/// The first `count` of eight floats, then zeros.
///
/// # Safety
/// NEON is there, `at` points to `count` readable floats, and these are no more than eight.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn first(at: *const f32, count: usize) -> Eight {
    let mut eight = [0.0_f32; 8];
    // SAFETY: the caller promises `count` floats, which `eight` has room for.
    unsafe {
        ptr::copy_nonoverlapping(at, eight.as_mut_ptr(), count);
        load(&eight)
    }
}

/// Eight floats.
#[inline]
#[target_feature(enable = "neon")]
fn load(eight: &[f32; 8]) -> Eight {
    // SAFETY: there are eight.
    unsafe { [vld1q_f32(eight.as_ptr()), vld1q_f32(eight.as_ptr().add(4))] }
}

/// The sums of the lanes of four times eight.
#[inline]
#[target_feature(enable = "neon")]
fn across(v: [Eight; 4]) -> float32x4_t {
    let four = |[low, high]: Eight| vaddq_f32(low, high);
    let [a, b, c, d] = [four(v[0]), four(v[1]), four(v[2]), four(v[3])];
    let ab = vaddq_f32(vzip1q_f32(a, b), vzip2q_f32(a, b));
    let cd = vaddq_f32(vzip1q_f32(c, d), vzip2q_f32(c, d));
    let low = vcombine_f32(vget_low_f32(ab), vget_low_f32(cd));
    vaddq_f32(low, vcombine_f32(vget_high_f32(ab), vget_high_f32(cd)))
}

/// The product of two vectors of equal length.
#[target_feature(enable = "neon")]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut total = [vdupq_n_f32(0.0); 2];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        total = multiply_add(load(a), load(b), total);
    }
    let count = a_rest.len().min(b_rest.len());
    if count > 0 {
        // SAFETY: both rests have this many floats, and no chunk of eight.
        let (a, b) = unsafe { (first(a_rest.as_ptr(), count), first(b_rest.as_ptr(), count)) };
        total = multiply_add(a, b, total);
    }
    vgetq_lane_f32::<0>(across([total; 4]))
}

/// Adds `weight · v` to `out`, both of equal length.
#[target_feature(enable = "neon")]
pub(super) fn add_scaled(weight: f32, v: &[f32], out: &mut [f32]) {
    for (out, v) in out.iter_mut().zip(v) {
        *out = weight.mul_add(*v, *out);
    }
}

/// See [`super::heads::exponentials`].
#[target_feature(enable = "neon")]
pub(super) fn exponentials(row: &mut [f32]) -> (f32, f32) {
    super::heads::exponentials(row)
}
