//! BART (Lewis et al. 2019).

use super::{Activation, Blueprint, Config, DECODER, Family, ModelError, Names, Plan, Reader, activation, divided};
use crate::lm::{
    blueprint::{Norm, NormPlace, Objective, Positions, Stacks},
    config::Shape,
    names::{Attention, CrossNames, FeedForward, HeadNames, LayerNames, StackNames, Transposed, stack},
};

pub(super) const BART: Family = Family {
    name: "BART",
    source: "Lewis et al. 2019",
    model_types: &["bart"],
    gguf: None,
    suited_for: "rewriting: summary, translation, correction",
    typical: || blueprint(Activation::Gelu, 1.0, true),
    hugging_face,
    read_gguf: |_| Err(ModelError::Architecture { name: "bart".into() }),
};

/// The first rows of the position embeddings are left to padding.
const OFFSET: usize = 2;

const ENCODER: StackNames = StackNames {
    positions: Some("encoder.embed_positions"),
    embedding_norm: Some("encoder.layernorm_embedding"),
    ..stack(LayerNames {
        path: "encoder.layers.{}.",
        attention_norm: "self_attn_layer_norm",
        attention: Attention::Separate {
            query: "self_attn.q_proj",
            key: "self_attn.k_proj",
            value: "self_attn.v_proj",
        },
        query_norm: None,
        key_norm: None,
        after: None,
        relative: None,
        output: "self_attn.out_proj",
        cross: None,
        feed_forward_norm: "final_layer_norm",
        feed_forward: FeedForward::Plain("fc1"),
        down: "fc2",
    })
};

const NAMES: Names = Names {
    prefixes: &["model.", ""],
    embedding: "shared",
    head: HeadNames { matrix: "lm_head", bias: &["final_logits_bias"], transform: None },
    rotary_factors: None,
    transposed: Transposed::None,
    scales_from_one: false,
    main: StackNames {
        positions: Some("decoder.embed_positions"),
        embedding_norm: Some("decoder.layernorm_embedding"),
        layer: LayerNames {
            path: "decoder.layers.{}.",
            cross: Some(CrossNames {
                norm: "encoder_attn_layer_norm",
                query: "encoder_attn.q_proj",
                key: "encoder_attn.k_proj",
                value: "encoder_attn.v_proj",
                output: "encoder_attn.out_proj",
            }),
            ..ENCODER.layer
        },
        ..ENCODER
    },
    encoder: Some(ENCODER),
};

fn blueprint(activation: Activation, embedding_scale: f32, tied_head: bool) -> Blueprint {
    Blueprint {
        family: BART.name,
        stacks: Stacks::EncoderDecoder,
        objective: Objective::Denoising,
        norm: Norm::Layer,
        norm_place: NormPlace::After,
        embedding_norm: true,
        embedding_scale,
        positions: Positions::Learned { offset: OFFSET, padding: None, buckets: None },
        attention_bias: true,
        activation,
        tied_head,
        ..DECODER
    }
}

fn hugging_face(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let width = reader.needed("d_model")?;
    let shape = |side: &str| -> Result<Shape, ModelError> {
        let heads = reader.needed(&format!("{side}_attention_heads"))?;
        Ok(Shape {
            layers: reader.needed(&format!("{side}_layers"))?,
            heads,
            kv_heads: heads,
            head_width: divided(("d_model", width), ("attention_heads", heads))?,
            feed_forward: reader.needed(&format!("{side}_ffn_dim"))?,
        })
    };
    let Shape { layers, heads, kv_heads, head_width, feed_forward } = shape("decoder")?;
    let config = Config {
        layers,
        width,
        heads,
        kv_heads,
        head_width,
        feed_forward,
        vocabulary: reader.needed("vocab_size")?,
        context: reader.needed("max_position_embeddings")?,
        norm_epsilon: 1e-5,
        segments: 0,
        embedding_width: None,
        decoder_start: Some(reader.token("decoder_start_token_id")?.unwrap_or(2)),
        encoder: Some(shape("encoder")?),
    };
    let scale = if reader.flag("scale_embedding") == Some(true) { (width as f32).sqrt() } else { 1.0 };
    let activation = activation(reader, "activation_function", Activation::Gelu)?;
    let blueprint = blueprint(activation, scale, reader.flag("tie_word_embeddings").unwrap_or(true));
    Ok(Plan { blueprint, config, names: NAMES })
}
