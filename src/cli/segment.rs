//! `lmscope segment`: the words of a text, by a dictionary.

use std::borrow::Cow;
use std::io::Read;

use serde::Serialize;

use super::arguments::{Common, Segment};
use super::output::{Column, Output};
use super::{Failure, input};
use crate::lm::load;
use crate::text::{Dictionary, segment};
use crate::ui::Message;
use crate::ui::safe;

/// The largest dictionary that is read.
const MOST_BYTES: u64 = 256 << 20;

#[derive(Serialize)]
struct Answer<'a> {
    method: &'static str,
    words: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    text: &'a str,
    bytes: [usize; 2],
    known: bool,
}

pub(super) fn run(
    common: &Common,
    options: &Segment,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let text = input::text(&options.text, stdin)?;
    let dictionary = match &options.dictionary {
        None => Cow::Borrowed(Dictionary::embedded()),
        Some(path) => {
            let bytes = load::read(path, MOST_BYTES)?;
            Cow::Owned(Dictionary::read(&bytes).map_err(|error| Failure::Dictionary(path.clone(), error))?)
        }
    };
    let words = segment(&text, options.method, &dictionary);
    let rows: Vec<Row<'_>> = words
        .iter()
        .map(|word| Row {
            text: text.get(word.start..word.end).unwrap_or_default(),
            bytes: [word.start, word.end],
            known: word.known,
        })
        .collect();
    if common.json {
        return output.json(&Answer { method: options.method.name(), words: rows });
    }
    let line: Vec<String> = rows.iter().map(|row| safe::token_label(row.text.as_bytes())).collect();
    output.line(&line.join(" / "))?;
    output.line("")?;
    let table: Vec<Vec<String>> = rows
        .iter()
        .zip(&line)
        .map(|(row, label)| {
            let known = if row.known { "" } else { Message::CliUnknown.text(output.language) };
            vec![label.clone(), format!("{}..{}", row.bytes[0], row.bytes[1]), known.to_owned()]
        })
        .collect();
    output.table(
        &[Column::Left(Message::CliSegmented), Column::Left(Message::CliBytes), Column::Left(Message::CliBlank)],
        &table,
    )?;
    output.say(Message::CliWords, &[&rows.len()])
}
