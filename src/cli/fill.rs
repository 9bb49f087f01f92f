//! `lmscope fill`: what a model puts where a token is hidden.

use std::io::Read;

use serde::Serialize;

use super::Failure;
use super::arguments::{Common, Fill};
use super::output::{Column, Output, probability};
use super::session::{Piece, Session};
use crate::lm::ForwardError;
use crate::ui::Message;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    ids: Vec<u32>,
    hidden: Vec<Hidden>,
}

/// The distribution of one hidden token.
#[derive(Serialize)]
struct Hidden {
    /// Which token of the text, from 0.
    index: usize,
    /// What stands there.
    token: Piece,
    entropy_bits: f64,
    candidates: Vec<Candidate>,
}

#[derive(Serialize)]
struct Candidate {
    #[serde(flatten)]
    piece: Piece,
    probability: f32,
    surprisal_bits: f64,
}

pub(super) fn run(
    common: &Common,
    options: &Fill,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let text = Session::text(&options.source, stdin)?;
    let mut session = Session::open(common)?;
    if session.model.engine.blueprint.predicts_next() {
        return Err(Failure::GoesOn(session.model.name.clone()));
    }
    let given = session.given(&options.source, text)?;
    let mask = session.model.mask();
    let places = match &options.at {
        Some(places) => places.clone(),
        None => (0..given.ids.len()).filter(|&index| mask == Some(given.ids[index])).collect(),
    };
    if places.is_empty() {
        return Err(Failure::NothingHidden);
    }
    let mut hidden = Vec::new();
    for index in places {
        let Some(&id) = given.ids.get(index) else {
            return Err(ForwardError::NoSuchPosition { index, length: given.ids.len() }.into());
        };
        let distribution = session.cloze(&given.ids, index)?;
        let candidates = distribution.order().iter().take(options.top).map(|&id| Candidate {
            piece: session.piece(id),
            probability: distribution.probability(id),
            surprisal_bits: distribution.surprisal_bits(id),
        });
        hidden.push(Hidden {
            index,
            token: session.piece(id),
            entropy_bits: distribution.entropy_bits(),
            candidates: candidates.collect(),
        });
    }
    if common.json {
        return output.json(&Answer { model: &session.model.name, ids: given.ids, hidden });
    }
    let columns = [
        Column::Right(Message::CliId),
        Column::Left(Message::CliToken),
        Column::Right(Message::CliProbability),
        Column::Left(Message::CliBlank),
    ];
    for place in &hidden {
        let entropy = format!("{:.3}", place.entropy_bits);
        output.say(Message::CliInPlaceOf, &[&place.index, &session.label(place.token.id), &entropy])?;
        let row = |candidate: &Candidate| {
            let bar = "▇".repeat((candidate.probability * 40.0).round() as usize);
            let label = session.label(candidate.piece.id);
            vec![candidate.piece.id.to_string(), label, probability(candidate.probability), bar]
        };
        output.table(&columns, &place.candidates.iter().map(row).collect::<Vec<_>>())?;
    }
    session.left_out(&given.ids).map_or(Ok(()), |framed| output.say(Message::CliUnframed, &[&framed]))
}
