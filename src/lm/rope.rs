//! Rotary positions (Su et al. 2021): settings, frequencies, and the turning itself.

use std::f64::consts::PI;

use super::{
    blueprint::{Pairs, Positions, Scaling},
    error::ModelError,
    reader::Reader,
};

/// The frequencies of a rotary encoding, ready to turn heads.
#[derive(Clone, Debug)]
pub(crate) struct Rotary {
    pairs: Pairs,
    /// Radians per position, `[dimensions / 2]`.
    frequencies: Vec<f32>,
    /// What the turned elements are multiplied by.
    attention: f32,
}

impl Rotary {
    /// The frequencies of a blueprint; `factors` (`[dimensions / 2]`) divide them where a file says so.
    pub(crate) fn new(positions: &Positions, factors: Option<&[f32]>) -> Option<Self> {
        let Positions::Rotary { pairs, dimensions, base, scaling } = *positions else { return None };
        let half = dimensions / 2;
        let unscaled = (0..half).map(|i| 1.0 / f64::from(base).powf((2 * i) as f64 / dimensions as f64));
        let frequencies = unscaled.enumerate().map(|(i, frequency)| {
            let scaled = scale(frequency, i, half, base, scaling);
            (scaled / f64::from(factors.and_then(|f| f.get(i)).copied().unwrap_or(1.0))) as f32
        });
        let attention = if let Scaling::Yarn { attention, .. } = scaling { attention } else { 1.0 };
        Some(Self { pairs, frequencies: frequencies.collect(), attention })
    }

    /// Cosines then sines of a position's angles, `[2, dimensions / 2]`, appended to `table`.
    pub(crate) fn angles(&self, position: usize, _length: usize, table: &mut Vec<f32>) {
        // The angle is rounded to float32, as the reference implementations round it.
        let angle = |frequency: &f32| f64::from(position as f32 * frequency);
        table.extend(self.frequencies.iter().map(|f| angle(f).cos() as f32 * self.attention));
        table.extend(self.frequencies.iter().map(|f| angle(f).sin() as f32 * self.attention));
    }

    /// The length of one position's angles.
    pub(crate) fn stride(&self) -> usize {
        2 * self.frequencies.len()
    }

    /// Turns one head in place by one position's angles.
    pub(crate) fn turn(&self, head: &mut [f32], angles: &[f32]) {
        let half = self.frequencies.len();
        let (cosines, sines) = angles.split_at(half);
        let rotate = |a: &mut f32, b: &mut f32, cos: f32, sin: f32| {
            (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
        };
        match self.pairs {
            Pairs::Halves => {
                let (first, second) = head[..2 * half].split_at_mut(half);
                for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cosines).zip(sines) {
                    rotate(a, b, *cos, *sin);
                }
            }
            Pairs::Interleaved => {
                for ((pair, cos), sin) in head.chunks_exact_mut(2).zip(cosines).zip(sines) {
                    let [a, b] = pair else { continue };
                    rotate(a, b, *cos, *sin);
                }
            }
        }
    }
}

/// The `i`-th of `half` frequencies after scaling.
fn scale(frequency: f64, i: usize, half: usize, base: f32, scaling: Scaling) -> f64 {
    match scaling {
        Scaling::None => frequency,
        Scaling::Linear { factor } => frequency / f64::from(factor),
        Scaling::Llama3 { factor, low, high, original } => {
            let (factor, low, high, original) =
                (f64::from(factor), f64::from(low), f64::from(high), f64::from(original));
            let rotations = original * frequency / (2.0 * PI);
            if rotations > high {
                frequency
            } else if rotations < low {
                frequency / factor
            } else {
                let smooth = (rotations - low) / (high - low);
                (1.0 - smooth) * frequency / factor + smooth * frequency
            }
        }
        Scaling::Yarn { factor, fast, slow, original, .. } => {
            let base = f64::from(base);
            // The pair that makes `rotations` turns over the original context (the paper's equation 17 solved for i).
            let pair = |rotations: f32| {
                half as f64 * (f64::from(original) / (f64::from(rotations) * 2.0 * PI)).ln() / base.ln()
            };
            let low = pair(fast).floor().max(0.0);
            let high = pair(slow).ceil().min((2 * half) as f64 - 1.0);
            let span = if high > low { high - low } else { 0.001 };
            let ramp = ((i as f64 - low) / span).clamp(0.0, 1.0);
            frequency / f64::from(factor) * ramp + frequency * (1.0 - ramp)
        }
    }
}

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
        for group in ["rope_parameters", "rope_scaling"] {
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
    let base = first(&["rope_parameters.rope_theta", "rope_theta", "rotary_emb_base"])?.unwrap_or(10_000.0);
    let part =
        first(&["rope_parameters.partial_rotary_factor", "partial_rotary_factor", "rotary_pct"])?.unwrap_or(part);
    let kinds = ["rope_parameters.rope_type", "rope_scaling.rope_type", "rope_scaling.type"];
    let kind = kinds.iter().find_map(|key| reader.text(key)).unwrap_or("default");
    let scaling = match kind {
        // Dynamic scaling changes nothing within the context the model was trained on, and none longer is run.
        "default" | "dynamic" => Scaling::None,
        "linear" => Scaling::Linear { factor: whole("factor")? },
        "llama3" => Scaling::Llama3 {
            factor: whole("factor")?,
            low: whole("low_freq_factor")?,
            high: whole("high_freq_factor")?,
            original: whole("original_max_position_embeddings")?,
        },
        "yarn" => {
            let factor = whole("factor")?;
            Scaling::Yarn {
                factor,
                fast: number("beta_fast")?.unwrap_or(32.0),
                slow: number("beta_slow")?.unwrap_or(1.0),
                original: number("original_max_position_embeddings")?.unwrap_or(context as f32),
                attention: number("attention_factor")?.unwrap_or(sharpening(factor)),
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
            attention: reader.number(&key("scaling.attn_factor"))?.unwrap_or(1.0) * sharpening(factor),
        },
        (None | Some("none" | "linear" | "yarn"), _) => Scaling::None,
        (Some(other), _) => return Err(ModelError::Unsupported { key: key("scaling.type"), value: other.into() }),
    };
    rotary(pairs, dimensions, head_width, base, scaling)
}

/// `YaRN`'s factor on queries and keys (Peng et al. 2023, equation 22).
fn sharpening(factor: f32) -> f32 {
    if factor <= 1.0 { 1.0 } else { 0.1 * factor.ln() + 1.0 }
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
