//! The tokens read and generated so far, as a tree: every road taken stays, and the current one is a path from the root.

mod tree;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

pub use tree::Segment;

use crate::job::Origin;
use crate::job::Score;
use crate::lm::Position;

/// A node of the tree. Numbers are never reused while anything can refer to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(u32);

/// What a token was chosen with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Used {
    /// The pipeline, written as a line.
    pub pipeline: String,
    /// The seed.
    pub seed: u64,
    /// The interventions that were on, as they are written.
    pub changes: Vec<String>,
}

/// One token in the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// The token.
    pub token: u32,
    /// How it came there.
    pub origin: Origin,
    /// What it cost; unknown for the first token, and until the model has read it.
    pub score: Option<Score>,
    /// What mirostat came to by it, where it takes part.
    pub mu: Option<f64>,
    /// What it was chosen with; nothing for a token of the text.
    pub used: Option<Arc<Used>>,
    /// What the model, with the interventions that are on, computed there; unknown until the model has read it.
    pub position: Option<Position>,
    /// What it computed there without, while some are on.
    plain: Option<Plain>,
    parent: Option<NodeId>,
    children: Vec<NodeId>,
}

/// What is known of a node without interventions.
#[derive(Clone, Debug)]
struct Plain {
    position: Position,
    score: Option<Score>,
}

/// A place on the tree that undo can return to.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    tip: Option<NodeId>,
    text: Arc<str>,
    marks: Arc<Marks>,
}

impl Node {
    /// The node before it.
    pub fn parent(&self) -> Option<NodeId> {
        self.parent
    }
}

/// What a person made of the tree.
#[derive(Clone, Debug, Default, PartialEq)]
struct Marks {
    /// Nodes that were cut off, with all that follows them.
    pruned: BTreeSet<NodeId>,
    /// Names of places.
    names: BTreeMap<NodeId, String>,
}

/// The tree and the current path through it.
#[derive(Clone, Debug, Default)]
pub struct Run {
    nodes: Vec<Node>,
    roots: Vec<NodeId>,
    path: Vec<NodeId>,
    past: Vec<Place>,
    future: Vec<Place>,
    /// The path was cut and nothing came after: the next step belongs to the same undo as the cut.
    forked: bool,
    text: Arc<str>,
    marks: Arc<Marks>,
}

impl Run {
    /// The text that the path begins with.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The current path, from the first token to the tip.
    pub fn path(&self) -> &[NodeId] {
        &self.path
    }

    /// Number of tokens on the current path.
    pub fn len(&self) -> usize {
        self.path.len()
    }

    /// Whether the path has no token.
    pub fn is_empty(&self) -> bool {
        self.path.is_empty()
    }

    /// The node at `index` of the path.
    pub fn at(&self, index: usize) -> Option<&Node> {
        self.path.get(index).map(|&id| self.node(id))
    }

    /// The nodes of the path, in order.
    pub fn tokens(&self) -> impl ExactSizeIterator<Item = &Node> + DoubleEndedIterator {
        self.path.iter().map(|&id| self.node(id))
    }

    /// How many tokens of the path are the text's (a start token included); the rest was generated.
    pub fn text_len(&self) -> usize {
        self.tokens().position(|node| node.origin.is_generated()).unwrap_or(self.path.len())
    }

    /// A node by its number.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// What the model computed along the path, up to the first token it has not read.
    pub fn context(&self) -> Vec<Position> {
        self.tokens().map_while(|node| node.position.clone()).collect()
    }

    /// How many tokens of the path the model has read.
    pub fn context_len(&self) -> usize {
        self.tokens().take_while(|node| node.position.is_some()).count()
    }

    /// Puts the path on `tokens`, the tokens of `text`. Nodes that are already there are kept with all they know; where
    /// something was generated, undo goes back to it.
    pub fn read(&mut self, text: Arc<str>, tokens: &[(u32, Origin)]) {
        if self.text_len() < self.path.len() {
            self.remember();
        }
        self.forked = false;
        self.text = text;
        self.path.clear();
        for &(token, origin) in tokens {
            let id = self.child(self.path.last().copied(), token, origin);
            self.nodes[id.0 as usize].origin = origin;
            self.path.push(id);
        }
        self.forget_unused();
    }

