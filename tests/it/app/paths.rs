//! The pipeline edited live, the tree of paths, searches in it, and runs as files.

use lmscope::app::App;
use lmscope::job::Origin;
use lmscope::lm::Kind;
use lmscope::lm::Stage;
use lmscope::runtime::headless::Driver;
use lmscope::ui::Language;

use super::explorer;
use super::path;
use super::start;
use super::whole;

const TEXT: &str = "Once upon a time, there was a little girl who";

fn kinds(driver: &Driver) -> Vec<Kind> {
    driver.app.state().settings.pipeline.iter().map(|stage| stage.kind).collect()
}

#[test]
fn stages_are_added_moved_switched_and_removed_by_key() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 3");
    assert_eq!(kinds(&driver), [Kind::Temperature, Kind::TopK, Kind::TopP, Kind::MinP]);
    // The fourth in the list of stages weakens tokens that stood there before.
    driver.keys("A j j j <enter>");
    assert_eq!(kinds(&driver), [Kind::Temperature, Kind::Repetition, Kind::TopK, Kind::TopP, Kind::MinP]);
    driver.keys("K");
    assert_eq!(kinds(&driver)[..2], [Kind::Repetition, Kind::Temperature]);
    driver.keys("t");
    assert!(!driver.app.state().settings.pipeline[0].on);
    driver.keys("D");
    assert_eq!(kinds(&driver), [Kind::Temperature, Kind::TopK, Kind::TopP, Kind::MinP]);
}

#[test]
fn edits_of_the_pipeline_are_taken_back_in_their_turn_among_the_tokens() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    let first = driver.app.state().settings.pipeline.clone();
    let length = |driver: &Driver| driver.app.state().run.len();
    driver.keys("<enter> 3 A j j j <enter>");
    let added = driver.app.state().settings.pipeline.clone();
    driver.keys("s").settle();
    let drawn = length(&driver);
    driver.keys("+ + +");
    let turned = driver.app.state().settings.pipeline.clone();
    assert!(first != added && added != turned);
    driver.keys("u");
    assert_eq!((&driver.app.state().settings.pipeline, length(&driver)), (&added, drawn), "three turns are one edit");
    driver.keys("u");
    assert_eq!((&driver.app.state().settings.pipeline, length(&driver)), (&added, drawn - 1));
    driver.keys("u");
    assert_eq!((&driver.app.state().settings.pipeline, length(&driver)), (&first, drawn - 1));
    driver.keys("C-r C-r C-r").settle();
    assert_eq!((&driver.app.state().settings.pipeline, length(&driver)), (&turned, drawn));
}

#[test]
fn a_pipeline_is_written_as_a_line_and_a_wrong_one_says_why_and_stays() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 3 W");
    for _ in 0..80 {
        driver.keys("<backspace>");
    }
    driver.type_text("top-q=3").keys("<enter>");
    assert!(driver.screen().contains("there is no stage"), "{}", driver.screen());
    for _ in 0..8 {
        driver.keys("<backspace>");
    }
    driver.type_text("top-k=2 ban=\"loved\"").keys("<enter>");
    let state = driver.app.state();
    assert_eq!(state.settings.pipeline, [Stage::top_k(2), Stage::new(Kind::Ban).saying("loved")]);
    let shaped = state.shaped().expect("shaped");
    assert_eq!(shaped.ids().len(), 1, "of the best two one is banned");
    assert!(!shaped.ids().iter().any(|&id| state.label(id) == "␣loved"));
}

#[test]
fn a_word_that_the_vocabulary_does_not_have_switches_its_stage_off_and_is_said() {
    let mut begin = start(Language::English, Some(TEXT));
    begin.settings.pipeline = vec![Stage::new(Kind::Ban).saying("antidisestablishmentarianism")];
    let mut driver = Driver::new(App::new(begin), 120, 40);
    driver.settle();
    assert!(!driver.app.state().settings.pipeline[0].on);
}

