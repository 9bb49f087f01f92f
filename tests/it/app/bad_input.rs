//! Bad input gets a message, and the session goes on.

use lmscope::app::App;
use lmscope::model::Spec;
use lmscope::runtime::headless::Driver;
use lmscope::ui::Language;

use super::explorer;
use super::start;

#[test]
fn a_missing_model_is_said_and_the_open_one_stays() {
    let mut driver = explorer(Some("Once upon a time"), 120, 40);
    driver.keys("<tab> o").type_text("nowhere/model.gguf").keys("<enter>").settle();
    let screen = driver.screen();
    assert!(screen.contains("nowhere/model.gguf"), "{screen}");
    assert_eq!(driver.app.state().model.as_ref().expect("the former model").name, "stories");
    driver.keys("3 <enter>").settle();
    assert_eq!(driver.app.state().run.len(), driver.app.state().run.text_len() + 1);
}

#[test]
fn a_file_that_is_no_model_is_said_in_the_chosen_language() {
    let mut start = start(Language::Chinese, Some("床前明月光"));
    start.model = Spec::Path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into());
    let mut driver = Driver::new(App::new(start), 200, 60);
    driver.settle();
    let screen = driver.screen();
    assert!(screen.contains("Cargo.toml"), "{screen}");
    let notice = driver.app.state().notice.as_ref().expect("a notice").text(Language::Chinese);
    assert!(notice.chars().any(|letter| ('\u{4e00}'..'\u{9fff}').contains(&letter)), "{notice}");
}

#[test]
fn an_empty_text_starts_from_the_start_token() {
    let driver = explorer(Some(""), 120, 40);
    let state = driver.app.state();
    assert_eq!(state.run.len(), 1);
    assert!(state.shown().is_some());
    assert!(driver.screen().contains("<|end|>"), "{}", driver.screen());
}

#[test]
fn a_text_longer_than_the_context_keeps_its_end_and_says_so() {
    let text = "the cat sat. ".repeat(400);
    let mut driver = explorer(Some(&text), 120, 40);
    assert!(driver.app.state().dropped > 0);
    let screen = driver.screen();
    assert!(screen.contains("the context holds 512: the model reads the last 384"), "{screen}");
    driver.keys("<tab> <tab> s").settle();
    assert!(driver.app.state().run.len() > driver.app.state().run.text_len());
}

#[test]
fn a_full_context_stops_the_generation_and_says_so() {
    let mut driver = explorer(Some("Once upon a time"), 80, 24);
    driver.keys("<enter> p p p p p + + + + + +");
    for _ in 0..200 {
        driver.keys("<space>").settle();
        if driver.screen().contains("of the context are full") {
            break;
        }
    }
    assert!(driver.screen().contains("of the context are full"), "{}", driver.screen());
    assert_eq!(driver.app.state().run.len(), 512);
    driver.keys("u").settle();
    assert_eq!(driver.app.state().run.len(), 511);
}

#[test]
fn a_pasted_megabyte_is_taken_whole() {
    let mut driver = explorer(None, 120, 40);
    let text = "研究生命起源 and so on, ".repeat(40_000);
    assert!(text.len() > 1_000_000);
    driver.paste(&text);
    driver.work(3);
    assert_eq!(driver.app.state().text.len(), text.len());
    driver.keys("C-a x");
    let _ = driver.buffer();
    assert!(driver.app.state().text.len() > text.len());
}

#[test]
fn control_characters_are_shown_and_never_drawn() {
    let hostile = "a\u{1b}[31mred\u{7}\u{202e}b\u{200b}c\u{9b}d\te\nf\u{e0041}g";
    for size in [(80, 24), (120, 40)] {
        let mut driver = explorer(None, size.0, size.1);
        driver.paste(hostile).settle();
        for keys in ["<tab>", "2", "3", "4", "2 z"] {
            driver.keys(keys).settle();
            let buffer = driver.buffer();
            for cell in buffer.content() {
                assert!(lmscope::ui::safe::is_visible(cell.symbol()), "{:?}", cell.symbol());
            }
        }
        assert!(driver.app.farewell().contains('␛'), "{:?}", driver.app.farewell());
    }
}

#[test]
fn a_character_split_over_tokens_is_shown_as_parts() {
    let mut driver = explorer(Some("ok 龘"), 120, 40);
    driver.keys("<tab>").settle();
    let screen = driver.screen();
    assert!(screen.contains("E9"), "{screen}");
    assert!(screen.contains("BE"), "{screen}");
}
