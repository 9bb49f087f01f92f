//! `lmscope attention`: every head at a glance, one grid, or one cell step by step.

mod given;
mod picture;
mod steps;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;

use serde::Serialize;

use super::Failure;
use super::arguments::{Attention, Common, KindOfAttention};
use super::looked::Run;
use super::output::{Column, Output};
use super::session::Piece;
use crate::lab::flow::{self, Which};
use crate::lab::heads::{self, Habit, HeadScore, Measure};
use crate::lm::explain::ExplainError;
use crate::lm::{AttentionKind, ForwardError, Shape};
use crate::ui::{Message, safe};

/// Rows that a head is measured on: the last ones.
const MEASURED: usize = 96;
/// Columns of a token beside a row.
const TOKEN: usize = 14;
/// From this mean share on the first token is pointed out as a sink.
const SINK: f32 = 0.3;

/// Rows of weights over keys.
struct Grid {
    /// The indices in the context of the queries and of the keys.
    queries: std::ops::Range<usize>,
    keys: std::ops::Range<usize>,
    rows: Vec<Vec<f32>>,
}

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    mask: String,
    interventions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<usize>,
    of: &'static str,
    tokens: Vec<Piece>,
    keys: Vec<Piece>,
    rows: Vec<Vec<f32>>,
}

#[derive(Serialize)]
struct Glance<'a> {
    model: &'a str,
    mask: String,
    interventions: Vec<String>,
    tokens: Vec<Piece>,
    heads: Vec<Measured>,
}

#[derive(Serialize)]
struct Measured {
    layer: usize,
    head: usize,
    habit: &'static str,
    score: f32,
    /// The share of every habit.
    shares: BTreeMap<&'static str, f32>,
    entropy_bits: f32,
    distance: f32,
    effective_rank: f32,
    /// The mean weight on the first token.
    first_token: f32,
}

pub(super) fn run(
    common: &Common,
    options: &Attention,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    if let Some(qkv) = &options.qkv {
        return given::run(qkv, common.json, stdin, output);
    }
    let picture = options.output.as_deref().map(picture::Kind::of).transpose()?;
    let run = Run::open(common, &options.looked, stdin)?;
    let shape = shape(&run, options.kind)?;
    if let Some(layer) = options.layer.filter(|layer| *layer >= shape.layers) {
        return Err(ExplainError::Layer { layer, layers: shape.layers }.into());
    }
    if let (Some(layer), Some(head)) = (options.layer, options.head.filter(|head| *head >= shape.heads)) {
        return Err(ExplainError::Head { layer, head, heads: shape.heads }.into());
    }
    if let (Some(cell), Some(place)) = (options.cell, options.layer.zip(options.head)) {
        return steps::run(&run, options, place, cell, common.json, output);
    }
    let Some((of, grid)) = grid(&run, options, shape) else {
        if picture.is_some() {
            return Err(Failure::NoHeadNamed);
        }
        return glance(&run, options, shape, common.json, output);
    };
    if let (Some(kind), Some(path)) = (picture, &options.output) {
        let labels = |range: &std::ops::Range<usize>| range.clone().map(|index| run.label(index)).collect::<Vec<_>>();
        let bytes = picture::draw(kind, &grid.rows, &labels(&grid.queries), &labels(&grid.keys))?;
        super::file::spare(&run.session.model, path)?;
        super::file::write(path, &bytes)?;
        if !common.json {
            let name = safe::visible(&path.display().to_string());
            return output.say(Message::CliPicture, &[&name, &grid.rows.len(), &grid.keys.len()]);
        }
    }
    if common.json {
        return output.json(&Answer {
            model: &run.session.model.name,
            mask: run.mask.to_string(),
            interventions: run.changes(),
            layer: options.layer,
            head: options.head,
            of,
            tokens: run.pieces(grid.queries.clone()),
            keys: run.pieces(grid.keys.clone()),
            rows: grid.rows,
        });
    }
    match (of, options.layer, options.head) {
        ("head", Some(layer), Some(head)) => output.say(Message::CliGridHead, &[&layer, &head])?,
        ("average", layer, _) => {
            let layers = if layer.is_some() { 1 } else { shape.layers };
            output.say(Message::CliGridAverage, &[&(layers * shape.heads)])?;
        }
        _ => output.say(Message::CliGridRollout, &[&options.layer.unwrap_or(shape.layers - 1)])?,
    }
    print(&run, &grid, options.last, output)
}