#[test]
fn what_the_sampler_page_says_of_a_cut_token_is_true() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 3");
    let state = driver.app.state();
    let (shown, shaped) = (state.shown().expect("a distribution"), state.shaped().expect("shaped"));
    let rank = shaped.ids().len();
    let id = shown.distribution.order()[rank];
    let need = shaped.need(id).expect("a need");
    assert_eq!((need.parameter, need.more), ("p", true));
    for (p, kept) in [(need.value - 1e-6, false), (need.value + 1e-6, true)] {
        let mut begin = start(Language::English, Some(TEXT));
        begin.settings.stage(Kind::TopP).expect("top-p").values[0] = p;
        let mut other = Driver::new(App::new(begin), 120, 40);
        other.settle();
        assert_eq!(other.app.state().shaped().expect("shaped").ids().contains(&id), kept, "{p}");
    }
}

#[test]
fn the_tree_shows_every_branch_and_goes_to_the_one_under_the_cursor() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> s s s").settle();
    let first = path(&driver);
    driver.keys("h h b").settle();
    driver.keys("<space>").settle();
    let second = path(&driver);
    assert_ne!(first, second);
    driver.keys("2 3 3 3");
    let segments = driver.app.state().run.segments(|_| false);
    assert!(segments.len() >= 3, "{segments:?}");
    driver.keys("g");
    for _ in 0..segments.len() {
        driver.keys("<enter>").settle();
        let end = *driver.app.state().run.path().last().expect("a tip");
        assert!(segments.iter().any(|segment| segment.last() == end));
        driver.keys("j");
    }
}

#[test]
fn a_branch_that_was_cut_off_is_gone_and_comes_back_by_undo() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> s s s").settle();
    let whole_path = path(&driver);
    driver.keys("2 3 3 3 g D").settle();
    assert_eq!(path(&driver).len(), whole_path.len() - 3);
    assert!(driver.app.state().run.segments(|_| false).is_empty());
    driver.keys("u").settle();
    assert_eq!(path(&driver), whole_path);
    assert_eq!(driver.app.state().run.segments(|_| false).len(), 1);
}

#[test]
fn a_branch_carries_its_name() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> s").settle();
    driver.keys("2 3 3 3 M");
    driver.type_text("the likely one").keys("<enter>");
    assert!(driver.screen().contains("the likely one"), "{}", driver.screen());
    driver.keys("u u");
    assert!(!driver.screen().contains("the likely one"));
}

#[test]
fn a_beam_search_stands_in_the_tree_with_its_best_at_the_highest_score() {
    let mut driver = explorer(Some(TEXT), 120, 60);
    driver.keys("<enter> 3 3 B <enter>").settle();
    let state = driver.app.state();
    assert_eq!(state.search.step().map(|(_, steps)| steps), Some(16));
    let segments = state.run.segments(|_| false);
    let searched = segments.iter().filter(|segment| state.run.node(segment.first()).origin == Origin::Searched);
    assert!(searched.count() > 4);
    let screen = driver.screen();
    assert!(screen.contains("■1") && screen.contains("■4") && screen.contains("dropped"), "{screen}");
    assert!(screen.contains("›1 greedy"), "{screen}");
    // At an earlier step hypotheses live that are not finished yet.
    driver.keys(", , , ,");
    assert!(driver.screen().contains("◆1"), "{}", driver.screen());
    // What the search found can be gone on from at once.
    let read = driver.app.state().run.segments(|_| false);
    let found = read.iter().find(|segment| !segment.branches).expect("a leaf");
    assert!(driver.app.state().run.node(found.first()).position.is_some());
}

#[test]
fn looking_ahead_goes_on_greedily_from_the_best_candidates() {
    let mut driver = explorer(Some(TEXT), 120, 60);
    let order: Vec<u32> = driver.app.state().shown().expect("a distribution").distribution.order()[..5].to_vec();
    driver.keys("<enter> 3 3 F").settle();
    let state = driver.app.state();
    let firsts: Vec<u32> =
        state.run.segments(|_| true).iter().map(|segment| state.run.node(segment.first()).token).collect();
    assert_eq!(firsts, order);
}

