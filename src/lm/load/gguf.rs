//! GGUF, ggml's file format (its specification: `docs/gguf.md` of the ggml repository), versions 2 and 3.
//!
//! Magic, version, counts; then the key-value pairs; then each tensor's name, shape, type and place; then, aligned, the
//! tensors themselves, one after the other in that order.

mod metadata;
pub(super) mod split;

use std::collections::BTreeMap;

pub(super) use metadata::Given;
pub use metadata::{Metadata, Strings};

use super::cursor::Cursor;
use super::error::{Count, Fault, Item, Problem};
use crate::lm::checkpoint::{Bytes, Checkpoint, Dtype, Header, Tensor};

/// The four bytes a GGUF file begins with.
pub(super) const MAGIC: &[u8] = b"GGUF";
/// Magic, version and the two counts.
pub(super) const HEADER_BYTES: usize = 24;

const MOST_TENSORS: usize = 100_000;
const MOST_KEYS: usize = 65_536;
const MOST_NAME_BYTES: usize = 1024;
const MOST_DIMENSIONS: u64 = 4;
const MOST_ALONG_A_DIMENSION: u64 = 1 << 40;
const MOST_ALIGNMENT: u64 = 1 << 20;
const ALIGNMENT: u64 = 32;
/// Name length, one dimension, type and offset: what a tensor takes in the header at the least.
const LEAST_TENSOR_BYTES: usize = 8 + 4 + 8 + 4 + 8;
/// Key length, type, one byte.
const LEAST_PAIR_BYTES: usize = 8 + 4 + 1;

struct Info {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    offset: u64,
    bytes: u64,
    at: usize,
}

/// Reads the header of a GGUF file and checks every place it names.
pub(super) fn read(bytes: &Bytes) -> Result<Checkpoint, Fault> {
    let mut cursor = Cursor::new(bytes);
    cursor.take(MAGIC.len())?;
    let version = cursor.u32()?;
    if version.swap_bytes() == 2 || version.swap_bytes() == 3 {
        return Err(Problem::BigEndian.at(MAGIC.len()));
    }
    if version != 2 && version != 3 {
        return Err(Problem::Version { found: version }.at(MAGIC.len()));
    }
    let tensors = cursor.count(Count::Tensors, LEAST_TENSOR_BYTES, MOST_TENSORS)?;
    let pairs = cursor.count(Count::Keys, LEAST_PAIR_BYTES, MOST_KEYS)?;
    let metadata = metadata::read(&mut cursor, bytes, pairs)?;
    let alignment = alignment(&metadata)?;

    let mut infos: Vec<Info> = Vec::with_capacity(tensors);
    for _ in 0..tensors {
        infos.push(tensor_info(&mut cursor)?);
    }
    let start = padded(cursor.at() as u64, alignment)
        .ok_or_else(|| Problem::Alignment { found: Some(alignment) }.at(cursor.at()))?;

    let mut placed = BTreeMap::new();
    let mut due = 0_u64;
    for info in infos {
        if info.offset != due {
            return Err(Problem::Place { tensor: info.name, expected: due, found: info.offset }.at(info.at));
        }
        let end = due.checked_add(info.bytes);
        let Some(next) = end.and_then(|end| padded(end, alignment)) else {
            return Err(Problem::TooLarge { tensor: info.name }.at(info.at));
        };
        let last = start.checked_add(due + info.bytes);
        let range = last.and_then(|last| Some(usize::try_from(start + due).ok()?..usize::try_from(last).ok()?));
        let Some(range) = range else {
            return Err(Problem::TooLarge { tensor: info.name }.at(info.at));
        };
        let missing = (range.end as u64).saturating_sub(bytes.len() as u64);
        let Some(slice) = bytes.slice(range) else {
            return Err(Fault { byte: Some(bytes.len() as u64), problem: Problem::EndsEarly { missing } });
        };
        let tensor = Tensor { dtype: info.dtype, shape: info.shape, bytes: slice };
        if placed.insert(info.name.clone(), tensor).is_some() {
            return Err(Problem::Twice { item: Item::Tensor, name: info.name }.at(info.at));
        }
        due = next;
    }
    Ok(Checkpoint {
        header: Header::Gguf(metadata),
        tensors: placed,
        unread: BTreeMap::new(),
        files: Vec::new(),
        bytes: bytes.len() as u64,
    })
}

/// `value` rounded up to a multiple of `alignment`, which is a power of two.
fn padded(value: u64, alignment: u64) -> Option<u64> {
    value.checked_next_multiple_of(alignment)
}

