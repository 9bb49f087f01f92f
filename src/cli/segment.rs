//! `lmscope segment`: the words of a text, by a dictionary; every step of it, its reasons, and how it compares with gold.

mod gold;
mod steps;
mod why;

pub(super) use steps::frames;

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::arguments::{Common, Segment};
use super::output::{Column, Output};
use super::{Failure, input};
use crate::lab;
use crate::lm::load;
use crate::text::segment::Gold;
use crate::text::{Dictionary, Edit, Hmm, Segmenter};
use crate::ui::Message;
use crate::ui::safe;

/// The largest dictionary, model or gold file that is read.
const MOST_BYTES: u64 = 256 << 20;

#[derive(Serialize)]
struct Answer<'a> {
    method: &'static str,
    words: Vec<Row<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeated: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Value>,
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
    let gold = options.gold.as_deref().map(|path| read_gold(path).map(|gold| (path, gold))).transpose()?;
    let text = match (&options.text, &gold) {
        (Some(text), _) => input::text(text, stdin)?,
        (None, Some((_, gold))) => gold.sentences.iter().map(|sentence| sentence.text.as_str()).collect(),
        (None, None) => String::new(),
    };
    let dictionary = dictionary(options, &text)?;
    let hmm = match &options.hmm {
        None => Cow::Borrowed(Hmm::embedded()),
        Some(path) => {
            let bytes = load::read(path, MOST_BYTES)?;
            Cow::Owned(Hmm::from_json(&bytes).map_err(|error| Failure::Hmm(path.clone(), error))?)
        }
    };
    let segmenter = Segmenter { dictionary: &dictionary, hmm: &hmm };
    if let Some((path, gold)) = gold {
        if options.text.is_some() {
            gold.check(&text).map_err(|error| Failure::Gold(path.to_owned(), error))?;
        }
        return gold::compare(segmenter, &gold, common, output);
    }
    if options.steps && text.len() > lab::steps::MOST_BYTES {
        return Err(Failure::TooLongForSteps(text.len()));
    }
    let why = options.why.map(|at| why::ask(segmenter, &text, at)).transpose()?;
    let words = segmenter.words(&text, options.method);
    let rows: Vec<Row<'_>> = words
        .iter()
        .map(|word| Row {
            text: text.get(word.start..word.end).unwrap_or_default(),
            bytes: [word.start, word.end],
            known: word.known,
        })
        .collect();
    if common.json {
        let repeated = dictionary
            .repeated()
            .map(|repeated| serde_json::json!({"lines": repeated.lines, "line": repeated.line, "word": repeated.word}));
        let steps = options.steps.then(|| steps::json(segmenter, &text, options.method));
        let why = why.map(|why| why::json(&text, &why));
        return output.json(&Answer { method: options.method.name(), words: rows, repeated, steps, why });
    }
    if let Some(repeated) = dictionary.repeated() {
        let word = safe::token_label(repeated.word.as_bytes());
        output.say(Message::CliRepeated, &[&repeated.lines, &repeated.line, &word])?;
    }
    if options.steps {
        steps::print(segmenter, &text, options.method, output)?;
    }
    if let Some(why) = why {
        return why::print(&text, &why, output);
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

fn read_gold(path: &Path) -> Result<Gold, Failure> {
    let bytes = load::read(path, MOST_BYTES)?;
    Gold::read(&bytes).map_err(|error| Failure::Gold(path.to_owned(), error))
}

/// The dictionary that was named, or the one for the text, with the words that were given.
fn dictionary(options: &Segment, text: &str) -> Result<Cow<'static, Dictionary>, Failure> {
    let mut dictionary = match options.dictionary.as_deref() {
        None => Cow::Borrowed(Dictionary::for_text(text)),
        Some(name) if name == "zh" => Cow::Borrowed(Dictionary::embedded()),
        Some(name) if name == "en" => Cow::Borrowed(Dictionary::english()),
        Some(path) => {
            let path = Path::new(path);
            let bytes = load::read(path, MOST_BYTES)?;
            Cow::Owned(Dictionary::read(&bytes).map_err(|error| Failure::Dictionary(path.to_owned(), error))?)
        }
    };
    if options.split_letters {
        dictionary.to_mut().split_letters();
    }
    for (word, frequency) in &options.word {
        let frequency = frequency.unwrap_or_else(|| dictionary.suggested(word));
        let edit = Edit { word: word.clone(), frequency };
        if dictionary.to_mut().edit(&edit).is_none() {
            return Err(Failure::EditFull(word.clone(), frequency));
        }
    }
    Ok(dictionary)
}
