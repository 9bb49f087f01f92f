//! How far a work is, on standard error where that is a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;

use super::output::thousands;
use crate::ui::{Language, Message};

/// How far a work is. What it showed is gone when it is dropped.
pub(super) struct Meter {
    /// What is done of how much, and the share in percent.
    message: Message,
    language: Language,
    shows: bool,
    shown: Option<u64>,
}

impl Meter {
    pub(super) fn new(message: Message, language: Language) -> Self {
        Self { message, language, shows: io::stderr().is_terminal(), shown: None }
    }

    /// So much is done; where it is not known of how much, `of` is 0.
    pub(super) fn show(&mut self, done: u64, of: u64) -> ControlFlow<()> {
        let step = (done.saturating_mul(1000)).checked_div(of).unwrap_or(done);
        if self.shows && self.shown != Some(step) {
            self.shown = Some(step);
            let share = if of > 0 { format!("{:.1}", step as f64 / 10.0) } else { "–".to_owned() };
            let (done, of) = (thousands(done), thousands(of.max(done)));
            let line = self.message.say(self.language, &[&done, &of, &share]);
            // Progress that cannot be shown is no reason to stop.
            let _ = write!(io::stderr(), "\r\x1b[K{line}");
        }
        ControlFlow::Continue(())
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
