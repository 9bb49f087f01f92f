//! The command line: results as text and JSON, exit codes, standard input.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use lmscope::cli::{Streams, run_with};
use safetensors::SafeTensors;
use serde_json::Value;

pub(crate) struct Ran {
    pub(crate) code: u8,
    pub(crate) output: String,
    pub(crate) errors: String,
}

fn run_on(locale: &str, arguments: &[&str], input: &[u8]) -> Ran {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let arguments = std::iter::once("lmscope").chain(arguments.iter().copied()).map(OsString::from);
    let mut streams = Streams { input: &mut &input[..], output: &mut output, errors: &mut errors };
    let code = run_with(arguments, locale, &mut streams);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code, output: text(output), errors: text(errors) }
}

pub(crate) fn run(arguments: &[&str]) -> Ran {
    run_on("en_GB.UTF-8", arguments, b"")
}

pub(crate) fn json(arguments: &[&str]) -> Value {
    let ran = run(&[&["--json"], arguments].concat());
    assert_eq!((ran.code, ran.errors.as_str()), (0, ""), "{arguments:?}");
    assert_eq!(ran.output.matches('\n').count(), 1, "one line of JSON");
    serde_json::from_str(&ran.output).expect("JSON")
}

pub(crate) fn failed(arguments: &[&str], code: u8) -> String {
    let ran = run(arguments);
    assert_eq!((ran.code, ran.output.as_str()), (code, ""), "{arguments:?}: {}", ran.errors);
    assert!(!ran.errors.is_empty(), "{arguments:?}");
    ran.errors
}

pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().expect("an array")
}

pub(crate) fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("lmscope-cli-{}-{name}", std::process::id()))
}

