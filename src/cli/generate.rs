//! `lmscope generate`: continue a text, token by token.

use std::io::Read;

use serde::Serialize;

use super::arguments::{Changes, Common, Generate};
use super::output::{Output, aligned, probability};
use super::session::{Given, Piece, Session};
use super::{Failure, beam};
use crate::job::{Chosen, Noted, Record};
use crate::lm::{Distribution, Kind, Note, Past, Sampler, Shaped, chance, uniform};
use crate::text::Tokenizer;
use crate::ui::Message;
use crate::ui::safe;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    prompt: Prompt,
    seed: u64,
    temperature: f64,
    top_k: usize,
    top_p: f64,
    min_p: f64,
    /// Every stage in its order, as `--pipeline` takes it.
    pipeline: String,
    /// Whether this is a saved run, every choice of which was the same again.
    replayed: bool,
    /// What was generated, without the prompt.
    text: String,
    steps: Vec<Step>,
    stopped: Stopped,
}

#[derive(Serialize)]
struct Prompt {
    text: Option<String>,
    ids: Vec<u32>,
}

/// One generated token; `probability`, `surprisal_bits`, `entropy_bits` and `rank` are the model's, before the sampler.
#[derive(Serialize)]
struct Step {
    #[serde(flatten)]
    piece: Piece,
    probability: f32,
    surprisal_bits: f64,
    entropy_bits: f64,
    rank: usize,
    /// The probability that the sampler drew it with.
    sampler_probability: f32,
    /// How many tokens the sampler left to draw from.
    candidates: usize,
    /// The random number it was drawn with, in 0..1.
    random: f64,
    /// The stretch of 0..1 that fell on the token.
    stretch: [f64; 2],
    /// What mirostat came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    mu: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stages: Option<Vec<Passed>>,
}

/// What a stage made of the candidates.
#[derive(Serialize)]
struct Passed {
    stage: String,
    survivors: usize,
    /// The share of the probability entering it that its survivors held.
    mass: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// The most probable tokens of the model, each with its probability after the stage.
    tokens: Vec<Candidate>,
}

#[derive(Serialize)]
struct Candidate {
    #[serde(flatten)]
    piece: Piece,
    probability: f64,
}

/// Why the text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Stopped {
    /// As many tokens as were asked for.
    Steps,
    /// The token that ends a text.
    End,
    /// The context is full.
    Context,
}

