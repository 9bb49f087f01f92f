//! Interventions and explanations against transformers with hooks, in float64 (`tests/fixtures/explain`).

#![allow(clippy::unwrap_used, reason = "a test that cannot read its fixture fails")]

use lmscope::lab::flow;
use lmscope::lab::singular;
use lmscope::lm::explain::Part;
use lmscope::lm::explain::Streams;
use lmscope::lm::{
    self, AttentionKind, Change, Conditions, Intervention, InterventionError, Interventions, Mask, Position,
    Transformer, Workspace,
};
use serde_json::Value;
use std::path::Path;

const FAMILIES: [&str; 7] = ["gpt2", "llama", "qwen2", "gpt-neox", "gemma2", "bert", "t5"];
const EVERY: [&str; 15] = [
    "bart",
    "bert",
    "distilbert",
    "gemma",
    "gemma2",
    "gemma3",
    "glm",
    "gpt-neox",
    "gpt2",
    "llama",
    "mistral-window",
    "qwen2",
    "qwen3",
    "t5",
    "xlnet",
];

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn open(name: &str) -> Transformer {
    Transformer::new(&lm::load::open(&folder().join(name)).unwrap()).unwrap()
}

fn reference(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder().join(format!("explain/{name}.json"))).unwrap()).unwrap()
}

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().map(|ids| ids.iter().map(|id| id.as_u64().unwrap() as u32).collect()).unwrap_or_default()
}

fn go() -> bool {
    true
}

/// The source and then the main stack's tokens.
fn read(model: &Transformer, expected: &Value, changes: &Interventions) -> Vec<Position> {
    let mut workspace = Workspace::new(2);
    let (tokens, decoder) = (ids(&expected["ids"]), ids(&expected["decoder_ids"]));
    let under = Conditions { mask: &model.blueprint.mask, interventions: changes };
    if decoder.is_empty() {
        return model.extend(&[], &tokens, under, &mut workspace, &go).unwrap();
    }
    let mut path = model.encode_changed(&tokens, changes, &mut workspace, &go).unwrap();
    path.extend(model.extend(&path, &decoder, under, &mut workspace, &go).unwrap());
    path
}

fn assert_near(what: &str, found: f64, expected: f64, tolerance: f64) {
    let scale = expected.abs().max(1.0);
    assert!((found - expected).abs() <= tolerance * scale, "{what}: {found} is not {expected}");
}

fn some_context(name: &str) -> (Transformer, Vec<Position>) {
    let model = open(name);
    let bytes = std::fs::read(folder().join(name).join("expected.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let ids = |name: &str| -> Vec<u64> {
        let Ok(tensor) = file.tensor(name) else { return Vec::new() };
        tensor.data().chunks_exact(8).map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap())).collect()
    };
    let json = serde_json::json!({ "ids": ids("input_ids"), "decoder_ids": ids("decoder_input_ids") });
    let context = read(&model, &json, &Interventions::default());
    (model, context)
}

#[test]
fn an_intervention_changes_the_logits_as_the_same_hook_does_in_transformers() {
    for name in FAMILIES {
        let (model, expected) = (open(name), reference(name));
        let mut workspace = Workspace::new(2);
        let plain = read(&model, &expected, &Interventions::default());
        let before = model.logits(&plain[plain.len() - 1..], &mut workspace).unwrap();
        let all = expected["interventions"].as_object().unwrap();
        assert!(all.len() >= 9, "{name}");
        for (text, logits) in all {
            let intervention: Intervention = text.parse().unwrap();
            assert_eq!(intervention.to_string(), *text);
            let changes = model.interventions(vec![intervention], &mut workspace, &go).unwrap();
            let context = read(&model, &expected, &changes);
            let found = model.logits(&context[context.len() - 1..], &mut workspace).unwrap();
            for (found, expected) in found.iter().zip(logits.as_array().unwrap()) {
                assert_near(&format!("{name} {text}"), f64::from(*found), expected.as_f64().unwrap(), 2e-5);
            }
            let same = found.iter().zip(&before).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(!same, "{name} {text} changes nothing");
        }
    }
}

