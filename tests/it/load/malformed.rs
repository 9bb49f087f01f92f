//! More of what a file from the network may hold: settings no model has, an index that is none, files with holes.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use lmscope::lm::load::{self, Problem};
use lmscope::model::{self, Say, Spec};
use lmscope::ui::Language;
use serde_json::{Map, Value, json};

use super::{Folder, Gguf, assert_readable, safetensors};

#[test]
fn no_setting_of_a_config_makes_opening_panic() {
    let folder = Folder::new();
    let fixture = Path::new("tests/fixtures/llama");
    folder.file("model.safetensors", std::fs::read(fixture.join("model.safetensors")).expect("a fixture"));
    let config = std::fs::read(fixture.join("config.json")).expect("a fixture");
    let config: Map<String, Value> = serde_json::from_slice(&config).expect("JSON");
    let bad = [
        json!(0),
        json!(-1),
        json!(1),
        json!(5),
        json!(7),
        json!(1.5),
        json!(1e300),
        json!(4_294_967_296_u64),
        json!(u64::MAX),
        json!("x"),
        json!("\u{1b}[31m"),
        json!([]),
        json!({}),
        json!(true),
        Value::Null,
    ];
    let mut opened = 0;
    for key in config.keys().map(String::as_str).chain(["sliding_window", "rope_parameters"]) {
        for value in &bad {
            let mut config = config.clone();
            config.insert(key.to_owned(), value.clone());
            folder.file("config.json", serde_json::to_vec(&config).expect("JSON"));
            match model::open(&Spec::Path(folder.0.clone())) {
                Ok(_) => opened += 1,
                Err(error) => {
                    let (english, chinese) = (error.say(Language::English), error.say(Language::Chinese));
                    assert!(!english.contains('\u{1b}') && english.contains(": "), "{key} {value}: {english}");
                    assert!(chinese.contains('：'), "{key} {value}: {chinese}");
                }
            }
        }
    }
    assert!(opened > 0, "some settings mean nothing to the pass");
}

#[test]
fn settings_that_contradict_the_tensors_are_refused() {
    let folder = Folder::new();
    let fixture = Path::new("tests/fixtures/llama");
    folder.file("model.safetensors", std::fs::read(fixture.join("model.safetensors")).expect("a fixture"));
    let config = std::fs::read(fixture.join("config.json")).expect("a fixture");
    let config: Map<String, Value> = serde_json::from_slice(&config).expect("JSON");
    let wrong = [
        ("num_hidden_layers", json!(4)),
        ("num_hidden_layers", json!(2_000_000_000)),
        ("num_attention_heads", json!(5)),
        ("num_key_value_heads", json!(4)),
        ("vocab_size", json!(111)),
        ("hidden_size", json!(64)),
        ("intermediate_size", json!(8)),
        ("rms_norm_eps", json!(0)),
        ("rope_theta", json!(-10_000.0)),
        ("hidden_act", json!("tanhshrink")),
        ("model_type", json!("")),
    ];
    for (key, value) in wrong {
        let mut config = config.clone();
        config.insert(key.to_owned(), value.clone());
        folder.file("config.json", serde_json::to_vec(&config).expect("JSON"));
        let outcome = model::open(&Spec::Path(folder.0.clone()));
        assert!(outcome.is_err(), "{key} = {value}");
    }
}

#[test]
fn an_index_that_is_none_is_refused() {
    let folder = Folder::new();
    folder.file("config.json", "{}");
    let deep = format!("{{\"weight_map\":{}", "[".repeat(200_000));
    let indices = [
        "null",
        "[]",
        "{}",
        "{\"weight_map\":null}",
        "{\"weight_map\":[\"a\"]}",
        "{\"weight_map\":{\"a\":null}}",
        "{\"weight_map\":{\"a\":\"b\"}",
        "\u{feff}{}",
        &deep,
    ];
    for index in indices {
        folder.file("model.safetensors.index.json", index);
        let error = load::open(&folder.0).expect_err("a bad index");
        assert_readable(&error);
        assert!(matches!(error.problem, Problem::Json { .. }), "{index:.40}");
    }
    let many: Vec<String> = (0..5000).map(|index| format!(r#""{index}":"{index}.safetensors""#)).collect();
    folder.file("model.safetensors.index.json", format!("{{\"weight_map\":{{{}}}}}", many.join(",")));
    assert!(matches!(load::open(&folder.0).expect_err("too many").problem, Problem::TooMany { .. }));
    let large = File::create(folder.0.join("model.safetensors.index.json")).expect("a file");
    large.set_len(1 << 30).expect("a sparse file");
    assert!(matches!(load::open(&folder.0).expect_err("too large").problem, Problem::TooMany { .. }));
    let large = File::create(folder.0.join("config.json")).expect("a file");
    large.set_len(1 << 40).expect("a sparse file");
    assert!(matches!(load::open(&folder.0).expect_err("too large").problem, Problem::TooMany { .. }));
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the system tells");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).expect("a number") * 1024
}

#[test]
fn a_file_of_four_gigabytes_is_mapped_and_not_read() {
    const BYTES: u64 = 4 << 30;
    let folder = Folder::new();
    let sparse = |name: &str, header: &[u8], length: u64| {
        let path = folder.0.join(name);
        let mut file = File::create(&path).expect("a file");
        file.write_all(header).expect("a header");
        file.set_len(length).expect("a sparse file");
        path
    };
    let before = resident();
    let gguf = Gguf::new().tensor("a", &[1 << 20, 1 << 10], 0, 0).bytes();
    let length = (gguf.len() as u64).next_multiple_of(32) + BYTES;
    let opened = load::open(&sparse("model.gguf", &gguf, length)).expect("a GGUF file");
    assert_eq!(opened.tensors["a"].bytes.len() as u64, BYTES);
    folder.file("config.json", "{}");
    let header = format!(r#"{{"a":{{"dtype":"F16","shape":[2147483648],"data_offsets":[0,{BYTES}]}}}}"#);
    let header = safetensors(&header, 0);
    let folder_of = sparse("model.safetensors", &header, header.len() as u64 + BYTES);
    let also = load::open(&folder_of).expect("a safetensors file");
    assert_eq!(also.tensors["a"].bytes.len() as u64, BYTES);
    // Other tests run beside this one; what they take is far less than either file.
    assert!(resident().saturating_sub(before) < BYTES / 4);
    let short = sparse("short.gguf", &gguf, length - 1);
    assert_eq!(load::open(&short).expect_err("one byte short").problem, Problem::EndsEarly { missing: 1 });
}