/// The stack that is looked into, where the model has it.
fn shape(run: &Run, kind: KindOfAttention) -> Result<Shape, Failure> {
    let config = &run.session.model.engine.config;
    match (kind, config.encoder) {
        (KindOfAttention::Own, _) => {
            run.session.model.engine.blueprint.attends_to_itself()?;
            Ok(config.main())
        }
        (KindOfAttention::Cross, Some(_)) => Ok(config.main()),
        (KindOfAttention::Encoder, Some(shape)) => Ok(shape),
        (_, None) => Err(ForwardError::NoEncoder.into()),
    }
}

/// The indices of the queries and of the keys, and the engine's word for the attention.
fn places(run: &Run, kind: KindOfAttention) -> (std::ops::Range<usize>, std::ops::Range<usize>, AttentionKind) {
    let (source, main) = (0..run.source, run.source..run.context.len());
    match kind {
        KindOfAttention::Own => (main.clone(), main, AttentionKind::Own),
        KindOfAttention::Cross => (main, source, AttentionKind::Cross),
        KindOfAttention::Encoder => (source.clone(), source, AttentionKind::Own),
    }
}

/// The grid that is asked for, and its name; none where every head is.
fn grid(run: &Run, options: &Attention, shape: Shape) -> Option<(&'static str, Grid)> {
    let engine = &run.session.model.engine;
    let (queries, keys, kind) = places(run, options.kind);
    let under = run.under();
    let cut = |row: Vec<f32>| row.get(keys.clone()).map(<[f32]>::to_vec).unwrap_or_default();
    let (of, rows) = if options.rollout {
        let all: Vec<usize> = queries.clone().collect();
        let last = options.layer.unwrap_or(shape.layers - 1);
        let flows = flow::rollout(engine, &run.context, under, last, &all, &|| true).unwrap_or_default();
        ("rollout", flows.into_iter().map(|(_, row)| cut(row)).collect())
    } else if options.average {
        let which = options.layer.map_or(Which::All, Which::Layer);
        let row = |query| cut(flow::average(engine, &run.context, under, kind, which, query));
        ("average", queries.clone().map(row).collect())
    } else if let Some((layer, head)) = options.layer.zip(options.head) {
        let row = |query| cut(engine.attention(&run.context, under, kind, layer, head, query));
        ("head", queries.clone().map(row).collect())
    } else {
        return None;
    };
    Some((of, Grid { queries, keys, rows }))
}

fn print(run: &Run, grid: &Grid, last: usize, output: &mut Output<'_>) -> Result<(), Failure> {
    let keys = grid.keys.len().saturating_sub(last)..grid.keys.len();
    let queries = grid.rows.len().saturating_sub(last)..grid.rows.len();
    let mut heading = " ".repeat(TOKEN + 5);
    for key in keys.clone() {
        let _ = write!(heading, "{key:>4}");
    }
    output.line(&heading)?;
    for query in queries {
        let label = safe::left(&safe::fit(&run.label(grid.queries.start + query), TOKEN), TOKEN);
        let mut line = format!("{query:>4} {label}");
        for &weight in &grid.rows[query][keys.clone()] {
            let percent = (weight * 100.0).round();
            let cell = if weight == 0.0 { "·".to_owned() } else { format!("{percent}") };
            line.push_str(&safe::right(&cell, 4));
        }
        output.line(line.trim_end())?;
    }
    for (query, _) in grid.rows.iter().enumerate().filter(|(_, row)| row.iter().all(|weight| *weight == 0.0)) {
        output.say(Message::CliEmptyRow, &[&query])?;
    }
    let first: Vec<f32> = grid.rows.iter().skip(1).filter_map(|row| row.first().copied()).collect();
    let share = first.iter().sum::<f32>() / first.len().max(1) as f32;
    if first.len() > 2 && share > SINK {
        output.say(Message::CliSinks, &[&format!("{:.0} %", share * 100.0)])?;
    }
    Ok(())
}

