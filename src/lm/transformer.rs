//! The forward pass.

use std::sync::Arc;

use super::{
    activation::activate,
    attention::{Context, Head, Layout},
    blueprint::{Blueprint, Fused, NormPlace, Residual},
    checkpoint::Checkpoint,
    config::Config,
    error::{ForwardError, ModelError},
    family,
    kernel::{self, Isa},
    mask::Mask,
    norm::{normalize, normalize_in_place},
    position::Position,
    rope::Rotary,
    weights::{Layer, NormWeights, Weights},
    workspace::Workspace,
};

/// A transformer that can run: its make, its sizes and its weights. It never changes; threads share it behind an `Arc`.
#[derive(Debug)]
pub struct Transformer {
    /// The make.
    pub blueprint: Blueprint,
    /// The sizes.
    pub config: Config,
    weights: Weights,
    rotary: Option<Rotary>,
}

/// New positions computed together: bounds the buffers of a long prompt.
const CHUNK: usize = 96;

impl Transformer {
    /// Finds the weights in the checkpoint; they stay as the file has them, so this is instant.
    ///
    /// # Errors
    /// An architecture without blueprint, a setting or tensor that is missing or does not fit the others.
    pub fn new(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let family::Plan { blueprint, config, names } = family::plan(checkpoint)?;
        let weights = Weights::find(&checkpoint.tensors, &names, &blueprint, &config)?;
        let rotary = Rotary::new(&blueprint.positions, weights.rotary_factors.as_deref());
        Ok(Self { blueprint, config, weights, rotary })
    }

