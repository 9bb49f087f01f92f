//! The steps of a method, as text and as JSON.

use std::ops::Range;

use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::output::{Output, aligned};
use crate::lab::steps::{self, Frame};
use crate::text::hmm::{ByTag, IMPOSSIBLE, Tag};
use crate::text::segment::{Direction, Pass, Recut, Route, Rule, Step, Taken};
use crate::text::{Method, Segmenter};

/// Each step: its number, what happened, and below what could be taken.
pub(super) fn print(
    segmenter: Segmenter<'_>,
    text: &str,
    method: Method,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    frames(&steps::segmenting(segmenter, text, method), output)
}

/// Each step: its number, what happened, and below what could be taken.
pub(in crate::cli) fn frames(frames: &[Frame], output: &mut Output<'_>) -> Result<(), Failure> {
    for (number, frame) in (1..).zip(frames) {
        let notes: Vec<String> = frame.notes.iter().map(|note| note.say(output.language)).collect();
        output.line(&format!("{number}. {}", notes.join(" · ")))?;
        let mut rows: Vec<Vec<String>> = frame.choices.iter().map(|choice| row(frame, choice, output)).collect();
        if let Some(row) = frame.row.as_ref().filter(|_| frame.choices.is_empty()) {
            let heads = row.heads.iter().map(|head| head.text(output.language).to_owned());
            let named = heads.zip(&row.cells).skip(1).map(|(head, cell)| format!("{head} {cell}"));
            rows.push(std::iter::once("   ".to_owned()).chain(named).collect());
        }
        aligned(&rows).iter().try_for_each(|line| output.line(line))?;
    }
    output.line("")
}

fn row(frame: &Frame, choice: &steps::Choice, output: &Output<'_>) -> Vec<String> {
    let behind = frame.behind(choice).map(|behind| format!("(−{behind:.2})"));
    vec![
        if choice.won { "  ▸" } else { "   " }.to_owned(),
        choice.label.clone(),
        choice.score.map(|score| format!("{score:.2}")).unwrap_or_default(),
        behind.unwrap_or_default(),
        choice.note.as_ref().map(|note| note.say(output.language)).unwrap_or_default(),
    ]
}

/// The steps with all their numbers.
pub(super) fn json(segmenter: Segmenter<'_>, text: &str, method: Method) -> Vec<Value> {
    let mut values = Vec::new();
    segmenter.steps(text, method, &mut |step| values.push(value(text, &step)));
    values
}

fn bytes(range: &Range<usize>) -> [usize; 2] {
    [range.start, range.end]
}

pub(super) fn route(text: &str, route: &Route) -> Value {
    json!({"words": words(text, &route.words), "log_probability": route.logarithm})
}

fn words<'a>(text: &'a str, ranges: &[Range<usize>]) -> Vec<&'a str> {
    ranges.iter().map(|range| text.get(range.clone()).unwrap_or_default()).collect()
}

pub(super) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Forward => "forward",
        Direction::Backward => "backward",
    }
}

/// A number for each tag; nothing for what is impossible.
fn by_tag(values: &ByTag) -> Value {
    let value = |tag: &Tag| Some(values[*tag as usize]).filter(|value| *value > IMPOSSIBLE);
    Tag::ALL.iter().map(|tag| (tag.letter().to_string(), json!(value(tag)))).collect::<serde_json::Map<_, _>>().into()
}

pub(super) fn value(text: &str, step: &Step) -> Value {
    let of = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    let pass = |pass: &Pass| json!({"words": words(text, &pass.words), "single_characters": pass.singles});
    match step {
        Step::Match(step) => {
            let lookups = step.lookups.iter();
            let lookups = lookups.map(|lookup| json!({"text": of(&lookup.range), "bytes": bytes(&lookup.range), "frequency": lookup.frequency}));
            let taken = match step.taken {
                Taken::Longest => "longest",
                Taken::Run => "letters",
                Taken::Character => "character",
            };
            json!({"step": "match", "direction": direction(step.direction), "text": of(&step.word), "bytes": bytes(&step.word),
                "taken": taken, "lookups": lookups.collect::<Vec<_>>()})
        }
        Step::Weighed(weighed) => {
            let rule = match weighed.rule {
                Rule::Same => "same",
                Rule::FewerWords => "fewer_words",
                Rule::FewerSingles => "fewer_single_characters",
                Rule::Backward => "backward",
            };
            json!({"step": "weigh", "forward": pass(&weighed.forward), "backward": pass(&weighed.backward), "rule": rule,
                "taken": direction(weighed.taken)})
        }
        Step::Place { at, candidates } => {
            let candidates = candidates.iter().map(|candidate| {
                json!({"text": of(&candidate.word), "bytes": bytes(&candidate.word), "frequency": candidate.frequency,
                    "log_probability": candidate.logarithm, "rest": candidate.after, "sum": candidate.whole(),
                    "won": candidate.won})
            });
            json!({"step": "place", "at": at, "candidates": candidates.collect::<Vec<_>>()})
        }
        Step::Routes { best, second } => {
            let behind = second.as_ref().map(|second| best.logarithm - second.logarithm);
            json!({"step": "route", "best": route(text, best), "second": second.as_ref().map(|second| route(text, second)),
                "difference": behind})
        }
        Step::Run { range, recut } => {
            let becomes = match recut {
                Recut::Alone => "alone",
                Recut::Apart => "apart",
                Recut::Anew => "anew",
            };
            json!({"step": "run", "text": of(range), "bytes": bytes(range), "becomes": becomes})
        }
        Step::Column { at, column } => {
            let from =
                Tag::ALL.iter().map(|tag| (tag.letter().to_string(), json!(column.from[*tag as usize].letter())));
            json!({"step": "column", "text": of(at), "bytes": bytes(at), "emission": by_tag(&column.emission),
                "score": by_tag(&column.score), "lost": by_tag(&column.lost),
                "from": from.collect::<serde_json::Map<_, _>>()})
        }
        Step::Tags { range, tags, logarithm } => {
            json!({"step": "tags", "text": of(range), "bytes": bytes(range),
                "tags": tags.iter().map(|tag| tag.letter()).collect::<String>(), "log_probability": logarithm})
        }
        Step::Words(found) => {
            json!({"step": "words", "words": found.iter().map(|word| of(&(word.start..word.end))).collect::<Vec<_>>()})
        }
    }
}
