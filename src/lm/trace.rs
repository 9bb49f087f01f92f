//! A pass with everything it computed, for comparison with other implementations.

use std::{collections::BTreeMap, fmt, io, path::Path, sync::Arc};

use ndarray::{Array2, Array3};
use safetensors::{Dtype, SafeTensorError, tensor::TensorView};

use super::{error::ForwardError, mask::Mask, transformer::Transformer, workspace::Workspace};

/// Everything a decoder computed for L tokens.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The tokens, `[L]`.
    pub input_ids: Vec<u32>,
    /// The logits of the token after each, `[L, V]`.
    pub logits: Array2<f32>,
    /// Each layer's attention, `[H, L, L]`: head, query, key.
    pub attentions: Vec<Array3<f32>>,
    /// `[L, D]`: the embedding's output, then each layer's; the last one after the final norm.
    pub hidden_states: Vec<Array2<f32>>,
}

impl Transformer {
    /// Computes `tokens` from an empty context and keeps everything.
    ///
    /// # Errors
    /// As [`extend`](Self::extend).
    pub fn trace(&self, tokens: &[u32], mask: &Mask, workspace: &mut Workspace) -> Result<Trace, ForwardError> {
        self.check(&[], tokens, mask)?;
        let length = tokens.len();
        let mut hidden_states = Vec::with_capacity(self.config.layers + 1);
        let positions = self.pass(&[], tokens, mask, workspace, &|| true, &mut |stream| {
            let width = self.config.width;
            hidden_states.push(Array2::from_shape_fn((length, width), |(i, j)| stream[i * width + j]));
        })?;
        let positions: Vec<_> = positions.into_iter().map(Arc::new).collect();
        let vocabulary = self.config.vocabulary;
        let logits = self.logits(&positions, workspace);
        let attentions = (0..self.config.layers).map(|layer| {
            let mut heads = Array3::zeros((self.config.heads, length, length));
            for ((head, query), mut row) in
                (0..self.config.heads).flat_map(|h| (0..length).map(move |q| (h, q))).zip(heads.rows_mut())
            {
                let weights = self.attention(&positions, mask, layer, head, query);
                row.iter_mut().zip(weights).for_each(|(cell, weight)| *cell = weight);
            }
            heads
        });
        Ok(Trace {
            input_ids: tokens.to_vec(),
            logits: Array2::from_shape_fn((length, vocabulary), |(i, j)| logits[i * vocabulary + j]),
            attentions: attentions.collect(),
            hidden_states,
        })
    }
}

/// Why a trace was not written.
#[derive(Debug)]
pub enum TraceError {
    /// The file could not be written.
    File(io::Error),
    /// The arrays do not fit the format.
    Format(SafeTensorError),
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "the trace cannot be written: {error}"),
            Self::Format(error) => write!(f, "the trace does not fit the safetensors format: {error}"),
        }
    }
}

impl std::error::Error for TraceError {}

impl Trace {
    /// Writes it as safetensors: `input_ids` (int64), `logits`, `attentions.L`, `hidden_states.L` (float32).
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), TraceError> {
        let floats = |values: &mut dyn Iterator<Item = &f32>| values.flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let mut arrays: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)> = BTreeMap::new();
        let ids = self.input_ids.iter().flat_map(|&id| i64::from(id).to_le_bytes()).collect();
        arrays.insert("input_ids".into(), (Dtype::I64, vec![self.input_ids.len()], ids));
        let logits = floats(&mut self.logits.iter());
        arrays.insert("logits".into(), (Dtype::F32, self.logits.shape().to_vec(), logits));
        for (layer, array) in self.attentions.iter().enumerate() {
            let bytes = floats(&mut array.iter());
            arrays.insert(format!("attentions.{layer}"), (Dtype::F32, array.shape().to_vec(), bytes));
        }
        for (layer, array) in self.hidden_states.iter().enumerate() {
            let bytes = floats(&mut array.iter());
            arrays.insert(format!("hidden_states.{layer}"), (Dtype::F32, array.shape().to_vec(), bytes));
        }
        let views: Result<Vec<_>, _> = arrays
            .iter()
            .map(|(name, (dtype, shape, bytes))| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)))
            .collect();
        let bytes = safetensors::serialize(views.map_err(TraceError::Format)?, None).map_err(TraceError::Format)?;
        std::fs::write(path, bytes).map_err(TraceError::File)
    }
}