fn alignment(metadata: &Metadata) -> Result<u64, Fault> {
    const KEY: &str = "general.alignment";
    if !metadata.contains(KEY) {
        return Ok(ALIGNMENT);
    }
    let found = metadata.u64(KEY).filter(|_| metadata.type_name(KEY) == Some("u32"));
    match found {
        Some(found) if found.is_power_of_two() && found <= MOST_ALIGNMENT => Ok(found),
        found => Err(Fault { byte: metadata.byte(KEY), problem: Problem::Alignment { found } }),
    }
}

fn tensor_info(cursor: &mut Cursor<'_>) -> Result<Info, Fault> {
    let at = cursor.at();
    let name = name(cursor, Item::Tensor)?;
    let dimensions_at = cursor.at();
    let dimensions = u64::from(cursor.u32()?);
    if dimensions > MOST_DIMENSIONS {
        return Err(
            Problem::TooMany { of: Count::Dimensions, found: dimensions, limit: MOST_DIMENSIONS }.at(dimensions_at)
        );
    }
    if dimensions == 0 {
        return Err(Problem::NoElements { tensor: name }.at(dimensions_at));
    }
    let mut shape = Vec::with_capacity(MOST_DIMENSIONS as usize);
    for _ in 0..dimensions {
        let size_at = cursor.at();
        let size = cursor.u64()?;
        if size == 0 {
            return Err(Problem::NoElements { tensor: name }.at(size_at));
        }
        if size > MOST_ALONG_A_DIMENSION {
            let problem = Problem::TooMany { of: Count::DimensionSize, found: size, limit: MOST_ALONG_A_DIMENSION };
            return Err(problem.at(size_at));
        }
        let Ok(size) = usize::try_from(size) else {
            return Err(Problem::TooLarge { tensor: name }.at(size_at));
        };
        shape.push(size);
    }
    let row = shape.first().copied().unwrap_or(1);
    // ggml writes the innermost dimension first, everyone else the outermost.
    shape.reverse();
    let type_at = cursor.at();
    let number = cursor.u32()?;
    let offset = cursor.u64()?;
    let dtype = match dtype(number) {
        Ok(dtype) => dtype,
        Err(found) => return Err(Problem::UnknownDtype { tensor: name, found }.at(type_at)),
    };
    let (block, block_bytes) = dtype.block();
    if row % block != 0 {
        return Err(Problem::PartialBlock { tensor: name, row, block }.at(type_at));
    }
    let elements = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    let bytes = elements.and_then(|elements| (elements / block).checked_mul(block_bytes));
    let Some(bytes) = bytes else {
        return Err(Problem::TooLarge { tensor: name }.at(at));
    };
    Ok(Info { name, dtype, shape, offset, bytes: bytes as u64, at })
}

/// A key or a tensor's name: a 64-bit length, then UTF-8.
fn name(cursor: &mut Cursor<'_>, item: Item) -> Result<String, Fault> {
    let at = cursor.at();
    let of = match item {
        Item::Key => Count::KeyBytes,
        Item::Tensor => Count::NameBytes,
    };
    let length = cursor.count(of, 1, MOST_NAME_BYTES)?;
    if length == 0 {
        return Err(Problem::NoName { item }.at(at));
    }
    let bytes = cursor.take(length)?;
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::NotUtf8 { item }.at(at))?;
    Ok(text.to_owned())
}

/// ggml's number of a tensor type; for one that is not read, its name.
fn dtype(number: u32) -> Result<Dtype, String> {
    const UNREAD: [(u32, &str); 19] = [
        (4, "Q4_2"),
        (5, "Q4_3"),
        (9, "Q8_1"),
        (15, "Q8_K"),
        (16, "IQ2_XXS"),
        (17, "IQ2_XS"),
        (18, "IQ3_XXS"),
        (19, "IQ1_S"),
        (21, "IQ3_S"),
        (22, "IQ2_S"),
        (24, "I8"),
        (25, "I16"),
        (26, "I32"),
        (27, "I64"),
        (28, "F64"),
        (29, "IQ1_M"),
        (34, "TQ1_0"),
        (35, "TQ2_0"),
        (39, "MXFP4"),
    ];
    Ok(match number {
        0 => Dtype::F32,
        1 => Dtype::F16,
        2 => Dtype::Q4_0,
        3 => Dtype::Q4_1,
        6 => Dtype::Q5_0,
        7 => Dtype::Q5_1,
        8 => Dtype::Q8_0,
        10 => Dtype::Q2K,
        11 => Dtype::Q3K,
        12 => Dtype::Q4K,
        13 => Dtype::Q5K,
        14 => Dtype::Q6K,
        20 => Dtype::Iq4Nl,
        23 => Dtype::Iq4Xs,
        30 => Dtype::BF16,
        other => {
            let known = UNREAD.iter().find(|(number, _)| *number == other);
            return Err(known.map_or_else(|| other.to_string(), |(_, name)| (*name).to_owned()));
        }
    })
}
