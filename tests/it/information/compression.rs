//! The model as a compressor: any bytes come back, and the code is as long as the surprisals say.

use std::ops::ControlFlow;

use lmscope::lab::arithmetic_coding::{Decoder, Encoder, Frequencies, Share};
use lmscope::lab::compression::{CompressionError, Outcome, compress, decompress};
use lmscope::lab::rivals::rivals;
use lmscope::model::{EMBEDDED, Model, Spec, open};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::command_line::{failed, fixture, json, run, temporary};

fn embedded(name: &str) -> Model {
    let model = EMBEDDED.iter().find(|model| model.name == name).expect("embedded");
    open(&Spec::Embedded(model)).expect("a model")
}

fn small(model: &Model, bytes: &[u8], window: usize, threads: usize) -> Outcome {
    compress(model, bytes, Some(window), threads, &mut |_, _| ControlFlow::Continue(())).expect("compressed")
}

fn back(model: &Model, file: &[u8], threads: usize) -> Result<Vec<u8>, CompressionError> {
    decompress(model, file, threads, &mut |_, _| ControlFlow::Continue(()))
}

/// Bytes without a pattern (a linear congruence, Knuth's MMIX constants).
fn random(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..count).map(|_| next()).collect()
}

const ENGLISH: &str = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park with \
    her friends. One day, she saw a big tree with a red ball under it. \"Can I play with the ball?\" she asked.\n";
const CHINESE: &str =
    "床前明月光，疑是地上霜。举头望明月，低头思故乡。白日依山尽，黄河入海流。欲穷千里目，更上一层楼。\n";

fn texts() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("nothing", Vec::new()),
        ("one letter", b"a".to_vec()),
        ("a space before", b"  Once".to_vec()),
        ("a special token", b"<|end|>Once<|end|><|en".to_vec()),
        ("no text at all", vec![0, 255, 254, 0, 128, 10, 13]),
        (
            "text around what is none",
            b"Once upon a time there was a little dog. \xff\xfe Tom saw it and it was very big.".to_vec(),
        ),
        ("a byte-order mark, a combining mark, an emoji", "\u{feff}e\u{301} 🎈\r\n\t\u{0}".as_bytes().to_vec()),
        ("half a character", "床".as_bytes()[..2].to_vec()),
    ]
}

#[test]
fn any_bytes_come_back_as_they_were() {
    for name in ["stories", "poems"] {
        let model = embedded(name);
        for (what, bytes) in texts() {
            let outcome = small(&model, &bytes, 64, 1);
            assert_eq!(back(&model, &outcome.file, 1).as_deref(), Ok(bytes.as_slice()), "{name}: {what}");
        }
    }
}

#[test]
fn bytes_come_back_whatever_a_tokenizer_does_to_text() {
    // SentencePiece puts a space before a text; llama2.c does too.
    for path in ["gguf/llama-F32.gguf", "llama2c/stories260K.bin"] {
        let model = open(&Spec::new(fixture(path).as_ref())).expect("a model");
        for (what, bytes) in texts() {
            let outcome = small(&model, &bytes, 16, 1);
            assert_eq!(back(&model, &outcome.file, 1).as_deref(), Ok(bytes.as_slice()), "{path}: {what}");
        }
    }
}

#[test]
fn the_code_is_as_long_as_the_surprisals_say() {
    let (english, chinese, bytes) = (ENGLISH.repeat(5), CHINESE.repeat(8), random(1200));
    for (model, bytes) in [
        ("stories", english.as_bytes()),
        ("poems", chinese.as_bytes()),
        ("stories", chinese.as_bytes()),
        ("poems", &bytes),
    ] {
        assert!(bytes.len() >= 1000);
        let model = embedded(model);
        let outcome = small(&model, bytes, 64, 1);
        let (code, said) = (outcome.code_bits as f64, outcome.token_bits + outcome.raw_bits);
        assert!((code - said).abs() <= said * 0.001 + 64.0, "{code} bits of code, {said} of surprisal");
        if bytes != random(1200) {
            assert!((code - outcome.token_bits).abs() <= outcome.token_bits * 0.001 + 64.0, "{code}: {outcome:?}");
            assert_eq!(outcome.raw_bytes, 0);
        }
        assert_eq!(outcome.code_bits.div_ceil(8) as usize, outcome.file.len() - header(&model, &outcome));
        assert_eq!(back(&model, &outcome.file, 1).as_deref(), Ok(bytes));
    }
}

