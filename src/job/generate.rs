//! Generating: one token chosen at a time, each with the evidence of its choice.

use std::sync::Arc;
use std::time::Duration;

use super::Body;
use super::Origin;
use super::Rows;
use super::Score;
use super::Send;
use super::Stop;
use super::Subject;
use super::Ticket;
use super::look;
use super::said;
use crate::lm;
use crate::lm::Distribution;
use crate::lm::Interventions;
use crate::lm::Kind;
use crate::lm::Past;
use crate::lm::Position;
use crate::lm::Sampler;
use crate::lm::Workspace;
use crate::model::Model;
use crate::text::Tokenizer;

/// What to continue, and how.
#[derive(Debug)]
pub struct Generate {
    /// The model that continues.
    pub model: Arc<Model>,
    /// What it computed for every token of the path; not empty.
    pub context: Vec<Position>,
    /// The token to take first, when it was picked by hand.
    pub picked: Option<u32>,
    /// How a token is chosen.
    pub sampler: Sampler,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The tokens of the path that the model continues, without a source.
    pub tokens: Vec<u32>,
    /// How many of them were generated: the number of the first random number.
    pub generated: usize,
    /// What mirostat has come to; see [`crate::lm::Past::mu`].
    pub mu: Option<f64>,
    /// How many tokens to add, at most.
    pub steps: usize,
    /// The layer and head whose attention is in view: its new row comes with each token.
    pub watched: (usize, usize),
    /// The least time between two tokens.
    pub rest: Duration,
    /// What is changed in the model, under which `context` was computed.
    pub changes: Arc<Interventions>,
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
    /// What mirostat came to by it.
    pub mu: Option<f64>,
    /// What the model computed when it read the token.
    pub position: Position,
    /// The distribution after it.
    pub next: Arc<Distribution>,
    /// Its row of the head that is watched.
    pub row: Rows,
    /// Time from choosing the token to the distribution after it.
    pub elapsed: Duration,
    /// Whether the token ends the text.
    pub last: bool,
}

/// The distribution that `logits` describe, made on the workspace's threads.
fn prepared(logits: Vec<f32>, sampler: &Sampler, workspace: &mut Workspace) -> Result<Arc<Distribution>, Stop> {
    Distribution::prepared(logits, sampler, workspace).map(Arc::new).map_err(Stop::NotFinite)
}

pub(super) fn generate(job: Generate, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let Generate { model, mut context, mut picked, sampler, seed, mut tokens, generated, .. } = job;
    let Generate { mut mu, steps, watched, rest, changes, threads, .. } = job;
    let engine = &model.engine;
    let under = model.under(&changes);
    let end = model.tokenizer.as_ref().and_then(Tokenizer::eos);
    let adapts = sampler.stages.iter().any(|stage| stage.kind == Kind::Mirostat);
    let mut workspace = Workspace::new(threads);
    let Some(tip) = context.len().checked_sub(1) else { return Ok(()) };
    let logits = engine.logits(&context[tip..], &mut workspace)?;
    let mut next = prepared(logits, &sampler, &mut workspace)?;
    for index in 0..steps {
        let start = ticket.clock();
        let count = generated + index;
        let shape = |next: &Distribution| {
            let past = Past { tokens: &tokens, generated: count, mu, chance: lm::chance(seed, count as u64) };
            sampler.shape(next, &past)
        };
        let (token, origin, adapted) = if let Some(token) = picked.take() {
            (token, Origin::Picked, adapts.then(|| shape(&next).mirostat_after(token)))
        } else {
            let (shaped, draw) = (shape(&next), lm::uniform(seed, count as u64));
            let origin = if sampler.is_greedy() { Origin::Greedy } else { Origin::Sampled { draw } };
            let token = shaped.draw(draw);
            (token, origin, adapts.then(|| shaped.mirostat_after(token)))
        };
        mu = adapted.flatten().or(mu);
        tokens.push(token);
        let score = Score {
            surprisal: next.surprisal_bits(token),
            entropy: next.entropy_bits(),
            rank: next.rank(token).unwrap_or(usize::MAX),
        };
        let wanted = || ticket.is_current();
        let query = context.len();
        engine.append(&mut context, &[token], under, &mut workspace, &wanted)?;
        let logits = engine.logits(&context[query..], &mut workspace)?;
        next = prepared(logits, &sampler, &mut workspace)?;
        let (position, (layer, head)) = (context[query].clone(), watched);
        let weights = look::row(engine, &context, under, layer, head, query);
        let row = Rows { subject: Subject::Head(layer, head), rows: vec![(query, Arc::from(weights))] };
        let last = Some(token) == end;
        let elapsed = ticket.clock().saturating_sub(start);
        let step = Step { token, origin, score, mu, position, next: Arc::clone(&next), row, elapsed, last };
        said(send(Body::Step(Box::new(step))))?;
        if last {
            break;
        }
        if index + 1 < steps && !ticket.rest(rest.saturating_sub(elapsed)) {
            return Err(Stop::Unwanted);
        }
    }
    Ok(())
}
