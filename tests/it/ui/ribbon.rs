//! One text under several segmentations.

use super::{buffer, hostile, text_of};
use lmscope::ui::Theme;
use lmscope::ui::ribbon::{Cut, Ribbon, Stave, staves, staves_around};
use proptest::prelude::*;
use ratatui::style::Style;

fn ribbons<'a>(boundaries: &'a [&'a [usize]]) -> Vec<Ribbon<'a>> {
    boundaries.iter().map(|boundaries| Ribbon { name: "", boundaries }).collect()
}

fn drawn(text: &str, boundaries: &[&[usize]], columns: u16) -> String {
    let ribbons = ribbons(boundaries);
    let found = staves(text, &ribbons, usize::from(columns));
    let mut shown = String::new();
    for stave in &found {
        let mut buf = buffer(columns, boundaries.len() as u16);
        for (index, line) in buf.area.rows().enumerate() {
            stave.draw(index, line, &mut buf, &Theme::default(), &|_| Style::new());
        }
        for line in text_of(&buf).lines() {
            shown.push_str(line.trim_end());
            shown.push('\n');
        }
    }
    shown
}

#[test]
fn words_and_pieces_stand_under_each_other() {
    let text = "研究生命起源";
    assert_eq!(
        drawn(text, &[&[0, 6, 12], &[0, 9, 12], &[0, 3, 6, 9, 12, 15]], 30),
        "研 究┆生 命│起 源\n研 究 生┆命│起 源\n研┆究┆生┆命│起┆源\n"
    );
    assert_eq!(
        drawn("a little girl", &[&[0, 2, 9], &[0, 1, 8]], 30),
        "a ┆little ┆girl\na┆ little┆ girl\n"
            .replace("a ┆", "a  ┆")
            .replace("little ┆", "little  ┆")
            .replace("a┆ little┆ girl", "a┆  little┆  girl")
    );
}

#[test]
fn a_split_character_is_its_bytes_where_it_is_split_and_itself_elsewhere() {
    assert_eq!(
        drawn("a研b", &[&[0, 1, 4], &[0, 1, 2, 4], &[0, 2, 3]], 30),
        "a┆研      ┆b\na┆E7┆A0 94┆b\na E7┆A0┆94 b\n"
    );
}

#[test]
fn a_family_split_into_bytes_still_lays_out() {
    let text = "x👨‍👩‍👧‍👦y";
    let bytes: Vec<usize> = (0..text.len()).collect();
    let words = [0, 1, 26];
    let shown = drawn(text, &[&words, &bytes], 120);
    assert!(shown.starts_with("x│👨‍👩‍👧‍👦"), "{shown}");
    assert!(shown.contains("│F0┆9F┆91┆A8┆E2┆80┆8D┆"), "{shown}");
    assert!(!drawn(text, &[&words, &bytes], 10).is_empty());
}

#[test]
fn slots_say_who_cuts() {
    let boundaries: [&[usize]; 2] = [&[0, 1, 2], &[0, 2]];
    let found = staves("abc", &ribbons(&boundaries), 20);
    let slots: Vec<_> = found[0].slots.iter().map(|slot| (slot.byte, slot.x, slot.cut(0), slot.cut(1))).collect();
    assert_eq!(slots, [(1, 1, Cut::Cut, Cut::NotCut), (2, 3, Cut::Agreed, Cut::Agreed)]);
    assert_eq!(found[0].span(1..2), Some(2..3));
    assert_eq!(found[0].byte_at(4), Some(2));
}

#[test]
fn staves_break_at_boundaries_where_they_can() {
    let text = "one two three four five";
    let cuts: &[usize] = &[0, 4, 8, 14, 19];
    let found = staves(text, &ribbons(&[cuts]), 11);
    let texts: Vec<&str> = found.iter().map(|stave| &text[stave.bytes.clone()]).collect();
    assert_eq!(texts, ["one two ", "three ", "four five"]);
}

fn check(text: &str, boundaries: &[&[usize]], columns: usize) -> Vec<Stave> {
    let found = staves(text, &ribbons(boundaries), columns);
    let mut at = 0;
    for stave in &found {
        assert_eq!(stave.bytes.start, at);
        assert!(stave.bytes.end > at);
        at = stave.bytes.end;
        let mut x = 0;
        for cell in &stave.cells {
            assert!(cell.x >= x);
            x = cell.x + cell.width;
        }
        assert!(stave.columns <= columns || stave.cells.len() == 1, "{stave:?}");
        assert!(stave.slots.windows(2).all(|pair| pair[0].byte < pair[1].byte && pair[0].x < pair[1].x));
    }
    assert_eq!(at, text.len());
    found
}

proptest! {
    #[test]
    fn staves_cover_the_text_once_and_show_every_boundary_once(
        text in "[ab 研👩é\u{301}🇨\n]{0,80}",
        first in proptest::collection::btree_set(0_usize..200, 0..40),
        second in proptest::collection::btree_set(0_usize..200, 0..40),
        columns in 1_usize..24,
    ) {
        let (first, second): (Vec<usize>, Vec<usize>) = (first.into_iter().collect(), second.into_iter().collect());
        let found = check(&text, &[&first, &second], columns);
        for (index, boundaries) in [&first, &second].into_iter().enumerate() {
            let shown: Vec<usize> = found.iter().flat_map(|stave| &stave.slots).filter(|slot| slot.cut(index) != Cut::NotCut).map(|slot| slot.byte).collect();
            let wanted: Vec<usize> = boundaries.iter().copied().filter(|&at| at > 0 && at < text.len()).collect();
            prop_assert_eq!(shown, wanted);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_window_shows_staves_of_the_whole(piece in "[ab 研👩é\u{301}🇨\n]{1,9}", columns in 1_usize..40, place in 0.0..1.0_f64, rows in 0_usize..12) {
        let text = piece.repeat(20_000 / piece.len());
        let boundaries: Vec<usize> = (0..text.len()).step_by(5).collect();
        let ribbon = [Ribbon { name: "", boundaries: &boundaries }];
        let whole = staves(&text, &ribbon, columns);
        let byte = (place * text.len() as f64) as usize;
        let window = staves_around(&text, &ribbon, columns, byte, rows);
        prop_assert_eq!(window.len(), rows.min(whole.len()));
        if let Some(first) = window.first() {
            let at = whole.iter().position(|stave| stave == first);
            prop_assert!(at.is_some());
            prop_assert_eq!(&whole[at.unwrap_or(0)..][..window.len()], &window[..]);
            prop_assert!(window.iter().any(|stave| stave.contains(byte)));
        }
    }
}

#[test]
fn hostile_text_lays_out() {
    for text in hostile() {
        let bytes: Vec<usize> = (0..text.len()).collect();
        check(&text, &[&bytes, &[0]], 30);
        check(&text, &[&[0], &[]], 1);
    }
}
