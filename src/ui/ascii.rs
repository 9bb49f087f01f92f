//! The last step for a terminal without the glyphs: every mark, line and block that lmscope draws, in ASCII.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Replaces the drawing glyphs in `area` by ASCII ones of the same width; letters of any script stay.
pub fn degrade(buf: &mut Buffer, area: Rect) {
    for position in area.intersection(buf.area).positions() {
        let Some(cell) = buf.cell_mut(position) else { continue };
        let mut characters = cell.symbol().chars();
        if let (Some(c), None) = (characters.next(), characters.next())
            && let Some(plain) = plain(c)
        {
            cell.set_symbol(plain);
        }
    }
}

/// What stands for which glyphs.
const GLYPHS: [(&str, &str); 19] = [
    ("-", "─━╌┄▃▄▍▀–"),
    ("x", "×"),
    ("S", "Σ"),
    ("|", "│┃║"),
    (":", "┆┊╎⋮"),
    ("+", "╭╮╰╯┌┐└┘├┤┬┴┼▒▆▅▋▌▐"),
    ("#", "█▓▇▉▊■"),
    (".", "░▁▂▏▎·"),
    ("'", "▘▝▖▗"),
    ("%", "▛▜▙▟"),
    ("/", "▞"),
    ("\\", "▚"),
    (">", "▸▶▷→⇥›"),
    ("<", "◂◀←‹"),
    ("v", "▾▼↓"),
    ("^", "▴▲↑"),
    ("*", "●◆▣"),
    ("o", "○◇▢◌"),
    ("~", "…"),
];

/// The ASCII for a glyph one column wide; nothing for what is not a drawing glyph.
pub fn plain(glyph: char) -> Option<&'static str> {
    match glyph {
        _ if glyph.is_ascii() => None,
        '␣' => Some("_"),
        '↵' => Some("$"),
        '\u{2400}'..='\u{2426}' => Some("?"),
        _ => GLYPHS.iter().find(|(_, glyphs)| glyphs.contains(glyph)).map(|(plain, _)| *plain),
    }
}
