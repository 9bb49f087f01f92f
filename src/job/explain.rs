//! Explanations under way: what interventions make of the run, one row of attention step by step, what each layer would
//! have said, what each part added to a logit.

use std::ops::Range;
use std::sync::Arc;

use super::Body;
use super::Fault;
use super::Send;
use super::Stop;
use super::Ticket;
use super::distribution;
use super::said;
use crate::lab::information::Divergence;
use crate::lab::information::Surprisals;
use crate::lm::AttentionKind;
use crate::lm::Distribution;
use crate::lm::Interventions;
use crate::lm::Position;
use crate::lm::Workspace;
use crate::lm::explain::Attribution;
use crate::lm::explain::Calculation;
use crate::lm::explain::ExplainError;
use crate::lm::explain::KeyVectors;
use crate::lm::explain::Lens;
use crate::lm::explain::PrepareError;
use crate::lm::explain::Streams;
use crate::model::Model;

/// The tokens that each depth of the lens keeps.
const TOP: usize = 3;

/// What to explain.
#[derive(Debug)]
pub struct Explain {
    /// The model.
    pub model: Arc<Model>,
    /// What it computed along the path.
    pub context: Vec<Position>,
    /// The tokens of the path.
    pub tokens: Vec<u32>,
    /// What is changed in the model, under which `context` was computed.
    pub changes: Arc<Interventions>,
    /// What it computed without changes, for the first tokens of the path.
    pub plain: Vec<Position>,
    /// The position whose distributions before and after are compared.
    pub effect: Option<usize>,
    /// A cell of attention.
    pub cell: Option<Cell>,
    /// Positions whose layers are read, and the one whose logit is taken apart.
    pub layers: Option<(Vec<usize>, Option<usize>)>,
    /// How many threads compute.
    pub threads: usize,
}

/// A cell of attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The layer, from 0.
    pub layer: usize,
    /// The head, from 0.
    pub head: usize,
    /// The query's index on the path.
    pub query: usize,
    /// The key's.
    pub key: usize,
}

/// What interventions change in the distribution at one position.
#[derive(Clone, Debug)]
pub struct Effect {
    /// The position's index on the path.
    pub index: usize,
    /// KL(before‖after), in bits.
    pub kl_bits: f64,
    /// The distribution without interventions.
    pub before: Arc<Distribution>,
    /// The rank of every token in it, from 1.
    pub ranks: Arc<[u32]>,
    /// The most probable token before.
    pub choice: u32,
    /// Its probability before and after.
    pub probability: [f32; 2],
    /// Its rank after, from 1.
    pub rank: usize,
    /// The most probable token after.
    pub now: u32,
}

/// A cell of attention, computed step by step.
#[derive(Clone, Debug, PartialEq)]
pub struct Calculated {
    /// The cell.
    pub cell: Cell,
    /// The row.
    pub row: Calculation,
    /// The key's vectors.
    pub vectors: KeyVectors,
    /// The most probable token at the query and what the head added to its logit, where there is one.
    pub logit: Option<(u32, f64)>,
}

/// Part of an explanation.
#[derive(Debug)]
pub enum Explanation {
    /// The run's residual streams.
    Streams(Arc<Streams>),
    /// What the model computes without interventions at the tokens of the path from `first` on.
    Plain {
        /// Index on the path.
        first: usize,
        /// One for each.
        positions: Vec<Position>,
    },
    /// What they change.
    Effect(Effect),
    /// A cell step by step; none where the query has no such attention.
    Cell(Option<Box<Calculated>>),
    /// What each layer would say at a position.
    Lens(Lens),
    /// What each part added to a logit.
    Attribution(Attribution),
}

