//! Long texts: strategies against passes made by hand, and the fit against curves whose terms are known.

use std::path::Path;
use std::time::Duration;

use lmscope::lab::length::cost::{Fit, Point, lengths, measure};
use lmscope::lab::length::{Foretold, Reading, SINKS, Strategy, read, total};
use lmscope::lm::{AttentionKind, Distribution, Mask, Transformer, Workspace, load};
use lmscope::model::{EMBEDDED, Model, Spec, open};
use proptest::prelude::*;

use crate::command_line::{failed, json, list};

const BUDGET: usize = 16;

fn fixture(name: &str) -> Transformer {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    Transformer::new(&load::open(&path).expect("a checkpoint")).expect("a transformer")
}

fn stories() -> Model {
    let model = EMBEDDED.iter().find(|model| model.name == "stories").expect("a model");
    open(&Spec::Embedded(model)).expect("it opens")
}

fn text(length: usize) -> Vec<u32> {
    (0..length).map(|index| (7 + index * index * 5 % 31) as u32).collect()
}

fn told(engine: &Transformer, tokens: &[u32], budget: usize, strategy: Strategy) -> Vec<Foretold> {
    let reading = Reading { tokens, budget, cue: &[9, 10], ends: &[0] };
    let mut told = Vec::new();
    let mut tell = |token| {
        told.push(token);
        true
    };
    read(engine, reading, strategy, &mut Workspace::new(1), &|| true, &mut tell).expect("read");
    told
}

/// What the model says of `id` after a text of `tokens` alone.
fn after(engine: &Transformer, tokens: &[u32], id: u32) -> f64 {
    let mut workspace = Workspace::new(1);
    let path = engine.extend(&[], tokens, &engine.blueprint.mask, &mut workspace, &|| true).expect("a pass");
    let logits = engine.logits(&path[path.len() - 1..], &mut workspace).expect("logits");
    Distribution::new(logits).expect("a distribution").surprisal_bits(id)
}

#[test]
fn every_strategy_foretells_the_same_tokens_within_its_budget() {
    let (engine, tokens) = (fixture("llama"), text(60));
    for strategy in Strategy::ALL {
        let told = told(&engine, &tokens, BUDGET, strategy);
        assert!(told.iter().map(|token| token.at).eq(1..tokens.len()), "{strategy:?}");
        for token in &told {
            assert!(token.bits.is_finite());
            assert!(strategy == Strategy::Full || token.held() <= BUDGET, "{strategy:?} {token:?}");
            assert_eq!(token.kept.last().map(|run| run.end), Some(token.at), "what stands just before is always there");
            assert!(token.kept.windows(2).all(|pair| pair[0].end <= pair[1].start), "{strategy:?}");
        }
    }
}

#[test]
fn with_room_for_all_every_strategy_is_the_full_context() {
    let (engine, tokens) = (fixture("llama"), text(30));
    let full = told(&engine, &tokens, tokens.len(), Strategy::Full);
    for strategy in Strategy::ALL {
        let told = told(&engine, &tokens, tokens.len(), strategy);
        assert!(told.iter().zip(&full).all(|(a, b)| (a.bits - b.bits).abs() < 1e-9), "{strategy:?}");
    }
    for token in &full {
        assert!((token.bits - after(&engine, &tokens[..token.at], tokens[token.at])).abs() < 1e-9);
    }
}

#[test]
fn a_piece_is_read_as_a_text_of_its_own() {
    let (engine, tokens) = (fixture("gpt2"), text(50));
    for strategy in [Strategy::Chunks, Strategy::Overlap, Strategy::Surprising] {
        for token in told(&engine, &tokens, BUDGET, strategy) {
            let cache: Vec<u32> = token.kept.iter().flat_map(|run| tokens[run.clone()].to_vec()).collect();
            let expected = after(&engine, &cache, tokens[token.at]);
            assert!((token.bits - expected).abs() < 1e-9, "{strategy:?} {token:?} {expected}");
        }
    }
    let overlap = told(&engine, &tokens, BUDGET, Strategy::Overlap);
    assert!(overlap[BUDGET..].iter().all(|token| token.held() >= BUDGET / 2), "half a piece stands before each");
}

#[test]
fn a_summary_is_what_the_model_goes_on_with_after_the_cue() {
    let (engine, tokens) = (fixture("gpt2"), text(40));
    let told = told(&engine, &tokens, BUDGET, Strategy::Summary);
    let second = told.iter().find(|token| token.at > BUDGET).expect("a second piece");
    let mut said = [&tokens[..BUDGET], &[9, 10]].concat();
    for &token in second.written.iter() {
        assert!(after(&engine, &said, token) < 8.0);
        let best = (0..engine.config.vocabulary as u32).map(|id| after(&engine, &said, id)).fold(f64::MAX, f64::min);
        assert_eq!(after(&engine, &said, token), best, "greedily");
        said.push(token);
    }
    assert!(second.written.len() <= BUDGET / 4);
    let silent = Reading { tokens: &tokens, budget: BUDGET, cue: &[], ends: &[] };
    let none = read(&engine, silent, Strategy::Summary, &mut Workspace::new(1), &|| true, &mut |_| panic!("no cue"));
    assert_eq!(none, Ok(()));
}

