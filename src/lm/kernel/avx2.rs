//! Products in AVX2 registers: blocks are expanded where they are multiplied.
//!
//! Every output is the sum over blocks of 32 of `d · Σ q·x + m · Σ x`, in eight lanes and always in the same order, so it
//! does not depend on how many rows are computed together.

#![expect(unsafe_code, reason = "vector instructions read through raw pointers")]
#![allow(clippy::wildcard_imports, reason = "forty intrinsics, each with the prefix of its set")]

use std::arch::x86_64::*;

/// How far ahead of their use weights are asked of the memory, in bytes: rows follow one another, so this is in the next.
const AHEAD: usize = 3072;

/// A stored type, 32 elements at a time.
pub(super) trait Blocks {
    /// Bytes of 32 elements.
    const BYTES: usize;
    /// Whether the elements must be multiplied by a scale.
    const SCALED: bool;
    /// Whether the elements have a minimum added.
    const MINIMUM: bool;

    /// The elements before scale and minimum, the scale, the minimum.
    ///
    /// # Safety
    /// AVX2, FMA and F16C are there, and `block` points to [`Self::BYTES`] readable bytes.
    unsafe fn expand(block: *const u8) -> ([__m256; 4], f32, f32);
}

/// Products of `W` matrix rows of `blocks` whole blocks, and `rest` if the last is incomplete, with `R` activation rows.
///
/// # Safety
/// AVX2, FMA and F16C are there. Each of `rows` points to `blocks × B::BYTES` readable bytes, each of `x` to 32 floats for
/// every block and for `rest`, each of `sums` to one float for each.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn tile<B: Blocks, const W: usize, const R: usize>(
    mut rows: [*const u8; W],
    rest: Option<&[[u8; 128]; W]>,
    blocks: usize,
    mut x: [*const f32; R],
    mut sums: [*const f32; R],
) -> [[f32; R]; W] {
    let mut total = [[_mm256_setzero_ps(); R]; W];
    let mut least = [[0.0_f32; R]; W];
    for _ in 0..blocks {
        for w in 0..W {
            // SAFETY: the caller promises this many blocks, activations and sums.
            unsafe { step::<B, R>(rows[w], &x, &sums, &mut total[w], &mut least[w]) };
            rows[w] = rows[w].wrapping_add(B::BYTES);
        }
        for r in 0..R {
            (x[r], sums[r]) = (x[r].wrapping_add(32), sums[r].wrapping_add(1));
        }
    }
    if let Some(rest) = rest {
        for w in 0..W {
            // SAFETY: `rest` holds a padded block, and the caller promises activations and sums for it.
            unsafe { step::<B, R>(rest[w].as_ptr(), &x, &sums, &mut total[w], &mut least[w]) };
        }
    }
    let mut out = [[0.0; R]; W];
    for w in 0..W {
        for r in 0..R {
            out[w][r] = across(total[w][r]) + least[w][r];
        }
    }
    out
}

/// One block of one matrix row with each activation row.
///
/// # Safety
/// As [`tile`]'s, for the block at `block` and the activations and sums at `x` and `sums`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn step<B: Blocks, const R: usize>(
    block: *const u8,
    x: &[*const f32; R],
    sums: &[*const f32; R],
    total: &mut [__m256; R],
    least: &mut [f32; R],
) {
    // SAFETY: the caller promises the block, its 32 activations in each row, and their sums; a prefetch reads nothing.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(block.wrapping_add(AHEAD).cast());
        let (q, d, m) = B::expand(block);
        let d = _mm256_set1_ps(d);
        for r in 0..R {
            let x = x[r];
            let mut part = _mm256_mul_ps(q[0], _mm256_loadu_ps(x));
            part = _mm256_fmadd_ps(q[1], _mm256_loadu_ps(x.add(8)), part);
            part = _mm256_fmadd_ps(q[2], _mm256_loadu_ps(x.add(16)), part);
            part = _mm256_fmadd_ps(q[3], _mm256_loadu_ps(x.add(24)), part);
            total[r] = if B::SCALED { _mm256_fmadd_ps(d, part, total[r]) } else { _mm256_add_ps(part, total[r]) };
            if B::MINIMUM {
                least[r] = m.mul_add(*sums[r], least[r]);
            }
        }
    }
}

/// The sum of the eight lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn across(v: __m256) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
}

