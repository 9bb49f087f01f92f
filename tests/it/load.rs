//! Model files: good ones open, bad ones say what is wrong.

mod describe;
mod llama2c;
mod malformed;
mod marian;
mod pytorch;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use lmscope::lm::checkpoint::{Dtype, Header};
use lmscope::lm::load::{self, Count, Foreign, Item, LoadError, NotAFile, Problem};
use lmscope::model::{self, EMBEDDED, NoTokenizer, OpenError, Say, Source, Spec, default_for};
use lmscope::ui::Language;

#[test]
fn a_gguf_file_opens_with_its_metadata_and_tensors() {
    let checkpoint = load::open(Path::new("assets/stories-en.gguf")).expect("the embedded model opens");
    let Header::Gguf(metadata) = &checkpoint.header else { panic!("a GGUF header") };
    assert_eq!(metadata.str("general.architecture"), Some("llama"));
    assert_eq!(metadata.u64("llama.block_count"), Some(6));
    assert_eq!(metadata.f32("llama.rope.freq_base"), Some(10_000.0));
    assert_eq!(metadata.bool("tokenizer.ggml.add_bos_token"), Some(true));
    let tokens: Vec<_> = metadata.strings("tokenizer.ggml.tokens").expect("tokens").collect();
    assert_eq!((tokens.len(), tokens[0], tokens[1]), (2048, &b"<|end|>"[..], &b"!"[..]));
    assert_eq!(metadata.i32s("tokenizer.ggml.token_type").expect("types")[0], 3);
    assert_eq!(checkpoint.tensors.len(), 56);
    let embedding = &checkpoint.tensors["token_embd.weight"];
    assert_eq!((embedding.dtype, &embedding.shape[..]), (Dtype::Q8_0, &[2048, 192][..]));
    assert_eq!(embedding.bytes.len(), 2048 * 192 / 32 * 34);
    assert_eq!(checkpoint.bytes, 3_312_576);
}

#[test]
fn a_hugging_face_folder_opens_with_its_config_and_tensors() {
    let folder = Path::new("tests/fixtures/gpt2");
    let checkpoint = load::open(folder).expect("the folder opens");
    let Header::HuggingFace(config) = &checkpoint.header else { panic!("a config.json") };
    assert_eq!(config["model_type"], "gpt2");
    let fused = checkpoint.tensors.iter().find(|(name, _)| name.ends_with("h.0.attn.c_attn.weight")).expect("tensor").1;
    assert_eq!((fused.dtype, &fused.shape[..], fused.bytes.len()), (Dtype::F32, &[32, 96][..], 32 * 96 * 4));
    for file in ["config.json", "model.safetensors"] {
        let same = load::open(&folder.join(file)).expect("a file of the folder opens the folder");
        assert_eq!(same.tensors.len(), checkpoint.tensors.len());
    }
}

/// A folder that is gone when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("lmscope-load-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("a temporary file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What opening these bytes as a file says is wrong, and at which byte.
fn refused(bytes: impl AsRef<[u8]>) -> (Problem, Option<u64>) {
    let folder = Folder::new();
    let error = load::open(&folder.file("model.gguf", bytes)).expect_err("the file is refused");
    assert_readable(&error);
    (error.problem, error.byte)
}

fn assert_readable(error: &LoadError) {
    let message = error.to_string();
    assert!(!message.ends_with('.') && message.contains(": "), "{message}");
    assert!(!message.contains(|c: char| c.is_control()), "{message:?}");
    assert!(message.len() < 1500, "{message}");
    let chinese = error.say(Language::Chinese);
    assert!(chinese.contains('：') && !chinese.ends_with('。') && chinese != message, "{chinese}");
    assert!(!chinese.contains(|c: char| c.is_control()), "{chinese:?}");
}

/// Writes a GGUF file piece by piece, well or badly.
#[derive(Clone, Default)]
struct Gguf {
    version: u32,
    pairs: Vec<Vec<u8>>,
    tensors: Vec<Vec<u8>>,
    data: Vec<u8>,
    counts: Option<(u64, u64)>,
}

impl Gguf {
    fn new() -> Self {
        Self { version: 3, ..Self::default() }
    }

    fn pair(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        self.pairs.push([&text(key), &kind.to_le_bytes()[..], value].concat());
        self
    }

