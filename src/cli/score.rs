//! `lmscope score`: how surprising each token of a text is, and what the text costs by any unit.

mod report;
mod units;

use std::io::Read;

use super::arguments::{Common, Score};
use super::output::Output;
use super::session::Session;
use super::windows::Windows;
use super::{Failure, input};
use crate::lab::information::Unit;
use crate::lm::blueprint::Stacks;
use crate::lm::{Distribution, ForwardError};
use report::Report;
pub(super) use report::show;
use units::Units;

/// Positions whose logits are held at the same time.
const ROWS: usize = 16;

/// What the model said of one token before seeing it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surprise {
    pub(super) bits: f64,
    pub(super) probability: f32,
    pub(super) rank: usize,
    pub(super) entropy_bits: f64,
}

impl Surprise {
    fn of(distribution: &Distribution, id: u32) -> Self {
        Self {
            bits: distribution.surprisal_bits(id),
            probability: distribution.probability(id),
            rank: distribution.rank(id).unwrap_or(0) + 1,
            entropy_bits: distribution.entropy_bits(),
        }
    }
}

pub(super) fn run(
    common: &Common,
    options: &Score,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let text = options.source.text.as_deref().map(|text| input::text_or_file(text, stdin)).transpose()?;
    let units = options.by.as_deref().map(Units::open).transpose()?;
    let mut session = Session::open(common)?;
    session.change(&options.changes)?;
    let given = session.given(&options.source, text)?;
    let windows = Windows::new(session.model.engine.config.context, options.window, options.stride)?;
    let unit = if options.nats { Unit::Nats } else { Unit::Bits };
    let mut report = Report::new(&session, &given, output, units.as_ref(), unit, common.json);
    match session.model.engine.blueprint.stacks {
        Stacks::Decoder => windows.walk(&mut session, &given.ids, &mut |index, distribution| {
            report.token(index, Surprise::of(distribution, given.ids[index]))
        })?,
        Stacks::Encoder => {
            for (index, &id) in given.ids.iter().enumerate() {
                report.token(index, Surprise::of(&session.cloze(&given.ids, index)?, id))?;
            }
        }
        Stacks::EncoderDecoder => {
            let source = options.given.as_deref().ok_or(ForwardError::NoSource)?;
            let source = session.encode(source, options.source.special)?;
            answered(&mut session, &source, &given.ids, &mut report)?;
        }
    }
    report.finish(windows, options.source.special)
}

/// What a decoder says of each token of its answer before seeing it.
fn answered(session: &mut Session, source: &[u32], ids: &[u32], report: &mut Report<'_, '_>) -> Result<(), Failure> {
    let mut path = session.begin(source)?;
    let start = path.len() - 1;
    session.append(&mut path, ids)?;
    for (chunk, (positions, ids)) in path[start..].chunks(ROWS).zip(ids.chunks(ROWS)).enumerate() {
        for (row, (distribution, &id)) in session.distributions(positions)?.iter().zip(ids).enumerate() {
            report.token(chunk * ROWS + row, Surprise::of(distribution, id))?;
        }
    }
    Ok(())
}

/// What the model says of each token when it sees all others and not that one.
pub(super) fn hidden(session: &mut Session, ids: &[u32]) -> Result<Vec<Option<Surprise>>, Failure> {
    let one = |index: usize| Ok(Some(Surprise::of(&session.cloze(ids, index)?, ids[index])));
    (0..ids.len()).map(one).collect()
}

/// What the model said of each token before seeing it; nothing of the first.
pub(super) fn surprises(session: &mut Session, ids: &[u32]) -> Result<Vec<Option<Surprise>>, Failure> {
    let windows = Windows::new(session.model.engine.config.context, None, None)?;
    let mut surprises = vec![None; ids.len()];
    windows.walk(session, ids, &mut |index, distribution| {
        surprises[index] = Some(Surprise::of(distribution, ids[index]));
        Ok(())
    })?;
    Ok(surprises)
}