/// The product of two vectors of equal length.
#[target_feature(enable = "avx2,fma")]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    let (mut even, mut odd) = (_mm256_setzero_ps(), _mm256_setzero_ps());
    for (a, b) in a.iter().zip(b) {
        // SAFETY: each chunk holds sixteen floats.
        unsafe {
            even = _mm256_fmadd_ps(_mm256_loadu_ps(a.as_ptr()), _mm256_loadu_ps(b.as_ptr()), even);
            odd = _mm256_fmadd_ps(_mm256_loadu_ps(a.as_ptr().add(8)), _mm256_loadu_ps(b.as_ptr().add(8)), odd);
        }
    }
    let rest = a_rest.iter().zip(b_rest).fold(0.0_f32, |sum, (a, b)| a.mul_add(*b, sum));
    across(_mm256_add_ps(even, odd)) + rest
}

/// Adds `weight · v` to `out`, both of equal length.
#[target_feature(enable = "avx2,fma")]
pub(super) fn add_scaled(weight: f32, v: &[f32], out: &mut [f32]) {
    for (out, v) in out.iter_mut().zip(v) {
        *out = weight.mul_add(*v, *out);
    }
}

/// The first two 16-bit floats of a block; the second may be bytes of another meaning, and is then not used.
///
/// # Safety
/// F16C is there, and `at` points to four readable bytes.
#[inline]
#[target_feature(enable = "avx,f16c")]
unsafe fn halves(at: *const u8) -> (f32, f32) {
    // SAFETY: the caller promises four bytes.
    let bits = unsafe { at.cast::<i32>().read_unaligned() };
    let both = _mm_cvtph_ps(_mm_cvtsi32_si128(bits));
    (_mm_cvtss_f32(both), _mm_cvtss_f32(_mm_movehdup_ps(both)))
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
    let join = |nibbles: __m128i, bits: i32| {
        let set = _mm256_and_si256(_mm256_set1_epi32(bits), lane_bits);
        let set = _mm256_cmpeq_epi32(set, lane_bits);
        _mm256_cvtepi32_ps(_mm256_or_si256(_mm256_cvtepu8_epi32(nibbles), _mm256_and_si256(set, sixteen)))
    };
    [
        join(low, fifth),
        join(_mm_srli_si128::<8>(low), fifth >> 8),
        join(high, fifth >> 16),
        join(_mm_srli_si128::<8>(high), fifth >> 24),
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

/// Defines a stored type: bytes of 32 elements, scaled, minimum, and how a block is expanded.
macro_rules! blocks {
    ($($name:ident, $bytes:literal, $scaled:literal, $minimum:literal, |$at:ident| $expand:expr;)*) => {$(
        pub(super) struct $name;

        impl Blocks for $name {
            const BYTES: usize = $bytes;
            const SCALED: bool = $scaled;
            const MINIMUM: bool = $minimum;

            #[inline]
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn expand($at: *const u8) -> ([__m256; 4], f32, f32) {
                // SAFETY: the caller promises the instructions and the bytes of a block.
                unsafe { $expand }
            }
        }
    )*};
}

blocks! {
    F32, 128, false, false, |at| {
        let load = |i| _mm256_loadu_ps(at.add(i).cast());
        ([load(0), load(32), load(64), load(96)], 1.0, 0.0)
    };
    F16, 64, false, false, |at| {
        let load = |i| _mm256_cvtph_ps(_mm_loadu_si128(at.add(i).cast()));
        ([load(0), load(16), load(32), load(48)], 1.0, 0.0)
    };
    BF16, 64, false, false, |at| {
        let load = |i| _mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(_mm_loadu_si128(at.add(i).cast())));
        let [a, b, c, d] = [load(0), load(16), load(32), load(48)];
        ([_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), _mm256_castsi256_ps(c), _mm256_castsi256_ps(d)], 1.0, 0.0)
    };
    Q4_0, 18, true, true, |at| {
        let (d, _) = halves(at);
        (nibbles(at.add(2)), d, -8.0 * d)
    };
    Q4_1, 20, true, true, |at| {
        let (d, m) = halves(at);
        (nibbles(at.add(4)), d, m)
    };
    Q5_0, 22, true, true, |at| {
        let (d, _) = halves(at);
        (five_bits(at.add(2)), d, -16.0 * d)
    };
    Q5_1, 24, true, true, |at| {
        let (d, m) = halves(at);
        (five_bits(at.add(4)), d, m)
    };
    Q8_0, 34, true, false, |at| {
        let load = |i| _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(at.add(i).cast())));
        ([load(2), load(10), load(18), load(26)], halves(at).0, 0.0)
    };
    Iq4Nl, 18, true, false, |at| {
        let (low, high) = nibble_bytes(at.add(2));
        let levels = _mm_loadu_si128(super::dequantize::LEVELS.as_ptr().cast());
        (signed(_mm_shuffle_epi8(levels, low), _mm_shuffle_epi8(levels, high)), halves(at).0, 0.0)
    };
}
