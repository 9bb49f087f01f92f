//! What the model computed at one position.

use super::config::{Config, Shape};

/// What a forward pass computed at one position, in all layers. Behind an `Arc` it never changes: the key-value cache is a
/// vector of these, so undoing is truncating it, and branches share their prefix.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    pub(crate) token: u32,
    pub(crate) layers: usize,
    /// `[layers, kv_heads × head_width]`
    pub(crate) keys: Box<[f32]>,
    /// `[layers, kv_heads × head_width]`
    pub(crate) values: Box<[f32]>,
    /// `[layers, heads × head_width]`
    pub(crate) queries: Box<[f32]>,
    /// `[layers, heads × head_width]`: the queries of a layer's second attention, where it has one: a decoder's to its
    /// source, or the query stream's under a permutation. Empty otherwise.
    pub(crate) second: Box<[f32]>,
    /// `[width]`
    pub(crate) hidden: Box<[f32]>,
    /// What a decoder looks at, where this is a position of its source.
    pub(crate) source: Option<Source>,
}

/// A source position as the decoder's layers see it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Source {
    /// The decoder's layers.
    pub(crate) layers: usize,
    /// `[layers, kv_heads × head_width]`
    pub(crate) keys: Box<[f32]>,
    /// `[layers, kv_heads × head_width]`
    pub(crate) values: Box<[f32]>,
}

impl Position {
    /// Zeros, to be filled by the forward pass.
    pub(crate) fn new(token: u32, shape: Shape, second: bool, width: usize) -> Self {
        let (layers, queries, keys) = (shape.layers, shape.query_width(), shape.key_width());
        Self {
            token,
            layers,
            keys: zeros(layers * keys),
            values: zeros(layers * keys),
            queries: zeros(layers * queries),
            second: zeros(if second { layers * queries } else { 0 }),
            hidden: zeros(width),
            source: None,
        }
    }

    /// The token that stands here.
    pub fn token(&self) -> u32 {
        self.token
    }

    /// Whether this is a position of the source that a decoder looks at.
    pub fn is_source(&self) -> bool {
        self.source.is_some()
    }

    /// The layer's keys after rotary positions, `[kv_heads × head_width]`.
    pub fn keys(&self, layer: usize) -> &[f32] {
        part(&self.keys, self.layers, layer)
    }

    /// The layer's values, `[kv_heads × head_width]`.
    pub fn values(&self, layer: usize) -> &[f32] {
        part(&self.values, self.layers, layer)
    }

    /// The layer's queries after rotary positions, `[heads × head_width]`.
    pub fn queries(&self, layer: usize) -> &[f32] {
        part(&self.queries, self.layers, layer)
    }

    /// The queries of the layer's second attention, `[heads × head_width]`; empty where there is none.
    pub(crate) fn second(&self, layer: usize) -> &[f32] {
        part(&self.second, self.layers, layer)
    }

    /// The last hidden state, after the final norm, `[width]`: what the head reads.
    pub fn hidden(&self) -> &[f32] {
        &self.hidden
    }

    /// The bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        let own = self.keys.len() + self.values.len() + self.queries.len() + self.second.len() + self.hidden.len();
        let source = self.source.as_ref().map_or(0, |source| source.keys.len() + source.values.len());
        4 * (own + source) + size_of::<Self>()
    }
}

impl Source {
    /// Zeros, for the layers of this model's decoder.
    pub(crate) fn new(config: &Config) -> Self {
        let length = config.layers * config.main().key_width();
        Self { layers: config.layers, keys: zeros(length), values: zeros(length) }
    }

    pub(crate) fn keys(&self, layer: usize) -> &[f32] {
        part(&self.keys, self.layers, layer)
    }

    pub(crate) fn values(&self, layer: usize) -> &[f32] {
        part(&self.values, self.layers, layer)
    }
}

fn zeros(length: usize) -> Box<[f32]> {
    vec![0.0; length].into_boxed_slice()
}

fn part(all: &[f32], layers: usize, layer: usize) -> &[f32] {
    let length = all.len() / layers;
    &all[layer * length..][..length]
}
