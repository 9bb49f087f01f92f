//! What the tensors of a family are called, as tables.

/// The names of one family in one file format; `.weight` and `.bias` follow each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    /// What may stand before every name but the head's; the first that fits.
    pub(crate) prefixes: &'static [&'static str],
    pub(crate) embedding: &'static str,
    pub(crate) positions: Option<&'static str>,
    pub(crate) final_norm: Option<&'static str>,
    pub(crate) head: &'static str,
    pub(crate) rotary_factors: Option<&'static str>,
    /// Whether linear layers are stored `[in, out]`.
    pub(crate) transposed: bool,
    pub(crate) layer: LayerNames,
}

/// The names inside a layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerNames {
    /// What stands before each, `{}` being the layer's number.
    pub(crate) path: &'static str,
    pub(crate) attention_norm: &'static str,
    pub(crate) attention: Attention,
    pub(crate) query_norm: Option<&'static str>,
    pub(crate) key_norm: Option<&'static str>,
    pub(crate) output: &'static str,
    pub(crate) feed_forward_norm: &'static str,
    pub(crate) gate: Option<&'static str>,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
}

/// The names of the query, key and value projections.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attention {
    Separate { query: &'static str, key: &'static str, value: &'static str },
    Fused(&'static str),
}

/// GGUF's names for decoders with separate projections and a gated feed-forward layer (llama.cpp's `gguf-py/constants.py`).
pub(crate) const GGUF: Names = Names {
    prefixes: &[""],
    embedding: "token_embd",
    positions: None,
    final_norm: Some("output_norm"),
    head: "output",
    rotary_factors: Some("rope_freqs"),
    transposed: false,
    layer: LayerNames {
        path: "blk.{}.",
        attention_norm: "attn_norm",
        attention: Attention::Separate { query: "attn_q", key: "attn_k", value: "attn_v" },
        query_norm: None,
        key_norm: None,
        output: "attn_output",
        feed_forward_norm: "ffn_norm",
        gate: Some("ffn_gate"),
        up: "ffn_up",
        down: "ffn_down",
    },
};
