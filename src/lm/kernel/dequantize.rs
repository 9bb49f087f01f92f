//! Stored elements to float32, one row at a time, for every type; the formats are ggml's (`ggml-quants.c`).

mod codebooks;

use half::{bf16, f16};

use crate::lm::checkpoint::Dtype;

/// The sixteen levels of the non-linear 4-bit types.
pub(super) const LEVELS: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// Twice the values of a float of a sign, two bits of exponent and one of mantissa.
const FLOATS: [i8; 16] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/// Expands the blocks of `bytes` into `out`: as many elements as whole blocks of both allow. A tensor's own scale is not
/// multiplied in.
pub fn dequantize(dtype: Dtype, bytes: &[u8], out: &mut [f32]) {
    let (elements, size) = dtype.block();
    let blocks = bytes.chunks_exact(size).zip(out.chunks_exact_mut(elements));
    match dtype {
        Dtype::F32 => blocks.for_each(|(b, y)| y[0] = f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
        Dtype::F16 => blocks.for_each(|(b, y)| y[0] = half_at(b, 0)),
        Dtype::Int8 => blocks.for_each(|(b, y)| y[0] = f32::from(b[0].cast_signed())),
        Dtype::BF16 => blocks.for_each(|(b, y)| y[0] = bf16::from_le_bytes([b[0], b[1]]).to_f32()),
        Dtype::Q4_0 => blocks.for_each(|(b, y)| {
            let d = half_at(b, 0);
            nibbles(&b[2..], y, |q| d * (f32::from(q) - 8.0));
        }),
        Dtype::Q4_1 => blocks.for_each(|(b, y)| {
            let (d, m) = (half_at(b, 0), half_at(b, 2));
            nibbles(&b[4..], y, |q| d * f32::from(q) + m);
        }),
        Dtype::Q5_0 => blocks.for_each(|(b, y)| {
            let d = half_at(b, 0);
            five_bits(&b[2..], y, |q| d * (f32::from(q) - 16.0));
        }),
        Dtype::Q5_1 => blocks.for_each(|(b, y)| {
            let (d, m) = (half_at(b, 0), half_at(b, 2));
            five_bits(&b[4..], y, |q| d * f32::from(q) + m);
        }),
        Dtype::Q8_0 => blocks.for_each(|(b, y)| {
            let d = half_at(b, 0);
            for (y, &q) in y.iter_mut().zip(&b[2..]) {
                *y = d * f32::from(q as i8);
            }
        }),
        Dtype::Iq4Nl => blocks.for_each(|(b, y)| {
            let d = half_at(b, 0);
            nibbles(&b[2..], y, |q| d * f32::from(LEVELS[usize::from(q)]));
        }),
        Dtype::Q2K => blocks.for_each(|(b, y)| q2_k(b, y)),
        Dtype::Q3K => blocks.for_each(|(b, y)| q3_k(b, y)),
        Dtype::Q4K => blocks.for_each(|(b, y)| q4_k(b, y)),
        Dtype::Q5K => blocks.for_each(|(b, y)| q5_k(b, y)),
        Dtype::Q6K => blocks.for_each(|(b, y)| q6_k(b, y)),
        Dtype::Iq4Xs => blocks.for_each(|(b, y)| iq4_xs(b, y)),
        Dtype::Iq1S => blocks.for_each(|(b, y)| codebooks::iq1_s(b, y)),
        Dtype::Iq1M => blocks.for_each(|(b, y)| codebooks::iq1_m(b, y)),
        Dtype::Iq2Xxs => blocks.for_each(|(b, y)| codebooks::iq2_xxs(b, y)),
        Dtype::Iq2Xs => blocks.for_each(|(b, y)| codebooks::iq2_xs(b, y)),
        Dtype::Iq2S => blocks.for_each(|(b, y)| codebooks::iq2_s(b, y)),
        Dtype::Iq3Xxs => blocks.for_each(|(b, y)| codebooks::iq3_xxs(b, y)),
        Dtype::Iq3S => blocks.for_each(|(b, y)| codebooks::iq3_s(b, y)),
        Dtype::Tq1_0 => blocks.for_each(|(b, y)| codebooks::tq1_0(b, y)),
        Dtype::Tq2_0 => blocks.for_each(|(b, y)| codebooks::tq2_0(b, y)),
        Dtype::Mxfp4 => blocks.for_each(|(b, y)| {
            let d = half_of_power(b[0]);
            nibbles(&b[1..], y, |q| d * f32::from(FLOATS[usize::from(q)]));
        }),
    }
}

/// Half of 2 to the power of `exponent` - 127; the two least are not normal floats.
fn half_of_power(exponent: u8) -> f32 {
    f32::from_bits(match exponent {
        0 => 0x0020_0000,
        1 => 0x0040_0000,
        _ => u32::from(exponent - 1) << 23,
    })
}

fn half_at(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

/// Low halves of 16 bytes are the first 16 elements, high halves the rest.
fn nibbles(quants: &[u8], y: &mut [f32], value: impl Fn(u8) -> f32) {
    let (low, high) = y.split_at_mut(16);
    for ((low, high), &q) in low.iter_mut().zip(high).zip(quants) {
        *low = value(q & 15);
        *high = value(q >> 4);
    }
}

/// Four bytes of fifth bits, element by element, then nibbles.
fn five_bits(block: &[u8], y: &mut [f32], value: impl Fn(u8) -> f32) {
    let fifth = u32::from_le_bytes([block[0], block[1], block[2], block[3]]);
    let (low, high) = y.split_at_mut(16);
    for (j, ((low, high), &q)) in low.iter_mut().zip(high).zip(&block[4..]).enumerate() {
        *low = value(q & 15 | (((fifth >> j) << 4) as u8 & 16));
        *high = value(q >> 4 | (((fifth >> (j + 16)) << 4) as u8 & 16));
    }
}

/// Sixteen 4-bit scales and minima, then 2-bit quants: four planes of 32 in each half.
fn q2_k(b: &[u8], y: &mut [f32]) {
    let (scales, quants) = (&b[..16], &b[16..80]);
    let (d, dmin) = (half_at(b, 80), half_at(b, 82));
    for (group, y) in y.chunks_exact_mut(16).enumerate() {
        let (half, plane, side) = (group / 8, group % 8 / 2, group % 2);
        let (scale, least) = (d * f32::from(scales[group] & 15), dmin * f32::from(scales[group] >> 4));
        for (y, q) in y.iter_mut().zip(&quants[32 * half + 16 * side..]) {
            *y = scale * f32::from((q >> (2 * plane)) & 3) - least;
        }
    }
}

/// High-bit mask, 2-bit quants, sixteen 6-bit scales.
fn q3_k(b: &[u8], y: &mut [f32]) {
    let (mask, quants, scales) = (&b[..32], &b[32..96], &b[96..108]);
    let d = half_at(b, 108);
    for (group, y) in y.chunks_exact_mut(16).enumerate() {
        let (half, plane, side) = (group / 8, group % 8 / 2, group % 2);
        let scale = d * q3_k_scale(scales, group);
        let quants = &quants[32 * half + 16 * side..];
        for ((y, q), m) in y.iter_mut().zip(quants).zip(&mask[16 * side..]) {
            let above = if m & (1 << (4 * half + plane)) == 0 { 4.0 } else { 0.0 };
            *y = scale * (f32::from((q >> (2 * plane)) & 3) - above);
        }
    }
}

/// The `group`-th of sixteen 6-bit scales in 12 bytes.
pub(super) fn q3_k_scale(scales: &[u8], group: usize) -> f32 {
    let low = if group < 8 { scales[group] & 15 } else { scales[group - 8] >> 4 };
    let high = (scales[8 + group % 4] >> (2 * (group / 4))) & 3;
    f32::from(low | (high << 4)) - 32.0
}

/// The `j`-th of eight 6-bit scales and minima in 12 bytes.
pub(super) fn scale_and_min(s: &[u8], j: usize) -> (u8, u8) {
    if j < 4 {
        (s[j] & 63, s[j + 4] & 63)
    } else {
        ((s[j + 4] & 15) | ((s[j - 4] >> 6) << 4), (s[j + 4] >> 4) | ((s[j] >> 6) << 4))
    }
}

fn q4_k(b: &[u8], y: &mut [f32]) {
    let (d, dmin) = (half_at(b, 0), half_at(b, 2));
    for (group, y) in y.chunks_exact_mut(32).enumerate() {
        let (scale, least) = scale_and_min(&b[4..16], group);
        let (scale, least) = (d * f32::from(scale), dmin * f32::from(least));
        for (y, q) in y.iter_mut().zip(&b[16 + 32 * (group / 2)..]) {
            *y = scale * f32::from((q >> (4 * (group % 2))) & 15) - least;
        }
    }
}

fn q5_k(b: &[u8], y: &mut [f32]) {
    let (d, dmin) = (half_at(b, 0), half_at(b, 2));
    for (group, y) in y.chunks_exact_mut(32).enumerate() {
        let (scale, least) = scale_and_min(&b[4..16], group);
        let (scale, least) = (d * f32::from(scale), dmin * f32::from(least));
        for ((y, q), fifth) in y.iter_mut().zip(&b[48 + 32 * (group / 2)..]).zip(&b[16..48]) {
            let q = ((q >> (4 * (group % 2))) & 15) | (((fifth >> group) & 1) << 4);
            *y = scale * f32::from(q) - least;
        }
    }
}

fn q6_k(b: &[u8], y: &mut [f32]) {
    let (low, high, scales) = (&b[..128], &b[128..192], &b[192..208]);
    let d = half_at(b, 208);
    for (group, y) in y.chunks_exact_mut(16).enumerate() {
        let (half, plane, side) = (group / 8, group % 8 / 2, group % 2);
        let scale = d * f32::from(scales[group] as i8);
        let low = &low[64 * half + 32 * (plane % 2) + 16 * side..];
        let high = &high[32 * half + 16 * side..];
        for ((y, l), h) in y.iter_mut().zip(low).zip(high) {
            let q = ((l >> (4 * (plane / 2))) & 15) | (((h >> (2 * plane)) & 3) << 4);
            *y = scale * (f32::from(q) - 32.0);
        }
    }
}

fn iq4_xs(b: &[u8], y: &mut [f32]) {
    let d = half_at(b, 0);
    for (group, y) in y.chunks_exact_mut(32).enumerate() {
        let scale = iq4_xs_scale(b, group);
        nibbles(&b[8 + 16 * group..], y, |q| d * scale * f32::from(LEVELS[usize::from(q)]));
    }
}

/// The `group`-th of eight 6-bit scales in a block's first eight bytes.
pub(super) fn iq4_xs_scale(b: &[u8], group: usize) -> f32 {
    let high = u16::from_le_bytes([b[2], b[3]]);
    let low = (b[4 + group / 2] >> (4 * (group % 2))) & 15;
    f32::from(low | ((((high >> (2 * group)) & 3) as u8) << 4)) - 32.0
}
