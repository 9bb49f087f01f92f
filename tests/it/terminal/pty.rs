//! A program in a pseudo-terminal: its bytes, its screen, its modes, its end.
#![expect(clippy::unwrap_used, reason = "what does not work here fails the test")]

use std::collections::BTreeMap;
use std::fs::File;
use std::fs::OpenOptions;
use std::io::Read;
use std::io::Write;
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use portable_pty::Child;
use portable_pty::CommandBuilder;
use portable_pty::ExitStatus;
use portable_pty::MasterPty;
use portable_pty::PtySize;
use portable_pty::native_pty_system;

/// How long a state may take to come; a loaded machine is slow, a missing state is for ever.
const PATIENCE: Duration = Duration::from_secs(20);
const PROGRAM: &str = env!("CARGO_BIN_EXE_lmscope");
/// Ends a program that is at its first screen.
const LEAVE: &[u8] = b"\x03q";

pub(crate) struct Pty {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    reader: Option<JoinHandle<()>>,
    seen: Arc<Seen>,
    /// The terminal's own end, kept open to look at its attributes.
    slave: File,
    before: String,
}

#[derive(Default)]
struct Seen {
    state: Mutex<State>,
    bell: Condvar,
}

pub(crate) struct State {
    pub(crate) bytes: Vec<u8>,
    pub(crate) parser: vt100::Parser,
    paused: bool,
    stopped: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { bytes: Vec::new(), parser: emulator(24, 80), paused: false, stopped: false }
    }
}

impl State {
    pub(crate) fn text(&self) -> String {
        self.parser.screen().contents()
    }

    pub(crate) fn in_alternate_screen(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// How often every cell was drawn.
    pub(crate) fn full_redraws(&self) -> usize {
        self.bytes.windows(4).filter(|window| window == b"\x1b[2J").count()
    }

    /// The private modes that are not as a terminal begins, as "1049" (set) or "-25" (reset).
    pub(crate) fn changed_modes(&self) -> Vec<String> {
        let mut modes = BTreeMap::new();
        let text = String::from_utf8_lossy(&self.bytes);
        for part in text.split("\x1b[?").skip(1) {
            let end = part.find(|letter: char| !letter.is_ascii_digit() && letter != ';').unwrap_or(part.len());
            let (numbers, rest) = part.split_at(end);
            if let Some(set) = rest.chars().next().filter(|letter| "hl".contains(*letter)) {
                modes.extend(numbers.split(';').map(|number| (number.to_owned(), set == 'h')));
            }
        }
        let changed = |(mode, set): (String, bool)| match (&*mode, set) {
            ("25", true) => None,
            ("25", false) => Some("-25".to_owned()),
            (_, set) => set.then_some(mode),
        };
        modes.into_iter().filter_map(changed).collect()
    }
}

impl Pty {
    /// The explorer on this text.
    pub(crate) fn explorer_on(text: &str) -> Self {
        let pty = Self::spawn(&[PROGRAM, text], &[]);
        pty.wait_for_the_explorer();
        pty
    }

    /// The explorer, alone in its terminal, at its first screen.
    pub(crate) fn explorer() -> Self {
        Self::explorer_with(&[])
    }

    /// The same with these environment variables.
    pub(crate) fn explorer_with(environment: &[(&str, &str)]) -> Self {
        let pty = Self::spawn(&[PROGRAM], environment);
        pty.wait_for_the_explorer();
        pty
    }

    /// `sh -c script`, in which `$0` is the program.
    pub(crate) fn script(script: &str) -> Self {
        Self::spawn(&["sh", "-c", script, PROGRAM], &[])
    }

    /// Any command on an 80 × 24 terminal.
    pub(crate) fn spawn(command: &[&str], environment: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let slave = OpenOptions::new().read(true).open(pair.master.tty_name().unwrap()).unwrap();
        let mut builder = CommandBuilder::from_argv(command.iter().map(Into::into).collect());
        builder.env("TERM", "xterm-256color");
        builder.env("PS1", "$ ");
        builder.env("LMSCOPE", PROGRAM);
        builder.env("LC_ALL", "C.UTF-8");
        for (name, value) in environment {
            builder.env(name, value);
        }
        builder.env_remove("RUST_BACKTRACE");
        builder.cwd(std::env::current_dir().unwrap());
        let before = attributes(&slave);
        let child = pair.slave.spawn_command(builder).unwrap();
        let seen = Arc::new(Seen::default());
        let (shared, mut source) = (Arc::clone(&seen), pair.master.try_clone_reader().unwrap());
        let reader = std::thread::spawn(move || shared.read(&mut *source));
        let writer = pair.master.take_writer().unwrap();
        Self { child, master: Some(pair.master), writer: Some(writer), reader: Some(reader), seen, slave, before }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.seen.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the program has shown something for which `is_so` holds.
    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn(&State) -> bool) {
        let waiting = self.seen.bell.wait_timeout_while(self.state(), PATIENCE, |state| !is_so(state)).unwrap();
        assert!(
            !waiting.1.timed_out(),
            "no {what}; modes {:?}; screen:\n{}",
            waiting.0.changed_modes(),
            waiting.0.text()
        );
    }

