//! One cell of attention, step by step with its real numbers.

use serde::Serialize;

use super::super::arguments::Attention;
use super::super::looked::Run;
use super::super::output::{Column, Output, probability};
use super::places;
use crate::cli::Failure;
use crate::lm::explain::{Calculation, Cell, KeyVectors, Part, Turned};
use crate::lm::{AttentionKind, ForwardError, Workspace};
use crate::ui::{Message, safe};

/// Keys of a row that are printed: those with the most weight.
const KEYS: usize = 12;
/// Numbers of a vector that are printed.
const NUMBERS: usize = 8;

/// One key of a row.
#[derive(Serialize)]
pub(super) struct Step {
    product: f32,
    scaled: f32,
    capped: f32,
    distance: f32,
    score: f32,
    visible: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    shifted: Option<f32>,
    exponential: f32,
    weight: f32,
}

impl From<&Cell> for Step {
    fn from(cell: &Cell) -> Self {
        let &Cell { product, scaled, bent, distance, score, visible, shifted, exponential, weight } = cell;
        let shifted = shifted.is_finite().then_some(shifted);
        Self { product, scaled, capped: bent, distance, score, visible, shifted, exponential, weight }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    mask: String,
    interventions: Vec<String>,
    layer: usize,
    head: usize,
    query: usize,
    key: usize,
    q: Vector,
    k: Vector,
    v: Vec<f32>,
    scale: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    greatest: Option<f32>,
    sum: f32,
    changed: bool,
    row: Vec<Step>,
    mixture: Vec<f32>,
    /// What an intervention puts in the mixture's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<Vec<f32>>,
    written: Vec<f32>,
}

#[derive(Serialize)]
struct Vector {
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Vec<f32>>,
    after: Vec<f32>,
}

impl From<Turned> for Vector {
    fn from(Turned { before, after }: Turned) -> Self {
        Self { before, after }
    }
}

pub(super) fn run(
    run: &Run,
    options: &Attention,
    place: (usize, usize),
    (query, key): (usize, usize),
    json: bool,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let (queries, keys, kind) = places(run, options.kind);
    for (index, length) in [(query, queries.len()), (key, keys.len())] {
        if index >= length {
            return Err(ForwardError::NoSuchPosition { index, length }.into());
        }
    }
    let (at, of) = (queries.start + query, keys.start + key);
    let (engine, mut workspace) = (&run.session.model.engine, Workspace::new(1));
    let row = engine.calculation(&run.context, run.under(), kind, place, at, &mut workspace)?;
    let vectors = engine.key_vectors(&run.context, run.under(), kind, place, at, of);
    let Some((row, vectors)) = row.zip(vectors) else {
        return Err(ForwardError::NoSuchPosition { index: query, length: queries.len() }.into());
    };
    if !json {
        return print(run, &row, &vectors, (at, of), key, output);
    }
    output.json(&Answer {
        model: &run.session.model.name,
        mask: run.mask.to_string(),
        interventions: run.changes(),
        layer: row.layer,
        head: row.head,
        query,
        key,
        q: row.vector.into(),
        k: vectors.key.into(),
        v: vectors.value,
        scale: row.scale,
        cap: row.cap,
        greatest: row.greatest.is_finite().then_some(row.greatest),
        sum: row.sum,
        changed: row.changed,
        row: row.cells.iter().map(Step::from).collect(),
        mixture: row.mixture,
        replaced: row.replaced,
        written: row.written,
    })
}

/// The first numbers of a vector.
pub(super) fn numbers(vector: &[f32]) -> String {
    let shown: Vec<String> = vector.iter().take(NUMBERS).map(|x| format!("{x:.3}")).collect();
    let more = if vector.len() > NUMBERS { " …" } else { "" };
    format!("[{}{more}]", shown.join(" "))
}

/// The rows of a table of keys: those with the most weight, in their order.
pub(super) fn table(cells: &[Cell], label: &dyn Fn(usize) -> String, output: &mut Output<'_>) -> Result<(), Failure> {
    let mut shown: Vec<usize> = (0..cells.len()).collect();
    shown.sort_by(|&a, &b| cells[b].weight.total_cmp(&cells[a].weight));
    shown.truncate(KEYS);
    shown.sort_unstable();
    let columns = [
        Column::Left(Message::CliKey),
        Column::Right(Message::CliProduct),
        Column::Right(Message::CliScaled),
        Column::Right(Message::CliScore),
        Column::Right(Message::CliShifted),
        Column::Right(Message::CliExponential),
        Column::Right(Message::CliWeight),
    ];
    let row = |&key: &usize| {
        let cell = &cells[key];
        let mut row = vec![label(key), format!("{:.4}", cell.product), format!("{:.4}", cell.scaled)];
        if cell.visible {
            row.push(format!("{:.4}", cell.score));
            row.push(format!("{:.4}", cell.shifted));
        } else {
            row.extend(["−∞".to_owned(), "−∞".to_owned()]);
        }
        row.extend([format!("{:.4}", cell.exponential), probability(cell.weight)]);
        row
    };
    let rows: Vec<_> = shown.iter().map(row).collect();
    output.table(&columns, &rows)?;
    if cells.len() > shown.len() {
        let rest: f32 = (0..cells.len()).filter(|key| !shown.contains(key)).map(|key| cells[key].weight).sum();
        let more = Message::PartRest.say(output.language, &[&(cells.len() - shown.len())]);
        output.line(&format!("{more}: {}", probability(rest)))?;
    }
    Ok(())
}

fn print(
    run: &Run,
    row: &Calculation,
    vectors: &KeyVectors,
    (at, of): (usize, usize),
    key: usize,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let language = output.language;
    let cell = &row.cells[key];
    output.say(Message::StepVectors, &[])?;
    let places = [
        (
            Message::StepQuery,
            &row.vector,
            row.query - run.context.len().min(if at < run.source { 0 } else { run.source }),
        ),
        (Message::StepKey, &vectors.key, key),
    ];
    for ((message, turned, number), index) in places.into_iter().zip([at, of]) {
        let name = message.say(language, &[&number, &run.label(index)]);
        match &turned.before {
            Some(before) => {
                output.line(&format!("   {}  {}", Message::StepBefore.say(language, &[&name]), numbers(before)))?;
                output.line(&format!(
                    "   {}  {}",
                    Message::StepAfter.say(language, &[&name]),
                    numbers(&turned.after)
                ))?;
            }
            None => output.line(&format!("   {name}  {}", numbers(&turned.after)))?,
        }
    }
    output.say(Message::StepProducts, &[])?;
    let number = |x: f32| format!("{x:.5}");
    let say = |message: Message, holes: &[&dyn std::fmt::Display]| format!("   {}", message.say(language, holes));
    let (product, scale, scaled) = (number(cell.product), number(row.scale), number(cell.scaled));
    output.line(&say(Message::StepProduct, &[&product, &scale, &scaled]))?;
    if let Some(cap) = row.cap {
        output.line(&say(Message::StepCap, &[&cap, &number(cell.bent)]))?;
    }
    if cell.distance != 0.0 {
        output.line(&say(Message::StepDistance, &[&number(cell.distance)]))?;
    }
    if cell.visible {
        output.line(&say(Message::StepScore, &[&number(cell.score)]))?;
    } else {
        output.line(&say(Message::StepHidden, &[]))?;
    }
    output.say(Message::StepSoftmax, &[])?;
    let label = |key: usize| {
        let index = row.first + key;
        format!("{key} {}", safe::fit(&run.label(index), 14))
    };
    table(&row.cells, &label, output)?;
    if row.cells.iter().all(|cell| cell.weight == 0.0) {
        output.line(&say(Message::StepNothingSeen, &[]))?;
    } else if cell.visible {
        let holes = [cell.score, row.greatest, cell.exponential, row.sum].map(number);
        let weight = format!("{:.6}", cell.weight);
        output.line(&say(Message::StepSoftmaxOf, &[&holes[0], &holes[1], &holes[2], &holes[3], &weight]))?;
    }
    if row.changed {
        output.line(&say(Message::StepChanged, &[]))?;
    }
    output.say(Message::StepMixture, &[])?;
    let value = Message::StepValue.say(language, &[&key, &run.label(of)]);
    output.line(&format!("   {value}  {}", numbers(&vectors.value)))?;
    output.line(&format!("   {}  {}", Message::StepMixed.text(language), numbers(&row.mixture)))?;
    if let Some(replaced) = &row.replaced {
        let out = replaced.iter().all(|x| *x == 0.0);
        output.line(&say(if out { Message::StepOut } else { Message::StepPatched }, &[]))?;
    }
    output.say(Message::StepWritten, &[])?;
    let length = row.written.iter().map(|x| x * x).sum::<f32>().sqrt();
    let greatest = row.written.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
    output.line(&say(Message::StepWrittenNorm, &[&number(length), &row.written.len(), &number(greatest)]))?;
    to_logit(run, row, at, output)
}

/// What the head adds to the logit of the model's choice at the query.
fn to_logit(run: &Run, row: &Calculation, at: usize, output: &mut Output<'_>) -> Result<(), Failure> {
    let engine = &run.session.model.engine;
    if at < run.source || !engine.has_head() {
        return Ok(());
    }
    let found = engine.attribute(&run.context, run.under(), at, None, &mut Workspace::new(1), &|| true)?;
    let kind = if row.kind == AttentionKind::Cross { AttentionKind::Cross } else { AttentionKind::Own };
    let part = Part::Head { layer: row.layer, kind, head: row.head };
    match found.parts.iter().find(|found| found.part == part) {
        Some(part) => {
            let text = Message::StepToLogit
                .say(output.language, &[&run.session.label(found.token), &format!("{:+.5}", part.logit)]);
            output.line(&format!("   {text}"))
        }
        None => Ok(()),
    }
}
