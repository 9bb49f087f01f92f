//! GLM (Du et al. 2021): Hugging Face's `glm` and `glm4`, and the layout of `ChatGLM2` and `ChatGLM3`. All of these look back
//! only, and count positions through: of GLM's blanks they kept the long one, which `[gMASK]` stands for.

use super::llama;
use super::{
    Activation, Blueprint, Config, DECODER, Family, GOES_ON, ModelError, Names, Plan, Reader, activation, divided,
};
use crate::lm::{
    blueprint::{NormPlace, Objective, Pairs, Positions, Scaling},
    names::{Attention, FeedForward, GGUF, LayerNames, StackNames, Transposed, head, stack},
    rope,
};

pub(super) const GLM: Family = Family {
    name: "GLM",
    source: "Du et al. 2021",
    model_types: &["glm", "glm4"],
    gguf: None,
    suited_for: GOES_ON,
    typical: || typical(GLM.name),
    hugging_face,
    read_gguf: gguf,
};

pub(super) const CHATGLM: Family = Family {
    name: "ChatGLM",
    source: "Zeng et al. 2024",
    model_types: &["chatglm"],
    gguf: Some("chatglm"),
    suited_for: GOES_ON,
    typical: || typical(CHATGLM.name),
    hugging_face: chatglm,
    read_gguf: gguf,
};

fn typical(family: &'static str) -> Blueprint {
    let positions = Positions::Rotary { pairs: Pairs::Interleaved, dimensions: 64, base: 1e4, scaling: Scaling::None };
    blueprint(family, positions, true, false)
}

const NAMES: Names = Names {
    main: StackNames {
        layer: LayerNames { feed_forward: FeedForward::Fused("mlp.gate_up_proj"), ..llama::NAMES.main.layer },
        ..llama::NAMES.main
    },
    ..llama::NAMES
};

/// GLM-4 of 2025: the same with a norm behind each sublayer.
const NAMES_AFTER: Names = Names {
    main: StackNames {
        layer: LayerNames { after: Some(("post_self_attn_layernorm", "post_mlp_layernorm")), ..NAMES.main.layer },
        ..NAMES.main
    },
    ..NAMES
};

const CHATGLM_NAMES: Names = Names {
    prefixes: &["transformer.", ""],
    embedding: "embedding.word_embeddings",
    head: head("transformer.output_layer"),
    rotary_factors: None,
    transposed: Transposed::None,
    scales_from_one: false,
    main: StackNames {
        final_norm: Some("encoder.final_layernorm"),
        ..stack(LayerNames {
            path: "encoder.layers.{}.",
            attention: Attention::Fused("self_attention.query_key_value"),
            output: "self_attention.dense",
            feed_forward: FeedForward::Fused("mlp.dense_h_to_4h"),
            down: "mlp.dense_4h_to_h",
            ..NAMES.main.layer
        })
    },
    encoder: None,
};

const GGUF_NAMES: Names = Names {
    main: StackNames {
        layer: LayerNames {
            attention: Attention::Fused("attn_qkv"),
            feed_forward: FeedForward::Fused("ffn_up"),
            ..GGUF.main.layer
        },
        ..GGUF.main
    },
    ..GGUF
};

fn blueprint(family: &'static str, positions: Positions, attention_bias: bool, tied_head: bool) -> Blueprint {
    Blueprint { family, objective: Objective::LongBlank, positions, attention_bias, gated: true, tied_head, ..DECODER }
}