#[test]
fn a_window_is_the_mask_of_that_name() {
    let (engine, tokens) = (fixture("llama"), text(50));
    let mut workspace = Workspace::new(1);
    let path = engine.extend(&[], &tokens, &Mask::Window(BUDGET), &mut workspace, &|| true).expect("a pass");
    let logits = engine.logits(&path, &mut workspace).expect("logits");
    let rows: Vec<_> = logits.chunks_exact(engine.config.vocabulary).collect();
    for token in told(&engine, &tokens, BUDGET, Strategy::Window) {
        let expected =
            Distribution::new(rows[token.at - 1].to_vec()).expect("numbers").surprisal_bits(tokens[token.at]);
        assert!((token.bits - expected).abs() < 1e-9);
    }
}

#[test]
fn a_moved_position_has_the_keys_of_the_place_it_is_moved_to() {
    for name in ["llama", "gpt-neox", "qwen3", "glm", "rope-yarn"] {
        let engine = fixture(name);
        let mut workspace = Workspace::new(1);
        let path = engine.extend(&[], &[9; 12], &Mask::Causal, &mut workspace, &|| true).expect("a pass");
        // In the first layer a key is made of the token and its place alone.
        let moved = engine.moved(&path[2], 7, 12).expect("rotary");
        for (found, expected) in moved.keys(0).iter().zip(path[9].keys(0)) {
            assert!((found - expected).abs() < 1e-5, "{name}: {found} {expected}");
        }
        assert_eq!(moved.values(0), path[2].values(0));
        let back = engine.moved(&moved, -7, 12).expect("rotary");
        assert!(back.keys(1).iter().zip(path[2].keys(1)).all(|(a, b)| (a - b).abs() < 1e-5), "{name}");
    }
    let engine = fixture("gpt2");
    let path = engine.extend(&[], &[9], &Mask::Causal, &mut Workspace::new(1), &|| true).expect("a pass");
    assert!(engine.moved(&path[0], 1, 8).is_none(), "a learned place cannot be moved");
}

#[test]
fn a_sink_is_as_near_as_its_place_in_the_cache() {
    // One query over a cache that is numbered from 0: the keys of the first layer are those of a text of just these tokens.
    let (engine, tokens) = (fixture("llama"), text(40));
    let mut workspace = Workspace::new(1);
    let path = engine.extend(&[], &tokens, &Mask::Causal, &mut workspace, &|| true).expect("a pass");
    let (at, dropped) = (39_usize, 40 - BUDGET);
    let cache: Vec<u32> = [&tokens[..SINKS], &tokens[SINKS + dropped..]].concat();
    let short = engine.extend(&[], &cache, &Mask::Causal, &mut workspace, &|| true).expect("a pass");
    let mut kept = vec![true; at];
    kept[SINKS..SINKS + dropped].fill(false);
    let mut moved = path.clone();
    for sink in &mut moved[..SINKS] {
        *sink = engine.moved(sink, dropped as isize, 40).expect("rotary");
    }
    let weights = |path: &[_], mask: &Mask, query: usize| engine.attention(path, mask, AttentionKind::Own, 0, 1, query);
    let long = weights(&moved, &Mask::Kept(kept, Box::new(Mask::Causal)), at);
    let expected = weights(&short, &Mask::Causal, BUDGET - 1);
    let found = long[..SINKS].iter().chain(&long[SINKS + dropped..]);
    assert!(found.zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5), "{long:?} {expected:?}");
    assert!(long[SINKS..SINKS + dropped].iter().all(|weight| *weight == 0.0));
}

#[test]
fn the_lightest_token_goes_and_the_last_ones_stay() {
    let (engine, tokens) = (fixture("gpt2"), text(32));
    let told = told(&engine, &tokens, BUDGET, Strategy::Heavy);
    let mut workspace = Workspace::new(1);
    // Everything again, from the definition: what each token has drawn, in every head of every layer.
    let mut drawn = vec![0.0_f64; tokens.len()];
    let mut kept: Vec<bool> = Vec::new();
    let mut path: Vec<_> = Vec::new();
    for (at, token) in tokens[..tokens.len() - 1].iter().enumerate() {
        if at >= BUDGET {
            let old = (0..=at - BUDGET / 2).filter(|&index| kept[index]);
            let lightest = old.min_by(|&a, &b| drawn[a].total_cmp(&drawn[b])).expect("an old one");
            kept[lightest] = false;
        }
        let mask = Mask::Kept(kept.clone(), Box::new(Mask::Causal));
        path.extend(engine.extend(&path, &[*token], &mask, &mut workspace, &|| true).expect("a pass"));
        kept.push(true);
        for (layer, head) in (0..engine.config.layers).flat_map(|l| (0..engine.config.heads).map(move |h| (l, h))) {
            let row = engine.attention(&path, &mask, AttentionKind::Own, layer, head, at);
            drawn.iter_mut().zip(row).for_each(|(drawn, weight)| *drawn += f64::from(weight));
        }
        let here: Vec<usize> = told[at].kept.iter().cloned().flatten().collect();
        let expected: Vec<usize> = (0..=at).filter(|&index| kept[index]).collect();
        assert_eq!(here, expected, "{at}");
    }
}

