//! Why a tokenizer cuts at a place or not, and what would change it.

use serde_json::{Value, json};

use super::steps;
use crate::cli::Failure;
use crate::cli::output::Output;
use crate::lab;
use crate::text::encoding::{Change, Edited, Flip, Missed, Reason, Why};
use crate::text::{Merge, Token};
use crate::ui::{Message, safe};

/// How many changes are told.
const MOST_FLIPS: usize = 6;
/// How much of the text is shown on either side, in characters.
const AROUND: usize = 12;

/// What a tokenizer makes of a place.
pub(super) struct Asked {
    at: usize,
    why: Why,
    flips: Vec<Flip>,
}

pub(super) fn ask(edited: &Edited<'_>, text: &str, at: usize) -> Result<Asked, Failure> {
    let why = edited.why(text, at).map_err(Failure::Place)?;
    let flips = edited.flips(text, at, &|| true).map_err(Failure::Place)?;
    Ok(Asked { at, why, flips })
}

pub(super) fn print(edited: &Edited<'_>, text: &str, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
    let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let here = boundaries.partition_point(|&at| at < asked.at);
    let first = boundaries.get(here.saturating_sub(AROUND)).copied().unwrap_or(0);
    let last = boundaries.get(here + AROUND).copied().unwrap_or(text.len());
    let label = |start: usize, end: usize| safe::token_label(text.as_bytes().get(start..end).unwrap_or_default());
    output.say(Message::CliWhyAt, &[&asked.at, &label(first, asked.at), &label(asked.at, last)])?;
    let verdict = if asked.why.cut { Message::WhyIsCut } else { Message::WhyIsNoCut }.text(output.language);
    let reasons = lab::steps::encoding_reasons(edited, text, &asked.why);
    let reasons: Vec<String> = reasons.iter().map(|note| note.say(output.language)).collect();
    output.line(&format!("{}: {verdict}: {}", edited.kind().name(), reasons.join(" · ")))?;
    let flips = asked.flips.get(..MOST_FLIPS).unwrap_or(&asked.flips);
    for (change, flip) in lab::steps::changes(edited, text, asked.at, flips).iter().zip(flips) {
        let parts: Vec<String> = change.parts.iter().map(|note| note.say(output.language)).collect();
        let line = Message::FlipTo.say(output.language, &[&parts.join(" + "), &change.becomes]);
        output.line(&format!("    {line}"))?;
        let options: Vec<String> = flip.changes.iter().map(option).collect();
        output.line(&format!("        {}", safe::visible(&options.join(" "))))?;
    }
    if flips.is_empty() {
        let message = if asked.why.can_turn() { Message::EncFlipNone } else { Message::EncFlipNever };
        output.line(&format!("    {}", message.text(output.language)))?;
    }
    Ok(())
}

/// A change as it is given on the command line, quoted where a shell needs it.
fn option(change: &Change) -> String {
    let argument = change.argument();
    let is_plain = |letter: char| letter.is_alphanumeric() || "._-:/+,=@%▁".contains(letter);
    if argument.chars().all(is_plain) {
        return format!("{} {argument}", change.option());
    }
    format!("{} '{}'", change.option(), argument.replace('\'', "'\\''"))
}

pub(super) fn json(edited: &Edited<'_>, asked: &Asked) -> Value {
    let flips = asked.flips.iter().map(|flip| {
        let changes = flip.changes.iter();
        let changes = changes.map(|change| json!({"option": change.option(), "argument": change.argument()}));
        let tokens = edited.more(&flip.changes).map(|changed| steps::tokens(&changed, &flip.tokens));
        json!({"changes": changes.collect::<Vec<_>>(), "tokens": tokens.unwrap_or_default()})
    });
    json!({
        "at": asked.at,
        "model": edited.kind().name(),
        "cut": asked.why.cut,
        "reason": reason(edited, &asked.why.reason),
        "flips": flips.collect::<Vec<_>>(),
    })
}

fn reason(edited: &Edited<'_>, reason: &Reason) -> Value {
    let token = |token: &Token| steps::token(edited, token);
    let merge = |merge: &Merge| steps::merge(edited, merge);
    match reason {
        Reason::Inside(found) => json!({"kind": "inside_added", "token": token(found)}),
        Reason::Edge(found) => json!({"kind": "edge_of_added", "token": token(found)}),
        Reason::Between(left, right) => {
            json!({"kind": "words", "left": steps::bytes(left), "right": steps::bytes(right)})
        }
        Reason::Dropped => json!({"kind": "dropped"}),
        Reason::Normalized { bytes, text } => {
            json!({"kind": "normalized", "bytes": steps::bytes(bytes), "text": text})
        }
        Reason::Unit(range) => json!({"kind": "unit", "bytes": steps::bytes(range)}),
        Reason::Bytes(range) => json!({"kind": "bytes", "bytes": steps::bytes(range)}),
        Reason::Unknown(found) => json!({"kind": "unknown", "token": token(found)}),
        Reason::Whole(found) => json!({"kind": "whole", "token": token(found)}),
        Reason::Word(found) => json!({"kind": "word", "token": token(found)}),
        Reason::Joined { merge: made, number, second } => {
            json!({"kind": "merged", "merge": merge(made), "number": number, "second": second.as_ref().map(merge)})
        }
        Reason::Apart { left, right, missed } => {
            let one =
                |Missed { merge: lost, blocker }: &Missed| json!({"merge": merge(lost), "blocker": merge(blocker)});
            let missed: Vec<Value> = missed.iter().map(one).collect();
            json!({"kind": "apart", "left": token(left), "right": token(right), "missed": missed})
        }
        Reason::Longest(found) => json!({"kind": "longest", "match": steps::matched(edited, found)}),
        Reason::Stuck(at, lookups) => json!({"kind": "stuck", "at": at, "lookups": steps::lookups(lookups)}),
        Reason::TooLong(most) => json!({"kind": "too_long", "most_characters": most}),
        Reason::Routes { cut, joined } => {
            let route = |route: &Option<_>| route.as_ref().map(|route| steps::route(edited, route));
            let difference = cut.as_ref().zip(joined.as_ref()).map(|(cut, joined)| cut.score - joined.score);
            json!({"kind": "routes", "cut": route(cut), "joined": route(joined), "difference": difference})
        }
    }
}
