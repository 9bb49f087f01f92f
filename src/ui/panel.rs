//! A pane's frame.

use super::draw::{fill, put};
use super::safe;
use super::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A frame with a title, notes, and room inside.
#[derive(Clone, Copy, Debug, Default)]
pub struct Panel<'a> {
    /// At the left of the top edge; bright when focused.
    pub title: &'a str,
    /// Beside the title, dim: what is shown.
    pub details: &'a str,
    /// At the right of the top edge.
    pub note: &'a str,
    /// At the right of the bottom edge.
    pub foot: &'a str,
    /// Whether keys go to this pane.
    pub focused: bool,
    /// A single rule on top instead of a box, for small screens.
    pub rule: bool,
}

/// Draws the frame and returns the area inside it; too small for a frame, the area is returned as it is.
pub fn draw(panel: &Panel<'_>, area: Rect, buf: &mut Buffer, theme: &Theme) -> Rect {
    let area = area.intersection(buf.area);
    let boxed = !panel.rule;
    let least = if boxed { 3 } else { 2 };
    if area.height < least || area.width < least {
        return area;
    }
    let border = theme.border(panel.focused);
    let (flat, upright, corners) =
        if theme.ascii { ("-", "|", ["+", "+", "+", "+"]) } else { ("─", "│", ["╭", "╮", "╰", "╯"]) };
    let top = Rect { height: 1, ..area };
    fill(buf, top, flat, border);
    if boxed {
        let bottom = Rect { y: area.bottom() - 1, ..top };
        fill(buf, bottom, flat, border);
        for x in [area.x, area.right() - 1] {
            fill(buf, Rect { x, width: 1, y: area.y + 1, height: area.height - 2 }, upright, border);
        }
        for (glyph, (x, y)) in corners.into_iter().zip([
            (area.x, area.y),
            (area.right() - 1, area.y),
            (area.x, area.bottom() - 1),
            (area.right() - 1, area.bottom() - 1),
        ]) {
            put(buf, area, x, y, glyph, border);
        }
        edge_notes(panel, top, buf, *theme);
        right_note(panel.foot, bottom, 2, buf, *theme);
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
    } else {
        edge_notes(panel, top, buf, *theme);
        right_note(panel.foot, Rect { y: area.bottom() - 1, ..top }, usize::from(u16::MAX), buf, *theme);
        Rect { y: area.y + 1, height: area.height - 1, ..area }
    }
}

/// Marks on the right border of a panel's `area` which part of `total` rows its `visible` ones from `offset` on are;
/// nothing where all are visible.
pub fn scrollbar(offset: usize, visible: usize, total: usize, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    let track = usize::from(area.height.saturating_sub(2));
    if track == 0 || area.width == 0 || visible == 0 || total <= visible {
        return;
    }
    let length = (track * visible / total).max(1);
    let most = total - visible;
    let start = ((track - length) as u128 * offset.min(most) as u128).div_ceil(most as u128) as u16;
    let thumb = Rect { x: area.right() - 1, y: area.y + 1 + start, width: 1, height: length as u16 };
    fill(buf, thumb, if theme.ascii { "#" } else { "┃" }, theme.text());
}

/// Title, details and note on the top edge; what does not fit goes, the note first.
fn edge_notes(panel: &Panel<'_>, top: Rect, buf: &mut Buffer, theme: Theme) {
    let room = usize::from(top.width).saturating_sub(4);
    let title = safe::fit_visible(panel.title, room.saturating_sub(2));
    let mut used = 2;
    if !title.is_empty() {
        let x = put(buf, top, top.x + 2, top.y, &format!(" {title} "), theme.title(panel.focused));
        used = usize::from(x - top.x);
    }
    if !panel.details.is_empty() && used + 7 < room {
        let details = safe::fit_visible(panel.details, room - used - 4);
        let x = put(buf, top, top.x + used as u16 + 2, top.y, &format!(" {details} "), theme.dim());
        used = usize::from(x - top.x);
    }
    right_note(panel.note, top, used, buf, theme);
}

/// A note at the right of an edge of which `used` columns are taken; nothing where it does not fit whole.
fn right_note(note: &str, edge: Rect, used: usize, buf: &mut Buffer, theme: Theme) {
    let room = usize::from(edge.width);
    let wide = safe::visible_width(note, room) + 2;
    if note.is_empty() || used.saturating_add(wide + 3) > room {
        return;
    }
    put(buf, edge, edge.right() - 2 - wide as u16, edge.y, &format!(" {note} "), theme.dim());
}
