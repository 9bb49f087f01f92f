//! The page on repetition: measures, loops, copying heads, cures.

use lmscope::app::App;
use lmscope::app::Start;
use lmscope::job::Cure;
use lmscope::lab::repetition;
use lmscope::lab::repetition::copying;
use lmscope::lm::Interventions;
use lmscope::lm::Kind;
use lmscope::lm::Workspace;
use lmscope::model::Spec;
use lmscope::runtime::headless::Driver;
use lmscope::state::PaneId;
use lmscope::state::repetition::CURED;
use lmscope::ui::Language;

use super::explorer;
use super::path;
use super::start;

const LOOP: &str = "The cat sat. The cat sat. The cat sat. The cat";

fn page(text: &str, width: u16, height: u16) -> Driver {
    let mut driver = explorer(Some(text), width, height);
    driver.keys("<enter> 6 6").settle();
    driver
}

#[test]
fn the_page_measures_the_path_and_points_at_its_loop() {
    let mut driver = page(LOOP, 120, 40);
    let state = driver.app.state();
    let cycle = state.repetition.cycle.expect("a loop");
    let said = state.said();
    assert_eq!(cycle, *repetition::find(&said).last().expect("the same"));
    let screen = driver.screen();
    for word in ["rep-n", "distinct-n", "a loop from token", "p of saying it again", "heads that copy", "cures"] {
        assert!(screen.contains(word), "{word}:\n{screen}");
    }
    // What the page shows is what the measurements say.
    let model = state.model.clone().expect("a model");
    let start = path(&driver).len() - said.len() + cycle.start;
    let sentence: Vec<u32> = said[cycle.start..][..cycle.period].to_vec();
    let before = state.run.context()[..start].to_vec();
    let mut curve = Vec::new();
    let mut tell = |copy| {
        curve.push(copy);
        true
    };
    let plain = Interventions::default();
    let under = model.under(&plain);
    repetition::probe(&model.engine, under, before, &sentence, 12, &mut Workspace::new(1), &|| true, &mut tell)
        .expect("a measurement");
    assert_eq!(state.repetition.curve, curve);
    let heads = state.repetition.heads.as_ref().expect("heads");
    let places = copying::places(&path(&driver));
    assert!(heads.own);
    assert_eq!(
        Some(&heads.ranked),
        copying::rank(&model.engine, under, &state.run.context(), &places, &|| true).as_ref()
    );
    driver.keys("g <enter>");
    assert_eq!((driver.app.focus(), driver.app.state().selected), (PaneId::Tokens, start));
}

#[test]
fn a_text_that_repeats_too_little_has_its_heads_measured_on_random_tokens() {
    let driver = page("Tom saw a dog", 120, 40);
    let state = driver.app.state();
    assert!(state.repetition.cycle.is_none());
    assert!(!state.repetition.heads.as_ref().expect("heads").own);
    assert!(driver.screen().contains("no loop") && driver.screen().contains("random"), "{}", driver.screen());
}

#[test]
fn enter_on_a_copying_head_goes_to_it() {
    let mut driver = page(LOOP, 120, 40);
    let second = driver.app.state().repetition.heads.as_ref().expect("heads").ranked[1];
    driver.keys("g");
    for _ in 0..Cure::ALL.len() + 3 {
        driver.keys("j");
    }
    driver.keys("<enter>").settle();
    assert_eq!(driver.app.focus(), PaneId::Attention);
    let state = driver.app.state();
    assert_eq!((state.layer, state.head), (second.layer, second.head));
}

#[test]
fn a_click_selects_a_row_in_a_box_and_without() {
    for (width, height) in [(80, 24), (120, 40), (120, 29)] {
        let mut driver = page(LOOP, width, height);
        let screen = driver.screen();
        let rows: Vec<&str> = screen.lines().collect();
        for wanted in ["DRY", "you, by hand", "L6.H5", "L3.H6"] {
            let y = rows.iter().position(|row| row.contains(wanted)).unwrap_or_else(|| panic!("{wanted}: {screen}"));
            let before = &rows[y][..rows[y].find(wanted).expect("it is there")];
            driver.click(before.chars().count() as u16, y as u16);
            let screen = driver.screen();
            assert!(screen.lines().nth(y).is_some_and(|row| row.contains(&format!("▸{wanted}"))), "{wanted}: {screen}");
        }
    }
}

