//! The arithmetic under the forward pass: products of weights as stored with float32 activations.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod dequantize;
mod portable;
mod product;
mod team;
mod transposed;

pub use dequantize::dequantize;
pub(crate) use product::multiply;
pub(crate) use team::Team;

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
}

impl Isa {
    /// The best that this machine has.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c") {
            return Self::Avx2;
        }
        Self::Portable
    }

    /// The name a person reads.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "AVX2",
        }
    }

    /// The product of two vectors of equal length.
    pub(crate) fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        match self {
            Self::Portable => portable::dot(a, b),
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the instructions were detected")]
            // SAFETY: `detect` alone makes this variant, and only where the instructions are.
            Self::Avx2 => unsafe { avx2::dot(a, b) },
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
        }
    }
}

/// Rows of activations, padded, with the sum of every 32 of them: what blocks with a minimum multiply it by.
#[derive(Debug, Default)]
pub(crate) struct Activations {
    rows: usize,
    width: usize,
    /// `width` rounded up to whole lanes.
    stride: usize,
    /// `[rows, stride]`
    values: Vec<f32>,
    /// `[rows, stride / 32]`
    sums: Vec<f32>,
}

impl Activations {
    /// Makes room for `rows` rows of `width` zeros.
    pub(crate) fn reset(&mut self, rows: usize, width: usize) {
        (self.rows, self.width, self.stride) = (rows, width, width.next_multiple_of(LANE));
        self.values.clear();
        self.values.resize(rows * self.stride, 0.0);
        self.sums.clear();
        self.sums.resize(rows * self.stride / LANE, 0.0);
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

    /// Sums the blocks; to be called when the rows are written.
    pub(crate) fn seal(&mut self) {
        for (sum, block) in self.sums.iter_mut().zip(self.values.as_chunks::<LANE>().0) {
            let mut lanes = [0.0_f32; 8];
            for part in block.as_chunks::<8>().0 {
                for (lane, x) in lanes.iter_mut().zip(part) {
                    *lane += x;
                }
            }
            let [a, b, c, d, e, f, g, h] = lanes;
            *sum = ((a + e) + (c + g)) + ((b + f) + (d + h));
        }
    }

    /// The `i`-th row with its padding, and its sums.
    fn row(&self, i: usize) -> (&[f32], &[f32]) {
        let blocks = self.stride / LANE;
        (&self.values[i * self.stride..][..self.stride], &self.sums[i * blocks..][..blocks])
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
