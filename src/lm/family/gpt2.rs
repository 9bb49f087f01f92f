//! GPT-2 (Radford et al. 2019).

use super::{
    Activation, Blueprint, Config, DECODER, Family, GOES_ON, ModelError, Names, Plan, Reader, activation, divided,
};
use crate::lm::{
    blueprint::Norm,
    names::{Attention, FeedForward, GGUF, LayerNames, StackNames, Transposed, head, stack},
};

pub(super) const GPT2: Family = Family {
    name: "GPT-2",
    source: "Radford et al. 2019",
    model_types: &["gpt2"],
    gguf: Some("gpt2"),
    suited_for: GOES_ON,
    typical: || blueprint(Activation::GeluTanh, true),
    hugging_face,
    read_gguf: gguf,
};

const NAMES: Names = Names {
    prefixes: &["transformer.", ""],
    embedding: "wte",
    head: head("lm_head"),
    rotary_factors: None,
    transposed: Transposed::All,
    scales_from_one: false,
    main: StackNames {
        positions: Some("wpe"),
        final_norm: Some("ln_f"),
        ..stack(LayerNames {
            path: "h.{}.",
            attention_norm: "ln_1",
            attention: Attention::Fused("attn.c_attn"),
            query_norm: None,
            key_norm: None,
            after: None,
            relative: None,
            output: "attn.c_proj",
            cross: None,
            feed_forward_norm: "ln_2",
            feed_forward: FeedForward::Plain("mlp.c_fc"),
            down: "mlp.c_proj",
        })
    },
    encoder: None,
};

const GGUF_NAMES: Names = Names {
    main: StackNames {
        positions: Some("position_embd"),
        layer: LayerNames {
            attention: Attention::Fused("attn_qkv"),
            feed_forward: FeedForward::Plain("ffn_up"),
            ..GGUF.main.layer
        },
        ..GGUF.main
    },
    ..GGUF
};

fn blueprint(activation: Activation, tied_head: bool) -> Blueprint {
    Blueprint { family: GPT2.name, norm: Norm::Layer, attention_bias: true, activation, tied_head, ..DECODER }
}

fn hugging_face(reader: Reader<'_>) -> Result<Plan, ModelError> {
    for (key, usual) in
        [("scale_attn_by_inverse_layer_idx", false), ("scale_attn_weights", true), ("add_cross_attention", false)]
    {
        if reader.flag(key).is_some_and(|flag| flag != usual) {
            return Err(ModelError::Unsupported { key: key.into(), value: (!usual).to_string() });
        }
    }
    let width = reader.needed("n_embd")?;
    let heads = reader.needed("n_head")?;
    let config = Config {
        layers: reader.needed("n_layer")?,
        width,
        heads,
        kv_heads: heads,
        head_width: divided(("n_embd", width), ("n_head", heads))?,
        feed_forward: reader.size("n_inner")?.unwrap_or(4 * width),
        vocabulary: reader.needed("vocab_size")?,
        context: reader.needed("n_positions")?,
        norm_epsilon: reader.number("layer_norm_epsilon")?.unwrap_or(1e-5),
        segments: 0,
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    };
    let activation = activation(reader, "activation_function", Activation::GeluTanh)?;
    let tied = reader.flag("tie_word_embeddings").unwrap_or(true);
    Ok(Plan { blueprint: blueprint(activation, tied), config, names: NAMES })
}

fn gguf(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let width = reader.needed("gpt2.embedding_length")?;
    let heads = reader.needed("gpt2.attention.head_count")?;
    let config = Config {
        layers: reader.needed("gpt2.block_count")?,
        width,
        heads,
        kv_heads: heads,
        head_width: divided(("embedding_length", width), ("head_count", heads))?,
        feed_forward: reader.needed("gpt2.feed_forward_length")?,
        vocabulary: reader.rows("token_embd.weight")?,
        context: reader.needed("gpt2.context_length")?,
        norm_epsilon: reader.number("gpt2.attention.layer_norm_epsilon")?.unwrap_or(1e-5),
        segments: 0,
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    };
    let tied = !reader.has_tensor("output.weight");
    Ok(Plan { blueprint: blueprint(Activation::GeluTanh, tied), config, names: GGUF_NAMES })
}
