//! llama2.c's checkpoints: the same model as a GGUF file of the same weights, and every malformed header by name.

use std::path::Path;

use lmscope::lm::checkpoint::{Checkpoint, Dtype};
use lmscope::lm::load::{self, Problem};
use lmscope::lm::{Transformer, Workspace};
use lmscope::model::{self, NoTokenizer, Spec};

use super::{Folder, assert_readable};

const LAYER: [&str; 9] =
    ["attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_down", "ffn_up"];

fn gguf() -> Checkpoint {
    load::open(Path::new("tests/fixtures/gguf/llama-F32.gguf")).expect("the fixture opens")
}

/// The sizes of a checkpoint as llama2.c writes them.
fn sizes(model: &Transformer) -> [i32; 7] {
    let config = &model.config;
    let sizes = [
        config.width,
        config.feed_forward,
        config.layers,
        config.heads,
        config.kv_heads,
        config.vocabulary,
        config.context,
    ];
    sizes.map(|size| size as i32)
}

fn header(sizes: [i32; 7]) -> Vec<u8> {
    sizes.iter().flat_map(|size| size.to_le_bytes()).collect()
}

fn versioned(version: u32, sizes: [i32; 7], shared: u8) -> Vec<u8> {
    let mut bytes = [&0x616b_3432_u32.to_le_bytes()[..], &version.to_le_bytes(), &header(sizes), &[shared]].concat();
    bytes.resize(256, 0);
    bytes
}

/// The tensors of `file` by these names, a layer's name standing for that tensor of every layer.
fn tensors(file: &Checkpoint, layers: usize, names: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for name in names {
        if LAYER.contains(name) {
            (0..layers)
                .for_each(|layer| bytes.extend_from_slice(&file.tensors[&format!("blk.{layer}.{name}.weight")].bytes));
        } else {
            bytes.extend_from_slice(&file.tensors[&format!("{name}.weight")].bytes);
        }
    }
    bytes
}

fn version_0(file: &Checkpoint, model: &Transformer) -> Vec<u8> {
    let mut sizes = sizes(model);
    let tied = model.blueprint.tied_head;
    sizes[5] *= if tied { 1 } else { -1 };
    let config = &model.config;
    let before = [&["token_embd"], &LAYER[..], &["output_norm"]].concat();
    let angles = vec![0; config.context * (config.head_width / 2) * 4 * 2];
    let head: &[&str] = if tied { &[] } else { &["output"] };
    [header(sizes), tensors(file, config.layers, &before), angles, tensors(file, config.layers, head)].concat()
}

fn version_1(file: &Checkpoint, model: &Transformer) -> Vec<u8> {
    let tied = model.blueprint.tied_head;
    let mut names = vec!["attn_norm", "ffn_norm", "output_norm", "token_embd"];
    names.extend(LAYER.iter().filter(|name| !name.ends_with("norm")));
    names.extend((!tied).then_some("output"));
    [versioned(1, sizes(model), u8::from(tied)), tensors(file, model.config.layers, &names)].concat()
}

/// The logits after a few tokens.
fn logits(model: &Transformer) -> Vec<f32> {
    let mut workspace = Workspace::new(1);
    let mask = &model.blueprint.mask;
    let read = model.extend(&[], &[1, 5, 9, 2, 7], mask, &mut workspace, &|| true).expect("a pass");
    model.logits(&read, &mut workspace).expect("logits")
}

#[test]
fn a_llama2c_checkpoint_computes_what_the_gguf_file_of_its_weights_computes() {
    let file = gguf();
    let model = Transformer::new(&file).expect("the fixture runs");
    let expected = logits(&model);
    let folder = Folder::new();
    let written = [version_0(&file, &model), version_1(&file, &model)];
    for bytes in written {
        // What a file is, its content says.
        for name in ["model.bin", "model"] {
            let path = folder.file(name, &bytes);
            let checkpoint = load::open(&path).expect("the checkpoint opens");
            assert_eq!((checkpoint.bytes, &checkpoint.files), (bytes.len() as u64, &vec![path]));
            assert!(checkpoint.tensors.values().all(|tensor| tensor.dtype == Dtype::F32));
            assert_eq!(logits(&Transformer::new(&checkpoint).expect("the model runs")), expected, "{name}");
        }
    }
}

