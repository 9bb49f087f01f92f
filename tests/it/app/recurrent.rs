//! A decoder that carries what it wrote in a recurrent cell: everything that others have, and why it has no attention to
//! itself.

use lmscope::model::Spec;
use lmscope::runtime::headless::Driver;
use lmscope::ui::Language;

use super::path;
use super::start;

fn on(text: &str, language: Language) -> Driver {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/marian");
    let start = lmscope::app::Start { model: Spec::Path(folder), ..start(language, Some(text)) };
    let mut driver = Driver::new(lmscope::app::App::new(start), 120, 40);
    driver.settle();
    driver
}

#[test]
fn a_sentence_is_translated_step_by_step_and_back_and_on_another_branch() {
    let mut driver = on("the cat sat on the mat", Language::English);
    driver.keys("<enter> s s s").settle();
    let state = driver.app.state();
    let source = state.source_len();
    let (ids, context) = (path(&driver), state.run.context());
    assert_eq!((ids[source - 1], ids[source]), (0, 0), "a source ends with </s>, where a target begins");
    let row = state.row(ids.len() - 1).expect("a row of attention");
    assert!((row[..source].iter().sum::<f32>() - 1.0).abs() < 1e-5);
    assert!(row[source..].iter().all(|weight| *weight == 0.0));
    assert!((source..ids.len()).all(|key| !state.sees(ids.len() - 1, key)));
    driver.keys("u u").settle();
    assert_eq!(path(&driver), ids[..ids.len() - 2]);
    driver.keys("<down> <enter>").settle();
    assert_ne!(path(&driver)[ids.len() - 2], ids[ids.len() - 2]);
    driver.keys("u C-r").settle();
    driver.keys("u u").settle();
    let kept = driver.app.state().run.context();
    assert!(kept.iter().zip(&context).all(|(kept, before)| kept.is(before)), "what was computed is still there");
}

#[test]
fn a_head_is_taken_out_of_the_attention_that_there_is_and_hiding_a_written_token_is_refused() {
    let mut driver = on("the cat sat on the mat", Language::English);
    driver.keys("<enter> s s 4 x").settle();
    let listed = |driver: &Driver| driver.app.state().changes().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(listed(&driver), ["head:x0.0"]);
    assert!(driver.app.state().is_out(0, 0) && driver.app.state().effect().is_some(), "{}", driver.screen());
    driver.keys("B").settle();
    assert_eq!(listed(&driver), ["head:x0.0"], "nothing attends to what was written");
    assert!(driver.screen().contains("has nothing to change"), "{}", driver.screen());
}

#[test]
fn pages_on_attention_say_in_a_line_what_is_not_there() {
    for (language, line) in
        [(Language::English, "a recurrent cell carries what it wrote"), (Language::Chinese, "由循环单元记住")]
    {
        let mut driver = on("the cat sat on the mat", language);
        driver.keys("<enter> s s 4").settle();
        // A wide glyph leaves the cell behind it empty.
        let said = |driver: &Driver| driver.screen().replace(' ', "").contains(&line.replace(' ', ""));
        assert!(said(&driver), "{}", driver.screen());
        // The source's tokens look at one another.
        driver.keys("0").settle();
        assert!(!said(&driver), "{}", driver.screen());
    }
}
