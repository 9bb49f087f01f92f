//! The interventions: listed, switched, followed by everything that the model computes.

use std::fmt;
use std::sync::Arc;

use super::Ctx;
use super::Evidence;
use super::Notice;
use super::Repetition;
use super::Search;
use super::State;
use crate::job::Changes;
use crate::job::Fault;
use crate::job::Lane;
use crate::lm::Change;
use crate::lm::HeadPlace;
use crate::lm::Heads;
use crate::lm::Intervention;
use crate::lm::Interventions;
use crate::lm::LayerPlace;
use crate::lm::Side;
use crate::ui::Message;

/// An intervention in the list, on or off.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The intervention.
    pub intervention: Intervention,
    /// Whether it is on.
    pub on: bool,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.on { "" } else { "-" }, self.intervention)
    }
}

impl State {
    /// The interventions that are on.
    pub fn changes(&self) -> Vec<Intervention> {
        let on = self.settings.changes.iter().filter(|listed| listed.on);
        on.map(|listed| listed.intervention.clone()).collect()
    }

    /// Whether what a head of the selected token's layers mixes is taken out of the run.
    pub fn is_out(&self, layer: usize, head: usize) -> bool {
        let side = self.heads_side();
        let (place, whole) = (HeadPlace { side, layer, head }, LayerPlace { side, layer });
        self.under.list().iter().any(|intervention| match intervention {
            Intervention::Head(out) => *out == place,
            Intervention::Attention(out) | Intervention::Layer(out) => *out == whole,
            _ => false,
        })
    }

    /// The side of the selected token's layers.
    fn side(&self) -> Side {
        if self.selected < self.source_len() { Side::Encoder } else { Side::Main }
    }

    /// The side of the heads in view: where a decoder has none for itself, those that look at its source.
    fn heads_side(&self) -> Side {
        match self.side() {
            Side::Main if self.recurs() => Side::Cross,
            side => side,
        }
    }

    /// The cell under the attention cursor as interventions name it: heads, query, key.
    pub fn cell_place(&self) -> Option<(Heads, usize, usize)> {
        let (source, key) = (self.source_len(), self.key_in_view()?);
        let heads = |side| Heads { side, layer: Some(self.layer), head: Some(self.head) };
        Some(match (self.selected < source, key < source) {
            (true, _) => (heads(Side::Encoder), self.selected, key),
            (false, true) => (heads(Side::Cross), self.selected - source, key),
            (false, false) => (heads(Side::Main), self.selected - source, key - source),
        })
    }
}

