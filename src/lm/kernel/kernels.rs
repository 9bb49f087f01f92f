//! What each instruction set computes a product with.

/// Matrix rows that are computed together.
pub(super) const PANEL: usize = 4;

/// How far ahead of their use weights are asked of the memory, in bytes: rows follow one another, so this is in the next.
#[cfg(target_arch = "x86_64")]
pub(super) const AHEAD: usize = 3072;

/// Products of four float32 rows (`panel`, `[width]` each) with `R` more (`x`, `[R, stride]`), into `[R, 4]` outputs.
///
/// # Safety
/// The kernel's instructions are there; the pointers are good for what is read and written.
pub(super) type Tile =
    unsafe fn(panel: [*const f32; PANEL], x: *const f32, stride: usize, width: usize, out: *mut [f32; PANEL]);

/// The most rows of activations that a tile takes.
pub(super) const TALLEST: usize = 6;

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
    /// Products of float32 rows; the `i`-th takes `i + 1` rows of activations, no more than [`TALLEST`].
    pub(super) tiles: &'static [Tile],
}
