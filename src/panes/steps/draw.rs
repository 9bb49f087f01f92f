//! The methods, the text with what is settled, and what the step chose from.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::text::Span;

use crate::lab::steps;
use crate::lab::steps::Choice;
use crate::lab::steps::Frame;
use crate::lab::steps::Procedure;
use crate::lab::steps::Row;
use crate::panes::lines::below;
use crate::panes::lines::lines;
use crate::panes::lines::wrapped;
use crate::state::State;
use crate::ui::Message;
use crate::ui::Ribbon;
use crate::ui::bar;
use crate::ui::draw as ink;
use crate::ui::ribbon::staves_around;
use crate::ui::safe;

/// From this width on, what was chosen from and the table stand side by side.
const WIDE: u16 = 104;
/// Columns of a bar.
const BAR: usize = 12;
/// The most columns of a candidate.
const CANDIDATE: usize = 36;
/// Below this height there is one row of tabs.
const LOW: u16 = 12;
/// Rows of the text.
const STAVES: usize = 3;

/// The rows of tabs that fit: those that cut into words, those that encode; the one that is chosen where there is no room.
fn tab_rows(state: &State, area: Rect) -> Vec<(&'static str, Vec<(Procedure, &'static str)>)> {
    let rows = [(false, Message::StepsWords), (true, Message::StepsTokens)];
    let is_low = area.height < LOW;
    let rows = rows.into_iter().filter(|(encodes, _)| !is_low || *encodes == state.steps.procedure.encodes());
    let tabs = |encodes: bool| {
        let procedures = Procedure::ALL.into_iter().filter(move |procedure| procedure.encodes() == encodes);
        procedures.map(|procedure| (procedure, state.language.text(procedure.name()))).collect()
    };
    rows.map(|(encodes, name)| (state.language.text(name), tabs(encodes))).collect()
}

/// The procedure whose tab is drawn at a place of the area that the tabs begin in.
pub(super) fn tab_at(state: &State, area: Rect, at: Position) -> Option<Procedure> {
    let row = usize::from(at.y.checked_sub(area.y)?);
    let column = usize::from(at.x.checked_sub(area.x)?);
    let (title, tabs) = tab_rows(state, area).into_iter().nth(row)?;
    let mut x = safe::width(title) + 3;
    for (procedure, name) in tabs {
        let end = x + safe::width(name);
        if (x..end).contains(&column) {
            return Some(procedure);
        }
        x = end + 3;
    }
    None
}

/// The tabs and the text; returns what is left below.
pub(super) fn head(state: &State, area: Rect, buf: &mut Buffer) -> Rect {
    let theme = &state.theme;
    let rows = tab_rows(state, area).into_iter().map(|(title, tabs)| {
        let mut spans = vec![Span::styled(format!(" {title}: "), theme.dim())];
        for (index, (procedure, name)) in tabs.into_iter().enumerate() {
            if index > 0 {
                spans.push(Span::styled(" · ", theme.dim()));
            }
            let chosen = procedure == state.steps.procedure;
            spans.push(Span::styled(name, if chosen { theme.accent() } else { theme.dim() }));
        }
        Line::from(spans)
    });
    let area = lines(&rows.collect::<Vec<_>>(), area, state, buf);
    text(state, area, buf)
}

/// The text in words as far as they are settled, with a mark below what is looked at.
fn text(state: &State, area: Rect, buf: &mut Buffer) -> Rect {
    let (theme, steps) = (&state.theme, &state.steps);
    let text = steps.text();
    let settled = steps.settled();
    let (current, place) = (steps.frames().get(steps.at).map_or(0..0, |frame| frame.current.clone()), steps.place);
    let current = if place.is_some() { 0..0 } else { current };
    let mut boundaries: Vec<usize> = settled.iter().flat_map(|word| [word.start, word.end]).chain(place).collect();
    boundaries.retain(|&at| at > 0 && at < text.len());
    boundaries.sort_unstable();
    boundaries.dedup();
    let ribbon = Ribbon { name: "", boundaries: &boundaries };
    let rows = STAVES.min(usize::from(area.height / 4).max(1));
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let shown = staves_around(text, &[ribbon], usize::from(inside.width), place.unwrap_or(current.start), rows);
    let mut y = area.y;
    for stave in shown.iter().take(rows) {
        if y + 1 >= area.bottom() {
            break;
        }
        let style = |byte: usize| {
            let word = settled.partition_point(|word| word.end <= byte);
            let is_settled = settled.get(word).is_some_and(|word| word.start <= byte);
            match is_settled {
                _ if current.contains(&byte) && !is_settled => theme.selected_row(),
                true if current.contains(&byte) => theme.accent(),
                true => theme.token(word % 2 == 1),
                false => theme.dim(),
            }
        };
        stave.draw(0, Rect { y, height: 1, ..inside }, buf, theme, &style);
        let under = Rect { y: y + 1, height: 1, ..inside };
        if let Some(span) = stave.span(current.clone()).filter(|_| !current.is_empty()) {
            let mark = if theme.ascii { "^" } else { "▔" };
            ink::fill(buf, place_of(under, span.start, span.len()), mark, theme.accent());
        }
        if let Some(slot) = place.and_then(|place| stave.slots.iter().find(|slot| slot.byte == place)) {
            let mark = if theme.ascii { "^" } else { "▲" };
            ink::fill(buf, place_of(under, slot.x, 1), mark, theme.accent());
        }
        y += 2;
    }
    below(area, usize::from(y - area.y))
}

