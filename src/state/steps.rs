//! A text step by step: which, by what method, where one is, and the words that were changed.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use unicode_segmentation::GraphemeCursor;

use super::Ctx;
use super::Flow;
use super::Notice;
use super::State;
use crate::job::Alteration;
use crate::job::Answer;
use crate::job::Job;
use crate::job::Lane;
use crate::job::Lesson;
use crate::job::Story;
use crate::lab::steps;
use crate::lab::steps::Frame;
use crate::lab::steps::Procedure;
use crate::lab::steps::Source;
use crate::text::Edit;
use crate::text::Method;
use crate::text::encoding::Change;
use crate::ui::Message;

/// Sentences of the textbook, one of English without its spaces, and the words that byte-pair encoding is explained with. They stand beside the person's text, not in its place.
pub const SAMPLES: [&str; 7] = [
    "研究生命起源",
    "南京市长江大桥",
    "结婚的和尚未结婚的",
    "乒乓球拍卖完了",
    "itwasabrightcolddayinapril",
    "aaabdaaabac",
    "lowest newest widest",
];

/// The most of the person's text that is shown step by step, in bytes.
const MOST_BYTES: usize = 2048;
/// How long a step stays while steps are played.
pub(super) const BEAT: Duration = Duration::from_millis(600);

/// A text step by step.
#[derive(Debug)]
pub struct Steps {
    /// What happens to it.
    pub procedure: Procedure,
    /// Which of [`SAMPLES`]; `None` is the person's text.
    pub sample: Option<usize>,
    /// The step in view.
    pub at: usize,
    /// Whether steps are played one after another.
    pub playing: bool,
    /// The steps, once they are there.
    pub story: Option<Arc<Story>>,
    /// The place that is asked about: a byte of the text.
    pub place: Option<usize>,
    /// The change that is chosen there.
    pub flip: usize,
    /// What is known of the place.
    pub answer: Option<Answer>,
    /// The changes that were applied, one after another.
    changes: Vec<Alteration>,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            procedure: Procedure::Words(Method::Bidirectional),
            sample: None,
            at: 0,
            playing: false,
            story: None,
            place: None,
            flip: 0,
            answer: None,
            changes: Vec::new(),
        }
    }
}

impl Steps {
    /// The words that have another frequency than in the dictionary, in the order in which they were changed.
    pub fn edits(&self) -> Arc<[Edit]> {
        let words = self.changes.iter().filter_map(|change| match change {
            Alteration::Words(edits) => Some(edits),
            Alteration::Pieces(..) => None,
        });
        words.flatten().cloned().collect()
    }

    /// What is changed in the vocabulary that encodes, in the order in which it was changed.
    pub fn pieces(&self) -> Arc<[Change]> {
        let pieces = self.changes.iter().filter_map(|change| match change {
            Alteration::Pieces(source, changes) if self.procedure == Procedure::Tokens(*source) => Some(changes),
            _ => None,
        });
        pieces.flatten().cloned().collect()
    }

    /// Another model has another vocabulary of its own.
    pub(super) fn forget_own(&mut self) {
        self.changes.retain(|change| !matches!(change, Alteration::Pieces(Source::Own, _)));
    }

    /// The frames at hand.
    pub fn frames(&self) -> &[Frame] {
        self.story.as_ref().map_or(&[], |story| &story.frames)
    }

    /// The text in view.
    pub fn text(&self) -> &str {
        self.story.as_ref().map_or("", |story| &story.lesson.text)
    }

    /// What is known of the place in view, if it is that.
    pub fn answered(&self) -> Option<&Answer> {
        let (answer, story) = (self.answer.as_ref()?, self.story.as_ref()?);
        (Some(answer.at) == self.place && answer.lesson == story.lesson).then_some(answer)
    }

    /// Where the words begin and end that are settled in view: all of them where a place is asked about.
    pub fn settled(&self) -> Vec<Range<usize>> {
        let last = self.frames().len().saturating_sub(1);
        steps::settled(self.frames(), if self.place.is_some() { last } else { self.at })
    }
}

