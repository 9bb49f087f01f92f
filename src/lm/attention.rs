//! Attention (Vaswani et al. 2017, section 3.2): which positions a query mixes, and the mixture.

use std::ops::Range;

use super::{
    distance::Distances,
    elementary::exp32,
    intervention::{HeadPlace, Interventions, Side},
    kernel::{self, Activations, Isa, Team},
    mask::Mask,
    position::{Fresh, Position, View},
};

/// Keys that are scored and mixed together. Sums are divided at its multiples, however a sequence is divided into calls.
const BLOCK: usize = 512;
/// Queries that share a block of keys: those of every head that the keys serve, of as many positions as fit.
const QUERIES: usize = 24;

/// The positions of a query's own stack: those computed before, then those of this pass.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) past: &'a [Position],
    pub(crate) new: &'a [Fresh],
}

impl<'a> Context<'a> {
    pub(crate) fn len(&self) -> usize {
        self.past.len() + self.new.len()
    }

    pub(crate) fn get(&self, index: usize) -> View<'a> {
        match self.past.get(index) {
            Some(position) => position.view(),
            None => self.new[index - self.past.len()].view(),
        }
    }
}

/// Which queries of a layer are meant, and what they look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AttentionKind {
    /// Of what stands at each position, to its own stack.
    #[default]
    Own,
    /// Of a decoder, to its source.
    Cross,
    /// Of a stream that knows where it stands and not what stands there, to the other positions of its stack (Yang et al.
    /// 2019, section 2.3).
    QueryStream,
}

/// What one layer's queries look at.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) kind: AttentionKind,
    pub(crate) layer: usize,
    pub(crate) context: Context<'a>,
    pub(crate) source: &'a [Position],
    pub(crate) mask: &'a Mask,
    pub(crate) distances: &'a Distances<'a>,
    /// Whether this is the encoder before a decoder.
    pub(crate) encoder: bool,
    pub(crate) changes: &'a Interventions,
}

impl<'a> Sight<'a> {
    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        match self.kind {
            AttentionKind::Own | AttentionKind::QueryStream => self.context.len(),
            AttentionKind::Cross => self.source.len(),
        }
    }

    /// All heads' queries of a position, `[heads × head_width]`; empty where it has none of this kind.
    pub(crate) fn queries(&self, position: View<'a>) -> &'a [f32] {
        match self.kind {
            AttentionKind::Own => position.queries(self.layer),
            AttentionKind::Cross | AttentionKind::QueryStream => position.second(self.layer),
        }
    }

    /// The keys and values at an index, `[kv_heads × head_width]` each.
    pub(crate) fn key(&self, index: usize) -> (&'a [f32], &'a [f32]) {
        if let (AttentionKind::Cross, Some(position)) = (self.kind, self.source.get(index)) {
            position.view().source(self.layer)
        } else {
            let position = self.context.get(index);
            (position.keys(self.layer), position.values(self.layer))
        }
    }

    /// Whose layer this is, as interventions name it.
    pub(crate) fn side(&self) -> Side {
        match self.kind {
            AttentionKind::Cross => Side::Cross,
            _ if self.encoder => Side::Encoder,
            _ => Side::Main,
        }
    }

    /// Writes into `part` whether the query at `place` sees each of the keys from `first` on.
    pub(crate) fn seen(&self, place: usize, first: usize, part: &mut [bool]) {
        match self.kind {
            AttentionKind::Cross => part.fill(true),
            AttentionKind::Own => self.mask.of_layer(self.layer).part(place, first, part),
            AttentionKind::QueryStream => {
                self.mask.of_layer(self.layer).part(place, first, part);
                if let Some(seen) = place.checked_sub(first).and_then(|own| part.get_mut(own)) {
                    *seen = false;
                }
            }
        }
        self.changes.hide(self.side(), place, first, part);
    }
}

/// The heads of one layer, and how they are laid out.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) isa: Isa,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) width: usize,
    /// What the product of query and key is multiplied by.
    pub(crate) scale: f32,
    /// What it is then bent to stay within.
    pub(crate) cap: Option<f32>,
}

impl Layout {
    /// The attention of one head's query, which stands at `place`, over all keys: softmax(q·k / √d) over what is seen, 0
    /// elsewhere; zeros where nothing is. `queries` are those of all heads.
    pub(crate) fn weights(&self, sight: Sight<'_>, queries: &[f32], head: usize, place: usize) -> Vec<f32> {
        let products = self.products(sight, head, &[(place, queries)]).pop().unwrap_or_default();
        self.softmax(sight, queries, head, place, products)
    }

