//! `lmscope models --check`: whether every weight is a number.

use serde::Serialize;

use super::super::Failure;
use super::super::arguments::Common;
use super::super::output::Output;
use crate::lm::Unsound;
use crate::model::{self, Say, Spec};
use crate::ui::{Message, safe};

#[derive(Serialize)]
struct Answer {
    name: String,
    tensors: usize,
    not_finite: Vec<Found>,
}

#[derive(Serialize)]
struct Found {
    tensor: String,
    index: usize,
    value: String,
    count: usize,
}

/// Reads every weight of each model; text says what is wrong as soon as it is found.
pub(super) fn run(common: &Common, named: &[Spec], output: &mut Output<'_>) -> Result<(), Failure> {
    let mut damaged = 0;
    for spec in named {
        let mut found: Vec<Unsound> = Vec::new();
        let mut written = Ok(());
        let tensors = model::check(spec, &mut |unsound| {
            if !common.json && written.is_ok() {
                written = output.line(&unsound.say(common.language));
            }
            found.push(unsound);
        })?;
        written?;
        damaged += found.len();
        if common.json {
            let not_finite = found.into_iter().map(|Unsound { tensor, index, value, count }| {
                // JSON has no word for these numbers.
                Found { tensor, index, value: value.to_string(), count }
            });
            output.json(&Answer { name: spec.name(), tensors, not_finite: not_finite.collect() })?;
        } else if found.is_empty() {
            output.say(Message::CliSound, &[&safe::visible(&spec.name()), &tensors])?;
        }
    }
    if damaged > 0 { Err(Failure::Unsound(damaged)) } else { Ok(()) }
}
