//! `lmscope bench`: tokens per second.

use std::time::Instant;

use serde::Serialize;

use super::Failure;
use super::arguments::{Bench, Common};
use super::output::Output;
use super::session::Session;
use crate::lm::ForwardError;
use crate::ui::Message;

#[derive(Serialize)]
struct Answer {
    model: String,
    threads: usize,
    prefill: u32,
    decode: u32,
    prefill_tokens_per_second: f64,
    decode_tokens_per_second: Option<f64>,
}

pub(super) fn run(common: &Common, options: &Bench, output: &mut Output<'_>) -> Result<(), Failure> {
    let mut session = Session::open(common)?;
    let (prefill, decode) = (options.prefill as usize, options.decode as usize);
    let context = session.model.engine.config.context;
    let length = prefill.saturating_add(decode);
    if length > context {
        return Err(ForwardError::ContextFull { length, context }.into());
    }
    let vocabulary = session.model.engine.config.vocabulary.max(1);
    // Any tokens do: the work is the same for all.
    let ids: Vec<u32> = (0..prefill).map(|index| (index * 7919 % vocabulary) as u32).collect();
    // The first pass brings the weights into memory.
    let first = ids.get(..1).unwrap_or_default();
    let goes_on = session.model.engine.blueprint.predicts_next();
    drop(if goes_on { session.begin(first)? } else { session.extend(&[], first)? });

    let start = Instant::now();
    let mut positions = if goes_on { session.begin(&ids)? } else { session.extend(&[], &ids)? };
    let mut last = if goes_on { greedy(&mut session, positions.last().cloned().as_slice())? } else { 0 };
    let prefill_seconds = start.elapsed().as_secs_f64();

    let start = Instant::now();
    for _ in 0..if goes_on { decode } else { 0 } {
        session.append(&mut positions, &[last])?;
        last = greedy(&mut session, positions.last().cloned().as_slice())?;
    }
    let decode_seconds = start.elapsed().as_secs_f64();

    let answer = Answer {
        model: session.model.name.clone(),
        threads: session.workspace.threads(),
        prefill: options.prefill,
        decode: options.decode,
        prefill_tokens_per_second: prefill as f64 / prefill_seconds.max(f64::MIN_POSITIVE),
        decode_tokens_per_second: goes_on.then(|| decode as f64 / decode_seconds.max(f64::MIN_POSITIVE)),
    };
    if common.json {
        return output.json(&answer);
    }
    let language = output.language;
    let rate = |rate: f64, tokens: usize, seconds: f64| {
        Message::CliPerSecond.say(language, &[&format!("{rate:.1}"), &tokens, &format!("{seconds:.3}")])
    };
    let fact = |word: Message, value: String| vec![word.text(language).to_owned(), value];
    output.rows(&[
        fact(Message::CliPrefill, rate(answer.prefill_tokens_per_second, prefill, prefill_seconds)),
        fact(
            Message::CliDecode,
            answer.decode_tokens_per_second.map_or_else(|| "–".to_owned(), |speed| rate(speed, decode, decode_seconds)),
        ),
        fact(Message::CliThreads, answer.threads.to_string()),
    ])
}

fn greedy(session: &mut Session, positions: &[crate::lm::Position]) -> Result<u32, Failure> {
    let logits = session.model.engine.logits(positions, &mut session.workspace)?;
    let best = logits.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
    Ok(best.map_or(0, |(token, _)| token as u32))
}
