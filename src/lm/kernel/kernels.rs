//! What each instruction set computes a product with.

/// Matrix rows that are computed together.
pub(super) const PANEL: usize = 4;

/// How far ahead of their use weights are asked of the memory, in bytes: rows follow one another, so this is in the next.
#[cfg(target_arch = "x86_64")]
pub(super) const AHEAD: usize = 3072;

/// Asks the memory for what comes [`AHEAD`] of the `block`-th blocks of four rows: these follow one another, so that what is
/// read next is as much behind them as they take. To be called where unsafe code is.
#[cfg(target_arch = "x86_64")]
macro_rules! prefetch {
    ($rows:expr, $block:expr, $bytes:expr) => {
        for line in (0..PANEL * $bytes).step_by(64) {
            let next = $rows[0].wrapping_add(AHEAD + $block * PANEL * $bytes + line);
            _mm_prefetch::<_MM_HINT_T0>(next.cast());
        }
    };
}

#[cfg(target_arch = "x86_64")]
pub(super) use prefetch;

/// The kernels of a stored type, made by the module's own `of` for the type of the same name in its `blocks`.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! by_type {
    ($dtype:expr) => {
        match $dtype {
            Dtype::F32 => of::<blocks::F32>(),
            Dtype::F16 => of::<blocks::F16>(),
            Dtype::Int8 => of::<blocks::Int8>(),
            Dtype::BF16 => of::<blocks::BF16>(),
            Dtype::Q4_0 => of::<blocks::Q4_0>(),
            Dtype::Q4_1 => of::<blocks::Q4_1>(),
            Dtype::Q5_0 => of::<blocks::Q5_0>(),
            Dtype::Q5_1 => of::<blocks::Q5_1>(),
            Dtype::Q8_0 => of::<blocks::Q8_0>(),
            Dtype::Q2K => of::<blocks::Q2K>(),
            Dtype::Q3K => of::<blocks::Q3K>(),
            Dtype::Q4K => of::<blocks::Q4K>(),
            Dtype::Q5K => of::<blocks::Q5K>(),
            Dtype::Q6K => of::<blocks::Q6K>(),
            Dtype::Iq4Nl => of::<blocks::Iq4Nl>(),
            Dtype::Iq4Xs => of::<blocks::Iq4Xs>(),
            // Rare, and mostly table lookups: rows are expanded one by one.
            Dtype::Iq1S
            | Dtype::Iq1M
            | Dtype::Iq2Xxs
            | Dtype::Iq2Xs
            | Dtype::Iq2S
            | Dtype::Iq3Xxs
            | Dtype::Iq3S
            | Dtype::Tq1_0
            | Dtype::Tq2_0
            | Dtype::Mxfp4 => Kernels { expand: None, stream: None, tiles: TILES },
        }
    };
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) use by_type;

/// Products of four float32 rows (`panel`, `[width]` each) with `R` more (`x`, `[R, stride]`), into `[R, 4]` outputs.
///
/// # Safety
/// The kernel's instructions are there; the pointers are good for what is read and written.
pub(super) type Tile =
    unsafe fn(panel: [*const f32; PANEL], x: *const f32, stride: usize, width: usize, out: *mut [f32; PANEL]);

/// The most rows that a tile takes.
pub(super) const TALLEST: usize = 6;

/// Adds `weights[r, i] · values[i]` over all `i`, in ascending order, to each of `R` rows of `out` (`[R, width]`);
/// `weights` is `[R, stride]`.
///
/// # Safety
/// The kernel's instructions are there; the pointers are good for what is read and written.
pub(super) type Mix = unsafe fn(values: &[*const f32], weights: *const f32, stride: usize, width: usize, out: *mut f32);

/// Kernels for float32 rows; the `i`-th of each takes `i + 1` rows, no more than [`TALLEST`].
#[derive(Clone, Copy)]
pub(super) struct Tiles {
    pub(super) products: &'static [Tile],
    pub(super) mixtures: &'static [Mix],
}

/// Products of four rows as stored with one row of activations (`[32 · lanes]`), expanded in registers.
///
/// # Safety
/// The kernel's instructions are there; the pointers are good for what is read.
pub(super) type Stream = unsafe fn(rows: [*const u8; PANEL], lanes: usize, x: *const f32) -> [f32; PANEL];

/// The kernels of one instruction set for one stored type. All sum an output in the same order.
pub(super) struct Kernels {
    /// Expands this many times 32 elements of a row into float32, to the same bits as `dequantize`.
    ///
    /// # Safety
    /// The kernel's instructions are there; the pointers are good for what is read and written.
    pub(super) expand: Option<unsafe fn(row: *const u8, lanes: usize, out: *mut f32)>,
    pub(super) stream: Option<Stream>,
    /// Products of float32 rows.
    pub(super) tiles: Tiles,
}
