//! How each stored type is expanded in AVX2 registers, to the same bits as by `dequantize`.
//!
//! A product of scale and quant has too few digits to be rounded, so that adding a minimum in the same instruction rounds
//! as a separate addition does.

use std::arch::x86_64::*;

use super::{
    super::dequantize::{LEVELS, iq4_xs_scale, q3_k_scale, scale_and_min},
    Blocks,
};

/// A 16-bit float.
///
/// # Safety
/// F16C is there, and `at` points to two readable bytes.
#[inline]
#[target_feature(enable = "avx,f16c")]
unsafe fn half(at: *const u8) -> f32 {
    // SAFETY: the caller promises two bytes.
    let bits = unsafe { at.cast::<u16>().read_unaligned() };
    _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(i32::from(bits))))
}

/// `d · q + m`.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn affine(q: [__m256; 4], d: f32, m: f32) -> [__m256; 4] {
    let (d, m) = (_mm256_set1_ps(d), _mm256_set1_ps(m));
    let each = |q| _mm256_fmadd_ps(q, d, m);
    [each(q[0]), each(q[1]), each(q[2]), each(q[3])]
}

/// `d · q`.
#[inline]
#[target_feature(enable = "avx2")]
fn scaled(q: [__m256; 4], d: f32) -> [__m256; 4] {
    let d = _mm256_set1_ps(d);
    let each = |q| _mm256_mul_ps(q, d);
    [each(q[0]), each(q[1]), each(q[2]), each(q[3])]
}

/// Thirty-two consecutive bytes, each in a lane and shifted to the right.
///
/// # Safety
/// AVX2 is there, and `at` points to 32 readable bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn shifted(at: *const u8, by: usize) -> [__m256i; 4] {
    let by = _mm_cvtsi32_si128(by as i32);
    // SAFETY: the caller promises 32 bytes.
    let each = |i| unsafe { _mm256_srl_epi32(_mm256_cvtepu8_epi32(_mm_loadl_epi64(at.add(i).cast())), by) };
    [each(0), each(8), each(16), each(24)]
}

/// Each of `q` cut to its low bits.
#[inline]
#[target_feature(enable = "avx2")]
fn low_bits(q: [__m256i; 4], mask: i32) -> [__m256i; 4] {
    let mask = _mm256_set1_epi32(mask);
    let each = |q| _mm256_and_si256(q, mask);
    [each(q[0]), each(q[1]), each(q[2]), each(q[3])]
}

/// `a + (b << by)`.
#[inline]
#[target_feature(enable = "avx2")]
fn join<const BY: i32>(a: [__m256i; 4], b: [__m256i; 4]) -> [__m256i; 4] {
    let each = |i: usize| _mm256_add_epi32(a[i], _mm256_slli_epi32::<BY>(b[i]));
    [each(0), each(1), each(2), each(3)]
}

/// Integers less `by`, as floats.
#[inline]
#[target_feature(enable = "avx2")]
fn floats(q: [__m256i; 4], by: i32) -> [__m256; 4] {
    let by = _mm256_set1_epi32(by);
    let each = |q| _mm256_cvtepi32_ps(_mm256_sub_epi32(q, by));
    [each(q[0]), each(q[1]), each(q[2]), each(q[3])]
}

/// `d · q + m` with one scale and minimum for the first sixteen and one for the others.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn affine_halves(q: [__m256; 4], d: [f32; 2], m: [f32; 2]) -> [__m256; 4] {
    let each = |q, side: usize| _mm256_fmadd_ps(q, _mm256_set1_ps(d[side]), _mm256_set1_ps(m[side]));
    [each(q[0], 0), each(q[1], 0), each(q[2], 1), each(q[3], 1)]
}

/// The `part`-th scale and the negated minimum of the types with 6-bit scales.
///
/// # Safety
/// F16C is there, and `block` points to 16 readable bytes.
#[inline]
#[target_feature(enable = "avx,f16c")]
unsafe fn six_bits(block: *const u8, part: usize) -> (f32, f32) {
    // SAFETY: the caller promises 16 bytes.
    let (d, m, scales) = unsafe { (half(block), half(block.add(2)), &*block.add(4).cast::<[u8; 12]>()) };
    let (scale, least) = scale_and_min(scales, part);
    (d * f32::from(scale), -(m * f32::from(least)))
}

