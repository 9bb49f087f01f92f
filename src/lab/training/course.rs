//! A training from its first step to its last, to be looked at in any order.

use std::ops::ControlFlow;

use super::Counted;
use super::merged;
use crate::lab::steps::Note;
use crate::text::train::Choice;
use crate::text::train::Pair;
use crate::text::train::PairStep;
use crate::text::train::PairTraining;
use crate::text::train::Recipe;
use crate::text::train::TrainError;
use crate::ui::Message;
use crate::ui::safe;

/// How many of the pairs that lost each step keeps.
const OTHERS: usize = 23;
/// How many words are followed.
const FOLLOWED: usize = 400;
/// The most tokens that are kept of the words that are followed, as the sum of their squared lengths.
const KEPT: usize = 4 << 20;

/// A training. Step 0 is before anything was learned.
#[derive(Debug)]
pub struct Course {
    /// What was learned, and how.
    pub recipe: Recipe,
    /// The most frequent words, the most frequent first.
    pub words: Vec<Followed>,
    /// How many different words there are.
    pub different: usize,
    /// How many bytes the corpus has.
    pub bytes: u64,
    /// How many of them were no UTF-8.
    pub invalid: u64,
    training: PairTraining,
    /// The place of each of the words among those of the training.
    places: Vec<usize>,
    steps: Vec<PairStep>,
}

/// A word, from step to step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// How often it occurs.
    pub times: u64,
    /// Its tokens from a step on.
    cuts: Vec<(usize, Vec<u32>)>,
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
    /// What it is worth beside the one that was taken, from 0 to 1.
    pub share: f64,
    /// Whether it was taken.
    pub won: bool,
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
        let mut training = PairTraining::new(&counted.words, recipe.rules())?;
        training.notes = OTHERS;
        let (mut words, places) = followed(&training);
        let all = recipe.pairs.size.saturating_sub(training.vocabulary().len());
        let mut steps: Vec<PairStep> = Vec::new();
        let mut wanted = true;
        training.run(|training, step| {
            steps.push(step.clone());
            for (word, &place) in words.iter_mut().zip(&places) {
                let tokens = training.word(place);
                if word.cuts.last().is_some_and(|(_, last)| last.len() != tokens.len()) {
                    word.cuts.push((steps.len(), tokens.to_vec()));
                }
            }
            wanted = progress(steps.len(), all).is_continue();
            if wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let Counted { words: different, bytes, invalid } = counted;
        let (different, bytes, invalid) = (different.len(), *bytes, *invalid);
        Ok(wanted.then_some(Self { recipe, words, different, bytes, invalid, training, places, steps }))
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// A token as it is shown.
    pub fn label(&self, token: u32) -> String {
        safe::token_label(&self.training.bytes(token))
    }

    /// What happened in a step, and why that.
    pub fn notes(&self, step: usize) -> Vec<Note> {
        match step.checked_sub(1).and_then(|step| self.steps.get(step)) {
            Some(step) => merged(&self.training, step).to_vec(),
            None => vec![Note::new(Message::TrainBegins, &[&self.vocabulary(0).len(), &self.tokens(0)])],
        }
    }

    /// What could be done in a step, the best first; of step 0, what can be done in the next.
    pub fn candidates(&self, step: usize) -> Vec<Candidate> {
        let Some(happened) = self.steps.get(step.saturating_sub(1)) else { return Vec::new() };
        let best = happened.pair.score;
        let by_count = self.recipe.pairs.choice == Choice::Count;
        let candidate = |(index, pair): (usize, &Pair)| {
            let score = |score: f64| if by_count { format!("{score}") } else { super::said::score(score) };
            Candidate {
                label: format!("{} + {}", self.label(pair.left), self.label(pair.right)),
                worth: score(pair.score),
                behind: match index {
                    0 => String::new(),
                    _ if pair.score == best => "=".to_owned(),
                    _ => format!("−{}", score(best - pair.score)),
                },
                share: pair.score / best,
                won: index == 0 && step > 0,
            }
        };
        std::iter::once(&happened.pair).chain(&happened.others).enumerate().map(candidate).collect()
    }

    /// The most frequent word that a step changed, where that is none of the words that are followed.
    pub fn example(&self, step: usize) -> Option<Followed> {
        let example = self.steps.get(step.checked_sub(1)?)?.example.as_ref()?;
        let cuts = vec![(step - 1, example.before.clone()), (step, example.after.clone())];
        (!self.places.contains(&example.word)).then_some(Followed { times: example.times, cuts })
    }

    /// The tokens of a word after a step, each with whether the step made it.
    pub fn cut(&self, word: &Followed, step: usize) -> Vec<(u32, bool)> {
        let places = |tokens: &[u32]| -> Vec<(usize, usize)> {
            let ends = tokens.iter().scan(0, |end, &token| {
                let start = *end;
                *end += self.training.length(token);
                Some((start, *end))
            });
            ends.collect()
        };
        let now = word.at(step);
        let before = word.before(step).map(places);
        let is_new = |place| before.as_ref().is_some_and(|before| before.binary_search(&place).is_err());
        now.iter().copied().zip(places(now).into_iter().map(is_new)).collect()
    }

    /// The tokens that there were after a step.
    pub fn vocabulary(&self, step: usize) -> std::ops::Range<u32> {
        0..self.training.vocabulary_after(step).len() as u32
    }

    /// How many tokens the corpus was after a step.
    pub fn tokens(&self, step: usize) -> u64 {
        let after = step.checked_sub(1).and_then(|step| self.steps.get(step)).map(|step| step.after);
        after.or_else(|| Some(self.steps.first()?.before)).unwrap_or_else(|| self.training.total())
    }

    /// The `tokenizer.json` of what was learned up to a step.
    pub fn file(&self, step: usize) -> Vec<u8> {
        self.recipe.file(&self.training, step)
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
}

/// The words that are followed, and the place of each among the words of the training.
fn followed(training: &PairTraining) -> (Vec<Followed>, Vec<usize>) {
    let mut order: Vec<(usize, u64)> = training.words().map(|(_, times)| times).enumerate().collect();
    order.sort_by_key(|&(_, times)| std::cmp::Reverse(times));
    order.truncate(FOLLOWED);
    let mut kept = 0;
    let fits = order.iter().take_while(|&&(index, _)| {
        kept += training.word(index).len().pow(2);
        kept <= KEPT
    });
    let fits = fits.count().max(1);
    order.truncate(fits);
    let follow = |&(index, times): &(usize, u64)| Followed { times, cuts: vec![(0, training.word(index).to_vec())] };
    (order.iter().map(follow).collect(), order.iter().map(|&(index, _)| index).collect())
}
