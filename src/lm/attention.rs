//! Attention (Vaswani et al. 2017, section 3.2): which positions a query mixes, and the mixture.

use std::sync::Arc;

use super::{distance::Distances, elementary::exp32, kernel::Isa, position::Position};

/// The positions of a query's own stack: those computed before, then those of this pass.
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

/// What a head looks at: positions of its own stack, or the source of a decoder.
#[derive(Clone, Copy)]
pub(crate) enum Sight<'a> {
    Own(Context<'a>),
    Source(&'a [Arc<Position>]),
}

impl<'a> Sight<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Own(context) => context.len(),
            Self::Source(source) => source.len(),
        }
    }

    fn keys(&self, layer: usize, index: usize) -> &'a [f32] {
        match *self {
            Self::Own(context) => context.get(index).keys(layer),
            Self::Source(source) => source[index].source.as_ref().map_or(&[], |source| source.keys(layer)),
        }
    }

    fn values(&self, layer: usize, index: usize) -> &'a [f32] {
        match *self {
            Self::Own(context) => context.get(index).values(layer),
            Self::Source(source) => source[index].source.as_ref().map_or(&[], |source| source.values(layer)),
        }
    }
}

/// One head of one layer, and how it is laid out.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) isa: Isa,
    pub(crate) layer: usize,
    /// The query head.
    pub(crate) query: usize,
    /// The key and value head that serves it.
    pub(crate) key: usize,
    pub(crate) width: usize,
    /// What the product of query and key is multiplied by.
    pub(crate) scale: f32,
    pub(crate) distances: &'a Distances<'a>,
}

impl Head<'_> {
    /// This head's part of all queries of a position.
    pub(crate) fn part<'q>(&self, queries: &'q [f32]) -> &'q [f32] {
        &queries[self.query * self.width..][..self.width]
    }

    /// The attention of the query `q`, which stands at `place`, over `0..row.len()`: softmax(q·k / √d) over what is seen,
    /// 0 elsewhere; zeros where nothing is.
    pub(crate) fn weights(&self, sight: Sight<'_>, q: &[f32], place: usize, seen: &[bool], row: &mut [f32]) {
        let start = self.key * self.width;
        let meeting = self.distances.meeting(self.isa, q, self.query, place);
        let q = meeting.content();
        let mut greatest = f32::NEG_INFINITY;
        for (index, (weight, seen)) in row.iter_mut().zip(seen).enumerate() {
            if *seen {
                let k = &sight.keys(self.layer, index)[start..][..self.width];
                *weight = meeting.product(self.isa.dot(q, k), index, self.scale);
                greatest = greatest.max(*weight);
            }
        }
        let mut sum = 0.0_f32;
        for (weight, seen) in row.iter_mut().zip(seen) {
            *weight = if *seen { exp32(*weight - greatest) } else { 0.0 };
            sum += *weight;
        }
        if sum > 0.0 {
            let normalizer = 1.0 / sum;
            for weight in row {
                *weight *= normalizer;
            }
        }
    }

    /// Adds up the values that the row of attention weighs, into `out` (`[head_width]`, zeros before).
    pub(crate) fn mix(&self, sight: Sight<'_>, row: &[f32], out: &mut [f32]) {
        for (index, weight) in row.iter().enumerate() {
            if *weight != 0.0 {
                let v = &sight.values(self.layer, index)[self.key * self.width..][..self.width];
                self.isa.add_scaled(*weight, v, out);
            }
        }
    }
}
