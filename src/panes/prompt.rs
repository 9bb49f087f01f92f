//! The text: typed at the front, generated after it, coloured by what each token cost.

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyModifiers;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Line;
use ratatui::text::Span;

use super::Pane;
use super::View;
use crate::job::Lane;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::Flow;
use crate::state::State;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::draw;
use crate::ui::field::Edit;
use crate::ui::field::Field;
use crate::ui::panel;

/// The text pane: the field that the person types in.
#[derive(Debug, Default)]
pub struct Prompt {
    field: Field,
    /// The text is the program's own example, and the first thing typed takes its place.
    example: bool,
}

impl Prompt {
    /// A pane with a text in it; an `example` gives way to the first thing typed.
    pub fn new(text: &str, example: bool) -> Self {
        Self { field: Field::new(text), example }
    }

    /// The text in the field.
    pub fn text(&self) -> &str {
        self.field.text()
    }

    /// Puts a text into the field, unless it is there already; undo brings the former one back.
    pub fn set(&mut self, text: &str) {
        if self.field.text() != text {
            self.field.set(text);
        }
    }

    /// A key in the field; returns whether the field had a use for it.
    pub fn key(&mut self, ctx: &mut Ctx<'_>, event: KeyEvent, area: Rect) -> bool {
        self.field.set_width(area.width.saturating_sub(2));
        self.take_over(ctx);
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        if let (KeyCode::Char(letter), false, false) = (event.code, control, alt) {
            self.give_way();
            self.field.insert(letter.encode_utf8(&mut [0; 4]));
        } else if let Some(edit) = edit(event, control, alt) {
            if matches!(edit, Edit::Backspace | Edit::DeleteWord | Edit::DeleteToStart) {
                self.give_way();
            }
            self.field.edit(edit);
            self.example = false;
        } else {
            return false;
        }
        ctx.set_text(self.field.text());
        true
    }

    /// A paste into the field. Line ends become line feeds.
    pub fn paste(&mut self, ctx: &mut Ctx<'_>, text: &str) {
        self.take_over(ctx);
        self.give_way();
        self.field.paste(&text.replace("\r\n", "\n").replace('\r', "\n"));
        ctx.set_text(self.field.text());
    }

    /// The person looks elsewhere: from now on the example is a text like any other.
    pub fn leave(&mut self) {
        self.example = false;
    }

    /// What was generated becomes part of the text before the text is edited, so that typing goes on from what is seen.
    fn take_over(&mut self, ctx: &mut Ctx<'_>) {
        if ctx.state.source_len() == 0
            && ctx.state.run.text_len() < ctx.state.run.len()
            && *self.field.text() == **ctx.state.run.text()
        {
            let flow = Flow::of(ctx.state);
            self.field.edit(Edit::Finish);
            self.field.insert(&flow.text[flow.given..flow.finished]);
            ctx.set_text(self.field.text());
        }
    }

    fn give_way(&mut self) {
        if std::mem::take(&mut self.example) {
            self.field.set("");
        }
    }
}

/// What a key does to a field, in the manner of a shell's line.
pub fn edit(event: KeyEvent, control: bool, alt: bool) -> Option<Edit> {
    Some(match event.code {
        KeyCode::Left if control || alt => Edit::WordLeft,
        KeyCode::Right if control || alt => Edit::WordRight,
        KeyCode::Left => Edit::Left,
        KeyCode::Right => Edit::Right,
        KeyCode::Up => Edit::Up,
        KeyCode::Down => Edit::Down,
        KeyCode::Home if control => Edit::Start,
        KeyCode::End if control => Edit::Finish,
        KeyCode::Home => Edit::Home,
        KeyCode::End => Edit::End,
        KeyCode::Backspace if control || alt => Edit::DeleteWord,
        KeyCode::Backspace => Edit::Backspace,
        KeyCode::Delete => Edit::Delete,
        KeyCode::Char(letter) if control => match letter {
            'a' => Edit::Home,
            'e' => Edit::End,
            'b' => Edit::Left,
            'f' => Edit::Right,
            'd' => Edit::Delete,
            'w' => Edit::DeleteWord,
            'u' => Edit::DeleteToStart,
            _ => return None,
        },
        KeyCode::Char('b') if alt => Edit::WordLeft,
        KeyCode::Char('f') if alt => Edit::WordRight,
        _ => return None,
    })
}

