//! One pass of new tokens through a stack of layers: the forward pass, read top to bottom.

mod disturb;
mod recur;
mod rows;
mod watch;

pub(crate) use watch::{Resumed, Seen, Sublayer, Watch};

use super::{
    activation::activate,
    attention::{AttentionKind, Context, Layout, Sight},
    blueprint::{Blueprint, Buckets, Fused, NormPlace, Positions, Residual, Stacks},
    config::Shape,
    distance::{Distances, sinusoid},
    error::ForwardError,
    intervention::Interventions,
    kernel::{self, Isa},
    mask::Mask,
    matrix::{Linear, Matrix},
    norm::{normalize, normalize_in_place},
    position::{Fresh, Parts, Position},
    rope::Rotary,
    transformer::Input,
    weights::{Attention, Cross, Layer, NormWeights, Own, Stack},
    workspace::Workspace,
};

/// What a pass runs, and on what.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a> {
    /// The model's number, which no other has.
    pub(crate) model: u64,
    pub(crate) blueprint: &'a Blueprint,
    pub(crate) shape: Shape,
    /// The width of the residual stream.
    pub(crate) width: usize,
    pub(crate) norm_epsilon: f32,
    /// `[vocabulary, embedding width]`
    pub(crate) embedding: &'a Matrix,
    pub(crate) stack: &'a Stack,
    pub(crate) rotary: Option<&'a Rotary>,
    /// Of layers whose attention has a window, where it is another.
    pub(crate) window_rotary: Option<&'a Rotary>,
    pub(crate) mask: &'a Mask,
    /// What the stack's second attention looks at.
    pub(crate) source: &'a [Position],
    /// The positions of the stack that were computed before.
    pub(crate) past: &'a [Position],
    /// How long the sequence will be when all is computed, this pass's tokens and later ones'.
    pub(crate) length: usize,
    /// The decoder that looks at what is computed, where this is the encoder before one.
    pub(crate) seen_by: Option<Shape>,
    pub(crate) changes: &'a Interventions,
    /// Where it begins, when not with the embedding.
    pub(crate) resumed: Option<Resumed<'a>>,
}

