//! What `score` prints, row by row: nothing is held but what the units need.

use std::sync::Arc;

use serde::Serialize;

use super::{Surprise, Units};
use crate::cli::Failure;
use crate::cli::output::{Column, Output, probability};
use crate::cli::session::{Given, Piece, Session, piece};
use crate::cli::windows::Windows;
use crate::lab::information::{Cost, Part, Total, Unit};
use crate::model::Model;
use crate::ui::{Message, safe};

/// Rows that are printed together.
const TOGETHER: usize = 1024;
/// The widest bar.
const BAR: usize = 24;

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
    cumulative_bits: f64,
}

/// What follows the tokens.
#[derive(Serialize)]
struct Summary<'a> {
    /// Tokens that have a surprisal.
    scored: usize,
    /// Their surprisals together.
    bits: f64,
    nats: f64,
    /// Per scored token.
    cross_entropy_bits: f64,
    cross_entropy_nats: f64,
    /// Two to the bits per scored token.
    perplexity: f64,
    /// Whether each token was scored from all others, before it and behind it.
    pseudo: bool,
    /// Bits by the bytes of the whole text; absent for ids.
    bits_per_byte: Option<f64>,
    bytes: Option<usize>,
    bits_per_character: Option<f64>,
    characters: Option<usize>,
    /// How many tokens the model saw at once, and how far the windows were apart, where the text did not fit.
    window: Option<usize>,
    stride: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<Vec<UnitRow<'a>>>,
}

/// A unit of the text that the bits are added up by.
#[derive(Serialize)]
struct UnitRow<'a> {
    text: std::borrow::Cow<'a, str>,
    bytes: [usize; 2],
    surprisal_bits: Option<f64>,
    tokens: [usize; 2],
    shared: bool,
}

/// What is printed, as it comes.
pub(super) struct Report<'r, 'o> {
    model: Arc<Model>,
    given: &'r Given,
    output: &'r mut Output<'o>,
    /// What bits are added up by; the tokens themselves are then in JSON alone.
    by: Option<&'r Units>,
    unit: Unit,
    json: bool,
    /// Rows that are not printed yet.
    rows: Vec<Row>,
    printed: bool,
    total: Total,
    /// Bits of each token so far.
    costs: Vec<Option<f64>>,
}

impl<'r, 'o> Report<'r, 'o> {
    pub(super) fn new(
        session: &Session,
        given: &'r Given,
        output: &'r mut Output<'o>,
        by: Option<&'r Units>,
        unit: Unit,
        json: bool,
    ) -> Self {
        let (model, total, costs) = (Arc::clone(&session.model), Total::default(), Vec::new());
        Self { model, given, output, by, unit, json, rows: Vec::new(), printed: false, total, costs }
    }

    /// Takes in the next token that has a surprisal; those passed over have none.
    pub(super) fn token(&mut self, index: usize, surprise: Surprise) -> Result<(), Failure> {
        self.unscored(index)?;
        self.row(Some(surprise))
    }

    fn unscored(&mut self, until: usize) -> Result<(), Failure> {
        (self.costs.len()..until).try_for_each(|_| self.row(None))
    }

    fn row(&mut self, surprise: Option<Surprise>) -> Result<(), Failure> {
        let index = self.costs.len();
        let bits = surprise.map(|surprise| surprise.bits);
        if let Some(bits) = bits {
            self.total.add(bits);
        }
        self.costs.push(bits);
        let row = row(&self.model, self.given, index, surprise, self.total.bits());
        self.rows.push(row);
        if self.rows.len() >= TOGETHER { self.flush() } else { Ok(()) }
    }

    /// Prints the rows at hand.
    fn flush(&mut self) -> Result<(), Failure> {
        let rows = std::mem::take(&mut self.rows);
        if self.json {
            let name = &self.model.name;
            if !self.printed {
                self.output.part("{\"model\":")?;
                self.output.value(name)?;
                self.output.part(",\"tokens\":[")?;
            }
            for (index, row) in rows.iter().enumerate() {
                if self.printed || index > 0 {
                    self.output.part(",")?;
                }
                self.output.value(row)?;
            }
        } else if self.by.is_none() {
            table(&self.model, &rows, self.unit, self.output)?;
        }
        self.printed = true;
        Ok(())
    }

