//! A row of names, one of which is chosen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::lines::lines;
use crate::state::State;
use crate::ui::safe;

/// What stands between two names.
const BETWEEN: &str = " · ";

/// Draws the names in the first row, the chosen one lit; returns what is left below.
pub(super) fn draw<T: Copy + PartialEq>(
    state: &State,
    tabs: impl Iterator<Item = (T, &'static str)>,
    chosen: T,
    area: Rect,
    buf: &mut Buffer,
) -> Rect {
    let theme = &state.theme;
    let mut spans = vec![Span::raw(" ")];
    for (index, (tab, name)) in tabs.enumerate() {
        if index > 0 {
            spans.push(Span::styled(BETWEEN, theme.dim()));
        }
        spans.push(Span::styled(name, if tab == chosen { theme.accent() } else { theme.dim() }));
    }
    lines(&[Line::from(spans)], area, state, buf)
}

/// The one whose name is drawn at a column.
pub(super) fn at<T>(tabs: impl Iterator<Item = (T, &'static str)>, column: usize) -> Option<T> {
    let mut x = 1;
    for (tab, name) in tabs {
        let end = x + safe::width(name);
        if (x..end).contains(&column) {
            return Some(tab);
        }
        x = end + safe::width(BETWEEN);
    }
    None
}
