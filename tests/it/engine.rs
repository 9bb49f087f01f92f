//! The forward pass against references.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its fixture fails")]

mod allocations;
mod converted;
mod downloads;
mod marian;

use std::path::Path;

use lmscope::lm::{self, AttentionKind, ForwardError, Mask, ModelError, Transformer, Workspace, checkpoint::Header};
use safetensors::{Dtype, SafeTensors};

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn open(path: &Path) -> Transformer {
    let checkpoint = lm::load::open(path).unwrap();
    Transformer::new(&checkpoint).unwrap()
}

/// The float32 array of this name and its shape.
fn floats(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let tensor = file.tensor(name).unwrap();
    assert_eq!(tensor.dtype(), Dtype::F32, "{name}");
    tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

fn integers(file: &SafeTensors<'_>, name: &str) -> Vec<i64> {
    let tensor = file.tensor(name).unwrap();
    tensor.data().chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap())).collect()
}

/// Every difference is within `tolerance` times the larger of 1 and the greatest expected value.
fn assert_close<'a>(what: &str, found: impl IntoIterator<Item = &'a f32>, expected: &[f32], tolerance: f32) {
    let found: Vec<f32> = found.into_iter().copied().collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1.0_f32, |a, b| a.max(b.abs()));
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= tolerance * scale, "{what}[{i}]: {f} is not {e}");
    }
}

/// The masks whose results a reference file holds: what stands before their names, and the mask.
fn masks(model: &Transformer, expected: &SafeTensors<'_>) -> Vec<(&'static str, Mask)> {
    let number = |name: &str| expected.tensor(name).is_ok().then(|| integers(expected, name)[0] as usize);
    let mut masks = vec![("", model.blueprint.mask.clone())];
    masks.extend(number("prefix_len").map(|n| ("prefix.", Mask::Prefix(n))));
    if let Some(source) = number("unilm.source_len") {
        masks.extend([("unilm.l2r.", Mask::Causal), ("unilm.seq2seq.", Mask::SeqToSeq(source))]);
    }
    if expected.tensor("permutation.order").is_ok() {
        let order = integers(expected, "permutation.order").iter().map(|&position| position as usize).collect();
        masks.push(("permutation.", Mask::Permutation(order)));
    }
    masks
}

/// Every array of the reference is in the trace under its documented name, and is close.
fn assert_traces_as_the_reference(model: &Path, expected: &Path) {
    let name = model.display().to_string();
    let model = open(model);
    let bytes = std::fs::read(expected).unwrap();
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    let ids = |name: &str| -> Vec<u32> { integers(&expected, name).iter().map(|&id| id as u32).collect() };
    let decoder = if expected.tensor("decoder_input_ids").is_ok() { ids("decoder_input_ids") } else { Vec::new() };
    let mut workspace = Workspace::new(2);
    let masks = masks(&model, &expected);
    let scratch = tempfile();
    for (number, (prefix, mask)) in masks.iter().enumerate() {
        model.trace(&ids("input_ids"), &decoder, mask, &mut workspace).unwrap().write(&scratch).unwrap();
        let bytes = std::fs::read(&scratch).unwrap();
        let found = SafeTensors::deserialize(&bytes).unwrap();
        let others = |key: &str| masks.iter().skip(1).any(|(other, _)| key.starts_with(other));
        let mut compared = 0;
        for key in expected.names() {
            let belongs = if number == 0 { !others(key) } else { key.starts_with(prefix) };
            if !belongs || expected.tensor(key).unwrap().dtype() != Dtype::F32 {
                continue;
            }
            // The format has no place for BERT's head.
            if key.ends_with("logits") && !model.has_head() {
                assert!(name.ends_with("bert.gguf"), "{name} has no head");
                continue;
            }
            // The content stream's attention is the ordinary one.
            let own = key.strip_prefix(prefix).unwrap_or_default().replace("content_attentions", "attentions");
            let (mut found, mut reference) = (floats(&found, &own), floats(&expected, key));
            if let Mask::Permutation(order) = mask {
                // The first of the order sees nothing, and what the reference makes of that is an artefact.
                let row = expected.tensor(key).unwrap().shape().last().copied().unwrap_or(1);
                let skipped = |index: usize| index / row % order.len() == order[0];
                if !own.starts_with("attentions") {
                    for values in [&mut found, &mut reference] {
                        values.iter_mut().enumerate().filter(|(i, _)| skipped(*i)).for_each(|(_, x)| *x = 0.0);
                    }
                }
            }
            let tolerance = if own.contains("attentions") { 1e-5 } else { 1e-4 };
            assert_close(&format!("{name} {key}"), &found, &reference, tolerance);
            compared += 1;
        }
        assert!(compared >= model.config.layers, "{name} {prefix}: {compared} arrays compared");
    }
    std::fs::remove_file(&scratch).unwrap();
}

