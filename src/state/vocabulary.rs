//! The vocabulary in view: what is looked for in it, in which order, and what is known of it.

use std::sync::Arc;

use super::Ctx;
use super::Notice;
use super::State;
use crate::job::Browse;
use crate::job::Job;
use crate::job::Lane;
use crate::job::Survey;
use crate::job::Unreachable;
use crate::lab::vocabulary::Entry;
use crate::lab::vocabulary::NotSought;
use crate::lab::vocabulary::Sort;
use crate::lab::vocabulary::Sought;
use crate::ui::Message;
use crate::ui::safe;

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What is looked for.
    pub sought: Sought,
    /// The order.
    pub sort: Sort,
    /// Whether only pieces that no text gives are shown.
    pub never: bool,
}

/// The vocabulary in view.
#[derive(Debug, Default)]
pub struct Vocabulary {
    /// What is to be shown.
    pub wanted: Wanted,
    /// What is looked for, as it was typed.
    pub typed: String,
    /// What is known of every piece, once it is there.
    pub survey: Option<Arc<Survey>>,
    /// The pieces that no text gives, once that is known.
    pub unreachable: Option<Arc<Unreachable>>,
    /// What is listed.
    pub listed: Vec<Entry>,
    /// The selected row.
    pub at: usize,
    asked: Option<Wanted>,
    followed: Option<u32>,
}

impl Vocabulary {
    /// The selected piece.
    pub fn selected(&self) -> Option<&Entry> {
        self.listed.get(self.at)
    }

    /// Takes in a list; the piece that was selected stays selected where it is in it.
    pub(super) fn listed(&mut self, listed: Vec<Entry>) {
        let selected = self.selected().map(|entry| entry.id).or(self.followed);
        self.at = listed.iter().position(|entry| Some(entry.id) == selected).unwrap_or(0);
        self.listed = listed;
    }
}

impl State {
    /// The token that is selected in the text.
    fn selected_token(&self) -> Option<u32> {
        self.run.at(self.selected).map(|node| node.token)
    }
}

impl Ctx<'_> {
    /// Has the vocabulary listed where the page is `looked_at`; goes along with the token selected in the text.
    pub fn refresh_vocabulary(&mut self, looked_at: bool) {
        let Some(model) = self.state.model.clone().filter(|_| looked_at) else { return };
        let token = self.state.selected_token();
        let vocabulary = &mut self.state.vocabulary;
        if vocabulary.survey.as_ref().is_some_and(|survey| !Arc::ptr_eq(&survey.model, &model)) {
            let wanted = std::mem::take(&mut vocabulary.wanted);
            *vocabulary = Vocabulary { wanted, typed: std::mem::take(&mut vocabulary.typed), ..Vocabulary::default() };
        }
        if vocabulary.followed != token && token.is_some() {
            vocabulary.followed = token;
            let row = vocabulary.listed.iter().position(|entry| Some(entry.id) == token);
            vocabulary.at = row.unwrap_or(vocabulary.at);
        }
        if model.tokenizer.is_none() || vocabulary.asked.as_ref() == Some(&vocabulary.wanted) {
            return;
        }
        let wanted = vocabulary.wanted.clone();
        vocabulary.asked = Some(wanted.clone());
        let (survey, unreachable) = (vocabulary.survey.clone(), vocabulary.unreachable.clone());
        let Wanted { sought, sort, never } = wanted;
        self.submit(Lane::Vocabulary, Job::Browse(Browse { model, survey, unreachable, sought, sort, never }));
    }

    /// Looks for pieces; returns whether it could be read.
    pub fn find_pieces(&mut self, typed: &str) -> bool {
        match typed.parse() {
            Ok(sought) => {
                self.state.vocabulary.wanted.sought = sought;
                typed.clone_into(&mut self.state.vocabulary.typed);
                true
            }
            Err(NotSought(typed)) => {
                self.say(Notice::hint(Message::NotSought, &[&safe::visible(&typed)]));
                false
            }
        }
    }
}
