//! The settings of rotary positions, as files write them.

use crate::lm::{
    blueprint::{Pairs, Positions, Scaling},
    error::ModelError,
    reader::Reader,
};

/// Rotary settings of `config.json`: the newer `rope_parameters` or the older `rope_theta` and `rope_scaling`.
pub(crate) fn hugging_face(
    reader: Reader<'_>,
    pairs: Pairs,
    head_width: usize,
    context: usize,
) -> Result<Positions, ModelError> {
    hugging_face_part(reader, pairs, head_width, context, 1.0)
}

/// The same for a family that turns this part of each head where the file does not say.
pub(crate) fn hugging_face_part(
    reader: Reader<'_>,
    pairs: Pairs,
    head_width: usize,
    context: usize,
    part: f32,
) -> Result<Positions, ModelError> {
    let number = |name: &str| -> Result<Option<f32>, ModelError> {
        for group in ["rope_parameters.full_attention", "rope_parameters", "rope_scaling"] {
            if let Some(number) = reader.number(&format!("{group}.{name}"))? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    };
    let whole =
        |name: &str| number(name)?.ok_or_else(|| ModelError::MissingSetting { key: format!("rope_parameters.{name}") });
    let first = |keys: &[&str]| -> Result<Option<f32>, ModelError> {
        for key in keys {
            if let Some(number) = reader.number(key)? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    };
    let base = first(&[
        "rope_parameters.full_attention.rope_theta",
        "rope_parameters.rope_theta",
        "rope_theta",
        "rotary_emb_base",
    ])?
    .unwrap_or(10_000.0);
    let part =
        first(&["rope_parameters.partial_rotary_factor", "partial_rotary_factor", "rotary_pct"])?.unwrap_or(part);
    let kinds = [
        "rope_parameters.full_attention.rope_type",
        "rope_parameters.rope_type",
        "rope_scaling.rope_type",
        "rope_scaling.type",
    ];
    let kind = kinds.iter().find_map(|key| reader.text(key)).unwrap_or("default");
    let original = match reader.number("original_max_position_embeddings")? {
        Some(original) => original,
        None => number("original_max_position_embeddings")?.unwrap_or(context as f32),
    };
    let scaling = match kind {
        "default" => Scaling::None,
        "dynamic" => Scaling::Dynamic { factor: whole("factor")?, original: context as f32 },
        "proportional" => {
            let rotated = (part * head_width as f32) as usize / 2;
            let scaling = Scaling::Proportional { rotated, factor: number("factor")?.unwrap_or(1.0) };
            return rotary(pairs, head_width, head_width, base, scaling);
        }
        "longrope" | "su" => {
            let list = |name: &str| -> Result<Vec<f32>, ModelError> {
                for group in ["rope_parameters", "rope_scaling"] {
                    if let Some(list) = reader.numbers(&format!("{group}.{name}"))? {
                        return Ok(list);
                    }
                }
                Err(ModelError::MissingSetting { key: format!("rope_parameters.{name}") })
            };
            let factor = number("factor")?.unwrap_or(context as f32 / original);
            let sharper = if factor <= 1.0 { 1.0 } else { (1.0 + factor.ln() / original.ln()).sqrt() };
            Scaling::Long {
                short: list("short_factor")?,
                long: list("long_factor")?,
                original,
                attention: number("attention_factor")?.unwrap_or(sharper),
            }
        }
        "linear" => Scaling::Linear { factor: whole("factor")? },
        "llama3" => Scaling::Llama3 {
            factor: whole("factor")?,
            low: whole("low_freq_factor")?,
            high: whole("high_freq_factor")?,
            original,
        },
        "yarn" => {
            let factor = number("factor")?.unwrap_or(context as f32 / original);
            let usual = match (number("mscale")?, number("mscale_all_dim")?) {
                (Some(over), Some(under)) => sharpening(factor, over) / sharpening(factor, under),
                _ => sharpening(factor, 1.0),
            };
            let whole = ["rope_parameters.truncate", "rope_scaling.truncate"].iter().find_map(|key| reader.flag(key));
            Scaling::Yarn {
                factor,
                fast: number("beta_fast")?.unwrap_or(32.0),
                slow: number("beta_slow")?.unwrap_or(1.0),
                original,
                attention: number("attention_factor")?.unwrap_or(usual),
                whole: whole.unwrap_or(true),
            }
        }
        other => return Err(ModelError::Unsupported { key: "rope_type".into(), value: other.into() }),
    };
    rotary(pairs, (head_width as f32 * part) as usize, head_width, base, scaling)
}

/// Rotary settings of a GGUF header.
pub(crate) fn gguf(
    reader: Reader<'_>,
    architecture: &str,
    pairs: Pairs,
    head_width: usize,
    context: usize,
) -> Result<Positions, ModelError> {
    let key = |name: &str| format!("{architecture}.rope.{name}");
    let base = reader.number(&key("freq_base"))?.unwrap_or(10_000.0);
    let dimensions = reader.size(&key("dimension_count"))?.unwrap_or(head_width);
    let factor = reader.number(&key("scaling.factor"))?;
    let scaling = match (reader.text(&key("scaling.type")), factor) {
        (Some("linear"), Some(factor)) => Scaling::Linear { factor },
        (Some("yarn"), Some(factor)) => Scaling::Yarn {
            factor,
            fast: 32.0,
            slow: 1.0,
            original: reader.size(&key("scaling.original_context_length"))?.unwrap_or(context) as f32,
            attention: reader.number(&key("scaling.attn_factor"))?.unwrap_or(1.0) * sharpening(factor, 1.0),
            whole: true,
        },
        (None | Some("none" | "linear" | "yarn"), _) => Scaling::None,
        (Some(other), _) => return Err(ModelError::Unsupported { key: key("scaling.type"), value: other.into() }),
    };
    rotary(pairs, dimensions, head_width, base, scaling)
}

/// `YaRN`'s factor on queries and keys (Peng et al. 2023, equation 22); files may turn it stronger or weaker.
fn sharpening(factor: f32, strength: f32) -> f32 {
    if factor <= 1.0 { 1.0 } else { 0.1 * strength * factor.ln() + 1.0 }
}

fn rotary(
    pairs: Pairs,
    dimensions: usize,
    head_width: usize,
    base: f32,
    scaling: Scaling,
) -> Result<Positions, ModelError> {
    if dimensions == 0 || dimensions > head_width || !dimensions.is_multiple_of(2) {
        return Err(ModelError::BadSetting { key: "rotary dimensions".into(), value: dimensions.to_string() });
    }
    Ok(Positions::Rotary { pairs, dimensions, base, scaling })
}
