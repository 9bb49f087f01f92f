//! The page on long texts: how the text is read when less of it is kept, and what length costs.

use std::time::Duration;

use super::Ctx;
use super::Notice;
use super::PaneId;
use super::State;
use crate::job::Job;
use crate::job::Lane;
use crate::job::LengthTrial;
use crate::job::TryLength;
use crate::lab::information::Total;
use crate::lab::length;
use crate::lab::length::Foretold;
use crate::lab::length::LEAST;
use crate::lab::length::Strategy;
use crate::lab::length::cost;
use crate::lab::length::cost::Point;
use crate::lm::blueprint::Stacks;
use crate::ui::Message;

/// The most tokens of a cache unless the person turns it.
const BUDGET: usize = 128;
/// The shortest prompt that is measured, and the longest unless the person turns it.
const COSTED: (usize, usize) = (64, 1024);

/// A text read by a strategy, as far as it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// The strategy.
    pub strategy: Strategy,
    /// The tokens that are foretold, in order.
    pub foretold: Vec<Foretold>,
    /// The time it took, once it is done.
    pub time: Option<Duration>,
}

impl Way {
    /// What the tokens cost together.
    pub fn total(&self) -> Total {
        length::total(&self.foretold)
    }

    /// The most positions that the cache held.
    pub fn held(&self) -> usize {
        self.foretold.iter().map(Foretold::held).max().unwrap_or(0)
    }
}

/// What was asked for last.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    tokens: Vec<u32>,
    budget: usize,
    most: usize,
}

/// The page on long texts.
#[derive(Debug, Default)]
pub struct Length {
    /// Whether the cost comes first.
    pub cost: bool,
    /// The cache's size, where the person turned it.
    budget: Option<usize>,
    /// The longest prompt, where the person turned it.
    longest: Option<usize>,
    asked: Option<Wanted>,
    /// What the ways are of.
    of: Wanted,
    /// The strategies, in order, as far as they have come.
    pub ways: Vec<Way>,
    /// What each length costs.
    pub points: Vec<Point>,
    stopped: bool,
}

impl Length {
    /// The text read by a strategy, if it was begun.
    pub fn way(&self, strategy: Strategy) -> Option<&Way> {
        self.ways.iter().find(|way| way.strategy == strategy)
    }

    /// The tokens of the text.
    pub fn tokens(&self) -> &[u32] {
        &self.of.tokens
    }

    /// How many positions the cache holds.
    pub fn cache(&self) -> usize {
        self.of.budget
    }

    /// Nothing of another model.
    pub(super) fn renew(&mut self) {
        *self = Self { cost: self.cost, ..Self::default() };
    }
}

impl State {
    /// Whether the model goes on from a text of its own, so that it can be read by every strategy.
    pub fn reads_on(&self) -> bool {
        let model = self.model.as_ref();
        model.is_some_and(|model| model.engine.blueprint.stacks == Stacks::Decoder && model.engine.has_head())
    }

    /// The lengths whose cost is measured.
    pub fn costed(&self) -> Vec<usize> {
        let context = self.model.as_ref().map_or(1, |model| model.engine.config.context);
        // The next token needs one place more.
        let most = context.saturating_sub(1).max(1);
        cost::lengths(COSTED.0.min(most), self.length.longest.unwrap_or(COSTED.1).min(most))
    }
}

