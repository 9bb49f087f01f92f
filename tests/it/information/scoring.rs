//! Scoring in windows, and regrouping what a text costs.

use std::ops::Range;

use lmscope::lab::information::{Cost, Segmentation, Total, regroup};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use crate::command_line::{failed, fixture, json, list, run, temporary};

/// Scores a model as the reference did, and compares.
fn agrees(name: &str, model: &str) {
    let reference = std::fs::read(fixture("perplexity.json")).expect("the reference");
    let reference: Value = serde_json::from_slice(&reference).expect("JSON");
    let ids: Vec<String> = list(&reference[name], "ids").iter().map(ToString::to_string).collect();
    for run in list(&reference[name], "runs") {
        let (window, stride) = (run["window"].to_string(), run["stride"].to_string());
        let arguments = ["score", "--model", model, "--ids", &ids.join(","), "--window", &window, "--stride", &stride];
        let answer = json(&arguments);
        assert_eq!((&answer["window"], &answer["stride"]), (&run["window"], &run["stride"]));
        assert_eq!(answer["scored"], run["scored"], "{name} {window} {stride}");
        for measure in ["perplexity", "nats"] {
            let [own, expected] = [&answer, run].map(|of| of[measure].as_f64().expect("a number"));
            assert!((own / expected - 1.0).abs() < 1e-5, "{name} {window} {stride}: {own}, not {expected}");
        }
    }
}

#[test]
fn perplexity_in_windows_is_what_transformers_computes() {
    for name in ["llama", "gpt2"] {
        agrees(name, &fixture(name));
    }
}

#[test]
#[ignore = "needs LMSCOPE_SMOLLM2, the path of SmolLM2-135M-Instruct.Q4_1.gguf"]
fn perplexity_of_a_real_model_is_what_transformers_computes() {
    agrees("smollm2", &std::env::var("LMSCOPE_SMOLLM2").expect("LMSCOPE_SMOLLM2"));
}

#[test]
fn a_stride_longer_than_the_window_is_refused() {
    let error = failed(&["score", "--ids", "1,2,3", "--window", "4", "--stride", "5"], 2);
    assert!(error.contains("take 4 or less"), "{error}");
}

#[test]
fn the_bits_of_a_text_are_the_same_by_every_unit() {
    let text = "Once upon a time, 小明 had a naïve dog.";
    let tokenizer = fixture("tokenizers/bpe.model");
    for by in ["tokens", "bytes", "chars", "words", &tokenizer, "poems"] {
        let answer = json(&["score", "--special", "--by", by, text]);
        assert_eq!(answer["by"], by);
        let units = list(&answer, "units");
        let together: f64 = units.iter().filter_map(|unit| unit["surprisal_bits"].as_f64()).sum();
        assert!((together - answer["bits"].as_f64().expect("bits")).abs() < 1e-9, "{by}");
        let mut end = 0;
        for unit in units {
            assert_eq!(unit["bytes"][0], end);
            end = unit["bytes"][1].as_u64().expect("a byte");
        }
        assert_eq!(end as usize, text.len());
    }
    let words = json(&["score", "--by", "words", "Once upon a time"]);
    let texts: Vec<&str> = list(&words, "units").iter().filter_map(|unit| unit["text"].as_str()).collect();
    assert_eq!(texts, ["Once", " ", "upon", " ", "a", " ", "time"]);
    assert!(list(&words, "units").iter().any(|unit| unit["shared"] == true), "a token takes the space along");
    let said = run(&["score", "--by", "words", "Once upon a time"]).output;
    assert!(said.contains("shared by bytes"), "{said}");
}

#[test]
fn nats_are_bits_by_another_name() {
    let answer = json(&["score", "--nats", "Once upon a time"]);
    let number = |name: &str| answer[name].as_f64().expect("a number");
    assert!((number("nats") / number("bits") - std::f64::consts::LN_2).abs() < 1e-12);
    assert!((number("cross_entropy_nats").exp() / number("perplexity") - 1.0).abs() < 1e-12);
    assert!((number("bits_per_character") - number("bits") / 16.0).abs() < 1e-12);
    let last = list(&answer, "tokens").last().expect("a token")["cumulative_bits"].as_f64().expect("a sum");
    assert!((last - number("bits")).abs() < 1e-12);
    assert!(run(&["score", "--nats", "Once upon a time"]).output.contains("nats per byte"));
}

#[test]
fn a_long_file_is_scored_in_windows_and_both_are_said() {
    let path = temporary("long.txt");
    std::fs::write(&path, "Once upon a time there was a dog. ".repeat(60)).expect("a file");
    let name = path.to_str().expect("a path");
    let said = run(&["score", name, "--window", "64", "--stride", "16"]).output;
    assert!(said.contains("windows of 64 tokens, 16 apart"), "{said}");
    std::fs::remove_file(path).expect("remove");
}

/// Lengths laid end to end.
fn laid(lengths: &[usize]) -> Vec<Range<usize>> {
    let mut end = 0;
    let next = |&length: &usize| {
        let start = end;
        end += length;
        start..end
    };
    lengths.iter().map(next).collect()
}

proptest! {
    #[test]
    fn regrouping_neither_makes_nor_loses_bits(
        tokens in vec((0_usize..9, proptest::option::of(0.0..30.0)), 0..40),
        cuts in vec(1_usize..12, 1..40),
    ) {
        let ranges = laid(&tokens.iter().map(|(length, _)| *length).collect::<Vec<_>>());
        let end = ranges.last().map_or(0, |range| range.end);
        let costs: Vec<Cost> =
            ranges.into_iter().zip(&tokens).map(|(bytes, &(_, bits))| Cost { bytes, bits }).collect();
        let mut parts: Vec<_> = laid(&cuts).into_iter().filter(|part| part.start < end).collect();
        let last = parts.last().map_or(0, |part| part.end);
        if last < end {
            parts.push(last..end);
        }
        let before: Total = costs.iter().filter_map(|cost| cost.bits).collect();
        let regrouped = regroup(&costs, parts.clone());
        let after: Total = regrouped.iter().filter_map(|part| part.bits).collect();
        prop_assert_eq!(regrouped.len(), parts.len());
        if !parts.is_empty() {
            prop_assert!((before.bits() - after.bits()).abs() < 1e-9, "{} {}", before.bits(), after.bits());
        }
    }
}

#[test]
fn a_part_has_the_sum_of_its_tokens_and_a_share_of_those_over_its_edge() {
    let cost = |bytes, bits| Cost { bytes, bits };
    let costs = [cost(0..2, None), cost(2..6, Some(4.0)), cost(6..7, Some(1.0))];
    let parts = regroup(&costs, [0..3, 3..7]);
    assert_eq!((parts[0].bits, parts[0].tokens.clone(), parts[0].shared), (Some(1.0), 0..2, true));
    assert_eq!((parts[1].bits, parts[1].tokens.clone(), parts[1].shared), (Some(4.0), 1..3, true));
    let whole = regroup(&costs, [0..2, 2..7]);
    assert_eq!((whole[0].bits, whole[1].bits, whole[1].shared), (None, Some(5.0), false));
    let letters = Segmentation::Characters.ranges("aé床", []);
    assert_eq!(letters, [0..1, 1..3, 3..6]);
}