#[test]
fn tokens_have_ids_texts_and_byte_ranges_that_tile_the_text() {
    let text = "Once upon a time 床\n\u{1b}[31m🎈";
    let answer = json(&["tokenize", text]);
    let mut end = 0;
    let mut bytes = Vec::new();
    for token in list(&answer, "tokens") {
        assert_eq!(token["bytes"][0], end);
        end = token["bytes"][1].as_u64().expect("a byte") as usize;
        match token["hex"].as_str() {
            None => bytes.extend_from_slice(token["text"].as_str().expect("text").as_bytes()),
            Some(hex) => {
                bytes
                    .extend((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")));
            }
        }
        assert!(token["id"].is_u64());
    }
    assert_eq!((end, bytes.as_slice()), (text.len(), text.as_bytes()));
}

#[test]
fn special_tokens_are_put_around_a_text_only_when_asked_for() {
    let ids = |arguments: &[&str]| -> Vec<u64> {
        list(&json(arguments), "tokens").iter().map(|token| token["id"].as_u64().expect("id")).collect()
    };
    let plain = ids(&["tokenize", "Tom"]);
    assert_eq!(ids(&["tokenize", "Tom", "--special"]), [&[0], plain.as_slice()].concat());
    assert_eq!(ids(&["tokenize", "<|end|>"]), [0], "a special token written in the text is recognised");
}

#[test]
fn a_tokenizer_is_taken_from_a_file_of_its_own() {
    let path = temporary("tokenizer.json");
    let json_file = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
        "pre_tokenizer":null,"post_processor":null,"decoder":null,
        "model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}"#;
    std::fs::write(&path, json_file).expect("a tokenizer");
    let name = path.to_str().expect("a path");
    let answer = json(&["tokenize", "abba", "--tokenizer", name]);
    assert_eq!(list(&answer, "tokens").iter().map(|token| &token["id"]).collect::<Vec<_>>(), [2, 1, 0]);
    std::fs::write(&path, "{}").expect("no tokenizer");
    assert!(failed(&["tokenize", "abba", "--tokenizer", name], 1).contains("tokenizer"));
    std::fs::remove_file(path).expect("remove");
}

#[test]
fn the_longest_piece_is_another_way_to_cut_with_the_same_vocabulary() {
    let text = "Once upon a time";
    let answer = json(&["tokenize", text, "--method", "longest"]);
    let joined: String = list(&answer, "tokens").iter().filter_map(|token| token["text"].as_str()).collect();
    assert_eq!(joined, text);
}

#[test]
fn standard_input_is_read_byte_for_byte() {
    let ran = run_on("C", &["tokenize", "-", "--json"], b"a\r\n\x00b\n");
    let answer: Value = serde_json::from_str(&ran.output).expect("JSON");
    assert_eq!(list(&answer, "tokens").last().expect("a token")["bytes"][1], 6);
    for arguments in [&["tokenize", "-"][..], &["generate", "-"], &["score", "-"], &["segment", "-"], &["-"]] {
        let ran = run_on("C", arguments, b"abc\xffdef");
        assert_eq!((ran.code, ran.output.as_str()), (1, ""), "{arguments:?}");
        assert!(ran.errors.contains("byte 3") && ran.errors.contains("UTF-8"), "{}", ran.errors);
    }
}

#[test]
fn words_are_cut_by_a_dictionary_of_ones_own() {
    let path = temporary("dictionary");
    std::fs::write(&path, "研究 10\n研究生 5\n生命 10\n起源 10\n").expect("a dictionary");
    let cut = |method: &str| -> Vec<String> {
        let path = path.to_str().expect("a path");
        let answer = json(&["segment", "研究生命起源", "--method", method, "--dictionary", path]);
        assert_eq!(answer["method"], method);
        list(&answer, "words").iter().map(|word| word["text"].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(cut("fmm"), ["研究生", "命", "起源"]);
    std::fs::write(&path, b"\xff\xfe").expect("a dictionary");
    let error = failed(&["segment", "研究", "--dictionary", path.to_str().expect("a path")], 1);
    assert!(error.contains("lmscope-cli"), "{error}");
    std::fs::remove_file(path).expect("remove");
}

#[test]
fn one_word_of_a_megabyte_does_not_make_every_line_one() {
    let text = format!("{}中{}", "a".repeat(1 << 20), "研究".repeat(1000));
    let ran = run_on("C.UTF-8", &["segment", "-"], text.as_bytes());
    assert_eq!((ran.code, ran.errors.as_str()), (0, ""));
    assert!(ran.output.lines().filter(|line| line.starts_with("研究")).all(|line| line.len() < 400));
    assert!(ran.output.contains("0..1048576") && ran.output.contains("1002 words"));
}

#[test]
fn the_embedded_dictionary_cuts_by_every_method() {
    for (method, expected) in [
        ("fmm", "研究生 命 起源"),
        ("bmm", "研究 生命 起源"),
        ("bimm", "研究 生命 起源"),
        ("route", "研究 生命 起源"),
        ("hmm", "研究 生命 起源"),
    ] {
        let answer = json(&["segment", "研究生命起源", "--method", method]);
        let words: Vec<&str> = list(&answer, "words").iter().filter_map(|word| word["text"].as_str()).collect();
        assert_eq!(words.join(" "), expected, "{method}");
    }
}

#[test]
fn a_seed_gives_the_same_tokens_again_and_another_seed_gives_others() {
    let text = |seed: &str| json(&["generate", "Once upon a time", "--steps", "12", "--seed", seed])["text"].clone();
    assert_eq!(text("7"), text("7"));
    assert_ne!(text("7"), text("8"));
    let threads = json(&["generate", "Once upon a time", "--steps", "12", "--seed", "7", "--threads", "3"]);
    assert_eq!(threads["text"], text("7"), "the number of threads changes nothing");
}

#[test]
fn probabilities_of_a_step_are_the_models_and_the_samplers_stand_beside_them() {
    let plain = json(&["generate", "Tom and his", "--steps", "1", "--temperature", "0"]);
    let cut = json(&["generate", "Tom and his", "--steps", "1", "--temperature", "0.5", "--top-k", "1"]);
    let (plain, cut) = (&list(&plain, "steps")[0], &list(&cut, "steps")[0]);
    for key in ["id", "probability", "surprisal_bits", "entropy_bits"] {
        assert_eq!(plain[key], cut[key], "{key}");
    }
    let p = plain["probability"].as_f64().expect("p");
    assert!(p < 1.0 && (plain["surprisal_bits"].as_f64().expect("bits") + p.log2()).abs() < 1e-4);
    assert_eq!((&plain["sampler_probability"], &cut["sampler_probability"]), (&1.0.into(), &1.0.into()));
    assert_eq!((&plain["candidates"], &plain["rank"]), (&1.into(), &1.into()));
}

#[test]
fn generation_stops_at_the_end_of_a_text_or_of_the_context() {
    let ids: Vec<String> = (0..511).map(|index| (index % 2000).to_string()).collect();
    let full = json(&["generate", "--ids", &ids.join(","), "--steps", "9", "--ignore-end"]);
    assert_eq!((&full["stopped"], list(&full, "steps").len()), (&"context".into(), 2));
    let none = json(&["generate", "Tom", "--steps", "0"]);
    assert_eq!((&none["stopped"], &none["text"]), (&"steps".into(), &"".into()));
    let too_long = vec!["1"; 513].join(",");
    assert!(failed(&["generate", "--ids", &too_long], 1).contains("512"));
    assert!(failed(&["generate", "--ids", "1,2048"], 1).contains("2048"));
    assert!(failed(&["generate", ""], 2).contains("--special"));
}

#[test]
fn a_score_leaves_the_first_token_out_unless_a_start_token_stands_before_it() {
    let text = "Once upon a time";
    let plain = json(&["score", text]);
    let tokens = list(&plain, "tokens");
    assert_eq!(tokens[0]["surprisal_bits"], Value::Null);
    let bits: f64 = tokens.iter().filter_map(|token| token["surprisal_bits"].as_f64()).sum();
    let near = |value: &Value, expected: f64| (value.as_f64().expect("a number") - expected).abs() < 1e-9;
    assert!(near(&plain["bits"], bits));
    assert!(near(&plain["perplexity"], (bits / (tokens.len() - 1) as f64).exp2()));
    assert!(near(&plain["bits_per_byte"], bits / text.len() as f64));
    assert_eq!((&plain["window"], &plain["stride"]), (&Value::Null, &Value::Null));
    let special = json(&["score", text, "--special"]);
    assert_eq!(list(&special, "tokens").len(), tokens.len() + 1);
    assert!(list(&special, "tokens")[1]["surprisal_bits"].is_number());
    assert!(failed(&["score", ""], 1).contains("--special"));
}

#[test]
fn a_text_longer_than_the_window_is_scored_in_windows_that_overlap_by_half() {
    let ids: Vec<u64> = (0..23).map(|index| (index * 97 + 5) % 2048).collect();
    let joined = |ids: &[u64]| ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    let answer = json(&["score", "--ids", &joined(&ids), "--window", "8"]);
    assert_eq!((&answer["window"], &answer["stride"], &answer["scored"]), (&8.into(), &4.into(), &22.into()));
    assert_eq!(answer["bits_per_byte"], Value::Null);
    let bits = |value: &Value, index: usize| list(value, "tokens")[index]["surprisal_bits"].as_f64().expect("bits");
    for index in [1, 7, 8, 11, 12, 22] {
        // The first window that has the token begins at a multiple of 4.
        let start = if index < 8 { 0 } else { (index - 4) / 4 * 4 };
        let own = json(&["score", "--ids", &joined(&ids[start..=index])]);
        assert!((bits(&answer, index) - bits(&own, index - start)).abs() < 1e-4, "token {index}");
    }
}

#[test]
fn score_reads_a_file_where_the_argument_names_one() {
    let path = temporary("score");
    std::fs::write(&path, "Once upon a time").expect("a file");
    let name = path.to_str().expect("a path");
    assert_eq!(json(&["score", name]), json(&["score", "Once upon a time"]));
    std::fs::write(&path, b"ab\xff").expect("a file");
    let error = failed(&["score", name], 1);
    assert!(error.contains(name) && error.contains("byte 2"), "{error}");
    std::fs::remove_file(path).expect("remove");
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// The greatest difference between two files' arrays of one name; the shapes have to be equal.
fn difference(found: &SafeTensors<'_>, expected: &SafeTensors<'_>, name: &str) -> f32 {
    let (found, expected) = (found.tensor(name).expect(name), expected.tensor(name).expect(name));
    assert_eq!(found.shape(), expected.shape(), "{name}");
    let (found, expected) = (floats(found.data()), floats(expected.data()));
    found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max)
}

#[test]
fn a_trace_holds_what_hugging_face_computes_under_the_same_names() {
    for (model, expected) in [
        ("tests/fixtures/gpt2", "tests/fixtures/gpt2/expected.safetensors"),
        ("tests/fixtures/llama", "tests/fixtures/llama/expected.safetensors"),
        ("tests/fixtures/gguf/llama-Q4_1.gguf", "tests/fixtures/gguf/llama-Q4_1.expected.safetensors"),
    ] {
        let expected = std::fs::read(expected).expect("fixture");
        let expected = SafeTensors::deserialize(&expected).expect("safetensors");
        let ids = expected.tensor("input_ids").expect("ids");
        let ids: Vec<String> =
            ids.data().as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes).to_string()).collect();
        let path = temporary(&model.replace('/', "-"));
        let file = path.to_str().expect("a path");
        let answer = json(&["trace", "--model", model, "--ids", &ids.join(","), "-o", file]);
        assert_eq!((list(&answer, "ids").len(), &answer["mask"]), (ids.len(), &"causal".into()));
        let found = std::fs::read(&path).expect("the trace");
        let found = SafeTensors::deserialize(&found).expect("safetensors");
        for name in expected.names().into_iter().filter(|name| *name != "input_ids" && !name.starts_with("prefix")) {
            let limit = if name.starts_with("attentions") { 1e-4 } else { 1e-3 };
            assert!(difference(&found, &expected, name) < limit, "{model} {name}");
        }
        if let Ok(prefix) = expected.tensor("prefix.logits") {
            let length = prefix_length(&expected);
            let mask = format!("prefix:{length}");
            json(&["trace", "--model", model, "--ids", &ids.join(","), "--mask", &mask, "-o", file]);
            let found = std::fs::read(&path).expect("the trace");
            let found = SafeTensors::deserialize(&found).expect("safetensors");
            assert_eq!(found.tensor("logits").expect("logits").shape(), prefix.shape());
            assert!(
                floats(found.tensor("logits").expect("logits").data())
                    .iter()
                    .zip(floats(prefix.data()))
                    .all(|(found, expected)| (found - expected).abs() < 1e-3),
                "{model} {mask}"
            );
        }
        std::fs::remove_file(path).expect("remove");
    }
}

fn prefix_length(expected: &SafeTensors<'_>) -> i64 {
    let length = expected.tensor("prefix_len").expect("prefix_len");
    i64::from_le_bytes(*length.data().first_chunk().expect("int64"))
}

#[test]
fn a_model_without_a_tokenizer_takes_ids_and_says_so() {
    let model = "tests/fixtures/llama";
    assert!(failed(&["generate", "text", "--model", model], 1).contains("--ids"));
    assert!(failed(&["tokenize", "text", "--model", model], 1).contains("tokenizer"));
    let answer = json(&["generate", "--model", model, "--ids", "1,2,3", "--steps", "2", "--temperature", "0"]);
    assert_eq!(list(&answer, "steps").len(), 2);
    assert_eq!(list(&answer, "steps")[0]["text"], "");
}

#[test]
fn models_are_listed_and_described() {
    let all = json(&["models"]);
    let names: Vec<_> = list(&all, "embedded").iter().map(|model| &model["name"]).collect();
    assert_eq!(names, ["stories", "poems", "cloze", "spans", "spelling", "orders"]);
    assert!(list(&all, "families").iter().any(|family| family["model_type"] == "gpt2"));
    let one = json(&["models", "poems"]);
    assert_eq!((&one["parameters"], &one["vocabulary"]), (&2_469_920.into(), &4096.into()));
    assert_eq!((&one["layers"], &one["heads"], &one["width"]), (&6.into(), &5.into(), &160.into()));
    assert_eq!(one["blueprint"]["norm"], "RMSNorm");
    let several = json(&["models", "stories", "tests/fixtures/gpt2"]);
    assert_eq!(list(&several, "models").iter().map(|model| &model["family"]).collect::<Vec<_>>(), ["LLaMA", "GPT-2"]);
    let text = run(&["models", "stories", "tests/fixtures/gpt2"]);
    let norms = text.output.lines().find(|line| line.starts_with("norm ")).expect("a row for the norm");
    assert!(norms.contains("RMSNorm") && norms.contains("LayerNorm"), "{norms}");
    let text = run(&["models", "tests/fixtures/gpt2"]);
    assert!(text.output.contains("GPT-2") && text.output.contains("LayerNorm"), "{}", text.output);
}

#[test]
fn bench_measures_prefill_and_decode() {
    let answer = json(&["bench", "--prefill", "8", "--decode", "4"]);
    for key in ["prefill_tokens_per_second", "decode_tokens_per_second"] {
        assert!(answer[key].as_f64().expect("a number") > 0.0);
    }
    assert!(failed(&["bench", "--prefill", "500", "--decode", "500"], 1).contains("512"));
}

#[test]
fn a_wrong_command_line_is_2_and_failed_work_is_1() {
    for arguments in [
        &["generate"][..],
        &["generate", "a", "--ids", "1"],
        &["generate", "a", "--temperature", "-1"],
        &["generate", "a", "--top-p", "2"],
        &["generate", "a", "--nonsense"],
        &["trace", "a", "-o", "x", "--mask", "diagonal"],
        &["trace", "a"],
        &["segment", "a", "--method", "guess"],
        &["score", "a", "--window", "1"],
        &["models", "--threads", "0"],
        &["models", "--lang", "de"],
        &["text", "models"],
    ] {
        failed(arguments, 2);
    }
    let missing = failed(&["generate", "a", "--model", "/nowhere/m.gguf"], 1);
    assert!(missing.contains("/nowhere/m.gguf") && missing.contains("stories"), "{missing}");
    let folder = "tests/fixtures/llama";
    let itself = "tests/fixtures/../fixtures/llama/model.safetensors";
    assert!(failed(&["trace", "--ids", "1, 2", "--model", folder, "-o", itself], 2).contains(itself));
    let help = run(&["--help"]);
    assert_eq!((help.code, help.errors.as_str()), (0, ""));
    for command in ["tokenize", "segment", "generate", "score", "trace", "models", "bench"] {
        assert!(help.output.contains(command), "{command}");
    }
}

#[test]
fn nothing_in_a_text_steers_the_terminal() {
    let hostile = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}abc\u{9b}31m\u{200b}";
    let dictionary = temporary("plain");
    std::fs::write(&dictionary, "abc 1\n").expect("a dictionary");
    let dictionary = dictionary.to_str().expect("a path");
    for arguments in [
        &["tokenize", hostile][..],
        &["generate", hostile, "--steps", "1"],
        &["score", hostile],
        &["segment", hostile, "--dictionary", dictionary],
        &["models", hostile],
        &["generate", "a", "--model", hostile],
        &[hostile],
    ] {
        let ran = run(arguments);
        for (index, c) in ran.output.chars().chain(ran.errors.chars()).enumerate() {
            let steers = (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{200b}');
            assert!(!steers, "{arguments:?}: {c:?} at {index}");
        }
    }
    std::fs::remove_file(dictionary).expect("remove");
}

#[test]
fn text_without_a_terminal_is_tokens_and_what_may_come_next() {
    let ran = run(&["Once upon a time"]);
    assert_eq!(ran.code, 0);
    assert!(ran.output.contains("␣upon") && ran.output.contains("next token"), "{}", ran.output);
    let answer = json(&["Once upon a time"]);
    assert_eq!(list(&answer, "next").len(), 10);
    assert_eq!(list(&answer, "tokens").len(), 4);
    assert_eq!(run(&[]).code, 0, "a text that suits the model stands in for none");
    assert_eq!(run(&[""]).code, 0, "an empty text begins with the start token");
}

#[test]
fn chinese_is_spoken_to_a_chinese_locale() {
    let ran = run_on("zh_CN.UTF-8", &["床前明月光"], b"");
    assert!(ran.output.contains("下一个词元"), "{}", ran.output);
    assert!(run(&["models", "--lang", "zh"]).output.contains("内置模型"));
    let help = run_on("zh_CN.UTF-8", &["generate", "--help"], b"");
    assert!(help.code == 0 && help.output.contains("用法") && help.output.contains("最多生成"), "{}", help.output);
    assert!(run(&["generate", "--lang=zh", "--nonsense"]).errors.contains("没有参数"));
    assert!(run(&["score", "", "--lang", "zh"]).errors.contains("词元"));
    assert!(run(&["models", "/nowhere", "--lang", "zh"]).errors.contains("没有文件"));
    assert!(run_on("zh_CN.UTF-8", &["models", "--lang", "en"], b"").output.contains("built in"));
}

/// A reader that has gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A disk that is full.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_stops_reading_is_no_error_and_a_full_disk_is() {
    for arguments in [&["lmscope", "models"][..], &["lmscope", "models", "--json"], &["lmscope", "tokenize", "a"]] {
        let mut errors = Vec::new();
        let mut on = |output: &mut dyn Write| {
            let mut streams = Streams { input: &mut io::empty(), output, errors: &mut errors };
            run_with(arguments.iter().map(OsString::from), "C", &mut streams)
        };
        assert_eq!(on(&mut Gone), 0);
        assert_eq!(on(&mut Full), 1);
        assert!(!errors.is_empty());
    }
}

/// Standard input that fails.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Other.into())
    }
}

