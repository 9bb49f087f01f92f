//! Reading: the model's forward pass over a text, then what each of its tokens cost.

use std::sync::Arc;

use super::Body;
use super::Score;
use super::Send;
use super::Stop;
use super::Ticket;
use super::distribution;
use super::said;
use crate::lm::Position;
use crate::lm::Workspace;
use crate::model::Model;

/// Tokens that go through the layers together; the progress shown moves in these steps.
const PREFILL: usize = 128;
/// Positions whose distributions are computed together when tokens are scored.
const SCORED: usize = 8;

/// The tokens to read.
#[derive(Debug)]
pub struct Read {
    /// The model that reads.
    pub model: Arc<Model>,
    /// What it computed already, for the first tokens of the path.
    pub context: Vec<Arc<Position>>,
    /// Every token of the path.
    pub tokens: Vec<u32>,
    /// The first token whose cost is not known.
    pub unscored: usize,
    /// How many threads compute.
    pub threads: usize,
}

pub(super) fn read(job: Read, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let Read { model, mut context, tokens, unscored, threads } = job;
    let engine = &model.engine;
    let mut workspace = Workspace::new(threads);
    let wanted = || ticket.is_current();
    while context.len() < tokens.len() {
        let first = context.len();
        let chunk = &tokens[first..tokens.len().min(first + PREFILL)];
        let positions = engine.extend(&context, chunk, &engine.blueprint.mask, &mut workspace, &wanted)?;
        context.extend_from_slice(&positions);
        said(send(Body::Read { first, positions }))?;
    }
    if let Some(index) = tokens.len().checked_sub(1) {
        let logits = engine.logits(&context[index..=index], &mut workspace)?;
        said(send(Body::Distribution { index, distribution: distribution(logits)? }))?;
    }
    let mut first = unscored.max(1);
    while first < tokens.len() {
        if !ticket.is_current() {
            return Err(Stop::Unwanted);
        }
        let end = tokens.len().min(first + SCORED);
        let logits = engine.logits(&context[first - 1..end - 1], &mut workspace)?;
        let mut scores = Vec::with_capacity(end - first);
        for (row, &token) in logits.chunks_exact(logits.len() / (end - first)).zip(&tokens[first..end]) {
            let distribution = distribution(row.to_vec())?;
            scores.push(Score {
                surprisal: distribution.surprisal_bits(token),
                entropy: distribution.entropy_bits(),
                rank: distribution.rank(token).unwrap_or(usize::MAX),
            });
        }
        said(send(Body::Scores { first, scores }))?;
        first = end;
    }
    Ok(())
}
