//! The text field against a simple model of one.

use super::{buffer, hostile, text_of};
use lmscope::ui::{Edit, Field, Theme};
use proptest::prelude::*;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::time::{Duration, Instant};
use unicode_segmentation::UnicodeSegmentation;

/// What a field should do, with no thought for speed: the clusters are found anew for every key.
#[derive(Clone, Debug, Default)]
struct Simple {
    text: String,
    cursor: usize,
}

impl Simple {
    fn boundaries(&self) -> Vec<usize> {
        self.text.grapheme_indices(true).map(|(at, _)| at).chain([self.text.len()]).collect()
    }

    fn before(&self) -> usize {
        self.boundaries().into_iter().rfind(|&at| at < self.cursor).unwrap_or(0)
    }

    fn after(&self) -> usize {
        self.boundaries().into_iter().find(|&at| at > self.cursor).unwrap_or(self.text.len())
    }

    fn place(&mut self, byte: usize) {
        self.cursor = self.boundaries().into_iter().find(|&at| at >= byte).unwrap_or(self.text.len());
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.place(from);
    }

    fn insert(&mut self, text: &str) {
        self.text.insert_str(self.cursor, text);
        self.place(self.cursor + text.len());
    }

    fn line_start(&self) -> usize {
        self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1)
    }

    fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Left => self.cursor = self.before(),
            Edit::Right => self.cursor = self.after(),
            Edit::Home => self.place(self.line_start()),
            Edit::End => self.place(self.text[self.cursor..].find('\n').map_or(self.text.len(), |at| self.cursor + at)),
            Edit::Start => self.cursor = 0,
            Edit::Finish => self.cursor = self.text.len(),
            Edit::Backspace => self.remove(self.before(), self.cursor),
            Edit::Delete => self.remove(self.cursor, self.after()),
            Edit::DeleteToStart => self.remove(self.line_start(), self.cursor),
            Edit::Newline => self.insert("\n"),
            _ => {}
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Type(String),
    Key(Edit),
}

fn act() -> impl Strategy<Value = Act> {
    let pieces = prop_oneof![
        "[ab é研]",
        Just("\u{301}".to_owned()),
        Just("👨‍👩‍👧‍👦".to_owned()),
        Just("🇨".to_owned()),
        Just("\u{200d}".to_owned()),
        Just("\u{1b}[31m".to_owned()),
        Just("two words\nand a line ".to_owned()),
    ];
    let key = proptest::sample::select(vec![
        Edit::Left,
        Edit::Right,
        Edit::Home,
        Edit::End,
        Edit::Start,
        Edit::Finish,
        Edit::Backspace,
        Edit::Delete,
        Edit::DeleteToStart,
        Edit::Newline,
    ]);
    prop_oneof![3 => pieces.prop_map(Act::Type), 4 => key.prop_map(Act::Key)]
}

fn perform(field: &mut Field, act: &Act) {
    match act {
        Act::Type(text) => field.insert(text),
        Act::Key(edit) => _ = field.edit(*edit),
    }
}

proptest! {
    #[test]
    fn any_editing_gives_the_text_and_cursor_of_a_simple_field(acts in proptest::collection::vec(act(), 0..60), width in 1_u16..12) {
        let (mut field, mut simple) = (Field::default(), Simple::default());
        for act in &acts {
            perform(&mut field, act);
            match act {
                Act::Type(text) => simple.insert(text),
                Act::Key(edit) => simple.edit(*edit),
            }
            prop_assert_eq!(field.text(), &simple.text);
            prop_assert_eq!(field.cursor(), simple.cursor);
            let area = Rect::new(0, 0, width, 3);
            let fresh = Field::new(&simple.text);
            let mut rows = fresh.clone().rows(Rect::new(0, 0, width, 2000));
            rows.dedup();
            let shown = field.rows(area);
            prop_assert!(shown.iter().all(|row| rows.contains(row)), "{:?} not among {:?}", shown, rows);
            prop_assert!(field.draw(area, &mut buffer(width, 3), &Theme::default(), &|_| Style::new()).is_some());
        }
    }

    #[test]
    fn undo_passes_only_through_former_texts_back_to_the_first_and_redo_returns(acts in proptest::collection::vec(act(), 0..40)) {
        let mut field = Field::new("start 研");
        let mut former = vec![field.text().to_owned()];
        for act in &acts {
            perform(&mut field, act);
            former.push(field.text().to_owned());
        }
        while field.edit(Edit::Undo) {
            prop_assert!(former.iter().any(|text| text == field.text()), "{:?}", field.text());
        }
        prop_assert_eq!(field.text(), &former[0]);
        while field.edit(Edit::Redo) {
            prop_assert!(former.iter().any(|text| text == field.text()));
        }
        prop_assert_eq!(field.text(), former.last().map_or("", String::as_str));
    }

    #[test]
    fn up_and_down_and_clicks_land_between_clusters(text in "[a 研👩🇨\n\u{301}]{0,60}", keys in proptest::collection::vec(0_u8..6, 0..30), width in 1_u16..9) {
        let mut field = Field::new(&text);
        field.set_width(width);
        let boundaries: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect();
        for key in keys {
            let edits = [Edit::Up, Edit::Down, Edit::WordLeft, Edit::WordRight, Edit::Left, Edit::Right];
            field.edit(edits[usize::from(key)]);
            prop_assert!(boundaries.contains(&field.cursor()));
            let area = Rect::new(0, 0, width, 4);
            for position in area.positions() {
                if let Some(byte) = field.byte_at(area, position) {
                    prop_assert!(boundaries.contains(&byte));
                }
            }
        }
    }
}

