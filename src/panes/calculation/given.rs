//! Rows of a person's own queries, keys and values.

use ratatui::text::Line;

use super::Parts;
use super::bars;
use super::said;
use super::steps::table;
use crate::lm::explain::Given;
use crate::state::State;
use crate::ui::Message;

/// The lines of each query.
pub(super) fn parts(given: &Given, state: &State, width: u16) -> Parts {
    let language = state.language;
    let part = |(query, row): (usize, crate::lm::explain::Row)| {
        let scale = format!("{:.4}", given.scale());
        let title = language.say(Message::OwnQuery, &[&query, &scale]);
        let mut lines = vec![Line::styled(title, state.theme.title(true))];
        lines.extend(bars(&format!("q{query}"), &given.q[query], state, width));
        lines.extend(table(&row.cells, (0, usize::MAX), &|key| format!("k{key}"), state, width));
        if row.cells.iter().any(|cell| cell.visible) {
            lines.push(said(format!("max {:.4} · Σ {:.4}", row.greatest, row.sum), state));
        } else {
            lines.push(said(language.text(Message::StepNothingSeen).to_owned(), state));
        }
        let numbers: Vec<String> = row.mixture.iter().map(|x| format!("{x:.4}")).collect();
        lines.push(said(format!("{} = [{}]", language.text(Message::StepMixed), numbers.join(" ")), state));
        lines
    };
    given.rows().into_iter().enumerate().map(part).collect()
}
