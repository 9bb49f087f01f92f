//! Attention (Vaswani et al. 2017, section 3.2): which positions a query mixes, and the mixture.

use std::sync::Arc;

use super::{elementary::exp32, kernel::Isa, mask::Mask, position::Position};

/// The positions a query can look at: those computed before, then those of this pass.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) past: &'a [Arc<Position>],
    pub(crate) new: &'a [Position],
}

impl<'a> Context<'a> {
    pub(crate) fn len(&self) -> usize {
        self.past.len() + self.new.len()
    }

    pub(crate) fn get(&self, index: usize) -> &'a Position {
        match self.past.get(index) {
            Some(position) => position,
            None => &self.new[index - self.past.len()],
        }
    }
}

/// One head of one layer, and how it is laid out.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) isa: Isa,
    pub(crate) layer: usize,
    /// The query head.
    pub(crate) query: usize,
    /// The key and value head that serves it.
    pub(crate) key: usize,
    pub(crate) width: usize,
}

impl Head {
    /// The attention of `query` over `0..row.len()`: softmax(q·k / √d) over what the mask shows, 0 elsewhere.
    pub(crate) fn weights(&self, context: Context<'_>, mask: &Mask, query: usize, seen: &mut [bool], row: &mut [f32]) {
        let width = self.width;
        let scale = 1.0 / (width as f32).sqrt();
        let q = &context.get(query).queries(self.layer)[self.query * width..][..width];
        mask.row(query, seen);
        let mut greatest = f32::NEG_INFINITY;
        for (index, (weight, seen)) in row.iter_mut().zip(&*seen).enumerate() {
            if *seen {
                let k = &context.get(index).keys(self.layer)[self.key * width..][..width];
                *weight = self.isa.dot(q, k) * scale;
                greatest = greatest.max(*weight);
            }
        }
        let mut sum = 0.0_f32;
        for (weight, seen) in row.iter_mut().zip(&*seen) {
            *weight = if *seen { exp32(*weight - greatest) } else { 0.0 };
            sum += *weight;
        }
        let normalizer = 1.0 / sum;
        for weight in row {
            *weight *= normalizer;
        }
    }

    /// Adds up the values that the row of attention weighs, into `out` (`[head_width]`, zeros before).
    pub(crate) fn mix(&self, context: Context<'_>, row: &[f32], out: &mut [f32]) {
        let width = self.width;
        for (index, weight) in row.iter().enumerate() {
            if *weight != 0.0 {
                let v = &context.get(index).values(self.layer)[self.key * width..][..width];
                self.isa.add_scaled(*weight, v, out);
            }
        }
    }
}
