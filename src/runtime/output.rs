//! Frames on their way to the terminal: at most one, written by a thread of its own, so that a slow terminal never
//! makes the keys wait.

use std::io;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use super::event_loop::Event;
use super::panics;
use super::signals;
use super::terminal::Terminal;

/// The mailbox of the writer: one frame, given only when the one before has left.
#[derive(Debug, Default)]
pub(super) struct Output {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes that the writer has not taken yet.
    next: Option<Vec<u8>>,
    /// Whether the writer is at it.
    busy: bool,
    /// Whether the loop waits for room.
    awaited: bool,
}

impl Output {
    /// Starts the writer; it wakes the loop when there is room again.
    pub(super) fn start(terminal: Arc<Terminal>, events: SyncSender<Event>) -> io::Result<Arc<Self>> {
        let output = Arc::new(Self::default());
        let shared = Arc::clone(&output);
        let work = move || {
            panics::mark_essential();
            loop {
                let bytes = shared.take();
                if terminal.write(&bytes).is_err() {
                    signals::hang_up(&terminal);
                    return;
                }
                if shared.done() && matches!(events.try_send(Event::Wake), Err(error) if is_closed(&error)) {
                    return;
                }
            }
        };
        thread::Builder::new().name("output".to_owned()).spawn(work)?;
        Ok(output)
    }

    /// Whether all that was sent has left; if not, the loop is woken when it has.
    pub(super) fn has_room(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.awaited = state.is_full();
        !state.awaited
    }

    /// Hands over bytes; call it only when there is room.
    pub(super) fn send(&self, bytes: Vec<u8>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).next = Some(bytes);
        self.bell.notify_all();
    }

    /// Waits until all has left, but not longer than `patience`.
    pub(super) fn finish(&self, patience: Duration) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.bell.wait_timeout_while(state, patience, |state| state.is_full());
        drop(waited);
    }

    fn take(&self) -> Vec<u8> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(bytes) = state.next.take() {
                state.busy = true;
                return bytes;
            }
            state = self.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The writer is free again; returns whether the loop waits for that.
    fn done(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.busy = false;
        self.bell.notify_all();
        std::mem::take(&mut state.awaited)
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.busy || self.next.is_some()
    }
}

fn is_closed(error: &std::sync::mpsc::TrySendError<Event>) -> bool {
    matches!(error, std::sync::mpsc::TrySendError::Disconnected(_))
}
