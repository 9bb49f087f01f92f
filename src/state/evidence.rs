//! Distributions and attention at hand, each under the node it belongs to.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::run::NodeId;
use crate::job::Overview;
use crate::lm::Distribution;
use crate::lm::Shaped;

/// How many distributions are kept; each holds the whole vocabulary.
const KEPT: usize = 12;

/// A distribution, and what the sampler makes of it.
#[derive(Debug)]
pub struct Shown {
    /// The model's distribution.
    pub distribution: Arc<Distribution>,
    shaped: OnceCell<Shaped>,
}

impl Shown {
    /// What the sampler makes of the distribution; computed once until [`Evidence::reshape`].
    pub(super) fn shaped(&self, shape: impl FnOnce(&Distribution) -> Shaped) -> &Shaped {
        self.shaped.get_or_init(|| shape(&self.distribution))
    }
}

/// Distributions and attention at hand.
#[derive(Debug, Default)]
pub struct Evidence {
    distributions: Vec<(NodeId, Shown)>,
    rows: BTreeMap<NodeId, Arc<[f32]>>,
    /// Every head at a glance, and the last token of the path that it saw.
    overview: Option<(NodeId, Overview)>,
}

impl Evidence {
    /// The distribution after a node.
    pub fn distribution(&self, node: NodeId) -> Option<&Shown> {
        self.distributions.iter().find(|(at, _)| *at == node).map(|(_, shown)| shown)
    }

    /// Keeps the distribution after a node, and lets go of the oldest.
    pub fn keep(&mut self, node: NodeId, distribution: Arc<Distribution>) {
        self.distributions.retain(|(at, _)| *at != node);
        if self.distributions.len() >= KEPT {
            self.distributions.remove(0);
        }
        self.distributions.push((node, Shown { distribution, shaped: OnceCell::new() }));
    }

    /// The sampler changed: what it makes of every distribution is computed anew.
    pub fn reshape(&mut self) {
        for (_, shown) in &mut self.distributions {
            shown.shaped.take();
        }
    }

    /// The attention weights of a node under the head in view.
    pub fn row(&self, node: NodeId) -> Option<&Arc<[f32]>> {
        self.rows.get(&node)
    }

    /// Keeps a node's attention weights under the head in view.
    pub fn keep_row(&mut self, node: NodeId, row: Arc<[f32]>) {
        self.rows.insert(node, row);
    }

    /// Lets go of the weights of every node that is not on `path`.
    pub fn keep_rows_of(&mut self, path: &[NodeId]) {
        let path: BTreeSet<_> = path.iter().collect();
        self.rows.retain(|node, _| path.contains(node));
    }

    /// Every head at a glance, if what it saw is the beginning of `path`.
    pub fn overview(&self, path: &[NodeId]) -> Option<&Overview> {
        let (last, overview) = self.overview.as_ref()?;
        (overview.length.checked_sub(1).and_then(|index| path.get(index)) == Some(last)).then_some(overview)
    }

    /// Keeps every head at a glance; `last` is the last token that it saw.
    pub fn keep_overview(&mut self, last: NodeId, overview: Overview) {
        self.overview = Some((last, overview));
    }

    /// Another head is in view: its rows are not at hand.
    pub fn forget_rows(&mut self) {
        self.rows.clear();
    }
}
