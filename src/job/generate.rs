//! Generating: one token chosen at a time, each with the evidence of its choice.

use std::sync::Arc;
use std::time::Duration;

use super::Body;
use super::Origin;
use super::Rows;
use super::Score;
use super::Send;
use super::Stop;
use super::Ticket;
use super::distribution;
use super::look;
use super::said;
use crate::lm;
use crate::lm::Distribution;
use crate::lm::Position;
use crate::lm::Sampler;
use crate::lm::Stage;
use crate::lm::Workspace;
use crate::model::Model;
use crate::text::Tokenizer;

/// What to continue, and how.
#[derive(Debug)]
pub struct Generate {
    /// The model that continues.
    pub model: Arc<Model>,
    /// What it computed for every token of the path; not empty.
    pub context: Vec<Arc<Position>>,
    /// The token to take first, when it was picked by hand.
    pub picked: Option<u32>,
    /// How a token is chosen.
    pub sampler: Sampler,
    /// The seed of the random numbers.
    pub seed: u64,
    /// Number of the first random number: how many tokens were generated before.
    pub first_draw: u64,
    /// How many tokens to add, at most.
    pub steps: usize,
    /// The layer and head whose attention is in view: its new row comes with each token.
    pub watched: (usize, usize),
    /// The least time between two tokens.
    pub rest: Duration,
    /// How many threads compute.
    pub threads: usize,
}

/// One generated token with its evidence.
#[derive(Debug)]
pub struct Step {
    /// The token.
    pub token: u32,
    /// How it was chosen.
    pub origin: Origin,
    /// What it cost under the model's own distribution.
    pub score: Score,
    /// What the model computed when it read the token.
    pub position: Arc<Position>,
    /// The distribution after it.
    pub next: Arc<Distribution>,
    /// Its row of the head that is watched.
    pub row: Rows,
    /// Time from choosing the token to the distribution after it.
    pub elapsed: Duration,
    /// Whether the token ends the text.
    pub last: bool,
}

pub(super) fn generate(job: Generate, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let Generate { model, mut context, mut picked, sampler, seed, first_draw, steps, watched, rest, threads } = job;
    let engine = &model.engine;
    let end = model.tokenizer.as_ref().and_then(Tokenizer::eos);
    // At temperature 0 nothing is left to chance, whatever the stages after it.
    let greedy = sampler.stages.contains(&Stage::Temperature(0.0));
    let mut workspace = Workspace::new(threads);
    let Some(tip) = context.len().checked_sub(1) else { return Ok(()) };
    let mut next = distribution(engine.logits(&context[tip..], &mut workspace)?)?;
    for index in 0..steps as u64 {
        let start = ticket.clock();
        let (token, origin) = match picked.take() {
            Some(token) => (token, Origin::Picked),
            None if greedy => (next.most_probable(), Origin::Greedy),
            None => {
                let draw = lm::uniform(seed, first_draw + index);
                (sampler.shape(&next).draw(draw), Origin::Sampled { draw })
            }
        };
        let score = Score {
            surprisal: next.surprisal_bits(token),
            entropy: next.entropy_bits(),
            rank: next.rank(token).unwrap_or(usize::MAX),
        };
        let wanted = || ticket.is_current();
        let read = engine.extend(&context, &[token], &engine.blueprint.mask, &mut workspace, &wanted)?;
        next = distribution(engine.logits(&read, &mut workspace)?)?;
        context.extend_from_slice(&read);
        let Some(position) = read.into_iter().next() else { return Ok(()) };
        let ((layer, head), query) = (watched, context.len() - 1);
        let weights = look::row(engine, &context, layer, head, query);
        let row = Rows { layer, head, rows: vec![(query, Arc::from(weights))] };
        let last = Some(token) == end;
        let elapsed = ticket.clock().saturating_sub(start);
        let step = Step { token, origin, score, position, next: Arc::clone(&next), row, elapsed, last };
        said(send(Body::Step(Box::new(step))))?;
        if last {
            break;
        }
        if index + 1 < steps as u64 && !ticket.rest(rest.saturating_sub(elapsed)) {
            return Err(Stop::Unwanted);
        }
    }
    Ok(())
}