#[test]
fn a_saved_run_opens_again_with_every_branch_and_costs_the_same() {
    let file = std::env::temp_dir().join(format!("lmscope-run-{}.json", std::process::id()));
    let _ = std::fs::remove_file(&file);
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> s s s").settle();
    driver.keys("h b").settle();
    driver.keys("<space>").settle();
    let (tokens, text) = (path(&driver), whole(&driver));
    let branches = driver.app.state().run.branches().len();
    driver.keys("S");
    for _ in 0..8 {
        driver.keys("<backspace>");
    }
    driver.type_text(&file.display().to_string()).keys("<enter>").settle();
    assert!(driver.screen().contains("written"), "{}", driver.screen());

    let mut other = explorer(Some("Another text"), 120, 40);
    other.keys("<enter> O");
    other.type_text(&file.display().to_string()).keys("<enter>").settle();
    assert_eq!((path(&other), whole(&other)), (tokens, text));
    assert_eq!(other.app.state().run.branches().len(), branches);
    assert!(other.screen().contains("each costs what it cost"), "{}", other.screen());
    std::fs::remove_file(&file).expect("it was written");
}

#[test]
fn a_file_that_is_no_run_is_named_and_nothing_is_lost() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> s").settle();
    let before = path(&driver);
    driver.keys("O");
    driver.type_text("Cargo.toml").keys("<enter>").settle();
    assert!(driver.screen().contains("is no saved run"), "{}", driver.screen());
    driver.keys("S");
    for _ in 0..8 {
        driver.keys("<backspace>");
    }
    driver.type_text("Cargo.toml").keys("<enter>").settle();
    assert!(driver.screen().contains("end the name in .json"), "{}", driver.screen());
    assert_eq!(path(&driver), before);
}

#[test]
fn a_full_context_is_said_and_slides_when_the_person_says_so() {
    let text = "Once upon a time there was a dog. ".repeat(56);
    let mut driver = explorer(Some(text.trim_end()), 120, 40);
    driver.keys("<enter> <space>").settle();
    while !driver.screen().contains("of the context are full") {
        let before = path(&driver).len();
        driver.keys("<space>").settle();
        assert!(path(&driver).len() > before, "{}", driver.screen());
    }
    assert_eq!(path(&driver).len(), 512);
    driver.keys("a").settle();
    assert_eq!(path(&driver).len(), 1 + 512 * 3 / 4, "three quarters of the context, behind its first token");
    assert!(driver.screen().contains("tokens"), "{}", driver.screen());
    driver.keys("s").settle();
    assert_eq!(path(&driver).len(), 2 + 512 * 3 / 4);
}

#[test]
fn what_is_drawn_behind_a_searched_path_is_saved_with_its_own_settings_and_replayed() {
    let file = std::env::temp_dir().join(format!("lmscope-searched-{}.json", std::process::id()));
    let _ = std::fs::remove_file(&file);
    let mut driver = explorer(Some(TEXT), 120, 60);
    driver.keys("<enter> s").settle();
    // The seed of what comes next is another than that of the first token.
    driver.keys("h b").settle();
    driver.keys("<space> 2 3 3 3 B <enter>").settle();
    driver.keys("G <enter>").settle();
    driver.keys("s s").settle();
    let tokens = path(&driver);
    driver.keys("S");
    for _ in 0..8 {
        driver.keys("<backspace>");
    }
    driver.type_text(&file.display().to_string()).keys("<enter>").settle();
    let answer = crate::command_line::json(&["generate", "--replay", file.to_str().expect("a path")]);
    let replayed: Vec<u64> =
        crate::command_line::list(&answer, "steps").iter().filter_map(|step| step["id"].as_u64()).collect();
    let generated = tokens.len() - driver.app.state().run.text_len();
    assert_eq!(replayed, tokens[tokens.len() - generated..].iter().map(|&id| u64::from(id)).collect::<Vec<_>>());
    std::fs::remove_file(&file).expect("it was written");
}

#[test]
fn a_token_drawn_through_another_pipeline_is_not_said_to_have_fallen_from_this_one() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> s").settle();
    driver.keys("h 2 3 3");
    assert!(driver.screen().contains(" fell on "), "{}", driver.screen());
    let next = *path(&driver).last().expect("a token");
    let label = driver.app.state().label(next);
    driver.keys("W");
    for _ in 0..80 {
        driver.keys("<backspace>");
    }
    driver.type_text(&format!("ban=\"{}\"", label.trim_start_matches('␣'))).keys("<enter>");
    assert!(driver.screen().contains("will fall on"), "{}", driver.screen());
}
