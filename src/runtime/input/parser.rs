//! What the bytes of a terminal mean, one byte at a time.
//!
//! The states are those of ECMA-48 control sequences and of xterm's input (its "Control Sequences", by Moy, Gildea and Dickey). Since each byte only moves one state to the next, it does not matter how a read was cut.

use std::time::Duration;

use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyModifiers;
use ratatui::crossterm::event::MouseEvent;

use super::sequences;

/// What a person did at the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key. Characters carry no SHIFT: `G` is the character `G`; other keys do.
    Key(KeyEvent),
    /// The mouse, in cells from 0.
    Mouse(MouseEvent),
    /// Pasted text, line ends as the terminal sent them (most send `\r`).
    Paste(String),
}

/// The longest control sequence that is looked at; longer ones are skipped to their end.
const LONGEST_SEQUENCE: usize = 64;
/// Pasted text beyond so many bytes is dropped.
const LONGEST_PASTE: usize = 16 << 20;
const ESC: u8 = 0x1b;
/// How a bracketed paste ends.
const PASTE_END: &[u8] = b"\x1b[201~";

/// How long a lone `ESC` may still become a sequence.
const ESCAPE_PATIENCE: Duration = Duration::from_millis(30);
/// How long a cut sequence or character may wait for its rest.
const SEQUENCE_PATIENCE: Duration = Duration::from_millis(250);
/// How long an open paste or reply may wait for its rest.
const STRING_PATIENCE: Duration = Duration::from_secs(1);

/// Turns bytes into [`Input`]. Replies to questions nobody asked, unknown sequences and invalid UTF-8 vanish.
#[derive(Debug, Default)]
pub struct Parser {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    /// `ESC`.
    Escape,
    /// `ESC [` and what followed; `alone` while nothing did.
    Control(Vec<u8>),
    /// `ESC [ [`, a function key of the Linux console.
    Console,
    /// `ESC [ M` and up to three bytes: the oldest mouse report.
    OldMouse(Vec<u8>),
    /// `ESC O`.
    Single,
    /// An operating-system command or another string, begun by the letter given; `length` bytes of it are gone by.
    Text { opener: char, length: usize },
    /// `ESC` inside such a string.
    TextEscape,
    /// The first bytes of a UTF-8 character; `alt` if `ESC` went before.
    Letter { bytes: Vec<u8>, alt: bool },
    /// Between the marks of a bracketed paste; `matched` bytes of the end mark have come.
    Paste { bytes: Vec<u8>, matched: usize },
}

impl Parser {
    /// Takes in `bytes`; appends what they complete to `out`.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Input>) {
        let mut rest = bytes;
        while let Some((&byte, tail)) = rest.split_first() {
            if let State::Paste { bytes, matched: 0 } = &mut self.state
                && byte != ESC
            {
                let (run, after) = rest.split_at(rest.iter().position(|&byte| byte == ESC).unwrap_or(rest.len()));
                bytes.extend(run.iter().take(LONGEST_PASTE.saturating_sub(bytes.len())));
                rest = after;
            } else {
                self.state = self.step(byte, out);
                rest = tail;
            }
        }
    }

    /// How long to wait for more bytes before [`timeout`](Self::timeout); `None` when nothing is open.
    pub fn patience(&self) -> Option<Duration> {
        match &self.state {
            State::Ground => None,
            State::Control(bytes) if !bytes.is_empty() => Some(SEQUENCE_PATIENCE),
            State::Escape | State::Single | State::Control(_) | State::Text { length: 0, .. } => Some(ESCAPE_PATIENCE),
            State::Console | State::OldMouse(_) | State::Letter { .. } => Some(SEQUENCE_PATIENCE),
            State::Text { .. } | State::TextEscape | State::Paste { .. } => Some(STRING_PATIENCE),
        }
    }

    /// Nothing came for a while: closes what is open. A lone `ESC` is the key, an unterminated paste is what came of it,
    /// a cut sequence is nothing.
    pub fn timeout(&mut self, out: &mut Vec<Input>) {
        let alt = |letter| Input::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::ALT));
        match std::mem::take(&mut self.state) {
            State::Escape => out.push(key(KeyCode::Esc)),
            State::Single => out.push(alt('O')),
            State::Control(bytes) if bytes.is_empty() => out.push(alt('[')),
            State::Text { opener, length: 0 } => out.push(alt(opener)),
            State::Paste { bytes, .. } => out.push(pasted(&bytes)),
            _ => {}
        }
    }

    fn step(&mut self, byte: u8, out: &mut Vec<Input>) -> State {
        match std::mem::take(&mut self.state) {
            State::Ground => ground(byte, out),
            State::Escape => escape(byte, out),
            State::Control(bytes) => control(bytes, byte, out),
            State::Console => match byte {
                b'A'..=b'E' => emit(key(KeyCode::F(byte - b'A' + 1)), out),
                _ => ground(byte, out),
            },
            State::OldMouse(mut bytes) => {
                if byte < 32 {
                    return ground(byte, out);
                }
                bytes.push(byte - 32);
                match bytes[..] {
                    [button, column, row] => {
                        out.extend(sequences::old_mouse(button, column, row).map(Input::Mouse));
                        State::Ground
                    }
                    _ => State::OldMouse(bytes),
                }
            }
            State::Single => match sequences::single(byte) {
                Some(code) => emit(key(code), out),
                None if byte < 0x20 => ground(byte, out),
                None => State::Ground,
            },
            State::Text { opener, length } => text(opener, length, byte, out),
            State::TextEscape => match byte {
                b'\\' => State::Ground,
                _ => escape(byte, out),
            },
            State::Letter { bytes, alt } => letter(bytes, alt, byte, out),
            State::Paste { bytes, matched } => paste(bytes, matched, byte, out),
        }
    }
}