    /// What the text costs altogether.
    pub(super) fn finish(mut self, windows: Windows, special: bool) -> Result<(), Failure> {
        if self.total.count() == 0 {
            return Err(Failure::NothingToScore);
        }
        self.unscored(self.given.ids.len())?;
        self.flush()?;
        let text = self.given.text.as_deref();
        let parts = self.by.map(|units| units.parts(text.unwrap_or_default(), &self.costed()));
        let rows = parts.map(|parts| {
            let text = text.unwrap_or_default();
            let row = |part: Part| UnitRow {
                text: String::from_utf8_lossy(&text.as_bytes()[part.bytes.clone()]),
                bytes: [part.bytes.start, part.bytes.end],
                surprisal_bits: part.bits,
                tokens: [part.tokens.start, part.tokens.end],
                shared: part.shared,
            };
            parts.into_iter().map(row).collect::<Vec<_>>()
        });
        let pseudo = !self.model.engine.blueprint.predicts_next();
        let slid = !pseudo && self.given.ids.len() > windows.window;
        let (bits, mean) = (self.total.bits(), self.total.mean());
        let bytes = text.map(str::len).filter(|bytes| *bytes > 0);
        let characters = text.map(|text| text.chars().count()).filter(|characters| *characters > 0);
        let summary = Summary {
            scored: self.total.count(),
            bits,
            nats: Unit::Nats.of(bits),
            cross_entropy_bits: mean,
            cross_entropy_nats: Unit::Nats.of(mean),
            perplexity: self.total.perplexity(),
            pseudo,
            bits_per_byte: bytes.map(|bytes| bits / bytes as f64),
            bytes,
            bits_per_character: characters.map(|characters| bits / characters as f64),
            characters,
            window: slid.then_some(windows.window),
            stride: slid.then_some(windows.stride),
            by: self.by.map(Units::name),
            units: rows,
        };
        if self.json {
            self.output.part("],")?;
            return self.output.rest(&summary);
        }
        self.print(&summary, special)
    }

    /// The tokens of the text with their places.
    fn costed(&self) -> Vec<Cost> {
        let tokens = self.given.ranges.iter().zip(&self.costs);
        let placed = tokens.filter_map(|(range, bits)| Some(((*range)?, *bits)));
        placed.map(|([start, end], bits)| Cost { bytes: start..end, bits }).collect()
    }

    fn print(&mut self, summary: &Summary<'_>, special: bool) -> Result<(), Failure> {
        let (unit, language) = (self.unit, self.output.language);
        let name = name(unit).text(language);
        if let Some(units) = &summary.units {
            self.units(units)?;
        }
        self.output.line("")?;
        match (summary.window, summary.stride) {
            (Some(window), Some(stride)) => self.output.say(Message::CliWindowed, &[&window, &stride])?,
            _ if summary.pseudo => {}
            _ => self.output.say(Message::CliOneWindow, &[&self.given.ids.len()])?,
        }
        let number = |bits: f64, digits: usize| format!("{:.digits$}", unit.of(bits));
        let total = if summary.pseudo { Message::CliTotalHidden } else { Message::CliTotal };
        let (bits, mean) = (number(summary.bits, 3), number(summary.cross_entropy_bits, 4));
        let perplexity = format!("{:.3}", summary.perplexity);
        self.output.say(total, &[&bits, &name, &summary.scored, &mean, &perplexity])?;
        if let (Some(byte), Some(character)) = (summary.bits_per_byte, summary.bits_per_character) {
            let (bytes, characters) = (summary.bytes.unwrap_or(0), summary.characters.unwrap_or(0));
            let (byte, character) = (number(byte, 4), number(character, 4));
            self.output.say(Message::CliPerByte, &[&byte, &name, &bytes, &character, &characters])?;
        }
        let every = summary.scored == self.given.ids.len();
        if special || every { Ok(()) } else { self.output.say(Message::CliFirstUnscored, &[]) }
    }

