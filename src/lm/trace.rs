//! A pass with everything it computed, for comparison with other implementations.

use std::{collections::BTreeMap, fmt, io, path::Path};

use ndarray::{Array2, Array3, Axis};
use safetensors::{Dtype, SafeTensorError, tensor::TensorView};

use super::{
    attention::AttentionKind,
    blueprint::Stacks,
    error::ForwardError,
    intervention::Conditions,
    mask::Mask,
    pass::Seen,
    position::Position,
    transformer::{Input, Transformer},
    workspace::Workspace,
};

/// Everything a model computed for L tokens, or for a source of L tokens and M tokens of its decoder.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The tokens, `[L]`.
    pub input_ids: Vec<u32>,
    /// The decoder's tokens, `[M]`, where there is an encoder before it.
    pub decoder_input_ids: Option<Vec<u32>>,
    /// The logits of the token after each, or in an encoder of the token at each, `[L, V]` or `[M, V]`; none where the
    /// file has no head.
    pub logits: Option<Array2<f32>>,
    /// The encoder before the decoder.
    pub encoder: Option<StackTrace>,
    /// The decoder, or the only stack.
    pub main: StackTrace,
    /// The layers that are written; all unless [`keep`](Self::keep) chose some.
    layers: Option<Vec<usize>>,
    /// The heads of each that are written.
    heads: Option<Vec<usize>>,
}

/// Everything one stack computed.
#[derive(Clone, Debug, Default)]
pub struct StackTrace {
    /// Each layer's attention to its own stack, `[H, L, L]`: head, query, key. None where a cell stands in its place.
    pub attentions: Vec<Array3<f32>>,
    /// Each layer's attention to the source, `[H, M, L]`.
    pub cross_attentions: Vec<Array3<f32>>,
    /// Each layer's attention of the query stream, `[H, L, L]`, under a permutation.
    pub query_attentions: Vec<Array3<f32>>,
    /// `[L, D]`: the embedding's output, then each layer's; the last one after the final norm.
    pub hidden_states: Vec<Array2<f32>>,
}

impl Transformer {
    /// Computes `tokens` from an empty context and keeps everything. Where there is an encoder before a decoder, `tokens`
    /// are its source, `decoder` the decoder's, and `mask` is the decoder's.
    ///
    /// # Errors
    /// As [`extend`](Self::extend).
    pub fn trace<'a>(
        &self,
        tokens: impl Into<Input<'a>>,
        decoder: &[u32],
        under: impl Into<Conditions<'a>>,
        workspace: &mut Workspace,
    ) -> Result<Trace, ForwardError> {
        let (input, under) = (tokens.into(), under.into());
        let mut states = Vec::new();
        let mut path: Vec<Position> = Vec::new();
        let mut encoder = None;
        let mut main_input = input;
        if self.blueprint.stacks == Stacks::EncoderDecoder {
            let mut watch = |seen: Seen<'_>| self.keep(seen, self.encoder_layers(), &mut states);
            let source = self.encode_watched(input, under.interventions, workspace, &|| true, &mut watch)?;
            path.extend(source);
            let under = Conditions { mask: &Mask::Bidirectional, ..under };
            encoder = Some(self.stack_trace(&path, under, 0, std::mem::take(&mut states)));
            main_input = decoder.into();
        }
        let start = path.len();
        self.check(&[], main_input, under.mask)?;
        self.can_mask(under.mask)?;
        let mut watch = |seen: Seen<'_>| self.keep(seen, self.config.layers, &mut states);
        let new = self.pass(false, under, &path, &[], main_input.tokens.len()).run(
            main_input,
            workspace,
            &|| true,
            &mut watch,
        )?;
        workspace.keep(new, &mut path);
        let logits = if self.has_head() {
            Some(matrix(&self.logits(&path[start..], workspace)?, self.config.vocabulary))
        } else {
            None
        };
        Ok(Trace {
            input_ids: input.tokens.to_vec(),
            decoder_input_ids: encoder.is_some().then(|| decoder.to_vec()),
            logits,
            main: self.stack_trace(&path, under, start, states),
            encoder,
            layers: None,
            heads: None,
        })
    }

    /// Keeps the residual stream after the embedding and after each layer; after the last, the hidden state.
    fn keep(&self, seen: Seen<'_>, layers: usize, states: &mut Vec<Array2<f32>>) {
        match seen {
            Seen::Stream(layer, stream) if layer < layers => states.push(matrix(stream, self.config.width)),
            Seen::Hidden(hidden) => states.push(matrix(hidden, self.config.width)),
            _ => {}
        }
    }

    /// How many layers the encoder before the decoder has.
    fn encoder_layers(&self) -> usize {
        self.config.encoder.map_or(0, |shape| shape.layers)
    }

    /// What the positions of `path` from `start` on drew from their own stack and from the source before them.
    fn stack_trace(
        &self,
        path: &[Position],
        under: Conditions<'_>,
        start: usize,
        hidden_states: Vec<Array2<f32>>,
    ) -> StackTrace {
        let (shape, recurrent) = match (path.get(start).is_some_and(Position::is_source), self.config.encoder) {
            (true, Some(encoder)) => (encoder, false),
            _ => (self.config.main(), self.blueprint.cell.is_some()),
        };
        let (queries, second) = (path.len() - start, path.get(start).is_some_and(Position::has_second));
        let layers = |kind: AttentionKind, keys: std::ops::Range<usize>| -> Vec<Array3<f32>> {
            let layer = |layer| {
                let mut heads = Array3::zeros((shape.heads, queries, keys.len()));
                let places = (0..shape.heads).flat_map(|head| (start..path.len()).map(move |query| (head, query)));
                for ((head, query), mut row) in places.zip(heads.rows_mut()) {
                    let weights = self.attention(path, under, kind, layer, head, query);
                    row.iter_mut().zip(&weights[keys.clone()]).for_each(|(cell, weight)| *cell = *weight);
                }
                heads
            };
            (0..shape.layers).map(layer).collect()
        };
        let none = Vec::new;
        StackTrace {
            attentions: if recurrent { none() } else { layers(AttentionKind::Own, start..path.len()) },
            cross_attentions: if second && start > 0 { layers(AttentionKind::Cross, 0..start) } else { none() },
            query_attentions: if second && start == 0 {
                layers(AttentionKind::QueryStream, 0..path.len())
            } else {
                none()
            },
            hidden_states,
        }
    }
}

