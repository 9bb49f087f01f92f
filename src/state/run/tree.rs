//! The run as a tree of segments: stretches in which nothing branches.

use std::sync::Arc;

use super::NodeId;
use super::Run;
use crate::job::Origin;
use crate::job::Score;
use crate::lm::Position;

/// A stretch of generated tokens in which nothing branches.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its nodes, in order; at least one.
    pub nodes: Vec<NodeId>,
    /// For each level above it and for itself, whether more branches follow there.
    pub more: Vec<bool>,
    /// Whether the current path goes through it, to its end or to a place within.
    pub on_path: bool,
    /// Whether branches follow it.
    pub branches: bool,
    /// Surprisal of the generated tokens up to its end, in bits, where all of them are known.
    pub bits: Option<f64>,
}

impl Segment {
    /// Its last node.
    pub fn last(&self) -> NodeId {
        self.nodes[self.nodes.len() - 1]
    }

    /// Its first node.
    pub fn first(&self) -> NodeId {
        self.nodes[0]
    }
}

impl Run {
    /// The nodes after a node that were not cut off.
    pub(super) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.node(id).children.iter().copied().filter(|child| !self.marks.pruned.contains(child))
    }

    /// All that was generated from the current text, each segment before what follows it. What follows a `folded` one is
    /// left out.
    pub fn segments(&self, folded: impl Fn(NodeId) -> bool) -> Vec<Segment> {
        let mut found = Vec::new();
        let Some(&end) = self.text_len().checked_sub(1).and_then(|index| self.path.get(index)) else { return found };
        // What is still to be followed: the first node, the levels above, the bits so far.
        let mut open: Vec<(NodeId, Vec<bool>, Option<f64>)> = Vec::new();
        self.push_children(end, &[], Some(0.0), &mut open);
        while let Some((first, more, mut bits)) = open.pop() {
            let mut nodes = vec![first];
            loop {
                let last = nodes[nodes.len() - 1];
                let cost = self.node(last).score.map(|score| score.surprisal);
                bits = bits.zip(cost).map(|(sum, cost)| sum + cost);
                let mut after = self.children(last);
                match (after.next(), after.next()) {
                    (Some(only), None) => nodes.push(only),
                    (next, _) => {
                        let segment = Segment {
                            on_path: self.path.contains(&first),
                            branches: next.is_some(),
                            more: more.clone(),
                            bits,
                            nodes,
                        };
                        if segment.branches && !folded(first) {
                            self.push_children(last, &more, bits, &mut open);
                        }
                        found.push(segment);
                        break;
                    }
                }
            }
        }
        found
    }

    fn push_children(
        &self,
        of: NodeId,
        above: &[bool],
        bits: Option<f64>,
        open: &mut Vec<(NodeId, Vec<bool>, Option<f64>)>,
    ) {
        let children: Vec<NodeId> = self.children(of).filter(|&child| self.node(child).origin.is_generated()).collect();
        for (index, &child) in children.iter().enumerate().rev() {
            let more = above.iter().copied().chain([index + 1 < children.len()]).collect();
            open.push((child, more, bits));
        }
    }

    /// Goes to a generated node; returns whether it continues the current text.
    pub fn visit(&mut self, node: NodeId) -> bool {
        let line = self.line(node);
        if !self.continues(&line, &self.path[..self.text_len()]) {
            return false;
        }
        self.remember();
        self.path = line;
        true
    }

    /// Cuts off a generated node with all that follows it; the path ends before it. Undo brings it back.
    pub fn prune(&mut self, node: NodeId) {
        self.remember();
        Arc::make_mut(&mut self.marks).pruned.insert(node);
        if let Some(at) = self.path.iter().position(|&on_path| on_path == node) {
            self.path.truncate(at);
        }
    }

    /// A node that was cut off stands again.
    pub(super) fn restore(&mut self, node: NodeId) {
        if self.marks.pruned.contains(&node) {
            Arc::make_mut(&mut self.marks).pruned.remove(&node);
        }
    }

    /// Gives a node a name, or none.
    pub fn name(&mut self, node: NodeId, name: &str) {
        self.remember();
        let names = &mut Arc::make_mut(&mut self.marks).names;
        if name.trim().is_empty() {
            names.remove(&node);
        } else {
            names.insert(node, name.trim().to_owned());
        }
    }

    /// A node's name.
    pub fn name_of(&self, node: NodeId) -> Option<&str> {
        self.marks.names.get(&node).map(String::as_str)
    }

    /// The generated nodes of the way to a node, from the text's end on.
    pub fn way_to(&self, node: NodeId) -> Vec<NodeId> {
        let line = self.line(node);
        let from = line.iter().position(|&id| self.node(id).origin.is_generated()).unwrap_or(line.len());
        line[from..].to_vec()
    }

    /// Whether it is known what every generated token on the way to a node cost.
    pub fn is_known(&self, node: NodeId) -> bool {
        self.way_to(node).iter().all(|&id| self.node(id).score.is_some())
    }

    /// Puts a line of tokens behind a node, each with what it cost and what the model computed; what is there already is
    /// kept. Returns their nodes.
    pub fn grow(
        &mut self,
        from: NodeId,
        tokens: impl IntoIterator<Item = (u32, Origin, Score, Option<Position>)>,
    ) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        let mut parent = from;
        for (token, origin, score, position) in tokens {
            parent = self.child(Some(parent), token, origin);
            self.restore(parent);
            let node = &mut self.nodes[parent.0 as usize];
            node.score = node.score.or(Some(score));
            node.position = node.position.take().or(position);
            nodes.push(parent);
        }
        nodes
    }

    /// What the model computed on the way to a node, up to the first token it has not read.
    pub fn context_to(&self, node: NodeId) -> Vec<Position> {
        self.line(node).into_iter().map_while(|id| self.node(id).position.clone()).collect()
    }

    /// Puts tokens behind the text that were generated elsewhere; what is there already is kept. Returns their nodes.
    /// `tokens` are each a token, how it was chosen, and the index of the one before it (none: the text's end).
    pub fn graft(&mut self, tokens: &[(u32, Origin, Option<usize>)]) -> Vec<NodeId> {
        let end = self.text_len().checked_sub(1).and_then(|index| self.path.get(index)).copied();
        let mut nodes: Vec<NodeId> = Vec::with_capacity(tokens.len());
        for &(token, origin, before) in tokens {
            let parent = before.and_then(|index| nodes.get(index).copied()).or(end);
            nodes.push(self.child(parent, token, origin));
        }
        nodes
    }
}
