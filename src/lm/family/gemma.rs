//! Gemma (Gemma Team 2024 and 2025): `LLaMA`'s shape with scaled embeddings and a gated GELU; the second also normalises what
//! each sublayer gives and caps logits, the third normalises queries and keys and turns heads more slowly outside windows.

use super::{
    Activation, Blueprint, Config, DECODER, Family, GOES_ON, ModelError, Names, Plan, Reader, activation, divided,
    llama,
};
use crate::lm::{
    blueprint::{NormPlace, Pairs, Positions, Scaling},
    mask::Mask,
    names::{GGUF, LayerNames, StackNames},
    rope,
};

/// What differs between the three.
#[derive(Clone, Copy)]
struct Version {
    name: &'static str,
    /// GGUF's name.
    architecture: &'static str,
    /// Whether what a sublayer gives is normalised.
    after: bool,
    /// Whether queries and keys are normalised.
    query_key_norm: bool,
    /// Every so many layers one looks everywhere; the others have windows.
    pattern: Option<usize>,
    /// The rotary base, and that of layers with windows.
    bases: (f32, Option<f32>),
    /// The caps of attention and of logits where the file does not say.
    caps: (Option<f32>, Option<f32>),
    /// The number of layers of its 27B model, whose queries are not scaled by the width of their own head.
    largest: usize,
}

const FIRST: Version = Version {
    name: "Gemma",
    architecture: "gemma",
    after: false,
    query_key_norm: false,
    pattern: None,
    bases: (1e4, None),
    caps: (None, None),
    largest: usize::MAX,
};
const SECOND: Version = Version {
    name: "Gemma 2",
    architecture: "gemma2",
    after: true,
    pattern: Some(2),
    caps: (Some(50.0), Some(30.0)),
    largest: 46,
    ..FIRST
};
const THIRD: Version = Version {
    name: "Gemma 3",
    architecture: "gemma3",
    query_key_norm: true,
    pattern: Some(6),
    bases: (1e6, Some(1e4)),
    caps: (None, None),
    largest: 62,
    ..SECOND
};

pub(super) const GEMMA: Family = Family {
    name: FIRST.name,
    source: "Gemma Team 2024",
    model_types: &["gemma"],
    gguf: Some(FIRST.architecture),
    suited_for: GOES_ON,
    typical: || blueprint(&FIRST, &sizes(2048, 18, 256), positions(&FIRST), None),
    hugging_face: |reader| hugging_face(reader, &FIRST),
    read_gguf: |reader| gguf(reader, &FIRST),
};

pub(super) const GEMMA2: Family = Family {
    name: SECOND.name,
    source: "Gemma Team 2024",
    model_types: &["gemma2"],
    gguf: Some(SECOND.architecture),
    typical: || blueprint(&SECOND, &sizes(2304, 26, 256), positions(&SECOND), Some(4096)),
    hugging_face: |reader| hugging_face(reader, &SECOND),
    read_gguf: |reader| gguf(reader, &SECOND),
    ..GEMMA
};

pub(super) const GEMMA3: Family = Family {
    name: THIRD.name,
    source: "Gemma Team 2025",
    model_types: &["gemma3_text"],
    gguf: Some(THIRD.architecture),
    typical: || blueprint(&THIRD, &sizes(640, 18, 256), positions(&THIRD), Some(512)),
    hugging_face: |reader| hugging_face(reader, &THIRD),
    read_gguf: |reader| gguf(reader, &THIRD),
    ..GEMMA
};

const NAMES: Names = Names { scales_from_one: true, ..llama::NAMES };

/// The same with a norm behind each sublayer.
const NAMES_AFTER: Names = Names {
    main: StackNames {
        layer: LayerNames {
            after: Some(("post_attention_layernorm", "post_feedforward_layernorm")),
            feed_forward_norm: "pre_feedforward_layernorm",
            ..NAMES.main.layer
        },
        ..NAMES.main
    },
    ..NAMES
};

/// The makers of GGUF files add the one to the scales.
const GGUF_NAMES_AFTER: Names = Names {
    main: StackNames {
        layer: LayerNames { after: Some(("post_attention_norm", "post_ffw_norm")), ..GGUF.main.layer },
        ..GGUF.main
    },
    ..GGUF
};

fn positions(version: &Version) -> Positions {
    Positions::Rotary { pairs: Pairs::Halves, dimensions: 256, base: version.bases.0, scaling: Scaling::None }
}

/// The sizes that a blueprint depends on.
fn sizes(width: usize, layers: usize, head_width: usize) -> Config {
    Config {
        layers,
        width,
        heads: 1,
        kv_heads: 1,
        head_width,
        feed_forward: 1,
        vocabulary: 1,
        context: 1,
        norm_epsilon: 1e-6,
        segments: 0,
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    }
}

fn blueprint(version: &Version, config: &Config, positions: Positions, window: Option<usize>) -> Blueprint {
    let windowed = version.pattern.zip(window).map(|(pattern, window)| {
        let windowed = (0..config.layers).map(|layer| !(layer + 1).is_multiple_of(pattern)).collect();
        Mask::Layers { window, windowed }
    });
    Blueprint {
        family: version.name,
        norm_place: if version.after { NormPlace::Both } else { NormPlace::Before },
        embedding_scale: (config.width as f32).sqrt(),
        positions,
        attention_cap: version.caps.0,
        query_key_norm: version.query_key_norm,
        activation: Activation::GeluTanh,
        gated: true,
        logit_cap: version.caps.1,
        window_base: version.bases.1,
        mask: windowed.unwrap_or(Mask::Causal),
        ..DECODER
    }
}

