//! `lmscope attribute`: what each part of the model added to one token's logit.

use std::io::Read;

use serde::Serialize;

use super::Failure;
use super::arguments::{Attribute, Common};
use super::looked::Run;
use super::output::{Column, Output};
use super::session::{Piece, Session};
use crate::lm::AttentionKind;
use crate::lm::explain::{Attribution, Part};
use crate::ui::{Language, Message};

/// Columns of a bar on either side of 0.
const BAR: usize = 12;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    mask: String,
    interventions: Vec<String>,
    position: usize,
    token: Piece,
    logit: f32,
    sum: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    capped: Option<f64>,
    /// The logit less what the parts add up to.
    difference: f64,
    norms_held: usize,
    gate_held: bool,
    parts: Vec<Shared>,
    stream_norms: Vec<f32>,
}

#[derive(Serialize)]
struct Shared {
    part: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<usize>,
    logit: f64,
}

pub(super) fn run(
    common: &Common,
    options: &Attribute,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let mut run = Run::open(common, &options.looked, stdin)?;
    let index = run.index(options.position)?;
    let token = options.token.as_deref().map(|token| named(&run.session, token)).transpose()?;
    let mut workspace = std::mem::replace(&mut run.session.workspace, crate::lm::Workspace::new(1));
    let engine = &run.session.model.engine;
    let found = engine.attribute(&run.context, run.under(), index, token, &mut workspace, &|| true)?;
    if !common.json {
        return print(&run, &found, options.top, output);
    }
    output.json(&Answer {
        model: &run.session.model.name,
        mask: run.mask.to_string(),
        interventions: run.changes(),
        position: index - run.source,
        token: run.session.piece(found.token),
        logit: found.logit,
        sum: found.sum,
        capped: found.capped,
        difference: found.difference(),
        norms_held: found.norms,
        gate_held: found.gated,
        parts: found.parts.iter().map(|part| shared(part.part, part.logit)).collect(),
        stream_norms: found.stream_norms,
    })
}

/// A token that a person names: `#17`, or the text of one.
fn named(session: &Session, text: &str) -> Result<u32, Failure> {
    if let Some(id) = text.strip_prefix('#').and_then(|id| id.parse().ok()) {
        return Ok(id);
    }
    match session.encode(text, false)?.as_slice() {
        [id] => Ok(*id),
        ids => Err(Failure::NotOneToken(text.to_owned(), ids.len())),
    }
}

fn shared(part: Part, logit: f64) -> Shared {
    let (part, layer, head) = match part {
        Part::Embedding => ("embedding", None, None),
        Part::Patch(layer) => ("patch", Some(layer), None),
        Part::Head { layer, kind: AttentionKind::Cross, head } => ("cross_head", Some(layer), Some(head)),
        Part::Head { layer, head, .. } => ("head", Some(layer), Some(head)),
        Part::OutputBias { layer, kind: AttentionKind::Cross } => ("cross_bias", Some(layer), None),
        Part::OutputBias { layer, .. } => ("attention_bias", Some(layer), None),
        Part::Cell(layer) => ("cell", Some(layer), None),
        Part::FeedForward(layer) => ("feed_forward", Some(layer), None),
        Part::Constant => ("constant", None, None),
    };
    Shared { part, layer, head, logit }
}

/// What a part is called.
fn name(part: Part, language: Language) -> String {
    match part {
        Part::Embedding => Message::PartEmbedding.text(language).to_owned(),
        Part::Patch(layer) => Message::PartPatch.say(language, &[&layer]),
        Part::Head { layer, kind: AttentionKind::Cross, head } => Message::PartCross.say(language, &[&layer, &head]),
        Part::Head { layer, head, .. } => Message::PartHead.say(language, &[&layer, &head]),
        Part::OutputBias { layer, kind: AttentionKind::Cross } => Message::PartCrossBias.say(language, &[&layer]),
        Part::OutputBias { layer, .. } => Message::PartBias.say(language, &[&layer]),
        Part::Cell(layer) => Message::PartCell.say(language, &[&layer]),
        Part::FeedForward(layer) => Message::PartFeedForward.say(language, &[&layer]),
        Part::Constant => Message::PartConstant.text(language).to_owned(),
    }
}

fn print(run: &Run, found: &Attribution, top: usize, output: &mut Output<'_>) -> Result<(), Failure> {
    let language = output.language;
    let position = found.position - run.source;
    let token = run.session.label(found.token);
    output.say(Message::CliAttributed, &[&token, &position, &run.label(found.position)])?;
    let mut parts = found.parts.clone();
    parts.sort_by(|a, b| b.logit.abs().total_cmp(&a.logit.abs()));
    let greatest = parts.first().map_or(1.0, |part| part.logit.abs()).max(f64::MIN_POSITIVE);
    let (shown, rest) = parts.split_at(top.min(parts.len()));
    let mut rows: Vec<Vec<String>> = shown
        .iter()
        .map(|part| {
            let columns = (part.logit.abs() / greatest * BAR as f64).round() as usize;
            let bar = "█".repeat(columns);
            let bar = if part.logit < 0.0 { format!("{bar:>BAR$}│") } else { format!("{:BAR$}│{bar}", "") };
            vec![name(part.part, language), format!("{:+.4}", part.logit), bar]
        })
        .collect();
    if !rest.is_empty() {
        let sum: f64 = rest.iter().map(|part| part.logit).sum();
        rows.push(vec![Message::PartRest.say(language, &[&rest.len()]), format!("{sum:+.4}"), String::new()]);
    }
    let columns = [Column::Left(Message::CliPart), Column::Right(Message::CliLogit), Column::Left(Message::CliBlank)];
    output.table(&columns, &rows)?;
    let (sum, logit, difference) =
        (format!("{:.5}", found.sum), format!("{:.5}", found.logit), format!("{:.1e}", found.difference()));
    match found.capped {
        Some(capped) => {
            output.say(Message::CliAddUpCapped, &[&sum, &format!("{capped:.5}"), &logit, &difference])?;
        }
        None => output.say(Message::CliAddUp, &[&sum, &logit, &difference])?,
    }
    let held = if found.gated { Message::CliHeldGate } else { Message::CliHeld };
    output.say(held, &[&found.norms])
}