#[test]
fn what_is_computed_only_from_the_first_changed_layer_on_is_the_whole_pass_to_the_bit() {
    for name in EVERY {
        let (model, context) = some_context(name);
        let mut workspace = Workspace::new(2);
        let mask = &model.blueprint.mask;
        let mut streams = Streams::default();
        for text in ["head:1.2", "ff:1", "layer:1", "attention:1", "forbid:1.1:3>1", "head:0.0", "block:1"] {
            let changes = model.interventions(vec![text.parse().unwrap()], &mut workspace, &go).unwrap();
            let under = Conditions { mask, interventions: &changes };
            let source = context.iter().filter(|position| position.is_source()).count();
            let tokens: Vec<u32> = context[source..].iter().map(lmscope::lm::Position::token).collect();
            let whole = model.extend(&context[..source], &tokens, under, &mut workspace, &go).unwrap();
            // With nothing known, with what the ones before left, and with what was found this time.
            for keep in [None, Some(false), Some(true), Some(false)] {
                let mut known = streams.clone();
                let mut parts = Vec::new();
                let mut each = |part: &[Position]| parts.extend_from_slice(part);
                let given = keep.map(|_| &mut known);
                let again = model.disturbed(&context, under, given, &mut workspace, &go, &mut each).unwrap();
                assert!(again[source..].iter().eq(&whole), "{name} {text}");
                assert!(again.iter().eq(&parts), "{name} {text}");
                if keep == Some(true) {
                    streams = known;
                }
            }
        }
    }
}

#[test]
fn the_rows_that_are_shown_are_the_intervened_ones() {
    let (model, context) = some_context("llama");
    let mut workspace = Workspace::new(1);
    let mask = &model.blueprint.mask;
    let row = |texts: &[&str], layer, head, query| {
        let list = texts.iter().map(|text| text.parse().unwrap()).collect();
        let changes = model.interventions(list, &mut Workspace::new(1), &go).unwrap();
        let under = Conditions { mask, interventions: &changes };
        model.attention(&context, under, AttentionKind::Own, layer, head, query)
    };
    let plain = row(&[], 1, 2, 6);
    let forced = row(&["cell:1.2:6>3=0.75"], 1, 2, 6);
    assert_eq!(forced[3], 0.75);
    for key in [0, 1, 2, 4, 5, 6] {
        assert_near(
            "the others share the rest",
            f64::from(forced[key]),
            f64::from(plain[key] * 0.25 / (1.0 - plain[3])),
            1e-6,
        );
    }
    assert_eq!(row(&["forbid:1.*:6>3"], 1, 4, 6)[3], 0.0);
    assert_eq!(row(&["forbid:*:6>3"], 2, 0, 6)[3], 0.0);
    assert_eq!(row(&["cell:1.2:6>3=0.75"], 1, 3, 6), row(&[], 1, 3, 6));
    let blocked = row(&["block:3"], 0, 0, 6);
    assert_eq!(blocked[3], 0.0);
    assert_near("a row without a blocked token", blocked.iter().map(|x| f64::from(*x)).sum(), 1.0, 1e-6);
    assert!(row(&["block:3"], 0, 0, 3)[3] > 0.0, "a blocked token sees itself");
    let even = row(&["even:1.2"], 1, 2, 6);
    assert!(even.iter().take(7).all(|weight| (weight - 1.0 / 7.0).abs() < 1e-7));
    // Everything forbidden: an empty row, not a division by nothing.
    let none: Vec<String> = (0..=6).map(|key| format!("forbid:1.2:6>{key}")).collect();
    let none: Vec<&str> = none.iter().map(String::as_str).collect();
    assert!(row(&none, 1, 2, 6).iter().all(|weight| *weight == 0.0));
    let changes = none.iter().map(|text| text.parse().unwrap()).collect();
    let changes = model.interventions(changes, &mut workspace, &go).unwrap();
    let under = Conditions { mask, interventions: &changes };
    let context = model.disturbed(&context, under, None, &mut workspace, &go, &mut |_| ()).unwrap();
    assert!(context[6].hidden().iter().all(|x| x.is_finite()));
}

