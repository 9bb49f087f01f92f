//! The steps of an encoding as JSON.

use std::ops::Range;

use serde_json::{Value, json};

use crate::text::encoding::{Edited, Lookup, Match, Route, Step, Way};
use crate::text::{Merge, Token};

/// The steps with all their numbers.
pub(super) fn json(edited: &Edited<'_>, text: &str) -> Vec<Value> {
    let mut values = Vec::new();
    edited.steps(text, &mut |step| values.push(value(edited, text, &step)));
    values
}

pub(super) fn bytes(range: &Range<usize>) -> [usize; 2] {
    [range.start, range.end]
}

/// A token; without an id what is no piece by itself.
pub(super) fn token(edited: &Edited<'_>, token: &Token) -> Value {
    let id = Some(token.id).filter(|&id| id != u32::MAX);
    json!({"id": id, "text": String::from_utf8_lossy(edited.piece(token.id)), "bytes": [token.start, token.end]})
}

pub(super) fn tokens(edited: &Edited<'_>, all: &[Token]) -> Vec<Value> {
    all.iter().map(|one| token(edited, one)).collect()
}

/// A merge; without a rank one that comes after all others.
pub(super) fn merge(edited: &Edited<'_>, merge: &Merge) -> Value {
    let joined = Token { id: merge.id, start: merge.left.start, end: merge.right.end };
    json!({
        "left": token(edited, &merge.left),
        "right": token(edited, &merge.right),
        "joined": token(edited, &joined),
        "rank": Some(merge.rank).filter(|&rank| rank != u32::MAX),
    })
}

pub(super) fn lookups(all: &[Lookup]) -> Vec<Value> {
    all.iter().map(|lookup| json!({"text": lookup.text, "id": lookup.id})).collect()
}

pub(super) fn matched(edited: &Edited<'_>, found: &Match) -> Value {
    json!({"step": "match", "token": token(edited, &found.token), "lookups": lookups(&found.lookups)})
}

pub(super) fn route(edited: &Edited<'_>, route: &Route) -> Value {
    json!({"tokens": tokens(edited, &route.tokens), "log_probability": route.score})
}

fn value(edited: &Edited<'_>, text: &str, step: &Step) -> Value {
    match step {
        Step::Added(found) => json!({"step": "added", "token": token(edited, found)}),
        Step::Word { bytes: range, text, units } => {
            json!({"step": "word", "text": text, "bytes": bytes(range), "units": tokens(edited, units)})
        }
        Step::Whole(found) => json!({"step": "whole", "token": token(edited, found)}),
        Step::Merge { merge: made, others, waiting } => {
            let others: Vec<Value> = others.iter().map(|other| merge(edited, other)).collect();
            json!({"step": "merge", "merge": merge(edited, made), "others": others, "places": waiting})
        }
        Step::Match(found) => matched(edited, found),
        Step::Unknown { bytes: range, stuck } => {
            let (at, found) = stuck.as_ref().map(|(at, found)| (at, lookups(found))).unzip();
            json!({"step": "unknown", "text": text.get(range.clone()), "bytes": bytes(range), "stuck": at, "lookups": found})
        }
        Step::Place { at, character, ways } => {
            let way = |way: &Way| {
                json!({"token": token(edited, &way.token), "text": way.text, "known": way.known,
                    "log_probability": way.score, "before": way.before, "sum": way.sum, "won": way.won})
            };
            json!({"step": "place", "at": at, "character": character, "ways": ways.iter().map(way).collect::<Vec<_>>()})
        }
        Step::Routes { best, second } => {
            let behind = second.as_ref().map(|second| best.score - second.score);
            json!({"step": "route", "best": route(edited, best),
                "second": second.as_ref().map(|second| route(edited, second)), "difference": behind})
        }
        Step::Tokens(all) => json!({"step": "tokens", "tokens": tokens(edited, all)}),
    }
}
