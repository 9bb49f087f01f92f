//! The page of steps: methods, texts, reasons, changes.

use lmscope::app::App;
use lmscope::lab::steps::{Procedure, Source};
use lmscope::runtime::headless::Driver;
use lmscope::text::Kind;
use lmscope::ui::Language;

use super::start;

/// The page with one of the embedded vocabularies and an example.
fn page(model: Kind, examples: usize) -> Driver {
    let mut driver = Driver::new(App::new(start(Language::English, None)), 120, 40);
    driver.settle().keys("<enter> 2 2").settle();
    while driver.app.state().steps.procedure != Procedure::Tokens(Source::Embedded(model)) {
        driver.keys("]").settle();
    }
    for _ in 0..examples {
        driver.keys("t").settle();
    }
    driver
}

#[test]
fn every_method_is_shown_and_goes_round() {
    let mut driver = Driver::new(App::new(start(Language::English, None)), 120, 40);
    driver.settle().keys("<enter> 2 2").settle();
    let first = driver.app.state().steps.procedure;
    for _ in 0..Procedure::ALL.len() {
        assert!(!driver.app.state().steps.frames().is_empty());
        driver.keys("]").settle();
    }
    assert_eq!(driver.app.state().steps.procedure, first);
    driver.click_text("Unigram").settle();
    assert_eq!(driver.app.state().steps.procedure, Procedure::Tokens(Source::Embedded(Kind::Unigram)));
    driver.click_text("best route").settle();
    assert!(!driver.app.state().steps.procedure.encodes());
}

#[test]
fn a_merge_is_shown_with_the_one_that_lost() {
    let mut driver = page(Kind::BytePairs, 7);
    assert_eq!(driver.app.state().steps.text(), "lowest newest widest");
    driver.keys("<right>").settle();
    let screen = driver.screen();
    assert!(screen.contains("merge ") && screen.contains("later"), "{screen}");
    driver.keys("G").settle();
    let settled = driver.app.state().steps.settled();
    let tokens: Vec<&str> = settled.iter().map(|range| &driver.app.state().steps.text()[range.clone()]).collect();
    assert_eq!(tokens, ["l", "ow", "est", " new", "est", " w", "id", "est"]);
}

#[test]
fn a_change_is_applied_and_taken_back_and_belongs_to_its_vocabulary() {
    for model in [Kind::BytePairs, Kind::WordPiece, Kind::Unigram] {
        let mut driver = page(model, 7);
        driver.keys("G w").settle();
        for _ in 0..20 {
            driver.keys("<left>").settle();
        }
        driver.keys("<right> <right>").settle();
        assert_eq!(driver.app.state().steps.place, Some(3));
        let tokens = |driver: &Driver| driver.app.state().steps.settled();
        let before = tokens(&driver);
        let answer = driver.app.state().steps.answered().expect("an answer");
        let cut = answer.cut.expect("a place");
        assert!(!answer.flips.is_empty() && !answer.reasons.is_empty(), "{model:?}");
        driver.keys("<enter>").settle();
        let answer = driver.app.state().steps.answered().expect("an answer");
        assert_eq!(answer.cut, Some(!cut), "{model:?}");
        assert_ne!(tokens(&driver), before);
        assert!(driver.screen().contains("changes of the vocabulary: 1"), "{}", driver.screen());
        driver.keys("]").settle();
        assert_eq!(driver.app.state().steps.pieces().len(), 0, "another vocabulary is as it was");
        driver.keys("[ u").settle();
        assert_eq!((tokens(&driver), driver.app.state().steps.answered().expect("an answer").cut), (before, Some(cut)));
    }
}

#[test]
fn the_models_own_tokens_are_those_of_its_tokenizer() {
    let mut driver = Driver::new(App::new(start(Language::English, None)), 120, 40);
    driver.settle().keys("<enter> 2 2").settle();
    while driver.app.state().steps.procedure != Procedure::Tokens(Source::Own) {
        driver.keys("]").settle();
    }
    driver.keys("G").settle();
    let steps = &driver.app.state().steps;
    let tokenizer = driver.app.state().model.as_ref().and_then(|model| model.tokenizer.as_ref()).expect("a tokenizer");
    let tokens: Vec<_> = tokenizer.encode(steps.text()).iter().map(|token| token.start..token.end).collect();
    assert_eq!(steps.settled(), tokens);
}
