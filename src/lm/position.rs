//! What the model computed at one position.

use std::{fmt, ops::Range};

use super::{
    blueprint::Blueprint,
    config::{Config, Shape},
    kernel::{Kept, Row, Slab},
};

/// Positions that storage is asked for at a time, where fewer are computed: a token then asks for none.
const AHEAD: usize = 16;

/// What a forward pass computed at one position, in all layers. It never changes, and a clone is the same numbers in the same
/// place: the key-value cache is a vector of these, so undoing is truncating it, and branches share their prefix. Positions
/// that were computed together, or up to sixteen one after another, lie in one block of storage, which is there as long as one
/// of them is.
#[derive(Clone)]
pub struct Position {
    token: u32,
    numbers: Kept<Parts>,
}

/// A position that is being computed.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) token: u32,
    numbers: Row<Parts>,
}

/// The numbers of a position, one after another: of each layer its keys, values, queries and second queries, or the state of
/// its cell after this position in place of the first three; the last hidden state; of each layer of a decoder, where this is a position of its source, the keys and values it sees here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    layers: usize,
    /// `kv_heads × head_width`
    keys: usize,
    /// `heads × head_width`
    queries: usize,
    /// The width of the state of a cell, where layers have one.
    cell: usize,
    /// `heads × head_width` where a layer has a second attention: a decoder's to its source, or the query stream's under a
    /// permutation; else 0.
    second: usize,
    width: usize,
    source: Option<Source>,
}

/// What of a source position a decoder sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Source {
    layers: usize,
    /// `kv_heads × head_width`
    keys: usize,
}

impl Parts {
    /// Of the positions of a stack, whose layers may have a second attention, and which a decoder may look at.
    pub(crate) fn new(shape: Shape, width: usize, second: bool, seen_by: Option<Shape>) -> Self {
        let source = seen_by.map(|decoder| Source { layers: decoder.layers, keys: decoder.key_width() });
        let (keys, queries) = (shape.key_width(), shape.query_width());
        Self { layers: shape.layers, keys, queries, cell: 0, second: if second { queries } else { 0 }, width, source }
    }

    /// The same of a stack whose layers have a cell instead of attention to their own stack.
    pub(crate) fn with_cells(self) -> Self {
        Self { keys: 0, queries: 0, cell: self.width, ..self }
    }

    /// The bytes that a position takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        4 * self.stride() + size_of::<Position>()
    }

    fn layer(&self) -> usize {
        2 * self.keys + self.queries + self.cell + self.second
    }

    fn length(&self) -> usize {
        self.before_source() + self.source.map_or(0, |source| 2 * source.layers * source.keys)
    }

    /// From one position's numbers to the next one's: an odd number of cache lines, lest the same part of every position meet
    /// in the same set of a cache.
    fn stride(&self) -> usize {
        const LINE: usize = 16;
        (self.length().div_ceil(LINE) | 1) * LINE
    }

    fn keys(&self, layer: usize) -> Range<usize> {
        let start = layer * self.layer();
        start..start + self.keys
    }

    fn values(&self, layer: usize) -> Range<usize> {
        let start = self.keys(layer).end;
        start..start + self.keys
    }

    fn queries(&self, layer: usize) -> Range<usize> {
        let start = self.values(layer).end;
        start..start + self.queries
    }

    fn cell(&self, layer: usize) -> Range<usize> {
        let start = self.queries(layer).end;
        start..start + self.cell
    }

    fn second(&self, layer: usize) -> Range<usize> {
        let start = self.cell(layer).end;
        start..start + self.second
    }

    fn hidden(&self) -> Range<usize> {
        let start = self.layers * self.layer();
        start..start + self.width
    }

    fn before_source(&self) -> usize {
        self.hidden().end
    }

    /// A source position's keys and values for a layer of the decoder, one behind the other.
    fn source(&self, layer: usize) -> Range<usize> {
        let Some(Source { keys, .. }) = self.source else { return 0..0 };
        let start = self.before_source() + 2 * layer * keys;
        start..start + 2 * keys
    }
}

/// The numbers of a position, computed or being computed.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    parts: &'a Parts,
    numbers: &'a [f32],
}

impl<'a> View<'a> {
    pub(crate) fn keys(self, layer: usize) -> &'a [f32] {
        &self.numbers[self.parts.keys(layer)]
    }

    pub(crate) fn values(self, layer: usize) -> &'a [f32] {
        &self.numbers[self.parts.values(layer)]
    }

    pub(crate) fn queries(self, layer: usize) -> &'a [f32] {
        &self.numbers[self.parts.queries(layer)]
    }

    /// The state of the layer's cell after this position, `[width]`; empty where it has none.
    pub(crate) fn cell(self, layer: usize) -> &'a [f32] {
        &self.numbers[self.parts.cell(layer)]
    }

    /// The queries of the layer's second attention, `[heads × head_width]`; empty where there is none.
    pub(crate) fn second(self, layer: usize) -> &'a [f32] {
        &self.numbers[self.parts.second(layer)]
    }

    /// Keys and values for a layer of the decoder; empty where this is no position of its source.
    pub(crate) fn source(self, layer: usize) -> (&'a [f32], &'a [f32]) {
        let both = &self.numbers[self.parts.source(layer)];
        both.split_at(both.len() / 2)
    }
}

impl Position {
    /// The token that stands here.
    pub fn token(&self) -> u32 {
        self.token
    }

