//! What `models` says of a file: of a model that runs, of one that does not, of a tokenizer alone; and whether every weight is
//! a number.

use std::ffi::OsString;
use std::path::Path;

use lmscope::cli::{Streams, run_with};
use lmscope::job::{self, Body, Changes, Desk, Fault, Generation, Job, Read};
use lmscope::model::{self, OpenError, Say, Spec};
use lmscope::ui::Language;
use serde_json::Value;

use super::{Folder, Gguf, array, safetensors, text};

/// Exit code, output and errors of `lmscope`.
fn run(arguments: &[&str]) -> (u8, String, String) {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let arguments = std::iter::once("lmscope").chain(arguments.iter().copied()).map(OsString::from);
    let mut streams = Streams { input: &mut &b""[..], output: &mut output, errors: &mut errors };
    let code = run_with(arguments, "en", &mut streams);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (code, text(output), text(errors))
}

fn json(path: &Path) -> Value {
    let (code, output, errors) = run(&["models", "--json", path.to_str().expect("a path")]);
    assert_eq!((code, errors.as_str()), (0, ""));
    serde_json::from_str(&output).expect("JSON")
}

#[test]
fn a_model_is_described_with_its_memory_and_every_tensor() {
    let path = Path::new("tests/fixtures/gguf/llama-Q4_0.gguf");
    let answer = json(path);
    assert_eq!((&answer["runs"], &answer["reason"], &answer["family"]), (&true.into(), &Value::Null, &"LLaMA".into()));
    let tensors = answer["every_tensor"].as_array().expect("a list");
    let bytes: u64 = tensors.iter().map(|tensor| tensor["bytes"].as_u64().expect("a number")).sum();
    assert_eq!(answer["memory"]["weights"], bytes);
    let per_token = answer["memory"]["per_token"].as_u64().expect("a number");
    let context = answer["context"].as_u64().expect("a number");
    assert_eq!(answer["memory"]["context"], per_token * context);
    let model = model::open(&Spec::Path(path.into())).expect("the model");
    let mut workspace = lmscope::lm::Workspace::new(1);
    let mask = &model.engine.blueprint.mask;
    let read = model.engine.extend(&[], &[1], mask, &mut workspace, &|| true).expect("a pass");
    assert_eq!(per_token, read[0].bytes() as u64);
    let (code, output, _) = run(&["models", path.to_str().expect("a path"), "--tensors"]);
    assert_eq!(code, 0);
    let row = output.lines().find(|line| line.starts_with("blk.0.ffn_up.weight ")).expect("a row for each tensor");
    assert!(row.contains("Q4_0"), "{row}");
}