#[test]
fn typed_words_are_undone_word_by_word() {
    let mut field = Field::default();
    for c in "one two".chars() {
        field.insert(&c.to_string());
    }
    assert!(field.edit(Edit::Undo));
    assert_eq!(field.text(), "one ");
    assert!(field.edit(Edit::Undo));
    assert_eq!(field.text(), "");
    assert!(!field.edit(Edit::Undo));
    assert!(field.edit(Edit::Redo));
    field.insert("x");
    assert!(!field.edit(Edit::Redo));
    assert_eq!(field.text(), "one x");
}

#[test]
fn words_are_those_of_unicode() {
    let mut field = Field::new("don't stop, 研究 now");
    field.edit(Edit::WordLeft);
    assert_eq!(&field.text()[field.cursor()..], "now");
    field.edit(Edit::WordLeft);
    assert_eq!(&field.text()[field.cursor()..], "究 now");
    field.edit(Edit::Start);
    field.edit(Edit::WordRight);
    assert_eq!(&field.text()[..field.cursor()], "don't");
    field.edit(Edit::Finish);
    field.edit(Edit::DeleteWord);
    assert_eq!(field.text(), "don't stop, 研究 ");
}

#[test]
fn up_and_down_keep_the_column_over_short_rows() {
    let mut field = Field::new("abcdef\nxy\nabcdef");
    field.set_width(20);
    field.edit(Edit::Up);
    assert_eq!(field.cursor(), 9);
    field.edit(Edit::Up);
    assert_eq!(field.cursor(), 6);
    assert!(field.edit(Edit::Up), "to the very start");
    assert_eq!(field.cursor(), 0);
    assert!(!field.edit(Edit::Up));
}

#[test]
fn rows_break_after_words_and_the_cursor_is_where_the_text_goes_on() {
    let field = Field::new("Once upon a time, there was 研究生命起源");
    let mut buf = buffer(12, 5);
    let area = buf.area;
    let cursor = field.draw(area, &mut buf, &Theme::default(), &|_| Style::new());
    assert_eq!(text_of(&buf), "Once upon a \ntime, there \nwas 研究生  \n命起源      \n            \n");
    assert_eq!(cursor, Some(Position::new(6, 3)));
}

#[test]
fn a_single_line_has_no_line_ends() {
    let mut field = Field::single_line();
    field.paste("a\r\nb\nc\rd");
    assert_eq!(field.text(), "a b c d");
    assert!(!field.edit(Edit::Newline));
}

#[test]
fn a_terminals_paste_has_plain_line_ends() {
    let mut field = Field::default();
    field.paste("a\rb\r\nc");
    assert_eq!(field.text(), "a\nb\nc");
    field.edit(Edit::Undo);
    assert_eq!(field.text(), "");
}

#[test]
fn every_cluster_asks_for_the_style_of_its_first_byte() {
    let field = Field::new("a研👨‍👩‍👧‍👦b");
    let asked = std::cell::RefCell::new(Vec::new());
    let mut buf = buffer(20, 1);
    let area = buf.area;
    field.draw(area, &mut buf, &Theme::default(), &|byte| {
        asked.borrow_mut().push(byte);
        Style::new()
    });
    assert_eq!(asked.into_inner(), [0, 1, 4, 29]);
}

#[test]
fn any_text_in_any_area_draws() {
    for text in hostile() {
        let field = Field::new(&text);
        for (width, height) in [(0, 0), (1, 1), (2, 3), (7, 2), (40, 5)] {
            let mut buf = buffer(width, height);
            field.draw(Rect::new(0, 0, 60, 9), &mut buf, &Theme::default(), &|_| Style::new());
            field.draw(Rect::new(3, 3, 60, 9), &mut buf, &Theme::default(), &|_| Style::new());
            assert!(buf.content().iter().all(|cell| !cell.symbol().contains(char::is_control)));
        }
    }
}

#[test]
fn a_pasted_megabyte_is_edited_and_drawn_without_waiting() {
    for piece in ["Once upon a time there was a little girl. ", "研究生命起源", "é👩 \u{200b}x", "x"] {
        let text = piece.repeat((1 << 20) / piece.len());
        let mut field = Field::default();
        let mut buf = buffer(100, 10);
        let area = buf.area;
        field.set_width(100);
        let started = Instant::now();
        field.paste(&text);
        assert!(started.elapsed() < Duration::from_secs(5), "paste {:?}", started.elapsed());
        let mut draw = |field: &Field| {
            let started = Instant::now();
            assert!(field.draw(area, &mut buf, &Theme::default(), &|_| Style::new()).is_some());
            started.elapsed()
        };
        draw(&field);
        let slowest = (0..20)
            .map(|turn| {
                field.edit([Edit::Left, Edit::Up, Edit::Backspace, Edit::Home][turn % 4]);
                field.insert("a");
                draw(&field)
            })
            .min();
        assert!(slowest < Some(Duration::from_millis(20)), "{piece}: {slowest:?}");
    }
}
