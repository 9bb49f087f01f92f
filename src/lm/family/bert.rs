//! BERT (Devlin et al. 2018) and what kept its shape: `RoBERTa` (Liu et al. 2019), `MPNet` (Song et al. 2020), `DistilBERT` (Sanh et al.
//! 2019), and `UniLM` (Dong et al. 2019), which runs the same layers under several masks.

use super::{Activation, Blueprint, Config, DECODER, Family, ModelError, Names, Plan, Reader, activation, divided};
use crate::lm::{
    blueprint::{Buckets, Norm, NormPlace, Objective, Positions, Stacks},
    mask::Mask,
    names::{Attention, FeedForward, HeadNames, LayerNames, StackNames, Transposed, stack},
};

pub(super) const UNDERSTANDS: &str = "understanding: filling in, classifying, comparing";

pub(super) const BERT: Family = Family {
    name: "BERT",
    source: "Devlin et al. 2018",
    model_types: &["bert"],
    gguf: Some("bert"),
    suited_for: UNDERSTANDS,
    typical: || Blueprint { segments: true, ..blueprint(BERT.name, Objective::MaskedTokens, Activation::Gelu) },
    hugging_face: |reader| hugging_face(reader, BERT.name, &NAMES, Objective::MaskedTokens),
    read_gguf: gguf,
};

pub(super) const ROBERTA: Family = Family {
    name: "RoBERTa",
    source: "Liu et al. 2019",
    model_types: &["roberta", "xlm-roberta", "camembert"],
    gguf: None,
    suited_for: UNDERSTANDS,
    typical: || Blueprint {
        positions: Positions::Learned { offset: 2, padding: Some(1), buckets: None },
        ..blueprint(ROBERTA.name, Objective::MaskedTokens, Activation::Gelu)
    },
    hugging_face: |reader| hugging_face(reader, ROBERTA.name, &ROBERTA_NAMES, Objective::MaskedTokens),
    read_gguf: gguf,
};

pub(super) const MPNET: Family = Family {
    name: "MPNet",
    source: "Song et al. 2020",
    model_types: &["mpnet"],
    gguf: None,
    suited_for: UNDERSTANDS,
    typical: || Blueprint {
        positions: Positions::Learned { offset: 2, padding: Some(1), buckets: Some(DISTANCES) },
        ..blueprint(MPNET.name, Objective::MaskedTokens, Activation::Gelu)
    },
    hugging_face: mpnet,
    read_gguf: gguf,
};

/// `MPNet`'s distances: the reference implementation leaves no choice of how far they count.
const DISTANCES: Buckets = Buckets { count: 32, farthest: 128 };

pub(super) const DISTILBERT: Family = Family {
    name: "DistilBERT",
    source: "Sanh et al. 2019",
    model_types: &["distilbert"],
    gguf: None,
    suited_for: UNDERSTANDS,
    typical: || blueprint(DISTILBERT.name, Objective::MaskedTokens, Activation::Gelu),
    hugging_face: distilbert,
    read_gguf: gguf,
};

pub(super) const UNILM: Family = Family {
    name: "UniLM",
    source: "Dong et al. 2019",
    model_types: &["unilm"],
    gguf: None,
    suited_for: "understanding and writing with the same weights",
    typical: || Blueprint { segments: true, ..blueprint(UNILM.name, Objective::Unified, Activation::Gelu) },
    hugging_face: |reader| hugging_face(reader, UNILM.name, &NAMES, Objective::Unified),
    read_gguf: gguf,
};

pub(super) const NAMES: Names = Names {
    prefixes: &["bert.", ""],
    embedding: "embeddings.word_embeddings",
    head: HeadNames {
        matrix: "cls.predictions.decoder",
        bias: &["cls.predictions.bias", "cls.predictions.decoder.bias"],
        transform: Some(("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm")),
    },
    rotary_factors: None,
    transposed: Transposed::None,
    scales_from_one: false,
    main: StackNames {
        positions: Some("embeddings.position_embeddings"),
        segments: Some("embeddings.token_type_embeddings"),
        embedding_norm: Some("embeddings.LayerNorm"),
        ..stack(LayerNames {
            path: "encoder.layer.{}.",
            attention_norm: "attention.output.LayerNorm",
            attention: Attention::Separate {
                query: "attention.self.query",
                key: "attention.self.key",
                value: "attention.self.value",
            },
            query_norm: None,
            key_norm: None,
            after: None,
            relative: None,
            output: "attention.output.dense",
            cross: None,
            feed_forward_norm: "output.LayerNorm",
            feed_forward: FeedForward::Plain("intermediate.dense"),
            down: "output.dense",
        })
    },
    encoder: None,
};

