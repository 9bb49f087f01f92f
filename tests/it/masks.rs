//! The mask lab, against passes that were made by hand, numpy's singular values, and exact mathematics.

use std::path::Path;
use std::time::Duration;

use lmscope::lab::masks::objective::{Example, Piece, example, spans};
use lmscope::lab::masks::rank::{Passes, Rank, heads};
use lmscope::lab::masks::reuse::{Reading, measure};
use lmscope::lab::masks::{Asked, Cost, Misfit, Text, Told, alike, costs, foretell, peeked, total};
use lmscope::lm::blueprint::Objective;
use lmscope::lm::{AttentionKind, Distribution, Mask, Transformer, Workspace, load};
use proptest::prelude::*;

use crate::command_line::{failed, json, list};

const TOKENS: [u32; 7] = [5, 9, 7, 8, 12, 3, 9];
const HIDE: u32 = 4;

fn fixture(name: &str) -> Transformer {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    Transformer::new(&load::open(&path).expect("a checkpoint")).expect("a transformer")
}

fn told(engine: &Transformer, tokens: &[u32], mask: &Mask) -> Told {
    let text = Text { tokens, source: &TOKENS, hide: Some(HIDE) };
    foretell(engine, text, mask, &mut Workspace::new(1), &|| true, &mut |_| ()).expect("a pass")
}

fn priced(engine: &Transformer, tokens: &[u32], mask: &Mask) -> Vec<Cost> {
    let own = told(engine, tokens, &engine.blueprint.mask);
    let told = told(engine, tokens, mask);
    costs(engine, tokens, &told, &own, &mut Workspace::new(1), &|| true).expect("costs")
}

/// What a pass over `tokens` alone says, at its position `at`, of the token `id`.
fn bits(engine: &Transformer, tokens: &[u32], mask: &Mask, at: usize, id: u32) -> f64 {
    let mut workspace = Workspace::new(1);
    let path = engine.extend(&[], tokens, mask, &mut workspace, &|| true).expect("a pass");
    let logits = engine.logits(&path[at..=at], &mut workspace).expect("logits");
    Distribution::new(logits).expect("a distribution").surprisal_bits(id)
}

fn is(found: Option<f64>, expected: f64) -> bool {
    found.is_some_and(|found| (found - expected).abs() < 1e-9)
}

#[test]
fn a_decoder_foretells_each_token_without_seeing_it_whatever_the_mask_shows() {
    let engine = fixture("gpt2");
    for mask in ["causal", "bidirectional", "window:2", "prefix:3", "permutation:4,0,6,1,2,5,3"] {
        let mask: Mask = mask.parse().expect("a mask");
        let given = if let Mask::Prefix(n) = mask { n } else { 1 };
        let found = priced(&engine, &TOKENS, &mask);
        for (at, cost) in found.iter().enumerate() {
            if at < given {
                assert_eq!(cost.bits, None, "{mask}: token {at} is given");
            } else {
                // Where the whole pass sees the token, the text ends before it; where it does not, another token in
                // its place changes nothing.
                let peeks = mask.visible(at - 1, at);
                let mut other = TOKENS;
                other[at] = 11;
                let text = if peeks { &TOKENS[..at] } else { &other[..] };
                let expected = bits(&engine, text, &mask, at - 1, TOKENS[at]);
                assert!(is(cost.bits, expected), "{mask} {at}: {cost:?} {expected}");
                assert_eq!(cost.peeked.is_some(), peeks, "{mask} {at}");
            }
        }
        let peeks = (given..TOKENS.len()).any(|at| mask.visible(at - 1, at));
        assert_eq!(peeked(&found).is_some(), peeks, "{mask}");
    }
}

#[test]
fn one_encoder_foretells_hidden_tokens_under_each_of_unilm_s_masks() {
    let engine = fixture("bert");
    let mut workspace = Workspace::new(1);
    let both_ways = priced(&engine, &TOKENS, &Mask::Bidirectional);
    for (at, cost) in both_ways.iter().enumerate() {
        let position = engine.cloze(&TOKENS, at, Some(HIDE), &mut workspace, &|| true).expect("a cloze");
        let logits = engine.logits(&[position], &mut workspace).expect("logits");
        let expected = Distribution::new(logits).expect("a distribution").surprisal_bits(TOKENS[at]);
        assert!(is(cost.bits, expected), "{at}");
        assert!(is(cost.divergence, 0.0), "its own mask");
    }
    let causal = priced(&engine, &TOKENS, &Mask::Causal);
    for (at, cost) in causal.iter().enumerate() {
        let hidden = [&TOKENS[..at], &[HIDE]].concat();
        assert!(is(cost.bits, bits(&engine, &hidden, &Mask::Causal, at, TOKENS[at])), "{at}");
        assert_eq!(cost.peeked, None);
    }
    let target = priced(&engine, &TOKENS, &Mask::SeqToSeq(3));
    assert!(target[..3].iter().all(|cost| cost.bits.is_none()), "the source is given");
    assert_eq!(total(&target).count(), 4);
    let (same, all) = (alike(&both_ways, &target), total(&both_ways));
    assert!(is(same, both_ways[3..].iter().filter_map(|cost| cost.bits).sum::<f64>() / 4.0));
    assert_eq!(all.count(), 7);
}

