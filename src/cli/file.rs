//! Writing a file whole or not at all.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::model::{Model, Source};

/// Writes a file: beside it first, and in its place once all of it is there.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error| Failure::Write(path.to_path_buf(), error);
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        // A pipe or a device has no place to be taken.
        return fs::write(path, bytes).map_err(failed);
    }
    let beside = beside(path);
    let written = fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.map_err(failed)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

/// Refuses to write over a file of the model itself.
pub(super) fn spare(model: &Model, path: &Path) -> Result<(), Failure> {
    match &model.source {
        Source::Files(files) if files.iter().any(|file| same(file, path)) => Err(Failure::SameFile(path.to_path_buf())),
        _ => Ok(()),
    }
}

/// Whether two paths lead to the same file.
pub(super) fn same(file: &Path, other: &Path) -> bool {
    fs::canonicalize(file).ok().is_some_and(|file| fs::canonicalize(other).is_ok_and(|other| other == file))
}
