//! Evidence on demand: a distribution, rows of one head's attention, every head at a glance. Everything is computed from
//! the stored positions, for what is visible, so a long context costs no more than a screen of it.

use std::sync::Arc;

use super::Body;
use super::Send;
use super::Stop;
use super::Ticket;
use super::distribution;
use super::said;
use crate::lab::flow;
use crate::lab::flow::Which;
use crate::lab::heads;
use crate::lab::heads::Habit;
use crate::lab::heads::HeadScore;
use crate::lm::AttentionKind;
use crate::lm::Conditions;
use crate::lm::Interventions;
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
    pub context: Vec<Position>,
    /// The tokens of the path.
    pub tokens: Vec<u32>,
    /// The index whose distribution is wanted: of the token after it, or in a model that fills in, of its own.
    pub distribution: Option<usize>,
    /// Whose rows are wanted, and of which queries.
    pub rows: Option<(Subject, Vec<usize>)>,
    /// What is changed in the model, under which `context` was computed.
    pub changes: Arc<Interventions>,
    /// Whether every head is wanted at a glance.
    pub overview: bool,
}

/// Whose rows of attention are meant. Layers and heads count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One head of a layer.
    Head(usize, usize),
    /// The average of a layer's heads.
    Layer(usize),
    /// The average of all heads.
    All,
    /// Rollout to the end of a layer (Abnar and Zuidema 2020).
    Rollout(usize),
}

/// The longest path that rollout is computed of: every row of every layer before takes part in it.
pub const ROLLOUT: usize = 768;

/// Rows of attention.
#[derive(Debug)]
pub struct Rows {
    /// Whose they are.
    pub subject: Subject,
    /// `(query, weights over keys 0..=query)`.
    pub rows: Vec<(usize, Arc<[f32]>)>,
}

/// One head at a glance.
#[derive(Clone, Debug)]
pub struct HeadView {
    /// What it does, measured; `None` when there is too little to measure.
    pub score: Option<HeadScore>,
    /// The rows it was measured on, one for each query, in as many columns: the weights of an equal share of the keys together;
    /// `None` for keys behind the last that the query sees.
    pub picture: Vec<Vec<Option<f32>>>,
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
            job.context[index].clone()
        } else {
            let mask = job.model.mask();
            engine.cloze_changed(&job.tokens, index, mask, &job.changes, &mut workspace, &|| ticket.is_current())?
        };
        let logits = engine.logits(&[position], &mut workspace)?;
        said(send(Body::Distribution { index, distribution: distribution(logits)? }))?;
    }
    let (context, under) = (&job.context, job.model.under(&job.changes));
    if let Some((subject, queries)) = &job.rows {
        let queries: Vec<usize> = queries.iter().copied().filter(|&query| query < context.len()).collect();
        let rows = match *subject {
            Subject::Head(layer, head) => {
                let mut rows = own_rows(engine, context, under, layer, head, &queries);
                add_sources(engine, context, under, layer, head, &mut rows);
                rows.into_iter().map(|(query, row)| (query, Arc::from(row))).collect()
            }
            Subject::Layer(_) | Subject::All => {
                let which = if let Subject::Layer(layer) = *subject { Which::Layer(layer) } else { Which::All };
                let mut rows = Vec::with_capacity(queries.len());
                for &query in &queries {
                    if !ticket.is_current() {
                        return Err(Stop::Unwanted);
                    }
                    rows.push((query, Arc::from(average(engine, context, under, which, query))));
                }
                rows
            }
            Subject::Rollout(_) if context.len() > ROLLOUT => Vec::new(),
            Subject::Rollout(last) => {
                let flows = flow::rollout(engine, context, under, last, &queries, &|| ticket.is_current());
                let flows = flows.ok_or(Stop::Unwanted)?;
                flows.into_iter().map(|(query, row)| (query, Arc::from(row))).collect()
            }
        };
        said(send(Body::Rows(Rows { subject: *subject, rows })))?;
    }
    if job.overview {
        let length = context.len();
        let queries = glance(length);
        let mut heads = Vec::with_capacity(engine.config.layers);
        for layer in 0..engine.config.layers {
            let view = |head| {
                // Behind a long text one head's rows take a while.
                if !ticket.is_current() {
                    return None;
                }
                let mut rows = own_rows(engine, context, under, layer, head, &queries);
                // What a head does is measured on its own stack's attention; a decoder's other one has no places to name.
                let score = heads::measure(&rows, &job.tokens);
                add_sources(engine, context, under, layer, head, &mut rows);
                Some(HeadView { score, picture: picture(&rows) })
            };
            heads.push((0..engine.config.heads).map(view).collect::<Option<_>>().ok_or(Stop::Unwanted)?);
        }
        said(send(Body::Overview(Overview { length, heads })))?;
    }
    Ok(())
}