    /// The text is about to be changed by a step that undo can take back.
    pub fn mark(&mut self) {
        self.remember();
    }

    /// Lets go of all that the model computed: where it sees a text from both sides, none of it holds for another text.
    pub fn forget(&mut self) {
        for node in &mut self.nodes {
            (node.position, node.score, node.plain) = (None, None, None);
        }
    }

    /// The model is changed otherwise: what it computed holds no longer. What it computed without interventions is kept
    /// while some are on, and holds again when none is.
    pub fn change(&mut self, were_on: bool, are_on: bool) {
        for node in &mut self.nodes {
            let (position, score) = (node.position.take(), node.score.take());
            if !were_on {
                node.plain = position.map(|position| Plain { position, score });
            }
            if !are_on && let Some(Plain { position, score }) = node.plain.take() {
                (node.position, node.score) = (Some(position), score);
            }
        }
    }

    /// What the model computed along the path without interventions while some are on, up to the first token where that
    /// is not known.
    pub fn plain(&self) -> Vec<Position> {
        self.tokens().map_while(|node| Some(node.plain.as_ref()?.position.clone())).collect()
    }

    /// Records what the model computes at `index` of the path without interventions.
    pub fn set_plain(&mut self, index: usize, position: Position) {
        if let Some(&id) = self.path.get(index) {
            self.nodes[id.0 as usize].plain.get_or_insert(Plain { position, score: None });
        }
    }

    /// Appends a token to the path as one step that undo can take back.
    pub fn step(&mut self, token: u32, origin: Origin, score: Score, position: Position) {
        self.remember();
        let id = self.child(self.path.last().copied(), token, origin);
        self.restore(id);
        let node = &mut self.nodes[id.0 as usize];
        // A token that was there before is there as it was chosen now: its number belongs to what it is chosen with.
        node.origin = origin;
        node.score = Some(score);
        node.position = Some(position);
        self.path.push(id);
    }

    /// Follows an existing child of the tip, if the token was taken there before; returns whether there was one.
    pub fn follow(&mut self, token: u32) -> bool {
        let siblings = self.path.last().map_or(&self.roots, |&tip| &self.node(tip).children);
        let known = siblings.iter().copied().find(|&id| {
            let node = self.node(id);
            node.token == token && node.position.is_some() && node.origin.is_generated()
        });
        if let Some(id) = known {
            self.remember();
            self.restore(id);
            self.path.push(id);
        }
        known.is_some()
    }

    /// Cuts the path after `keep` tokens, so that another road can be taken from there. The text shrinks with it when the
    /// cut falls inside the text.
    pub fn cut(&mut self, keep: usize) {
        if keep >= self.path.len() {
            return;
        }
        self.remember();
        if keep < self.text_len() {
            let end = self.path[..keep].iter().rev().find_map(|&id| match self.node(id).origin {
                Origin::Text { end, .. } => Some(end),
                _ => None,
            });
            self.text = Arc::from(self.text.get(..end.unwrap_or(0)).unwrap_or_default());
        }
        self.path.truncate(keep);
        self.forked = true;
    }

    /// How many steps can be taken back.
    pub fn depth(&self) -> usize {
        self.past.len()
    }

