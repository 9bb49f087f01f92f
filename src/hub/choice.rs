//! Which files of a repository a model needs.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::http::Listing;
use super::name::{Name, inside};
use super::{HubError, Unlike};

pub(super) const CONFIG: &str = "config.json";
/// A file of weights and the index of several, by preference.
pub(super) const WEIGHTS: [(&str, &str); 2] =
    [("model.safetensors", "model.safetensors.index.json"), ("pytorch_model.bin", "pytorch_model.bin.index.json")];
/// What a tokenizer may be made of.
pub(super) const TOKENIZER: [&str; 8] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
];

const MOST_INDEX_BYTES: u64 = 16 << 20;
const MOST_SHARDS: usize = 4096;

/// The files that say what the model is: its settings, its tokenizer, the index of its weights.
pub(super) fn small(name: &Name, listing: &Listing) -> Vec<String> {
    let Some((weights, index)) = of_folder(listing).filter(|_| name.file.is_none()) else { return Vec::new() };
    let index = (!listing.has(weights)).then_some(index);
    let wanted = [CONFIG].into_iter().chain(TOKENIZER).chain(index);
    wanted.filter(|file| listing.has(file)).map(str::to_owned).collect()
}

/// The files that hold the weights; an index has been fetched before.
pub(super) fn weights(name: &Name, listing: &Listing, snapshot: &Path) -> Result<Vec<String>, HubError> {
    if let Some(file) = &name.file {
        let parts = parts(file);
        let there = parts.iter().all(|part| listing.has(part));
        return if there { Ok(parts) } else { Err(HubError::NotFound { name: name.to_string() }) };
    }
    if let Some((weights, index)) = of_folder(listing) {
        return if listing.has(weights) { Ok(vec![weights.to_owned()]) } else { shards(&snapshot.join(index)) };
    }
    let model = format!("hf:{}", name.repository());
    let files: Vec<&String> = listing.files.iter().filter(|file| is_gguf(file) && inside(file)).collect();
    let Some(first) = files.first().map(|first| parts(first)) else {
        return Err(HubError::NoWeights { name: model });
    };
    if !files.iter().all(|file| first.contains(file)) || first.len() != files.len() {
        return Err(HubError::ManyGguf { name: model, files: files.into_iter().cloned().collect() });
    }
    Ok(first)
}

/// The files that an index names.
pub(super) fn shards(index: &Path) -> Result<Vec<String>, HubError> {
    let name = index.file_name().unwrap_or_default().to_string_lossy();
    let bad = || HubError::Answer { host: name.clone().into_owned(), what: Unlike::Index };
    let io = |error: std::io::Error| HubError::io(index, &error);
    if std::fs::metadata(index).map_err(io)?.len() > MOST_INDEX_BYTES {
        return Err(bad());
    }
    let json: Value = serde_json::from_slice(&std::fs::read(index).map_err(io)?).map_err(|_| bad())?;
    let map = json.get("weight_map").and_then(Value::as_object).ok_or_else(bad)?;
    let names: Option<BTreeSet<&str>> = map.values().map(Value::as_str).collect();
    let names = names.filter(|names| names.iter().all(|name| inside(name) && !name.contains('/')));
    match names {
        Some(names) if names.len() <= MOST_SHARDS => Ok(names.into_iter().map(str::to_owned).collect()),
        _ => Err(bad()),
    }
}

/// What the weights beside `config.json` are called, where there are any.
fn of_folder(listing: &Listing) -> Option<(&'static str, &'static str)> {
    let there = |(weights, index): &(&str, &str)| listing.has(weights) || listing.has(index);
    WEIGHTS.into_iter().find(|names| listing.has(CONFIG) && there(names))
}

/// Whether a file is a GGUF file by its name.
pub(super) fn is_gguf(file: &str) -> bool {
    ends_with(file, ".gguf")
}

fn ends_with(file: &str, suffix: &str) -> bool {
    file.to_ascii_lowercase().ends_with(suffix)
}

/// The file and, where its name says it is one of several (`-00001-of-00003.gguf`), its fellows, in order.
pub(super) fn parts(file: &str) -> Vec<String> {
    let numbered = || {
        let (before, after) = file.split_once("-of-")?;
        let (stem, number) = before.split_at_checked(before.len().checked_sub(5)?)?;
        let count: usize = after.get(..5)?.parse().ok()?;
        let suffix = after.get(5..)?;
        number.parse::<usize>().ok().filter(|number| (1..=count).contains(number) && count <= MOST_SHARDS)?;
        Some((1..=count).map(|number| format!("{stem}{number:05}-of-{count:05}{suffix}")).collect())
    };
    numbered().unwrap_or_else(|| vec![file.to_owned()])
}