#[test]
fn an_intervention_that_does_not_fit_is_refused_with_what_is_wrong() {
    let model = open("llama");
    let say = |text: &str| match text.parse::<Intervention>() {
        Err(error) => error.to_string(),
        Ok(intervention) => {
            model.interventions(vec![intervention], &mut Workspace::new(1), &go).unwrap_err().to_string()
        }
    };
    assert_eq!(say("head:1.9"), "there is no head 9 in layer 1: the model has 6 heads, counted from 0");
    assert_eq!(say("ff:3"), "there is no layer 3: the model has 3, counted from 0");
    assert!(say("tail:1").starts_with("no intervention is called \"tail\": use head:L.H"));
    assert_eq!(say("head:1"), "\"head:1\" is not an intervention: write it as in head:3.2");
    assert!(say("cell:1.1:3>2=1.5").contains("\"1.5\" is no weight"));
    assert!(say("cell:1.1:3>2=nan").contains("no weight"));
    assert!(say("cell:1.1:3>2*0").contains("cannot multiply"));
    assert!(say("head:e1.1").contains("no encoder"));
    assert!(say("head:x1.1").contains("no attention to a source"));
    assert!(say("patch:1@0=1,2@7").contains("no position 7"));
    assert!(say("patch:1@0=1,999@1").contains("999"));
    for text in [
        "",
        "head:",
        "head:1.",
        "head:-1.0",
        "cell:1:2>3=0.5",
        "cell:1.1:2=0.5",
        "block:",
        "patch:1=3",
        "ff:x1",
        "layer:x0",
        "head:99999999999999999999999.1",
    ] {
        assert!(text.parse::<Intervention>().is_err(), "{text}");
    }
    let prepare = |texts: &[&str]| {
        let list = texts.iter().map(|text| text.parse().unwrap()).collect();
        model.interventions(list, &mut Workspace::new(1), &go)
    };
    assert!(prepare(&["cell:1.1:3>2=0.7", "cell:1.*:3>1=0.7"]).unwrap_err().to_string().contains("more than 1"));
    assert!(prepare(&["cell:1.1:3>2=0.7", "cell:1.2:3>1=0.7"]).is_ok());
    let changes = prepare(&["block:9"]).unwrap();
    assert!(matches!(
        changes.fit(0, 5, &Mask::Causal),
        Err(InterventionError::Position { position: 9, length: 5, .. })
    ));
    assert!(changes.fit(0, 10, &Mask::Causal).is_ok());
    let changes = prepare(&["cell:0.0:2>4=0.5"]).unwrap();
    assert!(matches!(changes.fit(0, 5, &Mask::Causal), Err(InterventionError::Unseen { query: 2, key: 4, .. })));
}

#[test]
fn the_lens_reads_each_layer_as_transformers_norm_and_head_do() {
    for name in FAMILIES {
        let (model, expected) = (open(name), reference(name));
        let context = read(&model, &expected, &Interventions::default());
        let source = context.iter().filter(|position| position.is_source()).count();
        let mut found = Vec::new();
        let mask = &model.blueprint.mask;
        model
            .lens(&context, mask, source..context.len(), 3, &mut Workspace::new(2), &go, &mut |lens| found.push(lens))
            .unwrap();
        assert_eq!(found.len(), context.len() - source);
        for (position, lens) in found.iter().enumerate() {
            for (depth, cell) in lens.depths.iter().enumerate() {
                let what = format!("{name} position {position} depth {depth}");
                let expected = &expected["lens"][depth][position];
                assert_eq!(cell.rank as u64, expected[0].as_u64().unwrap(), "{what}");
                assert_near(&what, f64::from(cell.probability), expected[1].as_f64().unwrap(), 1e-4);
                assert_eq!(u64::from(cell.top[0].0), expected[2].as_u64().unwrap(), "{what}");
                assert_near(&what, f64::from(cell.top[0].1), expected[3].as_f64().unwrap(), 1e-4);
                assert_near(&what, f64::from(cell.norm), expected[4].as_f64().unwrap(), 1e-4);
            }
        }
    }
}

