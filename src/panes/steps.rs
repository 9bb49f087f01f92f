//! A text step by step, and why it is cut at a place.
//!
//! The page knows no method: it draws [`Frame`](crate::lab::steps::Frame)s, which every
//! [`Procedure`](crate::lab::steps::Procedure) makes of its own steps. A further procedure needs its variant there, and
//! nothing here.

mod draw;
mod why;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use super::Pane;
use super::View;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::steps::SAMPLES;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::panel;

/// The steps pane. Everything it shows is shared: it has no cursor of its own.
#[derive(Debug, Default)]
pub struct Steps;

/// How far a page up or down goes, in steps.
const PAGE: usize = 10;

impl Pane for Steps {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, _area: Rect) -> bool {
        let at = ctx.state.steps.at;
        let asks = ctx.state.steps.place.is_some();
        match command {
            Command::StepBack | Command::TokenLeft if asks => ctx.move_place(false),
            Command::StepForward | Command::TokenRight if asks => ctx.move_place(true),
            Command::Up if asks => ctx.state.steps.flip = ctx.state.steps.flip.saturating_sub(1),
            Command::Down if asks => {
                let most = ctx.state.steps.answered().map_or(0, |answer| answer.flips.len().saturating_sub(1));
                ctx.state.steps.flip = (ctx.state.steps.flip + 1).min(most);
            }
            Command::Take if asks => ctx.apply_flip(),
            Command::Take => {}
            Command::Why => ctx.ask_why(),
            Command::Back if asks => ctx.ask_why(),
            Command::StepBack | Command::TokenLeft | Command::Up => ctx.go_to_step(at.saturating_sub(1)),
            Command::StepForward | Command::TokenRight | Command::Down => ctx.go_to_step(at + 1),
            Command::PageUp => ctx.go_to_step(at.saturating_sub(PAGE)),
            Command::PageDown => ctx.go_to_step(at + PAGE),
            Command::Top | Command::TokenFirst => ctx.go_to_step(0),
            Command::Bottom | Command::TokenLast => ctx.go_to_step(usize::MAX),
            Command::Play => ctx.play_steps(),
            Command::NextMethod => ctx.state.steps.procedure = ctx.state.steps.procedure.next(true),
            Command::PreviousMethod => ctx.state.steps.procedure = ctx.state.steps.procedure.next(false),
            Command::NextText => ctx.next_text(),
            Command::Undo => ctx.take_flip_back(),
            _ => return false,
        }
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        // With a box around it or a rule above, the tabs begin in the row below; a box takes a column and a row more.
        let inner = Rect { x: area.x + 1, y: area.y + 1, height: area.height.saturating_sub(2), ..area };
        if let Some(procedure) = draw::tab_at(ctx.state, inner, at) {
            ctx.state.steps.procedure = procedure;
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, steps) = (state.language, &state.steps);
        let text = match steps.sample {
            Some(sample) => language.say(Message::StepsTextSample, &[&(sample + 1), &SAMPLES.len()]),
            None => language.text(Message::StepsTextPrompt).to_owned(),
        };
        let (edits, message) = if steps.procedure.encodes() {
            (steps.pieces().len(), Message::StepsChanges)
        } else {
            (steps.edits().len(), Message::StepsEdits)
        };
        let details = if edits > 0 { format!("{text} · {}", language.say(message, &[&edits])) } else { text };
        let count = steps.frames().len();
        let note = if steps.place.is_some() || count == 0 {
            String::new()
        } else {
            language.say(Message::StepsOf, &[&(steps.at + 1), &count])
        };
        let frame = Panel {
            title: language.text(Message::TitleSteps),
            details: &details,
            note: &note,
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, &state.theme);
        if steps.text().is_empty() {
            super::remark(state, Message::NothingToShow, inner, buf);
            return None;
        }
        let left = draw::head(state, inner, buf);
        if steps.place.is_some() {
            why::draw(state, left, buf);
        } else {
            draw::frame(state, left, buf);
        }
        None
    }
}