    fn tensor(mut self, name: &str, dims: &[u64], kind: u32, offset: u64) -> Self {
        let mut bytes = text(name);
        bytes.extend((dims.len() as u32).to_le_bytes());
        bytes.extend(dims.iter().flat_map(|dim| dim.to_le_bytes()));
        bytes.extend(kind.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        self.tensors.push(bytes);
        self
    }

    fn data(mut self, length: usize) -> Self {
        self.data = vec![0; length];
        self
    }

    fn counts(mut self, tensors: u64, pairs: u64) -> Self {
        self.counts = Some((tensors, pairs));
        self
    }

    fn bytes(self) -> Vec<u8> {
        let (tensors, pairs) = self.counts.unwrap_or((self.tensors.len() as u64, self.pairs.len() as u64));
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(tensors.to_le_bytes());
        bytes.extend(pairs.to_le_bytes());
        bytes.extend(self.pairs.concat());
        bytes.extend(self.tensors.concat());
        if !self.data.is_empty() {
            bytes.resize(bytes.len().next_multiple_of(32), 0);
            bytes.extend(self.data);
        }
        bytes
    }
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

fn array(kind: u32, count: u64, values: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &count.to_le_bytes(), values].concat()
}

/// A safetensors file with this header and so many bytes after it.
fn safetensors(header: &str, data: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data]].concat()
}

/// What opening a folder with this weights file says is wrong.
fn refused_weights(bytes: impl AsRef<[u8]>) -> Problem {
    let folder = Folder::new();
    folder.file("config.json", "{}");
    folder.file("model.safetensors", bytes);
    let error = load::open(&folder.0).expect_err("the file is refused");
    assert_readable(&error);
    assert!(error.file.ends_with("model.safetensors"));
    error.problem
}

fn refused_header(header: &str) -> Problem {
    refused_weights(safetensors(header, 4))
}

#[test]
fn a_file_of_another_kind_is_named_for_what_it_is() {
    let cases: [(&[u8], Foreign); 15] = [
        (b"<!DOCTYPE html><title>404</title>", Foreign::Html),
        (b"\n  <html>", Foreign::Html),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", Foreign::LfsPointer),
        (b"\x80\x02}q\x00", Foreign::Pickle),
        (b"\x80\x04\x95", Foreign::Pickle),
        (b"PK\x03\x04archive/data.pkl", Foreign::Zip),
        (b"\x1f\x8b\x08", Foreign::Gzip),
        (b"\x28\xb5\x2f\xfd", Foreign::Zstd),
        (b"\xfd7zXZ\0\0", Foreign::Xz),
        (b"\x93NUMPY\x01", Foreign::Npy),
        (b"\x89HDF\r\n\x1a\n", Foreign::Hdf5),
        (b"{\"version\":\"1.0\"}", Foreign::Json),
        (b"[package]\nname = \"lmscope\"", Foreign::Text),
        (b"Once upon a time", Foreign::Text),
        (b"\x00\x01\x02\x03\x04", Foreign::Unknown),
    ];
    for (bytes, expected) in cases {
        let Problem::Foreign { found, .. } = refused(bytes).0 else { panic!("{expected:?}") };
        assert_eq!(found, expected);
    }
    assert_eq!(refused(b"").0, Problem::Empty);
    assert!(matches!(refused(b"GGU").0, Problem::EndsEarly { .. }));
    assert_eq!(refused(b"FUGG\0\0\0\x03").0, Problem::BigEndian);
}

#[test]
fn only_a_regular_file_is_opened_and_nothing_is_waited_for() {
    let folder = Folder::new();
    let problem = |path: &Path| load::open(path).expect_err("not a file").problem;
    assert_eq!(problem(Path::new("/dev/zero")), Problem::NotAFile { found: NotAFile::Device });
    let pipe = folder.0.join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).expect("a pipe");
    assert_eq!(problem(&pipe), Problem::NotAFile { found: NotAFile::Pipe });
    let socket = folder.0.join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    assert_eq!(problem(&socket), Problem::NotAFile { found: NotAFile::Socket });
    std::os::unix::fs::symlink("loop", folder.0.join("loop")).expect("a link");
    assert!(matches!(problem(&folder.0.join("loop")), Problem::Io { .. }));
    assert_eq!(problem(&folder.0.join("absent")), Problem::Io { kind: std::io::ErrorKind::NotFound });
    assert_eq!(problem(&folder.0), Problem::NoConfig);
    let inside = Folder::new();
    inside.file("config.json", "{}");
    std::fs::create_dir(inside.0.join("model.safetensors")).expect("a folder");
    assert_eq!(problem(&inside.0), Problem::NotAFile { found: NotAFile::Folder });
}

#[test]
fn a_path_with_control_characters_is_shown_and_not_sent() {
    let error = load::open(Path::new("/nowhere/\u{1b}[31m\nmodel.gguf")).expect_err("not there");
    assert_readable(&error);
    assert!(error.to_string().contains("\\u{1b}[31m\\u{a}model.gguf"));
}