impl Ctx<'_> {
    /// Brings up to date what the pages on masks and on long texts show. They share a lane, and one of them at most is in
    /// view; elsewhere nothing of theirs is at work.
    pub fn refresh_trials(&mut self, focus: PaneId) {
        if focus != PaneId::Masks {
            self.leave_masks();
        }
        if focus != PaneId::Length {
            self.leave_length();
        }
        match focus {
            PaneId::Masks => self.refresh_masks(),
            PaneId::Length => self.refresh_length(),
            _ => {}
        }
    }

    fn leave_length(&mut self) {
        if self.state.length.asked.take().is_some() {
            self.cancel(Lane::Trials);
        }
        self.state.length.stopped = false;
    }

    fn refresh_length(&mut self) {
        let state = &*self.state;
        let Some(model) = state.model.clone() else { return };
        if state.playing || state.is_busy(Lane::Run) || state.run.context_len() < state.run.len() {
            return;
        }
        let tokens: Vec<u32> = state.run.tokens().map(|node| node.token).collect();
        let most = tokens.len().max(LEAST);
        let budget = state.length.budget.unwrap_or_else(|| BUDGET.min(tokens.len() / 2)).clamp(LEAST, most);
        let lengths = state.costed();
        let wanted = Wanted { tokens, budget, most: lengths.last().copied().unwrap_or(0) };
        let length = &state.length;
        if length.stopped || length.asked.as_ref() == Some(&wanted) {
            return;
        }
        let length = &mut self.state.length;
        if (&wanted.tokens, wanted.budget) != (&length.of.tokens, length.of.budget) {
            // What keeps everything asks for no budget.
            let same = wanted.tokens == length.of.tokens;
            length.ways.retain(|way| same && way.strategy == Strategy::Full);
        }
        length.of = wanted.clone();
        length.ways.retain(|way| way.time.is_some());
        length.points.retain(|point| lengths.contains(&point.tokens));
        let (ways, points) = (&length.ways, &length.points);
        let unread = |strategy: &Strategy| ways.iter().all(|way| way.strategy != *strategy);
        let unmeasured = |tokens: &usize| points.iter().all(|point| point.tokens != *tokens);
        let mut strategies: Vec<Strategy> = Strategy::ALL.into_iter().filter(unread).collect();
        let lengths: Vec<usize> = lengths.into_iter().filter(unmeasured).collect();
        let cost_first = length.cost;
        if !self.state.reads_on() || wanted.tokens.len() < 2 {
            strategies.clear();
        }
        let threads = self.state.threads;
        let job = TryLength { model, tokens: wanted.tokens.clone(), budget, strategies, lengths, cost_first, threads };
        self.state.length.asked = Some(wanted);
        if !(job.strategies.is_empty() && job.lengths.is_empty()) {
            self.submit(Lane::Trials, Job::Length(Box::new(job)));
        }
    }

    pub(super) fn length_tried(&mut self, found: LengthTrial) {
        let length = &mut self.state.length;
        match found {
            LengthTrial::Foretold(strategy, token) => match length.ways.iter_mut().find(|way| way.strategy == strategy)
            {
                Some(way) => way.foretold.push(token),
                None => length.ways.push(Way { strategy, foretold: vec![token], time: None }),
            },
            LengthTrial::Read(strategy, time) => match length.ways.iter_mut().find(|way| way.strategy == strategy) {
                Some(way) => way.time = Some(time),
                None => length.ways.push(Way { strategy, foretold: Vec::new(), time: Some(time) }),
            },
            LengthTrial::Cost(point) => {
                length.points.push(point);
                length.points.sort_by_key(|point| point.tokens);
            }
        }
    }

    /// Stops what is at work on the page, or goes on with it; returns whether there was anything of either.
    pub fn pause_length(&mut self) -> bool {
        let (busy, stopped) = (self.state.is_busy(Lane::Trials), self.state.length.stopped);
        if busy {
            self.cancel(Lane::Trials);
            self.say(Notice::info(Message::TrialsStopped, &[]));
            self.state.length.asked = None;
        }
        self.state.length.stopped = busy;
        busy || stopped
    }

    /// Shows the other part first, and measures it first.
    pub fn switch_length(&mut self) {
        self.state.length.cost = !self.state.length.cost;
        if self.state.is_busy(Lane::Trials) {
            self.state.length.asked = None;
        }
    }

    /// Makes the cache larger or smaller, by an eighth; where the cost is in view, doubles or halves the longest prompt.
    pub fn turn_length(&mut self, up: bool) {
        if self.state.length.cost {
            let before = self.state.costed();
            let longest = before.last().copied().unwrap_or(COSTED.0);
            let below = 1 << longest.saturating_sub(1).max(1).ilog2();
            let turned = if up { (longest + 1).next_power_of_two() } else { below.max(COSTED.0) };
            self.state.length.longest = Some(turned);
            if self.state.costed() == before {
                self.say(Notice::hint(Message::LengthNoFurther, &[&longest]));
            }
            return;
        }
        let length = &mut self.state.length;
        let (budget, most) = (length.of.budget, length.of.tokens.len().max(LEAST));
        let step = (budget / 8).max(1);
        length.budget = Some(if up { budget + step } else { budget.saturating_sub(step) }.clamp(LEAST, most));
    }
}
