//! Faults on demand, for the tests of the way out: `LMSCOPE_FAULT=panic-ui` panics on the thread of the screen after
//! the first frame, `LMSCOPE_FAULT=stuck-ui` never returns from it, `LMSCOPE_FAULT=panic-worker` makes a
//! worker panic at its first look at the evidence.

use std::thread;

use crate::job::Job;
use crate::job::Lane;

/// A fault that was asked for and has not happened yet.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nothing is to go wrong.
    None,
    /// The thread of the screen is to panic.
    PanicUi,
    /// The thread of the screen is to hang.
    StuckUi,
    /// A worker is to panic.
    PanicWorker,
}

impl Fault {
    /// What the environment asks for.
    pub(super) fn from_environment() -> Self {
        match std::env::var("LMSCOPE_FAULT").as_deref() {
            Ok("panic-ui") => Self::PanicUi,
            Ok("stuck-ui") => Self::StuckUi,
            Ok("panic-worker") => Self::PanicWorker,
            _ => Self::None,
        }
    }

    /// A frame was drawn.
    pub(super) fn after_frame(&self) {
        assert!(!matches!(self, Self::PanicUi), "LMSCOPE_FAULT asked for this panic");
        if matches!(self, Self::StuckUi) {
            loop {
                thread::park();
            }
        }
    }

    /// The job that runs in place of `job`.
    pub(super) fn in_place_of(&mut self, lane: Lane, job: Job) -> Job {
        if lane == Lane::Evidence && matches!(self, Self::PanicWorker) {
            *self = Self::None;
            return Job::Panic;
        }
        job
    }
}