#[test]
fn a_truncated_file_is_an_error_that_says_how_much_is_missing() {
    let whole = std::fs::read("tests/fixtures/gguf/llama-Q4_0.gguf").expect("fixture");
    let folder = Folder::new();
    for sixteenth in 1..16 {
        let cut = whole.len() * sixteenth / 16;
        let error = load::open(&folder.file("cut.gguf", &whole[..cut])).expect_err("a cut file");
        assert_readable(&error);
        let Problem::EndsEarly { missing } = error.problem else { panic!("{error}") };
        assert!(missing as usize <= whole.len() - cut && error.byte.is_some_and(|byte| byte <= cut as u64));
        assert!(error.to_string().contains("download it again"));
    }
    for cut in 1..HEADER {
        load::open(&folder.file("cut.gguf", &whole[..cut])).expect_err("a header that is cut");
    }
    let one_short = load::open(&folder.file("cut.gguf", &whole[..whole.len() - 1]));
    assert_eq!(one_short.expect_err("one byte short").problem, Problem::EndsEarly { missing: 1 });

    let whole = std::fs::read("tests/fixtures/gpt2/model.safetensors").expect("fixture");
    for sixteenth in 1..16 {
        let cut = whole.len() * sixteenth / 16;
        let Problem::EndsEarly { missing } = refused_weights(&whole[..cut]) else { panic!("cut at {cut}") };
        assert!(missing as usize <= whole.len() - cut);
    }
    assert_eq!(refused_weights(&whole[..whole.len() - 1]), Problem::EndsEarly { missing: 1 });
}

/// More than the header of the fixture takes.
const HEADER: usize = 2600;

#[test]
fn gguf_counts_are_checked_before_anything_is_allocated() {
    for version in [0, 1, 4, 99] {
        let file = Gguf { version, ..Gguf::new() };
        assert_eq!(refused(file.bytes()), (Problem::Version { found: version }, Some(4)));
    }
    assert_eq!(refused(Gguf { version: 3_u32.swap_bytes(), ..Gguf::new() }.bytes()).0, Problem::BigEndian);
    for count in [u64::MAX, 1 << 62, 1 << 30] {
        let (problem, byte) = refused(Gguf::new().counts(count, 0).bytes());
        assert_eq!(problem, Problem::TooMany { of: Count::Tensors, found: count, limit: 100_000 });
        assert_eq!(byte, Some(8));
        let (problem, byte) = refused(Gguf::new().counts(0, count).bytes());
        assert_eq!(problem, Problem::TooMany { of: Count::Keys, found: count, limit: 65_536 });
        assert_eq!(byte, Some(16));
    }
    assert!(matches!(refused(Gguf::new().counts(90_000, 0).bytes()).0, Problem::EndsEarly { .. }));
    assert!(matches!(refused(Gguf::new().counts(0, 60_000).bytes()).0, Problem::EndsEarly { .. }));
}

#[test]
fn gguf_keys_and_values_are_checked() {
    let file = |key: &str, kind, value: &[u8]| refused(Gguf::new().pair(key, kind, value).bytes()).0;
    assert_eq!(file("", 4, &[0; 4]), Problem::NoName { item: Item::Key });
    let long = "k".repeat(70_000);
    assert!(matches!(file(&long, 4, &[0; 4]), Problem::TooMany { of: Count::KeyBytes, found: 70_000, .. }));
    assert_eq!(file("k", 13, &[0; 4]), Problem::UnknownValueType { key: "k".into(), found: 13 });
    assert_eq!(file("k", 7, &[2]), Problem::NotBool { key: "k".into(), found: 2 });
    assert_eq!(file("k", 9, &array(7, 3, &[1, 0, 9])), Problem::NotBool { key: "k".into(), found: 9 });
    assert_eq!(file("k", 9, &array(9, 1, &array(4, 0, &[]))), Problem::Nested { key: "k".into() });
    assert_eq!(file("k", 9, &array(13, 1, &[0; 8])), Problem::UnknownValueType { key: "k".into(), found: 13 });
    assert!(matches!(file("k", 9, &array(0, 1 << 60, &[])), Problem::TooMany { of: Count::ArrayElements, .. }));
    assert!(matches!(file("k", 9, &array(10, 1 << 20, &[0; 64])), Problem::EndsEarly { .. }));
    assert!(matches!(file("k", 9, &array(8, 1 << 20, &[0; 64])), Problem::EndsEarly { .. }));
    assert!(matches!(file("k", 8, &u64::MAX.to_le_bytes()), Problem::TooMany { of: Count::TextBytes, .. }));
    let twice = Gguf::new().pair("k", 4, &[0; 4]).pair("k", 4, &[1; 4]);
    assert_eq!(refused(twice.bytes()).0, Problem::Twice { item: Item::Key, name: "k".into() });
    let mut key_length = Gguf::new().pair("k", 4, &[0; 4]).bytes();
    key_length[24..32].fill(0xff);
    assert!(matches!(refused(&key_length).0, Problem::TooMany { of: Count::KeyBytes, found: u64::MAX, .. }));
    let mut not_text = Gguf::new().pair("kk", 4, &[0; 4]).bytes();
    not_text[32] = 0xff;
    assert_eq!(refused(&not_text), (Problem::NotUtf8 { item: Item::Key }, Some(24)));
}

