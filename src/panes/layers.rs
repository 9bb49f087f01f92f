//! Through the layers: what each would say at every position, and what each part added to the selected one's logit.

mod draw;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use super::Pane;
use super::View;
use crate::job::Lane;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::State;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::panel;

/// Columns of a cell of the lens, and of the layer's name before a row.
const CELL: u16 = 10;
/// Rows of what is said of the cell under the cursor.
const CELL_ROWS: u16 = 2;
const NAME: u16 = 4;
/// From this width on, the parts stand beside the lens.
const WIDE: u16 = 100;

/// The layers pane.
#[derive(Debug, Default)]
pub struct Layers {
    /// The depth under the cursor, counted back from the model's output.
    back: usize,
    /// How many of the parts that add up stand above those in view.
    passed: usize,
}

/// The parts of the pane inside its frame.
#[derive(Clone, Copy)]
struct Parts {
    lens: Rect,
    cell: Rect,
    sum: Rect,
}

/// Where the parts of a pane in `area` are, of which the frame leaves `inner`.
fn parts(state: &State, area: Rect, inner: Rect) -> Parts {
    let depths = state.model.as_ref().map_or(0, |model| model.engine.config.layers as u16 + 1);
    if area.width >= WIDE {
        let width = inner.width * 58 / 100;
        let left = Rect { width, ..inner };
        let lens = Rect { height: left.height.saturating_sub(CELL_ROWS), ..left };
        let cell = Rect { y: lens.bottom(), height: left.height - lens.height, ..left };
        let sum = Rect { x: inner.x + width + 1, width: inner.width - width - 1, ..inner };
        return Parts { lens, cell, sum };
    }
    let height = (depths + 1).min(inner.height.saturating_sub(CELL_ROWS) * 6 / 10);
    let lens = Rect { height, ..inner };
    let cell = Rect { y: lens.bottom(), height: CELL_ROWS.min(inner.height - height), ..inner };
    let sum = Rect { y: cell.bottom(), height: inner.bottom().saturating_sub(cell.bottom()), ..inner };
    Parts { lens, cell, sum }
}

/// About the room inside the frame: a box, or a rule above and a row and two columns more.
fn inside(area: Rect) -> Rect {
    area.inner(ratatui::layout::Margin::new(1, 1))
}

impl Layers {
    /// The depth under the cursor: how many layers were gone through.
    fn depth(&self, state: &State) -> usize {
        let layers = state.model.as_ref().map_or(0, |model| model.engine.config.layers);
        layers - self.back.min(layers)
    }
}

impl Pane for Layers {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, area: Rect) -> bool {
        if let Command::NextPart | Command::PreviousPart = command {
            let (rows, last) = draw::rows(ctx.state, parts(ctx.state, area, inside(area)).sum);
            let passed = self.passed.min(last);
            let turned = if command == Command::NextPart { passed + rows } else { passed.saturating_sub(rows) };
            self.passed = turned.min(last);
            return true;
        }
        let layers = ctx.state.model.as_ref().map_or(0, |model| model.engine.config.layers);
        let page = usize::from(area.height / 2).max(1);
        // The output stands at the top.
        let Some(moved) = super::moved(command, self.back, page, layers + 1) else { return false };
        self.back = moved;
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        let lens = parts(ctx.state, area, inside(area)).lens;
        if let Some((position, back)) = draw::at(ctx.state, self.back, lens, at) {
            ctx.select(position);
            self.back = back;
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let language = state.language;
        let frame = Panel {
            title: language.text(Message::TitleLayers),
            details: &(language.text(Message::LensDetails).to_owned() + &super::changed(state)),
            note: match state.is_busy(Lane::Explain) {
                _ if state.run.context_len() < state.run.len() => language.text(Message::ReadFirst),
                true => language.text(Message::Computing),
                false => "",
            },
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, &state.theme);
        if state.run.is_empty() {
            super::remark(state, Message::NothingToShow, inner, buf);
            return None;
        }
        if state.model.as_ref().is_some_and(|model| !model.engine.has_head()) {
            super::remark(state, Message::NoHeadToRead, inner, buf);
            return None;
        }
        let parts = parts(state, view.area, inner);
        draw::lens(state, self.back, parts.lens, buf);
        draw::cell(state, self.depth(state), parts.cell, buf);
        draw::sum(state, self.passed, parts.sum, buf);
        None
    }
}
