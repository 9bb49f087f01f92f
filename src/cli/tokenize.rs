//! `lmscope tokenize`: the tokens of a text, every step to them, and its reasons; with changes of the vocabulary.

mod steps;
mod why;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::Read;

use serde::Serialize;
use serde_json::Value;

use super::arguments::{Common, Cut, Tokenize, spec};
use super::fetch::fetch;
use super::output::{Column, Output};
use super::session::{Piece, piece};
use super::{Failure, input, segment};
use crate::lab;
use crate::model;
use crate::text::encoding::{self, Edited};
use crate::text::{Kind, Token, Tokenizer};
use crate::ui::Message;
use crate::ui::safe;

#[derive(Serialize)]
struct Answer {
    tokens: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Value>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    piece: Piece,
    bytes: [usize; 2],
}

pub(super) fn run(
    common: &Common,
    options: &Tokenize,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let text = input::text(&options.text, stdin)?;
    let opened;
    let own = options.tokenizer.as_deref().and_then(OsStr::to_str).and_then(embedded);
    let tokenizer = if let Some(tokenizer) = own {
        tokenizer
    } else {
        let named = options.tokenizer.as_deref().map_or_else(|| common.model(), spec);
        fetch(&named, common.language)?;
        opened = model::open_tokenizer(&named)??;
        &opened
    };
    let changes = options.edits.changes();
    let edited = Edited::new(tokenizer, &changes).map_err(Failure::Vocabulary)?;
    if (options.steps || !changes.is_empty()) && text.len() > lab::steps::MOST_BYTES {
        return Err(Failure::TooLongForSteps(text.len()));
    }
    let why = options.why.map(|at| why::ask(&edited, &text, at)).transpose()?;
    let mut tokens = match options.method {
        Cut::Longest => longest(tokenizer, &text),
        Cut::Own if changes.is_empty() => tokenizer.encode(&text),
        Cut::Own => edited.encode(&text),
    };
    if options.special && options.method == Cut::Own {
        let mark = |at| move |id: &u32| Token { id: *id, start: at, end: at };
        let (before, after) = tokenizer.template();
        tokens.splice(0..0, before.iter().map(mark(0)));
        tokens.extend(after.iter().map(mark(text.len())));
    }
    if common.json {
        let row =
            |token: &Token| Row { piece: piece(token.id, edited.piece(token.id)), bytes: [token.start, token.end] };
        return output.json(&Answer {
            tokens: tokens.iter().map(row).collect(),
            steps: options.steps.then(|| steps::json(&edited, &text)),
            why: why.map(|why| why::json(&edited, &why)),
        });
    }
    if options.steps {
        segment::frames(&lab::steps::encoding(&edited, &text), output)?;
    }
    if let Some(why) = why {
        return why::print(&edited, &text, &why, output);
    }
    let rows: Vec<Vec<String>> = tokens
        .iter()
        .map(|token| {
            let label = safe::token_label(edited.piece(token.id));
            vec![token.id.to_string(), label, format!("{}..{}", token.start, token.end)]
        })
        .collect();
    output.table(
        &[Column::Right(Message::CliId), Column::Left(Message::CliToken), Column::Left(Message::CliBytes)],
        &rows,
    )?;
    if let Some(rule) = tokenizer.assumed() {
        output.say(Message::CliAssumedRule, &[&rule])?;
    }
    output.say(Message::CliTokens, &[&tokens.len(), &text.len()])
}

/// The tokenizer compiled into the program that is called `name`: `bpe`, `wordpiece`, `unigram`.
fn embedded(name: &str) -> Option<&'static Tokenizer> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.name().to_lowercase() == name)?;
    encoding::embedded(kind)
}

/// From the left, always the longest piece that the text goes on with: what a dictionary would do with the vocabulary. A
/// byte that no piece begins with is left out.
fn longest(tokenizer: &Tokenizer, text: &str) -> Vec<Token> {
    let mut pieces: HashMap<&[u8], u32> = HashMap::new();
    let mut most = 0;
    for id in (0..tokenizer.len() as u32).filter(|id| !tokenizer.is_special(*id)) {
        let bytes = tokenizer.piece(id);
        most = most.max(bytes.len());
        if !bytes.is_empty() {
            pieces.entry(bytes).or_insert(id);
        }
    }
    let mut tokens = Vec::new();
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let start = text.len() - rest.len();
        let fits = |length: usize| Some((length, *pieces.get(rest.get(..length)?)?));
        let length = match (1..=most.min(rest.len())).rev().find_map(fits) {
            Some((length, id)) => {
                tokens.push(Token { id, start, end: start + length });
                length
            }
            None => 1,
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}
