//! Who looks at whom: one head's weights over tokens, the row's sources by name, every head at a glance.

mod drawn;
mod notes;
mod overview;

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::Pane;
use super::View;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::Shows;
use crate::state::State;
use crate::ui::Grid;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::draw;
use crate::ui::grid;
use crate::ui::panel;
use crate::ui::safe;
use drawn::Drawing;
use overview::Overview;

/// The attention pane; its cursors are the state's.
#[derive(Debug, Default)]
pub struct Attention {
    drawing: Drawing,
    heads: Overview,
}

/// The parts of the pane inside its frame.
struct Parts {
    grid: Rect,
    sources: Rect,
    heads: Rect,
}

fn parts(state: &State, inner: Rect) -> Parts {
    let width = overview::width(state, inner);
    let left = Rect { width: inner.width - width, ..inner };
    let notes = if left.height >= 12 { notes::lines(state, left.width).len() as u16 } else { 0 };
    let sources = left.height.min(if left.height >= 8 { 2 + notes } else { 1 });
    Parts {
        grid: Rect { height: left.height - sources, ..left },
        sources: Rect { y: left.bottom() - sources, height: sources, ..left },
        heads: Rect { x: left.right(), width, ..inner },
    }
}

impl Pane for Attention {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, _area: Rect) -> bool {
        match command {
            Command::NextDrawing => self.drawing = self.drawing.next(),
            _ => return self.heads.act(ctx, command) || move_key(ctx, command),
        }
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        let inner = inside(area);
        let parts = parts(ctx.state, inner);
        if self.drawing != Drawing::Grid && parts.grid.contains(at) {
            if let Some(token) = drawn::token_at(ctx.state, parts.grid, at.y) {
                ctx.select(token);
            }
            return;
        }
        let cell = with_grid(ctx.state, parts.grid, |grid| grid.cell_at(parts.grid, at));
        if let Some((query, key)) = cell {
            ctx.select(query);
            ctx.state.key = Some(key).filter(|&key| ctx.state.sees(query, key)).or(Some(query));
        } else if let Some((layer, head)) = self.heads.at(ctx.state, parts.heads, at) {
            ctx.look_at(layer, head);
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, theme) = (state.language, &state.theme);
        let score = overview::head_score(state, state.layer, state.head);
        let mut details = match state.subject {
            Shows::Head => language.say(Message::LayerHead, &[&(state.layer + 1), &(state.head + 1)]),
            Shows::Layer => language.say(Message::AverageOfLayer, &[&(state.layer + 1)]),
            Shows::All => language.text(Message::AverageOfAll).to_owned(),
            Shows::Rollout => language.say(Message::RolloutTo, &[&(state.layer + 1)]),
        };
        if state.subject == Shows::Head && state.is_out(state.layer, state.head) {
            details = format!("{details} {}", language.text(Message::HeadOut));
        }
        if let Some(score) = score.filter(|_| state.subject == Shows::Head) {
            details.push_str(" · ");
            details.push_str(&overview::habit_text(state, score));
        }
        let frame = Panel {
            title: language.text(Message::TitleAttention),
            details: &details,
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, theme);
        if state.model.is_none() || state.run.is_empty() {
            super::remark(state, Message::NothingToShow, inner, buf);
            return None;
        }
        let parts = parts(state, inner);
        match self.drawing {
            Drawing::Grid => with_grid(state, parts.grid, |grid| {
                grid::draw(grid, parts.grid, buf, theme);
                blank_unknown(state, grid, parts.grid, buf);
            }),
            Drawing::Lines => drawn::lines(state, parts.grid, buf),
            Drawing::Lists => drawn::lists(state, parts.grid, buf),
        }
        sources(state, parts.sources, buf);
        if parts.sources.height > 2 {
            let below = Rect { y: parts.sources.y + 2, height: parts.sources.height - 2, ..parts.sources };
            super::lines::lines(&notes::lines(state, below.width), below, state, buf);
        }
        self.heads.draw(state, parts.heads, buf);
        None
    }
}

/// The area inside a box.
fn inside(area: Rect) -> Rect {
    area.inner(ratatui::layout::Margin::new(1, 1))
}

fn label(state: &State, index: usize) -> String {
    state.run.at(index).map_or_else(String::new, |node| state.label(node.token))
}

