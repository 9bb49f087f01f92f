//! `LLaMA` (Touvron et al. 2023) and the families that keep its shape: Mistral, Qwen2, Qwen3.

use super::{
    Activation, Blueprint, Config, DECODER, Family, GOES_ON, ModelError, Names, Plan, Reader, activation, divided,
};
use crate::lm::{
    blueprint::{Pairs, Positions, Scaling},
    mask::Mask,
    names::{Attention, FeedForward, GGUF, LayerNames, StackNames, Transposed, head, stack},
    rope,
};

pub(super) const LLAMA: Family = Family {
    name: "LLaMA",
    source: "Touvron et al. 2023",
    model_types: &["llama"],
    gguf: Some("llama"),
    suited_for: GOES_ON,
    typical: || typical(LLAMA.name, 128, 1e4),
    hugging_face: |reader| hugging_face(reader, "LLaMA", false),
    read_gguf: |reader| gguf(reader, "LLaMA", "llama", Pairs::Interleaved),
};

pub(super) const MISTRAL: Family = Family {
    name: "Mistral",
    source: "Jiang et al. 2023",
    model_types: &["mistral"],
    gguf: None,
    suited_for: GOES_ON,
    typical: || Blueprint { mask: Mask::Window(4096), ..typical(MISTRAL.name, 128, 1e4) },
    hugging_face: |reader| hugging_face(reader, "Mistral", false),
    read_gguf: |reader| gguf(reader, "Mistral", "llama", Pairs::Interleaved),
};

pub(super) const QWEN2: Family = Family {
    name: "Qwen2",
    source: "Yang et al. 2024",
    model_types: &["qwen2"],
    gguf: Some("qwen2"),
    suited_for: GOES_ON,
    typical: || Blueprint { attention_bias: true, ..typical(QWEN2.name, 128, 1e6) },
    hugging_face: |reader| hugging_face(reader, "Qwen2", false),
    read_gguf: |reader| gguf(reader, "Qwen2", "qwen2", Pairs::Halves),
};

pub(super) const QWEN3: Family = Family {
    name: "Qwen3",
    source: "Yang et al. 2025",
    model_types: &["qwen3"],
    gguf: Some("qwen3"),
    suited_for: GOES_ON,
    typical: || Blueprint { query_key_norm: true, ..typical(QWEN3.name, 128, 1e6) },
    hugging_face: |reader| hugging_face(reader, "Qwen3", true),
    read_gguf: |reader| gguf(reader, "Qwen3", "qwen3", Pairs::Halves),
};

pub(super) const NAMES: Names = Names {
    prefixes: &["model.", ""],
    embedding: "embed_tokens",
    head: head("lm_head"),
    rotary_factors: None,
    transposed: Transposed::None,
    scales_from_one: false,
    main: StackNames {
        final_norm: Some("norm"),
        ..stack(LayerNames {
            path: "layers.{}.",
            attention_norm: "input_layernorm",
            attention: Attention::Separate {
                query: "self_attn.q_proj",
                key: "self_attn.k_proj",
                value: "self_attn.v_proj",
            },
            query_norm: None,
            key_norm: None,
            after: None,
            relative: None,
            output: "self_attn.o_proj",
            cross: None,
            feed_forward_norm: "post_attention_layernorm",
            feed_forward: FeedForward::Gated { gate: "mlp.gate_proj", up: "mlp.up_proj" },
            down: "mlp.down_proj",
        })
    },
    encoder: None,
};

fn typical(family: &'static str, dimensions: usize, base: f32) -> Blueprint {
    let positions = Positions::Rotary { pairs: Pairs::Halves, dimensions, base, scaling: Scaling::None };
    Blueprint { family, positions, gated: true, tied_head: false, ..DECODER }
}

