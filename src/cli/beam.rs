//! `lmscope generate --beam`: several continuations at once, every step of the search, and the greedy path beside them.

use std::sync::Arc;

use serde::Serialize;

use super::Failure;
use super::arguments::{Common, EarlyStopping, Generate};
use super::output::{Column, Output};
use super::session::{Given, Piece, Session};
use crate::lm::beam::{self, BeamError, Candidate, Fate, Hypothesis, Rules, Stopped};
use crate::lm::{Beam, Position};
use crate::text::Tokenizer;
use crate::ui::Message;
use crate::ui::safe;

/// Columns of a hypothesis's text in the table of a step: its end.
const TEXT: usize = 40;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    prompt: Prompt,
    beam: usize,
    groups: usize,
    diversity: f64,
    length_penalty: f64,
    early_stopping: &'static str,
    no_repeat: usize,
    steps: Vec<Step>,
    /// By group.
    stopped: Vec<&'static str>,
    hypotheses: Vec<Found>,
    greedy: Option<Found>,
}

#[derive(Serialize)]
struct Prompt {
    text: Option<String>,
    ids: Vec<u32>,
}

#[derive(Serialize)]
struct Step {
    length: usize,
    candidates: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    group: usize,
    parent: usize,
    fate: &'static str,
    live: Option<usize>,
    #[serde(flatten)]
    piece: Piece,
    log_probability: f64,
    paid: f64,
    score: f64,
    #[serde(skip)]
    text: String,
}

#[derive(Serialize)]
struct Found {
    text: String,
    score: f64,
    log_probability: f64,
    paid: f64,
    bits: f64,
    ended: bool,
    group: usize,
    tokens: Vec<Token>,
}

#[derive(Serialize)]
struct Token {
    #[serde(flatten)]
    piece: Piece,
    surprisal_bits: f64,
    entropy_bits: f64,
    rank: usize,
}

pub(super) fn run(
    common: &Common,
    options: &Generate,
    width: usize,
    mut session: Session,
    given: Given,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let end = session.model.tokenizer.as_ref().and_then(Tokenizer::eos).filter(|_| !options.ignore_end);
    let rules = options.beam.rules(width, options.steps, end.into_iter().collect());
    rules.check()?;
    let context = session.begin(&given.ids)?;
    let alone = Rules { width: 1, groups: 1, diversity: 0.0, ..rules.clone() };
    let mut greedy = search(&mut session, context.clone(), alone)?;
    while advance(&mut session, &mut greedy)?.is_some() {}
    let mut beam = search(&mut session, context, rules)?;
    let mut steps = Vec::new();
    loop {
        // Texts are for reading; JSON has the tokens.
        let groups = 0..if common.json { 0 } else { beam.rules().groups };
        let tokens = |group| beam.live(group).map(|one| one.tokens().collect()).collect();
        let before: Vec<Vec<Vec<u32>>> = groups.map(tokens).collect();
        let Some(step) = advance(&mut session, &mut beam)? else { break };
        let text = |candidate: &Candidate| {
            let parent = before.get(candidate.group)?.get(candidate.parent)?.iter();
            Some(safe::visible(&session.quote(parent.copied().chain([candidate.token]))))
        };
        let rows = step.candidates.iter().map(|one| row(&session, one, text(one).unwrap_or_default()));
        let rows: Vec<Row> = rows.collect();
        if common.json {
            steps.push(Step { length: step.length, candidates: rows });
        } else {
            show(&beam, step.length, &rows, output)?;
            output.flush()?;
        }
    }
    let hypotheses: Vec<Found> =
        beam.finished().into_iter().map(|(group, found)| self::found(&session, group, found)).collect();
    let greedy = greedy.finished().first().map(|(_, one)| found(&session, 0, one));
    let reasons: Vec<Stopped> = (0..beam.rules().groups).filter_map(|group| beam.stopped(group)).collect();
    if !common.json {
        return conclude(&beam, &hypotheses, greedy.as_ref(), &reasons, output);
    }
    output.json(&Answer {
        model: &session.model.name,
        prompt: Prompt { text: given.text, ids: given.ids },
        beam: width,
        groups: beam.rules().groups,
        diversity: beam.rules().diversity,
        length_penalty: beam.rules().length_penalty,
        early_stopping: match options.beam.early_stopping {
            EarlyStopping::Yes => "yes",
            EarlyStopping::No => "no",
            EarlyStopping::Never => "never",
        },
        no_repeat: beam.rules().no_repeat,
        steps,
        stopped: reasons.into_iter().map(name).collect(),
        hypotheses,
        greedy,
    })
}

fn search(session: &mut Session, context: Vec<Position>, rules: Rules) -> Result<Beam, Failure> {
    let beam = Beam::new(&session.model.engine, context, rules, &mut session.workspace);
    let changes = Arc::new(session.changes.clone());
    beam.map(|beam| beam.with(changes)).map_err(|error| failure(session, error))
}

fn advance(session: &mut Session, beam: &mut Beam) -> Result<Option<beam::Step>, Failure> {
    let step = beam.step(&session.model.engine, &mut session.workspace, &|| true);
    step.map_err(|error| failure(session, error))
}

fn failure(session: &Session, error: BeamError) -> Failure {
    match error {
        BeamError::Forward(error) => error.into(),
        BeamError::NotFinite(logit) => session.model.explain(logit, &|| true).into(),
    }
}