impl Pane for Prompt {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, _area: Rect) -> bool {
        let edit = match command {
            Command::Undo => Edit::Undo,
            Command::Redo => Edit::Redo,
            Command::Newline => Edit::Newline,
            _ => return false,
        };
        self.take_over(ctx);
        self.field.edit(edit);
        self.example = false;
        ctx.set_text(self.field.text());
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        let flow = Flow::with_specials(ctx.state);
        let field = whole(ctx.state, &flow, None);
        let inner = area.inner(ratatui::layout::Margin::new(1, 1));
        if let Some(byte) = field.byte_at(inner, at) {
            self.leave();
            if byte <= self.field.text().len() {
                self.field.move_to(byte);
            }
            if let Some(token) = flow.token_at(byte) {
                ctx.select(token);
            }
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, theme) = (state.language, &state.theme);
        let tokens = state.run.len();
        let context = state.model.as_ref().map_or(0, |model| model.engine.config.context);
        let note = if state.is_busy(Lane::Run) && !state.playing && tokens > 0 {
            language.say(Message::ReadingOf, &[&state.run.context().len(), &tokens])
        } else {
            language.say(Message::TokensOf, &[&tokens, &context])
        };
        let hint = match (self.example, view.focused, self.field.text().is_empty()) {
            (true, true, _) => language.text(Message::TypeToReplace),
            (_, true, true) => language.text(Message::TypeText),
            _ => "",
        };
        let frame = Panel {
            title: language.text(Message::TitleText),
            details: hint,
            note: &note,
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, theme);
        if view.boxed {
            legend(state, view.area, buf);
        }
        // While the tokens of a new text are on their way, the old ones say nothing about it.
        let settled = *self.field.text() == **state.run.text();
        let flow = if settled {
            Flow::with_specials(state)
        } else {
            Flow { text: self.field.text().to_owned(), given: self.field.text().len(), ..Flow::default() }
        };
        // Typing goes on after what was generated, so the cursor stands there.
        let end = if flow.given < flow.text.len() { flow.finished } else { self.field.cursor() };
        let cursor = view.focused.then_some(end);
        let selected = flow.bytes_of(state.selected);
        let style = |byte: usize| {
            let Some(token) = flow.token_at(byte) else { return theme.text() };
            if token == state.selected && selected.contains(&byte) && !view.focused {
                return theme.accent();
            }
            let node = state.run.at(token);
            let style =
                node.and_then(|node| node.score).map_or(theme.text(), |score| theme.surprisal(score.surprisal as f32));
            if byte >= flow.given { style.add_modifier(Modifier::ITALIC) } else { style }
        };
        let place = whole(state, &flow, cursor).draw(inner, buf, theme, &style);
        place.filter(|_| view.focused)
    }
}

/// What the colours of the text mean, on the frame's lower edge.
fn legend(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let number = |bits: u8| Span::styled(format!(" {bits}"), theme.surprisal(f32::from(bits)));
    let mut spans: Vec<Span<'_>> = [0, 2, 4, 6, 8, 10, 12].map(number).into();
    spans.push(Span::styled(format!("+ {} ", state.language.text(Message::Bits)), theme.dim()));
    let row =
        Rect { x: area.x + 2, y: area.bottom().saturating_sub(1), width: area.width.saturating_sub(4), height: 1 };
    draw::line(buf, row, &Line::from(spans), Alignment::Right, theme);
}

/// The whole text as a field that shows its cursor, or the selected token.
fn whole(state: &State, flow: &Flow, cursor: Option<usize>) -> Field {
    let mut field = Field::new(&flow.text);
    field.move_to(cursor.unwrap_or_else(|| flow.bytes_of(state.selected).start));
    field
}
