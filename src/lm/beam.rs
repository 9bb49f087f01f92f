//! Beam search, one step at a time: several continuations held at once, each a list of shared positions, the best of
//! their continuations kept.
//!
//! Plain search is Hugging Face's (transformers 5, `GenerationMixin._beam_search`): of all one-token continuations of the
//! live hypotheses the `max(2, 1 + ends) × width` of greatest log-probability are looked at; the best `width` that go on
//! live on, and those among the first `width` that end are finished. Diverse search divides the beam into groups that
//! choose one after another, each paying `diversity` for every beam of an earlier group that took the same token in this
//! step (Vijayakumar et al. 2018, arXiv 1610.02424, section 3, Hamming diversity), and what was paid stays in the score.
//!
//! Nothing is left to chance. Of continuations of equal score the one of the better parent goes first, then the lower
//! token id.

mod rules;

use std::cmp::Ordering;
use std::sync::Arc;

pub use rules::{EarlyStopping, Rules, RulesError};

use super::distribution::{Distribution, NotFinite};
use super::error::ForwardError;
use super::intervention::{Conditions, Interventions};
use super::position::Position;
use super::transformer::{Transformer, sourced};
use super::workspace::Workspace;

/// A continuation of the prompt.
#[derive(Clone, Debug)]
pub struct Hypothesis {
    /// Its tokens, each with what it cost.
    pub choices: Vec<Choice>,
    /// The sum of `ln p` of its tokens.
    pub log_probability: f64,
    /// What it paid for taking what an earlier group took, in nats.
    pub paid: f64,
    /// `(log_probability − paid) / length ^ length_penalty`: what finished hypotheses are compared by.
    pub score: f64,
    /// Whether its last token ends the text.
    pub ended: bool,
    /// What the model computed for each token; the last token of a hypothesis that does not go on is not read.
    pub positions: Vec<Position>,
}

/// A token of a hypothesis, under the model's distribution before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// The token.
    pub token: u32,
    /// −log2 of its probability.
    pub surprisal_bits: f64,
    /// The entropy of the distribution.
    pub entropy_bits: f64,
    /// How many tokens were more probable.
    pub rank: usize,
}

impl Hypothesis {
    /// Its tokens.
    pub fn tokens(&self) -> impl ExactSizeIterator<Item = u32> {
        self.choices.iter().map(|choice| choice.token)
    }

    /// −log2 of its probability.
    pub fn bits(&self) -> f64 {
        self.choices.iter().map(|choice| choice.surprisal_bits).sum()
    }
}

/// One continuation by one token that a step looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Index of the group.
    pub group: usize,
    /// Index of the hypothesis it continues, among the group's live ones before the step.
    pub parent: usize,
    /// The token.
    pub token: u32,
    /// `ln p` of the whole continuation.
    pub log_probability: f64,
    /// What it paid for taking what an earlier group took, in nats.
    pub paid: f64,
    /// Its score at this length.
    pub score: f64,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a continuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It lives: its index among the group's live hypotheses after the step.
    Live(usize),
    /// It ended, and is among the best finished ones.
    Finished,
    /// It ended, and is not: finished ones are better, or too many continuations are.
    EndedLow,
    /// The others are better.
    Dropped,
}

/// Why a group has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// As many hypotheses as the group is wide have finished, and that was to be enough.
    Full,
    /// By the rule of [`EarlyStopping`], no live hypothesis can come out better than the worst of the finished ones.
    Unbeatable,
    /// The hypotheses are as long as they may be.
    Length,
    /// No token may follow.
    Exhausted,
}

/// What a step did.
#[derive(Clone, Debug)]
pub struct Step {
    /// How many tokens the continuations have.
    pub length: usize,
    /// The continuations looked at: group by group, best first. The groups that had stopped have none.
    pub candidates: Vec<Candidate>,
}

