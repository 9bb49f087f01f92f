//! GPT-NeoX (Black et al. 2022), the make of the Pythia suite.

use super::{
    Activation, Blueprint, Config, DECODER, Family, GOES_ON, ModelError, Names, Plan, Reader, activation, divided,
};
use crate::lm::{
    blueprint::{Fused, Norm, Pairs, Positions, Residual, Scaling},
    names::{Attention, FeedForward, GGUF, LayerNames, StackNames, Transposed, head, stack},
    rope,
};

pub(super) const GPT_NEOX: Family = Family {
    name: "GPT-NeoX",
    source: "Black et al. 2022",
    model_types: &["gpt_neox"],
    gguf: Some("gptneox"),
    suited_for: GOES_ON,
    typical: || Blueprint {
        positions: Positions::Rotary { pairs: Pairs::Halves, dimensions: 24, base: 1e4, scaling: Scaling::None },
        fused: Fused::PerHead,
        tied_head: false,
        ..blueprint(Activation::Gelu, true)
    },
    hugging_face,
    read_gguf: gguf,
};

const NAMES: Names = Names {
    prefixes: &["gpt_neox.", ""],
    embedding: "embed_in",
    head: head("embed_out"),
    rotary_factors: None,
    transposed: Transposed::None,
    scales_from_one: false,
    main: StackNames {
        final_norm: Some("final_layer_norm"),
        ..stack(LayerNames {
            path: "layers.{}.",
            attention_norm: "input_layernorm",
            attention: Attention::Fused("attention.query_key_value"),
            query_norm: None,
            key_norm: None,
            after: None,
            relative: None,
            output: "attention.dense",
            cross: None,
            feed_forward_norm: "post_attention_layernorm",
            feed_forward: FeedForward::Plain("mlp.dense_h_to_4h"),
            down: "mlp.dense_4h_to_h",
        })
    },
    encoder: None,
};

const GGUF_NAMES: Names = Names {
    main: StackNames {
        layer: LayerNames {
            attention: Attention::Fused("attn_qkv"),
            feed_forward: FeedForward::Plain("ffn_up"),
            ..GGUF.main.layer
        },
        ..GGUF.main
    },
    ..GGUF
};

/// What both formats say in their own words: the rest is the same.
fn blueprint(activation: Activation, parallel: bool) -> Blueprint {
    Blueprint {
        family: GPT_NEOX.name,
        norm: Norm::Layer,
        attention_bias: true,
        activation,
        residual: if parallel { Residual::Parallel } else { Residual::Serial },
        ..DECODER
    }
}

fn hugging_face(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let width = reader.needed("hidden_size")?;
    let heads = reader.needed("num_attention_heads")?;
    let head_width = divided(("hidden_size", width), ("num_attention_heads", heads))?;
    let config = Config {
        layers: reader.needed("num_hidden_layers")?,
        width,
        heads,
        kv_heads: heads,
        head_width,
        feed_forward: reader.needed("intermediate_size")?,
        vocabulary: reader.needed("vocab_size")?,
        context: reader.size("max_position_embeddings")?.unwrap_or(2048),
        norm_epsilon: reader.number("layer_norm_eps")?.unwrap_or(1e-5),
        segments: 0,
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    };
    let parallel = reader.flag("use_parallel_residual").unwrap_or(true);
    let blueprint = Blueprint {
        positions: rope::hugging_face(reader, Pairs::Halves, head_width, config.context)?,
        attention_bias: reader.flag("attention_bias").unwrap_or(true),
        fused: Fused::PerHead,
        tied_head: reader.flag("tie_word_embeddings").unwrap_or(false),
        ..blueprint(activation(reader, "hidden_act", Activation::Gelu)?, parallel)
    };
    Ok(Plan { blueprint, config, names: NAMES })
}

/// llama.cpp's files: the fused projection is stacked there, query, key and value.
fn gguf(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let key = |name: &str| format!("gptneox.{name}");
    let width = reader.needed(&key("embedding_length"))?;
    let heads = reader.needed(&key("attention.head_count"))?;
    let head_width = divided(("embedding_length", width), ("head_count", heads))?;
    let config = Config {
        layers: reader.needed(&key("block_count"))?,
        width,
        heads,
        kv_heads: heads,
        head_width,
        feed_forward: reader.needed(&key("feed_forward_length"))?,
        vocabulary: reader.rows("token_embd.weight")?,
        context: reader.needed(&key("context_length"))?,
        norm_epsilon: reader.number(&key("attention.layer_norm_epsilon"))?.unwrap_or(1e-5),
        segments: 0,
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    };
    let blueprint = Blueprint {
        positions: rope::gguf(reader, "gptneox", Pairs::Halves, head_width, config.context)?,
        tied_head: !reader.has_tensor("output.weight"),
        ..blueprint(Activation::Gelu, reader.flag(&key("use_parallel_residual")).unwrap_or(true))
    };
    Ok(Plan { blueprint, config, names: GGUF_NAMES })
}
