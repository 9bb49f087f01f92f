//! `lmscope lens`: what the model would say if it stopped after each layer.

use std::io::Read;

use serde::Serialize;

use super::Failure;
use super::arguments::{Common, Lens};
use super::looked::Run;
use super::output::{Column, Output, probability};
use super::session::{Piece, Session};
use crate::lm::explain;
use crate::ui::Message;

/// Columns of a token in the table of all positions.
const TOKEN: usize = 16;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    mask: String,
    interventions: Vec<String>,
    positions: Vec<At>,
}

#[derive(Serialize)]
struct At {
    position: usize,
    #[serde(flatten)]
    piece: Piece,
    choice: Piece,
    /// After how many layers the choice stays the most probable token.
    settled: usize,
    layers: Vec<Depth>,
}

#[derive(Serialize)]
struct Depth {
    /// How many layers were gone through.
    after: usize,
    norm: f32,
    entropy_bits: f64,
    choice_rank: usize,
    choice_probability: f32,
    top: Vec<Candidate>,
}

#[derive(Serialize)]
struct Candidate {
    #[serde(flatten)]
    piece: Piece,
    probability: f32,
}

pub(super) fn run(
    common: &Common,
    options: &Lens,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let mut run = Run::open(common, &options.looked, stdin)?;
    let range = match options.position {
        Some(_) => {
            let index = run.index(options.position)?;
            index..index + 1
        }
        None => run.source..run.context.len(),
    };
    let mut found = Vec::new();
    let mut workspace = std::mem::replace(&mut run.session.workspace, crate::lm::Workspace::new(1));
    let top = options.top.max(1);
    let engine = &run.session.model.engine;
    engine.lens(&run.context, run.under(), range, top, &mut workspace, &|| true, &mut |lens| found.push(lens))?;
    if common.json {
        let positions = found.iter().map(|lens| at(&run, lens)).collect();
        let model = &run.session.model.name;
        return output.json(&Answer { model, mask: run.mask.to_string(), interventions: run.changes(), positions });
    }
    match (options.position, found.first()) {
        (Some(_), Some(lens)) => one(&run, lens, output),
        _ => all(&run, &found, output),
    }
}

fn at(run: &Run, lens: &explain::Lens) -> At {
    let session: &Session = &run.session;
    let depth = |(after, depth): (usize, &explain::Depth)| Depth {
        after,
        norm: depth.norm,
        entropy_bits: depth.entropy_bits,
        choice_rank: depth.rank,
        choice_probability: depth.probability,
        top: depth
            .top
            .iter()
            .map(|&(token, probability)| Candidate { piece: session.piece(token), probability })
            .collect(),
    };
    At {
        position: lens.position - run.source,
        piece: session.piece(run.context[lens.position].token()),
        choice: session.piece(lens.choice),
        settled: lens.settled(),
        layers: lens.depths.iter().enumerate().map(depth).collect(),
    }
}

/// One position: a line for each layer.
fn one(run: &Run, lens: &explain::Lens, output: &mut Output<'_>) -> Result<(), Failure> {
    let session = &run.session;
    output.say(
        Message::CliLensOf,
        &[&(lens.position - run.source), &run.label(lens.position), &session.label(lens.choice)],
    )?;
    let columns = [
        Column::Right(Message::CliAfterLayers),
        Column::Right(Message::CliStreamNorm),
        Column::Right(Message::CliEntropy),
        Column::Right(Message::CliRank),
        Column::Right(Message::CliProbability),
        Column::Left(Message::CliMostProbable),
    ];
    let rows: Vec<Vec<String>> = lens
        .depths
        .iter()
        .enumerate()
        .map(|(after, depth)| {
            let top = depth.top.iter().map(|&(token, p)| format!("{} {}", session.label(token), probability(p)));
            vec![
                after.to_string(),
                format!("{:.2}", depth.norm),
                format!("{:.3}", depth.entropy_bits),
                depth.rank.to_string(),
                probability(depth.probability),
                top.collect::<Vec<_>>().join("  "),
            ]
        })
        .collect();
    output.table(&columns, &rows)?;
    output.say(Message::CliLensNote, &[])
}

/// Every position: a line for each, and when it was settled.
fn all(run: &Run, found: &[explain::Lens], output: &mut Output<'_>) -> Result<(), Failure> {
    let session = &run.session;
    let columns = [
        Column::Right(Message::CliPosition),
        Column::Left(Message::CliToken),
        Column::Left(Message::CliChoice),
        Column::Right(Message::CliProbability),
        Column::Right(Message::CliSettled),
        Column::Left(Message::CliOnTheWay),
    ];
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|lens| {
            let fit = |text: String| crate::ui::safe::fit(&text, TOKEN);
            let way = lens.changes().into_iter().map(|(after, token)| format!("{after}:{}", session.label(token)));
            vec![
                (lens.position - run.source).to_string(),
                fit(run.label(lens.position)),
                fit(session.label(lens.choice)),
                lens.depths.last().map_or_else(String::new, |depth| probability(depth.probability)),
                lens.settled().to_string(),
                way.collect::<Vec<_>>().join(" "),
            ]
        })
        .collect();
    output.table(&columns, &rows)?;
    output.say(Message::CliLensNote, &[])
}