#[test]
fn an_accessor_gives_nothing_for_another_type() {
    let folder = Folder::new();
    let bytes = Gguf::new()
        .pair("number", 4, &7_u32.to_le_bytes())
        .pair("negative", 5, &(-1_i32).to_le_bytes())
        .pair("float", 12, &0.5_f64.to_le_bytes())
        .pair("text", 8, &text("schön"))
        .pair("latin-1", 8, &[&2_u64.to_le_bytes()[..], b"\xe9a"].concat())
        .pair("bytes", 9, &array(0, 4, &[1, 2, 3, 4]))
        .pair("empty", 9, &array(8, 3, &[0; 24]))
        .bytes();
    let checkpoint = load::open(&folder.file("a", bytes)).expect("a file of keys alone");
    let Header::Gguf(metadata) = checkpoint.header else { panic!("GGUF") };
    assert_eq!((metadata.u64("number"), metadata.f32("number"), metadata.str("number")), (Some(7), None, None));
    assert_eq!((metadata.u64("negative"), metadata.bool("negative")), (None, None));
    assert_eq!((metadata.f32("float"), metadata.u64("float")), (Some(0.5), None));
    assert_eq!((metadata.str("text"), metadata.strings("text").is_some()), (Some("schön"), false));
    assert_eq!((metadata.str("latin-1"), metadata.text("latin-1")), (None, Some(&b"\xe9a"[..])));
    // The scores of a vocabulary declared as bytes are not read as floats (llama.cpp issue 26690).
    assert_eq!((metadata.f32s("bytes"), metadata.i32s("bytes")), (None, Some(vec![1, 2, 3, 4])));
    assert_eq!(metadata.strings("empty").expect("texts").collect::<Vec<_>>(), [b""; 3]);
    assert_eq!((metadata.type_name("bytes"), metadata.array_len("bytes")), (Some("u8 array"), Some(4)));
    assert_eq!((metadata.u64("absent"), metadata.type_name("absent")), (None, None));
}

#[test]
fn gguf_tensors_with_impossible_shapes_are_refused() {
    let file = |dims: &[u64], kind| refused(Gguf::new().tensor("t", dims, kind, 0).data(64).bytes()).0;
    let tensor = || "t".to_owned();
    assert_eq!(file(&[], 0), Problem::NoElements { tensor: tensor() });
    assert_eq!(file(&[4, 0], 0), Problem::NoElements { tensor: tensor() });
    assert!(matches!(file(&[1; 5], 0), Problem::TooMany { of: Count::Dimensions, found: 5, limit: 4 }));
    assert_eq!(file(&[1 << 40, 1 << 40], 0), Problem::TooLarge { tensor: tensor() });
    assert_eq!(file(&[1 << 40, 1 << 22], 0), Problem::TooLarge { tensor: tensor() });
    for size in [1 << 63, 1 << 62, u64::MAX] {
        assert!(matches!(file(&[size, 4], 0), Problem::TooMany { of: Count::DimensionSize, .. }));
    }
    assert_eq!(file(&[33], 2), Problem::PartialBlock { tensor: tensor(), row: 33, block: 32 });
    assert_eq!(file(&[128, 2], 12), Problem::PartialBlock { tensor: tensor(), row: 128, block: 256 });
    let no_name = Gguf::new().tensor("", &[1], 0, 0).data(4);
    assert_eq!(refused(no_name.bytes()).0, Problem::NoName { item: Item::Tensor });
}

#[test]
fn gguf_tensors_lie_one_after_the_other() {
    let two = |second: u64| Gguf::new().tensor("a", &[8], 0, 0).tensor("b", &[8], 0, second).data(64);
    let folder = Folder::new();
    let good = load::open(&folder.file("good", two(32).bytes())).expect("two tensors");
    assert_eq!((good.tensors.len(), good.tensors["b"].bytes.len()), (2, 32));
    for found in [0, 16, 31, 33, 64, 1 << 40, u64::MAX] {
        let expected = Problem::Place { tensor: "b".into(), expected: 32, found };
        assert_eq!(refused(two(found).bytes()).0, expected);
    }
    let swapped = Gguf::new().tensor("a", &[8], 0, 32).tensor("b", &[8], 0, 0).data(64);
    assert!(matches!(refused(swapped.bytes()).0, Problem::Place { .. }));
    let twice = Gguf::new().tensor("a", &[8], 0, 0).tensor("a", &[8], 0, 32).data(64);
    assert_eq!(refused(twice.bytes()).0, Problem::Twice { item: Item::Tensor, name: "a".into() });
    let absent = Gguf::new().tensor("a", &[8], 0, 0);
    assert!(matches!(refused(absent.bytes()).0, Problem::EndsEarly { .. }));
    assert_eq!(refused(two(32).data(63).bytes()).0, Problem::EndsEarly { missing: 1 });
    let many_exabytes = Gguf::new().tensor("a", &[1 << 40, 1 << 19], 0, 0).data(64);
    assert!(matches!(refused(many_exabytes.bytes()).0, Problem::EndsEarly { .. } | Problem::TooLarge { .. }));
}