/// A beam search under way.
#[derive(Clone, Debug)]
pub struct Beam {
    rules: Rules,
    /// What is changed in the model.
    changes: Arc<Interventions>,
    /// The tokens that the decoder had read when the search began.
    prompt: Vec<u32>,
    context: Vec<Position>,
    longest: usize,
    length: usize,
    groups: Vec<Group>,
}

/// A beam of its own.
#[derive(Clone, Debug)]
struct Group {
    live: Vec<Live>,
    finished: Vec<Hypothesis>,
    stopped: Option<Stopped>,
}

/// A hypothesis that goes on.
#[derive(Clone, Debug)]
struct Live {
    hypothesis: Hypothesis,
    /// After its last token; absent once the group has stopped.
    next: Option<Arc<Distribution>>,
}

/// Why a search could not go on.
#[derive(Clone, Debug, PartialEq)]
pub enum BeamError {
    /// The forward pass gave nothing.
    Forward(ForwardError),
    /// The model computed a logit that is no number.
    NotFinite(NotFinite),
}

impl From<ForwardError> for BeamError {
    fn from(error: ForwardError) -> Self {
        Self::Forward(error)
    }
}

impl From<NotFinite> for BeamError {
    fn from(error: NotFinite) -> Self {
        Self::NotFinite(error)
    }
}

