//! `lmscope trace`: everything one forward pass computes, as safetensors.

use std::io::Read;

use serde::Serialize;

use super::arguments::{Common, Trace};
use super::output::Output;
use super::session::Session;
use super::{Failure, file};
use crate::lab::masks;
use crate::lm::Conditions;
use crate::lm::blueprint::Stacks;
use crate::lm::explain::ExplainError;
use crate::lm::{ForwardError, Input};
use crate::ui::Message;
use crate::ui::safe;

#[derive(Serialize)]
struct Answer {
    model: String,
    file: String,
    ids: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decoder_ids: Option<Vec<u32>>,
    mask: String,
    layers: usize,
    arrays: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    interventions: Vec<String>,
}

pub(super) fn run(
    common: &Common,
    options: &Trace,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let text = Session::text(&options.source, stdin)?;
    let mut session = Session::open(common)?;
    session.change(&options.changes)?;
    let given = session.given(&options.source, text)?;
    if given.ids.is_empty() {
        return Err(Failure::NothingGiven);
    }
    file::spare(&session.model, &options.output)?;
    let engine = &session.model.engine;
    let mask = options.mask.as_ref().unwrap_or(&engine.blueprint.mask);
    let decoder = match (&options.decoder_ids, engine.blueprint.stacks) {
        (Some(_), Stacks::Decoder | Stacks::Encoder) => return Err(ForwardError::NoEncoder.into()),
        (Some(ids), Stacks::EncoderDecoder) => ids.clone(),
        (None, _) => engine.config.decoder_start.into_iter().collect(),
    };
    let input = Input { tokens: &given.ids, segments: options.segments.as_deref().unwrap_or_default() };
    let (layers, heads) = (engine.config.layers, engine.config.heads);
    if let Some(&layer) = options.layers.iter().flat_map(|picked| picked.iter()).find(|layer| **layer >= layers) {
        return Err(ExplainError::Layer { layer, layers }.into());
    }
    if let Some(&head) = options.heads.iter().flat_map(|picked| picked.iter()).find(|head| **head >= heads) {
        return Err(ExplainError::Head { layer: 0, head, heads }.into());
    }
    let two = engine.blueprint.stacks == Stacks::EncoderDecoder;
    let (source, length) = if two { (given.ids.len(), decoder.len()) } else { (0, given.ids.len()) };
    masks::fit(mask, length)?;
    session.changes.fit(source, length, mask)?;
    let under = Conditions { mask, interventions: &session.changes };
    let mut trace = engine.trace(input, &decoder, under, &mut session.workspace)?;
    trace.keep(options.layers.as_deref(), options.heads.as_deref());
    trace.write(&options.output)?;
    let file = options.output.display().to_string();
    let arrays = trace.count();
    if common.json {
        return output.json(&Answer {
            model: session.model.name.clone(),
            file,
            mask: mask.to_string(),
            layers: engine.config.layers,
            ids: given.ids,
            decoder_ids: trace.decoder_input_ids,
            arrays,
            interventions: session.changes.list().iter().map(ToString::to_string).collect(),
        });
    }
    output.say(Message::CliTraceWritten, &[&safe::visible(&file), &arrays, &given.ids.len()])
}
