//! What the path says again: its measures, the loop it is in, how sure the model is of going on with it, the heads that
//! copy, and the cures side by side.

mod draw;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use super::Pane;
use super::View;
use crate::job::Cure;
use crate::lab::repetition::copying::Copier;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::PaneId;
use crate::state::State;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::panel;

/// How many heads are listed, at most.
const HEADS: usize = 12;
/// From this width on, the measures stand beside the heads.
const WIDE: u16 = 96;
/// Rows of the measures and the loop.
const MEASURES: u16 = 4;

/// The repetition pane.
#[derive(Debug, Default)]
pub struct Repetition {
    selected: usize,
}

/// A row that can be selected.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Item {
    Loop,
    Head(Copier),
    /// A cure; `None` is the person's.
    Cure(Option<Cure>),
}

/// The rows that can be selected, top to bottom.
fn items(state: &State) -> Vec<Item> {
    let heads = state.repetition.heads.iter().flat_map(|heads| heads.ranked.iter().take(HEADS));
    let cures = Cure::ALL.map(Some).into_iter().chain([None]).map(Item::Cure);
    let cycle = state.repetition.cycle.map(|_| Item::Loop);
    cycle.into_iter().chain(cures).chain(heads.map(|&head| Item::Head(head))).collect()
}

/// The parts of the pane inside its frame.
#[derive(Clone, Copy, Debug, Default)]
struct Parts {
    measures: Rect,
    curve: Rect,
    heads: Rect,
    cures: Rect,
}

/// Everything stands as far from the top as it does, whatever the height, so that a click finds it.
fn parts(inner: Rect) -> Parts {
    let below = |area: Rect, rows: u16| {
        let rows = rows.min(area.height);
        (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
    };
    let wide = inner.width >= WIDE;
    let (measures, rest) = below(inner, MEASURES + u16::from(wide));
    let (cures, rest) = below(rest, Cure::ALL.len() as u16 + 2 + u16::from(wide));
    if wide {
        let curve = Rect { width: inner.width * 54 / 100, ..rest };
        let heads = Rect { x: curve.right() + 1, width: inner.width - curve.width - 1, ..rest };
        return Parts { measures, curve, heads, cures };
    }
    let (curve, heads) = below(rest, 2);
    Parts { measures, curve, heads, cures }
}

impl Repetition {
    /// The pane that Enter goes to from the selected row.
    pub fn leads_to(&self, state: &State) -> PaneId {
        match items(state).get(self.at(state)) {
            Some(Item::Loop) => PaneId::Tokens,
            Some(Item::Head(_)) => PaneId::Attention,
            Some(Item::Cure(None)) => PaneId::Next,
            _ => PaneId::Repetition,
        }
    }

    /// The selected row: as many rows as there are now may be fewer than there were.
    fn at(&self, state: &State) -> usize {
        self.selected.min(items(state).len() - 1)
    }
}

impl Pane for Repetition {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, area: Rect) -> bool {
        let items = items(ctx.state);
        let page = usize::from(area.height / 2).max(1);
        let at = self.at(ctx.state);
        if command != Command::Take {
            let Some(moved) = super::moved(command, at, page, items.len()) else { return false };
            self.selected = moved;
            return true;
        }
        match items[at] {
            Item::Loop => {
                let start = ctx.state.sentence().start;
                ctx.select(start);
            }
            Item::Head(head) => ctx.look_at(head.layer, head.head),
            Item::Cure(Some(_)) if ctx.state.repetition.cures.is_empty() => ctx.cure(),
            Item::Cure(_) => {}
        }
        // Where it leads is the app's to go to.
        false
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        // With a box around it or a rule above, what is inside begins in the same row.
        let Parts { heads, cures, .. } = parts(Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area });
        let items = items(ctx.state);
        let line =
            |list: Rect| list.contains(at).then(|| usize::from(at.y - list.y)).and_then(|line| line.checked_sub(1));
        let cure = line(cures).and_then(|line| items.iter().filter(|item| matches!(item, Item::Cure(_))).nth(line));
        let head = line(heads).and_then(|line| {
            let offset = draw::heads_offset(ctx.state, items.get(self.at(ctx.state)).copied(), heads);
            items.iter().filter(|item| matches!(item, Item::Head(_))).nth(line + offset)
        });
        let clicked = cure.or(head);
        self.selected = items.iter().position(|item| Some(item) == clicked).unwrap_or(self.selected);
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let language = state.language;
        let busy = state.is_busy(crate::job::Lane::Lab) && !state.repetition.curing;
        let frame = Panel {
            title: language.text(Message::TitleRepetition),
            note: if busy { language.text(Message::RepetitionMeasuring) } else { "" },
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, &state.theme);
        if state.run.is_empty() {
            super::remark(state, Message::NothingToShow, inner, buf);
            return None;
        }
        let parts = parts(inner);
        let selected = items(state).get(self.at(state)).copied();
        draw::measures(state, selected, parts.measures, buf);
        if !state.predicts_next() {
            super::remark(state, Message::FillsIn, parts.curve, buf);
            return None;
        }
        draw::curve(state, parts.curve, buf);
        draw::heads(state, selected, parts.heads, buf);
        draw::cures(state, selected, parts.cures, buf);
        None
    }
}
