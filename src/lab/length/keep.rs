//! Strategies that need no more than a mask, or an empty cache now and then.

use std::sync::Arc;

use super::Walk;
use crate::lab::masks::TrialError;
use crate::lm::Mask;

/// Tokens that are read at once.
const STRIDE: usize = 96;

impl Walk<'_> {
    /// The whole text in one cache; with a window, only so much of it is seen.
    pub(super) fn masked(&mut self, window: Option<usize>) -> Result<(), TrialError> {
        let tokens = self.reading.tokens;
        let mask = window.map_or_else(|| self.engine.blueprint.mask.clone(), Mask::Window);
        let mut path = Vec::new();
        while path.len() + 1 < tokens.len() {
            let start = path.len();
            let part = &tokens[start..(start + STRIDE).min(tokens.len() - 1)];
            self.engine.append(&mut path, part, &mask, self.workspace, self.go_on)?;
            let first = |query: usize| window.map_or(0, |window| (query + 1).saturating_sub(window));
            self.foretell(&path[start..], start + 1, &|query| {
                (std::iter::once(first(query)..query + 1).collect(), Arc::from([]))
            })?;
        }
        Ok(())
    }

    /// Pieces of a whole budget, each so far behind the one before; a token is foretold in the first that can.
    pub(super) fn pieces(&mut self, stride: usize) -> Result<(), TrialError> {
        let tokens = self.reading.tokens;
        let (mut start, mut done) = (0, 0);
        while done + 1 < tokens.len() {
            let end = (start + self.reading.budget).min(tokens.len() - 1);
            let mask = &self.engine.blueprint.mask;
            let path = self.engine.extend(&[], &tokens[start..end], mask, self.workspace, self.go_on)?;
            let from = start;
            self.foretell(&path[done - start..], done + 1, &|query| {
                (std::iter::once(from..query + 1).collect(), Arc::from([]))
            })?;
            done = end;
            start += stride.max(1);
        }
        Ok(())
    }
}
