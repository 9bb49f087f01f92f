//! Heavy hitters: the tokens that have drawn the most attention stay, beside the last ones.

use std::ops::Range;
use std::sync::Arc;

use super::Walk;
use crate::lab::masks::TrialError;
use crate::lm::AttentionKind;
use crate::lm::Mask;
use crate::lm::Position;

impl Walk<'_> {
    /// Half the budget is the last tokens, the other half those with the greatest sum of attention so far (Zhang et al.
    /// 2023, algorithm 1). The paper drops keys and values head by head; here a token is dropped whole, by the sum over all
    /// layers and heads. Kept tokens keep their places.
    pub(super) fn heavy(&mut self) -> Result<(), TrialError> {
        let (tokens, budget) = (self.reading.tokens, self.reading.budget);
        let last = tokens.len().saturating_sub(1);
        let own = &self.engine.blueprint.mask;
        let mut path = self.engine.extend(&[], &tokens[..budget.min(last)], own, self.workspace, self.go_on)?;
        self.foretell(&path, 1, &|query| (std::iter::once(0..query + 1).collect(), Arc::from([])))?;
        let mut drawn = vec![0.0_f64; tokens.len()];
        for query in 0..path.len() {
            self.draw(&path[..=query], own, query, &mut drawn);
        }
        let mut kept = vec![true; path.len()];
        for at in path.len()..last {
            // One more comes, so one has to go: the lightest that is not among the last.
            let recent = at + 1 - budget / 2;
            let old = (0..recent).filter(|&index| kept[index]);
            if let Some(lightest) = old.min_by(|&a, &b| drawn[a].total_cmp(&drawn[b])) {
                kept[lightest] = false;
            }
            let (token, mask) = (&tokens[at..=at], Mask::Kept(kept.clone(), Box::new(own.clone())));
            self.engine.append(&mut path, token, &mask, self.workspace, self.go_on)?;
            kept.push(true);
            let cache = runs(&kept);
            self.foretell(&path[at..], at + 1, &|_| (cache.clone(), Arc::from([])))?;
            self.draw(&path, &mask, at, &mut drawn);
        }
        Ok(())
    }

    /// Adds what the position `query` drew from each, in every head of every layer.
    fn draw(&self, path: &[Position], mask: &Mask, query: usize, drawn: &mut [f64]) {
        for layer in 0..self.engine.config.layers {
            for head in 0..self.engine.config.heads {
                let row = self.engine.attention(path, mask, AttentionKind::Own, layer, head, query);
                drawn.iter_mut().zip(row).for_each(|(drawn, weight)| *drawn += f64::from(weight));
            }
        }
    }
}

/// Where `kept` is true, as ranges.
fn runs(kept: &[bool]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in (0..kept.len()).filter(|&at| kept[at]) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}
