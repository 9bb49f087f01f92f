//! The text under one mask after another: who sees whom, what a head makes of it, what each token costs; ranks, what a
//! cache is worth, what the family was trained on.

mod columns;
mod side;
mod training;

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Pane;
use super::View;
use super::format::wrapped;
use crate::job::Lane;
use crate::lab::masks::Misfit;
use crate::lab::masks::Way;
use crate::lm::Mask;
use crate::model::Say;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::Notice;
use crate::state::State;
use crate::state::masks::Part;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::draw;
use crate::ui::panel;
use crate::ui::safe;

/// From this width on, what is beside the masks stands beside them.
const WIDE: u16 = 116;

/// What is beside them has at least so many columns.
const BESIDE: u16 = 38;

/// The masks pane.
#[derive(Debug, Default)]
pub struct Masks {
    /// The mask under the cursor, among those in view.
    at: usize,
    /// Whether the pictures are of the head's weights.
    weights: bool,
}

/// What is drawn of the page.
struct Drawn<'a> {
    state: &'a State,
    masks: Vec<Result<Mask, Misfit>>,
    /// The mask under the cursor.
    at: usize,
    weights: bool,
    part: Part,
}

/// Where the parts of the pane are, inside its frame.
struct Parts {
    top: Rect,
    columns: Rect,
    side: Rect,
    foot: Rect,
}

impl Masks {
    fn drawn<'a>(&self, state: &'a State, inner: Rect) -> Drawn<'a> {
        let masks = state.masks_in_view();
        let at = self.at.min(masks.len().saturating_sub(1));
        let part = shown(state.masks.part, inner.width >= WIDE);
        Drawn { state, masks, at, weights: self.weights, part }
    }
}

impl Drawn<'_> {
    /// The lines above all: what the model was trained with.
    fn trained(&self, columns: u16) -> Vec<String> {
        let (state, language) = (self.state, self.state.language);
        let Some(model) = &state.model else { return Vec::new() };
        let blueprint = &model.engine.blueprint;
        let (name, objective) = (safe::visible(&model.name), language.term(blueprint.objective.name()));
        let way = match way(state) {
            Some(Way::Next) => Message::MaskWayNext,
            Some(Way::Hidden) => Message::MaskWayHidden,
            Some(Way::Query) => Message::MaskWayQuery,
            None => Message::MaskWayNone,
        };
        let mut said = vec![
            language.say(Message::MaskTrained, &[&name, &objective, &blueprint.mask]),
            language.say(Message::MaskForetells, &[&way.text(language)]),
        ];
        let (tried, all) = (state.masks.tokens().len(), state.run.len().saturating_sub(state.tried_from()));
        if tried < all {
            said.push(language.say(Message::RankFirst, &[&tried]));
        }
        if state.source_len() > 0 && state.tried_from() == 0 {
            said.push(language.text(Message::MaskOwnSource).to_owned());
        }
        wrapped(&said.join(" · "), usize::from(columns))
    }

    /// The lines below all: what has to be known of the mask under the cursor.
    fn remark(&self, columns: u16) -> Vec<String> {
        let (state, language) = (self.state, self.state.language);
        let said = match self.masks.get(self.at) {
            Some(Ok(mask)) => {
                let costs = state.masks.tried(mask).map_or(&[][..], |tried| &tried.costs);
                let peeks = costs.iter().any(|cost| cost.peeked.is_some());
                let unified = matches!(mask, Mask::Causal | Mask::Bidirectional | Mask::SeqToSeq(_));
                let message = match way(state) {
                    _ if state.recurs() => Message::NoOwnAttention,
                    None => Message::MaskNothing,
                    Some(Way::Query) => Message::MaskTwoStreams,
                    Some(Way::Hidden) if unified => Message::MaskUnified,
                    _ if peeks => Message::MaskPeeksShort,
                    _ if self.at == 0 => Message::MaskAtHome,
                    _ => Message::MaskForeign,
                };
                // In its column the name may be shortened.
                let name = safe::fit(&mask.to_string(), usize::from(columns));
                format!("{name} · {}", language.text(message))
            }
            Some(Err(misfit)) => misfit.say(language),
            None => String::new(),
        };
        wrapped(&said, usize::from(columns))
    }

    fn parts(&self, inner: Rect) -> Parts {
        let above = (self.trained(inner.width).len() as u16).min(inner.height);
        let below = (self.remark(inner.width).len() as u16).min(inner.height - above);
        let top = Rect { height: above, ..inner };
        let foot = Rect { y: inner.bottom() - below, height: below, ..inner };
        let middle = Rect { y: top.bottom(), height: foot.y - top.bottom(), ..inner };
        let (columns, side) = if inner.width >= WIDE {
            let width = columns::width(self.masks.len()).min(inner.width - BESIDE).max(inner.width / 2);
            let columns = Rect { width, ..middle };
            (columns, Rect { x: columns.right() + 1, width: inner.width - width - 1, ..middle })
        } else if self.part == Part::Costs {
            (middle, Rect::default())
        } else {
            let columns = Rect { height: columns::HEAD.min(middle.height), ..middle };
            (columns, Rect { y: columns.bottom(), height: middle.height - columns.height, ..middle })
        };
        Parts { top, columns, side, foot }
    }

    /// The mask under the cursor, where it fits the text.
    fn mask(&self) -> Option<&Mask> {
        self.masks.get(self.at).and_then(|mask| mask.as_ref().ok())
    }
}

