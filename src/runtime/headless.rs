//! The explorer without a terminal and without a clock, for tests: keys go in as text, jobs run only when told to,
//! the screen comes out as text.
//!
//! Nothing here waits for time, so "cancelled after the third token" is exact.

mod keys;
mod picture;
mod worker;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyModifiers;
use ratatui::crossterm::event::MouseButton;
use ratatui::crossterm::event::MouseEvent;
use ratatui::crossterm::event::MouseEventKind;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::Msg;
use crate::job::Desk;
use crate::job::Generation;
use crate::job::Job;
use crate::job::Lane;
use crate::job::Reply;
use crate::state::Effect;

use worker::Worker;

/// So many replies without rest mean a job that never ends.
const SETTLE_LIMIT: usize = 1_000_000;

/// Drives an [`App`] as the event loop does, one step at a time.
#[derive(Debug)]
pub struct Driver {
    /// The explorer that is driven.
    pub app: App,
    /// Columns and rows of the screen.
    pub size: (u16, u16),
    /// What was put on the clipboard, oldest first.
    pub copied: Vec<String>,
    /// Whether the explorer asked to leave.
    pub left: bool,
    /// How often the explorer asked to be suspended.
    pub suspended: usize,
    /// How often the explorer asked for a redraw of every cell.
    pub redrawn: usize,
    lanes: Vec<Bench>,
}

/// One lane: its desk, the job in work, the job that waits.
#[derive(Debug)]
struct Bench {
    lane: Lane,
    desk: Arc<Desk>,
    worker: Option<Worker>,
    waiting: Option<(Generation, Job)>,
}

impl Driver {
    /// An explorer on a screen of `width` × `height` cells, with the effects it wants done first already performed
    /// (their jobs wait for [`work`](Self::work)).
    pub fn new((app, first): (App, Vec<Effect>), width: u16, height: u16) -> Self {
        let bench = |lane| Bench { lane, desk: Arc::default(), worker: None, waiting: None };
        let lanes = Lane::ALL.into_iter().map(bench).collect();
        let mut driver =
            Self { app, size: (width, height), copied: Vec::new(), left: false, suspended: 0, redrawn: 0, lanes };
        driver.perform(first);
        driver.resize(width, height);
        driver
    }

    /// Presses keys written as words: `r l C-c M-x S-<up> <esc> <tab> <backtab> <enter> <space> <up> <down> <left>
    /// <right> <home> <end> <pgup> <pgdn> <del> <ins> <bs> <f1>`.
    ///
    /// # Panics
    /// A word is not in the notation.
    pub fn keys(&mut self, words: &str) -> &mut Self {
        for word in words.split_whitespace() {
            let Some(key) = keys::read(word) else {
                panic!("`{word}` is not a key: write `x`, `C-x`, `M-x` or `<esc>`")
            };
            self.msg(Msg::Key(key));
        }
        self
    }

    /// Types each character of `text`; a line feed is the Enter key.
    pub fn type_text(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            let code = if letter == '\n' { KeyCode::Enter } else { KeyCode::Char(letter) };
            self.msg(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
        self
    }

    /// Pastes `text` at once.
    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.msg(Msg::Paste(text.to_owned()))
    }

    /// Gives the screen a new size, in cells.
    pub fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.size = (width, height);
        self.msg(Msg::Resize(width, height))
    }

    /// Something the mouse does at a cell.
    pub fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) -> &mut Self {
        self.msg(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
    }

    /// Presses and releases the left button at a cell.
    pub fn click(&mut self, column: u16, row: u16) -> &mut Self {
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row);
        self.mouse(MouseEventKind::Up(MouseButton::Left), column, row)
    }

    /// Presses and releases the left button on the first place where the screen shows `text`.
    ///
    /// # Panics
    /// The screen does not show it.
    pub fn click_text(&mut self, text: &str) -> &mut Self {
        let Some(at) = self.find(text) else { panic!("`{text}` is not on the screen:\n{}", self.screen()) };
        self.click(at.x, at.y)
    }

    /// Hands the explorer any message, a stale reply included, and performs what it asks for.
    pub fn msg(&mut self, msg: Msg) -> &mut Self {
        let effects = self.app.update(msg);
        self.perform(effects);
        self
    }

    /// Lets the lanes work in turn until `limit` replies were delivered or nothing is left to do; returns how many were
    /// delivered. A job in the middle of its work rests there until the next call.
    pub fn work(&mut self, limit: usize) -> usize {
        let mut delivered = 0;
        loop {
            let mut moved = false;
            for index in 0..self.lanes.len() {
                if delivered == limit {
                    return delivered;
                }
                let Some(bench) = self.lanes.get_mut(index) else { continue };
                moved |= bench.is_busy();
                if let Some(reply) = bench.step() {
                    delivered += 1;
                    self.msg(Msg::Reply(reply));
                }
            }
            if !moved {
                return delivered;
            }
        }
    }

    /// Works until nothing is left to do.
    ///
    /// # Panics
    /// The work does not end.
    pub fn settle(&mut self) -> &mut Self {
        let delivered = self.work(SETTLE_LIMIT);
        assert!(delivered < SETTLE_LIMIT, "{SETTLE_LIMIT} replies and no end of the work");
        self
    }

    /// Whether a lane has a job in work or waiting.
    pub fn is_busy(&self) -> bool {
        self.lanes.iter().any(Bench::is_busy)
    }

    /// The screen as cells.
    pub fn buffer(&self) -> Buffer {
        self.draw().0
    }

    /// Where the terminal's own cursor is shown, if it is.
    pub fn cursor(&self) -> Option<Position> {
        self.draw().1
    }

    /// The text of the screen: one line per row, without trailing blanks and trailing empty rows.
    pub fn screen(&self) -> String {
        picture::text(&self.buffer())
    }

    /// The styles of the screen: one letter per cell and distinct style in order of appearance, `·` for a cell without
    /// style; below it what each letter means.
    pub fn styles(&self) -> String {
        picture::styles(&self.buffer())
    }

    /// The cell where the first row that shows `text` begins to show it.
    pub fn find(&self, text: &str) -> Option<Position> {
        picture::find(&self.buffer(), text)
    }

    fn draw(&self) -> (Buffer, Option<Position>) {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let mut buffer = Buffer::empty(area);
        let cursor = self.app.view(area, &mut buffer);
        (buffer, cursor)
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Submit(lane, generation, job) => self.ask(lane, generation, Some(job)),
                Effect::Cancel(lane, generation) => self.ask(lane, generation, None),
                Effect::Copy(text) => self.copied.push(text),
                Effect::Redraw => self.redrawn += 1,
                Effect::Suspend => self.suspended += 1,
                Effect::Quit => self.left = true,
            }
        }
    }

    fn ask(&mut self, lane: Lane, generation: Generation, job: Option<Job>) {
        if let Some(bench) = self.lanes.iter_mut().find(|bench| bench.lane == lane) {
            bench.desk.raise(generation);
            bench.waiting = job.map(|job| (generation, job));
        }
    }
}

