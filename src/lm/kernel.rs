//! The arithmetic under the forward pass: products of weights as stored with float32 activations.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod dequantize;
mod heads;
mod kernels;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod product;
mod scratch;
mod slab;
mod team;
mod transposed;

pub use dequantize::dequantize;
pub(crate) use heads::{mixtures, scores};
pub(crate) use product::multiply;
pub(crate) use scratch::with as with_scratch;
pub(crate) use slab::{Kept, Row, Slab};
pub(crate) use team::Team;

use kernels::{Kernels, Tiles};

use super::{checkpoint::Dtype, scores::softmax_sums};

/// Activations are padded with zeros to a multiple of this many columns.
pub(crate) const LANE: usize = 32;

/// The instructions that products are computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// What every machine has.
    Portable,
    /// AVX2, FMA and F16C.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with its byte, doubleword and 256-bit extensions: servers since 2017, AMD since Zen 4.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// NEON, which almost every 64-bit ARM has.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Isa {
    /// The best that this machine has.
    pub(crate) fn detect() -> Self {
        Self::available().next().unwrap_or(Self::Portable)
    }

    /// All that this machine has, the best first.
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let vectors = {
            let f16c = is_x86_feature_detected!("f16c") && is_x86_feature_detected!("fma");
            let avx2 = f16c && is_x86_feature_detected!("avx2");
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq");
            [avx512.then_some(Self::Avx512), avx2.then_some(Self::Avx2)]
        };
        #[cfg(target_arch = "aarch64")]
        let vectors = {
            // Blocks are stored the little end first, and read as they are.
            let neon = cfg!(target_endian = "little") && std::arch::is_aarch64_feature_detected!("neon");
            [neon.then_some(Self::Neon)]
        };
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let vectors: [Option<Self>; 0] = [];
        vectors.into_iter().flatten().chain([Self::Portable])
    }

    /// The name a person reads.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "AVX-512",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "NEON",
        }
    }

    /// The kernels for a stored type.
    fn kernels(self, dtype: Dtype) -> Kernels {
        match self {
            Self::Portable => portable::kernels(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::kernels(dtype),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::kernels(dtype),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => neon::kernels(dtype),
        }
    }

    /// The kernels for float32 rows.
    fn tiles(self) -> Tiles {
        match self {
            Self::Portable => portable::TILES,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::TILES,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::TILES,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => neon::TILES,
        }
    }

    /// Replaces each number by its exponential divided by the greatest's, and returns the greatest and the new sum.
    /// All −∞: all zeros.
    pub(crate) fn exponentials(self, row: &mut [f32]) -> (f32, f32) {
        match self {
            Self::Portable => heads::exponentials(row),
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the instructions were detected")]
            // SAFETY: `available` alone makes this variant, and only where the instructions are.
            Self::Avx2 => unsafe { avx2::exponentials(row) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the instructions were detected")]
            // SAFETY: as above.
            Self::Avx512 => unsafe { avx512::exponentials(row) },
            #[cfg(target_arch = "aarch64")]
            #[expect(unsafe_code, reason = "the instructions were detected")]
            // SAFETY: as above.
            Self::Neon => unsafe { neon::exponentials(row) },
        }
    }

    /// `Σ e^d` and `Σ −d e^d` of `d = (value − greatest) · inverse`, the same bits on every machine.
    pub(crate) fn softmax_sums(self, values: &[f32], greatest: f32, inverse: f64) -> [f64; 2] {
        match self {
            Self::Portable => softmax_sums(values, greatest, inverse),
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the instructions were detected")]
            // SAFETY: `available` alone makes this variant, and only where the instructions are.
            Self::Avx2 => unsafe { avx2::softmax_sums(values, greatest, inverse) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the instructions were detected")]
            // SAFETY: as above.
            Self::Avx512 => unsafe { avx512::softmax_sums(values, greatest, inverse) },
            #[cfg(target_arch = "aarch64")]
            Self::Neon => softmax_sums(values, greatest, inverse),
        }
    }

    /// The product of two vectors of equal length.
    pub(crate) fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        match self {
            Self::Portable => portable::dot(a, b),
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the instructions were detected")]
            // SAFETY: `available` alone makes this variant, and only where the instructions are.
            Self::Avx2 => unsafe { avx2::dot(a, b) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the instructions were detected")]
            // SAFETY: as above.
            Self::Avx512 => unsafe { avx512::dot(a, b) },
            #[cfg(target_arch = "aarch64")]
            #[expect(unsafe_code, reason = "the instructions were detected")]
            // SAFETY: as above.
            Self::Neon => unsafe { neon::dot(a, b) },
        }
    }

    /// Adds `weight · v` to `out`, both of equal length.
    pub(crate) fn add_scaled(self, weight: f32, v: &[f32], out: &mut [f32]) {
        match self {
            Self::Portable => portable::add_scaled(weight, v, out),
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the instructions were detected")]
            // SAFETY: as for `dot`.
            Self::Avx2 => unsafe { avx2::add_scaled(weight, v, out) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the instructions were detected")]
            // SAFETY: as above.
            Self::Avx512 => unsafe { avx512::add_scaled(weight, v, out) },
            #[cfg(target_arch = "aarch64")]
            #[expect(unsafe_code, reason = "the instructions were detected")]
            // SAFETY: as above.
            Self::Neon => unsafe { neon::add_scaled(weight, v, out) },
        }
    }
}

/// Asks the memory for what will be read soon.
#[inline]
pub(crate) fn ask_for(floats: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    for line in floats.chunks(16) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        #[expect(unsafe_code, reason = "a prefetch is an instruction of its own")]
        // SAFETY: a prefetch reads nothing, and every x86-64 has it.
        unsafe {
            _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = floats;
}

/// Rows of activations, padded with zeros to whole lanes.
#[derive(Debug, Default)]
pub(crate) struct Activations {
    rows: usize,
    width: usize,
    /// `width` rounded up to whole lanes.
    stride: usize,
    /// `[rows, stride]`
    values: Vec<f32>,
}

impl Activations {
    /// Makes room for `rows` rows of `width` zeros.
    pub(crate) fn reset(&mut self, rows: usize, width: usize) {
        (self.rows, self.width, self.stride) = (rows, width, width.next_multiple_of(LANE));
        self.values.clear();
        self.values.resize(rows * self.stride, 0.0);
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The `i`-th row, `[width]`, to be written.
    pub(crate) fn row_mut(&mut self, i: usize) -> &mut [f32] {
        &mut self.values[i * self.stride..][..self.width]
    }

    /// The rows, `[width]` each, to be written.
    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.values.chunks_exact_mut(self.stride.max(1)).map(|row| &mut row[..self.width])
    }

    /// Calls `write` with each row, `[width]`, on the team's threads.
    pub(crate) fn write<F: Fn(usize, &mut [f32]) + Sync>(&mut self, team: &mut Team, write: F) {
        let (width, stride) = (self.width, self.stride);
        share(team, &mut self.values, stride, |i, row| write(i, &mut row[..width]));
    }

    /// The `i`-th row with its padding.
    pub(crate) fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.stride..][..self.stride]
    }
}

/// Calls `task` with each part of `whole`, `part` elements long but for the last, on the team's threads.
pub(crate) fn share<F>(team: &mut Team, whole: &mut [f32], part: usize, task: F)
where
    F: Fn(usize, &mut [f32]) + Sync,
{
    let (length, part) = (whole.len(), part.max(1));
    let out = product::Out::new(whole);
    team.run(length.div_ceil(part), &|unit| {
        let start = unit * part;
        #[expect(unsafe_code, reason = "the parts are disjoint")]
        // SAFETY: the team calls each unit once, and units own disjoint ranges inside the slice that `out` was made from.
        let mine = unsafe { out.slice(start, part.min(length - start)) };
        task(unit, mine);
    });
}
