//! The event loop: one channel in, frames out. It rests when nothing is due.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use std::time::Instant;

use crate::app::App;
use crate::app::Msg;
use crate::state::Effect;

/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// The least time between two frames that only show a run going on: every frame takes time from the model.
const CALM: Duration = Duration::from_millis(66);
/// So many messages are taken in before the next frame; the channel holds as many.
pub(super) const BATCH: usize = 256;

/// What wakes the loop.
#[derive(Debug)]
pub(super) enum Event {
    /// Something for the explorer.
    Msg(Msg),
    /// A sign was given, or the output has room again.
    Wake,
}

/// What happened to the terminal since the loop last looked; many are one.
#[derive(Debug, Default)]
pub(super) struct Signs {
    resized: AtomicBool,
    continued: AtomicBool,
    rounds: AtomicU64,
}

impl Signs {
    /// The terminal has another size.
    pub(super) fn resized(&self) {
        self.resized.store(true, Ordering::SeqCst);
    }

    /// How often the loop came round: a number that stays while events wait means that it is stuck.
    pub(super) fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::SeqCst)
    }

    /// The program was stopped and goes on: the picture is lost, the size may be another.
    pub(super) fn continued(&self) {
        self.continued.store(true, Ordering::SeqCst);
    }
}

/// The outside as the loop sees it.
pub(super) trait Host {
    /// Columns and rows of the screen.
    fn size(&self) -> (u16, u16);
    /// Does a deed; [`Effect::Quit`] never comes here.
    fn perform(&mut self, effect: Effect);
    /// The screen's picture is lost: the next frame draws every cell.
    fn redraw(&mut self);
    /// Whether something is due although the explorer shows nothing new.
    fn is_due(&self) -> bool;
    /// Whether a frame would leave now; if not, a [`Event::Wake`] comes when it would.
    fn has_room(&mut self) -> bool;
    /// Draws a frame.
    fn draw(&mut self, app: &App, size: (u16, u16));
}

