//! Mapping a file, after making sure that it is one.

use std::fs::{File, Metadata};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use memmap2::Mmap;
use rustix::fs::OFlags;

use super::error::{LoadError, NotAFile, Problem};
use crate::lm::checkpoint::Bytes;

/// Maps the file at `path`. Only a regular, non-empty file is accepted: opening a pipe would wait for a writer for ever.
pub(super) fn map(path: &Path) -> Result<Bytes, LoadError> {
    let io = |error: std::io::Error| LoadError::io(path, &error);
    check(path, &std::fs::metadata(path).map_err(io)?)?;
    let file = File::options().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path).map_err(io)?;
    let before = file.metadata().map_err(io)?;
    check(path, &before)?;
    #[expect(unsafe_code, reason = "mapping a file is how weights stay on disk until they are needed")]
    // SAFETY: the mapping is read-only and private to `Bytes`, which hands out shared slices only. Another process may
    // still change the file; that is documented at `Bytes`, and the length is checked again right below.
    let map = unsafe { Mmap::map(&file) }.map_err(io)?;
    let after = file.metadata().map_err(io)?;
    if after.len() != before.len() || map.len() as u64 != after.len() {
        return Err(Problem::Changed.of(path));
    }
    Ok(Bytes::mapped(map))
}

fn check(path: &Path, metadata: &Metadata) -> Result<(), LoadError> {
    let kind = metadata.file_type();
    let found = if kind.is_dir() {
        NotAFile::Folder
    } else if kind.is_fifo() {
        NotAFile::Pipe
    } else if kind.is_socket() {
        NotAFile::Socket
    } else if !kind.is_file() {
        NotAFile::Device
    } else if metadata.len() == 0 {
        return Err(Problem::Empty.of(path));
    } else {
        return Ok(());
    };
    Err(Problem::NotAFile { found }.of(path))
}
