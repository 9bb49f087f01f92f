//! T5 (Raffel et al. 2019), v1.0 and v1.1.

use super::{Activation, Blueprint, Config, DECODER, Family, ModelError, Names, Plan, Reader};
use crate::lm::{
    blueprint::{Buckets, Objective, Positions, Stacks},
    config::Shape,
    names::{Attention, CrossNames, FeedForward, LayerNames, StackNames, Transposed, head, stack},
};

pub(super) const T5: Family = Family {
    name: "T5",
    source: "Raffel et al. 2019",
    model_types: &["t5", "mt5"],
    gguf: Some("t5"),
    suited_for: "any task written as text to text: translation, summary",
    typical: || Blueprint { head_scale: 512_f32.sqrt().recip(), ..blueprint(32, 128, Activation::Relu, false) },
    hugging_face,
    read_gguf: gguf,
};

const ENCODER: StackNames = StackNames {
    final_norm: Some("encoder.final_layer_norm"),
    buckets: Some("encoder.block.0.layer.0.SelfAttention.relative_attention_bias"),
    ..stack(LayerNames {
        path: "encoder.block.{}.",
        attention_norm: "layer.0.layer_norm",
        attention: Attention::Separate {
            query: "layer.0.SelfAttention.q",
            key: "layer.0.SelfAttention.k",
            value: "layer.0.SelfAttention.v",
        },
        query_norm: None,
        key_norm: None,
        after: None,
        relative: None,
        output: "layer.0.SelfAttention.o",
        cross: None,
        feed_forward_norm: "layer.1.layer_norm",
        feed_forward: FeedForward::Plain("layer.1.DenseReluDense.wi"),
        down: "layer.1.DenseReluDense.wo",
    })
};

const NAMES: Names = Names {
    prefixes: &[""],
    embedding: "shared",
    head: head("lm_head"),
    rotary_factors: None,
    transposed: Transposed::None,
    scales_from_one: false,
    main: StackNames {
        final_norm: Some("decoder.final_layer_norm"),
        buckets: Some("decoder.block.0.layer.0.SelfAttention.relative_attention_bias"),
        layer: LayerNames {
            path: "decoder.block.{}.",
            cross: Some(CrossNames {
                norm: "layer.1.layer_norm",
                query: "layer.1.EncDecAttention.q",
                key: "layer.1.EncDecAttention.k",
                value: "layer.1.EncDecAttention.v",
                output: "layer.1.EncDecAttention.o",
            }),
            feed_forward_norm: "layer.2.layer_norm",
            feed_forward: FeedForward::Plain("layer.2.DenseReluDense.wi"),
            down: "layer.2.DenseReluDense.wo",
            ..ENCODER.layer
        },
        ..ENCODER
    },
    encoder: Some(ENCODER),
};

const GGUF_LAYER: LayerNames = LayerNames {
    path: "enc.blk.{}.",
    attention_norm: "attn_norm",
    attention: Attention::Separate { query: "attn_q", key: "attn_k", value: "attn_v" },
    output: "attn_o",
    feed_forward_norm: "ffn_norm",
    feed_forward: FeedForward::Plain("ffn_up"),
    down: "ffn_down",
    ..ENCODER.layer
};

/// llama.cpp's names (`gguf-py/gguf/constants.py`, `MODEL_ARCH.T5`).
const GGUF_NAMES: Names = Names {
    embedding: "token_embd",
    head: head("output"),
    main: StackNames {
        final_norm: Some("dec.output_norm"),
        buckets: Some("dec.blk.0.attn_rel_b"),
        layer: LayerNames {
            path: "dec.blk.{}.",
            cross: Some(CrossNames {
                norm: "cross_attn_norm",
                query: "cross_attn_q",
                key: "cross_attn_k",
                value: "cross_attn_v",
                output: "cross_attn_o",
            }),
            ..GGUF_LAYER
        },
        ..ENCODER
    },
    encoder: Some(StackNames {
        final_norm: Some("enc.output_norm"),
        buckets: Some("enc.blk.0.attn_rel_b"),
        layer: GGUF_LAYER,
        ..ENCODER
    }),
    ..NAMES
};

fn blueprint(buckets: usize, farthest: usize, activation: Activation, gated: bool) -> Blueprint {
    Blueprint {
        family: T5.name,
        stacks: Stacks::EncoderDecoder,
        objective: Objective::SpanCorruption,
        positions: Positions::Buckets(Buckets { count: buckets, farthest }),
        scaled: false,
        activation,
        gated,
        ..DECODER
    }
}

