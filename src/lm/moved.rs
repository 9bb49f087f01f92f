//! A position of the cache at another place than it was computed at.

use super::{position::Position, rope::Rotary, transformer::Transformer};

impl Transformer {
    /// The position as if it stood `by` places later in a sequence that becomes no longer than `length`: its keys turned
    /// further by as many angles (Su et al. 2021, section 3.2: only differences of places meet a query). `None` where
    /// places are not told by turning, so that a cached position cannot be moved.
    pub fn moved(&self, position: &Position, by: isize, length: usize) -> Option<Position> {
        let pass = self.pass(false, (&self.blueprint.mask).into(), &[], &[], length);
        let mut moved = position.copy();
        for layer in 0..pass.shape.layers {
            let (rotary, _) = pass.turned(layer)?;
            let angles = Rotary::shift(&rotary.frequencies(length), by as f64);
            let [keys, ..] = moved.own_mut(layer);
            for head in keys.chunks_exact_mut(pass.shape.head_width) {
                rotary.turn(head, &angles);
            }
        }
        Some(moved.keep())
    }
}
