//! The parser of the terminal's bytes.

use lmscope::runtime::input::Input;
use lmscope::runtime::input::Parser;
use lmscope::runtime::input::calm;
use proptest::prelude::*;
use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyModifiers;
use ratatui::crossterm::event::MouseButton;
use ratatui::crossterm::event::MouseEvent;
use ratatui::crossterm::event::MouseEventKind;

const NONE: KeyModifiers = KeyModifiers::NONE;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
const ALT: KeyModifiers = KeyModifiers::ALT;
const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

fn parse(bytes: &[u8]) -> Vec<Input> {
    let (mut parser, mut out) = (Parser::default(), Vec::new());
    parser.feed(bytes, &mut out);
    if parser.patience().is_some() {
        parser.timeout(&mut out);
    }
    assert_eq!(parser.patience(), None);
    out
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Input {
    Input::Key(KeyEvent::new(code, modifiers))
}

fn mouse(kind: MouseEventKind, column: u16, row: u16, modifiers: KeyModifiers) -> Input {
    Input::Mouse(MouseEvent { kind, column, row, modifiers })
}

#[test]
fn each_key_of_xterm_is_that_key() {
    let letter = KeyCode::Char;
    let table: &[(&[u8], KeyCode, KeyModifiers)] = &[
        (b"a", letter('a'), NONE),
        (b"G", letter('G'), NONE),
        (b" ", letter(' '), NONE),
        ("中".as_bytes(), letter('中'), NONE),
        ("\x1bé".as_bytes(), letter('é'), ALT),
        (b"\x00", letter(' '), CONTROL),
        (b"\x03", letter('c'), CONTROL),
        (b"\x1a", letter('z'), CONTROL),
        (b"\x1c", letter('\\'), CONTROL),
        (b"\x1f", letter('_'), CONTROL),
        (b"\n", letter('j'), CONTROL),
        (b"\r", KeyCode::Enter, NONE),
        (b"\t", KeyCode::Tab, NONE),
        (b"\x7f", KeyCode::Backspace, NONE),
        (b"\x08", KeyCode::Backspace, NONE),
        (b"\x1b\x7f", KeyCode::Backspace, ALT),
        (b"\x1b", KeyCode::Esc, NONE),
        (b"\x1bx", letter('x'), ALT),
        (b"\x1b[", letter('['), ALT),
        (b"\x1bO", letter('O'), ALT),
        (b"\x1b]", letter(']'), ALT),
        (b"\x1b[A", KeyCode::Up, NONE),
        (b"\x1bOB", KeyCode::Down, NONE),
        (b"\x1b[1;2C", KeyCode::Right, SHIFT),
        (b"\x1b[1;5D", KeyCode::Left, CONTROL),
        (b"\x1b[1;4A", KeyCode::Up, SHIFT.union(ALT)),
        (b"\x1b[H", KeyCode::Home, NONE),
        (b"\x1bOF", KeyCode::End, NONE),
        (b"\x1b[1~", KeyCode::Home, NONE),
        (b"\x1b[8~", KeyCode::End, NONE),
        (b"\x1b[2~", KeyCode::Insert, NONE),
        (b"\x1b[3~", KeyCode::Delete, NONE),
        (b"\x1b[3;5~", KeyCode::Delete, CONTROL),
        (b"\x1b[5~", KeyCode::PageUp, NONE),
        (b"\x1b[6;2~", KeyCode::PageDown, SHIFT),
        (b"\x1b[Z", KeyCode::BackTab, SHIFT),
        (b"\x1bOP", KeyCode::F(1), NONE),
        (b"\x1bOS", KeyCode::F(4), NONE),
        (b"\x1b[11~", KeyCode::F(1), NONE),
        (b"\x1b[15~", KeyCode::F(5), NONE),
        (b"\x1b[17~", KeyCode::F(6), NONE),
        (b"\x1b[21~", KeyCode::F(10), NONE),
        (b"\x1b[24;6~", KeyCode::F(12), CONTROL.union(SHIFT)),
        (b"\x1b[25~", KeyCode::F(13), NONE),
        (b"\x1b[34~", KeyCode::F(20), NONE),
        (b"\x1b[[C", KeyCode::F(3), NONE),
        (b"\x1b[1;2P", KeyCode::F(1), SHIFT),
        (b"\x1b[27;5;105~", letter('i'), CONTROL),
        (b"\x1b[97;2u", letter('A'), NONE),
        (b"\x1b[13;5u", KeyCode::Enter, CONTROL),
        (b"\x1b[9;2u", KeyCode::BackTab, SHIFT),
        (b"\x1bOy", letter('9'), NONE),
    ];
    for (bytes, code, modifiers) in table {
        assert_eq!(parse(bytes), [key(*code, *modifiers)], "{}", bytes.escape_ascii());
    }
}

#[test]
fn the_mouse_is_reported_in_cells_from_zero() {
    use MouseEventKind::{Down, Drag, Moved, ScrollDown, ScrollUp, Up};
    let table: &[(&[u8], MouseEventKind, u16, u16, KeyModifiers)] = &[
        (b"\x1b[<0;1;1M", Down(MouseButton::Left), 0, 0, NONE),
        (b"\x1b[<0;301;80m", Up(MouseButton::Left), 300, 79, NONE),
        (b"\x1b[<2;5;6M", Down(MouseButton::Right), 4, 5, NONE),
        (b"\x1b[<32;5;6M", Drag(MouseButton::Left), 4, 5, NONE),
        (b"\x1b[<35;5;6M", Moved, 4, 5, NONE),
        (b"\x1b[<64;5;6M", ScrollUp, 4, 5, NONE),
        (b"\x1b[<81;5;6M", ScrollDown, 4, 5, CONTROL),
        (b"\x1b[<8;5;6M", Down(MouseButton::Left), 4, 5, ALT),
        (b"\x1b[M !!", Down(MouseButton::Left), 0, 0, NONE),
        (b"\x1b[M#!!", Up(MouseButton::Left), 0, 0, NONE),
        (b"\x1b[M`!!", ScrollUp, 0, 0, NONE),
    ];
    for (bytes, kind, column, row, modifiers) in table {
        assert_eq!(parse(bytes), [mouse(*kind, *column, *row, *modifiers)], "{}", bytes.escape_ascii());
    }
    for none in ["\x1b[<0;0;0M", "\x1b[<0;65536;1M", "\x1b[<0;1M", "\x1b[<;;M", "\x1b[<128;1;1M", "\x1b[<0;1;1;1M"] {
        assert_eq!(parse(none.as_bytes()), [], "{none:?}");
    }
}

#[test]
fn a_paste_is_one_event_whatever_is_in_it() {
    let text = "line\rwith \x1b[A, \x1b[201 and \x03 中";
    assert_eq!(
        parse(format!("\x1b[200~{text}\x1b[201~x").as_bytes()),
        [Input::Paste(text.to_owned()), key(KeyCode::Char('x'), NONE)]
    );
    assert_eq!(parse(b"\x1b[200~\x1b\x1b[201~"), [Input::Paste("\x1b".to_owned())]);
    assert_eq!(parse(b"\x1b[200~cut"), [Input::Paste("cut".to_owned())]);
    assert_eq!(parse(b"\x1b[200~bad \xff\x1b[201~"), [Input::Paste("bad \u{fffd}".to_owned())]);
    assert_eq!(parse(b"\x1b[201~"), []);
    let long = "a".repeat(1 << 20);
    assert_eq!(parse(format!("\x1b[200~{long}\x1b[201~").as_bytes()), [Input::Paste(long)]);
}

#[test]
fn a_paste_beyond_the_cap_is_cut_and_still_ends() {
    let mut bytes = b"\x1b[200~".to_vec();
    bytes.resize(20 << 20, b'a');
    bytes.extend(b"\x1b[201~x");
    match &parse(&bytes)[..] {
        [Input::Paste(text), last] => {
            assert_eq!(text.len(), 16 << 20);
            assert_eq!(*last, key(KeyCode::Char('x'), NONE));
        }
        other => panic!("{} events", other.len()),
    }
}

#[test]
fn control_c_is_heard_inside_any_cut_sequence() {
    for opening in ["\x1b[", "\x1b[1;", "\x1b[<0;", "\x1b]52;c;", "\x1bP1", "\x1bO", "\x1b[[", "\x1b[M ", "é\x1b_G"] {
        let mut bytes = opening.as_bytes().to_vec();
        bytes.push(3);
        assert_eq!(parse(&bytes).last(), Some(&key(KeyCode::Char('c'), CONTROL)), "{opening:?}");
    }
    for lead in 0xc2..=0xf4 {
        assert_eq!(parse(&[lead, 3]), [key(KeyCode::Char('c'), CONTROL)]);
    }
}

#[test]
fn a_run_of_drags_is_its_last_and_a_run_of_wheel_steps_its_first() {
    let drag = |column| mouse(MouseEventKind::Drag(MouseButton::Left), column, 0, NONE);
    let wheel = || mouse(MouseEventKind::ScrollDown, 3, 3, NONE);
    let stop = || key(KeyCode::Char('x'), NONE);
    let flood = (0..50).map(drag).chain([stop()]).chain((0..500).map(|_| wheel())).collect();
    let calmed = calm(flood);
    assert_eq!(calmed[..2], [drag(49), stop()]);
    assert_eq!(calmed.len(), 10);
}

#[test]
fn text_that_no_hand_types_is_a_paste_and_a_key_held_down_is_not() {
    let typed: Vec<Input> = "to be, or not to be\r".repeat(20).bytes().flat_map(|byte| parse(&[byte])).collect();
    assert_eq!(calm(typed), [Input::Paste("to be, or not to be\n".repeat(20))]);
    let held: Vec<Input> = (0..300).map(|_| key(KeyCode::Char('j'), NONE)).collect();
    assert_eq!(calm(held.clone()), held);
}

/// Bytes as a terminal might send them, whole, cut or wrong.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<Vec<u8>>(),
        any::<char>().prop_map(|letter| letter.to_string().into_bytes()),
        "\x1b\\[[<?>=]?[0-9;:]{0,12}[ -/]?[@-~]?".prop_map(String::into_bytes),
        "\x1b[\\]P_^X][ -~]{0,8}(\x07|\x1b\\\\)?".prop_map(String::into_bytes),
        "\x1b\\[200~[a-z\x1b\\[]{0,8}(\x1b\\[201~)?".prop_map(String::into_bytes),
        Just(b"\x1b".to_vec()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn it_does_not_matter_how_the_bytes_were_cut(bytes in bytes(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.sort_unstable();
        let (mut parser, mut out) = (Parser::default(), Vec::new());
        let mut begin = 0;
        for end in places.into_iter().chain([bytes.len()]) {
            parser.feed(&bytes[begin..end], &mut out);
            begin = end;
        }
        parser.timeout(&mut out);
        prop_assert_eq!(out, parse(&bytes));
    }

    #[test]
    fn after_a_timeout_the_keys_work(bytes in bytes()) {
        let (mut parser, mut out) = (Parser::default(), Vec::new());
        parser.feed(&bytes, &mut out);
        parser.timeout(&mut out);
        out.clear();
        parser.feed(b"x", &mut out);
        prop_assert_eq!(out, [key(KeyCode::Char('x'), NONE)]);
    }

    #[test]
    fn every_character_typed_is_that_character(letter in any::<char>().prop_filter("no control", |letter| !letter.is_control())) {
        prop_assert_eq!(parse(letter.to_string().as_bytes()), [key(KeyCode::Char(letter), NONE)]);
    }
}