/// Runs the explorer until it asks to leave. The receiver ends with the loop, so that no worker waits to be heard.
#[expect(clippy::needless_pass_by_value, reason = "dropping the receiver is the point")]
pub(super) fn run(app: &mut App, first: Vec<Effect>, events: Receiver<Event>, signs: &Signs, host: &mut impl Host) {
    let mut shown = None;
    let mut last: Option<Instant> = None;
    let mut size = host.size();
    let mut effects = first;
    effects.extend(app.update(Msg::Resize(size.0, size.1)));
    if !perform(effects, host) {
        return;
    }
    loop {
        let due = shown != Some(app.revision()) || host.is_due();
        let wait = match last {
            _ if !due || !host.has_room() => None,
            Some(last) => Some(if app.hurries(shown) { FRAME } else { CALM }.saturating_sub(last.elapsed())),
            None => Some(Duration::ZERO),
        };
        if wait == Some(Duration::ZERO) {
            host.draw(app, size);
            shown = Some(app.revision());
            last = Some(Instant::now());
            continue;
        }
        let received = match wait {
            Some(wait) => events.recv_timeout(wait),
            None => events.recv().map_err(RecvTimeoutError::from),
        };
        let event = match received {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        for event in std::iter::once(event).chain(events.try_iter().take(BATCH - 1)) {
            if let Event::Msg(msg) = event
                && !perform(app.update(msg), host)
            {
                return;
            }
        }
        let continued = signs.continued.swap(false, Ordering::SeqCst);
        if continued {
            host.redraw();
        }
        if signs.resized.swap(false, Ordering::SeqCst) || continued {
            size = host.size();
            if !perform(app.update(Msg::Resize(size.0, size.1)), host) {
                return;
            }
        }
        signs.rounds.fetch_add(1, Ordering::SeqCst);
    }
}

/// Does what was asked; returns false when that is to leave.
fn perform(effects: Vec<Effect>, host: &mut impl Host) -> bool {
    for effect in effects {
        match effect {
            Effect::Quit => return false,
            effect => host.perform(effect),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::SyncSender;
    use std::sync::mpsc::sync_channel;
    use std::thread;

    use super::*;
    use crate::app::Start;
    use crate::model::Spec;
    use crate::runtime::input::Input;
    use crate::runtime::input::Parser;
    use crate::state::Settings;
    use crate::ui::Colours;
    use crate::ui::Language;
    use crate::ui::Theme;

    /// A host that counts, and whose output is stalled for the first questions.
    #[derive(Default)]
    struct Script {
        stalled: usize,
        frames: Vec<(u16, u16)>,
        redraws: usize,
        lost: bool,
    }

    impl Host for Script {
        fn size(&self) -> (u16, u16) {
            (80, 24)
        }
        fn perform(&mut self, _: Effect) {}
        fn redraw(&mut self) {
            self.redraws += 1;
            self.lost = true;
        }
        fn is_due(&self) -> bool {
            self.lost
        }
        fn has_room(&mut self) -> bool {
            let stalled = self.stalled > 0;
            self.stalled = self.stalled.saturating_sub(1);
            !stalled
        }
        fn draw(&mut self, _: &App, size: (u16, u16)) {
            self.lost = false;
            self.frames.push(size);
        }
    }

    fn resize(events: &SyncSender<Event>) {
        events.send(Event::Msg(Msg::Resize(80, 24))).unwrap_or_default();
    }

    /// The keys on which an explorer at its first screen leaves.
    fn leave(events: &SyncSender<Event>) {
        let mut inputs = Vec::new();
        Parser::default().feed(b"\x03q", &mut inputs);
        for input in inputs {
            // The second key may find that the first was enough.
            let _ = events.send(Event::Msg(Input::into(input)));
        }
    }

    fn run_with(signs: &Signs, mut host: Script, script: impl FnOnce(SyncSender<Event>) + Send) -> Script {
        let (sender, events) = sync_channel(BATCH);
        let (mut app, first) = App::new(Start {
            model: Spec::Path("never opened".into()),
            text: None,
            language: Language::English,
            theme: Theme::new(Colours::None, true),
            threads: 1,
            settings: Settings::default(),
            cache: None,
        });
        thread::scope(|scope| {
            scope.spawn(|| script(sender));
            run(&mut app, first, events, signs, &mut host);
        });
        host
    }

    #[test]
    fn messages_that_come_together_share_a_frame() {
        let host = run_with(&Signs::default(), Script::default(), |events| {
            (0..2000).for_each(|_| resize(&events));
            leave(&events);
        });
        // 2000 updates take far less than 50 frames' time on any machine; one by one they would be 2000 frames.
        assert!(host.frames.len() < 50, "{} frames", host.frames.len());
    }

    #[test]
    fn while_the_terminal_takes_nothing_messages_are_heard_and_nothing_is_drawn() {
        let host = run_with(&Signs::default(), Script { stalled: usize::MAX, ..Script::default() }, |events| {
            (0..100).for_each(|_| resize(&events));
            leave(&events);
        });
        assert!(host.frames.is_empty());
    }

    #[test]
    fn a_continued_program_draws_every_cell_anew() {
        let signs = Signs::default();
        signs.continued();
        let host = run_with(&signs, Script::default(), |events| {
            events.send(Event::Wake).unwrap_or_default();
            while signs.continued.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            leave(&events);
        });
        assert_eq!(host.redraws, 1);
    }

    #[test]
    fn a_sender_that_waits_for_room_is_free_when_the_loop_has_ended() {
        let host = run_with(&Signs::default(), Script::default(), |events| {
            leave(&events);
            // More than the channel holds: this ends because the loop takes the receiver with it.
            while events.send(Event::Msg(Msg::Resize(80, 24))).is_ok() {}
        });
        assert!(host.frames.len() < 50);
    }
}
