//! What is known of the run's repetitions: the loop it is in, how sure the model is of going on with it, the heads that
//! copy, the cures side by side.

use std::ops::Range;
use std::sync::Arc;

use super::Ctx;
use super::NodeId;
use super::Notice;
use super::State;
use crate::job::Cure;
use crate::job::Cured;
use crate::job::Cures;
use crate::job::Heads;
use crate::job::Job;
use crate::job::Lane;
use crate::job::Origin;
use crate::job::Probe;
use crate::lab::repetition::Copy;
use crate::lab::repetition::Cycle;
use crate::lab::repetition::Watch;
use crate::ui::Message;

/// How many tokens each cure goes on for.
pub const CURED: usize = 48;
/// How many times a sentence is said again to measure how sure the model is of it.
const COPIES: usize = 12;
/// The most tokens of a sentence that is no loop.
const SENTENCE: usize = 16;

/// What is known of the run's repetitions.
#[derive(Debug, Default)]
pub struct Repetition {
    watch: Watch<u32>,
    /// The last token that was watched.
    watched: Option<NodeId>,
    /// The loop that the path is in.
    pub cycle: Option<Cycle>,
    /// What was measured last, and on which path.
    asked: Option<(Option<NodeId>, Range<usize>)>,
    /// What the model said of each copy of the sentence, in order.
    pub curve: Vec<Copy>,
    /// The heads that copy.
    pub heads: Option<Heads>,
    /// How far each cure is, in the order of [`Cure::ALL`].
    pub cures: Vec<Cured>,
    /// The last token of the text that they go on from.
    cured: Option<NodeId>,
    /// Whether cures are at work.
    pub curing: bool,
}

impl Repetition {
    pub(super) fn copied(&mut self, copy: Copy) {
        self.curve.push(copy);
    }

    pub(super) fn cured(&mut self, cured: Cured) {
        match self.cures.iter_mut().find(|other| other.cure == cured.cure) {
            Some(other) => *other = cured,
            None => self.cures.push(cured),
        }
    }

    /// How far a cure is, if it has begun.
    pub fn of(&self, cure: Cure) -> Option<&Cured> {
        self.cures.iter().find(|cured| cured.cure == cure)
    }
}

impl State {
    /// Where the tokens of the path begin that can repeat one another: behind a source, and behind what the tokenizer puts
    /// before a text.
    pub fn said_from(&self) -> usize {
        if self.source_len() > 0 {
            return self.run.text_len();
        }
        self.run.tokens().take_while(|node| node.origin == Origin::Start).count()
    }

    /// These tokens.
    pub fn said(&self) -> Vec<u32> {
        self.run.tokens().skip(self.said_from()).map(|node| node.token).collect()
    }

    /// The sentence whose repetition is measured: a copy of the loop that the path is in, or else what stands from the
    /// selected token on, at the tip the last tokens.
    pub fn sentence(&self) -> Range<usize> {
        let (from, length) = (self.said_from(), self.run.len());
        if let Some(cycle) = self.repetition.cycle {
            let start = from + cycle.start;
            return start..start + cycle.period;
        }
        let start = self.selected.max(from);
        if start >= self.tip() {
            return length.saturating_sub(SENTENCE).max(from).min(length)..length;
        }
        start..length.min(start + SENTENCE)
    }
}