#[test]
fn gguf_alignment_is_a_power_of_two_up_to_a_mebibyte() {
    const KEY: &str = "general.alignment";
    for found in [0, 13, 1 << 31, u32::MAX] {
        let file = Gguf::new().pair(KEY, 4, &found.to_le_bytes());
        assert_eq!(refused(file.bytes()).0, Problem::Alignment { found: Some(u64::from(found)) });
    }
    assert_eq!(refused(Gguf::new().pair(KEY, 10, &32_u64.to_le_bytes()).bytes()).0, Problem::Alignment { found: None });
    assert_eq!(refused(Gguf::new().pair(KEY, 8, &text("32")).bytes()).0, Problem::Alignment { found: None });
    let folder = Folder::new();
    let wide = Gguf::new().pair(KEY, 4, &64_u32.to_le_bytes()).tensor("a", &[8], 0, 0).tensor("b", &[8], 0, 64);
    let mut bytes = wide.bytes();
    bytes.resize(bytes.len().next_multiple_of(64) + 96, 0);
    assert_eq!(load::open(&folder.file("wide", bytes)).expect("an alignment of 64").tensors.len(), 2);
}

#[test]
fn a_safetensors_header_is_read_strictly() {
    let mut length = safetensors("{}", 0);
    for (found, limit) in [(u64::MAX, 100_000_000), (100_000_001, 100_000_000)] {
        length[..8].copy_from_slice(&found.to_le_bytes());
        assert_eq!(refused_weights(&length), Problem::TooMany { of: Count::HeaderBytes, found, limit });
    }
    length[..8].copy_from_slice(&1000_u64.to_le_bytes());
    assert_eq!(refused_weights(&length), Problem::EndsEarly { missing: 998 });
    for bytes in [&b"\x01"[..], b"\x01\x02\x03\x04\x05\x06\x07"] {
        assert!(matches!(refused_weights(bytes), Problem::EndsEarly { .. }));
    }
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    let headers = ["", "[]", "null", "\"x\"", " {}", "\u{feff}{}", "{", "{}{}", "{\"a\":1}", "{\"a\":{}}", &deep];
    for header in headers {
        assert!(matches!(refused_header(header), Problem::Json { .. }), "{header:.20}");
    }
    let bytes = [&2_u64.to_le_bytes()[..], b"{\xff"].concat();
    assert!(matches!(refused_weights(bytes), Problem::Json { .. }));
    for metadata in ["1", "{\"a\":1}", "{\"a\":null}", "[]"] {
        let header = format!("{{\"__metadata__\":{metadata}}}");
        assert!(matches!(refused_header(&header), Problem::Json { .. }), "{metadata}");
    }
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    let tensor = r#"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
    let twice = format!(r#"{{"a":{tensor},"a":{tensor}}}"#);
    assert_eq!(refused_header(&twice), Problem::Twice { item: Item::Tensor, name: "a".into() });
    let metadata = r#"{"__metadata__":{},"__metadata__":{}}"#;
    assert_eq!(refused_header(metadata), Problem::Twice { item: Item::Key, name: "__metadata__".into() });
    let key = r#"{"__metadata__":{"a":"","a":""}}"#;
    assert_eq!(refused_header(key), Problem::Twice { item: Item::Key, name: "a".into() });
    let field = r#"{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}"#;
    assert_eq!(refused_header(field), Problem::Twice { item: Item::Key, name: "dtype".into() });
}

#[test]
fn safetensors_shapes_and_places_are_checked() {
    let one = |dtype: &str, shape: &str, offsets: &str| {
        refused_header(&format!(r#"{{"t":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#))
    };
    for shape in ["[-1]", "[1.5]", "[\"1\"]", "[1e3]", "[18446744073709551616]", "{}", "null"] {
        assert!(matches!(one("F32", shape, "[0,4]"), Problem::Json { .. }), "{shape}");
    }
    for offsets in ["[0]", "[0,4,8]", "[-1,4]", "[0,4.0]", "null"] {
        assert!(matches!(one("F32", "[1]", offsets), Problem::Json { .. }), "{offsets}");
    }
    let long = format!("[{}1]", "1,".repeat(10_000_000));
    assert!(matches!(one("F32", &long, "[0,4]"), Problem::TooMany { of: Count::Dimensions, limit: 8, .. }));
    let tensor = || "t".to_owned();
    assert_eq!(one("F99", "[1]", "[0,4]"), Problem::UnknownDtype { tensor: tensor(), found: "F99".into() });
    assert_eq!(one("F32", "[9223372036854775808,3]", "[0,4]"), Problem::TooLarge { tensor: tensor() });
    assert_eq!(one("F32", "[2]", "[0,4]"), Problem::Size { tensor: tensor(), expected: 8, found: 4 });
    assert_eq!(one("F32", "[1]", "[4,0]"), Problem::Place { tensor: tensor(), expected: 0, found: 4 });
    assert_eq!(one("F32", "[1]", "[4,8]"), Problem::Place { tensor: tensor(), expected: 0, found: 4 });
    let end = format!("[0,{}]", u64::MAX);
    assert!(matches!(one("F32", "[1]", &end), Problem::Size { found: u64::MAX, .. }));
    let end = format!("[{},{}]", u64::MAX - 4, u64::MAX);
    assert!(matches!(one("F32", "[1]", &end), Problem::Place { .. }));
    let two = |first: &str, second: &str| {
        let tensor = |offsets| format!(r#"{{"dtype":"F32","shape":[1],"data_offsets":{offsets}}}"#);
        refused_weights(safetensors(&format!(r#"{{"a":{},"b":{}}}"#, tensor(first), tensor(second)), 12))
    };
    assert!(matches!(two("[0,4]", "[0,4]"), Problem::Place { expected: 4, found: 0, .. }));
    assert!(matches!(two("[0,4]", "[2,6]"), Problem::Place { expected: 4, found: 2, .. }));
    assert!(matches!(two("[0,4]", "[8,12]"), Problem::Place { expected: 4, found: 8, .. }));
    assert_eq!(two("[0,4]", "[4,8]"), Problem::GoesOn { extra: 4 });
}

#[test]
fn safetensors_names_and_numbers_of_tensors_are_bounded() {
    let empty = r#"{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#;
    assert_eq!(refused_header(&format!(r#"{{"":{empty}}}"#)), Problem::NoName { item: Item::Tensor });
    let long = "n".repeat(1 << 20);
    assert!(matches!(
        refused_header(&format!(r#"{{"{long}":{empty}}}"#)),
        Problem::TooMany { of: Count::NameBytes, .. }
    ));
    let many: Vec<String> = (0..100_001).map(|index| format!(r#""{index}":{empty}"#)).collect();
    let header = format!("{{{}}}", many.join(","));
    assert!(matches!(refused_header(&header), Problem::TooMany { of: Count::Tensors, .. }));
}

#[test]
fn hostile_names_never_reach_the_terminal_raw() {
    let header = r#"{"\u001b]0;owned\u0007":{"dtype":"\u001b[2J","shape":[1],"data_offsets":[0,4]}}"#;
    assert!(matches!(refused_header(header), Problem::UnknownDtype { .. }));
    let (problem, _) = refused(Gguf::new().tensor("\u{1b}[31m\u{9b}\u{202e}", &[0], 0, 0).bytes());
    assert!(matches!(problem, Problem::NoElements { .. }));
}

#[test]
fn buffers_of_integers_are_set_aside_and_scalars_are_read() {
    let folder = Folder::new();
    folder.file("config.json", "{}");
    let header = r#"{"ids":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},"scalar":{"dtype":"F32","shape":[],"data_offsets":[16,20]},"none":{"dtype":"BF16","shape":[0,4],"data_offsets":[20,20]}}   "#;
    folder.file("model.safetensors", safetensors(header, 20));
    let checkpoint = load::open(&folder.0).expect("the folder opens");
    assert_eq!(checkpoint.unread["ids"].dtype, "I64");
    assert_eq!((checkpoint.tensors["scalar"].elements(), checkpoint.tensors["scalar"].bytes.len()), (1, 4));
    assert_eq!((checkpoint.tensors["none"].elements(), checkpoint.tensors["none"].bytes.len()), (0, 0));
}

#[test]
fn shards_are_joined_and_an_index_may_not_leave_its_folder() {
    let shard =
        |name: &str| safetensors(&format!(r#"{{"{name}":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}}"#), 4);
    let folder = Folder::new();
    folder.file("config.json", "{}");
    let first = folder.file("model-00001-of-00002.safetensors", shard("a"));
    folder.file("model-00002-of-00002.safetensors", shard("b"));
    let index = |map: &str| folder.file("model.safetensors.index.json", format!(r#"{{"weight_map":{map}}}"#));
    let good = r#"{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}"#;
    let index_path = index(good);
    for path in [&folder.0, &first, &index_path] {
        let checkpoint = load::open(path).expect("the shards");
        assert_eq!(checkpoint.tensors.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(checkpoint.files.len(), 2);
    }
    let problem = |map: &str| {
        index(map);
        let error = load::open(&folder.0).expect_err("a bad index");
        assert_readable(&error);
        error.problem
    };
    for outside in ["../../etc/passwd", "/etc/passwd", "..", ".", "", "a/b"] {
        let expected = Problem::ShardOutside { shard: outside.into() };
        assert_eq!(problem(&format!(r#"{{"a":"{outside}"}}"#)), expected);
    }
    assert_eq!(problem(r#"{"a":"absent"}"#), Problem::ShardMissing { shard: "absent".into() });
    let missing = r#"{"c":"model-00001-of-00002.safetensors"}"#;
    assert!(matches!(problem(missing), Problem::NotInShard { tensor, .. } if tensor == "c"));
    assert!(matches!(
        problem(r#"{"a":"model.safetensors.index.json"}"#),
        Problem::TooMany { .. } | Problem::Json { .. }
    ));
    for bad in ["[]", "{}", r#"{"a":1}"#] {
        assert!(matches!(problem(bad), Problem::Json { .. }), "{bad}");
    }
    folder.file("model-00002-of-00002.safetensors", shard("a"));
    let both = r#"{"a":"model-00001-of-00002.safetensors","a2":"model-00002-of-00002.safetensors"}"#;
    assert!(matches!(problem(both), Problem::NotInShard { .. }));
    let map = r#"{"a":"model-00002-of-00002.safetensors"}"#;
    index(map);
    assert!(load::open(&folder.0).is_ok());
}

#[test]
fn a_folder_says_what_it_lacks() {
    let folder = Folder::new();
    let problem = || load::open(&folder.0).expect_err("an incomplete folder").problem;
    assert_eq!(problem(), Problem::NoConfig);
    folder.file("config.json", "{}");
    assert_eq!(problem(), Problem::NoWeights);
    for config in ["", "[]", "{\"a\":NaN}", "{", "<html>"] {
        folder.file("config.json", config);
        assert!(matches!(problem(), Problem::Json { .. } | Problem::Empty), "{config}");
    }
    folder.file("config.json", format!("{{\"a\":{}", "[".repeat(200_000)));
    assert!(matches!(problem(), Problem::Json { .. }));
}

#[test]
fn a_gguf_model_in_several_files_is_joined_from_any_of_them() {
    let part = |number: u16, name: &str| {
        Gguf::new()
            .pair("split.no", 2, &number.to_le_bytes())
            .pair("split.count", 2, &2_u16.to_le_bytes())
            .tensor(name, &[8], 0, 0)
            .data(32)
            .bytes()
    };
    let folder = Folder::new();
    let first = folder.file("m-00001-of-00002.gguf", part(0, "a"));
    assert_eq!(
        load::open(&first).expect_err("the second is missing").problem,
        Problem::ShardMissing { shard: "m-00002-of-00002.gguf".into() }
    );
    let second = folder.file("m-00002-of-00002.gguf", part(1, "b"));
    for path in [&first, &second] {
        let checkpoint = load::open(path).expect("both files");
        assert_eq!(checkpoint.tensors.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(checkpoint.files, [first.clone(), second.clone()]);
    }
    folder.file("m-00002-of-00002.gguf", part(1, "a"));
    let twice = Problem::Twice { item: Item::Tensor, name: "a".into() };
    assert_eq!(load::open(&first).expect_err("a tensor in both").problem, twice);
}

#[test]
fn a_folder_brings_its_tokenizer_unless_it_does_not_fit_the_weights() {
    let folder = Folder::new();
    for file in ["config.json", "model.safetensors"] {
        folder.file(file, std::fs::read(Path::new("tests/fixtures/llama").join(file)).expect("fixture"));
    }
    let open = || model::open(&Spec::Path(folder.0.clone()));
    assert!(matches!(open().expect("a model").tokenizer(), Err(NoTokenizer::Absent { .. })));
    let tokenizer = |tokens: usize| {
        let vocabulary: Vec<String> = (0..tokens).map(|id| format!(r#""t{id}":{id}"#)).collect();
        let model = format!(r#"{{"type":"BPE","vocab":{{{}}},"merges":[]}}"#, vocabulary.join(","));
        format!(
            r#"{{"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":null,"post_processor":null,"decoder":null,"model":{model}}}"#
        )
    };
    folder.file("tokenizer.json", "{");
    let model = open().expect("the model opens without its tokenizer");
    assert!(matches!(model.tokenizer(), Err(NoTokenizer::Refused { .. })));
    folder.file("tokenizer.json", tokenizer(110));
    match open().expect("a model").tokenizer() {
        Ok(tokenizer) => assert_eq!(tokenizer.len(), 110),
        Err(error) => panic!("{error}"),
    }
    folder.file("tokenizer.json", tokenizer(111));
    let error = open().expect_err("one token too many");
    assert!(matches!(error, OpenError::Vocabulary { tokens: 111, rows: 110, .. }), "{error}");
    assert!(error.say(Language::Chinese).contains("111"));
}

#[test]
fn an_embedded_model_is_meant_by_its_name_and_a_path_by_anything_else() {
    let spec = |name: &str| Spec::new(std::ffi::OsStr::new(name));
    for embedded in EMBEDDED {
        assert_eq!(spec(embedded.name), Spec::Embedded(embedded));
        let model = model::open(&spec(embedded.name)).expect("an embedded model");
        assert_eq!((model.name.as_str(), &model.source), (embedded.name, &Source::Embedded));
        let tokenizer = model.tokenizer().expect("a tokenizer");
        assert_eq!(tokenizer.len(), model.engine.config.vocabulary);
        let ids: Vec<u32> = tokenizer.encode(embedded.prompt).iter().map(|token| token.id).collect();
        // The sign of a span takes the space before it along.
        assert_eq!(tokenizer.decode(&ids), embedded.prompt.replace(" <", "<").as_bytes());
    }
    assert_eq!(default_for(Language::English), spec("stories"));
    assert_eq!(default_for(Language::Chinese), spec("poems"));
    assert_eq!(spec("./stories"), Spec::Path("./stories".into()));
    assert_eq!(spec("tests/fixtures/gguf/llama-F32.gguf").name(), "llama-F32");
    for path in ["tests/fixtures/llama", "tests/fixtures/llama/", "tests/fixtures/llama/config.json"] {
        assert_eq!(spec(path).name(), "llama");
    }
}

/// Xorshift: the same mutations on every machine.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state as usize
}

#[test]
fn no_mutation_of_a_good_file_panics_or_hangs() {
    let gguf = Gguf::new()
        .pair("general.alignment", 4, &32_u32.to_le_bytes())
        .pair("tokens", 9, &array(8, 2, &[text("a"), text("bc")].concat()))
        .pair("scores", 9, &array(6, 2, &[0; 8]))
        .pair("flag", 7, &[1])
        .tensor("a", &[32, 2], 2, 0)
        .tensor("b", &[8], 0, 64)
        .data(96)
        .bytes();
    let weights = safetensors(
        r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}"#,
        16,
    );
    let folder = Folder::new();
    folder.file("config.json", "{}");
    let mut state = 0x9e37_79b9_7f4a_7c15;
    let interesting = [0, 1, 7, 8, 0x7f, 0x80, 0xff, b'{', b'"', b'9'];
    let rounds = std::env::var("LMSCOPE_MUTATIONS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3000);
    let mut opened = 0;
    for (name, good) in [("model.gguf", &gguf), ("model.safetensors", &weights), ("model.bin", &llama2c::small())] {
        assert!(load::open(&folder.file(name, good)).is_ok());
        for _ in 0..rounds {
            let mut bytes = good.clone();
            for _ in 0..=next(&mut state) % 4 {
                let at = next(&mut state) % bytes.len();
                match next(&mut state) % 5 {
                    0 => bytes[at] = interesting[next(&mut state) % interesting.len()],
                    1 => bytes[at] ^= 1 << (next(&mut state) % 8),
                    2 => bytes.truncate(at.max(1)),
                    3 => bytes.insert(at, interesting[next(&mut state) % interesting.len()]),
                    _ => {
                        bytes.remove(at);
                        bytes.push(0);
                    }
                }
            }
            match load::open(&folder.file(name, bytes)) {
                Ok(checkpoint) => {
                    opened += 1;
                    for tensor in checkpoint.tensors.values() {
                        let (block, size) = tensor.dtype.block();
                        assert_eq!(tensor.elements() / block * size, tensor.bytes.len());
                    }
                }
                Err(error) => assert_readable(&error),
            }
        }
    }
    assert!(opened > 0, "some mutations are harmless");
}

#[test]
#[ignore = "needs LMSCOPE_SMOLLM2, the path of SmolLM2-135M-Instruct.Q4_1.gguf"]
fn a_real_model_opens_in_milliseconds() {
    let path = std::env::var_os("LMSCOPE_SMOLLM2").expect("LMSCOPE_SMOLLM2");
    let start = std::time::Instant::now();
    let checkpoint = load::open(Path::new(&path)).expect("the model opens");
    let spent = start.elapsed();
    assert_eq!(checkpoint.tensors.len(), 272);
    assert!(spent.as_millis() < 50, "{spent:?}");
}
