//! Text from a model or a file is data.

use super::{buffer, hostile};
use lmscope::ui::{draw, safe};
use proptest::prelude::*;
use ratatui::style::Style;

#[test]
fn every_class_of_unsafe_text_has_its_mark() {
    for (text, shown) in [
        ("\0\u{1b}[31m\u{7f}", "␀␛[31m␡"),
        ("a\nb\tc", "a↵b⇥c"),
        ("a\r\nb\rc", "a␍↵b␍c"),
        ("\u{9b}31m", "‹U+009B›31m"),
        ("\u{202e}abc\u{202c}", "‹RLO›abc‹PDF›"),
        ("\u{61c}\u{200e}\u{200f}\u{2066}\u{2067}\u{2068}\u{2069}", "‹ALM›‹LRM›‹RLM›‹LRI›‹RLI›‹FSI›‹PDI›"),
        ("\u{e0041}", "‹U+E0041›"),
        ("a\u{200b}b\u{feff}", "a‹U+200B›b‹U+FEFF›"),
        ("\u{3164}\u{115f}", "‹U+3164›‹U+115F›"),
        ("\u{e000}", "‹U+E000›"),
        ("\u{378}", "‹U+0378›"),
        ("\u{ffff}", "‹U+FFFF›"),
        ("\u{301}", "◌\u{301}"),
        ("e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}", "e\u{301}\u{302}\u{303}\u{304}‹+2›"),
        ("\u{200d}", "‹U+200D›"),
        ("a\u{fe0f}", "a‹U+FE0F›"),
    ] {
        assert_eq!(safe::visible(text), shown, "{text:?}");
    }
}

#[test]
fn text_that_people_write_stays_as_it_is() {
    for text in [
        "Once upon a time",
        "研究生命起源",
        "👨‍👩‍👧‍👦 ❤️ 🇨🇳 1️⃣ 👍🏽",
        "naïve café",
        "cafe\u{301}",
        "नमस्ते",
        "می‌خواهم",
        "안녕하세요",
        "Привет, мир",
        "“quotes” ‘and’ – dashes — …",
        "∑ √ × ≤ α",
        "ｶﾞ",
    ] {
        assert_eq!(safe::visible(text), text);
        assert!(safe::is_visible(text));
        assert_eq!(safe::invisible_count(text), 0, "{text}");
    }
}

#[test]
fn hidden_characters_are_counted() {
    assert_eq!(safe::invisible_count("a\u{200b}b\u{e0041}\u{202e}\u{1b}\n"), 4);
}

#[test]
fn bytes_that_are_no_text_are_hex_and_neighbours_share_one_mark() {
    assert_eq!(safe::visible_bytes(b"ab\xe4\xbacd\xff"), "ab‹E4 BA›cd‹FF›");
    assert_eq!(safe::visible_bytes(b"\xe4\xff\xe7\xa0"), "‹E4 FF E7 A0›");
    assert_eq!(safe::visible_bytes("研".as_bytes()), "研");
    assert_eq!(safe::visible_bytes(b""), "");
}

#[test]
fn a_label_shows_its_spaces_and_its_part_of_a_character() {
    assert_eq!(safe::token_label(b" loved"), "␣loved");
    assert_eq!(safe::token_label(b"   "), "␣␣␣");
    assert_eq!(safe::token_label(b" a b "), "␣a b␣");
    assert_eq!(safe::token_label(b" \xe4\xba"), "␣‹E4 BA›");
    assert_eq!(safe::token_label(b"\xa0"), "‹A0›");
    assert_eq!(safe::token_label("\u{a0}\u{3000}\n".as_bytes()), "‹U+00A0›‹U+3000›↵");
    assert_eq!(safe::token_label(b""), "");
}

#[test]
fn a_mark_is_told_from_text_that_looks_like_one() {
    let (style, marks) = (Style::new(), Style::new().bold());
    let spans = safe::spans("‹RLO›a\u{202e}\u{200b}b", style, marks);
    let parts: Vec<_> = spans.iter().map(|span| (span.content.as_ref(), span.style == marks)).collect();
    assert_eq!(parts, [("‹RLO›a", false), ("‹RLO›‹U+200B›", true), ("b", false)]);
    let spans = safe::label_spans(b" a\xe4 ", style, marks);
    let parts: Vec<_> = spans.iter().map(|span| (span.content.as_ref(), span.style == marks)).collect();
    assert_eq!(parts, [("␣a", false), ("‹E4›", true), ("␣", false)]);
}