impl Ctx<'_> {
    /// Brings up to date what is known of repetitions; measures what the page shows where it is `looked_at`.
    pub fn refresh_repetition(&mut self, looked_at: bool) {
        self.watch();
        self.forget_cures();
        if looked_at {
            self.measure_repetition();
        }
    }

    /// Watches the path for a loop; one that begins while playing is pointed at.
    fn watch(&mut self) {
        let from = self.state.said_from();
        let state = &mut *self.state;
        let path = state.run.path();
        let tip = path.last().copied();
        if tip == state.repetition.watched && state.repetition.watch.len() + from == path.len() {
            return;
        }
        let before = path.len().checked_sub(2).map(|index| path[index]);
        let follows = before == state.repetition.watched && state.repetition.watch.len() + from + 1 == path.len();
        let known = state.repetition.cycle;
        if !follows {
            state.repetition.watch = Watch::default();
        }
        let unseen = from + state.repetition.watch.len();
        let tokens: Vec<u32> = state.run.tokens().skip(unseen).map(|node| node.token).collect();
        for token in tokens {
            state.repetition.watch.push(token);
        }
        state.repetition.watched = tip;
        state.repetition.cycle = state.repetition.watch.cycle();
        let begun = state.repetition.cycle.filter(|cycle| {
            follows && known.is_none_or(|known| (known.start, known.period) != (cycle.start, cycle.period))
        });
        if let Some(cycle) = begun.filter(|_| self.state.playing) {
            let start = from + cycle.start;
            self.say(Notice::warning(Message::LoopBegan, &[&(start + 1), &cycle.period, &cycle.copies()]));
        }
    }

    /// Cures that went on from another text say nothing of this one.
    fn forget_cures(&mut self) {
        let state = &mut *self.state;
        let text = end_of_text(state);
        if state.repetition.cures.is_empty() && !state.repetition.curing || state.repetition.cured == text {
            return;
        }
        state.repetition.cures.clear();
        if std::mem::take(&mut state.repetition.curing) {
            self.cancel(Lane::Lab);
        }
    }

    /// Measures what the page on repetition shows and does not know yet, when nothing else is at work.
    fn measure_repetition(&mut self) {
        let state = &*self.state;
        let Some(model) = state.model.clone().filter(|_| state.predicts_next()) else { return };
        let waits = state.playing || state.is_busy(Lane::Run) || state.is_busy(Lane::Lab);
        if waits || state.run.is_empty() || state.run.context_len() < state.run.len() || !model.engine.has_head() {
            return;
        }
        let wanted = (state.run.path().last().copied(), state.sentence());
        if state.repetition.asked.as_ref() == Some(&wanted) {
            return;
        }
        let Some(changes) = self.ready_changes() else { return };
        let heads =
            state.repetition.heads.is_none() || state.repetition.asked.as_ref().is_none_or(|(tip, _)| *tip != wanted.0);
        let sentence = Some((wanted.1.clone(), COPIES));
        let job = Probe { model, context: state.run.context(), sentence, heads, changes, threads: state.threads };
        self.state.repetition.curve.clear();
        self.state.repetition.asked = Some(wanted);
        self.submit(Lane::Lab, Job::Probe(job));
    }

    /// Has every cure go on from the text, or stops them.
    pub fn cure(&mut self) {
        if self.state.repetition.curing {
            self.cancel(Lane::Lab);
            self.state.repetition.curing = false;
            return self.say(Notice::info(Message::CuresStopped, &[]));
        }
        if !self.state.predicts_next() {
            return self.say(Notice::hint(Message::FillsIn, &[]));
        }
        self.stop_search();
        let state = &*self.state;
        let Some(model) = state.model.clone().filter(|model| model.engine.has_head()) else { return };
        let prompt = state.run.text_len();
        let context: Vec<_> = state.run.context().into_iter().take(prompt).collect();
        if context.is_empty() || context.len() < prompt {
            return self.say(Notice::hint(Message::StillReading, &[]));
        }
        let Some(changes) = self.ready_changes() else { return };
        let (seed, threads) = (state.settings.seed, state.threads);
        let job = Cures { model: Arc::clone(&model), context, seed, steps: CURED, changes, threads };
        // A measurement that this takes the lane from is made again.
        if state.is_busy(Lane::Lab) {
            self.state.repetition.asked = None;
        }
        self.state.repetition.cured = end_of_text(self.state);
        self.state.repetition.cures.clear();
        self.state.repetition.curing = true;
        self.submit(Lane::Lab, Job::Cures(job));
    }
}

/// The last token of the text.
fn end_of_text(state: &State) -> Option<NodeId> {
    state.run.text_len().checked_sub(1).and_then(|index| state.run.path().get(index)).copied()
}