#[test]
fn a_model_of_an_unknown_architecture_is_described_and_not_run() {
    let folder = Folder::new();
    let gguf = Gguf::new()
        .pair("general.architecture", 8, &text("mamba\u{1b}[31m"))
        .pair("mamba\u{1b}[31m.block_count", 4, &24_u32.to_le_bytes())
        .pair("mamba\u{1b}[31m.context_length", 4, &1_048_576_u32.to_le_bytes())
        .tensor("token_embd.weight", &[8, 4], 0, 0)
        .data(128)
        .bytes();
    let path = folder.file("mamba.gguf", gguf);
    let answer = json(&path);
    assert_eq!((&answer["runs"], &answer["family"]), (&false.into(), &Value::Null));
    assert_eq!((&answer["layers"], &answer["context"]), (&24.into(), &1_048_576.into()));
    assert_eq!((&answer["parameters"], &answer["every_tensor"][0]["dtype"]), (&32.into(), &"F32".into()));
    let (code, output, _) = run(&["models", path.to_str().expect("a path")]);
    assert!(code == 0 && output.contains("no: ") && !output.contains('\u{1b}'), "{output}");

    folder.file("config.json", r#"{"model_type":"rwkv","num_hidden_layers":12,"hidden_size":768,"vocab_size":50277}"#);
    let header = r#"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#;
    folder.file("model.safetensors", safetensors(header, 24));
    let answer = json(&folder.0);
    assert_eq!(
        (&answer["architecture"], &answer["layers"], &answer["runs"]),
        (&"rwkv".into(), &12.into(), &false.into())
    );
    assert_eq!(answer["every_tensor"][0]["shape"], serde_json::json!([2, 3]));
}

#[test]
fn a_file_that_is_only_a_tokenizer_is_described_as_one() {
    let folder = Folder::new();
    let tokenizer = r#"{"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":null,"post_processor":null,
        "decoder":null,"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}}"#;
    for path in [folder.file("tokenizer.json", tokenizer), folder.0.clone()] {
        let answer = json(&path);
        assert_eq!((&answer["tokens"], &answer["runs"]), (&2.into(), &false.into()));
        assert_eq!((&answer["parameters"], &answer["memory"]), (&0.into(), &Value::Null));
    }
    let tokens = [text("a"), text("b"), text("ab")].concat();
    let vocabulary = Gguf::new()
        .pair("general.architecture", 8, &text("llama"))
        .pair("tokenizer.ggml.model", 8, &text("gpt2"))
        .pair("tokenizer.ggml.tokens", 9, &array(8, 3, &tokens))
        .pair("tokenizer.ggml.merges", 9, &array(8, 1, &text("a b")))
        .bytes();
    let path = folder.file("vocabulary.gguf", vocabulary);
    let answer = json(&path);
    assert_eq!((&answer["tokens"], &answer["vocabulary"], &answer["runs"]), (&3.into(), &3.into(), &false.into()));
    let error = model::open(&Spec::Path(path)).expect_err("nothing to run");
    assert!(matches!(error, OpenError::NoWeights { .. }), "{error}");
    assert!(error.say(Language::Chinese).contains("没有权重"));
}

/// A copy of a fixture in which one byte pattern at `at` bytes into a tensor is replaced.
fn damaged(folder: &Folder, tensor: &str, at: usize, by: &[u8]) -> std::path::PathBuf {
    let source = Path::new("tests/fixtures/gguf/llama-Q4_0.gguf");
    let whole = std::fs::read(source).expect("a fixture");
    let checkpoint = lmscope::lm::load::open(source).expect("it opens");
    let bytes = &checkpoint.tensors[tensor].bytes;
    let start = whole.windows(bytes.len()).position(|window| window == &bytes[..]).expect("the tensor in the file");
    let mut whole = whole;
    whole[start + at..][..by.len()].copy_from_slice(by);
    folder.file("damaged.gguf", whole)
}

#[test]
fn a_check_names_the_tensor_and_the_first_number_that_is_not_finite() {
    let folder = Folder::new();
    // The scale of the third block: all its 32 numbers are lost.
    let path = damaged(&folder, "blk.1.ffn_down.weight", 2 * 18, &0x7e00_u16.to_le_bytes());
    let path = path.to_str().expect("a path");
    let (code, output, errors) = run(&["models", path, "--check"]);
    assert_eq!(code, 1);
    let expected = "the tensor blk.1.ffn_down.weight has numbers that are not finite (32, the first at 64: NaN): ";
    assert!(output.starts_with(expected), "{output}");
    assert!(errors.contains("(tensors: 1)"), "{errors}");
    let (code, output, _) = run(&["models", path, "--check", "--json"]);
    let answer: Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((code, &answer["not_finite"][0]["index"]), (1, &64.into()));

    let good = run(&["models", "tests/fixtures/gguf/llama-Q4_0.gguf", "stories", "--check"]);
    assert!(good.0 == 0 && good.1.lines().all(|line| line.ends_with("every number finite")), "{}", good.1);

    // A run that comes to grief over it says where it comes from.
    let (code, _, errors) = run(&["generate", "--model", path, "--ids", "1,2,3", "--steps", "1"]);
    assert!(code == 1 && errors.contains("blk.1.ffn_down.weight"), "{errors}");
    let spec = Spec::Path(path.into());
    let model = std::sync::Arc::new(model::open(&spec).expect("damage does not keep it from opening"));
    let read = Job::Read(Read {
        model,
        context: Vec::new(),
        tokens: vec![1, 2, 3],
        source: 0,
        unscored: 1..3,
        changes: Changes::default(),
        plain: Vec::new(),
        streams: None,
        threads: 1,
    });
    let desk = std::sync::Arc::new(Desk::default());
    let mut failure = None;
    job::execute(read, &desk.ticket(Generation(0), false), &mut |body| {
        if let Body::Failed(fault) = body {
            failure = Some(fault);
        }
        std::ops::ControlFlow::Continue(())
    });
    let Some(Fault::NotFinite(found)) = failure else { panic!("{failure:?}") };
    assert!(found.to_string().contains("blk.1.ffn_down.weight"), "{found}");
    assert!(found.say(Language::Chinese).contains("blk.1.ffn_down.weight"));
}

#[test]
fn tensors_of_a_type_that_is_not_computed_with_are_described_and_refused_by_name() {
    let folder = Folder::new();
    let architecture = |file: Gguf| {
        let count = |value: u32| value.to_le_bytes();
        let file = file.pair("general.architecture", 8, &text("llama")).pair("llama.block_count", 4, &count(1));
        let file = file.pair("llama.embedding_length", 4, &count(32)).pair("llama.attention.head_count", 4, &count(1));
        let file = file.pair("llama.feed_forward_length", 4, &count(32));
        file.pair("llama.context_length", 4, &count(8)).pair(
            "llama.attention.layer_norm_rms_epsilon",
            6,
            &1e-5_f32.to_le_bytes(),
        )
    };
    // 4 has no size that is known, 99 no name; 26 is 32-bit whole numbers.
    let file = architecture(Gguf::new()).tensor("blk.0.attn_q.weight", &[32, 32], 4, 0);
    let file = file.tensor("ids", &[8], 26, 640).tensor("rest", &[5, 7], 99, 672).tensor(
        "token_embd.weight",
        &[32, 2],
        0,
        704,
    );
    let path = folder.file("odd.gguf", file.data(704 + 256).bytes());
    let described = model::describe(&Spec::Path(path.clone())).expect("a description");
    let found: Vec<(&str, &str, u64, bool)> =
        described.tensors.iter().map(|t| (t.name.as_str(), t.dtype.as_str(), t.bytes, t.read)).collect();
    let expected = [
        ("blk.0.attn_q.weight", "Q4_2", 640, false),
        ("ids", "I32", 32, false),
        ("rest", "99", 32, false),
        ("token_embd.weight", "F32", 256, true),
    ];
    assert_eq!(found, expected);
    assert_eq!(described.parameters, 32 * 32 + 5 * 7 + 64);
    let dtypes: Vec<&str> = described.dtypes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(dtypes, ["F32", "99", "I32", "Q4_2"]);
    let unread =
        lmscope::lm::ModelError::Unread { name: "blk.0.attn_q.weight".into(), dtype: "Q4_2".into(), tensors: 2 };
    let refused = OpenError::Model { name: "odd".into(), error: unread };
    assert_eq!(described.engine.expect_err("it does not run"), refused);
    assert_eq!(model::open(&Spec::Path(path)).expect_err("it does not run"), refused);

    let before = Gguf::new().tensor("a", &[32], 99, 32).tensor("b", &[8], 0, 0).data(64);
    assert!(matches!(super::refused(before.bytes()).0, lmscope::lm::load::Problem::Place { .. }));
}
