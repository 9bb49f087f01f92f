//! Attention drawn otherwise than as a grid: lines between two columns of tokens, and lists of sources.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::label;
use super::window;
use crate::state::State;
use crate::ui::draw;
use crate::ui::safe;

/// Columns of a token beside the lines.
const TOKEN: u16 = 14;
/// The least weight that the selected token's lines show.
const SHOWN: f32 = 0.01;
/// Keys that a list names.
const LISTED: usize = 5;

/// How attention is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Drawing {
    /// As a grid of cells.
    #[default]
    Grid,
    /// As lines from queries at the left to keys at the right.
    Lines,
    /// As each query's list of what it looks at.
    Lists,
}

impl Drawing {
    /// The next way, round.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Grid => Self::Lines,
            Self::Lines => Self::Lists,
            Self::Lists => Self::Grid,
        }
    }
}

/// The first token in view and how many are.
fn shown(state: &State, area: Rect) -> (usize, usize) {
    let (rows, count) = (usize::from(area.height), state.run.len());
    let first = window(state.selected, rows, count);
    (first, rows.min(count - first))
}

/// The token of a row of the screen.
pub(super) fn token_at(state: &State, area: Rect, y: u16) -> Option<usize> {
    let (first, count) = shown(state, area);
    let row = usize::from(y.checked_sub(area.y)?);
    (row < count).then_some(first + row)
}

/// Lines between two columns of tokens: the selected token's in the heat of their weights, of every other token the one
/// to what it looks at most, faint.
pub(super) fn lines(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    if area.width < 2 * TOKEN + 6 {
        return;
    }
    let (first, count) = shown(state, area);
    let middle = Rect { x: area.x + TOKEN + 1, width: area.width - 2 * TOKEN - 2, ..area };
    let mut canvas = Canvas::new(middle);
    let key_in_view = state.key_in_view();
    for query in (first..first + count).filter(|&query| query != state.selected) {
        let Some(row) = state.row(query) else { continue };
        let most = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        if let Some(key) = most.filter(|key| (first..first + count).contains(key) && row[*key] > 0.0) {
            canvas.connect(query - first, key - first, 0.0);
        }
    }
    if let Some(row) = state.row(state.selected) {
        let mut keys: Vec<usize> = (first..(first + count).min(row.len())).filter(|&key| row[key] >= SHOWN).collect();
        keys.sort_by(|&a, &b| row[a].total_cmp(&row[b]));
        for key in keys {
            canvas.connect(state.selected - first, key - first, row[key]);
        }
    }
    canvas.draw(state, buf);
    for (line, index) in (first..first + count).enumerate() {
        let y = area.y + line as u16;
        let room = usize::from(TOKEN);
        let style = if index == state.selected { theme.accent() } else { theme.dim() };
        let token = safe::right(&safe::fit(&label(state, index), room), room);
        let left = Rect { y, height: 1, width: TOKEN, ..area };
        draw::line(buf, left, &Line::styled(token, style), Alignment::Left, theme);
        let style = if key_in_view == Some(index) { theme.accent() } else { theme.text() };
        let weight = state.row(state.selected).and_then(|row| row.get(index)).copied().unwrap_or(0.0);
        let mut token = safe::fit(&label(state, index), room - 6);
        if weight >= SHOWN {
            token = format!("{} {:>3.0} %", safe::left(&token, room - 6), weight * 100.0);
        }
        let right = Rect { x: area.right() - TOKEN, y, height: 1, width: TOKEN };
        draw::line(buf, right, &Line::styled(token, style), Alignment::Left, theme);
    }
}

/// Dots of a cell of the screen, two across and four down, and the greatest weight of what goes through it.
#[derive(Clone, Copy, Default)]
struct Dots {
    bits: u8,
    weight: f32,
}

/// Lines in dots finer than cells.
struct Canvas {
    area: Rect,
    /// Row by row.
    cells: Vec<Dots>,
}

/// The bit of each dot of a braille character, `[row][column]` (Unicode, Braille Patterns).
const BRAILLE: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

impl Canvas {
    fn new(area: Rect) -> Self {
        Self { area, cells: vec![Dots::default(); usize::from(area.width) * usize::from(area.height)] }
    }

    /// A line from the middle of a row at the left edge to the middle of one at the right edge.
    fn connect(&mut self, from: usize, to: usize, weight: f32) {
        let width = usize::from(self.area.width);
        let last = (2 * width).saturating_sub(1).max(1) as f64;
        let middle = |row: usize| 4.0 * row as f64 + 1.5;
        for x in 0..2 * width {
            let y = middle(from) + (middle(to) - middle(from)) * x as f64 / last;
            let y = y.round().max(0.0) as usize;
            if let Some(dots) = self.cells.get_mut(y / 4 * width + x / 2) {
                dots.bits |= BRAILLE[y % 4][x % 2];
                dots.weight = dots.weight.max(weight);
            }
        }
    }

    /// Draws it: weights in their heat, what has none faint.
    fn draw(&self, state: &State, buf: &mut Buffer) {
        let theme = &state.theme;
        let width = usize::from(self.area.width).max(1);
        for (index, dots) in self.cells.iter().enumerate().filter(|(_, dots)| dots.bits != 0) {
            let glyph = if theme.ascii { '.' } else { char::from_u32(0x2800 + u32::from(dots.bits)).unwrap_or('.') };
            let style = if dots.weight > 0.0 { theme.heat(dots.weight).style } else { theme.dim() };
            let (x, y) = (self.area.x + (index % width) as u16, self.area.y + (index / width) as u16);
            draw::put(buf, self.area, x, y, glyph.encode_utf8(&mut [0; 4]), style);
        }
    }
}

/// Each query's list of what it looks at most.
pub(super) fn lists(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let (first, count) = shown(state, area);
    let arrow = if theme.ascii { "->" } else { "→" };
    for (line, query) in (first..first + count).enumerate() {
        let here = query == state.selected;
        let room = usize::from(TOKEN);
        let name = safe::right(&safe::fit(&label(state, query), room), room);
        let style = if here { theme.accent() } else { theme.dim() };
        let mut spans = vec![Span::styled(format!("{name} {arrow} "), style)];
        if let Some(row) = state.row(query) {
            let mut keys: Vec<usize> = (0..row.len()).filter(|&key| row[key] >= SHOWN).collect();
            keys.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
            let mut used = safe::width(&spans[0].content);
            for (place, &key) in keys.iter().take(LISTED).enumerate() {
                let (token, weight) = (label(state, key), format!(" {:.2}", row[key]));
                used += safe::width(&token) + safe::width(&weight);
                if used > usize::from(area.width) && place > 0 {
                    break;
                }
                spans.push(Span::styled(token, theme.text()));
                spans.push(Span::styled(weight, theme.heat(row[key]).style));
                spans.push(Span::raw("  "));
                used += 2;
            }
        }
        let row = Rect { y: area.y + line as u16, height: 1, ..area };
        draw::line(buf, row, &Line::from(spans), Alignment::Left, theme);
        if here {
            draw::restyle(buf, row, theme.selected_row());
        }
    }
}
