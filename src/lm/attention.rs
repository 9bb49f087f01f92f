//! Attention (Vaswani et al. 2017, section 3.2): which positions a query mixes, and the mixture.

use std::{ops::Range, sync::Arc};

use super::{
    elementary::exp32,
    kernel::{self, Activations, Isa, Team},
    mask::Mask,
    position::Position,
};

/// Keys that are scored and mixed together. Sums are divided at its multiples, however a sequence is divided into calls.
const BLOCK: usize = 512;
/// Queries that share a block of keys: those of every head that the keys serve, of as many positions as fit.
const QUERIES: usize = 24;

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
}

/// The heads of one layer, and how they are laid out.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) isa: Isa,
    pub(crate) layer: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) width: usize,
}

impl Layout {
    /// Each head's mixture of values at each new position, side by side, into `out` (`[rows, heads × width]`).
    ///
    /// Blocks of keys are independent units of the team's work: each is mixed by softmax numerators relative to its own
    /// maximum, and then the blocks are added up relative to the greatest (Dao et al. 2022, section 3.1).
    pub(crate) fn attend(
        &self,
        team: &mut Team,
        context: Context<'_>,
        mask: &Mask,
        partial: &mut Vec<f32>,
        out: &mut Activations,
    ) {
        let (group, width, rows) = (self.heads / self.kv_heads, self.width, context.new.len());
        let tall = (QUERIES / group).max(1);
        let blocks = context.len().div_ceil(BLOCK);
        // Each unit: mixtures `[tall × group, width]`, then maxima and sums, `[tall × group]` each.
        let queries = tall * group;
        let size = queries * (width + 2);
        let units = rows.div_ceil(tall) * self.kv_heads * blocks;
        partial.resize(units * size, 0.0);
        kernel::share(team, partial, size, |unit, part| {
            let (unit, block) = (unit / blocks, unit % blocks);
            let (tile, key) = (unit / self.kv_heads, unit % self.kv_heads);
            let first = tile * tall;
            self.block(context, mask, key, block, first..rows.min(first + tall), part);
        });
        for (i, row) in out.rows_mut().enumerate() {
            for (head, out) in row.chunks_exact_mut(width).enumerate() {
                let first = ((i / tall) * self.kv_heads + head / group) * blocks;
                let query = i % tall * group + head % group;
                let parts = partial[first * size..][..blocks * size].chunks_exact(size);
                combine(parts, queries, query, width, out);
            }
        }
    }

    /// One block of keys with the queries of the new positions `rows`.
    fn block(&self, context: Context<'_>, mask: &Mask, key: usize, block: usize, rows: Range<usize>, part: &mut [f32]) {
        let (group, width) = (self.heads / self.kv_heads, self.width);
        let queries = part.len() / (width + 2);
        let (mixed, statistics) = part.split_at_mut(queries * width);
        let (most, sums) = statistics.split_at_mut(queries);
        let (start, new) = (context.past.len() + rows.start, &context.new[rows]);
        let first = block * BLOCK;
        let length = BLOCK.min(context.len() - first);
        let mut seen = [false; QUERIES * BLOCK];
        let seen = &mut seen[..new.len() * BLOCK];
        let mut last = 0;
        for (i, seen) in seen.chunks_exact_mut(BLOCK).enumerate() {
            mask.part(start + i, first, &mut seen[..length]);
            last = last.max(seen.iter().rposition(|seen| *seen).map_or(0, |last| last + 1));
        }
        if last == 0 {
            most.fill(f32::NEG_INFINITY);
            sums.fill(0.0);
            return;
        }
        let place = key * width..(key + 1) * width;
        let (mut keys, mut values): ([&[f32]; BLOCK], [&[f32]; BLOCK]) = ([&[]; BLOCK], [&[]; BLOCK]);
        for (i, (k, v)) in keys.iter_mut().zip(&mut values).take(last).enumerate() {
            let position = context.get(first + i);
            *k = &position.keys(self.layer)[place.clone()];
            *v = &position.values(self.layer)[place.clone()];
        }
        let rows = new.len() * group;
        let scale = 1.0 / (width as f32).sqrt();
        kernel::with_scratch(rows * (width + BLOCK), |scratch| {
            let (queries, weights) = scratch.split_at_mut(rows * width);
            for (position, queries) in new.iter().zip(queries.chunks_exact_mut(group * width)) {
                queries.copy_from_slice(&position.queries(self.layer)[key * group * width..][..group * width]);
            }
            kernel::scores(self.isa, queries, width, &keys[..last], weights, BLOCK);
            for (row, weights) in weights.chunks_exact_mut(BLOCK).enumerate() {
                let weights = &mut weights[..last];
                for (weight, seen) in weights.iter_mut().zip(&seen[row / group * BLOCK..]) {
                    *weight = if *seen { *weight * scale } else { f32::NEG_INFINITY };
                }
                (most[row], sums[row]) = self.isa.exponentials(weights);
            }
            kernel::mixtures(self.isa, weights, BLOCK, &values[..last], width, &mut mixed[..rows * width]);
        });
    }
}

