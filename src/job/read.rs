//! Reading: the model's forward pass over a text, then what each of its tokens cost.

use std::ops::Range;
use std::sync::Arc;

use super::Body;
use super::Explanation;
use super::Score;
use super::Send;
use super::Stop;
use super::Ticket;
use super::distribution;
use super::said;
use crate::lm::Conditions;
use crate::lm::Intervention;
use crate::lm::Interventions;
use crate::lm::Position;
use crate::lm::Transformer;
use crate::lm::Workspace;
use crate::lm::explain::Streams;
use crate::model::Model;

/// Tokens that go through the layers together; the progress shown moves in these steps.
const PREFILL: usize = 128;
/// The most bytes of residual streams that are kept, so that interventions compute only the layers they change: enough for
/// 4,096 tokens in 30 layers 576 wide.
const STREAMS: usize = 320 << 20;
/// Positions whose distributions are computed together when tokens are scored.
const SCORED: usize = 8;

/// The tokens to read.
#[derive(Debug)]
pub struct Read {
    /// The model that reads.
    pub model: Arc<Model>,
    /// What it computed already, for the first tokens of the path.
    pub context: Vec<Position>,
    /// Every token of the path.
    pub tokens: Vec<u32>,
    /// How many of them, at the front, are the source that an encoder reads.
    pub source: usize,
    /// The tokens to score: from the first whose cost is not known to the last that has one.
    pub unscored: Range<usize>,
    /// What is changed in the model.
    pub changes: Changes,
    /// What it computed without changes, for the first tokens of the path: what they leave alone is taken from there.
    pub plain: Vec<Position>,
    /// Its residual streams without changes, if they were computed before.
    pub streams: Option<Arc<Streams>>,
    /// How many threads compute.
    pub threads: usize,
}

/// What is changed in the model: ready, or still to be made so.
#[derive(Clone, Debug)]
pub enum Changes {
    /// Checked, with what patches put in.
    Ready(Arc<Interventions>),
    /// As they were asked for.
    Asked(Vec<Intervention>),
}

impl Default for Changes {
    fn default() -> Self {
        Self::Ready(Arc::default())
    }
}

impl Changes {
    /// The changes, in order.
    pub fn list(&self) -> &[Intervention] {
        match self {
            Self::Ready(ready) => ready.list(),
            Self::Asked(list) => list,
        }
    }
}

pub(super) fn read(job: Read, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let Read { model, mut context, tokens, source, unscored, changes, plain, streams, threads } = job;
    let engine = &model.engine;
    let mut workspace = Workspace::new(threads);
    let wanted = || ticket.is_current();
    let changes = match changes {
        Changes::Ready(changes) => changes,
        Changes::Asked(list) => {
            let ready = Arc::new(engine.interventions(list, &mut workspace, &wanted)?);
            said(send(Body::Ready(Arc::clone(&ready))))?;
            ready
        }
    };
    let under = model.under(&changes);
    if context.is_empty() && plain.len() > source && !changes.is_empty() {
        let whole = plain.len() == tokens.len();
        context = resume(engine, &plain, under, whole, streams, &mut workspace, &wanted, send)?;
        said(send(Body::Read { first: 0, positions: context.clone() }))?;
    }
    if context.len() < source {
        context = engine.encode_changed(&tokens[..source], &changes, &mut workspace, &wanted)?;
        said(send(Body::Read { first: 0, positions: context.clone() }))?;
    }
    // A text that is seen from both sides goes through the layers whole.
    let chunk = if under.mask.joint() == Some(0) { PREFILL } else { tokens.len() };
    while context.len() < tokens.len() {
        let first = context.len();
        let chunk = &tokens[first..tokens.len().min(first + chunk)];
        engine.append(&mut context, chunk, under, &mut workspace, &wanted)?;
        said(send(Body::Read { first, positions: context[first..].to_vec() }))?;
    }
    if !engine.has_head() {
        return Ok(());
    }
    if !engine.blueprint.predicts_next() {
        if !model.can_hide() {
            return Ok(());
        }
        for first in unscored.filter(|&index| Some(tokens[index]) != model.mask()) {
            let hidden = engine.cloze_changed(&tokens, first, model.mask(), &changes, &mut workspace, &wanted)?;
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

/// What interventions leave alone of a context that was computed without them, and where the residual streams of the
/// `whole` path are at hand or small enough to be, all of it: then only the layers from the first changed one are computed.
#[expect(clippy::too_many_arguments, reason = "all of it is the job's")]
fn resume(
    engine: &Transformer,
    plain: &[Position],
    under: Conditions<'_>,
    whole: bool,
    streams: Option<Arc<Streams>>,
    workspace: &mut Workspace,
    wanted: &dyn Fn() -> bool,
    send: Send<'_>,
) -> Result<Vec<Position>, Stop> {
    let source = plain.iter().take_while(|position| position.is_source()).count();
    let size = 4 * engine.config.width * engine.config.layers * (plain.len() - source);
    let deep = under.interventions.first_layer().is_some_and(|layer| layer > 0) && !engine.has_query_stream();
    let mut streams = streams.filter(|_| whole && deep);
    if streams.is_none() && whole && deep && size <= STREAMS {
        let computed = Arc::new(engine.streams(plain, under.mask, workspace, wanted)?);
        said(send(Body::Explanation(Box::new(Explanation::Streams(Arc::clone(&computed))))))?;
        streams = Some(computed);
    }
    match streams {
        Some(streams) => Ok(engine.disturbed(plain, under, Some(&streams), workspace, wanted)?),
        None => Ok(plain[..engine.untouched(plain, under)].to_vec()),
    }
}
