//! The status line: what the person should know now, else where the run stands.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::App;
use crate::job::Lane;
use crate::job::Origin;
use crate::model::say_progress;
use crate::panes::format;
use crate::state::PaneId;
use crate::state::notice::Severity;
use crate::ui::Message;
use crate::ui::draw as ink;
use crate::ui::safe;

/// Rows that a notice takes at most.
const ROWS: usize = 4;

/// Draws it. A notice that is longer than its row has rows above it too. Returns how many rows a notice has.
pub(super) fn draw(app: &App, area: Rect, buf: &mut Buffer) -> u16 {
    let state = &app.state;
    let (language, theme) = (state.language, &state.theme);
    let badge = badge(app);
    let width = (safe::width(&badge) as u16).min(area.width / 2);
    let right = Rect { x: area.right() - width, width, ..area };
    let left = Rect { width: area.width - width, ..area };
    let row = |text: &str, style, row, buf: &mut Buffer| {
        ink::line(buf, row, &Line::styled(format!(" {text}"), style), Alignment::Left, theme);
    };
    ink::line(buf, right, &Line::styled(badge, theme.warning()), Alignment::Left, theme);
    let Some(notice) = &state.notice else {
        match &state.fetching {
            Some(progress) => {
                let text = format!("{} · {}", say_progress(progress, language), language.text(Message::SpaceStops));
                row(&text, theme.good(), left, buf);
            }
            None => row(&standing(app), theme.dim(), left, buf),
        }
        return 0;
    };
    let style = match notice.severity {
        Severity::Hint => theme.text(),
        Severity::Info => theme.good(),
        Severity::Warning => theme.warning(),
        Severity::Error => theme.error(),
    };
    let text = safe::visible(&notice.text(language));
    if safe::width(&text) < usize::from(left.width) {
        row(&text, style, left, buf);
        return 1;
    }
    let mut rows = format::wrapped(&text, usize::from(area.width).saturating_sub(2));
    if rows.len() > ROWS {
        let end = rows.split_off(ROWS - 1).join(" ");
        rows.push(end);
    }
    let above = rows.len() as u16 - 1;
    for (line, text) in (0..).zip(&rows) {
        let place = Rect { y: (area.y + line).saturating_sub(above), ..area };
        ink::clear(buf, place);
        row(text, style, place, buf);
    }
    above + 1
}

/// How many interventions are on, wherever the person is, and that a page does without them if it does.
fn badge(app: &App) -> String {
    let language = app.state.language;
    let on = app.state.settings.changes.iter().filter(|listed| listed.on).count();
    let counted = match on {
        0 => return String::new(),
        1 => language.text(Message::ChangeOn).to_owned(),
        _ => language.say(Message::ChangesOn, &[&on]),
    };
    let said = if without(app) { language.say(Message::ChangesNotHere, &[&counted]) } else { counted };
    format!(" {said} ")
}

/// Whether the page does without the interventions: the text is read there anew, under other masks and with less of it kept.
fn without(app: &App) -> bool {
    matches!(app.focus, PaneId::Masks | PaneId::Length)
}

/// What the selected token cost and how it came there; how many were generated, how fast, on which branch.
fn standing(app: &App) -> String {
    let state = &app.state;
    let language = state.language;
    let mut parts = Vec::new();
    if let Some(model) = state.model.as_ref().filter(|_| state.run.is_empty() && !state.has_tokenizer()) {
        let last = model.engine.config.vocabulary.saturating_sub(1);
        return language.say(Message::NoTokenizer, &[&safe::visible(&model.name), &last]);
    }
    if state.playing {
        parts.push(language.text(Message::Playing).to_owned());
    } else if state.run.context_len() < state.run.len() && state.is_busy(Lane::Run) {
        let [read, all] = [state.run.context_len(), state.run.len()].map(|count| format::count(count as u64));
        parts.push(language.say(Message::ReadSoFar, &[&read, &all]));
    }
    // What the changed model says would contradict what such a page shows.
    let told = state.under.list().is_empty() || !without(app);
    let scored = state.run.at(state.selected).and_then(|node| Some((node, node.score?)));
    if let Some((node, score)) = scored.filter(|_| told) {
        let label = safe::fit(&state.label(node.token), 16);
        let share = format::percent((-score.surprisal).exp2() as f32);
        let cost = if state.predicts_next() { Message::Cost } else { Message::CostHidden };
        parts.push(language.say(cost, &[&label, &format::bits(score.surprisal), &share, &(score.rank + 1)]));
        match node.origin {
            Origin::Sampled { draw } => parts.push(language.say(Message::DrawnBy, &[&format!("{draw:.4}")])),
            Origin::Greedy => parts.push(language.text(Message::TakenAsBest).to_owned()),
            Origin::Picked => parts.push(language.text(Message::PickedByHand).to_owned()),
            Origin::Searched => parts.push(language.text(Message::SearchedByBeam).to_owned()),
            Origin::Text { .. } | Origin::Start | Origin::End => {}
        }
    }
    let generated = state.run.len() - state.run.text_len();
    if generated > 0 {
        parts.push(language.say(Message::Generated, &[&generated]));
    }
    let branches = state.run.branches().len();
    if branches > 1 {
        let here = state.run.branch().map_or_else(|| "–".to_owned(), |index| (index + 1).to_string());
        parts.push(language.say(Message::BranchOf, &[&here, &branches]));
    }
    if let Some(time) = state.step_time.filter(|time| !time.is_zero()) {
        parts.push(language.say(Message::Speed, &[&format!("{:.1}", time.as_secs_f64() * 1e3)]));
    }
    parts.join(" · ")
}
