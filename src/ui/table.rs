//! A table that asks only for the rows it shows.

use super::draw;
use super::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Position, Rect};
use ratatui::text::Line;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// Above it; all titles empty means no header row.
    pub title: &'a str,
    /// Its width.
    pub width: Width,
    /// Where its cells and its title stand.
    pub align: Alignment,
}

/// How wide a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Exactly so many columns.
    Exact(u16),
    /// A share of what the exact ones leave.
    Share(u16),
}

/// A table as it is to be drawn.
pub struct Table<'a> {
    /// Its columns, left to right; the ones that do not fit are left out.
    pub columns: &'a [Column<'a>],
    /// How many rows there are.
    pub rows: usize,
    /// The first row to show.
    pub offset: usize,
    /// The selected row.
    pub selected: Option<usize>,
    /// The text of a row's column.
    pub cell: &'a dyn Fn(usize, usize) -> Line<'static>,
}

impl Table<'_> {
    /// Rows of content that `area` shows.
    pub fn visible(&self, area: Rect) -> usize {
        usize::from(area.height.saturating_sub(self.header()))
    }

    /// The row drawn at a position of `area`.
    pub fn row_at(&self, area: Rect, position: Position) -> Option<usize> {
        if !area.contains(position) {
            return None;
        }
        let line = (position.y - area.y).checked_sub(self.header())?;
        Some(self.offset.saturating_add(usize::from(line))).filter(|&row| row < self.rows)
    }

    fn header(&self) -> u16 {
        u16::from(self.columns.iter().any(|column| !column.title.is_empty()))
    }

    /// The columns' places in a width: after the column of the mark, exact ones as they ask, then shares of the rest,
    /// with one column between neighbours.
    fn places(&self, area: Rect) -> Vec<Rect> {
        let area = Rect { x: area.x + 1, width: area.width - 1, ..area };
        let gaps = self.columns.len().saturating_sub(1) as u16;
        let exact: u16 = self.columns.iter().fold(gaps, |sum, column| match column.width {
            Width::Exact(width) => sum.saturating_add(width),
            Width::Share(_) => sum,
        });
        let shares = |columns: &[Column<'_>]| -> u32 {
            columns.iter().map(|column| if let Width::Share(share) = column.width { u32::from(share) } else { 0 }).sum()
        };
        let mut left = u32::from(area.width.saturating_sub(exact));
        let mut x = area.x;
        let mut places = Vec::with_capacity(self.columns.len());
        for (index, column) in self.columns.iter().enumerate() {
            let width = match column.width {
                Width::Exact(width) => width,
                Width::Share(share) => {
                    let width = left * u32::from(share) / shares(&self.columns[index..]).max(1);
                    left -= width;
                    width as u16
                }
            };
            let width = width.min(area.right().saturating_sub(x));
            places.push(Rect { x, width, ..area });
            x = x.saturating_add(width).saturating_add(1).min(area.right());
        }
        places
    }
}

/// The offset that keeps `selected` among `visible` rows of `rows`, moving as little as it can.
pub fn follow(offset: usize, selected: usize, visible: usize, rows: usize) -> usize {
    let visible = visible.max(1);
    let offset =
        offset.clamp((selected + 1).saturating_sub(visible), selected.max((selected + 1).saturating_sub(visible)));
    offset.min(rows.saturating_sub(visible))
}

/// Draws the rows that fit. The first column is kept for the `▸` of the selected row, which is lit across the whole width.
pub fn draw(table: &Table<'_>, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let places = table.places(area);
    let header = table.header();
    if header == 1 {
        for (column, place) in table.columns.iter().zip(&places) {
            let place = Rect { height: 1, ..*place };
            draw::line(buf, place, &Line::styled(column.title.to_owned(), theme.dim()), column.align, theme);
        }
    }
    for line in 0..table.visible(area) {
        let row = table.offset.saturating_add(line);
        if row >= table.rows {
            break;
        }
        let y = area.y + header + line as u16;
        let selected = table.selected == Some(row);
        for (index, (column, place)) in table.columns.iter().zip(&places).enumerate() {
            if place.width > 0 {
                let cell = (table.cell)(row, index);
                draw::line(buf, Rect { y, height: 1, ..*place }, &cell, column.align, theme);
            }
        }
        if selected {
            draw::put(buf, area, area.x, y, if theme.ascii { ">" } else { "▸" }, theme.key());
            draw::restyle(buf, Rect { y, height: 1, ..area }, theme.selected_row());
        }
    }
}
