//! The mask lab under way: a text under one mask after another, the weights of a head, ranks, and what a cache is worth.

use std::ops::Range;
use std::sync::Arc;

use super::Body;
use super::Fault;
use super::Send;
use super::Stop;
use super::Ticket;
use super::said;
use crate::lab::masks;
use crate::lab::masks::Cost;
use crate::lab::masks::Text;
use crate::lab::masks::Told;
use crate::lab::masks::TrialError;
use crate::lab::masks::rank;
use crate::lab::masks::rank::HeadRank;
use crate::lab::masks::rank::Passes;
use crate::lab::masks::reuse;
use crate::lab::masks::reuse::Reuse;
use crate::lm::AttentionKind;
use crate::lm::ForwardError;
use crate::lm::Mask;
use crate::lm::Position;
use crate::lm::Workspace;
use crate::lm::blueprint::Stacks;
use crate::model::Model;

/// What to try.
#[derive(Debug)]
pub struct TryMasks {
    /// The model.
    pub model: Arc<Model>,
    /// The tokens; of a model with an encoder before its decoder, the decoder's.
    pub tokens: Vec<u32>,
    /// What such an encoder reads.
    pub source: Vec<u32>,
    /// The masks; the model's own is tried before them, as the others are compared with it.
    pub masks: Vec<Mask>,
    /// What was tried before.
    pub known: Vec<Arc<Tried>>,
    /// The layer and the head whose weights are wanted.
    pub place: (usize, usize),
    /// How many of the tokens every head's rank is wanted for, and from which head on.
    pub ranks: Option<(usize, usize)>,
    /// How many of the tokens are a turn that is added, where it is wanted what of the cache stays.
    pub reuse: Option<usize>,
    /// How many threads compute.
    pub threads: usize,
}

/// A text under a mask.
#[derive(Debug)]
pub struct Tried {
    /// The mask, as it was asked for.
    pub mask: Mask,
    /// What was computed.
    pub told: Told,
    /// What each token costs.
    pub costs: Vec<Cost>,
}

/// A head's weights under a mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// The mask.
    pub mask: Mask,
    /// The layer and the head, from 0.
    pub place: (usize, usize),
    /// The weights, a row for each query, over the tokens of the text.
    pub rows: Vec<Vec<f32>>,
    /// Those of the stream that does not see its own token, where it ran.
    pub query: Option<Vec<Vec<f32>>>,
}

/// Part of what the mask lab found.
#[derive(Debug)]
pub enum MaskTrial {
    /// So many tokens of a text are foretold under the mask.
    Progress(Mask, usize),
    /// A text under a mask.
    Tried(Arc<Tried>),
    /// A head's weights.
    Weights(Weights),
    /// The ranks of one more head.
    Ranked(HeadRank),
    /// What a cache is worth.
    Reused(Vec<Reuse>),
}

pub(super) fn run(job: &TryMasks, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let mut workspace = Workspace::new(job.threads);
    for tried in &job.known {
        tell(send, MaskTrial::Weights(weights(job, tried)))?;
    }
    let home = &job.model.engine.blueprint.mask;
    let known = |mask: &Mask| job.known.iter().find(|tried| tried.mask == *mask);
    let own = match known(home) {
        Some(own) => Arc::clone(own),
        None => attempt(job, home, None, &mut workspace, ticket, send)?,
    };
    for mask in job.masks.iter().filter(|mask| *mask != home && known(mask).is_none()) {
        attempt(job, mask, Some(&own.told), &mut workspace, ticket, send)?;
    }
    let heads = job.model.engine.config.layers * job.model.engine.config.heads;
    if let Some((count, from)) = job.ranks.filter(|(_, from)| *from < heads) {
        ranks(job, count, from..heads, &mut workspace, ticket, send)?;
    }
    if let Some(added) = job.reuse.filter(|added| *added < job.tokens.len()) {
        let before = job.tokens.len() - added;
        let (engine, clock) = (&job.model.engine, || ticket.clock());
        let found = reuse::measure(engine, &job.tokens, before, &mut workspace, &|| ticket.is_current(), &clock)?;
        tell(send, MaskTrial::Reused(found))?;
    }
    Ok(())
}