    fn units(&mut self, units: &[UnitRow<'_>]) -> Result<(), Failure> {
        for rows in units.chunks(TOGETHER) {
            let rows: Vec<_> = rows
                .iter()
                .map(|row| {
                    let shared = if row.shared { "~" } else { "" };
                    let tokens = row.tokens[1] - row.tokens[0];
                    let text = &self.given.text.as_deref().unwrap_or_default().as_bytes()[row.bytes[0]..row.bytes[1]];
                    vec![
                        safe::token_label(text),
                        format!("{tokens}{shared}"),
                        number(row.surprisal_bits.map(|bits| self.unit.of(bits))),
                        bar(row.surprisal_bits),
                    ]
                })
                .collect();
            let columns = [
                Column::Left(Message::CliUnit),
                Column::Left(Message::CliUnitTokens),
                Column::Right(Message::CliSurprisal),
                Column::Left(name(self.unit)),
            ];
            self.output.table(&columns, &rows)?;
        }
        let over = units.windows(2).filter(|pair| pair[0].tokens[1] > pair[1].tokens[0]);
        let mut shared: Vec<usize> = over.map(|pair| pair[1].tokens[0]).collect();
        shared.dedup();
        if shared.is_empty() { Ok(()) } else { self.output.say(Message::CliShared, &[&shared.len()]) }
    }
}

/// The name of a unit.
fn name(unit: Unit) -> Message {
    match unit {
        Unit::Bits => Message::CliBits,
        Unit::Nats => Message::Nats,
    }
}

fn row(model: &Model, given: &Given, index: usize, surprise: Option<Surprise>, cumulative_bits: f64) -> Row {
    let id = given.ids[index];
    Row {
        piece: piece(id, bytes(model, id)),
        bytes: given.ranges[index],
        surprisal_bits: surprise.map(|surprise| surprise.bits),
        probability: surprise.map(|surprise| surprise.probability),
        rank: surprise.map(|surprise| surprise.rank),
        entropy_bits: surprise.map(|surprise| surprise.entropy_bits),
        cumulative_bits,
    }
}

fn bytes(model: &Model, id: u32) -> &[u8] {
    model.tokenizer.as_ref().map_or(&[], |tokenizer| tokenizer.piece(id))
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.3}"))
}

fn bar(bits: Option<f64>) -> String {
    "▇".repeat(bits.map_or(0, |bits| (bits.round() as usize).min(BAR)))
}

fn table(model: &Model, tokens: &[Row], unit: Unit, output: &mut Output<'_>) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> = tokens
        .iter()
        .map(|row| {
            vec![
                row.piece.id.to_string(),
                safe::token_label(bytes(model, row.piece.id)),
                row.probability.map(probability).unwrap_or_default(),
                row.rank.map_or_else(String::new, |rank| rank.to_string()),
                number(row.entropy_bits.map(|bits| unit.of(bits))),
                number(row.surprisal_bits.map(|bits| unit.of(bits))),
                number(row.surprisal_bits.map(|_| unit.of(row.cumulative_bits))),
                bar(row.surprisal_bits),
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
        Column::Right(Message::CliCumulative),
        Column::Left(name(unit)),
    ];
    output.table(&columns, &rows)
}

/// The tokens of a text with what the model said of each, as a table.
pub(in crate::cli) fn show(
    session: &Session,
    given: &Given,
    surprises: &[Option<Surprise>],
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let mut total = Total::default();
    let rows: Vec<Row> = surprises
        .iter()
        .enumerate()
        .map(|(index, &surprise)| {
            if let Some(surprise) = surprise {
                total.add(surprise.bits);
            }
            row(&session.model, given, index, surprise, total.bits())
        })
        .collect();
    table(&session.model, &rows, Unit::Bits, output)
}
