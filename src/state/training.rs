//! A training: from what, by which method, and the step in view.

use std::path::PathBuf;
use std::sync::Arc;

use super::Ctx;
use super::Flow;
use super::Notice;
use super::State;
use super::steps::BEAT;
use crate::job::Job;
use crate::job::Lane;
use crate::job::Trained;
use crate::lab::training::Course;
use crate::lab::training::Material;
use crate::lab::training::Method;
use crate::lab::training::Plan;
use crate::lab::training::SAMPLES;
use crate::lab::training::TrainingError;
use crate::ui::Message;

/// How many tokens a vocabulary may have.
pub const SIZES: [usize; 8] = [300, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000];

/// What is learned from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Corpus {
    /// The person's text.
    Prompt,
    /// One of the textbook's.
    Sample(usize),
    /// The file that was named.
    File,
}

/// A training.
#[derive(Debug)]
pub struct Training {
    /// What is learned from.
    pub corpus: Corpus,
    /// The file that was named.
    pub file: Option<PathBuf>,
    /// How it is learned.
    pub method: Method,
    /// Whether tokens are of bytes, where the method can.
    pub of_bytes: bool,
    /// Which of [`SIZES`].
    pub size: usize,
    /// The step in view; 0 is before anything was learned.
    pub at: usize,
    /// The first word in view.
    pub top: usize,
    /// Whether steps are played one after another.
    pub playing: bool,
    /// What was learned.
    pub trained: Option<Trained>,
    /// How much is done of a training, of how much.
    pub progress: Option<(u64, u64)>,
    /// What was asked for last.
    asked: Option<Plan>,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            corpus: Corpus::Sample(1),
            file: None,
            method: Method::default(),
            of_bytes: false,
            size: 4,
            at: 0,
            top: 0,
            playing: false,
            trained: None,
            progress: None,
            asked: None,
        }
    }
}

impl Training {
    /// The training in view.
    pub fn course(&self) -> Option<&Arc<Course>> {
        self.trained.as_ref().map(|trained| &trained.course)
    }

    /// So much is done of a training, of so much; what is there of another is shown no more.
    pub(super) fn under_way(&mut self, done: u64, of: u64) {
        self.progress = Some((done, of));
        if self.trained.as_ref().map(|trained| &trained.plan) != self.asked.as_ref() {
            self.trained = None;
        }
    }

    /// The last step.
    pub fn last(&self) -> usize {
        self.course().map_or(0, |course| course.len())
    }
}

impl State {
    /// What the page is to show.
    fn plan(&self) -> Plan {
        let Training { corpus, method, of_bytes, size, .. } = &self.training;
        let material = match (corpus, &self.training.file) {
            (Corpus::Sample(sample), _) => Material::Sample(*sample),
            (Corpus::File, Some(path)) => Material::File(path.clone()),
            (Corpus::File, None) | (Corpus::Prompt, _) => {
                let flow = Flow::of(self);
                Material::Text(Arc::from(flow.text.get(..flow.finished).unwrap_or_default()))
            }
        };
        Plan { material, method: *method, of_bytes: *of_bytes, size: SIZES[size % SIZES.len()] }
    }
}

