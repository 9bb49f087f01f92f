//! Pictures of the screen with their styles, at three sizes and in both languages.

use lmscope::app::App;
use lmscope::runtime::headless::Driver;
use lmscope::state::PaneId;
use lmscope::ui::Language;

use super::start;

fn picture(name: &str, language: Language, size: (u16, u16), keys: &str) {
    let mut driver = Driver::new(App::new(start(language, None)), size.0, size.1);
    driver.settle();
    for key in keys.split_whitespace() {
        driver.keys(key).settle();
    }
    // A picture is named after what it shows.
    let page = name.split('-').next().expect("a name");
    if PaneId::all().any(|pane| format!("{pane:?}").to_lowercase() == page) {
        assert_eq!(format!("{:?}", driver.app.focus()).to_lowercase(), page, "{name}");
    }
    let picture = format!("{}\n\n{}", driver.screen(), driver.styles());
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, picture);
    });
}

#[test]
fn the_first_screen_looks_like_this() {
    picture("first-80x24-en", Language::English, (80, 24), "");
    picture("first-120x40-en", Language::English, (120, 40), "");
    picture("first-200x60-en", Language::English, (200, 60), "");
    picture("first-80x24-zh", Language::Chinese, (80, 24), "");
    picture("first-120x40-zh", Language::Chinese, (120, 40), "");
}

#[test]
fn generated_text_looks_like_this() {
    picture("generated-120x40-en", Language::English, (120, 40), "<enter> s s s <left>");
    picture("generated-120x40-zh", Language::Chinese, (120, 40), "<enter> s s s <left>");
}

#[test]
fn panes_alone_look_like_this() {
    picture("attention-80x24-en", Language::English, (80, 24), "<enter> 4 ] }");
    picture("attention-200x60-en", Language::English, (200, 60), "<enter> 4 z x");
    picture("calculation-120x40-en", Language::English, (120, 40), "<enter> 4 4 .");
    picture("layers-120x40-en", Language::English, (120, 40), "<enter> 4 4 4 j");
    picture("layers-80x24-zh", Language::Chinese, (80, 24), "<enter> 4 4 4 .");
    picture("tree-80x24-en", Language::English, (80, 24), "<enter> s s u j <enter> s 4 x 3 3 3 j");
    picture("length-120x40-en", Language::English, (120, 40), "<enter> 4 4 4 4 4 j j");
    picture("length-80x24-zh", Language::Chinese, (80, 24), "<enter> 4 4 4 4 4 j j j");
    picture("masks-120x40-en", Language::English, (120, 40), "<enter> 4 4 4 4 <right>");
    picture("masks-80x24-zh", Language::Chinese, (80, 24), "<enter> 4 4 4 4 . .");
    picture("tokens-80x24-zh", Language::Chinese, (80, 24), "<enter> 2");
    picture("steps-120x40-en", Language::English, (120, 40), "<enter> 2 2 ] ] ] ] t t t t t t t . .");
    picture("steps-80x24-zh", Language::Chinese, (80, 24), "<enter> 2 2 ] ] ] ] ] ] G w");
    picture("models-120x40-en", Language::English, (120, 40), "<enter> 5");
    picture("architectures-120x40-en", Language::English, (120, 40), "<enter> 5 5");
    picture("architectures-80x24-zh", Language::Chinese, (80, 24), "<enter> 5 5 j j j j j j");
    picture("repetition-120x40-en", Language::English, (120, 40), "<enter> 6 6");
    picture("repetition-80x24-zh", Language::Chinese, (80, 24), "<enter> 6 6");
    picture("information-80x24-en", Language::English, (80, 24), "<enter> 6 c v h");
    picture("information-120x40-zh", Language::Chinese, (120, 40), "<enter> 6 r r r");
    picture("information-200x60-en", Language::English, (200, 60), "<enter> s s 6 v h h");
    picture("training-120x40-en", Language::English, (120, 40), "<enter> 2 2 2 2 2 . . . .");
    picture("training-80x24-zh", Language::Chinese, (80, 24), "<enter> 2 2 2 2 2 ] . . .");
    picture("training-tags-120x40-zh", Language::Chinese, (120, 40), "<enter> 2 2 2 2 2 [ t t . . . .");
    picture("vocabulary-80x24-en", Language::English, (80, 24), "<enter> 2 2 2");
    picture("vocabulary-120x40-zh", Language::Chinese, (120, 40), "<enter> 2 2 2 x");
    picture("compare-80x24-zh", Language::Chinese, (80, 24), "<enter> 2 2 2 2");
    picture("compare-200x60-en", Language::English, (200, 60), "<enter> 2 2 2 2 j");
    picture("help-80x24-zh", Language::Chinese, (80, 24), "<enter> ?");
    picture("palette-80x24-en", Language::English, (80, 24), "<enter> :");
}

/// The screen that the README shows.
fn readme_picture() -> String {
    let mut driver = Driver::new(App::new(start(Language::English, None)), 110, 36);
    driver.settle();
    for key in ["<enter>", "s", "s", "s", "<left>", "]", "]", "}", "}", "}"] {
        driver.keys(key).settle();
    }
    driver.screen()
}

#[test]
fn the_picture_in_the_readme_is_the_screen() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).expect("a README");
    let picture = readme_picture();
    assert!(readme.contains(picture.trim_end()), "the README's picture should be:\n{picture}");
}