/// A path that no other test uses.
fn tempfile() -> std::path::PathBuf {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    std::env::temp_dir().join(format!("lmscope-{}-{number}.safetensors", std::process::id()))
}

#[test]
fn hugging_face_families_compute_what_transformers_computes() {
    let families = [
        "llama",
        "llama3-rope",
        "rope-yarn",
        "rope-dynamic",
        "rope-longrope",
        "qwen2-layers",
        "gpt2",
        "mistral-window",
        "qwen2",
        "qwen3",
        "gemma",
        "gemma2",
        "gemma3",
        "gpt-neox",
        "glm",
        "glm4",
        "bert",
        "roberta",
        "distilbert",
        "albert",
        "electra",
        "xlnet",
        "t5",
        "t5-v1.1",
        "bart",
    ];
    for name in families {
        let folder = fixture(name);
        assert_traces_as_the_reference(&folder, &folder.join("expected.safetensors"));
    }
}

#[test]
fn marians_models_compute_what_its_formulas_give_in_float64() {
    for name in ["marian", "marian-float"] {
        let folder = fixture(name);
        assert_traces_as_the_reference(&folder, &folder.join("expected.safetensors"));
    }
}

#[test]
fn the_same_models_in_gguf_compute_the_same() {
    for name in ["gpt-neox", "glm", "t5", "t5-v1.1", "bert"] {
        let model = fixture(&format!("gguf/{name}.gguf"));
        assert_traces_as_the_reference(&model, &fixture(&format!("{name}/expected.safetensors")));
    }
}

#[test]
fn every_stored_type_computes_what_its_dequantised_weights_do() {
    for name in ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"] {
        let model = fixture(&format!("gguf/llama-{name}.gguf"));
        assert_traces_as_the_reference(&model, &fixture(&format!("gguf/llama-{name}.expected.safetensors")));
    }
}

#[test]
fn blocks_dequantise_exactly() {
    for dtype in lm::checkpoint::Dtype::ALL {
        if dtype.block().0 == 1 {
            continue;
        }
        let bytes = std::fs::read(fixture(&format!("quant/{}.safetensors", dtype.name()))).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let expected = floats(&file, "values");
        let mut found = vec![0.0; expected.len()];
        lm::dequantize(dtype, file.tensor("blocks").unwrap().data(), &mut found);
        for (i, (f, e)) in found.iter().zip(&expected).enumerate() {
            assert_eq!(f.to_bits(), e.to_bits(), "{}: element {i} is {f}, not {e}", dtype.name());
        }
    }
}

#[test]
fn a_prompt_at_once_and_token_by_token_give_the_same_bits() {
    let model = open(&fixture("llama"));
    let tokens: Vec<u32> = (3..23).collect();
    let mut workspace = Workspace::new(2);
    let whole = model.extend(&[], &tokens, &Mask::Causal, &mut workspace, &|| true).unwrap();
    let mut steps: Vec<lm::Position> = Vec::new();
    for token in tokens {
        let step = model.extend(&steps, &[token], &Mask::Causal, &mut workspace, &|| true).unwrap();
        steps.extend(step);
    }
    assert_eq!(whole, steps);
}

