//! Opening model files: GGUF, a Hugging Face folder of safetensors or `PyTorch` weights, a Marian file, or a llama2.c checkpoint.
//!
//! Files are mapped into memory and only their headers are read, so opening takes milliseconds whatever the size. Every
//! number in a header is checked before it is used: a file from the network is material, never trusted.

mod contents;
mod cursor;
mod error;
mod file;
mod foreign;
pub mod gguf;
mod hugging_face;
mod llama2c;
mod marian;
mod pytorch;
mod safetensors;

use std::path::{Path, PathBuf};

pub use error::{Count, Item, LoadError, NotAFile, Problem, size};
pub use foreign::Foreign;

use crate::lm::checkpoint::{Bytes, Checkpoint};

/// Opens a `.gguf` file, a Hugging Face folder (`config.json` beside `model.safetensors` or `pytorch_model.bin`, or the
/// index of several), any file of such a folder, Marian's `.bin` or the folder it is in, or llama2.c's `.bin`. What a file is,
/// its content says, not its name.
///
/// # Errors
/// Whatever is wrong with the file: see [`Problem`].
pub fn open(path: &Path) -> Result<Checkpoint, LoadError> {
    let kind = std::fs::metadata(path).map_err(|error| LoadError::io(path, &error))?;
    if kind.is_dir() {
        return match hugging_face::open_folder(path) {
            Err(LoadError { problem: Problem::NoConfig, .. }) if let Some(file) = marian::in_folder(path) => {
                open(&file)
            }
            opened => opened,
        };
    }
    let bytes = file::map(path)?;
    if bytes.starts_with(gguf::MAGIC) {
        let mut checkpoint = gguf::read(&bytes).map_err(|fault| fault.of(path))?;
        checkpoint.files = vec![path.to_path_buf()];
        return gguf::split::join(path, checkpoint);
    }
    if safetensors::recognised(&bytes) || pytorch::recognised(&bytes) {
        return hugging_face::open_file(path, &bytes);
    }
    if hugging_face::belongs_to_a_folder(path) {
        return hugging_face::open_folder(&folder_of(path));
    }
    if marian::recognised(&bytes) {
        let checkpoint = marian::read(&bytes).map_err(|fault| fault.of(path))?;
        return Ok(Checkpoint { files: vec![path.to_path_buf()], ..checkpoint });
    }
    if llama2c::recognised(&bytes, path.extension().is_some_and(|suffix| suffix == "bin")) {
        let checkpoint = llama2c::read(&bytes).map_err(|fault| fault.of(path))?;
        return Ok(Checkpoint { files: vec![path.to_path_buf()], ..checkpoint });
    }
    Err(LoadError { file: path.to_path_buf(), byte: Some(0), problem: foreign::problem(&bytes) })
}

/// Opens a model compiled into the program: a GGUF file, or with `settings`, which are a `config.json`, weights that stand
/// beside it in a Hugging Face folder. `name` stands for the files in errors.
///
/// # Errors
/// As [`open`].
pub fn embedded(name: &str, bytes: &'static [u8], settings: Option<&[u8]>) -> Result<Checkpoint, LoadError> {
    let bytes = Bytes::from(bytes);
    if let Some(settings) = settings {
        return hugging_face::embedded(Path::new(name), settings, &bytes);
    }
    if bytes.starts_with(gguf::MAGIC) {
        gguf::read(&bytes).map_err(|fault| fault.of(Path::new(name)))
    } else {
        Err(LoadError { file: PathBuf::from(name), byte: Some(0), problem: foreign::problem(&bytes) })
    }
}

/// Maps any regular file of at most `limit` bytes: a dictionary, a tokenizer, a text.
///
/// # Errors
/// The file cannot be read, is empty, is not a file, or is larger than `limit`.
pub fn read(path: &Path, limit: u64) -> Result<Bytes, LoadError> {
    let bytes = file::map(path)?;
    let found = bytes.len() as u64;
    if found > limit {
        return Err(Problem::TooMany { of: Count::FileBytes, found, limit }.of(path));
    }
    Ok(bytes)
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}