#[test]
fn under_a_permutation_no_token_s_cost_depends_on_itself_or_on_what_comes_later_in_the_order() {
    let engine = fixture("xlnet");
    let order = vec![4, 0, 6, 1, 2, 5, 3];
    let mask = Mask::Permutation(order.clone());
    let found = told(&engine, &TOKENS, &mask);
    for turn in 0..order.len() {
        let mut changed = TOKENS;
        for &later in &order[turn..] {
            changed[later] = 11;
        }
        let other = told(&engine, &changed, &mask);
        let (a, b) = (&found.by[order[turn]], &other.by[order[turn]]);
        assert_eq!(
            a.as_ref().map(lmscope::lm::Position::hidden),
            b.as_ref().map(lmscope::lm::Position::hidden),
            "turn {turn}"
        );
    }
    let row = engine.attention(&found.path, &found.mask, AttentionKind::QueryStream, 0, 0, order[0]);
    assert!(row.iter().all(|weight| *weight == 0.0), "the first of the order sees nothing, and no NaN: {row:?}");
    let causal = told(&engine, &TOKENS, &Mask::Causal);
    let identity = told(&engine, &TOKENS, &Mask::Permutation((0..TOKENS.len()).collect()));
    for (a, b) in causal.by.iter().zip(&identity.by) {
        assert_eq!(
            a.as_ref().map(lmscope::lm::Position::hidden),
            b.as_ref().map(lmscope::lm::Position::hidden),
            "left to right is one of the orders"
        );
    }
}

#[test]
fn a_decoder_behind_an_encoder_keeps_its_first_token_before_every_mask() {
    let engine = fixture("t5");
    let found = told(&engine, &TOKENS, &Mask::SeqToSeq(2));
    assert_eq!((found.before, found.path.len()), (TOKENS.len() + 1, 2 * TOKENS.len() + 1));
    assert_eq!(found.mask, Mask::SeqToSeq(3));
    assert!(found.by[..2].iter().all(Option::is_none) && found.by[2..].iter().all(Option::is_some));
    assert!(told(&engine, &TOKENS, &Mask::Causal).by.iter().all(Option::is_some), "even the first is foretold");
}

#[test]
fn singular_values_are_those_of_numpy() {
    let matrix = [
        [0.0, 0.3, -0.27, -0.89, -0.45, -0.99],
        [0.06, 1.34, -0.49, -0.62, 0.49, 0.36],
        [0.11, -0.93, -0.03, 0.7, -1.34, -0.46],
        [-1.9, -1.29, -1.84, -0.24, -1.27, 0.27],
        [0.16, -0.19, -2.52, -0.54, -0.05, 0.11],
        [-1.53, -0.48, -0.98, -0.81, 1.06, -0.81],
    ];
    let numpy = [
        4.029_974_784_253_885,
        2.778_819_934_221_538,
        1.990_896_530_690_643,
        1.469_380_847_188_146,
        1.109_641_303_451_499_4,
        0.280_018_069_284_717_1,
    ];
    for (found, expected) in Rank::of(&matrix.concat(), 6).singular.iter().zip(numpy) {
        assert!((found - expected).abs() < 1e-13, "{found} {expected}");
    }
    // Hilbert's matrix: ten orders of magnitude between the first and the last.
    let hilbert: Vec<f64> = (0..64).map(|cell| 1.0 / (cell / 8 + cell % 8 + 1) as f64).collect();
    let found = Rank::of(&hilbert, 8);
    for (found, expected) in found.singular.iter().zip([1.695_938_996_921_949_6, 0.298_125_211_316_930_7]) {
        assert!((found - expected).abs() < 1e-13);
    }
    assert!((found.singular[7] / 1.111_538_979e-10 - 1.0).abs() < 1e-4, "{}", found.singular[7]);
    assert!((found.log_determinant + 32.562_717_2).abs() < 1e-4, "{}", found.log_determinant);
    assert_eq!((found.numerical, found.full()), (5, false), "float32 could not tell the last three from 0");
    let none = Rank::of(&[0.0; 9], 3);
    assert_eq!((none.numerical, none.effective, none.log_determinant), (0, 0.0, f64::NEG_INFINITY));
    assert!(Rank::of(&[], 0).singular.is_empty());
}