#[test]
fn the_last_depth_of_the_lens_is_what_the_model_says() {
    for name in EVERY {
        let (model, context) = some_context(name);
        if !model.has_head() {
            continue;
        }
        let mut workspace = Workspace::new(1);
        let last = context.len() - 1;
        let logits = model.logits(&context[last..], &mut workspace).unwrap();
        let said = lm::Distribution::new(logits).unwrap();
        let mask = &model.blueprint.mask;
        model
            .lens(&context, mask, last..last + 1, 1, &mut workspace, &go, &mut |lens| {
                let depth = lens.depths.last().unwrap();
                assert_eq!(lens.depths.len(), model.config.layers + 1, "{name}");
                assert_eq!((lens.choice, depth.rank), (said.most_probable(), 1), "{name}");
                assert_eq!(depth.probability, said.probability(lens.choice), "{name}");
            })
            .unwrap();
    }
}

#[test]
fn contributions_are_the_gradients_of_a_pass_with_its_norms_held_fast() {
    for name in FAMILIES {
        let (model, expected) = (open(name), reference(name));
        let context = read(&model, &expected, &Interventions::default());
        let source = context.iter().filter(|position| position.is_source()).count();
        let expected = &expected["attribution"];
        let index = source + expected["position"].as_u64().unwrap() as usize;
        let mask = &model.blueprint.mask;
        let found = model.attribute(&context, mask, index, None, &mut Workspace::new(2), &go).unwrap();
        assert_eq!(u64::from(found.token), expected["token"].as_u64().unwrap(), "{name}");
        assert_near(name, found.sum, expected["logit"].as_f64().unwrap(), 1e-4);
        for part in &found.parts {
            let expected = match part.part {
                Part::Embedding => &expected["embedding"],
                Part::Head { layer, kind: AttentionKind::Own, head } => &expected["heads"][layer][head],
                Part::Head { layer, kind: AttentionKind::Cross, head } => &expected["cross"][layer][head],
                Part::FeedForward(layer) => &expected["ff"][layer],
                _ => continue,
            };
            assert_near(&format!("{name} {:?}", part.part), part.logit, expected.as_f64().unwrap(), 1e-4);
        }
    }
}

#[test]
fn contributions_add_up_to_the_logit_in_every_family_and_under_interventions() {
    for name in EVERY {
        let (model, context) = some_context(name);
        if !model.has_head() {
            continue;
        }
        let mut workspace = Workspace::new(1);
        let source = context.iter().filter(|position| position.is_source()).count();
        let patch = if source == 0 { "patch:1@2=7,8,9@1" } else { "head:x1.0" };
        for text in ["", "head:1.1", "attention:1", "ff:0", "layer:1", patch] {
            let list = if text.is_empty() { Vec::new() } else { vec![text.parse().unwrap()] };
            let changes = model.interventions(list, &mut workspace, &go).unwrap();
            let under = Conditions { mask: &model.blueprint.mask, interventions: &changes };
            let context = model.disturbed(&context, under, None, &mut workspace, &go, &mut |_| ()).unwrap();
            for token in [None, Some(5)] {
                let found = model.attribute(&context, under, source + 2, token, &mut workspace, &go).unwrap();
                let sum = found.capped.unwrap_or(found.sum);
                assert_near(&format!("{name} {text} {token:?}"), sum, f64::from(found.logit), 1e-4);
                let silent = |part: Part, of: &dyn Fn(Part) -> bool| of(part).then_some(()).is_some();
                for part in &found.parts {
                    let out = match text {
                        "head:1.1" => silent(part.part, &|part| {
                            part == Part::Head { layer: 1, kind: AttentionKind::Own, head: 1 }
                        }),
                        "attention:1" => silent(part.part, &|part| {
                            matches!(
                                part,
                                Part::Head { layer: 1, kind: AttentionKind::Own, .. }
                                    | Part::OutputBias { layer: 1, kind: AttentionKind::Own }
                            )
                        }),
                        "ff:0" => {
                            part.part == Part::FeedForward(0)
                                && model.blueprint.norm_place != lm::blueprint::NormPlace::Both
                        }
                        _ => false,
                    };
                    assert!(!out || part.logit == 0.0, "{name} {text} {:?}", part.part);
                }
            }
        }
    }
}

