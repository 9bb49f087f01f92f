//! Marian's transformers (Junczys-Dowmunt et al. 2018), from files of its own format: translation models, among them students
//! whose decoder has a recurrent cell in the place of attention to itself (Kim et al. 2019).
//!
//! Settings and names are those of its `src/models/transformer.h` and `src/rnn/cells.h`.

use serde_json::Value;

use super::{Activation, Blueprint, Config, DECODER, Family, ModelError, Names, Plan, Reader, divided};
use crate::lm::{
    blueprint::{Cell, Norm, NormPlace, Objective, Positions, Stacks},
    checkpoint::Dtype,
    config::Shape,
    names::{Attention, CrossNames, FeedForward, LayerNames, StackNames, Transposed, head, stack},
};

pub(super) const MARIAN: Family = Family {
    name: "Marian",
    source: "Junczys-Dowmunt et al. 2018; Kim et al. 2019",
    model_types: &[],
    gguf: None,
    suited_for: "translation",
    typical: || blueprint(Activation::Relu, NormPlace::After, Some(Cell::Ssru), 16.0),
    hugging_face: |_| Err(ModelError::Architecture { name: "marian".into() }),
    read_gguf: |_| Err(ModelError::Architecture { name: "marian".into() }),
};

/// The embedding, of the source's tokens and the target's.
const EMBEDDING: &str = "Wemb";

/// What a file may say and be run: the key, and the values. A key that is not there has the first.
const KNOWN: [(&str, &[&str]); 20] = [
    ("type", &["transformer"]),
    ("tied-embeddings-all", &["true"]),
    ("transformer-decoder-autoreg", &["self-attention", "rnn"]),
    ("transformer-ffn-activation", &["swish", "relu"]),
    ("transformer-ffn-depth", &["2"]),
    ("transformer-decoder-ffn-depth", &["2", "0"]),
    ("transformer-preprocess", &["", "d", "n", "dn"]),
    ("transformer-postprocess", &["dan", "an", "da", "a"]),
    ("transformer-postprocess-emb", &["", "d"]),
    ("transformer-postprocess-top", &["", "d", "n", "dn"]),
    ("transformer-tied-layers", &["[]"]),
    ("transformer-no-projection", &["false"]),
    ("transformer-rnn-projection", &["false"]),
    ("transformer-pool", &["false"]),
    ("transformer-train-position-embeddings", &["false"]),
    ("layer-normalization", &["false"]),
    ("output-omit-bias", &["false", "true"]),
    ("lemma-dim-emb", &["0"]),
    ("input-types", &["[]"]),
    ("ulr", &["false"]),
];

const ENCODER: StackNames = stack(LayerNames {
    path: "encoder_l{1}_",
    attention_norm: "self_Wo_ln_{scale}",
    attention: Attention::Separate { query: "self_{W}q", key: "self_{W}k", value: "self_{W}v" },
    query_norm: None,
    key_norm: None,
    after: None,
    relative: None,
    output: "self_{W}o",
    cross: None,
    feed_forward_norm: "ffn_ffn_ln_{scale}",
    feed_forward: FeedForward::Plain("ffn_{W}1"),
    down: "ffn_{W}2",
});

const DECODER_LAYER: LayerNames = LayerNames {
    path: "decoder_l{1}_",
    cross: Some(CrossNames {
        norm: "context_Wo_ln_{scale}",
        query: "context_{W}q",
        key: "context_{W}k",
        value: "context_{W}v",
        output: "context_{W}o",
    }),
    ..ENCODER.layer
};

/// Where norms stand after each sublayer, and the decoder attends to itself.
const NAMES: Names = Names {
    prefixes: &[""],
    embedding: EMBEDDING,
    head: super::HeadNames { bias: &["decoder_ff_logit_out_b"], ..head("decoder_ff_logit_out_W") },
    rotary_factors: None,
    transposed: Transposed::None,
    scales_from_one: false,
    main: stack(DECODER_LAYER),
    encoder: Some(ENCODER),
};

const CELL: Attention = Attention::Cell { input: "rnn_{W}", forget: "rnn_{W}f" };

fn blueprint(activation: Activation, norm_place: NormPlace, cell: Option<Cell>, embedding_scale: f32) -> Blueprint {
    Blueprint {
        family: MARIAN.name,
        stacks: Stacks::EncoderDecoder,
        objective: Objective::Translation,
        norm: Norm::Layer,
        norm_place,
        embedding_scale,
        positions: Positions::Sinusoids { to_end: true },
        attention_bias: true,
        activation,
        cell,
        blank_start: true,
        ..DECODER
    }
}

