//! `lmscope trace`: everything one forward pass computes, as safetensors.

use std::io::Read;

use serde::Serialize;

use super::arguments::{Common, Trace};
use super::output::Output;
use super::session::Session;
use super::{Failure, file};
use crate::lm::blueprint::Stacks;
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
}

pub(super) fn run(
    common: &Common,
    options: &Trace,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let text = Session::text(&options.source, stdin)?;
    let mut session = Session::open(common)?;
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
    let trace = engine.trace(input, &decoder, mask, &mut session.workspace)?;
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
        });
    }
    output.say(Message::CliTraceWritten, &[&safe::visible(&file), &arrays, &given.ids.len()])
}
