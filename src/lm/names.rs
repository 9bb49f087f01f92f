//! What the tensors of a family are called, as tables.

/// The names of one family in one file format; `.weight` and `.bias` follow each, except where the file has the bare name. In
/// Marian's the words stand inside: `{W}q` is `Wq` and its bias `bq`, `ln_{scale}` is `ln_scale` and its shift `ln_bias`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    /// What may stand before every name but the head's; the first that fits.
    pub(crate) prefixes: &'static [&'static str],
    pub(crate) embedding: &'static str,
    pub(crate) head: HeadNames,
    pub(crate) rotary_factors: Option<&'static str>,
    pub(crate) transposed: Transposed,
    /// Whether normalisations are stored as their scale less one.
    pub(crate) scales_from_one: bool,
    /// The decoder, or the only stack.
    pub(crate) main: StackNames,
    /// The encoder before a decoder.
    pub(crate) encoder: Option<StackNames>,
}

/// Which linear layers are stored `[in, out]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transposed {
    None,
    All,
    /// Queries, keys and values.
    Projections,
}

/// The names of what turns the last hidden state into logits; full names, no prefix stands before them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadNames {
    /// The matrix, where it is not the embedding.
    pub(crate) matrix: &'static str,
    /// The bias, under the first of these names that the file has.
    pub(crate) bias: &'static [&'static str],
    /// The dense layer and the normalisation before it.
    pub(crate) transform: Option<(&'static str, &'static str)>,
}

/// The dense layer and the last of the head that tells replaced tokens; full names.
pub(crate) const DETECTOR: (&str, &str) =
    ("discriminator_predictions.dense", "discriminator_predictions.dense_prediction");

/// The names of one stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StackNames {
    pub(crate) positions: Option<&'static str>,
    pub(crate) segments: Option<&'static str>,
    pub(crate) embedding_norm: Option<&'static str>,
    /// What brings embeddings to the width of the residual stream.
    pub(crate) embedding_projection: Option<&'static str>,
    pub(crate) final_norm: Option<&'static str>,
    /// The table of relative positions, in the first layer, for all.
    pub(crate) buckets: Option<&'static str>,
    /// The vector that stands for a token whose content must not be seen.
    pub(crate) mask_embedding: Option<&'static str>,
    pub(crate) layer: LayerNames,
}

/// The names inside a layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerNames {
    /// What stands before each, `{}` being the layer's number from 0, `{1}` from 1.
    pub(crate) path: &'static str,
    pub(crate) attention_norm: &'static str,
    pub(crate) attention: Attention,
    pub(crate) query_norm: Option<&'static str>,
    pub(crate) key_norm: Option<&'static str>,
    /// The normalisations of what attention and feed-forward give, where they have one behind them too.
    pub(crate) after: Option<(&'static str, &'static str)>,
    pub(crate) relative: Option<RelativeNames>,
    pub(crate) output: &'static str,
    pub(crate) cross: Option<CrossNames>,
    pub(crate) feed_forward_norm: &'static str,
    pub(crate) feed_forward: FeedForward,
    pub(crate) down: &'static str,
}

/// The names of the query, key and value projections, or of what stands in their place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attention {
    Separate {
        query: &'static str,
        key: &'static str,
        value: &'static str,
    },
    Fused(&'static str),
    /// Of a recurrent cell: what it takes in, and what it forgets by.
    Cell {
        input: &'static str,
        forget: &'static str,
    },
}

/// The names of a decoder's attention to its source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CrossNames {
    pub(crate) norm: &'static str,
    pub(crate) query: &'static str,
    pub(crate) key: &'static str,
    pub(crate) value: &'static str,
    pub(crate) output: &'static str,
}

/// The names of what makes attention see distances (Dai et al. 2019, section 3.3: `W_{k,R}`, u and v).
#[derive(Clone, Copy, Debug)]
pub(crate) struct RelativeNames {
    pub(crate) key: &'static str,
    pub(crate) content_bias: &'static str,
    pub(crate) distance_bias: &'static str,
}

/// The names of a feed-forward layer's first projections.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FeedForward {
    Plain(&'static str),
    Gated {
        gate: &'static str,
        up: &'static str,
    },
    /// Gate and up in one matrix, one after the other.
    Fused(&'static str),
}

/// A stack that has layers and nothing else; tables begin with it.
#[expect(clippy::large_types_passed_by_value, reason = "tables are built by it, at compile time")]
pub(crate) const fn stack(layer: LayerNames) -> StackNames {
    StackNames {
        positions: None,
        segments: None,
        embedding_norm: None,
        embedding_projection: None,
        final_norm: None,
        buckets: None,
        mask_embedding: None,
        layer,
    }
}

/// A head that is a matrix and nothing else.
pub(crate) const fn head(matrix: &'static str) -> HeadNames {
    HeadNames { matrix, bias: &[], transform: None }
}

/// GGUF's names for decoders with separate projections and a gated feed-forward layer (llama.cpp's `gguf-py/constants.py`).
pub(crate) const GGUF: Names = Names {
    prefixes: &[""],
    embedding: "token_embd",
    head: head("output"),
    rotary_factors: Some("rope_freqs"),
    transposed: Transposed::None,
    scales_from_one: false,
    main: StackNames {
        final_norm: Some("output_norm"),
        ..stack(LayerNames {
            path: "blk.{}.",
            attention_norm: "attn_norm",
            attention: Attention::Separate { query: "attn_q", key: "attn_k", value: "attn_v" },
            query_norm: None,
            key_norm: None,
            after: None,
            relative: None,
            output: "attn_output",
            cross: None,
            feed_forward_norm: "ffn_norm",
            feed_forward: FeedForward::Gated { gate: "ffn_gate", up: "ffn_up" },
            down: "ffn_down",
        })
    },
    encoder: None,
};
