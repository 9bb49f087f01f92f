//! One cell of attention, or a row of a person's own queries, keys and values, step by step with its real numbers.

mod given;
mod steps;

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::Pane;
use super::View;
use crate::job::Lane;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::State;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::Theme;
use crate::ui::bar;
use crate::ui::draw;
use crate::ui::panel;
use crate::ui::safe;

/// The steps.
const PARTS: usize = 5;
/// Columns of a vector's name, where there is room and where there is not.
const NAME: (usize, usize) = (32, 24);
/// From this width on there is room.
const ROOMY: u16 = 100;

/// The calculation pane.
#[derive(Debug, Default)]
pub struct Calculation {
    /// The step in view, from 0; of a person's own rows the query.
    part: usize,
}

/// The lines of the page, part after part.
type Parts = Vec<Vec<Line<'static>>>;

impl Pane for Calculation {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, _area: Rect) -> bool {
        let parts = ctx.state.explained.own.as_ref().map_or(PARTS, |own| own.q.len());
        match command {
            Command::NextPart => self.part = (self.part + 1).min(parts.saturating_sub(1)),
            Command::PreviousPart => self.part = self.part.min(parts.saturating_sub(1)).saturating_sub(1),
            _ => return super::attention::move_key(ctx, command),
        }
        true
    }

    fn click(&mut self, _ctx: &mut Ctx<'_>, _area: Rect, _at: Position) {}

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, theme) = (state.language, &state.theme);
        let own = state.explained.own.as_ref();
        let details = match own {
            Some(_) => language.text(Message::CalculationOwn).to_owned(),
            None => language.say(Message::LayerHead, &[&(state.layer + 1), &(state.head + 1)]),
        };
        let details = if own.is_none() { details + &super::changed(state) } else { details };
        let busy = own.is_none() && state.is_busy(Lane::Explain);
        let frame = Panel {
            title: language.text(Message::TitleCalculation),
            details: &details,
            note: if busy { language.text(Message::Computing) } else { "" },
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, theme);
        let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
        let parts = match (own, &state.explained.cell) {
            (Some(own), _) => given::parts(own, state, inner.width),
            _ if state.run.is_empty() => {
                super::remark(state, Message::NothingToShow, inner, buf);
                return None;
            }
            (None, Some(Some(cell))) => steps::parts(cell, state, inner.width),
            (None, Some(None)) => {
                super::remark(state, Message::NoSuchAttention, inner, buf);
                return None;
            }
            (None, None) => {
                let why = if state.explained.failed { Message::NotExplained } else { Message::Computing };
                super::remark(state, why, inner, buf);
                return None;
            }
        };
        show(&parts, self.part.min(parts.len().saturating_sub(1)), inner, state, buf);
        None
    }
}

/// Draws the parts from the one in view on, or from the first where all have room.
fn show(parts: &Parts, at: usize, area: Rect, state: &State, buf: &mut Buffer) {
    let theme = &state.theme;
    let total: usize = parts.iter().map(Vec::len).sum();
    let before: usize = parts[..at.min(parts.len())].iter().map(Vec::len).sum();
    let offset = before.min(total.saturating_sub(usize::from(area.height)));
    let lines = parts.iter().enumerate().flat_map(|(part, lines)| lines.iter().map(move |line| (part, line)));
    let mut begun = usize::MAX;
    for (row, (part, line)) in area.rows().zip(lines.skip(offset)) {
        draw::line(buf, row, line, Alignment::Left, theme);
        if part != begun && part == at && parts[part].first() == Some(line) {
            draw::restyle(buf, row, theme.accent());
        }
        begun = part;
    }
}

/// The heading of a part.
fn heading(message: Message, state: &State) -> Line<'static> {
    Line::styled(state.language.text(message).to_owned(), state.theme.title(true))
}

/// A vector as bars about 0: what is above it, and below that what is below.
fn bars(name: &str, vector: &[f32], state: &State, width: u16) -> [Line<'static>; 2] {
    let theme = &state.theme;
    let named = if width >= ROOMY { NAME.0 } else { NAME.1 };
    let room = usize::from(width).saturating_sub(named + 2);
    let greatest = vector.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
    let shown = &vector[..vector.len().min(room.saturating_sub(if vector.len() > room { 2 } else { 0 }))];
    let more = if shown.len() < vector.len() { " …" } else { "" };
    let above = shown.iter().map(|x| up(*x, greatest, *theme)).collect::<String>();
    let below = shown.iter().map(|x| down(*x, greatest, *theme)).collect::<String>();
    let scale = format!("±{greatest:.2}");
    [
        Line::from(vec![
            Span::styled(safe::left(&safe::fit(name, named), named), theme.text()),
            Span::raw("  "),
            Span::styled(above, theme.number()),
            Span::styled(more, theme.dim()),
        ]),
        Line::from(vec![
            Span::styled(safe::right(&scale, named), theme.dim()),
            Span::raw("  "),
            Span::styled(below, theme.warning()),
        ]),
    ]
}

fn up(x: f32, greatest: f32, theme: Theme) -> char {
    if x > 0.0 { bar::column(x / greatest, &theme) } else { ' ' }
}

fn down(x: f32, greatest: f32, theme: Theme) -> char {
    let glyphs = if theme.ascii { ['\'', '"', '#'] } else { ['▔', '▀', '█'] };
    if x < 0.0 { glyphs[((-x / greatest * 3.0) as usize).min(2)] } else { ' ' }
}

/// A line of text.
fn said(text: String, state: &State) -> Line<'static> {
    Line::styled(text, state.theme.text())
}
