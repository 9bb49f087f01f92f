//! Whatever the program is started in.
#![expect(clippy::unwrap_used, reason = "what does not work here fails the test")]

use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use super::pty::Pty;
use super::pty::explorer_below;

#[test]
fn without_a_terminal_the_content_comes_as_text() {
    let program = env!("CARGO_BIN_EXE_lmscope");
    let output = Command::new(program).arg("Once upon a time").stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b));
    assert!(String::from_utf8_lossy(&output.stdout).contains("time"), "{output:?}");
}

#[test]
fn where_the_explorer_cannot_run_the_terminal_is_left_alone() {
    for script in
        ["\"$0\" a </dev/null", "\"$0\" a >/dev/full", "\"$0\" a | cat", "\"$0\" a | head -n 1", "TERM=dumb \"$0\" a"]
    {
        let mut pty = Pty::script(&format!("{script}; echo the end"));
        pty.wait_for_the_end();
        pty.wait_until("end", |state| state.text().ends_with("the end"));
        let state = pty.state();
        assert!(!state.bytes.contains(&0x1b), "{script}");
        assert!(!state.text().contains("panicked"), "{script}:\n{}", state.text());
        drop(state);
        pty.wait_for_restored_terminal();
    }
}

#[test]
fn every_terminal_and_locale_is_started_in_and_left_in_order() {
    let surroundings: [&[(&str, &str)]; 8] = [
        &[("TERM", "linux")],
        &[("TERM", "vt100")],
        &[("TERM", "")],
        &[("TERM", "no such terminal")],
        &[("NO_COLOR", "1")],
        &[("COLORTERM", "truecolor")],
        &[("LC_ALL", "C"), ("LANG", "C")],
        &[("HOME", "/nonexistent"), ("LC_ALL", "zh_CN.UTF-8")],
    ];
    for environment in surroundings {
        Pty::explorer_with(environment).leave();
    }
}

#[test]
fn standard_error_may_be_closed() {
    let pty = Pty::script("exec \"$0\" 2>&-");
    pty.wait_for_the_explorer();
    pty.leave();
}

#[test]
fn too_few_descriptors_are_an_error_that_leaves_the_terminal_alone() {
    let mut pty = Pty::script("ulimit -n 5; exec \"$0\"");
    assert_eq!(pty.wait_for_the_end().exit_code(), 1);
    pty.wait_for_restored_terminal();
    pty.wait_until("message", |state| state.text().contains("could not"));
}

#[test]
fn a_program_started_on_a_terminal_that_is_gone_ends() {
    let pty = Pty::script("trap '' HUP; while read line; do :; done; LMSCOPE_FAULT=panic-ui exec \"$0\" a");
    let (_, processor) = pty.hang_up_with(b"line\n");
    assert!(processor < Duration::from_secs(5), "{processor:?}");
}

/// Where its group, its session and its parent are out of sight, as in a container, they are all 0 to the program.
#[test]
fn a_program_whose_session_is_outside_its_namespace_runs_and_does_not_stop() {
    let unshare = ["unshare", "--map-root-user", "--pid", "--fork"];
    let allowed = Command::new(unshare[0]).args(&unshare[1..]).arg("true").stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        return; // This system makes no namespaces.
    }
    let [command, rest @ ..] = unshare;
    let inside = "\"$LMSCOPE\"; echo it ended with $?";
    let mut pty = Pty::spawn(&[&[command], &rest[..], &["sh", "-c", inside]].concat(), &[]);
    pty.wait_for_the_explorer();
    Pty::signal("TSTP", explorer_below(pty.process()));
    pty.wait_for_rest(Duration::from_millis(100));
    pty.ask_to_leave();
    pty.wait_until("end", |state| state.text().contains("it ended with 0"));
    pty.wait_for_the_end();
    pty.wait_for_restored_terminal();
}
