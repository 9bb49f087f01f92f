//! Signals: every one that ends or stops the program gives the terminal back first.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use nix::unistd::Pid;
use nix::unistd::getpgid;
use nix::unistd::getpgrp;
use nix::unistd::getppid;
use nix::unistd::getsid;
use signal_hook::consts::SIGABRT;
use signal_hook::consts::SIGBUS;
use signal_hook::consts::SIGCONT;
use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGQUIT;
use signal_hook::consts::SIGTERM;
use signal_hook::consts::SIGTSTP;
use signal_hook::consts::SIGWINCH;
use signal_hook::iterator::Signals;
use signal_hook::low_level;
use signal_hook::low_level::emulate_default_handler;

use super::event_loop::Event;
use super::event_loop::Signs;
use super::panics;
use super::terminal::Terminal;

/// What ends the program; it goes before whatever else came.
const DEADLY: [i32; 4] = [SIGTERM, SIGHUP, SIGINT, SIGQUIT];

/// A shell that ends a stopped program sends the deadly signal and the one to go on together, and they may be seen in
/// either order: so long the second waits for the first.
const TOGETHER: Duration = Duration::from_millis(50);

/// What is said of a fault in mapped memory.
const MAPPING_LOST: &str = "lmscope: a file that was being read became shorter or unreadable\n";

/// Starts listening. The thread never waits for the event loop, so a signal ends the program whatever it is busy with.
pub(super) fn start(terminal: Arc<Terminal>, signs: Arc<Signs>, events: SyncSender<Event>) -> io::Result<()> {
    let mut signals = Signals::new(DEADLY)?;
    for signal in [SIGTSTP, SIGCONT, SIGWINCH] {
        signals.add_signal(signal)?;
    }
    let work = move || {
        panics::mark_essential();
        loop {
            let came: Vec<i32> = signals.wait().collect();
            if let Some(&deadly) = came.iter().find(|signal| DEADLY.contains(signal)) {
                leave_by(&terminal, deadly);
            }
            if came.contains(&SIGWINCH) {
                signs.resized();
            }
            // Of a stop and a continue seen together the continue was the later, or might as well have been.
            if came.contains(&SIGCONT) {
                go_on(&terminal, &mut signals);
                signs.continued();
            } else if came.contains(&SIGTSTP) {
                stop(&terminal);
            }
            // A full channel means that the loop is about to look at the signs anyway.
            let _ = events.try_send(Event::Wake);
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(work).map(drop)
}

/// Gives the terminal back when the program is cut down on the spot: an abort (memory ran out, the stack overflowed, a
/// panic within a panic) or a fault in mapped memory (a model file was truncated while it was read).
pub(super) fn watch_for_crashes(terminal: &Arc<Terminal>) -> io::Result<()> {
    for (signal, says) in [(SIGABRT, ""), (SIGBUS, MAPPING_LOST)] {
        let terminal = Arc::clone(terminal);
        let action = move || {
            terminal.close();
            let _ = rustix::io::write(rustix::stdio::stderr(), says.as_bytes());
            let _ = emulate_default_handler(signal);
        };
        #[expect(unsafe_code, reason = "these signals come on the thread that fails and do not wait for another")]
        // SAFETY: the action only does what a signal handler may: atomics, `poll`, `write`, `tcsetattr`, `nanosleep`
        // and `raise`; it neither allocates nor waits for a lock without a deadline.
        unsafe {
            low_level::register(signal, action)?;
        }
    }
    Ok(())
}

/// The terminal is gone: ends the program as the hang-up signal does, whether or not it was sent or ignored.
pub(super) fn hang_up(terminal: &Terminal) {
    leave_by(terminal, SIGHUP);
}

/// The person wants to leave and the event loop does not hear it: ends the program as the interrupt signal does.
pub(super) fn interrupt(terminal: &Terminal) {
    leave_by(terminal, SIGINT);
}

/// Gives the terminal back and dies of `signal`, so that the parent sees what happened.
fn leave_by(terminal: &Terminal, signal: i32) {
    terminal.close();
    let _ = emulate_default_handler(signal);
}

/// Gives the terminal back and stops, unless nobody is there to continue us.
fn stop(terminal: &Terminal) {
    if someone_can_continue_us() {
        terminal.restore();
        let _ = emulate_default_handler(SIGTSTP);
    }
}

/// Continued: takes the terminal again, or, in the background, where nothing can be shown, stops once more.
fn go_on(terminal: &Terminal, signals: &mut Signals) {
    if !terminal.is_ours() {
        thread::sleep(TOGETHER);
        if let Some(deadly) = signals.pending().find(|signal| DEADLY.contains(signal)) {
            leave_by(terminal, deadly);
        }
    }
    if !terminal.is_ours() {
        stop(terminal);
    } else if terminal.enter().is_err() {
        hang_up(terminal);
    }
}

/// Whether our process group is not orphaned: going up from us, the first ancestor outside the group is in our session
/// (POSIX, "orphaned process group"). A process, group or session outside our namespace is 0 to us: whoever is beyond
/// it could not be told to continue us.
fn someone_can_continue_us() -> bool {
    let Ok(session) = getsid(None) else { return false };
    let group = getpgrp();
    let mut ancestor = getppid();
    while ancestor.as_raw() > 0 {
        if getsid(Some(ancestor)) != Ok(session) {
            return false;
        }
        if getpgid(Some(ancestor)) != Ok(group) {
            return true;
        }
        let Some(parent) = parent_of(ancestor) else { return false };
        ancestor = parent;
    }
    false
}

/// The parent of another process, where the system tells (`/proc/PID/stat`, fourth field; the second may hold spaces
/// but ends with the last parenthesis).
fn parent_of(process: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Some(Pid::from_raw(fields.split_whitespace().nth(1)?.parse().ok()?))
}
