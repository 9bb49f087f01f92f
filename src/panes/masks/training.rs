//! What the family was trained on, made from the text: what it is given, and below that what it has to say.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Drawn;
use super::label;
use super::side::wrapped;
use super::write;
use crate::lab::masks::objective::Example;
use crate::lab::masks::objective::Piece;
use crate::lab::masks::objective::example;
use crate::ui::Message;
use crate::ui::safe;

/// The longest token that is shown whole.
const LONGEST: usize = 12;

/// How a place of a training sequence is written.
fn shown(piece: Piece, drawn: &Drawn<'_>) -> String {
    let state = drawn.state;
    let vocabulary = state.model.as_ref().map_or(1, |model| model.engine.config.vocabulary);
    match piece {
        Piece::Token(at) => label(state, at),
        Piece::Replaced(_, chance) => state.label(((u64::from(chance) * vocabulary as u64) >> 32) as u32),
        Piece::Mask => "[M]".to_owned(),
        Piece::Sentinel(number) => format!("<{number}>"),
        Piece::Start => "<s>".to_owned(),
        Piece::End => "</s>".to_owned(),
        Piece::Changed(true) => "≠".to_owned(),
        Piece::Changed(false) => "=".to_owned(),
    }
}

/// Draws the example.
pub(super) fn draw(drawn: &Drawn<'_>, area: Rect, buf: &mut Buffer) {
    let (state, theme, language) = (drawn.state, &drawn.state.theme, drawn.state.language);
    let Some(model) = &state.model else { return };
    let objective = model.engine.blueprint.objective;
    let Example { input, decoder, target, order } = example(objective, state.masks.tokens().len(), state.settings.seed);
    let columns = usize::from(area.width);
    let mut rows = Vec::new();
    let name = language.term(objective.name());
    for line in wrapped(&language.say(Message::TrainingTitle, &[&name]), columns) {
        rows.push((line, theme.text()));
    }
    if let Some(order) = order {
        let order: Vec<String> = order.iter().map(usize::to_string).collect();
        for line in wrapped(&language.say(Message::TrainingOrder, &[&order.join(" ")]), columns) {
            rows.push((line, theme.dim()));
        }
    }
    let given = match &decoder {
        Some(decoder) => {
            rows.push((language.text(Message::TrainingEncoder).to_owned(), theme.dim()));
            for line in pairs(&input, &[], columns, drawn) {
                rows.push((line[0].clone(), theme.text()));
            }
            rows.push((language.text(Message::TrainingDecoder).to_owned(), theme.dim()));
            decoder
        }
        None => &input,
    };
    for [above, below] in pairs(given, &target, columns, drawn) {
        rows.push((above, theme.text()));
        rows.push((below, theme.good()));
    }
    for ((text, style), row) in rows.iter().zip(area.rows()) {
        write(text, *style, row, state, buf);
    }
}

/// What is seen and, below each place, what is asked for there, in lines of so many columns.
fn pairs(seen: &[Piece], asked: &[Option<Piece>], columns: usize, drawn: &Drawn<'_>) -> Vec<[String; 2]> {
    let mut lines = vec![[String::new(), String::new()]];
    let mut used = 0;
    for (at, &piece) in seen.iter().enumerate() {
        let above = safe::fit(&shown(piece, drawn), LONGEST);
        let below = asked.get(at).copied().flatten().map_or_else(
            || if asked.is_empty() { String::new() } else { "·".to_owned() },
            |piece| safe::fit(&shown(piece, drawn), LONGEST),
        );
        let cell = safe::width(&above).max(safe::width(&below)) + 1;
        if used + cell > columns && used > 0 {
            lines.push([String::new(), String::new()]);
            used = 0;
        }
        let last = lines.len() - 1;
        lines[last][0].push_str(&safe::left(&above, cell));
        lines[last][1].push_str(&safe::left(&below, cell));
        used += cell;
    }
    lines
}
