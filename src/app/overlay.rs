//! What opens over the panes: help, the command palette, the search, the question for a model.

mod question;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyModifiers;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::keymap;
use super::keymap::Binding;
use super::keymap::Key;
use crate::lm::Kind;
use crate::panes::format;
use crate::panes::prompt;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::Notice;
use crate::state::PaneId;
use crate::state::State;
use crate::state::settings::help_of;
use crate::state::settings::name_of;
use crate::ui::Hint;
use crate::ui::Language;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::draw;
use crate::ui::field::Field;
use crate::ui::panel;
use crate::ui::safe;

pub(super) use question::Question;

/// What is open over the panes.
#[derive(Debug)]
pub(super) enum Overlay {
    /// Every key of a pane.
    Help {
        /// The pane.
        pane: PaneId,
        /// The first row in view.
        offset: usize,
    },
    /// Commands by name.
    Palette {
        /// The pane whose commands they are.
        pane: PaneId,
        /// What is looked for.
        field: Field,
        /// The selected row.
        selected: usize,
    },
    /// A token of the vocabulary, by its text or `#id`.
    Search {
        /// What is looked for.
        field: Field,
        /// The candidate that was selected before.
        before: usize,
        /// How many tokens fit, and which of them is selected, from 1.
        found: Option<(usize, usize)>,
    },
    /// A question that is answered in one line.
    Ask {
        /// What is asked.
        question: Question,
        /// The answer so far.
        field: Field,
    },
    /// The stages that a pipeline can have.
    AddStage {
        /// The selected row.
        selected: usize,
    },
}

/// What a key in an overlay comes to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict {
    /// The overlay stays.
    Stay,
    /// It closes.
    Close,
    /// It closes, and a command is done.
    Do(Command),
}

impl Overlay {
    pub(super) fn help(pane: PaneId) -> Self {
        Self::Help { pane, offset: 0 }
    }

    pub(super) fn palette(pane: PaneId) -> Self {
        Self::Palette { pane, field: Field::single_line(), selected: 0 }
    }

    pub(super) fn search(state: &State) -> Self {
        Self::Search { field: Field::single_line(), before: state.candidate, found: None }
    }

    pub(super) fn ask(question: Question, answer: &str) -> Self {
        let mut field = Field::single_line();
        field.paste(answer);
        Self::Ask { question, field }
    }

    pub(super) fn add_stage() -> Self {
        Self::AddStage { selected: 0 }
    }

