//! What each head, each feed-forward block and the embedding added to one token's logit.
//!
//! The residual stream is a sum (Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits"), and the logit a
//! product with it once every norm divides by what it divided by in this pass: then the parts add up to the logit. In
//! families whose norms stand in the stream (after each sublayer) all of them are held fast, in the others the last one
//! alone; where a dense layer with a non-linearity stands before the head, its gate is held fast too. What a part would
//! change through later layers that read it is not in its contribution: that is what interventions show.

use super::{
    super::{
        activation::activate,
        attention::{AttentionKind, bent},
        blueprint::{Norm, NormPlace, Residual},
        distribution::Distribution,
        error::ForwardError,
        intervention::{Conditions, LayerPlace, PatchPlace, Side},
        kernel,
        matrix::Linear,
        norm::normalize_in_place,
        pass::{Seen, Sublayer},
        position::Position,
        transformer::{Transformer, sourced},
        weights::{Head, Layer, NormWeights, Own},
        workspace::Workspace,
    },
    ExplainError,
    lens::length,
    row_of,
};

/// Where a contribution comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The embeddings' sum.
    Embedding,
    /// What was put into the residual stream before this layer.
    Patch(usize),
    /// A head of a layer.
    Head {
        /// The layer, from 0.
        layer: usize,
        /// To its own stack, or to the source.
        kind: AttentionKind,
        /// The head, from 0.
        head: usize,
    },
    /// The bias of a layer's output projection.
    OutputBias {
        /// The layer, from 0.
        layer: usize,
        /// To its own stack, or to the source.
        kind: AttentionKind,
    },
    /// A layer's recurrent cell.
    Cell(usize),
    /// A layer's feed-forward block, its bias included.
    FeedForward(usize),
    /// What norms and the head add whatever they are given.
    Constant,
}

/// What a part added to the logit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    /// The part.
    pub part: Part,
    /// Its share of the logit.
    pub logit: f64,
}

/// What all parts added to one token's logit at one position.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// The position's index in the context.
    pub position: usize,
    /// The token.
    pub token: u32,
    /// The token's logit as the model computed it.
    pub logit: f32,
    /// The sum of all contributions: the logit, or what the model bends to stay within its cap.
    pub sum: f64,
    /// The sum bent to stay within the model's cap, where it has one: the logit.
    pub capped: Option<f64>,
    /// How many norms were held fast.
    pub norms: usize,
    /// Whether the gate of a dense layer before the head was held fast too.
    pub gated: bool,
    /// In the order of the pass.
    pub parts: Vec<Contribution>,
    /// ‖x‖₂ of the residual stream as it enters each layer and as it leaves the last, `[layers + 1]`; 0 before a patch.
    pub stream_norms: Vec<f32>,
}

impl Attribution {
    /// What a head added, if it is one of the parts.
    pub fn of_head(&self, layer: usize, kind: AttentionKind, head: usize) -> Option<f64> {
        let part = Part::Head { layer, kind, head };
        self.parts.iter().find(|found| found.part == part).map(|found| found.logit)
    }

    /// The logit less what the parts add up to: what rounding left.
    pub fn difference(&self) -> f64 {
        f64::from(self.logit) - self.capped.unwrap_or(self.sum)
    }
}

/// What was seen of one layer at the position.
#[derive(Clone, Default)]
struct LayerSeen {
    /// Sublayers in order: what the heads mixed, and what the sublayer gave.
    given: Vec<(Sublayer, Vec<f32>, Vec<f32>)>,
}

/// A norm of the stream on the way of the pass: what it was given.
type Normed<'a> = (&'a NormWeights, Vec<f32>);

