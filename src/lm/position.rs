//! What the model computed at one position.

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
    /// `[width]`
    pub(crate) hidden: Box<[f32]>,
}

impl Position {
    /// Zeros, to be filled by the forward pass.
    pub(crate) fn new(token: u32, layers: usize, key_width: usize, query_width: usize, width: usize) -> Self {
        let zeros = |length: usize| vec![0.0; length].into_boxed_slice();
        Self {
            token,
            layers,
            keys: zeros(layers * key_width),
            values: zeros(layers * key_width),
            queries: zeros(layers * query_width),
            hidden: zeros(width),
        }
    }

    /// The token that stands here.
    pub fn token(&self) -> u32 {
        self.token
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

    /// The last hidden state, after the final norm, `[width]`: what the head reads.
    pub fn hidden(&self) -> &[f32] {
        &self.hidden
    }

    /// The bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        4 * (self.keys.len() + self.values.len() + self.queries.len() + self.hidden.len()) + size_of::<Self>()
    }
}

fn part(all: &[f32], layers: usize, layer: usize) -> &[f32] {
    let length = all.len() / layers;
    &all[layer * length..][..length]
}
