//! Beam search against Hugging Face transformers, against every sequence there is, and against its own promises.

use std::path::Path;

use lmscope::lm::beam::{BeamError, EarlyStopping, Fate, Rules, RulesError, Stopped};
use lmscope::lm::blueprint::Stacks;
use lmscope::lm::{Beam, Distribution, ForwardError, Position, Transformer, Workspace, load};
use serde_json::Value;

fn open(name: &str) -> Transformer {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    Transformer::new(&load::open(&path).expect("a checkpoint")).expect("a model")
}

/// What the model computes for a prompt: behind an encoder the source and the decoder's first token.
fn begin(model: &Transformer, ids: &[u32], workspace: &mut Workspace) -> Vec<Position> {
    let mask = &model.blueprint.mask;
    if model.blueprint.stacks == Stacks::Decoder {
        return model.extend(&[], ids, mask, workspace, &|| true).expect("positions");
    }
    let mut path = model.encode(ids, workspace, &|| true).expect("a source");
    let start = model.config.decoder_start.expect("a first token");
    path.extend(model.extend(&path, &[start], mask, workspace, &|| true).expect("positions"));
    path
}

fn finish(model: &Transformer, context: Vec<Position>, rules: Rules) -> Beam {
    let mut workspace = Workspace::new(1);
    rules.check().expect("rules that can be followed");
    let mut beam = Beam::new(model, context, rules, &mut workspace).expect("a search");
    while beam.step(model, &mut workspace, &|| true).expect("a step").is_some() {}
    beam
}

fn number(value: &Value) -> usize {
    value.as_u64().map_or(0, |number| number as usize)
}

fn rules(case: &Value) -> Rules {
    Rules {
        width: number(&case["num_beams"]),
        groups: number(&case["num_beam_groups"]).max(1),
        diversity: case["diversity_penalty"].as_f64().unwrap_or(0.0),
        length_penalty: case["length_penalty"].as_f64().expect("a number"),
        early_stopping: match &case["early_stopping"] {
            Value::Bool(true) => EarlyStopping::Yes,
            Value::Bool(false) => EarlyStopping::No,
            _ => EarlyStopping::Never,
        },
        no_repeat: number(&case["no_repeat_ngram_size"]),
        steps: number(&case["max_new_tokens"]),
        ends: case["end"].as_u64().map(|end| end as u32).into_iter().collect(),
    }
}

