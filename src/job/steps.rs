//! A text step by step, the reasons of what came of it, and the beat that steps are played by.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::Body;
use super::Send;
use super::Stop;
use super::Ticket;
use super::said;
use crate::lab::steps;
use crate::lab::steps::Frame;
use crate::lab::steps::Note;
use crate::lab::steps::Procedure;
use crate::lab::steps::Source;
use crate::model::Model;
use crate::text::Dictionary;
use crate::text::Edit;
use crate::text::Hmm;
use crate::text::Method;
use crate::text::Segmenter;
use crate::text::encoding;
use crate::text::encoding::Change;
use crate::text::encoding::Edited;
use crate::ui::Message;

/// What is to be shown step by step.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// The text.
    pub text: Arc<str>,
    /// What happens to it.
    pub procedure: Procedure,
    /// The words that have another frequency than in the dictionary.
    pub edits: Arc<[Edit]>,
    /// What is changed in the vocabulary.
    pub changes: Arc<[Change]>,
    /// The model whose own tokenizer encodes, for [`Source::Own`].
    pub model: Option<Arc<Model>>,
}

impl PartialEq for Lesson {
    fn eq(&self, other: &Self) -> bool {
        let model = self.model.as_ref().map(Arc::as_ptr) == other.model.as_ref().map(Arc::as_ptr);
        model
            && (&self.text, self.procedure, &self.edits, &self.changes)
                == (&other.text, other.procedure, &other.edits, &other.changes)
    }
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
    /// Whether it is cut; nothing where there is no such place.
    pub cut: Option<bool>,
    /// Why, the main reason first.
    pub reasons: Vec<Note>,
    /// What turns it round, the smallest change first.
    pub flips: Vec<Flip>,
    /// What is said where nothing does.
    pub none: Message,
}

/// A change that turns a place round.
#[derive(Clone, Debug)]
pub struct Flip {
    /// What is changed, in words.
    pub parts: Vec<Note>,
    /// What becomes of the text.
    pub becomes: String,
    /// The same for the dictionary or the vocabulary.
    pub edit: Alteration,
}

/// A change of what cuts.
#[derive(Clone, Debug, PartialEq)]
pub enum Alteration {
    /// Words with other frequencies.
    Words(Vec<Edit>),
    /// A vocabulary with other merges and pieces.
    Pieces(Source, Vec<Change>),
}

/// The dictionary for a text, with other frequencies of some words.
pub(super) fn dictionary(text: &str, edits: &[Edit]) -> Cow<'static, Dictionary> {
    let mut dictionary = Cow::Borrowed(Dictionary::for_text(text));
    for edit in edits {
        dictionary.to_mut().edit(edit);
    }
    dictionary
}

impl Lesson {
    /// The tokenizer of `source` with its changes; nothing where there is none.
    fn edited(&self, source: Source) -> Option<Edited<'_>> {
        let tokenizer = match source {
            Source::Own => self.model.as_ref()?.tokenizer.as_ref()?,
            Source::Embedded(kind) => encoding::embedded(kind)?,
        };
        Edited::new(tokenizer, &self.changes).or_else(|_| Edited::new(tokenizer, &[])).ok()
    }

    fn frames(&self) -> Vec<Frame> {
        match self.procedure {
            Procedure::Words(method) => {
                let dictionary = dictionary(&self.text, &self.edits);
                let segmenter = Segmenter { dictionary: &dictionary, hmm: Hmm::embedded() };
                steps::segmenting(segmenter, &self.text, method)
            }
            Procedure::Tokens(source) => match self.edited(source) {
                Some(edited) => steps::encoding(&edited, &self.text),
                None => vec![Frame { notes: vec![Note::new(Message::StepsNoTokenizer, &[])], ..Frame::default() }],
            },
        }
    }

    fn why_words(self, method: Method, at: usize, ticket: &Ticket) -> Answer {
        let dictionary = dictionary(&self.text, &self.edits);
        let segmenter = Segmenter { dictionary: &dictionary, hmm: Hmm::embedded() };
        let why = segmenter.why(&self.text, method, at).ok();
        let flips = segmenter.flips(&self.text, method, at, &|| ticket.is_current()).unwrap_or_default();
        let flip = |flip| {
            let (parts, becomes) = steps::flip(&self.text, &flip);
            let edits = flip.edits.into_iter().map(|(edit, _)| edit).collect();
            Flip { parts, becomes, edit: Alteration::Words(edits) }
        };
        Answer {
            at,
            cut: why.as_ref().map(|why| why.cut),
            reasons: why.map(|why| steps::reasons(&self.text, &why)).unwrap_or_default(),
            flips: flips.into_iter().map(flip).collect(),
            none: Message::FlipNone,
            lesson: self,
        }
    }

    fn why_tokens(self, source: Source, at: usize, ticket: &Ticket) -> Answer {
        let (mut cut, mut reasons, mut flips, mut none) = (None, Vec::new(), Vec::new(), Message::StepsNoTokenizer);
        if let Some(edited) = self.edited(source)
            && let Ok(why) = edited.why(&self.text, at)
        {
            let found = edited.flips(&self.text, at, &|| ticket.is_current()).unwrap_or_default();
            let told = steps::changes(&edited, &self.text, at, &found);
            flips.extend(told.into_iter().zip(found).map(|(told, flip)| Flip {
                parts: told.parts,
                becomes: told.becomes,
                edit: Alteration::Pieces(source, flip.changes),
            }));
            reasons = steps::encoding_reasons(&edited, &self.text, &why);
            none = if why.can_turn() { Message::EncFlipNone } else { Message::EncFlipNever };
            cut = Some(why.cut);
        }
        Answer { lesson: self, at, cut, reasons, flips, none }
    }
}

pub(super) fn tell(lesson: Lesson, send: Send<'_>) -> Result<(), Stop> {
    let frames = lesson.frames();
    said(send(Body::Story(Arc::new(Story { lesson, frames }))))
}

pub(super) fn ask(lesson: Lesson, at: usize, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let answer = match lesson.procedure {
        Procedure::Words(method) => lesson.why_words(method, at, ticket),
        Procedure::Tokens(source) => lesson.why_tokens(source, at, ticket),
    };
    said(send(Body::Answer(Box::new(answer))))
}

pub(super) fn beat(rest: Duration, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    while ticket.rest(rest) {
        said(send(Body::Beat))?;
    }
    Err(Stop::Unwanted)
}