impl Transformer {
    /// What each part added to the logit of `token` at the position `index` of `context`, which was computed under these
    /// conditions; without a token, to that of the most probable one.
    ///
    /// # Errors
    /// A position outside the context or in the source, a token outside the vocabulary, a model without head, a logit that
    /// is not a number, or stopped.
    pub fn attribute<'a>(
        &self,
        context: &[Position],
        under: impl Into<Conditions<'a>>,
        index: usize,
        token: Option<u32>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Attribution, ExplainError> {
        let under = under.into();
        let (source, width, layers) = (sourced(context).0.len(), self.config.width, self.config.layers);
        if index < source {
            return Err(ForwardError::NoSuchPosition { index, length: context.len() }.into());
        }
        let vocabulary = self.config.vocabulary;
        if let Some(token) = token.filter(|token| *token as usize >= vocabulary) {
            return Err(ForwardError::UnknownToken { token, vocabulary }.into());
        }
        let mut streams = vec![Vec::new(); layers + 1];
        let mut seen = vec![LayerSeen::default(); layers];
        let (mut mixed, mut hidden) = (Vec::new(), Vec::new());
        self.replay(context, under, index..index + 1, workspace, go_on, &mut |first, what| {
            let row = |rows| row_of(rows, width, first, index).map(<[f32]>::to_vec);
            match what {
                Seen::Stream(layer, rows) => streams[layer] = row(rows).unwrap_or_default(),
                Seen::Mixed(_, _, rows) => {
                    if let Some(row) = index.checked_sub(first).filter(|row| *row < rows.rows()) {
                        mixed = rows.row(row)[..self.config.main().query_width()].to_vec();
                    }
                }
                Seen::Given(layer, sublayer, rows) => {
                    if let Some(row) = row(rows) {
                        seen[layer].given.push((sublayer, std::mem::take(&mut mixed), row));
                    }
                }
                Seen::Hidden(rows) => hidden = row(rows).unwrap_or(std::mem::take(&mut hidden)),
            }
        })?;
        // What is put in before a layer takes the place of all that was there.
        let patched = (0..layers).rev().find(|&layer| {
            let place = PatchPlace::Stream(LayerPlace { side: Side::Main, layer });
            under.interventions.patches(place).any(|(position, _)| position == index - source)
        });
        let mut logits = Vec::new();
        self.read_out(std::iter::once(hidden.as_slice()), workspace, &mut logits)?;
        let distribution = Distribution::new(logits)?;
        let token = token.unwrap_or_else(|| distribution.most_probable());
        let begin = patched.unwrap_or(0);
        let mut parts = Vec::new();
        let (mut direction, mut constant, gated) = self.of_head(token, &hidden, workspace)?;
        let mut norms = self.stream_norms(&streams[begin], &seen[begin..], begin);
        let count = norms.iter().flatten().count();
        if let Some(Some((norm, given))) = norms.pop() {
            constant += self.back(norm, &given, &mut direction);
        }
        for layer in (begin..layers).rev() {
            let weights = &self.weights.main.layers[layer];
            for (sublayer, mixed, given) in seen[layer].given.iter().rev() {
                if *sublayer == Sublayer::Attention(AttentionKind::QueryStream) {
                    continue;
                }
                if let Some(Some((norm, sum))) = norms.pop() {
                    constant += self.back(norm, &sum, &mut direction);
                }
                let mut own = direction.clone();
                if let (NormPlace::Both, Some((attention, feed_forward))) = (self.blueprint.norm_place, &weights.after)
                {
                    let norm = if *sublayer == Sublayer::FeedForward { feed_forward } else { attention };
                    constant += self.back(norm, given, &mut own);
                }
                match sublayer {
                    Sublayer::FeedForward => {
                        parts.push(Contribution { part: Part::FeedForward(layer), logit: dot(&own, given) });
                    }
                    Sublayer::Cell => parts.push(Contribution { part: Part::Cell(layer), logit: dot(&own, given) }),
                    Sublayer::Attention(kind) => self.heads(weights, layer, *kind, mixed, given, &own, &mut parts),
                }
            }
        }
        let first = patched.map_or(Part::Embedding, Part::Patch);
        parts.push(Contribution { part: first, logit: dot(&direction, &streams[begin]) });
        parts.reverse();
        parts.push(Contribution { part: Part::Constant, logit: constant });
        let sum: f64 = parts.iter().map(|part| part.logit).sum();
        Ok(Attribution {
            position: index,
            token,
            logit: distribution.logits()[token as usize],
            sum,
            capped: self.blueprint.logit_cap.map(|cap| f64::from(bent(sum as f32, cap))),
            norms: count,
            gated,
            parts,
            stream_norms: streams.iter().map(|stream| length(stream)).collect(),
        })
    }

    /// What the heads of an attention and its bias add in a direction.
    #[expect(clippy::too_many_arguments, reason = "one sublayer, what it computed, and where that is wanted")]
    fn heads(
        &self,
        weights: &Layer,
        layer: usize,
        kind: AttentionKind,
        mixed: &[f32],
        given: &[f32],
        direction: &[f64],
        parts: &mut Vec<Contribution>,
    ) {
        // An attention that is taken out gave zeros whatever its heads mixed.
        let silent = given.iter().all(|x| *x == 0.0);
        let Linear { matrix, bias } = match (kind, &weights.cross) {
            (AttentionKind::Cross, Some(cross)) => &cross.output,
            _ => match &weights.own {
                Own::Attention(attention) => &attention.output,
                Own::Cell(_) => return,
            },
        };
        let zero = |x: f64| if silent { 0.0 } else { x };
        if let Some(bias) = bias {
            let logit = zero(dot(direction, bias));
            parts.push(Contribution { part: Part::OutputBias { layer, kind }, logit });
        }
        let pulled = if silent { vec![0.0; matrix.columns()] } else { matrix.pull(direction) };
        let width = self.config.head_width;
        let heads = pulled.chunks_exact(width).zip(mixed.chunks_exact(width)).enumerate();
        let heads: Vec<_> = heads
            .map(|(head, (pulled, mixed))| Contribution {
                part: Part::Head { layer, kind, head },
                logit: dot(pulled, mixed),
            })
            .collect();
        parts.extend(heads.into_iter().rev());
    }