#[test]
fn standard_input_that_fails_is_an_error() {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let mut streams = Streams { input: &mut Broken, output: &mut output, errors: &mut errors };
    assert_eq!(run_with(["lmscope", "tokenize", "-"].map(OsString::from), "C", &mut streams), 1);
    assert!(!errors.is_empty());
}

/// The reference numbers: `smollm2.json` as Hugging Face transformers computes it.
#[test]
#[ignore = "needs LMSCOPE_SMOLLM2, the path of SmolLM2-135M-Instruct.Q4_1.gguf, and LMSCOPE_REFERENCE, its numbers"]
fn a_real_model_says_what_the_reference_says() {
    let model = std::env::var("LMSCOPE_SMOLLM2").expect("LMSCOPE_SMOLLM2");
    let reference = std::env::var("LMSCOPE_REFERENCE").expect("LMSCOPE_REFERENCE");
    let reference = std::fs::read(Path::new(&reference)).expect("the reference");
    let reference: Value = serde_json::from_slice(&reference).expect("JSON");
    for prompt in list(&reference, "prompts") {
        let text = prompt["text"].as_str().expect("text");
        let tokens = json(&["tokenize", text, "--model", &model]);
        let ids: Vec<&Value> = list(&tokens, "tokens").iter().map(|token| &token["id"]).collect();
        assert_eq!(ids, list(prompt, "ids").iter().collect::<Vec<_>>());
        let score = json(&["score", "--model", &model, "--", text]);
        for (token, nats) in list(&score, "tokens")[1..].iter().zip(list(prompt, "token_nll_nats")) {
            let (bits, nats) = (token["surprisal_bits"].as_f64().expect("bits"), nats.as_f64().expect("nats"));
            assert!((bits - nats / std::f64::consts::LN_2).abs() < 3e-4);
        }
        let greedy =
            json(&["generate", "--model", &model, "--temperature", "0", "--steps", "24", "--ignore-end", "--", text]);
        let ids: Vec<&Value> = list(&greedy, "steps").iter().map(|step| &step["id"]).collect();
        assert_eq!(ids, list(prompt, "greedy_24_ids").iter().collect::<Vec<_>>());
        assert_eq!(greedy["text"], prompt["greedy_24_text"]);
    }
}

