//! What can be watched in a pass, and where one can begin that is not computed from the embedding on.

use super::super::{attention::AttentionKind, kernel::Activations, position::Position};

/// A pass that was computed before as far as a layer.
#[derive(Clone, Copy)]
pub(crate) struct Resumed<'a> {
    /// The layer it goes on with.
    pub(crate) layer: usize,
    /// The residual stream as it enters that layer, `[tokens, width]`.
    pub(crate) stream: &'a [f32],
    /// What was computed at each position.
    pub(crate) positions: &'a [Position],
}

/// What can be watched in a pass.
#[derive(Clone, Copy)]
pub(crate) enum Seen<'a> {
    /// The residual stream that enters this layer, `[tokens, width]`; after the last layer it leaves it.
    Stream(usize, &'a [f32]),
    /// What the heads of a layer mixed, side by side, before the output projection.
    Mixed(usize, AttentionKind, &'a Activations),
    /// What a layer's attention or feed-forward block gave, before any norm of it, `[tokens, width]`.
    Given(usize, Sublayer, &'a [f32]),
    /// The last hidden state, after the final norm where there is one, `[tokens, width]`.
    Hidden(&'a [f32]),
}

/// A part of a layer that adds to the residual stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sublayer {
    Attention(AttentionKind),
    /// A recurrent cell in the place of attention to the own stack.
    Cell,
    FeedForward,
}

/// Who watches a pass.
pub(crate) type Watch<'w> = &'w mut dyn FnMut(Seen<'_>);
