//! The terminal's ledger: every mode that is set on entering is undone on leaving, on every way out.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::TryLockError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use nix::unistd::getpgrp;
use nix::unistd::tcgetpgrp;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::event::poll;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::termios::OptionalActions;
use rustix::termios::QueueSelector;
use rustix::termios::Termios;
use rustix::termios::isatty;
use rustix::termios::tcflush;
use rustix::termios::tcgetattr;
use rustix::termios::tcgetwinsize;
use rustix::termios::tcsetattr;
use rustix::termios::ttyname;

use super::Refusal;

/// What is switched on entering, in this order, and off on leaving, in the opposite order.
const MODES: [&str; 2] = ["1049", "2004"];
/// Buttons, drags and the wheel, in the form that has no limit of columns; plain motion is not reported.
const MOUSE_MODES: [&str; 2] = ["1002", "1006"];

/// The widest and the tallest screen that is drawn, in cells.
const LARGEST: (u16, u16) = (1000, 500);
/// The screen of a terminal that does not know its size.
const ASSUMED: (u16, u16) = (80, 24);

/// As much as is written at once: a stop or a leave waits for no more than this.
const WRITE_BYTES: usize = 4 << 10;
/// How long the leaving waits for a terminal that takes no bytes before it throws away what was queued.
const LEAVE_PATIENCE: Duration = Duration::from_millis(200);
/// How often is looked whether a terminal that was given back has been taken again.
const REST: Duration = Duration::from_millis(20);
/// How long the last words may take.
const FAREWELL_PATIENCE: Duration = Duration::from_secs(2);

/// The terminal of standard input and output.
#[derive(Debug)]
pub(super) struct Terminal {
    input: OwnedFd,
    output: OwnedFd,
    before: Termios,
    /// What switches the modes on, and off; made in advance, so that leaving allocates nothing.
    enter: Vec<u8>,
    leave: Vec<u8>,
    /// Whether the modes are set.
    entered: AtomicBool,
    /// Which entering this is; a frame begun before a stop is not finished after it.
    session: AtomicU64,
    /// Whether the program is leaving: nothing enters any more.
    closed: AtomicBool,
    /// Held while the modes are set or undone: whoever finds them undone may rely on it.
    ledger: Mutex<()>,
    /// Whether the terminal took no bytes when the modes were undone.
    owed: AtomicBool,
    /// Held while bytes leave.
    writing: Mutex<()>,
    /// Held while bytes are taken.
    reading: Mutex<()>,
}

/// What a read brought.
pub(super) enum Arrival {
    /// So many bytes.
    Bytes(usize),
    /// Nothing in the time given.
    Nothing,
    /// The terminal was given back for good.
    Closed,
}

impl Terminal {
    /// Finds the terminal, changes nothing.
    pub(super) fn open(mouse: bool) -> color_eyre::Result<Self> {
        let (stdin, stdout) = (rustix::stdio::stdin(), rustix::stdio::stdout());
        if !isatty(stdin) {
            return Err(Refusal::NoTerminal("standard input").into());
        }
        if !isatty(stdout) {
            return Err(Refusal::NoTerminal("standard output").into());
        }
        if std::env::var_os("TERM").is_some_and(|name| name == "dumb") {
            return Err(Refusal::DumbTerminal.into());
        }
        Ok(Self {
            input: own(stdin)?,
            output: own(stdout)?,
            before: tcgetattr(stdout)?,
            enter: switch_on(mouse),
            leave: switch_off(mouse),
            entered: AtomicBool::new(false),
            session: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            ledger: Mutex::new(()),
            owed: AtomicBool::new(false),
            writing: Mutex::new(()),
            reading: Mutex::new(()),
        })
    }

