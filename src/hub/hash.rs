//! Checking a file by the hash that its tag says: SHA-256 of large files, git's SHA-1 of small ones.

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// A file's hash, while its bytes come.
pub(super) enum Hasher {
    Sha256(Sha256),
    GitBlob(Sha1),
    /// The tag is no hash that is known: mirrors have their own.
    Unknown,
}

impl Hasher {
    /// For a file of `size` bytes with this tag.
    pub(super) fn new(tag: &str, size: Option<u64>) -> Self {
        let hexadecimal = tag.bytes().all(|byte| byte.is_ascii_hexdigit());
        match (tag.len(), size) {
            (64, _) if hexadecimal => Self::Sha256(Sha256::new()),
            (40, Some(size)) if hexadecimal => Self::GitBlob(Sha1::new_with_prefix(format!("blob {size}\0"))),
            _ => Self::Unknown,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::GitBlob(hasher) => hasher.update(bytes),
            Self::Unknown => {}
        }
    }

    /// Whether the bytes were those of the tag.
    pub(super) fn fits(self, tag: &str) -> bool {
        let found = match self {
            Self::Sha256(hasher) => hexadecimal(&hasher.finalize()),
            Self::GitBlob(hasher) => hexadecimal(&hasher.finalize()),
            Self::Unknown => return true,
        };
        found.eq_ignore_ascii_case(tag)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
