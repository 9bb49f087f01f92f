//! A team of threads that share the units of one job after another with little delay between jobs.
//!
//! The gate is one word: the job's number, whether it is open, and how many workers are inside. A worker enters only while
//! the gate is open; the caller closes it and waits until nobody is inside, so a job may borrow from the caller's stack,
//! and a worker that wakes late finds the gate closed and is not waited for.

#![expect(unsafe_code, reason = "a job borrows from its caller, and the threads outlive it")]

use std::{
    cell::UnsafeCell,
    fmt, hint, ptr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle, Thread},
    time::{Duration, Instant},
};

/// Added to the gate for each job; what is above is the job's number.
const JOB: u64 = 1 << 32;
/// Set in the gate while the job may be entered.
const OPEN: u64 = 1 << 31;
/// The part of the gate that counts the workers inside.
const INSIDE: u64 = OPEN - 1;
/// How long a worker looks for the next job before it sleeps.
const PATIENCE: Duration = Duration::from_micros(50);

/// Threads that compute together; the caller's thread is one of them.
pub(crate) struct Team {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

/// Keeps its content on cache lines of its own.
#[repr(align(128))]
struct Apart<T>(T);

struct Shared {
    gate: Apart<AtomicU64>,
    next: Apart<AtomicUsize>,
    job: UnsafeCell<Job>,
    /// Whether each worker is, or is about to be, asleep.
    asleep: Vec<AtomicBool>,
    leave: AtomicBool,
    failed: AtomicBool,
}

#[derive(Clone, Copy)]
struct Job {
    units: usize,
    /// Calls the closure behind `context` with a unit's number.
    call: unsafe fn(*const (), usize),
    context: *const (),
}

// SAFETY: `job` is written by the caller alone, while the gate is closed and nobody is inside, and read by workers only
// between entering an open gate and leaving it; the gate's acquire and release operations order the two. The closure that
// `context` points to is `Sync`, as `run` demands.
unsafe impl Sync for Shared {}
// SAFETY: as above; the pointer is only followed while the gate is open.
unsafe impl Send for Shared {}

impl Team {
    /// A team of `threads` threads, the caller's among them. Threads that the system refuses are done without.
    pub(crate) fn new(threads: usize) -> Self {
        let workers = threads.saturating_sub(1);
        let shared = Arc::new(Shared {
            gate: Apart(AtomicU64::new(0)),
            next: Apart(AtomicUsize::new(0)),
            job: UnsafeCell::new(Job { units: 0, call: |_, _| (), context: ptr::null() }),
            asleep: (0..workers).map(|_| AtomicBool::new(false)).collect(),
            leave: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        });
        let spawn = |index| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(format!("compute-{index}")).spawn(move || shared.work(index))
        };
        let workers = (0..workers).map_while(|index| spawn(index).ok()).collect();
        Self { shared, workers }
    }

    /// The number of threads, the caller's among them.
    pub(crate) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `task` with each of `0..units`, each once, on whichever thread is free; returns when all are done.
    pub(crate) fn run<F: Fn(usize) + Sync>(&mut self, units: usize, task: &F) {
        if self.workers.is_empty() || units < 2 {
            (0..units).for_each(task);
            return;
        }
        let shared = &*self.shared;
        let job = Job { units, call: call::<F>, context: ptr::from_ref(task).cast() };
        // SAFETY: the gate is closed and nobody is inside: `Closing` waited for that at the end of the job before, and
        // `&mut self` lets no other job begin.
        unsafe { *shared.job.get() = job };
        shared.next.0.store(0, Ordering::Relaxed);
        shared.gate.0.fetch_add(JOB + OPEN, Ordering::SeqCst);
        let closing = Closing(shared);
        for (asleep, worker) in shared.asleep.iter().zip(&self.workers) {
            if asleep.load(Ordering::SeqCst) {
                wake(asleep, worker.thread());
            }
        }
        loop {
            let unit = shared.next.0.fetch_add(1, Ordering::Relaxed);
            if unit >= units {
                break;
            }
            task(unit);
        }
        drop(closing);
        assert!(!shared.failed.load(Ordering::Relaxed), "a compute thread panicked");
    }
}

