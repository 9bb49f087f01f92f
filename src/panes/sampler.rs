//! The choice of a token, stage by stage: the pipeline as a list, a column of probabilities after each stage, the draw.

mod draw;
mod why;

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::Pane;
use super::View;
use super::format;
use crate::lm::Distribution;
use crate::lm::Note;
use crate::lm::Shaped;
use crate::lm::Stage;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::Knob;
use crate::state::State;
use crate::state::settings::name_of;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::Table;
use crate::ui::draw as ink;
use crate::ui::panel;
use crate::ui::safe;
use crate::ui::table;
use crate::ui::table::Column;
use crate::ui::table::Width;

/// Columns of the list of stages beside the table.
const LIST: u16 = 40;
/// From this width on, the list stands beside the table and not above it.
const WIDE: u16 = 96;
/// Rows below the table: the draw's two, and why.
const BELOW: u16 = 4;
/// Columns of a rank and a token, and what stands between.
const TABLE: u16 = 32;
/// Columns of a probability.
const SHARE: u16 = 8;

/// The sampler pane; its cursors, the selected candidate and the active knob, are the state's.
#[derive(Debug, Default)]
pub struct Sampler {
    offset: usize,
}

/// The parts of the pane inside its frame.
struct Parts {
    list: Rect,
    table: Rect,
    draw: Rect,
    why: Rect,
}

fn parts(state: &State, inner: Rect) -> Parts {
    let below = BELOW.min(inner.height / 3);
    let upper = Rect { height: inner.height - below, ..inner };
    let bottom = Rect { y: upper.bottom(), height: below, ..inner };
    let stages = state.settings.pipeline.len() as u16 + 2;
    let (list, table) = if inner.width >= WIDE {
        // What a column for every stage does not take.
        let columns = TABLE + stages * (SHARE + 1);
        let list = Rect { width: inner.width.saturating_sub(columns).clamp(LIST, 2 * LIST), ..upper };
        (list, Rect { x: list.right() + 1, width: upper.width - list.width - 1, ..upper })
    } else {
        let list = Rect { height: stages.min(upper.height / 2), ..upper };
        (list, Rect { y: list.bottom(), height: upper.height - list.height, ..upper })
    };
    Parts {
        list,
        table,
        draw: Rect { height: 2.min(bottom.height), ..bottom },
        why: Rect { y: bottom.y + 2.min(bottom.height), height: bottom.height.saturating_sub(2), ..bottom },
    }
}

/// The frame around the pane takes so many rows.
fn inside(area: Rect) -> Rect {
    Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height.saturating_sub(2) }
}

impl Pane for Sampler {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, area: Rect) -> bool {
        let rows = ctx.state.shown().map_or(0, |shown| shown.distribution.len());
        let page = usize::from(parts(ctx.state, inside(area)).table.height.saturating_sub(1)).max(1);
        match command {
            Command::SwitchStage => ctx.switch_stage(),
            Command::RemoveStage => ctx.remove_stage(),
            Command::StageUp => ctx.move_stage(false),
            Command::StageDown => ctx.move_stage(true),
            _ => {
                let Some(moved) = super::moved(command, ctx.state.candidate, page, rows) else { return false };
                ctx.state.candidate = moved;
            }
        }
        self.offset = table::follow(self.offset, ctx.state.candidate, page, rows);
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        let Parts { list, table, .. } = parts(ctx.state, inside(area));
        if list.contains(at) {
            ctx.activate(usize::from(at.y - list.y));
        } else if table.contains(at) && at.y > table.y {
            let rows = ctx.state.shown().map_or(0, |shown| shown.distribution.len());
            let offset = table::follow(self.offset, ctx.state.candidate, usize::from(table.height - 1), rows);
            ctx.state.candidate = (offset + usize::from(at.y - table.y - 1)).min(rows.saturating_sub(1));
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, theme) = (state.language, &state.theme);
        let after = state.run.at(state.selected).map(|node| safe::fit(&state.label(node.token), 20));
        let details = after.map(|label| language.say(Message::AfterToken, &[&label])).unwrap_or_default();
        let note = state.shown().map_or_else(String::new, |shown| {
            language.say(Message::EntropyBits, &[&format::bits(shown.distribution.entropy_bits())])
        });
        let frame = Panel {
            title: language.text(Message::TitleSampler),
            details: &details,
            note: &note,
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, theme);
        let Parts { list, table, draw, why } = parts(state, inner);
        let shaped = state.shaped();
        self::list(state, shaped, list, buf);
        let (Some(shown), Some(shaped)) = (state.shown(), shaped) else {
            let what = if state.predicts_next() { Message::NothingToShow } else { Message::FillsIn };
            super::remark(state, what, table, buf);
            return None;
        };
        self.columns(state, &shown.distribution, shaped, table, buf);
        draw::draw(state, shaped, draw, buf);
        why::draw(state, &shown.distribution, shaped, why, buf);
        None
    }
}

