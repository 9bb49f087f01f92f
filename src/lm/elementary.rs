//! Elementary functions of our own, so that the same bits come out on every platform.
//!
//! Each uses additions and multiplications alone, in a fixed order, and contracts none of them.

/// A split of ln 2 whose first part times a small integer is exact (Cody and Waite 1980).
const LN2_32: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
const LN2_64: (f64, f64) = (0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10);

/// 1.5 · 2²³: adding it rounds to the nearest integer, which then stands in the low bits.
const ROUND_32: f32 = 12_582_912.0;
/// 1.5 · 2⁵²: the same for float64.
const ROUND_64: f64 = 6_755_399_441_055_744.0;

/// 1/n! for n from 13 down to 2.
const INVERSE_FACTORIALS: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
];

/// e to the power x within two units in the last place; 0 below −87.3, and no more than e⁸⁸ above.
#[inline]
pub(crate) fn exp32(x: f32) -> f32 {
    let clamped = x.clamp(-87.3, 88.0);
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND_32;
    let n = shifted - ROUND_32;
    let r = (clamped - n * LN2_32.0) - n * LN2_32.1;
    // The polynomial of Cephes' expf (Moshier 1989), minimax over ±ln2/2.
    let mut p = 1.987_569_1e-4_f32;
    for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + coefficient;
    }
    let y = p * (r * r) + r + 1.0;
    let exponent = shifted.to_bits().wrapping_sub(ROUND_32.to_bits()).wrapping_add(127);
    if x < -87.3 { 0.0 } else { y * f32::from_bits(exponent << 23) }
}

/// e to the power x within one unit in the last place; 0 below −708, and no more than e⁷⁰⁹ above.
#[inline(always)]
#[allow(clippy::inline_always, reason = "compiled once for every instruction set")]
pub(crate) fn exp64(x: f64) -> f64 {
    let clamped = x.clamp(-708.0, 709.0);
    let shifted = clamped * std::f64::consts::LOG2_E + ROUND_64;
    let n = shifted - ROUND_64;
    let r = (clamped - n * LN2_64.0) - n * LN2_64.1;
    // Taylor's series: the first term left out is below 2⁻⁵⁶ for |r| ≤ ln2/2.
    let mut p = 0.0;
    for coefficient in INVERSE_FACTORIALS {
        p = p * r + coefficient;
    }
    let y = p * (r * r) + r + 1.0;
    let exponent = shifted.to_bits().wrapping_sub(ROUND_64.to_bits()).wrapping_add(1023);
    if x < -708.0 { 0.0 } else { y * f64::from_bits(exponent << 52) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_within_a_few_units_of_the_platforms() {
        for i in -87_000..88_000 {
            let x = i as f32 / 1000.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp32(x)) / exact - 1.0).abs() < 2e-7, "exp32({x})");
            assert!((exp64(f64::from(x)) / exact - 1.0).abs() < 4e-16, "exp64({x})");
        }
        assert_eq!((exp32(0.0), exp64(0.0), exp32(-200.0), exp64(-2000.0)), (1.0, 1.0, 0.0, 0.0));
    }
}
