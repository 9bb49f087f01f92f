//! What a person does to the run: change the text, move, take, draw, play, undo, branch.

use std::sync::Arc;

use super::Ctx;
use super::Flow;
use super::HeadChoice;
use super::Notice;
use super::Parameter;
use super::Settings;
use crate::job::Generate;
use crate::job::Job;
use crate::job::Lane;
use crate::job::Look;
use crate::job::Read;
use crate::model::Spec;
use crate::ui::Message;

/// How many rows of attention around the selected token are brought at once.
const WINDOW: usize = 40;
/// How many bytes are played at full pace between two cuts into words.
const WORDS_EVERY: usize = 32;
/// How many tokens are played between two looks at every head.
pub const GLANCE_EVERY: usize = 16;

impl Ctx<'_> {
    /// Opens a model; what is on screen stays until it is there.
    pub fn open(&mut self, spec: Spec) {
        self.stop();
        self.state.opening = Some(spec.to_string());
        self.submit(Lane::Files, Job::Open(spec));
    }

    /// The person changed the text.
    pub fn set_text(&mut self, text: &str) {
        if *self.state.text != *text {
            self.state.text = Arc::from(text);
            self.state.notice = None;
            self.tokenize();
        }
    }

    /// Has the text cut into the model's tokens.
    pub fn tokenize(&mut self) {
        self.stop();
        let (text, model) = (Arc::clone(&self.state.text), self.state.model.clone());
        if let Some(model) = model {
            self.submit(Lane::Text, Job::Tokenize(text, model));
        }
    }

    /// Has the model read what it has not read of the path, and say what its tokens cost.
    pub fn read(&mut self) {
        let Some(model) = self.state.model.clone() else { return };
        let run = &self.state.run;
        let context = run.context();
        let unscored = run.tokens().skip(1).position(|node| node.score.is_none()).map_or(run.len(), |index| index + 1);
        if run.is_empty() || (context.len() == run.len() && unscored == run.len()) {
            return self.cancel(Lane::Run);
        }
        let tokens = run.tokens().map(|node| node.token).collect();
        let threads = self.state.threads;
        self.submit(Lane::Run, Job::Read(Read { model, context, tokens, unscored, threads }));
    }

    /// Selects a token of the path.
    pub fn select(&mut self, index: usize) {
        let index = index.min(self.state.tip());
        if index != self.state.selected {
            self.state.selected = index;
            self.state.candidate = 0;
        }
    }

    /// Takes a token after the selected one, by hand. Where another was taken before, the path branches.
    pub fn take(&mut self, token: u32) {
        let at = self.state.selected;
        if self.state.run.at(at + 1).is_some_and(|node| node.token == token) {
            return self.select(at + 1);
        }
        if self.state.run.context_len() < self.state.run.len() && at == self.state.tip() {
            return self.say(Notice::hint(Message::StillReading, &[]));
        }
        self.stop();
        self.fork(at + 1);
        if self.state.run.follow(token) {
            return self.arrive();
        }
        self.generate(Some(token), 1);
    }

    /// Draws one token after the last one.
    pub fn step(&mut self) {
        if self.state.playing {
            return self.stop();
        }
        if self.state.drawing {
            self.state.queued += 1;
        } else {
            self.go_on(1);
        }
    }

    /// The model has nothing to do: it draws the tokens that were asked for meanwhile, or goes on with what generating
    /// took it from.
    pub(super) fn run_rests(&mut self) {
        match std::mem::take(&mut self.state.queued) {
            0 => self.read(),
            steps => _ = self.go_on(steps),
        }
    }

    /// Starts playing after the last token, or stops. What is still being read stops too, and goes on where it stopped.
    pub fn play(&mut self) {
        if self.state.playing {
            return self.stop();
        }
        let (read, length) = (self.state.run.context_len(), self.state.run.len());
        if read < length {
            if self.state.is_busy(Lane::Run) {
                self.cancel(Lane::Run);
                return self.say(Notice::info(Message::NotRead, &[&read, &length]));
            }
            return self.read();
        }
        self.state.playing = self.go_on(usize::MAX);
    }

    fn go_on(&mut self, steps: usize) -> bool {
        if self.state.run.context_len() < self.state.run.len() {
            self.say(Notice::hint(Message::StillReading, &[]));
            return false;
        }
        self.select(self.state.tip());
        self.generate(None, steps)
    }

    /// Stops playing.
    pub fn stop(&mut self) {
        self.state.queued = 0;
        if std::mem::take(&mut self.state.playing) {
            self.cancel(Lane::Run);
        }
    }

    /// Plays another continuation after the selected token, with the next seed. What stood there stays as a branch.
    pub fn branch(&mut self) {
        self.stop();
        let in_text = self.state.selected + 1 < self.state.run.text_len();
        self.fork(self.state.selected + 1);
        self.state.settings.seed = self.state.settings.seed.wrapping_add(1);
        let message = if in_text { Message::BranchedInText } else { Message::Branched };
        self.say(Notice::info(message, &[&self.state.settings.seed]));
        self.play();
    }

    /// Makes what was generated part of the text.
    pub fn adopt(&mut self) {
        let flow = Flow::of(self.state);
        self.set_text(&flow.text[..flow.finished]);
    }

    /// Goes to the branch after (or before) the current one.
    pub fn visit(&mut self, forward: bool) {
        self.stop();
        let branches = self.state.run.branches();
        let tip = self.state.run.path().last();
        let here = branches.iter().position(|leaf| Some(leaf) == tip);
        let count = branches.len();
        for offset in 1..=count {
            let index = match here {
                Some(here) if forward => (here + offset) % count,
                Some(here) => (here + count - offset % count) % count,
                None if forward => offset - 1,
                None => count - offset,
            };
            if Some(index) != here && self.state.run.visit(branches[index]) {
                self.say(Notice::info(Message::BranchOf, &[&(index + 1), &count]));
                return self.arrive();
            }
        }
        self.say(Notice::hint(Message::NoBranch, &[]));
    }

    /// Takes back the last step.
    pub fn undo(&mut self) {
        self.stop();
        if self.state.run.undo() {
            self.returned();
        } else {
            self.say(Notice::hint(Message::NothingToUndo, &[]));
        }
    }

    /// Takes again the step that was undone.
    pub fn redo(&mut self) {
        self.stop();
        if self.state.run.redo() {
            self.returned();
        } else {
            self.say(Notice::hint(Message::NothingToRedo, &[]));
        }
    }

    /// Turns the active parameter; a playing run goes on with the new value.
    pub fn turn(&mut self, up: bool) {
        self.state.settings.turn(up);
        self.state.evidence.reshape();
        if self.state.settings.active != Parameter::Seed {
            self.resume();
        }
    }

    /// A playing run goes on with what has changed.
    fn resume(&mut self) {
        if self.state.playing {
            self.stop();
            self.state.playing = self.generate(None, usize::MAX);
        }
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

    /// Brings the evidence that is wanted now and not at hand, unless some is already on its way.
    pub fn refresh(&mut self) {
        self.refresh_words();
        let state = &*self.state;
        let Some(model) = state.model.clone() else { return };
        if state.is_busy(Lane::Evidence) || state.run.is_empty() {
            return;
        }
        let read = state.run.context_len();
        let path = state.run.path();
        let here = state.selected;
        let distribution =
            (state.shown().is_none() && here < read && !(here == state.tip() && state.is_busy(Lane::Run)))
                .then_some(here);
        let window = here.saturating_sub(WINDOW)..(here + WINDOW).min(read);
        let missing: Vec<_> = window.filter(|&query| state.evidence.row(path[query]).is_none()).collect();
        let seen = state.overview().map_or(0, |seen| seen.length);
        let overview = match (state.playing, state.is_busy(Lane::Run)) {
            (true, _) => read >= seen + GLANCE_EVERY,
            (false, reading) => !reading && read != seen,
        };
        if distribution.is_none() && missing.is_empty() && !overview {
            return;
        }
        let rows = (!missing.is_empty()).then_some((state.layer, state.head, missing));
        let tokens = state.run.tokens().map(|node| node.token).collect();
        let context = state.run.context();
        self.submit(Lane::Evidence, Job::Look(Look { model, context, tokens, distribution, rows, overview }));
    }

    fn refresh_words(&mut self) {
        if self.state.is_busy(Lane::Words) {
            return;
        }
        let flow = Flow::of(self.state);
        let whole = &flow.text[..flow.finished];
        let words = self.state.words.as_ref().map_or("", |words| &words.text);
        // At full pace, words are cut again after every few tokens: each time takes the model's time.
        let hurried = self.state.playing && self.state.settings.pace == Settings::FULL_PACE;
        let soon = hurried && whole.starts_with(words) && whole.len() < words.len() + WORDS_EVERY;
        if (self.state.words.is_none() || words != whole) && !soon {
            self.submit(Lane::Words, Job::Words(Arc::from(whole)));
        }
    }

    /// Cuts the path after `keep` tokens, if anything stands there.
    fn fork(&mut self, keep: usize) {
        if keep < self.state.run.len() {
            self.state.run.cut(keep);
            self.cancel(Lane::Evidence);
            self.state.text = Arc::clone(self.state.run.text());
        }
    }

    /// Has the model continue after the tip; returns whether it could be asked.
    fn generate(&mut self, picked: Option<u32>, steps: usize) -> bool {
        let Some(model) = self.state.model.clone() else { return false };
        let run = &self.state.run;
        let context = run.context();
        if context.is_empty() || context.len() < run.len() {
            self.say(Notice::hint(Message::NothingToContinue, &[]));
            return false;
        }
        let settings = &self.state.settings;
        let job = Generate {
            model,
            context,
            picked,
            sampler: settings.sampler(),
            seed: settings.seed,
            first_draw: (run.len() - run.text_len()) as u64,
            steps,
            watched: (self.state.layer, self.state.head),
            rest: settings.rest(),
            threads: self.state.threads,
        };
        self.submit(Lane::Run, Job::Generate(job));
        self.state.drawing = steps < usize::MAX;
        true
    }

    /// The path goes to a place it was at before: the tip is selected there.
    fn arrive(&mut self) {
        self.cancel(Lane::Run);
        self.cancel(Lane::Evidence);
        self.state.drawing = false;
        self.state.selected = self.state.tip();
        self.state.candidate = 0;
        self.read();
    }

    /// Undo or redo moved the path, and perhaps the text.
    fn returned(&mut self) {
        self.cancel(Lane::Text);
        self.state.text = Arc::clone(self.state.run.text());
        self.arrive();
    }
}
