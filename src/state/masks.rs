//! The mask lab's page: which masks the text is tried under, and what was found.

use std::sync::Arc;

use super::Ctx;
use super::Notice;
use super::State;
use crate::job::Job;
use crate::job::Lane;
use crate::job::MaskTrial;
use crate::job::Tried;
use crate::job::TryMasks;
use crate::job::Weights;
use crate::lab::masks::Asked;
use crate::lab::masks::Misfit;
use crate::lab::masks::rank::HeadRank;
use crate::lab::masks::reuse::Reuse;
use crate::lm::Mask;
use crate::ui::Message;

/// The most tokens that are tried: their first ones.
pub const TRIED: usize = 64;
/// Of these, how many the ranks are of: the time grows with their cube.
pub const RANKED: usize = 48;
/// How many of the last tokens are taken for a turn that is added to a conversation.
const ADDED: usize = 8;

/// What the page shows beside the masks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// What each token costs under each mask.
    #[default]
    Costs,
    /// The weights of the head in view under the mask in view.
    Weights,
    /// Singular values, rank and determinant of the head in view.
    Rank,
    /// What of a cache can be used again when a turn is added.
    Reuse,
    /// What the family was trained on, made from the text.
    Training,
}

impl Part {
    /// Every part, in order.
    pub const ALL: [Self; 5] = [Self::Costs, Self::Weights, Self::Rank, Self::Reuse, Self::Training];

    /// The part after, or before, round.
    #[must_use]
    pub fn beside(self, forward: bool) -> Self {
        let at = Self::ALL.iter().position(|part| *part == self).unwrap_or(0);
        Self::ALL[(at + if forward { 1 } else { Self::ALL.len() - 1 }) % Self::ALL.len()]
    }
}

/// What trials are of: others hold no longer when any of it changes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Of {
    tokens: Vec<u32>,
    source: Vec<u32>,
}

/// What was asked for last.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    of: Of,
    masks: Vec<Mask>,
    place: (usize, usize),
    rank: bool,
    reuse: bool,
}

/// The mask lab's page.
#[derive(Debug)]
pub struct Masks {
    /// The masks that are asked for, beside the model's own.
    list: Vec<Asked>,
    /// Added to the seed that orders are drawn by.
    order: u64,
    /// What the page shows beside the masks.
    pub part: Part,
    of: Of,
    asked: Option<Wanted>,
    tried: Vec<Arc<Tried>>,
    weights: Vec<Weights>,
    /// The ranks of the heads that were measured, layer after layer.
    pub ranks: Vec<HeadRank>,
    /// What a cache is worth, once it was measured.
    pub reuse: Vec<Reuse>,
    /// The mask under way, and how many tokens are foretold.
    pub progress: Option<(Mask, usize)>,
    /// Whether the person stopped it.
    stopped: bool,
}

impl Default for Masks {
    fn default() -> Self {
        Self {
            list: Asked::ALL.to_vec(),
            order: 0,
            part: Part::default(),
            of: Of::default(),
            asked: None,
            tried: Vec::new(),
            weights: Vec::new(),
            ranks: Vec::new(),
            reuse: Vec::new(),
            progress: None,
            stopped: false,
        }
    }
}

impl Masks {
    /// The text under a mask, if it was tried.
    pub fn tried(&self, mask: &Mask) -> Option<&Tried> {
        self.tried.iter().find(|tried| tried.mask == *mask).map(|tried| &**tried)
    }

    /// The weights of a head under a mask, if they are at hand.
    pub fn weights(&self, mask: &Mask, place: (usize, usize)) -> Option<&Weights> {
        self.weights.iter().find(|weights| weights.place == place && weights.mask == *mask)
    }

    /// The tokens that are tried.
    pub fn tokens(&self) -> &[u32] {
        &self.of.tokens
    }

