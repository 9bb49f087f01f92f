//! The terminal, threads and the clock: the only layer that blocks.
//!
//! Five kinds of threads, none of which waits for another's work: the caller's runs the event loop and draws, `input`
//! reads and parses, `output` writes one frame at a time, `signals` gives the terminal back and leaves, and one per
//! lane computes. They meet in one bounded channel.

mod clipboard;
mod event_loop;
mod fault;
mod frame;
pub mod headless;
pub mod input;
pub mod lanes;
mod output;
mod panics;
mod screen;
mod signals;
mod terminal;

use std::error::Error;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use color_eyre::eyre::WrapErr as _;

use crate::app::App;
use crate::app::Msg;
use crate::state::Effect;

use event_loop::Event;
use event_loop::Signs;
use lanes::Lanes;
use output::Output;
use screen::Screen;
use terminal::Terminal;

/// How long the last frame may take to leave before the terminal is given back.
const LAST_FRAME_PATIENCE: Duration = Duration::from_millis(100);

/// How the explorer uses the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether clicks, drags and the wheel are reported.
    pub mouse: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { mouse: true }
    }
}

/// Why the explorer cannot run here; the text form can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The stream named is not a terminal.
    NoTerminal(&'static str),
    /// `TERM=dumb`: the terminal cannot place a cursor.
    DumbTerminal,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTerminal(stream) => write!(f, "the explorer needs a terminal, and {stream} is none"),
            Self::DumbTerminal => {
                f.write_str("the explorer needs a terminal that can place a cursor, and TERM is `dumb`")
            }
        }
    }
}

impl Error for Refusal {}

/// Runs the explorer on the terminal of standard input and output until it asks to leave. The terminal is then as it
/// was, and [`App::farewell`] stands below what the shell shows.
///
/// A signal that ends the program, and the loss of the terminal, end the process from here.
///
/// # Errors
/// [`Refusal`] when there is no terminal to run on; else what the system refused: a thread, a descriptor, a mode of the
/// terminal. The terminal is as it was in either case.
pub fn explore(mut app: App, first: Vec<Effect>, options: Options) -> color_eyre::Result<()> {
    let terminal = Arc::new(Terminal::open(options.mouse)?);
    let signs = Arc::new(Signs::default());
    let (sender, events) = sync_channel(event_loop::BATCH);

    panics::mark_essential();
    panics::install(Arc::clone(&terminal));
    let replies = sender.clone();
    let lanes = Lanes::start(&move |reply| match replies.send(Event::Msg(Msg::Reply(reply))) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    })
    .wrap_err("could not start the workers")?;
    let output = Output::start(Arc::clone(&terminal), sender.clone()).wrap_err("could not start the writer")?;
    signals::watch_for_crashes(&terminal).wrap_err("could not watch for crashes")?;
    signals::start(Arc::clone(&terminal), Arc::clone(&signs), sender.clone())
        .wrap_err("could not watch for signals")?;
    let entered = terminal.enter().wrap_err("could not set up the terminal");
    let listening = entered.and_then(|()| {
        input::start(Arc::clone(&terminal), Arc::clone(&signs), sender).wrap_err("could not start reading the terminal")
    });
    if let Err(error) = listening {
        terminal.close();
        return Err(error);
    }

    let mut screen = Screen::new(Arc::clone(&terminal), Arc::clone(&output), lanes);
    event_loop::run(&mut app, first, events, &signs, &mut screen);

    drop(screen);
    output.finish(LAST_FRAME_PATIENCE);
    terminal.close();
    let farewell = app.farewell();
    if !farewell.is_empty() {
        terminal.say(farewell.trim_end_matches('\n'));
        terminal.say("\n");
    }
    Ok(())
}
