//! A hidden Markov model, counted from segmented text.

use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};

use super::wrote;
use crate::cli::arguments::{Common, TrainTokenizer};
use crate::cli::output::{Output, thousands};
use crate::cli::{Failure, file, input};
use crate::text::Counts;
use crate::text::hmm::Sentence;
use crate::text::segment::Gold;
use crate::ui::{Message, safe};

/// The largest segmented text that is counted.
const MOST_BYTES: u64 = 1 << 30;

pub(super) fn run(
    common: &Common,
    options: &TrainTokenizer,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let mut counts = Counts::default();
    let mut steps = Vec::new();
    let to_output = options.output.as_deref() == Some(Path::new("-"));
    let mut bytes = 0;
    for path in &options.corpora {
        let content = input::bytes(path, MOST_BYTES, stdin)?;
        bytes += content.len();
        let gold = Gold::read(&content).map_err(|error| Failure::Gold(path.clone(), error))?;
        for sentence in &gold.sentences {
            let counted = counts.add(sentence.words());
            match (options.steps && !to_output, common.json) {
                (true, true) => steps.push(value(&counts, &counted)),
                (true, false) => print(&counts, &counted, output)?,
                (false, _) => {}
            }
        }
    }
    let model = counts.to_json() + "\n";
    match options.output.as_deref() {
        Some(_) if to_output => return output.bytes(model.as_bytes()),
        Some(path) => file::write(path, model.as_bytes())?,
        None => {}
    }
    let characters = counts.characters().len();
    if common.json {
        let steps = options.steps.then_some(steps);
        let mut answer = json!({"algorithm": options.algorithm.name(), "bytes": bytes, "sentences": counts.sentences,
            "words": counts.words, "characters": characters, "file": options.output});
        if let (Some(steps), Some(answer)) = (steps, answer.as_object_mut()) {
            answer.insert("steps".to_owned(), steps.into());
        }
        return output.json(&answer);
    }
    let count = |number: u64| thousands(number);
    output.say(
        Message::CliCountedTags,
        &[&count(counts.sentences), &count(counts.words), &count(characters as u64), &count(bytes as u64)],
    )?;
    wrote(options.output.as_deref(), output)
}

fn tags(sentence: &Sentence) -> String {
    sentence.tags.iter().map(|(_, tag)| tag.letter()).collect()
}

fn text(sentence: &Sentence) -> String {
    sentence.tags.iter().map(|(character, _)| character).collect()
}

/// A sentence with its tags, and what was counted up to there.
fn print(counts: &Counts, sentence: &Sentence, output: &mut Output<'_>) -> Result<(), Failure> {
    let line = safe::token_label(text(sentence).as_bytes());
    output.line(&format!("{}. {line} {}", counts.sentences, tags(sentence)))?;
    output.say(Message::CliTagsSoFar, &[&counts.words, &sentence.fresh, &counts.characters().len()])
}

fn value(counts: &Counts, sentence: &Sentence) -> Value {
    json!({"step": counts.sentences, "text": text(sentence), "tags": tags(sentence), "new_characters": sentence.fresh,
        "words": counts.words})
}