#[test]
fn a_stop_is_heard_between_tokens() {
    let (engine, tokens) = (fixture("llama"), text(60));
    for strategy in Strategy::ALL {
        let mut heard = 0;
        let reading = Reading { tokens: &tokens, budget: BUDGET, cue: &[9], ends: &[] };
        let stopped = read(&engine, reading, strategy, &mut Workspace::new(1), &|| true, &mut |_| {
            heard += 1;
            heard < 20
        });
        assert!(stopped.is_err() && heard == 20, "{strategy:?}");
    }
}

#[test]
fn lengths_double_up_to_the_most() {
    assert_eq!(lengths(64, 1000), [64, 128, 256, 512, 1000]);
    assert_eq!(lengths(64, 64), [64]);
    assert_eq!(lengths(64, 20), [20]);
}

#[test]
fn cost_is_measured_at_every_length_by_the_clock_it_is_given() {
    let model = stories();
    let ticks = std::cell::Cell::new(0_u64);
    let clock = || {
        ticks.set(ticks.get() + 1);
        Duration::from_millis(ticks.get())
    };
    let mut points: Vec<Point> = Vec::new();
    measure(&model.engine, &[8, 16], &mut Workspace::new(1), &|| true, &clock, &mut |point| {
        points.push(point);
        true
    })
    .expect("measured");
    let config = &model.engine.config;
    for (point, tokens) in points.iter().zip([8, 16]) {
        assert_eq!((point.tokens, point.prefill.as_millis()), (tokens, 1));
        assert_eq!(point.cache, tokens * config.layers * 2 * config.main().key_width() * 4);
        assert!(point.kept > point.cache && point.step == Some(Duration::from_millis(1)));
    }
}

proptest! {
    #[test]
    fn a_curve_without_noise_gives_back_its_terms(a in 0.0_f64..50.0, b in 0.0_f64..2.0, c in 0.0_f64..0.01) {
        let points: Vec<_> = [64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0].map(|n| (n, a + b * n + c * n * n + 1e-9)).into();
        let fit = Fit::of(&points).expect("points");
        for &(n, value) in &points {
            prop_assert!((fit.at(n) / value - 1.0).abs() < 1e-4, "{:?} {} {}", fit, n, value);
        }
        let expected = c * 2048.0 * 2048.0 / points[5].1;
        prop_assert!((fit.quadratic_share(2048.0) - expected).abs() < 1e-3);
        prop_assert!(fit.terms.iter().all(|term| *term >= 0.0));
    }
}

#[test]
fn no_fit_has_a_part_that_saves_time() {
    let falling = Fit::of(&[(1.0, 4.0), (2.0, 3.0), (4.0, 2.0)]).expect("points");
    assert!(falling.terms.iter().all(|term| *term >= 0.0) && falling.quadratic_share(4.0) == 0.0);
    assert_eq!(Fit::of(&[]), None);
}

#[test]
fn the_command_sets_strategies_beside_the_full_context() {
    let text = "Once upon a time there was a little dog. ".repeat(6);
    let answer = json(&["length", &text, "--budget", "12"]);
    let all = list(&answer, "strategies");
    assert_eq!(all.len(), Strategy::ALL.len());
    let score = json(&["score", &text])["bits"].as_f64().expect("bits");
    assert!((all[0]["bits"].as_f64().expect("bits") - score).abs() < 1e-6);
    let cheaper = json(&["length", &text, "--budget", "12", "--strategies", "window,chunks"]);
    assert_eq!(list(&cheaper, "strategies").len(), 2);
    assert!(cheaper["strategies"][0]["lost_bits_per_token"].is_null(), "the full context was not read");
    assert!(failed(&["length", &text, "--budget", "3"], 2).contains('3'));
    assert!(failed(&["length", &text, "--strategies", "luck"], 2).contains("heavy"));
    assert!(failed(&["length"], 2).contains("TEXT"));
    assert!(failed(&["length", "a"], 1).contains("longer"));
    let cost = json(&["length", "--cost", "--upto", "64"]);
    assert_eq!(cost["points"][0]["tokens"], 64);
    let sums = total(&told(&stories().engine, &[5, 6, 7], 8, Strategy::Full));
    assert_eq!(sums.count(), 2);
}