    /// q·k / √d of one head's queries, each with the place where it stands, over all keys that it sees; 0 elsewhere. A key is
    /// fetched once for all of them: it lies far from its neighbours, and fetching it takes longer than the product.
    pub(crate) fn products(&self, sight: Sight<'_>, head: usize, queries: &[(usize, &[f32])]) -> Vec<Vec<f32>> {
        let width = self.width;
        let start = head / (self.heads / self.kv_heads) * width;
        let mut seen = vec![false; sight.len()];
        let mut rows: Vec<_> = queries
            .iter()
            .map(|&(place, queries)| {
                sight.seen(place, 0, &mut seen);
                let first = seen.iter().position(|seen| *seen).unwrap_or(0);
                let last = seen.iter().rposition(|seen| *seen).map_or(first, |last| last + 1);
                let mut content = vec![0.0; width];
                sight.distances.content(&queries[head * width..][..width], head, &mut content);
                (content, first..last, vec![0.0; sight.len()])
            })
            .collect();
        let least = rows.iter().map(|(_, keys, _)| keys.start).min().unwrap_or(0);
        let most = rows.iter().map(|(_, keys, _)| keys.end).max().unwrap_or(0);
        for index in least..most {
            let k = &sight.key(index).0[start..][..width];
            for (content, _, row) in rows.iter_mut().filter(|(_, keys, _)| keys.contains(&index)) {
                row[index] = self.isa.dot(content, k) * self.scale;
            }
        }
        rows.into_iter().map(|(.., row)| row).collect()
    }

    /// The softmax of a head's products over what its query at `place` sees, with what is changed in the row.
    pub(crate) fn softmax(
        &self,
        sight: Sight<'_>,
        queries: &[f32],
        head: usize,
        place: usize,
        mut row: Vec<f32>,
    ) -> Vec<f32> {
        let edit = sight.changes.row(HeadPlace { side: sight.side(), layer: sight.layer, head }, place);
        let edit = edit.as_ref();
        let mut seen = vec![false; sight.len()];
        sight.seen(place, 0, &mut seen);
        if let Some(edit) = edit {
            edit.hide(&mut seen);
        }
        let q = &queries[head * self.width..][..self.width];
        let mut greatest = f32::NEG_INFINITY;
        self.bend(&mut row);
        let mut asking = vec![0.0; self.width];
        sight.distances.asking(q, head, &mut asking);
        sight.distances.add(self.isa, &asking, head, place, 0, self.scale, &mut row);
        if let Some(edit) = edit {
            edit.scale(&mut row);
        }
        for (weight, _) in row.iter().zip(&seen).filter(|(_, seen)| **seen) {
            greatest = greatest.max(*weight);
        }
        let mut sum = 0.0_f32;
        for (weight, seen) in row.iter_mut().zip(&seen) {
            *weight = if *seen { exp32(*weight - greatest) } else { 0.0 };
            sum += *weight;
        }
        if sum > 0.0 {
            let normalizer = 1.0 / sum;
            for weight in &mut row {
                *weight *= normalizer;
            }
        }
        if let Some(edit) = edit {
            edit.force(&mut row);
        }
        row
    }

    /// What one head's query at `place` mixes of the values by these weights, `[head_width]`.
    pub(crate) fn mixture(&self, sight: Sight<'_>, head: usize, weights: &[f32]) -> Vec<f32> {
        let start = head / (self.heads / self.kv_heads) * self.width;
        let mut mixed = vec![0.0; self.width];
        for (index, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
            self.isa.add_scaled(*weight, &sight.key(index).1[start..][..self.width], &mut mixed);
        }
        mixed
    }

