//! Every size of the terminal.

use super::pty::Pty;

#[test]
fn a_storm_of_resizes_ends_in_a_frame_of_the_last_size() {
    let pty = Pty::explorer();
    let mut seed: u32 = 1;
    let mut below = |limit: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) % limit
    };
    for _ in 0..500 {
        pty.resize(below(400) as u16 + 1, below(200) as u16 + 1);
    }
    let redraws = pty.state().full_redraws();
    pty.resize(100, 30);
    pty.wait_until("frame", |state| state.full_redraws() > redraws);
    pty.leave();
}

#[test]
fn no_size_is_too_small_or_too_large() {
    for (columns, rows) in [(0, 0), (1, 1), (2, 1), (1, 50), (79, 23), (1000, 500), (65535, 65535)] {
        let pty = Pty::explorer();
        let redraws = pty.state().full_redraws();
        pty.resize(columns, rows);
        if (columns, rows) != (0, 0) {
            pty.wait_until("frame", |state| state.full_redraws() > redraws);
        }
        pty.leave();
    }
}