/// `SmolLM2`-135M-Instruct `Q4_1` against Hugging Face transformers on the same dequantised weights; the file is named by
/// `LMSCOPE_SMOLLM2`, more reference tensors than the fixture keeps may be named by `LMSCOPE_SMOLLM2_EXPECTED`.
#[test]
#[ignore = "needs the model that LMSCOPE_SMOLLM2 names"]
fn smollm2_computes_what_transformers_computes() {
    let model = open(Path::new(&std::env::var("LMSCOPE_SMOLLM2").unwrap()));
    let expected = std::env::var("LMSCOPE_SMOLLM2_EXPECTED");
    let expected = expected.map_or_else(|_| fixture("smollm2/expected.safetensors"), Into::into);
    let bytes = std::fs::read(expected).unwrap();
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    let reference = std::fs::read(fixture("smollm2/reference.json")).unwrap();
    let reference: serde_json::Value = serde_json::from_slice(&reference).unwrap();
    let mut workspace = Workspace::new(2);
    let mut worst = (0.0_f32, 0.0_f32);
    for (number, prompt) in reference["prompts"].as_array().unwrap().iter().enumerate() {
        let list = |key: &str| -> Vec<u32> {
            prompt[key].as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
        };
        let ids = list("ids");
        let mut context = model.extend(&[], &ids, &Mask::Causal, &mut workspace, &|| true).unwrap();
        let logits = model.logits(&context, &mut workspace).unwrap();
        let vocabulary = model.config.vocabulary;
        let last = &logits[(ids.len() - 1) * vocabulary..];
        if let Ok(tensor) = expected.tensor(&format!("{number}.last_logits")) {
            let values = floats(&expected, &format!("{number}.last_logits"));
            assert_eq!(tensor.shape(), [vocabulary]);
            for (found, value) in last.iter().zip(values) {
                worst.0 = worst.0.max((found - value).abs());
            }
        }
        for layer in [0, 7, 15, 29] {
            let key = format!("{number}.attentions.{layer}");
            if expected.tensor(&key).is_err() {
                continue;
            }
            let values = floats(&expected, &key);
            for (index, row) in values.chunks_exact(ids.len()).enumerate() {
                let (head, query) = (index / ids.len(), index % ids.len());
                for (found, value) in
                    model.attention(&context, &Mask::Causal, AttentionKind::Own, layer, head, query).iter().zip(row)
                {
                    worst.1 = worst.1.max((found - value).abs());
                }
            }
        }
        for (i, nats) in prompt["token_nll_nats"].as_array().unwrap().iter().enumerate() {
            let row = logits[i * vocabulary..][..vocabulary].to_vec();
            let distribution = lm::Distribution::new(row).unwrap();
            let found = distribution.surprisal_bits(ids[i + 1]) * std::f64::consts::LN_2;
            assert!((found - nats.as_f64().unwrap()).abs() < 1e-4, "surprisal {found} is not {nats}");
            let entropy = distribution.entropy_bits() * std::f64::consts::LN_2;
            assert!((entropy - prompt["entropy_nats"][i].as_f64().unwrap()).abs() < 1e-4);
        }
        let mut greedy = Vec::new();
        while greedy.len() < 24 {
            let last = model.logits(&context[context.len() - 1..], &mut workspace).unwrap();
            greedy.push(lm::Distribution::new(last).unwrap().most_probable());
            let next = model.extend(&context, &greedy[greedy.len() - 1..], &Mask::Causal, &mut workspace, &|| true);
            context.extend(next.unwrap());
        }
        assert_eq!(greedy, list("greedy_24_ids"), "prompt {number}");
    }
    assert!(worst.0 < 2e-4 && worst.1 < 1e-4, "greatest differences: {worst:?}");
}

