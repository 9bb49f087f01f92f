//! A transformer that can run.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{
    activation::activate,
    attention::{AttentionKind, bent},
    blueprint::{Blueprint, Positions, Scaling, Stacks},
    checkpoint::Checkpoint,
    config::Config,
    error::{ForwardError, ModelError},
    family,
    intervention::{Conditions, Interventions, NONE},
    kernel,
    mask::Mask,
    norm::normalize_in_place,
    pass::{Pass, Watch, show_source},
    position::Position,
    rope::Rotary,
    weights::{Head, Weights},
    workspace::Workspace,
};

/// A transformer that can run: its make, its sizes and its weights. It never changes; threads share it behind an `Arc`.
#[derive(Debug)]
pub struct Transformer {
    /// The make.
    pub blueprint: Blueprint,
    /// The sizes.
    pub config: Config,
    pub(crate) weights: Weights,
    pub(crate) rotary: Option<Rotary>,
    window_rotary: Option<Rotary>,
    /// Which of all that were opened it is, from 1: what a workspace kept of another is not this one's.
    number: u64,
}

/// Tokens to be computed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input<'a> {
    /// The tokens.
    pub tokens: &'a [u32],
    /// Which text each belongs to, where the model tells texts apart: 0 for the first; 0 for those not listed.
    pub segments: &'a [u32],
}

impl<'a> From<&'a [u32]> for Input<'a> {
    fn from(tokens: &'a [u32]) -> Self {
        Self { tokens, segments: &[] }
    }
}

impl<'a> From<&'a Vec<u32>> for Input<'a> {
    fn from(tokens: &'a Vec<u32>) -> Self {
        tokens.as_slice().into()
    }
}

impl<'a, const N: usize> From<&'a [u32; N]> for Input<'a> {
    fn from(tokens: &'a [u32; N]) -> Self {
        tokens.as_slice().into()
    }
}

impl Input<'_> {
    /// The first `count` tokens, and the rest.
    fn split_at(self, count: usize) -> (Self, Self) {
        let ((tokens, later), at) = (self.tokens.split_at(count), count.min(self.segments.len()));
        let (segments, rest) = self.segments.split_at(at);
        (Self { tokens, segments }, Self { tokens: later, segments: rest })
    }
}

/// How many were opened.
static OPENED: AtomicU64 = AtomicU64::new(0);

/// New positions computed together: bounds the buffers of a long prompt.
pub(crate) const CHUNK: usize = 96;

