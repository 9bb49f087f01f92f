//! What is explained of the run: what interventions change in it, a cell of attention step by step, its layers.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::Ctx;
use super::HeadChoice;
use super::Notice;
use super::PaneId;
use super::Shows;
use super::State;
use super::run::NodeId;
use crate::job::Calculated;
use crate::job::Cell;
use crate::job::Explain;
use crate::job::Explanation;
use crate::job::Job;
use crate::job::Lane;
use crate::job::ROLLOUT;
use crate::lm::Intervention;
use crate::lm::explain::Attribution;
use crate::lm::explain::Given;
use crate::lm::explain::Lens;
use crate::lm::explain::Streams;
use crate::ui::Message;

/// Positions of the lens around the selected one that are computed.
const AROUND: usize = 24;

/// What an explanation is of: another one holds no longer when any of it changes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Of {
    /// The last token that the model has read.
    tip: Option<NodeId>,
    length: usize,
    /// The interventions that are on.
    changes: Vec<Intervention>,
}

/// What was asked for last.
#[derive(Clone, Debug, Default, PartialEq)]
struct Asked {
    of: Of,
    effect: Option<usize>,
    cell: Option<Cell>,
    layers: Option<(Range<usize>, Option<usize>)>,
}

/// What is explained of the run.
#[derive(Debug, Default)]
pub struct Explained {
    /// What all below is of.
    of: Of,
    asked: Asked,
    /// The residual streams without interventions, and the path they are of.
    streams: Option<(Option<NodeId>, usize, Arc<Streams>)>,
    /// What they change in the distribution at the position that was asked for.
    pub effect: Option<crate::job::Effect>,
    /// The cell that was asked for; inside it none where the query has no such attention.
    pub cell: Option<Option<Box<Calculated>>>,
    lenses: BTreeMap<usize, Lens>,
    /// What each part added to the logit at the selected position.
    pub attribution: Option<Attribution>,
    /// Queries, keys and values of the person's own.
    pub own: Option<Given>,
    /// Whether what was asked for could not be explained.
    pub failed: bool,
}

impl Explained {
    /// Nothing of another model, but what a person wrote.
    pub(super) fn renew(&mut self) {
        *self = Self { own: self.own.take(), ..Self::default() };
    }

    /// Nothing of the run as it was changed before.
    pub(super) fn forget(&mut self) {
        *self = Self { own: self.own.take(), streams: self.streams.take(), ..Self::default() };
    }

    /// What each layer would say at `index` of the path, if it is computed.
    pub fn lens(&self, index: usize) -> Option<&Lens> {
        self.lenses.get(&index)
    }
}

impl State {
    /// What the interventions that are on change in the distribution in view, if it is known.
    pub fn effect(&self) -> Option<&crate::job::Effect> {
        self.explained.effect.as_ref().filter(|effect| effect.index == self.selected)
    }

    /// The positions of the lens that are computed: around the selected one.
    pub fn lens_range(&self) -> Range<usize> {
        let read = self.run.context_len();
        let from = self.selected.saturating_sub(AROUND).max(self.source_len()).min(read);
        from..(self.selected + AROUND + 1).min(read).max(from)
    }
}