    /// Computes `tokens` after `past` and returns one position per token; `past` is not touched.
    ///
    /// `go_on` is asked in every layer. The same tokens give the same bits however they are divided into calls.
    ///
    /// # Errors
    /// Stopped by `go_on`; more tokens than the context holds; a token outside the vocabulary; a mask under which `past`
    /// would have seen the new tokens.
    pub fn extend(
        &self,
        past: &[Arc<Position>],
        tokens: &[u32],
        mask: &Mask,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Arc<Position>>, ForwardError> {
        self.check(past, tokens, mask)?;
        let length = past.len() + tokens.len();
        let joint = mask.joint().unwrap_or(length).saturating_sub(past.len()).min(tokens.len());
        if tokens.len() <= CHUNK {
            let new = self.pass(past, tokens, mask, workspace, go_on, &mut |_| ())?;
            return Ok(new.into_iter().map(Arc::new).collect());
        }
        let mut positions = past.to_vec();
        let mut rest = tokens;
        while !rest.is_empty() {
            let done = tokens.len() - rest.len();
            let (chunk, after) = rest.split_at(rest.len().min(CHUNK.max(joint.saturating_sub(done))));
            let new = self.pass(&positions, chunk, mask, workspace, go_on, &mut |_| ())?;
            positions.extend(new.into_iter().map(Arc::new));
            rest = after;
        }
        Ok(positions.split_off(past.len()))
    }

    pub(crate) fn check(&self, past: &[Arc<Position>], tokens: &[u32], mask: &Mask) -> Result<(), ForwardError> {
        let (length, context) = (past.len() + tokens.len(), self.config.context);
        if length > context {
            return Err(ForwardError::ContextFull { length, context });
        }
        let vocabulary = self.config.vocabulary;
        if let Some(&token) = tokens.iter().find(|&&token| token as usize >= vocabulary) {
            return Err(ForwardError::UnknownToken { token, vocabulary });
        }
        if !past.is_empty() && !tokens.is_empty() && past.len() < mask.joint().unwrap_or(usize::MAX) {
            return Err(ForwardError::SeesAhead { past: past.len() });
        }
        Ok(())
    }

    /// The logits of the next token at each position, `[positions, vocabulary]`: the head applied to the hidden states.
    pub fn logits(&self, positions: &[Arc<Position>], workspace: &mut Workspace) -> Vec<f32> {
        let Workspace { team, isa, input, .. } = workspace;
        let vocabulary = self.config.vocabulary;
        input.reset(positions.len(), self.config.width);
        for (i, position) in positions.iter().enumerate() {
            input.row_mut(i).copy_from_slice(&position.hidden);
        }
        let mut out = vec![0.0; positions.len() * vocabulary];
        kernel::multiply(team, *isa, input, std::slice::from_ref(&self.weights.head), &mut out, vocabulary);
        out
    }

    /// One row of attention, computed again from the stored queries and keys as the forward pass did: what `query` drew
    /// from each position of `context`, in one head of one layer. Empty where layer, head or query do not exist.
    pub fn attention(
        &self,
        context: &[Arc<Position>],
        mask: &Mask,
        layer: usize,
        head: usize,
        query: usize,
    ) -> Vec<f32> {
        if layer >= self.config.layers || head >= self.config.heads || query >= context.len() {
            return Vec::new();
        }
        let context = Context { past: context, new: &[] };
        let mut seen = vec![false; context.len()];
        let mut row = vec![0.0; context.len()];
        self.head(Isa::detect(), layer, head).weights(context, mask, query, &mut seen, &mut row);
        row
    }

    fn head(&self, isa: Isa, layer: usize, head: usize) -> Head {
        let Config { heads, kv_heads, head_width, .. } = self.config;
        Head { isa, layer, query: head, key: head / (heads / kv_heads), width: head_width }
    }

    /// One pass over all layers. `watch` is given the residual stream (`[tokens, width]`) after the embedding and after
    /// each layer; after the last one it has been through the final norm.
    pub(crate) fn pass(
        &self,
        past: &[Arc<Position>],
        tokens: &[u32],
        mask: &Mask,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
        watch: &mut dyn FnMut(&[f32]),
    ) -> Result<Vec<Position>, ForwardError> {
        let Config { layers, width, .. } = self.config;
        let (keys, queries) = (self.config.key_width(), self.config.query_width());
        let mut new: Vec<_> = tokens.iter().map(|&token| Position::new(token, layers, keys, queries, width)).collect();
        self.embed(tokens, past.len(), workspace);
        watch(&workspace.stream);
        for (number, layer) in self.weights.layers.iter().enumerate() {
            if !go_on() {
                return Err(ForwardError::Stopped);
            }
            self.layer(number, layer, past, &mut new, mask, workspace);
            if number + 1 == layers {
                break;
            }
            watch(&workspace.stream);
        }
        for (position, row) in new.iter_mut().zip(workspace.stream.chunks_exact_mut(width)) {
            if let Some(norm) = &self.weights.final_norm {
                normalize_in_place(self.blueprint.norm, norm, self.config.norm_epsilon, row);
            }
            position.hidden.copy_from_slice(row);
        }
        watch(&workspace.stream);
        Ok(new)
    }

    /// Token embeddings, plus position embeddings where they are learned, into the residual stream; angles otherwise.
    fn embed(&self, tokens: &[u32], start: usize, workspace: &mut Workspace) {
        let width = self.config.width;
        let Workspace { stream, angles, .. } = workspace;
        stream.clear();
        stream.resize(tokens.len() * width, 0.0);
        angles.clear();
        let mut learned = vec![0.0; width];
        for (i, (&token, row)) in tokens.iter().zip(stream.chunks_exact_mut(width)).enumerate() {
            self.weights.embedding.expand_row(token as usize, row);
            if let Some(positions) = &self.weights.positions {
                positions.expand_row(start + i, &mut learned);
                row.iter_mut().zip(&learned).for_each(|(x, p)| *x += p);
            }
            if let Some(rotary) = &self.rotary {
                rotary.angles(start + i, angles);
            }
        }
    }

    fn layer(
        &self,
        number: usize,
        layer: &Layer,
        past: &[Arc<Position>],
        new: &mut [Position],
        mask: &Mask,
        workspace: &mut Workspace,
    ) {
        let width = self.config.width;
        self.read(&layer.attention_norm, new.len(), workspace);
        self.project(number, layer, new, workspace);
        self.attend(number, Context { past, new }, mask, workspace);
        let Workspace { team, isa, input, output, .. } = workspace;
        kernel::multiply(team, *isa, input, std::slice::from_ref(&layer.output), output, width);
        match self.blueprint.residual {
            Residual::Serial => {
                self.add(&layer.attention_norm, workspace);
                self.feed_forward(layer, new.len(), workspace);
            }
            Residual::Parallel => {
                let attention = workspace.output[..new.len() * width].to_vec();
                self.feed_forward(layer, new.len(), workspace);
                workspace.stream.iter_mut().zip(&attention).for_each(|(x, attention)| *x += attention);
            }
        }
    }

    /// A sublayer's input: the residual stream, normalised where the norm stands before.
    fn read(&self, norm: &NormWeights, rows: usize, workspace: &mut Workspace) {
        let width = self.config.width;
        let Workspace { stream, input, .. } = workspace;
        input.reset(rows, width);
        for (i, row) in stream.chunks_exact(width).enumerate() {
            match self.blueprint.norm_place {
                NormPlace::Before => {
                    normalize(self.blueprint.norm, norm, self.config.norm_epsilon, row, input.row_mut(i));
                }
                NormPlace::After => input.row_mut(i).copy_from_slice(row),
            }
        }
    }

    /// Adds a sublayer's output to the residual stream, normalised where the norm stands after.
    fn add(&self, norm: &NormWeights, workspace: &mut Workspace) {
        let Workspace { stream, output, .. } = workspace;
        stream.iter_mut().zip(&*output).for_each(|(x, y)| *x += y);
        if self.blueprint.norm_place == NormPlace::After {
            for row in stream.chunks_exact_mut(self.config.width) {
                normalize_in_place(self.blueprint.norm, norm, self.config.norm_epsilon, row);
            }
        }
    }

    /// Queries, keys and values of the new positions, turned by their angles.
    fn project(&self, number: usize, layer: &Layer, new: &mut [Position], workspace: &mut Workspace) {
        let Config { head_width, norm_epsilon, .. } = self.config;
        let (queries, keys) = (self.config.query_width(), self.config.key_width());
        let stride = queries + 2 * keys;
        let Workspace { team, isa, input, output, angles, .. } = workspace;
        output.resize(new.len() * stride, 0.0);
        kernel::multiply(team, *isa, input, &layer.projections, output, stride);
        for (i, (position, row)) in new.iter_mut().zip(output.chunks_exact(stride)).enumerate() {
            let q = &mut position.queries[number * queries..][..queries];
            let k = &mut position.keys[number * keys..][..keys];
            let v = &mut position.values[number * keys..][..keys];
            match self.blueprint.fused {
                Fused::Stacked => {
                    q.copy_from_slice(&row[..queries]);
                    k.copy_from_slice(&row[queries..queries + keys]);
                    v.copy_from_slice(&row[queries + keys..]);
                }
                Fused::PerHead => {
                    let heads = q.chunks_exact_mut(head_width).zip(k.chunks_exact_mut(head_width));
                    let heads = heads.zip(v.chunks_exact_mut(head_width)).zip(row.chunks_exact(3 * head_width));
                    for (((q, k), v), row) in heads {
                        q.copy_from_slice(&row[..head_width]);
                        k.copy_from_slice(&row[head_width..2 * head_width]);
                        v.copy_from_slice(&row[2 * head_width..]);
                    }
                }
            }
            for (heads, norm) in [(q, &layer.query_norm), (k, &layer.key_norm)] {
                for head in heads.chunks_exact_mut(head_width) {
                    if let Some(norm) = norm {
                        normalize_in_place(self.blueprint.norm, norm, norm_epsilon, head);
                    }
                    if let Some(rotary) = &self.rotary {
                        rotary.turn(head, &angles[i * rotary.stride()..][..rotary.stride()]);
                    }
                }
            }
        }
    }

    /// Each head's mixture of values, side by side, as the output projection's input.
    fn attend(&self, number: usize, context: Context<'_>, mask: &Mask, workspace: &mut Workspace) {
        let Config { heads, kv_heads, head_width: width, .. } = self.config;
        let Workspace { team, isa, input, output, partial, .. } = workspace;
        let rows = context.new.len();
        input.reset(rows, self.config.query_width());
        Layout { isa: *isa, layer: number, heads, kv_heads, width }.attend(team, context, mask, partial, input);
        output.resize(rows * self.config.width, 0.0);
    }

    /// The feed-forward sublayer, from reading the residual stream to adding to it.
    fn feed_forward(&self, layer: &Layer, rows: usize, workspace: &mut Workspace) {
        let Config { width, feed_forward, .. } = self.config;
        self.read(&layer.feed_forward_norm, rows, workspace);
        let Workspace { team, isa, input, output, .. } = workspace;
        let stride = layer.expansions.len() * feed_forward;
        output.resize(rows * stride, 0.0);
        kernel::multiply(team, *isa, input, &layer.expansions, output, stride);
        input.reset(rows, feed_forward);
        input.write(team, |i, out| {
            let (gate, up) = output[i * stride..][..stride].split_at(feed_forward);
            activate(self.blueprint.activation, gate, self.blueprint.gated.then_some(up), out);
        });
        output.resize(rows * width, 0.0);
        kernel::multiply(team, *isa, input, std::slice::from_ref(&layer.down), output, width);
        self.add(&layer.feed_forward_norm, workspace);
    }
}
