//! Distributions, masks and the choice of the next token.

#![allow(clippy::unwrap_used, reason = "a distribution that cannot be made fails the test")]

use lmscope::lm::{
    Distribution, Given, Kind, Mask, MaskError, NotFinite, Note, Outcome, Past, Sampler, Stage, uniform,
};
use proptest::prelude::*;

fn distribution(logits: &[f32]) -> Distribution {
    Distribution::new(logits.to_vec()).unwrap()
}

#[test]
fn a_fair_coin_and_a_fair_die_have_their_entropies() {
    assert!((distribution(&[3.0, 3.0]).entropy_bits() - 1.0).abs() < 1e-15);
    assert!((distribution(&[-7.0; 6]).entropy_bits() - 6.0_f64.log2()).abs() < 1e-14);
}

#[test]
fn surprisal_is_exact_where_the_probability_underflows() {
    let d = distribution(&[0.0, -1000.0]);
    assert_eq!(d.probability(1), 0.0);
    assert!((d.surprisal_bits(1) - 1000.0 / std::f64::consts::LN_2).abs() < 1e-9);
    assert_eq!(d.surprisal_bits(2), f64::INFINITY);
}

#[test]
fn a_logit_that_is_not_finite_is_an_error_that_names_it() {
    let error = Distribution::new(vec![0.0, f32::INFINITY, f32::NAN]).unwrap_err();
    assert_eq!(error, NotFinite { index: 1, value: f32::INFINITY });
    assert!(Distribution::new(vec![]).is_err());
}

#[test]
fn equal_logits_are_ranked_by_id() {
    let d = distribution(&[1.0, 5.0, 0.0, 5.0, -0.0]);
    assert_eq!(d.order(), [1, 3, 0, 2, 4]);
    assert_eq!((0..5).map(|id| d.rank(id).unwrap()).collect::<Vec<_>>(), [2, 0, 3, 1, 4]);
    assert_eq!(d.most_probable(), 1);
}

/// Probabilities 0.5, 0.25, 0.125, 0.0625, 0.0625 of tokens 2, 0, 4, 1, 3.
fn halves() -> Distribution {
    let logit = |p: f32| p.ln();
    distribution(&[logit(0.25), logit(0.0625), logit(0.5), logit(0.0625), logit(0.125)])
}

fn kept(stage: Stage) -> Vec<u32> {
    Sampler { stages: vec![stage] }.shape(&halves(), &Past::default()).ids().to_vec()
}

#[test]
fn each_stage_keeps_the_front_of_the_rank_order() {
    assert_eq!(kept(Stage::top_k(2)), [2, 0]);
    assert_eq!(kept(Stage::top_k(0)), [2, 0, 4, 1, 3], "0 is off");
    assert_eq!(kept(Stage::top_k(99)), [2, 0, 4, 1, 3]);
    assert_eq!(kept(Stage::top_p(0.8)), [2, 0, 4]);
    assert_eq!(kept(Stage::top_p(0.5)), [2], "a front that reaches p exactly is enough");
    assert_eq!(kept(Stage::top_p(0.0)), [2]);
    assert_eq!(kept(Stage::min_p(0.2)), [2, 0, 4]);
    assert_eq!(kept(Stage::min_p(2.0)), [2]);
    assert_eq!(kept(Stage::temperature(0.0)), [2]);
    assert_eq!(kept(Stage::temperature(2.0)), [2, 0, 4, 1, 3]);
}

#[test]
fn top_k_keeps_what_equals_its_last() {
    assert_eq!(kept(Stage::top_k(4)), [2, 0, 4, 1, 3]);
}

#[test]
fn a_temperature_of_a_half_squares_the_odds() {
    let shaped = Sampler::new(0.5, 2, 1.0, 0.0).shape(&halves(), &Past::default());
    assert!((shaped.probability(2) - 0.8).abs() < 1e-6, "0.5² : 0.25² is 4 : 1");
    assert!((shaped.probability(0) - 0.2).abs() < 1e-6);
    assert_eq!(shaped.probability(4), 0.0);
}