pub(crate) fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_decoder_behind_a_source_is_generated_scored_and_traced() {
    for name in ["t5", "bart"] {
        let model = fixture(name);
        let answer = json(&[
            "generate",
            "--model",
            &model,
            "--ids",
            "5,9,17",
            "--steps",
            "3",
            "--temperature",
            "0",
            "--ignore-end",
        ]);
        let steps = answer["steps"].as_array().expect("steps");
        assert_eq!(steps.len(), 3);
        let greedy: Vec<u64> = steps.iter().map(|step| step["id"].as_u64().expect("an id")).collect();
        let file = std::env::temp_dir().join(format!("lmscope-{name}-{}.safetensors", std::process::id()));
        let path = file.display().to_string();
        let start = if name == "t5" { 0 } else { 2 };
        let decoder = format!("{start},{},{}", greedy[0], greedy[1]);
        let traced = json(&["trace", "--model", &model, "--ids", "5,9,17", "--decoder-ids", &decoder, "-o", &path]);
        assert_eq!(traced["decoder_ids"].as_array().map(Vec::len), Some(3));
        let bytes = std::fs::read(&file).expect("a file");
        std::fs::remove_file(&file).expect("the file");
        let arrays = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
        for (array, shape) in [
            ("encoder_attentions.1", vec![4, 3, 3]),
            ("decoder_attentions.1", vec![4, 3, 3]),
            ("cross_attentions.1", vec![4, 3, 3]),
            ("encoder_hidden_states.2", vec![3, 32]),
            ("decoder_hidden_states.2", vec![3, 32]),
            ("logits", vec![3, 110]),
        ] {
            assert_eq!(arrays.tensor(array).expect(array).shape(), shape, "{array}");
        }
        // The most probable token after each of the decoder's tokens is the one that was generated.
        let logits = arrays.tensor("logits").expect("logits").data().chunks_exact(4).collect::<Vec<_>>();
        for (row, expected) in logits.chunks(110).zip(&greedy) {
            let number = |index: usize| f32::from_le_bytes(row[index].try_into().expect("four bytes"));
            let best = (0..110).max_by(|&a, &b| number(a).total_cmp(&number(b))).expect("a token");
            assert_eq!(best as u64, *expected);
        }
    }
    assert!(
        failed(&["trace", "--model", &fixture("gpt2"), "--ids", "1", "--decoder-ids", "1", "-o", "x"], 1)
            .contains("no encoder")
    );
}

