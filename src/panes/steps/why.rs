//! Why the text is cut at a place or not, and the changes that turn it round.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use crate::panes::lines::lines;
use crate::panes::lines::wrapped;
use crate::state::State;
use crate::ui::Message;

pub(super) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    let columns = usize::from(area.width);
    let Some(answer) = state.steps.answered() else {
        lines(&wrapped(language.text(Message::StepsAsking), columns, theme.dim()), area, state, buf);
        return;
    };
    let mut said = Vec::new();
    if let Some(cut) = answer.cut {
        let verdict = language.text(if cut { Message::WhyIsCut } else { Message::WhyIsNoCut });
        for (index, note) in answer.reasons.iter().enumerate() {
            let note = note.say(language);
            let (sentence, style) =
                if index == 0 { (format!("{verdict}: {note}"), theme.text()) } else { (note, theme.dim()) };
            said.extend(wrapped(&sentence, columns, style));
        }
    }
    said.push(Line::raw(""));
    let area = lines(&said, area, state, buf);
    if answer.flips.is_empty() {
        lines(&wrapped(language.text(answer.none), columns, theme.dim()), area, state, buf);
        return;
    }
    let mark = if theme.ascii { ">" } else { "▸" };
    let mut rows = Vec::new();
    for (index, flip) in answer.flips.iter().enumerate() {
        let change: Vec<String> = flip.parts.iter().map(|note| note.say(language)).collect();
        let chosen = index == state.steps.flip;
        let line = Line::from(vec![
            Span::styled(format!(" {} ", if chosen { mark } else { " " }), theme.key()),
            Span::styled(change.join(" + "), theme.text()),
            Span::styled(format!("  → {}", flip.becomes), theme.dim()),
        ]);
        rows.push(if chosen { line.patch_style(theme.selected_row()) } else { line });
    }
    rows.push(Line::raw(""));
    rows.extend(wrapped(language.text(Message::StepsWhyHow), columns, theme.dim()));
    lines(&rows, area, state, buf);
}
