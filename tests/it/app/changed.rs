//! With interventions on, everything that is said of the model is said of the changed one.

use lmscope::job::Lane;
use lmscope::lm::Conditions;
use lmscope::lm::Distribution;
use lmscope::lm::Workspace;
use lmscope::state::PaneId;

use super::Driver;
use super::explorer;
use super::path;
use crate::command_line::json;
use crate::command_line::list;
use crate::command_line::run;

const TEXT: &str = "Once upon a time, there was a dog";

/// An explorer with these interventions on.
fn changed(list: &str, width: u16, height: u16) -> Driver {
    let mut driver = explorer(Some(TEXT), width, height);
    driver.keys("<enter> 4 W").type_text(list).keys("<enter>").settle();
    driver
}

/// What the engine says of the path under the interventions that are on: the surprisal of each token, and the distribution
/// after the last.
fn measured(driver: &Driver) -> (Vec<f64>, Distribution) {
    let state = driver.app.state();
    let engine = &state.model.as_ref().expect("a model").engine;
    let mut workspace = Workspace::new(1);
    let changes = engine.interventions(state.changes(), &mut workspace, &|| true).expect("they fit");
    let under = Conditions { mask: &engine.blueprint.mask, interventions: &changes };
    let tokens = path(driver);
    let context = engine.extend(&[], &tokens, under, &mut workspace, &|| true).expect("a pass");
    let logits = engine.logits(&context, &mut workspace).expect("logits");
    let rows = logits.chunks_exact(engine.config.vocabulary);
    let mut next: Vec<_> = rows.map(|row| Distribution::new(row.to_vec()).expect("numbers")).collect();
    let costs = next.iter().zip(&tokens[1..]).map(|(next, &token)| next.surprisal_bits(token)).collect();
    (costs, next.pop().expect("a token"))
}

/// What the explorer says of them.
fn shown(driver: &Driver) -> (Vec<f64>, Vec<f32>) {
    let state = driver.app.state();
    let costs = state.run.tokens().skip(1).map(|node| node.score.expect("a cost").surprisal).collect();
    (costs, state.shown().expect("a distribution").distribution.logits().to_vec())
}

fn follows(driver: &Driver) {
    let ((costs, next), (said, logits)) = (measured(driver), shown(driver));
    assert!(
        costs.len() == said.len() && costs.iter().zip(&said).all(|(a, b)| (a - b).abs() < 1e-6),
        "{costs:?} {said:?}"
    );
    assert!(next.logits().iter().zip(&logits).all(|(a, b)| (a - b).abs() < 1e-4), "{}", driver.screen());
}

#[test]
fn costs_and_the_next_distribution_are_the_changed_model_s_and_the_plain_one_s_again_when_they_are_off() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 4").settle();
    let plain = shown(&driver);
    for list in ["layer:2", "head:0.1 ff:3", "block:4", "patch:2@5=\"the dog ran\"@1", "cell:3.1:6>2=0.9"] {
        driver.keys("W").type_text(list).keys("<enter>").settle();
        follows(&driver);
        assert_ne!(shown(&driver), plain, "{list}");
        driver.keys("t").settle();
        assert_eq!(shown(&driver), plain, "{list}");
        driver.keys("t").settle();
        follows(&driver);
        driver.keys("t u u u u").settle();
        assert_eq!(shown(&driver), plain, "{list}");
        assert!(driver.app.state().settings.changes.is_empty());
    }
}

#[test]
fn what_is_generated_on_the_page_is_what_the_command_line_generates_with_the_same_interventions() {
    let mut driver = changed("layer:2 head:4.1", 120, 40);
    let state = driver.app.state();
    let pipeline = state.settings.sampler().to_string();
    let seed = state.settings.seed.to_string();
    let before = path(&driver);
    let ids = before.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    driver.keys("s s s s s s s s").settle();
    let arguments = ["generate", "--ids", &ids, "--steps", "8", "--seed", &seed, "--pipeline", &pipeline];
    let of = |more: &[&str]| -> Vec<u64> {
        let answer = json(&[&arguments[..], more].concat());
        list(&answer, "steps").iter().map(|step| step["id"].as_u64().expect("an id")).collect()
    };
    let made: Vec<u64> = path(&driver)[before.len()..].iter().map(|&token| u64::from(token)).collect();
    assert_eq!(made, of(&["--intervene", "layer:2", "--intervene", "head:4.1"]));
    assert_ne!(made, of(&[]));
    follows(&driver);
    // Back, another road, and the first one again.
    driver.keys("u u u 3 <down> <down> <down> <enter> s").settle();
    assert_eq!(driver.app.state().run.branches().len(), 2);
    follows(&driver);
    driver.keys("t").settle();
    follows(&driver);
    driver.keys("N").settle();
    follows(&driver);
}

