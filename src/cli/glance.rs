//! `lmscope TEXT` where there is no terminal to draw on: the tokens, and what may come next.

use std::io::Read;

use serde::Serialize;

use super::arguments::{ExploreOptions, Source};
use super::output::{Column, Output, probability};
use super::session::{Piece, Session};
use super::{Failure, input, score};
use crate::lm::Distribution;
use crate::lm::blueprint::Stacks;
use crate::model::Spec;
use crate::ui::Message;

/// How many next tokens are shown.
const SHOWN: usize = 10;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    text: String,
    tokens: Vec<Seen>,
    next: Vec<Next>,
    entropy_bits: Option<f64>,
}

#[derive(Serialize)]
struct Seen {
    #[serde(flatten)]
    piece: Piece,
    bytes: Option<[usize; 2]>,
    surprisal_bits: Option<f64>,
}

#[derive(Serialize)]
struct Next {
    #[serde(flatten)]
    piece: Piece,
    probability: f32,
    surprisal_bits: f64,
}

pub(super) fn run(options: &ExploreOptions, stdin: &mut dyn Read, output: &mut Output<'_>) -> Result<(), Failure> {
    let text = match &options.text {
        Some(text) => input::text(text, stdin)?,
        None => suggestion(&options.common.model()).to_owned(),
    };
    let mut session = Session::open(&options.common)?;
    let source = Source { text: None, ids: None, special: text.is_empty() };
    let mut given = session.given(&source, Some(text))?;
    let context = session.model.engine.config.context;
    let surplus = given.ids.len().saturating_sub(context);
    given.ids.drain(..surplus);
    given.ranges.drain(..surplus);
    if given.ids.is_empty() {
        return Err(Failure::NothingGiven);
    }
    let (surprises, distribution) = match session.model.engine.blueprint.stacks {
        Stacks::Encoder => (score::hidden(&mut session, &given.ids)?, None),
        stacks => {
            let positions = session.begin(&given.ids)?;
            let last = positions.get(positions.len() - 1..).unwrap_or_default();
            let scored = stacks == Stacks::Decoder;
            let surprises =
                if scored { score::surprises(&mut session, &given.ids)? } else { vec![None; given.ids.len()] };
            (surprises, session.distributions(last)?.pop())
        }
    };
    if options.common.json {
        let tokens = given.ids.iter().zip(&given.ranges).zip(&surprises).map(|((&id, &bytes), surprise)| Seen {
            piece: session.piece(id),
            bytes,
            surprisal_bits: surprise.map(|surprise| surprise.bits),
        });
        return output.json(&Answer {
            model: &session.model.name,
            tokens: tokens.collect(),
            next: distribution.as_ref().map(|distribution| next(&session, distribution)).unwrap_or_default(),
            entropy_bits: distribution.as_ref().map(Distribution::entropy_bits),
            text: given.text.unwrap_or_default(),
        });
    }
    score::show(&session, &given, &surprises, output)?;
    let Some(distribution) = distribution else { return Ok(()) };
    output.line("")?;
    let entropy = format!("{:.3}", distribution.entropy_bits());
    let (title, bits) = (Message::CliNext.text(output.language), Message::CliBits.text(output.language));
    output.line(&format!("{title} · {} {entropy} {bits}", Message::CliEntropy.text(output.language)))?;
    let rows: Vec<Vec<String>> = next(&session, &distribution)
        .iter()
        .map(|next| {
            let bar = "▇".repeat((next.probability * 40.0).round() as usize);
            vec![next.piece.id.to_string(), session.label(next.piece.id), probability(next.probability), bar]
        })
        .collect();
    let columns = [
        Column::Right(Message::CliId),
        Column::Left(Message::CliToken),
        Column::Right(Message::CliProbability),
        Column::Left(Message::CliBlank),
    ];
    output.table(&columns, &rows)
}

fn next(session: &Session, distribution: &Distribution) -> Vec<Next> {
    let top = distribution.order().iter().take(SHOWN);
    top.map(|&id| Next {
        piece: session.piece(id),
        probability: distribution.probability(id),
        surprisal_bits: distribution.surprisal_bits(id),
    })
    .collect()
}

/// A text that suits the model, for a person who gave none.
fn suggestion(spec: &Spec) -> &'static str {
    match spec {
        Spec::Embedded(model) => model.prompt,
        Spec::Path(_) | Spec::Hub(_) => "Once upon a time",
    }
}
