//! The weights of a transformer, found by name in a checkpoint.

mod finder;

use std::collections::BTreeMap;

use super::{
    blueprint::Blueprint,
    checkpoint::Tensor,
    config::{Config, Shape},
    error::ModelError,
    matrix::{Linear, Matrix},
    names::{Names, StackNames},
};
use finder::Finder;

/// All weights, in the order of the forward pass.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    /// `[vocabulary, embedding width]`
    pub(crate) embedding: Matrix,
    pub(crate) encoder: Option<Stack>,
    /// The decoder, or the only stack.
    pub(crate) main: Stack,
    /// Absent in an encoder that was saved without one.
    pub(crate) head: Option<Head>,
    /// What tells replaced tokens: a dense layer, `[width, width]`, and what makes one number of it, `[1, width]`.
    pub(crate) detector: Option<(Linear, Linear)>,
    /// What rotary frequencies are divided by, `[rotary dimensions / 2]`, where the file says.
    pub(crate) rotary_factors: Option<Vec<f32>>,
}

/// The weights of one stack.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    /// `[rows, embedding width]`, where positions are learned.
    pub(crate) positions: Option<Matrix>,
    /// `[segments, embedding width]`
    pub(crate) segments: Option<Matrix>,
    pub(crate) embedding_norm: Option<NormWeights>,
    /// `[width, embedding width]`, where the two differ.
    pub(crate) embedding_projection: Option<Linear>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) final_norm: Option<NormWeights>,
    /// `[buckets, heads]`, where distances have buckets.
    pub(crate) buckets: Option<Vec<f32>>,
    /// `[width]`, where a second stream begins with it.
    pub(crate) mask_embedding: Option<Vec<f32>>,
}

/// The weights of one layer.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) attention_norm: NormWeights,
    pub(crate) own: Own,
    /// Of what attention gives, and of what feed-forward gives, where norms stand before and after.
    pub(crate) after: Option<(NormWeights, NormWeights)>,
    pub(crate) cross: Option<Cross>,
    pub(crate) feed_forward_norm: NormWeights,
    /// Gate and up, fused or not, or up alone: `[feed_forward, width]` each.
    pub(crate) expansions: Vec<Linear>,
    /// `[width, feed_forward]`
    pub(crate) down: Linear,
}

/// What mixes the positions of a layer's own stack.
#[derive(Clone, Debug)]
pub(crate) enum Own {
    Attention(Box<Attention>),
    Cell(Cell),
}

/// A stack's attention to itself.
#[derive(Clone, Debug)]
pub(crate) struct Attention {
    /// One fused projection, or query, key and value: their outputs follow one another.
    pub(crate) projections: Vec<Linear>,
    /// `[head_width]` each.
    pub(crate) query_norm: Option<NormWeights>,
    pub(crate) key_norm: Option<NormWeights>,
    pub(crate) relative: Option<Relative>,
    /// `[width, heads × head_width]`
    pub(crate) output: Linear,
}

/// A recurrent cell.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// W and `W_f`, `[width, width]` each: their outputs follow one another.
    pub(crate) projections: Vec<Linear>,
}

/// A decoder's attention to its source.
#[derive(Clone, Debug)]
pub(crate) struct Cross {
    pub(crate) norm: NormWeights,
    /// `[heads × head_width, width]`
    pub(crate) query: Linear,
    /// Key and value: `[kv_heads × head_width, width]` each.
    pub(crate) source: Vec<Linear>,
    /// `[width, heads × head_width]`
    pub(crate) output: Linear,
}

/// What makes attention see distances (Dai et al. 2019, section 3.3).
#[derive(Clone, Debug)]
pub(crate) struct Relative {
    /// `W_{k,R}`, `[heads × head_width, width]`: of the sinusoids of distances.
    pub(crate) key: Linear,
    /// u, `[heads × head_width]`: added to a query before it meets a key's content.
    pub(crate) content_bias: Vec<f32>,
    /// v, `[heads × head_width]`: added to a query before it meets a distance.
    pub(crate) distance_bias: Vec<f32>,
}

/// What turns the last hidden state into logits.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// A dense layer, `[embedding width, width]`, and the norm after its activation.
    pub(crate) transform: Option<(Linear, NormWeights)>,
    /// `[vocabulary, embedding width]`: the embedding again when tied.
    pub(crate) linear: Linear,
}

/// What a normalisation scales and shifts by, `[width]` each.
#[derive(Clone, Debug)]
pub(crate) struct NormWeights {
    pub(crate) scale: Vec<f32>,
    pub(crate) shift: Option<Vec<f32>>,
}

impl Weights {
    /// Finds every tensor that the blueprint needs under the names of the table.
    pub(crate) fn find(
        tensors: &BTreeMap<String, Tensor>,
        names: &Names,
        blueprint: &Blueprint,
        config: &Config,
    ) -> Result<Self, ModelError> {
        let finder = Finder::new(tensors, names, blueprint);
        let Config { width, vocabulary, .. } = *config;
        let embedding = finder.matrix(names.embedding, vocabulary, config.embedding(), false)?;
        let encoder = match (&names.encoder, config.encoder) {
            (Some(names), Some(shape)) => Some(finder.stack(names, config, shape)?),
            _ => None,
        };
        Ok(Self {
            encoder,
            main: finder.stack(&names.main, config, config.main())?,
            head: finder.head(&embedding, vocabulary, width)?,
            detector: finder.detector(width)?,
            rotary_factors: finder.rotary_factors()?,
            embedding,
        })
    }
}

impl Stack {
    /// Whether queries, keys or values have a bias added.
    pub(crate) fn projects_with_bias(&self) -> bool {
        let own = self.layers.iter().filter_map(Layer::attention).flat_map(|attention| &attention.projections);
        let cross = self.layers.iter().filter_map(|layer| layer.cross.as_ref()).map(|cross| &cross.query);
        own.chain(cross).any(|projection| projection.bias.is_some())
    }
}

impl Layer {
    /// The attention to the layer's own stack, where it has one.
    pub(crate) fn attention(&self) -> Option<&Attention> {
        if let Own::Attention(attention) = &self.own { Some(attention) } else { None }
    }

    /// What makes that attention see distances.
    pub(crate) fn relative(&self) -> Option<&Relative> {
        self.attention()?.relative.as_ref()
    }
}

impl Finder<'_> {
    fn stack(&self, names: &StackNames, config: &Config, shape: Shape) -> Result<Stack, ModelError> {
        let width = config.width;
        let embedded = config.embedding();
        let norm = |name: Option<&str>, width| name.map(|name| self.norm(name, width)).transpose();
        let projection = names.embedding_projection.filter(|_| config.embedding_width.is_some());
        let layers = (0..shape.layers).map(|layer| self.layer(&names.layer, layer, width, shape));
        Ok(Stack {
            positions: names.positions.map(|name| self.positions(name, config)).transpose()?,
            segments: names.segments.map(|name| self.matrix(name, config.segments, embedded, false)).transpose()?,
            embedding_norm: norm(names.embedding_norm, embedded)?,
            embedding_projection: projection.map(|name| self.linear(name, width, embedded)).transpose()?,
            layers: layers.collect::<Result<_, _>>()?,
            final_norm: norm(names.final_norm, width)?,
            buckets: names.buckets.map(|name| self.buckets(name, shape.heads)).transpose()?,
            mask_embedding: names.mask_embedding.map(|name| self.vector(name, width)).transpose()?,
        })
    }
}
