//! A model of the hub: its progress is shown, and the key that stops work stops the fetch.

use std::ffi::OsStr;
use std::sync::Arc;

use lmscope::app::{App, Msg};
use lmscope::hub::Progress;
use lmscope::job::{Body, Generation, Job, Lane, Reply};
use lmscope::model::Spec;
use lmscope::state::Effect;
use lmscope::ui::Language;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

use super::start;

fn screen(app: &App) -> String {
    let area = Rect::new(0, 0, 120, 40);
    let mut buffer = Buffer::empty(area);
    app.view(area, &mut buffer);
    buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect()
}

fn progress(generation: Generation, done: u64) -> Msg {
    let progress = Progress { file: Arc::from("model.safetensors"), done, total: Some(98_400_000), waiting: false };
    Msg::Reply(Reply { lane: Lane::Files, generation, body: Body::Fetching(progress) })
}

#[test]
fn a_fetch_shows_its_progress_and_stops_with_the_key_that_stops_work() {
    let mut start = start(Language::English, Some("Once"));
    start.model = Spec::new(OsStr::new("hf:someone/tiny"));
    let (mut app, first) = App::new(start);
    let opens = |effect: &Effect| match effect {
        Effect::Submit(Lane::Files, generation, Job::Open(Spec::Hub(Ok(_)))) => Some(*generation),
        _ => None,
    };
    let generation = first.iter().find_map(opens).expect("the model is asked for");
    app.update(Msg::Resize(120, 40));
    app.update(progress(generation, 12_300_000));
    let shown = screen(&app);
    assert!(shown.contains("fetching model.safetensors: 12.3 MB of 98.4 MB, 12.5 % · Space stops"), "{shown}");

    app.update(Msg::Key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE)));
    let effects = app.update(Msg::Key(KeyEvent::new(KeyCode::Char(' '), KeyModifiers::NONE)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Cancel(Lane::Files, _))), "{effects:?}");
    let shown = screen(&app);
    assert!(shown.contains("hf:someone/tiny is not all here: open it again"), "{shown}");
    // What was on its way is stale.
    app.update(progress(generation, 50_000_000));
    assert!(app.state().fetching.is_none() && app.state().opening.is_none());
}
