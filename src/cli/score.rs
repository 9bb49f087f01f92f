//! `lmscope score`: how surprising each token of a text is.

use std::io::Read;

use serde::Serialize;

use super::arguments::{Common, Score};
use super::output::{Column, Output, probability};
use super::session::{Given, Piece, Session};
use super::{Failure, input};
use crate::lm::blueprint::Stacks;
use crate::lm::{Distribution, ForwardError};
use crate::ui::Message;

/// Positions whose logits are held at the same time.
const ROWS: usize = 16;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    tokens: Vec<Row>,
    /// Tokens that have a surprisal.
    scored: usize,
    /// Their surprisals together.
    bits: f64,
    /// Two to the bits per scored token.
    perplexity: f64,
    /// Whether each token was scored from all others, before it and behind it.
    pseudo: bool,
    /// Bits by the bytes of the whole text; absent for ids.
    bits_per_byte: Option<f64>,
    bytes: Option<usize>,
    /// How many tokens the model saw at once, and how far the windows were apart, where the text did not fit.
    window: Option<usize>,
    stride: Option<usize>,
}

/// A token under the model's distribution before it; a token without context has none.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    piece: Piece,
    bytes: Option<[usize; 2]>,
    surprisal_bits: Option<f64>,
    probability: Option<f32>,
    rank: Option<usize>,
    entropy_bits: Option<f64>,
}

/// What the model said of one token before seeing it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surprise {
    pub(super) bits: f64,
    pub(super) probability: f32,
    pub(super) rank: usize,
    pub(super) entropy_bits: f64,
}

pub(super) fn run(
    common: &Common,
    options: &Score,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let text = options.source.text.as_deref().map(|text| input::text_or_file(text, stdin)).transpose()?;
    let mut session = Session::open(common)?;
    let given = session.given(&options.source, text)?;
    let context = session.model.engine.config.context;
    let window = options.window.map_or(context, |window| context.min(window as usize)).max(2);
    let pseudo = !session.model.engine.blueprint.predicts_next();
    let surprises = match session.model.engine.blueprint.stacks {
        Stacks::Decoder => surprises(&mut session, &given.ids, window)?,
        Stacks::Encoder => hidden(&mut session, &given.ids)?,
        Stacks::EncoderDecoder => {
            let source = options.given.as_deref().ok_or(ForwardError::NoSource)?;
            let source = session.encode(source, options.source.special)?;
            answered(&mut session, &source, &given.ids)?
        }
    };
    let scored: Vec<f64> = surprises.iter().flatten().map(|surprise| surprise.bits).collect();
    if scored.is_empty() {
        return Err(Failure::NothingToScore);
    }
    let slid = !pseudo && given.ids.len() > window;
    let bits: f64 = scored.iter().sum();
    let length = given.text.as_ref().map(String::len).filter(|length| *length > 0);
    let answer = Answer {
        model: &session.model.name,
        tokens: rows(&session, &given, &surprises),
        scored: scored.len(),
        bits,
        perplexity: (bits / scored.len() as f64).exp2(),
        pseudo,
        bits_per_byte: length.map(|length| bits / length as f64),
        bytes: length,
        window: slid.then_some(window),
        stride: slid.then_some(window / 2),
    };
    if common.json { output.json(&answer) } else { print(&session, &answer, options.source.special, output) }
}

/// What the model says of each token when it sees all others and not that one.
pub(super) fn hidden(session: &mut Session, ids: &[u32]) -> Result<Vec<Option<Surprise>>, Failure> {
    let one = |index: usize| Ok(Some(Surprise::of(&session.cloze(ids, index)?, ids[index])));
    (0..ids.len()).map(one).collect()
}

