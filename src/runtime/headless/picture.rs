//! A screen as text: what is written, and in which style.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::buffer::Cell;
use ratatui::layout::Position;
use ratatui::style::Color;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr as _;

/// The cells of one row that show something, with their columns: the right half of a wide character is left out.
fn shown(buffer: &Buffer, y: u16) -> impl Iterator<Item = (u16, &Cell)> {
    let mut next = buffer.area.left();
    buffer.area.columns().filter_map(move |column| {
        let cell = buffer.cell((column.x, y))?;
        if column.x < next {
            return None;
        }
        next = column.x.saturating_add(cell.symbol().width().max(1) as u16);
        Some((column.x, cell))
    })
}

fn lines(buffer: &Buffer, mut line: impl FnMut(u16) -> String) -> String {
    let mut out = String::new();
    for row in buffer.area.rows() {
        out.push_str(line(row.y).trim_end());
        out.push('\n');
    }
    out.truncate(out.trim_end_matches('\n').len());
    out
}

/// One line per row, trailing blanks and trailing empty rows left out.
pub(super) fn text(buffer: &Buffer) -> String {
    lines(buffer, |y| shown(buffer, y).map(|(_, cell)| cell.symbol()).collect())
}

/// Where a row first shows `wanted`.
pub(super) fn find(buffer: &Buffer, wanted: &str) -> Option<Position> {
    buffer.area.rows().find_map(|row| {
        let line: String = shown(buffer, row.y).map(|(_, cell)| cell.symbol()).collect();
        let byte = line.find(wanted)?;
        let mut seen = 0;
        shown(buffer, row.y).find_map(|(x, cell)| {
            seen += cell.symbol().len();
            (seen > byte).then_some(Position::new(x, row.y))
        })
    })
}

/// One letter per cell and distinct style, then what the letters mean.
pub(super) fn styles(buffer: &Buffer) -> String {
    let plain = (Color::Reset, Color::Reset, Modifier::empty());
    let mut seen = Vec::new();
    let mut out = lines(buffer, |y| {
        let mut line = String::new();
        for (_, cell) in shown(buffer, y) {
            let style = (cell.fg, cell.bg, cell.modifier);
            let letter = if style == plain {
                '·'
            } else {
                let index = seen.iter().position(|known| *known == style).unwrap_or_else(|| {
                    seen.push(style);
                    seen.len() - 1
                });
                letter(index)
            };
            line.extend(std::iter::repeat_n(letter, cell.symbol().width().max(1)));
        }
        line.trim_end_matches('·').to_owned()
    });
    out.push('\n');
    for (index, (foreground, background, modifier)) in seen.iter().enumerate() {
        let _ = write!(out, "\n{} {foreground} on {background}", letter(index));
        for (name, _) in modifier.iter_names() {
            let _ = write!(out, " {}", name.to_lowercase());
        }
    }
    out
}

/// `a`–`z`, `A`–`Z`, then letters of Latin Extended-A and on.
fn letter(index: usize) -> char {
    let index = index as u32;
    let code = match index {
        0..26 => u32::from('a') + index,
        26..52 => u32::from('A') + index - 26,
        _ => 0x100 + index - 52,
    };
    char::from_u32(code).unwrap_or('?')
}