    /// A key in the overlay.
    pub(super) fn key(&mut self, ctx: &mut Ctx<'_>, event: KeyEvent) -> Verdict {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        if event.code == KeyCode::Esc {
            if let Self::Search { before, .. } = self {
                ctx.state.candidate = *before;
            }
            return Verdict::Close;
        }
        match self {
            Self::Help { pane, offset } => {
                let last = keymap::effective(*pane).len().saturating_sub(1);
                match event.code {
                    KeyCode::Up | KeyCode::Char('k') => *offset = offset.saturating_sub(1),
                    KeyCode::Down | KeyCode::Char('j') => *offset = (*offset + 1).min(last),
                    KeyCode::PageUp => *offset = offset.saturating_sub(10),
                    KeyCode::PageDown | KeyCode::Char(' ') => *offset = (*offset + 10).min(last),
                    KeyCode::Enter | KeyCode::F(1) | KeyCode::Char('q' | '?') => return Verdict::Close,
                    _ => {}
                }
            }
            Self::Palette { pane, field, selected } => {
                let found = matching(ctx.state, *pane, field.text());
                match event.code {
                    KeyCode::Enter => {
                        return found.get(*selected).map_or(Verdict::Close, |binding| Verdict::Do(binding.command));
                    }
                    KeyCode::Up => *selected = selected.saturating_sub(1),
                    KeyCode::Down => *selected = (*selected + 1).min(found.len().saturating_sub(1)),
                    _ => {
                        typed(field, event, control);
                        *selected = 0;
                    }
                }
            }
            Self::Search { field, found, .. } => {
                let from = match event.code {
                    KeyCode::Enter => {
                        if found.is_none() && !field.text().is_empty() {
                            let asked = safe::visible(field.text());
                            ctx.say(Notice::hint(Message::NoMatch, &[&asked]));
                        }
                        return Verdict::Close;
                    }
                    KeyCode::Down => Seek::After(ctx.state.candidate),
                    KeyCode::Up => Seek::Before(ctx.state.candidate),
                    _ => {
                        typed(field, event, control);
                        Seek::First
                    }
                };
                *found = seek(ctx.state, field.text(), from);
            }
            Self::Ask { question, field } => {
                if event.code == KeyCode::Enter {
                    let taken = question.answer(ctx, field.text());
                    return if taken { Verdict::Close } else { Verdict::Stay };
                }
                ctx.state.notice = None;
                typed(field, event, control);
            }
            Self::AddStage { selected } => {
                let last = Kind::ALL.len() - 1;
                match event.code {
                    KeyCode::Up | KeyCode::Char('k') => *selected = selected.saturating_sub(1),
                    KeyCode::Down | KeyCode::Char('j') => *selected = (*selected + 1).min(last),
                    KeyCode::Enter => {
                        let kind = Kind::ALL[*selected];
                        ctx.add_stage(kind);
                        let written = Verdict::Do(Command::WritePipeline);
                        return if kind.takes_text() { written } else { Verdict::Close };
                    }
                    KeyCode::Char('q') => return Verdict::Close,
                    _ => {}
                }
            }
        }
        Verdict::Stay
    }

    /// The keys that count while it is open.
    pub(super) fn hints(&self, language: Language) -> Vec<Hint> {
        let keys: &[(&str, Message)] = match self {
            Self::Help { .. } => &[("↑ ↓", Message::KeyScroll), ("Esc", Message::KeyClose)],
            Self::Palette { .. } => {
                &[("Enter", Message::KeyDo), ("↑ ↓", Message::KeyChoose), ("Esc", Message::KeyClose)]
            }
            Self::Search { .. } => {
                &[("Enter", Message::KeyStay), ("↑ ↓", Message::KeyOtherMatches), ("Esc", Message::KeyGoBack)]
            }
            Self::Ask { question, .. } => &[("Enter", question.deed()), ("Esc", Message::KeyClose)],
            Self::AddStage { .. } => {
                &[("Enter", Message::KeyAdd), ("↑ ↓", Message::KeyChoose), ("Esc", Message::KeyClose)]
            }
        };
        let hint = |&(key, what): &(&str, Message)| Hint { key: key.to_owned(), what: language.text(what).to_owned() };
        keys.iter().map(hint).collect()
    }

    /// A paste into the overlay's field, if it has one.
    pub(super) fn paste(&mut self, ctx: &mut Ctx<'_>, text: &str) {
        match self {
            Self::Help { .. } | Self::AddStage { .. } => {}
            Self::Palette { field, selected, .. } => {
                field.paste(text);
                *selected = 0;
            }
            Self::Search { field, found, .. } => {
                field.paste(text);
                *found = seek(ctx.state, field.text(), Seek::First);
            }
            Self::Ask { field, .. } => field.paste(text),
        }
    }

    /// Draws the overlay over the panes; the status line has so many rows of what it has to say.
    pub(super) fn view(&self, state: &State, area: Rect, said: u16, buf: &mut Buffer) -> Option<Position> {
        match self {
            Self::Help { pane, offset } => {
                let bindings = keymap::effective(*pane);
                let rows: Vec<_> = bindings.iter().map(|(binding, keys)| key_row(state, binding, keys, None)).collect();
                list(state, Message::TitleHelp, &rows, *offset, area, buf);
                None
            }
            Self::Palette { pane, field, selected } => {
                let found = matching(state, *pane, field.text());
                let row = |(index, binding): (usize, &&Binding)| {
                    key_row(state, binding, binding.keys, Some(index == *selected))
                };
                let rows: Vec<_> = found.iter().enumerate().map(row).collect();
                let offset = selected.saturating_sub(usize::from(area.height) / 3);
                let inner = list(state, Message::TitlePalette, &rows, offset, area, buf);
                line(state, field, Message::TitlePalette, "", inner, buf)
            }
            Self::Search { field, found, .. } => {
                let (count, index) = found.unwrap_or((0, 0));
                let asked = !field.text().is_empty();
                let note = state.language.say(Message::FoundOf, &[&index, &count]);
                line(state, field, Message::SearchToken, if asked { &note } else { "" }, bottom(area), buf)
            }
            Self::Ask { question, field } => ask(state, field, question.words(), area, said, buf),
            Self::AddStage { selected } => {
                let row = |(index, kind): (usize, &Kind)| stage_row(state, *kind, index == *selected);
                let rows: Vec<_> = Kind::ALL.iter().enumerate().map(row).collect();
                let offset = (selected + 6).saturating_sub(usize::from(area.height));
                list(state, Message::TitleAddStage, &rows, offset, area, buf);
                None
            }
        }
    }
}