#[test]
fn rows_of_attention_are_the_same_together_and_one_by_one() {
    for name in EVERY {
        let (model, context) = some_context(name);
        let mask = &model.blueprint.mask;
        let list = vec!["cell:1.1:3>1=0.4".parse().unwrap(), "cell:1.1:3>2*0.5".parse().unwrap()];
        let changes = model.interventions(list, &mut Workspace::new(1), &go).unwrap();
        let none = Interventions::default();
        let queries: Vec<usize> = (0..context.len()).rev().collect();
        for kind in [AttentionKind::Own, AttentionKind::Cross] {
            for (layer, head) in [(0, 0), (1, 1), (1, 3), (9, 0)] {
                for changes in [&none, &changes] {
                    let under = Conditions { mask, interventions: changes };
                    let rows = model.attention_rows(&context, under, kind, layer, head, &queries);
                    for (&query, row) in queries.iter().zip(rows) {
                        assert_eq!(row, model.attention(&context, under, kind, layer, head, query), "{name} {kind:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_steps_of_a_row_end_in_the_row_that_the_pass_drew() {
    for name in EVERY {
        let (model, context) = some_context(name);
        let mask = &model.blueprint.mask;
        let mut workspace = Workspace::new(1);
        let list = vec!["cell:1.1:3>1=0.4".parse().unwrap(), "cell:1.1:3>2*0.5".parse().unwrap()];
        let changes = model.interventions(list, &mut workspace, &go).unwrap();
        let none = Interventions::default();
        let mut rows = 0;
        for kind in [AttentionKind::Own, AttentionKind::Cross] {
            for (layer, head, query) in [(0, 0, 0), (1, 1, 3), (1, 3, context.len() - 1), (0, 2, context.len() / 2)] {
                for changes in [&none, &changes] {
                    let under = Conditions { mask, interventions: changes };
                    let steps = model.calculation(&context, under, kind, (layer, head), query, &mut workspace).unwrap();
                    let row = model.attention(&context, under, kind, layer, head, query);
                    let Some(steps) = steps else {
                        assert!(row.iter().all(|weight| *weight == 0.0), "{name} {kind:?}");
                        continue;
                    };
                    rows += 1;
                    for (index, cell) in steps.cells.iter().enumerate() {
                        let what = format!("{name} {kind:?} {layer}.{head} {query}>{index}");
                        assert_near(&what, f64::from(cell.weight), f64::from(row[steps.first + index]), 1e-5);
                        let key = steps.first + index;
                        let vectors = model.key_vectors(&context, under, kind, (layer, head), query, key).unwrap();
                        let content = steps.content.as_ref().unwrap_or(&steps.vector.after);
                        let product: f64 =
                            content.iter().zip(&vectors.key.after).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                        assert_near(&what, f64::from(cell.product), product, 1e-5);
                        assert_near(&what, f64::from(cell.scaled), product * f64::from(steps.scale), 1e-5);
                    }
                    let written: f32 = steps.written.iter().map(|x| x.abs()).sum();
                    assert!(written > 0.0 && written.is_finite(), "{name}");
                }
            }
        }
        assert!(rows >= 8, "{name}");
    }
}

#[test]
fn what_a_head_writes_under_an_intervention_is_nothing_where_it_is_out_and_what_is_put_in_where_it_is_patched() {
    for name in ["llama", "t5"] {
        let (model, plain) = some_context(name);
        let source = plain.iter().take_while(|position| position.is_source()).count();
        let tokens: Vec<u32> = plain.iter().map(Position::token).collect();
        let mut workspace = Workspace::new(1);
        let query = plain.len() - 1;
        let calculated = |changes: &Interventions, context: &[Position], head: usize| {
            let under = Conditions { mask: &model.blueprint.mask, interventions: changes };
            let kind = AttentionKind::Own;
            model.calculation(context, under, kind, (1, head), query, &mut Workspace::new(1)).unwrap().unwrap()
        };
        let before = calculated(&Interventions::default(), &plain, 2);
        assert!(before.replaced.is_none() && before.written.iter().any(|x| *x != 0.0), "{name}");
        for out in ["head:1.2", "attention:1", "layer:1"] {
            let changes = model.interventions(vec![out.parse().unwrap()], &mut workspace, &go).unwrap();
            let found = calculated(&changes, &plain, 2);
            assert_eq!(found.replaced, Some(vec![0.0; found.mixture.len()]), "{name} {out}");
            assert!(found.mixture == before.mixture && found.written.iter().all(|x| *x == 0.0), "{name} {out}");
            assert_eq!(calculated(&changes, &plain, 1).replaced.is_some(), out != "head:1.2", "{name} {out}");
        }
        if source > 0 {
            continue;
        }
        let ids: Vec<String> = tokens.iter().map(ToString::to_string).collect();
        let patch = format!("patch:1.2@{query}={}@0", ids.join(","));
        let changes = model.interventions(vec![patch.parse().unwrap()], &mut workspace, &go).unwrap();
        let found = calculated(&changes, &plain, 2);
        let put = found.replaced.expect("what is put in");
        // The first token sees itself alone: what its head mixes is its own value.
        let under = Conditions { mask: &model.blueprint.mask, interventions: &Interventions::default() };
        let first = model.key_vectors(&plain, under, AttentionKind::Own, (1, 2), 0, 0).unwrap();
        assert!(put.iter().zip(&first.value).all(|(a, b)| (a - b).abs() < 1e-6), "{put:?} {:?}", first.value);
        assert_ne!(found.written, before.written);
    }
}

#[test]
fn a_turned_vector_turned_back_has_the_length_it_had_and_does_not_depend_on_where_it_stands() {
    let model = open("llama");
    // The same token at every position has the same query before it is turned in the first layer.
    let tokens = [5_u32; 9];
    let mask = &model.blueprint.mask;
    let mut workspace = Workspace::new(1);
    let context = model.extend(&[], &tokens, mask, &mut workspace, &go).unwrap();
    let vector = |query| {
        model
            .calculation(&context, mask, AttentionKind::Own, (0, 2), query, &mut Workspace::new(1))
            .unwrap()
            .unwrap()
            .vector
    };
    let first = vector(0);
    let before = first.before.clone().unwrap();
    assert_eq!(before, first.after, "position 0 is not turned");
    for query in 1..9 {
        let here = vector(query);
        assert_ne!(here.after, first.after);
        for (a, b) in here.before.unwrap().iter().zip(&before) {
            assert_near("turned back", f64::from(*a), f64::from(*b), 1e-5);
        }
    }
}

#[test]
fn rollout_is_the_product_of_averages_and_identities() {
    for name in FAMILIES {
        let (model, expected) = (open(name), reference(name));
        let context = read(&model, &expected, &Interventions::default());
        let source = context.iter().filter(|position| position.is_source()).count();
        let under = Conditions::from(&model.blueprint.mask);
        let queries: Vec<usize> = (source..context.len()).collect();
        let found = flow::rollout(&model, &context, under, model.config.layers - 1, &queries, &go).unwrap();
        for ((query, row), expected) in found.iter().zip(expected["rollout"].as_array().unwrap()) {
            for (found, expected) in row[source..].iter().zip(expected.as_array().unwrap()) {
                assert_near(&format!("{name} {query}"), f64::from(*found), expected.as_f64().unwrap(), 1e-5);
            }
        }
        let stopped = flow::rollout(&model, &context, under, 1, &queries, &|| false);
        assert!(stopped.is_none());
    }
}

#[test]
fn the_effective_rank_of_a_head_is_numpys() {
    for name in FAMILIES {
        let (model, expected) = (open(name), reference(name));
        let context = read(&model, &expected, &Interventions::default());
        let source = context.iter().filter(|position| position.is_source()).count();
        for layer in 0..model.config.layers {
            for head in 0..model.config.heads {
                let rows: Vec<_> = (source..context.len())
                    .map(|query| {
                        model.attention(&context, &model.blueprint.mask, AttentionKind::Own, layer, head, query)
                    })
                    .collect();
                let values = singular::values(rows.iter().map(Vec::as_slice));
                let expected = expected["effective_rank"][layer][head].as_f64().unwrap();
                let what = format!("{name} {layer}.{head}");
                assert_near(&what, singular::effective_rank(&values), expected, 1e-5);
                // The same rows with zeros behind them, of which few and long ones are made.
                let long = rows.iter().map(|row| [row.as_slice(), &[0.0; 40]].concat()).collect::<Vec<_>>();
                let values = singular::values(long.iter().map(Vec::as_slice));
                assert_near(&what, singular::effective_rank(&values), expected, 1e-5);
            }
        }
    }
}

#[test]
fn a_small_attention_of_ones_own_goes_through_the_same_steps() {
    use lmscope::lm::explain::Given;
    let given = Given::read(
        r#"{"q":[[1,0],[0,2]],"k":[[1,0],[0,1],[1,1]],"v":[[1],[10],[100]],"mask":[[1,1,0],[0,0,0]],"scale":1}"#,
    )
    .unwrap();
    let rows = given.rows();
    // softmax(1, 0) by hand: e/(e + 1).
    let e = std::f32::consts::E;
    assert!((rows[0].cells[0].weight - e / (e + 1.0)).abs() < 1e-6);
    assert!((rows[0].mixture[0] - (e + 10.0) / (e + 1.0)).abs() < 1e-5);
    assert_eq!(rows[0].cells[2].weight, 0.0);
    assert!(rows[1].cells.iter().all(|cell| cell.weight == 0.0) && rows[1].mixture == [0.0]);
    assert!((Given::read(r#"{"q":[[1,2,3,4]],"k":[[1,0,0,0]],"v":[[1]]}"#).unwrap().scale() - 0.5).abs() < 1e-7);
    let say = |json: &str| Given::read(json).unwrap_err().to_string();
    assert!(say("{").contains("not read"));
    assert!(say(r#"{"q":[],"k":[[1]],"v":[[1]]}"#).contains("q has 0 rows"));
    assert!(say(r#"{"q":[[1,2]],"k":[[1]],"v":[[1]]}"#).contains("the width of k (1) must be the width of q (2)"));
    assert!(say(r#"{"q":[[1],[1,2]],"k":[[1]],"v":[[1]]}"#).contains("rows of q"));
    assert!(say(r#"{"q":[[1]],"k":[[1]],"v":[[1]],"mask":[[1,0]]}"#).contains("the width of mask"));
    assert!(say(r#"{"q":[[1e999]],"k":[[1]],"v":[[1]]}"#).contains("not read"));
    let not_finite = Given { q: vec![vec![f32::NAN]], k: vec![vec![1.0]], v: vec![vec![1.0]], mask: None, scale: None };
    assert!(not_finite.check().unwrap_err().to_string().contains("not finite"));
}

#[test]
fn a_forced_and_a_forbidden_cell_are_one_where_the_weight_is_nothing() {
    let (model, context) = some_context("gpt2");
    let mut workspace = Workspace::new(1);
    let mut end = |change: Change| {
        let heads = lm::Heads { side: lm::Side::Main, layer: Some(1), head: Some(0) };
        let list = vec![Intervention::Cell { heads, query: 5, key: 2, change }];
        let changes = model.interventions(list, &mut workspace, &go).unwrap();
        let under = Conditions { mask: &model.blueprint.mask, interventions: &changes };
        model.disturbed(&context, under, None, &mut workspace, &go, &mut |_| ()).unwrap()
    };
    assert!(end(Change::Force(0.0)).iter().eq(&end(Change::Forbid)));
}
