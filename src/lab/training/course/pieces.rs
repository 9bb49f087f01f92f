//! A unigram model, from all the pieces that it begins with to those that stay.

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
use crate::text::train::Recipe;
use crate::text::train::TrainError;
use crate::text::train::UnigramStep;
use crate::text::train::UnigramTraining;
use crate::ui::Message;
use crate::ui::safe;

/// How many steps are foreseen at least, for the progress that is told.
const FORESEEN: usize = 30;

/// The steps, with the training behind the last.
#[derive(Debug)]
pub(super) struct Rounds {
    recipe: Recipe,
    training: UnigramTraining,
    steps: Vec<UnigramStep>,
    /// The pieces with their scores before the first step and after each, the most probable first.
    pieces: Vec<Vec<(u32, f64)>>,
    /// How many tokens the corpus was then.
    tokens: Vec<u64>,
}

pub(super) fn learn(
    recipe: Recipe,
    counted: &Counted,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<(Vec<Followed>, Rounds)>, TrainError> {
    let mut training = UnigramTraining::new(&counted.words, recipe.unigram_rules())?;
    training.notes = OTHERS;
    let (mut words, places) = followed(training.times(), |place| training.word(place));
    let (mut pieces, mut tokens) = (vec![training.pieces()], vec![training.total()]);
    let mut steps = Vec::new();
    while let Some(step) = training.step() {
        steps.push(step);
        for (word, &place) in words.iter_mut().zip(&places) {
            word.becomes(steps.len(), &training.word(place));
        }
        pieces.push(training.pieces());
        tokens.push(training.total());
        if progress(steps.len(), FORESEEN.max(steps.len())).is_break() {
            return Ok(None);
        }
    }
    Ok(Some((words, Rounds { recipe, training, steps, pieces, tokens })))
}

impl Rounds {
    fn step(&self, step: usize) -> Option<&UnigramStep> {
        self.steps.get(step.checked_sub(1)?)
    }

    fn pieces(&self, step: usize) -> &[(u32, f64)] {
        self.pieces.get(step.min(self.steps.len())).map_or(&[], Vec::as_slice)
    }
}

impl Learned for Rounds {
    fn len(&self) -> usize {
        self.steps.len()
    }

    fn label(&self, token: u32) -> String {
        let spelling = self.training.spelling(token);
        let spelling = if spelling.is_empty() { self.recipe.unknown.as_deref().unwrap_or_default() } else { spelling };
        safe::token_label(spelling.as_bytes())
    }

    fn length(&self, token: u32) -> usize {
        self.training.spelling(token).chars().count().max(1)
    }

    fn notes(&self, step: usize) -> Vec<Note> {
        if let Some(step) = self.step(step) {
            return said::fitted(&self.training, step).to_vec();
        }
        let characters = self.training.characters();
        let others = self.pieces(0).len().saturating_sub(characters);
        vec![Note::new(Message::TrainSeeds, &[&characters, &others, &self.tokens(0)])]
    }

    /// Those nearest to the edge, on both sides of it; of step 0, the most probable pieces.
    fn candidates(&self, step: usize, room: usize) -> Vec<Candidate> {
        let Some(happened) = self.step(step) else {
            let best = self.pieces(0).first().map_or(0.0, |&(_, score)| score);
            let first = self.pieces(0).iter().take(room);
            let candidate = |&(token, score): &(u32, f64)| Candidate {
                label: self.label(token),
                worth: format!("{:.2}", said::bits(score)).replace('-', "−"),
                behind: String::new(),
                share: (score - best).exp(),
                fate: Fate::Open,
            };
            return first.map(candidate).collect();
        };
        let below = happened.removed.len().min(room / 2);
        let above = happened.kept.len().min(room - below);
        let stay = happened.kept.iter().take(above).rev().map(|piece| (piece, Fate::Won));
        let go = happened.removed.iter().take(room - above).map(|piece| (piece, Fate::Gone));
        let shown: Vec<(&(u32, f64), Fate)> = stay.chain(go).collect();
        let most = shown.iter().map(|((_, worth), _)| worth.abs()).fold(f64::MIN_POSITIVE, f64::max);
        let candidate = |((token, worth), fate): (&(u32, f64), Fate)| Candidate {
            label: self.label(*token),
            worth: said::shown(happened.deed, *worth),
            behind: String::new(),
            share: worth.abs() / most,
            fate,
        };
        shown.into_iter().map(candidate).collect()
    }

    fn size(&self, step: usize) -> usize {
        self.recipe.unigram_rules().reserved.len() + self.pieces(step).len()
    }

    fn vocabulary(&self, step: usize, most: usize) -> Vec<u32> {
        self.pieces(step).iter().take(most).map(|&(token, _)| token).collect()
    }

    fn order(&self) -> Message {
        Message::TrainByProbability
    }

    fn tokens(&self, step: usize) -> u64 {
        self.tokens.get(step.min(self.steps.len())).copied().unwrap_or(0)
    }

    fn file(&self, step: usize) -> Vec<u8> {
        self.recipe.file_of_pieces(&self.training.vocabulary_of(self.pieces(step)))
    }
}
