//! What the text costs, by any unit, and how far distributions are apart.

mod facts;
mod ledger;
mod pairs;

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Pane;
use super::View;
use super::format;
use crate::lab::information::Segmentation;
use crate::lab::information::Unit;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::State;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::Theme;
use crate::ui::draw;
use crate::ui::panel;
use crate::ui::table;
use ledger::Ledger;

/// From this width on, the list and the facts stand side by side.
const WIDE: u16 = 110;
/// Rows of the facts above the list on a narrow screen.
const FACTS: u16 = 6;

/// The information pane.
#[derive(Debug, Default)]
pub struct Information {
    by: Segmentation,
    unit: Unit,
    /// Whether two distributions stand where the list would be, on a screen too small for both.
    paired: bool,
    /// The selected part, where it has a share of the selected token.
    part: usize,
    offset: usize,
}

/// The parts of the pane inside its frame.
struct Places {
    facts: Rect,
    list: Rect,
    pairs: Rect,
}

impl Information {
    fn places(&self, inner: Rect) -> Places {
        let none = Rect { height: 0, ..inner };
        if inner.width >= WIDE {
            let left = inner.width * 45 / 100;
            let list = Rect { width: left, ..inner };
            let right = Rect { x: inner.x + left + 1, width: inner.width - left - 1, ..inner };
            let facts = Rect { height: (FACTS + 6).min(right.height), ..right };
            return Places {
                facts,
                list,
                pairs: Rect { y: facts.bottom(), height: right.height - facts.height, ..right },
            };
        }
        let facts = Rect { height: FACTS.min(inner.height), ..inner };
        let below = Rect { y: facts.bottom(), height: inner.height - facts.height, ..inner };
        if self.paired {
            Places { facts, list: none, pairs: below }
        } else {
            Places { facts, list: below, pairs: none }
        }
    }

    /// Rows of the list in a pane's area, as far as can be told without drawing.
    fn visible(&self, area: Rect) -> usize {
        let boxed = area.inner(ratatui::layout::Margin::new(0, 1));
        usize::from(self.places(boxed).list.height.saturating_sub(1)).max(1)
    }

    fn choose(&mut self, ctx: &mut Ctx<'_>, part: usize, area: Rect) {
        let ledger = Ledger::of(ctx.state, self.by);
        let Some(chosen) = ledger.parts.get(part.min(ledger.parts.len().saturating_sub(1))) else { return };
        self.part = part.min(ledger.parts.len() - 1);
        self.offset = table::follow(self.offset, self.part, self.visible(area), ledger.parts.len());
        ctx.select(chosen.tokens.start);
    }
}

impl Pane for Information {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, area: Rect) -> bool {
        let page = self.visible(area);
        let here = || Ledger::of(ctx.state, self.by).selected(ctx.state, self.part);
        let to = match command {
            Command::TokenLeft | Command::Up => here().saturating_sub(1),
            Command::TokenRight | Command::Down => here() + 1,
            Command::PageUp => here().saturating_sub(page),
            Command::PageDown => here() + page,
            Command::TokenFirst | Command::Top => 0,
            Command::TokenLast | Command::Bottom => usize::MAX,
            Command::Regroup => {
                (self.by, self.offset) = (self.by.next(), 0);
                return true;
            }
            Command::SwitchUnit => {
                self.unit = self.unit.other();
                return true;
            }
            Command::ShowPairs => {
                self.paired = !self.paired;
                return true;
            }
            _ => return false,
        };
        self.choose(ctx, to, area);
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        let inner = area.inner(ratatui::layout::Margin::new(0, 1));
        let list = self.places(inner).list;
        if list.contains(at) && at.y > list.y {
            let ledger = Ledger::of(ctx.state, self.by);
            let offset = self.offset(ctx.state, &ledger, usize::from(list.height.saturating_sub(1)));
            let row = offset + usize::from(at.y - list.y - 1);
            if row < ledger.parts.len() {
                self.choose(ctx, row, area);
            }
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, theme) = (state.language, &state.theme);
        let by = language.text(match self.by {
            Segmentation::Tokens => Message::ByTokens,
            Segmentation::Bytes => Message::ByBytes,
            Segmentation::Characters => Message::ByCharacters,
            Segmentation::Words => Message::ByWords,
        });
        let ledger = Ledger::of(state, self.by);
        let shared = ledger.parts.iter().any(|part| part.shared);
        let frame = Panel {
            title: language.text(Message::TitleInformation),
            details: by,
            note: name(self.unit, state),
            foot: if shared { language.text(Message::InfoShared) } else { "" },
            focused: view.focused,
            rule: !view.boxed,
        };
        let inner = panel::draw(&frame, view.area, buf, theme);
        let Places { facts, list, pairs } = self.places(inner);
        if state.run.is_empty() {
            super::remark(state, Message::NothingToShow, inner, buf);
            return None;
        }
        lines(&facts::lines(state, self.unit, usize::from(facts.width), usize::from(facts.height)), facts, buf, *theme);
        let offset = self.offset(state, &ledger, usize::from(list.height.saturating_sub(1)));
        ledger.draw(state, self.unit, self.by, (offset, ledger.selected(state, self.part)), list, buf);
        let rows = usize::from(pairs.height);
        lines(&pairs::lines(state, self.unit, usize::from(pairs.width), rows), pairs, buf, *theme);
        None
    }
}

impl Information {
    fn offset(&self, state: &State, ledger: &Ledger, visible: usize) -> usize {
        table::follow(self.offset, ledger.selected(state, self.part), visible, ledger.parts.len())
    }
}

fn lines(lines: &[Line<'static>], area: Rect, buf: &mut Buffer, theme: Theme) {
    for (line, row) in lines.iter().zip(area.rows()) {
        draw::line(buf, row, line, Alignment::Left, &theme);
    }
}

/// The name of a unit.
fn name(unit: Unit, state: &State) -> &'static str {
    state.language.text(match unit {
        Unit::Bits => Message::Bits,
        Unit::Nats => Message::Nats,
    })
}

/// So many bits in a unit, to three places.
fn number(unit: Unit, bits: f64) -> String {
    let amount = unit.of(bits);
    // What rounds to nothing has no sign.
    match amount {
        _ if amount.is_infinite() => "∞".to_owned(),
        _ if amount.abs() < 0.0005 => "0.000".to_owned(),
        _ => format!("{amount:.3}"),
    }
}

/// A probability as a share of a hundred.
fn percent(probability: f64) -> String {
    format::percent(probability as f32)
}