impl State {
    /// What the page of steps is to show.
    fn lesson(&self) -> Lesson {
        let text = match self.steps.sample {
            Some(sample) => Arc::from(SAMPLES[sample % SAMPLES.len()]),
            None => self.line(),
        };
        let procedure = self.steps.procedure;
        let model = self.model.clone().filter(|_| procedure == Procedure::Tokens(Source::Own));
        let edits = if procedure.encodes() { Arc::from([]) } else { self.steps.edits() };
        Lesson { text, procedure, edits, changes: self.steps.pieces(), model }
    }

    /// The line of the text that the selected token stands in, or so much of it around the token.
    fn line(&self) -> Arc<str> {
        let flow = Flow::of(self);
        let text = &flow.text[..flow.finished];
        let mut here = flow.starts.get(self.selected).copied().unwrap_or(0).min(text.len().saturating_sub(1));
        while !text.is_char_boundary(here) {
            here -= 1;
        }
        let start = text[..here].rfind('\n').map_or(0, |at| at + 1);
        let end = text[here..].find('\n').map_or(text.len(), |at| here + at);
        if end - start <= MOST_BYTES {
            return Arc::from(&text[start..end]);
        }
        let first = from(text, here.saturating_sub(MOST_BYTES / 2).max(start));
        let last = from(text, (first + MOST_BYTES).min(end));
        Arc::from(&text[first..last.max(first)])
    }
}