    #[track_caller]
    pub(crate) fn wait_for_the_explorer(&self) {
        self.wait_until("first frame", |state| state.in_alternate_screen() && state.full_redraws() > 0);
    }

    /// Waits until the program has written nothing for `rest`.
    #[track_caller]
    pub(crate) fn wait_for_rest(&self, rest: Duration) {
        let deadline = Instant::now() + PATIENCE;
        while !self.is_silent_for(rest) {
            assert!(Instant::now() < deadline, "the program does not come to rest");
        }
    }

    /// Whether the program writes nothing in the next `rest`.
    pub(crate) fn is_silent_for(&self, rest: Duration) -> bool {
        let state = self.state();
        let before = state.bytes.len();
        self.seen.bell.wait_timeout_while(state, rest, |state| state.bytes.len() == before).unwrap().1.timed_out()
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(bytes).unwrap();
        writer.flush().unwrap();
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
        let (rows, columns) = (cells(rows.min(500)), cells(columns.min(1000)));
        self.state().parser.screen_mut().set_size(rows, columns);
    }

    /// Sends a signal by name to the program, or to the explorer under its shell.
    pub(crate) fn signal(name: &str, process: u32) {
        let done = std::process::Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
        assert!(done.unwrap().success());
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// From now on nobody reads what the program writes.
    pub(crate) fn stop_reading(&self) {
        self.state().paused = true;
    }

    pub(crate) fn go_on_reading(&self) {
        self.state().paused = false;
        self.seen.bell.notify_all();
    }

    /// Closes the terminal's other end, as a window that is closed or a connection that breaks; returns what the
    /// program then took until it was gone: time, and time of the processor.
    pub(crate) fn hang_up(self) -> (Duration, Duration) {
        self.hang_up_with(b"")
    }

    /// The same, for a program that answers these bytes.
    pub(crate) fn hang_up_with(mut self, bytes: &[u8]) -> (Duration, Duration) {
        self.state().stopped = true;
        // The reader sits in a read until there is something to read.
        self.resize(81, 24);
        self.send(bytes);
        self.reader.take().unwrap().join().unwrap();
        let used = processor_time(self.process());
        let begun = Instant::now();
        self.writer = None;
        self.master = None;
        while !is_dead(self.process()) {
            assert!(begun.elapsed() < PATIENCE, "the program lives on without a terminal");
            std::thread::yield_now();
        }
        (begun.elapsed(), processor_time(self.process()).saturating_sub(used))
    }

    #[track_caller]
    pub(crate) fn wait_for_the_end(&mut self) -> ExitStatus {
        assert!(self.ends_within(PATIENCE), "the program does not end; screen:\n{}", self.state().text());
        self.child.wait().unwrap()
    }

    /// Whether the program ends in the next `patience`.
    pub(crate) fn ends_within(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                return false;
            }
            let state = self.state();
            drop(self.seen.bell.wait_timeout(state, Duration::from_millis(5)).unwrap());
        }
        true
    }

    /// Waits until every private mode and the terminal's attributes are as they were.
    #[track_caller]
    pub(crate) fn wait_for_restored_terminal(&self) {
        self.wait_until("restored terminal", |state| state.changed_modes().is_empty() && !state.in_alternate_screen());
        assert_eq!(attributes(&self.slave), self.before);
    }

    /// Asks the explorer to leave, and holds it to: code 0, everything restored.
    #[track_caller]
    pub(crate) fn leave(mut self) {
        self.send(LEAVE);
        let status = self.wait_for_the_end();
        assert_eq!((status.exit_code(), status.signal()), (0, None), "screen:\n{}", self.state().text());
        self.wait_for_restored_terminal();
        // The text that stays behind may still be on its way through the terminal, cut inside a character.
        self.wait_until("whole characters", |state| std::str::from_utf8(&state.bytes).is_ok());
        let written = String::from_utf8(self.state().bytes.clone()).unwrap();
        if let Err(rest) = only_pictures(&written) {
            panic!("something was said to the terminal that is no picture: {:?}", &rest[..rest.len().min(80)]);
        }
    }

