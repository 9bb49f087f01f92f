//! Models that fill in, and models with a source.

use lmscope::app::App;
use lmscope::lm::FAMILIES;
use lmscope::model::Spec;
use lmscope::runtime::headless::Driver;
use lmscope::ui::Language;

use super::explorer;
use super::path;
use super::start;

/// The explorer on a fixture; the fixtures have no tokenizer, so a text lists token ids.
pub(super) fn on(fixture: &str, text: &str) -> Driver {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture);
    let start = lmscope::app::Start { model: Spec::Path(folder), ..start(Language::English, Some(text)) };
    let mut driver = Driver::new(App::new(start), 120, 40);
    driver.settle();
    driver
}

#[test]
fn a_model_with_two_streams_tells_each_token_from_all_others() {
    let mut driver = on("xlnet", "5 9 17 33 8 2");
    driver.keys("<enter>").settle();
    let costs = |driver: &Driver| -> Vec<f64> {
        driver.app.state().run.tokens().map(|node| node.score.expect("every token has a cost").surprisal).collect()
    };
    let before = costs(&driver);
    let screen = driver.screen();
    assert!(screen.contains("Hidden token") && screen.contains("pseudo-perplexity"), "{screen}");
    // The last token is seen by the first: another one there changes what the first costs.
    let after = costs(&on("xlnet", "5 9 17 33 8 3"));
    assert!((before[0] - after[0]).abs() > 1e-6, "{before:?} {after:?}");
    // What stands at a place does not count in its own distribution.
    let first = |driver: &Driver| driver.app.state().shown().map(|shown| shown.distribution.entropy_bits());
    driver.keys("0").settle();
    let mut other = on("xlnet", "6 9 17 33 8 2");
    other.keys("<enter> 0").settle();
    assert_eq!(first(&driver), first(&other));
}

#[test]
fn taking_a_candidate_replaces_the_selected_token_and_undo_brings_it_back() {
    let mut driver = on("xlnet", "5 9 17 33 8 2");
    driver.keys("<enter> 0 <right>").settle();
    let best = driver.app.state().shown().expect("a distribution").distribution.most_probable();
    assert_ne!(best, 9);
    driver.keys("<enter>").settle();
    assert_eq!(path(&driver), [5, best, 17, 33, 8, 2]);
    driver.keys("u").settle();
    assert_eq!(path(&driver), [5, 9, 17, 33, 8, 2]);
    driver.keys("<space>").settle();
    assert!(driver.screen().contains("fills in"), "{}", driver.screen());
}

#[test]
fn the_pages_of_attention_explain_every_family() {
    for fixture in ["t5", "bart", "marian-float", "bert", "xlnet", "gpt-neox", "gemma2", "glm", "gpt2", "qwen3"] {
        let mut driver = on(fixture, "5 9 17 33 8 2");
        driver.keys("<enter> 4 x B f F").settle();
        let screen = driver.screen();
        assert!(screen.contains("KL ") || screen.contains("rank"), "{fixture}: {screen}");
        let state = driver.app.state();
        assert!(!state.explained.failed, "{fixture}: {screen}");
        let effect = state.effect().expect("an effect");
        assert!(effect.kl_bits >= 0.0 && effect.rank > 0, "{fixture}");
        driver.keys("t <left> 4").settle();
        let state = driver.app.state();
        let cell = state.explained.cell.as_ref().expect("computed").as_ref().expect("a cell");
        let weight = cell.row.cells[cell.cell.key - cell.row.first].weight;
        let shown = state.row(state.selected).expect("a row")[cell.cell.key];
        assert!((weight - shown).abs() < 1e-5, "{fixture}: {weight} {shown}");
        driver.keys("4").settle();
        let state = driver.app.state();
        let found = state.explained.attribution.as_ref().expect("parts");
        assert!(found.difference().abs() < 1e-3, "{fixture}: {}", found.difference());
        assert!(state.explained.lens(state.selected).is_some(), "{fixture}");
        assert!(driver.screen().contains("difference"), "{fixture}: {}", driver.screen());
    }
}

