//! Building the visible form of a text, knowing which parts of it are marks.

use super::class::{self, Class};
use super::width;
use ratatui::style::Style;
use ratatui::text::Span;
use std::fmt::Write as _;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Combining marks kept on one base; the rest is counted.
const MARKS: usize = 4;
/// Characters kept in one grapheme cluster; the rest is counted.
const CLUSTER: usize = 16;

/// A visible text and where in it the marks are.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) text: String,
    marks: Vec<Range<usize>>,
}

impl Shown {
    pub(super) fn of_text(text: &str) -> Self {
        let mut shown = Self { text: String::with_capacity(text.len()), ..Self::default() };
        text.graphemes(true).for_each(|grapheme| shown.grapheme(grapheme));
        shown
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        let mut shown = Self::default();
        shown.bytes(bytes, Self::grapheme);
        shown
    }

    pub(super) fn of_token(bytes: &[u8]) -> Self {
        let mut shown = Self::default();
        let first = bytes.iter().position(|&byte| byte != b' ').unwrap_or(bytes.len());
        let last = bytes.iter().rposition(|&byte| byte != b' ').map_or(first, |index| index + 1);
        shown.text.extend(std::iter::repeat_n('␣', first));
        shown.bytes(&bytes[first..last], |shown, grapheme| match grapheme.chars().next() {
            Some(c) if c != ' ' && c.is_whitespace() && !c.is_control() => shown.point(c),
            _ => shown.grapheme(grapheme),
        });
        shown.text.extend(std::iter::repeat_n('␣', bytes.len() - last));
        shown
    }

    /// The text in spans of one style, its marks patched with another.
    pub(super) fn spans(self, style: Style, marks: Style) -> Vec<Span<'static>> {
        let mut spans = Vec::with_capacity(self.marks.len() * 2 + 1);
        let mut at = 0;
        for mark in self.marks {
            if at < mark.start {
                spans.push(Span::styled(self.text[at..mark.start].to_owned(), style));
            }
            spans.push(Span::styled(self.text[mark.clone()].to_owned(), style.patch(marks)));
            at = mark.end;
        }
        if at < self.text.len() {
            spans.push(Span::styled(self.text[at..].to_owned(), style));
        }
        spans
    }

    /// Valid runs cluster by cluster, runs of other bytes as one mark each.
    fn bytes(&mut self, bytes: &[u8], each: impl Fn(&mut Self, &str)) {
        let mut other = Vec::new();
        for chunk in bytes.utf8_chunks() {
            if !chunk.valid().is_empty() {
                self.hex(&std::mem::take(&mut other));
                chunk.valid().graphemes(true).for_each(|grapheme| each(self, grapheme));
            }
            other.extend_from_slice(chunk.invalid());
        }
        self.hex(&other);
    }

    fn mark(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        let end = self.text.len();
        match self.marks.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => self.marks.push(start..end),
        }
    }

    fn hex(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.mark(|text| {
            text.push('‹');
            for (index, byte) in bytes.iter().enumerate() {
                let gap = if index == 0 { "" } else { " " };
                _ = write!(text, "{gap}{byte:02X}");
            }
            text.push('›');
        });
    }

    fn point(&mut self, c: char) {
        self.mark(|text| _ = write!(text, "‹U+{:04X}›", u32::from(c)));
    }

    /// One cluster: the characters that make it visible stay together, every other one becomes a mark.
    pub(super) fn grapheme(&mut self, grapheme: &str) {
        if let [byte @ 0x20..0x7f] = grapheme.as_bytes() {
            self.text.push(char::from(*byte));
            return;
        }
        let start = self.text.len();
        let (mut kept, mut marks, mut dropped) = (0, 0, 0);
        let mut before = None;
        for c in grapheme.chars() {
            let class = class::of(c, before);
            before = Some(c).filter(|_| matches!(class, Class::Plain | Class::Mark | Class::Joiner));
            match class {
                Class::Plain if kept < CLUSTER => {
                    self.text.push(c);
                    kept += 1;
                }
                Class::Joiner if kept > 0 && kept < CLUSTER => {
                    self.text.push(c);
                    kept += 1;
                }
                // Not everything without a width of its own takes a base: a lone Hangul vowel stands apart from any.
                Class::Mark if kept == 0 && format!("◌{c}").graphemes(true).count() > 1 => self.point(c),
                Class::Mark if marks < MARKS && kept < CLUSTER => {
                    if kept == 0 {
                        self.text.push('◌');
                    }
                    self.text.push(c);
                    kept += 1;
                    marks += 1;
                }
                Class::Plain | Class::Mark => dropped += 1,
                Class::Control(picture) => self.mark(|text| text.push(picture)),
                Class::Named(name) => self.mark(|text| _ = write!(text, "‹{name}›")),
                Class::Joiner | Class::Hidden => self.point(c),
            }
        }
        if dropped > 0 {
            self.mark(|text| _ = write!(text, "‹+{dropped}›"));
        }
        if width(&self.text[start..]) == 0 {
            self.text.truncate(start);
            self.marks.retain(|mark| mark.end <= start);
            grapheme.chars().for_each(|c| self.point(c));
        }
    }
}
