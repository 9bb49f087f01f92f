//! Tokenizers and methods side by side on the text: their measures, and where each cuts.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::Pane;
use super::View;
use super::format;
use crate::job::Contrast;
use crate::job::Lane;
use crate::lab::tokenizers::Slot;
use crate::lab::tokenizers::aligned;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::Flow;
use crate::state::State;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::draw;
use crate::ui::panel;
use crate::ui::safe;
use crate::ui::table;
use crate::ui::table::Column;
use crate::ui::table::Table;
use crate::ui::table::Width;

/// The compare pane. What it shows is shared: it has no cursor of its own.
#[derive(Debug, Default)]
pub struct Compare;

/// Columns of a name before a ribbon.
const NAME: usize = 10;
/// More of the text than any screen shows, in bytes.
const SHOWN: usize = 8 << 10;

impl Pane for Compare {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, _area: Rect) -> bool {
        let rows = ctx.state.contrasts.rows().len();
        match command {
            Command::RemoveCutter => ctx.remove_cutter(),
            Command::Take => {}
            _ => {
                let Some(at) = super::moved(command, ctx.state.contrasts.at, rows, rows) else { return false };
                ctx.state.contrasts.at = at;
            }
        }
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        // A rule or the upper edge of a box, and the titles of the columns, stand above the first row.
        let row = at.y.checked_sub(area.y + 2).map(usize::from);
        if let Some(row) = row.filter(|&row| row < ctx.state.contrasts.rows().len()) {
            ctx.state.contrasts.at = row;
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let language = state.language;
        let details = state.contrasts.result.as_ref().map(|(_, contrast)| {
            let counts = &contrast.comparison;
            let counts = [counts.bytes, counts.words, counts.ideographs].map(format::count);
            language.say(Message::CompareOf, &[&counts[0], &counts[1], &counts[2]])
        });
        let frame = Panel {
            title: language.text(Message::TitleCompare),
            details: &details.unwrap_or_default(),
            note: if state.is_busy(Lane::Contrast) { language.text(Message::CompareWorking) } else { "" },
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, &state.theme);
        let Some((names, contrast)) = &state.contrasts.result else {
            super::remark(state, Message::CompareWorking, inner, buf);
            return None;
        };
        if contrast.text.is_empty() {
            super::remark(state, Message::NothingToShow, inner, buf);
            return None;
        }
        let rows = (names.len() as u16 + 1).min(inner.height);
        draw_table(state, names, contrast, Rect { height: rows, ..inner }, buf);
        let below = (rows + 1).min(inner.height);
        draw_ribbons(state, names, contrast, Rect { y: inner.y + below, height: inner.height - below, ..inner }, buf);
        None
    }
}

fn draw_table(state: &State, names: &[String], contrast: &Contrast, area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    let comparison = &contrast.comparison;
    let selected = state.contrasts.at.min(names.len().saturating_sub(1));
    let right =
        |title, width| Column { title: language.text(title), width: Width::Exact(width), align: Alignment::Right };
    let columns = [
        Column { title: language.text(Message::CliTokenizer), width: Width::Share(1), align: Alignment::Left },
        right(Message::CliTokensColumn, 7),
        right(Message::CompareWith, 6),
        right(Message::CliBytesPerToken, 11),
        right(Message::CliTokensPerWord, 11),
        right(Message::CliTokensPerIdeograph, 11),
        right(Message::CliUnigramBits, 9),
        right(Message::CliUsed, if area.width >= 100 { 16 } else { 6 }),
    ];
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    let cell = |row: usize, column: usize| {
        let (Some(name), Some(measure)) = (names.get(row), comparison.measures.get(row)) else {
            return Line::default();
        };
        let told = match column {
            0 => return Line::styled(safe::visible(name), theme.text()),
            1 => format::count(measure.tokens),
            2 => number(comparison.agreement.get(selected).and_then(|row_of| row_of.get(row)).copied()),
            3 => number(Some(comparison.bytes_per_token(measure))),
            4 => number(comparison.per_word(measure)),
            5 => number(comparison.per_character(measure)),
            6 => number(Some(comparison.bits_per_byte(measure))),
            _ => match measure.vocabulary.filter(|_| area.width >= 100) {
                Some(size) => format!("{} / {}", format::count(measure.used as u64), format::count(size as u64)),
                None => format::count(measure.used as u64),
            },
        };
        Line::styled(told, theme.number())
    };
    let measured = Table { columns: &columns, rows: names.len(), offset: 0, selected: Some(selected), cell: &cell };
    table::draw(&measured, area, buf, theme);
}

