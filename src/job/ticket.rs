//! Whether a job is still wanted.

use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use super::Generation;

/// A lane's counter of requests. Raising it makes every earlier ticket stale at once.
#[derive(Debug)]
pub struct Desk {
    newest: AtomicU64,
    opened: Instant,
    lock: Mutex<()>,
    bell: Condvar,
}

impl Default for Desk {
    fn default() -> Self {
        Self { newest: AtomicU64::new(0), opened: Instant::now(), lock: Mutex::new(()), bell: Condvar::new() }
    }
}

impl Desk {
    /// Makes `generation` the newest request and wakes a worker that rests on an older ticket.
    pub fn raise(&self, generation: Generation) {
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.newest.fetch_max(generation.0, Ordering::Relaxed);
        self.bell.notify_all();
    }

    /// A ticket for `generation`. A `patient` one really rests when asked to; tests take an impatient one.
    pub fn ticket(self: &Arc<Self>, generation: Generation, patient: bool) -> Ticket {
        Ticket { desk: Arc::clone(self), mine: generation, patient }
    }
}

/// A worker's claim on its lane; checking it is one relaxed load.
#[derive(Clone, Debug)]
pub struct Ticket {
    desk: Arc<Desk>,
    mine: Generation,
    patient: bool,
}

impl Ticket {
    /// The request this ticket stands for.
    pub fn generation(&self) -> Generation {
        self.mine
    }

    /// Whether nothing newer has been asked of the lane.
    pub fn is_current(&self) -> bool {
        self.desk.newest.load(Ordering::Relaxed) == self.mine.0
    }

    /// Time since the desk opened; always zero for an impatient ticket, so that what tests see does not depend on it.
    pub fn clock(&self) -> Duration {
        if self.patient { self.desk.opened.elapsed() } else { Duration::ZERO }
    }

    /// Rests up to `duration`, or until a newer request comes; returns whether the ticket is still current.
    pub fn rest(&self, duration: Duration) -> bool {
        if self.patient && !duration.is_zero() {
            let guard = self.desk.lock.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = self.desk.bell.wait_timeout_while(guard, duration, |()| self.is_current());
            drop(waited);
        }
        self.is_current()
    }
}
