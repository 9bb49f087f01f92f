//! Long texts: what each strategy that keeps less of a text loses, what is in the cache token by token, and what length
//! costs on this machine.

mod cost;
mod strategies;

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::Pane;
use super::View;
use crate::job::Lane;
use crate::lab::length::Strategy;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::Notice;
use crate::state::State;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::draw;
use crate::ui::panel;
use crate::ui::safe;

/// From this width on, the cost stands beside the strategies.
const WIDE: u16 = 112;

/// The length pane.
#[derive(Debug, Default)]
pub struct Length {
    /// The strategy under the cursor.
    at: usize,
}

/// Where the parts of the pane are, inside its frame; what is not in view is empty.
struct Parts {
    strategies: Rect,
    cost: Rect,
}

fn parts(state: &State, inner: Rect) -> Parts {
    if inner.width >= WIDE {
        let width = inner.width * 56 / 100;
        let cost = Rect { x: inner.x + width + 1, width: inner.width - width - 1, ..inner };
        return Parts { strategies: Rect { width, ..inner }, cost };
    }
    if state.length.cost {
        return Parts { strategies: Rect::default(), cost: inner };
    }
    Parts { strategies: inner, cost: Rect::default() }
}

/// The room inside the frame: with a box around it or a rule above, it begins in the same row.
fn inside(area: Rect) -> Rect {
    let margin = if area.width >= WIDE { 2 } else { 1 };
    Rect {
        x: area.x + margin.min(area.width),
        y: area.y + 1.min(area.height),
        width: area.width.saturating_sub(2 * margin),
        height: area.height.saturating_sub(1),
    }
}

/// Draws a line of text.
fn write(text: &str, style: Style, row: Rect, state: &State, buf: &mut Buffer) {
    let text = safe::fit(text.trim_end(), usize::from(row.width));
    draw::line(buf, row, &Line::styled(text, style), Alignment::Left, &state.theme);
}

impl Pane for Length {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, _area: Rect) -> bool {
        match command {
            Command::Up => self.at = self.at.saturating_sub(1),
            Command::Down => self.at = (self.at + 1).min(Strategy::ALL.len() - 1),
            Command::Top => self.at = 0,
            Command::Bottom => self.at = Strategy::ALL.len() - 1,
            Command::NextPart | Command::PreviousPart => ctx.switch_length(),
            Command::TurnUp => ctx.turn_length(true),
            Command::TurnDown => ctx.turn_length(false),
            // With nothing under way here it shall not begin to generate.
            Command::Play if !ctx.pause_length() => ctx.say(Notice::hint(Message::NothingUnderWay, &[])),
            Command::Play => {}
            Command::Back if ctx.state.is_busy(Lane::Trials) => return ctx.pause_length(),
            _ => return false,
        }
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        let area = parts(ctx.state, inside(area)).strategies;
        if let Some(strategy) = strategies::at(ctx.state, area, at) {
            self.at = strategy;
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let language = state.language;
        let busy = state.is_busy(Lane::Trials);
        let frame = Panel {
            title: language.text(Message::TitleLength),
            details: &language.say(Message::LengthDetails, &[&state.length.tokens().len(), &state.length.cache()]),
            note: if busy { language.text(Message::LengthUnderWay) } else { "" },
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        panel::draw(&frame, view.area, buf, &state.theme);
        let mut inner = inside(view.area);
        inner.height = inner.height.saturating_sub(u16::from(view.boxed));
        if state.run.is_empty() {
            super::remark(state, Message::NothingToShow, inner, buf);
            return None;
        }
        let parts = parts(state, inner);
        strategies::draw(state, Strategy::ALL[self.at], parts.cost.is_empty(), parts.strategies, buf);
        cost::draw(state, parts.cost, buf);
        None
    }
}
