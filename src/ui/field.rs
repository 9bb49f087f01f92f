//! A text field: any text, edited by grapheme cluster, soft-wrapped, with undo.
//!
//! What is far from the cursor is neither laid out nor drawn, so that a megabyte feels like a line.

mod history;
mod rows;

use super::cluster;
use super::draw::put;
use super::safe;
use super::theme::Theme;
use history::{Change, History};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use rows::Rows;
use std::cell::RefCell;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// What a key does to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// To the cluster before.
    Left,
    /// To the cluster after.
    Right,
    /// To the start of this word or the one before (UAX 29).
    WordLeft,
    /// To the end of this word or the one after.
    WordRight,
    /// To the start of the line.
    Home,
    /// To the end of the line.
    End,
    /// To the row above.
    Up,
    /// To the row below.
    Down,
    /// To the start of the text.
    Start,
    /// To the end of the text.
    Finish,
    /// Removes the cluster before the cursor.
    Backspace,
    /// Removes the cluster after the cursor.
    Delete,
    /// Removes back to the start of the word.
    DeleteWord,
    /// Removes back to the start of the line.
    DeleteToStart,
    /// Takes the last change back.
    Undo,
    /// Makes it again.
    Redo,
    /// A line end at the cursor.
    Newline,
}

/// A text, a cursor, and how it came about.
///
/// The soft wrapping is that of the last width drawn or set; it is a memory of the layout and no part of the text.
#[derive(Clone, Debug, Default)]
pub struct Field {
    text: String,
    cursor: usize,
    goal: Option<usize>,
    single_line: bool,
    history: History,
    view: RefCell<View>,
}

#[derive(Clone, Debug, Default)]
struct View {
    rows: Rows,
    top: usize,
}