impl Ctx<'_> {
    /// Has the steps computed where the page is `looked_at`, and the reasons of the place that is asked about.
    pub fn refresh_steps(&mut self, looked_at: bool) {
        if !looked_at {
            return self.pause_steps();
        }
        if self.state.is_busy(Lane::Steps) && !self.state.steps.playing {
            return;
        }
        let lesson = self.state.lesson();
        if self.state.steps.story.as_ref().is_none_or(|story| story.lesson != lesson) {
            self.pause_steps();
            return self.submit(Lane::Steps, Job::Steps(lesson));
        }
        if let Some(at) = self.state.steps.place
            && self.state.steps.answered().is_none()
        {
            self.pause_steps();
            self.submit(Lane::Steps, Job::Ask(lesson, at));
        }
    }

    /// The steps are there.
    pub(super) fn told(&mut self, story: Arc<Story>) {
        let steps = &mut self.state.steps;
        let same = steps.story.as_ref().is_some_and(|before| {
            (&before.lesson.text, before.lesson.procedure) == (&story.lesson.text, story.lesson.procedure)
        });
        let last = story.frames.len().saturating_sub(1);
        // With another dictionary one stays at the same step; with another text one begins.
        steps.at = if same { steps.at.min(last) } else { 0 };
        if !same {
            steps.place = steps
                .place
                .filter(|&at| at > 0 && at < story.lesson.text.len() && story.lesson.text.is_char_boundary(at));
        }
        steps.flip = 0;
        steps.story = Some(story);
    }

    /// Goes to a step; nothing is played any more.
    pub fn go_to_step(&mut self, at: usize) {
        self.pause_steps();
        let last = self.state.steps.frames().len().saturating_sub(1);
        self.state.steps.at = at.min(last);
    }

    /// Plays the steps from here, from the start where this is the last; or pauses.
    pub fn play_steps(&mut self) {
        if self.state.steps.playing {
            return self.pause_steps();
        }
        let last = self.state.steps.frames().len().saturating_sub(1);
        if self.state.steps.story.is_none() || self.state.is_busy(Lane::Steps) {
            return;
        }
        if self.state.steps.at >= last {
            self.state.steps.at = 0;
        }
        self.state.steps.playing = true;
        self.submit(Lane::Steps, Job::Beat(BEAT));
    }

    /// The time of a step has gone by.
    pub(super) fn beat(&mut self) {
        let last = self.state.steps.frames().len().saturating_sub(1);
        self.state.steps.at = (self.state.steps.at + 1).min(last);
        if self.state.steps.at >= last {
            self.pause_steps();
        }
    }

    fn pause_steps(&mut self) {
        if std::mem::take(&mut self.state.steps.playing) {
            self.cancel(Lane::Steps);
        }
    }

    /// Shows the next text: the person's, then the samples.
    pub fn next_text(&mut self) {
        let steps = &mut self.state.steps;
        steps.sample = match steps.sample {
            None => Some(0),
            Some(sample) => Some(sample + 1).filter(|&next| next < SAMPLES.len()),
        };
        steps.place = None;
    }

    /// Asks why the text is cut behind the word in view, or stops asking.
    pub fn ask_why(&mut self) {
        let steps = &mut self.state.steps;
        if steps.place.take().is_some() {
            return;
        }
        let text = steps.text();
        if after(text, 0) >= text.len() {
            return self.say(Notice::hint(Message::StepsShort, &[]));
        }
        let current = steps.frames().get(steps.at).map_or(0, |frame| {
            frame.settles.first().filter(|_| frame.settles.len() == 1).map_or(frame.current.start, |word| word.end)
        });
        let place = if current > 0 && current < text.len() { current } else { after(text, 0) };
        steps.place = Some(place);
        steps.flip = 0;
        self.pause_steps();
    }

    /// Moves the place that is asked about.
    pub fn move_place(&mut self, right: bool) {
        let steps = &mut self.state.steps;
        let Some(place) = steps.place else { return };
        let text = steps.text();
        // A token may begin inside a character.
        let edges = steps.settled().into_iter().flat_map(|token| [token.start, token.end]);
        let moved = if right {
            edges.filter(|&edge| edge > place).fold(after(text, place), usize::min)
        } else {
            edges.filter(|&edge| edge < place).fold(before(text, place), usize::max)
        };
        if moved > 0 && moved < text.len() {
            (steps.place, steps.flip) = (Some(moved), 0);
        }
    }

    /// Applies the chosen change to the dictionary or the vocabulary.
    pub fn apply_flip(&mut self) {
        let steps = &self.state.steps;
        let Some(flip) = steps.answered().and_then(|answer| answer.flips.get(steps.flip)) else { return };
        let edit = flip.edit.clone();
        let said: Vec<String> = flip.parts.iter().map(|note| note.say(self.state.language)).collect();
        self.state.steps.changes.push(edit);
        self.say(Notice::info(Message::StepsApplied, &[&said.join(" + ")]));
    }

    /// Takes the last change of the dictionary back, or of the vocabulary that encodes.
    pub fn take_flip_back(&mut self) {
        let steps = &mut self.state.steps;
        let here = |change: &Alteration| match change {
            Alteration::Words(_) => !steps.procedure.encodes(),
            Alteration::Pieces(source, _) => steps.procedure == Procedure::Tokens(*source),
        };
        let last = steps.changes.iter().rposition(here);
        let message = match last.map(|last| steps.changes.remove(last)) {
            Some(_) => Message::StepsTakenBack,
            None => Message::NothingToUndo,
        };
        self.say(Notice::info(message, &[]));
    }
}

/// The boundary between characters after `at`.
fn after(text: &str, at: usize) -> usize {
    GraphemeCursor::new(at, text.len(), true).next_boundary(text, 0).ok().flatten().unwrap_or(text.len())
}

/// The boundary between characters before `at`.
fn before(text: &str, at: usize) -> usize {
    GraphemeCursor::new(at, text.len(), true).prev_boundary(text, 0).ok().flatten().unwrap_or(0)
}

/// The first boundary between characters from `at` on, which may be inside one.
fn from(text: &str, at: usize) -> usize {
    let at = (at..text.len()).find(|&byte| text.is_char_boundary(byte)).unwrap_or(text.len());
    let inside = at > 0 && GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0) == Ok(false);
    if inside { after(text, at) } else { at }
}
