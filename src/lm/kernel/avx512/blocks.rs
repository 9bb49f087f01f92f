//! How each stored type is expanded in AVX-512 registers, to the same bits as by `dequantize`.
//!
//! A product of scale and quant has too few digits to be rounded, so that adding a minimum in the same instruction rounds
//! as a separate addition does. Sixteen levels fit one register, which a permutation looks nibbles up in.

use std::arch::x86_64::*;

use super::{
    super::dequantize::{LEVELS, iq4_xs_scale, q3_k_scale, scale_and_min},
    Blocks,
};

/// Thirty-two consecutive numbers, of which a table takes sixteen.
const COUNT: [f32; 32] = {
    let mut count = [0.0; 32];
    let mut i = 0;
    while i < 32 {
        count[i] = i as f32;
        i += 1;
    }
    count
};

/// The levels of the non-linear types.
const FLOAT_LEVELS: [f32; 16] = {
    let mut levels = [0.0; 16];
    let mut i = 0;
    while i < 16 {
        levels[i] = LEVELS[i] as f32;
        i += 1;
    }
    levels
};

/// One 16-bit float in all lanes.
///
/// # Safety
/// AVX-512 is there, and `at` points to two readable bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
unsafe fn half(at: *const u8) -> __m512 {
    // SAFETY: the caller promises two bytes.
    _mm512_cvtph_ps(_mm256_set1_epi16(unsafe { at.cast::<i16>().read_unaligned() }))
}

/// Two 16-bit floats, each in all lanes.
///
/// # Safety
/// AVX-512 is there, and `at` points to four readable bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
unsafe fn halves(at: *const u8) -> (__m512, __m512) {
    // SAFETY: the caller promises four bytes.
    let both = _mm512_cvtph_ps(_mm256_set1_epi32(unsafe { at.cast::<i32>().read_unaligned() }));
    (_mm512_moveldup_ps(both), _mm512_movehdup_ps(both))
}

/// Sixteen bytes, each in a lane.
///
/// # Safety
/// AVX-512 is there, and `at` points to 16 readable bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn bytes(at: *const u8) -> __m512i {
    // SAFETY: the caller promises 16 bytes.
    _mm512_cvtepu8_epi32(unsafe { _mm_loadu_si128(at.cast()) })
}

/// Sixteen bytes, each in a lane and shifted to the right.
///
/// # Safety
/// As [`bytes`]'s.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn shifted(at: *const u8, by: usize) -> __m512i {
    // SAFETY: the caller promises 16 bytes.
    _mm512_srl_epi32(unsafe { bytes(at) }, _mm_cvtsi32_si128(by as i32))
}

/// Which of 16 bytes have the bit set.
///
/// # Safety
/// As [`bytes`]'s.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn bits(at: *const u8, bit: usize) -> __mmask16 {
    // SAFETY: the caller promises 16 bytes.
    _mm_test_epi8_mask(unsafe { _mm_loadu_si128(at.cast()) }, _mm_set1_epi8((1_u8 << bit) as i8))
}

/// `d · q + m` for q from `first` to `first + 15`.
#[inline]
#[target_feature(enable = "avx512f")]
fn table(first: usize, d: __m512, m: __m512) -> __m512 {
    let count = &COUNT[first..first + 16];
    // SAFETY: the slice holds sixteen floats.
    _mm512_fmadd_ps(unsafe { _mm512_loadu_ps(count.as_ptr()) }, d, m)
}

/// The sixteen levels times a scale.
#[inline]
#[target_feature(enable = "avx512f")]
fn levels(scale: __m512) -> __m512 {
    // SAFETY: there are sixteen levels.
    _mm512_mul_ps(unsafe { _mm512_loadu_ps(FLOAT_LEVELS.as_ptr()) }, scale)
}

/// Looks up the low halves, then the high halves of 16 bytes.
///
/// # Safety
/// As [`bytes`]'s.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn nibbles(at: *const u8, table: __m512) -> [__m512; 2] {
    // SAFETY: the caller promises 16 bytes.
    let q = unsafe { bytes(at) };
    [_mm512_permutexvar_ps(q, table), _mm512_permutexvar_ps(_mm512_srli_epi32::<4>(q), table)]
}

