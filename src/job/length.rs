//! Long texts under way: what each strategy loses, token by token, and what length costs, length by length.

use std::sync::Arc;
use std::time::Duration;

use super::Body;
use super::Send;
use super::Stop;
use super::Ticket;
use super::said;
use crate::lab::length;
use crate::lab::length::CUE;
use crate::lab::length::Foretold;
use crate::lab::length::Reading;
use crate::lab::length::Strategy;
use crate::lab::length::cost;
use crate::lab::length::cost::Point;
use crate::lm::Workspace;
use crate::model::Model;
use crate::text::Tokenizer;

/// What to measure.
#[derive(Debug)]
pub struct TryLength {
    /// The model.
    pub model: Arc<Model>,
    /// The text's tokens.
    pub tokens: Vec<u32>,
    /// How many positions the cache holds.
    pub budget: usize,
    /// The strategies to read the text by.
    pub strategies: Vec<Strategy>,
    /// The lengths whose cost is measured.
    pub lengths: Vec<usize>,
    /// Whether the cost comes first.
    pub cost_first: bool,
    /// How many threads compute.
    pub threads: usize,
}

/// Part of what was found.
#[derive(Debug)]
pub enum LengthTrial {
    /// One more token, foretold by a strategy.
    Foretold(Strategy, Foretold),
    /// A strategy has come to the end of the text, in this time.
    Read(Strategy, Duration),
    /// What one more length costs.
    Cost(Point),
}

pub(super) fn run(job: &TryLength, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let mut workspace = Workspace::new(job.threads);
    if job.cost_first {
        costs(job, &mut workspace, ticket, send)?;
    }
    strategies(job, &mut workspace, ticket, send)?;
    if !job.cost_first {
        costs(job, &mut workspace, ticket, send)?;
    }
    Ok(())
}

fn tell(send: Send<'_>, found: LengthTrial) -> Result<(), Stop> {
    said(send(Body::Length(Box::new(found))))
}

fn costs(job: &TryLength, workspace: &mut Workspace, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    if job.lengths.is_empty() {
        return Ok(());
    }
    let (wanted, clock) = (|| ticket.is_current(), || ticket.clock());
    cost::measure(&job.model.engine, &job.lengths, workspace, &wanted, &clock, &mut |point| {
        tell(send, LengthTrial::Cost(point)).is_ok()
    })?;
    Ok(())
}

fn strategies(job: &TryLength, workspace: &mut Workspace, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let tokenizer = job.model.tokenizer.as_ref();
    let cue = tokenizer.map_or_else(Vec::new, |tokenizer| tokenizer.encode(CUE).iter().map(|token| token.id).collect());
    let ends: Vec<u32> = tokenizer.and_then(Tokenizer::eos).into_iter().collect();
    let reading = Reading { tokens: &job.tokens, budget: job.budget, cue: &cue, ends: &ends };
    for &strategy in &job.strategies {
        let begun = ticket.clock();
        let wanted = || ticket.is_current();
        length::read(&job.model.engine, reading, strategy, workspace, &wanted, &mut |token| {
            tell(send, LengthTrial::Foretold(strategy, token)).is_ok()
        })?;
        tell(send, LengthTrial::Read(strategy, ticket.clock().saturating_sub(begun)))?;
    }
    Ok(())
}
