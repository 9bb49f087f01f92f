//! Reading: the model's forward pass over a text, then what each of its tokens cost.

use std::ops::Range;
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
    /// How many of them, at the front, are the source that an encoder reads.
    pub source: usize,
    /// The tokens to score: from the first whose cost is not known to the last that has one.
    pub unscored: Range<usize>,
    /// How many threads compute.
    pub threads: usize,
}

pub(super) fn read(job: Read, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let Read { model, mut context, tokens, source, unscored, threads } = job;
    let engine = &model.engine;
    let mut workspace = Workspace::new(threads);
    let wanted = || ticket.is_current();
    let mask = &engine.blueprint.mask;
    if context.len() < source {
        context = engine.encode(&tokens[..source], &mut workspace, &wanted)?;
        said(send(Body::Read { first: 0, positions: context.clone() }))?;
    }
    // A text that is seen from both sides goes through the layers whole.
    let chunk = if mask.joint() == Some(0) { PREFILL } else { tokens.len() };
    while context.len() < tokens.len() {
        let first = context.len();
        let chunk = &tokens[first..tokens.len().min(first + chunk)];
        let positions = engine.extend(&context, chunk, mask, &mut workspace, &wanted)?;
        context.extend_from_slice(&positions);
        said(send(Body::Read { first, positions }))?;
    }
    if !engine.has_head() {
        return Ok(());
    }
    if !engine.blueprint.predicts_next() {
        if !model.can_hide() {
            return Ok(());
        }
        for first in unscored.filter(|&index| Some(tokens[index]) != model.mask()) {
            let hidden = engine.cloze(&tokens, first, model.mask(), &mut workspace, &wanted)?;
            let distribution = distribution(engine.logits(&[hidden], &mut workspace)?)?;
            said(send(Body::Scores { first, scores: vec![Score::of(&distribution, tokens[first])] }))?;
        }
        return Ok(());
    }
    if let Some(index) = tokens.len().checked_sub(1) {
        let logits = engine.logits(&context[index..=index], &mut workspace)?;
        said(send(Body::Distribution { index, distribution: distribution(logits)? }))?;
    }
    let mut first = unscored.start.max(source + 1);
    while first < unscored.end {
        if !ticket.is_current() {
            return Err(Stop::Unwanted);
        }
        let end = unscored.end.min(first + SCORED);
        let logits = engine.logits(&context[first - 1..end - 1], &mut workspace)?;
        let mut scores = Vec::with_capacity(end - first);
        for (row, &token) in logits.chunks_exact(logits.len() / (end - first)).zip(&tokens[first..end]) {
            scores.push(Score::of(&*distribution(row.to_vec())?, token));
        }
        said(send(Body::Scores { first, scores }))?;
        first = end;
    }
    Ok(())
}