/// A key in a one-line field.
fn typed(field: &mut Field, event: KeyEvent, control: bool) {
    let alt = event.modifiers.contains(KeyModifiers::ALT);
    if let (KeyCode::Char(letter), false, false) = (event.code, control, alt) {
        field.insert(letter.encode_utf8(&mut [0; 4]));
    } else if let Some(edit) = prompt::edit(event, control, alt) {
        field.edit(edit);
    }
}

/// The bindings of a pane whose name or help contains every word of a query.
fn matching(state: &State, pane: PaneId, query: &str) -> Vec<&'static Binding> {
    let query = query.to_lowercase();
    let fits = |binding: &&Binding| {
        let names = format!("{} {}", binding.command.name(), state.language.text(binding.help)).to_lowercase();
        query.split_whitespace().all(|word| names.contains(word))
    };
    keymap::effective(pane).into_iter().map(|(binding, _)| binding).filter(fits).collect()
}

/// Where the next token that fits is looked for.
#[derive(Clone, Copy)]
enum Seek {
    /// From the most probable one on.
    First,
    /// After a rank, and round.
    After(usize),
    /// Before a rank, and round.
    Before(usize),
}

/// Selects a candidate whose text contains the query, or whose id it is; returns how many fit, and which of them it is.
fn seek(state: &mut State, query: &str, from: Seek) -> Option<(usize, usize)> {
    let shown = state.shown().filter(|_| !query.is_empty())?;
    let id: Option<u32> = query.strip_prefix('#').and_then(|digits| digits.parse().ok());
    let fits = |token: u32| {
        let piece = state.piece(token);
        id == Some(token) || contains(piece, query.as_bytes()) || state.label(token).contains(query)
    };
    let order = shown.distribution.order().iter().enumerate();
    let ranks: Vec<usize> = order.filter(|&(_, &token)| fits(token)).map(|(rank, _)| rank).collect();
    let count = ranks.len();
    let index = match from {
        Seek::First => 0,
        Seek::After(rank) => ranks.iter().position(|&found| found > rank).unwrap_or(0),
        Seek::Before(rank) => ranks.iter().rposition(|&found| found < rank).unwrap_or(count.saturating_sub(1)),
    };
    state.candidate = *ranks.get(index)?;
    Some((count, index + 1))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// `Ctrl-R   take again what was undone`; in the palette, where a row can be selected, with the command's name.
fn key_row(state: &State, binding: &Binding, keys: &[Key], selected: Option<bool>) -> Line<'static> {
    let theme = &state.theme;
    let mut row = Line::from(vec![
        Span::styled(format!(" {} ", safe::left(&keymap::names(binding, keys), 14)), theme.key()),
        Span::styled(state.language.text(binding.help), theme.text()),
    ]);
    if let Some(selected) = selected {
        row.spans.insert(1, Span::styled(safe::left(&binding.command.name(), 18), theme.dim()));
        if selected {
            row = row.patch_style(theme.selected_row());
        }
    }
    row
}