/// The bytes of a file that are not code.
fn header(model: &Model, outcome: &Outcome) -> usize {
    let number = |number: usize| (number.max(1).ilog2() as usize / 7) + 1;
    4 + 1
        + 16
        + 1
        + model.name.len()
        + 1
        + outcome.kernel.len()
        + number(outcome.window)
        + number(outcome.bytes)
        + 8
        + 4
}

#[test]
fn the_surprisals_are_those_of_a_score_in_the_same_windows() {
    let model = embedded("stories");
    let text = ENGLISH.repeat(3);
    let outcome = small(&model, text.as_bytes(), 64, 1);
    let score = json(&["score", "--special", "--window", "64", &text]);
    assert_eq!(score["window"], 64);
    assert!((score["bits"].as_f64().expect("bits") - outcome.token_bits).abs() < 1e-6);
    assert_eq!(score["scored"], outcome.tokens);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let model = embedded("stories");
    let files: Vec<Vec<u8>> = [1, 2, 3].map(|threads| small(&model, ENGLISH.as_bytes(), 32, threads).file).into();
    assert!(files.iter().all(|file| *file == files[0]));
    assert_eq!(back(&model, &files[0], 3).as_deref(), Ok(ENGLISH.as_bytes()));
}

#[test]
fn a_file_of_another_model_is_refused_by_name() {
    let file = small(&embedded("stories"), b"Once", 64, 1).file;
    assert_eq!(back(&embedded("poems"), &file, 1), Err(CompressionError::OtherModel("stories".to_owned())));
}

#[test]
fn a_file_that_is_damaged_anywhere_is_refused() {
    let model = embedded("stories");
    let file = small(&model, b"Once upon a time", 64, 1).file;
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 4;
        let expected = if at < 4 { CompressionError::NotCompressed } else { CompressionError::Damaged };
        assert_eq!(back(&model, &damaged, 1), Err(expected), "byte {at}");
        let expected = if at < 4 { CompressionError::NotCompressed } else { CompressionError::Damaged };
        assert_eq!(back(&model, &file[..at], 1), Err(expected), "cut at {at}");
    }
}

/// The file with something else in it and a checksum that agrees.
fn forged(file: &[u8], change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut inside = file[..file.len() - 4].to_vec();
    change(&mut inside);
    let mut crc = flate2::Crc::new();
    crc.update(&inside);
    inside.extend(crc.sum().to_le_bytes());
    inside
}

#[test]
fn a_file_of_another_instruction_set_or_version_is_refused() {
    let model = embedded("stories");
    let outcome = small(&model, b"Once upon a time", 64, 1);
    let at = 21 + 1 + model.name.len() + 1;
    let other = forged(&outcome.file, |file| file[at..at + outcome.kernel.len()].fill(b'x'));
    assert_eq!(back(&model, &other, 1), Err(CompressionError::OtherKernel("x".repeat(outcome.kernel.len()))));
    let newer = forged(&outcome.file, |file| file[4] = 2);
    assert_eq!(back(&model, &newer, 1), Err(CompressionError::Version(2)));
}

#[test]
fn a_forged_file_ends_and_is_refused() {
    let model = embedded("stories");
    let outcome = small(&model, b"Once upon a time", 64, 1);
    let at = header(&model, &outcome) - 4;
    // Another code, and none where much is promised.
    let code = forged(&outcome.file, |file| file[at..].fill(0xa5));
    assert_eq!(back(&model, &code, 1), Err(CompressionError::Diverged));
    let none = forged(&outcome.file, |file| file.truncate(at));
    assert_eq!(back(&model, &none, 1), Err(CompressionError::Diverged));
    // A length of four gigabytes.
    let long = forged(&outcome.file, |file| {
        file.splice(at - 9..at - 8, [0xff, 0xff, 0xff, 0xff, 0x0f]);
    });
    assert_eq!(back(&model, &long, 1), Err(CompressionError::Damaged));
}