fn matrix(values: &[f32], columns: usize) -> Array2<f32> {
    Array2::from_shape_fn((values.len() / columns, columns), |(i, j)| values[i * columns + j])
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

type Arrays = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

impl Trace {
    /// Chooses the layers and the heads that are written. Of a layer its attentions are, and the residual stream before and
    /// after it.
    pub fn keep(&mut self, layers: Option<&[usize]>, heads: Option<&[usize]>) {
        (self.layers, self.heads) = (layers.map(<[usize]>::to_vec), heads.map(<[usize]>::to_vec));
    }

    fn keeps(&self, layer: usize) -> bool {
        self.layers.as_ref().is_none_or(|layers| layers.contains(&layer))
    }

    /// How many arrays [`write`](Self::write) writes.
    pub fn count(&self) -> usize {
        self.arrays().len()
    }

    /// Writes it as safetensors: `input_ids`, `decoder_input_ids` (int64), `logits`; `attentions.L` and `hidden_states.L`,
    /// or where there are two stacks `encoder_attentions.L`, `decoder_attentions.L`, `cross_attentions.L`,
    /// `encoder_hidden_states.L`, `decoder_hidden_states.L`; `query_attentions.L` under a permutation (float32).
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), TraceError> {
        let arrays = self.arrays();
        let views: Result<Vec<_>, _> = arrays
            .iter()
            .map(|(name, (dtype, shape, bytes))| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)))
            .collect();
        let bytes = safetensors::serialize(views.map_err(TraceError::Format)?, None).map_err(TraceError::Format)?;
        std::fs::write(path, bytes).map_err(TraceError::File)
    }

    fn arrays(&self) -> Arrays {
        let mut arrays = Arrays::new();
        for (name, ids) in
            [("input_ids", Some(&self.input_ids)), ("decoder_input_ids", self.decoder_input_ids.as_ref())]
        {
            if let Some(ids) = ids {
                let bytes = ids.iter().flat_map(|&id| i64::from(id).to_le_bytes()).collect();
                arrays.insert(name.into(), (Dtype::I64, vec![ids.len()], bytes));
            }
        }
        if let Some(logits) = &self.logits {
            insert(&mut arrays, "logits".into(), logits.shape(), logits.iter());
        }
        let stacks = match &self.encoder {
            Some(encoder) => vec![("encoder_", encoder), ("decoder_", &self.main)],
            None => vec![("", &self.main)],
        };
        for (prefix, stack) in stacks {
            let kinds = [
                (format!("{prefix}attentions"), &stack.attentions),
                ("cross_attentions".into(), &stack.cross_attentions),
                ("query_attentions".into(), &stack.query_attentions),
            ];
            for (name, layers) in kinds {
                for (layer, array) in layers.iter().enumerate().filter(|(layer, _)| self.keeps(*layer)) {
                    let name = format!("{name}.{layer}");
                    match &self.heads {
                        Some(heads) => {
                            let heads: Vec<usize> =
                                heads.iter().copied().filter(|head| *head < array.shape()[0]).collect();
                            let array = array.select(Axis(0), &heads);
                            insert(&mut arrays, name, array.shape(), array.iter());
                        }
                        None => insert(&mut arrays, name, array.shape(), array.iter()),
                    }
                }
            }
            let beside =
                |layer: usize| self.keeps(layer) || layer.checked_sub(1).is_some_and(|layer| self.keeps(layer));
            for (layer, array) in stack.hidden_states.iter().enumerate().filter(|(layer, _)| beside(*layer)) {
                insert(&mut arrays, format!("{prefix}hidden_states.{layer}"), array.shape(), array.iter());
            }
        }
        arrays
    }
}

fn insert<'a>(arrays: &mut Arrays, name: String, shape: &[usize], values: impl Iterator<Item = &'a f32>) {
    let bytes = values.flat_map(|x| x.to_le_bytes()).collect();
    arrays.insert(name, (Dtype::F32, shape.to_vec(), bytes));
}