fn row(session: &Session, candidate: &Candidate, text: String) -> Row {
    let (fate, live) = match candidate.fate {
        Fate::Live(live) => ("live", Some(live)),
        Fate::Finished => ("finished", None),
        Fate::EndedLow => ("ended", None),
        Fate::Dropped => ("dropped", None),
    };
    let Candidate { group, parent, token, log_probability, paid, score, .. } = *candidate;
    Row { group, parent, fate, live, piece: session.piece(token), log_probability, paid, score, text }
}

fn found(session: &Session, group: usize, found: &Hypothesis) -> Found {
    let special = |token| session.model.tokenizer.as_ref().is_some_and(|tokenizer| tokenizer.is_special(token));
    let plain = found.tokens().filter(|&token| !special(token));
    let tokens = found.choices.iter().map(|choice| Token {
        piece: session.piece(choice.token),
        surprisal_bits: choice.surprisal_bits,
        entropy_bits: choice.entropy_bits,
        rank: choice.rank + 1,
    });
    Found {
        text: session.quote(plain),
        score: found.score,
        log_probability: found.log_probability,
        paid: found.paid,
        bits: found.bits(),
        ended: found.ended,
        group,
        tokens: tokens.collect(),
    }
}

/// One step: what lives on, what ended, what was dropped.
fn show(beam: &Beam, length: usize, rows: &[Row], output: &mut Output<'_>) -> Result<(), Failure> {
    let language = output.language;
    let grouped = beam.rules().groups > 1;
    output.say(Message::CliBeamStep, &[&length])?;
    let mut columns = vec![
        Column::Left(Message::CliBlank),
        Column::Right(Message::CliBeamFrom),
        Column::Right(Message::CliBits),
        Column::Right(Message::CliBeamScore),
        Column::Left(Message::CliBeamText),
    ];
    if grouped {
        columns.insert(0, Column::Right(Message::CliBeamGroup));
    }
    let cells = |row: &Row| {
        let fate = match row.fate {
            "live" => format!("{} {}", Message::CliBeamLive.text(language), row.live.unwrap_or(0) + 1),
            "finished" => Message::CliBeamFinished.text(language).to_owned(),
            "ended" => Message::CliBeamEnded.text(language).to_owned(),
            _ => Message::CliBeamDropped.text(language).to_owned(),
        };
        let bits = -row.log_probability / std::f64::consts::LN_2;
        let text = tail(&row.text, TEXT);
        let from = if length == 1 { String::new() } else { (row.parent + 1).to_string() };
        let mut cells = vec![fate, from, format!("{bits:.3}"), format!("{:.4}", row.score), text];
        if grouped {
            cells.insert(0, (row.group + 1).to_string());
        }
        cells
    };
    output.table(&columns, &rows.iter().map(cells).collect::<Vec<_>>())?;
    output.line("")
}

/// The end of a text that is safe to show.
fn tail(text: &str, columns: usize) -> String {
    if safe::width(text) <= columns {
        return text.to_owned();
    }
    let mut start = 0;
    while safe::width(&text[start..]) + 1 > columns {
        start += text[start..].chars().next().map_or(1, char::len_utf8);
    }
    format!("…{}", &text[start..])
}

/// The hypotheses by score, and the greedy path beside them.
fn conclude(
    beam: &Beam,
    hypotheses: &[Found],
    greedy: Option<&Found>,
    reasons: &[Stopped],
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let language = output.language;
    let same = |found: &Found| greedy.is_some_and(|greedy| greedy.text == found.text && greedy.bits == found.bits);
    let cells = |name: String, found: &Found| {
        let probability = format!("{:.2e}", found.log_probability.exp());
        let length = found.tokens.len().to_string();
        let text = safe::visible(&found.text);
        vec![name, format!("{:.4}", found.score), format!("{:.3}", found.bits), probability, length, text]
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (index, found) in hypotheses.iter().enumerate() {
        let mark = if same(found) { "=" } else { "" };
        rows.push(cells(format!("{}{mark}", index + 1), found));
    }
    rows.extend(greedy.map(|greedy| cells(Message::CliBeamGreedy.text(language).to_owned(), greedy)));
    let columns = [
        Column::Right(Message::CliBlank),
        Column::Right(Message::CliBeamScore),
        Column::Right(Message::CliBits),
        Column::Right(Message::CliProbability),
        Column::Right(Message::CliTokenNumber),
        Column::Left(Message::CliBeamText),
    ];
    output.table(&columns, &rows)?;
    output.line("")?;
    if hypotheses.iter().any(same) {
        output.say(Message::CliBeamSame, &[])?;
    }
    for (group, &reason) in reasons.iter().enumerate() {
        let why = match reason {
            Stopped::Full => Message::CliBeamFull,
            Stopped::Unbeatable => Message::CliBeamUnbeatable,
            Stopped::Length => Message::CliBeamLength,
            Stopped::Exhausted => Message::CliBeamExhausted,
        };
        if reasons.len() > 1 {
            output.say(Message::CliBeamGroupStopped, &[&(group + 1), &why.text(language)])?;
        } else {
            output.say(Message::CliBeamStopped, &[&beam.length(), &why.text(language)])?;
        }
    }
    Ok(())
}

fn name(stopped: Stopped) -> &'static str {
    match stopped {
        Stopped::Full => "full",
        Stopped::Unbeatable => "unbeatable",
        Stopped::Length => "length",
        Stopped::Exhausted => "exhausted",
    }
}
