//! The screen's composition: which pane stands where.
//!
//! ```text
//! 200×60: header · text · (tokens over attention) | next · status · footer
//! 120×40: header · text · tokens | next · attention · status · footer
//!  80×24: header · text (two lines) · one pane · status · footer
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::App;
use super::keymap;
use super::status;
use crate::panes::View;
use crate::panes::format;
use crate::state::Command;
use crate::state::PaneId;
use crate::state::State;
use crate::ui::Hint;
use crate::ui::Message;
use crate::ui::draw;
use crate::ui::footer;
use crate::ui::safe;

/// The smallest screen that shows anything but a word.
const LEAST: (u16, u16) = (40, 12);
/// The smallest screen that shows every pane at once.
const ALL: (u16, u16) = (100, 30);

/// The columns of the header that the program's name, the model's and the language's code take at least.
const LEFT: usize = 28;

/// From this width on, the distribution has a column of its own.
const WIDE: u16 = 150;

/// Where everything is.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    header: Rect,
    panes: Vec<(PaneId, Rect)>,
    boxed: bool,
    status: Rect,
    footer: Rect,
}

impl Layout {
    /// The cells of a pane; none when it is not shown.
    pub(super) fn area(&self, pane: PaneId) -> Rect {
        self.panes.iter().find(|(id, _)| *id == pane).map_or_else(Rect::default, |&(_, area)| area)
    }
}

/// Where everything is on a screen.
pub(super) fn layout(app: &App, area: Rect) -> Layout {
    let row = |y: u16| Rect { y, height: 1, ..area };
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(3), ..area };
    let all = area.width >= ALL.0 && area.height >= ALL.1;
    let alone = app.zoomed || app.focus.has_a_page();
    let panes = if all && !alone { together(body) } else { one(app, body, all) };
    Layout {
        header: row(area.y),
        panes,
        boxed: all,
        status: row(area.bottom().saturating_sub(2)),
        footer: row(area.bottom().saturating_sub(1)),
    }
}

/// Every pane at once; on a wide screen the distribution has a column of its own.
fn together(body: Rect) -> Vec<(PaneId, Rect)> {
    let text = if body.height >= 45 { 6 } else { 5 };
    let below = Rect { y: body.y + text, height: body.height - text, ..body };
    let upper = (below.height * 45 / 100).max(11);
    let wide = body.width >= WIDE;
    let left = if wide { body.width * 58 / 100 } else { body.width / 2 };
    let right = Rect { x: below.x + left, width: below.width - left, ..below };
    let beneath = Rect { y: below.y + upper, height: below.height - upper, ..below };
    vec![
        (PaneId::Text, Rect { height: text, ..body }),
        (PaneId::Tokens, Rect { width: left, height: upper, ..below }),
        (PaneId::Next, if wide { right } else { Rect { height: upper, ..right } }),
        (PaneId::Attention, if wide { Rect { width: left, ..beneath } } else { beneath }),
    ]
}

/// The text, and one pane below it: the focused one, or what comes next while the person types.
fn one(app: &App, body: Rect, roomy: bool) -> Vec<(PaneId, Rect)> {
    let typing = app.focus == PaneId::Text;
    if app.focus.takes_all() {
        return vec![(app.focus, body)];
    }
    if typing && app.zoomed {
        return vec![(PaneId::Text, body)];
    }
    let text = if roomy || (typing && body.height >= 16) { 5 } else { 3 }.min(body.height);
    let below = Rect { y: body.y + text, height: body.height - text, ..body };
    vec![(PaneId::Text, Rect { height: text, ..body }), (if typing { PaneId::Next } else { app.focus }, below)]
}

/// The pane at a place, and its cells.
pub(super) fn pane_at(app: &App, at: Position) -> Option<(PaneId, Rect)> {
    let layout = layout(app, Rect::new(0, 0, app.size.0, app.size.1));
    layout.panes.into_iter().find(|(_, area)| area.contains(at))
}

/// The tab at a place of the header.
pub(super) fn tab_at(app: &App, at: Position) -> Option<PaneId> {
    let header = layout(app, Rect::new(0, 0, app.size.0, app.size.1)).header;
    tabs(app, header).into_iter().find(|(_, place, _)| place.contains(at)).map(|(pane, _, _)| pane)
}

/// Draws everything; returns where the terminal's cursor belongs.
pub(super) fn draw(app: &App, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let state = &app.state;
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let words = state.language.say(Message::TooSmall, &[&area.width, &area.height]);
        let middle = Rect { y: area.y + area.height / 2, height: area.height.min(1), ..area };
        draw::line(buf, middle, &Line::raw(words), Alignment::Center, &state.theme);
        return None;
    }
    let layout = layout(app, area);
    header(app, layout.header, buf);
    let mut cursor = None;
    for &(pane, area) in &layout.panes {
        let view = View { state, area, focused: pane == app.focus && app.overlay.is_none(), boxed: layout.boxed };
        cursor = app.panes.get(pane).view(&view, buf).or(cursor);
    }
    let said = status::draw(app, layout.status, buf);
    foot(app, layout.footer, buf);
    if let Some(overlay) = &app.overlay {
        cursor = overlay.view(state, area, said, buf);
    }
    draw::finish(buf, &state.theme);
    cursor
}

