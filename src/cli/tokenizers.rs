//! `lmscope tokenizers`: what several make of one text.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::Failure;
use super::arguments::{Common, Tokenizers, spec};
use super::fetch::fetch;
use super::output::{Column, Output, thousands};
use crate::lab::tokenizers::{Comparison, ComparisonError, Cutter, Measure, Slot, aligned, compare, score};
use crate::lm::load;
use crate::model;
use crate::text::Method;
use crate::text::segment::Gold;
use crate::ui::{Message, safe};

/// The longest text that is drawn, in bytes.
const DRAWN: usize = 2000;
/// Columns of a ribbon.
const COLUMNS: usize = 78;
/// The largest gold file that is read.
const MOST_GOLD: u64 = 256 << 20;
/// What is compared unless something is named.
const USUAL: [&str; 4] = ["stories", "poems", "fmm", "route"];

struct Named {
    name: String,
    cutter: Cutter,
}

pub(super) fn run(
    common: &Common,
    options: &Tokenizers,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let named = cutters(common, options)?;
    let gold = options.gold.as_deref().map(|path| read_gold(path).map(|gold| (path, gold))).transpose()?;
    let words = gold
        .as_ref()
        .map(|(_, gold)| gold.sentences.iter().flat_map(|sentence| [sentence.text.as_str(), "\n"]).collect::<String>());
    let (mut text, path) = open(options, words, stdin)?;
    let mut drawn = Vec::new();
    text.by_ref().take(DRAWN as u64 + 1).read_to_end(&mut drawn).map_err(|error| unreadable(path.as_deref(), error))?;
    let shown = std::str::from_utf8(&drawn).ok().filter(|text| text.len() <= DRAWN && gold.is_none());
    let shown = shown.map(str::to_owned);
    let mut whole = Cursor::new(drawn).chain(text);
    let list: Vec<Cutter> = named.iter().map(|named| named.cutter.clone()).collect();
    let mut comparison = compare(&mut whole, &list, &|| true).map_err(|error| match error {
        ComparisonError::Read(error) => unreadable(path.as_deref(), error),
        ComparisonError::NotUtf8(byte) => Failure::NotUtf8(path.clone(), byte as usize),
        ComparisonError::LongLine(limit) => Failure::LongLine(path.clone(), limit),
        ComparisonError::Stopped => Failure::NobodyReads,
    })?;
    if comparison.bytes == 0 {
        return Err(Failure::NothingGiven);
    }
    if let Some((_, gold)) = &gold {
        for (measure, cutter) in comparison.measures.iter_mut().zip(&list) {
            measure.score = Some(score(cutter, gold));
        }
    }
    let ends = shown.as_deref().map(|text| list.iter().map(|cutter| cutter.ends(text)).collect::<Vec<_>>());
    if common.json {
        return output.json(&answer(&named, &comparison, ends.as_deref()));
    }
    if let (Some(text), Some(ends)) = (&shown, &ends) {
        ribbons(text, &named, &aligned(text, ends), output)?;
    }
    print(&named, &comparison, output)
}

fn unreadable(path: Option<&Path>, error: std::io::Error) -> Failure {
    match path {
        Some(path) => Failure::Read(path.to_owned(), error),
        None => Failure::Input(error),
    }
}

fn cutters(common: &Common, options: &Tokenizers) -> Result<Vec<Named>, Failure> {
    let names = match options.with.as_slice() {
        [] => USUAL.map(Into::into).to_vec(),
        with => with.to_vec(),
    };
    let named = |name: &std::ffi::OsString| {
        if let Some(method) = name.to_str().and_then(|name| name.parse::<Method>().ok()) {
            return Ok(Named { name: method.name().to_owned(), cutter: Cutter::Words(method) });
        }
        let spec = spec(name);
        fetch(&spec, common.language)?;
        let tokenizer = Arc::new(model::open_tokenizer(&spec)??);
        Ok(Named { name: name.to_string_lossy().into_owned(), cutter: Cutter::Tokenizer(tokenizer) })
    };
    names.iter().map(named).collect()
}

fn read_gold(path: &Path) -> Result<Gold, Failure> {
    let bytes = load::read(path, MOST_GOLD)?;
    Gold::read(&bytes).map_err(|error| Failure::Gold(path.to_owned(), error))
}

/// The text to read, and its file.
fn open<'s>(
    options: &Tokenizers,
    words: Option<String>,
    stdin: &'s mut dyn Read,
) -> Result<(Box<dyn BufRead + 's>, Option<PathBuf>), Failure> {
    let Some(text) = &options.text else {
        return Ok((Box::new(Cursor::new(words.unwrap_or_default())), options.gold.clone()));
    };
    if text == "-" {
        return Ok((Box::new(BufReader::new(stdin)), None));
    }
    let path = PathBuf::from(text);
    if std::fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
        let file = File::open(&path).map_err(|error| Failure::Read(path.clone(), error))?;
        return Ok((Box::new(BufReader::new(file)), Some(path)));
    }
    Ok((Box::new(Cursor::new(text.clone())), None))
}

