//! The one way text gets into a buffer: clipped, made visible, and never outside its area.

use super::safe;
use super::theme::Theme;
use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use unicode_segmentation::UnicodeSegmentation;

/// Writes `text` at column `x` of row `y`, clipped to `area` and to the buffer; returns the column after it.
///
/// Text that is not plainly visible is shown as [`safe::visible`] does. A wide glyph that would be torn is left out.
pub fn put(buf: &mut Buffer, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
    let area = area.intersection(buf.area);
    if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return x;
    }
    let mut at = x;
    for grapheme in text.graphemes(true) {
        for glyph in safe::shown(grapheme).graphemes(true) {
            let wide = safe::grapheme_width(glyph) as u16;
            if wide > area.right() - at || at == area.right() {
                return at;
            }
            place(buf, at, y, glyph, wide, style);
            at += wide;
        }
    }
    at
}

/// One glyph in its cell, the cells it covers blank behind it.
fn place(buf: &mut Buffer, x: u16, y: u16, glyph: &str, wide: u16, style: Style) {
    if wide == 0 {
        return;
    }
    if let Some(cell) = buf.cell_mut((x, y)) {
        cell.set_symbol(glyph).set_style(style);
    }
    for hidden in x + 1..x + wide {
        if let Some(cell) = buf.cell_mut((hidden, y)) {
            cell.reset();
            cell.set_style(style);
        }
    }
}

/// Writes a line of styled spans into the first row of `area`, cut with `…` where it does not fit.
pub fn line(buf: &mut Buffer, area: Rect, line: &Line<'_>, alignment: Alignment, theme: &Theme) {
    let room = usize::from(area.width);
    let spans: Vec<_> = line
        .spans
        .iter()
        .map(|span| (span.content.as_ref(), safe::visible_width(&span.content, room + 1), line.style.patch(span.style)))
        .collect();
    let total: usize = spans.iter().map(|(_, wide, _)| wide).sum();
    let spare = room.saturating_sub(total);
    let indent = match line.alignment.unwrap_or(alignment) {
        Alignment::Left => 0,
        Alignment::Center => spare / 2,
        Alignment::Right => spare,
    };
    let mut x = area.x.saturating_add(indent as u16);
    let mut left = room - indent.min(room);
    for &(text, wide, style) in &spans {
        if total <= room || wide < left {
            x = put(buf, area, x, area.y, text, style);
            left -= wide.min(left);
            continue;
        }
        let cut = match safe::fit_visible(text, left) {
            whole if wide <= left => safe::fit(&format!("{whole}…"), left),
            cut => cut,
        };
        put(buf, area, x, area.y, &ellipsis(&cut, *theme), style);
        return;
    }
}

/// The text with an ASCII ellipsis where the theme wants one.
fn ellipsis(text: &str, theme: Theme) -> String {
    if theme.ascii { text.replace('…', "~") } else { text.to_owned() }
}

/// Fills `area` with a glyph one column wide.
pub fn fill(buf: &mut Buffer, area: Rect, glyph: &str, style: Style) {
    let area = area.intersection(buf.area);
    for position in area.positions() {
        if let Some(cell) = buf.cell_mut(position) {
            cell.set_symbol(glyph).set_style(style);
        }
    }
}

/// Blanks `area`, for something drawn on top of something else; a wide glyph cut by its edges is blanked too.
pub fn clear(buf: &mut Buffer, area: Rect) {
    let area = area.intersection(buf.area);
    for y in area.rows().map(|row| row.y) {
        let edge = area.x.checked_sub(1).and_then(|x| buf.cell_mut((x, y)));
        if let Some(cell) = edge
            && safe::width(cell.symbol()) > 1
        {
            cell.set_symbol(" ");
        }
    }
    for position in area.positions() {
        if let Some(cell) = buf.cell_mut(position) {
            cell.reset();
        }
    }
}

/// Restyles what is in `area` without touching its text.
pub fn restyle(buf: &mut Buffer, area: Rect, style: Style) {
    buf.set_style(area.intersection(buf.area), style);
}

/// The last step before a frame goes out, over the whole buffer: ASCII where the theme asks for it, and clusters that
/// terminals measure differently kept from their neighbours.
pub fn finish(buf: &mut Buffer, theme: &Theme) {
    if theme.ascii {
        super::ascii::degrade(buf, buf.area);
    }
    settle(buf);
}

/// Where a terminal that adds up the widths of a cluster's characters would run
/// over the cells beside it (a family of emoji is 2 columns or 8), those cells are sent again after it, and a cluster that
/// would run over the right edge is shown as `…`.
fn settle(buf: &mut Buffer) {
    let area = buf.area;
    for y in area.rows().map(|row| row.y) {
        for x in area.columns().map(|column| column.x) {
            let Some(cell) = buf.cell_mut((x, y)) else { continue };
            if cell.symbol().is_ascii() {
                continue;
            }
            let (wide, most) = (safe::grapheme_width(cell.symbol()), safe::widest(cell.symbol()));
            if most <= wide {
                continue;
            }
            let end = usize::from(x) + most;
            if end > usize::from(area.right()) {
                cell.set_symbol("…");
                continue;
            }
            for covered in usize::from(x) + wide..end {
                if let Some(cell) = buf.cell_mut((covered as u16, y)) {
                    cell.set_diff_option(CellDiffOption::AlwaysUpdate);
                }
            }
        }
    }
}
