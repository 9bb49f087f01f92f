//! A grid of heat: rows by columns of values between 0 and 1, with labels and a cursor.

mod thumbnail;

use super::draw::{fill, put};
use super::safe;
use super::theme::{Colours, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use unicode_segmentation::UnicodeSegmentation;

pub use thumbnail::thumbnail;

/// Columns beyond which a label is cut.
const LONGEST: usize = 16;

/// A grid as it is to be drawn.
pub struct Grid<'a> {
    /// How many rows there are.
    pub rows: usize,
    /// How many columns there are.
    pub columns: usize,
    /// The value at a row and a column, between 0 and 1; nothing where it is masked.
    pub value: &'a dyn Fn(usize, usize) -> Option<f32>,
    /// The label at the left of a row.
    pub row_label: &'a dyn Fn(usize) -> String,
    /// The label on top of a column.
    pub column_label: &'a dyn Fn(usize) -> String,
    /// The selected row and column: its labels and its cross are lit.
    pub cursor: Option<(usize, usize)>,
    /// The first row and column to show.
    pub offset: (usize, usize),
    /// Widen the cells to fill the area, so that labels can stand upright above them, and where there is room for all rows
    /// heighten them too.
    pub spread: bool,
}

/// Where the parts of a grid are, in an area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The row labels.
    pub labels: Rect,
    /// The column labels.
    pub header: Rect,
    /// The cells.
    pub cells: Rect,
    /// Columns that one cell takes.
    pub cell: u16,
    /// Rows that one cell takes.
    pub tall: u16,
}

impl Layout {
    /// Rows and columns of values that are shown.
    pub fn visible(&self) -> (usize, usize) {
        (usize::from(self.cells.height / self.tall.max(1)), usize::from(self.cells.width / self.cell.max(1)))
    }
}

impl Grid<'_> {
    /// Where the parts are: labels get at most a third of the width and of the height.
    pub fn layout(&self, area: Rect) -> Layout {
        let rows = self.rows.saturating_sub(self.offset.0).min(usize::from(area.height));
        let longest = |label: &dyn Fn(usize) -> String, first: usize, count: usize| {
            (first..first + count).map(|index| safe::visible_width(&label(index), LONGEST)).max().unwrap_or(0)
        };
        let most = usize::from(area.width / 3).min(LONGEST);
        let labels = longest(self.row_label, self.offset.0, rows).min(most.saturating_sub(2)) as u16;
        let labels = if most < 4 { 0 } else { labels + 2 };
        let width = area.width - labels;
        let columns = self.columns.saturating_sub(self.offset.1).min(usize::from(width / 2));
        let longest = longest(self.column_label, self.offset.1, columns);
        let room = usize::from(width) / columns.max(1);
        let cell = if self.spread && room >= 4 { room.min(longest + 1).clamp(2, 10) as u16 } else { 2 };
        let header = if area.height < 3 || longest == 0 {
            0
        } else if cell >= 4 {
            1
        } else {
            (longest as u16).min(area.height / 3)
        };
        let shown = (width / cell).min(self.columns.saturating_sub(self.offset.1).min(usize::from(u16::MAX)) as u16);
        let cells = Rect { x: area.x + labels, y: area.y + header, width: shown * cell, height: area.height - header };
        // A cell is no higher than it looks wide: a row is about as high as two columns are wide.
        let spare = (usize::from(cells.height) / self.rows.max(1)) as u16;
        let tall = if self.spread { spare.clamp(1, (cell / 3).max(1)) } else { 1 };
        let cells = Rect { height: cells.height.min((rows as u16).saturating_mul(tall)), ..cells };
        Layout {
            labels: Rect { width: labels, ..Rect { x: area.x, ..cells } },
            header: Rect { y: area.y, height: header, ..cells },
            cells,
            cell,
            tall,
        }
    }

    /// The row and column drawn at a position of `area`.
    pub fn cell_at(&self, area: Rect, position: Position) -> Option<(usize, usize)> {
        let layout = self.layout(area);
        if !layout.cells.contains(position) {
            return None;
        }
        let row = self.offset.0 + usize::from((position.y - layout.cells.y) / layout.tall);
        let column = self.offset.1 + usize::from((position.x - layout.cells.x) / layout.cell);
        (row < self.rows && column < self.columns).then_some((row, column))
    }
}

