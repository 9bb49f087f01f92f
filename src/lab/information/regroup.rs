//! What a text costs, regrouped: the same bits on bytes, characters, words, or another tokenizer's tokens.

use std::ops::Range;

use crate::text::Dictionary;
use crate::text::Method;
use crate::text::segment;

/// What a text is divided into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Segmentation {
    /// The model's own tokens.
    #[default]
    Tokens,
    /// Bytes.
    Bytes,
    /// Characters: Unicode scalar values.
    Characters,
    /// Words of the dictionary, by maximum matching both ways.
    Words,
}

impl Segmentation {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Tokens, Self::Bytes, Self::Characters, Self::Words];

    /// The one after this, round.
    #[must_use]
    pub fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    /// The parts of a text, in bytes; `tokens` are the model's own.
    pub fn ranges(self, text: &str, tokens: impl IntoIterator<Item = Range<usize>>) -> Vec<Range<usize>> {
        match self {
            Self::Tokens => tokens.into_iter().filter(|token| !token.is_empty()).collect(),
            Self::Bytes => (0..text.len()).map(|at| at..at + 1).collect(),
            Self::Characters => text.char_indices().map(|(at, letter)| at..at + letter.len_utf8()).collect(),
            Self::Words => {
                let words = segment(text, Method::Bidirectional, Dictionary::embedded());
                words.into_iter().map(|word| word.start..word.end).collect()
            }
        }
    }
}

/// A token's bytes in the text, and what it cost in bits; a token without context before it has no cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Its bytes; a token that was added has none.
    pub bytes: Range<usize>,
    /// −log2 of its probability.
    pub bits: Option<f64>,
}

/// A part of the text with what it cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its bytes.
    pub bytes: Range<usize>,
    /// The sum of the tokens it is made of; absent where none of them has a cost.
    pub bits: Option<f64>,
    /// The tokens it has a share of.
    pub tokens: Range<usize>,
    /// Whether a token of it reaches over its edge, so that a share by bytes was counted.
    pub shared: bool,
}

/// The cost of each part of a text: the sum of the tokens it is made of. A token that reaches over an edge is shared by
/// bytes. Parts and tokens both come in the order of the text and neither overlaps its own; a token of no bytes counts to
/// the part that begins where it stands, or to the last. Over all parts together the bits stay what they were.
pub fn regroup(costs: &[Cost], parts: impl IntoIterator<Item = Range<usize>>) -> Vec<Part> {
    let mut parts: Vec<Part> =
        parts.into_iter().map(|bytes| Part { bytes, bits: None, tokens: 0..0, shared: false }).collect();
    let mut first = 0;
    for (index, cost) in costs.iter().enumerate() {
        // A part behind which every token now stands is done; of no bytes at all is what a token may begin with.
        while first + 1 < parts.len() && parts[first].bytes.end <= cost.bytes.start {
            first += 1;
        }
        let length = cost.bytes.len();
        if length == 0 && cost.bits.is_none() {
            continue;
        }
        let touched = parts[first..]
            .iter_mut()
            .enumerate()
            .take_while(|(offset, part)| *offset == 0 || (part.bytes.start < cost.bytes.end && length > 0));
        for (_, part) in touched {
            let overlap = part.bytes.end.min(cost.bytes.end).saturating_sub(part.bytes.start.max(cost.bytes.start));
            if length > 0 && overlap == 0 {
                continue;
            }
            let share = if length == 0 { 1.0 } else { overlap as f64 / length as f64 };
            if part.tokens.is_empty() {
                part.tokens.start = index;
            }
            part.tokens.end = index + 1;
            part.shared |= share < 1.0;
            if let Some(bits) = cost.bits {
                *part.bits.get_or_insert(0.0) += bits * share;
            }
        }
    }
    parts
}
