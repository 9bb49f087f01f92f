//! Marian's own format: whole, damaged everywhere, and asking for what is not run.

use std::path::Path;

use lmscope::lm::checkpoint::{Dtype, Header};
use lmscope::lm::load::{self, Count, Item, Problem};
use lmscope::model::{self, NoTokenizer, OpenError, Say, Spec};

use super::{Folder, assert_readable};

const FOLDER: &str = "tests/fixtures/marian";
const NAME: &str = "model.xy.intgemm.bin";

fn sound() -> Vec<u8> {
    std::fs::read(Path::new(FOLDER).join(NAME)).expect("the fixture is there")
}

fn word(bytes: &[u8], at: usize) -> usize {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes")) as usize
}

/// Where the headers of the items, their names, and the items themselves begin, and where the file's name for each ends.
struct Places {
    items: usize,
    names: usize,
    data: usize,
}

fn places(bytes: &[u8]) -> Places {
    let items = word(bytes, 8);
    let header = |item: usize, part: usize| word(bytes, 16 + 32 * item + 8 * part);
    let names = 16 + 32 * items;
    let shapes = names + (0..items).map(|item| header(item, 0)).sum::<usize>();
    let padding = shapes + (0..items).map(|item| 4 * header(item, 2)).sum::<usize>();
    Places { items, names, data: padding + 8 + word(bytes, padding) }
}

/// The file with another word of an item's header.
fn with_word(item: usize, part: usize, value: u64) -> Vec<u8> {
    let mut bytes = sound();
    bytes[16 + 32 * item + 8 * part..][..8].copy_from_slice(&value.to_le_bytes());
    bytes
}

/// The file with another text in its settings, as long as the one before.
fn with_setting(from: &str, to: &str) -> Vec<u8> {
    let mut bytes = sound();
    let (from, to) = (from.as_bytes(), to.as_bytes());
    let at = bytes.windows(from.len()).rposition(|window| window == from).expect("the setting is there");
    // The settings come last: what is longer or shorter is made up for behind them.
    let tail = bytes.split_off(at);
    let room = tail.len();
    let mut tail = [to, &tail[from.len()..]].concat();
    tail.resize(room.max(tail.len()), 0);
    let items = places(&sound()).items;
    let end = 16 + 32 * (items - 1) + 24;
    let length = word(&bytes, end) + tail.len() - room;
    bytes[end..end + 8].copy_from_slice(&(length as u64).to_le_bytes());
    [bytes, tail].concat()
}

#[test]
fn a_file_or_its_folder_opens_with_its_settings_its_vocabulary_and_its_whole_numbers() {
    for path in [Path::new(FOLDER).to_path_buf(), Path::new(FOLDER).join(NAME)] {
        let checkpoint = load::open(&path).expect("it opens");
        let Header::Marian(settings) = &checkpoint.header else { panic!("settings") };
        assert_eq!((&settings["dec-cell"], &settings["dim-vocabs"][1]), (&"ssru".into(), &54.into()));
        let embedding = &checkpoint.tensors["Wemb"];
        assert_eq!(
            (embedding.dtype, &embedding.shape[..], embedding.bytes.len()),
            (Dtype::Int8, &[54, 32][..], 54 * 32)
        );
        // As they are multiplied, `[out, in]`, where the file says `[in, out]`.
        let inner = &checkpoint.tensors["encoder_l1_ffn_W1"];
        assert_eq!((inner.dtype, &inner.shape[..]), (Dtype::Int8, &[48, 32][..]));
        assert!(inner.scale > 0.0 && inner.scale < 0.1);
        assert!(checkpoint.unread.is_empty());
        // What Marian rounds activations by is no weight.
        assert!(!checkpoint.tensors.keys().any(|name| name.ends_with("QuantMultA")));
        let opened = model::open(&Spec::Path(path)).expect("it runs");
        assert_eq!(opened.tokenizer().expect("its vocabulary is beside it").len(), 54);
        let ids: Vec<u32> =
            opened.tokenizer().expect("there").encode_special("the cat").iter().map(|token| token.id).collect();
        assert_eq!(ids.last(), Some(&0), "a source ends with </s>");
        assert_eq!(opened.dtypes[&Dtype::Int8].tensors, 29);
    }
}

