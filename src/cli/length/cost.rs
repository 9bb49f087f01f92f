//! `lmscope length --cost`: bytes and time against tokens.

use std::time::Duration;

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::arguments::Common;
use crate::cli::output::{Column, Output};
use crate::cli::session::{Session, stopwatch};
use crate::lab::length::cost::{Fit, Point, lengths, measure};
use crate::ui::Message;

/// The shortest prompt that is measured.
const LEAST: usize = 64;
/// Columns of the longest bar.
const BAR: f64 = 32.0;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    threads: usize,
    points: Vec<Measured>,
    /// Milliseconds of a prompt of n tokens: a + b·n + c·n².
    prefill_fit: Option<[f64; 3]>,
    step_fit: Option<[f64; 3]>,
}

#[derive(Serialize)]
struct Measured {
    tokens: usize,
    cache_bytes: usize,
    kept_bytes: usize,
    prefill_ms: f64,
    step_ms: Option<f64>,
    quadratic_share: Option<f64>,
}

pub(super) fn run(common: &Common, upto: usize, output: &mut Output<'_>) -> Result<(), Failure> {
    let mut session = Session::open(common)?;
    let engine = &session.model.engine;
    let most = upto.min(engine.config.context.saturating_sub(1)).max(1);
    let clock = stopwatch();
    let mut points = Vec::new();
    measure(engine, &lengths(LEAST, most), &mut session.workspace, &|| true, &clock, &mut |point| {
        points.push(point);
        true
    })?;
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let fit = |value: &dyn Fn(&Point) -> Option<f64>| {
        let pairs: Vec<_> = points.iter().filter_map(|point| Some((point.tokens as f64, value(point)?))).collect();
        Fit::of(&pairs)
    };
    let prefill = fit(&|point| Some(ms(point.prefill)));
    let step = fit(&|point| point.step.map(ms));
    if common.json {
        let measured = points.iter().map(|point| Measured {
            tokens: point.tokens,
            cache_bytes: point.cache,
            kept_bytes: point.kept,
            prefill_ms: ms(point.prefill),
            step_ms: point.step.map(ms),
            quadratic_share: prefill.map(|fit| fit.quadratic_share(point.tokens as f64)),
        });
        return output.json(&Answer {
            model: &session.model.name,
            threads: session.workspace.threads(),
            points: measured.collect(),
            prefill_fit: prefill.map(|fit| fit.terms),
            step_fit: step.map(|fit| fit.terms),
        });
    }
    let longest = points.iter().map(|point| ms(point.prefill)).fold(f64::MIN_POSITIVE, f64::max);
    let row = |point: &Point| {
        let share = prefill.map_or(0.0, |fit| fit.quadratic_share(point.tokens as f64));
        let bar = ms(point.prefill) / longest * BAR;
        let square = (bar * share).round() as usize;
        vec![
            point.tokens.to_string(),
            mebibytes(point.cache),
            mebibytes(point.kept),
            format!("{:.1}", ms(point.prefill)),
            format!("{:.3}", ms(point.prefill) / point.tokens as f64),
            point.step.map_or_else(|| "–".to_owned(), |step| format!("{:.2}", ms(step))),
            format!("{:.0} %", share * 100.0),
            format!("{}{}", "▇".repeat((bar.round() as usize).saturating_sub(square)), "▒".repeat(square)),
        ]
    };
    let columns = [
        Column::Right(Message::MaskForetold),
        Column::Right(Message::LengthCacheBytes),
        Column::Right(Message::LengthKeptBytes),
        Column::Right(Message::LengthPrefill),
        Column::Right(Message::LengthPrefillEach),
        Column::Right(Message::LengthStep),
        Column::Right(Message::LengthQuadratic),
        Column::Left(Message::CliBlank),
    ];
    output.table(&columns, &points.iter().map(row).collect::<Vec<_>>())?;
    let said = |word: Message, fit: Fit, output: &mut Output<'_>| {
        let [a, b, c] = fit.terms.map(|term| format!("{term:.3e}"));
        output.say(word, &[&a, &b, &c])
    };
    if let Some(fit) = prefill {
        said(Message::LengthPrefillFit, fit, output)?;
    }
    if let Some(fit) = step {
        said(Message::LengthStepFit, fit, output)?;
    }
    Ok(())
}

/// Bytes as a person reads them.
fn mebibytes(bytes: usize) -> String {
    format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20))
}
