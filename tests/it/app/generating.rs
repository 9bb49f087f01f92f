//! Stepping, taking, undoing, branching, playing.

use lmscope::app::App;
use lmscope::app::Msg;
use lmscope::job::Body;
use lmscope::job::Generation;
use lmscope::job::Job;
use lmscope::job::Lane;
use lmscope::job::Origin;
use lmscope::job::Reply;
use lmscope::lm::Kind;
use lmscope::model::Spec;
use lmscope::runtime::headless::Driver;
use lmscope::state::Knob;
use lmscope::ui::Language;

use super::explorer;
use super::path;
use super::start;
use super::whole;

const TEXT: &str = "Once upon a time, there was a little girl who";

#[test]
fn a_typed_sentence_shows_its_next_token_distribution_at_once() {
    let mut driver = explorer(None, 80, 24);
    driver.type_text("Tom and his dog").settle();
    assert_eq!(whole(&driver), "Tom and his dog");
    let state = driver.app.state();
    let shown = state.shown().expect("a distribution");
    let sum: f64 = shown.distribution.order().iter().map(|&id| f64::from(shown.distribution.probability(id))).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    assert!(driver.screen().contains("after ␣dog"), "{}", driver.screen());
}

#[test]
fn the_highlighted_candidate_is_taken_with_two_enters() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    let best = driver.app.state().shown().expect("a distribution").distribution.order()[0];
    driver.keys("<enter> <enter>").settle();
    assert_eq!(path(&driver).last(), Some(&best));
    let node = driver.app.state().run.tokens().last().expect("a token").clone();
    assert_eq!(node.score.expect("its cost").rank, 0);
}

#[test]
fn any_rank_can_be_taken_by_hand() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    let last = *driver.app.state().shown().expect("a distribution").distribution.order().last().expect("a token");
    driver.keys("<enter> G <enter>").settle();
    assert_eq!(path(&driver).last(), Some(&last));
    assert_eq!(driver.app.state().run.tokens().last().and_then(|node| node.score).expect("a cost").rank, 2047);
}

#[test]
fn undo_and_redo_walk_the_same_path() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter>");
    let mut paths = vec![path(&driver)];
    for _ in 0..4 {
        driver.keys("s").settle();
        paths.push(path(&driver));
    }
    for expected in paths.iter().rev().skip(1) {
        driver.keys("u").settle();
        assert_eq!(path(&driver), *expected);
    }
    driver.keys("u").settle();
    assert!(driver.screen().contains("nothing to undo"));
    for expected in paths.iter().skip(1) {
        driver.keys("C-r").settle();
        assert_eq!(path(&driver), *expected);
    }
}

#[test]
fn the_same_seed_gives_the_same_text_whatever_was_undone_before() {
    let generate = |keys: &str| {
        let mut driver = explorer(Some(TEXT), 80, 24);
        driver.keys("<enter>");
        for key in keys.split_whitespace() {
            driver.keys(key).settle();
        }
        whole(&driver)
    };
    let straight = generate("s s s s s s");
    assert_eq!(generate("s s s u u s s s s s"), straight);
    assert_ne!(generate("p p p p + s s s s s s s s s s"), generate("s s s s s s s s s s"), "another seed");
}

#[test]
fn the_same_seed_gives_the_same_text_as_the_command_line() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    driver.keys("<enter>");
    for _ in 0..8 {
        driver.keys("s").settle();
    }
    let mut output = Vec::new();
    let arguments = "lmscope generate --special --steps 8 --temperature 0.8 --top-p 0.95 --seed 7 --lang en --json";
    let arguments = arguments.split(' ').chain([TEXT]).map(Into::into);
    let mut streams =
        lmscope::cli::Streams { input: &mut std::io::empty(), output: &mut output, errors: &mut std::io::sink() };
    assert_eq!(lmscope::cli::run_with(arguments, "en_US.UTF-8", &mut streams), 0);
    let answer: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
    let ids: Vec<u64> =
        answer["steps"].as_array().expect("steps").iter().filter_map(|step| step["id"].as_u64()).collect();
    let tokens = path(&driver);
    assert_eq!(ids, tokens[tokens.len() - 8..].iter().map(|&id| u64::from(id)).collect::<Vec<_>>());
}