/// Calls the closure at `context`.
///
/// # Safety
/// `context` points to a live `F`.
unsafe fn call<F: Fn(usize) + Sync>(context: *const (), unit: usize) {
    // SAFETY: the caller's promise.
    let task = unsafe { &*context.cast::<F>() };
    task(unit);
}

fn wake(asleep: &AtomicBool, worker: &Thread) {
    asleep.store(false, Ordering::SeqCst);
    worker.unpark();
}

/// Closes the gate and waits until nobody is inside, also when the caller's own part panics.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.gate.0.fetch_and(!OPEN, Ordering::SeqCst);
        let mut looks = 0_u32;
        while self.0.gate.0.load(Ordering::Acquire) & INSIDE != 0 {
            looks = looks.wrapping_add(1);
            if looks.is_multiple_of(4096) {
                thread::yield_now();
            }
            hint::spin_loop();
        }
    }
}

/// Counts a worker out, also when its task panics.
struct Leaving<'a>(&'a Shared);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.failed.store(true, Ordering::Relaxed);
        }
        self.0.gate.0.fetch_sub(1, Ordering::Release);
    }
}

impl Shared {
    fn work(&self, index: usize) {
        let mut last = 0;
        while let Some(()) = self.wait(index, last) {
            let before = self.gate.0.fetch_add(1, Ordering::SeqCst);
            let leaving = Leaving(self);
            if before & OPEN != 0 && before / JOB != last {
                last = before / JOB;
                // SAFETY: the gate was open when this worker was counted in, so the caller waits for `leaving` before it
                // writes another job or returns from the borrow behind `context`.
                let job = unsafe { *self.job.get() };
                loop {
                    let unit = self.next.0.fetch_add(1, Ordering::Relaxed);
                    if unit >= job.units {
                        break;
                    }
                    // SAFETY: as above, `context` points to the closure that `call` was made for.
                    unsafe { (job.call)(job.context, unit) };
                }
            }
            drop(leaving);
        }
    }

    /// Returns when a job other than `last` is open; `None` when the team is given up.
    fn wait(&self, index: usize, last: u64) -> Option<()> {
        let ready = || {
            let gate = self.gate.0.load(Ordering::SeqCst);
            gate & OPEN != 0 && gate / JOB != last
        };
        loop {
            let since = Instant::now();
            loop {
                for _ in 0..64 {
                    if ready() {
                        return Some(());
                    }
                    hint::spin_loop();
                }
                if self.leave.load(Ordering::Acquire) {
                    return None;
                }
                if since.elapsed() > PATIENCE {
                    break;
                }
            }
            let asleep = &self.asleep[index];
            asleep.store(true, Ordering::SeqCst);
            // A job opened before the store above is seen here; one opened after it sees the store and wakes us.
            while asleep.load(Ordering::SeqCst) && !ready() && !self.leave.load(Ordering::Acquire) {
                thread::park();
            }
            asleep.store(false, Ordering::SeqCst);
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.leave.store(true, Ordering::Release);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            // A worker that panicked has already been reported by `run`.
            let _ = worker.join();
        }
    }
}

impl fmt::Debug for Team {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} threads", self.threads())
    }
}

#[cfg(test)]
mod tests {
    use std::{panic, sync::atomic::AtomicU32};

    use super::*;

    #[test]
    fn every_unit_is_done_once_whether_workers_look_or_sleep() {
        let mut team = Team::new(4);
        for round in 0..200 {
            let done: Vec<AtomicU32> = (0..round).map(|_| AtomicU32::new(0)).collect();
            team.run(round, &|unit| {
                done[unit].fetch_add(1, Ordering::Relaxed);
            });
            assert!(done.iter().all(|done| done.load(Ordering::Relaxed) == 1));
            if round % 50 == 0 {
                while team.shared.asleep.iter().any(|asleep| !asleep.load(Ordering::SeqCst)) {
                    thread::yield_now();
                }
            }
        }
    }

    #[test]
    fn a_panic_in_a_unit_reaches_the_caller_and_not_the_end_of_the_program() {
        let mut team = Team::new(3);
        let run = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            team.run(1000, &|unit| assert!(unit != 500, "unit 500 fails on purpose"));
        }));
        assert!(run.is_err());
        drop(team);
    }
}