impl Field {
    /// A field holding a text, the cursor at its end.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.len(), ..Self::default() }
    }

    /// An empty field without line ends: pasted ones become spaces.
    pub fn single_line() -> Self {
        Self { single_line: true, ..Self::default() }
    }

    /// The text, exactly as entered.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor: a byte offset, always between two grapheme clusters.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Replaces the whole text, as a change that can be undone; the cursor goes to the end.
    pub fn set(&mut self, text: &str) {
        if text != self.text {
            let text = self.accepted(text);
            self.replace(0..self.text.len(), &text, false);
        }
        self.move_to(self.text.len());
    }

    /// Puts the cursor at a byte, or the first place after it where a cursor can be.
    pub fn move_to(&mut self, byte: usize) {
        self.goal = None;
        self.history.seal();
        self.cursor = cluster::boundary(&self.text, byte);
    }

    /// Inserts text at the cursor: one typed character or a whole paste.
    pub fn insert(&mut self, text: &str) {
        let text = self.accepted(text);
        if !text.is_empty() {
            let typed = text.len() <= 64 && text.graphemes(true).nth(1).is_none() && !text.contains('\n');
            self.replace(self.cursor..self.cursor, &text, typed);
        }
    }

    /// Inserts what a terminal pasted: its `\r` and `\r\n` are line ends.
    pub fn paste(&mut self, text: &str) {
        if text.contains('\r') {
            self.insert(&text.replace("\r\n", "\n").replace('\r', "\n"));
        } else {
            self.insert(text);
        }
    }

    /// Does what a key asks for; whether anything changed.
    pub fn edit(&mut self, edit: Edit) -> bool {
        let cursor = self.cursor;
        match edit {
            Edit::Up => return self.vertical(false),
            Edit::Down => return self.vertical(true),
            Edit::Newline if self.single_line => return false,
            Edit::Newline => self.insert("\n"),
            Edit::Undo => return self.undo(),
            Edit::Redo => return self.redo(),
            Edit::Backspace => return self.delete(cluster::before(&self.text, cursor)..cursor, true),
            Edit::Delete => return self.delete(cursor..cluster::after(&self.text, cursor), true),
            Edit::DeleteWord => return self.delete(self.word_left()..cursor, false),
            Edit::DeleteToStart => return self.delete(self.line_start()..cursor, false),
            Edit::Left => self.move_to(cluster::before(&self.text, cursor)),
            Edit::Right => self.move_to(cluster::after(&self.text, cursor)),
            Edit::WordLeft => self.move_to(self.word_left()),
            Edit::WordRight => self.move_to(self.word_right()),
            Edit::Home => self.move_to(self.line_start()),
            Edit::End => self.move_to(self.line_end()),
            Edit::Start => self.move_to(0),
            Edit::Finish => self.move_to(self.text.len()),
        }
        edit == Edit::Newline || self.cursor != cursor
    }

    /// The width that up and down wrap at, where nothing has been drawn yet.
    pub fn set_width(&mut self, columns: u16) {
        self.view.get_mut().rows.set_columns(usize::from(columns));
    }

    /// The bytes of the rows that `area` shows, top to bottom, scrolled as little as keeps the cursor in sight.
    pub fn rows(&self, area: Rect) -> Vec<Range<usize>> {
        if area.is_empty() {
            return Vec::new();
        }
        let mut view = self.view.borrow_mut();
        let view = &mut *view;
        let height = usize::from(area.height);
        view.rows.set_columns(usize::from(area.width));
        let row = view.rows.row_of(&self.text, self.cursor);
        view.top = view.top.clamp((row + 1).saturating_sub(height), row);
        let shown = (view.top..view.top + height).map_while(|row| view.rows.row(&self.text, row)).count();
        if let Some(total) = view.rows.total()
            && shown < height
        {
            view.top = total.saturating_sub(height);
        }
        (view.top..view.top + height).map_while(|row| view.rows.row(&self.text, row)).collect()
    }

    /// The byte under a position of `area`, for a click.
    pub fn byte_at(&self, area: Rect, position: Position) -> Option<usize> {
        if !area.contains(position) {
            return None;
        }
        let rows = self.rows(area);
        let row = rows.get(usize::from(position.y - area.y)).or(rows.last())?;
        Some(self.at_column(row.clone(), usize::from(position.x - area.x)))
    }

    /// Draws the rows around the cursor, each cluster in the style that its first byte is given (what is not plainly
    /// visible with a warning's colour), and says where the cursor is.
    pub fn draw(
        &self,
        area: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        style: &dyn Fn(usize) -> Style,
    ) -> Option<Position> {
        let area = area.intersection(buf.area);
        let rows = self.rows(area);
        let mut place = None;
        for (row, y) in rows.iter().zip(area.y..area.bottom()) {
            let (mut x, mut at) = (area.x, row.start);
            while at < row.end {
                if at == self.cursor {
                    place = Some((x, y));
                }
                let end = cluster::at(&self.text, at).end;
                let shown = safe::shown(&self.text[at..end]);
                let marked = shown != self.text[at..end];
                let style = if marked { style(at).patch(theme.warning()) } else { style(at) };
                x = if theme.ascii && !shown.is_ascii() {
                    put(buf, area, x, y, &safe::ascii_marks(&shown), style)
                } else {
                    put(buf, area, x, y, &shown, style)
                };
                at = end;
            }
            if row.end == self.cursor {
                place = Some((x, y));
            }
        }
        place.map(|(x, y)| Position::new(x.min(area.right().saturating_sub(1)), y))
    }

    fn accepted(&self, text: &str) -> String {
        if self.single_line { text.replace("\r\n", " ").replace(['\n', '\r'], " ") } else { text.to_owned() }
    }

    fn replace(&mut self, range: Range<usize>, with: &str, joins: bool) {
        self.goal = None;
        let removed = self.text[range.clone()].to_owned();
        self.history.push(Change { at: range.start, removed, inserted: with.to_owned(), cursor: self.cursor }, joins);
        self.splice(range, with);
    }

    /// Changes the text and puts the cursor after what came.
    fn splice(&mut self, range: Range<usize>, with: &str) {
        let (at, end) = (range.start, range.start + with.len());
        self.text.replace_range(range, with);
        self.cursor = cluster::boundary(&self.text, end);
        let view = self.view.get_mut();
        view.rows.invalidate(at);
        if view.rows.columns() > 0 {
            view.rows.row_of(&self.text, self.cursor);
        }
    }

    fn delete(&mut self, range: Range<usize>, joins: bool) -> bool {
        let any = !range.is_empty();
        if any {
            self.replace(range, "", joins);
        }
        any
    }

    fn undo(&mut self) -> bool {
        let Some(change) = self.history.undo() else { return false };
        let (range, text, cursor) =
            (change.at..change.at + change.inserted.len(), change.removed.clone(), change.cursor);
        self.splice(range, &text);
        self.goal = None;
        self.cursor = cluster::boundary(&self.text, cursor);
        true
    }

    fn redo(&mut self) -> bool {
        let Some(change) = self.history.redo() else { return false };
        let (range, text) = (change.at..change.at + change.removed.len(), change.inserted.clone());
        self.splice(range, &text);
        self.goal = None;
        true
    }

    fn line_start(&self) -> usize {
        self.text[..self.cursor].rfind('\n').map_or(0, |end| end + 1)
    }

    fn line_end(&self) -> usize {
        let end = self.text[self.cursor..].find('\n').map_or(self.text.len(), |end| self.cursor + end);
        if end > self.cursor && end < self.text.len() && self.text.as_bytes()[end - 1] == b'\r' { end - 1 } else { end }
    }

    fn word_left(&self) -> usize {
        let words = self.text[..self.cursor].split_word_bound_indices();
        words.rev().find(|(_, word)| word.contains(char::is_alphanumeric)).map_or(0, |(start, _)| start)
    }

    fn word_right(&self) -> usize {
        let words = self.text[self.cursor..].split_word_bound_indices();
        words
            .into_iter()
            .find(|(_, word)| word.contains(char::is_alphanumeric))
            .map_or(self.text.len(), |(start, word)| self.cursor + start + word.len())
    }

    /// Up or down one row, to the column the movement began at; at the first and the last row to the very end.
    fn vertical(&mut self, down: bool) -> bool {
        let cursor = self.cursor;
        let view = self.view.get_mut();
        if view.rows.columns() == 0 {
            view.rows.set_columns(80);
        }
        let index = view.rows.row_of(&self.text, cursor);
        let row = view.rows.row(&self.text, index).unwrap_or(0..0);
        let target = if down {
            view.rows.row(&self.text, index + 1)
        } else {
            index.checked_sub(1).and_then(|index| view.rows.row(&self.text, index))
        };
        let goal = self.goal.unwrap_or_else(|| safe::width(&safe::visible(&self.text[row.start..cursor])));
        let to = match target {
            Some(target) => self.at_column(target, goal),
            None if down => self.text.len(),
            None => 0,
        };
        self.move_to(to);
        self.goal = Some(goal);
        self.cursor != cursor
    }

    /// The place in a row nearest to a column from the left; never past the row's last cluster if the row goes on.
    fn at_column(&self, row: Range<usize>, column: usize) -> usize {
        let (mut at, mut used) = (row.start, 0);
        while at < row.end {
            let cluster = cluster::at(&self.text, at);
            let continues =
                cluster.end == row.end && row.end < self.text.len() && !self.text[row.end..].starts_with(['\n', '\r']);
            if used + cluster.width > column || continues {
                break;
            }
            used += cluster.width;
            at = cluster.end;
        }
        at
    }
}