#[test]
fn the_rank_of_a_sum_of_few_products_is_how_many_there_are() {
    let (a, b) = ([1.0, -2.0, 0.5, 3.0], [0.25, 1.0, -1.0, 2.0]);
    let outer: Vec<f64> = a.iter().flat_map(|x| b.iter().map(move |y| x * y)).collect();
    let rank = Rank::of(&outer, 4);
    assert_eq!(rank.numerical, 1);
    assert!((rank.effective - 1.0).abs() < 1e-6);
    let identity: Vec<f64> = (0..16).map(|cell| f64::from(u8::from(cell / 4 == cell % 4))).collect();
    let rank = Rank::of(&identity, 4);
    assert_eq!((rank.numerical, rank.log_determinant, rank.full()), (4, 0.0, true));
    assert!((rank.effective - 4.0).abs() < 1e-12);
}

#[test]
fn every_causal_head_has_full_rank_and_its_determinant_is_the_product_of_its_diagonal() {
    let engine = fixture("gpt2");
    let mut workspace = Workspace::new(1);
    let mut pass = |mask: &Mask| engine.extend(&[], &TOKENS, mask, &mut workspace, &|| true).expect("a pass");
    let (causal, both_ways) = (pass(&Mask::Causal), pass(&Mask::Bidirectional));
    let passes = Passes { causal: &causal, both_ways: &both_ways, before: 0 };
    let mut count = 0;
    heads(&engine, passes, &mut |head| {
        assert!(head.causal.triangular && head.causal.full());
        let by_values: f64 = head.causal.singular.iter().map(|value| value.log10()).sum();
        assert!((head.causal.log_determinant - by_values).abs() < 1e-9, "|det| is the product of singular values too");
        let diagonal = |at| engine.attention(&causal, &Mask::Causal, AttentionKind::Own, head.layer, head.head, at)[at];
        let product: f64 = (0..TOKENS.len()).map(|at| f64::from(diagonal(at)).log10()).sum();
        assert!((head.causal.log_determinant - product).abs() < 1e-12);
        assert!(!head.both_ways.triangular);
        assert!(head.products <= engine.config.head_width);
        count += 1;
        true
    })
    .expect("measured");
    assert_eq!(count, engine.config.layers * engine.config.heads);
}

#[test]
fn only_what_reads_from_left_to_right_can_use_its_cache_again() {
    let clock = || Duration::ZERO;
    let reused = |name: &str| {
        let mut workspace = Workspace::new(1);
        let found = measure(&fixture(name), &TOKENS, 5, &mut workspace, &|| true, &clock).expect("measured");
        found.into_iter().map(|reuse| (reuse.reading, reuse.own, reuse.reused)).collect::<Vec<_>>()
    };
    assert_eq!(
        reused("gpt2"),
        [(Reading::DecoderOnly, true, 5), (Reading::Prefix, false, 0), (Reading::EncoderOnly, false, 0)]
    );
    assert_eq!(reused("t5"), [(Reading::EncoderDecoder, true, 0)]);
    assert_eq!(
        reused("bert"),
        [(Reading::DecoderOnly, false, 5), (Reading::Prefix, false, 0), (Reading::EncoderOnly, true, 0)]
    );
}

#[test]
fn a_mask_that_does_not_fit_the_text_is_refused_by_name() {
    let of = |mask: &str, length| mask.parse::<Asked>().expect("a mask").of(length, 0);
    assert_eq!(of("prefix:8", 7), Err(Misfit::Longer { mask: "prefix:8".into(), length: 7 }));
    assert_eq!(of("prefix:7", 7), Ok(Mask::Prefix(7)));
    assert_eq!(of("permutation:1,0", 7), Err(Misfit::Order { named: 2, length: 7 }));
    assert_eq!(of("window", 7), Ok(Mask::Window(2)));
    for wrong in ["window:0", "prefix:", "permutation:0,0", "permutation:0,2", "sideways"] {
        assert!(wrong.parse::<Asked>().is_err(), "{wrong}");
    }
    let Ok(Mask::Permutation(order)) = of("permutation", 50) else { panic!("an order") };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert!(sorted.iter().copied().eq(0..50) && order != sorted, "drawn");
}

