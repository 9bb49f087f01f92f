//! Lines one below another.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::format;
use crate::state::State;
use crate::ui::draw as ink;

/// Draws lines from the top of an area; returns what is left below.
pub(super) fn lines(lines: &[Line<'_>], area: Rect, state: &State, buf: &mut Buffer) -> Rect {
    for (line, row) in lines.iter().zip(area.rows()) {
        ink::line(buf, row, line, Alignment::Left, &state.theme);
    }
    below(area, lines.len())
}

/// What is left of an area below so many rows.
pub(super) fn below(area: Rect, rows: usize) -> Rect {
    let rows = u16::try_from(rows).unwrap_or(u16::MAX).min(area.height);
    Rect { y: area.y + rows, height: area.height - rows, ..area }
}

/// A sentence over as many rows as it needs, one column kept free on the left.
pub(super) fn wrapped(sentence: &str, columns: usize, style: Style) -> Vec<Line<'static>> {
    indented(format::wrapped(sentence, columns.saturating_sub(2).max(8)), style)
}

/// The same of parts with ` · ` between them, broken between parts.
pub(super) fn listed(parts: &str, columns: usize, style: Style) -> Vec<Line<'static>> {
    indented(format::listed(parts, columns.saturating_sub(1).max(8)), style)
}

fn indented(rows: Vec<String>, style: Style) -> Vec<Line<'static>> {
    rows.into_iter().map(|row| Line::styled(format!(" {row}"), style)).collect()
}