#[test]
fn a_model_that_fills_in_says_what_it_puts_where_a_token_is_hidden() {
    let model = fixture("xlnet");
    let answer = json(&["fill", "--model", &model, "--ids", "5,9,17,33", "--at", "1,3", "--top", "4"]);
    let hidden = answer["hidden"].as_array().expect("places");
    assert_eq!(hidden.iter().map(|place| place["index"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(3)]);
    assert_eq!(hidden[0]["candidates"].as_array().map(Vec::len), Some(4));
    // What stands there is not seen.
    let other = json(&["fill", "--model", &model, "--ids", "5,77,17,33", "--at", "1", "--top", "4"]);
    assert_eq!(other["hidden"][0]["candidates"], hidden[0]["candidates"]);
    let scored = json(&["score", "--model", &model, "--ids", "5,9,17,33"]);
    assert_eq!(scored["pseudo"], true);
    assert_eq!(scored["scored"], 4);
    let candidates = hidden[1]["candidates"].as_array().expect("candidates");
    if let Some(same) = candidates.iter().find(|candidate| candidate["id"] == 33) {
        assert_eq!(same["surprisal_bits"], scored["tokens"][3]["surprisal_bits"]);
    }
    assert!(failed(&["fill", "--model", &model, "--ids", "5,9", "--at", "7"], 2).contains("no position 7"));
    assert!(failed(&["generate", "--model", &model, "--ids", "5,9"], 1).contains("lmscope fill"));
    assert!(failed(&["fill", "--ids", "5,9", "--at", "0"], 1).contains("lmscope generate"));
    assert!(failed(&["fill", "--model", &fixture("bert"), "--ids", "5,9", "--at", "0"], 1).contains("mask token"));
    assert!(failed(&["fill", "--model", &model, "--ids", "5,9"], 2).contains("--at"));
}

#[test]
fn the_texts_of_a_pair_are_told_apart_where_the_model_does() {
    let model = fixture("bert");
    let trace = |segments: &str| {
        let file = std::env::temp_dir().join(format!("lmscope-pair-{segments}-{}.safetensors", std::process::id()));
        let path = file.display().to_string();
        json(&["trace", "--model", &model, "--ids", "5,9,17,33", "--segments", segments, "-o", &path]);
        let bytes = std::fs::read(&file).expect("a file");
        std::fs::remove_file(&file).expect("the file");
        bytes
    };
    assert_eq!(trace("0,0,0,0"), trace("0"));
    assert_ne!(trace("0,0,1,1"), trace("0,0,0,0"));
    assert!(failed(&["trace", "--model", &model, "--ids", "5", "--segments", "2", "-o", "x"], 1).contains("no text 2"));
}

#[test]
fn a_llama2c_checkpoint_tells_the_story_that_llama2c_tests_itself_with() {
    let model = fixture("llama2c/stories260K.bin");
    let answer = json(&["generate", "", "--special", "--model", &model, "--temperature", "0", "--steps", "200"]);
    // llama2.c, `test_all.py`: what `run stories260K.bin -t 0.0 -n 200` prints.
    let expected = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. \
        One day, she saw a big, red ball. She wanted to play with it, but it was too high.\nLily's mom said, \
        \"Lily, let's go to the park.\" Lily was sad and didn't know what to do.";
    let text = answer["text"].as_str().expect("a text");
    assert!(text.trim_start().starts_with(expected), "{text}");
}

/// stories15M as llama2.c has it, with a `tokenizer.bin` of `LLaMA` 2's 32,000 pieces; `LMSCOPE_STORIES15M` names it.
#[test]
#[ignore = "needs LMSCOPE_STORIES15M, the path of stories15M.bin"]
fn a_real_llama2c_model_tells_its_story() {
    let model = std::env::var("LMSCOPE_STORIES15M").expect("LMSCOPE_STORIES15M");
    let common = ["generate", "", "--special", "--temperature", "0", "--steps", "48", "--model", &model];
    let answer = json(&common);
    let expected = "Once upon a time, there was a little girl named Lily. She loved to play outside in the sunshine. \
        One day, she saw a big, red ball in the sky. It was the sun!";
    assert!(answer["text"].as_str().is_some_and(|text| text.trim_start().starts_with(expected)), "{}", answer["text"]);
}

/// The BART of the package `loqui-g2p`, which spells English words in phonemes; `LMSCOPE_G2P` names its folder.
#[test]
#[ignore = "needs LMSCOPE_G2P, the folder of the spelling model"]
fn a_real_encoder_and_decoder_spell_as_their_package_does() {
    let model = std::env::var("LMSCOPE_G2P").expect("LMSCOPE_G2P");
    // The package's two alphabets, token by token; the first four are marks.
    let graphemes: Vec<char> = "____AIOWYbdfhijklmnpstuvwz'-.BCDEFGHJKLMNPQRSTUVXZacegoqrxy".chars().collect();
    let phonemes: Vec<char> = "____AIOWYbdfhijklmnpstuvwzæðŋɑɔəɛɜɡɪɹɾʃʊʌʒʔʤʧˈˌθᵊᵻ".chars().collect();
    let spelled = |word: &str| {
        let id = |letter: char| graphemes.iter().position(|&other| other == letter).expect("a letter").to_string();
        let ids: Vec<String> = ["1".into()].into_iter().chain(word.chars().map(id)).chain(["2".into()]).collect();
        let common = ["generate", "--model", &model, "--temperature", "0", "--steps", "40", "--ids"];
        let answer = json(&[&common[..], &[&ids.join(",")]].concat());
        let steps = answer["steps"].as_array().expect("steps").iter().map(|step| step["id"].as_u64().expect("an id"));
        let written = steps.skip_while(|&id| id == 1).take_while(|&id| id > 3);
        written.map(|id| phonemes[id as usize]).collect::<String>()
    };
    assert_eq!(spelled("transformer"), "tɹænsfˈɔɹməɹ");
}

#[test]
fn a_beam_shows_its_steps_and_sets_the_greedy_path_beside_what_it_found() {
    let prompt = "Once upon a time, there was a";
    let ran = run(&["generate", prompt, "--beam", "3", "--steps", "5"]);
    assert_eq!((ran.code, ran.errors.as_str()), (0, ""));
    for word in ["step 5", "live 3", "dropped", "greedy", "the greatest length is reached"] {
        assert!(ran.output.contains(word), "{word}: {}", ran.output);
    }
    let answer = json(&["generate", prompt, "--beam", "3", "--steps", "5"]);
    let greedy: Vec<_> = list(&answer["greedy"], "tokens").iter().map(|token| &token["id"]).collect();
    let steps = json(&["generate", prompt, "--temperature", "0", "--steps", "5"]);
    assert_eq!(greedy, list(&steps, "steps").iter().map(|step| &step["id"]).collect::<Vec<_>>());
    let found = list(&answer, "hypotheses");
    let scores: Vec<f64> = found.iter().filter_map(|found| found["score"].as_f64()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b) && scores.len() == 3, "{scores:?}");
    for found in found {
        let bits: f64 = list(found, "tokens").iter().filter_map(|token| token["surprisal_bits"].as_f64()).sum();
        let nats = found["log_probability"].as_f64().expect("a number");
        assert!((bits * std::f64::consts::LN_2 + nats).abs() < 1e-9);
        assert!((nats / 5.0 - found["score"].as_f64().expect("a score")).abs() < 1e-9);
    }
}

