//! The paths beside the current one: what the model makes of them under the interventions that are on is computed behind
//! the tree while it is in view, one path after another.

use std::collections::BTreeSet;

use super::Ctx;
use super::PaneId;
use super::run::NodeId;
use crate::job::Body;
use crate::job::Job;
use crate::job::Lane;
use crate::job::Read;

/// The paths that are read.
#[derive(Debug, Default)]
pub struct Branches {
    /// The one under way, from the first token to its end.
    line: Vec<NodeId>,
    /// Ends of paths that could not be read: they go past what the context holds.
    closed: BTreeSet<NodeId>,
}

impl Branches {
    /// Whether the path that ends there could not be read to its end.
    pub fn is_closed(&self, end: NodeId) -> bool {
        self.closed.contains(&end)
    }
}

impl Ctx<'_> {
    /// Has the next path read that is not, while the tree is in view and nothing else is at work on the run.
    pub fn refresh_branches(&mut self, focus: PaneId) {
        let state = &*self.state;
        let run = &state.run;
        let works = state.playing || state.is_busy(Lane::Run) || state.is_busy(Lane::Lab);
        let behind = run.is_empty() || run.context_len() < run.len() || !state.predicts_next();
        if focus != PaneId::Tree || works || behind {
            return self.cancel(Lane::Branches);
        }
        if state.is_busy(Lane::Branches) {
            return;
        }
        let (Some(model), Some(changes)) = (state.model.clone(), self.ready_changes()) else { return };
        let unread = |end: &NodeId| !state.branches.is_closed(*end) && !run.is_known(*end);
        let Some(end) = run.branches().into_iter().find(unread) else { return };
        let line = run.line(end);
        let source = state.source_len();
        // What is generated may stand one past the context: it has a cost, and nothing is computed there.
        let room = model.engine.config.context + source;
        let tokens: Vec<u32> = line.iter().take(room).map(|&id| run.node(id).token).collect();
        let first = line.iter().position(|&id| run.node(id).score.is_none() && run.node(id).origin.is_generated());
        let context = run.context_to(end);
        let job = Read {
            model,
            context,
            unscored: first.unwrap_or(tokens.len())..tokens.len(),
            tokens,
            source,
            changes: crate::job::Changes::Ready(changes),
            plain: Vec::new(),
            streams: None,
            threads: state.threads,
        };
        self.state.branches.line = line;
        self.submit(Lane::Branches, Job::Read(job));
    }

    /// Part of what the model computed along the path under way.
    pub(super) fn branch_read(&mut self, body: Body) {
        let state = &mut *self.state;
        let line = &state.branches.line;
        match body {
            Body::Read { first, positions } => {
                for (&node, position) in line.iter().skip(first).zip(positions) {
                    state.run.know(node, Some(position), None);
                }
            }
            Body::Scores { first, scores } => {
                for (&node, score) in line.iter().skip(first).zip(scores) {
                    state.run.know(node, None, Some(score));
                }
            }
            _ => {}
        }
    }

    /// The path is read as far as it can be.
    pub(super) fn branch_rests(&mut self) {
        let state = &mut *self.state;
        if let Some(&end) = state.branches.line.last()
            && !state.run.is_known(end)
        {
            state.branches.closed.insert(end);
        }
    }

    /// The paths belong to another run, or the model is changed otherwise.
    pub(super) fn forget_branches(&mut self) {
        self.cancel(Lane::Branches);
        self.state.branches = Branches::default();
    }
}
