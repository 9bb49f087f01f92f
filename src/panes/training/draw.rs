//! What the step did, what it chose from, the words as they are cut now, and the vocabulary.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::text::Span;

use crate::lab::training::Candidate;
use crate::lab::training::Course;
use crate::lab::training::Fate;
use crate::lab::training::Followed;
use crate::panes::lines::below;
use crate::panes::lines::lines;
use crate::panes::lines::wrapped;
use crate::state::State;
use crate::ui::Message;
use crate::ui::bar;
use crate::ui::safe;

/// From this width on, what was chosen from and the words stand side by side.
const WIDE: u16 = 88;
/// Columns of a bar.
const BAR: usize = 8;
/// The most columns of a candidate.
const CANDIDATE: usize = 30;
/// The most rows of candidates above the words.
const ROWS: usize = 6;

/// Draws the step in view.
pub(super) fn course(state: &State, course: &Course, area: Rect, buf: &mut Buffer) {
    let (language, theme, at) = (state.language, &state.theme, state.training.at);
    let mut said = Vec::new();
    for (index, note) in course.notes(at).iter().enumerate() {
        let style = if index == 0 { theme.text() } else { theme.dim() };
        said.extend(wrapped(&note.say(language), usize::from(area.width), style));
    }
    if course.invalid > 0 {
        let remark = if course.of_bytes { Message::CliKeptBytes } else { Message::CliReplacedBytes };
        let remark = language.say(remark, &[&course.invalid]);
        said.extend(wrapped(&remark, usize::from(area.width), theme.warning()));
    }
    said.push(Line::raw(""));
    let area = lines(&said, area, state, buf);
    if area.width >= WIDE {
        let left = Rect { width: area.width * 45 / 100, ..area };
        let upper = Rect { height: left.height * 3 / 5, ..left };
        let rest = candidates(state, course, upper, buf);
        let used = usize::from(rest.y - left.y);
        vocabulary(state, course, below(left, used + 1), buf);
        let right = Rect { x: left.right() + 2, width: area.width.saturating_sub(left.width + 2), ..area };
        return words(state, course, right, buf);
    }
    let upper = Rect { height: area.height.min((ROWS as u16).min(area.height / 3)), ..area };
    let rest = candidates(state, course, upper, buf);
    let middle = below(area, usize::from(rest.y - area.y));
    let last = if middle.height >= 6 { 2 } else { 0 };
    words(state, course, Rect { height: middle.height - last, ..middle }, buf);
    vocabulary(state, course, below(middle, usize::from(middle.height - last)), buf);
}

/// What could be done in the step: what was is marked, a bar says what the others are worth beside it. Gives what is left.
fn candidates(state: &State, course: &Course, area: Rect, buf: &mut Buffer) -> Rect {
    let shown = course.candidates(state.training.at, usize::from(area.height));
    let width = |part: fn(&Candidate) -> &str| shown.iter().map(|each| safe::width(part(each))).max().unwrap_or(0);
    let label = width(|each| &each.label).min(CANDIDATE);
    let (worth, behind) = (width(|each| &each.worth), width(|each| &each.behind));
    let theme = &state.theme;
    let line = |each: &Candidate| {
        let (mark, style) = match (each.fate, theme.ascii) {
            (Fate::Won, false) => ("▸", theme.accent()),
            (Fate::Won, true) => (">", theme.accent()),
            (Fate::Open, _) => (" ", theme.text()),
            (Fate::Gone, false) => ("×", theme.dim()),
            (Fate::Gone, true) => ("x", theme.dim()),
        };
        let share = each.share as f32;
        Line::from(vec![
            Span::styled(format!(" {mark} "), theme.key()),
            Span::styled(safe::left(&each.label, label), style),
            Span::raw("  "),
            Span::styled(bar::bar(share, BAR, theme), theme.heat(share).style),
            Span::styled(format!(" {}", safe::right(&each.worth, worth)), theme.number()),
            Span::styled(format!("  {}", safe::right(&each.behind, behind)), theme.warning()),
        ])
    };
    lines(&shown.iter().map(line).collect::<Vec<_>>(), area, state, buf)
}

/// The words as they are cut now; those that the step changed come first where not all fit.
fn words(state: &State, course: &Course, area: Rect, buf: &mut Buffer) {
    let (theme, training) = (&state.theme, &state.training);
    let head = state.language.say(course.follows(), &[&course.tokens(training.at), &course.different]);
    let area = lines(&[Line::styled(format!(" {head}"), theme.dim())], area, state, buf);
    let room = usize::from(area.height);
    let example = course.example(training.at);
    let mut order: Vec<&Followed> = course.words.iter().chain(&example).collect();
    if order.len() > room {
        order.sort_by_key(|word| word.before(training.at).is_none());
    }
    let skipped = training.top.min(order.len().saturating_sub(room));
    let times = course.words.iter().map(|word| word.times.to_string().len()).max().unwrap_or(1);
    let rows = order.iter().skip(skipped).take(room).map(|word| {
        let mut spans = vec![Span::styled(format!(" {:>times$}× ", word.times), theme.number())];
        let mut left = usize::from(area.width).saturating_sub(times + 4);
        for (index, (token, fresh)) in course.cut(word, training.at).into_iter().enumerate() {
            let label = course.label(token);
            let width = safe::width(&label) + 1;
            if width > left {
                spans.push(Span::styled("…", theme.dim()));
                break;
            }
            left -= width;
            spans.push(Span::styled(label, if fresh { theme.selected_row() } else { theme.token(index % 2 == 1) }));
            spans.push(Span::raw(" "));
        }
        Line::from(spans)
    });
    lines(&rows.collect::<Vec<_>>(), area, state, buf);
}

/// The vocabulary, the newest tokens first.
fn vocabulary(state: &State, course: &Course, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let at = state.training.at;
    let tokens = course.vocabulary(at, usize::from(area.width) * usize::from(area.height));
    let made = if at > 0 { course.size(at).saturating_sub(course.size(at - 1)) } else { 0 };
    let head = state.language.say(course.order(), &[&course.size(at)]);
    let room = usize::from(area.width).saturating_sub(2);
    let mut rows = vec![Line::styled(format!(" {head}"), theme.dim())];
    let (mut row, mut used) = (vec![Span::raw(" ")], 0);
    for (index, token) in tokens.into_iter().enumerate() {
        let label = safe::fit(&course.label(token), room);
        let width = safe::width(&label) + 1;
        if used + width > room {
            rows.push(Line::from(std::mem::replace(&mut row, vec![Span::raw(" ")])));
            used = 0;
            if rows.len() >= usize::from(area.height) {
                break;
            }
        }
        used += width;
        let style: Style = if index < made { theme.selected_row() } else { theme.text() };
        row.push(Span::styled(label, style));
        row.push(Span::raw(" "));
    }
    rows.push(Line::from(row));
    lines(&rows, area, state, buf);
}
