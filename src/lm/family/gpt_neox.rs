//! GPT-NeoX (Black et al. 2022), the make of the Pythia suite.

use super::{Activation, Blueprint, Config, Family, ModelError, Names, Plan, Reader, activation, divided};
use crate::lm::{
    blueprint::{Fused, Norm, NormPlace, Pairs, Residual},
    mask::Mask,
    names::{Attention, LayerNames},
    rope,
};

pub(super) const GPT_NEOX: Family = Family {
    name: "GPT-NeoX",
    source: "Black et al. 2022",
    model_type: "gpt_neox",
    gguf: None,
    hugging_face,
    read_gguf: |_| Err(ModelError::Architecture { name: "gptneox".into() }),
};

const NAMES: Names = Names {
    prefixes: &["gpt_neox.", ""],
    embedding: "embed_in",
    positions: None,
    final_norm: Some("final_layer_norm"),
    head: "embed_out",
    rotary_factors: None,
    transposed: false,
    layer: LayerNames {
        path: "layers.{}.",
        attention_norm: "input_layernorm",
        attention: Attention::Fused("attention.query_key_value"),
        query_norm: None,
        key_norm: None,
        output: "attention.dense",
        feed_forward_norm: "post_attention_layernorm",
        gate: None,
        up: "mlp.dense_h_to_4h",
        down: "mlp.dense_4h_to_h",
    },
};

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
    };
    let parallel = reader.flag("use_parallel_residual").unwrap_or(true);
    let blueprint = Blueprint {
        family: GPT_NEOX.name,
        norm: Norm::Layer,
        norm_place: NormPlace::Before,
        positions: rope::hugging_face(reader, Pairs::Halves, head_width, config.context)?,
        attention_bias: reader.flag("attention_bias").unwrap_or(true),
        query_key_norm: false,
        fused: Fused::PerHead,
        activation: activation(reader, "hidden_act", Activation::Gelu)?,
        gated: false,
        residual: if parallel { Residual::Parallel } else { Residual::Serial },
        tied_head: reader.flag("tie_word_embeddings").unwrap_or(false),
        mask: Mask::Causal,
    };
    Ok(Plan { blueprint, config, names: NAMES })
}
