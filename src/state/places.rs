//! What a person does to the tree: go to a place, cut a branch off, give one a name.

use super::Ctx;
use super::Notice;
use super::run::NodeId;
use crate::ui::Message;

impl Ctx<'_> {
    /// Goes to a place of the tree.
    pub fn go_to(&mut self, node: NodeId) {
        self.stop();
        if self.state.run.path().last() != Some(&node) && self.state.run.visit(node) {
            self.arrive();
        }
    }

    /// Cuts a branch off the tree.
    pub fn prune(&mut self, node: NodeId) {
        self.stop();
        self.state.run.prune(node);
        self.say(Notice::info(Message::Pruned, &[]));
        self.arrive();
    }

    /// Gives a place of the tree a name.
    pub fn name(&mut self, node: NodeId, name: &str) {
        self.state.run.name(node, name);
    }
}
