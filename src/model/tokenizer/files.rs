//! Tokenizers in files of their own, alone or in the folder of a model.

use std::path::{Path, PathBuf};

use crate::lm::load::{self, LoadError};
use crate::text::{Settings, Tokenizer, TokenizerError};

const MOST_BYTES: u64 = 256 << 20;

/// The names a folder's tokenizer has, the best to have first; after these any `.tiktoken` or `.model`.
const NAMES: [&str; 8] = [
    "tokenizer.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "sentencepiece.model",
    "vocab.txt",
    "vocab.json",
    "tokenizer.bin",
];
const MERGES: &str = "merges.txt";

/// What a file is.
enum Kind {
    /// `tokenizer.json`.
    Json,
    /// `vocab.json` with `merges.txt` beside it.
    Merges,
    /// A list of pieces, BERT's `vocab.txt`.
    WordPiece,
    /// A `SentencePiece` model.
    SentencePiece,
    /// A `*.tiktoken` list, which `LLaMA` 3 calls `tokenizer.model`.
    Ranks,
    /// `tokenizer.bin` of llama2.c.
    Llama2c,
}

/// A tokenizer that was built, or why it was not.
type Built = Result<Tokenizer, TokenizerError>;

/// The tokenizer of a model's folder; `None` where there is none.
pub(super) fn of_folder(folder: &Path) -> Result<Option<Built>, LoadError> {
    let named = NAMES.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    let Some(path) = named.or_else(|| by_suffix(folder)) else { return Ok(None) };
    open(&path)
}

/// The vocabulary of a Marian model, a `SentencePiece` file ending in `.spm`: of those beside it the one whose name has most
/// parts in common with the model's, as `vocab.enpt.spm` has with `model.enpt.intgemm.bin`.
pub(super) fn beside_marian(model: &Path) -> Result<Built, LoadError> {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let model_name = name(model);
    let parts: Vec<&str> = model_name.split('.').collect();
    let folder = model.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "spm") && path.is_file())
        .collect();
    found.sort();
    let shared = |path: &PathBuf| name(path).split('.').filter(|part| parts.contains(part)).count();
    let built = match found.iter().rev().max_by_key(|path| shared(path)) {
        Some(path) => open(path)?,
        None => None,
    };
    let wanted = || match parts[..] {
        ["model", languages, _, ..] => format!("vocab.{languages}.spm"),
        _ => "vocab.spm".to_owned(),
    };
    Ok(built.unwrap_or_else(|| Err(TokenizerError::NotBeside { file: wanted() })))
}

/// The first file of the folder, by name, that ends as tokenizers do.
fn by_suffix(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let suffix = |path: &Path| path.extension().is_some_and(|suffix| suffix == "tiktoken" || suffix == "model");
    paths.filter(|path| suffix(path) && path.is_file()).min()
}

/// The tokenizer in the file at `path`; `None` where the file is something else.
pub(super) fn open(path: &Path) -> Result<Option<Built>, LoadError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = load::read(path, u64::MAX)?;
    let Some(kind) = kind(&name, &bytes) else { return Ok(None) };
    let bytes = load::read(path, MOST_BYTES)?;
    let beside = |name: &str| path.with_file_name(name);
    let settings = match beside("tokenizer_config.json") {
        settings if settings.is_file() && !matches!(kind, Kind::Json) => {
            Settings::from_json(&load::read(&settings, MOST_BYTES)?)
        }
        _ => Ok(Settings::default()),
    };
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => return Ok(Some(Err(error))),
    };
    Ok(Some(match kind {
        Kind::Json => Tokenizer::from_json(&bytes),
        Kind::Merges => {
            let vocabulary = load::read(&beside("vocab.json"), MOST_BYTES)?;
            let merges = load::read(&beside(MERGES), MOST_BYTES)?;
            Tokenizer::from_merges(&vocabulary, &merges, &settings)
        }
        Kind::WordPiece => Tokenizer::from_word_pieces(&bytes, &settings),
        Kind::SentencePiece => Tokenizer::from_sentencepiece(&bytes, &settings),
        Kind::Ranks => Tokenizer::from_ranks(&bytes, &name, &settings),
        Kind::Llama2c => Tokenizer::from_llama2c(&bytes),
    }))
}

/// What the content says, else the name.
fn kind(name: &str, bytes: &[u8]) -> Option<Kind> {
    let suffix = Path::new(name).extension().and_then(|suffix| suffix.to_str()).unwrap_or_default();
    match (name, suffix) {
        ("config.json" | "model.safetensors.index.json", _) => None,
        ("vocab.json" | MERGES, _) => Some(Kind::Merges),
        _ if bytes.trim_ascii_start().starts_with(b"{") => Some(Kind::Json),
        (_, "tiktoken") => Some(Kind::Ranks),
        (_, "model" | "txt") if is_ranked(bytes) => Some(Kind::Ranks),
        (_, "model" | "spm") => Some(Kind::SentencePiece),
        (_, "txt") => Some(Kind::WordPiece),
        ("tokenizer.bin", _) => Some(Kind::Llama2c),
        _ => None,
    }
}

/// Whether the first line is base64 and a number.
fn is_ranked(bytes: &[u8]) -> bool {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let mut columns = line.split(|&byte| byte == b' ');
    let (Some(piece), Some(rank), None) = (columns.next(), columns.next(), columns.next()) else { return false };
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    !rank.is_empty() && rank.iter().all(u8::is_ascii_digit) && piece.iter().all(is_base64) && piece.len() % 4 == 0
}