#[test]
fn a_beam_that_cannot_be_is_refused_with_what_to_do() {
    let generate = ["generate", "Once"];
    for (wrong, said) in [
        (&["--beam", "0"][..], "choose 1 to"),
        (&["--beam", "4", "--beam-groups", "3"], "choose a number that does"),
        (&["--beam", "4", "--length-penalty", "nan"], "choose a number"),
        (&["--beam", "4", "--beam-groups", "2", "--diversity", "-1"], "choose 0 or more"),
        (&["--beam", "4", "--temperature", "0.5"], "cannot be used with"),
        (&["--beam-groups", "2"], "--beam"),
        (&["--beam", "4", "--early-stopping", "perhaps"], "perhaps"),
    ] {
        let errors = failed(&[&generate[..], wrong].concat(), 2);
        assert!(errors.contains(said), "{wrong:?}: {errors}");
    }
}

#[test]
fn a_text_that_loops_is_counted_probed_and_its_loop_pointed_at() {
    let text = "The cat sat. The cat sat. The cat sat. The cat sat.";
    let ran = run(&["repetition", text, "--probe", "4", "--prompt", "The cat sat on the mat"]);
    assert_eq!((ran.code, ran.errors.as_str()), (0, ""));
    for word in ["rep-n", "a loop from token", "said before", "copied from the prompt", "places of the text"] {
        assert!(ran.output.contains(word), "{word}: {}", ran.output);
    }
    let answer = json(&["repetition", text, "--probe", "4", "--heads", "3"]);
    let ids: Vec<_> = json(&["tokenize", text])["tokens"].as_array().expect("tokens").clone();
    let pairs: std::collections::HashSet<_> =
        ids.windows(2).map(|pair| (pair[0]["id"].to_string(), pair[1]["id"].to_string())).collect();
    let bigrams = &list(&answer, "grams")[1];
    assert_eq!(
        (bigrams["all"].as_u64(), bigrams["distinct"].as_u64()),
        (Some(ids.len() as u64 - 1), Some(pairs.len() as u64))
    );
    let found = &list(&answer, "loops")[0];
    assert_eq!((found["period"].as_u64(), found["text"].as_str()), (Some(4), Some(" cat sat. The")));
    assert_eq!(list(&answer["probe"], "copies").len(), 4);
    assert_eq!(list(&answer["heads"], "ranked").len(), 3);
    assert!(json(&["repetition", "Tom"])["longest"].is_null());
    assert!(failed(&["repetition", ""], 2).contains("no token to begin with"));
    assert!(failed(&["repetition", text, "--probe", "0"], 2).contains("--probe"));
}