/// Looks up nibbles in the first table, or in the second where their fifth bit is set.
#[inline]
#[target_feature(enable = "avx512f")]
fn five(q: __m512i, fifth: __mmask16, tables: [__m512; 2]) -> __m512 {
    _mm512_mask_permutexvar_ps(_mm512_permutexvar_ps(q, tables[0]), fifth, q, tables[1])
}

/// Four bytes of fifth bits, then nibbles.
///
/// # Safety
/// AVX-512 is there, and `at` points to 20 readable bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn five_bits(at: *const u8, d: __m512, m: __m512) -> [__m512; 2] {
    // SAFETY: the caller promises 20 bytes.
    let (fifth, q) = unsafe { (at.cast::<u32>().read_unaligned(), bytes(at.add(4))) };
    let tables = [table(0, d, m), table(16, d, m)];
    [five(q, fifth as u16, tables), five(_mm512_srli_epi32::<4>(q), (fifth >> 16) as u16, tables)]
}

/// The `part`-th scale and the negated minimum of the types with 6-bit scales.
///
/// # Safety
/// AVX-512 is there, and `block` points to 16 readable bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
unsafe fn six_bits(block: *const u8, part: usize) -> (__m512, __m512) {
    // SAFETY: the caller promises 16 bytes.
    let ((d, m), scales) = unsafe { (halves(block), &*block.add(4).cast::<[u8; 12]>()) };
    let (scale, least) = scale_and_min(scales, part);
    let whole = |x: u8| _mm512_set1_ps(f32::from(x));
    (_mm512_mul_ps(d, whole(scale)), _mm512_mul_ps(m, _mm512_sub_ps(_mm512_setzero_ps(), whole(least))))
}

/// Defines a stored type whose block begins with a scale and perhaps a minimum: bytes of a block, and how it is expanded.
macro_rules! scaled_blocks {
    ($($name:ident, $bytes:literal, |$at:ident, $d:ident, $m:pat_param| $expand:expr;)*) => {$(
        pub(super) struct $name;

        impl Blocks for $name {
            const BYTES: usize = $bytes;
            const PARTS: usize = 1;
            const SCALED: bool = true;

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,f16c")]
            unsafe fn expand(at: *const u8, _: usize) -> [__m512; 2] {
                // SAFETY: the caller promises the instructions and the bytes of a block.
                unsafe {
                    let (d, m) = halves(at);
                    Self::expand_scaled(at, d, m)
                }
            }

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,f16c")]
            unsafe fn expand_scaled($at: *const u8, $d: __m512, $m: __m512) -> [__m512; 2] {
                // SAFETY: the caller promises the instructions and the bytes of a block.
                unsafe { $expand }
            }
        }
    )*};
}

scaled_blocks! {
    Q4_0, 18, |at, d, _| nibbles(at.add(2), table(0, d, _mm512_mul_ps(d, _mm512_set1_ps(-8.0))));
    Q4_1, 20, |at, d, m| nibbles(at.add(4), table(0, d, m));
    Q5_0, 22, |at, d, _| five_bits(at.add(2), d, _mm512_mul_ps(d, _mm512_set1_ps(-16.0)));
    Q5_1, 24, |at, d, m| five_bits(at.add(4), d, m);
    Q8_0, 34, |at, d, _| {
        let expand = |i| {
            let q = _mm512_cvtepi8_epi32(_mm_loadu_si128(at.add(i).cast()));
            _mm512_mul_ps(_mm512_cvtepi32_ps(q), d)
        };
        [expand(2), expand(18)]
    };
    Iq4Nl, 18, |at, d, _| nibbles(at.add(2), levels(d));
}

/// Defines a stored type: bytes of a block, parts of 32 elements, and how a part is expanded.
macro_rules! blocks {
    ($($name:ident, $bytes:literal, $parts:literal, |$at:ident, $part:pat_param| $expand:expr;)*) => {$(
        pub(super) struct $name;

        impl Blocks for $name {
            const BYTES: usize = $bytes;
            const PARTS: usize = $parts;
            const SCALED: bool = false;

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,f16c")]
            unsafe fn expand_scaled(block: *const u8, _: __m512, _: __m512) -> [__m512; 2] {
                // SAFETY: the caller promises the instructions and the bytes of a block.
                unsafe { Self::expand(block, 0) }
            }

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,f16c")]
            unsafe fn expand($at: *const u8, $part: usize) -> [__m512; 2] {
                // SAFETY: the caller promises the instructions and the bytes of a block.
                unsafe { $expand }
            }
        }
    )*};
}

