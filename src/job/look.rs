//! Evidence on demand: a distribution, rows of one head's attention, every head at a glance. Everything is computed from
//! the stored positions, for what is visible, so a long context costs no more than a screen of it.

use std::sync::Arc;

use super::Body;
use super::Send;
use super::Stop;
use super::Ticket;
use super::distribution;
use super::said;
use crate::lab::heads;
use crate::lab::heads::Habit;
use crate::lab::heads::HeadScore;
use crate::lm::AttentionKind;
use crate::lm::Position;
use crate::lm::Transformer;
use crate::lm::Workspace;
use crate::model::Model;

/// How many rows of a head's attention its score and its thumbnail are made of.
const GLANCE: usize = 12;
/// How far back from the tip these rows reach.
const GLANCE_SPAN: usize = 96;

/// What to bring.
#[derive(Debug)]
pub struct Look {
    /// The model whose evidence it is.
    pub model: Arc<Model>,
    /// What it computed along the path.
    pub context: Vec<Arc<Position>>,
    /// The tokens of the path.
    pub tokens: Vec<u32>,
    /// The index whose distribution is wanted: of the token after it, or in a model that fills in, of its own.
    pub distribution: Option<usize>,
    /// The layer and head, and the queries whose rows are wanted.
    pub rows: Option<(usize, usize, Vec<usize>)>,
    /// Whether every head is wanted at a glance.
    pub overview: bool,
}

/// Rows of one head's attention.
#[derive(Debug)]
pub struct Rows {
    /// The layer, from 0.
    pub layer: usize,
    /// The head, from 0.
    pub head: usize,
    /// `(query, weights over keys 0..=query)`.
    pub rows: Vec<(usize, Arc<[f32]>)>,
}

/// One head at a glance.
#[derive(Clone, Debug)]
pub struct HeadView {
    /// What it does, measured; `None` when there is too little to measure.
    pub score: Option<HeadScore>,
    /// The rows it was measured on: `(query, weights over keys 0..=query)`.
    pub rows: Vec<(usize, Vec<f32>)>,
}

/// Every head at a glance.
#[derive(Clone, Debug)]
pub struct Overview {
    /// How many tokens of the path it saw.
    pub length: usize,
    /// `heads[layer][head]`.
    pub heads: Vec<Vec<HeadView>>,
}

impl Overview {
    /// The head that does one telling thing most clearly: look at what followed the same token before, or at the token
    /// just before.
    pub fn telling(&self) -> Option<(usize, usize)> {
        let scored = self.heads.iter().enumerate().flat_map(|(layer, heads)| {
            heads.iter().enumerate().filter_map(move |(head, view)| Some((layer, head, view.score?)))
        });
        let told = scored.filter(|(_, _, score)| matches!(score.habit, Habit::Induction | Habit::Previous));
        let best = told.max_by(|(_, _, a), (_, _, b)| {
            let induction = |score: &HeadScore| score.habit == Habit::Induction;
            induction(a).cmp(&induction(b)).then(a.score.total_cmp(&b.score))
        });
        best.map(|(layer, head, _)| (layer, head))
    }
}

pub(super) fn look(job: &Look, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let engine = &job.model.engine;
    if let Some(index) = job.distribution.filter(|&index| index < job.context.len()) {
        let mut workspace = Workspace::new(1);
        let position = if engine.blueprint.predicts_next() {
            Arc::clone(&job.context[index])
        } else {
            engine.cloze(&job.tokens, index, job.model.mask(), &mut workspace, &|| ticket.is_current())?
        };
        let logits = engine.logits(&[position], &mut workspace)?;
        said(send(Body::Distribution { index, distribution: distribution(logits)? }))?;
    }
    let row = |layer, head, query| row(engine, &job.context, layer, head, query);
    if let Some((layer, head, queries)) = &job.rows {
        let queries = queries.iter().copied().filter(|&query| query < job.context.len());
        let rows = queries.map(|query| (query, Arc::from(row(*layer, *head, query)))).collect();
        said(send(Body::Rows(Rows { layer: *layer, head: *head, rows })))?;
    }
    if job.overview {
        let length = job.context.len();
        let queries = glance(length);
        let mut heads = Vec::with_capacity(engine.config.layers);
        for layer in 0..engine.config.layers {
            if !ticket.is_current() {
                return Err(Stop::Unwanted);
            }
            let view = |head| {
                let own = |&query: &usize| (query, own(engine, &job.context, layer, head, query));
                let mut rows: Vec<_> = queries.iter().map(own).collect();
                // What a head does is measured on its own stack's attention; a decoder's other one has no places to name.
                let score = heads::measure(&rows, &job.tokens);
                for (query, row) in &mut rows {
                    add_source(engine, &job.context, layer, head, *query, row);
                }
                HeadView { score, rows }
            };
            heads.push((0..engine.config.heads).map(view).collect());
        }
        said(send(Body::Overview(Overview { length, heads })))?;
    }
    Ok(())
}

/// One row of a head over the whole path. In a decoder behind an encoder the two attentions of a layer stand side by side:
/// to the source, and to what the decoder has read of its own.
pub(super) fn row(
    engine: &Transformer,
    context: &[Arc<Position>],
    layer: usize,
    head: usize,
    query: usize,
) -> Vec<f32> {
    let mut row = own(engine, context, layer, head, query);
    add_source(engine, context, layer, head, query, &mut row);
    row
}

/// Adds what a decoder draws from the source before it.
fn add_source(
    engine: &Transformer,
    context: &[Arc<Position>],
    layer: usize,
    head: usize,
    query: usize,
    row: &mut [f32],
) {
    if !context[query].is_source() && context[0].is_source() {
        let cross = engine.attention(context, &engine.blueprint.mask, AttentionKind::Cross, layer, head, query);
        row.iter_mut().zip(cross).for_each(|(own, cross)| *own += cross);
    }
}

/// The same without the source.
fn own(engine: &Transformer, context: &[Arc<Position>], layer: usize, head: usize, query: usize) -> Vec<f32> {
    let mask = &engine.blueprint.mask;
    let looks_back = mask.joint() == Some(0) && !context[query].is_source();
    let seen = if looks_back { &context[..=query] } else { context };
    engine.attention(seen, mask, AttentionKind::Own, layer, head, query)
}

/// The queries of a glance: evenly spread over the last tokens, the tip among them.
fn glance(length: usize) -> Vec<usize> {
    let span = length.min(GLANCE_SPAN);
    let count = span.min(GLANCE);
    (1..=count).map(|part| length - span + span * part / count - 1).collect()
}
