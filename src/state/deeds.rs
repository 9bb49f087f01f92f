//! What a person does to the run: change the text, move, take, draw, play, undo, branch.

use std::sync::Arc;

use super::Ctx;
use super::Evidence;
use super::Flow;
use super::Knob;
use super::Node;
use super::Notice;
use super::Settings;
use crate::job::Generate;
use crate::job::Job;
use crate::job::Lane;
use crate::job::Look;
use crate::job::Origin;
use crate::job::Read;
use crate::lm::blueprint::Stacks;
use crate::model::Model;
use crate::model::Spec;
use crate::ui::Message;

/// How many rows of attention around the selected token are brought at once.
const WINDOW: usize = 40;
/// How many tokens are played at full pace between two cuts into words, at least; of a long path an eighth of it.
const WORDS_EVERY: usize = 8;
/// How many tokens are played between two looks at every head.
pub const GLANCE_EVERY: usize = 16;

impl Ctx<'_> {
    /// Opens a model; what is on screen stays until it is there.
    pub fn open(&mut self, spec: Spec) {
        self.stop();
        (self.state.opening, self.state.fetching) = (Some(spec.to_string()), None);
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
        if self.follow_changes() {
            return;
        }
        let Some(model) = self.state.model.clone() else { return };
        let run = &self.state.run;
        let context = run.context();
        let mut unscored = self.state.scored();
        // A token that is hidden already is not one to score.
        let hidden = if self.state.predicts_next() { None } else { model.mask() };
        let known = |node: &&Node| node.score.is_some() || hidden == Some(node.token);
        unscored.start += run.tokens().take(unscored.end).skip(unscored.start).take_while(known).count();
        if run.is_empty()
            || (context.len() == run.len() && (unscored.is_empty() || !self.state.has_distribution(unscored.start)))
        {
            return self.cancel(Lane::Run);
        }
        let tokens = run.tokens().map(|node| node.token).collect();
        let (source, threads) = (self.state.source_len(), self.state.threads);
        let (changes, plain, streams) = (self.state.under.clone(), self.state.run.plain(), self.streams());
        let job = Read { model, context, tokens, source, unscored, changes, plain, streams, threads };
        self.submit(Lane::Run, Job::Read(job));
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
        if !self.state.predicts_next() {
            return self.fill(token);
        }
        if self.refuses_source() {
            return;
        }
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

    /// Puts a token where the selected one stands in the text.
    fn fill(&mut self, token: u32) {
        if self.state.run.at(self.state.selected).is_some_and(|node| node.token == token) {
            return;
        }
        let piece = if self.state.has_tokenizer() {
            String::from_utf8_lossy(self.state.piece(token)).into_owned()
        } else {
            token.to_string()
        };
        self.replace(&piece, false);
    }

    /// Hides the selected token behind the mask token.
    pub fn hide(&mut self) {
        let mask = self.state.model.as_ref().and_then(|model| Some((model.mask()?, model.tokenizer.as_ref()?)));
        let piece = mask.map(|(mask, tokenizer)| String::from_utf8_lossy(tokenizer.piece(mask)).into_owned());
        match piece.filter(|_| !self.state.predicts_next()) {
            // A mask token takes the space before it along.
            Some(piece) => self.replace(&piece, true),
            None => self.say(Notice::hint(Message::NothingToHide, &[])),
        }
    }

    /// Puts `piece` in the place of the selected token's bytes in the text; `apart` keeps the space they begin with.
    fn replace(&mut self, piece: &str, apart: bool) {
        let Some(Origin::Text { start, end }) = self.state.run.at(self.state.selected).map(|node| node.origin) else {
            return self.say(Notice::hint(Message::NoPartOfText, &[]));
        };
        let text = self.state.run.text();
        let (Some(before), Some(inside), Some(after)) = (text.get(..start), text.get(start..end), text.get(end..))
        else {
            return self.say(Notice::hint(Message::NoPartOfText, &[]));
        };
        // A piece that begins a word brings its space along where the tokenizer counts it in, and only there.
        let spaced = apart && inside.starts_with(' ');
        let piece = if inside.starts_with(' ') || before.is_empty() { piece } else { piece.trim_start_matches(' ') };
        let text = format!("{before}{}{piece}{after}", if spaced { " " } else { "" });
        self.state.run.mark();
        self.set_text(&text);
    }

    /// Says that a source is read whole, if a token of it is selected; returns whether it is.
    fn refuses_source(&mut self) -> bool {
        let refused = self.state.selected < self.state.source_len();
        if refused {
            self.say(Notice::hint(Message::SourceIsWhole, &[]));
        }
        refused
    }

    /// Says that the model fills in and does not go on, if it does.
    pub(super) fn refuses_to_go_on(&mut self) -> bool {
        let refused = !self.state.predicts_next();
        if refused {
            self.say(Notice::hint(Message::FillsIn, &[]));
        }
        refused
    }

    /// Draws one token after the last one.
    pub fn step(&mut self) {
        if self.refuses_to_go_on() {
            return;
        }
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
            usize::MAX => self.state.playing = self.go_on(usize::MAX),
            steps => _ = self.go_on(steps),
        }
    }

    /// Starts playing after the last token, or stops. What is still being read or fetched stops too, and goes on where it
    /// stopped.
    pub fn play(&mut self) {
        if self.state.fetching.take().is_some() {
            let name = self.state.opening.take().unwrap_or_default();
            self.cancel(Lane::Files);
            return self.say(Notice::info(Message::FetchStopped, &[&name]));
        }
        if self.stop_search() {
            return self.say(Notice::info(Message::SearchStopped, &[]));
        }
        if self.state.playing {
            return self.stop();
        }
        if self.refuses_to_go_on() {
            return;
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
        self.stop_search();
        if std::mem::take(&mut self.state.playing) {
            self.cancel(Lane::Run);
        }
    }

    /// Plays another continuation after the selected token, with the next seed. What stood there stays as a branch.
    pub fn branch(&mut self) {
        if self.refuses_to_go_on() || self.refuses_source() {
            return;
        }
        self.stop();
        let in_text = self.state.selected + 1 < self.state.run.text_len();
        self.fork(self.state.selected + 1);
        self.state.settings.seed = self.state.settings.seed.wrapping_add(1);
        self.state.evidence.reshape();
        let message = if in_text { Message::BranchedInText } else { Message::Branched };
        self.say(Notice::info(message, &[&self.state.settings.seed]));
        self.play();
    }

    /// Makes what was generated part of the text.
    pub fn adopt(&mut self) {
        let flow = Flow::of(self.state);
        // What a decoder wrote takes the place of its source.
        let from = if self.state.source_len() > 0 { flow.given.min(flow.finished) } else { 0 };
        self.set_text(&flow.text[from..flow.finished]);
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
        if self.step_edits(true) {
            return;
        }
        if self.state.run.undo() {
            self.returned();
        } else {
            self.say(Notice::hint(Message::NothingToUndo, &[]));
        }
    }

    /// Takes again the step that was undone.
    pub fn redo(&mut self) {
        self.stop();
        if self.step_edits(false) {
            return;
        }
        if self.state.run.redo() {
            self.returned();
        } else {
            self.say(Notice::hint(Message::NothingToRedo, &[]));
        }
    }

    /// Turns the active parameter; a playing run goes on with the new value.
    pub fn turn(&mut self, up: bool) {
        self.remember_settings(Some(self.state.settings.active));
        self.state.settings.turn(up);
        self.reshape();
    }

    /// The pipeline is another: what it makes of every distribution is computed anew, and a playing run goes on with it.
    pub fn reshape(&mut self) {
        self.state.evidence.reshape();
        if self.state.settings.active != Knob::Seed {
            self.resume();
        }
    }

    /// Makes every stage of the pipeline ready for the model; one that the model cannot have is switched off, and why is
    /// said.
    pub fn prepare(&mut self) {
        let Some(model) = self.state.model.clone() else { return };
        for index in 0..self.state.settings.pipeline.len() {
            let stage = &mut self.state.settings.pipeline[index];
            match model.given(stage) {
                Ok(given) => stage.given = given,
                Err(error) => {
                    stage.on = false;
                    self.say(Notice::failure(&error));
                }
            }
        }
        self.state.evidence.reshape();
    }

    /// A playing run goes on with what has changed.
    pub(super) fn resume(&mut self) {
        if self.state.playing {
            self.stop();
            self.state.playing = self.generate(None, usize::MAX);
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
        let on_its_way = state.predicts_next() && here == state.tip() && state.is_busy(Lane::Run);
        let distribution =
            (state.shown().is_none() && here < read && state.has_distribution(here) && !on_its_way).then_some(here);
        let window = here.saturating_sub(WINDOW)..(here + WINDOW).min(read);
        let missing: Vec<_> = window.filter(|&query| state.evidence.row(path[query]).is_none()).collect();
        let seen = state.overview().map_or(0, |seen| seen.length);
        // At full pace a look at every head takes the model's time, more of it the longer the path is.
        let hurried = state.settings.pace == Settings::FULL_PACE;
        let every = if hurried { (4 * GLANCE_EVERY).max(seen) } else { GLANCE_EVERY };
        let overview = match (state.playing, state.is_busy(Lane::Run)) {
            (true, _) => read >= seen + every,
            (false, reading) => !reading && read != seen,
        };
        if distribution.is_none() && missing.is_empty() && !overview {
            return;
        }
        let rows = (!missing.is_empty()).then(|| (state.watched(), missing));
        let Some(changes) = self.ready_changes() else { return };
        let tokens = state.run.tokens().map(|node| node.token).collect();
        let context = state.run.context();
        self.submit(Lane::Evidence, Job::Look(Look { model, context, tokens, distribution, rows, changes, overview }));
    }

    fn refresh_words(&mut self) {
        // At full pace, words are cut again after every few tokens: each time takes the model's time.
        let hurried = self.state.playing && self.state.settings.pace == Settings::FULL_PACE;
        let (length, cut) = (self.state.run.len(), self.state.words_length);
        let soon = hurried && (cut..cut + WORDS_EVERY.max(cut / 8)).contains(&length);
        if soon || self.state.is_busy(Lane::Words) {
            return;
        }
        let flow = Flow::of(self.state);
        let whole = &flow.text[..flow.finished];
        let words = self.state.words.as_ref().map_or("", |words| &words.text);
        let edits = self.state.steps.edits();
        let edited = self.state.words.as_ref().is_some_and(|words| words.edits != edits);
        if edited || self.state.words.is_none() || words != whole {
            self.state.words_length = length;
            self.submit(Lane::Words, Job::Words(Arc::from(whole), edits));
        }
    }

    /// Cuts the path after `keep` tokens, if anything stands there.
    fn fork(&mut self, keep: usize) {
        if keep < self.state.run.len() {
            self.state.run.cut(keep);
            self.switch_off_unfit();
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
        let Some(changes) = self.ready_changes() else { return false };
        let settings = &self.state.settings;
        let tokens: Vec<u32> = run.tokens().skip(self.state.source_len()).map(|node| node.token).collect();
        let job = Generate {
            model,
            context,
            picked,
            sampler: settings.sampler(),
            seed: settings.seed,
            tokens,
            generated: run.len() - run.text_len(),
            mu: run.tokens().next_back().and_then(|node| node.mu),
            steps,
            watched: (self.state.layer, self.state.head),
            rest: settings.rest(),
            changes,
            threads: self.state.threads,
        };
        let used = self.state.used_now();
        if *self.state.used != used {
            self.state.used = Arc::new(used);
        }
        self.submit(Lane::Run, Job::Generate(job));
        self.state.drawing = steps < usize::MAX;
        true
    }

    /// The path goes to a place it was at before: the tip is selected there.
    pub(super) fn arrive(&mut self) {
        self.cancel(Lane::Run);
        self.cancel(Lane::Evidence);
        self.state.drawing = false;
        self.state.selected = if self.state.predicts_next() { self.state.tip() } else { self.state.selected_in_text() };
        self.state.candidate = 0;
        self.read();
    }

    /// The text is another: where the model sees all of it from every position, nothing that was computed still holds.
    pub(super) fn forget_both_ways(&mut self) {
        let both_ways = |model: &Arc<Model>| model.engine.blueprint.stacks != Stacks::Decoder;
        if self.state.model.as_ref().is_some_and(both_ways) {
            self.cancel(Lane::Run);
            self.cancel(Lane::Evidence);
            self.state.run.forget();
            self.state.evidence = Evidence::default();
        }
    }

    /// Undo or redo moved the path, and perhaps the text.
    fn returned(&mut self) {
        self.cancel(Lane::Text);
        if self.state.text != *self.state.run.text() {
            self.forget_both_ways();
        }
        self.state.text = Arc::clone(self.state.run.text());
        self.arrive();
    }
}
