//! A Hugging Face folder: `config.json` beside one file of weights, or several with an index.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path};

use serde_json::{Map, Value};

use super::contents::Contents;
use super::error::{Count, Item, LoadError, Problem};
use super::{file, folder_of, pytorch, safetensors};
use crate::lm::checkpoint::{Bytes, Checkpoint, Header};

const CONFIG: &str = "config.json";
/// A file of weights and the index of several, by preference.
const WEIGHTS: [(&str, &str); 2] =
    [("model.safetensors", "model.safetensors.index.json"), ("pytorch_model.bin", "pytorch_model.bin.index.json")];
const MOST_CONFIG_BYTES: u64 = 4 << 20;
const MOST_INDEX_BYTES: u64 = 16 << 20;
const MOST_SHARDS: usize = 4096;

/// Whether a file that is not weights itself says by its name that the folder around it is meant.
pub(super) fn belongs_to_a_folder(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == CONFIG || WEIGHTS.iter().any(|(_, index)| name == *index))
}

/// Opens a folder.
pub(super) fn open_folder(folder: &Path) -> Result<Checkpoint, LoadError> {
    let config = config(folder)?;
    for (weights, index) in WEIGHTS {
        let (weights, index) = (folder.join(weights), folder.join(index));
        if exists(&weights)? {
            let bytes = file::map(&weights)?;
            return single(config, &weights, &bytes);
        }
        if exists(&index)? {
            return sharded(config, folder, &index, &shards(&index)?);
        }
    }
    Err(Problem::NoWeights.of(folder))
}

/// Opens what a folder would hold, out of memory; `name` stands for the folder.
pub(super) fn embedded(name: &Path, settings: &[u8], weights: &Bytes) -> Result<Checkpoint, LoadError> {
    let checkpoint = single(parse(&name.join(CONFIG), settings)?, name, weights)?;
    Ok(Checkpoint { files: Vec::new(), ..checkpoint })
}

/// Opens a file of weights with the `config.json` beside it; a shard brings its fellows.
pub(super) fn open_file(path: &Path, bytes: &Bytes) -> Result<Checkpoint, LoadError> {
    let folder = folder_of(path);
    let config = config(&folder)?;
    for (_, index) in WEIGHTS {
        let index = folder.join(index);
        if exists(&index)? {
            let shards = shards(&index)?;
            if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| shards.contains_key(name)) {
                return sharded(config, &folder, &index, &shards);
            }
        }
    }
    single(config, path, bytes)
}

fn exists(path: &Path) -> Result<bool, LoadError> {
    match std::fs::metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(LoadError::io(path, &error)),
    }
}

fn config(folder: &Path) -> Result<Map<String, Value>, LoadError> {
    let path = folder.join(CONFIG);
    if !exists(&path)? {
        return Err(Problem::NoConfig.of(folder));
    }
    json(&path, MOST_CONFIG_BYTES)
}

fn json(path: &Path, limit: u64) -> Result<Map<String, Value>, LoadError> {
    parse(path, &super::read(path, limit)?)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Map<String, Value>, LoadError> {
    serde_json::from_slice(bytes).map_err(|error| Problem::Json { reason: error.to_string() }.of(path))
}

/// The tensors of one file; its format its content says.
fn contents(path: &Path, bytes: &Bytes) -> Result<Contents, LoadError> {
    let read = if pytorch::recognised(bytes) { pytorch::read } else { safetensors::read };
    read(bytes).map_err(|fault| fault.of(path))
}

fn single(config: Map<String, Value>, path: &Path, bytes: &Bytes) -> Result<Checkpoint, LoadError> {
    let contents = contents(path, bytes)?;
    Ok(Checkpoint {
        header: Header::HuggingFace(config),
        tensors: contents.tensors,
        unread: contents.unread,
        files: vec![path.to_path_buf()],
        bytes: bytes.len() as u64,
    })
}

/// The files an index names, each with the tensors that are to be in it.
fn shards(index: &Path) -> Result<BTreeMap<String, BTreeSet<String>>, LoadError> {
    let json = json(index, MOST_INDEX_BYTES)?;
    let bad = |reason: &str| Problem::Json { reason: reason.to_owned() }.of(index);
    let Some(Value::Object(map)) = json.get("weight_map") else {
        return Err(bad("weight_map is missing or not an object"));
    };
    let mut shards: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (tensor, shard) in map {
        let Some(shard) = shard.as_str() else {
            return Err(bad("weight_map has a file name that is not a text"));
        };
        let mut parts = Path::new(shard).components();
        if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
            return Err(Problem::ShardOutside { shard: shard.to_owned() }.of(index));
        }
        shards.entry(shard.to_owned()).or_default().insert(tensor.clone());
        if shards.len() > MOST_SHARDS {
            let (found, limit) = (shards.len() as u64, MOST_SHARDS as u64);
            return Err(Problem::TooMany { of: Count::Files, found, limit }.of(index));
        }
    }
    if shards.is_empty() {
        return Err(bad("weight_map names no file"));
    }
    Ok(shards)
}

fn sharded(
    config: Map<String, Value>,
    folder: &Path,
    index: &Path,
    shards: &BTreeMap<String, BTreeSet<String>>,
) -> Result<Checkpoint, LoadError> {
    let mut checkpoint = Checkpoint {
        header: Header::HuggingFace(config),
        tensors: BTreeMap::new(),
        unread: BTreeMap::new(),
        files: Vec::new(),
        bytes: 0,
    };
    for (shard, names) in shards {
        let path = folder.join(shard);
        if !exists(&path)? {
            return Err(Problem::ShardMissing { shard: shard.clone() }.of(index));
        }
        let bytes = file::map(&path)?;
        let contents = contents(&path, &bytes)?;
        let missing =
            names.iter().find(|name| !contents.tensors.contains_key(*name) && !contents.unread.contains_key(*name));
        if let Some(tensor) = missing {
            let problem = Problem::NotInShard { tensor: tensor.clone(), shard: shard.clone() };
            return Err(problem.of(index));
        }
        for (name, tensor) in contents.tensors {
            if checkpoint.tensors.insert(name.clone(), tensor).is_some() {
                return Err(Problem::Twice { item: Item::Tensor, name }.of(&path));
            }
        }
        checkpoint.unread.extend(contents.unread);
        checkpoint.bytes += bytes.len() as u64;
        checkpoint.files.push(path);
    }
    Ok(checkpoint)
}