fn hugging_face(reader: Reader<'_>, version: &Version) -> Result<Plan, ModelError> {
    let key = "use_bidirectional_attention";
    if reader.flag(key) == Some(true) {
        return Err(ModelError::Unsupported { key: key.into(), value: "true".into() });
    }
    let heads = reader.needed("num_attention_heads")?;
    let config = Config {
        heads,
        kv_heads: reader.size("num_key_value_heads")?.unwrap_or(heads),
        feed_forward: reader.needed("intermediate_size")?,
        vocabulary: reader.needed("vocab_size")?,
        context: reader.needed("max_position_embeddings")?,
        norm_epsilon: reader.number("rms_norm_eps")?.unwrap_or(1e-6),
        ..sizes(
            reader.needed("hidden_size")?,
            reader.needed("num_hidden_layers")?,
            reader.size("head_dim")?.unwrap_or(256),
        )
    };
    let pattern = reader.size("sliding_window_pattern")?.or(version.pattern);
    let window = version.pattern.and(reader.size("sliding_window")?);
    let positions = rope::hugging_face(reader, Pairs::Halves, config.head_width, config.context)?;
    let usual = blueprint(&Version { pattern, ..*version }, &config, positions, window);
    let mask = match reader.texts("layer_types") {
        Some(_) if window.is_some() => llama::window(reader, config.layers)?,
        _ => usual.mask,
    };
    let local = match reader.number("rope_parameters.sliding_attention.rope_theta")? {
        Some(base) => Some(base),
        None => reader.number("rope_local_base_freq")?.or(version.bases.1),
    };
    let (mut attention_width, mut caps) = (None, (None, None));
    if version.after {
        attention_width = Some(reader.number("query_pre_attn_scalar")?.unwrap_or(256.0));
        caps = (reader.number("attn_logit_softcapping")?, reader.number("final_logit_softcapping")?);
    }
    let key = if reader.text("hidden_activation").is_some() { "hidden_activation" } else { "hidden_act" };
    let blueprint = Blueprint {
        attention_width: attention_width.filter(|width| *width != config.head_width as f32),
        attention_cap: caps.0,
        activation: activation(reader, key, Activation::GeluTanh)?,
        tied_head: reader.flag("tie_word_embeddings").unwrap_or(true),
        logit_cap: caps.1,
        window_base: local.filter(|_| version.bases.1.is_some()),
        mask,
        ..usual
    };
    let mut names = if version.after { NAMES_AFTER } else { NAMES };
    if version.query_key_norm {
        names.main.layer.query_norm = Some("self_attn.q_norm");
        names.main.layer.key_norm = Some("self_attn.k_norm");
    }
    Ok(Plan { blueprint, config, names })
}

fn gguf(reader: Reader<'_>, version: &Version) -> Result<Plan, ModelError> {
    let key = |name: &str| format!("{}.{name}", version.architecture);
    let (width, heads) = (reader.needed(&key("embedding_length"))?, reader.needed(&key("attention.head_count"))?);
    let own = divided(("embedding_length", width), ("head_count", heads));
    let head_width = match reader.size(&key("attention.key_length"))? {
        Some(head_width) => head_width,
        None => own.clone()?,
    };
    let config = Config {
        heads,
        kv_heads: reader.size(&key("attention.head_count_kv"))?.unwrap_or(heads),
        feed_forward: reader.needed(&key("feed_forward_length"))?,
        vocabulary: reader.rows("token_embd.weight")?,
        context: reader.needed(&key("context_length"))?,
        norm_epsilon: reader.number(&key("attention.layer_norm_rms_epsilon"))?.unwrap_or(1e-6),
        ..sizes(width, reader.needed(&key("block_count"))?, head_width)
    };
    let positions = rope::gguf(reader, version.architecture, Pairs::Halves, head_width, config.context)?;
    let window = version.pattern.and(reader.size(&key("attention.sliding_window"))?);
    let caps = (reader.number(&key("attn_logit_softcapping"))?, reader.number(&key("final_logit_softcapping"))?);
    let local = reader.number(&key("rope.freq_base_swa"))?;
    let usual = blueprint(version, &config, positions, window);
    let blueprint = Blueprint {
        attention_width: if config.layers == version.largest { Some(own? as f32) } else { None },
        attention_cap: caps.0.or(version.caps.0),
        tied_head: !reader.has_tensor("output.weight"),
        logit_cap: caps.1.or(version.caps.1),
        window_base: version.bases.1.map(|usual| local.unwrap_or(usual)),
        ..usual
    };
    let mut names = if version.after { GGUF_NAMES_AFTER } else { GGUF };
    if version.query_key_norm {
        names.main.layer.query_norm = Some("attn_q_norm");
        names.main.layer.key_norm = Some("attn_k_norm");
    }
    Ok(Plan { blueprint, config, names })
}
