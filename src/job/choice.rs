//! How a token was chosen, and what it cost.

use crate::lm::Distribution;
use crate::lm::beam::Choice;

/// How a token came to stand where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Origin {
    /// It is part of the text; `start..end` are its bytes there.
    Text {
        /// First byte in the text.
        start: usize,
        /// One past the last byte in the text.
        end: usize,
    },
    /// Put before the text because the tokenizer says so.
    Start,
    /// Put behind the text: by the tokenizer, or to begin a decoder's part.
    End,
    /// Drawn: the random number in `[0, 1)` that chose it.
    Sampled {
        /// The random number.
        draw: f64,
    },
    /// The most probable token, taken because the temperature is 0.
    Greedy,
    /// Taken by hand.
    Picked,
    /// On the way of a beam search.
    Searched,
}

impl Origin {
    /// Whether the token continues the text rather than being part of it.
    pub fn is_generated(self) -> bool {
        !matches!(self, Self::Text { .. } | Self::Start | Self::End)
    }
}

/// What a token cost, under the model's distribution at the position before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// `-log2 p(token | tokens before)`, in bits.
    pub surprisal: f64,
    /// Entropy of the distribution the token came from, in bits.
    pub entropy: f64,
    /// How many tokens were more probable.
    pub rank: usize,
}

impl Score {
    /// What a token costs under a distribution.
    pub fn of(distribution: &Distribution, token: u32) -> Self {
        Self {
            surprisal: distribution.surprisal_bits(token),
            entropy: distribution.entropy_bits(),
            rank: distribution.rank(token).unwrap_or(usize::MAX),
        }
    }
}

impl From<Choice> for Score {
    fn from(choice: Choice) -> Self {
        Self { surprisal: choice.surprisal_bits, entropy: choice.entropy_bits, rank: choice.rank }
    }
}