impl std::fmt::Display for BeamError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Forward(error) => error.fmt(f),
            Self::NotFinite(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BeamError {}

impl Beam {
    /// A search that continues `context`, what the model computed for the prompt: not empty, and behind an encoder the
    /// source and at least the decoder's first token. No hypothesis becomes longer than the context holds: all its tokens
    /// but the last have to be read.
    ///
    /// # Errors
    /// No logits after the prompt.
    pub fn new(
        engine: &Transformer,
        context: Vec<Position>,
        rules: Rules,
        workspace: &mut Workspace,
    ) -> Result<Self, BeamError> {
        let prompt: Vec<u32> = sourced(&context).1.iter().map(Position::token).collect();
        if prompt.is_empty() {
            return Err(ForwardError::NoSuchPosition { index: 0, length: 0 }.into());
        }
        let next = Arc::new(Distribution::new(engine.logits(&context[context.len() - 1..], workspace)?)?);
        let start = Live {
            hypothesis: Hypothesis {
                choices: Vec::new(),
                log_probability: 0.0,
                paid: 0.0,
                score: 0.0,
                ended: false,
                positions: Vec::new(),
            },
            next: Some(next),
        };
        let longest = rules.steps.min((engine.config.context + 1).saturating_sub(prompt.len()));
        let stopped = (longest == 0).then_some(Stopped::Length);
        let group = Group { live: vec![start], finished: Vec::new(), stopped };
        let groups = vec![group; rules.groups];
        Ok(Self { rules, changes: Arc::default(), prompt, context, longest, length: 0, groups })
    }

    /// The same search in a model with interventions, under which the prompt was read.
    #[must_use]
    pub fn with(self, changes: Arc<Interventions>) -> Self {
        Self { changes, ..self }
    }

    /// The rules it follows.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// How many tokens the live hypotheses have.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The live hypotheses of a group, best first.
    pub fn live(&self, group: usize) -> impl ExactSizeIterator<Item = &Hypothesis> {
        let live = self.groups.get(group).map_or(&[][..], |group| &group.live);
        live.iter().map(|live| &live.hypothesis)
    }

    /// Why a group has stopped; `None` while it goes on.
    pub fn stopped(&self, group: usize) -> Option<Stopped> {
        self.groups.get(group).and_then(|group| group.stopped)
    }

    /// Whether every group has stopped.
    pub fn is_done(&self) -> bool {
        self.groups.iter().all(|group| group.stopped.is_some())
    }

    /// The finished hypotheses of all groups with their groups, by score; of equal scores the one that was found first
    /// goes first. No more than the beam is wide.
    pub fn finished(&self) -> Vec<(usize, &Hypothesis)> {
        let groups = self.groups.iter().enumerate();
        let mut all: Vec<_> =
            groups.flat_map(|(number, group)| group.finished.iter().map(move |found| (number, found))).collect();
        all.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
        all
    }

    /// One token more. `None` when every group has stopped. After an error the search is as it was before the step.
    ///
    /// # Errors
    /// Stopped by `go_on`, which is asked in every layer; a logit that is no number.
    pub fn step(
        &mut self,
        engine: &Transformer,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Option<Step>, BeamError> {
        if self.is_done() {
            return Ok(None);
        }
        let length = self.length + 1;
        let mut taken = Vec::new();
        let mut groups = Vec::with_capacity(self.groups.len());
        let mut looked_at = Vec::new();
        for (number, group) in self.groups.iter().enumerate() {
            if group.stopped.is_some() {
                groups.push(group.clone());
                continue;
            }
            let mut candidates = self.candidates(number, group, &taken, length);
            let mut after = self.choose(group, &mut candidates, length);
            if after.stopped.is_none() {
                for live in &mut after.live {
                    self.read(engine, live, workspace, go_on)?;
                }
            }
            // Also in the last step, after which none goes on.
            let going_on = candidates.iter().map(|one| one.token).filter(|token| !self.rules.ends.contains(token));
            taken.extend(going_on.take(self.rules.group_width()));
            groups.push(after);
            looked_at.append(&mut candidates);
        }
        self.groups = groups;
        self.length = length;
        Ok(Some(Step { length, candidates: looked_at }))
    }

    /// The best continuations of a group, best first; not yet told what becomes of them.
    fn candidates(&self, number: usize, group: &Group, taken: &[u32], length: usize) -> Vec<Candidate> {
        let most = (1 + self.rules.ends.len()).max(2) * self.rules.group_width();
        let mut all = Vec::new();
        for (parent, live) in group.live.iter().enumerate() {
            let Some(next) = &live.next else { continue };
            let banned = self.banned(&live.hypothesis);
            // Those that pay go further down the order, and no others do.
            let reach = most + taken.len() + banned.len();
            for &token in next.front(reach).iter().take(reach).filter(|token| !banned.contains(token)) {
                let nats = next.surprisal_bits(token) * std::f64::consts::LN_2;
                let same = taken.iter().filter(|&&other| other == token).count();
                let log_probability = live.hypothesis.log_probability - nats;
                let paid = live.hypothesis.paid + self.rules.diversity * same as f64;
                let score = self.rules.score(log_probability - paid, length);
                let fate = Fate::Dropped;
                all.push(Candidate { group: number, parent, token, log_probability, paid, score, fate });
            }
        }
        let worth = |candidate: &Candidate| candidate.log_probability - candidate.paid;
        // The sort is stable: equals stay in the order of their parents, and within one in the order of their ids.
        all.sort_by(|a, b| {
            worth(b).total_cmp(&worth(a)).then_with(|| match a.parent.cmp(&b.parent) {
                Ordering::Equal => a.token.cmp(&b.token),
                order => order,
            })
        });
        all.truncate(most);
        all
    }

    /// The tokens that would complete an n-gram which stands in prompt and hypothesis already (Paulus et al. 2018,
    /// arXiv 1705.04304, section 2.5).
    fn banned(&self, hypothesis: &Hypothesis) -> Vec<u32> {
        let n = self.rules.no_repeat;
        if n == 0 {
            return Vec::new();
        }
        let tokens: Vec<u32> = self.prompt.iter().copied().chain(hypothesis.tokens()).collect();
        let Some(start) = (tokens.len() + 1).checked_sub(n) else { return Vec::new() };
        let end = &tokens[start..];
        let repeats = tokens.windows(n).filter(|window| window[..n - 1] == *end);
        repeats.map(|window| window[n - 1]).collect()
    }

    /// Says what becomes of each candidate, and gives the group after the step.
    fn choose(&self, group: &Group, candidates: &mut [Candidate], length: usize) -> Group {
        let width = self.rules.group_width();
        let last = length >= self.longest;
        let mut live = Vec::new();
        let mut finished = group.finished.clone();
        let mut came = Vec::new();
        for (place, candidate) in candidates.iter_mut().enumerate() {
            let ended = self.rules.ends.contains(&candidate.token);
            if !ended && !last {
                if live.len() < width {
                    candidate.fate = Fate::Live(live.len());
                    live.push(Live { hypothesis: grown(group, candidate, ended), next: None });
                }
            } else if place < width {
                finished.push(grown(group, candidate, ended));
                came.push(place);
            } else if ended {
                candidate.fate = Fate::EndedLow;
            }
        }
        // Stable, so what finished earlier stays before its equals.
        let mut order: Vec<usize> = (0..finished.len()).collect();
        order.sort_by(|&a, &b| finished[b].score.total_cmp(&finished[a].score));
        order.truncate(width);
        for (index, &place) in came.iter().enumerate() {
            let kept = order.contains(&(group.finished.len() + index));
            let candidate = &mut candidates[place];
            candidate.fate = match (kept, self.rules.ends.contains(&candidate.token)) {
                (true, _) => Fate::Finished,
                (false, true) => Fate::EndedLow,
                (false, false) => Fate::Dropped,
            };
        }
        let finished: Vec<Hypothesis> = order.into_iter().map(|index| finished[index].clone()).collect();
        let stopped = self.why_stop(&live, &finished, length);
        Group { live, finished, stopped }
    }

    fn why_stop(&self, live: &[Live], finished: &[Hypothesis], length: usize) -> Option<Stopped> {
        let width = self.rules.group_width();
        if length >= self.longest {
            return Some(Stopped::Length);
        }
        let Some(best) = live.first() else { return Some(Stopped::Exhausted) };
        let worst = finished.get(width - 1)?;
        if self.rules.early_stopping == EarlyStopping::Yes {
            return Some(Stopped::Full);
        }
        let Hypothesis { log_probability, paid, .. } = best.hypothesis;
        let optimistic = self.rules.early_stopping == EarlyStopping::Never && self.rules.length_penalty > 0.0;
        let reachable = self.rules.score(log_probability - paid, if optimistic { self.longest } else { length });
        (reachable <= worst.score).then_some(Stopped::Unbeatable)
    }

    /// Has the model read a hypothesis's last token.
    fn read(
        &self,
        engine: &Transformer,
        live: &mut Live,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<(), BeamError> {
        let hypothesis = &mut live.hypothesis;
        let Some(last) = hypothesis.choices.last() else { return Ok(()) };
        let mut path: Vec<_> = self.context.iter().chain(&hypothesis.positions).cloned().collect();
        let under = Conditions { mask: &engine.blueprint.mask, interventions: &self.changes };
        engine.append(&mut path, &[last.token], under, workspace, go_on)?;
        live.next = Some(Arc::new(Distribution::new(engine.logits(&path[path.len() - 1..], workspace)?)?));
        hypothesis.positions.extend(path.pop());
        Ok(())
    }
}

/// The hypothesis that a candidate is.
fn grown(group: &Group, candidate: &Candidate, ended: bool) -> Hypothesis {
    let Live { hypothesis: parent, next } = &group.live[candidate.parent];
    let mut choices = parent.choices.clone();
    choices.extend(next.as_ref().map(|next| Choice {
        token: candidate.token,
        surprisal_bits: next.surprisal_bits(candidate.token),
        entropy_bits: next.entropy_bits(),
        rank: next.rank(candidate.token).unwrap_or(usize::MAX),
    }));
    let Candidate { log_probability, paid, score, .. } = *candidate;
    Hypothesis { choices, log_probability, paid, score, ended, positions: parent.positions.clone() }
}