/// Makes of a stack's names those where norms stand before each sublayer, and once at its top.
fn stand_before(names: &mut StackNames, top: Option<&'static str>) {
    let layer = &mut names.layer;
    layer.attention_norm = match layer.attention {
        Attention::Cell { .. } => "rnn_ln_{scale}_pre",
        _ => "self_Wo_ln_{scale}_pre",
    };
    layer.cross = layer.cross.map(|cross| CrossNames { norm: "context_Wo_ln_{scale}_pre", ..cross });
    layer.feed_forward_norm = "ffn_ffn_ln_{scale}_pre";
    names.final_norm = top;
}

pub(super) fn plan(reader: Reader<'_>) -> Result<Plan, ModelError> {
    for (key, values) in KNOWN {
        let found = setting(reader, key);
        if found.as_deref().is_some_and(|found| !values.contains(&found)) {
            return Err(ModelError::Unsupported { key: key.into(), value: found.unwrap_or_default() });
        }
    }
    // `d` is dropout, which there is in training only.
    let usual = |key: &str| KNOWN.iter().find(|(known, _)| *known == key).map_or("", |(_, values)| values[0]);
    let steps = |key: &str| setting(reader, key).unwrap_or_else(|| usual(key).to_owned()).replace('d', "");
    let steps =
        (steps("transformer-preprocess"), steps("transformer-postprocess"), steps("transformer-postprocess-top"));
    let norm_place = match (steps.0.as_str(), steps.1.as_str(), steps.2.as_str()) {
        ("", "an", "") => NormPlace::After,
        ("n", "a", "" | "n") => NormPlace::Before,
        _ => {
            let value = format!("{} with transformer-postprocess-top = {} behind {}", steps.1, steps.2, steps.0);
            return Err(ModelError::Unsupported { key: "transformer-postprocess".into(), value });
        }
    };
    let recurrent = reader.text("transformer-decoder-autoreg") == Some("rnn");
    let cell = match reader.text("dec-cell").unwrap_or("gru") {
        _ if !recurrent => None,
        "ssru" => Some(Cell::Ssru),
        other => return Err(ModelError::Unsupported { key: "dec-cell".into(), value: other.into() }),
    };
    let activation = match reader.text("transformer-ffn-activation") {
        Some("relu") => Activation::Relu,
        _ => Activation::Silu,
    };
    let width = reader.needed("dim-emb")?;
    let heads = reader.needed("transformer-heads")?;
    let feed_forward = reader.needed("transformer-dim-ffn")?;
    let encoder = Shape {
        layers: reader.needed("enc-depth")?,
        heads,
        kv_heads: heads,
        head_width: divided(("dim-emb", width), ("transformer-heads", heads))?,
        feed_forward,
    };
    let config = Config {
        layers: reader.needed("dec-depth")?,
        width,
        heads,
        kv_heads: heads,
        head_width: encoder.head_width,
        feed_forward: reader
            .count("transformer-decoder-dim-ffn")
            .filter(|width| *width > 0)
            .map_or(Ok(feed_forward), |_| reader.needed("transformer-decoder-dim-ffn"))?,
        vocabulary: reader.rows(EMBEDDING)?,
        context: CONTEXT,
        norm_epsilon: 1e-6,
        segments: 0,
        embedding_width: None,
        decoder_start: Some(END),
        encoder: Some(encoder),
    };
    let mut names = NAMES;
    if cell.is_some() {
        names.main.layer.attention = CELL;
        names.main.layer.attention_norm = "rnn_ffn_ln_{scale}";
    }
    if norm_place == NormPlace::Before {
        let top = steps.2 == "n";
        stand_before(&mut names.main, top.then_some("decoder_top_ln_{scale}"));
        names.encoder.iter_mut().for_each(|encoder| stand_before(encoder, top.then_some("encoder_top_ln_{scale}")));
    }
    // Whole numbers stand in the order they are multiplied in, floats `[in, out]`.
    let sample = reader.checkpoint.tensors.get("encoder_l1_self_Wq");
    if sample.is_some_and(|tensor| tensor.dtype != Dtype::Int8) {
        names.transposed = Transposed::All;
    }
    Ok(Plan { blueprint: blueprint(activation, norm_place, cell, (width as f32).sqrt()), config, names })
}

/// Files do not say how long a text may be; this is what Hugging Face's conversions of them have.
const CONTEXT: usize = 512;
/// `</s>`, which ends a source and a target, and stands here where a target begins with no token at all.
const END: u32 = 0;

/// A setting as the file writes it.
fn setting(reader: Reader<'_>, key: &str) -> Option<String> {
    reader.value(key).map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}