fn agrees_with(reference: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/beam").join(reference);
    let reference: Value = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
    let cases = reference["cases"].as_array().expect("cases");
    let mut compared = 0;
    for name in ["gpt2", "llama", "t5", "bart"] {
        let model = open(name);
        for case in cases.iter().filter(|case| case["model"] == *name) {
            let ids: Vec<u32> = case["ids"].as_array().expect("ids").iter().map(|id| number(id) as u32).collect();
            let context = begin(&model, &ids, &mut Workspace::new(1));
            let beam = finish(&model, context, rules(case));
            let found: Vec<(Vec<u32>, f64)> =
                beam.finished().iter().map(|(_, found)| (found.tokens().collect(), found.score)).collect();
            let expected = case["hypotheses"].as_array().expect("hypotheses");
            assert_eq!(found.len(), expected.len(), "{case}\n{found:?}");
            for ((tokens, score), expected) in found.iter().zip(expected) {
                let ids: Vec<u32> =
                    expected["tokens"].as_array().expect("tokens").iter().map(|id| number(id) as u32).collect();
                assert_eq!(*tokens, ids, "{case}\n{found:?}");
                let other = expected["score"].as_f64().expect("a score");
                assert!((score - other).abs() < 2e-5 * other.abs().max(1.0), "{case}: {score} is not {other}");
                compared += 1;
            }
        }
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn plain_beams_are_those_of_transformers() {
    agrees_with("plain.json");
}

#[test]
fn groups_of_beams_are_those_of_transformers() {
    agrees_with("groups.json");
}

/// `ln p` of every sequence of `steps` tokens, summed along the way as the model gives it.
fn every_sequence(model: &Transformer, context: &[Position], steps: usize) -> Vec<(Vec<u32>, f64)> {
    let mut workspace = Workspace::new(1);
    let mut open: Vec<(Vec<_>, Vec<u32>, f64)> = vec![(context.to_vec(), Vec::new(), 0.0)];
    for _ in 0..steps {
        let mut longer = Vec::new();
        for (path, tokens, sum) in open {
            let logits = model.logits(&path[path.len() - 1..], &mut workspace).expect("logits");
            let next = Distribution::new(logits).expect("numbers");
            for token in 0..model.config.vocabulary as u32 {
                let read = model.extend(&path, &[token], &model.blueprint.mask, &mut workspace, &|| true);
                let path: Vec<_> = path.iter().cloned().chain(read.expect("a position")).collect();
                let tokens: Vec<u32> = tokens.iter().copied().chain([token]).collect();
                longer.push((path, tokens, sum - next.surprisal_bits(token) * std::f64::consts::LN_2));
            }
        }
        open = longer;
    }
    let mut all: Vec<_> = open.into_iter().map(|(_, tokens, sum)| (tokens, sum)).collect();
    all.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    all
}

#[test]
fn a_beam_as_wide_as_the_space_finds_the_best_of_all_sequences_in_their_order() {
    let model = open("llama");
    let context = begin(&model, &[9, 80, 33, 7], &mut Workspace::new(1));
    let all = every_sequence(&model, &context, 2);
    let width = model.config.vocabulary;
    let beam = finish(&model, context, Rules::plain(width, 2, Vec::new()));
    let found = beam.finished();
    assert_eq!(found.len(), width);
    for ((_, found), (tokens, sum)) in found.iter().zip(&all) {
        assert_eq!(found.tokens().collect::<Vec<_>>(), *tokens);
        assert!((found.log_probability - sum).abs() < 1e-9);
        assert!((found.score - sum / 2.0).abs() < 1e-9);
        assert!((found.bits() + sum / std::f64::consts::LN_2).abs() < 1e-9);
    }
}

#[test]
fn a_beam_of_one_is_greedy() {
    let model = open("gpt2");
    let mut workspace = Workspace::new(1);
    let mut path = begin(&model, &[5, 17, 3], &mut workspace);
    let beam = finish(&model, path.clone(), Rules::plain(1, 9, Vec::new()));
    let mut greedy = Vec::new();
    for _ in 0..9 {
        let logits = model.logits(&path[path.len() - 1..], &mut workspace).expect("logits");
        let token = Distribution::new(logits).expect("numbers").most_probable();
        path.extend(model.extend(&path, &[token], &model.blueprint.mask, &mut workspace, &|| true).expect("one"));
        greedy.push(token);
    }
    assert_eq!(beam.finished()[0].1.tokens().collect::<Vec<_>>(), greedy);
    assert!(beam.finished()[0].1.choices.iter().all(|choice| choice.rank == 0));
}

#[test]
fn every_candidate_has_a_fate_and_the_live_ones_are_the_best_that_go_on() {
    let model = open("gpt2");
    let mut workspace = Workspace::new(1);
    let context = begin(&model, &[5, 17, 3, 88, 41], &mut workspace);
    let rules = Rules::plain(3, 6, vec![2, 41]);
    let mut beam = Beam::new(&model, context, rules, &mut workspace).expect("a search");
    let mut finished = 0;
    while let Some(step) = beam.step(&model, &mut workspace, &|| true).expect("a step") {
        assert_eq!(step.candidates.len(), 9, "one more for each token that may end");
        assert!(step.candidates.is_sorted_by(|a, b| a.log_probability >= b.log_probability));
        let live: Vec<usize> = step
            .candidates
            .iter()
            .filter_map(|one| if let Fate::Live(at) = one.fate { Some(at) } else { None })
            .collect();
        assert_eq!(live, (0..live.len()).collect::<Vec<_>>());
        if !beam.is_done() {
            assert_eq!(beam.live(0).len(), 3);
        }
        for (hypothesis, candidate) in
            beam.live(0).zip(step.candidates.iter().filter(|one| matches!(one.fate, Fate::Live(_))))
        {
            assert_eq!(hypothesis.choices.last().map(|choice| choice.token), Some(candidate.token));
            assert_eq!(hypothesis.score, candidate.score);
            assert_eq!(hypothesis.choices.len(), step.length);
        }
        finished += step.candidates.iter().filter(|one| one.fate == Fate::Finished).count();
    }
    assert!(finished >= beam.finished().len());
    assert!(beam.stopped(0).is_some());
}

#[test]
fn hypotheses_share_what_was_computed_for_their_common_beginning() {
    let model = open("llama");
    let mut workspace = Workspace::new(1);
    let context = begin(&model, &[9, 80, 33, 7], &mut workspace);
    let mut beam = Beam::new(&model, context, Rules::plain(4, 6, Vec::new()), &mut workspace).expect("a search");
    for _ in 0..4 {
        beam.step(&model, &mut workspace, &|| true).expect("a step");
    }
    let live: Vec<_> = beam.live(0).collect();
    let mut shared = 0;
    for one in &live {
        assert_eq!(one.positions.len(), 4, "all are read");
        for other in &live {
            let same = one.tokens().zip(other.tokens()).take_while(|(a, b)| a == b).count();
            for place in 0..same {
                assert!(one.positions[place].is(&other.positions[place]));
            }
            shared += same;
        }
    }
    assert!(shared > 16, "some do begin alike: {shared}");
}

#[test]
fn a_step_that_is_stopped_leaves_the_search_as_it_was() {
    let model = open("llama");
    let mut workspace = Workspace::new(1);
    let context = begin(&model, &[9, 80, 33, 7], &mut workspace);
    let rules = Rules { groups: 2, diversity: 0.5, ..Rules::plain(4, 6, Vec::new()) };
    let mut whole = Beam::new(&model, context, rules, &mut workspace).expect("a search");
    let mut broken = whole.clone();
    let seen = |beam: &Beam| -> Vec<Vec<u32>> {
        (0..2).flat_map(|group| beam.live(group).map(|one| one.tokens().collect()).collect::<Vec<_>>()).collect()
    };
    for _ in 0..3 {
        let before = seen(&broken);
        let asked = std::cell::Cell::new(0);
        let go_on = || asked.replace(asked.get() + 1) < 4;
        let stopped = broken.step(&model, &mut workspace, &go_on).expect_err("stopped");
        assert_eq!(stopped, BeamError::Forward(ForwardError::Stopped));
        assert_eq!(seen(&broken), before);
        broken.step(&model, &mut workspace, &|| true).expect("a step");
        whole.step(&model, &mut workspace, &|| true).expect("a step");
        assert_eq!(seen(&broken), seen(&whole));
    }
}

#[test]
fn no_hypothesis_outgrows_the_context() {
    let model = open("gpt2");
    let ids: Vec<u32> = (1..29).collect();
    let context = begin(&model, &ids, &mut Workspace::new(1));
    let beam = finish(&model, context, Rules::plain(3, 1000, Vec::new()));
    assert_eq!(beam.stopped(0), Some(Stopped::Length));
    assert!(beam.finished().iter().all(|(_, one)| one.choices.len() == model.config.context - ids.len() + 1));
}

#[test]
fn groups_that_pay_choose_other_tokens_and_keep_what_they_paid() {
    let model = open("llama");
    let context = begin(&model, &[9, 80, 33, 7], &mut Workspace::new(1));
    let rules = Rules { groups: 3, diversity: 100.0, ..Rules::plain(3, 4, Vec::new()) };
    let beam = finish(&model, context, rules);
    let found = beam.finished();
    for place in 0..4 {
        let mut tokens: Vec<u32> = found.iter().map(|(_, one)| one.choices[place].token).collect();
        tokens.sort_unstable();
        tokens.dedup();
        assert_eq!(tokens.len(), 3, "three groups, three tokens at every place");
    }
    let rules = Rules { groups: 3, diversity: 0.01, ..Rules::plain(3, 4, Vec::new()) };
    let context = begin(&model, &[9, 80, 33, 7], &mut Workspace::new(1));
    for (_, one) in finish(&model, context, rules).finished() {
        assert!(((one.log_probability - one.paid) / 4.0 - one.score).abs() < 1e-12);
    }
}

#[test]
fn rules_that_no_search_can_follow_are_refused() {
    let plain = Rules::plain(4, 8, Vec::new());
    assert_eq!(plain.check(), Ok(()));
    let wrong = [
        Rules { width: 0, ..plain.clone() },
        Rules { width: Rules::WIDEST + 1, ..plain.clone() },
        Rules { groups: 3, ..plain.clone() },
        Rules { groups: 0, ..plain.clone() },
        Rules { diversity: -1.0, ..plain.clone() },
        Rules { diversity: f64::NAN, ..plain.clone() },
        Rules { length_penalty: f64::INFINITY, ..plain.clone() },
        Rules { length_penalty: f64::NAN, ..plain.clone() },
    ];
    for rules in wrong {
        let error: RulesError = rules.check().expect_err("refused");
        assert!(error.to_string().contains("choose"), "{error}");
    }
}