impl Ctx<'_> {
    /// Brings up to date what is explained: what interventions change, and what the page in view shows.
    pub fn refresh_explained(&mut self, focus: PaneId) {
        let state = &*self.state;
        let Some(model) = state.model.clone() else { return };
        let length = state.run.context_len();
        // What tokens cost may still be on its way: that changes nothing here.
        if state.playing || length == 0 || length < state.run.len() {
            return;
        }
        let Some(changes) = self.ready_changes() else { return };
        let tip = state.run.path().last().copied();
        let of = Of { tip, length, changes: changes.list().to_vec() };
        let here = state.selected;
        let (head, source) = (model.engine.has_head(), state.source_len());
        let effect = (!of.changes.is_empty() && head && here >= source).then_some(here);
        let cell = (focus == PaneId::Calculation && state.explained.own.is_none())
            .then(|| state.key_in_view())
            .flatten()
            .map(|key| Cell { layer: state.layer, head: state.head, query: here, key });
        let layers = (focus == PaneId::Layers && head).then(|| (state.lens_range(), (here >= source).then_some(here)));
        let wanted = Asked { of, effect, cell, layers };
        if wanted == state.explained.asked {
            return;
        }
        if wanted.of != state.explained.of {
            let explained = &mut self.state.explained;
            explained.lenses.clear();
            (explained.effect, explained.cell, explained.attribution) = (None, None, None);
            explained.of = wanted.of.clone();
            explained.failed = false;
        }
        let explained = &self.state.explained;
        let missing = |(range, attributed): (Range<usize>, Option<usize>)| {
            let missing = range.filter(|index| !explained.lenses.contains_key(index)).collect();
            let known = explained.attribution.as_ref().map(|found| found.position);
            (missing, attributed.filter(|index| Some(*index) != known))
        };
        let known_effect = explained.effect.as_ref().map(|effect| effect.index);
        let job = Explain {
            model,
            context: self.state.run.context(),
            tokens: self.state.run.tokens().map(|node| node.token).collect(),
            changes,
            plain: self.state.run.plain(),
            effect: wanted.effect.filter(|index| Some(*index) != known_effect),
            cell: wanted.cell,
            layers: wanted.layers.clone().map(missing),
            threads: self.state.threads,
        };
        self.state.explained.asked = wanted;
        self.submit(Lane::Explain, Job::Explain(Box::new(job)));
    }

    /// Looks at a head that the person chose.
    pub fn look_at(&mut self, layer: usize, head: usize) {
        self.state.head_choice = HeadChoice::Chosen;
        self.show_head(layer, head);
    }

    /// Looks at another head.
    pub(super) fn show_head(&mut self, layer: usize, head: usize) {
        if (layer, head) != (self.state.layer, self.state.head) {
            (self.state.layer, self.state.head) = (layer, head);
            self.state.evidence.forget_rows();
            self.cancel(Lane::Evidence);
            self.resume();
        }
    }

    /// Shows the next thing of attention: the head in view, an average, rollout.
    pub fn next_subject(&mut self) {
        self.state.subject = self.state.subject.next();
        self.state.evidence.forget_rows();
        self.cancel(Lane::Evidence);
        if self.state.subject == Shows::Rollout && self.state.run.len() > ROLLOUT {
            self.say(Notice::hint(Message::RolloutTooLong, &[&ROLLOUT]));
        }
        self.resume();
    }

    /// The residual streams of the path without interventions, if they are at hand.
    pub(super) fn streams(&self) -> Option<Arc<Streams>> {
        let run = &self.state.run;
        let of =
            |(tip, length, _): &&(Option<NodeId>, usize, _)| (*tip, *length) == (run.path().last().copied(), run.len());
        self.state.explained.streams.as_ref().filter(of).map(|(.., streams)| Arc::clone(streams))
    }

    pub(super) fn explained(&mut self, explanation: Explanation) {
        let explained = &mut self.state.explained;
        match explanation {
            Explanation::Streams(streams) => {
                let run = &self.state.run;
                explained.streams = Some((run.path().last().copied(), run.len(), streams));
            }
            Explanation::Plain { first, positions } => {
                for (offset, position) in positions.into_iter().enumerate() {
                    self.state.run.set_plain(first + offset, position);
                }
            }
            Explanation::Effect(effect) => explained.effect = Some(effect),
            Explanation::Cell(cell) => explained.cell = Some(cell),
            Explanation::Lens(lens) => {
                explained.lenses.insert(lens.position, lens);
            }
            Explanation::Attribution(attribution) => explained.attribution = Some(attribution),
        }
    }

    /// Takes queries, keys and values of a person's own; nothing goes back to the model's. Returns whether it could.
    pub fn set_own(&mut self, json: &str) -> bool {
        if json.trim().is_empty() {
            self.state.explained.own = None;
            return true;
        }
        match Given::read(json) {
            Ok(given) => {
                self.state.explained.own = Some(given);
                true
            }
            Err(error) => {
                self.say(Notice::failure(&error));
                false
            }
        }
    }
}
