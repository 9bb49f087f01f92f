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
use crate::lm::checkpoint::{Bytes, Checkpoint, Dtype, Header, Tensor, Unread};

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
    stored: Stored,
    shape: Vec<usize>,
    offset: u64,
    /// `None` for a type of unknown size: the tensor goes on to the next.
    bytes: Option<u64>,
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

    let (mut tensors, mut unread) = (BTreeMap::new(), BTreeMap::new());
    let mut due = 0_u64;
    let mut infos = infos.into_iter().peekable();
    while let Some(info) = infos.next() {
        if info.offset != due {
            return Err(Problem::Place { tensor: info.name, expected: due, found: info.offset }.at(info.at));
        }
        let last = (bytes.len() as u64).saturating_sub(start);
        let next = infos.peek().map_or(last, |next| next.offset);
        let size = info.bytes.unwrap_or(next.saturating_sub(due));
        let end = due.checked_add(size);
        let Some(next) = end.and_then(|end| padded(end, alignment)) else {
            return Err(Problem::TooLarge { tensor: info.name }.at(info.at));
        };
        let last = start.checked_add(due + size);
        let range = last.and_then(|last| Some(usize::try_from(start + due).ok()?..usize::try_from(last).ok()?));
        let Some(range) = range else {
            return Err(Problem::TooLarge { tensor: info.name }.at(info.at));
        };
        let missing = (range.end as u64).saturating_sub(bytes.len() as u64);
        let Some(slice) = bytes.slice(range) else {
            return Err(Fault { byte: Some(bytes.len() as u64), problem: Problem::EndsEarly { missing } });
        };
        let (name, shape) = (info.name.clone(), info.shape);
        let twice = match info.stored {
            Stored::Read(dtype) => tensors.insert(name, Tensor { dtype, shape, bytes: slice, scale: 1.0 }).is_some(),
            Stored::Unread(other) => {
                let tensor = Unread { dtype: other.name(), shape, bytes: size, weights: other.weights };
                unread.insert(name, tensor).is_some()
            }
        };
        if twice || tensors.contains_key(&info.name) && unread.contains_key(&info.name) {
            return Err(Problem::Twice { item: Item::Tensor, name: info.name }.at(info.at));
        }
        due = next;
    }
    Ok(Checkpoint { header: Header::Gguf(metadata), tensors, unread, files: Vec::new(), bytes: bytes.len() as u64 })
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
    let stored = stored(cursor.u32()?);
    let offset = cursor.u64()?;
    let elements = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    let Some(elements) = elements else { return Err(Problem::TooLarge { tensor: name }.at(at)) };
    let Some((block, block_bytes)) = stored.block() else {
        return Ok(Info { name, stored, shape, offset, bytes: None, at });
    };
    if row % block != 0 {
        return Err(Problem::PartialBlock { tensor: name, row, block }.at(type_at));
    }
    let Some(bytes) = (elements / block).checked_mul(block_bytes) else {
        return Err(Problem::TooLarge { tensor: name }.at(at));
    };
    Ok(Info { name, stored, shape, offset, bytes: Some(bytes as u64), at })
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

/// How a tensor is stored: in a type that is computed with, or another.
enum Stored {
    Read(Dtype),
    Unread(Other),
}

/// A type that is not computed with.
#[derive(Clone, Copy)]
struct Other {
    number: u32,
    /// Empty for one that is not known.
    name: &'static str,
    /// Numbers and bytes of a block, where they are known.
    block: Option<(usize, usize)>,
    /// Whether weights are stored in it.
    weights: bool,
}

const OTHERS: [Other; 10] = [
    Other { number: 4, name: "Q4_2", block: None, weights: true },
    Other { number: 5, name: "Q4_3", block: None, weights: true },
    Other { number: 9, name: "Q8_1", block: Some((32, 36)), weights: true },
    Other { number: 15, name: "Q8_K", block: Some((256, 292)), weights: true },
    Other { number: 24, name: "I8", block: Some((1, 1)), weights: false },
    Other { number: 25, name: "I16", block: Some((1, 2)), weights: false },
    Other { number: 26, name: "I32", block: Some((1, 4)), weights: false },
    Other { number: 27, name: "I64", block: Some((1, 8)), weights: false },
    Other { number: 28, name: "F64", block: Some((1, 8)), weights: true },
    Other { number: 40, name: "NVFP4", block: Some((64, 36)), weights: true },
];

impl Other {
    fn name(self) -> String {
        if self.name.is_empty() { self.number.to_string() } else { self.name.to_owned() }
    }
}

impl Stored {
    fn block(&self) -> Option<(usize, usize)> {
        match self {
            Self::Read(dtype) => Some(dtype.block()),
            Self::Unread(other) => other.block,
        }
    }
}

/// The type that has this number in ggml.
fn stored(number: u32) -> Stored {
    Stored::Read(match number {
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
        16 => Dtype::Iq2Xxs,
        17 => Dtype::Iq2Xs,
        18 => Dtype::Iq3Xxs,
        19 => Dtype::Iq1S,
        20 => Dtype::Iq4Nl,
        21 => Dtype::Iq3S,
        22 => Dtype::Iq2S,
        23 => Dtype::Iq4Xs,
        29 => Dtype::Iq1M,
        30 => Dtype::BF16,
        34 => Dtype::Tq1_0,
        35 => Dtype::Tq2_0,
        39 => Dtype::Mxfp4,
        number => {
            let unknown = Other { number, name: "", block: None, weights: true };
            return Stored::Unread(OTHERS.into_iter().find(|other| other.number == number).unwrap_or(unknown));
        }
    })
}
