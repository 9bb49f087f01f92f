//! The mask lab: the same weights and the same text under one mask after another.
//!
//! What a token costs depends on what foretells it, and that is said beside each number ([`Way`]): the position before it
//! in a model that predicts the next token; a mask token in its place in one that fills in; the stream that does not see
//! it in one that has two. Where the position that foretells a token would see that token under a mask, its number would be
//! no prediction: such a token is foretold by a pass over the text before it alone, read under the same mask.

mod asked;
mod foretell;
pub mod objective;
pub mod rank;
pub mod reuse;

pub use asked::Asked;
pub use asked::Misfit;
pub use asked::fit;
pub use foretell::Told;
pub use foretell::foretell;

use crate::lab::information::Divergence;
use crate::lab::information::Surprisals;
use crate::lab::information::Total;
use crate::lm::Distribution;
use crate::lm::ForwardError;
use crate::lm::NotFinite;
use crate::lm::Position;
use crate::lm::Transformer;
use crate::lm::Workspace;

/// Positions whose logits are held at the same time.
const ROWS: usize = 16;

/// What a text is tried on: its tokens, and what a model may need beside them.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// The tokens; of a model with an encoder before its decoder, the decoder's.
    pub tokens: &'a [u32],
    /// What such an encoder reads.
    pub source: &'a [u32],
    /// The token that stands for a hidden one, where the model has one.
    pub hide: Option<u32>,
}

/// What foretells a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The position before it.
    Next,
    /// A mask token in its place.
    Hidden,
    /// The stream that does not see it.
    Query,
}

impl Way {
    /// How this model foretells; `None` where it has no head, or nothing to hide a token behind.
    pub fn of(engine: &Transformer, hide: Option<u32>) -> Option<Self> {
        if !engine.has_head() {
            None
        } else if engine.has_query_stream() {
            Some(Self::Query)
        } else if engine.blueprint.predicts_next() {
            Some(Self::Next)
        } else {
            hide.map(|_| Self::Hidden)
        }
    }
}

/// What one token costs under a mask.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// −log2 p of the token; `None` where it is given and not foretold.
    pub bits: Option<f64>,
    /// What the whole pass would have charged, where its position sees the token itself: no prediction.
    pub peeked: Option<f64>,
    /// KL(own‖this) in bits, of what foretells the token under the model's own mask and under this one.
    pub divergence: Option<f64>,
}

/// Why a trial gave nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum TrialError {
    /// The forward pass gave nothing.
    Forward(ForwardError),
    /// The model computed a logit that is no number.
    NotFinite(NotFinite),
}

impl From<ForwardError> for TrialError {
    fn from(error: ForwardError) -> Self {
        Self::Forward(error)
    }
}

impl From<NotFinite> for TrialError {
    fn from(error: NotFinite) -> Self {
        Self::NotFinite(error)
    }
}

/// What each token costs, and how far its distribution is from that under the model's own mask.
///
/// # Errors
/// No head; a logit that is no number; stopped by `go_on`.
pub fn costs(
    engine: &Transformer,
    tokens: &[u32],
    told: &Told,
    own: &Told,
    workspace: &mut Workspace,
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<Cost>, TrialError> {
    let mut costs = vec![Cost::default(); tokens.len()];
    let all: Vec<usize> = (0..tokens.len()).filter(|&at| told.by[at].is_some()).collect();
    for places in all.chunks(ROWS) {
        if !go_on() {
            return Err(ForwardError::Stopped.into());
        }
        let those = |by: &[Option<Position>]| -> Vec<Option<Position>> {
            places.iter().map(|&at| by.get(at).cloned().flatten()).collect()
        };
        let here = distributions(engine, &those(&told.by), workspace)?;
        let peeked = distributions(engine, &those(&told.peeking), workspace)?;
        let home = distributions(engine, &those(&own.by), workspace)?;
        for (((&at, here), peeked), home) in places.iter().zip(here).zip(peeked).zip(home) {
            let bits = |distribution: &Distribution| distribution.surprisal_bits(tokens[at]);
            let divergence = match (&home, &here) {
                (Some(home), Some(here)) => {
                    Divergence::of(&Surprisals::from(home), &Surprisals::from(here)).ok().map(|apart| apart.kl_pq)
                }
                _ => None,
            };
            costs[at] = Cost { bits: here.as_ref().map(bits), peeked: peeked.as_ref().map(bits), divergence };
        }
    }
    Ok(costs)
}

fn distributions(
    engine: &Transformer,
    positions: &[Option<Position>],
    workspace: &mut Workspace,
) -> Result<Vec<Option<Distribution>>, TrialError> {
    let there: Vec<_> = positions.iter().flatten().cloned().collect();
    let logits = engine.logits(&there, workspace)?;
    let mut rows = logits.chunks_exact(engine.config.vocabulary.max(1));
    let mut each = |position: &Option<Position>| match position.as_ref().and_then(|_| rows.next()) {
        Some(row) => Ok(Some(Distribution::new(row.to_vec())?)),
        None => Ok(None),
    };
    positions.iter().map(&mut each).collect()
}

/// The sum of what is foretold.
pub fn total(costs: &[Cost]) -> Total {
    costs.iter().filter_map(|cost| cost.bits).collect()
}

/// The sum of what the whole pass would have charged: no prediction where it saw the answer.
pub fn peeked(costs: &[Cost]) -> Option<Total> {
    let any = costs.iter().any(|cost| cost.peeked.is_some());
    any.then(|| costs.iter().filter_map(|cost| cost.peeked.or(cost.bits)).collect())
}

/// The mean cost under the model's own mask of the tokens that both foretell.
pub fn alike(own: &[Cost], costs: &[Cost]) -> Option<f64> {
    let both = own.iter().zip(costs).filter(|(_, cost)| cost.bits.is_some());
    let total: Total = both.filter_map(|(own, _)| own.bits).collect();
    (total.count() > 0).then(|| total.mean())
}

/// The mean divergence from the model's own mask, in bits per token.
pub fn divergence(costs: &[Cost]) -> Option<f64> {
    let total: Total = costs.iter().filter_map(|cost| cost.divergence).collect();
    (total.count() > 0).then(|| total.mean())
}
