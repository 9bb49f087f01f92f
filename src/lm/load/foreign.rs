//! Recognising what a file is when it is not a model.

use std::fmt;

use super::error::Problem;
use super::gguf;

/// A kind of file that people hand to a model loader by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// A web page, usually the error or login page of a download.
    Html,
    /// The small text file that stands for a large one in a git repository.
    LfsPointer,
    /// A Python pickle that `torch.save` did not write: running it could run anything.
    Pickle,
    /// A ZIP archive without `PyTorch` weights in it.
    Zip,
    /// Compressed with gzip.
    Gzip,
    /// Compressed with xz.
    Xz,
    /// Compressed with Zstandard.
    Zstd,
    /// JSON on its own, such as a tokenizer.
    Json,
    /// A `NumPy` array.
    Npy,
    /// HDF5, the format of older Keras files.
    Hdf5,
    /// Some other text.
    Text,
    /// Nothing known.
    Unknown,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Html => "a web page",
            Self::LfsPointer => "a Git LFS pointer",
            Self::Pickle => "a Python pickle",
            Self::Zip => "a ZIP archive",
            Self::Gzip => "a gzip archive",
            Self::Xz => "an xz archive",
            Self::Zstd => "a Zstandard archive",
            Self::Json => "a JSON file",
            Self::Npy => "a NumPy array",
            Self::Hdf5 => "an HDF5 file",
            Self::Text => "a text file",
            Self::Unknown => "something else",
        })
    }
}

/// What to say of bytes that no reader here recognised.
pub(super) fn problem(bytes: &[u8]) -> Problem {
    if bytes.is_empty() {
        return Problem::Empty;
    }
    if bytes.starts_with(b"FUGG") {
        return Problem::BigEndian;
    }
    if gguf::MAGIC.starts_with(bytes) {
        return Problem::EndsEarly { missing: (gguf::HEADER_BYTES - bytes.len()) as u64 };
    }
    let mut first = [0; 4];
    for (to, from) in first.iter_mut().zip(bytes) {
        *to = *from;
    }
    Problem::Foreign { found: recognise(bytes), first }
}

/// What the bytes look like.
pub(super) fn recognise(bytes: &[u8]) -> Foreign {
    let magics: [(&[u8], Foreign); 8] = [
        (b"version https://git-lfs", Foreign::LfsPointer),
        (b"PK\x03\x04", Foreign::Zip),
        (b"\x1f\x8b", Foreign::Gzip),
        (b"\xfd7zXZ\0", Foreign::Xz),
        (b"\x28\xb5\x2f\xfd", Foreign::Zstd),
        (b"\x93NUMPY", Foreign::Npy),
        (b"\x89HDF\r\n\x1a\n", Foreign::Hdf5),
        (b"PK\x05\x06", Foreign::Zip),
    ];
    if let Some((_, kind)) = magics.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return *kind;
    }
    if let [0x80, 2..=5, ..] = bytes {
        return Foreign::Pickle;
    }
    let head = bytes.get(..bytes.len().min(512)).unwrap_or_default();
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let lower = text.to_ascii_lowercase();
    if [&b"<!doctype"[..], b"<html", b"<head", b"<?xml", b"<error"].iter().any(|tag| lower.starts_with(tag)) {
        return Foreign::Html;
    }
    if text.starts_with(b"{") {
        return Foreign::Json;
    }
    let printable = |byte: &u8| *byte >= b' ' || byte.is_ascii_whitespace();
    if head.iter().all(printable) { Foreign::Text } else { Foreign::Unknown }
}
