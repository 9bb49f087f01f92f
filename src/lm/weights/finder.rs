//! Tensors looked up by the names of a family, their shapes checked.

use std::collections::BTreeMap;

use super::{Attention, Cell, Cross, Head, Layer, NormWeights, Own, Relative};
use crate::lm::{
    blueprint::{Blueprint, Buckets, Norm, Objective, Positions},
    checkpoint::Tensor,
    config::{Config, Shape},
    error::ModelError,
    kernel,
    matrix::{Linear, Matrix},
    names::{
        Attention as AttentionNames, CrossNames, DETECTOR, FeedForward, LayerNames, Names, RelativeNames, Transposed,
    },
};

/// Looks tensors up and checks their shapes.
#[derive(Clone, Copy)]
pub(super) struct Finder<'a> {
    tensors: &'a BTreeMap<String, Tensor>,
    names: &'a Names,
    blueprint: &'a Blueprint,
    prefix: &'static str,
}

/// What a tensor is called after its layer's name: the usual word, the one of BERT's first release, none.
const SCALES: [&str; 3] = [".weight", ".gamma", ""];
const SHIFTS: [&str; 2] = [".bias", ".beta"];
/// Marian's words for the two, which stand inside a name: of a matrix, of a norm.
const INSIDE: [(&str, &str, &str); 2] = [("{W}", "W", "b"), ("{scale}", "scale", "bias")];

impl<'a> Finder<'a> {
    pub(super) fn new(tensors: &'a BTreeMap<String, Tensor>, names: &'a Names, blueprint: &'a Blueprint) -> Self {
        let named = |prefix: &&str| tensors.contains_key(&format!("{prefix}{}.weight", names.embedding));
        let prefix = names.prefixes.iter().copied().find(named).unwrap_or("");
        Self { tensors, names, blueprint, prefix }
    }

    /// The same for names before which the prefix does not stand.
    fn bare(&self) -> Self {
        Self { prefix: "", ..*self }
    }

    pub(super) fn layer(
        &self,
        names: &LayerNames,
        layer: usize,
        width: usize,
        shape: Shape,
    ) -> Result<Layer, ModelError> {
        let Shape { feed_forward, head_width, .. } = shape;
        let (queries, keys) = (shape.query_width(), shape.key_width());
        let path = names.path.replace("{}", &layer.to_string()).replace("{1}", &(layer + 1).to_string());
        let name = |part: &str| format!("{path}{part}");
        let projection = |part: &str, rows| self.projection(&name(part), rows, width);
        let head_norm = |part: Option<&str>| part.map(|part| self.norm(&name(part), head_width)).transpose();
        let relative = |names: RelativeNames| -> Result<Relative, ModelError> {
            Ok(Relative {
                key: projection(names.key, queries)?,
                content_bias: self.vector(&name(names.content_bias), queries)?,
                distance_bias: self.vector(&name(names.distance_bias), queries)?,
            })
        };
        let attention = |projections: Vec<Linear>| -> Result<Own, ModelError> {
            Ok(Own::Attention(Box::new(Attention {
                projections,
                query_norm: head_norm(names.query_norm)?,
                key_norm: head_norm(names.key_norm)?,
                relative: names.relative.map(relative).transpose()?,
                output: self.linear(&name(names.output), width, queries)?,
            })))
        };
        let own = match names.attention {
            AttentionNames::Separate { query, key, value } => {
                attention(vec![projection(query, queries)?, projection(key, keys)?, projection(value, keys)?])?
            }
            AttentionNames::Fused(fused) => attention(vec![projection(fused, queries + 2 * keys)?])?,
            AttentionNames::Cell { input, forget } => {
                Own::Cell(Cell { projections: vec![projection(input, width)?, projection(forget, width)?] })
            }
        };
        let expansion = |part: &str, rows| self.linear(&name(part), rows, width);
        let expansions = match names.feed_forward {
            FeedForward::Plain(up) => vec![expansion(up, feed_forward)?],
            FeedForward::Gated { gate, up } => vec![expansion(gate, feed_forward)?, expansion(up, feed_forward)?],
            FeedForward::Fused(both) => vec![expansion(both, 2 * feed_forward)?],
        };
        let cross = |names: CrossNames| -> Result<Cross, ModelError> {
            Ok(Cross {
                norm: self.norm(&name(names.norm), width)?,
                query: projection(names.query, queries)?,
                source: vec![projection(names.key, keys)?, projection(names.value, keys)?],
                output: self.linear(&name(names.output), width, queries)?,
            })
        };
        let norm = |part: &str| self.norm(&name(part), width);
        let after =
            names.after.map(|(attention, forward)| -> Result<_, ModelError> { Ok((norm(attention)?, norm(forward)?)) });
        Ok(Layer {
            attention_norm: self.norm(&name(names.attention_norm), width)?,
            own,
            after: after.transpose()?,
            cross: names.cross.map(cross).transpose()?,
            feed_forward_norm: self.norm(&name(names.feed_forward_norm), width)?,
            expansions,
            down: self.linear(&name(names.down), width, feed_forward)?,
        })
    }

