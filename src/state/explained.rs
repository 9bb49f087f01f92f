//! What is explained of the run: what interventions make of it, a cell of attention step by step, its layers.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::Ctx;
use super::Notice;
use super::PaneId;
use super::Shows;
use super::State;
use super::run::NodeId;
use crate::job::Calculated;
use crate::job::Cell;
use crate::job::Disturbed;
use crate::job::Explain;
use crate::job::Explanation;
use crate::job::Job;
use crate::job::Lane;
use crate::job::ROLLOUT;
use crate::lm::Change;
use crate::lm::HeadPlace;
use crate::lm::Heads;
use crate::lm::Intervention;
use crate::lm::LayerPlace;
use crate::lm::Side;
use crate::lm::explain::Attribution;
use crate::lm::explain::Given;
use crate::lm::explain::Lens;
use crate::lm::explain::Streams;
use crate::ui::Message;

/// Positions of the lens around the selected one that are computed.
const AROUND: usize = 24;

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
    streams: Option<Arc<Streams>>,
    /// The run with the interventions that are on.
    disturbed: Option<Arc<Disturbed>>,
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

    /// The run with the interventions that are on, if it is computed.
    pub fn disturbed(&self) -> Option<&Arc<Disturbed>> {
        self.disturbed.as_ref()
    }

    /// What each layer would say at `index` of the path, if it is computed.
    pub fn lens(&self, index: usize) -> Option<&Lens> {
        self.lenses.get(&index)
    }
}

impl State {
    /// The interventions that are on.
    pub fn changes(&self) -> Vec<Intervention> {
        let on = self.settings.changes.iter().filter(|listed| listed.on);
        on.map(|listed| listed.intervention.clone()).collect()
    }

    /// The positions of the lens that are computed: around the selected one.
    pub fn lens_range(&self) -> Range<usize> {
        let read = self.run.context_len();
        let from = self.selected.saturating_sub(AROUND).max(self.source_len()).min(read);
        from..(self.selected + AROUND + 1).min(read).max(from)
    }

    /// The side of the selected token's layers.
    fn side(&self) -> Side {
        if self.selected < self.source_len() { Side::Encoder } else { Side::Main }
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
    /// Brings up to date what is explained: what interventions change, and what the page in view shows.
    pub fn refresh_explained(&mut self, focus: PaneId) {
        let state = &*self.state;
        let Some(model) = state.model.clone() else { return };
        let length = state.run.context_len();
        let tip = length.checked_sub(1).map(|index| state.run.path()[index]);
        let of = Of { tip, length, changes: state.changes() };
        if of.changes.is_empty() && self.state.explained.disturbed.is_some() {
            self.forget_disturbed();
        }
        let state = &*self.state;
        if state.playing || state.is_busy(Lane::Run) || length == 0 || length < state.run.len() {
            return;
        }
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
            if (wanted.of.tip, wanted.of.length) != (explained.of.tip, explained.of.length) {
                explained.streams = None;
            }
            explained.lenses.clear();
            (explained.effect, explained.cell, explained.attribution) = (None, None, None);
            explained.of = wanted.of.clone();
            explained.failed = false;
            self.forget_disturbed();
        }
        let explained = &self.state.explained;
        let missing = |(range, attributed): (Range<usize>, Option<usize>)| {
            let missing = range.filter(|index| !explained.lenses.contains_key(index)).collect();
            let known = explained.attribution.as_ref().map(|found| found.position);
            (missing, attributed.filter(|index| Some(*index) != known))
        };
        let known_effect = explained.effect.map(|effect| effect.index);
        let job = Explain {
            model,
            context: self.state.run.context(),
            changes: wanted.of.changes.clone(),
            disturbed: explained.disturbed.clone(),
            streams: explained.streams.clone(),
            effect: wanted.effect.filter(|index| Some(*index) != known_effect),
            cell: wanted.cell,
            layers: wanted.layers.clone().map(missing),
            threads: self.state.threads,
        };
        self.state.explained.asked = wanted;
        self.submit(Lane::Explain, Job::Explain(Box::new(job)));
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

    /// The run with interventions holds no longer: attention is the plain run's again.
    fn forget_disturbed(&mut self) {
        if self.state.explained.disturbed.take().is_some() {
            self.look_anew();
        }
    }

    /// The rows and the heads in view are another run's.
    pub(super) fn look_anew(&mut self) {
        self.state.evidence.forget_attention();
        self.cancel(Lane::Evidence);
        self.refresh();
    }

    pub(super) fn explained(&mut self, explanation: Explanation) {
        let explained = &mut self.state.explained;
        match explanation {
            Explanation::Streams(streams) => explained.streams = Some(streams),
            Explanation::Disturbed(disturbed) => {
                explained.disturbed = Some(disturbed);
                self.look_anew();
            }
            Explanation::Effect(effect) => explained.effect = Some(effect),
            Explanation::Cell(cell) => explained.cell = Some(cell),
            Explanation::Lens(lens) => {
                explained.lenses.insert(lens.position, lens);
            }
            Explanation::Attribution(attribution) => explained.attribution = Some(attribution),
        }
    }

    /// Takes the head in view out, or puts it back.
    pub fn ablate_head(&mut self) {
        let (side, layer, head) = (self.state.side(), self.state.layer, self.state.head);
        self.toggle(Intervention::Head(HeadPlace { side, layer, head }));
    }

    /// Takes the attention of the layer in view out, or puts it back.
    pub fn ablate_layer(&mut self) {
        let (side, layer) = (self.state.side(), self.state.layer);
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

    /// Puts an intervention into the list and on, or takes it out of it.
    fn toggle(&mut self, intervention: Intervention) {
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