impl Bench {
    fn is_busy(&self) -> bool {
        self.worker.is_some() || self.waiting.is_some()
    }

    /// Works up to the next reply; `None` when a job ended without one more, or there is none.
    fn step(&mut self) -> Option<Reply> {
        if self.worker.is_none() {
            let (generation, job) = self.waiting.take()?;
            self.worker = Some(Worker::start(self.lane, job, self.desk.ticket(generation, false)));
        }
        let reply = self.worker.as_ref().and_then(Worker::step);
        if reply.is_none() {
            self.worker = None;
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use ratatui::crossterm::event::KeyCode;
    use ratatui::crossterm::event::KeyModifiers;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;
    use crate::job::Body;

    #[test]
    fn a_word_is_a_key() {
        let key = |word| keys::read(word).map(|key| (key.code, key.modifiers));
        let (none, control) = (KeyModifiers::NONE, KeyModifiers::CONTROL);
        assert_eq!(key("r"), Some((KeyCode::Char('r'), none)));
        assert_eq!(key("-"), Some((KeyCode::Char('-'), none)));
        assert_eq!(key("C-c"), Some((KeyCode::Char('c'), control)));
        assert_eq!(key("C--"), Some((KeyCode::Char('-'), control)));
        assert_eq!(key("C-M-<left>"), Some((KeyCode::Left, control | KeyModifiers::ALT)));
        assert_eq!(key("<backtab>"), Some((KeyCode::BackTab, KeyModifiers::SHIFT)));
        assert_eq!(key("<f12>"), Some((KeyCode::F(12), none)));
        assert_eq!(key("中"), Some((KeyCode::Char('中'), none)));
        assert_eq!((key("<nothing>"), key("word"), key("C-")), (None, None, None));
    }

    #[test]
    fn a_screen_is_two_layers_of_text() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 3));
        buffer.set_string(0, 0, "词 abc", Style::new().red());
        buffer.set_string(7, 0, "d", Style::new().bold());
        assert_eq!(picture::text(&buffer), "词 abc d");
        assert_eq!(picture::styles(&buffer), "aaaaaa·b\n\na Red on Reset\nb Reset on Reset bold");
        assert_eq!(picture::find(&buffer, "abc"), Some(Position::new(3, 0)));
        assert_eq!(picture::find(&buffer, "nowhere"), None);
    }

    #[test]
    fn a_job_moves_only_while_it_is_watched() {
        let bench = &mut Bench { lane: Lane::Run, desk: Arc::default(), worker: None, waiting: None };
        bench.desk.raise(Generation(1));
        bench.waiting = Some((Generation(1), Job::Panic));
        assert!(bench.is_busy());
        assert!(matches!(bench.step(), Some(Reply { body: Body::Crashed(_), .. })));
        assert!(bench.step().is_none() && !bench.is_busy());
    }

    #[test]
    fn what_was_cancelled_says_nothing_any_more() {
        let bench = &mut Bench { lane: Lane::Run, desk: Arc::default(), worker: None, waiting: None };
        bench.desk.raise(Generation(1));
        bench.waiting = Some((Generation(1), Job::Panic));
        bench.desk.raise(Generation(2));
        assert!(bench.step().is_none() && !bench.is_busy());
        let ticket = bench.desk.ticket(Generation(1), false);
        let heard = crate::runtime::lanes::carry_out(Lane::Run, Job::Panic, &ticket, &mut |_| ControlFlow::Break(()));
        assert!(heard.is_continue());
    }
}
