//! How each stored type is expanded in NEON registers, to the same bits as by `dequantize`.
//!
//! Quants stay bytes, sixteen to a register, until they are whole. A product of scale and quant has too few digits to be
//! rounded, so that adding a minimum in the same instruction rounds as a separate addition does.

use std::arch::{aarch64::*, asm};

use super::{
    super::dequantize::{LEVELS, iq4_xs_scale, q3_k_scale, scale_and_min},
    Blocks,
};

/// Thirty-two quants.
type Bytes = [uint8x16_t; 2];

/// Thirty-two floats.
type Floats = [float32x4_t; 8];

/// A 16-bit float.
///
/// # Safety
/// `at` points to two readable bytes.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn half(at: *const u8) -> f32 {
    let value: f32;
    // SAFETY: the caller promises two bytes. The instruction is part of every aarch64 with floats, and touches registers
    // alone; its intrinsic is not stable.
    unsafe {
        let bits = at.cast::<u16>().read_unaligned();
        asm!(
            "fcvt {value:s}, {bits:h}",
            value = lateout(vreg) value, bits = in(vreg) bits, options(pure, nomem, nostack, preserves_flags)
        );
    }
    value
}

/// Four 16-bit floats.
#[inline]
#[target_feature(enable = "neon")]
fn four_halves(bits: uint16x4_t) -> float32x4_t {
    let values: float32x4_t;
    // SAFETY: the instruction is part of NEON, and touches registers alone; its intrinsic is not stable.
    unsafe {
        asm!(
            "fcvtl {values:v}.4s, {bits:v}.4h",
            values = lateout(vreg) values, bits = in(vreg) bits, options(pure, nomem, nostack, preserves_flags)
        );
    }
    values
}

/// Thirty-two consecutive bytes.
///
/// # Safety
/// NEON is there, and `at` points to 32 readable bytes.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn bytes(at: *const u8) -> Bytes {
    // SAFETY: the caller promises 32 bytes.
    unsafe { [vld1q_u8(at), vld1q_u8(at.add(16))] }
}

/// The sixteen-bit halves of 32 elements, four times eight.
///
/// # Safety
/// NEON is there, and `at` points to 64 readable bytes.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn words(at: *const u8) -> [uint16x8_t; 4] {
    // SAFETY: the caller promises 64 bytes.
    let each = |i| unsafe { vreinterpretq_u16_u8(vld1q_u8(at.add(i))) };
    [each(0), each(16), each(32), each(48)]
}

/// Thirty-two consecutive bytes, each shifted to the right and cut to the bits of the mask.
///
/// # Safety
/// NEON is there, and `at` points to 32 readable bytes.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn shifted(at: *const u8, by: usize, mask: u8) -> Bytes {
    let (left, mask) = (vdupq_n_s8(-(by as i8)), vdupq_n_u8(mask));
    // SAFETY: the caller promises 32 bytes.
    unsafe { bytes(at) }.map(|q| vandq_u8(vshlq_u8(q, left), mask))
}

/// `a + (b << by)`.
#[inline]
#[target_feature(enable = "neon")]
fn join<const BY: i32>(a: Bytes, b: Bytes) -> Bytes {
    [vorrq_u8(a[0], vshlq_n_u8::<BY>(b[0])), vorrq_u8(a[1], vshlq_n_u8::<BY>(b[1]))]
}

/// The 16 low halves, then the 16 high halves of 16 bytes.
///
/// # Safety
/// NEON is there, and `at` points to 16 readable bytes.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn nibbles(at: *const u8) -> Bytes {
    // SAFETY: the caller promises 16 bytes.
    let both = unsafe { vld1q_u8(at) };
    [vandq_u8(both, vdupq_n_u8(15)), vshrq_n_u8::<4>(both)]
}

/// The fifth bits of 32 elements joined to their nibbles.
///
/// # Safety
/// NEON is there, and `at` points to 20 readable bytes: fifth bits, then nibbles.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn five_bits(at: *const u8) -> Bytes {
    // SAFETY: the caller promises 20 bytes.
    let (fifth, [low, high]) = unsafe { (&*at.cast::<[u8; 4]>(), nibbles(at.add(4))) };
    let lane_bits = vreinterpretq_u8_u64(vdupq_n_u64(0x8040_2010_0804_0201));
    let with = |nibbles, first, second| {
        let set = vtstq_u8(vcombine_u8(vdup_n_u8(first), vdup_n_u8(second)), lane_bits);
        vorrq_u8(nibbles, vandq_u8(set, vdupq_n_u8(16)))
    };
    [with(low, fifth[0], fifth[1]), with(high, fifth[2], fifth[3])]
}

