//! A GGUF model in several files, as llama.cpp's `gguf-split` writes them: `name-00001-of-00003.gguf` and its fellows. The
//! first has the metadata, each has its own tensors.

use std::path::{Path, PathBuf};

use super::super::error::{Count, Item, LoadError, Problem};
use super::super::file;
use crate::lm::checkpoint::{Checkpoint, Header};

const COUNT: &str = "split.count";
const MOST_FILES: u64 = 4096;

/// Adds the tensors of the other files where `checkpoint`, read from `path`, is one of several.
pub(in crate::lm::load) fn join(path: &Path, checkpoint: Checkpoint) -> Result<Checkpoint, LoadError> {
    let Header::Gguf(metadata) = &checkpoint.header else { return Ok(checkpoint) };
    let count = match metadata.u64(COUNT) {
        Some(count) if count > 1 => count,
        _ => return Ok(checkpoint),
    };
    if count > MOST_FILES {
        return Err(Problem::TooMany { of: Count::Files, found: count, limit: MOST_FILES }.of(path));
    }
    let Some(paths) = fellows(path, count) else { return Ok(checkpoint) };
    let mut whole: Option<Checkpoint> = None;
    for fellow in paths {
        if !fellow.exists() {
            let shard = fellow.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(Problem::ShardMissing { shard }.of(path));
        }
        let part = super::read(&file::map(&fellow)?).map_err(|fault| fault.of(&fellow))?;
        let Some(whole) = &mut whole else {
            whole = Some(Checkpoint { files: vec![fellow], ..part });
            continue;
        };
        for (name, tensor) in part.tensors {
            if whole.tensors.insert(name.clone(), tensor).is_some() {
                return Err(Problem::Twice { item: Item::Tensor, name }.of(&fellow));
            }
        }
        for (name, tensor) in part.unread {
            if whole.tensors.contains_key(&name) || whole.unread.insert(name.clone(), tensor).is_some() {
                return Err(Problem::Twice { item: Item::Tensor, name }.of(&fellow));
            }
        }
        whole.bytes += part.bytes;
        whole.files.push(fellow);
    }
    Ok(whole.unwrap_or(checkpoint))
}

/// The files of a model of which `path` is one, in order; `None` where its name does not say that it is.
fn fellows(path: &Path, count: u64) -> Option<Vec<PathBuf>> {
    let name = path.file_name()?.to_str()?.strip_suffix(".gguf")?.strip_suffix(&format!("-of-{count:05}"))?;
    let (stem, number) = name.split_at_checked(name.len().checked_sub(5)?)?;
    if !stem.ends_with('-') || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let name = |number| format!("{stem}{number:05}-of-{count:05}.gguf");
    Some((1..=count).map(|number| path.with_file_name(name(number))).collect())
}