    /// The direction of the last hidden state that a token's logit is a product with, what it adds whatever that state is,
    /// and whether a gate was held fast.
    fn of_head(
        &self,
        token: u32,
        hidden: &[f32],
        workspace: &mut Workspace,
    ) -> Result<(Vec<f64>, f64, bool), ExplainError> {
        let Head { transform, linear } = self.weights.head.as_ref().ok_or(ForwardError::NoHead)?;
        let mut unit = vec![0.0; self.config.vocabulary];
        unit[token as usize] = 1.0;
        let mut direction = linear.matrix.pull(&unit);
        let mut constant = linear.bias.as_ref().map_or(0.0, |bias| f64::from(bias[token as usize]));
        let scale = self.blueprint.head_scale;
        if let (Some((dense, norm)), Some(activation)) = (transform, self.blueprint.head_transform) {
            let scaled: Vec<f32> = hidden.iter().map(|x| x * scale).collect();
            let before = applied(dense, &scaled, workspace);
            let mut after = vec![0.0; before.len()];
            activate(activation, &before, None, &mut after);
            constant += self.back(norm, &after, &mut direction);
            for ((direction, before), after) in direction.iter_mut().zip(&before).zip(&after) {
                *direction *= if *before == 0.0 { 0.0 } else { f64::from(*after) / f64::from(*before) };
            }
            constant += dense.bias.as_ref().map_or(0.0, |bias| dot(&direction, bias));
            direction = dense.matrix.pull(&direction);
        }
        for x in &mut direction {
            *x *= f64::from(scale);
        }
        Ok((direction, constant, transform.is_some()))
    }

    /// For each sublayer of the layers from `begin` on, the norm of the stream that follows it and what that was given;
    /// then the same of the final norm. In the order of the pass.
    fn stream_norms(&self, start: &[f32], seen: &[LayerSeen], begin: usize) -> Vec<Option<Normed<'_>>> {
        let mut stream = start.to_vec();
        let mut norms = Vec::new();
        for (weights, seen) in self.weights.main.layers[begin..].iter().zip(seen) {
            for (sublayer, _, given) in &seen.given {
                let after = weights.after.as_ref();
                let norm = match sublayer {
                    Sublayer::Attention(AttentionKind::QueryStream) => continue,
                    Sublayer::Attention(AttentionKind::Cross) => weights.cross.as_ref().map(|cross| &cross.norm),
                    Sublayer::Attention(AttentionKind::Own) | Sublayer::Cell => {
                        Some(after.map_or(&weights.attention_norm, |(norm, _)| norm))
                    }
                    Sublayer::FeedForward => Some(after.map_or(&weights.feed_forward_norm, |(_, norm)| norm)),
                };
                let mut given = given.clone();
                let (place, kind, epsilon) = (self.blueprint.norm_place, self.blueprint.norm, self.config.norm_epsilon);
                if let (NormPlace::Both, Some(norm)) = (place, norm) {
                    normalize_in_place(kind, norm, epsilon, &mut given);
                }
                stream.iter_mut().zip(&given).for_each(|(x, given)| *x += given);
                norms.push(match norm {
                    Some(norm) if place == NormPlace::After && self.blueprint.residual == Residual::Serial => {
                        let sum = stream.clone();
                        normalize_in_place(kind, norm, epsilon, &mut stream);
                        Some((norm, sum))
                    }
                    _ => None,
                });
            }
        }
        norms.push(self.weights.main.final_norm.as_ref().map(|norm| (norm, stream)));
        norms
    }

    /// Takes a direction of a norm's output back to its input `x`, the norm dividing by what it divides `x` by; returns
    /// what its shift adds.
    fn back(&self, norm: &NormWeights, x: &[f32], direction: &mut [f64]) -> f64 {
        let width = x.len() as f64;
        let shift = norm.shift.as_ref().map_or(0.0, |shift| dot(direction, shift));
        let mean = match self.blueprint.norm {
            Norm::Layer => x.iter().map(|x| f64::from(*x)).sum::<f64>() / width,
            Norm::Rms => 0.0,
        };
        let variance = x.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / width;
        let factor = 1.0 / (variance + f64::from(self.config.norm_epsilon)).sqrt();
        for (direction, scale) in direction.iter_mut().zip(&norm.scale) {
            *direction *= f64::from(*scale) * factor;
        }
        if self.blueprint.norm == Norm::Layer {
            let mean = direction.iter().sum::<f64>() / width;
            for direction in direction.iter_mut() {
                *direction -= mean;
            }
        }
        shift
    }
}

fn dot(direction: &[f64], x: &[f32]) -> f64 {
    direction.iter().zip(x).map(|(d, x)| d * f64::from(*x)).sum()
}

/// A linear layer's output, `[out]`.
fn applied(linear: &Linear, x: &[f32], workspace: &mut Workspace) -> Vec<f32> {
    let Workspace { team, isa, input, .. } = workspace;
    input.reset(1, x.len());
    input.row_mut(0).copy_from_slice(x);
    let mut out = vec![0.0; linear.matrix.rows()];
    kernel::multiply(team, *isa, input, std::slice::from_ref(linear), &mut out, linear.matrix.rows());
    out
}
