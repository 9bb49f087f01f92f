//! Bytes from the terminal become keys, mouse events and pastes, on a thread of their own.
//!
//! Nothing is ever asked of the terminal, so no reply is expected; those that come all the same are dropped.

mod flood;
mod parser;
mod sequences;

use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyModifiers;

pub use flood::calm;
pub use parser::Input;
pub use parser::Parser;

use crate::app::Msg;

use super::event_loop::Event;
use super::event_loop::Signs;
use super::panics;
use super::signals;
use super::terminal::Arrival;
use super::terminal::Terminal;

/// As much as is read at once.
const READ_BYTES: usize = 64 << 10;

/// Two Ctrl-C this far apart, and nothing taken in between, end a program that is stuck.
const STUCK: RangeInclusive<Duration> = Duration::from_millis(200)..=Duration::from_secs(2);

impl From<Input> for Msg {
    fn from(input: Input) -> Self {
        match input {
            Input::Key(key) => Self::Key(key),
            Input::Mouse(mouse) => Self::Mouse(mouse),
            Input::Paste(text) => Self::Paste(text),
        }
    }
}

/// Starts reading. The thread ends when nobody listens; when the terminal is gone, so is the program.
pub(super) fn start(terminal: Arc<Terminal>, signs: Arc<Signs>, events: SyncSender<Event>) -> io::Result<()> {
    let work = move || {
        panics::mark_essential();
        if serve(&terminal, &signs, &events).is_err() {
            signals::hang_up(&terminal);
        }
    };
    thread::Builder::new().name("input".to_owned()).spawn(work).map(drop)
}

fn is_interrupt(input: &Input) -> bool {
    *input == Input::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL))
}

fn serve(terminal: &Terminal, signs: &Signs, events: &SyncSender<Event>) -> io::Result<()> {
    let mut bytes = vec![0; READ_BYTES];
    let mut parser = Parser::default();
    let mut unheard: Option<(Instant, u64)> = None;
    loop {
        let mut inputs = Vec::new();
        match terminal.read(&mut bytes, parser.patience())? {
            Arrival::Bytes(count) => parser.feed(bytes.get(..count).unwrap_or_default(), &mut inputs),
            Arrival::Closed => return Ok(()),
            Arrival::Nothing => parser.timeout(&mut inputs),
        }
        for input in calm(inputs) {
            if is_interrupt(&input) {
                // A loop that took in nothing since the key was last pressed will not hear it now.
                let rounds = signs.rounds();
                match unheard {
                    Some((at, before)) if before == rounds && STUCK.contains(&at.elapsed()) => {
                        signals::interrupt(terminal);
                    }
                    _ => unheard = Some((Instant::now(), rounds)),
                }
            }
            if events.send(Event::Msg(input.into())).is_err() {
                return Ok(());
            }
        }
    }
}