/// The tabs at the right of the header: pane, place, text. A group's pages stand beside one another while one of them has the
/// focus; of the other groups, and where there is little room, one stands for all.
fn tabs(app: &App, area: Rect) -> Vec<(PaneId, Rect, String)> {
    let title = |pane: PaneId| app.state.language.text(pane.title());
    let here = |pane: PaneId| pane.digit() == app.focus.digit();
    let beside = |first: PaneId| {
        let pages = first.group().filter(move |&pane| here(pane) || pane == first);
        pages.enumerate().map(move |(index, pane)| match index {
            0 => (pane, format!(" {} {} ", pane.digit(), title(pane))),
            _ => (pane, format!("· {} ", title(pane))),
        })
    };
    let folded = |first: PaneId, names: bool| {
        let pane = if here(first) { app.focus } else { first };
        let pages = pane.group().len();
        let name = match pane.group().position(|page| page == pane) {
            Some(index) if here(first) && pages > 1 => {
                format!(" {} {} {}/{pages} ", pane.digit(), title(pane), index + 1)
            }
            _ if names || here(first) => format!(" {} {} ", pane.digit(), title(pane)),
            _ => format!(" {} ", pane.digit()),
        };
        (pane, name)
    };
    let width = |tabs: &[(PaneId, String)]| tabs.iter().map(|(_, name)| safe::width(name)).sum::<usize>();
    let choices = [
        PaneId::firsts().flat_map(beside).collect::<Vec<_>>(),
        PaneId::firsts().map(|first| folded(first, true)).collect(),
        PaneId::firsts().map(|first| folded(first, false)).collect(),
    ];
    let fits = |tabs: &&Vec<(PaneId, String)>| width(tabs) + LEFT <= usize::from(area.width);
    let tabs = choices.iter().find(fits).unwrap_or(&choices[2]);
    let mut x = area.right().saturating_sub(width(tabs) as u16 + 4);
    let placed = tabs.iter().map(|(pane, name)| {
        let place = Rect { x, width: safe::width(name) as u16, ..area };
        x = place.right();
        (*pane, place, name.clone())
    });
    placed.collect()
}

fn header(app: &App, area: Rect, buf: &mut Buffer) {
    let state = &app.state;
    let (language, theme) = (state.language, &state.theme);
    let tabs = tabs(app, area);
    let left = tabs.first().map_or(area.right(), |(_, place, _)| place.x).saturating_sub(area.x);
    let mut spans = vec![Span::styled(" lmscope ", theme.title(true))];
    if let Some(model) = &state.model {
        let config = &model.engine.config;
        let size = format::short(model.parameters);
        let shape = format!(" · {}", language.say(Message::HeaderShape, &[&config.layers, &config.heads]));
        let room = usize::from(left).saturating_sub(12 + size.len());
        let name = safe::fit(&safe::visible(&model.name), room);
        let room = room.saturating_sub(safe::width(&name));
        spans.push(Span::styled(format!(" {name} {size}"), theme.text()));
        if safe::width(&shape) <= room {
            spans.push(Span::styled(shape, theme.dim()));
        }
    }
    if let Some(opening) = &state.opening {
        let opening = language.say(Message::Opening, &[&safe::visible(opening)]);
        spans.push(Span::styled(format!(" {opening}"), theme.dim()));
    }
    draw::line(buf, Rect { width: left, ..area }, &Line::from(spans), Alignment::Left, theme);
    for (pane, place, name) in &tabs {
        let style = if *pane == app.focus { theme.accent() } else { theme.dim() };
        draw::line(buf, *place, &Line::styled(name.clone(), style), Alignment::Left, theme);
    }
    let code = Rect { x: area.right().saturating_sub(3), width: 3.min(area.width), ..area };
    draw::line(buf, code, &Line::styled(language.code(), theme.dim()), Alignment::Left, theme);
}

/// Whether a command is of use with the model that is open: some go on, others fill in.
fn suits(state: &State, pane: PaneId, command: Command) -> bool {
    match command {
        Command::Beside => pane.group().len() > 1,
        Command::Hide => state.model.as_ref().is_some_and(|model| model.mask().is_some()) && !state.predicts_next(),
        Command::Play | Command::TurnUp if matches!(pane, PaneId::Masks | PaneId::Length) => true,
        Command::Play | Command::Step | Command::Branch | Command::NextParameter | Command::TurnUp => {
            state.predicts_next()
        }
        _ => true,
    }
}

fn foot(app: &App, area: Rect, buf: &mut Buffer) {
    let state = &app.state;
    let language = state.language;
    let hints: Vec<Hint> = match &app.overlay {
        Some(overlay) => overlay.hints(language),
        None => keymap::footer(app.focus)
            .into_iter()
            .filter(|binding| suits(state, app.focus, binding.command))
            .map(|binding| Hint {
                key: binding.keys.first().map(|key| key.name()).unwrap_or_default(),
                what: match binding.footer {
                    Some(_) if binding.command == Command::Play && state.playing => language.text(Message::KeyStop),
                    Some((_, word)) => language.text(word),
                    None => "",
                }
                .to_owned(),
            })
            .collect(),
    };
    footer::draw(&hints, "", area, buf, &state.theme);
}
