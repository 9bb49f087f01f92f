//! Beam search and look-ahead from the end of the path, drawn into the run's tree.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::Ctx;
use super::Notice;
use super::run::NodeId;
use super::run::Segment;
use crate::job::Ahead;
use crate::job::BeamSearch;
use crate::job::Beams;
use crate::job::Job;
use crate::job::Lane;
use crate::job::LookAhead;
use crate::job::Origin;
use crate::lm::Interventions;
use crate::lm::Position;
use crate::lm::beam::Hypothesis;
use crate::lm::beam::Rules;
use crate::model::Model;
use crate::text::Tokenizer;
use crate::ui::Message;

/// How many of the most probable tokens are looked ahead from, and how far.
const ROADS: (usize, usize) = (5, 12);

/// A search under way, or done.
#[derive(Debug, Default)]
pub struct Search {
    /// Where it began.
    from: Option<NodeId>,
    /// What lived and what had finished after each step.
    steps: Vec<Standing>,
    /// The step in view, from 0.
    at: usize,
    /// Every node that the search went to, and the step that first did.
    touched: BTreeMap<NodeId, usize>,
    /// Where the roads looked ahead end, by the rank they begin with.
    roads: BTreeMap<usize, NodeId>,
    /// How long the search may be.
    longest: usize,
    /// Whether the greedy path is to follow.
    beam: bool,
    /// Whether it still goes on.
    running: bool,
}

/// The ends of hypotheses after a step, by score.
#[derive(Debug, Default)]
struct Standing {
    live: Vec<(NodeId, f64)>,
    finished: Vec<(NodeId, f64)>,
    /// Every node on the way of one of them.
    passed: BTreeSet<NodeId>,
}

/// What a search says of a segment of the tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    /// A hypothesis lives there: its place by score, from 1, and its score.
    Live(usize, f64),
    /// A hypothesis has finished there.
    Finished(usize, f64),
    /// Hypotheses went there, and none of them is left.
    Dropped,
    /// Greedy decoding goes there from the candidate of this rank, from 1.
    Road(usize),
}

/// What a search goes on from.
struct Start {
    model: Arc<Model>,
    context: Vec<Position>,
    changes: Arc<Interventions>,
}

impl Search {
    /// What the search says of a segment at the step in view.
    pub fn marks(&self, segment: &Segment) -> impl Iterator<Item = Mark> {
        let road = self.roads.iter().find(|(_, end)| segment.nodes.contains(end));
        let road = road.map(|(rank, _)| Mark::Road(rank + 1));
        self.mark(segment).into_iter().chain(road)
    }

    fn mark(&self, segment: &Segment) -> Option<Mark> {
        if let Some(standing) = self.steps.get(self.at) {
            let place = |ends: &[(NodeId, f64)]| {
                let found = ends.iter().position(|(end, _)| segment.nodes.contains(end));
                found.map(|index| (index + 1, ends[index].1))
            };
            if let Some((place, score)) = place(&standing.finished) {
                return Some(Mark::Finished(place, score));
            }
            if let Some((place, score)) = place(&standing.live) {
                return Some(Mark::Live(place, score));
            }
            let reached = |node: &NodeId| self.touched.get(node).is_some_and(|&step| step <= self.at);
            let gone = |node: &NodeId| reached(node) && !standing.passed.contains(node);
            if segment.nodes.first().is_some_and(gone) {
                return Some(Mark::Dropped);
            }
        }
        None
    }

    /// The step in view and how many there are, from 1; nothing without a beam search.
    pub fn step(&self) -> Option<(usize, usize)> {
        (!self.steps.is_empty()).then(|| (self.at + 1, self.steps.len()))
    }

    /// Looks at the step before, or after.
    pub fn turn(&mut self, forward: bool) {
        self.at = if forward { self.at + 1 } else { self.at.saturating_sub(1) }.min(self.steps.len().saturating_sub(1));
    }
}

