//! One thread per [`Lane`]: a mailbox with room for one job, the newest wins.

use std::io;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use crate::job::Body;
use crate::job::Desk;
use crate::job::Generation;
use crate::job::Job;
use crate::job::Lane;
use crate::job::Reply;
use crate::job::Ticket;
use crate::job::execute;

use super::panics;

/// Recursion in a worker (a deep JSON file, a long merge) has the room the main thread would have.
const STACK_BYTES: usize = 8 << 20;

/// Every lane's thread. Dropping it makes all tickets stale and lets the threads end by themselves: a worker inside a
/// long kernel is not waited for.
#[derive(Debug)]
pub struct Lanes {
    lanes: Vec<(Lane, Arc<Mailbox>)>,
}

/// What the thread that asks and the thread that works share.
#[derive(Debug, Default)]
struct Mailbox {
    desk: Arc<Desk>,
    slot: Mutex<Slot>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct Slot {
    waiting: Option<(Generation, Job)>,
    closed: bool,
}

impl Lanes {
    /// Starts the threads. `deliver` is called on them with each reply that is still wanted; `Break` says that nobody
    /// listens any more.
    ///
    /// # Errors
    /// The system refused a thread.
    pub fn start<D>(deliver: &D) -> io::Result<Self>
    where
        D: Fn(Reply) -> ControlFlow<()> + Clone + Send + 'static,
    {
        let mut lanes = Self { lanes: Vec::with_capacity(Lane::ALL.len()) };
        for lane in Lane::ALL {
            let mailbox = Arc::new(Mailbox::default());
            let shared = Arc::clone(&mailbox);
            let mut deliver = deliver.clone();
            thread::Builder::new()
                .name(format!("{lane:?} lane").to_lowercase())
                .stack_size(STACK_BYTES)
                .spawn(move || shared.serve(lane, &mut deliver))?;
            lanes.lanes.push((lane, mailbox));
        }
        Ok(lanes)
    }

    /// Makes everything older on `lane` stale and puts `job` into its mailbox.
    pub fn submit(&self, lane: Lane, generation: Generation, job: Job) {
        if let Some(mailbox) = self.mailbox(lane) {
            mailbox.put(generation, Some(job));
        }
    }

    /// Makes everything on `lane` older than `generation` stale.
    pub fn cancel(&self, lane: Lane, generation: Generation) {
        if let Some(mailbox) = self.mailbox(lane) {
            mailbox.put(generation, None);
        }
    }

    fn mailbox(&self, lane: Lane) -> Option<&Mailbox> {
        self.lanes.iter().find(|(at, _)| *at == lane).map(|(_, mailbox)| &**mailbox)
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        for (_, mailbox) in &self.lanes {
            mailbox.slot.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
            mailbox.put(Generation(u64::MAX), None);
        }
    }
}

impl Mailbox {
    fn put(&self, generation: Generation, job: Option<Job>) {
        self.desk.raise(generation);
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.waiting = job.map(|job| (generation, job));
        drop(slot);
        self.bell.notify_one();
    }

    /// The next job, or `None` when the lane is closed.
    fn take(&self) -> Option<(Generation, Job)> {
        let slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = |slot: &mut Slot| slot.waiting.is_none() && !slot.closed;
        let mut slot = self.bell.wait_while(slot, idle).unwrap_or_else(PoisonError::into_inner);
        if slot.closed { None } else { slot.waiting.take() }
    }

    fn serve(&self, lane: Lane, deliver: &mut dyn FnMut(Reply) -> ControlFlow<()>) {
        while let Some((generation, job)) = self.take() {
            let ticket = self.desk.ticket(generation, true);
            if carry_out(lane, job, &ticket, deliver).is_break() {
                return;
            }
        }
    }
}

/// Runs one job on the calling thread and delivers its replies under the ticket's generation, until the ticket is
/// stale or `deliver` says `Break`. A panic of the job becomes [`Body::Crashed`] and prints nothing.
pub(super) fn carry_out(
    lane: Lane,
    job: Job,
    ticket: &Ticket,
    deliver: &mut dyn FnMut(Reply) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let generation = ticket.generation();
    let mut listening = ControlFlow::Continue(());
    let outcome = panics::quietly(AssertUnwindSafe(|| {
        execute(job, ticket, &mut |body| {
            if !ticket.is_current() {
                return ControlFlow::Break(());
            }
            listening = deliver(Reply { lane, generation, body });
            listening
        });
    }));
    if let Err(text) = outcome
        && listening.is_continue()
        && ticket.is_current()
    {
        listening = deliver(Reply { lane, generation, body: Body::Crashed(text) });
    }
    listening
}
