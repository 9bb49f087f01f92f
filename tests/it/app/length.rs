//! The page on long texts: what it shows is what the strategies give, and what was measured.

use lmscope::job::Lane;
use lmscope::lab::length::{CUE, Foretold, Reading, Strategy, read};
use lmscope::lm::{Mask, Workspace};
use lmscope::runtime::headless::Driver;
use lmscope::state::PaneId;

use super::explorer;
use super::families::on;
use crate::command_line::{json, list};

const TEXT: &str = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park with her \
                    dog, Max. One day, Lily and Max went to the park to play. They saw a big tree with a swing on it.";
const PAGE: &str = "<enter> 4 4 4 4 4";

fn told(driver: &Driver, strategy: Strategy) -> &[Foretold] {
    let way = driver.app.state().length.way(strategy).expect("a strategy that was run");
    assert!(way.time.is_some(), "{strategy:?} is done");
    &way.foretold
}

#[test]
fn every_strategy_on_the_page_gives_what_it_gives_alone() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys(PAGE).settle();
    assert_eq!(driver.app.focus(), PaneId::Length);
    let state = driver.app.state();
    let model = state.model.as_ref().expect("a model");
    let tokenizer = model.tokenizer.as_ref().expect("a tokenizer");
    let tokens: Vec<u32> = state.run.tokens().map(|node| node.token).collect();
    let cue: Vec<u32> = tokenizer.encode(CUE).iter().map(|token| token.id).collect();
    let ends = [tokenizer.eos().expect("an end")];
    let budget = tokens.len() / 2;
    assert_eq!(state.length.cache(), budget);
    for strategy in Strategy::ALL {
        let reading = Reading { tokens: &tokens, budget, cue: &cue, ends: &ends };
        let mut alone = Vec::new();
        read(&model.engine, reading, strategy, &mut Workspace::new(1), &|| true, &mut |token| {
            alone.push(token);
            true
        })
        .expect("read");
        assert_eq!(told(&driver, strategy), alone, "{strategy:?}");
    }
    // With everything kept, a token costs what it costs in the run.
    for (node, token) in state.run.tokens().skip(1).zip(told(&driver, Strategy::Full)) {
        let score = node.score.expect("a cost").surprisal;
        assert!((score - token.bits).abs() < 1e-9, "{score} {token:?}");
    }
}

#[test]
fn the_page_shows_what_the_command_prints_of_the_text_between_its_special_tokens() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys(PAGE).settle();
    let printed = json(&["length", TEXT, "--special", "--threads", "1"]);
    assert_eq!(printed["budget"], driver.app.state().length.cache());
    for strategy in list(&printed, "strategies") {
        let name = strategy["strategy"].as_str().expect("a name");
        let foretold = told(&driver, Strategy::of(name).expect("a strategy"));
        let bits: Vec<f64> = foretold.iter().map(|token| token.bits).collect();
        let printed: Vec<f64> =
            list(strategy, "tokens").iter().map(|token| token["bits"].as_f64().unwrap_or(-1.0)).collect();
        assert_eq!(bits, printed, "{name}");
    }
}

#[test]
fn another_cache_reads_the_text_again_but_not_what_keeps_everything() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys(PAGE).settle();
    let before = driver.app.state().length.cache();
    driver.keys("- -");
    assert!(driver.app.state().length.way(Strategy::Full).is_some());
    driver.settle();
    let state = driver.app.state();
    assert!(state.length.cache() < before);
    for strategy in Strategy::ALL.into_iter().filter(|strategy| *strategy != Strategy::Full) {
        let way = state.length.way(strategy).expect("a strategy that was run");
        assert!(way.held() <= state.length.cache(), "{strategy:?}");
    }
    driver.keys("+ +").settle();
    driver.keys("s").settle();
    let length = driver.app.state().run.len();
    assert_eq!(told(&driver, Strategy::Full).len(), length - 1, "what is generated is read as well");
}

