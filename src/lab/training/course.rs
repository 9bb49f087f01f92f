//! A training from its first step to its last, to be looked at in any order.

mod pairs;
mod pieces;
mod tags;

use std::cmp::Reverse;
use std::fmt::Debug;
use std::ops::ControlFlow;

use super::Counted;
use crate::lab::steps::Note;
use crate::text::segment::Gold;
use crate::text::train::Algorithm;
use crate::text::train::Recipe;
use crate::text::train::TrainError;
use crate::ui::Message;

/// How many words are followed.
const FOLLOWED: usize = 400;
/// The most tokens that are kept of the words that are followed, as the sum of their squared lengths.
const KEPT: usize = 4 << 20;
/// How many of the candidates that lost each step keeps.
const OTHERS: usize = 23;

/// A training. Step 0 is before anything was learned.
#[derive(Debug)]
pub struct Course {
    /// The most frequent words, the most frequent first.
    pub words: Vec<Followed>,
    /// How many different words there are.
    pub different: usize,
    /// How many bytes were no UTF-8.
    pub invalid: u64,
    /// Whether tokens are of bytes.
    pub of_bytes: bool,
    learned: Box<dyn Learned>,
}

/// A word, from step to step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// How often it occurs.
    pub times: u64,
    /// Its tokens from a step on.
    cuts: Vec<(usize, Vec<u32>)>,
}

/// What became of something that could be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was done, or it stayed.
    Won,
    /// It can be done yet.
    Open,
    /// It is gone.
    Gone,
}

/// Something that could be done in a step, and what it is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What.
    pub label: String,
    /// What it is worth, to be shown.
    pub worth: String,
    /// By how much it is behind the one that was taken, to be shown.
    pub behind: String,
    /// What it is worth beside the best, from 0 to 1.
    pub share: f64,
    /// What became of it.
    pub fate: Fate,
}

/// What a method learned, step by step; steps count from 1.
trait Learned: Debug + Send + Sync {
    fn len(&self) -> usize;
    fn label(&self, token: u32) -> String;
    /// Of how many characters, or bytes, of a word a token is.
    fn length(&self, token: u32) -> usize;
    fn notes(&self, step: usize) -> Vec<Note>;
    fn candidates(&self, step: usize, room: usize) -> Vec<Candidate>;
    fn size(&self, step: usize) -> usize;
    fn vocabulary(&self, step: usize, most: usize) -> Vec<u32>;
    /// How the vocabulary is listed, and how large it is.
    fn order(&self) -> Message;
    /// What is said above the words that are followed, with holes for the tokens and for how many words there are.
    fn follows(&self) -> Message {
        Message::TrainWords
    }
    fn tokens(&self, step: usize) -> u64;
    fn file(&self, step: usize) -> Vec<u8>;
    fn example(&self, _step: usize) -> Option<Followed> {
        None
    }
}

