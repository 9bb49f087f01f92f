//! Who looks at whom: one head's weights over tokens, the row's sources by name, every head at a glance.

mod drawn;
mod notes;

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::Pane;
use super::View;
use crate::lab::heads::Habit;
use crate::lab::heads::HeadScore;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::GLANCE_EVERY;
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

/// Columns of the layer names in the overview.
const LAYER: u16 = 4;
/// Columns and rows of one head in the overview: a letter, or a letter over a small picture.
const LETTER: (u16, u16) = (3, 1);
const PICTURE: (u16, u16) = (6, 3);
/// Rows from which on the overview has room for pictures.
const PICTURES_FROM: u16 = 20;

/// The attention pane; its cursors are the state's.
#[derive(Debug, Default)]
pub struct Attention {
    drawing: Drawing,
    /// The habit whose heads are pointed out; all unless one is.
    habit: Option<Habit>,
}

/// The parts of the pane inside its frame.
struct Parts {
    grid: Rect,
    sources: Rect,
    heads: Rect,
}

fn parts(state: &State, inner: Rect) -> Parts {
    let heads = state.model.as_ref().map_or(0, |model| model.engine.config.heads) as u16;
    let pictures = inner.height >= PICTURES_FROM && heads * PICTURE.0 + LAYER + 2 <= inner.width / 2;
    let columns = if pictures { PICTURE.0 } else { LETTER.0 };
    let wanted = (heads * columns + LAYER + 2).max(25);
    let width = if inner.width >= 60 && inner.height >= 5 { wanted.min(inner.width / 2) } else { 0 };
    let left = Rect { width: inner.width - width, ..inner };
    let notes = if left.height >= 12 { notes::lines(state).len() as u16 } else { 0 };
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
            Command::NextHabit => self.habit = next_habit(self.habit),
            _ => return move_key(ctx, command),
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
        } else if parts.heads.contains(at) {
            let offset = heads_offset(ctx.state, parts.heads);
            let (columns, rows) = head_size(ctx.state, parts.heads);
            let layer = usize::from(at.y.saturating_sub(parts.heads.y + 1) / rows) + offset;
            let (first, shown) = heads_shown(ctx.state, parts.heads);
            let head = usize::from(at.x.saturating_sub(parts.heads.x + LAYER + 1) / columns);
            let layers = ctx.state.model.as_ref().map_or(0, |model| model.engine.config.layers);
            if layer < layers && head < shown {
                ctx.look_at(layer, first + head);
            }
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, theme) = (state.language, &state.theme);
        let score = head_score(state, state.layer, state.head);
        let mut details = match state.subject {
            Shows::Head => language.say(Message::LayerHead, &[&(state.layer + 1), &(state.head + 1)]),
            Shows::Layer => language.say(Message::AverageOfLayer, &[&(state.layer + 1)]),
            Shows::All => language.text(Message::AverageOfAll).to_owned(),
            Shows::Rollout => language.say(Message::RolloutTo, &[&(state.layer + 1)]),
        };
        if let Some(score) = score.filter(|_| state.subject == Shows::Head) {
            details.push_str(" · ");
            details.push_str(&habit_text(state, score));
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
            for (line, row) in notes::lines(state).iter().zip(below.rows()) {
                draw::line(buf, row, line, Alignment::Left, theme);
            }
        }
        overview(state, self.habit, parts.heads, buf);
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
    for line in 0..layout.cells.height {
        if state.row(grid.offset.0 + usize::from(line)).is_none() {
            draw::clear(buf, Rect { y: layout.cells.y + line, height: 1, ..layout.cells });
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
    for (place, &key) in keys.iter().take(6).enumerate() {
        let separator = if place == 0 { "  " } else { " · " };
        let note = match key {
            _ if key == state.selected => state.language.text(Message::Itself),
            _ if key < source => state.language.text(Message::OfSource),
            0 => state.language.text(Message::FirstToken),
            _ => "",
        };
        spans.push(Span::styled(separator, theme.dim()));
        spans.push(Span::styled(label(state, key), theme.text()));
        spans.push(Span::styled(format!(" {:.2}{note}", row[key]), theme.number()));
    }
    draw::line(buf, Rect { y: area.y + 1, height: 1, ..area }, &Line::from(spans), Alignment::Left, theme);
}

fn head_score(state: &State, layer: usize, head: usize) -> Option<HeadScore> {
    let seen = state.overview()?;
    let fresh = seen.length + GLANCE_EVERY >= state.run.context_len();
    seen.heads.get(layer)?.get(head)?.score.filter(|_| fresh)
}

/// `looks at the token before, 83 %`.
fn habit_text(state: &State, score: HeadScore) -> String {
    let what = state.language.text(score.habit.said());
    if score.habit == Habit::Mixed {
        return what.to_owned();
    }
    format!("{what} {:.0} %", score.score * 100.0)
}

/// The habit after this one; all after the last.
fn next_habit(habit: Option<Habit>) -> Option<Habit> {
    let index = habit.map_or(0, |habit| Habit::ALL.iter().position(|&other| other == habit).map_or(0, |at| at + 1));
    Habit::ALL.get(index).copied()
}

/// The letter of a habit in the overview.
fn letter(habit: Habit) -> char {
    match habit {
        Habit::Previous => 'p',
        Habit::First => 'f',
        Habit::Same => 's',
        Habit::Induction => 'i',
        Habit::Local => 'l',
        Habit::Uniform => 'u',
        Habit::Mixed => '·',
    }
}

/// Columns and rows of one head in the overview.
fn head_size(state: &State, area: Rect) -> (u16, u16) {
    let heads = state.model.as_ref().map_or(0, |model| model.engine.config.heads) as u16;
    let fits = area.height >= PICTURES_FROM && area.width > heads.saturating_mul(PICTURE.0) + LAYER;
    if fits { PICTURE } else { LETTER }
}

/// The first head in view, and how many are.
fn heads_shown(state: &State, area: Rect) -> (usize, usize) {
    let heads = state.model.as_ref().map_or(0, |model| model.engine.config.heads);
    let room = area.width.saturating_sub(LAYER + 1) / head_size(state, area).0;
    let shown = usize::from(room).min(heads);
    (window(state.head, shown, heads), shown)
}

/// The first layer of the overview in view.
fn heads_offset(state: &State, area: Rect) -> usize {
    let layers = state.model.as_ref().map_or(0, |model| model.engine.config.layers);
    window(state.layer, heads_rows(state, area), layers)
}

/// Every layer and head: a letter for what it does, as bright as it does it, and where there is room its picture.
fn overview(state: &State, habit: Option<Habit>, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let size = head_size(state, area);
    let Some(model) = state.model.as_ref().filter(|_| area.width > LAYER + size.0 && area.height > 1) else { return };
    let (first_head, shown) = heads_shown(state, area);
    let place = |line: usize, head: usize| {
        let x = area.x + 1 + LAYER + head as u16 * size.0;
        Rect { x, y: area.y + 1 + line as u16 * size.1, width: size.0, height: size.1 }
    };
    for head in 0..shown {
        let style = if first_head + head == state.head { theme.accent() } else { theme.dim() };
        let number = Line::styled(format!("{:>2}", first_head + head + 1), style);
        let above = Rect { y: area.y, height: 1, ..place(0, head) };
        draw::line(buf, above, &number, Alignment::Left, theme);
    }
    let offset = heads_offset(state, area);
    let (layers, rows) = (model.engine.config.layers, heads_rows(state, area));
    for (line, layer) in (offset..layers).take(rows).enumerate() {
        let more = match line {
            0 if layer > 0 => "▴",
            _ if line + 1 == rows && layer + 1 < layers => "▾",
            _ => "",
        };
        let style = if layer == state.layer { theme.accent() } else { theme.dim() };
        let name = Line::styled(format!("L{}{more}", layer + 1), style);
        let row = Rect { x: area.x + 1, width: LAYER, height: 1, ..place(line, 0) };
        draw::line(buf, row, &name, Alignment::Left, theme);
        for head in 0..shown {
            one_head(state, habit, layer, first_head + head, place(line, head), buf);
        }
    }
    let notes = notes(state, area);
    for (line, text) in notes.iter().enumerate() {
        let y = area.bottom() - (notes.len() - line) as u16;
        let style = if line == 0 { theme.text() } else { theme.dim() };
        let row = Rect { x: area.x + 1, y, width: area.width - 1, height: 1 };
        draw::line(buf, row, &Line::styled(text.clone(), style), Alignment::Left, theme);
    }
}

/// One head of the overview, in brackets when it is the one in view.
fn one_head(state: &State, habit: Option<Habit>, layer: usize, head: usize, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let seen = state.overview().and_then(|seen| seen.heads.get(layer)?.get(head));
    let score = seen.and_then(|seen| seen.score);
    let here = (layer, head) == (state.layer, state.head);
    let (mark, style) = match score {
        Some(score) if habit.is_some_and(|habit| habit != score.habit) => ('·', theme.dim()),
        Some(score) if score.habit == Habit::Mixed => (letter(score.habit), theme.dim()),
        Some(score) => (letter(score.habit), theme.heat(score.score).style),
        None => (' ', theme.dim()),
    };
    let spans = if here {
        vec![Span::styled(format!("[{mark}]"), theme.accent())]
    } else {
        vec![Span::raw(" "), Span::styled(mark.to_string(), style)]
    };
    draw::line(buf, Rect { height: 1, ..area }, &Line::from(spans), Alignment::Left, theme);
    let pointed_out = score.is_none_or(|score| habit.is_none_or(|habit| habit == score.habit));
    let Some(seen) = seen.filter(|seen| pointed_out && area.height > 1 && !seen.picture.is_empty()) else { return };
    let value = |row: usize, column: usize| *seen.picture.get(row)?.get(column)?;
    let picture = Rect { y: area.y + 1, width: area.width - 2, height: area.height - 1, ..area };
    grid::thumbnail(seen.picture.len(), &value, picture, buf, theme);
}

/// What was measured of the head in view, then what the letters mean, in the lines that there is room for.
fn notes(state: &State, area: Rect) -> Vec<String> {
    let language = state.language;
    let measured = head_score(state, state.layer, state.head).map_or_else(String::new, |score| {
        let distance = format!("{:.1}", score.distance);
        // A model that sees both ways looks ahead as well.
        let measures = if state.predicts_next() { Message::HeadMeasures } else { Message::HeadMeasuresBothWays };
        language.say(measures, &[&format!("{:.1}", score.entropy), &distance])
    });
    let columns = usize::from(area.width.saturating_sub(1));
    let rank = head_score(state, state.layer, state.head)
        .map(|score| language.say(Message::HeadRank, &[&format!("{:.1}", score.effective_rank)]));
    let room = |rank: &String| safe::width(&measured) + safe::width(rank) <= columns;
    let mut lines = vec![measured.clone() + &rank.filter(room).unwrap_or_default()];
    for item in language.text(Message::HabitLegend).split("  ") {
        let legend = lines.len() > 1;
        match lines.last_mut() {
            Some(line) if legend && safe::width(line) + safe::width(item) + 2 <= columns => {
                line.push_str("  ");
                line.push_str(item);
            }
            _ => lines.push(item.to_owned()),
        }
    }
    lines.truncate(usize::from(area.height / 3));
    lines
}

/// How many layers of the overview are in view.
fn heads_rows(state: &State, area: Rect) -> usize {
    let rows = usize::from(area.height.saturating_sub(1)).saturating_sub(notes(state, area).len());
    rows / usize::from(head_size(state, area).1)
}
