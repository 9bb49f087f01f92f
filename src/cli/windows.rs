//! A text of any length under a model that sees so many tokens at once.

use super::Failure;
use super::session::Session;
use crate::lm::Distribution;

/// Positions whose logits are held at the same time.
const ROWS: usize = 16;

/// Windows over the tokens of a text: as many tokens as the model sees at once, each window so many behind the one before.
/// A token is predicted in the first window that has it (<https://huggingface.co/docs/transformers/perplexity>).
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    /// Tokens of a window, at least 2.
    pub(super) window: usize,
    /// Tokens between the beginnings of two windows, from 1 to a window.
    pub(super) stride: usize,
}

impl Windows {
    /// Windows that fit a context; the whole of it, half a window apart, unless told otherwise.
    ///
    /// # Errors
    /// A stride that would leave tokens out.
    pub(super) fn new(context: usize, window: Option<u32>, stride: Option<u32>) -> Result<Self, Failure> {
        let window = window.map_or(context, |window| context.min(window as usize)).max(2);
        let stride = stride.map_or(window / 2, |stride| stride as usize);
        if stride > window { Err(Failure::StrideTooLong { stride, window }) } else { Ok(Self { window, stride }) }
    }

    /// The windows over so many tokens: where each begins, its first token that is predicted in it, counted from there, and
    /// where it ends. Windows in which none is predicted are left out.
    pub(super) fn spans(self, length: usize) -> impl Iterator<Item = (usize, usize, usize)> {
        let ends =
            (0_usize..).map(move |number| (number * self.stride, (number * self.stride + self.window).min(length)));
        let mut done = 0;
        let spans = ends.map_while(move |(start, end)| {
            let before = std::mem::replace(&mut done, end);
            (before < length).then(|| (start, (before - start).max(1), end))
        });
        spans.filter(|(start, first, end)| start + first < *end)
    }

    /// Gives the distribution that the model has of each token before seeing it, with the token's index. A token that
    /// begins a window, and was in none before, has no distribution.
    ///
    /// A window is read anew, as its tokens stand at other places in it than in the one before.
    pub(super) fn walk(
        self,
        session: &mut Session,
        ids: &[u32],
        each: &mut dyn FnMut(usize, &Distribution) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for (start, first, end) in self.spans(ids.len()) {
            let past = session.extend(&[], &ids[start..end - 1])?;
            for (chunk, positions) in past[first - 1..].chunks(ROWS).enumerate() {
                for (row, distribution) in session.distributions(positions)?.iter().enumerate() {
                    each(start + first + chunk * ROWS + row, distribution)?;
                }
            }
        }
        Ok(())
    }
}
