//! Merges, one after another.

use std::ops::ControlFlow;

use super::Candidate;
use super::Fate;
use super::Followed;
use super::Learned;
use super::OTHERS;
use super::followed;
use crate::lab::steps::Note;
use crate::lab::training::Counted;
use crate::lab::training::said;
use crate::text::train::Choice;
use crate::text::train::Pair;
use crate::text::train::PairStep;
use crate::text::train::PairTraining;
use crate::text::train::Recipe;
use crate::text::train::TrainError;
use crate::ui::Message;
use crate::ui::safe;

/// The merges, with the training behind the last.
#[derive(Debug)]
pub(super) struct Merges {
    recipe: Recipe,
    training: PairTraining,
    steps: Vec<PairStep>,
    /// The places of the words that are followed.
    places: Vec<usize>,
}

pub(super) fn learn(
    recipe: Recipe,
    counted: &Counted,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<(Vec<Followed>, Merges)>, TrainError> {
    let mut training = PairTraining::new(&counted.words, recipe.rules())?;
    training.notes = OTHERS;
    let times = training.words().map(|(_, times)| times);
    let (mut words, places) = followed(times, |place| training.word(place).to_vec());
    let all = recipe.pairs.size.saturating_sub(training.vocabulary().len());
    let mut steps: Vec<PairStep> = Vec::new();
    let mut flow = ControlFlow::Continue(());
    training.run(|training, step| {
        steps.push(step.clone());
        for (word, &place) in words.iter_mut().zip(&places) {
            word.becomes(steps.len(), training.word(place));
        }
        flow = progress(steps.len(), all);
        flow
    });
    Ok(flow.is_continue().then_some((words, Merges { recipe, training, steps, places })))
}

impl Merges {
    fn step(&self, step: usize) -> Option<&PairStep> {
        self.steps.get(step.checked_sub(1)?)
    }
}

impl Learned for Merges {
    fn len(&self) -> usize {
        self.steps.len()
    }

    fn label(&self, token: u32) -> String {
        safe::token_label(&self.training.bytes(token))
    }

    fn length(&self, token: u32) -> usize {
        self.training.length(token)
    }

    fn notes(&self, step: usize) -> Vec<Note> {
        if let Some(step) = self.step(step) {
            return said::merged(&self.training, step).to_vec();
        }
        let mut notes = vec![Note::new(Message::TrainBegins, &[&self.size(0), &self.tokens(0)])];
        let least = self.recipe.pairs.min_frequency;
        notes.extend(self.steps.is_empty().then(|| Note::new(Message::TrainNoPairs, &[&least])));
        notes
    }

    fn candidates(&self, step: usize, room: usize) -> Vec<Candidate> {
        let Some(happened) = self.steps.get(step.saturating_sub(1)) else { return Vec::new() };
        let best = happened.pair.score;
        let by_count = self.recipe.pairs.choice == Choice::Count;
        let shown = |score: f64| if by_count { format!("{score}") } else { said::score(score) };
        let candidate = |(index, pair): (usize, &Pair)| Candidate {
            label: format!("{} + {}", self.label(pair.left), self.label(pair.right)),
            worth: shown(pair.score),
            behind: match index {
                0 => String::new(),
                _ if pair.score == best => "=".to_owned(),
                _ => format!("−{}", shown(best - pair.score)),
            },
            share: pair.score / best,
            fate: if index == 0 && step > 0 { Fate::Won } else { Fate::Open },
        };
        std::iter::once(&happened.pair).chain(&happened.others).take(room).enumerate().map(candidate).collect()
    }

    fn size(&self, step: usize) -> usize {
        self.training.vocabulary_after(step).len()
    }

    fn vocabulary(&self, step: usize, most: usize) -> Vec<u32> {
        (0..self.size(step) as u32).rev().take(most).collect()
    }

    fn order(&self) -> Message {
        Message::TrainVocabulary
    }

    fn tokens(&self, step: usize) -> u64 {
        let first = || self.steps.first().map(|step| step.before);
        self.step(step).map(|step| step.after).or_else(first).unwrap_or_else(|| self.training.total())
    }

    fn file(&self, step: usize) -> Vec<u8> {
        self.recipe.file(&self.training, step)
    }

    fn example(&self, step: usize) -> Option<Followed> {
        let example = self.step(step)?.example.as_ref()?;
        let cuts = vec![(step - 1, example.before.clone()), (step, example.after.clone())];
        (!self.places.contains(&example.word)).then_some(Followed { times: example.times, cuts })
    }
}