/// The stages in their order: whether each takes part, its parameters, how many tokens are left after it.
fn list(state: &State, shaped: Option<&Shaped>, area: Rect, buf: &mut Buffer) {
    let (language, theme, settings) = (state.language, &state.theme, &state.settings);
    let mut outcomes = shaped.map(Shaped::stages).unwrap_or_default().iter();
    let mut rows = Vec::new();
    for (index, stage) in settings.pipeline.iter().enumerate() {
        let outcome = if stage.is_idle() { None } else { outcomes.next() };
        let active = matches!(settings.active, Knob::Stage { stage, .. } if stage == index);
        let mark = match (stage.on, theme.ascii) {
            (true, false) => "●",
            (true, true) => "*",
            (false, false) => "○",
            (false, true) => "o",
        };
        let style = if stage.is_idle() { theme.dim() } else { theme.text() };
        let name = safe::left(language.text(name_of(stage.kind)), 11);
        let mut spans = vec![
            Span::styled(if active { " ▸ " } else { "   " }, theme.accent()),
            Span::styled(format!("{mark} {name} "), if active { theme.accent() } else { style }),
        ];
        spans.extend(values(state, index, stage));
        let left = outcome.map(|outcome| match outcome.note {
            Note::Emptied => language.text(Message::StageEmptied).to_owned(),
            _ => format::count(outcome.survivors() as u64),
        });
        rows.push((Line::from(spans), left.unwrap_or_default()));
    }
    let knob = |knob: Knob, name: Message| {
        let value = settings.value(knob).unwrap_or_else(|| language.text(Message::FullPace).to_owned());
        let style = if settings.active == knob { theme.accent() } else { theme.dim() };
        let mark = if settings.active == knob { " ▸ " } else { "   " };
        Line::from(vec![
            Span::styled(format!("{mark}  {} ", safe::left(language.text(name), 11)), style),
            Span::styled(value, style),
        ])
    };
    rows.push((knob(Knob::Seed, Message::Seed), String::new()));
    rows.push((knob(Knob::Pace, Message::Pace), String::new()));
    let active = settings.pipeline.len().min(match settings.active {
        Knob::Stage { stage, .. } => stage,
        Knob::Seed | Knob::Pace => settings.pipeline.len(),
    });
    let visible = usize::from(area.height);
    let offset = (active + 2).saturating_sub(visible).min(rows.len().saturating_sub(visible));
    for ((line, left), row) in rows.into_iter().skip(offset).zip(area.rows()) {
        let room = Rect { width: row.width.saturating_sub(safe::width(&left) as u16 + 1), ..row };
        ink::line(buf, room, &line, Alignment::Left, theme);
        let right = Rect { x: room.right(), width: row.width - room.width, ..row };
        ink::line(buf, right, &Line::styled(left, theme.number()), Alignment::Right, theme);
    }
}