#[test]
fn playing_stops_in_the_middle_and_nothing_arrives_after() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    driver.keys("<enter> <space>");
    driver.work(3);
    let before = path(&driver);
    assert!(before.len() > 5, "some tokens were generated");
    driver.keys("<space>").settle();
    assert_eq!(path(&driver), before);
    assert!(!driver.app.state().playing);
}

#[test]
fn taking_another_token_in_the_middle_branches_and_keeps_the_former_road() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> s").settle();
    driver.keys("s").settle();
    driver.keys("s").settle();
    let first = path(&driver);
    driver.keys("<left> <left> <down> <down> <enter>").settle();
    let second = path(&driver);
    assert_eq!(first[..first.len() - 2], second[..second.len() - 1]);
    assert_ne!(first[first.len() - 2], second[second.len() - 1]);
    assert_eq!(driver.app.state().run.branches().len(), 2);
    driver.keys("n").settle();
    assert_eq!(path(&driver), first);
    driver.keys("u").settle();
    assert_eq!(path(&driver), second, "going to a branch is a step that undo takes back");
    driver.keys("u").settle();
    assert_eq!(path(&driver), first, "a cut and the token after it are one step");
}

#[test]
fn a_branch_begins_at_the_selected_token_with_another_seed_and_keeps_the_former() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter>");
    for _ in 0..5 {
        driver.keys("s").settle();
    }
    let former = path(&driver);
    let seed = driver.app.state().settings.seed;
    driver.keys("<left> <left> b");
    driver.work(12);
    driver.keys("<space>").settle();
    assert_eq!(driver.app.state().settings.seed, seed + 1);
    let branch = path(&driver);
    assert_eq!(branch[..former.len() - 2], former[..former.len() - 2]);
    assert_ne!(branch, former);
    driver.keys("N").settle();
    assert_eq!(path(&driver), former);
}

#[test]
fn playing_goes_on_after_the_last_token_whatever_is_selected() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    let text = path(&driver);
    driver.keys("<enter> <left> <left> <left> s").settle();
    assert_eq!(path(&driver)[..text.len()], text);
    assert_eq!(path(&driver).len(), text.len() + 1);
    assert_eq!(driver.app.state().selected, text.len());
}

#[test]
fn the_branches_of_one_text_are_not_counted_for_another() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> s").settle();
    driver.keys("1").type_text(" saw").settle();
    driver.keys("<enter> s").settle();
    assert_eq!(driver.app.state().run.branches().len(), 1);
    driver.keys("1 <bs> <bs> <bs> <bs>").settle();
    assert_eq!(driver.app.state().run.branches().len(), 1, "the first text's branch is still there");
    driver.keys("<enter> n").settle();
    assert_eq!(path(&driver).len(), driver.app.state().run.text_len() + 1);
}

#[test]
fn turning_the_temperature_changes_what_is_sampled_and_not_what_the_model_said() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter>");
    let look = |driver: &Driver| {
        let state = driver.app.state();
        let shown = state.shown().expect("a distribution");
        let best = shown.distribution.order()[0];
        (shown.distribution.probability(best), state.shaped().expect("shaped").probabilities()[0])
    };
    assert_eq!(driver.app.state().settings.active, Knob::Stage { stage: 0, parameter: 0 });
    let (model, sampled) = look(&driver);
    driver.keys("- - - -");
    let (same, colder) = look(&driver);
    assert_eq!(model, same);
    assert!(colder > sampled, "{colder} > {sampled}");
    driver.keys("- - - - - - -").settle();
    assert_eq!(look(&driver).1, 1.0, "temperature 0 leaves the most probable token alone");
}

