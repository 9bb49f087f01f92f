//! Piece by piece, each behind what is left of all before it: a text retold to itself.

use std::ops::Range;
use std::sync::Arc;

use super::Walk;
use crate::lab::masks::TrialError;
use crate::lm::Distribution;

impl Walk<'_> {
    /// Behind the most surprising tokens of all before: what the model could foretell is not worth keeping. Half the budget
    /// is for them; the longer the text, the fewer stay of each piece.
    pub(super) fn surprising(&mut self) -> Result<(), TrialError> {
        let (tokens, budget) = (self.reading.tokens, self.reading.budget);
        let mut worth = vec![f64::INFINITY];
        let mut kept: Vec<usize> = Vec::new();
        while worth.len() < tokens.len() {
            // The last token that was foretold is the first of the next piece.
            let start = worth.len() - 1;
            let end = (start + budget - kept.len()).min(tokens.len() - 1);
            let before: Vec<u32> = kept.iter().map(|&at| tokens[at]).collect();
            let given: Vec<Range<usize>> = kept.iter().map(|&at| at..at + 1).collect();
            let whole = [&before, &tokens[start..end]].concat();
            let mask = &self.engine.blueprint.mask;
            let path = self.engine.extend(&[], &whole, mask, self.workspace, self.go_on)?;
            let cache = |query: usize| {
                (given.iter().cloned().chain(std::iter::once(start..query + 1)).collect(), Arc::from([]))
            };
            worth.extend(self.foretell(&path[before.len()..], start + 1, &cache)?);
            kept.extend(start..worth.len() - 1);
            kept.sort_by(|&a, &b| worth[b].total_cmp(&worth[a]));
            kept.truncate(budget / 2);
            kept.sort_unstable();
        }
        Ok(())
    }

    /// Behind a summary that the model wrote itself: greedily, after the piece and the cue, in a quarter of the budget. The
    /// next summary is of this one and the next piece.
    pub(super) fn summary(&mut self) -> Result<(), TrialError> {
        let (tokens, budget) = (self.reading.tokens, self.reading.budget);
        if self.reading.cue.is_empty() {
            return Ok(());
        }
        let (mut written, mut done): (Vec<u32>, usize) = (Vec::new(), 0);
        while done + 1 < tokens.len() {
            let end = (done + budget - written.len()).min(tokens.len() - 1);
            let whole = [&written, &tokens[done..end]].concat();
            let mask = &self.engine.blueprint.mask;
            let mut path = self.engine.extend(&[], &whole, mask, self.workspace, self.go_on)?;
            let (start, before): (usize, Arc<[u32]>) = (done, Arc::from(&*written));
            let cache = |query: usize| (std::iter::once(start..query + 1).collect(), Arc::clone(&before));
            self.foretell(&path[written.len()..], done + 1, &cache)?;
            done = end;
            if done + 1 == tokens.len() {
                break;
            }
            written.clear();
            let room = self.engine.config.context.saturating_sub(path.len() + self.reading.cue.len());
            self.engine.append(&mut path, self.reading.cue, mask, self.workspace, self.go_on)?;
            for _ in 0..room.min(budget / 4) {
                let logits = self.engine.logits(&path[path.len() - 1..], self.workspace)?;
                let next = Distribution::new(logits)?.most_probable();
                if self.reading.ends.contains(&next) {
                    break;
                }
                written.push(next);
                self.engine.append(&mut path, &[next], mask, self.workspace, self.go_on)?;
            }
        }
        Ok(())
    }
}
