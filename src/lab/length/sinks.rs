//! The first few tokens and the last ones: what is left of a text when the middle is dropped as it grows.

use std::sync::Arc;

use super::Walk;
use crate::lab::masks::TrialError;
use crate::lm::Mask;

/// How many of the first tokens are always kept (Xiao et al. 2023, table 2).
pub const SINKS: usize = 4;

impl Walk<'_> {
    /// Places are counted in the cache, not in the text (section 3.2): the last tokens stand to each other as they did, and
    /// the first ones follow behind them. Where places are not told by turning keys, the first stay where they were.
    pub(super) fn sinks(&mut self) -> Result<(), TrialError> {
        let (tokens, budget) = (self.reading.tokens, self.reading.budget);
        let last = tokens.len().saturating_sub(1);
        let own = &self.engine.blueprint.mask;
        let mut path = self.engine.extend(&[], &tokens[..budget.min(last)], own, self.workspace, self.go_on)?;
        self.foretell(&path, 1, &|query| (std::iter::once(0..query + 1).collect(), Arc::from([])))?;
        for at in path.len()..last {
            let recent = at + 1 - (budget - SINKS);
            let dropped = recent - SINKS;
            let mut kept = vec![true; at];
            kept[SINKS..recent].fill(false);
            let mut cache = path.clone();
            for sink in &mut cache[..SINKS] {
                if let Some(moved) = self.engine.moved(sink, dropped as isize, tokens.len()) {
                    *sink = moved;
                }
            }
            let (token, mask) = (&tokens[at..=at], Mask::Kept(kept, Box::new(own.clone())));
            self.engine.append(&mut cache, token, &mask, self.workspace, self.go_on)?;
            self.foretell(&cache[at..], at + 1, &|query| (vec![0..SINKS, recent..query + 1], Arc::from([])))?;
            path.extend(cache.pop());
        }
        Ok(())
    }
}