#[test]
fn a_vocabulary_that_is_not_beside_the_model_is_asked_for_by_its_name() {
    let folder = Folder::new();
    let path = folder.file("model.xy.intgemm.alphas.bin", sound());
    let spec = Spec::Path(path);
    let opened = model::open(&spec).expect("it runs on ids");
    let error = opened.tokenizer().expect_err("there is no vocabulary");
    assert!(matches!(error, NoTokenizer::Refused { .. }));
    for said in [error.to_string(), error.chinese()] {
        assert!(said.contains("vocab.xy.spm"), "{said}");
    }
    // Of several the one that is named as the model is.
    let vocabulary = std::fs::read(Path::new(FOLDER).join("vocab.xy.spm")).expect("the fixture is there");
    folder.file("vocab.ab.spm", "something else");
    folder.file("vocab.xy.spm", vocabulary);
    assert_eq!(model::open(&spec).expect("it runs").tokenizer().expect("its own").len(), 54);
}

#[test]
fn a_folder_with_other_binaries_opens_the_one_that_is_a_model() {
    let folder = Folder::new();
    folder.file("lex.50.50.xy.s2t.bin", [0xc7, 0x17, 0x34, 0x01, 0xd5, 0x48, 0x1a, 0xf1, 0, 0]);
    assert_eq!(load::open(&folder.0).expect_err("no model").problem, Problem::NoConfig);
    folder.file("model.bin", sound());
    assert!(load::open(&folder.0).is_ok());
}

fn refused(bytes: impl AsRef<[u8]>) -> (Problem, Option<u64>) {
    let folder = Folder::new();
    let error = load::open(&folder.file("model.bin", bytes)).expect_err("the file is refused");
    assert_readable(&error);
    (error.problem, error.byte)
}

#[test]
fn a_file_cut_off_anywhere_says_that_it_ends_early() {
    let whole = sound();
    let folder = Folder::new();
    let data = places(&whole).data;
    let cuts = (8..data).step_by(7).chain((data..whole.len()).step_by(997)).chain([whole.len() - 1]);
    for cut in cuts {
        let path = folder.file("model.bin", &whole[..cut]);
        let error = load::open(&path).expect_err("it is cut off");
        assert!(matches!(error.problem, Problem::EndsEarly { .. }), "{cut}: {error}");
        assert_readable(&error);
    }
    let (problem, byte) = refused([whole.clone(), vec![0; 3]].concat());
    assert_eq!((problem, byte), (Problem::GoesOn { extra: 3 }, Some(whole.len() as u64)));
}

#[test]
fn every_damaged_word_of_a_header_is_named() {
    let whole = sound();
    let Places { items, names, data } = places(&whole);
    let changed = |at: usize, value: &[u8]| {
        let mut bytes = sound();
        bytes[at..at + value.len()].copy_from_slice(value);
        refused(bytes)
    };
    for found in [1 << 40, u64::MAX] {
        let problem = Problem::TooMany { of: Count::Tensors, found, limit: 100_000 };
        assert_eq!(changed(8, &found.to_le_bytes()), (problem, Some(8)));
        let problem = Problem::TooMany { of: Count::NameBytes, found, limit: 1024 };
        assert_eq!(refused(with_word(0, 0, found)), (problem, Some(16)));
        let problem = Problem::TooMany { of: Count::Dimensions, found, limit: 8 };
        assert_eq!(refused(with_word(2, 2, found)), (problem, Some(16 + 64)));
        assert!(matches!(refused(with_word(1, 3, found)).0, Problem::EndsEarly { .. }));
    }
    assert_eq!(refused(with_word(0, 0, 0)).0, Problem::NoName { item: Item::Tensor });
    assert_eq!(changed(names, b"\xff"), (Problem::NotUtf8 { item: Item::Tensor }, Some(names as u64)));
    // An unknown type is told of the tensor, and nothing is computed with it.
    let folder = Folder::new();
    let path = folder.file("model.bin", with_word(0, 1, 0x4102));
    let opened = model::open(&Spec::Path(path));
    let Err(error @ OpenError::Model { .. }) = opened else { panic!("it is not run") };
    assert!(error.to_string().contains("Wemb") && error.to_string().contains("INT16"), "{error}");
    // The first dimension of the first item.
    let shapes = names + (0..items).map(|item| word(&whole, 16 + 32 * item)).sum::<usize>();
    let wemb = || "Wemb".to_owned();
    assert_eq!(changed(shapes, &0_u32.to_le_bytes()), (Problem::NoElements { tensor: wemb() }, Some(16)));
    assert_eq!(changed(shapes, &(-5_i32).to_le_bytes()).0, Problem::NoElements { tensor: wemb() });
    let (expected, found) = (i32::MAX as u64 * 32 + 4, word(&whole, 40) as u64);
    let problem = Problem::Size { tensor: wemb(), expected, found };
    assert_eq!(changed(shapes, &i32::MAX.to_le_bytes()).0, problem);
    for multiplier in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let (problem, byte) = changed(data + 54 * 32, &multiplier.to_le_bytes());
        assert_eq!(problem, Problem::Multiplier { tensor: wemb(), found: multiplier.to_string() });
        assert_eq!(byte, Some((data + 54 * 32) as u64));
    }
    let mut bytes = sound();
    let last = names + (0..items - 1).map(|item| word(&whole, 16 + 32 * item)).sum::<usize>();
    bytes[last] = b'S';
    assert_eq!(refused(bytes).0, Problem::NoSettings);
}