fn key(code: KeyCode) -> Input {
    Input::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn pasted(bytes: &[u8]) -> Input {
    Input::Paste(String::from_utf8_lossy(bytes).into_owned())
}

fn emit(input: Input, out: &mut Vec<Input>) -> State {
    out.push(input);
    State::Ground
}

fn ground(byte: u8, out: &mut Vec<Input>) -> State {
    if byte == ESC { State::Escape } else { plain(byte, false, out) }
}

/// A byte that begins no sequence.
fn plain(byte: u8, alt: bool, out: &mut Vec<Input>) -> State {
    let modifier = if alt { KeyModifiers::ALT } else { KeyModifiers::NONE };
    if byte >= 0x80 {
        let starts = (0xc2..=0xf4).contains(&byte);
        return if starts { State::Letter { bytes: vec![byte], alt } } else { State::Ground };
    }
    let (code, modifiers) = sequences::ascii(byte);
    emit(Input::Key(KeyEvent::new(code, modifiers | modifier)), out)
}

fn escape(byte: u8, out: &mut Vec<Input>) -> State {
    match byte {
        b'[' => State::Control(Vec::new()),
        b'O' => State::Single,
        b']' | b'P' | b'_' | b'^' | b'X' => State::Text { opener: char::from(byte), length: 0 },
        ESC => {
            out.push(key(KeyCode::Esc));
            State::Escape
        }
        _ => plain(byte, true, out),
    }
}

fn control(mut bytes: Vec<u8>, byte: u8, out: &mut Vec<Input>) -> State {
    match byte {
        b'[' if bytes.is_empty() => State::Console,
        b'M' if bytes.is_empty() => State::OldMouse(Vec::new()),
        0x20..=0x3f => {
            if bytes.len() <= LONGEST_SEQUENCE {
                bytes.push(byte);
            }
            State::Control(bytes)
        }
        0x40..=0x7e if bytes == b"200" && byte == b'~' => State::Paste { bytes: Vec::new(), matched: 0 },
        0x40..=0x7e => {
            if bytes.len() <= LONGEST_SEQUENCE {
                out.extend(sequences::control(&bytes, byte));
            }
            State::Ground
        }
        0x18 | 0x1a => State::Ground,
        _ => ground(byte, out),
    }
}

fn text(opener: char, length: usize, byte: u8, out: &mut Vec<Input>) -> State {
    match byte {
        ESC => State::TextEscape,
        0x07 | 0x18 | 0x1a => State::Ground,
        0x00..=0x1f => ground(byte, out),
        _ => State::Text { opener, length: length + 1 },
    }
}

fn letter(mut bytes: Vec<u8>, alt: bool, byte: u8, out: &mut Vec<Input>) -> State {
    if !(0x80..=0xbf).contains(&byte) {
        return ground(byte, out);
    }
    bytes.push(byte);
    match std::str::from_utf8(&bytes) {
        Ok(text) => {
            let modifiers = if alt { KeyModifiers::ALT } else { KeyModifiers::NONE };
            let letters = text.chars().filter(|letter| !letter.is_control());
            out.extend(letters.map(|letter| Input::Key(KeyEvent::new(KeyCode::Char(letter), modifiers))));
            State::Ground
        }
        Err(error) if error.error_len().is_none() => State::Letter { bytes, alt },
        Err(_) => State::Ground,
    }
}

fn paste(mut bytes: Vec<u8>, matched: usize, byte: u8, out: &mut Vec<Input>) -> State {
    if PASTE_END.get(matched) == Some(&byte) {
        if matched + 1 == PASTE_END.len() {
            return emit(pasted(&bytes), out);
        }
        return State::Paste { bytes, matched: matched + 1 };
    }
    let room = LONGEST_PASTE.saturating_sub(bytes.len());
    bytes.extend(PASTE_END.iter().take(matched.min(room)));
    if byte == ESC {
        return State::Paste { bytes, matched: 1 };
    }
    if bytes.len() < LONGEST_PASTE {
        bytes.push(byte);
    }
    State::Paste { bytes, matched: 0 }
}
