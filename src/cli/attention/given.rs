//! Queries, keys and values of one's own, step by step.

use std::io::Read;
use std::path::Path;

use serde::Serialize;

use super::steps::{self, Step};
use crate::cli::output::Output;
use crate::cli::{Failure, input};
use crate::lm::explain::{Given, Row};
use crate::ui::Message;

#[derive(Serialize)]
struct Answer {
    scale: f32,
    rows: Vec<Worked>,
}

#[derive(Serialize)]
struct Worked {
    #[serde(skip_serializing_if = "Option::is_none")]
    greatest: Option<f32>,
    sum: f32,
    mixture: Vec<f32>,
    row: Vec<Step>,
}

pub(super) fn run(qkv: &str, json: bool, stdin: &mut dyn Read, output: &mut Output<'_>) -> Result<(), Failure> {
    let text = if qkv.trim_start().starts_with('{') || !Path::new(qkv).exists() && qkv != "-" {
        qkv.to_owned()
    } else {
        input::text_or_file(qkv, stdin)?
    };
    let given = Given::read(&text)?;
    let rows = given.rows();
    if json {
        let worked = |row: Row| Worked {
            greatest: row.greatest.is_finite().then_some(row.greatest),
            sum: row.sum,
            mixture: row.mixture,
            row: row.cells.iter().map(Step::from).collect(),
        };
        return output.json(&Answer { scale: given.scale(), rows: rows.into_iter().map(worked).collect() });
    }
    for (query, row) in rows.iter().enumerate() {
        output.line(&format!("q{query} = {}", steps::numbers(&given.q[query])))?;
        let label = |key: usize| format!("k{key} = {}", steps::numbers(&given.k[key]));
        steps::table(&row.cells, &label, output)?;
        if row.cells.iter().any(|cell| cell.visible) {
            output.line(&format!("max {:.4} · Σ {:.4}", row.greatest, row.sum))?;
        } else {
            output.say(Message::CliEmptyRow, &[&query])?;
        }
        output.line(&format!("{} = {}", Message::StepMixed.text(output.language), steps::numbers(&row.mixture)))?;
        output.line("")?;
    }
    Ok(())
}
