//! The architecture in view: which objective, and what became of the sentence.

use std::sync::Arc;

use super::Ctx;
use super::State;
use crate::job::Ask;
use crate::job::Job;
use crate::job::Lane;
use crate::lab::architectures::OBJECTIVES;
use crate::lab::architectures::Scene;
use crate::lab::masks::objective::Piece;
use crate::lm::blueprint::Objective;
use crate::model::Found;
use crate::model::Model;

/// The most tokens that are made an example of.
const MOST: usize = 48;

/// The architecture in view.
#[derive(Debug, Default)]
pub struct Architectures {
    /// The selected objective; the open model's own until another was chosen.
    chosen: Option<Objective>,
    /// How often the hidden tokens were drawn anew.
    draws: u64,
    /// The example, once it is there.
    pub scene: Option<Arc<Scene>>,
    /// Models that can be opened without fetching.
    pub found: Arc<[Found]>,
    asked: Option<(Arc<Model>, Vec<u32>, Objective, u64)>,
}

impl State {
    /// The objective that is shown.
    pub fn objective(&self) -> Objective {
        let own = || self.model.as_ref().map_or(Objective::NextToken, |model| model.engine.blueprint.objective);
        self.architectures.chosen.unwrap_or_else(own)
    }

    /// The tokens of the sentence with their places in the path: those that stand for text, from the first on.
    fn example_tokens(&self) -> (Vec<u32>, Vec<usize>) {
        let tokenizer = self.model.as_ref().and_then(|model| model.tokenizer.as_ref());
        let is_text = |id: u32| tokenizer.is_none_or(|tokenizer| !tokenizer.is_special(id));
        let nodes = self.run.tokens().enumerate().map(|(at, node)| (node.token, at));
        nodes.filter(|&(id, _)| is_text(id)).take(MOST).unzip()
    }

    /// The selected token as a piece of the example.
    pub fn selected_piece(&self) -> Option<Piece> {
        let (_, places) = self.example_tokens();
        places.iter().position(|&place| place == self.selected).map(Piece::Token)
    }
}

impl Ctx<'_> {
    /// Has the example made where the page is `looked_at`.
    pub fn refresh_architectures(&mut self, looked_at: bool) {
        let Some(model) = self.state.model.clone().filter(|_| looked_at) else { return };
        let (tokens, _) = self.state.example_tokens();
        let (objective, seed) = (self.state.objective(), self.state.settings.seed + self.state.architectures.draws);
        let wanted = (model, tokens, objective, seed);
        let same = |asked: &(Arc<Model>, Vec<u32>, Objective, u64)| {
            Arc::ptr_eq(&asked.0, &wanted.0) && (&asked.1, asked.2, asked.3) == (&wanted.1, wanted.2, wanted.3)
        };
        if self.state.architectures.asked.as_ref().is_some_and(same) {
            return;
        }
        let (model, tokens) = (Arc::clone(&wanted.0), wanted.1.clone());
        let threads = self.state.threads;
        self.submit(Lane::Architectures, Job::Rehearse(Ask { model, tokens, objective, seed, threads }));
        self.state.architectures.asked = Some(wanted);
    }

    /// Shows the objective at this place of the list.
    pub fn choose_objective(&mut self, at: usize) {
        self.state.architectures.chosen = OBJECTIVES.get(at).copied();
    }

    /// Draws the hidden tokens anew.
    pub fn draw_anew(&mut self) {
        self.state.architectures.draws += 1;
    }
}