    /// Takes back the last step; returns whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(place) = self.past.pop() else { return false };
        self.future.push(self.place());
        self.go(place);
        true
    }

    /// Takes the step that was last undone; returns whether there was one.
    pub fn redo(&mut self) -> bool {
        let Some(place) = self.future.pop() else { return false };
        self.past.push(self.place());
        self.go(place);
        true
    }

    /// Ends of every road generated from the current text, in the order they were made.
    pub fn branches(&self) -> Vec<NodeId> {
        let ids = (0..self.nodes.len() as u32).map(NodeId);
        let text = &self.path[..self.text_len()];
        let ends = |&id: &NodeId| self.node(id).origin.is_generated() && self.children(id).next().is_none();
        let stands = |line: &[NodeId]| !line.iter().any(|id| self.marks.pruned.contains(id));
        let lines = ids.filter(ends).map(|id| (id, self.line(id)));
        lines.filter(|(_, line)| self.continues(line, text) && stands(line)).map(|(id, _)| id).collect()
    }

    /// Where the current path stands among [`Self::branches`]: the branch it ends in or lies on.
    pub fn branch(&self) -> Option<usize> {
        let tip = *self.path.last()?;
        self.branches().iter().position(|&leaf| self.line(leaf).contains(&tip))
    }

    /// Records what the model computed at `index` of the path.
    pub fn set_position(&mut self, index: usize, position: Position) {
        if let Some(&id) = self.path.get(index) {
            self.nodes[id.0 as usize].position = Some(position);
        }
    }

    /// Records what the model computed at a node, and what its token cost; what is not given stays.
    pub fn know(&mut self, id: NodeId, position: Option<Position>, score: Option<Score>) {
        let node = &mut self.nodes[id.0 as usize];
        node.position = position.or(node.position.take());
        node.score = score.or(node.score);
    }

    /// Records what a node was chosen with, and what mirostat came to by it.
    pub fn set_used(&mut self, id: NodeId, used: Option<Arc<Used>>, mu: Option<f64>) {
        let node = &mut self.nodes[id.0 as usize];
        (node.used, node.mu) = (used, mu);
    }

    /// Records what the token at `index` of the path cost.
    pub fn set_score(&mut self, index: usize, score: Score) {
        if let Some(&id) = self.path.get(index) {
            self.nodes[id.0 as usize].score = Some(score);
        }
    }

    /// The path from the root to `leaf`.
    pub(super) fn line(&self, leaf: NodeId) -> Vec<NodeId> {
        let mut line: Vec<_> = std::iter::successors(Some(leaf), |&id| self.node(id).parent).collect();
        line.reverse();
        line
    }

    /// Whether a path is a text and then what was generated from it.
    fn continues(&self, line: &[NodeId], text: &[NodeId]) -> bool {
        line.starts_with(text) && line.get(text.len()).is_none_or(|&id| self.node(id).origin.is_generated())
    }

    fn child(&mut self, parent: Option<NodeId>, token: u32, origin: Origin) -> NodeId {
        let siblings = parent.map_or(&self.roots, |id| &self.node(id).children);
        let same =
            |&id: &NodeId| self.node(id).token == token && self.node(id).origin.is_generated() == origin.is_generated();
        if let Some(id) = siblings.iter().copied().find(same) {
            return id;
        }
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node {
            token,
            origin,
            score: None,
            mu: None,
            used: None,
            position: None,
            plain: None,
            parent,
            children: Vec::new(),
        });
        match parent {
            Some(parent) => self.nodes[parent.0 as usize].children.push(id),
            None => self.roots.push(id),
        }
        id
    }

    fn place(&self) -> Place {
        Place { tip: self.path.last().copied(), text: Arc::clone(&self.text), marks: Arc::clone(&self.marks) }
    }

    fn remember(&mut self) {
        if !std::mem::take(&mut self.forked) {
            self.past.push(self.place());
        }
        self.future.clear();
    }

    fn go(&mut self, place: Place) {
        self.forked = false;
        self.path = place.tip.map(|tip| self.line(tip)).unwrap_or_default();
        self.text = place.text;
        self.marks = place.marks;
    }

    /// Drops what earlier texts left behind: nodes off the path from which nothing was generated.
    fn forget_unused(&mut self) {
        let mut used = vec![false; self.nodes.len()];
        for &id in &self.path {
            used[id.0 as usize] = true;
        }
        for index in (0..self.nodes.len()).rev() {
            let node = &self.nodes[index];
            used[index] |= node.origin.is_generated() || node.children.iter().any(|child| used[child.0 as usize]);
        }
        for (node, &kept) in self.nodes.iter_mut().zip(&used) {
            node.children.retain(|child| used[child.0 as usize]);
            if !kept {
                (node.position, node.plain) = (None, None);
            }
        }
        self.roots.retain(|root| used[root.0 as usize]);
    }
}