fn hugging_face(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let width = reader.needed("hidden_size")?;
    let heads = reader.needed("num_attention_heads")?;
    let head_width = match reader.size("head_dim")? {
        Some(head_width) => head_width,
        None => divided(("hidden_size", width), ("num_attention_heads", heads))?,
    };
    let config = Config {
        layers: reader.needed("num_hidden_layers")?,
        width,
        heads,
        kv_heads: reader.size("num_key_value_heads")?.unwrap_or(heads),
        head_width,
        feed_forward: reader.needed("intermediate_size")?,
        vocabulary: reader.needed("vocab_size")?,
        context: reader.needed("max_position_embeddings")?,
        norm_epsilon: reader.number("rms_norm_eps")?.unwrap_or(1.562_5e-7),
        segments: 0,
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    };
    let positions = rope::hugging_face_part(reader, Pairs::Interleaved, head_width, config.context, 0.5)?;
    let bias = reader.has_tensor("model.layers.0.self_attn.q_proj.bias");
    let tied = reader.flag("tie_word_embeddings").unwrap_or(false);
    let activation = activation(reader, "hidden_act", Activation::Silu)?;
    let (norm_place, names) = match reader.text("model_type") {
        Some("glm4") => (NormPlace::Both, NAMES_AFTER),
        _ => (NormPlace::Before, NAMES),
    };
    let blueprint = Blueprint { norm_place, activation, ..blueprint(GLM.name, positions, bias, tied) };
    Ok(Plan { blueprint, config, names })
}

fn chatglm(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let key = "rmsnorm";
    if reader.flag(key) == Some(false) {
        return Err(ModelError::Unsupported { key: key.into(), value: "false".into() });
    }
    let width = reader.needed("hidden_size")?;
    let heads = reader.needed("num_attention_heads")?;
    let head_width = match reader.size("kv_channels")? {
        Some(head_width) => head_width,
        None => divided(("hidden_size", width), ("num_attention_heads", heads))?,
    };
    let groups = match reader.flag("multi_query_attention") {
        Some(true) => reader.needed("multi_query_group_num")?,
        _ => heads,
    };
    let config = Config {
        layers: reader.needed("num_layers")?,
        width,
        heads,
        kv_heads: groups,
        head_width,
        feed_forward: reader.needed("ffn_hidden_size")?,
        vocabulary: match reader.size("padded_vocab_size")? {
            Some(vocabulary) => vocabulary,
            None => reader.needed("vocab_size")?,
        },
        context: reader.needed("seq_length")?,
        norm_epsilon: reader.number("layernorm_epsilon")?.unwrap_or(1e-5),
        segments: 0,
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    };
    let positions = Positions::Rotary {
        pairs: Pairs::Interleaved,
        dimensions: head_width / 2 / 2 * 2,
        base: 10_000.0 * reader.number("rope_ratio")?.unwrap_or(1.0),
        scaling: Scaling::None,
    };
    let bias = reader.flag("add_qkv_bias").unwrap_or(false);
    let tied = reader.flag("tie_word_embeddings").unwrap_or(false);
    Ok(Plan { blueprint: blueprint(CHATGLM.name, positions, bias, tied), config, names: CHATGLM_NAMES })
}

fn gguf(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let key = |name: &str| format!("chatglm.{name}");
    let width = reader.needed(&key("embedding_length"))?;
    let heads = reader.needed(&key("attention.head_count"))?;
    let head_width = divided(("embedding_length", width), ("head_count", heads))?;
    let config = Config {
        layers: reader.needed(&key("block_count"))?,
        width,
        heads,
        kv_heads: reader.size(&key("attention.head_count_kv"))?.unwrap_or(heads),
        head_width,
        feed_forward: reader.needed(&key("feed_forward_length"))?,
        vocabulary: reader.rows("token_embd.weight")?,
        context: reader.needed(&key("context_length"))?,
        norm_epsilon: reader.number(&key("attention.layer_norm_rms_epsilon"))?.unwrap_or(1e-5),
        segments: 0,
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    };
    let positions = rope::gguf(reader, "chatglm", Pairs::Interleaved, head_width, config.context)?;
    let bias = reader.has_tensor("blk.0.attn_qkv.bias");
    let tied = !reader.has_tensor("output.weight");
    Ok(Plan { blueprint: blueprint(CHATGLM.name, positions, bias, tied), config, names: GGUF_NAMES })
}
