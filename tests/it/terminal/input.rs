//! Whatever the terminal sends.

use std::time::Duration;
use std::time::Instant;

use super::pty::Pty;

#[test]
fn a_pasted_megabyte_is_taken_and_the_keys_go_on() {
    let mut pty = Pty::explorer();
    let begun = Instant::now();
    pty.send(b"\x1b[200~");
    pty.send(&b"all work and no play \n".repeat(50_000));
    pty.send(b"\x1b[201~");
    pty.leave();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn a_paste_without_an_end_gives_the_keys_back() {
    let mut pty = Pty::explorer();
    pty.send(b"\x1b[200~never ended");
    // The paste swallows what follows at once, so the key comes again, as a person would press it.
    let gone = (0..5).any(|_| {
        pty.ask_to_leave();
        pty.ends_within(Duration::from_millis(1200))
    });
    assert!(gone, "the keys stay dead");
    pty.wait_for_restored_terminal();
}

#[test]
fn replies_nobody_asked_for_change_nothing() {
    let mut pty = Pty::explorer();
    pty.wait_for_rest(Duration::from_millis(200));
    let replies: [&[u8]; 16] = [
        b"\x1b[?2026;2$y",
        b"\x1b[?62;22c",
        b"\x1b[>0;276;0c",
        b"\x1bP!|00000000\x1b\\",
        b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
        b"\x1b]11;rgb:0000/0000/0000\x07",
        b"\x1b]4;1;rgb:8080/0000/0000\x1b\\",
        b"\x1b]52;c;cXF1aXQ=\x1b\\",
        b"\x1bP1+r5463=38\x1b\\",
        b"\x1b[?5u",
        b"\x1b_Gi=31;OK\x1b\\",
        b"\x1b[0;0R",
        b"\x1b[24;80R",
        b"\x1b[<0;0;0M",
        b"\x1b[48;24;80;480;1280t",
        b"\x1b[I\x1b[O",
    ];
    for reply in replies {
        pty.send(reply);
    }
    assert!(pty.is_silent_for(Duration::from_millis(300)), "screen:\n{}", pty.state().text());
    pty.leave();
}

#[test]
fn garbage_does_no_harm() {
    let mut pty = Pty::explorer();
    for lead in 0x80..=0xff {
        for last in 0x80..=0xff {
            pty.send(&[lead, last]);
        }
    }
    let openings: [&[u8]; 8] = [
        b"\x1b[",
        b"\x1b[<",
        b"\x1b[9999999999999999;;;;:::",
        b"\x1b]52;",
        b"\x1bP",
        b"\x1bO",
        b"\x1b\x1b\x1b",
        b"\xf0\x9f",
    ];
    for opening in openings {
        pty.send(opening);
        pty.send(b"\x1b[A");
    }
    pty.leave();
}

#[test]
fn a_wheel_without_end_does_not_make_the_keys_wait() {
    let mut pty = Pty::explorer();
    pty.send(&b"\x1b[<65;40;12M".repeat(20_000));
    let begun = Instant::now();
    pty.leave();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn a_copy_goes_to_the_terminals_clipboard() {
    let mut pty = Pty::explorer();
    pty.send(b"\ty");
    pty.wait_until("clipboard", |state| state.bytes.windows(7).any(|window| window == b"\x1b]52;c;"));
    pty.leave();
}

#[test]
fn a_lone_escape_is_a_key_and_a_cut_arrow_is_an_arrow() {
    let mut pty = Pty::explorer();
    pty.wait_for_rest(Duration::from_millis(200));
    // Help opens, and what closes it again is the key that was not the beginning of anything.
    let plain = pty.state().text();
    pty.send(b"\t");
    pty.wait_for_rest(Duration::from_millis(100));
    pty.send(b"?");
    pty.wait_until("help", |state| state.text() != plain);
    pty.wait_for_rest(Duration::from_millis(100));
    for byte in [b"\x1b", b"[", b"B"] {
        pty.send(byte);
    }
    pty.wait_for_rest(Duration::from_millis(100));
    let help = pty.state().text();
    assert_ne!(help, plain, "an arrow scrolls the help and does not close it");
    pty.send(b"\x1b");
    pty.wait_until("closed help", |state| state.text() != help);
    pty.wait_for_rest(Duration::from_millis(100));
    assert!(pty.state().in_alternate_screen());
    pty.leave();
}

#[test]
fn control_l_draws_every_cell_anew() {
    let mut pty = Pty::explorer();
    pty.wait_for_rest(Duration::from_millis(200));
    let redraws = pty.state().full_redraws();
    pty.send(b"\x0c");
    pty.wait_until("redraw", |state| state.full_redraws() > redraws);
    pty.leave();
}

#[test]
fn no_text_can_speak_to_the_terminal() {
    let mut pty = Pty::explorer_on("a\x1b]0;title\x07b\x1b[31mc\u{9b}2Jd\u{202e}e\u{200b}f\r\x08g\x7f\u{e0041}");
    pty.wait_for_rest(Duration::from_millis(200));
    // Tokens, probabilities and attention show the same text again, and so does what stays after leaving.
    for keys in ["\t", "\t", "\t", "y"] {
        pty.send(keys.as_bytes());
        pty.wait_for_rest(Duration::from_millis(50));
    }
    pty.leave();
}