#[test]
fn compressing_stops_when_it_is_told_to() {
    let model = embedded("stories");
    let stopped = compress(&model, ENGLISH.as_bytes(), None, 1, &mut |done, _| {
        if done > 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(stopped, Err(CompressionError::Stopped));
}

#[test]
fn the_commands_write_whole_files_and_say_what_is_wrong() {
    let (from, to, again) = (temporary("plain"), temporary("packed"), temporary("again"));
    std::fs::write(&from, ENGLISH.repeat(6)).expect("a file");
    let name = |path: &std::path::Path| path.to_str().expect("a path").to_owned();
    let (from, to, again) = (name(&from), name(&to), name(&again));
    let answer = json(&["compress", &from, "-o", &to, "--window", "128"]);
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    assert_eq!(number(&answer["compressed_bytes"]) as u64, std::fs::metadata(&to).expect("a file").len());
    assert_eq!(answer["rivals"].as_array().expect("rivals").len(), 3);
    assert!(number(&answer["bytes"]) > 1000.0);
    json(&["decompress", &to, "-o", &again]);
    assert_eq!(std::fs::read(&again).expect("a file"), std::fs::read(&from).expect("a file"));
    let said = run(&["compress", &from, "--stats", "--window", "128"]).output;
    assert!(["gzip", "xz", "zstd", "surprisals"].iter().all(|word| said.contains(word)), "{said}");
    let error = failed(&["decompress", &to, "-o", &again, "--model", "poems"], 1);
    assert!(error.contains("another model") && error.contains("stories"), "{error}");
    assert!(failed(&["decompress", &from, "-o", &again], 1).contains("no file that"));
    let mut damaged = std::fs::read(&to).expect("a file");
    damaged.truncate(damaged.len() / 2);
    std::fs::write(&to, damaged).expect("a file");
    assert!(failed(&["decompress", &to, "-o", &again], 1).contains("damaged"));
    assert!(failed(&["compress", "/nowhere/at all", "-o", &again], 1).contains("/nowhere/at all"));
    assert!(failed(&["compress", &from, "-o", "/nowhere/at all"], 1).contains("/nowhere/at all"));
    assert!(failed(&["compress", &from, "-o", &to, "--model", &fixture("bert")], 1).contains("fills in"));
    for path in [from, to, again] {
        std::fs::remove_file(path).expect("remove");
    }
}

#[test]
fn rivals_shorten_what_repeats_and_not_what_is_random() {
    let short = rivals(ENGLISH.repeat(50).as_bytes()).expect("compressed");
    assert!(short.iter().all(|rival| rival.bytes < 500), "{short:?}");
    let long = rivals(&random(5000)).expect("compressed");
    assert!(long.iter().all(|rival| rival.bytes > 5000 && rival.bytes < 5200), "{long:?}");
    assert!(rivals(b"").expect("compressed").iter().all(|rival| rival.bytes > 0));
}

proptest! {
    #[test]
    fn what_the_coder_codes_the_decoder_decodes(
        each in vec(1_u64..1 << 40, 2..30),
        symbols in vec(any::<prop::sample::Index>(), 0..200),
    ) {
        let mut frequencies = Frequencies::uniform(each.len());
        for (symbol, &more) in each.iter().enumerate() {
            frequencies.add(symbol, more);
        }
        let symbols: Vec<usize> = symbols.iter().map(|index| index.index(each.len())).collect();
        let (mut encoder, mut expected) = (Encoder::default(), 0.0);
        for &symbol in &symbols {
            let share = frequencies.share(symbol).expect("a share");
            expected += share.bits();
            encoder.encode(share);
        }
        let bits = encoder.bits();
        prop_assert!((bits as f64 - expected).abs() <= 3.0, "{} bits, {} expected", bits, expected);
        let code = encoder.finish();
        prop_assert_eq!(code.len() as u64, bits.div_ceil(8));
        let mut decoder = Decoder::new(&code);
        for &symbol in &symbols {
            prop_assert_eq!(decoder.decode(&frequencies), symbol);
        }
        prop_assert!(!decoder.is_past_the_end());
    }
}

#[test]
fn a_symbol_that_is_almost_certain_costs_almost_nothing() {
    let share = Share { start: 0, end: (1 << 50) - 1, total: 1 << 50 };
    let mut encoder = Encoder::default();
    (0..100_000).for_each(|_| encoder.encode(share));
    assert!(encoder.bits() <= 3, "{}", encoder.bits());
}
