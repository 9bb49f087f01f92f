//! What a panic does: on a thread the screen depends on it gives the terminal back and reports; inside a worker's job
//! it becomes text.

use std::any::Any;
use std::cell::Cell;
use std::cell::RefCell;
use std::io;
use std::io::Write as _;
use std::panic;
use std::panic::PanicHookInfo;
use std::panic::UnwindSafe;
use std::process;
use std::sync::Arc;
use std::thread;

use color_eyre::config::HookBuilder;

use super::terminal::Terminal;

thread_local! {
    /// Whether the program cannot go on without this thread.
    static ESSENTIAL: Cell<bool> = const { Cell::new(false) };
    /// What the last panic of this thread said, and where.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Marks the calling thread as one the program cannot go on without.
pub(super) fn mark_essential() {
    ESSENTIAL.set(true);
}

/// From now on a panic of an essential thread gives the terminal back and then reports; any other is only remembered.
pub(super) fn install(terminal: Arc<Terminal>) {
    let ui = thread::current().id();
    let (report, _) = HookBuilder::default().display_env_section(false).into_hooks();
    panic::set_hook(Box::new(move |info| {
        if !note(info) {
            return;
        }
        terminal.close();
        let text = format!("{}\n", report.panic_report(info));
        // Standard error may be closed: then there is nobody to tell.
        let _ = io::stderr().lock().write_all(text.as_bytes());
        // The thread of the screen unwinds to the end of the program; a service thread must take the program along.
        if thread::current().id() != ui {
            #[expect(clippy::exit, reason = "without this thread the explorer is deaf or blind")]
            process::exit(101);
        }
    }));
}

/// Runs `work`; a panic in it is returned as what it said and where.
pub(super) fn quietly(work: impl FnOnce() + UnwindSafe) -> Result<(), String> {
    LAST.take();
    panic::catch_unwind(work).map_err(|payload| LAST.take().unwrap_or_else(|| said(&*payload).to_owned()))
}

/// Remembers a panic of the calling thread for [`quietly`]; returns whether the thread is essential.
fn note(info: &PanicHookInfo<'_>) -> bool {
    let text = match info.location() {
        Some(at) => format!("{} ({}:{})", said(info.payload()), at.file(), at.line()),
        None => said(info.payload()).to_owned(),
    };
    LAST.set(Some(text));
    ESSENTIAL.get()
}

fn said(payload: &(dyn Any + Send)) -> &str {
    match payload.downcast_ref::<String>() {
        Some(text) => text,
        None => payload.downcast_ref::<&str>().copied().unwrap_or("a panic without words"),
    }
}