fn hugging_face(reader: Reader<'_>, family: &'static str, query_key_norm: bool) -> Result<Plan, ModelError> {
    let width = reader.needed("hidden_size")?;
    let heads = reader.needed("num_attention_heads")?;
    let head_width = match reader.size("head_dim")? {
        Some(head_width) => head_width,
        None => divided(("hidden_size", width), ("num_attention_heads", heads))?,
    };
    let mut config = Config {
        layers: reader.needed("num_hidden_layers")?,
        width,
        heads,
        kv_heads: reader.size("num_key_value_heads")?.unwrap_or(heads),
        head_width,
        feed_forward: reader.needed("intermediate_size")?,
        vocabulary: reader.needed("vocab_size")?,
        context: reader.size("max_position_embeddings")?.unwrap_or(2048),
        norm_epsilon: reader.number("rms_norm_eps")?.unwrap_or(1e-6),
        segments: 0,
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    };
    let mut names = NAMES;
    if query_key_norm {
        names.main.layer.query_norm = Some("self_attn.q_norm");
        names.main.layer.key_norm = Some("self_attn.k_norm");
    }
    let positions = rope::hugging_face(reader, Pairs::Halves, head_width, config.context)?;
    if let Positions::Rotary { scaling: Scaling::Dynamic { factor, original }, .. } = positions {
        config.context = (original * factor) as usize;
    }
    let blueprint = Blueprint {
        family,
        positions,
        query_key_norm,
        activation: activation(reader, "hidden_act", Activation::Silu)?,
        gated: true,
        tied_head: reader.flag("tie_word_embeddings").unwrap_or(!reader.has_tensor("lm_head.weight")),
        mask: window(reader, config.layers)?,
        ..DECODER
    };
    Ok(Plan { blueprint, config, names })
}

/// A sliding window, in every layer or in those that the settings name.
pub(super) fn window(reader: Reader<'_>, layers: usize) -> Result<Mask, ModelError> {
    let Some(window) = reader.size("sliding_window")? else { return Ok(Mask::Causal) };
    let windowed: Vec<bool> = match (reader.texts("layer_types"), reader.count("max_window_layers")) {
        _ if reader.flag("use_sliding_window") == Some(false) => return Ok(Mask::Causal),
        (Some(kinds), _) => kinds.iter().map(|kind| *kind == "sliding_attention").collect(),
        // The first layers look everywhere.
        (None, Some(first)) => (0..layers).map(|layer| layer as u64 >= first).collect(),
        (None, None) => vec![true; layers],
    };
    if windowed.len() != layers {
        let (key, value) = ("layer_types".into(), format!("of {} layers", windowed.len()));
        return Err(ModelError::BadSetting { key, value });
    }
    Ok(match (windowed.contains(&true), windowed.contains(&false)) {
        (true, true) => Mask::Layers { window, windowed },
        (true, false) => Mask::Window(window),
        (false, _) => Mask::Causal,
    })
}

fn gguf(reader: Reader<'_>, family: &'static str, architecture: &str, pairs: Pairs) -> Result<Plan, ModelError> {
    let key = |name: &str| format!("{architecture}.{name}");
    let width = reader.needed(&key("embedding_length"))?;
    let heads = reader.needed(&key("attention.head_count"))?;
    let head_width = match reader.size(&key("attention.key_length"))? {
        Some(head_width) => head_width,
        None => divided(("embedding_length", width), ("head_count", heads))?,
    };
    let vocabulary = reader.rows("token_embd.weight")?;
    let context = reader.needed(&key("context_length"))?;
    let config = Config {
        layers: reader.needed(&key("block_count"))?,
        width,
        heads,
        kv_heads: reader.size(&key("attention.head_count_kv"))?.unwrap_or(heads),
        head_width,
        feed_forward: reader.needed(&key("feed_forward_length"))?,
        vocabulary,
        context,
        norm_epsilon: reader.number(&key("attention.layer_norm_rms_epsilon"))?.unwrap_or(1e-5),
        segments: 0,
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    };
    let query_key_norm = reader.has_tensor("blk.0.attn_q_norm.weight");
    let mut names = GGUF;
    if query_key_norm {
        names.main.layer.query_norm = Some("attn_q_norm");
        names.main.layer.key_norm = Some("attn_k_norm");
    }
    let blueprint = Blueprint {
        family,
        positions: rope::gguf(reader, architecture, pairs, head_width, context)?,
        query_key_norm,
        gated: true,
        tied_head: !reader.has_tensor("output.weight"),
        mask: reader.size(&key("attention.sliding_window"))?.map_or(Mask::Causal, Mask::Window),
        ..DECODER
    };
    Ok(Plan { blueprint, config, names })
}