/// The levels that nibbles stand for.
///
/// # Safety
/// NEON is there, and `at` points to 16 readable bytes.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn levels(at: *const u8) -> Floats {
    // SAFETY: the caller promises 16 bytes, and there are sixteen levels of a byte each.
    let (levels, [low, high]) = unsafe { (vld1q_s8(LEVELS.as_ptr()), nibbles(at)) };
    signed([vqtbl1q_s8(levels, low), vqtbl1q_s8(levels, high)])
}

/// Signed bytes as floats.
#[inline]
#[target_feature(enable = "neon")]
fn signed(q: [int8x16_t; 2]) -> Floats {
    let low = |q| vcvtq_f32_s32(vmovl_s16(vget_low_s16(q)));
    let high = |q| vcvtq_f32_s32(vmovl_high_s16(q));
    let [a, b] = [vmovl_s8(vget_low_s8(q[0])), vmovl_high_s8(q[0])];
    let [c, d] = [vmovl_s8(vget_low_s8(q[1])), vmovl_high_s8(q[1])];
    [low(a), high(a), low(b), high(b), low(c), high(c), low(d), high(d)]
}

/// Bytes read as signed, less `by`, as floats.
#[inline]
#[target_feature(enable = "neon")]
fn floats(q: Bytes, by: i8) -> Floats {
    let by = vdupq_n_s8(by);
    signed([vsubq_s8(vreinterpretq_s8_u8(q[0]), by), vsubq_s8(vreinterpretq_s8_u8(q[1]), by)])
}

/// `d · q`.
#[inline]
#[target_feature(enable = "neon")]
fn scaled(q: Floats, d: f32) -> Floats {
    scaled_halves(q, [d, d])
}

/// `d · q` with one scale for the first sixteen and one for the others.
#[inline]
#[target_feature(enable = "neon")]
fn scaled_halves(mut q: Floats, d: [f32; 2]) -> Floats {
    for (i, q) in q.iter_mut().enumerate() {
        *q = vmulq_n_f32(*q, d[i / 4]);
    }
    q
}

/// `d · q + m`.
#[inline]
#[target_feature(enable = "neon")]
fn affine(q: Floats, d: f32, m: f32) -> Floats {
    affine_halves(q, [d, d], [m, m])
}

/// `d · q + m` with one scale and minimum for the first sixteen and one for the others.
#[inline]
#[target_feature(enable = "neon")]
fn affine_halves(mut q: Floats, d: [f32; 2], m: [f32; 2]) -> Floats {
    for (i, q) in q.iter_mut().enumerate() {
        *q = vfmaq_n_f32(vdupq_n_f32(m[i / 4]), *q, d[i / 4]);
    }
    q
}

/// The `part`-th scale and the negated minimum of the types with 6-bit scales.
///
/// # Safety
/// NEON is there, and `block` points to 16 readable bytes.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn six_bits(block: *const u8, part: usize) -> (f32, f32) {
    // SAFETY: the caller promises 16 bytes.
    let (d, m, scales) = unsafe { (half(block), half(block.add(2)), &*block.add(4).cast::<[u8; 12]>()) };
    let (scale, least) = scale_and_min(scales, part);
    (d * f32::from(scale), -(m * f32::from(least)))
}

/// Defines a stored type: bytes of a block, parts of 32 elements, and how a part is expanded.
macro_rules! blocks {
    ($($name:ident, $bytes:literal, $parts:literal, |$at:ident, $part:pat_param| $expand:expr;)*) => {$(
        pub(super) struct $name;

        impl Blocks for $name {
            const BYTES: usize = $bytes;
            const PARTS: usize = $parts;

            #[inline]
            #[target_feature(enable = "neon")]
            unsafe fn expand($at: *const u8, $part: usize) -> Floats {
                // SAFETY: the caller promises the instructions and the bytes of a block.
                unsafe { $expand }
            }
        }
    )*};
}