#[test]
fn the_command_says_what_each_mask_costs_and_shows() {
    let answer = json(&["masks", "Once upon a time there was a little dog"]);
    let masks = list(&answer, "masks");
    assert_eq!(masks.len(), Asked::ALL.len());
    let own: Vec<_> = masks.iter().filter(|mask| mask["own"] == true).collect();
    assert_eq!((own.len(), own[0]["mask"].as_str()), (1, Some("causal")));
    let score = json(&["score", "Once upon a time there was a little dog"]);
    assert!((own[0]["bits"].as_f64().expect("bits") - score["bits"].as_f64().expect("bits")).abs() < 1e-6);
    for mask in masks {
        for (seen, weights) in list(mask, "visible").iter().zip(list(mask, "weights")) {
            let cells = seen.as_array().expect("cells").iter().zip(weights.as_array().expect("weights"));
            for (seen, weight) in cells {
                assert!(seen == true || weight.as_f64() == Some(0.0));
            }
        }
    }
    let text = "Once upon";
    assert!(failed(&["masks", text, "--mask", "prefix:40"], 2).contains("prefix:40"));
    assert!(failed(&["masks", text, "--mask", "permutation:0,1,2,3,4,5,6,7"], 2).contains("8 positions"));
    assert!(failed(&["masks", text, "--mask", "window:0"], 2).contains("window:0"));
    assert!(failed(&["masks", text, "--layer", "99"], 2).contains("99"));
    assert!(failed(&["masks", text, "--head", "99"], 2).contains("99"));
    assert!(failed(&["masks", text, "--reuse", "50"], 2).contains("50"));
    assert!(failed(&["masks", &"dog ".repeat(300)], 1).contains("256"));
    for command in [&["lens", text][..], &["attribute", text], &["attention", text], &["trace", text, "-o", "x"]] {
        let under = |mask: &str| failed(&[command, &["--mask", mask]].concat(), 2);
        assert!(under("prefix:40").contains("prefix:40 does not fit"), "{command:?}");
        assert!(under("permutation:0,1,2,3,4,5,6,7").contains("8 positions"), "{command:?}");
    }
    let ranks = json(&["masks", text, "--rank"]);
    assert!(list(&ranks, "heads").iter().all(|head| head["causal"]["full"] == true));
    assert_eq!(json(&["masks", text, "--reuse", "1"])["reuse"][0]["share"], 1.0);
}

/// What is asked for, put back where the input has a hole.
fn restored(example: &Example) -> Vec<usize> {
    let said: Vec<Piece> = example.target.iter().copied().flatten().collect();
    let mut tokens = Vec::new();
    for piece in &example.input {
        match piece {
            Piece::Token(at) => tokens.push(*at),
            Piece::Sentinel(number) => {
                let span = said.iter().skip_while(|piece| **piece != Piece::Sentinel(*number)).skip(1);
                tokens.extend(span.map_while(|piece| if let Piece::Token(at) = piece { Some(*at) } else { None }));
            }
            _ => {}
        }
    }
    tokens
}

proptest! {
    #[test]
    fn spans_are_apart_in_order_and_of_the_length_asked_for(length in 1_usize..60, part in 1_usize..60, seed: u64) {
        let count = part.min(length);
        let spans = spans(length, count, seed);
        prop_assert_eq!(spans.iter().map(ExactSizeIterator::len).sum::<usize>(), count);
        prop_assert!(spans.iter().all(|span| !span.is_empty() && span.end <= length));
        prop_assert!(spans.windows(2).all(|pair| pair[0].end < pair[1].start));
    }

    #[test]
    fn what_each_objective_takes_away_is_what_it_asks_for(length in 1_usize..60, seed: u64) {
        let all: Vec<usize> = (0..length).collect();
        prop_assert_eq!(restored(&example(Objective::SpanCorruption, length, seed)), all.clone());
        let asked = |objective| {
            let example = example(objective, length, seed);
            let mut asked: Vec<usize> = example
                .target
                .iter()
                .flatten()
                .filter_map(|piece| if let Piece::Token(at) = piece { Some(*at) } else { None })
                .collect();
            asked.sort_unstable();
            (example, asked)
        };
        prop_assert_eq!(asked(Objective::NextToken).1, (1..length).collect::<Vec<_>>());
        prop_assert_eq!(asked(Objective::Denoising).1, all);
        let (example, hidden) = asked(Objective::MaskedTokens);
        prop_assert_eq!(hidden.len(), ((length as f64 * 0.15).round() as usize).max(1));
        for (at, piece) in example.input.iter().enumerate() {
            prop_assert!(hidden.contains(&at) || *piece == Piece::Token(at));
        }
        let (example, blanks) = asked(Objective::BlankFilling);
        let kept = example.input.iter().zip(&example.target).filter(|(piece, asked)| asked.is_none() && matches!(piece, Piece::Token(_)));
        prop_assert_eq!(kept.count() + blanks.len(), length);
        prop_assert_eq!(example.input.len(), example.target.len());
        let (example, last) = asked(Objective::Permutation);
        let order = example.order.expect("an order");
        let mut foretold = order[length - length.div_ceil(6)..].to_vec();
        foretold.sort_unstable();
        prop_assert_eq!(last, foretold);
    }
}