#[test]
fn a_temperature_near_zero_or_without_bound_makes_no_nonsense() {
    let cold = Sampler { stages: vec![Stage::temperature(1e-30), Stage::temperature(1e-30)] }
        .shape(&halves(), &Past::default());
    assert_eq!((cold.probability(2), cold.probability(0)), (1.0, 0.0));
    let hot = Sampler::new(f64::INFINITY, 0, 1.0, 0.0).shape(&halves(), &Past::default());
    assert!(hot.probabilities().iter().all(|&p| p == 0.2));
    assert_eq!(Sampler::new(f64::NAN, 0, 1.0, 0.0).shape(&halves(), &Past::default()).ids(), [2]);
}

#[test]
fn every_stage_says_what_it_left_and_whom_it_cut() {
    let shaped = Sampler { stages: vec![Stage::top_k(3), Stage::top_p(0.6), Stage::temperature(0.0)] }
        .shape(&halves(), &Past::default());
    let survivors: Vec<_> = shaped.stages().iter().map(Outcome::survivors).collect();
    assert_eq!(survivors, [3, 2, 1]);
    assert!((shaped.mass(0) - 0.875).abs() < 1e-6);
    assert_eq!([2, 0, 4, 1, 3, 9].map(|id| shaped.removed_by(id)), [None, Some(2), Some(1), Some(0), Some(0), None]);
    assert_eq!(shaped.total(), 5);
}

#[test]
fn a_number_falls_on_the_token_whose_stretch_it_is_in() {
    let shaped = Sampler::default().shape(&halves(), &Past::default());
    let fall = [0.0, 0.49, 0.51, 0.74, 0.76, 0.88, 0.95, 0.999_999_999].map(|u| shaped.draw(u));
    assert_eq!(fall, [2, 2, 0, 0, 4, 1, 3, 3]);
}

#[test]
fn settings_that_change_nothing_make_no_stage() {
    assert_eq!(Sampler::new(1.0, 0, 1.0, 0.0), Sampler::default());
    let all = Sampler::new(0.7, 40, 0.9, 0.05);
    assert_eq!(
        all.stages,
        [Stage::temperature(0.7), Stage::top_k(40), Stage::top_p(0.9), Stage::min_p(0.05)],
        "Hugging Face's order"
    );
}

/// xoshiro256++ seeded by `SplitMix64`, as its authors publish both (<https://prng.di.unimi.it>).
fn published_generator(seed: u64) -> impl FnMut() -> u64 {
    let mut state = [0; 4];
    let mut x = seed;
    for word in &mut state {
        x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = x;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        *word = z ^ (z >> 31);
    }
    move || {
        let result = state[0].wrapping_add(state[3]).rotate_left(23).wrapping_add(state[0]);
        let t = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= t;
        state[3] = state[3].rotate_left(45);
        result
    }
}

#[test]
fn random_numbers_are_the_published_generators() {
    for seed in [0, 1, 42, u64::MAX] {
        let mut next = published_generator(seed);
        for index in 0..100 {
            let expected = (next() >> 11) as f64 / (1_u64 << 53) as f64;
            assert_eq!(uniform(seed, index).to_bits(), expected.to_bits());
        }
    }
}

#[test]
fn masks_read_as_they_are_written() {
    for text in ["causal", "bidirectional", "prefix:4", "seq2seq:2", "window:8", "permutation:3,0,1,2"] {
        assert_eq!(text.parse::<Mask>().unwrap().to_string(), text);
    }
    assert_eq!("diagonal".parse::<Mask>(), Err(MaskError::Unknown("diagonal".into())));
    assert_eq!("prefix:".parse::<Mask>(), Err(MaskError::Number("prefix:".into())));
    assert_eq!("window:0".parse::<Mask>(), Err(MaskError::Number("window:0".into())));
    for order in ["permutation:", "permutation:0,0", "permutation:1,2", "permutation:-1"] {
        assert_eq!(order.parse::<Mask>(), Err(MaskError::Order(order.into())));
    }
}

