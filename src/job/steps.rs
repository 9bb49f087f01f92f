//! A text step by step, the reasons of what came of it, and the beat that steps are played by.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::Body;
use super::Send;
use super::Stop;
use super::Ticket;
use super::said;
use crate::lab::steps::Frame;
use crate::lab::steps::Procedure;
use crate::text::Dictionary;
use crate::text::Edit;
use crate::text::Hmm;
use crate::text::Segmenter;
use crate::text::segment::Flip;
use crate::text::segment::Why;

/// What is to be shown step by step.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// The text.
    pub text: Arc<str>,
    /// What happens to it.
    pub procedure: Procedure,
    /// The words that have another frequency than in the dictionary.
    pub edits: Arc<[Edit]>,
}

/// The steps.
#[derive(Clone, Debug)]
pub struct Story {
    /// Of what.
    pub lesson: Lesson,
    /// One after another, at least one.
    pub frames: Vec<Frame>,
}

/// Why a lesson's text is cut at a place or not.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Of what.
    pub lesson: Lesson,
    /// The byte before which it is cut or not.
    pub at: usize,
    /// Why; nothing where there is no such place.
    pub why: Option<Why>,
    /// What turns it round, the smallest change first.
    pub flips: Vec<Flip>,
}

/// The dictionary for a text, with other frequencies of some words.
pub(super) fn dictionary(text: &str, edits: &[Edit]) -> Cow<'static, Dictionary> {
    let mut dictionary = Cow::Borrowed(Dictionary::for_text(text));
    for edit in edits {
        dictionary.to_mut().edit(edit);
    }
    dictionary
}

pub(super) fn tell(lesson: Lesson, send: Send<'_>) -> Result<(), Stop> {
    let dictionary = dictionary(&lesson.text, &lesson.edits);
    let segmenter = Segmenter { dictionary: &dictionary, hmm: Hmm::embedded() };
    let frames = lesson.procedure.frames(segmenter, &lesson.text);
    said(send(Body::Story(Arc::new(Story { lesson, frames }))))
}

pub(super) fn ask(lesson: Lesson, at: usize, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let dictionary = dictionary(&lesson.text, &lesson.edits);
    let segmenter = Segmenter { dictionary: &dictionary, hmm: Hmm::embedded() };
    let Procedure::Words(method) = lesson.procedure;
    let why = segmenter.why(&lesson.text, method, at).ok();
    let flips = segmenter.flips(&lesson.text, method, at, &|| ticket.is_current()).unwrap_or_default();
    said(send(Body::Answer(Box::new(Answer { lesson, at, why, flips }))))
}

pub(super) fn beat(rest: Duration, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    while ticket.rest(rest) {
        said(send(Body::Beat))?;
    }
    Err(Stop::Unwanted)
}