    /// Columns and rows, at least 1 × 1 and at most 1000 × 500.
    pub(super) fn size(&self) -> (u16, u16) {
        let (columns, rows) = match tcgetwinsize(&self.output) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
            _ => ASSUMED,
        };
        (columns.min(LARGEST.0), rows.min(LARGEST.1))
    }

    /// Whether this process is in the foreground; touching the terminal from the background would stop it.
    pub(super) fn is_ours(&self) -> bool {
        tcgetpgrp(&self.output).map_or(true, |owner| owner == getpgrp())
    }

    /// Sets raw mode and every other mode of the ledger; entering twice does no harm.
    pub(super) fn enter(&self) -> io::Result<()> {
        let _ledger = lock_within(&self.ledger, LEAVE_PATIENCE);
        let _writing = lock_within(&self.writing, LEAVE_PATIENCE);
        if self.closed.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut raw = self.before.clone();
        raw.make_raw();
        self.session.fetch_add(1, Ordering::SeqCst);
        self.entered.store(true, Ordering::SeqCst);
        set_attributes(&self.output, &raw)?;
        self.push_within(&self.enter, LEAVE_PATIENCE)
    }

    /// Undoes the ledger; when it returns that is done, by this thread or by another. Safe to call from any thread and
    /// from a signal handler, at any time, any number of times: it allocates nothing, never panics, waits less than a
    /// second, prints nothing.
    pub(super) fn restore(&self) {
        let _ledger = lock_within(&self.ledger, LEAVE_PATIENCE);
        if !self.entered.swap(false, Ordering::SeqCst) {
            return;
        }
        // From here on the keys are the shell's: whoever reads now is the last.
        drop(lock_within(&self.reading, REST));
        let _writing = lock_within(&self.writing, LEAVE_PATIENCE);
        if !self.is_ours() {
            return;
        }
        if self.push_within(&self.leave, LEAVE_PATIENCE).is_err() {
            let _ = tcflush(&self.output, QueueSelector::OFlush);
            self.owed.store(self.push_within(&self.leave, LEAVE_PATIENCE / 4).is_err(), Ordering::SeqCst);
        }
        let _ = set_attributes(&self.output, &self.before);
    }

    /// Undoes the ledger for good.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.restore();
    }

    /// Writes `text` below what the shell shows, after [`close`](Self::close), and first what leaving still owes: this
    /// has more patience.
    pub(super) fn say(&self, text: &str) {
        if self.owed.swap(false, Ordering::SeqCst) {
            let _ = self.push_within(&self.leave, FAREWELL_PATIENCE);
        }
        let _ = self.push_within(text.as_bytes(), FAREWELL_PATIENCE);
    }

    /// Writes all of `bytes`, however long the terminal takes; stops without an error when the ledger was undone
    /// meanwhile.
    pub(super) fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        let session = self.session.load(Ordering::SeqCst);
        while !bytes.is_empty() {
            wait_for(&self.output, PollFlags::OUT, None)?;
            let guard = lock_within(&self.writing, Duration::MAX);
            if !self.entered.load(Ordering::SeqCst) || self.session.load(Ordering::SeqCst) != session {
                return Ok(());
            }
            let count = push(&self.output, bytes)?;
            drop(guard);
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Waits for bytes, up to `patience` if one is given. The end of the input is an error: the terminal is gone. What
    /// comes while the ledger is undone is left to the shell.
    pub(super) fn read(&self, bytes: &mut [u8], patience: Option<Duration>) -> io::Result<Arrival> {
        loop {
            if !wait_for(&self.input, PollFlags::IN, patience)? {
                return Ok(Arrival::Nothing);
            }
            let guard = lock_within(&self.reading, Duration::MAX);
            if !self.entered.load(Ordering::SeqCst) {
                drop(guard);
                if self.closed.load(Ordering::SeqCst) {
                    return Ok(Arrival::Closed);
                }
                thread::sleep(REST);
                continue;
            }
            match rustix::io::read(&self.input, &mut *bytes) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => return Ok(Arrival::Bytes(count)),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn push_within(&self, mut bytes: &[u8], patience: Duration) -> io::Result<()> {
        let deadline = Instant::now() + patience;
        while !bytes.is_empty() {
            let rest = deadline.saturating_duration_since(Instant::now());
            if !wait_for(&self.output, PollFlags::OUT, Some(rest))? {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let count = push(&self.output, bytes)?;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }
}

fn modes(mouse: bool) -> impl DoubleEndedIterator<Item = &'static str> {
    MODES.into_iter().chain(MOUSE_MODES.into_iter().filter(move |_| mouse))
}

fn switch_on(mouse: bool) -> Vec<u8> {
    let mut bytes = String::new();
    for mode in modes(mouse) {
        bytes.extend(["\x1b[?", mode, "h"]);
    }
    bytes.push_str("\x1b[?25l");
    bytes.into_bytes()
}

fn switch_off(mouse: bool) -> Vec<u8> {
    // The first escape also ends whatever sequence the last frame was cut in.
    let mut bytes = String::from("\x1b[?2026l\x1b[0m\x1b[?25h");
    for mode in modes(mouse).rev() {
        bytes.extend(["\x1b[?", mode, "l"]);
    }
    bytes.into_bytes()
}

/// A descriptor of our own for the same terminal, so that making it non-blocking does not make the shell's so; where
/// the device may not be opened, a copy that blocks.
fn own(stream: impl AsFd) -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    if let Ok(name) = ttyname(&stream, Vec::new())
        && let Ok(opened) = rustix::fs::open(name, flags, Mode::empty())
        && rustix::fs::fstat(&opened)?.st_rdev == rustix::fs::fstat(&stream)?.st_rdev
    {
        return Ok(opened);
    }
    Ok(rustix::io::fcntl_dupfd_cloexec(&stream, 3)?)
}

/// Writes what fits now, at most a chunk; 0 when nothing does.
fn push(output: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
    match rustix::io::write(output, bytes.get(..WRITE_BYTES).unwrap_or(bytes)) {
        Ok(count) => Ok(count),
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Whether the descriptor became ready, or hung up, in the time given.
fn wait_for(descriptor: &OwnedFd, what: PollFlags, patience: Option<Duration>) -> io::Result<bool> {
    let timeout = patience.and_then(|time| Timespec::try_from(time).ok());
    loop {
        match poll(&mut [PollFd::new(descriptor, what)], timeout.as_ref()) {
            Ok(count) => return Ok(count > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn set_attributes(terminal: &OwnedFd, attributes: &Termios) -> io::Result<()> {
    loop {
        match tcsetattr(terminal, OptionalActions::Now, attributes) {
            Err(Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

/// The lock, or nothing when its holder does not let go in time: leaving matters more than order.
fn lock_within(lock: &Mutex<()>, patience: Duration) -> Option<MutexGuard<'_, ()>> {
    let begun = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if begun.elapsed() >= patience => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use portable_pty::PtySize;
    use portable_pty::native_pty_system;

    use super::*;

    #[test]
    fn whoever_gives_the_terminal_back_second_returns_when_the_first_is_done() {
        let pair = native_pty_system().openpty(PtySize::default()).unwrap_or_else(|error| panic!("{error}"));
        let device = pair.master.tty_name().unwrap_or_default();
        let open = || OwnedFd::from(std::fs::File::options().read(true).write(true).open(&device).expect("a device"));
        let output = open();
        let terminal = Terminal {
            input: open(),
            before: tcgetattr(&output).expect("attributes"),
            output,
            enter: switch_on(true),
            leave: switch_off(true),
            entered: AtomicBool::new(false),
            session: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            ledger: Mutex::new(()),
            owed: AtomicBool::new(false),
            writing: Mutex::new(()),
            reading: Mutex::new(()),
        };
        terminal.enter().expect("a terminal to enter");
        let reading = terminal.reading.lock().expect("nobody reads");
        thread::scope(|scope| {
            scope.spawn(|| {
                while terminal.entered.load(Ordering::SeqCst) {
                    thread::yield_now();
                }
                // The first waits for the reader at this moment.
                terminal.restore();
                terminal.say("after");
            });
            scope.spawn(|| terminal.restore());
        });
        drop(reading);
        let mut shown = vec![0; terminal.enter.len() + terminal.leave.len() + "after".len()];
        pair.master.try_clone_reader().expect("a reader").read_exact(&mut shown).expect("what was written");
        assert!(String::from_utf8_lossy(&shown).ends_with("\x1b[?1049lafter"), "{shown:?}");
    }
}
