//! Fetching a model before a command runs, with a bar on standard error where that is a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;

use super::Failure;
use crate::hub::Progress;
use crate::model::{self, Spec, say_progress};
use crate::ui::{Language, safe};

/// Columns of a line that no terminal breaks.
const LINE: usize = 79;
/// Columns of the bar, where there is room for it.
const BAR: usize = 24;
/// To the beginning of the line, which is cleared.
const AFRESH: &str = "\r\x1b[K";

/// Makes sure that the model is on this machine.
pub(super) fn fetch(spec: &Spec, language: Language) -> Result<(), Failure> {
    let mut stderr = io::stderr();
    let shows = stderr.is_terminal();
    let mut shown = String::new();
    let fetched = model::fetch(spec, &mut |progress| {
        if shows {
            let said = say_progress(&progress, language);
            let room = LINE.saturating_sub(safe::width(&said) + 1);
            let line = safe::fit(&format!("{said} {}", bar(&progress, room.min(BAR))), LINE);
            if line != shown {
                // Progress that cannot be shown is no reason to stop.
                let _ = write!(stderr, "{AFRESH}{line}").and_then(|()| stderr.flush());
                shown = line;
            }
        }
        ControlFlow::Continue(())
    });
    if !shown.is_empty() {
        let _ = write!(stderr, "{AFRESH}");
    }
    Ok(fetched?)
}

/// `[###...]`, in so many columns.
fn bar(progress: &Progress, columns: usize) -> String {
    let columns = columns.saturating_sub(2);
    let full = progress.permille().map_or(0, |permille| permille as usize * columns / 1000);
    format!("[{}{}]", "#".repeat(full), ".".repeat(columns - full))
}