#[test]
fn the_rows_and_the_tail_sum_to_one() {
    let driver = explorer(Some(TEXT), 120, 40);
    let shown = driver.app.state().shown().expect("a distribution");
    let order = shown.distribution.order();
    let mass = |ids: &[u32]| ids.iter().map(|&id| f64::from(shown.distribution.probability(id))).sum::<f64>();
    for cut in [0, 1, 9, 100, order.len()] {
        assert!((mass(&order[..cut]) + mass(&order[cut..]) - 1.0).abs() < 1e-5);
    }
    assert!(driver.screen().contains(" more, "), "{}", driver.screen());
}

#[test]
fn a_token_is_found_by_its_text_and_by_its_id() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> /").type_text("dragon");
    let (candidate, token) = {
        let state = driver.app.state();
        (state.candidate, state.shown().expect("a distribution").distribution.order()[state.candidate])
    };
    assert!(String::from_utf8_lossy(driver.app.state().piece(token)).contains("dragon"), "rank {candidate}");
    driver.keys("<esc>");
    assert_eq!(driver.app.state().candidate, 0, "Esc goes back to where the search began");
    driver.keys("/").type_text("#300").keys("<enter>");
    let state = driver.app.state();
    assert_eq!(state.shown().expect("a distribution").distribution.order()[state.candidate], 300);
}

#[test]
fn a_stale_reply_changes_nothing() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    let before = (driver.app.revision(), driver.screen());
    let body = Body::Crashed("late".to_owned());
    driver.msg(Msg::Reply(Reply { lane: Lane::Run, generation: Generation(0), body }));
    assert_eq!((driver.app.revision(), driver.screen()), before);
}

#[test]
fn a_crash_is_said_and_the_lane_goes_on() {
    let (app, mut effects) = App::new(start(Language::English, Some(TEXT)));
    for effect in &mut effects {
        if let lmscope::state::Effect::Submit(Lane::Files, _, job) = effect {
            *job = Job::Panic;
        }
    }
    let mut driver = Driver::new((app, effects), 80, 24);
    driver.settle();
    assert!(driver.screen().contains("a worker stopped"), "{}", driver.screen());
    driver.keys("3 5 <enter>").settle();
    assert!(driver.app.state().model.is_some(), "the lane opens the next model");
    driver.keys("3");
    assert!(driver.screen().contains("after ␣who"), "{}", driver.screen());
}

#[test]
fn temperature_zero_is_greedy() {
    let mut start = start(Language::English, Some(TEXT));
    start.settings.stage(Kind::Temperature).expect("a temperature").values[0] = 0.0;
    let mut driver = Driver::new(App::new(start), 80, 24);
    driver.settle().keys("<enter>");
    for _ in 0..5 {
        let best = driver.app.state().shown().expect("a distribution").distribution.most_probable();
        driver.keys("s").settle();
        assert_eq!(path(&driver).last(), Some(&best));
        assert_eq!(driver.app.state().run.tokens().last().map(|node| node.origin), Some(Origin::Greedy));
    }
}

#[test]
fn what_was_generated_can_become_part_of_the_text() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    driver.keys("<enter> s").settle();
    driver.keys("s").settle();
    let text = whole(&driver);
    driver.keys("a").settle();
    assert_eq!(*driver.app.state().text, *text);
    assert_eq!(driver.app.state().run.text_len(), driver.app.state().run.len());
}

#[test]
fn opening_another_model_keeps_the_text_with_what_was_generated() {
    let mut driver = explorer(Some("One day, a big bear"), 120, 40);
    driver.keys("<enter> s").settle();
    let text = whole(&driver);
    driver.keys("o").type_text("poems").keys("<enter>").settle();
    assert_eq!(driver.app.state().model.as_ref().expect("a model").name, "poems");
    assert_eq!(*driver.app.state().text, *text);
    assert!(driver.app.state().shown().is_some());
    assert!(matches!(Spec::new("poems".as_ref()), Spec::Embedded(_)));
}

