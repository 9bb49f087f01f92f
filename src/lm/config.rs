//! The sizes of a transformer.

/// The sizes of one transformer; its make is the [`Blueprint`](super::Blueprint).
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The number of layers.
    pub layers: usize,
    /// The width of the residual stream, D.
    pub width: usize,
    /// Attention heads per layer, H.
    pub heads: usize,
    /// Key and value heads per layer; each serves `heads / kv_heads` query heads (Ainslie et al. 2023).
    pub kv_heads: usize,
    /// The width of one head.
    pub head_width: usize,
    /// The width of the feed-forward layer.
    pub feed_forward: usize,
    /// The number of tokens, V.
    pub vocabulary: usize,
    /// The longest sequence.
    pub context: usize,
    /// What is added under the root of a normalisation.
    pub norm_epsilon: f32,
    /// How many kinds of token there are beside what they say: 2 where a token belongs to the first or the second text.
    pub segments: usize,
    /// The width of the embeddings, where it is not the residual stream's (Lan et al. 2019, section 3.1).
    pub embedding_width: Option<usize>,
    /// The token that a decoder behind an encoder begins with.
    pub decoder_start: Option<u32>,
    /// The sizes of the encoder, where it stands before a decoder.
    pub encoder: Option<Shape>,
}

/// The sizes of one stack of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The number of layers.
    pub layers: usize,
    /// Attention heads per layer.
    pub heads: usize,
    /// Key and value heads per layer.
    pub kv_heads: usize,
    /// The width of one head.
    pub head_width: usize,
    /// The width of the feed-forward layer.
    pub feed_forward: usize,
}

impl Shape {
    /// The width of all queries of a layer: `heads × head_width`.
    pub fn query_width(&self) -> usize {
        self.heads * self.head_width
    }

    /// The width of all keys, or all values, of a layer: `kv_heads × head_width`.
    pub fn key_width(&self) -> usize {
        self.kv_heads * self.head_width
    }
}

impl Config {
    /// The width of the embeddings, E.
    pub fn embedding(&self) -> usize {
        self.embedding_width.unwrap_or(self.width)
    }

    /// The sizes of the decoder, or of the only stack.
    pub fn main(&self) -> Shape {
        let Self { layers, heads, kv_heads, head_width, feed_forward, .. } = *self;
        Shape { layers, heads, kv_heads, head_width, feed_forward }
    }
}