/// all-MiniLM-L6-v2 in float16 against Hugging Face transformers on the same weights in float32; `LMSCOPE_MINILM` names its
/// folder.
#[test]
#[ignore = "needs the folder that LMSCOPE_MINILM names"]
fn a_real_bert_computes_what_transformers_computes() {
    let folder = std::env::var("LMSCOPE_MINILM").unwrap();
    let model = lmscope::model::open(&lmscope::model::Spec::Path(folder.into())).unwrap();
    let bytes = std::fs::read(fixture("minilm/expected.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    let text = "The attention of BERT sees a sentence from both sides.";
    let tokens = model.tokenizer.as_ref().unwrap().encode_special(text);
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    assert_eq!(ids, integers(&expected, "input_ids").iter().map(|&id| id as u32).collect::<Vec<_>>());
    let trace = model.engine.trace(&ids, &[], &Mask::Bidirectional, &mut Workspace::new(2)).unwrap();
    assert!(trace.logits.is_none(), "it was saved without its head");
    for layer in [0, 5] {
        let key = format!("attentions.{layer}");
        assert_close(&key, &trace.main.attentions[layer], &floats(&expected, &key), 1e-5);
    }
    for layer in [0, 6] {
        let key = format!("hidden_states.{layer}");
        assert_close(&key, &trace.main.hidden_states[layer], &floats(&expected, &key), 1e-4);
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let model = open(&fixture("gguf/llama-Q4_1.gguf"));
    let tokens: Vec<u32> = (3..23).collect();
    let run = |threads| model.trace(&tokens, &[], &Mask::Causal, &mut Workspace::new(threads)).unwrap().logits;
    assert_eq!(run(1), run(2));
    assert_eq!(run(1), run(5));
}

#[test]
fn positions_already_computed_are_shared_and_branches_do_not_meet() {
    let model = open(&fixture("llama"));
    let mut workspace = Workspace::new(1);
    let mut run = |past: &[lm::Position], tokens: &[u32]| {
        model.extend(past, tokens, &Mask::Causal, &mut workspace, &|| true).unwrap()
    };
    let trunk = run(&[], &[5, 6, 7]);
    let left = run(&trunk, &[8, 9]);
    let right = run(&trunk, &[10, 9]);
    assert_ne!(left[1], right[1]);
    let again = run(&[], &[5, 6, 7, 10, 9]);
    assert_eq!(again[3..], right[..]);
}

#[test]
fn a_request_that_cannot_be_met_says_why() {
    let model = open(&fixture("llama"));
    let mut workspace = Workspace::new(1);
    let mut run = |past: &[lm::Position], tokens: &[u32], mask: &Mask, go_on: bool| {
        model.extend(past, tokens, mask, &mut workspace, &|| go_on)
    };
    let three = run(&[], &[1, 2, 3], &Mask::Causal, true).unwrap();
    assert_eq!(run(&[], &[110], &Mask::Causal, true), Err(ForwardError::UnknownToken { token: 110, vocabulary: 110 }));
    assert_eq!(run(&three, &[1; 62], &Mask::Causal, true), Err(ForwardError::ContextFull { length: 65, context: 64 }));
    assert_eq!(run(&[], &[1], &Mask::Causal, false), Err(ForwardError::Stopped));
    assert_eq!(run(&three, &[1], &Mask::Prefix(4), true), Err(ForwardError::SeesAhead { past: 3 }));
    assert_eq!(run(&three, &[1], &Mask::Bidirectional, true), Err(ForwardError::SeesAhead { past: 3 }));
    assert!(run(&three, &[1], &Mask::Prefix(3), true).is_ok());
    assert_eq!(run(&three, &[], &Mask::Causal, true), Ok(vec![]));
}

#[test]
fn a_stop_is_heard_inside_a_token() {
    let model = open(&fixture("llama"));
    let asked = std::cell::Cell::new(0);
    let go_on = || asked.replace(asked.get() + 1) < 2;
    let stopped = model.extend(&[], &[1], &Mask::Causal, &mut Workspace::new(1), &go_on);
    assert_eq!((stopped, asked.get()), (Err(ForwardError::Stopped), 3), "asked before each of the three layers");
}

#[test]
fn a_long_prompt_in_chunks_gives_the_same_bits_as_whole_under_every_mask() {
    let model = open(&fixture("llama3-rope"));
    let tokens: Vec<u32> = (0..200).map(|i| i * 7 % 110).collect();
    let mut workspace = Workspace::new(2);
    for mask in ["causal", "window:9", "prefix:70", "bidirectional"] {
        let mask: Mask = mask.parse().unwrap();
        let positions = model.extend(&[], &tokens, &mask, &mut workspace, &|| true).unwrap();
        let logits = model.logits(&positions, &mut workspace).unwrap();
        let trace = model.trace(&tokens, &[], &mask, &mut workspace).unwrap();
        assert!(logits == trace.logits.unwrap().into_raw_vec_and_offset().0, "{mask}");
    }
}

#[test]
fn a_row_of_attention_is_a_distribution_over_what_the_mask_shows() {
    let model = open(&fixture("mistral-window"));
    let mut workspace = Workspace::new(1);
    let mask = model.blueprint.mask.clone();
    assert_eq!(mask, Mask::Window(4));
    let context = model.extend(&[], &[1, 2, 3, 4, 5, 6, 7], &mask, &mut workspace, &|| true).unwrap();
    let row = model.attention(&context, &mask, AttentionKind::Own, 1, 3, 5);
    assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    assert!(row.iter().enumerate().all(|(key, &weight)| (weight > 0.0) == (2..=5).contains(&key)));
    assert!(model.attention(&context, &mask, AttentionKind::Own, 9, 0, 0).is_empty());
}

#[test]
fn a_trace_is_written_under_the_documented_names() {
    let model = open(&fixture("gpt2"));
    let trace = model.trace(&[1, 2, 3], &[], &Mask::Causal, &mut Workspace::new(1)).unwrap();
    let path = tempfile();
    trace.write(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(integers(&file, "input_ids"), [1, 2, 3]);
    assert_eq!(file.tensor("logits").unwrap().shape(), [3, 110]);
    assert_eq!(file.tensor("attentions.2").unwrap().shape(), [4, 3, 3]);
    assert_eq!(file.tensor("hidden_states.3").unwrap().shape(), [3, 32]);
    assert_eq!(floats(&file, "logits"), trace.logits.unwrap().into_raw_vec_and_offset().0);
}

/// The llama fixture with one setting of its config changed.
fn with_setting(key: &str, value: serde_json::Value) -> Result<Transformer, ModelError> {
    let mut checkpoint = lm::load::open(&fixture("llama")).unwrap();
    if let Header::HuggingFace(settings) = &mut checkpoint.header {
        settings.insert(key.into(), value);
    }
    Transformer::new(&checkpoint)
}

#[test]
fn a_base_model_whose_names_stand_without_their_prefix_is_described_with_its_biases() {
    let mut checkpoint = lm::load::open(&fixture("qwen2")).unwrap();
    let whole = Transformer::new(&checkpoint).unwrap();
    let tensors = std::mem::take(&mut checkpoint.tensors);
    checkpoint.tensors =
        tensors.into_iter().map(|(name, tensor)| (name.trim_start_matches("model.").to_owned(), tensor)).collect();
    let base = Transformer::new(&checkpoint).unwrap();
    assert!(whole.blueprint.attention_bias && base.blueprint.attention_bias);
    assert!(!open(&fixture("llama")).blueprint.attention_bias);
    let logits = |model: &Transformer| {
        model.trace(&[1, 2, 3], &[], &Mask::Causal, &mut Workspace::new(1)).unwrap().logits.unwrap()
    };
    assert_eq!(logits(&whole), logits(&base));
}

#[test]
fn distances_beyond_the_one_that_the_settings_name_count_as_it() {
    let mut checkpoint = lm::load::open(&fixture("xlnet")).unwrap();
    let mut row = |clamp: i64, tokens: [u32; 5]| {
        let Header::HuggingFace(settings) = &mut checkpoint.header else { panic!("a folder") };
        settings.insert("clamp_len".into(), clamp.into());
        let model = Transformer::new(&checkpoint).unwrap();
        let mask = Mask::Bidirectional;
        let context = model.extend(&[], &tokens, &mask, &mut Workspace::new(1), &|| true).unwrap();
        model.attention(&context, &mask, AttentionKind::Own, 0, 1, 0)
    };
    let ([a, b], [c, d]) =
        ([2, -1].map(|clamp| row(clamp, [5, 9, 7, 30, 61])), [2, -1].map(|clamp| row(clamp, [5, 9, 7, 61, 30])));
    // Both stand at two or more from the query: it makes no difference which is nearer.
    assert!((a[3] - c[4]).abs() < 1e-7 && (a[4] - c[3]).abs() < 1e-7 && a[3] != a[4]);
    assert!((b[3] - d[4]).abs() > 1e-5, "each distance is its own where none is named");
}

#[test]
fn the_head_of_a_roberta_bends_by_gelu_whatever_its_layers_do() {
    for (name, head) in [("roberta", "dense, GELU, norm, linear"), ("bert", "dense, ReLU, norm, linear")] {
        let mut checkpoint = lm::load::open(&fixture(name)).unwrap();
        if let Header::HuggingFace(settings) = &mut checkpoint.header {
            settings.insert("hidden_act".into(), "relu".into());
        }
        let rows = Transformer::new(&checkpoint).unwrap().blueprint.rows();
        let row = |wanted| rows.iter().find(|(what, _)| *what == wanted).map(|(_, how)| how.as_str());
        assert_eq!((row("feed-forward"), row("head")), (Some("ReLU"), Some(head)), "{name}");
    }
}

#[test]
fn a_setting_that_does_not_fit_is_an_error_and_never_a_panic() {
    use serde_json::json;
    let keys = [
        "model_type",
        "hidden_size",
        "num_attention_heads",
        "num_key_value_heads",
        "num_hidden_layers",
        "head_dim",
        "intermediate_size",
        "vocab_size",
        "max_position_embeddings",
        "rms_norm_eps",
        "rope_theta",
        "hidden_act",
        "rope_scaling",
        "sliding_window",
    ];
    let values = [
        json!(0),
        json!(-1),
        json!(1.5),
        json!("x"),
        json!(null),
        json!(u64::MAX),
        json!(1_u64 << 31),
        json!(7),
        json!(1e300),
        json!([1]),
        json!({"rope_type": "linear"}),
        json!({"rope_type": "linear", "factor": 0}),
        json!({"rope_type": "yarn", "factor": 4.0}),
        json!({"rope_type": "sideways"}),
        json!(true),
    ];
    for key in keys {
        for value in &values {
            if let Err(error) = with_setting(key, value.clone()) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
    let error = with_setting("num_key_value_heads", json!(4)).unwrap_err();
    assert_eq!(error, ModelError::Indivisible { whole: "heads", of: 6, part: "kv_heads", by: 4 });
    let error = with_setting("model_type", json!("eliza")).unwrap_err();
    assert_eq!(error, ModelError::Architecture { name: "eliza".into() });
    let error = with_setting("num_hidden_layers", json!(4)).unwrap_err();
    assert_eq!(error, ModelError::MissingTensor { name: "model.layers.3.self_attn.q_proj.weight".into() });
    let error = with_setting("vocab_size", json!(111)).unwrap_err();
    let name = "model.embed_tokens.weight".into();
    assert_eq!(error, ModelError::Shape { name, expected: vec![111, 48], found: vec![110, 48] });
}