/// A stage's parameters, the one that the keys turn lit; the text of one that has a text.
fn values(state: &State, index: usize, stage: &Stage) -> Vec<Span<'static>> {
    let (language, theme, settings) = (state.language, &state.theme, &state.settings);
    if stage.kind.takes_text() {
        let text = if stage.text.is_empty() {
            language.text(Message::StageNeedsText).to_owned()
        } else {
            safe::visible(&stage.text)
        };
        return vec![Span::styled(text, theme.dim())];
    }
    let several = stage.kind.parameters().len() > 1;
    let mut spans = Vec::new();
    for (parameter, known) in stage.kind.parameters().iter().enumerate() {
        let lit = settings.active == Knob::Stage { stage: index, parameter };
        let style = match (lit, stage.is_idle()) {
            (true, _) => theme.accent(),
            (false, true) => theme.dim(),
            (false, false) => theme.text(),
        };
        if several {
            let name = known.name.get(..4.min(known.name.len())).unwrap_or_default();
            spans.push(Span::styled(format!("{name} "), theme.dim()));
        }
        spans.push(Span::styled(format!("{} ", known.written(stage.values[parameter])), style));
    }
    spans
}

impl Sampler {
    /// The candidates by the model's rank, with their probability after every stage; what a stage cut is marked there.
    fn columns(&self, state: &State, distribution: &Distribution, shaped: &Shaped, area: Rect, buf: &mut Buffer) {
        let (language, theme) = (state.language, &state.theme);
        let visible = usize::from(area.height.saturating_sub(1));
        let offset = table::follow(self.offset, state.candidate, visible, distribution.len());
        let order = distribution.front(offset + visible);
        let digits = (distribution.len().ilog10() + 1).max(2) as u16;
        let token = (area.width / 5).clamp(8, 16);
        // As many stages as fit, the last ones and the active one among them.
        let stages = shaped.stages();
        let room = usize::from(area.width.saturating_sub(digits + 2 + token + 2 + SHARE + 1) / (SHARE + 1)).max(1);
        let first = stages.len().saturating_sub(room).min(active_outcome(state).unwrap_or(usize::MAX));
        let shown: Vec<usize> = (first..stages.len()).take(room).collect();
        let column = |title, width, align| Column { title, width: Width::Exact(width), align };
        let mut columns = vec![
            column("#", digits + 2, Alignment::Right),
            column(language.text(Message::ColumnToken), token, Alignment::Left),
            column(language.text(Message::ColumnModel), SHARE, Alignment::Right),
        ];
        columns.extend(
            shown
                .iter()
                .map(|&stage| column(language.text(name_of(stages[stage].stage.kind)), SHARE, Alignment::Right)),
        );
        let came = state.predicted(state.selected).map(|node| node.token);
        let cell = |rank: usize, column: usize| -> Line<'static> {
            let Some(&id) = order.get(rank) else { return Line::default() };
            let removed = shaped.removed_by(id);
            let style = if removed.is_some() { theme.dim() } else { theme.text() };
            match column {
                0 => {
                    let arrow = if theme.ascii { "=" } else { "→" };
                    let mark = if came == Some(id) { arrow } else { " " };
                    let number = format!("{:>width$}", rank + 1, width = usize::from(digits));
                    Line::from(vec![Span::styled(mark, theme.accent()), Span::styled(number, theme.dim())])
                }
                1 => Line::styled(state.label(id), style),
                2 => Line::styled(format::percent(distribution.probability(id)), style),
                column => {
                    let Some(&stage) = shown.get(column - 3) else { return Line::default() };
                    let outcome = &stages[stage];
                    match removed {
                        Some(by) if by < stage => Line::default(),
                        Some(by) if by == stage => Line::styled(if theme.ascii { "cut" } else { "✂" }, theme.warning()),
                        _ => {
                            let last = stage + 1 == stages.len();
                            let share = format::percent(outcome.column.probability(id) as f32);
                            Line::styled(share, if last { theme.number() } else { theme.text() })
                        }
                    }
                }
            }
        };
        let content =
            Table { columns: &columns, rows: distribution.len(), offset, selected: Some(state.candidate), cell: &cell };
        table::draw(&content, area, buf, theme);
    }
}

/// The index among the stages that take part of the one that the keys turn.
fn active_outcome(state: &State) -> Option<usize> {
    let Knob::Stage { stage, .. } = state.settings.active else { return None };
    let pipeline = &state.settings.pipeline;
    pipeline.get(stage).filter(|stage| !stage.is_idle())?;
    Some(pipeline[..stage].iter().filter(|stage| !stage.is_idle()).count())
}
