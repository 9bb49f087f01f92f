//! The tables of xterm's input: which bytes are which key.

use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyModifiers;
use ratatui::crossterm::event::MouseButton;
use ratatui::crossterm::event::MouseEvent;
use ratatui::crossterm::event::MouseEventKind;

use super::Input;

/// The key of one ASCII byte.
pub(super) fn ascii(byte: u8) -> (KeyCode, KeyModifiers) {
    let with_control = |letter: u8| (KeyCode::Char(char::from(letter)), KeyModifiers::CONTROL);
    match byte {
        0x00 => with_control(b' '),
        0x08 | 0x7f => (KeyCode::Backspace, KeyModifiers::NONE),
        b'\t' => (KeyCode::Tab, KeyModifiers::NONE),
        b'\r' => (KeyCode::Enter, KeyModifiers::NONE),
        0x1b => (KeyCode::Esc, KeyModifiers::NONE),
        0x01..=0x1a => with_control(byte - 1 + b'a'),
        0x1c..=0x1f => with_control(byte | 0x40),
        _ => (KeyCode::Char(char::from(byte)), KeyModifiers::NONE),
    }
}

/// The key of `ESC O` and this byte.
pub(super) fn single(byte: u8) -> Option<KeyCode> {
    Some(match byte {
        b'P'..=b'S' => KeyCode::F(byte - b'P' + 1),
        b'M' => KeyCode::Enter,
        b'X' => KeyCode::Char('='),
        b'j'..=b'y' => KeyCode::Char(char::from(byte - b'j' + b'*')),
        _ => cursor(byte)?,
    })
}

fn cursor(byte: u8) -> Option<KeyCode> {
    Some(match byte {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        _ => return None,
    })
}

/// What `ESC [`, these parameter bytes and this final byte mean; `None` for replies and the unknown.
pub(super) fn control(parameters: &[u8], last: u8) -> Option<Input> {
    let text = std::str::from_utf8(parameters).ok()?;
    if let Some(report) = text.strip_prefix('<') {
        return mouse(report, last).map(Input::Mouse);
    }
    let mut fields = text.split(';');
    // A field may carry sub-parameters after a colon; the first of them is the value.
    let mut next = || -> Option<Option<u32>> {
        let field = fields.next()?.split(':').next()?;
        Some(if field.is_empty() { None } else { Some(field.parse().ok()?) })
    };
    let first = next()?;
    let second = match next() {
        Some(value) => value.unwrap_or(1),
        None if text.contains(';') => return None,
        None => 1,
    };
    let third = next();
    let held = modifiers(second);
    let code = match last {
        b'~' if first == Some(27) => return character(third??, held),
        b'~' => numbered(first?)?,
        b'u' => return character(first?, held),
        b'Z' => return Some(Input::Key(KeyEvent::new(KeyCode::BackTab, held | KeyModifiers::SHIFT))),
        b'P' | b'Q' | b'S' => KeyCode::F(last - b'P' + 1),
        b'R' if text.is_empty() => KeyCode::F(3),
        _ => cursor(last)?,
    };
    Some(Input::Key(KeyEvent::new(code, held)))
}

/// xterm's modifier parameter: one more than the sum of shift 1, alt 2, control 4, super 8.
fn modifiers(parameter: u32) -> KeyModifiers {
    let bits = parameter.saturating_sub(1);
    let mut held = KeyModifiers::NONE;
    held.set(KeyModifiers::SHIFT, bits & 1 != 0);
    held.set(KeyModifiers::ALT, bits & 2 != 0);
    held.set(KeyModifiers::CONTROL, bits & 4 != 0);
    held.set(KeyModifiers::SUPER, bits & 8 != 0);
    held
}

/// The key of `ESC [ number ~`.
fn numbered(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F((number - 10) as u8),
        17..=21 => KeyCode::F((number - 11) as u8),
        23..=26 => KeyCode::F((number - 12) as u8),
        28 | 29 => KeyCode::F((number - 13) as u8),
        31..=34 => KeyCode::F((number - 14) as u8),
        _ => return None,
    })
}

/// A character reported by its code point (xterm's modifyOtherKeys, and `ESC [ … u`).
fn character(code: u32, held: KeyModifiers) -> Option<Input> {
    let letter = char::from_u32(code)?;
    let (code, mut held) = match u8::try_from(code) {
        Ok(byte @ (0x08 | b'\t' | b'\r' | 0x1b | 0x7f)) => (ascii(byte).0, held),
        _ if letter.is_control() => return None,
        _ if held.contains(KeyModifiers::SHIFT) => (KeyCode::Char(letter.to_ascii_uppercase()), held),
        _ => (KeyCode::Char(letter), held),
    };
    match code {
        KeyCode::Char(_) => held.remove(KeyModifiers::SHIFT),
        KeyCode::Tab if held.contains(KeyModifiers::SHIFT) => {
            return Some(Input::Key(KeyEvent::new(KeyCode::BackTab, held)));
        }
        _ => {}
    }
    Some(Input::Key(KeyEvent::new(code, held)))
}

/// `button;column;row`, in cells from 1; `M` presses, `m` releases (xterm's mode 1006).
fn mouse(report: &str, last: u8) -> Option<MouseEvent> {
    let mut fields = report.split(';').map(str::parse::<u16>);
    let (button, column, row) = (fields.next()?.ok()?, fields.next()?.ok()?, fields.next()?.ok()?);
    let released = match last {
        b'M' => false,
        b'm' => true,
        _ => return None,
    };
    if fields.next().is_some() {
        return None;
    }
    place(button, released, column, row)
}

/// The three numbers of the oldest mouse report, 32 already taken off.
pub(super) fn old_mouse(button: u8, column: u8, row: u8) -> Option<MouseEvent> {
    // Button 3 without the wheel and motion bits is "some button was released".
    let released = button & 0b1110_0011 == 3;
    let button = if released { button & !3 } else { button };
    place(button.into(), released, column.into(), row.into())
}

fn place(button: u16, released: bool, column: u16, row: u16) -> Option<MouseEvent> {
    let which = match button & 3 {
        0 => Some(MouseButton::Left),
        1 => Some(MouseButton::Middle),
        2 => Some(MouseButton::Right),
        _ => None,
    };
    let kind = match (button & 0b1110_0000, button & 3) {
        (64 | 96, 0) => MouseEventKind::ScrollUp,
        (64 | 96, 1) => MouseEventKind::ScrollDown,
        (64 | 96, 2) => MouseEventKind::ScrollLeft,
        (64 | 96, _) => MouseEventKind::ScrollRight,
        (32, _) => which.map_or(MouseEventKind::Moved, MouseEventKind::Drag),
        (0, _) if released => MouseEventKind::Up(which?),
        (0, _) => MouseEventKind::Down(which?),
        _ => return None,
    };
    let mut modifiers = KeyModifiers::NONE;
    modifiers.set(KeyModifiers::SHIFT, button & 4 != 0);
    modifiers.set(KeyModifiers::ALT, button & 8 != 0);
    modifiers.set(KeyModifiers::CONTROL, button & 16 != 0);
    Some(MouseEvent { kind, column: column.checked_sub(1)?, row: row.checked_sub(1)?, modifiers })
}