/// Rows of attention with as many columns as there are rows.
fn picture(rows: &[(usize, Vec<f32>)]) -> Vec<Vec<Option<f32>>> {
    let keys = rows.iter().map(|(_, weights)| weights.len()).max().unwrap_or(1);
    let cell = |weights: &[f32], column: usize| {
        let from = column * keys / rows.len();
        let to = ((column + 1) * keys / rows.len()).max(from + 1).min(weights.len());
        weights.get(from..to).filter(|share| !share.is_empty()).map(|share| share.iter().sum())
    };
    rows.iter().map(|(_, weights)| (0..rows.len()).map(|column| cell(weights, column)).collect()).collect()
}

/// One row of a head over the whole path. In a decoder behind an encoder the two attentions of a layer stand side by side:
/// to the source, and to what the decoder has read of its own.
pub(super) fn row(
    engine: &Transformer,
    context: &[Position],
    under: Conditions<'_>,
    layer: usize,
    head: usize,
    query: usize,
) -> Vec<f32> {
    let mut rows = own_rows(engine, context, under, layer, head, &[query]);
    add_sources(engine, context, under, layer, head, &mut rows);
    rows.pop().map(|(_, row)| row).unwrap_or_default()
}

/// Adds what a decoder draws from the source before it, if there is one.
fn add_source(context: &[Position], query: usize, row: &mut [f32], cross: impl FnOnce() -> Vec<f32>) {
    if !context[query].is_source() && context[0].is_source() {
        row.iter_mut().zip(cross()).for_each(|(own, cross)| *own += cross);
    }
}

/// Rows of a head without the source, each with its query.
fn own_rows(
    engine: &Transformer,
    context: &[Position],
    under: Conditions<'_>,
    layer: usize,
    head: usize,
    queries: &[usize],
) -> Vec<(usize, Vec<f32>)> {
    let last = queries.iter().map(|&query| visible(context, under, query).len()).max().unwrap_or(0);
    let rows = engine.attention_rows(&context[..last], under, AttentionKind::Own, layer, head, queries);
    let cut = |(&query, mut row): (&usize, Vec<f32>)| {
        row.truncate(visible(context, under, query).len());
        (query, row)
    };
    queries.iter().zip(rows).map(cut).collect()
}

/// Adds what a decoder draws from the source before it to each row, if there is one.
fn add_sources(
    engine: &Transformer,
    context: &[Position],
    under: Conditions<'_>,
    layer: usize,
    head: usize,
    rows: &mut [(usize, Vec<f32>)],
) {
    if context.first().is_some_and(Position::is_source) {
        let queries: Vec<usize> = rows.iter().map(|(query, _)| *query).collect();
        let cross = engine.attention_rows(context, under, AttentionKind::Cross, layer, head, &queries);
        for ((query, row), cross) in rows.iter_mut().zip(cross) {
            add_source(context, *query, row, || cross);
        }
    }
}

/// The same on average over heads.
fn average(engine: &Transformer, context: &[Position], under: Conditions<'_>, which: Which, query: usize) -> Vec<f32> {
    let seen = visible(context, under, query);
    let mut row = flow::average(engine, seen, under, AttentionKind::Own, which, query);
    add_source(context, query, &mut row, || flow::average(engine, context, under, AttentionKind::Cross, which, query));
    row
}

/// What of the context a query can see at all.
fn visible<'c>(context: &'c [Position], under: Conditions<'_>, query: usize) -> &'c [Position] {
    let looks_back = under.mask.joint() == Some(0) && !context[query].is_source();
    if looks_back { &context[..=query] } else { context }
}

/// The queries of a glance: evenly spread over the last tokens, the tip among them.
fn glance(length: usize) -> Vec<usize> {
    let span = length.min(GLANCE_SPAN);
    let count = span.min(GLANCE);
    (1..=count).map(|part| length - span + span * part / count - 1).collect()
}