const ROBERTA_NAMES: Names = Names {
    prefixes: &["roberta.", ""],
    head: HeadNames {
        matrix: "lm_head.decoder",
        bias: &["lm_head.bias", "lm_head.decoder.bias"],
        transform: Some(("lm_head.dense", "lm_head.layer_norm")),
    },
    ..NAMES
};

const MPNET_NAMES: Names = Names {
    prefixes: &["mpnet.", ""],
    main: StackNames {
        segments: None,
        buckets: Some("encoder.relative_attention_bias"),
        layer: LayerNames {
            attention_norm: "attention.LayerNorm",
            attention: Attention::Separate {
                query: "attention.attn.q",
                key: "attention.attn.k",
                value: "attention.attn.v",
            },
            output: "attention.attn.o",
            ..NAMES.main.layer
        },
        ..NAMES.main
    },
    ..ROBERTA_NAMES
};

const DISTILBERT_NAMES: Names = Names {
    prefixes: &["distilbert.", ""],
    head: HeadNames {
        matrix: "vocab_projector",
        bias: &["vocab_projector.bias"],
        transform: Some(("vocab_transform", "vocab_layer_norm")),
    },
    main: StackNames {
        segments: None,
        layer: LayerNames {
            path: "transformer.layer.{}.",
            attention_norm: "sa_layer_norm",
            attention: Attention::Separate {
                query: "attention.q_lin",
                key: "attention.k_lin",
                value: "attention.v_lin",
            },
            output: "attention.out_lin",
            feed_forward_norm: "output_layer_norm",
            feed_forward: FeedForward::Plain("ffn.lin1"),
            down: "ffn.lin2",
            ..NAMES.main.layer
        },
        ..NAMES.main
    },
    ..NAMES
};

/// llama.cpp's names; its files carry no head.
const GGUF_NAMES: Names = Names {
    prefixes: &[""],
    embedding: "token_embd",
    main: StackNames {
        positions: Some("position_embd"),
        segments: Some("token_types"),
        embedding_norm: Some("token_embd_norm"),
        layer: LayerNames {
            path: "blk.{}.",
            attention_norm: "attn_output_norm",
            attention: Attention::Separate { query: "attn_q", key: "attn_k", value: "attn_v" },
            output: "attn_output",
            feed_forward_norm: "layer_output_norm",
            feed_forward: FeedForward::Plain("ffn_up"),
            down: "ffn_down",
            ..NAMES.main.layer
        },
        ..NAMES.main
    },
    ..NAMES
};

pub(super) fn blueprint(family: &'static str, objective: Objective, activation: Activation) -> Blueprint {
    Blueprint {
        family,
        stacks: Stacks::Encoder,
        objective,
        norm: Norm::Layer,
        norm_place: NormPlace::After,
        embedding_norm: true,
        attention_bias: true,
        activation,
        head_transform: Some(activation),
        mask: Mask::Bidirectional,
        ..DECODER
    }
}

