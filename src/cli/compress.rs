//! `lmscope compress` and `lmscope decompress`: any bytes, through the model and back.

use std::io::Read;
use std::path::Path;

use serde::Serialize;

use super::arguments::{Common, Compress, Decompress};
use super::meter::Meter;
use super::output::{Column, Output, thousands};
use super::session::Session;
use super::{Failure, file, input};
use crate::lab::compression::{self, MOST_BYTES, Outcome};
use crate::lab::rivals::{Rival, rivals};
use crate::ui::{Language, Message, safe};

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    file: Option<String>,
    bytes: usize,
    compressed_bytes: usize,
    /// The arithmetic code itself, and the surprisals that it stands for.
    code_bits: u64,
    tokens: usize,
    surprisal_bits: f64,
    raw_bytes: usize,
    raw_bits: f64,
    bits_per_byte: Option<f64>,
    ratio: Option<f64>,
    window: usize,
    kernel: &'a str,
    rivals: Vec<RivalRow>,
}

#[derive(Serialize)]
struct RivalRow {
    name: &'static str,
    bytes: u64,
    ratio: Option<f64>,
}

#[derive(Serialize)]
struct Restored<'a> {
    model: &'a str,
    file: String,
    bytes: usize,
}

pub(super) fn compress(
    common: &Common,
    options: &Compress,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let bytes = input::bytes(&options.file, MOST_BYTES, stdin)?;
    let session = Session::open(common)?;
    if let Some(path) = &options.output {
        file::spare(&session.model, path)?;
    }
    let window = options.window.map(|window| window as usize);
    let mut meter = Meter::new(Message::CliCompressing, common.language);
    let outcome = compression::compress(&session.model, &bytes, window, common.threads, &mut |done, of| {
        meter.show(done as u64, of as u64)
    });
    drop(meter);
    let outcome = outcome.map_err(|error| Failure::Compression(name(&options.file, common.language), error))?;
    let rivals = if options.stats || common.json {
        rivals(&bytes).map_err(|error| Failure::Read(options.file.clone(), error))?.to_vec()
    } else {
        Vec::new()
    };
    match &options.output {
        Some(path) if path == Path::new("-") => return output.bytes(&outcome.file),
        Some(path) => file::write(path, &outcome.file)?,
        None => {}
    }
    let whole = |part: f64| (!bytes.is_empty()).then(|| part / bytes.len() as f64);
    let answer = Answer {
        model: &session.model.name,
        file: options.output.as_ref().map(|path| path.display().to_string()),
        bytes: bytes.len(),
        compressed_bytes: outcome.file.len(),
        code_bits: outcome.code_bits,
        tokens: outcome.tokens,
        surprisal_bits: outcome.token_bits,
        raw_bytes: outcome.raw_bytes,
        raw_bits: outcome.raw_bits,
        bits_per_byte: whole(outcome.file.len() as f64 * 8.0),
        ratio: whole(outcome.file.len() as f64),
        window: outcome.window,
        kernel: outcome.kernel,
        rivals: rivals
            .iter()
            .map(|rival| RivalRow { name: rival.name, bytes: rival.bytes, ratio: whole(rival.bytes as f64) })
            .collect(),
    };
    if common.json {
        return output.json(&answer);
    }
    if options.stats {
        stats(&session, &outcome, &rivals, output)?;
    }
    let Some(file) = &answer.file else { return Ok(()) };
    let per_byte = answer.bits_per_byte.map_or_else(|| "–".to_owned(), |bits| format!("{bits:.4}"));
    let (file, from, to) = (safe::visible(file), thousands(bytes.len() as u64), thousands(outcome.file.len() as u64));
    output.say(Message::CliCompressed, &[&file, &to, &from, &per_byte])
}

/// What the bytes cost, and what others make of them.
fn stats(session: &Session, outcome: &Outcome, rivals: &[Rival], output: &mut Output<'_>) -> Result<(), Failure> {
    let language = output.language;
    let bits = |bits: f64| format!("{bits:.1}");
    let unit = Message::CliBits.text(language);
    let row = |what: String, number: String| vec![what, number, unit.to_owned()];
    let mut rows = vec![
        row(Message::CliCode.text(language).to_owned(), bits(outcome.code_bits as f64)),
        row(Message::CliSurprisals.say(language, &[&thousands(outcome.tokens as u64)]), bits(outcome.token_bits)),
    ];
    if outcome.raw_bytes > 0 {
        let raw = Message::CliRawBytes.say(language, &[&thousands(outcome.raw_bytes as u64)]);
        rows.push(row(raw, bits(outcome.raw_bits)));
    }
    output.rows(&rows)?;
    output.line("")?;
    let own = Rival { name: "lmscope", bytes: outcome.file.len() as u64 };
    let share = |part: u64, digits: usize| match outcome.bytes {
        0 => "–".to_owned(),
        whole => format!("{:.digits$}", part as f64 / whole as f64),
    };
    let rows: Vec<Vec<String>> = std::iter::once(&own)
        .chain(rivals)
        .map(|rival| {
            let bars = (rival.bytes * 24).checked_div(outcome.bytes as u64).unwrap_or(0).min(24) as usize;
            let per_byte = share(rival.bytes * 8, 4);
            let ratio = share(rival.bytes, 4);
            vec![rival.name.to_owned(), thousands(rival.bytes), per_byte, ratio, "▇".repeat(bars)]
        })
        .collect();
    let columns = [
        Column::Left(Message::CliCompressor),
        Column::Right(Message::CliBytes),
        Column::Right(Message::CliBits),
        Column::Right(Message::CliRatio),
        Column::Left(Message::CliBlank),
    ];
    output.table(&columns, &rows)?;
    let model = safe::visible(&session.model.name);
    output.say(Message::CliWindowOf, &[&outcome.window, &outcome.kernel, &model])
}

pub(super) fn decompress(
    common: &Common,
    options: &Decompress,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    // A file larger than what it was made from, and its header.
    let compressed = input::bytes(&options.file, 2 * MOST_BYTES, stdin)?;
    let failed = |error| Failure::Compression(name(&options.file, common.language), error);
    // What is no compressed file, or is damaged, is said before a model is opened.
    compression::Container::read(&compressed).map_err(failed)?;
    let session = Session::open(common)?;
    file::spare(&session.model, &options.output)?;
    let mut meter = Meter::new(Message::CliCompressing, common.language);
    let bytes = compression::decompress(&session.model, &compressed, common.threads, &mut |done, of| {
        meter.show(done as u64, of as u64)
    });
    drop(meter);
    let bytes = bytes.map_err(failed)?;
    if options.output == Path::new("-") {
        return output.bytes(&bytes);
    }
    file::write(&options.output, &bytes)?;
    let file = options.output.display().to_string();
    if common.json {
        return output.json(&Restored { model: &session.model.name, file, bytes: bytes.len() });
    }
    output.say(Message::CliDecompressed, &[&safe::visible(&file), &thousands(bytes.len() as u64)])
}

fn name(path: &Path, language: Language) -> String {
    if path == Path::new("-") {
        return Message::CliStandardInput.text(language).to_owned();
    }
    path.display().to_string()
}
