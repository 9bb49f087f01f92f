//! What a cache is worth when a conversation goes on: how much of what was computed for the turns before still stands.
//!
//! Each architecture's rule is run with the weights that are loaded: a turn is read, another is added, and the positions
//! of the first are compared, bit by bit, with those of a pass over both.

use std::time::Duration;

use crate::lm::ForwardError;
use crate::lm::Mask;
use crate::lm::Position;
use crate::lm::Transformer;
use crate::lm::Workspace;
use crate::lm::blueprint::Stacks;

/// How an architecture reads a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Every turn under a causal mask.
    DecoderOnly,
    /// All turns so far are the prefix, whose positions see one another.
    Prefix,
    /// All turns so far are the encoder's source.
    EncoderDecoder,
    /// All turns so far are one text, seen from both sides.
    EncoderOnly,
}

/// What adding a turn costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reuse {
    /// How the conversation is read.
    pub reading: Reading,
    /// Whether the model that was run is made to read so; otherwise its weights were run under this rule.
    pub own: bool,
    /// The tokens of the turns before.
    pub before: usize,
    /// The tokens of the new turn.
    pub added: usize,
    /// Of the former, how many positions are the same, bit for bit, when both turns are computed from the beginning.
    pub reused: usize,
    /// The time of going on from what can be kept.
    pub going_on: Duration,
    /// The time of computing both turns from the beginning.
    pub anew: Duration,
}

impl Reuse {
    /// The share of the positions before that need not be computed again, 0 to 1.
    pub fn share(&self) -> f64 {
        self.reused as f64 / self.before.max(1) as f64
    }
}

/// How often a pass is timed.
const TIMES: usize = 3;

/// Reads `tokens` up to `before` and then the rest, in every way this model can be run. `clock` tells the time.
///
/// # Errors
/// Stopped by `go_on`; more tokens than the context holds.
pub fn measure(
    engine: &Transformer,
    tokens: &[u32],
    before: usize,
    workspace: &mut Workspace,
    go_on: &dyn Fn() -> bool,
    clock: &dyn Fn() -> Duration,
) -> Result<Vec<Reuse>, ForwardError> {
    let own = match (engine.blueprint.stacks, &engine.blueprint.mask) {
        (Stacks::EncoderDecoder, _) => Reading::EncoderDecoder,
        (Stacks::Encoder, _) => Reading::EncoderOnly,
        (Stacks::Decoder, Mask::Prefix(_)) => Reading::Prefix,
        (Stacks::Decoder, _) => Reading::DecoderOnly,
    };
    let readings: &[Reading] = match own {
        Reading::EncoderDecoder => &[Reading::EncoderDecoder],
        _ => &[Reading::DecoderOnly, Reading::Prefix, Reading::EncoderOnly],
    };
    // The first pass brings the weights into memory.
    run(engine, readings[0], own == readings[0], &[], &tokens[..1.min(tokens.len())], workspace, go_on)?;
    let mut measured = Vec::new();
    for &reading in readings {
        // The shortest of a few times counts: what else the machine does only adds to it.
        let mut run = |past: &[Position], tokens: &[u32]| {
            let (mut path, mut least) = (Vec::new(), Duration::MAX);
            for _ in 0..TIMES {
                let start = clock();
                path = run(engine, reading, own == reading, past, tokens, workspace, go_on)?;
                least = least.min(clock().saturating_sub(start));
            }
            Ok::<_, ForwardError>((path, least))
        };
        let (first, _) = run(&[], &tokens[..before])?;
        let (both, anew) = run(&[], tokens)?;
        let reused = first.iter().zip(&both).take_while(|(a, b)| a == b).count();
        // What is kept is only kept whole: a prefix that has changed is read again.
        let going_on = if reused == before { run(&first, &tokens[before..])?.1 } else { anew };
        let added = tokens.len() - before;
        measured.push(Reuse { reading, own: own == reading, before, added, reused, going_on, anew });
    }
    Ok(measured)
}

fn run(
    engine: &Transformer,
    reading: Reading,
    own: bool,
    past: &[Position],
    tokens: &[u32],
    workspace: &mut Workspace,
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<Position>, ForwardError> {
    let mask = match reading {
        Reading::EncoderDecoder => return engine.encode(tokens, workspace, go_on),
        Reading::DecoderOnly if own => engine.blueprint.mask.clone(),
        Reading::DecoderOnly => Mask::Causal,
        Reading::Prefix => Mask::Prefix(past.len() + tokens.len()),
        Reading::EncoderOnly => Mask::Bidirectional,
    };
    engine.extend(past, tokens, &mask, workspace, go_on)
}