/// The part that is shown for a part: where there is room, what tokens cost is there anyway.
fn shown(part: Part, wide: bool) -> Part {
    if wide && part == Part::Costs { Part::Weights } else { part }
}

/// A token of the text that is tried.
fn label(state: &State, index: usize) -> String {
    state.masks.tokens().get(index).map_or_else(String::new, |&token| state.label(token))
}

/// What foretells a token of this model.
fn way(state: &State) -> Option<Way> {
    let model = state.model.as_ref()?;
    Way::of(&model.engine, model.mask())
}

/// Draws a line of text.
fn write(text: &str, message_style: ratatui::style::Style, row: Rect, state: &State, buf: &mut Buffer) {
    let text = safe::fit(text, usize::from(row.width));
    draw::line(buf, row, &Line::styled(text, message_style), Alignment::Left, &state.theme);
}

impl Pane for Masks {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, area: Rect) -> bool {
        let count = ctx.state.masks_in_view().len();
        let at = self.at.min(count.saturating_sub(1));
        match command {
            Command::KeyLeft => self.at = at.saturating_sub(1),
            Command::KeyRight => self.at = (at + 1).min(count.saturating_sub(1)),
            Command::NextPart | Command::PreviousPart => {
                let wide = area.width >= WIDE + 2;
                let part = ctx.state.masks.part;
                ctx.state.masks.part = shown(shown(part, wide).beside(command == Command::NextPart), wide);
                // What tokens cost has no turn of its own there; going back from the weights passes it by.
                if wide && ctx.state.masks.part == shown(part, wide) {
                    ctx.state.masks.part = Part::Costs.beside(false);
                }
            }
            Command::NextDrawing => self.weights = !self.weights,
            Command::TurnUp => ctx.turn_mask(at, true),
            Command::TurnDown => ctx.turn_mask(at, false),
            // With nothing under way here it shall not begin to generate.
            Command::Play if !ctx.pause_masks() => ctx.say(Notice::hint(Message::NothingUnderWay, &[])),
            Command::Play => {}
            Command::Back if ctx.state.is_busy(Lane::Trials) => return ctx.pause_masks(),
            Command::TokenLeft | Command::TokenRight => {
                // Of a longer text the cursor stays among the tokens that are tried.
                let (from, here) = (ctx.state.tried_from(), ctx.state.selected_trial());
                let moved = if command == Command::TokenLeft { here.saturating_sub(1) } else { here + 1 };
                ctx.select(from + moved.min(ctx.state.masks.tokens().len().saturating_sub(1)));
            }
            _ => return false,
        }
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        // With a box around it or a rule above, what is inside begins in the same row.
        let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let drawn = self.drawn(ctx.state, inner);
        let (mask, token) = columns::at(&drawn, drawn.parts(inner).columns, at);
        let from = ctx.state.tried_from();
        self.at = mask.unwrap_or(self.at);
        if let Some(token) = token {
            ctx.select(from + token);
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, theme) = (state.language, &state.theme);
        let note = match &state.masks.progress {
            Some((mask, done)) => {
                let mask = safe::fit(&mask.to_string(), 16);
                language.say(Message::MaskUnderWay, &[&mask, done, &state.masks.tokens().len()])
            }
            None if state.is_busy(Lane::Trials) => language.text(Message::Computing).to_owned(),
            None => String::new(),
        };
        let frame = Panel {
            title: language.text(Message::TitleMasks),
            details: &language.say(Message::LayerHead, &[&(state.layer + 1), &(state.head + 1)]),
            note: &note,
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, theme);
        let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
        if state.masks.tokens().is_empty() {
            let reading = state.run.context_len() < state.run.len();
            let message = if reading { Message::ReadFirst } else { Message::NothingToShow };
            super::remark(state, message, inner, buf);
            return None;
        }
        let drawn = self.drawn(state, inner);
        let parts = drawn.parts(inner);
        for (line, row) in drawn.trained(inner.width).iter().zip(parts.top.rows()) {
            write(line, theme.text(), row, state, buf);
        }
        for (line, row) in drawn.remark(inner.width).iter().zip(parts.foot.rows()) {
            write(line, theme.dim(), row, state, buf);
        }
        columns::draw(&drawn, parts.columns, buf);
        match drawn.part {
            Part::Costs => {}
            Part::Weights => side::weights(&drawn, parts.side, buf),
            Part::Rank => side::rank(&drawn, parts.side, buf),
            Part::Reuse => side::reuse(&drawn, parts.side, buf),
            Part::Training => training::draw(&drawn, parts.side, buf),
        }
        None
    }
}