    /// Asks the explorer to leave without waiting.
    pub(crate) fn ask_to_leave(&mut self) {
        self.send(LEAVE);
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.state().stopped = true;
        self.seen.bell.notify_all();
    }
}

impl Seen {
    fn read(&self, source: &mut dyn Read) {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = source.read(&mut bytes) {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.bytes.extend(&bytes[..count]);
            state.parser.process(&bytes[..count]);
            self.bell.notify_all();
            let state = self.bell.wait_while(state, |state| state.paused && !state.stopped).unwrap();
            if state.stopped {
                return;
            }
        }
    }
}

fn emulator(rows: u16, columns: u16) -> vt100::Parser {
    vt100::Parser::new(cells(rows), cells(columns), 100)
}

fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN)
}

/// The attributes of a terminal, as one text to compare.
fn attributes(terminal: &File) -> String {
    format!("{:?}", rustix::termios::tcgetattr(terminal).unwrap())
}

/// The fields of `/proc/PID/stat` from the third on; none when there is no such process.
fn stat(process: u32) -> Vec<String> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let (_, fields) = text.rsplit_once(')').unwrap_or_default();
    fields.split_whitespace().map(str::to_owned).collect()
}

/// Waits until a process is dead, buried or not.
pub(crate) fn wait_until_gone(process: u32) {
    let deadline = Instant::now() + PATIENCE;
    while !is_dead(process) {
        assert!(Instant::now() < deadline, "the process lives on");
        std::thread::yield_now();
    }
}

fn is_dead(process: u32) -> bool {
    stat(process).first().is_none_or(|state| state == "Z")
}

/// The time of the processor a process has used, to 10 ms.
pub(crate) fn processor_time(process: u32) -> Duration {
    let fields = stat(process);
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// The explorer that runs somewhere below `ancestor`, once there is one.
pub(crate) fn explorer_below(ancestor: u32) -> u32 {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(explorer) = children_of(ancestor).into_iter().find_map(explorer_from) {
            return explorer;
        }
        assert!(Instant::now() < deadline, "the shell has no explorer");
        std::thread::yield_now();
    }
}

/// This process or the first one below it that is the explorer.
fn explorer_from(process: u32) -> Option<u32> {
    let program = std::fs::read_link(format!("/proc/{process}/exe"));
    if program.is_ok_and(|program| program.file_name() == Path::new(PROGRAM).file_name()) {
        return Some(process);
    }
    children_of(process).into_iter().find_map(explorer_from)
}

fn children_of(process: u32) -> Vec<u32> {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// Waits until a process is stopped.
pub(crate) fn wait_until_stopped(process: u32) {
    let deadline = Instant::now() + PATIENCE;
    while stat(process)[0] != "T" {
        assert!(Instant::now() < deadline, "the process does not stop");
        std::thread::yield_now();
    }
}

/// Whether a text is nothing but characters, line ends, places (`H`), styles (`m`), modes (`h`, `l`), the clearing of the
/// screen (`2J`) and the clipboard; if not, what it says from the first other thing on.
fn only_pictures(written: &str) -> Result<(), &str> {
    let mut rest = written;
    while let Some(letter) = rest.chars().next() {
        let length = if let Some(sequence) = rest.strip_prefix("\x1b[") {
            let end = sequence.find(|letter: char| !letter.is_ascii_digit() && !";:?".contains(letter)).ok_or(rest)?;
            let (parameters, last) = (&sequence[..end], sequence[end..].chars().next());
            let known = match last {
                Some('H' | 'm') => !parameters.contains('?'),
                Some('h' | 'l') => parameters.starts_with('?'),
                Some('J') => parameters == "2",
                _ => false,
            };
            if known { 2 + end + 1 } else { 0 }
        } else if rest.starts_with("\x1b]52;c;") {
            rest.find("\x1b\\").map_or(0, |end| end + 2)
        } else if letter.is_control() && !"\r\n".contains(letter) {
            0
        } else {
            letter.len_utf8()
        };
        if length == 0 {
            return Err(rest);
        }
        rest = &rest[length..];
    }
    Ok(())
}