/// A framed list in the middle of the screen; returns its last row but one, where a field can stand.
fn list(state: &State, title: Message, rows: &[Line<'static>], offset: usize, area: Rect, buf: &mut Buffer) -> Rect {
    let width = area.width.min(90);
    let height = area.height.saturating_sub(4).min(rows.len() as u16 + 4).max(5).min(area.height);
    let place = area.centered(ratatui::layout::Constraint::Length(width), ratatui::layout::Constraint::Length(height));
    draw::clear(buf, place);
    let frame = Panel {
        title: state.language.text(title),
        foot: state.language.text(Message::EscCloses),
        focused: true,
        ..Panel::default()
    };
    let inner = panel::draw(&frame, place, buf, &state.theme);
    let visible = Rect { height: inner.height.saturating_sub(1), ..inner };
    for (row, place) in rows.iter().skip(offset).zip(visible.rows()) {
        draw::line(buf, place, row, Alignment::Left, &state.theme);
    }
    panel::scrollbar(offset, usize::from(visible.height), rows.len(), place, buf, &state.theme);
    Rect { y: visible.bottom(), height: inner.height.min(1), ..inner }
}

/// A kind of stage: its name, and what it does.
fn stage_row(state: &State, kind: Kind, selected: bool) -> Line<'static> {
    let (language, theme) = (state.language, &state.theme);
    let row = Line::from(vec![
        Span::styled(format!(" {} ", safe::left(language.text(name_of(kind)), 14)), theme.key()),
        Span::styled(language.text(help_of(kind)), theme.text()),
    ]);
    if selected { row.patch_style(theme.selected_row()) } else { row }
}

/// A question and its answer's field: in the status line's row, or the footer's where that line has something to say of the
/// answer. A question that leaves the answer little room stands above.
fn ask(state: &State, field: &Field, question: Message, area: Rect, said: u16, buf: &mut Buffer) -> Option<Position> {
    let row = bottom(area);
    let row = if said > 0 { Rect { y: area.bottom().saturating_sub(1), ..row } } else { row };
    let words = state.language.text(question);
    if safe::width(words) <= usize::from(area.width / 2) {
        return line(state, field, question, "", row, buf);
    }
    let rows = format::wrapped(words, usize::from(area.width).saturating_sub(2));
    let under = bottom(area).y + 1 - said.max(1);
    for (index, text) in (0..).zip(&rows) {
        let above = Rect { y: under.saturating_sub(rows.len() as u16 - index), ..row };
        draw::clear(buf, above);
        draw::line(buf, above, &Line::styled(format!(" {text}"), state.theme.key()), Alignment::Left, &state.theme);
    }
    draw::clear(buf, row);
    let arrow = Line::styled(if state.theme.ascii { " > " } else { " › " }, state.theme.key());
    draw::line(buf, row, &arrow, Alignment::Left, &state.theme);
    let rest = Rect { x: row.x + 3.min(row.width), width: row.width.saturating_sub(3), ..row };
    field.draw(rest, buf, &state.theme, &|_| state.theme.text())
}

/// The status line's row, where a question is asked.
fn bottom(area: Rect) -> Rect {
    Rect { y: area.bottom().saturating_sub(2), height: area.height.min(1), ..area }
}

/// A question and its answer's field in one row.
fn line(state: &State, field: &Field, question: Message, note: &str, row: Rect, buf: &mut Buffer) -> Option<Position> {
    let theme = &state.theme;
    draw::clear(buf, row);
    let question = format!(" {}: ", state.language.text(question));
    let width = safe::width(&question) as u16;
    draw::line(buf, row, &Line::styled(question, theme.key()), Alignment::Left, theme);
    let noted = (safe::width(note) as u16).min(row.width / 3);
    let right = Rect { x: row.right() - noted, width: noted, ..row };
    draw::line(buf, right, &Line::styled(note.to_owned(), theme.dim()), Alignment::Right, theme);
    let rest = Rect { x: row.x + width.min(row.width), width: row.width.saturating_sub(width + noted), ..row };
    field.draw(rest, buf, theme, &|_| theme.text())
}