impl Ctx<'_> {
    /// Has the training done where the page is `looked_at`.
    pub fn refresh_training(&mut self, looked_at: bool) {
        if !looked_at {
            return self.pause_training();
        }
        // A text that is being generated is learned from when it stands.
        if self.state.training.corpus == Corpus::Prompt && self.state.playing {
            return;
        }
        let plan = self.state.plan();
        if self.state.training.asked.as_ref() == Some(&plan) {
            return;
        }
        self.pause_training();
        self.state.training.asked = Some(plan.clone());
        self.state.training.progress = None;
        let threads = self.state.threads;
        self.submit(Lane::Training, Job::Train(plan, threads));
    }

    /// The training is there.
    pub(super) fn trained(&mut self, trained: Trained) {
        let training = &mut self.state.training;
        (training.at, training.top, training.progress) = (0, 0, None);
        training.trained = Some(trained);
    }

    /// There is nothing to show of what was asked for; a file that was not written leaves everything as it is.
    pub(super) fn training_failed(&mut self, error: &TrainingError) {
        if !matches!(error, TrainingError::Write(..) | TrainingError::Taken(_)) {
            (self.state.training.trained, self.state.training.progress) = (None, None);
        }
    }

    /// Goes to a step; nothing is played any more.
    pub fn go_to_merge(&mut self, at: usize) {
        self.pause_training();
        self.state.training.at = at.min(self.state.training.last());
    }

    /// Plays the steps from here, from the start where this is the last; or pauses. A training under way is stopped.
    pub fn play_training(&mut self) {
        if self.state.training.playing {
            return self.pause_training();
        }
        if self.state.is_busy(Lane::Training) {
            self.cancel(Lane::Training);
            self.training_failed(&TrainingError::Stopped);
            return self.say(Notice::info(Message::TrainStopped, &[]));
        }
        let last = self.state.training.last();
        if last == 0 {
            return;
        }
        if self.state.training.at >= last {
            self.state.training.at = 0;
        }
        self.state.training.playing = true;
        self.submit(Lane::Training, Job::Beat(BEAT));
    }

    /// The time of a step has gone by.
    pub(super) fn training_beat(&mut self) {
        let last = self.state.training.last();
        self.state.training.at = (self.state.training.at + 1).min(last);
        if self.state.training.at >= last {
            self.pause_training();
        }
    }

    fn pause_training(&mut self) {
        if std::mem::take(&mut self.state.training.playing) {
            self.cancel(Lane::Training);
        }
    }

    /// Learns from the next corpus: the textbook's, the person's text, the file that was named.
    pub fn next_corpus(&mut self) {
        let training = &mut self.state.training;
        training.corpus = match training.corpus {
            Corpus::Sample(sample) if sample + 1 < SAMPLES.len() => Corpus::Sample(sample + 1),
            Corpus::Sample(_) => Corpus::Prompt,
            Corpus::Prompt if training.file.is_some() => Corpus::File,
            Corpus::Prompt | Corpus::File => Corpus::Sample(0),
        };
    }

    /// Learns from a file, anew where it was learned from before.
    pub fn learn_from(&mut self, path: PathBuf) {
        let training = &mut self.state.training;
        (training.corpus, training.file, training.asked) = (Corpus::File, Some(path), None);
    }

    /// Turns the size of the vocabulary.
    pub fn turn_size(&mut self, up: bool) {
        let size = &mut self.state.training.size;
        *size = if up { (*size + 1).min(SIZES.len() - 1) } else { size.saturating_sub(1) };
        let plan = self.state.plan();
        self.say(Notice::info(Message::TrainSize, &[&plan.size]));
    }

    /// Switches between tokens of characters and of bytes.
    pub fn switch_bytes(&mut self) {
        if !self.state.training.method.takes_bytes() {
            return self.say(Notice::hint(Message::TrainCharactersOnly, &[]));
        }
        self.state.training.of_bytes ^= true;
    }

    /// Writes what was learned up to the step in view.
    pub fn save_tokenizer(&mut self, path: PathBuf) {
        let Some(course) = self.state.training.course().cloned() else {
            return self.say(Notice::hint(Message::TrainNothing, &[]));
        };
        self.pause_training();
        self.submit(Lane::Training, Job::SaveTokenizer(course, self.state.training.at, path));
    }

    /// Puts what was learned up to the step in view among the tokenizers that are compared; whether that can be.
    pub fn compare_learned(&mut self) -> bool {
        let training = &self.state.training;
        let (course, method) = match (training.course(), training.method) {
            (None, _) => return self.refuse(Message::TrainNothing),
            (_, Method::Hmm) => return self.refuse(Message::TrainTagsCutNothing),
            (Some(course), method) => (Arc::clone(course), method),
        };
        let (at, name) = (training.at, self.state.language.text(method.name()));
        let name = format!("{name} {}", course.size(at));
        self.pause_training();
        self.submit(Lane::Training, Job::LearnedCutter(course, at, name));
        true
    }

    fn refuse(&mut self, why: Message) -> bool {
        self.say(Notice::hint(why, &[]));
        false
    }
}