impl Ctx<'_> {
    /// Starts a beam search from the end of the path: `answer` is its width, and perhaps how many steps, the length
    /// penalty, how many groups and their diversity. Returns whether it could be read.
    pub fn search(&mut self, answer: &str) -> bool {
        let numbers: Option<Vec<f64>> = answer.split_whitespace().map(|word| word.parse().ok()).collect();
        let count = |number: f64| number.fract() == 0.0 && (0.0..1e6).contains(&number);
        let Some(numbers) = numbers.filter(|numbers| matches!(numbers.len(), 1..=5)) else {
            self.say(Notice::hint(Message::BeamHow, &[]));
            return false;
        };
        let get = |index: usize, otherwise: f64| numbers.get(index).copied().unwrap_or(otherwise);
        if ![get(0, 1.0), get(1, 16.0), get(3, 1.0)].into_iter().all(count) {
            self.say(Notice::hint(Message::BeamHow, &[]));
            return false;
        }
        let tokenizer = self.state.model.as_ref().and_then(|model| model.tokenizer.as_ref());
        let ends = tokenizer.and_then(Tokenizer::eos).into_iter().collect();
        let rules = Rules {
            length_penalty: get(2, 1.0),
            groups: get(3, 1.0) as usize,
            diversity: get(4, 0.5),
            ..Rules::plain(get(0, 4.0) as usize, get(1, 16.0) as usize, ends)
        };
        if let Err(error) = rules.check() {
            self.say(Notice::failure(&error));
            return false;
        }
        let longest = rules.steps;
        if let Some(Start { model, context, changes }) = self.begin_search(longest, true) {
            let threads = self.state.threads;
            self.submit(Lane::Lab, Job::Beam(BeamSearch { model, context, rules, changes, threads }));
        }
        true
    }

    /// Looks where greedy decoding goes from each of the most probable tokens after the path.
    pub fn look_ahead(&mut self) {
        let (candidates, steps) = ROADS;
        if let Some(Start { model, context, changes }) = self.begin_search(steps, false) {
            let threads = self.state.threads;
            self.submit(Lane::Lab, Job::LookAhead(LookAhead { model, context, candidates, steps, changes, threads }));
        }
    }

    fn begin_search(&mut self, longest: usize, beam: bool) -> Option<Start> {
        if self.refuses_to_go_on() {
            return None;
        }
        self.stop();
        let model = self.state.model.clone()?;
        let context = self.state.run.context();
        if context.is_empty() || context.len() < self.state.run.len() {
            self.say(Notice::hint(Message::StillReading, &[]));
            return None;
        }
        let changes = self.ready_changes()?;
        let from = self.state.run.path().last().copied();
        self.state.search = Search { from, longest, beam, running: true, ..Search::default() };
        Some(Start { model, context, changes })
    }

    /// A step of the search: what lives and what has finished goes into the tree.
    pub(super) fn searched(&mut self, beams: Beams) {
        let Some(from) = self.state.search.from else { return };
        let Beams { mut live, mut finished, .. } = beams;
        let by_score = |a: &(usize, Hypothesis), b: &(usize, Hypothesis)| b.1.score.total_cmp(&a.1.score);
        live.sort_by(by_score);
        finished.sort_by(by_score);
        let step = self.state.search.steps.len();
        let mut passed = BTreeSet::new();
        let mut ends = |found: &[(usize, Hypothesis)]| -> Vec<(NodeId, f64)> {
            let mut ends = Vec::new();
            for (_, hypothesis) in found {
                let mut positions = hypothesis.positions.iter().cloned();
                let tokens = hypothesis
                    .choices
                    .iter()
                    .map(|&choice| (choice.token, Origin::Searched, choice.into(), positions.next()));
                let nodes = self.state.run.grow(from, tokens);
                ends.extend(nodes.last().map(|&end| (end, hypothesis.score)));
                passed.extend(&nodes);
                for node in nodes {
                    self.state.search.touched.entry(node).or_insert(step);
                }
            }
            ends
        };
        let (live, finished) = (ends(&live), ends(&finished));
        let standing = Standing { live, finished, passed };
        let search = &mut self.state.search;
        search.steps.push(standing);
        search.at = search.steps.len() - 1;
    }

    /// One token more of a road looked ahead.
    pub(super) fn looked_ahead(&mut self, ahead: Ahead) {
        let search = &self.state.search;
        let Some(from) = search.roads.get(&ahead.road).copied().or(search.from) else { return };
        let token = (ahead.token, Origin::Greedy, ahead.score, ahead.position);
        if let Some(&end) = self.state.run.grow(from, [token]).last() {
            self.state.search.roads.insert(ahead.road, end);
        }
    }

    /// Stops a search; returns whether there was one.
    pub(super) fn stop_search(&mut self) -> bool {
        let search = &mut self.state.search;
        search.beam = false;
        let running = std::mem::take(&mut search.running);
        if running {
            self.cancel(Lane::Lab);
        }
        running
    }

    /// The search is done; a beam search has the greedy path drawn beside it.
    pub(super) fn search_rests(&mut self) {
        let search = &mut self.state.search;
        search.running = false;
        if std::mem::take(&mut search.beam)
            && !search.steps.is_empty()
            && let Some(model) = self.state.model.clone()
        {
            let steps = search.longest;
            let Some(from) = search.from else { return };
            let Some(changes) = self.ready_changes() else { return };
            let search = &mut self.state.search;
            let context = self.state.run.context_to(from);
            search.running = true;
            let threads = self.state.threads;
            self.submit(
                Lane::Lab,
                Job::LookAhead(LookAhead { model, context, candidates: 1, steps, changes, threads }),
            );
        }
    }
}