/// The text once for each, from the line on that the selected token stands in, aligned by character.
fn draw_ribbons(state: &State, names: &[String], contrast: &Contrast, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let text = &*contrast.text;
    let flow = Flow::of(state);
    let here = flow.starts.get(state.selected).copied().unwrap_or(0).min(text.len());
    let start = text.get(..here).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let mut end = (start + SHOWN).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let ends: Vec<Vec<usize>> = contrast.ends.iter().map(|ends| within(ends, start, end)).collect();
    let slots = aligned(text.get(start..end).unwrap_or_default(), &ends);
    let room = usize::from(area.width).saturating_sub(NAME + 2);
    let each = names.len() as u16 + 1;
    let (mut rest, mut y) = (slots.as_slice(), area.y);
    while !rest.is_empty() && y + each <= area.bottom() + 1 {
        let (line, left) = rest.split_at(fitting(text, start, rest, room));
        rest = left;
        for (index, name) in names.iter().enumerate() {
            let row = Rect { y: y + index as u16, height: 1, ..area };
            let name = safe::left(&safe::fit(&safe::visible(name), NAME), NAME);
            let style = if index == state.contrasts.at { theme.accent() } else { theme.dim() };
            let mut spans = vec![Span::styled(format!("{name}  "), style)];
            let mut parity = false;
            for slot in line {
                let (label, cut) = shown(text, start, slot, index);
                spans.push(Span::styled(label, theme.token(parity)));
                parity ^= cut.is_some_and(|cut| cut != " ");
                spans.extend(cut.map(|cut| Span::styled(cut, theme.key())));
            }
            draw::line(buf, row, &Line::from(spans), Alignment::Left, theme);
        }
        y += each;
    }
}

/// The ends between two places, counted from the first.
fn within(ends: &[usize], start: usize, end: usize) -> Vec<usize> {
    let (first, last) = (ends.partition_point(|&at| at <= start), ends.partition_point(|&at| at <= end));
    ends.get(first..last).unwrap_or_default().iter().map(|&at| at - start).collect()
}

/// A character, and what stands between it and the next where any cuts: a bar, a broken one where it is cut inside itself.
fn shown(text: &str, start: usize, slot: &Slot, index: usize) -> (String, Option<&'static str>) {
    let label =
        safe::token_label(text.get(start + slot.range.start..start + slot.range.end).unwrap_or_default().as_bytes());
    let inside = slot.inside.get(index).is_some_and(|&cuts| cuts > 0);
    let behind = slot.behind.get(index) == Some(&true);
    let any = slot.is_cut() || slot.inside.iter().any(|&cuts| cuts > 0);
    let cut = match (inside, behind) {
        (true, _) => "¦",
        (false, true) => "|",
        (false, false) => " ",
    };
    (label, any.then_some(cut))
}

/// How many of the characters fit into `room` columns; at least one.
fn fitting(text: &str, start: usize, slots: &[Slot], room: usize) -> usize {
    let mut width = 0;
    let fits = |slot: &&Slot| {
        let (label, cut) = shown(text, start, slot, 0);
        width += safe::width(&label) + usize::from(cut.is_some());
        width <= room
    };
    slots.iter().take_while(fits).count().max(1)
}
