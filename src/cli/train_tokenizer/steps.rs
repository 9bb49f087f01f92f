//! The merges, as text and as JSON.

use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::output::Output;
use crate::lab::training;
use crate::text::train::{Pair, PairStep, PairTraining, Rule};

/// A merge with its number, and below it why its pair came first.
pub(super) fn print(
    learned: &PairTraining,
    step: &PairStep,
    number: u64,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let [merged, reason] = training::merged(learned, step);
    let (merged, reason) = (merged.say(output.language), reason.say(output.language));
    output.line(&format!("{number}. {merged}"))?;
    output.line(&format!("   {reason}"))
}

/// A merge with all its numbers.
pub(super) fn json(
    learned: &PairTraining,
    step: &PairStep,
    number: u64,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    if number > 1 {
        output.part(",")?;
    }
    let pair = |pair: &Pair| {
        json!({"left": learned.spelling(pair.left), "right": learned.spelling(pair.right), "ids": [pair.left, pair.right],
            "count": pair.count, "score": pair.score})
    };
    let rule = match step.rule() {
        Rule::Only => "only",
        Rule::Better => "better",
        Rule::OlderFirst => "older_first",
        Rule::OlderSecond => "older_second",
    };
    let value: Value = json!({"step": number, "pair": pair(&step.pair), "joined": learned.spelling(step.joined),
        "id": step.joined, "new": step.is_new, "second": step.others.first().map(pair), "rule": rule,
        "tokens_before": step.before, "tokens_after": step.after});
    output.value(&value)
}