    /// The head; none where an encoder was saved without it.
    pub(super) fn head(&self, embedding: &Matrix, rows: usize, width: usize) -> Result<Option<Head>, ModelError> {
        let (finder, names) = (self.bare(), self.names.head);
        if let Some((dense, _)) = names.transform
            && finder.tensor(dense, &SCALES).is_err()
        {
            return Ok(None);
        }
        let transform = names.transform.map(|(dense, norm)| -> Result<_, ModelError> {
            let inner = embedding.columns();
            Ok((finder.linear(dense, inner, width)?, finder.norm(norm, inner)?))
        });
        let linear = if self.blueprint.tied_head {
            let bias = names.bias.iter().find_map(|name| finder.tensor(name, &[""]).ok());
            let bias = bias.map(|(full, tensor)| vector(&full, tensor, rows)).transpose()?;
            Linear { matrix: embedding.clone(), bias }
        } else {
            finder.linear(names.matrix, rows, if transform.is_some() { embedding.columns() } else { width })?
        };
        Ok(Some(Head { transform: transform.transpose()?, linear }))
    }

    /// What tells replaced tokens; none in a model that was not trained to, and where it was saved without it.
    pub(super) fn detector(&self, width: usize) -> Result<Option<(Linear, Linear)>, ModelError> {
        let (finder, (dense, linear)) = (self.bare(), DETECTOR);
        if self.blueprint.objective != Objective::ReplacedTokens || finder.tensor(dense, &SCALES).is_err() {
            return Ok(None);
        }
        Ok(Some((finder.linear(dense, width, width)?, finder.linear(linear, 1, width)?)))
    }

    /// What the file divides rotary frequencies by.
    pub(super) fn rotary_factors(&self) -> Result<Option<Vec<f32>>, ModelError> {
        let Positions::Rotary { dimensions, .. } = self.blueprint.positions else { return Ok(None) };
        let found = self.names.rotary_factors.and_then(|name| self.bare().tensor(name, &SCALES).ok());
        let Some((full, tensor)) = found else { return Ok(None) };
        let factors = vector(&full, tensor, dimensions / 2)?;
        match factors.iter().find(|factor| !(factor.is_finite() && **factor > 0.0)) {
            Some(factor) => Err(ModelError::BadSetting { key: full, value: factor.to_string() }),
            None => Ok(Some(factors)),
        }
    }

    /// Position embeddings: as many rows as the context needs.
    pub(super) fn positions(&self, name: &str, config: &Config) -> Result<Matrix, ModelError> {
        let Positions::Learned { offset, .. } = self.blueprint.positions else {
            return self.matrix(name, config.context, config.embedding(), false);
        };
        self.matrix(name, config.context + offset, config.embedding(), false)
    }