#[test]
fn the_next_page_shows_before_and_after_and_every_page_says_that_interventions_are_on() {
    let mut driver = changed("layer:2 ff:4 -head:0.0", 120, 40);
    driver.keys("3 z").settle();
    let effect = driver.app.state().effect().expect("an effect").clone();
    let screen = driver.screen();
    assert!(screen.contains("KL ") && screen.contains("before"), "{screen}");
    let now = driver.app.state().label(effect.now);
    let was = effect.before.probability(effect.now);
    let row = screen.lines().skip_while(|line| !line.contains("before")).nth(1).expect("the first candidate");
    assert!(row.contains(&now) && row.contains(&lmscope::panes::format::percent(was)), "{row}");
    for keys in ["2", "2", "3", "3", "3", "4", "4", "4", "4", "4", "5", "6"] {
        driver.keys(keys).settle();
        let screen = driver.screen();
        assert!(screen.contains("2 interventions on"), "{screen}");
        let without = matches!(driver.app.focus(), PaneId::Masks | PaneId::Length);
        assert_eq!(screen.contains("on, not here"), without, "{screen}");
    }
    driver.keys("L 3").settle();
    assert!(driver.screen().contains("干预：2 个"), "{}", driver.screen());
}

#[test]
fn a_run_is_saved_with_the_interventions_that_each_token_was_chosen_under_and_replayed_so() {
    let path = std::env::temp_dir().join(format!("lmscope-under-{}.json", std::process::id()));
    let name = path.to_str().expect("a path");
    let mut driver = changed("layer:2", 120, 40);
    driver.keys("s s s").settle();
    driver.keys("t s s s").settle();
    driver.keys("W");
    for _ in 0.."-layer:2".len() {
        driver.keys("<backspace>");
    }
    driver.type_text("head:1.1 -ff:0").keys("<enter>").settle();
    driver.keys("s s s").settle();
    driver.keys("S");
    for _ in 0.."run.json".len() {
        driver.keys("<backspace>");
    }
    driver.type_text(name).keys("<enter>").settle();
    let replayed = run(&["generate", "--replay", name]);
    assert_eq!(replayed.code, 0, "{}", replayed.errors);
    let mut other = explorer(Some("Something else"), 120, 40);
    other.keys("<enter> O").type_text(name).keys("<enter>").settle();
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(super::path(&other), super::path(&driver));
    assert_eq!(other.app.state().settings.changes, driver.app.state().settings.changes);
    assert_eq!(shown(&other).0, shown(&driver).0);
    assert!(other.screen().contains("each costs what it cost"), "{}", other.screen());
}

/// What every branch of the tree costs as the page has it, and as the engine says under the interventions that are on.
fn branches(driver: &Driver) -> Vec<(f64, f64)> {
    let state = driver.app.state();
    let run = &state.run;
    let engine = &state.model.as_ref().expect("a model").engine;
    let mut workspace = Workspace::new(1);
    let changes = engine.interventions(state.changes(), &mut workspace, &|| true).expect("they fit");
    let under = Conditions { mask: &engine.blueprint.mask, interventions: &changes };
    let text: Vec<u32> = run.tokens().take(run.text_len()).map(|node| node.token).collect();
    let ends = run.segments(|_| false).into_iter().filter(|segment| !segment.branches);
    let cost = |segment: lmscope::state::run::Segment| {
        let way = run.way_to(segment.last());
        let tokens: Vec<u32> = text.iter().copied().chain(way.iter().map(|&node| run.node(node).token)).collect();
        let context = engine.extend(&[], &tokens, under, &mut workspace, &|| true).expect("a pass");
        let logits = engine.logits(&context, &mut workspace).expect("logits");
        let rows = logits.chunks_exact(engine.config.vocabulary).zip(&tokens[1..]).skip(text.len() - 1);
        let bits = rows.map(|(row, &token)| Distribution::new(row.to_vec()).expect("numbers").surprisal_bits(token));
        (segment.bits.expect("a cost"), bits.sum())
    };
    ends.map(cost).collect()
}

