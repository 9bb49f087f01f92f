//! Looking ahead: where greedy decoding goes from each of the most probable next tokens.

use std::sync::Arc;

use super::Body;
use super::Score;
use super::Send;
use super::Stop;
use super::Ticket;
use super::distribution;
use super::said;
use crate::lm::Distribution;
use crate::lm::Interventions;
use crate::lm::Position;
use crate::lm::Workspace;
use crate::model::Model;
use crate::text::Tokenizer;

/// Where to look from, and how far.
#[derive(Debug)]
pub struct LookAhead {
    /// The model that continues.
    pub model: Arc<Model>,
    /// What it computed for every token of the path; not empty.
    pub context: Vec<Position>,
    /// How many of the most probable tokens to start from.
    pub candidates: usize,
    /// How many tokens to go from each, itself counted.
    pub steps: usize,
    /// What is changed in the model, under which `context` was computed.
    pub changes: Arc<Interventions>,
    /// How many threads compute.
    pub threads: usize,
}

/// One token more of one road.
#[derive(Debug)]
pub struct Ahead {
    /// The road: the rank of the candidate it starts with, from 0.
    pub road: usize,
    /// The token: of a road's first the candidate, and from there greedy decoding's choice.
    pub token: u32,
    /// What it cost; a road's probability is that of its tokens together.
    pub score: Score,
    /// What the model computed when it read the token; absent past the end of the context.
    pub position: Option<Position>,
    /// Whether the road ends here: it is long enough, the text ends, or the context is full.
    pub last: bool,
}

/// A road on its way.
struct Road {
    path: Vec<Position>,
    next: Arc<Distribution>,
    open: bool,
}

/// Every road takes its next token before any takes the one after, so that all grow together.
pub(super) fn look(job: LookAhead, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let LookAhead { model, context, candidates, steps, changes, threads } = job;
    let engine = &model.engine;
    let end = model.tokenizer.as_ref().and_then(Tokenizer::eos);
    let mut workspace = Workspace::new(threads);
    let Some(tip) = context.len().checked_sub(1) else { return Ok(()) };
    let first = distribution(engine.logits(&context[tip..], &mut workspace)?)?;
    // The source of a decoder takes none of its context.
    let room = engine.config.context + context.iter().filter(|position| position.is_source()).count();
    let count = candidates.min(first.len());
    let mut roads: Vec<Road> =
        (0..count).map(|_| Road { path: context.clone(), next: Arc::clone(&first), open: true }).collect();
    for step in 0..steps {
        for (number, road) in roads.iter_mut().enumerate().filter(|(_, road)| road.open) {
            let token = if step == 0 { first.front(count)[number] } else { road.next.most_probable() };
            let score = Score::of(&road.next, token);
            let mut position = None;
            if road.path.len() < room {
                let under = model.under(&changes);
                let read = road.path.len();
                engine.append(&mut road.path, &[token], under, &mut workspace, &|| ticket.is_current())?;
                if step + 1 < steps && Some(token) != end {
                    road.next = distribution(engine.logits(&road.path[read..], &mut workspace)?)?;
                }
                position = road.path.last().cloned();
            }
            let last = step + 1 == steps || Some(token) == end || position.is_none();
            road.open = !last;
            said(send(Body::Ahead(Box::new(Ahead { road: number, token, score, position, last }))))?;
        }
    }
    Ok(())
}