    /// `[buckets, heads]`
    pub(super) fn buckets(&self, name: &str, heads: usize) -> Result<Vec<f32>, ModelError> {
        let Some(Buckets { count, .. }) = self.blueprint.positions.buckets() else { return Ok(Vec::new()) };
        let (full, tensor) = self.tensor(name, &SCALES)?;
        if tensor.shape != [count, heads] {
            let expected = vec![count, heads];
            return Err(ModelError::Shape { name: full, expected, found: tensor.shape.clone() });
        }
        vector(&full, tensor, count * heads)
    }

    /// A vector under its bare name or with `.weight` after it.
    pub(super) fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, ModelError> {
        let (full, tensor) = self.tensor(name, &SCALES)?;
        vector(&full, tensor, length)
    }

    pub(super) fn matrix(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
        transposed: bool,
    ) -> Result<Matrix, ModelError> {
        let (full, tensor) = self.tensor(name, &SCALES)?;
        Matrix::new(&full, tensor, rows, columns, transposed)
    }

    pub(super) fn norm(&self, name: &str, width: usize) -> Result<NormWeights, ModelError> {
        let mut scale = self.vector(name, width)?;
        if self.names.scales_from_one {
            for scale in &mut scale {
                *scale += 1.0;
            }
        }
        let shift = match (self.blueprint.norm, self.tensor(name, &SHIFTS)) {
            (Norm::Layer, Ok((full, tensor))) => Some(vector(&full, tensor, width)?),
            _ => None,
        };
        Ok(NormWeights { scale, shift })
    }

    fn projection(&self, name: &str, rows: usize, columns: usize) -> Result<Linear, ModelError> {
        self.linear_stored(name, rows, columns, self.names.transposed != Transposed::None)
    }

    pub(super) fn linear(&self, name: &str, rows: usize, columns: usize) -> Result<Linear, ModelError> {
        let transposed = self.names.transposed == Transposed::All && name != self.names.head.matrix;
        self.linear_stored(name, rows, columns, transposed)
    }

    fn linear_stored(&self, name: &str, rows: usize, columns: usize, transposed: bool) -> Result<Linear, ModelError> {
        let matrix = self.matrix(name, rows, columns, transposed)?;
        let bias = match self.tensor(name, &SHIFTS[..1]) {
            Ok((full, tensor)) => Some(vector(&full, tensor, rows)?),
            Err(_) => None,
        };
        Ok(Linear { matrix, bias })
    }

    /// The name as the file has it and its tensor, under the first of these endings that there is.
    fn tensor(&self, name: &str, endings: &[&str]) -> Result<(String, &'a Tensor), ModelError> {
        let inside = INSIDE.iter().find(|(gap, ..)| name.contains(gap));
        let names: Vec<String> = match inside {
            Some((gap, scale, shift)) => vec![name.replace(gap, if endings == SCALES { scale } else { shift })],
            None => endings.iter().map(|ending| format!("{}{name}{ending}", self.prefix)).collect(),
        };
        match names.iter().find_map(|name| self.tensors.get_key_value(name)) {
            Some((name, tensor)) => Ok((name.clone(), tensor)),
            None => Err(ModelError::MissingTensor { name: names.into_iter().next().unwrap_or_default() }),
        }
    }
}

/// A vector's elements, `[length]`; extents of 1 before it do not count.
fn vector(name: &str, tensor: &Tensor, length: usize) -> Result<Vec<f32>, ModelError> {
    if tensor.elements() != length {
        return Err(ModelError::Shape { name: name.into(), expected: vec![length], found: tensor.shape.clone() });
    }
    let (dtype, found) = (tensor.dtype, tensor.bytes.len());
    let (elements, size) = dtype.block();
    if !length.is_multiple_of(elements) {
        return Err(ModelError::Dtype { name: name.into(), dtype });
    }
    let expected = (length / elements).saturating_mul(size);
    if found != expected {
        return Err(ModelError::Size { name: name.into(), dtype, expected, found });
    }
    let mut out = vec![0.0; length];
    kernel::dequantize(dtype, &tensor.bytes, &mut out);
    for number in &mut out {
        *number *= tensor.scale;
    }
    Ok(out)
}