/// The 16 low halves, then the 16 high halves of 16 bytes, as floats.
///
/// # Safety
/// AVX2 is there, and `at` points to 16 readable bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn nibbles(at: *const u8) -> [__m256; 4] {
    // SAFETY: the caller promises 16 bytes.
    let (first, second) = unsafe {
        (_mm256_cvtepu8_epi32(_mm_loadl_epi64(at.cast())), _mm256_cvtepu8_epi32(_mm_loadl_epi64(at.add(8).cast())))
    };
    let low = _mm256_set1_epi32(15);
    [
        _mm256_cvtepi32_ps(_mm256_and_si256(first, low)),
        _mm256_cvtepi32_ps(_mm256_and_si256(second, low)),
        _mm256_cvtepi32_ps(_mm256_srli_epi32::<4>(first)),
        _mm256_cvtepi32_ps(_mm256_srli_epi32::<4>(second)),
    ]
}

/// Sixteen low nibbles and sixteen high ones, as bytes.
///
/// # Safety
/// AVX2 is there, and `at` points to 16 readable bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn nibble_bytes(at: *const u8) -> (__m128i, __m128i) {
    // SAFETY: the caller promises 16 bytes.
    let both = unsafe { _mm_loadu_si128(at.cast()) };
    let low = _mm_set1_epi8(15);
    (_mm_and_si128(both, low), _mm_and_si128(_mm_srli_epi16::<4>(both), low))
}

/// The fifth bits of 32 elements joined to their nibbles, as floats.
///
/// # Safety
/// AVX2 is there, and `at` points to 20 readable bytes: fifth bits, then nibbles.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn five_bits(at: *const u8) -> [__m256; 4] {
    // SAFETY: the caller promises 20 bytes.
    let (fifth, (low, high)) = unsafe { (at.cast::<i32>().read_unaligned(), nibble_bytes(at.add(4))) };
    let lane_bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    let sixteen = _mm256_set1_epi32(16);
    let with = |nibbles: __m128i, bits: i32| {
        let set = _mm256_and_si256(_mm256_set1_epi32(bits), lane_bits);
        let set = _mm256_cmpeq_epi32(set, lane_bits);
        _mm256_cvtepi32_ps(_mm256_or_si256(_mm256_cvtepu8_epi32(nibbles), _mm256_and_si256(set, sixteen)))
    };
    [
        with(low, fifth),
        with(_mm_srli_si128::<8>(low), fifth >> 8),
        with(high, fifth >> 16),
        with(_mm_srli_si128::<8>(high), fifth >> 24),
    ]
}

/// Thirty-two signed bytes as floats.
///
/// # Safety
/// AVX2 is there.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn signed(low: __m128i, high: __m128i) -> [__m256; 4] {
    [
        _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(low)),
        _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128::<8>(low))),
        _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(high)),
        _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128::<8>(high))),
    ]
}

/// The levels that nibbles stand for, as floats.
///
/// # Safety
/// AVX2 is there, and `at` points to 16 readable bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn levels(at: *const u8) -> [__m256; 4] {
    // SAFETY: the caller promises 16 bytes, and there are sixteen levels of a byte each.
    unsafe {
        let (low, high) = nibble_bytes(at);
        let levels = _mm_loadu_si128(LEVELS.as_ptr().cast());
        signed(_mm_shuffle_epi8(levels, low), _mm_shuffle_epi8(levels, high))
    }
}

/// Defines a stored type: bytes of a block, parts of 32 elements, and how a part is expanded.
macro_rules! blocks {
    ($($name:ident, $bytes:literal, $parts:literal, |$at:ident, $part:pat_param| $expand:expr;)*) => {$(
        pub(super) struct $name;

        impl Blocks for $name {
            const BYTES: usize = $bytes;
            const PARTS: usize = $parts;

            #[inline]
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn expand($at: *const u8, $part: usize) -> [__m256; 4] {
                // SAFETY: the caller promises the instructions and the bytes of a block.
                unsafe { $expand }
            }
        }
    )*};
}