/// What a decoder says of each token of its answer before seeing it.
fn answered(session: &mut Session, source: &[u32], ids: &[u32]) -> Result<Vec<Option<Surprise>>, Failure> {
    let mut path = session.begin(source)?;
    let start = path.len() - 1;
    path.extend(session.extend(&path, ids)?);
    let mut surprises = Vec::new();
    for (positions, ids) in path[start..].chunks(ROWS).zip(ids.chunks(ROWS)) {
        let distributions = session.distributions(positions)?;
        surprises.extend(distributions.iter().zip(ids).map(|(distribution, &id)| Some(Surprise::of(distribution, id))));
    }
    Ok(surprises)
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

/// What the model said of each token before seeing it; nothing of the first. A text longer than `window` is read in windows
/// half a window apart, and each token is scored in the first window that has it, so with at least half a window before it.
pub(super) fn surprises(session: &mut Session, ids: &[u32], window: usize) -> Result<Vec<Option<Surprise>>, Failure> {
    let mut surprises = vec![None; ids.len().min(1)];
    let mut start = 0;
    while surprises.len() < ids.len() {
        let seen = ids.get(start..ids.len().min(start + window)).unwrap_or_default();
        let mut past = session.extend(&[], seen)?;
        let first = surprises.len() - start;
        past.truncate(seen.len() - 1);
        let positions = past.get(first - 1..).unwrap_or_default();
        let targets = seen.get(first..).unwrap_or_default();
        for (positions, targets) in positions.chunks(ROWS).zip(targets.chunks(ROWS)) {
            for (distribution, &id) in session.distributions(positions)?.iter().zip(targets) {
                surprises.push(Some(Surprise::of(distribution, id)));
            }
        }
        start += window / 2;
    }
    Ok(surprises)
}

fn rows(session: &Session, given: &Given, surprises: &[Option<Surprise>]) -> Vec<Row> {
    let tokens = given.ids.iter().zip(&given.ranges).zip(surprises);
    tokens
        .map(|((&id, &bytes), surprise)| Row {
            piece: session.piece(id),
            bytes,
            surprisal_bits: surprise.map(|surprise| surprise.bits),
            probability: surprise.map(|surprise| surprise.probability),
            rank: surprise.map(|surprise| surprise.rank),
            entropy_bits: surprise.map(|surprise| surprise.entropy_bits),
        })
        .collect()
}

fn print(session: &Session, answer: &Answer<'_>, special: bool, output: &mut Output<'_>) -> Result<(), Failure> {
    table(session, &answer.tokens, output)?;
    output.line("")?;
    if let (Some(window), Some(stride)) = (answer.window, answer.stride) {
        output.say(Message::CliWindowed, &[&window, &stride])?;
    }
    let bits = format!("{:.3}", answer.bits);
    let total = if answer.pseudo { Message::CliTotalHidden } else { Message::CliTotal };
    output.say(total, &[&bits, &answer.scored, &format!("{:.3}", answer.perplexity)])?;
    if let (Some(per_byte), Some(bytes)) = (answer.bits_per_byte, answer.bytes) {
        output.say(Message::CliPerByte, &[&format!("{per_byte:.4}"), &bytes])?;
    }
    if special || answer.tokens.iter().all(|token| token.surprisal_bits.is_some()) {
        Ok(())
    } else {
        output.say(Message::CliFirstUnscored, &[])
    }
}

fn table(session: &Session, tokens: &[Row], output: &mut Output<'_>) -> Result<(), Failure> {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.3}"));
    let rows: Vec<Vec<String>> = tokens
        .iter()
        .map(|row| {
            let bar = row.surprisal_bits.map_or(0, |bits| (bits.round() as usize).min(24));
            vec![
                row.piece.id.to_string(),
                session.label(row.piece.id),
                row.probability.map(probability).unwrap_or_default(),
                row.rank.map_or_else(String::new, |rank| rank.to_string()),
                number(row.entropy_bits),
                number(row.surprisal_bits),
                "▇".repeat(bar),
            ]
        })
        .collect();
    let columns = [
        Column::Right(Message::CliId),
        Column::Left(Message::CliToken),
        Column::Right(Message::CliProbability),
        Column::Right(Message::CliRank),
        Column::Right(Message::CliEntropy),
        Column::Right(Message::CliSurprisal),
        Column::Left(Message::CliBits),
    ];
    output.table(&columns, &rows)
}

/// The tokens of a text with what the model said of each, as a table.
pub(super) fn show(
    session: &Session,
    given: &Given,
    surprises: &[Option<Surprise>],
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    table(session, &rows(session, given, surprises), output)
}