fn hugging_face(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let width = reader.needed("d_model")?;
    let encoder = Shape {
        layers: reader.needed("num_layers")?,
        heads: reader.needed("num_heads")?,
        kv_heads: reader.needed("num_heads")?,
        head_width: reader.needed("d_kv")?,
        feed_forward: reader.needed("d_ff")?,
    };
    let config = Config {
        layers: reader.size("num_decoder_layers")?.unwrap_or(encoder.layers),
        width,
        heads: encoder.heads,
        kv_heads: encoder.kv_heads,
        head_width: encoder.head_width,
        feed_forward: encoder.feed_forward,
        vocabulary: reader.needed("vocab_size")?,
        context: reader.size("n_positions")?.unwrap_or(512),
        norm_epsilon: reader.number("layer_norm_epsilon")?.unwrap_or(1e-6),
        segments: 0,
        embedding_width: None,
        decoder_start: Some(reader.token("decoder_start_token_id")?.unwrap_or(0)),
        encoder: Some(encoder),
    };
    let (activation, gated) = match reader.text("feed_forward_proj").unwrap_or("relu") {
        "relu" => (Activation::Relu, false),
        "gelu" => (Activation::Gelu, false),
        "gelu_new" => (Activation::GeluTanh, false),
        "silu" => (Activation::Silu, false),
        // Of the two words for it this one came first and means the approximation.
        "gated-gelu" | "gated-gelu_new" => (Activation::GeluTanh, true),
        "gated-silu" => (Activation::Silu, true),
        "gated-relu" => (Activation::Relu, true),
        other => return Err(ModelError::Unsupported { key: "feed_forward_proj".into(), value: other.into() }),
    };
    let mut names = NAMES;
    if gated {
        (names.main.layer.feed_forward, names.encoder) = (
            FeedForward::Gated { gate: "layer.2.DenseReluDense.wi_0", up: "layer.2.DenseReluDense.wi_1" },
            names.encoder.map(|stack| StackNames {
                layer: LayerNames {
                    feed_forward: FeedForward::Gated {
                        gate: "layer.1.DenseReluDense.wi_0",
                        up: "layer.1.DenseReluDense.wi_1",
                    },
                    ..stack.layer
                },
                ..stack
            }),
        );
    }
    // Settings written since the head may be tied without being scaled say so; before, v1.0's was both and v1.1's neither.
    // mT5's never was scaled.
    let said = reader.flag("tie_word_embeddings").unwrap_or(true);
    let tied_head = !reader.has_tensor("lm_head.weight");
    let usual = said && reader.text("model_type") != Some("mt5");
    let scaled = reader.flag("scale_decoder_outputs").unwrap_or(usual);
    let blueprint = Blueprint {
        tied_head,
        head_scale: if scaled { (width as f32).sqrt().recip() } else { 1.0 },
        ..blueprint(
            reader.size("relative_attention_num_buckets")?.unwrap_or(32),
            reader.size("relative_attention_max_distance")?.unwrap_or(128),
            activation,
            gated,
        )
    };
    Ok(Plan { blueprint, config, names })
}

fn gguf(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let key = |name: &str| format!("t5.{name}");
    let width = reader.needed(&key("embedding_length"))?;
    let heads = reader.needed(&key("attention.head_count"))?;
    let encoder = Shape {
        layers: reader.needed(&key("block_count"))?,
        heads,
        kv_heads: heads,
        head_width: reader.needed(&key("attention.key_length"))?,
        feed_forward: reader.needed(&key("feed_forward_length"))?,
    };
    let config = Config {
        layers: reader.size(&key("decoder_block_count"))?.unwrap_or(encoder.layers),
        width,
        heads,
        kv_heads: heads,
        head_width: encoder.head_width,
        feed_forward: encoder.feed_forward,
        vocabulary: reader.rows("token_embd.weight")?,
        context: reader.size(&key("context_length"))?.unwrap_or(512),
        norm_epsilon: reader.number(&key("attention.layer_norm_rms_epsilon"))?.unwrap_or(1e-6),
        segments: 0,
        embedding_width: None,
        decoder_start: Some(reader.token(&key("decoder_start_token_id"))?.unwrap_or(0)),
        encoder: Some(encoder),
    };
    let gated = reader.has_tensor("enc.blk.0.ffn_gate.weight");
    let mut names = GGUF_NAMES;
    if gated {
        let feed_forward = FeedForward::Gated { gate: "ffn_gate", up: "ffn_up" };
        names.main.layer.feed_forward = feed_forward;
        names.encoder =
            names.encoder.map(|stack| StackNames { layer: LayerNames { feed_forward, ..stack.layer }, ..stack });
    }
    // The format does not say whether the head is scaled: v1.0's is, which is tied and has no gate.
    let tied_head = !reader.has_tensor("output.weight");
    let activation = if gated { Activation::GeluTanh } else { Activation::Relu };
    let blueprint = Blueprint {
        tied_head,
        head_scale: if tied_head && !gated { (width as f32).sqrt().recip() } else { 1.0 },
        ..blueprint(reader.needed(&key("attention.relative_buckets_count"))?, 128, activation, gated)
    };
    Ok(Plan { blueprint, config, names })
}
