//! The types whose blocks are numbers of points in a table, and those of three levels: ggml's IQ1, IQ2, IQ3 and TQ.
//!
//! `codebooks.bin` holds the tables of ggml (`ggml-common.h`, MIT licence), each coordinate as the number of its level: in
//! two bits, or four, the least first.

use super::half_at;

static POINTS: &[u8; 9216] = include_bytes!("codebooks.bin");

/// A table of points whose coordinates are of a few levels.
struct Book {
    start: usize,
    /// Bits of a coordinate.
    bits: usize,
    /// Coordinates of a point.
    dimensions: usize,
    levels: &'static [f32],
}

const SMALL: &[f32] = &[8.0, 25.0, 43.0, 0.0];
const IQ2_XXS: Book = Book { start: 0, bits: 2, dimensions: 8, levels: SMALL };
const IQ2_XS: Book = Book { start: 512, bits: 2, dimensions: 8, levels: SMALL };
const IQ2_S: Book = Book { start: 1536, bits: 2, dimensions: 8, levels: SMALL };
const IQ3_XXS: Book =
    Book { start: 3584, bits: 4, dimensions: 4, levels: &[4.0, 12.0, 20.0, 28.0, 36.0, 44.0, 52.0, 62.0] };
const IQ3_S: Book = Book { start: 4096, bits: 4, dimensions: 4, levels: &[1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0] };
const IQ1: Book = Book { start: 5120, bits: 2, dimensions: 8, levels: &[-1.0, 0.0, 1.0, 0.0] };

impl Book {
    /// The coordinates of a point.
    #[inline]
    fn point(&self, index: usize) -> impl Iterator<Item = f32> {
        let mask = (1 << self.bits) - 1;
        let bytes = self.dimensions * self.bits / 8;
        let mut bits = 0_u32;
        for (at, byte) in POINTS[self.start + index * bytes..][..bytes].iter().enumerate() {
            bits |= u32::from(*byte) << (8 * at);
        }
        (0..self.dimensions).map(move |at| self.levels[(bits >> (self.bits * at)) as usize & mask])
    }

    /// Writes a point times the scale; a coordinate whose bit of `signs` is 1 is negative.
    #[inline]
    fn signed(&self, index: usize, signs: u8, scale: f32, y: &mut [f32]) {
        for (at, (y, x)) in y.iter_mut().zip(self.point(index)).enumerate() {
            let size = scale * x;
            *y = if signs >> at & 1 == 1 { -size } else { size };
        }
    }
}

/// Seven signs, and an eighth that makes the number of negative ones even.
fn even(signs: u32) -> u8 {
    let seven = (signs & 127) as u8;
    seven | ((seven.count_ones() as u8 & 1) << 7)
}

fn u16_at(b: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([b[at], b[at + 1]])
}

fn u32_at(b: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]])
}

/// The `i`-th half of the bytes, the low ones first.
fn nibble(b: &[u8], i: usize) -> u8 {
    (b[i / 2] >> (4 * (i % 2))) & 15
}

/// For each 32 numbers four bytes that number points, and four of seven signs each with a scale in the highest bits.
pub(super) fn iq2_xxs(b: &[u8], y: &mut [f32]) {
    let d = half_at(b, 0);
    for (group, y) in y.chunks_exact_mut(32).enumerate() {
        let at = 2 + 8 * group;
        let signs = u32_at(b, at + 4);
        let scale = d * (0.5 + (signs >> 28) as f32) * 0.25;
        for (i, y) in y.chunks_exact_mut(8).enumerate() {
            IQ2_XXS.signed(usize::from(b[at + i]), even(signs >> (7 * i)), scale, y);
        }
    }
}

/// Nine bits of a point and seven signs for each 8 numbers; a scale for 16.
pub(super) fn iq2_xs(b: &[u8], y: &mut [f32]) {
    let d = half_at(b, 0);
    for (i, y) in y.chunks_exact_mut(8).enumerate() {
        let quant = u16_at(b, 2 + 2 * i);
        let scale = d * (0.5 + f32::from(nibble(&b[66..], i / 2))) * 0.25;
        IQ2_XS.signed(usize::from(quant & 511), even(u32::from(quant >> 9)), scale, y);
    }
}

/// Low bits of points, all signs, high bits of points, scales for 16 numbers each.
pub(super) fn iq2_s(b: &[u8], y: &mut [f32]) {
    let d = half_at(b, 0);
    for (i, y) in y.chunks_exact_mut(8).enumerate() {
        let high = usize::from((b[66 + i / 4] >> (2 * (i % 4))) & 3);
        let scale = d * (0.5 + f32::from(nibble(&b[74..], i / 2))) * 0.25;
        IQ2_S.signed(usize::from(b[2 + i]) | (high << 8), b[34 + i], scale, y);
    }
}

