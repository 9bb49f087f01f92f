//! What is said below attention: the interventions and what they change, and that a first token is no bug.

use ratatui::text::Line;

use super::super::changes;
use super::super::lines::wrapped;
use super::label;
use crate::state::Shows;
use crate::state::State;
use crate::ui::Message;

/// From this weight on the first token is pointed out as a sink.
const SINK: f32 = 0.5;

/// The lines that there is something to say in.
pub(super) fn lines(state: &State, columns: u16) -> Vec<Line<'static>> {
    let columns = usize::from(columns);
    let mut lines = Vec::new();
    if !state.settings.changes.is_empty() {
        lines.extend(changes::listed(state, columns));
        lines.extend(changes::effect(state, columns));
    }
    if state.recurs() && state.selected >= state.source_len() {
        lines.extend(wrapped(state.language.text(Message::NoOwnAttention), columns, state.theme.dim()));
    }
    if let Some(note) = sink(state) {
        lines.extend(wrapped(&note, columns, state.theme.dim()));
    }
    lines
}

/// The first token takes most of the row: people take it for a bug.
fn sink(state: &State) -> Option<String> {
    let row = state.row(state.selected)?;
    let first = row.first().copied().filter(|weight| *weight >= SINK && state.selected > 0)?;
    if state.subject == Shows::Rollout {
        return None;
    }
    let share = format!("{:.0} %", first * 100.0);
    Some(state.language.say(Message::SinkNote, &[&label(state, 0), &share]))
}
