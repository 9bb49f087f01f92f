//! The pages of the vocabulary and of tokenizers side by side.

use lmscope::lab::vocabulary::Sort;
use lmscope::runtime::headless::Driver;
use lmscope::state::PaneId;
use lmscope::text::{Browser, Index};

use super::explorer;
use super::path;

fn page(pane: PaneId, text: &str) -> Driver {
    let mut driver = explorer(Some(text), 120, 40);
    driver.keys("<enter> 2 2 2").settle();
    if pane == PaneId::Compare {
        driver.keys("2").settle();
    }
    assert_eq!(driver.app.focus(), pane);
    driver
}

fn selected(driver: &Driver) -> u32 {
    driver.app.state().vocabulary.selected().expect("a piece").id
}

#[test]
fn the_vocabulary_goes_along_with_the_selected_token_and_draws_its_merges() {
    let mut driver = page(PaneId::Vocabulary, "Once upon a time there was a monster");
    assert_eq!(Some(&selected(&driver)), path(&driver).last());
    let screen = driver.screen();
    let model = driver.app.state().model.clone().expect("a model");
    let tokenizer = model.tokenizer.as_ref().expect("a tokenizer");
    let index = Index::new(tokenizer);
    let browser = Browser::new(tokenizer, &index);
    let rank = browser.rank(selected(&driver)).expect("a rank");
    assert!(screen.contains(&format!("␣monster  #{}  merge {rank}", selected(&driver))), "{screen}");
    assert!(screen.contains("├─"), "{screen}");
    driver.keys("<left>").settle();
    let token = driver.app.state().run.at(driver.app.state().selected).expect("a token").token;
    assert_eq!(selected(&driver), token);
    driver.keys("j").settle();
    assert_eq!(selected(&driver), token + 1);
}

#[test]
fn pieces_are_looked_for_sorted_and_reduced_to_those_that_no_text_gives() {
    let mut driver = page(PaneId::Vocabulary, "monster");
    driver.keys("/").paste("mon").keys("<enter>").settle();
    let found = |driver: &Driver| driver.app.state().vocabulary.listed.clone();
    let texts: Vec<String> = {
        let state = driver.app.state();
        found(&driver).iter().map(|entry| String::from_utf8_lossy(state.piece(entry.id)).into_owned()).collect()
    };
    assert!(texts.len() > 2 && texts.iter().all(|text| text.contains("mon")), "{texts:?}");
    driver.keys("s").settle();
    assert_eq!(driver.app.state().vocabulary.wanted.sort, Sort::Length);
    assert!(found(&driver).is_sorted_by(|a, b| a.length >= b.length));
    driver.keys("x").settle();
    assert!(driver.screen().contains("no piece fits"), "{}", driver.screen());
    driver.keys("/ C-u <enter>").settle();
    assert_eq!(found(&driver).len(), 13, "the bytes that UTF-8 never has");
    assert!(driver.screen().contains("no text has these bytes"), "{}", driver.screen());
    driver.keys("/").paste("#12x").keys("<enter>");
    assert!(driver.screen().contains("#12x is neither an id"), "{}", driver.screen());
}

#[test]
fn tokenizers_and_methods_stand_side_by_side_and_come_and_go() {
    let mut driver = page(PaneId::Compare, "Once 研究生命起源");
    let names = |driver: &Driver| {
        let (names, contrast) = driver.app.state().contrasts.result.clone().expect("a comparison");
        assert_eq!(contrast.ends.len(), names.len());
        names
    };
    assert_eq!(names(&driver), ["stories", "poems", "fmm", "hmm"]);
    let screen = driver.screen();
    assert!(screen.contains("bytes 23 · words 1 · Chinese characters 6"), "{screen}");
    assert!(screen.contains("fmm         O n c e|␣|"), "{screen}");
    driver.keys("A").paste("bmm").keys("<enter>").settle();
    assert_eq!(names(&driver), ["stories", "poems", "fmm", "hmm", "bmm"]);
    driver.keys("j D").settle();
    assert_eq!(names(&driver), ["stories", "fmm", "hmm", "bmm"]);
    driver.keys("A").paste("/no/such/tokenizer.json").keys("<enter>").settle();
    assert!(driver.screen().contains("/no/such/tokenizer.json"), "{}", driver.screen());
    assert_eq!(names(&driver).len(), 4);
    driver.keys("g D").settle();
    assert_eq!(names(&driver)[0], "stories", "the model's own stays");
}
