//! The five steps of a cell of the model's attention.

use ratatui::text::Line;
use ratatui::text::Span;

use super::Parts;
use super::bars;
use super::heading;
use super::said;
use crate::job::Calculated;
use crate::lm::explain::Cell;
use crate::lm::explain::Turned;
use crate::state::State;
use crate::ui::Message;
use crate::ui::bar;
use crate::ui::safe;

/// Keys that are listed: those with the most weight, and the one in view.
const KEYS: usize = 9;
/// Columns of a key's token.
const TOKEN: usize = 14;
/// Columns of a number.
const NUMBER: usize = 11;
/// Columns of a weight's bar, at most.
const BAR: usize = 12;

/// The lines of each step.
pub(super) fn parts(found: &Calculated, state: &State, width: u16) -> Parts {
    let Calculated { cell, row, vectors, logit } = found;
    let language = state.language;
    let token = |index: usize| state.run.at(index).map_or_else(String::new, |node| state.label(node.token));
    let name = |message: Message, index: usize| language.say(message, &[&(index + 1), &token(index)]);
    let key = &row.cells[(cell.key - row.first).min(row.cells.len().saturating_sub(1))];

    let mut first = vec![heading(Message::StepVectors, state)];
    for (message, index, turned) in
        [(Message::StepQuery, cell.query, &row.vector), (Message::StepKey, cell.key, &vectors.key)]
    {
        first.extend(turned_bars(&name(message, index), turned, state, width));
    }

    let number = |x: f32| format!("{x:.4}");
    let mut second = vec![heading(Message::StepProducts, state)];
    let [product, scale, scaled] = [key.product, row.scale, key.scaled].map(number);
    second.push(said(language.say(Message::StepProduct, &[&product, &scale, &scaled]), state));
    if let Some(cap) = row.cap {
        second.push(said(language.say(Message::StepCap, &[&cap, &number(key.bent)]), state));
    }
    if key.distance != 0.0 {
        second.push(said(language.say(Message::StepDistance, &[&number(key.distance)]), state));
    }
    second.push(if key.visible {
        said(language.say(Message::StepScore, &[&number(key.score)]), state)
    } else {
        said(language.text(Message::StepHidden).to_owned(), state)
    });

    let mut third = vec![heading(Message::StepSoftmax, state)];
    if key.visible {
        let [score, greatest, exponential, sum] = [key.score, row.greatest, key.exponential, row.sum].map(number);
        let weight = format!("{:.5}", key.weight);
        let holes: [&dyn std::fmt::Display; 5] = [&score, &greatest, &exponential, &sum, &weight];
        third.push(said(language.say(Message::StepSoftmaxOf, &holes), state));
    }
    if row.cells.iter().all(|cell| cell.weight == 0.0) {
        third.push(said(language.text(Message::StepNothingSeen).to_owned(), state));
    }
    if row.changed {
        third.push(Line::styled(language.text(Message::StepChanged).to_owned(), state.theme.warning()));
    }
    let label = |index: usize| token(row.first + index);
    third.extend(table(&row.cells, (row.first, cell.key - row.first), &label, state, width));

    let mut fourth = vec![heading(Message::StepMixture, state)];
    fourth.extend(bars(&name(Message::StepValue, cell.key), &vectors.value, state, width));
    fourth.extend(bars(language.text(Message::StepMixed), &row.mixture, state, width));
    if let Some(replaced) = &row.replaced {
        let out = replaced.iter().all(|x| *x == 0.0);
        let message = if out { Message::StepOut } else { Message::StepPatched };
        fourth.push(Line::styled(language.text(message).to_owned(), state.theme.warning()));
    }

    let mut fifth = vec![heading(Message::StepWritten, state)];
    fifth.extend(bars(language.text(Message::StepOutput), &row.written, state, width));
    let length = row.written.iter().map(|x| x * x).sum::<f32>().sqrt();
    let greatest = row.written.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
    let holes: [&dyn std::fmt::Display; 3] = [&number(length), &row.written.len(), &number(greatest)];
    fifth.push(said(language.say(Message::StepWrittenNorm, &holes), state));
    if let Some((id, added)) = logit {
        let text = language.say(Message::StepToLogit, &[&state.label(*id), &format!("{added:+.4}")]);
        fifth.push(Line::styled(text, state.theme.number()));
    }
    vec![first, second, third, fourth, fifth]
}

/// A vector before and after it is turned by its position.
fn turned_bars(name: &str, turned: &Turned, state: &State, width: u16) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(before) = &turned.before {
        lines.extend(bars(&state.language.say(Message::StepBeforeShort, &[&name]), before, state, width));
    }
    let after =
        if turned.before.is_some() { state.language.say(Message::StepAfterShort, &[&name]) } else { name.to_owned() };
    lines.extend(bars(&after, &turned.after, state, width));
    lines
}

/// The keys with the most weight, in their order, and the one in view: product, score, exponential, weight; `first` is the
/// number of the first of them, from 0.
pub(super) fn table(
    cells: &[Cell],
    (first, at): (usize, usize),
    label: &dyn Fn(usize) -> String,
    state: &State,
    width: u16,
) -> Vec<Line<'static>> {
    let (language, theme) = (state.language, &state.theme);
    let mut shown: Vec<usize> = (0..cells.len()).filter(|key| *key != at).collect();
    shown.sort_by(|&a, &b| cells[b].weight.total_cmp(&cells[a].weight));
    shown.truncate(KEYS - 1);
    shown.extend((at < cells.len()).then_some(at));
    shown.sort_unstable();
    let column = |text: &str| safe::right(text, NUMBER);
    let head =
        [Message::CliProduct, Message::CliScore, Message::CliShifted, Message::CliExponential, Message::CliWeight];
    let head: String = head.iter().map(|&message| column(language.text(message))).collect();
    let mut lines = vec![Line::styled(
        format!("  {:>4} {}{head}", "", safe::left(language.text(Message::CliKey), TOKEN)),
        theme.dim(),
    )];
    for key in shown {
        let cell = &cells[key];
        let hidden = |x: f32| if cell.visible { format!("{x:.4}") } else { "−∞".to_owned() };
        let numbers = [
            format!("{:.4}", cell.product),
            hidden(cell.score),
            hidden(cell.shifted),
            format!("{:.4}", cell.exponential),
            format!("{:.4}", cell.weight),
        ];
        let mark = match (key == at, theme.ascii) {
            (false, _) => " ",
            (true, true) => ">",
            (true, false) => "▸",
        };
        let style = if key == at { theme.accent() } else { theme.text() };
        let token = safe::left(&safe::fit(&label(key), TOKEN), TOKEN);
        let room = usize::from(width).saturating_sub(TOKEN + 7 + 5 * NUMBER + 2).min(BAR);
        lines.push(Line::from(vec![
            Span::styled(format!("{mark} {:>4} {token}", first + key + 1), style),
            Span::styled(numbers.iter().map(|number| column(number)).collect::<String>(), theme.number()),
            Span::raw("  "),
            Span::styled(bar::bar(cell.weight, room, theme), theme.heat(cell.weight).style),
        ]));
    }
    if cells.len() > KEYS {
        let more = language.say(Message::PartRest, &[&(cells.len() - KEYS)]);
        lines.push(Line::styled(format!("       {more}"), theme.dim()));
    }
    lines
}
