//! `lmscope generate`: continue a text, token by token.

use std::io::Read;

use serde::Serialize;

use super::Failure;
use super::arguments::{Common, Generate};
use super::output::{Output, probability};
use super::session::{Piece, Session};
use crate::lm::uniform;
use crate::text::Tokenizer;
use crate::ui::Message;
use crate::ui::safe;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    prompt: Prompt,
    seed: u64,
    temperature: f32,
    top_k: usize,
    top_p: f32,
    min_p: f32,
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
    let given = session.given(&options.source, text)?;
    if given.ids.is_empty() {
        return Err(Failure::NothingGiven);
    }
    let sampler = options.sampling.sampler();
    let end = session.model.tokenizer.as_ref().and_then(Tokenizer::eos);
    let context = session.model.engine.config.context;
    let mut positions = session.begin(&given.ids)?;
    let source = positions.iter().take_while(|position| position.is_source()).count();
    if !common.json {
        heading(output)?;
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut bytes: Vec<u8> = Vec::new();
    let stopped = loop {
        if steps.len() == options.steps {
            break Stopped::Steps;
        }
        let Some(last) = positions.last().cloned() else { return Err(Failure::NothingGiven) };
        let Some(distribution) = session.distributions(&[last])?.pop() else { return Err(Failure::NothingGiven) };
        let shaped = sampler.shape(&distribution);
        let random = uniform(common.seed, steps.len() as u64);
        let id = shaped.draw(random);
        let step = Step {
            piece: session.piece(id),
            probability: distribution.probability(id),
            surprisal_bits: distribution.surprisal_bits(id),
            entropy_bits: distribution.entropy_bits(),
            rank: distribution.rank(id).unwrap_or(0) + 1,
            sampler_probability: shaped.probability(id),
            candidates: shaped.ids().len(),
            random,
        };
        if !common.json {
            row(output, steps.len() + 1, &step, &session.label(id))?;
            output.flush()?;
        }
        steps.push(step);
        if !session.model.tokenizer.as_ref().is_some_and(|tokenizer| tokenizer.is_special(id)) {
            bytes.extend_from_slice(session.bytes(id));
        }
        if end == Some(id) && !options.ignore_end {
            break Stopped::End;
        }
        if steps.len() == options.steps {
            break Stopped::Steps;
        }
        if positions.len() - source == context {
            break Stopped::Context;
        }
        let next = session.extend(&positions, &[id])?;
        positions.extend(next);
    };
    let generated = String::from_utf8_lossy(&bytes).into_owned();
    if common.json {
        let (temperature, top_k, top_p, min_p) = options.sampling.values();
        return output.json(&Answer {
            model: &session.model.name,
            prompt: Prompt { text: given.text, ids: given.ids },
            seed: common.seed,
            temperature,
            top_k,
            top_p,
            min_p,
            text: generated,
            steps,
            stopped,
        });
    }
    output.line("")?;
    let prompt = given.text.unwrap_or_default();
    for line in format!("{prompt}{generated}").split('\n') {
        output.line(&safe::visible(line))?;
    }
    output.line("")?;
    match stopped {
        Stopped::Steps => output.say(Message::CliStoppedSteps, &[&steps.len()]),
        Stopped::End => output.say(Message::CliStoppedEnd, &[]),
        Stopped::Context => output.say(Message::CliStoppedContext, &[&context]),
    }
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
    aligned(output, &cells)
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
    aligned(output, &cells)
}

fn aligned(output: &mut Output<'_>, cells: &[String; 8]) -> Result<(), Failure> {
    let cells = cells.iter().zip(WIDTHS).enumerate().map(|(index, (cell, width))| match index {
        2 => safe::left(cell, width),
        _ => safe::right(cell, width),
    });
    output.line(cells.collect::<Vec<_>>().join("  ").trim_end())
}
