//! Architectures on the text: the objectives, and the picture of the selected one.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::text::Span;

use super::Pane;
use super::View;
use super::lines::wrapped;
use crate::lab::architectures;
use crate::lab::architectures::Architecture;
use crate::lab::architectures::Cell;
use crate::lab::architectures::OBJECTIVES;
use crate::lab::architectures::Role;
use crate::lab::architectures::Scene;
use crate::lab::masks::objective::Piece;
use crate::lm::Mask;
use crate::lm::blueprint::Objective;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::State;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::draw;
use crate::ui::panel;
use crate::ui::safe;

/// The architectures pane. What it shows is shared; its own is how many lines of it have gone by above.
#[derive(Debug, Default)]
pub struct Architectures {
    above: usize,
}

/// How many lines a page down or up goes by.
const PAGE: usize = 8;

/// Columns of the list, in a narrow frame and in a wide one.
const LIST: (u16, u16) = (22, 34);
/// The narrowest frame with a wide list, and with the grid of who sees whom.
const WIDE: u16 = 110;
/// The most places of that grid.
const GRID: usize = 24;

/// A row of the list: an architecture, or an objective by its index.
enum Item {
    Title(Architecture),
    Objective(usize),
}

fn items() -> Vec<Item> {
    let mut items = Vec::new();
    let mut last = None;
    for (index, &objective) in OBJECTIVES.iter().enumerate() {
        let architecture = Architecture::of(objective);
        if last != Some(architecture) {
            items.push(Item::Title(architecture));
            last = Some(architecture);
        }
        items.push(Item::Objective(index));
    }
    items
}

fn index_of(objective: Objective) -> usize {
    OBJECTIVES.iter().position(|&other| other == objective).unwrap_or(0)
}

/// The list, and what is beside it.
fn parts(inner: Rect) -> (Rect, Rect) {
    let columns = if inner.width >= WIDE { LIST.1 } else { LIST.0 };
    let list = Rect { width: columns.min(inner.width), ..inner };
    (list, Rect { x: list.right() + 1, width: inner.width.saturating_sub(list.width + 1), ..inner })
}

/// What is inside the frame: a box around it, or a rule above.
fn inside(area: Rect, boxed: bool) -> Rect {
    let edge = u16::from(boxed);
    let (width, height) = (area.width.saturating_sub(2 * edge), area.height.saturating_sub(1 + edge));
    Rect { x: area.x + edge, y: area.y + 1, width, height }
}

impl Pane for Architectures {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, area: Rect) -> bool {
        match command {
            Command::DrawAnew => {
                ctx.draw_anew();
                return true;
            }
            Command::PageDown | Command::PageUp => {
                // As in a box, which has the least room.
                let room = parts(inside(area, true)).1;
                let most = scene(ctx.state).map_or(0, |scene| told(ctx.state, scene, room).hidden(room));
                let above = self.above.min(most);
                let down = command == Command::PageDown;
                self.above = if down { (above + PAGE).min(most) } else { above.saturating_sub(PAGE) };
                return true;
            }
            _ => {}
        }
        let at = index_of(ctx.state.objective());
        let Some(at) = super::moved(command, at, OBJECTIVES.len(), OBJECTIVES.len()) else { return false };
        ctx.choose_objective(at);
        self.above = 0;
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        let (list, _) = parts(inside(area, false));
        let row = list.contains(at).then(|| usize::from(at.y - list.y));
        if let Some(Item::Objective(index)) = row.and_then(|row| items().into_iter().nth(row)) {
            ctx.choose_objective(index);
            self.above = 0;
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let scene = scene(state);
        let room = parts(inside(view.area, view.boxed)).1;
        let told = scene.map(|scene| told(state, scene, room));
        let most = told.as_ref().map_or(0, |told| told.hidden(room));
        let above = self.above.min(most);
        let rest = match (above, most - above) {
            (0, 0) => String::new(),
            (_, 0) => state.language.text(Message::ArchitectureAbove).to_owned(),
            (_, below) => state.language.say(Message::ArchitectureBelow, &[&below]),
        };
        let frame = Panel {
            title: state.language.text(Message::TitleArchitectures),
            note: &rest,
            details: state.language.text(Message::ArchitecturesNote),
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, &state.theme);
        let (list, beside) = parts(inner);
        draw_list(state, list, buf);
        match scene.zip(told) {
            Some((scene, told)) => draw_scene(state, scene, &told, above, beside, buf),
            None => super::remark(state, Message::NothingToShow, beside, buf),
        }
        None
    }
}