#[test]
fn a_decoder_goes_on_behind_its_source_and_its_rows_show_both_attentions() {
    for fixture in ["t5", "t5-v1.1", "bart", "marian-float"] {
        let mut driver = on(fixture, "5 9 17 33");
        driver.keys("<enter> s s s").settle();
        let state = driver.app.state();
        assert_eq!(state.source_len(), 4, "{fixture}");
        let ids = path(&driver);
        assert_eq!(&ids[..4], [5, 9, 17, 33], "{fixture}");
        assert!(ids.len() > 5, "{fixture}: {ids:?}");
        let row = state.row(ids.len() - 1).expect("a row of attention");
        let (source, own) = row.split_at(4);
        for (what, part) in [("source", source), ("own", own)] {
            let sum: f32 = part.iter().sum();
            assert!((sum - 1.0).abs() < 1e-5, "{fixture} {what}: {row:?}");
        }
        // A source token is not continued, and has no distribution.
        driver.keys("0").settle();
        assert!(driver.app.state().shown().is_none());
        assert!(driver.screen().contains("predicts nothing"), "{}", driver.screen());
        driver.keys("b").settle();
        assert_eq!(path(&driver), ids);
    }
}

#[test]
fn undo_and_branches_work_behind_a_source() {
    let mut driver = on("t5", "5 9 17 33");
    driver.keys("<enter> s s").settle();
    let two = path(&driver);
    driver.keys("u").settle();
    assert_eq!(path(&driver), two[..two.len() - 1]);
    driver.keys("<down> <enter>").settle();
    let other = path(&driver);
    assert_eq!(other.len(), two.len());
    assert_eq!(driver.app.state().run.branches().len(), if other == two { 1 } else { 2 });
}

#[test]
fn another_source_leaves_nothing_of_the_old_one() {
    let mut driver = on("t5", "5 9 17 33");
    driver.keys("<enter> s s 1").settle();
    driver.type_text(" 8").settle();
    driver.keys("<enter>").settle();
    let fresh = on("t5", "5 9 17 33 8");
    assert_eq!(path(&driver), path(&fresh));
    let positions = |driver: &Driver| driver.app.state().run.context();
    assert_eq!(positions(&driver), positions(&fresh));
}

#[test]
fn an_encoder_without_a_mask_token_shows_its_attention_and_says_why_there_is_no_more() {
    for fixture in ["bert", "roberta", "distilbert"] {
        let mut driver = on(fixture, "5 9 17 33");
        driver.keys("<enter>").settle();
        let screen = driver.screen();
        assert!(screen.contains("no tokenizer with a mask token"), "{fixture}: {screen}");
        let row = driver.app.state().row(0).expect("a row of attention");
        assert!(row.len() == 4 && row[3] > 0.0, "{fixture}: the first token sees the last: {row:?}");
    }
}

#[test]
fn a_family_stands_beside_the_open_model_and_what_differs_is_marked() {
    // On this width the open model and one family stand side by side.
    let mut driver = explorer(None, 80, 24);
    driver.keys("<enter> 5").settle();
    let open = driver.app.state().model.as_ref().expect("a model").engine.blueprint.rows();
    for family in FAMILIES {
        let mut steps = 0..20;
        while !driver.screen().contains(&format!("typical {}", family.name)) {
            assert!(steps.next().is_some(), "{} is not reached", family.name);
            driver.keys("<down>").settle();
        }
        let screen = driver.screen();
        let rows = screen.lines().skip_while(|line| !line.contains("typical ")).skip(1);
        for ((line, (what, ours)), (_, theirs)) in rows.zip(&open).zip((family.typical)().rows()) {
            assert!(line.contains(what), "{what}: {line}");
            assert_eq!(line.contains('≠'), *ours != theirs, "{}: {line}", family.name);
        }
    }
}

#[test]
fn a_term_keeps_what_stands_in_it() {
    let said = |english: &str| Language::Chinese.term(english).into_owned();
    assert_eq!(
        said("rotary (halves, 64 dimensions, θ = 10000, yarn ×4)"),
        "旋转（前后两半，64 维，θ = 10000, yarn ×4）"
    );
    assert_eq!(said("dense, GELU, norm, linear"), "全连接、GELU、归一化、线性");
    assert_eq!(said("LayerNorm"), "LayerNorm");
    assert_eq!(Language::English.term("learned, from row 2"), "learned, from row 2");
}

#[test]
fn what_is_said_of_a_family_is_said_in_chinese_too() {
    for family in FAMILIES {
        assert_eq!((family.typical)().family, family.name);
        assert_ne!(Language::Chinese.term(family.suited_for), family.suited_for);
        for (what, how) in (family.typical)().rows() {
            assert_ne!(Language::Chinese.term(what), what);
            // Names and formulas stay; sentences do not.
            let said = Language::Chinese.term(&how);
            let words =
                |text: &str| text.split(' ').filter(|word| word.chars().all(|c| c.is_ascii_lowercase())).count();
            assert!(words(&said) == 0 || words(&how) < 2, "{how} is said as {said}");
        }
    }
}