#[test]
fn the_cures_go_on_from_the_same_text_with_the_same_seed() {
    let mut driver = page(LOOP, 120, 40);
    driver.keys("c").settle();
    let state = driver.app.state();
    assert!(!state.repetition.curing);
    let all: Vec<_> = Cure::ALL.map(|cure| state.repetition.of(cure).expect("it has begun").clone()).into();
    assert!(all.iter().all(|cured| cured.done && cured.tokens.len() <= CURED && cured.bits > 0.0));
    // Temperature is the first of the drafts that are filtered, and none of them repeats less than the one kept.
    let rep = |tokens: &[u32]| repetition::Grams::of(tokens, 4).repeated().unwrap_or(0.0);
    assert!(rep(&all[5].tokens) <= rep(&all[1].tokens));
    assert_eq!(repetition::Grams::of(&all[4].tokens, 3).repeated(), Some(0.0), "no three tokens twice");
    // The first is greedy decoding.
    let prompt = path(&driver);
    let greedy = all[0].tokens.clone();
    driver.keys("3 g");
    for &token in &greedy[..6] {
        let shown = driver.app.state().shown().expect("a distribution").distribution.most_probable();
        assert_eq!(shown, token);
        driver.keys("<enter>").settle();
    }
    assert_eq!(path(&driver)[prompt.len()..], greedy[..6]);
    driver.keys("6 6").settle();
    let screen = driver.screen();
    assert!(screen.contains("you, by hand") && !screen.contains("choose every token yourself"), "{screen}");
    // The same again gives the same.
    driver.keys("c").settle();
    let state = driver.app.state();
    assert_eq!(all, Cure::ALL.map(|cure| state.repetition.of(cure).expect("it has begun").clone()));
}

#[test]
fn cures_stop_in_the_middle_and_are_forgotten_with_their_text() {
    let mut driver = page(LOOP, 80, 24);
    driver.keys("c");
    driver.work(20);
    assert!(driver.app.state().repetition.curing);
    driver.keys("c").settle();
    let state = driver.app.state();
    assert!(!state.repetition.curing && state.repetition.of(Cure::Filter).is_none());
    let before = state.repetition.cures.clone();
    assert!(!before.is_empty());
    driver.keys("u").settle();
    assert_eq!(driver.app.state().repetition.cures, before, "what belongs to the same text stays");
    driver.keys("c");
    driver.work(5);
    driver.keys("1").type_text(" ran").settle();
    assert!(driver.app.state().repetition.cures.is_empty() && !driver.app.state().repetition.curing);
}

#[test]
fn a_loop_that_begins_while_playing_is_pointed_at() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gpt-neox");
    let mut start = Start { model: Spec::Path(folder), ..start(Language::English, Some("5 17 3")) };
    start.settings.stage(Kind::Temperature).expect("a temperature").values[0] = 0.0;
    let mut driver = Driver::new(App::new(start), 120, 40);
    driver.settle().keys("<enter> <space>");
    let mut said = false;
    while driver.work(1) > 0 {
        said |= driver.screen().contains("a loop: from token");
    }
    let loops = repetition::find(&path(&driver));
    assert_eq!(said, !loops.is_empty(), "{loops:?} in {:?}", path(&driver));
    assert!(said);
}

#[test]
fn a_model_that_fills_in_or_has_a_source_keeps_the_page() {
    for fixture in ["bert", "t5", "marian-float"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture);
        let start = Start { model: Spec::Path(folder), ..start(Language::English, Some("5 9 17 5 9 17 5 9 17")) };
        let mut driver = Driver::new(App::new(start), 120, 40);
        driver.settle().keys("<enter> 6 6").settle();
        assert!(driver.screen().contains("rep-n"), "{fixture}: {}", driver.screen());
        driver.keys("c").settle();
        let cured = driver.app.state().repetition.of(Cure::Beams).is_some();
        assert_eq!(cured, fixture != "bert", "{}", driver.screen());
    }
}
