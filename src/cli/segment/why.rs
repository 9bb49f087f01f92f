//! Why each method cuts at a place or not, and what would change it.

use serde_json::{Value, json};

use super::steps;
use crate::cli::Failure;
use crate::cli::output::Output;
use crate::lab;
use crate::text::segment::{Flip, Reason, Step, Tagging, Why};
use crate::text::{Method, Segmenter};
use crate::ui::{Message, safe};

/// How many changes are told of each method.
const MOST_FLIPS: usize = 3;

/// What each method makes of a place.
pub(super) struct Asked {
    at: usize,
    methods: Vec<(Why, Vec<Flip>)>,
}

pub(super) fn ask(segmenter: Segmenter<'_>, text: &str, at: usize) -> Result<Asked, Failure> {
    let ask = |method| {
        let flips = segmenter.flips(text, method, at, &|| true)?;
        Ok((segmenter.why(text, method, at)?, flips))
    };
    let methods = Method::ALL.into_iter().map(ask).collect::<Result<Vec<_>, _>>().map_err(Failure::Place)?;
    Ok(Asked { at, methods })
}

pub(super) fn print(text: &str, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
    const AROUND: usize = 12;
    let (before, after) = text.split_at_checked(asked.at).unwrap_or_default();
    let skipped = before.chars().count().saturating_sub(AROUND);
    let before: String = before.chars().skip(skipped).collect();
    let after: String = after.chars().take(AROUND).collect();
    let label = |text: &str| safe::token_label(text.as_bytes());
    output.say(Message::CliWhyAt, &[&asked.at, &label(&before), &label(&after)])?;
    for (why, flips) in &asked.methods {
        let verdict = if why.cut { Message::WhyIsCut } else { Message::WhyIsNoCut }.text(output.language);
        let reasons: Vec<String> =
            lab::steps::reasons(text, why).iter().map(|note| note.say(output.language)).collect();
        output.line(&format!("{}: {verdict}: {}", why.method, reasons.join(" · ")))?;
        for flip in flips.iter().take(MOST_FLIPS) {
            let (edits, words) = lab::steps::flip(text, flip);
            let edits: Vec<String> = edits.iter().map(|note| note.say(output.language)).collect();
            let line = Message::FlipTo.say(output.language, &[&edits.join(" + "), &words]);
            output.line(&format!("    {line}"))?;
        }
        if flips.is_empty() && why.reason != Reason::Cluster {
            output.line(&format!("    {}", Message::FlipNone.text(output.language)))?;
        }
    }
    Ok(())
}

pub(super) fn json(text: &str, asked: &Asked) -> Value {
    let methods = asked.methods.iter().map(|(why, flips)| {
        let flips: Vec<Value> = flips.iter().map(|flip| flip_json(text, flip)).collect();
        json!({"method": why.method.name(), "cut": why.cut, "reason": reason(text, &why.reason), "flips": flips})
    });
    json!({"at": asked.at, "methods": methods.collect::<Vec<_>>()})
}

fn flip_json(text: &str, flip: &Flip) -> Value {
    let edits = flip.edits.iter();
    let edits = edits.map(|(edit, before)| json!({"word": edit.word, "from": before, "to": edit.frequency}));
    let words = flip.words.iter().map(|word| text.get(word.start..word.end).unwrap_or_default());
    json!({"edits": edits.collect::<Vec<_>>(), "words": words.collect::<Vec<_>>()})
}

fn reason(text: &str, reason: &Reason) -> Value {
    let tagging = |tagging: &Tagging| {
        let tags: String = tagging.tags.iter().map(|tag| tag.letter()).collect();
        json!({"tags": tags, "log_probability": tagging.logarithm})
    };
    let matched = |matched| steps::value(text, &Step::Match(matched));
    match reason {
        Reason::Cluster => json!({"kind": "cluster"}),
        Reason::Apart => json!({"kind": "apart"}),
        Reason::Letters => json!({"kind": "letters"}),
        Reason::Match(step) => json!({"kind": "match", "match": matched(step.clone())}),
        Reason::Passes(weighed, step) => {
            json!({"kind": "passes", "passes": steps::value(text, &Step::Weighed(weighed.clone())), "match": matched(step.clone())})
        }
        Reason::Routes { cut, joined } => {
            let route = |route: &Option<_>| route.as_ref().map(|route| steps::route(text, route));
            json!({"kind": "routes", "cut": route(cut), "joined": route(joined)})
        }
        Reason::Word(range) => json!({"kind": "word", "text": text.get(range.clone())}),
        Reason::Tags { range, cut, joined } => {
            json!({"kind": "tags", "text": text.get(range.clone()), "cut": tagging(cut), "joined": tagging(joined)})
        }
    }
}
