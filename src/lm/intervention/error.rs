//! What can be wrong with an intervention.

use std::fmt;

use super::Side;

/// Why an intervention cannot be made.
#[derive(Clone, Debug, PartialEq)]
pub enum InterventionError {
    /// No intervention has this name.
    Unknown(String),
    /// It is not written as its kind is.
    Form {
        /// What was written.
        text: String,
        /// How its kind is written.
        like: &'static str,
    },
    /// A weight that is none: not a number from 0 to 1.
    Weight(String),
    /// A factor that is none: not a number above 0.
    Factor(String),
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
    /// The model has no such stack or attention.
    Side(Side),
    /// The decoder has no attention to itself.
    NoOwnAttention {
        /// The intervention, as it is written.
        what: String,
    },
    /// A position that the text does not have.
    Position {
        /// The intervention, as it is written.
        what: String,
        /// The position.
        position: usize,
        /// How many there are.
        length: usize,
    },
    /// A weight for a key that its query does not see.
    Unseen {
        /// The query.
        query: usize,
        /// The key.
        key: usize,
        /// The mask.
        mask: String,
    },
    /// The weights forced on one row add up to more than 1.
    TooMuch {
        /// The intervention that went over, as it is written.
        what: String,
    },
}

/// The kinds, as they are written.
pub(crate) const KINDS: &str = "head:L.H, even:L.H, attention:L, ff:L, layer:L, cell:L.H:Q>K=WEIGHT, cell:L.H:Q>K*FACTOR, forbid:L.H:Q>K, block:P or patch:L@P=IDS@FROM";

impl fmt::Display for InterventionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "no intervention is called {name:?}: use {KINDS}"),
            Self::Form { text, like } => write!(f, "{text:?} is not an intervention: write it as in {like}"),
            Self::Weight(text) => write!(f, "{text:?} is no weight of attention: give a number from 0 to 1"),
            Self::Factor(text) => write!(f, "{text:?} cannot multiply a weight: give a number above 0 (forbid for 0)"),
            Self::Layer { layer, layers } => {
                write!(f, "there is no layer {layer}: the model has {layers}, counted from 0")
            }
            Self::Head { layer, head, heads } => {
                write!(f, "there is no head {head} in layer {layer}: the model has {heads} heads, counted from 0")
            }
            Self::Side(Side::Cross) => f.write_str("the model has no attention to a source: leave out the x"),
            Self::Side(_) => f.write_str("the model has no encoder before a decoder: leave out the e"),
            Self::NoOwnAttention { what } => write!(
                f,
                "{what} has nothing to change: the decoder has no attention to itself, a recurrent cell carries what it wrote; e names the encoder's attention, x the one to the source"
            ),
            Self::Position { what, position, length } => {
                write!(f, "{what} does not fit: there is no position {position} in {length} tokens, counted from 0")
            }
            Self::Unseen { query, key, mask } => {
                write!(f, "position {query} does not see position {key} under the mask {mask}: it can have no weight")
            }
            Self::TooMuch { what } => {
                write!(f, "the weights forced on one row add up to more than 1 with {what}: take less")
            }
        }
    }
}

impl std::error::Error for InterventionError {}