#[test]
fn typing_goes_on_from_what_was_generated_and_undo_brings_the_run_back() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    driver.keys("<enter> s").settle();
    driver.keys("s").settle();
    let (run, text) = (path(&driver), whole(&driver));
    driver.keys("1").type_text(" and").settle();
    assert_eq!(whole(&driver), format!("{text} and"));
    assert_eq!(driver.app.state().run.text_len(), driver.app.state().run.len());
    driver.keys("<enter> u").settle();
    assert_eq!(path(&driver), run);
    assert!(driver.app.state().shown().is_some());
    assert_eq!(*driver.app.state().text, *TEXT);
}

#[test]
fn the_example_gives_way_to_the_first_thing_typed_and_only_then() {
    let mut driver = explorer(None, 80, 24);
    let example = whole(&driver);
    driver.type_text("A").settle();
    assert_eq!(whole(&driver), "A");
    driver.keys("C-_ C-_").settle();
    assert_eq!(whole(&driver), example, "undo brings the example back");
    let mut driver = explorer(None, 80, 24);
    driver.keys("<enter> 1").type_text("A").settle();
    assert_eq!(whole(&driver), format!("{example}A"), "once looked at, it is a text like any other");
}

#[test]
fn a_model_without_a_tokenizer_takes_token_ids() {
    let mut start = start(Language::English, Some("5 17, 3"));
    start.model = Spec::Path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/llama").into());
    let mut driver = Driver::new(App::new(start), 120, 40);
    driver.settle();
    assert_eq!(path(&driver), [5, 17, 3]);
    assert!(driver.screen().contains("after #3"), "{}", driver.screen());
    assert!(!driver.screen().contains("bytes per token"), "digits are no text: {}", driver.screen());
    driver.keys("<enter> <enter>").settle();
    assert_eq!(path(&driver).len(), 4);
    driver.keys("1").type_text(" hello").settle();
    assert!(driver.screen().contains("type token ids instead of text"), "{}", driver.screen());
    assert!(!driver.screen().contains("pieces:"), "{}", driver.screen());
}

#[test]
fn reading_a_long_text_stops_and_goes_on_where_it_stopped() {
    let text = "the cat sat on the mat. ".repeat(60);
    let mut driver = Driver::new(App::new(start(Language::English, Some(&text))), 120, 40);
    driver.keys("<tab>");
    while driver.app.state().run.context_len() == 0 {
        driver.work(1);
    }
    driver.keys("3 <space>").settle();
    let (read, length) = (driver.app.state().run.context_len(), driver.app.state().run.len());
    assert!(read < length, "{read} of {length}");
    assert!(driver.screen().contains(&format!("stopped: {read} of {length} tokens read")), "{}", driver.screen());
    driver.keys("<space>").settle();
    assert_eq!(driver.app.state().run.context_len(), length);
    assert!(driver.app.state().run.tokens().skip(1).all(|node| node.score.is_some()));
}

#[test]
fn a_generated_end_of_text_is_no_part_of_the_text() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> /").type_text("#0").keys("<enter> <enter>").settle();
    assert_eq!(path(&driver).last(), Some(&0));
    assert_eq!(whole(&driver), TEXT);
    assert!(driver.screen().contains("not part of the text"), "{}", driver.screen());
}

#[test]
fn steps_asked_for_while_one_is_drawn_are_all_drawn() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    let before = path(&driver).len();
    driver.keys("<enter> s s s s s").settle();
    assert_eq!(path(&driver).len(), before + 5);
    let mut one_by_one = explorer(Some(TEXT), 80, 24);
    one_by_one.keys("<enter>");
    for _ in 0..5 {
        one_by_one.keys("s").settle();
    }
    assert_eq!(path(&driver), path(&one_by_one));
}

#[test]
fn a_token_on_its_way_does_not_land_on_another_branch() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    driver.keys("<enter> s").settle();
    driver.keys("s").settle();
    driver.keys("u <down> <enter>").settle();
    let branch = path(&driver);
    driver.keys("n").settle();
    let other = path(&driver);
    driver.keys("s n").settle();
    assert_eq!(path(&driver), branch);
    driver.keys("n").settle();
    assert_eq!(path(&driver)[..other.len()], other);
}
