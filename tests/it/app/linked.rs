//! One selection everywhere.

use lmscope::lab::heads::Habit;
use lmscope::lm::AttentionKind;

use super::explorer;
use super::path;

#[test]
fn a_token_selected_in_one_pane_is_selected_in_all() {
    let mut driver = explorer(Some("Once upon a time, there was a dog"), 120, 40);
    driver.keys("<enter> <left> <left>").settle();
    let state = driver.app.state();
    assert_eq!(state.selected, path(&driver).len() - 3);
    let screen = driver.screen();
    assert!(screen.contains("after ␣was"), "next token: {screen}");
    assert!(screen.contains("8/10 ␣was"), "tokens: {screen}");
    assert!(screen.contains("␣was (8) →"), "attention: {screen}");
    assert!(screen.contains("next: ␣a · rank 1"), "what came: {screen}");
}

#[test]
fn which_token_is_attended_to_is_two_keys_from_the_distribution() {
    let mut driver = explorer(None, 80, 24);
    driver.type_text("The boy saw the girl and he").settle();
    driver.keys("<enter>");
    assert!(driver.screen().contains("Next token"));
    driver.keys("4");
    let screen = driver.screen();
    assert!(screen.contains("looks at"), "{screen}");
    assert!(screen.contains("␣he ("), "{screen}");
}

#[test]
fn the_weight_under_the_cursor_is_the_models() {
    let mut driver = explorer(Some("Once upon a time, there was a dog"), 120, 40);
    driver.keys("<enter> 4");
    let before = (driver.app.state().layer, driver.app.state().head);
    driver.keys("] { <up> <left>").settle();
    let state = driver.app.state();
    assert_eq!((state.layer, state.head), ((before.0 + 5) % 6, (before.1 + 1) % 6));
    let (query, key) = (state.selected, state.key_in_view().expect("a key"));
    let model = state.model.as_ref().expect("a model");
    let context = state.run.context();
    let mask = &model.engine.blueprint.mask;
    let row = model.engine.attention(&context[..=query], mask, AttentionKind::Own, state.layer, state.head, query);
    assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    assert!(driver.screen().contains(&format!("{:.4}", row[key])), "{}", driver.screen());
    assert!(driver.screen().contains(&format!("layer {} · head {}", state.layer + 1, state.head + 1)));
}

#[test]
fn a_click_selects_a_candidate_a_token_and_a_cell() {
    let mut driver = explorer(Some("Once upon a time, there was a dog"), 120, 40);
    let head = driver.find("sampled").expect("the head of the candidates");
    driver.click(head.x, head.y + 2);
    assert_eq!(driver.app.state().candidate, 1);
    driver.click_text("Attention").settle();
    let at = driver.find("␣time").expect("a label");
    driver.click(at.x, at.y).settle();
    driver.click_text("upon").settle();
    assert_eq!(driver.app.state().selected, 2);
}

#[test]
fn every_token_but_the_first_of_a_text_has_its_cost() {
    let driver = explorer(Some("Once upon a time, there was a dog"), 120, 40);
    let state = driver.app.state();
    let scores: Vec<_> = state.run.tokens().map(|node| node.score).collect();
    assert!(scores[0].is_none(), "nothing stands before the start token");
    assert!(scores[1..].iter().all(Option::is_some));
    let total: f64 = scores.iter().flatten().map(|score| score.surprisal).sum();
    assert!(driver.screen().contains(&format!("Σ {total:.1} bits")), "{}", driver.screen());
}

#[test]
fn the_first_head_shown_does_something_telling() {
    let driver = explorer(Some("Once upon a time, there was a dog. The dog"), 120, 40);
    let state = driver.app.state();
    let score = state.overview().expect("an overview").heads[state.layer][state.head].score.expect("a score");
    assert!(matches!(score.habit, Habit::Previous | Habit::Induction), "{score:?}");
}
