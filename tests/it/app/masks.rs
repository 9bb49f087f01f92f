//! The page on masks: what it shows is what the engine computes under each of them.

use lmscope::app::{App, Start};
use lmscope::job::Lane;
use lmscope::lab::masks::reuse::Reuse;
use lmscope::lm::{AttentionKind, Distribution, Mask, Workspace};
use lmscope::model::Spec;
use lmscope::runtime::headless::Driver;
use lmscope::state::PaneId;
use lmscope::state::masks::Part;
use lmscope::ui::{Colours, Language, Theme};

use super::families::on;
use super::{explorer, start};

const TEXT: &str = "Once upon a time, there was a dog";
const PAGE: &str = "<enter> 4 4 4 4";

fn bits(driver: &Driver, mask: &Mask) -> Vec<Option<f64>> {
    let tried = driver.app.state().masks.tried(mask).expect("a mask that was tried");
    tried.costs.iter().map(|cost| cost.bits).collect()
}

#[test]
fn under_its_own_mask_every_token_costs_what_it_costs_in_the_run() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys(PAGE).settle();
    assert_eq!(driver.app.focus(), PaneId::Masks);
    let state = driver.app.state();
    let costs = bits(&driver, &Mask::Causal);
    for (node, cost) in state.run.tokens().zip(costs).skip(1) {
        let score = node.score.expect("a cost").surprisal;
        assert!(cost.is_some_and(|cost| (cost - score).abs() < 1e-9), "{cost:?} {score}");
    }
    assert_eq!(state.masks_in_view().len(), 6, "the model's own is not shown twice");
    assert!(state.masks_in_view().iter().flatten().all(|mask| state.masks.tried(mask).is_some()));
}

#[test]
fn a_mask_s_number_is_turned_and_its_costs_are_the_engine_s() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys(PAGE).settle();
    driver.keys("<right> + + -").settle();
    let state = driver.app.state();
    let tokens: Vec<u32> = state.run.tokens().map(|node| node.token).collect();
    let mask = Mask::Prefix(tokens.len() / 2 + 1);
    let last = bits(&driver, &mask).last().copied().flatten().expect("a cost");
    let engine = &state.model.as_ref().expect("a model").engine;
    let mut workspace = Workspace::new(1);
    let path = engine.extend(&[], &tokens, &mask, &mut workspace, &|| true).expect("a pass");
    let before = path.len() - 2;
    let logits = engine.logits(&path[before..=before], &mut workspace).expect("logits");
    let expected = Distribution::new(logits).expect("numbers").surprisal_bits(tokens[before + 1]);
    assert!((last - expected).abs() < 1e-9, "{last} {expected}");
    let shown = state.masks.weights(&mask, (state.layer, state.head)).expect("weights");
    for (query, row) in shown.rows.iter().enumerate() {
        let found = engine.attention(&path, &mask, AttentionKind::Own, state.layer, state.head, query);
        assert_eq!(row, &found);
    }
    // Another layer is another head's weights, and nothing is tried again for it.
    driver.keys("}").settle();
    let state = driver.app.state();
    assert!(state.masks.weights(&mask, (state.layer, state.head)).is_some());
    driver.keys("<left> +");
    assert!(driver.screen().contains("no number"), "{}", driver.screen());
}

#[test]
fn masks_are_written_by_hand_and_one_that_does_not_fit_says_why() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys(PAGE).settle();
    driver.keys("W C-u").type_text("sideways\n");
    assert!(driver.screen().contains("sideways"), "{}", driver.screen());
    driver.keys("C-u").type_text("prefix:99 window:1 permutation:1,0\n").settle();
    assert_eq!(driver.app.state().masks_in_view().len(), 4);
    driver.keys("<right>").settle();
    assert!(driver.screen().contains("prefix:99 does not fit: the text has"), "{}", driver.screen());
    driver.keys("<right> <right>").settle();
    assert!(driver.screen().contains("2 positions"), "{}", driver.screen());
    assert!(driver.app.state().masks.tried(&Mask::Window(1)).is_some());
    driver.keys("W C-u <enter>").settle();
    assert_eq!(driver.app.state().masks_in_view().len(), 6, "an empty line brings every kind back");
}

#[test]
fn space_stops_the_trials_and_goes_on_with_them() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys(PAGE);
    driver.work(3);
    assert!(driver.app.state().is_busy(Lane::Trials));
    driver.keys("<space>").settle();
    let tried = |driver: &Driver| {
        let state = driver.app.state();
        state.masks_in_view().iter().flatten().filter(|mask| state.masks.tried(mask).is_some()).count()
    };
    assert!(!driver.app.state().is_busy(Lane::Trials) && tried(&driver) < 6);
    driver.keys("<space>").settle();
    assert_eq!(tried(&driver), 6);
    let length = driver.app.state().run.len();
    driver.keys("s").settle();
    assert_eq!(driver.app.state().run.len(), length + 1);
    assert_eq!(driver.app.state().masks.tokens().len(), length + 1, "what is generated is tried as well");
}

