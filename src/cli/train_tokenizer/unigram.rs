//! A unigram model: fitted, pruned, settled.

use std::path::Path;

use serde_json::{Value, json};

use super::{said_of, wrote};
use crate::cli::arguments::{Common, TrainTokenizer};
use crate::cli::meter::Meter;
use crate::cli::output::{Output, thousands};
use crate::cli::{Failure, file};
use crate::lab::training::{self, Counted};
use crate::text::train::{Recipe, UnigramDeed, UnigramStep, UnigramTraining};
use crate::ui::Message;

/// How many of the pieces each step names, of those that stay and of those that go.
const NAMED: usize = 8;

pub(super) fn run(
    common: &Common,
    options: &TrainTokenizer,
    recipe: &Recipe,
    counted: &Counted,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let mut learned = UnigramTraining::new(&counted.words, recipe.unigram_rules()).map_err(Failure::Train)?;
    learned.notes = NAMED;
    let to_output = options.output.as_deref() == Some(Path::new("-"));
    let (begins, shows) = (learned.pieces().len(), options.steps && !to_output);
    let mut meter = Meter::new(Message::CliPieces, common.language);
    let mut steps = Vec::new();
    let mut number = 0;
    while let Some(step) = learned.step() {
        number += 1;
        let _ = meter.show((begins - step.after.min(begins)) as u64, begins.saturating_sub(recipe.pairs.size) as u64);
        if shows && common.json {
            steps.push(value(&learned, &step, number));
        } else if shows {
            let notes = training::fitted(&learned, &step).map(|note| note.say(output.language));
            output.line(&format!("{number}. {}", notes[0]))?;
            output.line(&format!("   {}", notes[1]))?;
        }
    }
    drop(meter);
    let vocabulary = learned.vocabulary();
    let written = recipe.file_of_pieces(&vocabulary);
    match options.output.as_deref() {
        Some(_) if to_output => return output.bytes(&written),
        Some(path) => file::write(path, &written)?,
        None => {}
    }
    let tokens = learned.total();
    if common.json {
        let mut answer = json!({"algorithm": options.algorithm.name(), "bytes": counted.bytes,
            "invalid_bytes": counted.invalid, "long_words": counted.long, "words": counted.words.total(), "different_words": counted.words.len(),
            "vocabulary_size": vocabulary.len(), "alphabet": learned.characters(), "seeds": begins,
            "tokens_after": tokens, "file": options.output});
        if let (true, Some(answer)) = (options.steps, answer.as_object_mut()) {
            answer.insert("steps".to_owned(), steps.into());
        }
        return output.json(&answer);
    }
    let (size, begins) = (thousands(vocabulary.len() as u64), thousands(begins as u64));
    let [bytes, words, different] = said_of(counted);
    output.say(Message::CliLearnedPieces, &[&size, &begins, &bytes, &words, &different])?;
    let per_token = format!("{:.2}", counted.bytes as f64 / tokens.max(1) as f64);
    output.say(Message::CliCutInto, &[&thousands(tokens), &per_token])?;
    wrote(options.output.as_deref(), output)
}

/// A step with its numbers.
fn value(learned: &UnigramTraining, step: &UnigramStep, number: usize) -> Value {
    let deed = match step.deed {
        UnigramDeed::Fitted => "fitted",
        UnigramDeed::Pruned => "pruned",
        UnigramDeed::Finished => "finished",
    };
    let worth = match step.deed {
        UnigramDeed::Fitted => "expected",
        UnigramDeed::Pruned => "loss_bits",
        UnigramDeed::Finished => "score_bits",
    };
    let named = |pieces: &[(u32, f64)]| -> Vec<Value> {
        let named = pieces.iter().map(
            |&(token, number)| json!({"text": learned.spelling(token), worth: training::worth(step.deed, number)}),
        );
        named.collect()
    };
    json!({"step": number, "deed": deed, "pieces_before": step.before, "pieces_after": step.after,
        "bits_per_word": step.cost.map(training::bits), "kept": named(&step.kept), "removed": named(&step.removed),
        "unused": step.unused})
}