    /// Whether this is a position of the source that a decoder looks at.
    pub fn is_source(&self) -> bool {
        self.parts().source.is_some()
    }

    /// Whether its layers have a second attention.
    pub(crate) fn has_second(&self) -> bool {
        self.parts().second > 0
    }

    /// The layer's keys after rotary positions, `[kv_heads × head_width]`.
    pub fn keys(&self, layer: usize) -> &[f32] {
        self.view().keys(layer)
    }

    /// The layer's values, `[kv_heads × head_width]`.
    pub fn values(&self, layer: usize) -> &[f32] {
        self.view().values(layer)
    }

    /// The layer's queries after rotary positions, `[heads × head_width]`.
    pub fn queries(&self, layer: usize) -> &[f32] {
        self.view().queries(layer)
    }

    /// The last hidden state, after the final norm, `[width]`: what the head reads.
    pub fn hidden(&self) -> &[f32] {
        &self.numbers[self.parts().hidden()]
    }

    /// The bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        self.parts().bytes()
    }

    /// The bytes that a position of the main stack takes.
    pub fn size(blueprint: &Blueprint, config: &Config) -> usize {
        let parts = Parts::new(config.main(), config.width, config.encoder.is_some(), None);
        if blueprint.cell.is_some() { parts.with_cells().bytes() } else { parts.bytes() }
    }

    /// Whether this is the other one or a clone of it, and not one that was computed again.
    pub fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.numbers.as_ptr(), other.numbers.as_ptr())
    }

    /// The same in storage of its own: what is kept of many that are not.
    #[must_use]
    pub fn alone(&self) -> Self {
        self.copy().keep()
    }

    pub(crate) fn copy(&self) -> Fresh {
        Fresh::copied(self, Row::new(self.parts().stride(), *self.parts()))
    }

    pub(crate) fn view(&self) -> View<'_> {
        View { parts: self.parts(), numbers: &self.numbers }
    }

    fn parts(&self) -> &Parts {
        self.numbers.common()
    }
}

impl PartialEq for Position {
    fn eq(&self, other: &Self) -> bool {
        (self.token, self.parts(), &*self.numbers) == (other.token, other.parts(), &*other.numbers)
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Position").field("token", &self.token).field("hidden", &self.hidden()).finish_non_exhaustive()
    }
}

impl Fresh {
    fn copied(position: &Position, mut numbers: Row<Parts>) -> Self {
        numbers.copy_from_slice(&position.numbers);
        Self { token: position.token, numbers }
    }

    pub(crate) fn view(&self) -> View<'_> {
        View { parts: self.numbers.common(), numbers: &self.numbers }
    }

    /// The layer's keys, values and queries, to be written.
    pub(crate) fn own_mut(&mut self, layer: usize) -> [&mut [f32]; 3] {
        let Parts { keys, queries, .. } = *self.numbers.common();
        let start = self.numbers.common().keys(layer).start;
        let (k, rest) = self.numbers[start..].split_at_mut(keys);
        let (v, rest) = rest.split_at_mut(keys);
        [k, v, &mut rest[..queries]]
    }

    /// The state of the layer's cell, to be written.
    pub(crate) fn cell_mut(&mut self, layer: usize) -> &mut [f32] {
        let part = self.numbers.common().cell(layer);
        &mut self.numbers[part]
    }

    /// The queries of the layer's second attention, to be written.
    pub(crate) fn second_mut(&mut self, layer: usize) -> &mut [f32] {
        let part = self.numbers.common().second(layer);
        &mut self.numbers[part]
    }

    pub(crate) fn hidden(&self) -> &[f32] {
        &self.numbers[self.numbers.common().hidden()]
    }

    pub(crate) fn hidden_mut(&mut self) -> &mut [f32] {
        let part = self.numbers.common().hidden();
        &mut self.numbers[part]
    }

    /// A source position's keys and values for a layer of the decoder, one behind the other, to be written.
    pub(crate) fn source_mut(&mut self, layer: usize) -> &mut [f32] {
        let part = self.numbers.common().source(layer);
        &mut self.numbers[part]
    }

    /// The position as it will stay.
    pub(crate) fn keep(self) -> Position {
        Position { token: self.token, numbers: self.numbers.keep() }
    }
}

/// Storage for positions to come.
#[derive(Debug, Default)]
pub(crate) struct Room(Option<Slab<Parts>>);

impl Room {
    /// Makes sure that the next `count` positions lie in one block.
    fn reserve(&mut self, count: usize, parts: Parts) -> Option<&mut Slab<Parts>> {
        if !self.0.as_ref().is_some_and(|slab| *slab.common() == parts && slab.left() >= count) {
            self.0 = Some(Slab::new(count.max(AHEAD), parts.stride(), parts));
        }
        self.0.as_mut()
    }

    /// A position of zeros for each token.
    pub(crate) fn positions(&mut self, tokens: &[u32], parts: Parts, into: &mut Vec<Fresh>) {
        let Some(slab) = self.reserve(tokens.len(), parts) else { return };
        into.extend(tokens.iter().map_while(|&token| Some(Fresh { token, numbers: slab.take()? })));
    }

    /// A copy of each position.
    pub(crate) fn copies(&mut self, positions: &[Position], into: &mut Vec<Fresh>) {
        let Some(first) = positions.first() else { return };
        let Some(slab) = self.reserve(positions.len(), *first.parts()) else { return };
        into.extend(positions.iter().map_while(|position| Some(Fresh::copied(position, slab.take()?))));
    }
}