#[test]
fn a_llama2c_checkpoint_opens_without_a_tokenizer_and_takes_one_from_beside_it() {
    let file = gguf();
    let bytes = version_0(&file, &Transformer::new(&file).expect("the fixture runs"));
    let folder = Folder::new();
    let spec = Spec::Path(folder.file("stories.bin", bytes));
    let open = || model::open(&spec).expect("the model opens");
    assert!(matches!(open().tokenizer(), Err(NoTokenizer::Absent { .. })));
    folder.file("tokenizer.bin", [0; 3]);
    assert!(matches!(open().tokenizer(), Err(NoTokenizer::Refused { .. })));
    folder.file("tokenizer.json", "{");
    assert!(matches!(open().tokenizer(), Err(NoTokenizer::Refused { .. })));
}

/// A sound checkpoint of a few hundred numbers, all zero.
pub(super) fn small() -> Vec<u8> {
    let mut bytes = header([8, 16, 1, 2, 1, 4, 8]);
    let (dim, hidden, keys, vocabulary, angles) = (8, 16, 4, 4, 8 * 2);
    let attention = 2 * dim * dim + 2 * keys * dim;
    let numbers = vocabulary * dim + 3 * dim + attention + 3 * hidden * dim + 2 * angles;
    bytes.resize(bytes.len() + 4 * numbers, 0);
    bytes
}

#[test]
fn every_malformed_llama2c_header_is_named() {
    let folder = Folder::new();
    let refused = |bytes: Vec<u8>| {
        let error = load::open(&folder.file("model.bin", bytes)).expect_err("the file is refused");
        assert_readable(&error);
        (error.problem, error.byte)
    };
    let good = [8, 16, 1, 2, 1, 4, 8];
    // More than the sizes need.
    let whole = 1 << 13;
    let with = |index: usize, value: i32| {
        let mut sizes = good;
        sizes[index] = value;
        let mut bytes = header(sizes);
        bytes.resize(whole, 0);
        refused(bytes)
    };
    let sound = small();
    assert!(load::open(&folder.file("model.bin", &sound)).is_ok());

    let names = ["dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "seq_len"];
    for (index, name) in names.into_iter().enumerate() {
        for found in [0, -8, i32::MIN, i32::MAX] {
            if name == "vocab_size" && found == -8 {
                continue;
            }
            let (problem, byte) = with(index, found);
            assert_eq!((problem, byte), (Problem::Llama2cSize { name, found }, Some(4 * index as u64)));
        }
    }
    assert_eq!(with(3, 3).0, Problem::Llama2cUneven { whole: "dim", of: 8, part: "n_heads", by: 3 });
    assert_eq!(with(4, 4).0, Problem::Llama2cUneven { whole: "n_heads", of: 2, part: "n_kv_heads", by: 4 });
    // Sizes that multiply to more than any file has: nothing is allocated for them.
    for index in [0, 1, 5, 6] {
        assert!(matches!(with(index, 1 << 20).0, Problem::EndsEarly { .. }));
    }
    assert!(matches!(with(2, 1 << 12).0, Problem::EndsEarly { .. }));
    // A separate classifier is the last tensor.
    let mut separate = sound.clone();
    separate[20..24].copy_from_slice(&(-4_i32).to_le_bytes());
    assert_eq!(refused(separate).0, Problem::EndsEarly { missing: 4 * 4 * 8 });

    for cut in (1..sound.len()).step_by(7) {
        assert!(matches!(refused(sound[..cut].to_vec()).0, Problem::EndsEarly { missing: 1.. }), "cut at {cut}");
    }
    assert_eq!(refused([&sound[..], &[0; 4]].concat()).0, Problem::GoesOn { extra: 4 });
    for found in [0, 2, 3, u32::MAX] {
        assert_eq!(refused(versioned(found, good, 1)), (Problem::Llama2cVersion { found }, Some(4)));
    }
    for cut in [4, 7, 8, 20, 40, 255, 256] {
        assert!(matches!(refused(versioned(1, good, 1)[..cut].to_vec()).0, Problem::EndsEarly { .. }));
    }
    assert!(matches!(refused(versioned(1, [8, 16, 1, 2, 1, -4, 8], 1)).0, Problem::Llama2cSize { .. }));
}
