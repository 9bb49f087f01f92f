//! The weights of a transformer, found by name in a checkpoint.

use std::collections::BTreeMap;

use super::{
    blueprint::{Blueprint, Norm, Positions},
    checkpoint::Tensor,
    config::Config,
    error::ModelError,
    kernel,
    matrix::{Linear, Matrix},
    names::{Attention, Names},
};

/// All weights, in the order of the forward pass.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    /// `[vocabulary, width]`
    pub(crate) embedding: Matrix,
    /// `[context, width]`, where positions are learned.
    pub(crate) positions: Option<Matrix>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) final_norm: Option<NormWeights>,
    /// `[vocabulary, width]`: the embedding again when tied.
    pub(crate) head: Linear,
    /// What rotary frequencies are divided by, `[rotary dimensions / 2]`, where the file says.
    pub(crate) rotary_factors: Option<Vec<f32>>,
}

/// The weights of one layer.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) attention_norm: NormWeights,
    /// One fused projection, or query, key and value: their outputs follow one another.
    pub(crate) projections: Vec<Linear>,
    /// `[head_width]` each.
    pub(crate) query_norm: Option<NormWeights>,
    pub(crate) key_norm: Option<NormWeights>,
    /// `[width, heads × head_width]`
    pub(crate) output: Linear,
    pub(crate) feed_forward_norm: NormWeights,
    /// Gate and up, or up alone: `[feed_forward, width]` each.
    pub(crate) expansions: Vec<Linear>,
    /// `[width, feed_forward]`
    pub(crate) down: Linear,
}

/// What a normalisation scales and shifts by, `[width]` each.
#[derive(Clone, Debug)]
pub(crate) struct NormWeights {
    pub(crate) scale: Vec<f32>,
    pub(crate) shift: Option<Vec<f32>>,
}

/// Looks tensors up and checks their shapes.
struct Finder<'a> {
    tensors: &'a BTreeMap<String, Tensor>,
    names: &'a Names,
    blueprint: &'a Blueprint,
    prefix: &'static str,
}

impl Weights {
    /// Finds every tensor that the blueprint needs under the names of the table.
    pub(crate) fn find(
        tensors: &BTreeMap<String, Tensor>,
        names: &Names,
        blueprint: &Blueprint,
        config: &Config,
    ) -> Result<Self, ModelError> {
        let named = |prefix: &&str| tensors.contains_key(&format!("{prefix}{}.weight", names.embedding));
        let prefix = names.prefixes.iter().copied().find(named).unwrap_or("");
        let finder = Finder { tensors, names, blueprint, prefix };
        let Config { width, vocabulary, context, .. } = *config;
        let embedding = finder.matrix(names.embedding, vocabulary, width, false)?;
        let positions = names.positions.map(|name| finder.matrix(name, context, width, false)).transpose()?;
        let layers = (0..config.layers).map(|layer| finder.layer(layer, config)).collect::<Result<_, _>>()?;
        let final_norm = names.final_norm.map(|name| finder.norm(name, width)).transpose()?;
        let head = if blueprint.tied_head {
            Linear { matrix: embedding.clone(), bias: None }
        } else {
            // A head stands outside the prefix that the rest shares.
            Finder { prefix: "", ..finder }.linear(names.head, vocabulary, width)?
        };
        let rotary_factors = names
            .rotary_factors
            .filter(|name| tensors.contains_key(&format!("{name}.weight")))
            .map(|name| Finder { prefix: "", ..finder }.rotary_factors(name))
            .transpose()?;
        Ok(Self { embedding, positions, layers, final_norm, head, rotary_factors })
    }
}

impl Finder<'_> {
    fn layer(&self, layer: usize, config: &Config) -> Result<Layer, ModelError> {
        let Config { width, feed_forward, head_width, .. } = *config;
        let (queries, keys) = (config.query_width(), config.key_width());
        let names = &self.names.layer;
        let name = |part: &str| names.path.replace("{}", &layer.to_string()) + part;
        let projections = match names.attention {
            Attention::Separate { query, key, value } => vec![
                self.linear(&name(query), queries, width)?,
                self.linear(&name(key), keys, width)?,
                self.linear(&name(value), keys, width)?,
            ],
            Attention::Fused(fused) => vec![self.linear(&name(fused), queries + 2 * keys, width)?],
        };
        let head_norm = |part: Option<&str>| part.map(|part| self.norm(&name(part), head_width)).transpose();
        let expansions = [names.gate, Some(names.up)].into_iter().flatten();
        Ok(Layer {
            attention_norm: self.norm(&name(names.attention_norm), width)?,
            projections,
            query_norm: head_norm(names.query_norm)?,
            key_norm: head_norm(names.key_norm)?,
            output: self.linear(&name(names.output), width, queries)?,
            feed_forward_norm: self.norm(&name(names.feed_forward_norm), width)?,
            expansions: expansions
                .map(|part| self.linear(&name(part), feed_forward, width))
                .collect::<Result<_, _>>()?,
            down: self.linear(&name(names.down), width, feed_forward)?,
        })
    }

    /// The name as the file has it and its tensor.
    fn tensor(&self, name: &str, part: &str) -> Result<(String, &Tensor), ModelError> {
        let full = format!("{}{name}.{part}", self.prefix);
        match self.tensors.get(&full) {
            Some(tensor) => Ok((full, tensor)),
            None => Err(ModelError::MissingTensor { name: full }),
        }
    }

    fn matrix(&self, name: &str, rows: usize, columns: usize, transposed: bool) -> Result<Matrix, ModelError> {
        let (full, tensor) = self.tensor(name, "weight")?;
        Matrix::new(&full, tensor, rows, columns, transposed)
    }

    fn linear(&self, name: &str, rows: usize, columns: usize) -> Result<Linear, ModelError> {
        let transposed = self.names.transposed && !name.starts_with(self.names.head);
        let matrix = self.matrix(name, rows, columns, transposed)?;
        let bias = match self.tensor(name, "bias") {
            Ok((full, tensor)) => Some(vector(&full, tensor, rows)?),
            Err(_) => None,
        };
        Ok(Linear { matrix, bias })
    }

    fn norm(&self, name: &str, width: usize) -> Result<NormWeights, ModelError> {
        let (full, tensor) = self.tensor(name, "weight")?;
        let scale = vector(&full, tensor, width)?;
        let shift = match (self.blueprint.norm, self.tensor(name, "bias")) {
            (Norm::Layer, Ok((full, tensor))) => Some(vector(&full, tensor, width)?),
            _ => None,
        };
        Ok(NormWeights { scale, shift })
    }

    fn rotary_factors(&self, name: &str) -> Result<Vec<f32>, ModelError> {
        let (full, tensor) = self.tensor(name, "weight")?;
        let dimensions = match self.blueprint.positions {
            Positions::Rotary { dimensions, .. } => dimensions,
            Positions::Learned => 0,
        };
        let factors = vector(&full, tensor, dimensions / 2)?;
        match factors.iter().find(|factor| !(factor.is_finite() && **factor > 0.0)) {
            Some(factor) => Err(ModelError::BadSetting { key: full, value: factor.to_string() }),
            None => Ok(factors),
        }
    }
}

/// A vector's elements, `[length]`.
fn vector(name: &str, tensor: &Tensor, length: usize) -> Result<Vec<f32>, ModelError> {
    if tensor.shape != [length] {
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
    Ok(out)
}