/// Moves the key under the attention cursor.
pub(super) fn move_key(ctx: &mut Ctx<'_>, command: Command) -> bool {
    let Some(key) = ctx.state.key_in_view() else { return false };
    match command {
        Command::KeyLeft => ctx.state.key = Some(key.saturating_sub(1)),
        Command::KeyRight => {
            let sees = |key: &usize| ctx.state.sees(ctx.state.selected, *key);
            ctx.state.key = Some(Some(key + 1).filter(sees).filter(|&key| key < ctx.state.run.len()).unwrap_or(key));
        }
        _ => return false,
    }
    true
}

/// The first of `count` things to show in `room` so that `wanted` is among them, near the middle.
pub(super) fn window(wanted: usize, room: usize, count: usize) -> usize {
    wanted.saturating_sub(room / 2).min(count.saturating_sub(room))
}

/// The grid of the head in view, scrolled so that the cursor is seen.
fn with_grid<T>(state: &State, area: Rect, go: impl FnOnce(&Grid<'_>) -> T) -> T {
    let count = state.run.len();
    let key = state.key_in_view();
    let value = |query: usize, key: usize| {
        let row = state.row(query).filter(|_| state.sees(query, key))?;
        Some(row.get(key).copied().unwrap_or(0.0))
    };
    let row_label = |index: usize| label(state, index);
    let column_label = |index: usize| label(state, index);
    let mut grid = Grid {
        rows: count,
        columns: count,
        value: &value,
        row_label: &row_label,
        column_label: &column_label,
        cursor: key.map(|key| (state.selected, key)),
        offset: (0, 0),
        spread: true,
    };
    // The room depends on the labels in view, these on the offset: two rounds settle it.
    for _ in 0..2 {
        let (rows, columns) = grid.layout(area).visible();
        let rows = rows.max(1).max(usize::from(area.height / 2));
        let key = state.key.unwrap_or(state.selected).min(count.saturating_sub(1));
        grid.offset = (window(state.selected, rows, count), window(key, columns.max(1), count));
    }
    go(&grid)
}

/// Rows whose weights are still on their way say nothing, which is not the same as masked.
fn blank_unknown(state: &State, grid: &Grid<'_>, area: Rect, buf: &mut Buffer) {
    let layout = grid.layout(area);
    for line in 0..layout.visible().0 {
        if state.row(grid.offset.0 + line).is_none() {
            let y = layout.cells.y + line as u16 * layout.tall;
            draw::clear(buf, Rect { y, height: layout.tall, ..layout.cells });
        }
    }
}

/// `She → ␣Lily 0.61 · Once 0.22 (first) …`, and the weight under the cursor.
fn sources(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let Some(row) = state.row(state.selected) else { return };
    let arrow = if theme.ascii { "->" } else { "→" };
    let query = label(state, state.selected);
    if let Some(key) = state.key_in_view() {
        let line = Line::from(vec![
            Span::styled(format!(" {query} ({}) {arrow} ", state.selected + 1), theme.text()),
            Span::styled(format!("{} ({})", label(state, key), key + 1), theme.accent()),
            Span::styled(format!("  {:.4}", row.get(key).copied().unwrap_or(0.0)), theme.number()),
        ]);
        draw::line(buf, Rect { height: area.height.min(1), ..area }, &line, Alignment::Left, theme);
    }
    if area.height < 2 {
        return;
    }
    let area = Rect { height: area.height.min(2), ..area };
    // The source's tokens look at one another; only what stands behind them has a source.
    let source = if state.selected < state.source_len() { 0 } else { state.source_len() };
    let mut keys: Vec<usize> = (0..row.len()).filter(|&key| row[key] >= 0.005).collect();
    keys.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
    let mut spans = vec![Span::styled(format!(" {}", state.language.text(Message::LooksAt)), theme.dim())];
    let mut used = safe::width(&spans[0].content);
    for (place, &key) in keys.iter().take(6).enumerate() {
        let separator = if place == 0 { "  " } else { " · " };
        let note = match key {
            _ if key == state.selected => state.language.text(Message::Itself),
            _ if key < source => state.language.text(Message::OfSource),
            0 => state.language.text(Message::FirstToken),
            _ => "",
        };
        let (token, weight) = (label(state, key), format!(" {:.2}{note}", row[key]));
        used += safe::width(separator) + safe::width(&token) + safe::width(&weight);
        if used > usize::from(area.width) && place > 0 {
            break;
        }
        spans.push(Span::styled(separator, theme.dim()));
        spans.push(Span::styled(token, theme.text()));
        spans.push(Span::styled(weight, theme.number()));
    }
    draw::line(buf, Rect { y: area.y + 1, height: 1, ..area }, &Line::from(spans), Alignment::Left, theme);
}