/// Draws the cells that fit. Masked cells are dim dots, the cursor's row and column are marked beside their labels.
pub fn draw(grid: &Grid<'_>, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let layout = grid.layout(area);
    let (rows, columns) = layout.visible();
    for line in 0..rows {
        let row = grid.offset.0 + line;
        let y = layout.cells.y + line as u16 * layout.tall;
        let middle = y + (layout.tall - 1) / 2;
        row_label(grid, row, Rect { y: middle, height: 1, ..layout.labels }, buf, *theme);
        for index in 0..columns {
            let column = grid.offset.1 + index;
            let place =
                Rect { x: layout.cells.x + index as u16 * layout.cell, y, width: layout.cell, height: layout.tall };
            cell(grid, (row, column), place, buf, *theme);
        }
    }
    for index in 0..columns {
        let place = Rect { x: layout.cells.x + index as u16 * layout.cell, width: layout.cell, ..layout.header };
        column_label(grid, grid.offset.1 + index, place, buf, *theme);
    }
}

fn cell(grid: &Grid<'_>, at: (usize, usize), place: Rect, buf: &mut Buffer, theme: Theme) {
    let selected = grid.cursor == Some(at);
    let Some(value) = (grid.value)(at.0, at.1) else {
        let crossed = grid.cursor.is_some_and(|cursor| cursor.0 == at.0 || cursor.1 == at.1);
        let style = match (selected, crossed) {
            (true, _) => theme.accent(),
            (false, true) => theme.text(),
            (false, false) => theme.dim(),
        };
        let dots = if theme.ascii { " ." } else { " ·" };
        for x in (place.x..place.right()).step_by(2) {
            put(buf, place, x, place.y + (place.height - 1) / 2, dots, style);
        }
        return;
    };
    let heat = theme.heat(value);
    let style = match (selected, theme.colours) {
        (true, Colours::None) => heat.style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        (true, _) => theme.accent(),
        (false, _) => heat.style,
    };
    let glyph = heat.glyphs.graphemes(true).next().unwrap_or(" ");
    fill(buf, place, glyph, style);
}

fn row_label(grid: &Grid<'_>, row: usize, place: Rect, buf: &mut Buffer, theme: Theme) {
    let Some(room) = usize::from(place.width).checked_sub(2) else { return };
    let selected = grid.cursor.is_some_and(|(cursor, _)| cursor == row);
    let label = safe::right(&safe::fit_visible(&(grid.row_label)(row), room), room);
    let style = if selected { theme.accent() } else { theme.dim() };
    let x = put(buf, place, place.x, place.y, &label, style);
    if selected {
        put(buf, place, x, place.y, if theme.ascii { ">" } else { "▸" }, theme.key());
    }
}

fn column_label(grid: &Grid<'_>, column: usize, place: Rect, buf: &mut Buffer, theme: Theme) {
    let selected = grid.cursor.is_some_and(|(_, cursor)| cursor == column);
    let style = if selected { theme.accent() } else { theme.dim() };
    let label = safe::fit_visible(&(grid.column_label)(column), 2 * LONGEST);
    if place.width >= 4 {
        put(buf, place, place.x, place.y, &safe::fit(&label, usize::from(place.width) - 1), style);
        return;
    }
    let graphemes: Vec<&str> = label.graphemes(true).collect();
    let room = usize::from(place.height);
    let first = room.saturating_sub(graphemes.len());
    for (line, grapheme) in graphemes.iter().take(room).enumerate() {
        let cut = line + 1 == room && graphemes.len() > room;
        let glyph = match (cut, theme.ascii) {
            (false, _) => grapheme,
            (true, false) => "⋮",
            (true, true) => ":",
        };
        put(buf, place, place.x, place.y + (first + line) as u16, glyph, style);
    }
}