#[test]
fn what_was_dropped_at_a_token_is_seen_at_that_token() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    driver.keys(PAGE).settle();
    driver.keys("j").settle();
    let screen = driver.screen();
    assert!(screen.contains("chunks: piece by piece"), "{screen}");
    let token = told(&driver, Strategy::Chunks).last().expect("a token").clone();
    assert!(screen.contains(&format!("the cache holds {}", token.held())), "{screen}");
    assert!(screen.contains("····"), "what was dropped is dotted: {screen}");
    driver.keys("0").settle();
    assert!(driver.screen().contains("the cache holds 1"), "{}", driver.screen());
}

#[test]
fn space_stops_and_goes_on_where_it_stopped() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys(PAGE);
    driver.work(100);
    let done = |driver: &Driver| driver.app.state().length.ways.iter().filter(|way| way.time.is_some()).count();
    driver.keys("<space>").settle();
    let before = done(&driver);
    assert!(!driver.app.state().is_busy(Lane::Trials) && before > 0 && before < Strategy::ALL.len(), "{before}");
    driver.keys("<space>").settle();
    assert_eq!(done(&driver), Strategy::ALL.len());
    driver.keys(". <esc>").settle();
    assert_eq!(driver.app.focus(), PaneId::Attention, "nothing was at work, so it leaves the page");
}

#[test]
fn one_page_s_trials_do_not_stop_the_other_s() {
    let mut driver = explorer(Some("Once upon a time there was a dog"), 120, 40);
    driver.keys("<enter> 4 4 4 4");
    driver.work(4);
    driver.keys("4").settle();
    assert_eq!(driver.app.state().length.ways.len(), Strategy::ALL.len());
    driver.keys("4 4 4 4").settle();
    assert_eq!(driver.app.focus(), PaneId::Masks);
    assert!(driver.app.state().masks.tried(&Mask::Bidirectional).is_some());
}

#[test]
fn the_cost_is_measured_at_every_length_of_every_family() {
    for fixture in ["t5", "marian", "bert", "gpt2", "qwen3"] {
        let mut driver = on(fixture, "5 9 17 33 8 2 5 9 17 33");
        driver.keys(PAGE).settle();
        let state = driver.app.state();
        let lengths: Vec<usize> = state.length.points.iter().map(|point| point.tokens).collect();
        assert_eq!(lengths, state.costed(), "{fixture}");
        let shape = {
            let config = &state.model.as_ref().expect("a model").engine.config;
            config.encoder.unwrap_or(config.main())
        };
        for point in &state.length.points {
            assert_eq!(point.cache, point.tokens * shape.layers * 2 * shape.key_width() * 4, "{fixture}");
        }
        let screen = driver.screen();
        let alone = ["gpt2", "qwen3"].contains(&fixture);
        assert_eq!(screen.contains("does not go on from a text"), !alone, "{fixture}: {screen}");
        assert_eq!(state.length.ways.is_empty(), !alone, "{fixture}");
    }
}

#[test]
fn the_longest_prompt_is_turned_as_far_as_the_context_goes() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys(PAGE).settle();
    assert_eq!(driver.app.state().costed(), [64, 128, 256, 511]);
    driver.keys(". - -").settle();
    assert_eq!(driver.app.state().costed(), [64, 128]);
    driver.keys("+ + + + +");
    assert!(driver.screen().contains("the longest prompt stays 511 tokens"), "{}", driver.screen());
    driver.settle();
    assert_eq!(driver.app.state().length.points.len(), 4);
}

#[test]
fn a_model_that_reads_both_ways_is_told_what_the_page_has_for_it() {
    let mut driver = on("bert", "5 17 3 9");
    driver.resize(80, 24);
    driver.keys(PAGE).settle();
    assert!(driver.screen().contains(". shows what length costs"), "{}", driver.screen());
    driver.keys(".").settle();
    assert!(driver.screen().contains("tokens") && driver.screen().contains("ms"), "{}", driver.screen());
}