pub(super) fn hugging_face(
    reader: Reader<'_>,
    family: &'static str,
    names: &Names,
    objective: Objective,
) -> Result<Plan, ModelError> {
    if let Some(kind) = reader.text("position_embedding_type").filter(|kind| *kind != "absolute") {
        return Err(ModelError::Unsupported { key: "position_embedding_type".into(), value: kind.into() });
    }
    // RoBERTa and MPNet count positions from the padding token's id on, and leave that row to padding.
    let padding = if family == ROBERTA.name || family == MPNET.name {
        Some(reader.token("pad_token_id")?.unwrap_or(1))
    } else {
        None
    };
    let offset = padding.map_or(0, |padding| padding as usize + 1);
    let width = reader.needed("hidden_size")?;
    let heads = reader.needed("num_attention_heads")?;
    let rows = reader.needed("max_position_embeddings")?;
    let mut config = Config {
        layers: reader.needed("num_hidden_layers")?,
        width,
        heads,
        kv_heads: heads,
        head_width: divided(("hidden_size", width), ("num_attention_heads", heads))?,
        feed_forward: reader.needed("intermediate_size")?,
        vocabulary: reader.needed("vocab_size")?,
        context: context(rows, offset)?,
        norm_epsilon: reader.number("layer_norm_eps")?.unwrap_or(1e-12),
        segments: reader.size("type_vocab_size")?.unwrap_or(2),
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    };
    let mut blueprint = Blueprint {
        positions: Positions::Learned { offset, padding, buckets: None },
        segments: config.segments > 1,
        tied_head: reader.flag("tie_word_embeddings").unwrap_or(true),
        ..blueprint(family, objective, activation(reader, "hidden_act", Activation::Gelu)?)
    };
    let mut names = *names;
    // Their heads have this one whatever the layers have.
    if padding.is_some() {
        blueprint.head_transform = Some(Activation::Gelu);
    }
    // Some that were trained elsewhere lack parts; those that keep these settings say so in settings of our own.
    if reader.flag("embedding_norm") == Some(false) {
        (blueprint.embedding_norm, names.main.embedding_norm) = (false, None);
    }
    if reader.flag("head_transform") == Some(false) {
        (blueprint.head_transform, names.head.transform) = (None, None);
    }
    if reader.flag("segments") == Some(false) {
        (config.segments, blueprint.segments, names.main.segments) = (0, false, None);
    }
    Ok(Plan { blueprint, config, names })
}

/// `MPNet` sees distances besides places, and knows of one text only.
fn mpnet(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let count = reader.size("relative_attention_num_buckets")?.unwrap_or(DISTANCES.count);
    let mut plan = hugging_face(reader, MPNET.name, &MPNET_NAMES, Objective::MaskedTokens)?;
    if let Positions::Learned { buckets, .. } = &mut plan.blueprint.positions {
        *buckets = Some(Buckets { count, ..DISTANCES });
    }
    (plan.config.segments, plan.blueprint.segments) = (0, false);
    Ok(plan)
}

fn distilbert(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let width = reader.needed("dim")?;
    let heads = reader.needed("n_heads")?;
    let config = Config {
        layers: reader.needed("n_layers")?,
        width,
        heads,
        kv_heads: heads,
        head_width: divided(("dim", width), ("n_heads", heads))?,
        feed_forward: reader.needed("hidden_dim")?,
        vocabulary: reader.needed("vocab_size")?,
        context: reader.needed("max_position_embeddings")?,
        norm_epsilon: 1e-12,
        segments: 0,
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    };
    let activation = activation(reader, "activation", Activation::Gelu)?;
    let blueprint = Blueprint {
        tied_head: reader.flag("tie_word_embeddings").unwrap_or(true),
        ..blueprint(DISTILBERT.name, Objective::MaskedTokens, activation)
    };
    Ok(Plan { blueprint, config, names: DISTILBERT_NAMES })
}

pub(super) fn gguf(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let key = |name: &str| format!("bert.{name}");
    let width = reader.needed(&key("embedding_length"))?;
    let heads = reader.needed(&key("attention.head_count"))?;
    let segments = if reader.has_tensor("token_types.weight") { reader.rows("token_types.weight")? } else { 0 };
    let mut names = GGUF_NAMES;
    names.main.segments = names.main.segments.filter(|_| segments > 0);
    let config = Config {
        layers: reader.needed(&key("block_count"))?,
        width,
        heads,
        kv_heads: heads,
        head_width: divided(("embedding_length", width), ("head_count", heads))?,
        feed_forward: reader.needed(&key("feed_forward_length"))?,
        vocabulary: reader.rows("token_embd.weight")?,
        context: reader.needed(&key("context_length"))?,
        norm_epsilon: reader.number(&key("attention.layer_norm_epsilon"))?.unwrap_or(1e-12),
        segments,
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    };
    let blueprint =
        Blueprint { segments: segments > 1, ..blueprint(BERT.name, Objective::MaskedTokens, Activation::Gelu) };
    Ok(Plan { blueprint, config, names })
}

/// The longest sequence that so many rows of position embeddings have room for behind the offset.
fn context(rows: usize, offset: usize) -> Result<usize, ModelError> {
    match rows.checked_sub(offset) {
        None | Some(0) => {
            Err(ModelError::BadSetting { key: "max_position_embeddings".into(), value: rows.to_string() })
        }
        Some(context) => Ok(context),
    }
}