blocks! {
    F32, 128, 1, |at, _| {
        let load = |i: usize| vreinterpretq_f32_u8(vld1q_u8(at.add(16 * i)));
        [load(0), load(1), load(2), load(3), load(4), load(5), load(6), load(7)]
    };
    F16, 64, 1, |at, _| {
        let [a, b, c, d] = words(at);
        let low = |q| four_halves(vget_low_u16(q));
        let high = |q| four_halves(vget_high_u16(q));
        [low(a), high(a), low(b), high(b), low(c), high(c), low(d), high(d)]
    };
    BF16, 64, 1, |at, _| {
        let [a, b, c, d] = words(at);
        let low = |q| vreinterpretq_f32_u32(vshll_n_u16::<16>(vget_low_u16(q)));
        let high = |q| vreinterpretq_f32_u32(vshll_high_n_u16::<16>(q));
        [low(a), high(a), low(b), high(b), low(c), high(c), low(d), high(d)]
    };
    Int8, 32, 1, |at, _| floats(bytes(at), 0);
    Q4_0, 18, 1, |at, _| scaled(floats(nibbles(at.add(2)), 8), half(at));
    Q4_1, 20, 1, |at, _| affine(floats(nibbles(at.add(4)), 0), half(at), half(at.add(2)));
    Q5_0, 22, 1, |at, _| scaled(floats(five_bits(at.add(2)), 16), half(at));
    Q5_1, 24, 1, |at, _| affine(floats(five_bits(at.add(4)), 0), half(at), half(at.add(2)));
    Q8_0, 34, 1, |at, _| scaled(floats(bytes(at.add(2)), 0), half(at));
    Iq4Nl, 18, 1, |at, _| scaled(levels(at.add(2)), half(at));
    Q2K, 84, 8, |at, part| {
        let (d, m) = (half(at.add(80)), half(at.add(82)));
        let [a, b] = [*at.add(2 * part), *at.add(2 * part + 1)];
        let q = shifted(at.add(16 + 32 * (part / 4)), 2 * (part % 4), 3);
        let scale = |s: u8| d * f32::from(s & 15);
        let least = |s: u8| -(m * f32::from(s >> 4));
        affine_halves(floats(q, 0), [scale(a), scale(b)], [least(a), least(b)])
    };
    Q3K, 110, 8, |at, part| {
        let d = half(at.add(108));
        let scales = &*at.add(96).cast::<[u8; 12]>();
        let scale = |side: usize| d * q3_k_scale(scales, 2 * part + side);
        let q = shifted(at.add(32 + 32 * (part / 4)), 2 * (part % 4), 3);
        let third = shifted(at, part, 1);
        scaled_halves(floats(join::<2>(q, third), 4), [scale(0), scale(1)])
    };
    Q4K, 144, 8, |at, part| {
        let (d, m) = six_bits(at, part);
        let q = shifted(at.add(16 + 32 * (part / 2)), 4 * (part % 2), 15);
        affine(floats(q, 0), d, m)
    };
    Q5K, 176, 8, |at, part| {
        let (d, m) = six_bits(at, part);
        let q = shifted(at.add(48 + 32 * (part / 2)), 4 * (part % 2), 15);
        let fifth = shifted(at.add(16), part, 1);
        affine(floats(join::<4>(q, fifth), 0), d, m)
    };
    Q6K, 210, 8, |at, part| {
        let (half_block, plane) = (part / 4, part % 4);
        let d = half(at.add(208));
        let scale = |side: usize| d * f32::from((*at.add(192 + 2 * part + side)).cast_signed());
        let low = shifted(at.add(64 * half_block + 32 * (plane % 2)), 4 * (plane / 2), 15);
        let high = shifted(at.add(128 + 32 * half_block), 2 * plane, 3);
        scaled_halves(floats(join::<4>(low, high), 32), [scale(0), scale(1)])
    };
    Iq4Xs, 136, 8, |at, part| {
        let scale = half(at) * iq4_xs_scale(&*at.cast::<[u8; 8]>(), part);
        scaled(levels(at.add(8 + 16 * part)), scale)
    };
}
