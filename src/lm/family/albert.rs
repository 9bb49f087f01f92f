//! Encoders whose embeddings are narrower than their layers: ALBERT (Lan et al. 2019), whose layers are one and the same, and
//! ELECTRA (Clark et al. 2020), which was trained to find the tokens that a smaller model had put in place of others.

use super::{
    Activation, Blueprint, Config, Family, ModelError, Names, Plan, Reader,
    bert::{NAMES, UNDERSTANDS, blueprint, hugging_face},
};
use crate::lm::{
    blueprint::Objective,
    names::{Attention, FeedForward, HeadNames, LayerNames, StackNames},
};

pub(super) const ALBERT: Family = Family {
    name: "ALBERT",
    source: "Lan et al. 2019",
    model_types: &["albert"],
    gguf: None,
    suited_for: UNDERSTANDS,
    typical: || Blueprint {
        segments: true,
        shared_layers: true,
        ..blueprint(ALBERT.name, Objective::MaskedTokens, Activation::GeluTanh)
    },
    hugging_face: albert,
    read_gguf: super::bert::gguf,
};

pub(super) const ELECTRA: Family = Family {
    name: "ELECTRA",
    source: "Clark et al. 2020",
    model_types: &["electra"],
    gguf: None,
    suited_for: UNDERSTANDS,
    typical: || Blueprint { segments: true, ..blueprint(ELECTRA.name, Objective::ReplacedTokens, Activation::Gelu) },
    hugging_face: electra,
    read_gguf: super::bert::gguf,
};

/// Every layer has the same path, so that all of them are the one that the file has.
const ALBERT_NAMES: Names = Names {
    prefixes: &["albert.", ""],
    head: HeadNames {
        matrix: "predictions.decoder",
        bias: &["predictions.bias", "predictions.decoder.bias"],
        transform: Some(("predictions.dense", "predictions.LayerNorm")),
    },
    main: StackNames {
        embedding_projection: Some("encoder.embedding_hidden_mapping_in"),
        layer: LayerNames {
            path: "encoder.albert_layer_groups.0.albert_layers.0.",
            attention_norm: "attention.LayerNorm",
            attention: Attention::Separate { query: "attention.query", key: "attention.key", value: "attention.value" },
            output: "attention.dense",
            feed_forward_norm: "full_layer_layer_norm",
            feed_forward: FeedForward::Plain("ffn"),
            down: "ffn_output",
            ..NAMES.main.layer
        },
        ..NAMES.main
    },
    ..NAMES
};

/// The generator has a head; the discriminator, which says of each token whether it was replaced, has none over the vocabulary.
const ELECTRA_NAMES: Names = Names {
    prefixes: &["electra.", "backbone.", ""],
    head: HeadNames {
        matrix: "generator_lm_head",
        bias: &["generator_lm_head.bias"],
        transform: Some(("generator_predictions.dense", "generator_predictions.LayerNorm")),
    },
    main: StackNames { embedding_projection: Some("embeddings_project"), ..NAMES.main },
    ..NAMES
};

fn albert(reader: Reader<'_>) -> Result<Plan, ModelError> {
    for key in ["num_hidden_groups", "inner_group_num"] {
        if let Some(several) = reader.size(key)?.filter(|&count| count != 1) {
            return Err(ModelError::Unsupported { key: key.into(), value: several.to_string() });
        }
    }
    let mut plan = hugging_face(reader, ALBERT.name, &ALBERT_NAMES, Objective::MaskedTokens)?;
    plan.blueprint.shared_layers = true;
    if reader.text("hidden_act").is_none() {
        (plan.blueprint.activation, plan.blueprint.head_transform) = (Activation::GeluTanh, Some(Activation::GeluTanh));
    }
    narrow(reader, plan)
}

fn electra(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let generates = reader.has_tensor("generator_predictions.dense.weight");
    let objective = if generates { Objective::MaskedTokens } else { Objective::ReplacedTokens };
    let mut plan = hugging_face(reader, ELECTRA.name, &ELECTRA_NAMES, objective)?;
    // The head's activation is always this one.
    plan.blueprint.head_transform = Some(Activation::Gelu);
    narrow(reader, plan)
}

/// The plan with the embeddings' own width.
fn narrow(reader: Reader<'_>, plan: Plan) -> Result<Plan, ModelError> {
    let embedding_width = reader.size("embedding_size")?.unwrap_or(128);
    // A projection stands between widths that differ; ALBERT has one in any case.
    let same = embedding_width == plan.config.width && plan.blueprint.family != ALBERT.name;
    let config = Config { embedding_width: (!same).then_some(embedding_width), ..plan.config };
    Ok(Plan { config, ..plan })
}