/// Every head, measured.
fn glance(run: &Run, options: &Attention, shape: Shape, json: bool, output: &mut Output<'_>) -> Result<(), Failure> {
    let engine = &run.session.model.engine;
    let (queries, keys, kind) = places(run, options.kind);
    let tokens: Vec<u32> = run.context[keys.clone()].iter().map(crate::lm::Position::token).collect();
    let measured = queries.clone().skip(queries.len().saturating_sub(MEASURED));
    let mut found: Vec<(usize, usize, Option<HeadScore>, f32)> = Vec::new();
    for layer in options.layer.map_or(0..shape.layers, |layer| layer..layer + 1) {
        for head in 0..shape.heads {
            let row = |query: usize| {
                let row = engine.attention(&run.context, run.under(), kind, layer, head, query);
                (query - queries.start, row[keys.clone()].to_vec())
            };
            let rows: Vec<_> = measured.clone().map(row).collect();
            let later = rows.iter().filter(|(query, _)| *query > 0);
            let first = later.clone().filter_map(|(_, row)| row.first()).sum::<f32>() / later.count().max(1) as f32;
            found.push((layer, head, heads::measure(&rows, &tokens), first));
        }
    }
    if let Some(measure) = options.sort {
        found.sort_by(|(.., a, _), (.., b, _)| measure.compare(a.as_ref(), b.as_ref(), options.reverse));
    }
    if json {
        let heads = found.iter().filter_map(|&(layer, head, score, first_token)| {
            let HeadScore { habit, score, shares, entropy: entropy_bits, distance, effective_rank } = score?;
            let shares = Habit::ALL.iter().zip(shares).map(|(habit, share)| (habit.name(), share)).collect();
            let habit = habit.name();
            Some(Measured { layer, head, habit, score, shares, entropy_bits, distance, effective_rank, first_token })
        });
        return output.json(&Glance {
            model: &run.session.model.name,
            mask: run.mask.to_string(),
            interventions: run.changes(),
            tokens: run.pieces(queries),
            heads: heads.collect(),
        });
    }
    // A share that heads are sorted by stands beside the one that each is named after.
    let share = options.sort.filter(|measure| matches!(measure, Measure::Share(_)));
    let mut columns = vec![
        Column::Right(Message::CliLayer),
        Column::Right(Message::CliHead),
        Column::Left(Message::CliHabit),
        Column::Right(Message::CliShare),
        Column::Right(Message::CliEntropy),
        Column::Right(Message::CliDistance),
        Column::Right(Message::CliEffectiveRank),
    ];
    columns.extend(share.map(|measure| Column::Right(measure.said())));
    let row = |(layer, head, score, _): &(usize, usize, Option<HeadScore>, f32)| {
        let mut row = vec![layer.to_string(), head.to_string()];
        if let Some(score) = score {
            row.extend([
                score.habit.said().text(output.language).to_owned(),
                format!("{:.2}", score.score),
                format!("{:.2}", score.entropy),
                format!("{:.1}", score.distance),
                format!("{:.1}", score.effective_rank),
            ]);
            row.extend(share.map(|measure| format!("{:.2}", measure.of(score))));
        } else {
            row.push("–".to_owned());
            row.resize(columns.len(), String::new());
        }
        row
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    output.table(&columns, &rows)?;
    let sinks = found.iter().filter(|(.., first)| *first > SINK).count();
    if sinks > 0 && kind == AttentionKind::Own {
        output.say(Message::CliSinkHeads, &[&sinks, &found.len(), &format!("{:.0} %", SINK * 100.0)])?;
    }
    Ok(())
}