#[test]
fn marks_have_an_ascii_form() {
    assert_eq!(safe::ascii_marks(&safe::visible("\u{1b}[0m\n\u{200b}\u{7f}")), "\\x1b[0m\\n<U+200B>\\x7f");
    assert_eq!(safe::ascii_marks(&safe::token_label(b" \xe4\xe7\xa0\x94")), "_<E4>研");
}

#[test]
fn a_text_is_cut_between_glyphs_and_never_wider_than_its_room() {
    assert_eq!(safe::fit("abcdef", 4), "abc…");
    assert_eq!(safe::fit("abcd", 4), "abcd");
    assert_eq!(safe::fit("研究生命", 5), "研究…");
    assert_eq!(safe::fit("研究生命", 4), "研…");
    assert_eq!(safe::fit("研究", 1), "…");
    assert_eq!(safe::fit("研究", 0), "");
    assert_eq!(safe::left("研", 4), "研  ");
    assert_eq!(safe::right("研", 5), "   研");
    assert_eq!(safe::centre("ab", 5), " ab  ");
}

#[test]
fn hostile_text_never_reaches_the_terminal() {
    for text in hostile() {
        let shown = safe::visible(&text);
        assert!(!shown.contains(char::is_control), "{shown:?}");
        let mut buf = buffer(60, 2);
        let area = buf.area;
        draw::put(&mut buf, area, 0, 0, &text, Style::new());
        for cell in buf.content() {
            assert!(!cell.symbol().contains(char::is_control), "{:?} from {text:?}", cell.symbol());
            assert!(cell.symbol().len() <= 80, "{} bytes in one cell from {:?}", cell.symbol().len(), &text[..20]);
        }
    }
}

#[test]
fn a_vowel_that_takes_no_base_is_shown_by_its_code_point() {
    let shown = safe::visible("\u{d7b0}");
    assert_eq!(shown, "‹U+D7B0›");
    assert_eq!(safe::visible("한"), "한");
    assert_eq!(safe::visible(&shown), shown);
}

#[test]
fn hostile_text_is_never_invisible() {
    for text in hostile() {
        assert_eq!(safe::width(&safe::visible(&text)) == 0, text.is_empty(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn the_width_of_a_text_is_what_the_buffer_needs(text in "\\PC{0,12}|.{0,12}|[a研é👨‍👩\u{301}🇨🇳\u{200b}ﾞ]{0,12}") {
        let shown = safe::visible(&text);
        let mut buf = buffer(600, 1);
        let area = buf.area;
        let end = draw::put(&mut buf, area, 0, 0, &text, Style::new());
        prop_assert_eq!(usize::from(end), safe::width(&shown));
        let mut theirs = buffer(600, 1);
        let (x, _) = theirs.set_stringn(0, 0, &shown, 600, Style::new());
        prop_assert_eq!(x, end);
    }

    #[test]
    fn showing_twice_shows_the_same(text in ".{0,12}|[a研\u{301}\u{200d}👩\u{fe0f}\u{202e}\u{e0041}]{0,12}") {
        let shown = safe::visible(&text);
        prop_assert!(!shown.contains(char::is_control));
        prop_assert_eq!(safe::width(&shown) == 0, text.is_empty());
        prop_assert_eq!(safe::visible(&shown), shown);
    }

    #[test]
    fn a_fitted_text_fits(text in "[a研é👩🇨🇳]{0,12}", columns in 0_usize..14) {
        let fitted = safe::fit(&text, columns);
        prop_assert!(safe::width(&fitted) <= columns);
        prop_assert_eq!(safe::width(&safe::left(&text, columns)), columns);
        prop_assert_eq!(safe::width(&safe::right(&text, columns)), columns);
        if safe::width(&text) <= columns {
            prop_assert_eq!(fitted, text);
        }
    }

    #[test]
    fn labels_of_any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..16)) {
        let label = safe::token_label(&bytes);
        prop_assert!(!label.contains(char::is_control));
        prop_assert_eq!(label.is_empty(), bytes.is_empty());
    }
}