fn place_of(row: Rect, x: usize, width: usize) -> Rect {
    Rect { x: row.x + x as u16, width: width as u16, ..row }.intersection(row)
}

/// What happened in the step in view, what it chose from, and the table so far.
pub(super) fn frame(state: &State, area: Rect, buf: &mut Buffer) {
    let (language, theme, steps) = (state.language, &state.theme, &state.steps);
    let Some(frame) = steps.frames().get(steps.at) else { return };
    let mut said = Vec::new();
    for (index, note) in frame.notes.iter().enumerate() {
        let style = if index == 0 { theme.text() } else { theme.dim() };
        said.extend(wrapped(&note.say(language), usize::from(area.width), style));
    }
    said.push(Line::raw(""));
    let area = lines(&said, area, state, buf);
    let table = if frame.row.is_some() { steps::table(steps.frames(), steps.at) } else { Vec::new() };
    if table.is_empty() {
        return choices(state, frame, area, buf);
    }
    if frame.choices.is_empty() {
        return rows(state, &table, area, buf);
    }
    if area.width >= WIDE {
        let left = Rect { width: area.width * 55 / 100, ..area };
        choices(state, frame, left, buf);
        let right = Rect { x: left.right() + 1, width: area.width - left.width - 1, ..area };
        return rows(state, &table, right, buf);
    }
    let upper = (frame.choices.len() as u16 + 1).min(area.height.div_ceil(2));
    choices(state, frame, Rect { height: upper, ..area }, buf);
    rows(state, &table, below(area, usize::from(upper)), buf);
}

/// What could be taken: the one that was is marked; a bar says how probable each is beside it.
fn choices(state: &State, frame: &Frame, area: Rect, buf: &mut Buffer) {
    let visible = usize::from(area.height);
    let won = frame.choices.iter().position(|choice| choice.won).unwrap_or(0);
    let skipped = (won + 1).saturating_sub(visible);
    let widest = frame.choices.iter().map(|choice| safe::width(&choice.label)).max().unwrap_or(0).min(CANDIDATE);
    let shown = frame.choices.iter().skip(skipped).take(visible);
    let rows: Vec<Line<'static>> = shown.map(|choice| choice_line(state, frame, choice, widest)).collect();
    lines(&rows, area, state, buf);
}

fn choice_line(state: &State, frame: &Frame, choice: &Choice, widest: usize) -> Line<'static> {
    let theme = &state.theme;
    let mark = match (choice.won, theme.ascii) {
        (true, false) => "▸",
        (true, true) => ">",
        (false, _) => " ",
    };
    let style = if choice.won { theme.accent() } else { theme.text() };
    let mut spans = vec![
        Span::styled(format!(" {mark} "), theme.key()),
        Span::styled(safe::left(&choice.label, widest), style),
        Span::raw("  "),
    ];
    if let Some(score) = choice.score {
        let behind = frame.behind(choice);
        let share = (-behind.unwrap_or(0.0)).exp() as f32;
        spans.push(Span::styled(bar::bar(share, BAR, theme), theme.heat(share).style));
        spans.push(Span::styled(format!(" {score:>8.2}").replace('-', "−"), theme.number()));
        let lost = behind.map(|behind| format!("−{behind:.2}")).unwrap_or_default();
        spans.push(Span::styled(format!(" {}  ", safe::right(&lost, 8)), theme.warning()));
    }
    spans.extend(choice.note.as_ref().map(|note| Span::styled(note.say(state.language), theme.dim())));
    Line::from(spans)
}

/// The rows of a table so far, the last ones where not all fit; the newest is lit.
fn rows(state: &State, table: &[&Row], area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    let Some(first) = table.first() else { return };
    let heads: Vec<String> = first.heads.iter().map(|head| language.text(*head).to_owned()).collect();
    let mut widths: Vec<usize> = heads.iter().map(|head| safe::width(head)).collect();
    for row in table {
        for (width, cell) in widths.iter_mut().zip(&row.cells) {
            *width = (*width).max(safe::width(cell));
        }
    }
    let cells = |cells: &[String], marked: Option<usize>, style: Style| {
        let mut spans = vec![Span::raw(" ")];
        for (index, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            let style = if marked == Some(index) { theme.accent() } else { style };
            spans.push(Span::styled(safe::left(cell, *width), style));
            spans.push(Span::raw("  "));
        }
        Line::from(spans)
    };
    let mut shown = vec![cells(&heads, None, theme.dim())];
    let visible = usize::from(area.height.saturating_sub(1));
    for (index, row) in table.iter().enumerate().skip(table.len().saturating_sub(visible)) {
        let newest = index + 1 == table.len();
        let line = cells(&row.cells, row.marked, theme.text());
        shown.push(if newest { line.patch_style(theme.selected_row()) } else { line });
    }
    lines(&shown, area, state, buf);
}