impl Course {
    /// Learns all there is to learn; `progress` is told how many steps are done, of how many at most.
    ///
    /// # Errors
    /// The vocabulary cannot be; nothing where `progress` broke.
    pub fn new(
        recipe: Recipe,
        counted: &Counted,
        progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Option<Self>, TrainError> {
        let Counted { words: different, invalid, .. } = counted;
        let (different, invalid, of_bytes) = (different.len(), *invalid, recipe.byte_level);
        let learned: Option<(Vec<Followed>, Box<dyn Learned>)> = if recipe.algorithm == Algorithm::Unigram {
            pieces::learn(recipe, counted, progress)?.map(|(words, learned)| (words, Box::new(learned) as Box<_>))
        } else {
            pairs::learn(recipe, counted, progress)?.map(|(words, learned)| (words, Box::new(learned) as Box<_>))
        };
        Ok(learned.map(|(words, learned)| Self { words, different, invalid, of_bytes, learned }))
    }

    /// Counts the tags of segmented sentences, each a step; nothing where `go_on`, which is told how many are done of how
    /// many, said no.
    pub fn of_tags(gold: Gold, go_on: &mut dyn FnMut(usize, usize) -> bool) -> Option<Self> {
        tags::count(gold, go_on)
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.learned.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A token as it is shown.
    pub fn label(&self, token: u32) -> String {
        self.learned.label(token)
    }

    /// What happened in a step, and why that.
    pub fn notes(&self, step: usize) -> Vec<Note> {
        self.learned.notes(step)
    }

    /// What could be done in a step, at most so many; of step 0, what can be done in the next.
    pub fn candidates(&self, step: usize, room: usize) -> Vec<Candidate> {
        self.learned.candidates(step, room)
    }

    /// The most frequent word that a step changed, where that is none of the words that are followed.
    pub fn example(&self, step: usize) -> Option<Followed> {
        self.learned.example(step)
    }

    /// The tokens of a word after a step, each with whether the step made it.
    pub fn cut(&self, word: &Followed, step: usize) -> Vec<(u32, bool)> {
        let places = |tokens: &[u32]| -> Vec<(usize, usize, u32)> {
            let ends = tokens.iter().scan(0, |end, &token| {
                let start = *end;
                *end += self.learned.length(token);
                Some((start, *end, token))
            });
            ends.collect()
        };
        let now = word.at(step);
        let before = word.before(step).map(places);
        let is_new = |place| before.as_ref().is_some_and(|before| before.binary_search(&place).is_err());
        now.iter().copied().zip(places(now).into_iter().map(is_new)).collect()
    }

    /// How many tokens the vocabulary had after a step.
    pub fn size(&self, step: usize) -> usize {
        self.learned.size(step)
    }

    /// The first of them, in the order that [`Self::order`] says.
    pub fn vocabulary(&self, step: usize, most: usize) -> Vec<u32> {
        self.learned.vocabulary(step, most)
    }

    /// How the vocabulary is listed, with a hole for its size.
    pub fn order(&self) -> Message {
        self.learned.order()
    }

    /// What is said above the words, with holes for [`Self::tokens`] and [`Self::different`].
    pub fn follows(&self) -> Message {
        self.learned.follows()
    }

    /// How many tokens the corpus was after a step.
    pub fn tokens(&self, step: usize) -> u64 {
        self.learned.tokens(step)
    }

    /// The `tokenizer.json` of what was learned up to a step.
    pub fn file(&self, step: usize) -> Vec<u8> {
        self.learned.file(step)
    }
}

impl Followed {
    /// Its tokens after a step.
    pub fn at(&self, step: usize) -> &[u32] {
        let upto = self.cuts.partition_point(|&(from, _)| from <= step);
        upto.checked_sub(1).and_then(|last| self.cuts.get(last)).map_or(&[], |(_, tokens)| tokens)
    }

    /// Its tokens before a step that changed them.
    pub fn before(&self, step: usize) -> Option<&[u32]> {
        let changed = step > 0 && self.cuts.iter().any(|&(from, _)| from == step);
        changed.then(|| self.at(step - 1))
    }

    /// It is these tokens from `step` on, if it was others.
    fn becomes(&mut self, step: usize, tokens: &[u32]) {
        if self.cuts.last().is_none_or(|(_, last)| last != tokens) {
            self.cuts.push((step, tokens.to_vec()));
        }
    }
}

/// The words that are followed, and the place of each among all, of which `times` says how often they occur.
fn followed(times: impl Iterator<Item = u64>, tokens: impl Fn(usize) -> Vec<u32>) -> (Vec<Followed>, Vec<usize>) {
    let mut order: Vec<(usize, u64)> = times.enumerate().collect();
    order.sort_by_key(|&(_, times)| Reverse(times));
    order.truncate(FOLLOWED);
    let (mut words, mut places, mut kept) = (Vec::new(), Vec::new(), 0);
    for (place, times) in order {
        let tokens = tokens(place);
        kept += tokens.len().pow(2);
        if kept > KEPT && !words.is_empty() {
            break;
        }
        words.push(Followed { times, cuts: vec![(0, tokens)] });
        places.push(place);
    }
    (words, places)
}