blocks! {
    F32, 128, 1, |at, _| {
        let load = |i| _mm256_loadu_ps(at.add(i).cast());
        [load(0), load(32), load(64), load(96)]
    };
    F16, 64, 1, |at, _| {
        let load = |i| _mm256_cvtph_ps(_mm_loadu_si128(at.add(i).cast()));
        [load(0), load(16), load(32), load(48)]
    };
    BF16, 64, 1, |at, _| {
        let load = |i| {
            let high = _mm256_cvtepu16_epi32(_mm_loadu_si128(at.add(i).cast()));
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(high))
        };
        [load(0), load(16), load(32), load(48)]
    };
    Int8, 32, 1, |at, _| signed(_mm_loadu_si128(at.cast()), _mm_loadu_si128(at.add(16).cast()));
    Q4_0, 18, 1, |at, _| {
        let d = half(at);
        affine(nibbles(at.add(2)), d, -8.0 * d)
    };
    Q4_1, 20, 1, |at, _| affine(nibbles(at.add(4)), half(at), half(at.add(2)));
    Q5_0, 22, 1, |at, _| {
        let d = half(at);
        affine(five_bits(at.add(2)), d, -16.0 * d)
    };
    Q5_1, 24, 1, |at, _| affine(five_bits(at.add(4)), half(at), half(at.add(2)));
    Q8_0, 34, 1, |at, _| {
        scaled(signed(_mm_loadu_si128(at.add(2).cast()), _mm_loadu_si128(at.add(18).cast())), half(at))
    };
    Iq4Nl, 18, 1, |at, _| scaled(levels(at.add(2)), half(at));
    Q2K, 84, 8, |at, part| {
        let (d, m) = (half(at.add(80)), half(at.add(82)));
        let scales = [*at.add(2 * part), *at.add(2 * part + 1)];
        let q = shifted(at.add(16 + 32 * (part / 4)), 2 * (part % 4));
        let scale = |s: u8| d * f32::from(s & 15);
        let least = |s: u8| -(m * f32::from(s >> 4));
        let [a, b] = scales;
        affine_halves(floats(low_bits(q, 3), 0), [scale(a), scale(b)], [least(a), least(b)])
    };
    Q3K, 110, 8, |at, part| {
        let d = half(at.add(108));
        let scales = &*at.add(96).cast::<[u8; 12]>();
        let scale = |side: usize| d * q3_k_scale(scales, 2 * part + side);
        let q = low_bits(shifted(at.add(32 + 32 * (part / 4)), 2 * (part % 4)), 3);
        let third = low_bits(shifted(at, part), 1);
        affine_halves(floats(join::<2>(q, third), 4), [scale(0), scale(1)], [0.0; 2])
    };
    Q4K, 144, 8, |at, part| {
        let (d, m) = six_bits(at, part);
        let q = low_bits(shifted(at.add(16 + 32 * (part / 2)), 4 * (part % 2)), 15);
        affine(floats(q, 0), d, m)
    };
    Q5K, 176, 8, |at, part| {
        let (d, m) = six_bits(at, part);
        let q = low_bits(shifted(at.add(48 + 32 * (part / 2)), 4 * (part % 2)), 15);
        let fifth = low_bits(shifted(at.add(16), part), 1);
        affine(floats(join::<4>(q, fifth), 0), d, m)
    };
    Q6K, 210, 8, |at, part| {
        let (half_block, plane) = (part / 4, part % 4);
        let d = half(at.add(208));
        let scale = |side: usize| d * f32::from((*at.add(192 + 2 * part + side)).cast_signed());
        let low = low_bits(shifted(at.add(64 * half_block + 32 * (plane % 2)), 4 * (plane / 2)), 15);
        let high = low_bits(shifted(at.add(128 + 32 * half_block), 2 * plane), 3);
        affine_halves(floats(join::<4>(low, high), 32), [scale(0), scale(1)], [0.0; 2])
    };
    Iq4Xs, 136, 8, |at, part| {
        let scale = half(at) * iq4_xs_scale(&*at.cast::<[u8; 8]>(), part);
        scaled(levels(at.add(8 + 16 * part)), scale)
    };
}
