//! A screen becomes the bytes that change the terminal from the screen before.

use std::io;
use std::io::Write as _;

use ratatui::backend::Backend as _;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;

/// A cell with a longer symbol would be a stream of its own: a letter with a hundred thousand accents.
const LONGEST_SYMBOL: usize = 64;

/// What the terminal shows, as far as we know.
#[derive(Debug)]
pub(super) struct Frames {
    shown: Buffer,
    cursor: Option<Position>,
    lost: bool,
}

impl Frames {
    /// Nothing is known of the terminal's picture; its cursor is hidden.
    pub(super) fn new() -> Self {
        Self { shown: Buffer::empty(Rect::ZERO), cursor: None, lost: true }
    }

    /// Forgets the picture: the next frame draws every cell.
    pub(super) fn forget(&mut self) {
        self.lost = true;
        self.cursor = None;
    }

    /// Whether the next frame draws every cell.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// The bytes that make the terminal show what `view` draws on a screen of `width` × `height` cells; none when it
    /// shows that already.
    pub(super) fn next(
        &mut self,
        (width, height): (u16, u16),
        view: impl FnOnce(Rect, &mut Buffer) -> Option<Position>,
    ) -> io::Result<Vec<u8>> {
        let area = Rect::new(0, 0, width, height);
        let mut wanted = Buffer::empty(area);
        let cursor = view(area, &mut wanted).filter(|at| area.contains(*at));
        for cell in &mut wanted.content {
            let symbol = cell.symbol();
            if symbol.len() > LONGEST_SYMBOL || symbol.chars().any(char::is_control) {
                cell.set_symbol("\u{fffd}");
            }
        }
        let afresh = self.lost || self.shown.area != area;
        if afresh {
            self.shown = Buffer::empty(area);
        }
        let changes = self.shown.diff(&wanted);
        let mut bytes = Vec::new();
        if !changes.is_empty() || afresh {
            // A frame that is most of the screen is shown at once where the terminal can; for a small one the marks
            // cost more than they give.
            let marked = afresh || changes.len() > wanted.content.len() / 4;
            if marked {
                bytes.write_all(b"\x1b[?2026h")?;
            }
            if afresh {
                bytes.write_all(b"\x1b[0m\x1b[2J")?;
            }
            if !changes.is_empty() {
                CrosstermBackend::new(&mut bytes).draw(changes.into_iter())?;
            }
            place(&mut bytes, self.cursor, cursor, true)?;
            if marked {
                bytes.write_all(b"\x1b[?2026l")?;
            }
        } else {
            place(&mut bytes, self.cursor, cursor, false)?;
        }
        self.shown = wanted;
        self.cursor = cursor;
        self.lost = false;
        Ok(bytes)
    }
}