    /// Nothing of another model.
    pub(super) fn renew(&mut self) {
        let Self { list, order, part, .. } = std::mem::take(self);
        *self = Self { list, order, part, ..Self::default() };
    }
}

impl State {
    /// The masks of the page: the model's own, then those that were asked for; a misfit where one does not fit the text. The
    /// model's own alone where there is nothing to mask.
    pub fn masks_in_view(&self) -> Vec<Result<Mask, Misfit>> {
        let Some(model) = &self.model else { return Vec::new() };
        let home = &model.engine.blueprint.mask;
        let (length, seed) = (self.masks.of.tokens.len(), self.settings.seed.wrapping_add(self.masks.order));
        let list = if self.recurs() { &[][..] } else { &self.masks.list };
        let others = list.iter().map(|asked| asked.of(length, seed));
        std::iter::once(Ok(home.clone())).chain(others.filter(|mask| mask.as_ref() != Ok(home))).collect()
    }

    /// Where on the path the tokens begin that are tried: of a model with an encoder before its decoder what was generated,
    /// as soon as there is any.
    pub fn tried_from(&self) -> usize {
        let generated = self.source_len() > 0 && self.run.len() > self.run.text_len();
        if generated { self.run.text_len() } else { 0 }
    }

    /// The selected token among those that are tried.
    pub fn selected_trial(&self) -> usize {
        let last = self.masks.of.tokens.len().saturating_sub(1);
        self.selected.saturating_sub(self.tried_from()).min(last)
    }
}