impl Transformer {
    /// Finds the weights in the checkpoint; they stay as the file has them, so this is instant.
    ///
    /// # Errors
    /// An architecture without blueprint, a setting or tensor that is missing or does not fit the others.
    pub fn new(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let family::Plan { mut blueprint, config, names } = family::plan(checkpoint)?;
        let unread = || checkpoint.unread.iter().filter(|(_, tensor)| tensor.weights);
        if let Some((name, tensor)) = unread().next() {
            let (name, dtype) = (name.clone(), tensor.dtype.clone());
            return Err(ModelError::Unread { name, dtype, tensors: unread().count() });
        }
        let weights = Weights::find(&checkpoint.tensors, &names, &blueprint, &config)?;
        blueprint.attention_bias = weights.main.projects_with_bias();
        let rotary = Rotary::new(&blueprint.positions, weights.rotary_factors.as_deref());
        let window_rotary = match (&blueprint.positions, blueprint.window_base) {
            (&Positions::Rotary { pairs, dimensions, .. }, Some(base)) => {
                Rotary::new(&Positions::Rotary { pairs, dimensions, base, scaling: Scaling::None }, None)
            }
            _ => None,
        };
        let number = OPENED.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Self { blueprint, config, weights, rotary, window_rotary, number })
    }

    /// Whether there are logits: an encoder may have been saved without its head.
    pub fn has_head(&self) -> bool {
        self.weights.head.is_some()
    }

    /// Whether a second stream predicts tokens without seeing them, so that none has to be hidden behind a mask token.
    pub fn has_query_stream(&self) -> bool {
        self.weights.main.mask_embedding.is_some()
    }

    /// Computes the source of an encoder–decoder model, all of it at once; these positions then stand before those of
    /// [`extend`](Self::extend).
    ///
    /// # Errors
    /// As [`extend`](Self::extend); and the model has no encoder before its decoder.
    pub fn encode<'a>(
        &self,
        tokens: impl Into<Input<'a>>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Position>, ForwardError> {
        self.encode_watched(tokens.into(), &NONE, workspace, go_on, &mut |_| ())
    }

    /// The same with interventions.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_changed<'a>(
        &self,
        tokens: impl Into<Input<'a>>,
        changes: &Interventions,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Position>, ForwardError> {
        self.encode_watched(tokens.into(), changes, workspace, go_on, &mut |_| ())
    }

    pub(crate) fn encode_watched(
        &self,
        input: Input<'_>,
        changes: &Interventions,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
        watch: Watch<'_>,
    ) -> Result<Vec<Position>, ForwardError> {
        if self.weights.encoder.is_none() {
            return Err(ForwardError::NoEncoder);
        }
        self.check(&[], input, &Mask::Bidirectional)?;
        let under = Conditions { mask: &Mask::Bidirectional, interventions: changes };
        let pass = self.pass(true, under, &[], &[], input.tokens.len());
        let mut new = pass.run(input, workspace, go_on, watch)?;
        show_source(&self.weights.main, self.config.main(), &mut new, workspace);
        let mut source = Vec::with_capacity(new.len());
        workspace.keep(new, &mut source);
        Ok(source)
    }

    /// Computes `tokens` after `past` and returns one position per token; `past` is not touched. Where there is an
    /// encoder, `past` begins with the source it computed.
    ///
    /// `go_on` is asked in every layer. The same tokens give the same bits however they are divided into calls.
    ///
    /// # Errors
    /// Stopped by `go_on`; more tokens than the context holds; a token outside the vocabulary; a mask under which `past`
    /// would have seen the new tokens; no source where one is needed.
    pub fn extend<'a>(
        &self,
        past: &[Position],
        tokens: impl Into<Input<'a>>,
        under: impl Into<Conditions<'a>>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Position>, ForwardError> {
        self.extend_watched(past, tokens.into(), under.into(), workspace, go_on, &mut |_| ())
    }

    /// The same with the new positions put behind `path`: where it has room for them and the workspace for what they are made of,
    /// no memory is asked for. Where an error is returned, `path` is as it was.
    ///
    /// # Errors
    /// As [`extend`](Self::extend).
    pub fn append<'a>(
        &self,
        path: &mut Vec<Position>,
        tokens: impl Into<Input<'a>>,
        under: impl Into<Conditions<'a>>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<(), ForwardError> {
        self.append_watched(path, tokens.into(), under.into(), workspace, go_on, &mut |_| ())
    }

    pub(crate) fn extend_watched(
        &self,
        past: &[Position],
        input: Input<'_>,
        under: Conditions<'_>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
        watch: Watch<'_>,
    ) -> Result<Vec<Position>, ForwardError> {
        let mut path = Vec::with_capacity(past.len() + input.tokens.len());
        path.extend_from_slice(past);
        self.append_watched(&mut path, input, under, workspace, go_on, watch)?;
        Ok(path.split_off(past.len()))
    }

    fn append_watched(
        &self,
        path: &mut Vec<Position>,
        input: Input<'_>,
        under: Conditions<'_>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
        watch: Watch<'_>,
    ) -> Result<(), ForwardError> {
        let (source, past) = sourced(path);
        if self.blueprint.stacks == Stacks::EncoderDecoder && source.is_empty() {
            return Err(ForwardError::NoSource);
        }
        self.check(past, input, under.mask)?;
        self.can_mask(under.mask)?;
        let (before, length) = (path.len(), past.len() + input.tokens.len());
        let joint = under.mask.joint().unwrap_or(length).saturating_sub(past.len()).min(input.tokens.len());
        let mut rest = input;
        while !rest.tokens.is_empty() {
            let done = input.tokens.len() - rest.tokens.len();
            let (chunk, after) = rest.split_at(rest.tokens.len().min(CHUNK.max(joint.saturating_sub(done))));
            let (source, past) = sourced(path);
            match self.pass(false, under, source, past, length).run(chunk, workspace, go_on, watch) {
                Ok(new) => workspace.keep(new, path),
                Err(error) => {
                    path.truncate(before);
                    return Err(error);
                }
            }
            rest = after;
        }
        Ok(())
    }

    /// What the model computes at `index` when it sees every token but that one: from behind the `mask` token, or in a
    /// model with two streams by the one that does not see its own token. Its logits are those of the hidden token.
    ///
    /// # Errors
    /// As [`extend`](Self::extend); and the model needs a mask token and is given none.
    pub fn cloze<'a>(
        &self,
        tokens: impl Into<Input<'a>>,
        index: usize,
        mask: Option<u32>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Position, ForwardError> {
        self.cloze_changed(tokens, index, mask, &NONE, workspace, go_on)
    }

    /// The same with interventions.
    ///
    /// # Errors
    /// As [`cloze`](Self::cloze).
    pub fn cloze_changed<'a>(
        &self,
        tokens: impl Into<Input<'a>>,
        index: usize,
        mask: Option<u32>,
        changes: &Interventions,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Position, ForwardError> {
        let input = tokens.into();
        let mut hidden = input.tokens.to_vec();
        let rule = if self.has_query_stream() {
            Mask::Except(index)
        } else {
            let mask = mask.ok_or(ForwardError::NoMaskToken)?;
            if let Some(token) = hidden.get_mut(index) {
                *token = mask;
            }
            self.blueprint.mask.clone()
        };
        let input = Input { tokens: &hidden, ..input };
        let under = Conditions { mask: &rule, interventions: changes };
        let positions = self.extend_watched(&[], input, under, workspace, go_on, &mut |_| ())?;
        let found = positions.get(index).map(Position::alone);
        found.ok_or(ForwardError::NoSuchPosition { index, length: hidden.len() })
    }

    /// Who sees whom is for attention to say: a cell goes from left to right.
    pub(crate) fn can_mask(&self, mask: &Mask) -> Result<(), ForwardError> {
        if *mask == self.blueprint.mask { Ok(()) } else { self.blueprint.attends_to_itself() }
    }

    pub(crate) fn check(&self, past: &[Position], input: Input<'_>, mask: &Mask) -> Result<(), ForwardError> {
        let Input { tokens, segments } = input;
        let (length, context) = (past.len() + tokens.len(), self.config.context);
        if length > context {
            return Err(ForwardError::ContextFull { length, context });
        }
        let vocabulary = self.config.vocabulary;
        if let Some(&token) = tokens.iter().find(|&&token| token as usize >= vocabulary) {
            return Err(ForwardError::UnknownToken { token, vocabulary });
        }
        if let Some(&segment) = segments.iter().find(|&&segment| segment as usize >= self.config.segments.max(1)) {
            return Err(ForwardError::UnknownSegment { segment, segments: self.config.segments.max(1) });
        }
        if !past.is_empty() && !tokens.is_empty() && past.len() < mask.joint().unwrap_or(usize::MAX) {
            return Err(ForwardError::SeesAhead { past: past.len() });
        }
        Ok(())
    }

    /// The logits at each position, `[positions, vocabulary]`: the head applied to the hidden states. Of the next token,
    /// or, in an encoder, of the position's own.
    ///
    /// # Errors
    /// An encoder may have been saved without its head.
    pub fn logits(&self, positions: &[Position], workspace: &mut Workspace) -> Result<Vec<f32>, ForwardError> {
        let mut logits = Vec::new();
        self.logits_into(positions, workspace, &mut logits)?;
        Ok(logits)
    }

    /// The same in place of what `logits` held.
    ///
    /// # Errors
    /// As [`logits`](Self::logits).
    pub fn logits_into(
        &self,
        positions: &[Position],
        workspace: &mut Workspace,
        logits: &mut Vec<f32>,
    ) -> Result<(), ForwardError> {
        self.read_out(positions.iter().map(Position::hidden), workspace, logits)
    }

    /// The head applied to vectors of the residual stream's width, `[vectors, vocabulary]`.
    pub(crate) fn read_out<'r>(
        &self,
        hidden: impl ExactSizeIterator<Item = &'r [f32]>,
        workspace: &mut Workspace,
        out: &mut Vec<f32>,
    ) -> Result<(), ForwardError> {
        let (vocabulary, width) = (self.config.vocabulary, self.config.width);
        let Head { transform, linear } = self.weights.head.as_ref().ok_or(ForwardError::NoHead)?;
        let rows = hidden.len();
        out.clear();
        out.resize(rows * vocabulary, 0.0);
        let Workspace { team, isa, input, output, .. } = workspace;
        input.reset(rows, width);
        for (i, hidden) in hidden.enumerate() {
            let row = input.row_mut(i);
            row.copy_from_slice(hidden);
            if self.blueprint.head_scale != 1.0 {
                for x in row.iter_mut() {
                    *x *= self.blueprint.head_scale;
                }
            }
        }
        if let (Some((dense, norm)), Some(activation)) = (transform, self.blueprint.head_transform) {
            let inner = dense.matrix.rows();
            output.resize(rows * inner, 0.0);
            kernel::multiply(team, *isa, input, std::slice::from_ref(dense), output, inner);
            input.reset(rows, inner);
            for (i, row) in output.chunks_exact(inner).enumerate() {
                activate(activation, row, None, input.row_mut(i));
                normalize_in_place(self.blueprint.norm, norm, self.config.norm_epsilon, input.row_mut(i));
            }
        }
        kernel::multiply(team, *isa, input, std::slice::from_ref(linear), out, vocabulary);
        if let Some(cap) = self.blueprint.logit_cap {
            for logit in out {
                *logit = bent(*logit, cap);
            }
        }
        Ok(())
    }

    /// One row of attention, computed again from the stored queries and keys as the forward pass did: what the position
    /// `query` of `context` drew from each position of it, in one head of one layer. Empty where layer, head or query do
    /// not exist; zeros where the query has no attention of this kind.
    pub fn attention<'a>(
        &self,
        context: &[Position],
        under: impl Into<Conditions<'a>>,
        kind: AttentionKind,
        layer: usize,
        head: usize,
        query: usize,
    ) -> Vec<f32> {
        self.attention_rows(context, under, kind, layer, head, &[query]).pop().unwrap_or_default()
    }

    /// The same of several queries, over all of the context each: what they share is fetched once.
    pub fn attention_rows<'a>(
        &self,
        context: &[Position],
        under: impl Into<Conditions<'a>>,
        kind: AttentionKind,
        layer: usize,
        head: usize,
        queries: &[usize],
    ) -> Vec<Vec<f32>> {
        let under = under.into();
        let mut rows = vec![Vec::new(); queries.len()];
        let source = sourced(context).0.len();
        for of_source in [true, false] {
            let wanted: Vec<(usize, usize)> = (0..queries.len())
                .map(|at| (at, queries[at]))
                .filter(|&(_, query)| query < context.len() && (query < source) == of_source)
                .collect();
            let Some(&(_, first)) = wanted.first() else { continue };
            let (pass, _, before) = self.around(context, under, first);
            if layer >= pass.shape.layers || head >= pass.shape.heads {
                continue;
            }
            let places: Vec<usize> = wanted.iter().map(|(_, query)| query - before).collect();
            let start = if kind == AttentionKind::Cross { 0 } else { before };
            for ((at, _), weights) in wanted.into_iter().zip(pass.rows(kind, layer, head, &places)) {
                let mut row = vec![0.0; context.len()];
                row[start..].iter_mut().zip(weights).for_each(|(cell, weight)| *cell = weight);
                rows[at] = row;
            }
        }
        rows
    }

    /// The pass that computed `query` of `context`, where the query stands in its stack, and how many positions of the
    /// context stand before that stack.
    pub(crate) fn around<'a>(
        &'a self,
        context: &'a [Position],
        under: Conditions<'a>,
        query: usize,
    ) -> (Pass<'a>, usize, usize) {
        let (source, target) = sourced(context);
        if query < source.len() {
            let under = Conditions { mask: &Mask::Bidirectional, ..under };
            (self.pass(true, under, source, source, source.len()), query, 0)
        } else {
            (self.pass(false, under, source, target, target.len()), query - source.len(), source.len())
        }
    }

    /// A pass through the encoder before a decoder, or through the main stack.
    pub(crate) fn pass<'a>(
        &'a self,
        encoder: bool,
        under: Conditions<'a>,
        source: &'a [Position],
        past: &'a [Position],
        length: usize,
    ) -> Pass<'a> {
        let stacks = (&self.weights.encoder, self.config.encoder);
        let (stack, shape) = match stacks {
            (Some(stack), Some(shape)) if encoder => (stack, shape),
            _ => (&self.weights.main, self.config.main()),
        };
        Pass {
            model: self.number,
            blueprint: &self.blueprint,
            shape,
            width: self.config.width,
            norm_epsilon: self.config.norm_epsilon,
            embedding: &self.weights.embedding,
            stack,
            rotary: self.rotary.as_ref(),
            window_rotary: self.window_rotary.as_ref(),
            mask: under.mask,
            source,
            past,
            length,
            seen_by: encoder.then(|| self.config.main()),
            changes: under.interventions,
            resumed: None,
        }
    }
}

/// The source that a path begins with, and what stands after it.
pub(crate) fn sourced(path: &[Position]) -> (&[Position], &[Position]) {
    path.split_at(path.iter().take_while(|position| position.is_source()).count())
}
