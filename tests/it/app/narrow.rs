//! Where there are few columns, what is said is said to its end.

use lmscope::lm::Intervention;
use lmscope::lm::blueprint::Objective;

use super::Driver;
use super::explorer;

const TEXT: &str = "Once upon a time, there was a dog";

fn attention(width: u16, height: u16) -> Driver {
    let mut driver = explorer(Some(TEXT), width, height);
    driver.keys("<enter> 4").settle();
    driver
}

#[test]
fn a_long_question_leaves_its_answer_in_view() {
    for width in [40, 80, 200] {
        let mut driver = attention(width, 24);
        driver.keys("W").type_text("head:1.2 ff:3");
        let screen = driver.screen();
        assert!(screen.contains("› head:1.2 ff:3"), "{screen}");
        assert!(screen.contains("Interventions, from 0") && screen.contains("- before one: off"), "{screen}");
    }
}

#[test]
fn an_error_is_said_to_its_end_over_several_rows() {
    let error = "tail:1".parse::<Intervention>().expect_err("no such intervention").to_string();
    for width in [80, 120] {
        let mut driver = attention(width, 24);
        driver.keys("x W").type_text(" tail:1").keys("<enter>").settle();
        let screen = driver.screen();
        assert!(error.len() > usize::from(width), "{error}");
        for word in error.split_whitespace() {
            assert!(screen.contains(word), "{word}: {screen}");
        }
        assert!(screen.contains(" tail:1") && screen.contains("Interventions, from 0"), "{screen}");
    }
}

#[test]
fn a_head_that_is_taken_out_is_marked_in_the_overview_and_in_every_order() {
    let mut driver = attention(80, 24);
    driver.keys("x").settle();
    let (layer, head) = (driver.app.state().layer + 1, driver.app.state().head + 1);
    let screen = driver.screen();
    assert!(screen.contains("[×]") && screen.contains("× out"), "{screen}");
    assert!(screen.contains(&format!("layer {layer} · head {head} out")), "{screen}");
    driver.keys("R");
    let screen = driver.screen();
    let row = screen.lines().find(|line| line.contains(&format!("[L{layer}H{head}"))).expect("the head's row");
    assert!(row.contains('×'), "{row}");
    driver.keys("x").settle();
    assert!(!driver.screen().contains("× out"), "{}", driver.screen());
}

#[test]
fn what_interventions_change_is_said_to_its_end() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut driver = attention(width, height);
        driver.keys("x").settle();
        let effect = driver.app.state().effect().expect("an effect");
        let [before, after] = effect.probability.map(|p| format!("{p:.3}"));
        let now = driver.app.state().label(effect.now);
        let screen = driver.screen();
        assert!(screen.contains(&format!("p {before} → {after}")), "{screen}");
        assert!(screen.contains(&format!("now {now}")), "{screen}");
    }
}

#[test]
fn the_stage_that_cut_a_token_is_named_beside_interventions() {
    let mut driver = attention(120, 40);
    driver.keys("x 3").settle();
    let screen = driver.screen();
    let head = screen.lines().find(|line| line.contains("before")).expect("the head of the table");
    assert!(head.contains("model") && head.contains("sampled"), "{head}");
    assert!(screen.contains("cut top-p"), "{screen}");
}

#[test]
fn masks_have_their_names_and_the_one_in_view_its_whole_name() {
    let mut driver = attention(80, 24);
    driver.keys("4 4 4").settle();
    let screen = driver.screen();
    let names = screen.lines().find(|line| line.contains("causal ") && line.contains("prefix:")).expect("their names");
    assert!(names.contains("bidirect.") && names.contains("permut.") && !names.contains('…'), "{names}");
    driver.keys("<right> <right> <right> <right> <right>").settle();
    let screen = driver.screen();
    assert!(screen.contains(" permutation:"), "{screen}");
}

#[test]
fn a_path_that_is_still_to_be_read_with_the_interventions_says_so_until_it_has_been() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    driver.keys("<enter> 3 s s").settle();
    driver.keys("u u <down> <down> <down> <enter> s").settle();
    assert_eq!(driver.app.state().run.branches().len(), 2);
    driver.keys("4 x 3 3 3");
    let screen = driver.screen();
    assert!(screen.contains("still to be read with the interventions: 2 of 2") && screen.contains('…'), "{screen}");
    let mut said = Vec::new();
    while driver.work(1) > 0 {
        let told = driver.screen().lines().find(|line| line.contains("still to be read")).map(str::to_owned);
        if said.last() != Some(&told) {
            said.push(told);
        }
    }
    assert_eq!(said.len(), 3, "two, one, none: {said:?}");
    assert_eq!(said.last(), Some(&None), "{}", driver.screen());
}

#[test]
fn what_has_no_room_below_an_architectures_picture_is_a_page_down() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    driver.keys("<enter> 5 5").settle();
    let told = |driver: &Driver| driver.screen().contains("needs") && driver.screen().contains("each");
    // A picture of two stacks fills the screen.
    while driver.app.state().objective() != Objective::SpanCorruption {
        driver.keys("<down>").settle();
    }
    assert!(!told(&driver) && driver.screen().contains("more lines: PgDn"), "{}", driver.screen());
    for _ in 0..4 {
        driver.keys("<pgdn>");
    }
    assert!(told(&driver) && driver.screen().contains("more above: PgUp"), "{}", driver.screen());
    driver.keys("<up>").settle();
    assert!(!driver.screen().contains("PgUp"), "{}", driver.screen());
}