fn draw_list(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let selected = index_of(state.objective());
    let own = state.model.as_ref().map(|model| index_of(model.engine.blueprint.objective));
    for (item, row) in items().iter().zip(area.rows()) {
        let line = match item {
            Item::Title(architecture) => Line::styled(architecture.name(), theme.dim()),
            Item::Objective(index) => {
                let name = state.language.term(OBJECTIVES[*index].name());
                let mark = if *index == selected { "▸" } else { " " };
                let dot = if Some(*index) == own { "●" } else { " " };
                let columns = usize::from(area.width).saturating_sub(3);
                Line::from(format!("{mark}{dot} {}", safe::fit(&name, columns)))
            }
        };
        draw::line(buf, row, &line, Alignment::Left, theme);
        if matches!(item, Item::Objective(index) if *index == selected) {
            draw::restyle(buf, row, theme.selected_row());
        }
    }
}

/// The scene of the objective in view, if there is something on it.
fn scene(state: &State) -> Option<&Scene> {
    let scene = state.architectures.scene.as_deref();
    scene.filter(|scene| scene.objective == state.objective() && !scene.first.is_empty())
}

/// What is said and drawn beside the list.
struct Told {
    lines: Vec<Line<'static>>,
    /// How many lines stand above the picture.
    head: usize,
    /// How many columns the grid takes beside the picture; 0 where it has no room.
    grid: usize,
}

impl Told {
    /// How many lines have no room in an area.
    fn hidden(&self, area: Rect) -> usize {
        self.lines.len().saturating_sub(usize::from(area.height))
    }
}

fn told(state: &State, scene: &Scene, area: Rect) -> Told {
    let (theme, language) = (&state.theme, state.language);
    let mut columns = usize::from(area.width);
    let architecture = Architecture::of(scene.objective);
    let mut lines = wrapped(architecture.message().text(language), columns, theme.text());
    lines.extend(wrapped(architectures::asks(scene.objective).text(language), columns, theme.dim()));
    lines.push(Line::default());
    let head = lines.len();
    let places = scene.first.len().min(GRID);
    let grid = if area.width >= WIDE - LIST.1 { 2 * places + 2 } else { 0 };
    columns = columns.saturating_sub(grid);
    let own = state.model.as_ref().is_some_and(|model| model.name == scene.model);
    let selected = state.selected_piece().filter(|_| own);
    let from = architectures::first_in_view(scene, selected, columns);
    let (rows, more) = architectures::picture(scene, from, columns, language);
    lines.extend(
        rows.iter().map(|row| Line::from(row.iter().map(|cell| span(cell, selected, state)).collect::<Vec<_>>())),
    );
    if more {
        lines.push(Line::styled(format!(" … {}", language.text(Message::ArchitectureMore)), theme.dim()));
    }
    lines.push(Line::default());
    if let Some(model) = &state.model {
        for sentence in architectures::said(scene, model, &state.architectures.found, language) {
            lines.extend(wrapped(&sentence, columns, theme.text()));
        }
    }
    Told { lines, head, grid }
}

fn draw_scene(state: &State, scene: &Scene, told: &Told, above: usize, area: Rect, buf: &mut Buffer) {
    let &Told { ref lines, head, grid } = told;
    for (line, row) in lines.iter().skip(above).zip(area.rows()) {
        draw::line(buf, row, line, Alignment::Left, &state.theme);
    }
    if grid > 0 && above <= head {
        let (width, top) = (grid as u16 - 1, (head - above) as u16);
        let beside = Rect { x: area.right() - width, y: area.y + top, width, height: area.height.saturating_sub(top) };
        draw_grid(&scene.first_mask, scene.first.len().min(GRID), beside, state, buf);
    }
}

fn span(cell: &Cell, selected: Option<Piece>, state: &State) -> Span<'static> {
    let theme = &state.theme;
    let style: Style = match cell.role {
        Role::Caption | Role::Frame => theme.dim(),
        Role::Token => theme.text(),
        Role::Sign => theme.special(),
        Role::Asked => theme.title(true),
        Role::Bits(bits) => theme.surprisal(bits as f32),
    };
    let is_selected = selected.is_some() && cell.piece == selected;
    Span::styled(cell.text.clone(), if is_selected { style.patch(theme.selected_row()) } else { style })
}

/// Who sees whom: a row for each query, a column for each key.
fn draw_grid(mask: &Mask, places: usize, area: Rect, state: &State, buf: &mut Buffer) {
    for (query, row) in (0..places).zip(area.rows()) {
        let cells: String = (0..places).map(|key| if mask.visible(query, key) { "■ " } else { "· " }).collect();
        draw::put(buf, row, row.x, row.y, &cells, state.theme.text());
    }
}
