//! A mask as a person asks for it, before the length of the text is known.

use std::fmt;
use std::str::FromStr;

use crate::lm::Mask;
use crate::lm::MaskError;
use crate::lm::uniform;

/// A mask whose number may depend on the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// This one.
    Exactly(Mask),
    /// The first half is a prefix.
    Prefix,
    /// The first half is the source.
    SeqToSeq,
    /// A window of a quarter of the text, two positions at least.
    Window,
    /// An order drawn by the seed.
    Permutation,
}

/// A mask that does not fit a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The prefix or source is longer than the text.
    Longer {
        /// The mask.
        mask: String,
        /// The tokens of the text.
        length: usize,
    },
    /// The order names another number of positions than the text has.
    Order {
        /// How many it names.
        named: usize,
        /// The tokens of the text.
        length: usize,
    },
}

impl Asked {
    /// Each kind of mask once, the number left to the text.
    pub const ALL: [Self; 6] = [
        Self::Exactly(Mask::Causal),
        Self::Prefix,
        Self::Exactly(Mask::Bidirectional),
        Self::Window,
        Self::SeqToSeq,
        Self::Permutation,
    ];

    /// The mask for a text of `length` tokens; an order that is drawn depends on the seed alone.
    ///
    /// # Errors
    /// A prefix longer than the text; an order of another length.
    pub fn of(&self, length: usize, seed: u64) -> Result<Mask, Misfit> {
        let half = length / 2;
        match self {
            Self::Prefix => Ok(Mask::Prefix(half)),
            Self::SeqToSeq => Ok(Mask::SeqToSeq(half)),
            Self::Window => Ok(Mask::Window((length / 4).max(2))),
            Self::Permutation => Ok(Mask::Permutation(drawn(length, seed))),
            Self::Exactly(mask) => fit(mask, length).map(|()| mask.clone()),
        }
    }
}

/// Whether a mask is one of a text of `length` tokens.
///
/// # Errors
/// A prefix longer than the text; an order of another length.
pub fn fit(mask: &Mask, length: usize) -> Result<(), Misfit> {
    let longer = || Err(Misfit::Longer { mask: mask.to_string(), length });
    match mask {
        Mask::Prefix(n) | Mask::SeqToSeq(n) if *n > length => longer(),
        Mask::Except(n) if *n >= length => longer(),
        Mask::Permutation(order) if order.len() != length => Err(Misfit::Order { named: order.len(), length }),
        _ => Ok(()),
    }
}

impl FromStr for Asked {
    type Err = MaskError;

    fn from_str(text: &str) -> Result<Self, MaskError> {
        match text {
            "prefix" => Ok(Self::Prefix),
            "seq2seq" => Ok(Self::SeqToSeq),
            "window" => Ok(Self::Window),
            "permutation" => Ok(Self::Permutation),
            _ => text.parse().map(Self::Exactly),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(mask) => mask.fmt(f),
            Self::Prefix => f.write_str("prefix"),
            Self::SeqToSeq => f.write_str("seq2seq"),
            Self::Window => f.write_str("window"),
            Self::Permutation => f.write_str("permutation"),
        }
    }
}

/// An order of the positions `0..length` (Durstenfeld 1964), by the seed.
pub(super) fn drawn(length: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    for last in (1..length).rev() {
        order.swap(last, (uniform(seed, last as u64) * (last + 1) as f64) as usize);
    }
    order
}
