//! A vocabulary learned from a corpus, and the file of it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::Body;
use super::Fault;
use super::Send;
use super::Stop;
use super::Ticket;
use super::said;
use crate::lab::tokenizers::Cutter;
use crate::lab::training::Course;
use crate::lab::training::Plan;
use crate::lab::training::TrainingError;
use crate::text::Tokenizer;
use crate::text::train::TrainError;

/// A training, and by which plan.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The plan.
    pub plan: Plan,
    /// The training.
    pub course: Arc<Course>,
}

impl From<TrainingError> for Stop {
    fn from(error: TrainingError) -> Self {
        match error {
            TrainingError::Stopped => Self::Unwanted,
            other => Self::Fault(Fault::Training(other)),
        }
    }
}

pub(super) fn train(plan: Plan, threads: usize, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let mut shown = None;
    let course = plan.learn(threads, &mut |done, of| {
        let share = (done.saturating_mul(100)).checked_div(of).unwrap_or(0);
        if !ticket.is_current() {
            return ControlFlow::Break(());
        }
        if shown.replace(share) == Some(share) { ControlFlow::Continue(()) } else { send(Body::Training(done, of)) }
    })?;
    said(send(Body::Trained(Trained { plan, course: Arc::new(course) })))
}

pub(super) fn save(course: &Course, step: usize, path: &Path, send: Send<'_>) -> Result<(), Stop> {
    course.write(step, path)?;
    said(send(Body::Saved(path.to_path_buf())))
}

pub(super) fn cutter(course: &Course, step: usize, name: String, send: Send<'_>) -> Result<(), Stop> {
    let learned = Tokenizer::from_json(&course.file(step));
    let learned = learned.map_err(|error| TrainingError::Train(TrainError::Tokenizer(error)))?;
    said(send(Body::Cutter(name, Cutter::Tokenizer(Arc::new(learned)))))
}