#[test]
fn settings_that_are_not_run_are_refused_by_their_key() {
    let folder = Folder::new();
    let said = |from: &str, to: &str| {
        let path = folder.file("model.bin", with_setting(from, to));
        model::open(&Spec::Path(path)).expect_err("it is refused").to_string()
    };
    let cases = [
        ("dec-cell: ssru", "dec-cell: gru", "dec-cell"),
        ("transformer-decoder-autoreg: rnn", "transformer-decoder-autoreg: average-attention", "autoreg"),
        ("transformer-ffn-activation: relu", "transformer-ffn-activation: gelu", "activation"),
        ("transformer-ffn-depth: 2", "transformer-ffn-depth: 3", "ffn-depth"),
        ("transformer-postprocess: dan", "transformer-postprocess: dhn", "postprocess"),
        ("transformer-postprocess: dan", "transformer-postprocess: da", "postprocess"),
        ("transformer-tied-layers: []", "transformer-tied-layers:\n  - 1\n  - 1", "tied-layers"),
        ("tied-embeddings-all: true", "tied-embeddings-all: false", "tied-embeddings-all"),
        ("type: transformer", "type: s2s", "type"),
        ("lemma-dim-emb: 0", "lemma-dim-emb: 4", "lemma-dim-emb"),
        ("dim-emb: 32", "dim-emb: -3", "dim-emb"),
        ("dim-emb: 32", "dim-emb: 64", "Wemb"),
        ("dim-emb: 32", "dim-emx: 32", "dim-emb"),
        ("transformer-heads: 4", "transformer-heads: 5", "transformer-heads"),
        ("dec-depth: 2", "dec-depth: 3", "decoder_l3_"),
        ("enc-depth: 2", "enc-depth: 9999999999", "enc-depth"),
    ];
    for (from, to, named) in cases {
        let error = said(from, to);
        assert!(error.contains(named), "{to}: {error}");
    }
    // What is not said is as Marian has it by itself.
    for (from, to) in [("transformer-postprocess: dan", "other: dan"), ("transformer-tied-layers: []", "other: []")] {
        assert!(model::open(&Spec::Path(folder.file("model.bin", with_setting(from, to)))).is_ok(), "{from}");
    }
    let (problem, _) = refused(with_setting("type: transformer", "type transformer"));
    assert_eq!(problem, Problem::Setting { line: "type transformer".into() });
    let (problem, _) = refused(with_setting("enc-depth: 2", "dec-depth: 2"));
    assert_eq!(problem, Problem::Twice { item: Item::Key, name: "dec-depth".into() });
}

#[test]
fn bytes_changed_anywhere_in_the_headers_never_do_worse_than_an_error() {
    let whole = sound();
    let folder = Folder::new();
    let data = places(&whole).data;
    for at in (8..data).step_by(5) {
        for value in [0, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let path = folder.file("model.bin", bytes);
            if let Err(error) = load::open(&path) {
                assert_readable(&error);
            } else {
                let _ = model::open(&Spec::Path(path));
            }
        }
    }
}
