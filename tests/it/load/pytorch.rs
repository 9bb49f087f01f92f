//! Weights that `torch.save` wrote, and what looks like them.

use super::{Folder, assert_readable};

use lmscope::lm::checkpoint::{Checkpoint, Dtype};
use lmscope::lm::load::{self, LoadError, Problem};

const BOTH: [&str; 2] = ["views.bin", "views-legacy.bin"];

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/fixtures/pytorch/{name}")).expect("fixture")
}

fn open(bytes: impl AsRef<[u8]>) -> Result<Checkpoint, LoadError> {
    let folder = Folder::new();
    folder.file("config.json", "{}");
    folder.file("pytorch_model.bin", bytes);
    load::open(&folder.0)
}

/// A pickle in torch's older form with this in the place of the state dict.
fn legacy(pickle: &[u8]) -> Vec<u8> {
    let whole = fixture("views-legacy.bin");
    // The number that marks the form and the version end with the second full stop; the writer's machine comes next.
    let machine = whole.windows(11).position(|bytes| bytes == b"type_sizesq").expect("the third pickle");
    let end = machine + whole[machine..].windows(2).position(|bytes| bytes == b"u.").expect("its end") + 2;
    [&whole[..end], b"\x80\x02", pickle].concat()
}

fn refused(pickle: &[u8]) -> Problem {
    let error = open(legacy(pickle)).expect_err("the pickle is refused");
    assert_readable(&error);
    error.problem
}

/// `torch.save` of views of every kind, in both its forms, beside the same tensors in safetensors: torch 2 wrote them with
/// `sd = {"whole": a, "transposed": a.t(), "rows": a[2:5], "columns": a[:, 1:4], "every.other": a[::2, ::3], "alias": a,
/// "cube": b.permute(2, 0, 1), "half": c.half(), "bfloat": d.bfloat16().t(), "parameter": Parameter(e), "scalar", "empty",
/// "ids": arange(7).expand((1, -1)), "flags": ones(2, 2, dtype=bool)}`.
#[test]
fn every_view_of_a_storage_has_the_numbers_that_torch_sees() {
    let folder = Folder::new();
    folder.file("config.json", "{}");
    let expected = load::open(&folder.file("model.safetensors", fixture("views.safetensors"))).expect("safetensors");
    for name in BOTH {
        let found = open(fixture(name)).expect(name);
        assert_eq!(found.unread, expected.unread, "{name}");
        assert_eq!(found.tensors.keys().collect::<Vec<_>>(), expected.tensors.keys().collect::<Vec<_>>(), "{name}");
        for (key, tensor) in &found.tensors {
            let same = &expected.tensors[key];
            assert_eq!((tensor.dtype, &tensor.shape), (same.dtype, &same.shape), "{name} {key}");
            assert_eq!(*tensor.bytes, *same.bytes, "{name} {key}");
        }
        assert_eq!(found.tensors["half"].dtype, Dtype::F16);
    }
}