/// Adds up one query's blocks: each is `[queries, width]` mixtures, `[queries]` maxima and `[queries]` sums.
fn combine<'a>(
    blocks: impl Iterator<Item = &'a [f32]> + Clone,
    queries: usize,
    query: usize,
    width: usize,
    out: &mut [f32],
) {
    let statistics = |block: &[f32]| (block[queries * width + query], block[queries * (width + 1) + query]);
    let greatest = blocks.clone().map(|block| statistics(block).0).fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0_f32;
    out.fill(0.0);
    for block in blocks {
        let (most, sum) = statistics(block);
        if most > f32::NEG_INFINITY {
            let factor = exp32(most - greatest);
            total += factor * sum;
            out.iter_mut().zip(&block[query * width..]).for_each(|(out, mixed)| *out += factor * mixed);
        }
    }
    let normalizer = 1.0 / total;
    for out in out {
        *out *= normalizer;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: Layout = Layout { isa: Isa::Portable, layer: 1, heads: 6, kv_heads: 2, width: 12 };

    fn positions(length: usize) -> Vec<Position> {
        let mut state = 1_u32;
        let mut noise = |x: &mut f32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *x = (state >> 8) as f32 / (1 << 22) as f32 - 2.0;
        };
        let mut position = || {
            let Layout { heads, kv_heads, width, .. } = LAYOUT;
            let mut position = Position::new(0, 2, kv_heads * width, heads * width, 4);
            let all = [&mut position.keys, &mut position.values, &mut position.queries];
            all.into_iter().flat_map(|part| part.iter_mut()).for_each(&mut noise);
            position
        };
        (0..length).map(|_| position()).collect()
    }

    /// The mixtures of all heads at the positions from `start` on, `[positions - start, heads × width]`.
    fn attend(isa: Isa, threads: usize, mask: &Mask, positions: &[Position], start: usize) -> Vec<f32> {
        let past: Vec<_> = positions[..start].iter().cloned().map(Arc::new).collect();
        let context = Context { past: &past, new: &positions[start..] };
        let mut out = Activations::default();
        out.reset(positions.len() - start, LAYOUT.heads * LAYOUT.width);
        Layout { isa, ..LAYOUT }.attend(&mut Team::new(threads), context, mask, &mut Vec::new(), &mut out);
        out.rows_mut().flat_map(|row| row.to_vec()).collect()
    }

    #[test]
    fn blocks_of_keys_add_up_to_the_same_bits_however_rows_are_divided_among_calls_and_threads() {
        let positions = positions(2 * BLOCK + 30);
        let stride = LAYOUT.heads * LAYOUT.width;
        for mask in ["causal", "window:40", "window:700", "prefix:100"] {
            let mask: Mask = mask.parse().expect("the mask is written right");
            for isa in Isa::available() {
                let whole = attend(isa, 1, &mask, &positions, 0);
                for (start, end) in
                    [(BLOCK - 1, BLOCK + 1), (2 * BLOCK, 2 * BLOCK + 9), (2 * BLOCK - 5, 2 * BLOCK + 30)]
                {
                    let some = attend(isa, 3, &mask, &positions[..end], start);
                    assert!(some == whole[start * stride..end * stride], "{mask} {isa:?} {start}..{end}");
                }
            }
        }
    }

    #[test]
    fn what_is_mixed_is_what_the_rows_of_attention_weigh() {
        let positions = positions(BLOCK + 40);
        let length = positions.len();
        for mask in ["causal", "bidirectional", "window:7", "prefix:600", "permutation:3,0,1,2"] {
            let mask: Mask = mask.parse().expect("the mask is written right");
            for isa in Isa::available() {
                let mixed = attend(isa, 2, &mask, &positions, 0);
                for query in [0, 2, 3, BLOCK - 1, BLOCK, length - 1] {
                    for head in 0..LAYOUT.heads {
                        let Layout { heads, kv_heads, layer, width, .. } = LAYOUT;
                        let key = head / (heads / kv_heads);
                        let (mut seen, mut row) = (vec![false; length], vec![0.0; length]);
                        let context = Context { past: &[], new: &positions };
                        Head { isa, layer, query: head, key, width }
                            .weights(context, &mask, query, &mut seen, &mut row);
                        for column in 0..width {
                            let values = positions.iter().map(|position| position.values(layer)[key * width + column]);
                            let expected: f64 = row.iter().zip(values).map(|(w, v)| f64::from(*w) * f64::from(v)).sum();
                            let found = mixed[(query * heads + head) * width + column];
                            assert!((f64::from(found) - expected).abs() < 1e-5, "{mask} {isa:?} {query} {head}");
                        }
                    }
                }
            }
        }
    }
}