pub(super) fn run(
    common: &Common,
    options: &Generate,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let text = Session::text(&options.source, stdin)?;
    let mut session = Session::open(common)?;
    let replayed = options.replay.as_deref().map(Record::read).transpose()?;
    match &replayed {
        Some(record) => session.change(&Changes { intervene: record.interventions.clone() })?,
        None => session.change(&options.changes)?,
    }
    let given = match &replayed {
        Some(record) => prompt_of(&session, record)?,
        None => session.given(&options.source, text)?,
    };
    if given.ids.is_empty() {
        return Err(Failure::NothingGiven);
    }
    if let Some(width) = options.beam.beam {
        return beam::run(common, options, width, session, given, output);
    }
    let pipeline = match &replayed {
        Some(record) => record.pipeline.parse().map_err(Failure::Pipeline)?,
        None => options.sampling.sampler(),
    };
    let mut seed = replayed.as_ref().map_or(common.seed, |record| record.seed);
    let line: Vec<&Noted> =
        replayed.iter().flat_map(|record| record.line().into_iter().map(|index| &record.nodes[index])).collect();
    let most = if replayed.is_some() { line.len() } else { options.steps };
    let mut sampler = session.model.prepare(&pipeline)?;
    let end = session.model.tokenizer.as_ref().and_then(Tokenizer::eos);
    let context = session.model.engine.config.context;
    let mut positions = session.begin(&given.ids)?;
    let source = positions.iter().take_while(|position| position.is_source()).count();
    if !common.json {
        heading(output)?;
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut tokens: Vec<u32> =
        if source > 0 { session.model.engine.config.decoder_start.into_iter().collect() } else { given.ids.clone() };
    let mut mu = None;
    let mut bytes: Vec<u8> = Vec::new();
    let stopped = loop {
        if steps.len() == most {
            break Stopped::Steps;
        }
        if let Some(changes) = line.get(steps.len()).and_then(|noted| noted.interventions.clone()) {
            session.change(&Changes { intervene: changes })?;
            positions = session.begin(&given.ids)?;
            let generated: Vec<u32> = steps.iter().map(|step| step.piece.id).collect();
            let read = session.extend(&positions, &generated)?;
            positions.extend(read);
        }
        let Some(last) = positions.last().cloned() else { return Err(Failure::NothingGiven) };
        let Some(distribution) = session.distributions(&[last])?.pop() else { return Err(Failure::NothingGiven) };
        let index = steps.len() as u64;
        if let Some(noted) = line.get(steps.len()) {
            seed = noted.seed.unwrap_or(seed);
            if let Some(pipeline) = &noted.pipeline {
                sampler = session.model.prepare(&pipeline.parse().map_err(Failure::Pipeline)?)?;
            }
        }
        let past = Past { tokens: &tokens, generated: steps.len(), mu, chance: chance(seed, index) };
        let shaped = sampler.shape(&distribution, &past);
        let random = uniform(seed, index);
        let (mut id, mut stretch) = shaped.draw_at(random);
        if let Some(noted) = line.get(steps.len()) {
            if matches!(noted.chosen, Chosen::Picked | Chosen::Searched) {
                (id, stretch) = (noted.token, shaped.stretch(noted.token).unwrap_or([0.0; 2]));
            } else if noted.token != id || noted.chosen != chosen(&sampler, random) {
                return Err(Failure::ReplayedElse(steps.len() + 1));
            }
        }
        mu = shaped.mirostat_after(id);
        let step = Step {
            piece: session.piece(id),
            probability: distribution.probability(id),
            surprisal_bits: distribution.surprisal_bits(id),
            entropy_bits: distribution.entropy_bits(),
            rank: distribution.rank(id).unwrap_or(0) + 1,
            sampler_probability: shaped.probability(id),
            candidates: shaped.survivors(),
            random,
            stretch,
            mu,
            stages: options.stages.map(|top| stages(&session, &distribution, &shaped, top)),
        };
        tokens.push(id);
        if !common.json {
            row(output, steps.len() + 1, &step, &session.label(id))?;
            if let Some(top) = options.stages {
                columns(&session, &distribution, &shaped, top, &step, output)?;
            }
            output.flush()?;
        }
        steps.push(step);
        if !session.model.tokenizer.as_ref().is_some_and(|tokenizer| tokenizer.is_special(id)) {
            bytes.extend_from_slice(session.bytes(id));
        }
        if end == Some(id) && !options.ignore_end && replayed.is_none() {
            break Stopped::End;
        }
        if steps.len() == most {
            break Stopped::Steps;
        }
        if positions.len() - source == context {
            break Stopped::Context;
        }
        session.append(&mut positions, &[id])?;
    };
    let generated = String::from_utf8_lossy(&bytes).into_owned();
    if let Some(path) = &options.tree {
        let ids = before(&session, &given.ids);
        let mut record =
            Record::new(&session.model, given.text.as_deref().unwrap_or_default(), ids, seed, pipeline.to_string());
        record.nodes = steps.iter().enumerate().map(|(index, step)| step.noted(index, &sampler)).collect();
        record.path = steps.len().checked_sub(1);
        record.interventions = session.changes.list().iter().map(ToString::to_string).collect();
        record.write(path, &session.model)?;
    }
    if common.json {
        let (temperature, top_k, top_p, min_p) = options.sampling.values();
        return output.json(&Answer {
            model: &session.model.name,
            prompt: Prompt { text: given.text, ids: given.ids },
            seed,
            replayed: replayed.is_some(),
            temperature,
            top_k,
            top_p,
            min_p,
            pipeline: pipeline.to_string(),
            text: generated,
            steps,
            stopped,
        });
    }
    let left_out = session.left_out(&given.ids);
    output.line("")?;
    let prompt = given.text.unwrap_or_default();
    for line in format!("{prompt}{generated}").split('\n') {
        output.line(&safe::visible(line))?;
    }
    output.line("")?;
    if replayed.is_some() {
        return output.say(Message::CliReplayed, &[&steps.len()]);
    }
    match stopped {
        Stopped::Steps => output.say(Message::CliStoppedSteps, &[&steps.len()]),
        Stopped::End => output.say(Message::CliStoppedEnd, &[]),
        Stopped::Context => output.say(Message::CliStoppedContext, &[&context]),
    }?;
    left_out.map_or(Ok(()), |framed| output.say(Message::CliUnframed, &[&framed]))
}

/// How the sampler chooses.
fn chosen(sampler: &Sampler, random: f64) -> Chosen {
    if sampler.is_greedy() { Chosen::Greedy } else { Chosen::Sampled(random) }
}

impl Step {
    /// The step as a saved run has it.
    fn noted(&self, index: usize, sampler: &Sampler) -> Noted {
        Noted {
            token: self.piece.id,
            text: self.piece.text.clone(),
            after: index.checked_sub(1),
            chosen: chosen(sampler, self.random),
            surprisal_bits: Some(self.surprisal_bits),
            mu: self.mu,
            pipeline: None,
            seed: None,
            interventions: None,
            name: None,
        }
    }
}

/// What a run has before its first generated token: the prompt, and the token that a decoder begins with.
fn before(session: &Session, prompt: &[u32]) -> Vec<u32> {
    let start = session.model.engine.config.decoder_start;
    prompt.iter().copied().chain(start).collect()
}

/// The prompt of a saved run that this model made.
fn prompt_of(session: &Session, record: &Record) -> Result<Given, Failure> {
    record.check(&session.model)?;
    let start = session.model.engine.config.decoder_start.map_or(0, |_| 1);
    let ids = record.tokens[..record.tokens.len().saturating_sub(start)].to_vec();
    Ok(Given { text: Some(record.text.clone()), ranges: vec![None; ids.len()], ids })
}

const WIDTHS: [usize; 8] = [5, 7, 18, 9, 9, 9, 11, 7];

fn heading(output: &mut Output<'_>) -> Result<(), Failure> {
    let words = [
        Message::CliStep,
        Message::CliId,
        Message::CliToken,
        Message::CliProbability,
        Message::CliSurprisal,
        Message::CliEntropy,
        Message::CliSampler,
        Message::CliChoices,
    ];
    let cells = words.map(|word| word.text(output.language).to_owned());
    line(output, &cells)
}

fn row(output: &mut Output<'_>, number: usize, step: &Step, label: &str) -> Result<(), Failure> {
    let cells = [
        number.to_string(),
        step.piece.id.to_string(),
        label.to_owned(),
        probability(step.probability),
        format!("{:.3}", step.surprisal_bits),
        format!("{:.3}", step.entropy_bits),
        probability(step.sampler_probability),
        step.candidates.to_string(),
    ];
    line(output, &cells)
}

fn line(output: &mut Output<'_>, cells: &[String; 8]) -> Result<(), Failure> {
    let cells = cells.iter().zip(WIDTHS).enumerate().map(|(index, (cell, width))| match index {
        2 => safe::left(cell, width),
        _ => safe::right(cell, width),
    });
    output.line(cells.collect::<Vec<_>>().join("  ").trim_end())
}

/// What every stage made of the model's most probable tokens.
fn stages(session: &Session, distribution: &Distribution, shaped: &Shaped, top: usize) -> Vec<Passed> {
    let of = |(index, outcome): (usize, &crate::lm::Outcome)| {
        let front = distribution.front(top).iter().take(top);
        Passed {
            stage: outcome.stage.to_string(),
            survivors: outcome.survivors(),
            mass: shaped.mass(index),
            note: note(outcome),
            tokens: front
                .map(|&id| Candidate { piece: session.piece(id), probability: outcome.column.probability(id) })
                .collect(),
        }
    };
    shaped.stages().iter().enumerate().map(of).collect()
}

/// What a stage did beyond its parameters.
fn note(outcome: &crate::lm::Outcome) -> Option<String> {
    match outcome.note {
        Note::Nothing => None,
        Note::Emptied => Some("left none; kept the most probable".to_owned()),
        Note::Chance(chance) => Some(format!("chance {chance:.4}")),
        Note::Surprisal(bits) => Some(format!("mu {bits:.4}")),
        Note::Temperature(t) => Some(format!("t {t:.4}")),
    }
}

/// A table of the model's most probable tokens: a column for each stage, what was cut marked by the stage that cut it, and
/// where the random number fell.
fn columns(
    session: &Session,
    distribution: &Distribution,
    shaped: &Shaped,
    top: usize,
    step: &Step,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let stages = shaped.stages();
    let mut head =
        vec![Message::CliId.text(output.language).to_owned(), Message::CliToken.text(output.language).to_owned()];
    head.push(Message::ColumnModel.text(output.language).to_owned());
    head.extend(stages.iter().map(|outcome| outcome.stage.to_string()));
    let mut rows = vec![head];
    for &id in distribution.front(top).iter().take(top) {
        let mut row = vec![id.to_string(), session.label(id), probability(distribution.probability(id))];
        let removed = shaped.removed_by(id).unwrap_or(usize::MAX);
        row.extend(stages.iter().enumerate().map(|(index, outcome)| match index {
            index if index < removed => probability(outcome.column.probability(id) as f32),
            index if index == removed => "×".to_owned(),
            _ => String::new(),
        }));
        rows.push(row);
    }
    let left = stages.iter().map(|outcome| outcome.survivors().to_string());
    let total = [String::new(), Message::CliLeft.text(output.language).to_owned(), shaped.total().to_string()];
    rows.push(total.into_iter().chain(left).collect());
    if stages.iter().any(|outcome| outcome.note != Note::Nothing) {
        let notes = stages.iter().map(|outcome| note(outcome).unwrap_or_default());
        rows.push([String::new(), String::new(), String::new()].into_iter().chain(notes).collect());
    }
    for line in aligned(&rows) {
        output.line(&format!("      {line}"))?;
    }
    let greedy = stages.iter().any(|outcome| outcome.stage.is_greedy() && outcome.stage.kind == Kind::Temperature);
    if !greedy {
        let [from, to] = step.stretch.map(|edge| format!("{edge:.4}"));
        output.say(Message::CliFell, &[&format!("{:.4}", step.random), &session.label(step.piece.id), &from, &to])?;
    }
    output.line("")
}
