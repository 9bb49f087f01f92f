//! The information pane: what the text costs, and how far distributions are apart.

use std::ops::ControlFlow;

use lmscope::app::App;
use lmscope::job::Lane;
use lmscope::lab::compression::compress;
use lmscope::lab::information::{Divergence, Surprisals};
use lmscope::lab::rivals::rivals;
use lmscope::runtime::headless::Driver;
use lmscope::ui::{Colours, Language, Theme};

use super::{explorer, start};
use crate::command_line::{fixture, json};

const TEXT: &str = "Once upon a time, there was a little girl who";

fn informed(width: u16, height: u16) -> Driver {
    let mut driver = explorer(Some(TEXT), width, height);
    driver.keys("<enter> 6").settle();
    driver
}

#[test]
fn the_totals_are_those_of_the_command_line() {
    let score = json(&["score", "--special", TEXT]);
    let (bits, perplexity) = (score["bits"].as_f64().expect("bits"), score["perplexity"].as_f64().expect("perplexity"));
    let per_byte = score["bits_per_byte"].as_f64().expect("bits per byte");
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let screen = informed(width, height).screen();
        let said = format!("Σ {bits:.3} bits over {} tokens", score["scored"]);
        assert!(screen.contains(&said) && screen.contains(&format!("perplexity {perplexity:.2}")), "{said}\n{screen}");
        assert!(screen.contains(&format!("{per_byte:.3} per byte")), "{screen}");
        assert!(screen.contains("log2 p(x1…xn)") && screen.contains(&format!("= −{bits:.3}")), "{screen}");
    }
    let mut driver = informed(120, 40);
    driver.keys("w");
    let nats = bits * std::f64::consts::LN_2;
    assert!(driver.screen().contains(&format!("Σ {nats:.3} nats")), "{}", driver.screen());
}

#[test]
fn the_code_is_measured_only_while_somebody_looks_and_nothing_waits_for_it() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    assert!(driver.app.state().bill().is_none());
    driver.keys("<enter> 6");
    assert!(driver.app.state().is_busy(Lane::Information));
    assert!(driver.screen().contains("computing the code"), "{}", driver.screen());
    driver.settle();
    let state = driver.app.state();
    let bill = state.bill().expect("a bill");
    assert_eq!(bill.rivals, rivals(TEXT.as_bytes()).ok());
    let model = state.model.as_ref().expect("a model");
    let whole = compress(model, TEXT.as_bytes(), None, 1, &mut |_, _| ControlFlow::Continue(())).expect("compressed");
    let flags = whole.raw_bits;
    let code = bill.code_bits.expect("a code") as f64;
    assert!((code + flags - whole.code_bits as f64).abs() < 3.0, "{code} and {flags}, not {}", whole.code_bits);
    assert!(driver.screen().contains("gzip") && driver.screen().contains("zstd"), "{}", driver.screen());
    driver.keys("s").settle();
    assert_eq!(driver.app.state().bill().expect("a new bill").tokens.len(), driver.app.state().run.len());
}

#[test]
fn units_are_regrouped_by_a_key_and_selecting_one_selects_its_token_everywhere() {
    let mut driver = informed(120, 40);
    for by in ["by bytes", "by characters", "by words", "by tokens"] {
        driver.keys("r").settle();
        assert!(driver.screen().contains(by), "{}", driver.screen());
    }
    driver.keys("r g").settle();
    assert_eq!(driver.app.state().selected, 1, "the first byte is of the first token behind the start token");
    let first = driver.app.state().piece(driver.app.state().run.at(1).expect("a token").token).len();
    for _ in 0..first {
        driver.keys("j").settle();
    }
    assert_eq!(driver.app.state().selected, 2);
    driver.keys("k").settle();
    assert_eq!(driver.app.state().selected, 1);
    driver.keys("G").settle();
    assert_eq!(driver.app.state().selected, driver.app.state().tip());
    driver.click(6, 6).settle();
    assert!(driver.app.state().selected < driver.app.state().tip());
}

#[test]
fn a_marked_distribution_is_compared_with_the_selected_one_and_the_identity_is_on_screen() {
    let mut driver = informed(120, 60);
    driver.keys("v h h").settle();
    let state = driver.app.state();
    let marked = state.information.marked.as_ref().expect("a mark");
    let (p, q) =
        (Surprisals::from(&*marked.distribution), Surprisals::from(&*state.shown().expect("one").distribution));
    let of = Divergence::of(&p, &q).expect("one vocabulary");
    let said = format!("H(p,q) {:.3} = H(p) {:.3} + KL(p‖q) {:.3}", of.cross_pq, of.entropy_p, of.kl_pq);
    assert!(driver.screen().contains(&said), "{said}\n{}", driver.screen());
    let telling = Divergence::telling(&p, &q, 1)[0];
    assert!(driver.screen().contains(&state.label(telling)), "{}", driver.screen());
    driver.keys("l l v").settle();
    assert!(driver.app.state().information.marked.is_none());
}

#[test]
fn what_the_sampler_rules_out_is_infinitely_far() {
    let driver = informed(120, 40);
    // top-p 0.95 cuts tokens off: the model's texts would cost infinitely much.
    assert!(driver.screen().contains("KL(p‖q) ∞"), "{}", driver.screen());
}

#[test]
fn a_mark_of_another_vocabulary_is_refused_with_the_first_id_that_differs() {
    let mut driver = informed(120, 40);
    driver.keys("v o").type_text("poems").keys("<enter>").settle();
    driver.keys("5 6").settle();
    assert!(driver.screen().contains("different vocabularies, first at id"), "{}", driver.screen());
}

#[test]
fn the_pane_is_readable_without_colour_and_in_ascii() {
    let mut begin = start(Language::English, Some(TEXT));
    begin.theme = Theme::new(Colours::None, true);
    let mut driver = Driver::new(App::new(begin), 80, 24);
    driver.settle();
    driver.keys("<enter> 6").settle();
    assert!(driver.screen().contains('#'), "bars in ASCII:\n{}", driver.screen());
    driver.keys("c").settle();
    assert!(driver.screen().contains("KL(p"), "{}", driver.screen());
}

#[test]
fn two_models_of_one_vocabulary_are_compared_on_screen() {
    let mut driver = informed(120, 40);
    for (file, keys) in [("llama-F32", "5 6 v"), ("llama-Q8_0", "5 6")] {
        driver.keys("o").type_text(&fixture(&format!("gguf/{file}.gguf"))).keys("<enter>").settle();
        driver.keys(keys).settle();
    }
    let state = driver.app.state();
    assert_eq!(state.marked_difference(), None);
    let compared = state.compared(&state.marked_pair().expect("a pair")).expect("measured");
    let of = compared.divergence.expect("one vocabulary");
    assert!(of.kl_pq > 0.0 && of.kl_pq.is_finite() && of.identity_error().abs() < 1e-9, "{of:?}");
    assert!(driver.screen().contains("(llama-F32), q at"), "{}", driver.screen());
}
