//! `XLNet` (Yang et al. 2019), in the layers of Transformer-XL (Dai et al. 2019).

use super::{Activation, Blueprint, Config, DECODER, Family, ModelError, Names, Plan, Reader, activation, divided};
use crate::lm::{
    blueprint::{Norm, NormPlace, Objective, Positions, Stacks},
    mask::Mask,
    names::{Attention, FeedForward, HeadNames, LayerNames, RelativeNames, StackNames, Transposed, stack},
};

pub(super) const XLNET: Family = Family {
    name: "XLNet",
    source: "Yang et al. 2019",
    model_types: &["xlnet"],
    gguf: None,
    suited_for: "understanding, with what hidden tokens say of one another",
    typical: || blueprint(Activation::Gelu, Mask::Bidirectional, true),
    hugging_face,
    read_gguf: |_| Err(ModelError::Architecture { name: "xlnet".into() }),
};

const NAMES: Names = Names {
    prefixes: &["transformer.", ""],
    embedding: "word_embedding",
    head: HeadNames { matrix: "lm_loss", bias: &["lm_loss.bias"], transform: None },
    rotary_factors: None,
    transposed: Transposed::Projections,
    scales_from_one: false,
    main: StackNames {
        mask_embedding: Some("mask_emb"),
        ..stack(LayerNames {
            path: "layer.{}.",
            attention_norm: "rel_attn.layer_norm",
            attention: Attention::Separate { query: "rel_attn.q", key: "rel_attn.k", value: "rel_attn.v" },
            query_norm: None,
            key_norm: None,
            after: None,
            relative: Some(RelativeNames {
                key: "rel_attn.r",
                content_bias: "rel_attn.r_w_bias",
                distance_bias: "rel_attn.r_r_bias",
            }),
            output: "rel_attn.o",
            cross: None,
            feed_forward_norm: "ff.layer_norm",
            feed_forward: FeedForward::Plain("ff.layer_1"),
            down: "ff.layer_2",
        })
    },
    encoder: None,
};

fn blueprint(activation: Activation, mask: Mask, tied_head: bool) -> Blueprint {
    Blueprint {
        family: XLNET.name,
        stacks: Stacks::Encoder,
        objective: Objective::Permutation,
        norm: Norm::Layer,
        norm_place: NormPlace::After,
        positions: Positions::RelativeSinusoid { farthest: None },
        activation,
        tied_head,
        mask,
        ..DECODER
    }
}

fn hugging_face(reader: Reader<'_>) -> Result<Plan, ModelError> {
    let width = reader.needed("d_model")?;
    let heads = reader.needed("n_head")?;
    let head_width = match reader.size("d_head")? {
        Some(head_width) => head_width,
        None => divided(("d_model", width), ("n_head", heads))?,
    };
    // Where there is none, the setting is -1.
    let farthest = reader.size("clamp_len").ok().flatten();
    let mask = match reader.text("attn_type").unwrap_or("bi") {
        "bi" => Mask::Bidirectional,
        "uni" => Mask::Causal,
        other => return Err(ModelError::Unsupported { key: "attn_type".into(), value: other.into() }),
    };
    let config = Config {
        layers: reader.needed("n_layer")?,
        width,
        heads,
        kv_heads: heads,
        head_width,
        feed_forward: reader.needed("d_inner")?,
        vocabulary: reader.needed("vocab_size")?,
        // The length it was trained on; distances have no end.
        context: 512,
        norm_epsilon: reader.number("layer_norm_eps")?.unwrap_or(1e-12),
        segments: 0,
        embedding_width: None,
        decoder_start: None,
        encoder: None,
    };
    let activation = activation(reader, "ff_activation", Activation::Gelu)?;
    let blueprint = Blueprint {
        positions: Positions::RelativeSinusoid { farthest },
        ..blueprint(activation, mask, reader.flag("tie_word_embeddings").unwrap_or(true))
    };
    Ok(Plan { blueprint, config, names: NAMES })
}