fn tell(send: Send<'_>, found: MaskTrial) -> Result<(), Stop> {
    said(send(Body::Masks(Box::new(found))))
}

/// Reads the text under a mask and tells what came of it; `own` is the text under the model's own mask.
fn attempt(
    job: &TryMasks,
    mask: &Mask,
    own: Option<&Told>,
    workspace: &mut Workspace,
    ticket: &Ticket,
    send: Send<'_>,
) -> Result<Arc<Tried>, Stop> {
    let engine = &job.model.engine;
    let text = Text { tokens: &job.tokens, source: &job.source, hide: job.model.mask() };
    let wanted = || ticket.is_current();
    let told = masks::foretell(engine, text, mask, workspace, &wanted, &mut |count| {
        // A worker that is not heard is told to stop by its ticket.
        let _ = send(Body::Masks(Box::new(MaskTrial::Progress(mask.clone(), count))));
    })?;
    let costs = if told.by.iter().any(Option::is_some) {
        masks::costs(engine, &job.tokens, &told, own.unwrap_or(&told), workspace, &wanted)?
    } else {
        vec![Cost::default(); job.tokens.len()]
    };
    let tried = Arc::new(Tried { mask: mask.clone(), told, costs });
    tell(send, MaskTrial::Tried(Arc::clone(&tried)))?;
    tell(send, MaskTrial::Weights(weights(job, &tried)))?;
    Ok(tried)
}

fn weights(job: &TryMasks, tried: &Tried) -> Weights {
    let engine = &job.model.engine;
    let (told, (layer, head)) = (&tried.told, job.place);
    let rows = |kind| -> Vec<Vec<f32>> {
        let row = |query: usize| {
            let row = engine.attention(&told.path, &told.mask, kind, layer, head, query);
            row.into_iter().skip(told.before).collect()
        };
        (told.before..told.path.len()).map(row).collect()
    };
    let query = engine.has_query_stream().then(|| rows(AttentionKind::QueryStream));
    Weights {
        mask: tried.mask.clone(),
        place: job.place,
        rows: rows(AttentionKind::Own),
        query: query.filter(|rows| rows.iter().flatten().any(|weight| *weight > 0.0)),
    }
}

fn ranks(
    job: &TryMasks,
    count: usize,
    heads: Range<usize>,
    workspace: &mut Workspace,
    ticket: &Ticket,
    send: Send<'_>,
) -> Result<(), Stop> {
    let engine = &job.model.engine;
    let wanted = || ticket.is_current();
    let before = match engine.blueprint.stacks {
        Stacks::EncoderDecoder => engine.encode(&job.source, workspace, &wanted)?,
        _ => Vec::new(),
    };
    let tokens = &job.tokens[..count.min(job.tokens.len())];
    let mut pass = |mask: Mask| {
        let new = engine.extend(&before, tokens, &mask, workspace, &wanted)?;
        Ok::<Vec<Position>, ForwardError>([before.clone(), new].concat())
    };
    let (causal, both_ways) = (pass(Mask::Causal)?, pass(Mask::Bidirectional)?);
    let passes = Passes { causal: &causal, both_ways: &both_ways, before: before.len() };
    for head in heads {
        if !wanted() {
            return Err(Stop::Unwanted);
        }
        let per_layer = engine.config.heads;
        tell(send, MaskTrial::Ranked(rank::one(engine, passes, head / per_layer, head % per_layer)))?;
    }
    Ok(())
}

impl From<TrialError> for Stop {
    fn from(error: TrialError) -> Self {
        match error {
            TrialError::Forward(ForwardError::Stopped) => Self::Unwanted,
            TrialError::Forward(error) => Self::Fault(Fault::Forward(error)),
            TrialError::NotFinite(logit) => Self::NotFinite(logit),
        }
    }
}