fn picture(mask: &str) -> String {
    let mask: Mask = mask.parse().unwrap();
    let row = |query| (0..4).map(|key| if mask.visible(query, key) { 'x' } else { '.' }).collect::<String>();
    (0..4).map(row).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_mask_shows_what_its_paper_draws() {
    assert_eq!(picture("causal"), "x... xx.. xxx. xxxx");
    assert_eq!(picture("bidirectional"), "xxxx xxxx xxxx xxxx");
    assert_eq!(picture("prefix:2"), "xx.. xx.. xxx. xxxx");
    assert_eq!(picture("seq2seq:3"), "xxx. xxx. xxx. xxxx");
    assert_eq!(picture("window:2"), "x... xx.. .xx. ..xx");
    assert_eq!(picture("permutation:2,0,3,1"), "x.x. xxxx ..x. x.xx");
}

#[test]
fn a_pipeline_reads_as_it_is_written() {
    let line =
        "repetition=1.2:0 !dry=0.5:1.5:3:40 ban=\"a \\\"b\" top-n-sigma=1.5 xtc=0.5:0.1 mirostat=3 temperature=0.7";
    let sampler: Sampler = line.parse().unwrap();
    assert_eq!(sampler.stages.len(), 7);
    assert_eq!(sampler.to_string().parse::<Sampler>().unwrap(), sampler);
    assert!(!sampler.stages[1].on);
    assert_eq!(&*sampler.stages[2].text, "a \"b");
    for wrong in
        ["top-q=1", "top-p=2", "top-k=1.5", "temperature=x", "top-k=1:2", "ban=the", "temperature=NaN", "top-p=-1"]
    {
        assert!(wrong.parse::<Sampler>().is_err(), "{wrong}");
    }
}

#[test]
fn a_stage_that_would_leave_no_token_leaves_the_best_standing_and_says_so() {
    let all = Stage { given: Given::Tokens([0, 1, 2, 3, 4].into()), ..Stage::new(Kind::Ban).saying("all") };
    let sampler = Sampler { stages: vec![all, Stage::top_k(3)] };
    let shaped = sampler.shape(&halves(), &Past::default());
    assert_eq!(shaped.ids(), [2]);
    assert_eq!(shaped.stages()[0].note, Note::Emptied);
}

#[test]
fn exclude_top_choices_acts_only_when_its_number_says_so() {
    let sampler = Sampler { stages: vec![Stage::new(Kind::Xtc).with(&[0.5, 0.2])] };
    let ids = |chance| sampler.shape(&halves(), &Past { chance, ..Past::default() }).ids().to_vec();
    assert_eq!(ids(0.4), [0, 4, 1, 3], "0.5 and 0.25 are above the threshold: the less probable of them stays");
    assert_eq!(ids(0.6), [2, 0, 4, 1, 3]);
}

#[test]
fn mirostat_moves_its_bound_towards_the_target() {
    let sampler = Sampler { stages: vec![Stage::new(Kind::Mirostat).with(&[1.5, 0.1])] };
    let shaped = sampler.shape(&halves(), &Past { mu: Some(2.5), ..Past::default() });
    assert_eq!(shaped.ids(), [2, 0], "tokens of 1 and 2 bits; the third has 3");
    // Of the two left, 2 : 1, the second has log2 3 bits: μ − η (log2 3 − τ).
    let expected = 2.5 - 0.1 * (3.0_f64.log2() - 1.5);
    assert!((shaped.mirostat_after(0).unwrap() - expected).abs() < 1e-6);
}

#[test]
fn temperature_is_the_power_of_each_probability_over_the_sum_of_all() {
    let shaped = Sampler { stages: vec![Stage::temperature(0.4)] }.shape(&halves(), &Past::default());
    let powers = [0.5_f64, 0.25, 0.125, 0.0625, 0.0625].map(|p| p.powf(1.0 / 0.4));
    let sum: f64 = powers.iter().sum();
    for (id, power) in [2, 0, 4, 1, 3].into_iter().zip(powers) {
        assert!((f64::from(shaped.probability(id)) - power / sum).abs() < 1e-6);
    }
}

#[test]
fn the_stretch_of_a_token_is_where_numbers_fall_on_it() {
    let shaped = Sampler { stages: vec![Stage::temperature(1.3), Stage::top_k(3)] }.shape(&halves(), &Past::default());
    for &id in shaped.ids() {
        let [from, to] = shaped.stretch(id).unwrap();
        assert_eq!([from + 1e-9, to - 1e-9].map(|u| shaped.draw(u)), [id, id]);
    }
    assert_eq!(shaped.stretch(3), None);
}

/// What another implementation made of a distribution: see `tests/fixtures/sampler/README.md`.
#[derive(serde::Deserialize)]
struct Reference {
    pipeline: String,
    logits: Vec<f32>,
    tokens: Vec<u32>,
    kept: Vec<(u32, f64)>,
}

fn holds_with(references: &str) {
    let references: Vec<Reference> = serde_json::from_str(references).unwrap();
    assert!(references.len() > 50);
    for Reference { pipeline, logits, tokens, kept } in references {
        // A word of the reference's own: the tokens that end a repetition.
        let (line, breakers) = pipeline.split_once(" BREAK ").unwrap_or((&pipeline, ""));
        let mut sampler: Sampler = line.parse().unwrap();
        let breakers: Vec<u32> = breakers.split_whitespace().map(|id| id.parse().unwrap()).collect();
        for stage in sampler.stages.iter_mut().filter(|stage| stage.kind == Kind::Dry) {
            stage.given = Given::Tokens(breakers.clone().into());
        }
        let shaped = sampler.shape(&distribution(&logits), &Past { tokens: &tokens, ..Past::default() });
        let mut ids = shaped.ids().to_vec();
        ids.sort_unstable();
        let mut expected: Vec<u32> = kept.iter().map(|&(id, _)| id).collect();
        expected.sort_unstable();
        assert_eq!(ids, expected, "{pipeline}");
        for (id, p) in kept {
            assert!((f64::from(shaped.probability(id)) - p).abs() < 2e-6, "{pipeline}: {id} {p}");
        }
    }
}

#[test]
fn every_stage_that_llama_cpp_has_gives_what_it_gives() {
    holds_with(include_str!("../fixtures/sampler/llama_cpp.json"));
}

#[test]
fn every_stage_that_hugging_face_has_gives_what_it_gives() {
    holds_with(include_str!("../fixtures/sampler/hugging_face.json"));
}

proptest! {
    #[test]
    fn shaping_loses_no_probability_and_keeps_the_order(
        logits in prop::collection::vec(-30.0_f32..30.0, 1..200),
        temperature in 0.1_f64..3.0, k in 0_usize..50, p in 0.01_f64..1.1, least in 0.0_f64..1.0,
    ) {
        let d = distribution(&logits);
        let shaped = Sampler::new(temperature, k, p, least).shape(&d, &Past::default());
        let sum: f64 = shaped.probabilities().iter().map(|&p| f64::from(p)).sum();
        prop_assert!((sum - 1.0).abs() < 1e-5);
        prop_assert!(!shaped.ids().is_empty());
        prop_assert_eq!(shaped.ids(), &d.order()[..shaped.ids().len()]);
        prop_assert!(shaped.probabilities().is_sorted_by(|a, b| a >= b));
        for (id, _) in logits.iter().enumerate() {
            let id = id as u32;
            prop_assert_eq!(shaped.removed_by(id).is_none(), shaped.ids().contains(&id));
        }
        prop_assert!(shaped.ids().contains(&shaped.draw(0.999_999)));
    }

    #[test]
    fn ranks_and_order_agree(logits in prop::collection::vec(prop::sample::select(vec![-2.0_f32, -0.0, 0.0, 1.5, 9.0]), 1..60)) {
        let d = distribution(&logits);
        let mut expected: Vec<u32> = (0..logits.len() as u32).collect();
        expected.sort_by(|&a, &b| logits[b as usize].partial_cmp(&logits[a as usize]).unwrap());
        prop_assert_eq!(d.order(), &expected[..]);
        for (rank, &id) in d.order().iter().enumerate() {
            prop_assert_eq!(d.rank(id), Some(rank));
        }
    }

    #[test]
    fn a_row_of_a_mask_is_its_cells(n in 1_usize..9, query in 0_usize..9, which in 0..6) {
        let mask = [
            Mask::Causal, Mask::Bidirectional, Mask::Prefix(n), Mask::SeqToSeq(n), Mask::Window(n),
            Mask::Permutation((0..n).rev().collect()),
        ][which as usize].clone();
        let mut row = [false; 9];
        mask.row(query, &mut row);
        for (key, &seen) in row.iter().enumerate() {
            prop_assert_eq!(seen, mask.visible(query, key), "{} {}", query, key);
        }
    }
}
