//! Any size, any keys.

use lmscope::app::App;
use lmscope::runtime::headless::Driver;
use lmscope::ui::Colours;
use lmscope::ui::Language;
use lmscope::ui::Theme;
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;

use super::start;

#[test]
fn every_size_can_be_drawn_in_every_pane_and_language() {
    for language in Language::ALL {
        let mut driver = Driver::new(App::new(start(language, None)), 80, 24);
        driver.settle();
        driver.keys("<tab> s").settle();
        for keys in [
            "1",
            "2 <esc>",
            "3",
            "4",
            "5",
            "3 ?",
            "<esc> :",
            "<esc> /",
            "<esc> o",
            "<esc> 2 z",
            "<esc> 6",
            "> >",
            "<esc> 3 >",
            "> >",
            "v r r h",
            "c",
            "<esc> 2 2 2",
            "s x",
            "x 2",
            "j",
        ] {
            driver.keys("<esc> <esc> <tab>").keys(keys).settle();
            for width in (0..=46).chain([59, 60, 79, 80, 99, 100, 101, 120, 149, 150, 200, 300]) {
                for height in (0..=16).chain([24, 29, 30, 31, 60]) {
                    driver.resize(width, height);
                    let _ = driver.buffer();
                }
            }
        }
    }
}

#[test]
fn below_the_least_size_it_says_so() {
    let mut driver = Driver::new(App::new(start(Language::English, None)), 39, 12);
    driver.settle();
    assert!(driver.screen().contains("needs 40×12, this terminal has 39×12"));
    driver.resize(40, 12);
    assert!(driver.screen().contains("Next token"), "{}", driver.screen());
}

#[test]
fn no_key_mash_breaks_it() {
    let keys: Vec<String> = "a b c e g h i j k l n N o p q s u y z L G ? : / + - = [ ] { } 0 1 2 3 4 5 6 r v w $ ^ <esc> <tab> <backtab> <enter> \
        <space> <up> <down> <left> <right> <home> <end> <pgup> <pgdn> <bs> <del> C-r C-l C-u C-w C-a C-e M-b M-f C-_ C-y"
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    for seed in 0..4 {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut driver = Driver::new(App::new(start(Language::ALL[seed as usize % 2], None)), 120, 40);
        for _ in 0..300 {
            match rng.random_range(0..20) {
                0 => {
                    driver.resize(rng.random_range(0..220), rng.random_range(0..70));
                }
                1 => {
                    driver.paste(["", "南京市长江大桥", "a\u{1b}[31mb\r\n\tc", "👩‍👩‍👧‍👦 x̴̛͈"][rng.random_range(0..4)]);
                }
                2 => {
                    driver.click(rng.random_range(0..120), rng.random_range(0..40));
                }
                _ => {
                    driver.keys(&keys[rng.random_range(0..keys.len())]);
                }
            }
            driver.work(rng.random_range(0..4));
            let (width, height) = driver.size;
            let buffer = driver.buffer();
            assert_eq!((buffer.area.width, buffer.area.height), (width, height));
        }
    }
}

#[test]
fn without_colour_the_selection_is_still_seen() {
    let mut start = start(Language::English, Some("Once upon a time"));
    start.theme = Theme::new(Colours::None, false);
    let mut driver = Driver::new(App::new(start), 120, 40);
    driver.settle().keys("<tab> <tab> <left>").settle();
    let buffer = driver.buffer();
    let marked = buffer.content().iter().filter(|cell| !cell.modifier.is_empty()).count();
    assert!(marked > 0);
    let coloured = |cell: &&ratatui::buffer::Cell| {
        cell.fg != ratatui::style::Color::Reset || cell.bg != ratatui::style::Color::Reset
    };
    assert_eq!(buffer.content().iter().filter(coloured).count(), 0);
}

#[test]
fn with_ascii_alone_nothing_but_the_text_itself_is_outside_ascii() {
    let mut start = start(Language::English, Some("Once upon a time"));
    start.theme = Theme::new(Colours::True, true);
    let mut driver = Driver::new(App::new(start), 120, 40);
    driver.settle().keys("<tab>").settle();
    let screen = driver.screen();
    let strange: String = screen.chars().filter(|letter| !letter.is_ascii()).collect();
    assert!(strange.is_empty(), "{strange}\n{screen}");
}
