//! The host of the event loop that ships: frames go to the terminal, jobs to the lanes.

use std::sync::Arc;

use ratatui::crossterm::style::force_color_output;
use rustix::process::Signal;
use rustix::process::kill_current_process_group;

use crate::app::App;
use crate::state::Effect;

use super::clipboard;
use super::event_loop::Host;
use super::fault::Fault;
use super::frame::Frames;
use super::lanes::Lanes;
use super::output::Output;
use super::terminal::Terminal;

/// The terminal, the writer and the workers, as one host.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: Arc<Terminal>,
    output: Arc<Output>,
    lanes: Lanes,
    frames: Frames,
    /// Bytes that leave before the next frame.
    clipboard: Option<Vec<u8>>,
    fault: Fault,
}

impl Screen {
    /// A screen of which nothing is drawn.
    pub(super) fn new(terminal: Arc<Terminal>, output: Arc<Output>, lanes: Lanes) -> Self {
        // The theme knows about NO_COLOR; the backend's own answer to it would drop bold and reverse as well.
        force_color_output(true);
        Self { terminal, output, lanes, frames: Frames::new(), clipboard: None, fault: Fault::from_environment() }
    }
}

impl Host for Screen {
    fn size(&self) -> (u16, u16) {
        self.terminal.size()
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Submit(lane, generation, job) => {
                self.lanes.submit(lane, generation, self.fault.in_place_of(lane, job));
            }
            Effect::Cancel(lane, generation) => self.lanes.cancel(lane, generation),
            Effect::Copy(text) => self.clipboard = Some(clipboard::copy(&text)),
            Effect::Redraw => self.frames.forget(),
            // Our own handler gives the terminal back; the rest of a pipeline stops with us.
            Effect::Suspend => drop(kill_current_process_group(Signal::TSTP)),
            Effect::Quit => {}
        }
    }

    fn redraw(&mut self) {
        self.frames.forget();
    }

    fn is_due(&self) -> bool {
        self.frames.is_lost() || self.clipboard.is_some()
    }

    fn has_room(&mut self) -> bool {
        self.output.has_room()
    }

    fn draw(&mut self, app: &App, size: (u16, u16)) {
        let mut bytes = self.clipboard.take().unwrap_or_default();
        // Writing to memory does not fail.
        if let Ok(frame) = self.frames.next(size, |area, buf| app.view(area, buf)) {
            bytes.extend(frame);
        }
        if !bytes.is_empty() {
            self.output.send(bytes);
        }
        self.fault.after_frame();
    }
}
