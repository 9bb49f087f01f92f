//! `lmscope length`: what is lost by keeping less than all of a text, and what length costs.

mod cost;

use std::io::Read;

use serde::Serialize;

use super::arguments::{Common, Length};
use super::masks::refused;
use super::output::{Column, Output};
use super::session::{Session, stopwatch};
use super::{Failure, input};
use crate::lab::length::{Foretold, Reading, Strategy, read, total};
use crate::lm::blueprint::Stacks;
use crate::text::Tokenizer;
use crate::ui::Message;
use crate::ui::safe;

/// The most tokens of a cache unless told otherwise.
const BUDGET: usize = 128;
/// Columns of a drawn cache, and how many moments of it are drawn.
const CACHE: (usize, usize) = (64, 8);

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    tokens: usize,
    budget: usize,
    strategies: Vec<Strategized>,
}

#[derive(Serialize)]
struct Strategized {
    strategy: &'static str,
    bits: f64,
    bits_per_token: f64,
    /// Against the full context, where that was read too.
    lost_bits_per_token: Option<f64>,
    held: usize,
    seconds: f64,
    tokens: Vec<Token>,
}

#[derive(Serialize)]
struct Token {
    at: usize,
    bits: f64,
    kept: Vec<[usize; 2]>,
    #[serde(skip_serializing_if = "String::is_empty")]
    written: String,
}

pub(super) fn run(
    common: &Common,
    options: &Length,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    if options.cost {
        return cost::run(common, options.upto as usize, output);
    }
    let text = input::text_or_file(options.text.as_deref().unwrap_or_default(), stdin)?;
    let mut session = Session::open(common)?;
    if session.model.engine.blueprint.stacks != Stacks::Decoder {
        return Err(Failure::NoDecoderAlone(session.model.name.clone()));
    }
    let mut ids = session.encode(&text, options.special)?;
    if ids.len() < 2 {
        return Err(Failure::NothingToScore);
    }
    let given = ids.len();
    ids.truncate(session.model.engine.config.context);
    let cue = session.encode(&options.cue, false)?;
    let ends: Vec<u32> = session.model.tokenizer.iter().filter_map(Tokenizer::eos).collect();
    let budget = options.budget.map_or(BUDGET.min(ids.len() / 2), |budget| budget as usize);
    let budget = budget.clamp(crate::lab::length::LEAST, ids.len().max(crate::lab::length::LEAST));
    let reading = Reading { tokens: &ids, budget, cue: &cue, ends: &ends };
    let mut strategies: Vec<Strategy> = options.strategies.iter().map(|named| named.0).collect();
    if strategies.is_empty() {
        strategies = Strategy::ALL.to_vec();
    }
    let clock = stopwatch();
    let mut all: Vec<(Strategy, Vec<Foretold>, f64)> = Vec::new();
    for strategy in strategies {
        let begun = clock();
        let mut foretold = Vec::new();
        let engine = &session.model.engine;
        read(engine, reading, strategy, &mut session.workspace, &|| true, &mut |token| {
            foretold.push(token);
            true
        })
        .map_err(|error| refused(&session, error))?;
        all.push((strategy, foretold, clock().saturating_sub(begun).as_secs_f64()));
    }
    let full = all.iter().find(|(strategy, ..)| *strategy == Strategy::Full).map(|(_, full, _)| total(full).mean());
    if common.json {
        let strategies = all.iter().map(|(strategy, foretold, seconds)| {
            let sum = total(foretold);
            Strategized {
                strategy: strategy.name(),
                bits: sum.bits(),
                bits_per_token: sum.mean(),
                lost_bits_per_token: full.map(|full| sum.mean() - full),
                held: foretold.iter().map(Foretold::held).max().unwrap_or(0),
                seconds: *seconds,
                tokens: foretold.iter().map(|token| one(&session, token)).collect(),
            }
        });
        let strategies = strategies.collect();
        return output.json(&Answer { model: &session.model.name, tokens: ids.len(), budget, strategies });
    }
    if given > ids.len() {
        output.say(Message::LengthCut, &[&ids.len(), &given])?;
    }
    output.say(Message::LengthTitle, &[&ids.len(), &budget, &(ids.len() - 1)])?;
    print(&all, full, ids.len(), output)
}

fn one(session: &Session, token: &Foretold) -> Token {
    Token {
        at: token.at,
        bits: token.bits,
        kept: token.kept.iter().map(|run| [run.start, run.end]).collect(),
        written: if token.written.is_empty() { String::new() } else { session.quote(token.written.iter().copied()) },
    }
}

fn print(
    all: &[(Strategy, Vec<Foretold>, f64)],
    full: Option<f64>,
    length: usize,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let language = output.language;
    let row = |(strategy, foretold, seconds): &(Strategy, Vec<Foretold>, f64)| {
        let mean = total(foretold).mean();
        vec![
            strategy.name().to_owned(),
            foretold.iter().map(Foretold::held).max().unwrap_or(0).to_string(),
            format!("{mean:.3}"),
            full.map_or_else(|| "–".to_owned(), |full| format!("{:+.3}", mean - full)),
            format!("{seconds:.2} s"),
            language.term(strategy.does()).into_owned(),
        ]
    };
    let columns = [
        Column::Left(Message::LengthStrategy),
        Column::Right(Message::LengthHeld),
        Column::Right(Message::MaskBitsPerToken),
        Column::Right(Message::LengthLost),
        Column::Right(Message::LengthTime),
        Column::Left(Message::CliBlank),
    ];
    output.table(&columns, &all.iter().map(row).collect::<Vec<_>>())?;
    let (columns, moments) = (CACHE.0.min(length), CACHE.1);
    output.line("")?;
    output.say(Message::LengthCache, &[])?;
    for (strategy, foretold, _) in all.iter().filter(|(_, foretold, _)| !foretold.is_empty()) {
        output.line(strategy.name())?;
        for moment in 1..=moments {
            let token = &foretold[(foretold.len() * moment / moments).max(1) - 1];
            let cells: String = (0..columns).map(|column| cell(token, column, columns, length)).collect();
            output.line(&format!("  {}  {cells}", safe::right(&(token.at + 1).to_string(), 5)))?;
        }
    }
    Ok(())
}

/// How much of a column's tokens the cache holds.
fn cell(token: &Foretold, column: usize, columns: usize, length: usize) -> char {
    let (start, end) = (column * length / columns, (column + 1) * length / columns);
    if start > token.at {
        return ' ';
    }
    match token.share(start..end) {
        0.0 => '·',
        share if share < 0.34 => '░',
        share if share < 0.67 => '▒',
        share if share < 1.0 => '▓',
        _ => '█',
    }
}