impl Pass<'_> {
    /// Runs all layers. `watch` is given what is computed on the way. The list that is returned is the workspace's, to be given
    /// back to it when what stands in it is [kept](Workspace::keep).
    pub(crate) fn run(
        &self,
        input: Input<'_>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
        watch: Watch<'_>,
    ) -> Result<Vec<Fresh>, ForwardError> {
        let second = self.two_streams() || self.stack.layers.iter().any(|layer| layer.cross.is_some());
        let parts = Parts::new(self.shape, self.width, second, self.seen_by);
        let recurrent = self.stack.layers.iter().any(|layer| layer.attention().is_none());
        let parts = if recurrent { parts.with_cells() } else { parts };
        let mut new = std::mem::take(&mut workspace.fresh);
        new.clear();
        match self.resumed {
            Some(Resumed { positions, .. }) => workspace.room.copies(positions, &mut new),
            None => workspace.room.positions(input.tokens, parts, &mut new),
        }
        self.embed(input, workspace);
        if let Some(Resumed { stream, .. }) = self.resumed {
            workspace.stream.copy_from_slice(stream);
        }
        if self.two_streams() {
            let Workspace { second_stream, .. } = workspace;
            second_stream.clear();
            let mask = self.stack.mask_embedding.as_deref().unwrap_or_default();
            input.tokens.iter().for_each(|_| second_stream.extend_from_slice(mask));
        }
        for (number, layer) in self.stack.layers.iter().enumerate() {
            if !go_on() {
                return Err(ForwardError::Stopped);
            }
            if self.resumed.is_some_and(|resumed| number < resumed.layer) {
                continue;
            }
            self.patch(number, workspace);
            watch(Seen::Stream(number, &workspace.stream));
            self.layer(number, layer, &mut new, workspace, watch);
        }
        watch(Seen::Stream(self.stack.layers.len(), &workspace.stream));
        if let Some(norm) = &self.stack.final_norm {
            for row in workspace.stream.chunks_exact_mut(self.width) {
                normalize_in_place(self.blueprint.norm, norm, self.norm_epsilon, row);
            }
        }
        watch(Seen::Hidden(&workspace.stream));
        // What predicts a token under a permutation is the stream that has not seen it.
        let last = if self.two_streams() { &workspace.second_stream } else { &workspace.stream };
        for (position, row) in new.iter_mut().zip(last.chunks_exact(self.width)) {
            position.hidden_mut().copy_from_slice(row);
        }
        Ok(new)
    }

    /// Whether a second stream predicts each token from those before it in the order.
    fn two_streams(&self) -> bool {
        self.stack.mask_embedding.is_some()
            && matches!(self.mask, Mask::Permutation(_) | Mask::Except(_) | Mask::Queried(_))
    }

    /// The sum of a token's embeddings, into the residual stream; angles where positions are rotary.
    fn embed(&self, input: Input<'_>, workspace: &mut Workspace) {
        let width = self.embedding.columns();
        let Workspace { team, isa, input: activations, output, stream, angles, .. } = workspace;
        let rows = if self.stack.embedding_projection.is_some() { &mut *output } else { &mut *stream };
        rows.clear();
        rows.resize(input.tokens.len() * width, 0.0);
        angles.clear();
        let rotaries = [self.rotary, self.window_rotary];
        let rotaries = rotaries.map(|rotary| rotary.map(|rotary| (rotary, rotary.frequencies(self.length))));
        let add = |matrix: &Matrix, at: usize, row: &mut [f32]| {
            kernel::with_scratch(width, |added| {
                matrix.expand_row(at, added);
                row.iter_mut().zip(added).for_each(|(x, added)| *x += *added);
            });
        };
        let counted = |token: &u32| match self.blueprint.positions {
            Positions::Learned { padding, .. } => padding != Some(*token),
            _ => true,
        };
        let mut place = self.past.iter().filter(|position| counted(&position.token())).count();
        for (i, (&token, row)) in input.tokens.iter().zip(rows.chunks_exact_mut(width)).enumerate() {
            let at = self.past.len() + i;
            if at > 0 || self.seen_by.is_some() || !self.blueprint.blank_start {
                self.embedding.expand_row(token as usize, row);
            }
            if self.blueprint.embedding_scale != 1.0 {
                for x in row.iter_mut() {
                    *x *= self.blueprint.embedding_scale;
                }
            }
            if let (Some(positions), Positions::Learned { offset, .. }) =
                (&self.stack.positions, &self.blueprint.positions)
            {
                let at = if counted(&token) { offset + place } else { offset.saturating_sub(1) };
                add(positions, at, row);
            }
            place += usize::from(counted(&token));
            if let Positions::Sinusoids { to_end } = self.blueprint.positions {
                let steps = (width / 2) as f64 - if to_end { 1.0 } else { 0.0 };
                kernel::with_scratch(width, |signal| {
                    sinusoid(at as isize, steps, signal);
                    row.iter_mut().zip(signal).for_each(|(x, signal)| *x += *signal);
                });
            }
            if let Some(segments) = &self.stack.segments {
                let segment = input.segments.get(i).copied().unwrap_or(0);
                add(segments, segment as usize, row);
            }
            if let Some(norm) = &self.stack.embedding_norm {
                normalize_in_place(self.blueprint.norm, norm, self.norm_epsilon, row);
            }
            for (rotary, frequencies) in rotaries.iter().flatten() {
                rotary.angles(frequencies, at, angles);
            }
        }
        if let Some(projection) = &self.stack.embedding_projection {
            activations.reset(input.tokens.len(), width);
            for (i, row) in output.chunks_exact(width).enumerate() {
                activations.row_mut(i).copy_from_slice(row);
            }
            stream.clear();
            stream.resize(input.tokens.len() * self.width, 0.0);
            kernel::multiply(team, *isa, activations, std::slice::from_ref(projection), stream, self.width);
        }
    }

    fn layer(&self, number: usize, layer: &Layer, new: &mut [Fresh], workspace: &mut Workspace, watch: Watch<'_>) {
        let distances = self.distances(number, layer, new.len(), workspace);
        self.blocks(number, layer, new, &distances, workspace, watch);
        if let Distances::Sinusoids { keys, .. } = distances {
            workspace.distances.keep(number, keys);
        }
    }

    fn blocks(
        &self,
        number: usize,
        layer: &Layer,
        new: &mut [Fresh],
        distances: &Distances<'_>,
        workspace: &mut Workspace,
        watch: Watch<'_>,
    ) {
        let rows = new.len();
        self.read(&layer.attention_norm, rows, workspace);
        match &layer.own {
            Own::Attention(attention) => self.project(number, attention, new, workspace),
            Own::Cell(cell) => self.recur(number, cell, new, workspace),
        }
        if self.changes.skip(self.side(), number) {
            // Its queries are evidence all the same.
            if let Some(cross) = &layer.cross {
                self.read(&cross.norm, rows, workspace);
                self.ask(number, &cross.query, new, workspace);
            }
            return;
        }
        if let (true, Own::Attention(attention)) = (self.two_streams(), &layer.own) {
            std::mem::swap(&mut workspace.stream, &mut workspace.second_stream);
            self.read(&layer.attention_norm, rows, workspace);
            self.ask(number, &attention.projections[0], new, workspace);
            self.attend(number, AttentionKind::QueryStream, new, distances, workspace);
            self.write(&attention.output, workspace);
            self.tell(number, Sublayer::Attention(AttentionKind::QueryStream), workspace, watch);
            self.add(&layer.attention_norm, workspace);
            self.feed_forward(number, layer, rows, workspace, &mut |_| ());
            std::mem::swap(&mut workspace.stream, &mut workspace.second_stream);
        }
        match &layer.own {
            Own::Attention(attention) => {
                self.attend(number, AttentionKind::Own, new, distances, workspace);
                watch(Seen::Mixed(number, AttentionKind::Own, &workspace.input));
                self.write(&attention.output, workspace);
                self.tell(number, Sublayer::Attention(AttentionKind::Own), workspace, watch);
            }
            Own::Cell(_) => self.tell(number, Sublayer::Cell, workspace, watch),
        }
        if self.blueprint.residual == Residual::Parallel {
            // Both sublayers read the layer's input: attention's output is added when feed-forward has read.
            std::mem::swap(&mut workspace.output, &mut workspace.beside);
            self.feed_forward(number, layer, rows, workspace, watch);
            let Workspace { stream, beside, .. } = workspace;
            stream.iter_mut().zip(&*beside).for_each(|(x, attention)| *x += attention);
            return;
        }
        self.add(layer.after.as_ref().map_or(&layer.attention_norm, |(norm, _)| norm), workspace);
        if let Some(cross) = &layer.cross {
            self.cross(number, cross, new, workspace, watch);
        }
        self.feed_forward(number, layer, rows, workspace, watch);
    }

    fn cross(&self, number: usize, cross: &Cross, new: &mut [Fresh], workspace: &mut Workspace, watch: Watch<'_>) {
        self.read(&cross.norm, new.len(), workspace);
        self.ask(number, &cross.query, new, workspace);
        self.attend(number, AttentionKind::Cross, new, &Distances::None, workspace);
        watch(Seen::Mixed(number, AttentionKind::Cross, &workspace.input));
        self.write(&cross.output, workspace);
        self.tell(number, Sublayer::Attention(AttentionKind::Cross), workspace, watch);
        self.add(&cross.norm, workspace);
    }

    /// What distances add in this layer.
    fn distances<'l>(
        &'l self,
        number: usize,
        layer: &'l Layer,
        rows: usize,
        workspace: &mut Workspace,
    ) -> Distances<'l> {
        let (start, farthest) = (self.past.len(), self.blueprint.positions.farthest_sinusoid());
        match layer.relative() {
            Some(relative) => {
                let length = start + rows;
                let Workspace { team, isa, input, distances, .. } = workspace;
                let mut keys = distances.take(self.model, number);
                keys.reach(relative, start..length, length, farthest, (team, *isa, input));
                Distances::Sinusoids { relative, keys }
            }
            None => self.buckets(),
        }
    }

    /// What distances add in every layer.
    fn buckets(&self) -> Distances<'_> {
        match (&self.stack.buckets, self.blueprint.positions.buckets()) {
            (Some(table), Some(Buckets { count: buckets, farthest })) => Distances::Buckets {
                table,
                heads: self.shape.heads,
                buckets,
                farthest,
                both_ways: self.seen_by.is_some() || self.blueprint.stacks == Stacks::Encoder,
            },
            _ => Distances::None,
        }
    }

    /// A sublayer's input: the residual stream, normalised where the norm stands before.
    fn read(&self, norm: &NormWeights, rows: usize, workspace: &mut Workspace) {
        let Workspace { stream, input, .. } = workspace;
        input.reset(rows, self.width);
        for (i, row) in stream.chunks_exact(self.width).enumerate() {
            match self.blueprint.norm_place {
                NormPlace::Before | NormPlace::Both => {
                    normalize(self.blueprint.norm, norm, self.norm_epsilon, row, input.row_mut(i));
                }
                NormPlace::After => input.row_mut(i).copy_from_slice(row),
            }
        }
    }

    /// A sublayer's output, `[rows, width]`.
    fn write(&self, linear: &Linear, workspace: &mut Workspace) {
        let Workspace { team, isa, input, output, .. } = workspace;
        output.resize(input.rows() * self.width, 0.0);
        kernel::multiply(team, *isa, input, std::slice::from_ref(linear), output, self.width);
    }

    /// Adds a sublayer's output to the residual stream; where the norm stands after, it is of the sum, or of the output.
    fn add(&self, norm: &NormWeights, workspace: &mut Workspace) {
        let Workspace { stream, output, .. } = workspace;
        if self.blueprint.norm_place == NormPlace::Both {
            for row in output.chunks_exact_mut(self.width) {
                normalize_in_place(self.blueprint.norm, norm, self.norm_epsilon, row);
            }
        }
        stream.iter_mut().zip(&*output).for_each(|(x, y)| *x += y);
        if self.blueprint.norm_place == NormPlace::After {
            for row in stream.chunks_exact_mut(self.width) {
                normalize_in_place(self.blueprint.norm, norm, self.norm_epsilon, row);
            }
        }
    }

    /// Queries, keys and values of the new positions, turned by their angles.
    fn project(&self, number: usize, attention: &Attention, new: &mut [Fresh], workspace: &mut Workspace) {
        let head_width = self.shape.head_width;
        let (queries, keys) = (self.shape.query_width(), self.shape.key_width());
        let stride = queries + 2 * keys;
        let Workspace { team, isa, input, output, angles, .. } = workspace;
        output.resize(new.len() * stride, 0.0);
        kernel::multiply(team, *isa, input, &attention.projections, output, stride);
        let turned = self.turned(number);
        let table = angles.len() / new.len().max(1);
        for (i, (position, row)) in new.iter_mut().zip(output.chunks_exact(stride)).enumerate() {
            let [k, v, q] = position.own_mut(number);
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
            for (heads, norm) in [(q, &attention.query_norm), (k, &attention.key_norm)] {
                for head in heads.chunks_exact_mut(head_width) {
                    if let Some(norm) = norm {
                        normalize_in_place(self.blueprint.norm, norm, self.norm_epsilon, head);
                    }
                    if let Some((rotary, offset)) = turned {
                        rotary.turn(head, &angles[i * table + offset..][..rotary.stride()]);
                    }
                }
            }
        }
    }

    /// How a layer turns heads, and where its angles begin among a position's.
    pub(crate) fn turned(&self, layer: usize) -> Option<(&Rotary, usize)> {
        let rotary = self.rotary?;
        match (self.window_rotary, &self.blueprint.mask) {
            (Some(other), Mask::Layers { windowed, .. }) if windowed.get(layer) == Some(&true) => {
                Some((other, rotary.stride()))
            }
            (Some(other), Mask::Window(_)) => Some((other, rotary.stride())),
            _ => Some((rotary, 0)),
        }
    }

    /// What turns a layer's queries and keys of this kind.
    pub(crate) fn turning(&self, kind: AttentionKind, layer: usize) -> Option<&Rotary> {
        let turned = if kind == AttentionKind::Own { self.turned(layer) } else { None };
        turned.map(|(_, offset)| match (offset, self.window_rotary) {
            (0, _) | (_, None) => self.rotary,
            (_, other) => other,
        })?
    }

    /// The queries of a layer's second attention.
    fn ask(&self, number: usize, query: &Linear, new: &mut [Fresh], workspace: &mut Workspace) {
        let queries = self.shape.query_width();
        let Workspace { team, isa, input, output, .. } = workspace;
        output.resize(new.len() * queries, 0.0);
        kernel::multiply(team, *isa, input, std::slice::from_ref(query), output, queries);
        for (position, row) in new.iter_mut().zip(output.chunks_exact(queries)) {
            position.second_mut(number).copy_from_slice(row);
        }
    }

    /// Each head's mixture of values, side by side, as the output projection's input.
    fn attend(
        &self,
        layer: usize,
        kind: AttentionKind,
        new: &[Fresh],
        distances: &Distances<'_>,
        workspace: &mut Workspace,
    ) {
        let Workspace { team, isa, input, partial, .. } = workspace;
        input.reset(new.len(), self.shape.query_width());
        let sight = self.sight(kind, layer, new, distances);
        self.layout(*isa).attend(team, sight, partial, input);
        if self.changes.touch(sight.side(), layer) {
            self.disturb(sight, *isa, input);
        }
    }

    fn sight<'s>(
        &'s self,
        kind: AttentionKind,
        layer: usize,
        new: &'s [Fresh],
        distances: &'s Distances<'s>,
    ) -> Sight<'s> {
        let context = Context { past: self.past, new };
        let Self { source, mask, changes, .. } = *self;
        let encoder = self.seen_by.is_some();
        Sight { kind, layer, context, source, mask, distances, encoder, changes }
    }

    pub(crate) fn layout(&self, isa: Isa) -> Layout {
        let Shape { heads, kv_heads, head_width: width, .. } = self.shape;
        let Blueprint { attention_cap: cap, .. } = *self.blueprint;
        Layout { isa, heads, kv_heads, width, scale: self.blueprint.attention_factor(width), cap }
    }

    /// The feed-forward sublayer, from reading the residual stream to adding to it.
    fn feed_forward(&self, number: usize, layer: &Layer, rows: usize, workspace: &mut Workspace, watch: Watch<'_>) {
        let feed_forward = self.shape.feed_forward;
        self.read(&layer.feed_forward_norm, rows, workspace);
        let Workspace { team, isa, input, output, .. } = workspace;
        let stride = if self.blueprint.gated { 2 * feed_forward } else { feed_forward };
        output.resize(rows * stride, 0.0);
        kernel::multiply(team, *isa, input, &layer.expansions, output, stride);
        input.reset(rows, feed_forward);
        input.write(team, |i, out| {
            let (gate, up) = output[i * stride..][..stride].split_at(feed_forward);
            activate(self.blueprint.activation, gate, self.blueprint.gated.then_some(up), out);
        });
        self.write(&layer.down, workspace);
        self.tell(number, Sublayer::FeedForward, workspace, watch);
        self.add(layer.after.as_ref().map_or(&layer.feed_forward_norm, |(_, norm)| norm), workspace);
    }
}

/// What the decoder's layers see of each source position: keys and values of its last hidden state.
pub(crate) fn show_source(stack: &Stack, shape: Shape, source: &mut [Fresh], workspace: &mut Workspace) {
    let keys = shape.key_width();
    let Workspace { team, isa, input, output, .. } = workspace;
    let Some(width) = source.first().map(|position| position.hidden().len()) else { return };
    input.reset(source.len(), width);
    for (i, position) in source.iter().enumerate() {
        input.row_mut(i).copy_from_slice(position.hidden());
    }
    for (number, cross) in stack.layers.iter().enumerate().filter_map(|(n, layer)| Some((n, layer.cross.as_ref()?))) {
        output.resize(source.len() * 2 * keys, 0.0);
        kernel::multiply(team, *isa, input, &cross.source, output, 2 * keys);
        for (position, row) in source.iter_mut().zip(output.chunks_exact(2 * keys)) {
            position.source_mut(number).copy_from_slice(row);
        }
    }
}
