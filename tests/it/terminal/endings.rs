//! Every way out.

use std::time::Duration;
use std::time::Instant;

use super::pty::Pty;
use super::pty::State;
use super::pty::explorer_below;
use super::pty::processor_time;
use super::pty::wait_until_gone;
use super::pty::wait_until_stopped;

/// The longest that the end may take after its cause.
const PROMPT: Duration = Duration::from_secs(1);
/// The time of the processor that a program without a terminal may still use.
const FRUGAL: Duration = Duration::from_millis(50);

#[test]
fn leaving_by_key_restores_the_terminal() {
    Pty::explorer().leave();
}

#[test]
fn a_signal_restores_the_terminal_and_is_the_cause_of_death() {
    let signals = [
        ("TERM", "Terminated"),
        ("HUP", "Hangup"),
        ("INT", "Interrupt"),
        ("QUIT", "Quit"),
        ("ABRT", "Aborted"),
        ("BUS", "Bus error"),
    ];
    for (signal, name) in signals {
        let mut pty = Pty::explorer();
        let begun = Instant::now();
        Pty::signal(signal, pty.process());
        let status = pty.wait_for_the_end();
        assert!(begun.elapsed() < PROMPT, "{signal} took {:?}", begun.elapsed());
        assert!(status.signal().is_some_and(|cause| cause.starts_with(name)), "{signal}: {status:?}");
        pty.wait_for_restored_terminal();
    }
}

#[test]
fn a_signal_ends_a_program_that_generates() {
    let mut pty = Pty::explorer();
    pty.wait_for_rest(Duration::from_millis(200));
    let before = pty.state().bytes.len();
    pty.send(b"\t ");
    pty.wait_until("tokens", |state| state.bytes.len() > before + 1000);
    Pty::signal("TERM", pty.process());
    assert!(pty.ends_within(PROMPT));
    pty.wait_for_restored_terminal();
}

#[test]
fn a_panic_of_the_screen_restores_the_terminal_and_says_why() {
    let mut pty = Pty::spawn(&[env!("CARGO_BIN_EXE_lmscope")], &[("LMSCOPE_FAULT", "panic-ui")]);
    assert_eq!(pty.wait_for_the_end().exit_code(), 101);
    pty.wait_for_restored_terminal();
    pty.wait_until("report", |state| state.text().contains("LMSCOPE_FAULT asked for this panic"));
}

#[test]
fn a_panic_of_the_screen_with_standard_error_closed_ends_in_order() {
    let mut pty = Pty::script("LMSCOPE_FAULT=panic-ui exec \"$0\" 2>&-");
    let status = pty.wait_for_the_end();
    assert_eq!((status.exit_code(), status.signal()), (101, None));
    pty.wait_for_restored_terminal();
}

#[test]
fn a_panic_of_a_worker_stays_inside_the_program() {
    let pty = Pty::explorer_with(&[("LMSCOPE_FAULT", "panic-worker")]);
    pty.wait_until("notice", |state| state.text().contains("asked to panic"));
    assert!(pty.state().in_alternate_screen());
    pty.leave();
}

#[test]
fn a_program_whose_terminal_is_closed_is_gone_at_once() {
    let (time, processor) = Pty::explorer().hang_up();
    assert!(time < PROMPT && processor <= FRUGAL, "{time:?}, {processor:?} of the processor");
}

#[test]
fn a_program_whose_terminal_is_closed_is_gone_even_if_hang_ups_are_ignored() {
    let pty = Pty::script("trap '' HUP; exec \"$0\"");
    pty.wait_for_the_explorer();
    let (time, processor) = pty.hang_up();
    assert!(time < PROMPT && processor <= FRUGAL, "{time:?}, {processor:?} of the processor");
}

#[test]
fn a_terminal_that_takes_no_bytes_does_not_hold_up_the_end() {
    let mut pty = Pty::explorer();
    pty.stop_reading();
    for columns in (0..400).map(|step| 60 + step % 40) {
        pty.resize(columns, 50);
        pty.send(b"x");
    }
    let begun = Instant::now();
    Pty::signal("TERM", pty.process());
    let status = pty.wait_for_the_end();
    assert!(begun.elapsed() < PROMPT, "{:?}", begun.elapsed());
    assert!(status.signal().is_some());
}

#[test]
fn a_terminal_that_takes_bytes_again_gets_the_newest_frame_and_the_keys_were_heard() {
    let mut pty = Pty::explorer();
    pty.stop_reading();
    for columns in (0..400).map(|step| 60 + step % 40) {
        pty.resize(columns, 50);
        pty.send(b"x");
    }
    pty.ask_to_leave();
    pty.go_on_reading();
    assert_eq!(pty.wait_for_the_end().exit_code(), 0);
    pty.wait_for_restored_terminal();
}