    /// Each head's mixture of values at each new position, side by side, into `out` (`[rows, heads × width]`).
    ///
    /// Blocks of keys are independent units of the team's work: each is mixed by softmax numerators relative to its own
    /// maximum, and then the blocks are added up relative to the greatest (Dao et al. 2022, section 3.1).
    pub(crate) fn attend(&self, team: &mut Team, sight: Sight<'_>, partial: &mut Vec<f32>, out: &mut Activations) {
        let (group, width, rows) = (self.heads / self.kv_heads, self.width, sight.context.new.len());
        let tall = (QUERIES / group).max(1);
        let blocks = sight.len().div_ceil(BLOCK);
        // Each unit: mixtures `[tall × group, width]`, then maxima and sums, `[tall × group]` each.
        let queries = tall * group;
        let size = queries * (width + 2);
        let units = rows.div_ceil(tall) * self.kv_heads * blocks;
        partial.resize(units * size, 0.0);
        kernel::share(team, partial, size, |unit, part| {
            let (unit, block) = (unit / blocks, unit % blocks);
            let (tile, key) = (unit / self.kv_heads, unit % self.kv_heads);
            let first = tile * tall;
            self.block(sight, key, block, first..rows.min(first + tall), part);
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

    /// Keeps products within the cap.
    fn bend(&self, products: &mut [f32]) {
        if let Some(cap) = self.cap {
            for x in products {
                *x = bent(*x, cap);
            }
        }
    }

    /// One block of keys with the queries of the new positions `rows`.
    fn block(&self, sight: Sight<'_>, key: usize, block: usize, rows: Range<usize>, part: &mut [f32]) {
        let (group, width) = (self.heads / self.kv_heads, self.width);
        let queries = part.len() / (width + 2);
        let (mixed, statistics) = part.split_at_mut(queries * width);
        let (most, sums) = statistics.split_at_mut(queries);
        let (start, new) = (sight.context.past.len() + rows.start, &sight.context.new[rows]);
        let first = block * BLOCK;
        let length = BLOCK.min(sight.len() - first);
        let mut seen = [false; QUERIES * BLOCK];
        let seen = &mut seen[..new.len() * BLOCK];
        let mut last = 0;
        for (i, seen) in seen.chunks_exact_mut(BLOCK).enumerate() {
            sight.seen(start + i, first, &mut seen[..length]);
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
            let (all_keys, all_values) = sight.key(first + i);
            *k = &all_keys[place.clone()];
            *v = &all_values[place.clone()];
            // A position's keys lie with its other layers', far from its neighbours': no pattern tells the memory what
            // comes next.
            kernel::ask_for(k);
            kernel::ask_for(v);
        }
        let rows = new.len() * group;
        kernel::with_scratch(width + rows * (width + BLOCK), |scratch| {
            let (asking, scratch) = scratch.split_at_mut(width);
            let (queries, weights) = scratch.split_at_mut(rows * width);
            for (position, queries) in new.iter().zip(queries.chunks_exact_mut(group * width)) {
                for (member, q) in queries.chunks_exact_mut(width).enumerate() {
                    let head = key * group + member;
                    sight.distances.content(&sight.queries(position.view())[head * width..][..width], head, q);
                }
            }
            kernel::scores(self.isa, queries, width, &keys[..last], weights, BLOCK);
            for (row, weights) in weights.chunks_exact_mut(BLOCK).enumerate() {
                let (i, head) = (row / group, key * group + row % group);
                let weights = &mut weights[..last];
                for weight in weights.iter_mut() {
                    *weight *= self.scale;
                }
                self.bend(weights);
                let q = &sight.queries(new[i].view())[head * width..][..width];
                sight.distances.asking(q, head, asking);
                sight.distances.add(self.isa, asking, head, start + i, first, self.scale, weights);
                for (weight, seen) in weights.iter_mut().zip(&seen[i * BLOCK..]) {
                    *weight = if *seen { *weight } else { f32::NEG_INFINITY };
                }
                (most[row], sums[row]) = self.isa.exponentials(weights);
            }
            kernel::mixtures(self.isa, weights, BLOCK, &values[..last], width, &mut mixed[..rows * width]);
        });
    }
}

/// c·tanh(x/c): `x` where it is small, and never beyond ±c.
pub(crate) fn bent(x: f32, cap: f32) -> f32 {
    cap * (x / cap).tanh()
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
    // A query that sees nothing draws nothing.
    let normalizer = if total > 0.0 { 1.0 / total } else { 0.0 };
    for out in out {
        *out *= normalizer;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lm::{
        config::Shape,
        position::{Parts, Room},
    };

    const LAYOUT: Layout = Layout { isa: Isa::Portable, heads: 6, kv_heads: 2, width: 12, scale: 0.25, cap: None };
    const LAYER: usize = 1;

    fn sight<'a>(past: &'a [Position], new: &'a [Fresh], mask: &'a Mask) -> Sight<'a> {
        let (context, kind) = (Context { past, new }, AttentionKind::Own);
        let changes = &crate::lm::intervention::NONE;
        Sight { kind, layer: LAYER, context, source: &[], mask, distances: &Distances::None, encoder: false, changes }
    }

    fn positions(length: usize) -> Vec<Position> {
        let mut state = 1_u32;
        let mut noise = |x: &mut f32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *x = (state >> 8) as f32 / (1 << 22) as f32 - 2.0;
        };
        let Layout { heads, kv_heads, width: head_width, .. } = LAYOUT;
        let shape = Shape { layers: 2, heads, kv_heads, head_width, feed_forward: 1 };
        let mut fresh = Vec::new();
        Room::default().positions(&vec![0; length], Parts::new(shape, 4, false, None), &mut fresh);
        let mut filled = |mut position: Fresh| {
            for layer in 0..shape.layers {
                position.own_mut(layer).into_iter().flatten().for_each(&mut noise);
            }
            position.keep()
        };
        fresh.into_iter().map(&mut filled).collect()
    }

    /// The mixtures of all heads at the positions from `start` on, `[positions - start, heads × width]`.
    fn attend(isa: Isa, threads: usize, mask: &Mask, positions: &[Position], start: usize) -> Vec<f32> {
        let mut new = Vec::new();
        Room::default().copies(&positions[start..], &mut new);
        let sight = sight(&positions[..start], &new, mask);
        let mut out = Activations::default();
        out.reset(positions.len() - start, LAYOUT.heads * LAYOUT.width);
        Layout { isa, ..LAYOUT }.attend(&mut Team::new(threads), sight, &mut Vec::new(), &mut out);
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
                        let Layout { heads, kv_heads, width, .. } = LAYOUT;
                        let key = head / (heads / kv_heads);
                        let queries = positions[query].queries(LAYER);
                        let row = Layout { isa, ..LAYOUT }.weights(sight(&positions, &[], &mask), queries, head, query);
                        for column in 0..width {
                            let values = positions.iter().map(|position| position.values(LAYER)[key * width + column]);
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