/// Moves, shows or hides the terminal's own cursor where it has to.
fn place(bytes: &mut Vec<u8>, before: Option<Position>, now: Option<Position>, moved: bool) -> io::Result<()> {
    match now {
        Some(at) if moved || before != now => {
            write!(bytes, "\x1b[{};{}H", u32::from(at.y) + 1, u32::from(at.x) + 1)?;
            if before.is_none() {
                bytes.write_all(b"\x1b[?25h")?;
            }
        }
        None if before.is_some() => bytes.write_all(b"\x1b[?25l")?,
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Position;
    use ratatui::layout::Rect;
    use ratatui::style::Color;
    use ratatui::style::Modifier;
    use ratatui::style::Style;

    use super::Frames;

    fn cells(number: u16) -> NonZeroU16 {
        NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN)
    }

    /// What is drawn in one test: places, texts, colours.
    type Drawing = Vec<(u16, u16, String, u8, bool)>;

    fn draw(drawing: &Drawing, area: Rect, buf: &mut Buffer) {
        for (x, y, text, color, bold) in drawing {
            if area.contains(Position::new(*x, *y)) {
                let style = Style::new().fg(Color::Indexed(*color));
                let style = if *bold { style.add_modifier(Modifier::BOLD) } else { style };
                buf.set_stringn(*x, *y, text, usize::from(area.right() - *x), style);
            }
        }
    }

    fn drawing() -> impl Strategy<Value = Drawing> {
        let text = prop_oneof!["[a-z ]{0,9}", "[一-龥]{0,5}", "[é한🙂x]{0,5}"];
        prop::collection::vec((0..20_u16, 0..6_u16, text, 1..200_u8, any::<bool>()), 0..8)
    }

    proptest! {
        #[test]
        fn a_terminal_shows_what_was_drawn_after_any_frames_before(
            frames in prop::collection::vec((drawing(), any::<bool>()), 1..5)
        ) {
            let (width, height) = (20, 6);
            let mut emulator = vt100::Parser::new(cells(height), cells(width), 0);
            let mut known = Frames::new();
            for (drawing, lost) in frames {
                if lost {
                    known.forget();
                }
                let mut wanted = Buffer::empty(Rect::new(0, 0, width, height));
                draw(&drawing, wanted.area, &mut wanted);
                let bytes = known.next((width, height), |area, buf| { draw(&drawing, area, buf); None })?;
                emulator.process(&bytes);
                for at in wanted.area.positions() {
                    let (cell, shown) = (&wanted[at], emulator.screen().cell(at.y, at.x));
                    let Some(shown) = shown.filter(|shown| !shown.is_wide_continuation()) else { continue };
                    let text = if shown.has_contents() { shown.contents() } else { " " };
                    prop_assert_eq!(text, cell.symbol(), "at {}", at);
                    if text != " " {
                        prop_assert_eq!(shown.bold(), cell.modifier.contains(Modifier::BOLD));
                    }
                }
            }
        }
    }

    fn next(frames: &mut Frames, text: &str, cursor: Option<(u16, u16)>) -> String {
        let view = |_: Rect, buf: &mut Buffer| {
            buf.set_string(0, 0, text, Style::new());
            cursor.map(Position::from)
        };
        String::from_utf8_lossy(&frames.next((20, 5), view).unwrap_or_default()).into_owned()
    }

    #[test]
    fn an_unchanged_screen_is_no_byte_and_a_small_change_is_a_short_one() {
        let mut frames = Frames::new();
        assert!(next(&mut frames, "hello", None).contains("\x1b[2J"));
        assert_eq!(next(&mut frames, "hello", None), "");
        let change = next(&mut frames, "hullo", None);
        assert!(change.contains('u') && !change.contains("llo") && change.len() < 40, "{change:?}");
    }

    #[test]
    fn the_cursor_is_shown_where_it_belongs_and_hidden_elsewhere() {
        let mut frames = Frames::new();
        assert!(!next(&mut frames, "a", None).contains("25h"));
        assert_eq!(next(&mut frames, "a", Some((3, 1))), "\x1b[2;4H\x1b[?25h");
        assert_eq!(next(&mut frames, "a", Some((4, 1))), "\x1b[2;5H");
        assert!(next(&mut frames, "b", Some((4, 1))).ends_with("\x1b[2;5H"));
        assert_eq!(next(&mut frames, "b", Some((99, 1))), "\x1b[?25l");
    }

    #[test]
    fn no_cell_can_speak_to_the_terminal() {
        let mut frames = Frames::new();
        let evil = ["\x1b]0;title\x07", "\u{9b}2J", "\n", &"e\u{301}".repeat(50_000)];
        let view = |_: Rect, buf: &mut Buffer| {
            for (x, symbol) in (0..).zip(evil) {
                buf[(x, 0)].set_symbol(symbol);
            }
            None
        };
        let bytes = frames.next((20, 5), view).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        assert!(bytes.len() < 500 && !text.contains("title") && !text.contains('\u{9b}') && !text.contains('\n'));
    }
}
