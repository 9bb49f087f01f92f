//! Why the model computed what it did: one row of attention step by step, what each layer would have said, what each part
//! added to a logit. Everything is computed from the stored positions by the same pass that made them.

pub mod attribution;
pub mod calculation;
pub mod lens;
mod patches;
mod streams;

use std::{fmt, ops::Range};

use super::{
    distribution::NotFinite,
    error::ForwardError,
    intervention::Conditions,
    pass::Seen,
    position::Position,
    transformer::{Input, Transformer, sourced},
    workspace::Workspace,
};

pub use attribution::{Attribution, Contribution, Part};
pub use calculation::{Calculation, Cell, Given, GivenError, KeyVectors, Row, Turned};
pub use lens::{Depth, Lens};
pub use patches::PrepareError;
pub use streams::Streams;

/// Why there is no explanation.
#[derive(Clone, Debug, PartialEq)]
pub enum ExplainError {
    /// The pass gave nothing.
    Forward(ForwardError),
    /// A logit is not a number.
    NotFinite(NotFinite),
    /// The model has no such layer.
    Layer {
        /// The layer.
        layer: usize,
        /// How many there are.
        layers: usize,
    },
    /// The layer has no such head.
    Head {
        /// The layer.
        layer: usize,
        /// The head.
        head: usize,
        /// How many there are.
        heads: usize,
    },
}

impl fmt::Display for ExplainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward(error) => error.fmt(f),
            Self::NotFinite(error) => error.fmt(f),
            Self::Layer { layer, layers } => {
                write!(f, "there is no layer {layer}: the model has {layers}, counted from 0")
            }
            Self::Head { layer, head, heads } => {
                write!(f, "there is no head {head} in layer {layer}: the model has {heads} heads, counted from 0")
            }
        }
    }
}

impl std::error::Error for ExplainError {}

impl From<ForwardError> for ExplainError {
    fn from(error: ForwardError) -> Self {
        Self::Forward(error)
    }
}

impl From<NotFinite> for ExplainError {
    fn from(error: NotFinite) -> Self {
        Self::NotFinite(error)
    }
}

impl Transformer {
    /// Computes the positions `range` of `context` again, which were computed under these conditions; `watch` is told of
    /// what index in the context the first row of what it sees is. Under a mask that looks ahead more is computed than is
    /// asked for.
    pub(crate) fn replay(
        &self,
        context: &[Position],
        under: Conditions<'_>,
        range: Range<usize>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
        watch: &mut dyn FnMut(usize, Seen<'_>),
    ) -> Result<(), ForwardError> {
        let (index, length) = (range.end.saturating_sub(1), context.len());
        if range.is_empty() || range.end > length {
            return Err(ForwardError::NoSuchPosition { index, length });
        }
        let (source, target) = sourced(context);
        let mut first = 0;
        let width = self.config.width.max(1);
        let mut rows = |seen: Seen<'_>| {
            watch(first, seen);
            if let Seen::Hidden(hidden) = seen {
                first += hidden.len() / width;
            }
        };
        let tokens = |positions: &[Position]| positions.iter().map(Position::token).collect::<Vec<_>>();
        if range.start < source.len() {
            let tokens = tokens(source);
            self.encode_watched(Input::from(&tokens), under.interventions, workspace, go_on, &mut rows)?;
            return Ok(());
        }
        let (start, end) = (range.start - source.len(), range.end - source.len());
        let (start, end) = match under.mask.joint() {
            Some(joint) if start >= joint => (start, end),
            Some(joint) => (0, end.max(joint.min(target.len()))),
            None => (0, target.len()),
        };
        first = source.len() + start;
        let mut rows = |seen: Seen<'_>| {
            watch(first, seen);
            if let Seen::Hidden(hidden) = seen {
                first += hidden.len() / width;
            }
        };
        let tokens = tokens(&target[start..end]);
        let past = &context[..source.len() + start];
        self.extend_watched(past, Input::from(&tokens), under, workspace, go_on, &mut rows)?;
        Ok(())
    }
}

/// The row of this index among rows of `width` whose first has the index `first`.
pub(crate) fn row_of(rows: &[f32], width: usize, first: usize, index: usize) -> Option<&[f32]> {
    rows.chunks_exact(width.max(1)).nth(index.checked_sub(first)?)
}