pub(super) fn explain(job: &Explain, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let engine = &job.model.engine;
    let mut workspace = Workspace::new(job.threads);
    let wanted = || ticket.is_current();
    let mut tell = |what: Explanation| said(send(Body::Explanation(Box::new(what))));
    let (context, under) = (&job.context, job.model.under(&job.changes));
    if let Some(index) = job.effect {
        let [before, after] = both(job, index, &mut workspace, &wanted, &mut tell)?;
        let apart = Divergence::of(&Surprisals::from(&*before), &Surprisals::from(&*after));
        let choice = before.most_probable();
        let mut ranks = vec![0; before.order().len()];
        for (rank, &token) in (1..).zip(before.order()) {
            ranks[token as usize] = rank;
        }
        tell(Explanation::Effect(Effect {
            index,
            kl_bits: apart.map_or(f64::NAN, |apart| apart.kl_pq),
            choice,
            probability: [before.probability(choice), after.probability(choice)],
            rank: after.rank(choice).unwrap_or(0) + 1,
            now: after.most_probable(),
            before,
            ranks: ranks.into(),
        }))?;
    }
    let source = context.iter().take_while(|position| position.is_source()).count();
    if let Some(cell) = job.cell {
        let kind = if cell.key < source && cell.query >= source { AttentionKind::Cross } else { AttentionKind::Own };
        let place = (cell.layer, cell.head);
        let row = engine.calculation(context, under, kind, place, cell.query, &mut workspace)?;
        let vectors = engine.key_vectors(context, under, kind, place, cell.query, cell.key);
        let found = match row.zip(vectors) {
            Some((row, vectors)) => {
                let mut logit = None;
                if engine.has_head() && cell.query >= source {
                    let found = engine.attribute(context, under, cell.query, None, &mut workspace, &wanted)?;
                    logit = found.of_head(cell.layer, kind, cell.head).map(|added| (found.token, added));
                }
                Some(Box::new(Calculated { cell, row, vectors, logit }))
            }
            None => None,
        };
        tell(Explanation::Cell(found))?;
    }
    if let Some((positions, attributed)) = &job.layers {
        if let Some(index) = attributed {
            let found = engine.attribute(context, under, *index, None, &mut workspace, &wanted)?;
            tell(Explanation::Attribution(found))?;
        }
        for range in runs(positions) {
            let mut outcome = Ok(());
            engine.lens(context, under, range, TOP, &mut workspace, &wanted, &mut |lens| {
                if outcome.is_ok() {
                    outcome = tell(Explanation::Lens(lens));
                }
            })?;
            outcome?;
        }
    }
    Ok(())
}

/// Rising numbers as ranges without gaps, a few at a time so that the first are soon there.
fn runs(positions: &[usize]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for &position in positions {
        match runs.last_mut() {
            Some(run) if run.end == position && run.len() < 8 => run.end += 1,
            _ => runs.push(position..position + 1),
        }
    }
    runs
}

/// The distributions at a position of the path without and with interventions: of the token after it, or of the token
/// itself, hidden where the model can hide it.
fn both(
    job: &Explain,
    index: usize,
    workspace: &mut Workspace,
    wanted: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(Explanation) -> Result<(), Stop>,
) -> Result<[Arc<Distribution>; 2], Stop> {
    let engine = &job.model.engine;
    let positions = if job.model.can_hide() {
        let mask = job.model.mask();
        let before = engine.cloze(&job.tokens, index, mask, workspace, wanted)?;
        [before, engine.cloze_changed(&job.tokens, index, mask, &job.changes, workspace, wanted)?]
    } else {
        let mut plain = job.plain.clone();
        let first = plain.len();
        if first < job.tokens.len() {
            let source = job.context.iter().take_while(|position| position.is_source()).count();
            if first < source {
                plain = engine.encode(&job.tokens[..source], workspace, wanted)?;
            }
            let rest = &job.tokens[plain.len()..];
            engine.append(&mut plain, rest, &engine.blueprint.mask, workspace, wanted)?;
            tell(Explanation::Plain { first, positions: plain[first..].to_vec() })?;
        }
        [&plain[index], &job.context[index]].map(Position::clone)
    };
    let logits = engine.logits(&positions, workspace)?;
    let (before, after) = logits.split_at(logits.len() / 2);
    Ok([distribution(before.to_vec())?, distribution(after.to_vec())?])
}

impl From<PrepareError> for Stop {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Forward(error) => error.into(),
            error @ PrepareError::Intervention(_) => Self::Fault(Fault::Change(error)),
        }
    }
}

impl From<ExplainError> for Stop {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::Forward(error) => error.into(),
            ExplainError::NotFinite(logit) => Self::NotFinite(logit),
            error => Self::Fault(Fault::Explain(error)),
        }
    }
}
