//! Long texts: what length costs, and what is lost by keeping less than all of it.

pub mod cost;
mod heavy;
mod keep;
mod retell;
mod sinks;

use std::ops::Range;
use std::sync::Arc;

use crate::lab::information::Total;
use crate::lab::masks::TrialError;
use crate::lm::Distribution;
use crate::lm::ForwardError;
use crate::lm::Position;
use crate::lm::Transformer;
use crate::lm::Workspace;

pub use sinks::SINKS;

/// Positions whose logits are held at the same time.
const ROWS: usize = 16;

/// How a text longer than the cache is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Everything is kept.
    Full,
    /// Piece by piece, each from an empty cache that begins with the last token of the piece before.
    Chunks,
    /// Piece by piece, half of each read again with the next.
    Overlap,
    /// The last tokens are kept (Beltagy et al. 2020, section 3.1); what they have seen of earlier ones stays in them.
    Window,
    /// The first few tokens and the last ones, numbered by their place in the cache (Xiao et al. 2023, section 3.2).
    Sinks,
    /// The last tokens, and those that have drawn the most attention (Zhang et al. 2023, "H2O", section 4.2).
    Heavy,
    /// Piece by piece behind the most surprising tokens of all before (after Li et al. 2023, "Selective Context").
    Surprising,
    /// Piece by piece behind the model's own summary of all before.
    Summary,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 8] = [
        Self::Full,
        Self::Chunks,
        Self::Overlap,
        Self::Window,
        Self::Sinks,
        Self::Heavy,
        Self::Surprising,
        Self::Summary,
    ];

    /// The name that a command line takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Chunks => "chunks",
            Self::Overlap => "overlap",
            Self::Window => "window",
            Self::Sinks => "sinks",
            Self::Heavy => "heavy",
            Self::Surprising => "surprising",
            Self::Summary => "summary",
        }
    }

    /// What it does, in a few words.
    pub fn does(self) -> &'static str {
        match self {
            Self::Full => "everything is kept",
            Self::Chunks => "piece by piece, each from its last predecessor alone",
            Self::Overlap => "piece by piece, half of each read again",
            Self::Window => "the last tokens; what they saw stays in them",
            Self::Sinks => "the first 4 and the last tokens, numbered by the cache",
            Self::Heavy => "the last tokens and those that drew most attention, whole",
            Self::Surprising => "piece by piece behind the most surprising tokens before",
            Self::Summary => "piece by piece behind the model's own summary of all before",
        }
    }

    /// The strategy of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }
}

/// A text to be read with a cache of so many positions.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// The text's tokens.
    pub tokens: &'a [u32],
    /// The most positions that what foretells a token sees, itself among them; at least [`LEAST`].
    pub budget: usize,
    /// What asks the model for a summary of what stands before it; without it there is no [`Strategy::Summary`].
    pub cue: &'a [u32],
    /// Tokens that end a summary.
    pub ends: &'a [u32],
}

/// What asks a model for a summary of what stands before it, unless another is given.
pub const CUE: &str = "\n\nIn short:";

/// The smallest cache.
pub const LEAST: usize = 8;

/// One token, foretold from what the cache held.
#[derive(Clone, Debug, PartialEq)]
pub struct Foretold {
    /// Its place in the text.
    pub at: usize,
    /// −log2 p.
    pub bits: f64,
    /// The tokens of the text that the cache held, in order.
    pub kept: Vec<Range<usize>>,
    /// Tokens of the cache that the model wrote itself, before those of the text.
    pub written: Arc<[u32]>,
}

impl Foretold {
    /// How many positions the cache held.
    pub fn held(&self) -> usize {
        self.written.len() + self.kept.iter().map(Range::len).sum::<usize>()
    }

    /// The share of a part of the text that the cache held, 0 to 1.
    pub fn share(&self, part: Range<usize>) -> f64 {
        let within = |run: &Range<usize>| run.end.min(part.end).saturating_sub(run.start.max(part.start));
        self.kept.iter().map(within).sum::<usize>() as f64 / part.len().max(1) as f64
    }
}

/// A way through a text: every token but the first, in order. `tell` returns whether to go on.
pub(crate) struct Walk<'a> {
    pub(crate) engine: &'a Transformer,
    pub(crate) reading: Reading<'a>,
    pub(crate) workspace: &'a mut Workspace,
    pub(crate) go_on: &'a dyn Fn() -> bool,
    pub(crate) tell: &'a mut dyn FnMut(Foretold) -> bool,
}

/// Reads the text by a strategy and tells of each token but the first what it costs, in order: the same tokens whatever the
/// strategy. A strategy that cannot be run tells nothing: a summary without a cue.
///
/// # Errors
/// Stopped by `go_on` or `tell`; more tokens than the context holds; a logit that is no number.
pub fn read(
    engine: &Transformer,
    reading: Reading<'_>,
    strategy: Strategy,
    workspace: &mut Workspace,
    go_on: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(Foretold) -> bool,
) -> Result<(), TrialError> {
    let reading = Reading { budget: reading.budget.clamp(LEAST, engine.config.context.max(LEAST)), ..reading };
    let mut walk = Walk { engine, reading, workspace, go_on, tell };
    match strategy {
        Strategy::Full => walk.masked(None),
        Strategy::Window => walk.masked(Some(reading.budget)),
        Strategy::Chunks => walk.pieces(reading.budget),
        Strategy::Overlap => walk.pieces(reading.budget / 2),
        Strategy::Sinks => walk.sinks(),
        Strategy::Heavy => walk.heavy(),
        Strategy::Surprising => walk.surprising(),
        Strategy::Summary => walk.summary(),
    }
}

impl Walk<'_> {
    /// Tells of the tokens that `positions` foretell, the first of them at `at`; gives what they cost.
    pub(crate) fn foretell(
        &mut self,
        positions: &[Position],
        at: usize,
        cache: &dyn Fn(usize) -> (Vec<Range<usize>>, Arc<[u32]>),
    ) -> Result<Vec<f64>, TrialError> {
        let mut costs = Vec::new();
        let tokens = self.reading.tokens.get(at..).unwrap_or_default();
        let vocabulary = self.engine.config.vocabulary.max(1);
        for (positions, tokens) in positions.chunks(ROWS).zip(tokens.chunks(ROWS)) {
            let logits = self.engine.logits(&positions[..tokens.len().min(positions.len())], self.workspace)?;
            for (row, &token) in logits.chunks_exact(vocabulary).zip(tokens) {
                let bits = Distribution::new(row.to_vec())?.surprisal_bits(token);
                let at = at + costs.len();
                costs.push(bits);
                let (kept, written) = cache(at - 1);
                if !(self.tell)(Foretold { at, bits, kept, written }) {
                    return Err(ForwardError::Stopped.into());
                }
            }
        }
        Ok(costs)
    }
}

/// What a strategy's tokens cost together.
pub fn total(foretold: &[Foretold]) -> Total {
    foretold.iter().map(|token| token.bits).collect()
}