#[test]
fn while_the_tree_is_in_view_all_of_it_is_read_under_the_interventions_and_elsewhere_none_of_it() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 3 s s s").settle();
    driver.keys("u u <down> <enter> s s").settle();
    driver.keys("u u u <down> <down> <enter> s").settle();
    let ends = driver.app.state().run.branches();
    assert_eq!(ends.len(), 3);
    let cost = |driver: &Driver| -> Vec<bool> {
        let run = &driver.app.state().run;
        ends.iter().map(|&end| run.node(end).score.is_some()).collect()
    };
    driver.keys("4 F").settle();
    assert_eq!(cost(&driver).iter().filter(|known| **known).count(), 1, "only the path itself");
    driver.keys("3 3 3");
    while !driver.app.state().is_busy(Lane::Branches) {
        assert!(driver.work(1) > 0);
    }
    driver.keys("4");
    assert!(!driver.app.state().is_busy(Lane::Branches), "it stops when the page is left");
    driver.settle();
    assert!(cost(&driver).contains(&false));
    driver.keys("3 3 3").settle();
    let changed = branches(&driver);
    assert_eq!(changed.len(), 3);
    assert!(changed.iter().all(|(said, engine)| (said - engine).abs() < 1e-6), "{changed:?}");
    assert!(!driver.screen().contains("still to be read"), "{}", driver.screen());
    driver.keys("4 t 3 3 3").settle();
    let plain = branches(&driver);
    assert!(plain.iter().all(|(said, engine)| (said - engine).abs() < 1e-6), "{plain:?}");
    assert!(plain.iter().zip(&changed).all(|(plain, changed)| plain.0 != changed.0), "{plain:?} {changed:?}");
}

#[test]
fn on_pages_that_go_without_the_interventions_no_cost_of_the_changed_model_is_said() {
    let mut driver = changed("head:3.4", 80, 24);
    let cost = |driver: &Driver| driver.screen().contains("␣dog cost ");
    assert!(cost(&driver), "{}", driver.screen());
    for page in ["4 4 4", "4"] {
        driver.keys(page).settle();
        let screen = driver.screen();
        assert!(!cost(&driver) && screen.contains("1 intervention on, not here"), "{screen}");
    }
    driver.keys("4 t 4 4 4").settle();
    assert!(cost(&driver), "{}", driver.screen());
}

#[test]
fn a_path_that_goes_past_the_context_is_read_as_far_as_it_can_be_and_no_further_asked_for() {
    let text = "Once upon a time there was a dog. ".repeat(51);
    let mut driver = explorer(Some(text.trim_end()), 120, 40);
    driver.keys("<enter> 3 3 F").settle();
    let length = driver.app.state().run.len();
    assert!((501..512).contains(&length), "roads of twelve tokens go past 512: {length}");
    let known = |driver: &Driver| {
        let run = &driver.app.state().run;
        run.branches().into_iter().filter(|&end| run.is_known(end)).count()
    };
    assert_eq!(known(&driver), 5, "{}", driver.screen());
    driver.keys("4 x 3 3 3").settle();
    assert!(!driver.app.state().is_busy(Lane::Branches));
    assert_eq!(known(&driver), 0);
    let run = &driver.app.state().run;
    let read = run.branches().into_iter().all(|end| {
        let way = run.way_to(end);
        way[..way.len() - 1].iter().all(|&node| run.node(node).score.is_some())
    });
    assert!(read && driver.screen().contains("the context ends before these paths do"), "{}", driver.screen());
}