#[test]
fn every_head_s_rank_and_what_the_cache_is_worth_have_their_parts() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys(PAGE).settle();
    driver.keys(".").settle();
    let state = driver.app.state();
    assert_eq!((state.masks.part, state.masks.ranks.len()), (Part::Rank, 36));
    assert!(state.masks.ranks.iter().all(|head| head.causal.full()));
    assert!(driver.screen().contains("36 of 36 heads have full rank"), "{}", driver.screen());
    driver.keys(".").settle();
    let reuse = &driver.app.state().masks.reuse;
    assert_eq!(reuse.iter().map(Reuse::share).collect::<Vec<_>>(), [1.0, 0.0, 0.0]);
    driver.keys(".").settle();
    assert!(driver.screen().contains("above what is given") && driver.screen().contains("</s>"), "{}", driver.screen());
}

#[test]
fn every_family_is_tried_under_every_mask_in_every_part() {
    for fixture in ["t5", "bart", "marian", "bert", "xlnet", "gpt-neox", "gemma2", "glm", "gpt2", "electra"] {
        let mut driver = on(fixture, "5 9 17 33 8 2");
        driver.keys(PAGE).settle();
        let state = driver.app.state();
        for mask in state.masks_in_view() {
            let mask = mask.expect("it fits");
            assert!(state.masks.tried(&mask).is_some(), "{fixture} {mask}: {}", driver.screen());
        }
        for _ in Part::ALL {
            driver.keys(".").settle();
            assert!(driver.screen().contains("Masks"), "{fixture}");
        }
    }
    let mut driver = on("xlnet", "5 9 17 33 8 2");
    driver.keys(PAGE).settle();
    driver.keys("<right> 0").settle();
    let screen = driver.screen();
    assert!(screen.contains("query") && screen.contains("sees nothing"), "{screen}");
}

#[test]
fn without_colours_a_mask_is_still_told_from_another() {
    for ascii in [false, true] {
        let theme = Theme::new(Colours::None, ascii);
        let start = lmscope::app::Start { theme, ..start(Language::English, Some(TEXT)) };
        let mut driver = Driver::new(App::new(start), 120, 40);
        driver.settle();
        driver.keys(PAGE).settle();
        let rows: Vec<Vec<char>> = driver.screen().lines().map(|line| line.chars().collect()).collect();
        let at = |name: &str| driver.find(name).expect("a name");
        let picture = |name: &str| -> Vec<char> {
            let at = at(name);
            (1..4).flat_map(|down| rows[usize::from(at.y) + down][usize::from(at.x)..][..5].to_vec()).collect()
        };
        assert_ne!(picture("causal   "), picture("bidirect"), "{}", driver.screen());
        assert_ne!(picture("window"), picture("causal   "), "{}", driver.screen());
    }
}

#[test]
fn on_masks_and_length_the_bar_says_when_nothing_is_measured_and_never_begins_to_generate() {
    let mut driver = explorer(Some("Once upon a time"), 80, 24);
    for page in ["<enter> 4 4 4 4", "4"] {
        driver.keys(page).settle();
        driver.keys("<space>").settle();
        let screen = driver.screen();
        assert!(screen.contains("nothing is being measured here"), "{screen}");
        assert_eq!(driver.app.state().run.len(), driver.app.state().run.text_len());
    }
}

#[test]
fn before_a_decoder_has_written_it_is_said_what_the_masks_are_measured_on_and_no_number_is_cut() {
    let start = Start { model: Spec::new("spelling".as_ref()), ..start(Language::English, None) };
    let mut driver = Driver::new(App::new(start), 80, 24);
    driver.settle();
    driver.keys("<enter> 4 4 4 4").settle();
    let screen = driver.screen();
    assert!(screen.contains("asked for its source again"), "{screen}");
    assert!(screen.contains("14465*") && screen.contains("6675.5") && !screen.contains('…'), "{screen}");
    driver.keys("3 s s s 4 4 4 4").settle();
    assert!(!driver.screen().contains("asked for its source again"), "{}", driver.screen());
}

#[test]
fn a_mask_that_is_written_and_does_not_fit_is_said_at_once_in_either_language() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    driver.keys(PAGE).settle();
    for (line, said) in
        [("permutation:1,0", "the order names 2 positions"), ("causal prefix:99", "prefix:99 does not fit")]
    {
        driver.keys("W C-u").type_text(line).keys("<enter>").settle();
        assert!(driver.screen().contains(said), "{}", driver.screen());
    }
    driver.keys("L <right>").settle();
    assert!(driver.screen().contains("prefix:99 不合适"), "{}", driver.screen());
}

#[test]
fn every_press_of_the_part_key_shows_another_part_at_every_size_and_round() {
    for (width, height, parts) in [(80, 24, 5), (120, 40, 4), (200, 60, 4)] {
        let mut driver = explorer(Some(TEXT), width, height);
        driver.keys(PAGE).settle();
        for key in [".", ","] {
            let first = driver.screen();
            for turn in 1..=parts {
                let before = driver.screen();
                driver.keys(key).settle();
                assert_ne!(driver.screen(), before, "{width} {key} {turn}");
                assert_eq!(driver.screen() == first, turn == parts, "{width} {key} {turn}: {}", driver.screen());
            }
        }
    }
}
