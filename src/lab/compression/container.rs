//! The compressed file: what is needed to read the code, the code, and checksums of both.
//!
//! ```text
//! "LMSC" · version 1 · identity of the model (16) · its name · the instruction set · window · length of the bytes ·
//! first 8 of their SHA-256 · the code · CRC-32 of all before it (4, little-endian)
//! ```
//! Names are their length in one byte and UTF-8; numbers are LEB128.

use sha2::Digest;
use sha2::Sha256;

use super::CompressionError;
use super::Identity;
use super::MOST_BYTES;
use super::identity;
use super::identity::first;
use crate::model::Model;

const MAGIC: [u8; 4] = *b"LMSC";
const VERSION: u8 = 1;
const CRC: usize = 4;

/// A compressed file, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// The model it was made with.
    pub model: Identity,
    /// That model's name.
    pub name: String,
    /// The instruction set it was made on.
    pub kernel: String,
    /// How many tokens the model saw at most.
    pub window: usize,
    /// How many bytes it stands for.
    pub length: usize,
    /// The first of their SHA-256.
    hash: [u8; 8],
    /// The arithmetic code.
    pub code: Vec<u8>,
}

impl Container {
    pub(super) fn new(model: &Model, bytes: &[u8], window: usize, kernel: &str, code: Vec<u8>) -> Self {
        let (name, kernel) = (short(&model.name), kernel.to_owned());
        Self { model: identity(model), name, kernel, window, length: bytes.len(), hash: hash(bytes), code }
    }

    /// Takes a file apart.
    ///
    /// # Errors
    /// It is no compressed file, not as it was written, or of another format.
    pub fn read(file: &[u8]) -> Result<Self, CompressionError> {
        if !file.starts_with(&MAGIC) {
            return Err(CompressionError::NotCompressed);
        }
        let Some((inside, crc)) = file.split_last_chunk::<CRC>() else { return Err(CompressionError::Damaged) };
        if check(inside) != u32::from_le_bytes(*crc) {
            return Err(CompressionError::Damaged);
        }
        let mut rest = inside.get(MAGIC.len()..).ok_or(CompressionError::Damaged)?;
        let [version] = array(&mut rest)?;
        if version != VERSION {
            return Err(CompressionError::Version(version));
        }
        let (model, name, kernel) = (array(&mut rest)?, text(&mut rest)?, text(&mut rest)?);
        let (window, length) = (number(&mut rest)?, number(&mut rest)?);
        if length > MOST_BYTES {
            return Err(CompressionError::Damaged);
        }
        let hash = array(&mut rest)?;
        Ok(Self { model, name, kernel, window: window as usize, length: length as usize, hash, code: rest.to_vec() })
    }

    /// The file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.push(VERSION);
        file.extend(self.model);
        for name in [&self.name, &self.kernel] {
            file.push(name.len() as u8);
            file.extend(name.as_bytes());
        }
        for mut number in [self.window, self.length] {
            while number >= 0x80 {
                file.push(number as u8 | 0x80);
                number >>= 7;
            }
            file.push(number as u8);
        }
        file.extend(self.hash);
        file.extend(&self.code);
        let crc = check(&file);
        file.extend(crc.to_le_bytes());
        file
    }

    /// Whether these are the bytes that were compressed.
    pub(super) fn holds(&self, bytes: &[u8]) -> bool {
        bytes.len() == self.length && hash(bytes) == self.hash
    }
}

fn hash(bytes: &[u8]) -> [u8; 8] {
    first(&Sha256::digest(bytes))
}

fn check(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A name of at most 255 bytes.
fn short(name: &str) -> String {
    let mut end = name.len().min(255);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default().to_owned()
}

fn array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], CompressionError> {
    let (own, after) = rest.split_first_chunk().ok_or(CompressionError::Damaged)?;
    *rest = after;
    Ok(*own)
}

fn text(rest: &mut &[u8]) -> Result<String, CompressionError> {
    let [length] = array(rest)?;
    let (own, after) = rest.split_at_checked(usize::from(length)).ok_or(CompressionError::Damaged)?;
    *rest = after;
    String::from_utf8(own.to_vec()).map_err(|_| CompressionError::Damaged)
}

fn number(rest: &mut &[u8]) -> Result<u64, CompressionError> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let [byte] = array(rest)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(CompressionError::Damaged)
}