#[test]
fn a_program_that_is_stuck_is_left_by_a_second_control_c_or_a_signal() {
    let mut pty = Pty::explorer_with(&[("LMSCOPE_FAULT", "stuck-ui")]);
    pty.send(b"\x03");
    assert!(!pty.ends_within(Duration::from_millis(300)));
    pty.send(b"\x03");
    assert_eq!(pty.wait_for_the_end().signal(), Some("Interrupt"));
    pty.wait_for_restored_terminal();

    let mut pty = Pty::explorer_with(&[("LMSCOPE_FAULT", "stuck-ui")]);
    Pty::signal("TERM", pty.process());
    assert!(pty.ends_within(PROMPT));
    pty.wait_for_restored_terminal();
}

#[test]
fn a_stop_gives_the_terminal_back_and_a_continue_takes_it_again() {
    let mut pty = Pty::spawn(&["sh", "-i"], &[]);
    pty.send(b"$LMSCOPE; echo left with $?\n");
    pty.wait_for_the_explorer();
    let explorer = explorer_below(pty.process());
    for (by_key, stops) in [(false, 1), (true, 2)] {
        let redraws = pty.state().full_redraws();
        if by_key {
            pty.send(b"\x1a");
        } else {
            Pty::signal("TSTP", explorer);
        }
        pty.wait_until("stop", |state| {
            !state.in_alternate_screen() && state.text().matches("Stopped").count() == stops
        });
        assert_eq!(pty.state().changed_modes(), [""; 0]);
        pty.send(b"fg\n");
        pty.wait_until("redraw", |state| state.in_alternate_screen() && state.full_redraws() > redraws);
    }
    pty.ask_to_leave();
    // A shell answers a finished job with its whole line; the stopped one has lost the rest of it.
    pty.wait_until("shell", |state| !state.in_alternate_screen() && state.changed_modes().is_empty());
    pty.send(b"echo the shell is well\n");
    pty.wait_until("shell", |state| {
        state.text().lines().any(|line| line.trim_start_matches("$ ") == "the shell is well")
    });
}

#[test]
fn a_stopped_program_that_is_continued_in_the_background_stops_again() {
    let mut pty = Pty::spawn(&["sh", "-i"], &[]);
    pty.send(b"$LMSCOPE\n");
    pty.wait_for_the_explorer();
    let explorer = explorer_below(pty.process());
    Pty::signal("TSTP", explorer);
    pty.wait_until("stop", |state| !state.in_alternate_screen() && state.text().contains("Stopped"));
    pty.send(b"bg; echo between\n");
    pty.wait_until("shell", |state| state.text().lines().any(|line| line.trim_start_matches("$ ") == "between"));
    wait_until_stopped(explorer);
    assert_eq!(pty.state().changed_modes(), [""; 0]);
    pty.send(b"fg\n");
    pty.wait_until("redraw", State::in_alternate_screen);

    Pty::signal("TSTP", explorer);
    pty.wait_until("stop", |state| !state.in_alternate_screen());
    wait_until_stopped(explorer);
    Pty::signal("TERM", explorer);
    Pty::signal("CONT", explorer);
    wait_until_gone(explorer);
    assert_eq!(pty.state().changed_modes(), [""; 0]);
}

#[test]
fn a_program_nobody_could_continue_does_not_stop() {
    let pty = Pty::explorer();
    Pty::signal("TSTP", pty.process());
    pty.leave();
}

#[test]
fn a_program_stopped_without_notice_draws_anew_when_continued() {
    let pty = Pty::explorer();
    pty.wait_for_rest(Duration::from_millis(100));
    let redraws = pty.state().full_redraws();
    Pty::signal("STOP", pty.process());
    Pty::signal("CONT", pty.process());
    pty.wait_until("redraw", |state| state.full_redraws() > redraws);
    pty.leave();
}

#[test]
fn an_idle_program_writes_nothing_and_uses_no_processor() {
    let pty = Pty::explorer();
    // What it computes in the background may take long where others use the processor too: it has to come to an end.
    let comes_to_rest = (0..20).any(|_| {
        pty.wait_for_rest(Duration::from_millis(300));
        let used = processor_time(pty.process());
        pty.is_silent_for(Duration::from_millis(400))
            && processor_time(pty.process()) <= used + Duration::from_millis(10)
    });
    assert!(comes_to_rest);
    pty.leave();
}
