//! What comes back from the workers goes into the state.

use std::sync::Arc;

use super::Ctx;
use super::Evidence;
use super::Flow;
use super::HeadChoice;
use super::Notice;
use super::Repetition;
use super::Run;
use super::Search;
use super::edits::Edits;
use crate::job::Body;
use crate::job::Changes;
use crate::job::Fault;
use crate::job::Lane;
use crate::job::Origin;
use crate::job::Overview;
use crate::job::Reply;
use crate::job::Rows;
use crate::job::Step;
use crate::job::Tokens;
use crate::lm::ForwardError;
use crate::model::EMBEDDED;
use crate::model::Model;
use crate::model::Source;
use crate::ui::Message;

impl Ctx<'_> {
    /// Takes in a reply; returns whether anything visible changed. A stale reply changes nothing.
    pub fn absorb(&mut self, reply: Reply) -> bool {
        let Reply { lane, generation, body } = reply;
        if !self.is_current(lane, generation) {
            return false;
        }
        match body {
            Body::Read { .. } | Body::Scores { .. } | Body::Distribution { .. } if lane == Lane::Branches => {
                self.branch_read(body);
            }
            Body::Fetching(progress) => self.state.fetching = Some(progress),
            Body::Opened(model) => self.opened(&model),
            Body::Tokens(tokens) => self.tokenized(&tokens),
            Body::Words(words) => self.state.words = Some(words),
            Body::Story(story) => self.told(story),
            Body::Answer(answer) => self.state.steps.answer = Some(*answer),
            Body::Beat if lane == Lane::Training => self.training_beat(),
            Body::Beat => self.beat(),
            Body::Training(done, of) => self.state.training.under_way(done, of),
            Body::Trained(trained) => self.trained(trained),
            Body::Read { first, positions } => {
                for (offset, position) in positions.into_iter().enumerate() {
                    self.state.run.set_position(first + offset, position);
                }
            }
            Body::Ready(changes) => self.changes_ready(changes),
            Body::Scores { first, scores } => {
                for (offset, score) in scores.into_iter().enumerate() {
                    self.state.run.set_score(first + offset, score);
                }
            }
            Body::Distribution { index, distribution } => {
                if let Some(&node) = self.state.run.path().get(index) {
                    self.state.evidence.keep(node, distribution);
                }
            }
            Body::Step(step) => self.stepped(*step),
            Body::Beams(beams) => self.searched(*beams),
            Body::Ahead(ahead) => self.looked_ahead(*ahead),
            Body::Copy(copy) => self.state.repetition.copied(copy),
            Body::Heads(heads) => self.state.repetition.heads = Some(*heads),
            Body::Cured(cured) => self.state.repetition.cured(*cured),
            Body::Explanation(explanation) => self.explained(*explanation),
            Body::Rows(rows) => self.rows(rows),
            Body::Overview(overview) => self.overview(overview),
            Body::Masks(found) => self.mask_tried(*found),
            Body::Length(found) => self.length_tried(*found),
            Body::Measured(measured) => self.measured(measured),
            Body::Saved(path) if lane == Lane::Training => {
                self.say(Notice::info(Message::CliWrote, &[&path.display()]));
            }
            Body::Survey(survey) => self.state.vocabulary.survey = Some(survey),
            Body::Unreachable(found) => self.state.vocabulary.unreachable = Some(found),
            Body::Scene(scene, found) => {
                self.state.architectures.scene = Some(scene);
                self.state.architectures.found = found;
            }
            Body::Listed(listed) => self.state.vocabulary.listed(listed),
            Body::Cutter(name, cutter) => self.state.contrasts.add(name, cutter),
            Body::Contrast(contrast) => self.contrasted(contrast),
            Body::Saved(path) => self.say(Notice::info(Message::RunSaved, &[&path.display()])),
            Body::Recalled(record) => self.recalled(*record),
            Body::Done => {
                self.finished(lane);
                if lane == Lane::Lab {
                    self.search_rests();
                }
                if lane == Lane::Branches {
                    self.branch_rests();
                }
                if lane == Lane::Run {
                    self.judge_replay();
                    self.run_rests();
                }
            }
            Body::Failed(fault) => {
                self.finished(lane);
                self.state.explained.failed |= lane == Lane::Explain;
                self.failed_search(lane);
                if lane == Lane::Branches {
                    self.branch_rests();
                }
                self.state.queued = 0;
                self.failed(&fault);
                self.refused(&fault);
                if let Fault::Training(error) = &fault {
                    self.training_failed(error);
                }
            }
            Body::Crashed(what) => {
                self.finished(lane);
                self.failed_search(lane);
                if lane == Lane::Branches {
                    self.branch_rests();
                }
                self.say(Notice::error(Message::Crashed, &[&what]));
            }
        }
        true
    }

    fn opened(&mut self, model: &Arc<Model>) {
        // The text stays, with what the former model generated.
        let flow = Flow::of(self.state);
        let state = &mut *self.state;
        if !state.run.is_empty() && state.text == *state.run.text() {
            state.text = Arc::from(&flow.text[..flow.finished]);
        }
        // A built-in model's sentence gives way to another's: that of a storyteller says nothing to one that spells words.
        let prompt = |name: &str| EMBEDDED.iter().find(|model| model.name == name).map(|model| model.prompt);
        if let (Source::Embedded, Some(prompt)) = (&model.source, prompt(&model.name))
            && EMBEDDED.iter().any(|former| *state.text == *former.prompt)
        {
            state.text = Arc::from(prompt);
        }
        (state.opening, state.fetching) = (None, None);
        state.layer = state.layer.min(model.engine.config.layers.saturating_sub(1));
        state.head = state.head.min(model.engine.config.heads.saturating_sub(1));
        state.model = Some(Arc::clone(model));
        state.run = Run::default();
        state.edits = Edits::default();
        state.evidence = Evidence::default();
        state.explained.renew();
        // What was changed in another model may not fit this one.
        state.settings.changes.clear();
        state.under = Changes::default();
        state.search = Search::default();
        state.steps.forget_own();
        state.repetition = Repetition::default();
        state.masks.renew();
        state.length.renew();
        state.head_choice = HeadChoice::default();
        state.step_time = None;
        state.selected = 0;
        state.candidate = 0;
        state.notice = None;
        self.cancel(Lane::Run);
        self.cancel(Lane::Evidence);
        self.cancel(Lane::Lab);
        self.cancel(Lane::Explain);
        self.cancel(Lane::Trials);
        self.forget_branches();
        self.forget_measures();
        self.prepare();
        self.tokenize();
    }

    fn tokenized(&mut self, cut: &Tokens) {
        let Some(model) = self.state.model.clone() else { return };
        let context = model.engine.config.context;
        let mut path: Vec<(u32, Origin)> = cut.start.iter().map(|&token| (token, Origin::Start)).collect();
        let tokens = &cut.tokens;
        let mut behind: Vec<(u32, Origin)> = cut.end.iter().map(|&token| (token, Origin::End)).collect();
        behind.extend(model.engine.config.decoder_start.map(|token| (token, Origin::End)));
        // A text longer than the context keeps its end, with a quarter of the context left to go on in.
        let around = path.len() + behind.len();
        let room = if around + tokens.len() < context { tokens.len() } else { (context * 3 / 4).max(1) };
        let dropped = tokens.len().saturating_sub(room);
        path.extend(
            tokens[dropped..].iter().map(|token| (token.id, Origin::Text { start: token.start, end: token.end })),
        );
        if !tokens.is_empty() || !path.is_empty() {
            path.append(&mut behind);
        }
        if model.tokenizer.is_none() && path.is_empty() {
            self.say(Notice::warning(Message::NoTokenizer, &[&model.name, &(model.engine.config.vocabulary - 1)]));
        } else if dropped > 0 {
            self.say(Notice::warning(Message::TextTooLong, &[&tokens.len(), &context, &room]));
        } else if path.is_empty() {
            if let Some(token) = crate::job::start_of_text(&model) {
                path.push((token, Origin::Start));
            } else {
                self.say(Notice::hint(Message::TextIsEmpty, &[]));
            }
        }
        let follows = self.state.selected >= self.state.tip();
        self.state.dropped = dropped;
        if *self.state.run.text() != cut.text {
            self.forget_both_ways();
        }
        self.state.run.read(Arc::clone(&cut.text), &path);
        self.replant();
        self.cancel(Lane::Branches);
        self.state.evidence.keep_rows_of(self.state.run.path());
        self.state.selected = match self.state.predicts_next() {
            true if follows => self.state.tip(),
            true => self.state.selected.min(self.state.tip()),
            false => self.state.hidden().unwrap_or_else(|| self.state.selected_in_text()),
        };
        self.state.candidate = 0;
        self.state.key = None;
        self.cancel(Lane::Evidence);
        self.read();
    }

    fn rows(&mut self, rows: Rows) {
        if rows.subject == self.state.watched() {
            for (query, row) in rows.rows {
                if let Some(&node) = self.state.run.path().get(query) {
                    self.state.evidence.keep_row(node, row);
                }
            }
        }
    }

    fn overview(&mut self, overview: Overview) {
        let Some(&last) = overview.length.checked_sub(1).and_then(|index| self.state.run.path().get(index)) else {
            return;
        };
        if self.state.head_choice == HeadChoice::First {
            self.state.head_choice = HeadChoice::Telling;
            if let Some((layer, head)) = overview.telling() {
                self.show_head(layer, head);
            }
        }
        self.state.evidence.keep_overview(last, overview);
    }

    fn stepped(&mut self, step: Step) {
        let state = &mut *self.state;
        let follows = state.selected == state.tip();
        state.run.step(step.token, step.origin, step.score, step.position);
        state.step_time = Some(step.elapsed);
        if let Some(&node) = state.run.path().last() {
            state.run.set_used(node, Some(Arc::clone(&state.used)), step.mu);
            state.evidence.keep(node, step.next);
        }
        if follows {
            state.selected = state.tip();
            state.candidate = 0;
        }
        self.rows(step.row);
        if step.last && self.state.playing {
            self.say(Notice::info(Message::EndOfText, &[]));
        }
    }

    fn finished(&mut self, lane: Lane) {
        self.rests(lane);
        match lane {
            Lane::Run => {
                self.state.playing = false;
                self.state.drawing = false;
            }
            Lane::Files => (self.state.opening, self.state.fetching) = (None, None),
            Lane::Lab => self.state.repetition.curing = false,
            Lane::Steps => self.state.steps.playing = false,
            Lane::Training => self.state.training.playing = false,
            Lane::Text
            | Lane::Words
            | Lane::Evidence
            | Lane::Information
            | Lane::Explain
            | Lane::Vocabulary
            | Lane::Contrast
            | Lane::Architectures
            | Lane::Trials
            | Lane::Branches => {}
        }
    }

    /// A search that came to no end has no greedy path to follow.
    fn failed_search(&mut self, lane: Lane) {
        if lane == Lane::Lab {
            self.stop_search();
        }
    }

    fn failed(&mut self, fault: &Fault) {
        self.say(match fault {
            Fault::Open(error) => Notice::failure(error),
            Fault::NoTokenizer(error) => Notice::failure(error),
            Fault::Forward(ForwardError::ContextFull { context, .. }) => {
                Notice::warning(Message::ContextFull, &[context])
            }
            Fault::Forward(error) => Notice::failure(error),
            Fault::NotFinite(error) => Notice::failure(error),
            Fault::Record(error) => Notice::failure(error),
            Fault::Change(error) => Notice::failure(error),
            Fault::Explain(error) => Notice::failure(error),
            Fault::Training(error) => Notice::failure(error),
        });
    }
}
