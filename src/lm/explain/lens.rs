//! The logit lens (nostalgebraist 2020): what the model would say if it stopped after each layer. The residual stream goes
//! through the final norm and the head, whatever layer it comes from.

use std::ops::Range;

use super::{
    super::{
        distribution::Distribution,
        error::ForwardError,
        intervention::Conditions,
        norm::normalize,
        pass::Seen,
        position::Position,
        transformer::{Transformer, sourced},
        workspace::Workspace,
    },
    ExplainError,
};

/// Residual streams that are held at the same time, in numbers of their layers and positions together.
const HELD: usize = 1 << 24;

/// What every layer would have said at one position.
#[derive(Clone, Debug, PartialEq)]
pub struct Lens {
    /// The position's index in the context.
    pub position: usize,
    /// The token that the model's last layer holds most probable here.
    pub choice: u32,
    /// Of the embedding, then after each layer: the last is what the model says. `[layers + 1]`
    pub depths: Vec<Depth>,
}

/// What the model would say after some layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Depth {
    /// The most probable tokens and their probabilities, falling.
    pub top: Vec<(u32, f32)>,
    /// The rank of the last layer's choice, from 1.
    pub rank: usize,
    /// The probability of the last layer's choice.
    pub probability: f32,
    /// The entropy of the distribution, in bits.
    pub entropy_bits: f64,
    /// ‖x‖₂ of the residual stream, before the norm.
    pub norm: f32,
}

impl Lens {
    /// After how many layers the choice is the most probable token and stays it.
    pub fn settled(&self) -> usize {
        self.depths.iter().rposition(|depth| depth.rank > 1).map_or(0, |last| last + 1)
    }

    /// The most probable token where it changes: after how many layers, and which. The first is the embedding's.
    pub fn changes(&self) -> Vec<(usize, u32)> {
        let tops = self.depths.iter().map(|depth| depth.top.first().map_or(self.choice, |(token, _)| *token));
        let mut changes: Vec<(usize, u32)> = Vec::new();
        for (after, token) in tops.enumerate() {
            if changes.last().is_none_or(|(_, last)| *last != token) {
                changes.push((after, token));
            }
        }
        changes
    }
}

impl Transformer {
    /// The lens at the positions `range` of `context`, which were computed under these conditions; each is given to `each`
    /// as soon as it is known. The `top` most probable tokens are kept.
    ///
    /// # Errors
    /// A range outside the context or in the source, a model without head, a logit that is not a number, or stopped.
    #[expect(clippy::too_many_arguments, reason = "a run, the part of it that is wanted, and where it goes")]
    pub fn lens<'a>(
        &self,
        context: &[Position],
        under: impl Into<Conditions<'a>>,
        range: Range<usize>,
        top: usize,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
        each: &mut dyn FnMut(Lens),
    ) -> Result<(), ExplainError> {
        let (under, source) = (under.into(), sourced(context).0.len());
        if range.start < source {
            return Err(ForwardError::NoSuchPosition { index: range.start, length: context.len() }.into());
        }
        if !self.has_head() {
            return Err(ForwardError::NoHead.into());
        }
        let (width, layers) = (self.config.width, self.config.layers);
        let part = (HELD / (width * (layers + 1)).max(1)).max(1);
        let mut start = range.start;
        while start < range.end {
            let end = range.end.min(start + part);
            // For each layer and at the end the hidden state: `[positions, width]`.
            let mut streams = vec![vec![0.0_f32; (end - start) * width]; layers + 1];
            let mut hidden = vec![0.0_f32; (end - start) * width];
            self.replay(context, under, start..end, workspace, go_on, &mut |first, seen| {
                let (rows, to) = match seen {
                    Seen::Stream(layer, rows) => (rows, &mut streams[layer]),
                    Seen::Hidden(rows) => (rows, &mut hidden),
                    _ => return,
                };
                for (index, row) in (first..).zip(rows.chunks_exact(width)) {
                    if (start..end).contains(&index) {
                        to[(index - start) * width..][..width].copy_from_slice(row);
                    }
                }
            })?;
            for index in start..end {
                if !go_on() {
                    return Err(ForwardError::Stopped.into());
                }
                let row = |rows: &[f32]| rows[(index - start) * width..][..width].to_vec();
                let streams: Vec<_> = streams.iter().map(|rows| row(rows)).collect();
                each(self.depths(index, &streams, &row(&hidden), top, workspace)?);
            }
            start = end;
        }
        Ok(())
    }

    fn depths(
        &self,
        position: usize,
        streams: &[Vec<f32>],
        hidden: &[f32],
        top: usize,
        workspace: &mut Workspace,
    ) -> Result<Lens, ExplainError> {
        let last = streams.len() - 1;
        let mut read: Vec<Vec<f32>> = streams[..last].to_vec();
        if let Some(norm) = &self.weights.main.final_norm {
            for (normed, stream) in read.iter_mut().zip(streams) {
                normalize(self.blueprint.norm, norm, self.config.norm_epsilon, stream, normed);
            }
        }
        read.push(hidden.to_vec());
        let mut logits = Vec::new();
        self.read_out(read.iter().map(Vec::as_slice), workspace, &mut logits)?;
        let rows = logits.chunks_exact(self.config.vocabulary.max(1));
        let distributions: Vec<_> = rows.map(|row| Distribution::new(row.to_vec())).collect::<Result<_, _>>()?;
        let choice = distributions[last].most_probable();
        let depth = |(distribution, stream): (&Distribution, &Vec<f32>)| Depth {
            top: distribution
                .front(top)
                .iter()
                .take(top)
                .map(|&token| (token, distribution.probability(token)))
                .collect(),
            rank: distribution.rank(choice).unwrap_or(0) + 1,
            probability: distribution.probability(choice),
            entropy_bits: distribution.entropy_bits(),
            norm: length(stream),
        };
        Ok(Lens { position, choice, depths: distributions.iter().zip(streams).map(depth).collect() })
    }
}

/// ‖x‖₂
pub(super) fn length(x: &[f32]) -> f32 {
    x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt() as f32
}