#[test]
fn safetensors_go_before_pickles_and_shards_are_found_by_their_index() {
    let folder = Folder::new();
    folder.file("config.json", "{}");
    folder.file("a-00001-of-00001.bin", fixture("views.bin"));
    folder.file("pytorch_model.bin.index.json", r#"{"weight_map":{"whole":"a-00001-of-00001.bin"}}"#);
    assert!(load::open(&folder.0).expect("the index").tensors.contains_key("whole"));
    assert!(load::open(&folder.0.join("a-00001-of-00001.bin")).is_ok());
    folder.file("pytorch_model.bin.index.json", r#"{"weight_map":{"absent":"a-00001-of-00001.bin"}}"#);
    let error = load::open(&folder.0).expect_err("a tensor that is not there");
    assert!(matches!(error.problem, Problem::NotInShard { .. }), "{error}");
    folder.file("model.safetensors", fixture("views.safetensors"));
    assert!(load::open(&folder.0).expect("safetensors").files[0].ends_with("model.safetensors"));
}

#[test]
fn a_name_of_python_that_weights_do_not_need_is_refused_and_not_run() {
    let named = |pickle: &[u8], expected: &str| {
        assert_eq!(refused(pickle), Problem::PickleGlobal { name: expected.into() });
    };
    named(b"cos\nsystem\nX\x04\x00\x00\x00true\x85R.", "os.system");
    named(b"c__builtin__\neval\n(X\x01\x00\x00\x001tR.", "__builtin__.eval");
    named(b"\x8c\x05posix\x8c\x06system\x93.", "posix.system");
    named(b"ctorch._utils\n_rebuild_sparse_tensor\n.", "torch._utils._rebuild_sparse_tensor");
    named(b"ccollections\nOrderedDict\x1b[2J\n.", "collections.OrderedDict\u{1b}[2J");
    for code in [b'i', b'o', 0x81, 0x92, 0x82, b'P', 0xff] {
        assert_eq!(refused(&[code, b'.']), Problem::PickleCode { found: code });
    }
}

#[test]
fn a_pickle_that_builds_no_state_dict_is_refused() {
    let pickles: [&[u8]; 14] = [
        b".",
        b"K\x01.",
        b"N.",
        b"t.",
        b"R.",
        b"}u.",
        b"}(K\x01u.",
        b"h\x07.",
        b"q\x07.",
        b"((0.",
        b"\x85.",
        b"\x87.",
        b"ccollections\nOrderedDict\nK\x01R.",
        b"X\x07\x00\x00\x00storageX\x01\x00\x00\x000\x86Q.",
    ];
    for pickle in pickles {
        // After the dictionary come the keys of its storages: here none.
        let problem = refused(&[pickle, b"\x80\x02]."].concat());
        assert_eq!(problem, Problem::NotAStateDict, "{}", pickle.escape_ascii());
    }
    let nested = ["(".repeat(1 << 20), "t".repeat(1 << 20)].concat();
    assert_eq!(refused(&[nested.as_bytes(), b".\x80\x02]."].concat()), Problem::NotAStateDict);
    assert!(matches!(refused(b"X\xff\xff\xff\xff"), Problem::EndsEarly { .. }));
    assert!(matches!(refused(b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff"), Problem::EndsEarly { .. }));
}

/// A state dict of one float32 tensor with these instructions for its offset, shape and strides, over four numbers.
fn one(offset: &[u8], shape: &[u8], strides: &[u8]) -> Vec<u8> {
    let storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04NtQ";
    let view = [offset, b"(", shape, b"t(", strides, b"t\x89}tR"].concat();
    let dict = [b"}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n(", &storage[..], &view, b"s."].concat();
    let data = [&4_u64.to_le_bytes()[..], &[0; 16]].concat();
    legacy(&[dict, b"\x80\x02]X\x01\x00\x00\x000a.".to_vec(), data].concat())
}

#[test]
fn a_tensor_stays_inside_its_storage() {
    assert_eq!(open(one(b"K\x00", b"K\x02K\x02", b"K\x02K\x01")).expect("a tensor").tensors["w"].shape, [2, 2]);
    let minus_one = b"J\xff\xff\xff\xff";
    let huge = b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
    let problem = |file: Vec<u8>| {
        let error = open(file).expect_err("a tensor that is not there");
        assert_readable(&error);
        error.problem
    };
    let outside = Problem::OutsideStorage { tensor: "w".into() };
    assert_eq!(problem(one(b"K\x01", b"K\x02K\x02", b"K\x02K\x01")), outside);
    assert_eq!(problem(one(b"K\x00", b"K\x05", b"K\x01")), outside);
    assert_eq!(problem(one(b"K\x00", b"K\x02", b"K\x04")), outside);
    assert_eq!(problem(one(b"K\x00", b"K\x02K\x02", b"K\x01")), outside);
    assert_eq!(problem(one(huge, b"K\x02", b"K\x01")), outside);
    assert_eq!(problem(one(b"K\x00", b"K\x02", huge)), outside);
    // One number, seen a thousand million times.
    assert_eq!(problem(one(b"K\x00", b"J\x00\xca\x9a\x3b", b"K\x00")), outside);
    assert_eq!(
        problem(one(b"K\x00", &[&huge[..], huge].concat(), b"K\x00K\x00")),
        Problem::TooLarge { tensor: "w".into() }
    );
    assert_eq!(problem(one(minus_one, b"K\x02", b"K\x01")), Problem::NotAStateDict);
    assert_eq!(problem(one(b"K\x00", minus_one, b"K\x01")), Problem::NotAStateDict);
    assert_eq!(problem(one(b"K\x00", b"K\x02", minus_one)), Problem::NotAStateDict);
    assert_eq!(problem([one(b"K\x00", b"K\x02", b"K\x01"), b"more".to_vec()].concat()), Problem::GoesOn { extra: 4 });
}

#[test]
fn a_cut_or_altered_file_is_an_error_or_other_numbers_and_never_worse() {
    for name in BOTH {
        let whole = fixture(name);
        for cut in 1..whole.len() {
            let error = open(&whole[..cut]).expect_err("a cut file");
            assert_readable(&error);
        }
        let mut seed = 1_u32;
        for at in 0..whole.len() {
            let mut altered = whole.clone();
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            altered[at] ^= 1 << (seed >> 29);
            altered[at / 2] = (seed >> 8) as u8;
            if let Err(error) = open(altered) {
                assert_readable(&error);
            }
        }
    }
}

#[test]
fn an_archive_without_its_files_says_which_is_missing() {
    let whole = fixture("views.bin");
    let renamed = |from: &[u8], to: &[u8]| {
        let mut bytes = whole.clone();
        for at in 0..bytes.len() - from.len() {
            if bytes[at..].starts_with(from) {
                bytes[at..at + from.len()].copy_from_slice(to);
            }
        }
        open(bytes).expect_err("a file is missing").problem
    };
    assert_eq!(renamed(b"/data/0", b"/data/x"), Problem::NotInArchive { name: "data/0".into() });
    assert_eq!(renamed(b"PK\x01\x02\0\0\0\0", b"PK\x01\x03\0\0\0\0"), Problem::ZipDirectory);
    assert_eq!(renamed(b"little", b"bigger"), Problem::BigEndian);
}