impl Ctx<'_> {
    /// The page on masks is out of view: nothing of it is at work.
    pub(super) fn leave_masks(&mut self) {
        if self.state.masks.asked.take().is_some() {
            self.cancel(Lane::Trials);
        }
        self.state.masks.stopped = false;
    }

    /// Brings up to date what the page on masks shows.
    pub(super) fn refresh_masks(&mut self) {
        let state = &*self.state;
        let Some(model) = state.model.clone() else { return };
        let waits = state.playing || state.is_busy(Lane::Run) || state.run.is_empty();
        if waits || state.run.context_len() < state.run.len() {
            return;
        }
        let ids = |range: std::ops::Range<usize>| state.run.tokens().skip(range.start).take(range.len());
        let source = ids(0..state.source_len()).map(|node| node.token).collect::<Vec<_>>();
        let mut tokens: Vec<u32> = ids(state.tried_from()..usize::MAX).map(|node| node.token).take(TRIED).collect();
        if !source.is_empty() && state.tried_from() == 0 {
            tokens = source.iter().copied().take(TRIED).collect();
        }
        let of = Of { tokens, source };
        if of != state.masks.of {
            let masks = &mut self.state.masks;
            masks.renew();
            masks.of = of;
        }
        let state = &*self.state;
        let part = state.masks.part;
        let rank = part == Part::Rank && !state.recurs();
        let wanted = Wanted {
            of: state.masks.of.clone(),
            masks: state.masks_in_view().into_iter().filter_map(Result::ok).collect(),
            place: (state.layer, state.head),
            rank,
            reuse: part == Part::Reuse,
        };
        let answered = state.masks.asked.as_ref() == Some(&wanted);
        if answered || state.masks.stopped || wanted.of.tokens.is_empty() {
            return;
        }
        let masks = &mut self.state.masks;
        masks.tried.retain(|tried| wanted.masks.contains(&tried.mask));
        masks.weights.retain(|weights| weights.place == wanted.place && wanted.masks.contains(&weights.mask));
        let job = TryMasks {
            model,
            tokens: wanted.of.tokens.clone(),
            source: wanted.of.source.clone(),
            masks: wanted.masks.clone(),
            known: masks.tried.clone(),
            place: wanted.place,
            ranks: wanted.rank.then_some((RANKED, masks.ranks.len())),
            reuse: (wanted.reuse && masks.reuse.is_empty()).then(|| ADDED.min(wanted.of.tokens.len() / 2)),
            threads: self.state.threads,
        };
        self.state.masks.asked = Some(wanted);
        self.submit(Lane::Trials, Job::Masks(Box::new(job)));
    }

    pub(super) fn mask_tried(&mut self, found: MaskTrial) {
        let masks = &mut self.state.masks;
        match found {
            MaskTrial::Progress(mask, count) => masks.progress = Some((mask, count)),
            MaskTrial::Tried(tried) => {
                masks.progress = None;
                masks.tried.push(tried);
            }
            MaskTrial::Weights(weights) => {
                masks.weights.retain(|other| other.mask != weights.mask);
                masks.weights.push(weights);
            }
            MaskTrial::Ranked(head) => masks.ranks.push(head),
            MaskTrial::Reused(reuse) => masks.reuse = reuse,
        }
    }

    /// Stops what is at work on the page, or goes on with it; returns whether there was anything of either.
    pub fn pause_masks(&mut self) -> bool {
        let (busy, stopped) = (self.state.is_busy(Lane::Trials), self.state.masks.stopped);
        if busy {
            self.cancel(Lane::Trials);
            self.say(Notice::info(Message::TrialsStopped, &[]));
            self.state.masks.asked = None;
            self.state.masks.progress = None;
        }
        self.state.masks.stopped = busy;
        busy || stopped
    }

    /// Makes the number of a mask in view one more or one less; draws another order of a permutation.
    pub fn turn_mask(&mut self, in_view: usize, up: bool) {
        let length = self.state.masks.of.tokens.len();
        let Some(Ok(mask)) = self.state.masks_in_view().into_iter().nth(in_view) else { return };
        let masks = &mut self.state.masks;
        let turned = |n: usize, least: usize| if up { (n + 1).min(length) } else { n.saturating_sub(1).max(least) };
        let asked = match mask {
            Mask::Prefix(n) => Asked::Exactly(Mask::Prefix(turned(n, 0))),
            Mask::SeqToSeq(n) => Asked::Exactly(Mask::SeqToSeq(turned(n, 0))),
            Mask::Window(n) => Asked::Exactly(Mask::Window(turned(n, 1))),
            Mask::Permutation(_) => {
                masks.order = if up { masks.order.wrapping_add(1) } else { masks.order.wrapping_sub(1) };
                Asked::Permutation
            }
            _ => return self.say(Notice::hint(Message::MaskHasNoNumber, &[&mask])),
        };
        // Its place in the list: the model's own is shown first, wherever it stands.
        let home = self.state.model.as_ref().map(|model| model.engine.blueprint.mask.clone());
        let masks = &mut self.state.masks;
        let seed = self.state.settings.seed.wrapping_add(masks.order);
        let others = masks.list.iter_mut().filter(|asked| asked.of(length, seed).ok() != home);
        match in_view.checked_sub(1).and_then(|index| others.into_iter().nth(index)) {
            Some(place) => *place = asked,
            None => self.say(Notice::hint(Message::MaskIsOwn, &[])),
        }
    }

    /// The masks of the page as a person writes them.
    pub fn masks_line(&self) -> String {
        self.state.masks.list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    /// Takes the masks that a person wrote; all of them again from an empty line. Returns whether they could be taken.
    pub fn set_masks(&mut self, line: &str) -> bool {
        let parsed: Result<Vec<Asked>, _> = line.split_whitespace().map(str::parse).collect();
        match parsed {
            Ok(list) if list.is_empty() => self.state.masks.list = Asked::ALL.to_vec(),
            Ok(list) => {
                let length = self.state.masks.of.tokens.len();
                // It is kept: it may fit another text.
                if let Some(misfit) = list.iter().find_map(|asked| asked.of(length, 0).err()) {
                    self.say(Notice::failure(&misfit));
                }
                self.state.masks.list = list;
            }
            Err(error) => {
                self.say(Notice::failure(&error));
                return false;
            }
        }
        true
    }
}
