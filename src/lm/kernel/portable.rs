//! Products in plain Rust, for machines without vector kernels of their own.

#![expect(unsafe_code, reason = "kernels of every instruction set have one signature")]

use std::slice;

use super::kernels::{Kernels, PANEL, Tiles};

/// The kernels for float32 rows.
pub(super) const TILES: Tiles = Tiles { products: &[tile], mixtures: &[mix] };

/// The same kernels for every stored type: rows are expanded one by one.
pub(super) fn kernels() -> Kernels {
    Kernels { expand: None, stream: None, tiles: TILES }
}

/// See [`super::kernels::Tile`].
unsafe fn tile(panel: [*const f32; PANEL], x: *const f32, _: usize, width: usize, out: *mut [f32; PANEL]) {
    // SAFETY: the caller promises `width` floats in each row, and one output.
    unsafe {
        let x = slice::from_raw_parts(x, width);
        *out = panel.map(|row| dot(slice::from_raw_parts(row, width), x));
    }
}

/// See [`super::kernels::Mix`].
unsafe fn mix(values: &[*const f32], weights: *const f32, _: usize, width: usize, out: *mut f32) {
    // SAFETY: the caller promises `width` floats in each value and in the output, and a weight for each value.
    unsafe {
        let out = slice::from_raw_parts_mut(out, width);
        for (i, value) in values.iter().enumerate() {
            add_scaled(*weights.add(i), slice::from_raw_parts(*value, width), out);
        }
    }
}

/// Products of one expanded matrix row with an activation row, in eight lanes summed as the vector kernels sum theirs.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let mut lanes = [0.0_f32; 8];
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let [l0, l1, l2, l3, l4, l5, l6, l7] = lanes;
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    (((l0 + l4) + (l2 + l6)) + ((l1 + l5) + (l3 + l7))) + rest
}

/// Adds `weight · v` to `out`, both of equal length.
pub(super) fn add_scaled(weight: f32, v: &[f32], out: &mut [f32]) {
    for (out, v) in out.iter_mut().zip(v) {
        *out += weight * v;
    }
}