fn answer(named: &[Named], comparison: &Comparison, ends: Option<&[Vec<usize>]>) -> Value {
    let row = |(index, (named, measure)): (usize, (&Named, &Measure))| {
        let gold = measure.score.map(|score| {
            json!({
                "words": score.gold, "found": score.found, "right": score.right,
                "precision": score.precision(), "recall": score.recall(), "f1": score.f1(),
            })
        });
        json!({
            "name": named.name,
            "tokens": measure.tokens,
            "bytes_per_token": comparison.bytes_per_token(measure),
            "tokens_per_word": comparison.per_word(measure),
            "tokens_per_chinese_character": comparison.per_character(measure),
            "used": measure.used,
            "vocabulary": measure.vocabulary,
            "entropy_bits": measure.entropy,
            "entropy_bits_per_byte": comparison.bits_per_byte(measure),
            "agreement": comparison.agreement.get(index),
            "gold": gold,
            "ends": ends.and_then(|ends| ends.get(index)),
        })
    };
    let rows: Vec<Value> = named.iter().zip(&comparison.measures).enumerate().map(row).collect();
    json!({
        "bytes": comparison.bytes, "characters": comparison.characters, "words": comparison.words,
        "chinese_characters": comparison.ideographs, "parts": comparison.parts, "tokenizers": rows,
    })
}

/// The text once for each, a bar where it cuts, all aligned by character.
fn ribbons(text: &str, named: &[Named], slots: &[Slot], output: &mut Output<'_>) -> Result<(), Failure> {
    let names: Vec<String> = named.iter().map(|named| label(&named.name)).collect();
    let margin = names.iter().map(|name| safe::width(name)).max().unwrap_or(0).min(COLUMNS / 3);
    let room = COLUMNS - margin - 2;
    let mut rest = slots;
    while !rest.is_empty() {
        let mut width = 0;
        let fits = |slot: &&Slot| {
            width += safe::width(&shown(text, slot)) + 1;
            width <= room
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (line, left) = rest.split_at(count.min(rest.len()));
        rest = left;
        for (index, name) in names.iter().enumerate() {
            let mut row = safe::left(&safe::fit(name, margin), margin);
            row.push_str("  ");
            for slot in line {
                row.push_str(&shown(text, slot));
                let is_cut = slot.behind.get(index) == Some(&true);
                let is_inside = slot.inside.get(index).is_some_and(|&cuts| cuts > 0);
                let any = slot.is_cut() || slot.inside.iter().any(|&cuts| cuts > 0);
                if any {
                    row.push(match (is_cut, is_inside) {
                        (_, true) => '¦',
                        (true, false) => '|',
                        (false, false) => ' ',
                    });
                }
            }
            output.line(row.trim_end())?;
        }
        output.line("")?;
    }
    Ok(())
}

fn shown(text: &str, slot: &Slot) -> String {
    safe::token_label(text.get(slot.range.clone()).unwrap_or_default().as_bytes())
}

/// A name in a table: of a path, its last two parts.
fn label(name: &str) -> String {
    let parts: Vec<&str> = name.rsplit('/').take(2).collect();
    safe::visible(&parts.into_iter().rev().collect::<Vec<_>>().join("/"))
}

fn print(named: &[Named], comparison: &Comparison, output: &mut Output<'_>) -> Result<(), Failure> {
    let dash = || "–".to_owned();
    let number = |value: Option<f64>| value.map_or_else(dash, |value| format!("{value:.3}"));
    let has_gold = comparison.measures.iter().any(|measure| measure.score.is_some());
    let row = |(named, measure): (&Named, &Measure)| {
        let used = match measure.vocabulary {
            Some(size) => {
                format!("{} ({:.1} %)", thousands(measure.used as u64), measure.used as f64 * 100.0 / size as f64)
            }
            None => thousands(measure.used as u64),
        };
        let mut row = vec![
            label(&named.name),
            thousands(measure.tokens),
            number(Some(comparison.bytes_per_token(measure))),
            number(comparison.per_word(measure)),
            number(comparison.per_character(measure)),
            used,
            number(Some(comparison.bits_per_byte(measure))),
        ];
        if let Some(score) = &measure.score {
            row.extend([score.precision(), score.recall(), score.f1()].map(|share| format!("{share:.4}")));
        }
        row
    };
    let mut columns = vec![
        Column::Left(Message::CliTokenizer),
        Column::Right(Message::CliTokensColumn),
        Column::Right(Message::CliBytesPerToken),
        Column::Right(Message::CliTokensPerWord),
        Column::Right(Message::CliTokensPerIdeograph),
        Column::Right(Message::CliUsed),
        Column::Right(Message::CliUnigramBits),
    ];
    if has_gold {
        let more = [Message::CliPrecision, Message::CliRecall, Message::CliF1];
        columns.extend(more.map(Column::Right));
    }
    output.table(&columns, &named.iter().zip(&comparison.measures).map(row).collect::<Vec<_>>())?;
    output.line("")?;
    if named.len() > 1 {
        output.say(Message::CliAgreement, &[])?;
        let row = |(named, row): (&Named, &Vec<f64>)| {
            std::iter::once(label(&named.name)).chain(row.iter().map(|share| format!("{share:.3}"))).collect()
        };
        let rows: Vec<Vec<String>> = named.iter().zip(&comparison.agreement).map(row).collect();
        output.rows(&rows)?;
        output.line("")?;
    }
    let counts = [comparison.bytes, comparison.characters, comparison.words, comparison.ideographs].map(thousands);
    output.say(Message::CliComparedText, &[&counts[0], &counts[1], &counts[2], &counts[3]])?;
    if comparison.parts > 1 {
        output.say(Message::CliInParts, &[&thousands(comparison.parts)])?;
    }
    Ok(())
}
