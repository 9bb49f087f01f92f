//! The footer: the keys that make sense next.

use super::draw::put;
use super::safe;
use super::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A key and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The key's name.
    pub key: String,
    /// What it does, in a word or two.
    pub what: String,
}

/// How many of the hints, most important first, fit into so many columns.
pub fn fitting(hints: &[Hint], columns: usize) -> usize {
    let mut used = 1;
    hints
        .iter()
        .take_while(|hint| {
            used += safe::visible_width(&hint.key, columns) + safe::visible_width(&hint.what, columns) + 4;
            used <= columns + 3
        })
        .count()
}

/// Draws the hints that fit into the first row of `area`, and `note` at the right where it leaves them room.
pub fn draw(hints: &[Hint], note: &str, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let whole = usize::from(area.width);
    let wide = safe::visible_width(note, whole);
    let noted = wide > 0 && wide + 2 <= whole / 2;
    let columns = if noted { whole - wide - 2 } else { whole };
    let mut x = area.x.saturating_add(1);
    for hint in &hints[..fitting(hints, columns)] {
        x = put(buf, area, x, area.y, &hint.key, theme.key());
        x = put(buf, area, x, area.y, &format!(" {}", hint.what), theme.text());
        x = x.saturating_add(3);
    }
    if noted {
        put(buf, area, area.right() - 1 - wide as u16, area.y, note, theme.dim());
    }
}