blocks! {
    F32, 128, 1, |at, _| [_mm512_loadu_ps(at.cast()), _mm512_loadu_ps(at.add(64).cast())];
    F16, 64, 1, |at, _| {
        let expand = |i| _mm512_cvtph_ps(_mm256_loadu_si256(at.add(i).cast()));
        [expand(0), expand(32)]
    };
    Int8, 32, 1, |at, _| {
        let load = |i| _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(at.add(i).cast())));
        [load(0), load(16)]
    };
    BF16, 64, 1, |at, _| {
        let expand = |i| {
            let high = _mm512_cvtepu16_epi32(_mm256_loadu_si256(at.add(i).cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(high))
        };
        [expand(0), expand(32)]
    };
    Q2K, 84, 8, |at, part| {
        let (d, m) = halves(at.add(80));
        let expand = |side| {
            let scale = *at.add(2 * part + side);
            let whole = |x: u8| _mm512_set1_ps(f32::from(x));
            let least = _mm512_mul_ps(m, whole(scale >> 4));
            let q = shifted(at.add(16 + 32 * (part / 4) + 16 * side), 2 * (part % 4));
            let q = _mm512_cvtepi32_ps(_mm512_and_epi32(q, _mm512_set1_epi32(3)));
            _mm512_fmsub_ps(q, _mm512_mul_ps(d, whole(scale & 15)), least)
        };
        [expand(0), expand(1)]
    };
    Q3K, 110, 8, |at, part| {
        let d = half(at.add(108));
        let scales = &*at.add(96).cast::<[u8; 12]>();
        let expand = |side| {
            let scale = _mm512_mul_ps(d, _mm512_set1_ps(q3_k_scale(scales, 2 * part + side)));
            let q = shifted(at.add(32 + 32 * (part / 4) + 16 * side), 2 * (part % 4));
            let q = _mm512_and_epi32(q, _mm512_set1_epi32(3));
            let below = !bits(at.add(16 * side), part);
            let q = _mm512_mask_sub_epi32(q, below, q, _mm512_set1_epi32(4));
            _mm512_mul_ps(_mm512_cvtepi32_ps(q), scale)
        };
        [expand(0), expand(1)]
    };
    Q4K, 144, 8, |at, part| {
        let (d, m) = six_bits(at, part);
        let table = table(0, d, m);
        let expand = |i| {
            let q = shifted(at.add(16 + 32 * (part / 2) + i), 4 * (part % 2));
            _mm512_permutexvar_ps(q, table)
        };
        [expand(0), expand(16)]
    };
    Q5K, 176, 8, |at, part| {
        let (d, m) = six_bits(at, part);
        let tables = [table(0, d, m), table(16, d, m)];
        let expand = |i| {
            let q = shifted(at.add(48 + 32 * (part / 2) + i), 4 * (part % 2));
            five(q, bits(at.add(16 + i), part), tables)
        };
        [expand(0), expand(16)]
    };
    Q6K, 210, 8, |at, part| {
        let (half_block, plane) = (part / 4, part % 4);
        let d = half(at.add(208));
        let expand = |side| {
            let scale = f32::from((*at.add(192 + 2 * part + side)).cast_signed());
            let low = shifted(at.add(64 * half_block + 32 * (plane % 2) + 16 * side), 4 * (plane / 2));
            let high = shifted(at.add(128 + 32 * half_block + 16 * side), 2 * plane);
            let low = _mm512_and_epi32(low, _mm512_set1_epi32(15));
            let high = _mm512_slli_epi32::<4>(_mm512_and_epi32(high, _mm512_set1_epi32(3)));
            let q = _mm512_sub_epi32(_mm512_or_epi32(low, high), _mm512_set1_epi32(32));
            _mm512_mul_ps(_mm512_cvtepi32_ps(q), _mm512_mul_ps(d, _mm512_set1_ps(scale)))
        };
        [expand(0), expand(1)]
    };
    Iq4Xs, 136, 8, |at, part| {
        let scale = _mm512_set1_ps(iq4_xs_scale(&*at.cast::<[u8; 8]>(), part));
        nibbles(at.add(8 + 16 * part), levels(_mm512_mul_ps(half(at), scale)))
    };
}