/// Points of 4 numbers; then for each 32 numbers four times seven signs and a scale.
pub(super) fn iq3_xxs(b: &[u8], y: &mut [f32]) {
    let d = half_at(b, 0);
    for (i, y) in y.chunks_exact_mut(4).enumerate() {
        let signs = u32_at(b, 66 + 4 * (i / 8));
        let scale = d * (0.5 + (signs >> 28) as f32) * 0.5;
        let signs = even(signs >> (7 * (i % 8 / 2))) >> (4 * (i % 2));
        IQ3_XXS.signed(usize::from(b[2 + i]), signs, scale, y);
    }
}

/// Low bits of points of 4 numbers, their ninth bits, all signs, scales for 32 numbers each.
pub(super) fn iq3_s(b: &[u8], y: &mut [f32]) {
    let d = half_at(b, 0);
    for (i, y) in y.chunks_exact_mut(4).enumerate() {
        let high = usize::from((b[66 + i / 8] >> (i % 8)) & 1);
        let scale = d * (1.0 + 2.0 * f32::from(nibble(&b[106..], i / 8)));
        let signs = b[74 + i / 2] >> (4 * (i % 2));
        IQ3_S.signed(usize::from(b[2 + i]) | (high << 8), signs, scale, y);
    }
}

/// What the three levels of the one-bit types are moved by.
const MOVED: f32 = 0.125;

/// Low bits of points; then for each 32 numbers the high bits of its four points, a scale and which way they are moved.
pub(super) fn iq1_s(b: &[u8], y: &mut [f32]) {
    let d = half_at(b, 0);
    for (i, y) in y.chunks_exact_mut(8).enumerate() {
        let high = u16_at(b, 34 + 2 * (i / 4));
        let scale = d * (2.0 * f32::from((high >> 12) & 7) + 1.0);
        let moved = if high & 0x8000 == 0 { MOVED } else { -MOVED };
        let index = usize::from(b[2 + i]) | (usize::from((high >> (3 * (i % 4))) & 7) << 8);
        y.iter_mut().zip(IQ1.point(index)).for_each(|(y, x)| *y = scale * (x + moved));
    }
}

/// The same with a scale for each 16 numbers and a direction for each 8; the block's own scale is in four parts.
pub(super) fn iq1_m(b: &[u8], y: &mut [f32]) {
    let scales: [u16; 4] = std::array::from_fn(|i| u16_at(b, 48 + 2 * i));
    let parts = scales.iter().enumerate().map(|(i, scale)| (scale >> 12) << (4 * i));
    let d = half::f16::from_bits(parts.sum()).to_f32();
    for (i, y) in y.chunks_exact_mut(8).enumerate() {
        let high = nibble(&b[32..], i);
        let scale = d * (2.0 * f32::from((scales[i / 8] >> (3 * (i / 2 % 4))) & 7) + 1.0);
        let moved = if high & 8 == 0 { MOVED } else { -MOVED };
        let index = usize::from(b[i]) | (usize::from(high & 7) << 8);
        y.iter_mut().zip(IQ1.point(index)).for_each(|(y, x)| *y = scale * (x + moved));
    }
}

/// Five levels of three in a byte, as a fraction of 3⁵: in planes of 32 numbers, of 16, and four of 4.
pub(super) fn tq1_0(b: &[u8], y: &mut [f32]) {
    let d = half_at(b, 52);
    let bytes = [(0..32, 5), (32..48, 5), (48..52, 4)].into_iter();
    let planes = bytes.flat_map(|(bytes, planes)| {
        [1_u8, 3, 9, 27, 81].into_iter().take(planes).map(move |power| (bytes.clone(), power))
    });
    let quants = planes.flat_map(|(bytes, power)| b[bytes].iter().map(move |byte| byte.wrapping_mul(power)));
    for (y, q) in y.iter_mut().zip(quants) {
        *y = d * (f32::from((u16::from(q) * 3) >> 8) - 1.0);
    }
}

/// Four planes of 32 numbers in each half, two bits each.
pub(super) fn tq2_0(b: &[u8], y: &mut [f32]) {
    let d = half_at(b, 64);
    for (i, y) in y.chunks_exact_mut(32).enumerate() {
        for (y, q) in y.iter_mut().zip(&b[32 * (i / 4)..]) {
            *y = d * (f32::from((q >> (2 * (i % 4))) & 3) - 1.0);
        }
    }
}
