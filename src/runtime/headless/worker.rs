//! A job that runs only while it is watched.

use std::ops::ControlFlow;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::job::Job;
use crate::job::Lane;
use crate::job::Reply;
use crate::job::Ticket;
use crate::runtime::lanes::carry_out;

/// A job on its own thread that moves from reply to reply only in [`step`](Self::step), while the caller waits:
/// two threads, but never two at work.
#[derive(Debug)]
pub(super) struct Worker {
    go: SyncSender<()>,
    replies: Receiver<Reply>,
}

impl Worker {
    /// The job, not begun.
    pub(super) fn start(lane: Lane, job: Job, ticket: Ticket) -> Self {
        let (go, permits) = sync_channel::<()>(1);
        let (answer, replies) = sync_channel::<Reply>(1);
        thread::spawn(move || {
            if permits.recv().is_err() {
                return;
            }
            let _ = carry_out(lane, job, &ticket, &mut |reply| {
                if answer.send(reply).is_ok() && permits.recv().is_ok() {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            });
        });
        Self { go, replies }
    }

    /// Runs up to the next reply, or to the end of the job (`None`).
    pub(super) fn step(&self) -> Option<Reply> {
        self.go.send(()).ok()?;
        self.replies.recv().ok()
    }
}
