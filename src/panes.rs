//! One view each. A pane draws from the state alone and keeps nothing but its own cursor.

pub mod architectures;
pub mod attention;
pub mod calculation;
mod changes;
pub mod compare;
pub mod format;
pub mod generate;
pub mod information;
pub mod layers;
pub mod length;
mod lines;
pub mod masks;
pub mod models;
pub mod prompt;
pub mod repetition;
pub mod sampler;
pub mod steps;
mod tabs;
pub mod tokens;
pub mod training;
pub mod tree;
pub mod vocabulary;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::state::Command;
use crate::state::Ctx;
use crate::state::State;
use crate::ui::Message;

/// Where and how a pane is drawn.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What panes share.
    pub state: &'a State,
    /// The cells it has.
    pub area: Rect,
    /// Whether keys go to it.
    pub focused: bool,
    /// Whether it has a box around it, or a single rule above.
    pub boxed: bool,
}

/// Says in the first rows of a pane why there is nothing else in it.
fn remark(state: &State, message: Message, area: Rect, buf: &mut Buffer) {
    let said = format::wrapped(state.language.text(message), usize::from(area.width));
    let said: Vec<_> = said.into_iter().map(|row| Line::styled(row, state.theme.dim())).collect();
    lines::lines(&said, area, state, buf);
}

/// Behind what is shown of the run: that it is the run with interventions.
fn changed(state: &State) -> String {
    if state.under.list().is_empty() {
        return String::new();
    }
    format!(" · {}", state.language.text(Message::WithInterventions))
}

/// Where a command moves the cursor of a list of `rows`, `page` of which are in view; `None` if it moves no cursor.
fn moved(command: Command, at: usize, page: usize, rows: usize) -> Option<usize> {
    let moved = match command {
        Command::Up => at.saturating_sub(1),
        Command::Down => at + 1,
        Command::PageUp => at.saturating_sub(page),
        Command::PageDown => at + page,
        Command::Top => 0,
        Command::Bottom => rows,
        _ => return None,
    };
    Some(moved.min(rows.saturating_sub(1)))
}

/// A view with its own cursor.
pub trait Pane {
    /// Does what a command asks, if it is this pane's; returns whether it was.
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, area: Rect) -> bool;

    /// A click at a place of its area.
    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position);

    /// Draws it; returns where the terminal's cursor belongs, if it belongs here.
    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position>;
}
