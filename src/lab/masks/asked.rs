//! A mask as a person asks for it, before the length of the text is known.

use std::fmt;
use std::str::FromStr;

use crate::lm::Mask;
use crate::lm::MaskError;
use crate::lm::uniform;
use crate::model::Say;

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

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Longer { mask, length } => write!(f, "{mask} does not fit: the text has {length} tokens"),
            Self::Order { named, length } => {
                write!(f, "the order names {named} positions, and the text has {length} tokens: name each once, from 0")
            }
        }
    }
}

impl std::error::Error for Misfit {}

impl Say for Misfit {
    fn chinese(&self) -> String {
        match self {
            Self::Longer { mask, length } => format!("{mask} 不合适：文本只有 {length} 个词元"),
            Self::Order { named, length } => {
                format!("次序列出了 {named} 个位置，而文本有 {length} 个词元：请从 0 起各列一次")
            }
        }
    }
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