impl Ctx<'_> {
    /// Has the run follow the interventions that are on: where they are others than it was read with, it is read again.
    /// Returns whether it is. Those that name a place that is not there are switched off, and said.
    pub fn follow_changes(&mut self) -> bool {
        self.switch_off_unfit();
        let changes = self.state.changes();
        if self.state.model.is_none() || self.state.run.is_empty() || changes == self.state.under.list() {
            return false;
        }
        let playing = self.state.playing;
        self.stop();
        for lane in [Lane::Run, Lane::Evidence, Lane::Explain, Lane::Lab] {
            self.cancel(lane);
        }
        let state = &mut *self.state;
        state.drawing = false;
        state.run.change(!state.under.list().is_empty(), !changes.is_empty());
        state.under = if changes.is_empty() { Changes::default() } else { Changes::Asked(changes) };
        state.evidence = Evidence::default();
        state.explained.forget();
        (state.search, state.repetition) = (Search::default(), Repetition::default());
        // What was playing goes on once the run is read.
        state.queued = if playing { usize::MAX } else { 0 };
        self.forget_measures();
        self.forget_branches();
        self.read();
        true
    }

    /// The same, unless a text is on its way.
    pub fn follow(&mut self) {
        if !self.state.is_busy(Lane::Text) {
            self.follow_changes();
        }
    }

    /// Switches off what names a place that the path does not have. It had no part in what was computed.
    pub(super) fn switch_off_unfit(&mut self) {
        let state = &mut *self.state;
        let Some(model) = state.model.clone().filter(|_| !state.run.is_empty()) else { return };
        let source = state.source_len();
        let length = state.run.len() - source;
        let mask = &model.engine.blueprint.mask;
        let mut unfit = Vec::new();
        for listed in state.settings.changes.iter_mut().filter(|listed| listed.on) {
            if let Err(error) = listed.intervention.fits(source, length, mask) {
                listed.on = false;
                unfit.push(error);
            }
        }
        if unfit.is_empty() {
            return;
        }
        let kept = state.changes();
        state.under = match &state.under {
            Changes::Ready(ready) => Changes::Ready(Arc::new(ready.among(&kept))),
            Changes::Asked(list) => {
                Changes::Asked(list.iter().filter(|intervention| kept.contains(intervention)).cloned().collect())
            }
        };
        self.say(Notice::warning_of(Message::NoLongerFit, &unfit));
    }

    /// The interventions are ready.
    pub(super) fn changes_ready(&mut self, ready: Arc<Interventions>) {
        if self.state.under.list() == ready.list() {
            self.state.under = Changes::Ready(ready);
        }
    }

    /// What the model is changed by, once that is ready.
    pub(super) fn ready_changes(&self) -> Option<Arc<Interventions>> {
        match &self.state.under {
            Changes::Ready(ready) => Some(Arc::clone(ready)),
            Changes::Asked(_) => None,
        }
    }

    /// Interventions that cannot be made ready are switched off.
    pub(super) fn refused(&mut self, fault: &Fault) {
        if matches!(fault, Fault::Change(_)) {
            self.state.settings.changes.iter_mut().for_each(|listed| listed.on = false);
        }
    }

    /// Takes the head in view out, or puts it back.
    pub fn ablate_head(&mut self) {
        let (side, layer, head) = (self.state.heads_side(), self.state.layer, self.state.head);
        self.toggle(Intervention::Head(HeadPlace { side, layer, head }));
    }

    /// Takes the attention of the layer in view out, or puts it back.
    pub fn ablate_layer(&mut self) {
        let (side, layer) = (self.state.heads_side(), self.state.layer);
        self.toggle(Intervention::Attention(LayerPlace { side, layer }));
    }

    /// Takes the feed-forward block of the layer in view out, or puts it back.
    pub fn ablate_feed_forward(&mut self) {
        let (side, layer) = (self.state.side(), self.state.layer);
        self.toggle(Intervention::FeedForward(LayerPlace { side, layer }));
    }

    /// Hides the selected token from all others, or shows it again.
    pub fn block_token(&mut self) {
        let (side, source) = (self.state.side(), self.state.source_len());
        let position = if side == Side::Encoder { self.state.selected } else { self.state.selected - source };
        self.toggle(Intervention::Block { side, position });
    }

    /// Forbids the cell under the attention cursor, or allows it again.
    pub fn forbid_cell(&mut self) {
        if let Some((heads, query, key)) = self.state.cell_place() {
            self.toggle(Intervention::Cell { heads, query, key, change: Change::Forbid });
        }
    }

    /// Switches all interventions off, or on again.
    pub fn switch_changes(&mut self) {
        if self.state.settings.changes.is_empty() {
            return self.say(Notice::hint(Message::NoInterventions, &[]));
        }
        self.remember_settings(None);
        let on = !self.state.settings.changes.iter().any(|listed| listed.on);
        for listed in &mut self.state.settings.changes {
            listed.on = on;
        }
    }

    /// Puts an intervention into the list and on, or takes it out of it; one that the model has no place for is refused.
    fn toggle(&mut self, intervention: Intervention) {
        let checked = self
            .state
            .model
            .as_ref()
            .map(|model| model.engine.check_interventions(std::slice::from_ref(&intervention)));
        if let Some(Err(error)) = checked {
            return self.say(Notice::failure(&error));
        }
        self.remember_settings(None);
        let changes = &mut self.state.settings.changes;
        match changes.iter().position(|listed| listed.intervention == intervention) {
            Some(index) => {
                changes.remove(index);
            }
            None => changes.push(Listed { intervention, on: true }),
        }
    }

    /// The list as a line that a person can write: those that are off have a minus before them.
    pub fn changes_line(&self) -> String {
        self.state.settings.changes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    /// Takes the list as a person wrote it; returns whether it could be taken.
    pub fn set_changes(&mut self, line: &str) -> bool {
        let Some(model) = self.state.model.clone() else { return true };
        let mut changes = Vec::new();
        for word in words(line) {
            let (on, text) = word.strip_prefix('-').map_or((true, word), |text| (false, text));
            match model.intervention(text) {
                Ok(intervention) => changes.push(Listed { intervention, on }),
                Err(error) => {
                    self.say(Notice::failure(&error));
                    return false;
                }
            }
        }
        let list: Vec<_> = changes.iter().map(|listed: &Listed| listed.intervention.clone()).collect();
        if let Err(error) = model.engine.check_interventions(&list) {
            self.say(Notice::failure(&error));
            return false;
        }
        self.remember_settings(None);
        self.state.settings.changes = changes;
        true
    }
}

/// The words of a line; white space inside quotes parts nothing.
fn words(line: &str) -> Vec<&str> {
    let (mut words, mut start, mut quoted) = (Vec::new(), None, false);
    for (index, letter) in line.char_indices() {
        quoted ^= letter == '"';
        match start {
            Some(begun) if letter.is_whitespace() && !quoted => {
                words.push(&line[begun..index]);
                start = None;
            }
            None if !letter.is_whitespace() => start = Some(index),
            _ => {}
        }
    }
    words.extend(start.map(|begun| &line[begun..]));
    words
}
