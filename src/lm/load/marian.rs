//! Marian's own format (its `src/common/binary.cpp`): version 1, the number of items, four words of each (the length of its
//! name, its type, its dimensions, its bytes), the names, the dimensions, the items. One of them is the settings, as YAML.
//!
//! Matrices of 8-bit whole numbers (`intgemm8`) stand `[out, in]` whatever their dimensions say, and one float behind them:
//! what the weights were multiplied by before they were rounded. The embedding alone stands as its dimensions say. Items named
//! `…_QuantMultA` are what Marian multiplies activations by to round these too; activations are float32 here, and do not need
//! them.

mod settings;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::contents::Contents;
use super::cursor::Cursor;
use super::error::{Count, Fault, Item, Problem};
use crate::lm::checkpoint::{Bytes, Checkpoint, Dtype, Header, Tensor, Unread};

/// The version, and all that a file begins with.
const VERSION: u64 = 1;
const SETTINGS: &str = "special:model.yml";
/// Items that hold something else than weights.
const SPECIAL: &str = "special:";
const ACTIVATIONS: &str = "_QuantMultA";
const EMBEDDING: &str = "Wemb";
const MOST_ITEMS: usize = 100_000;
const MOST_NAME_BYTES: usize = 1024;
const MOST_DIMENSIONS: usize = 8;
const MOST_SETTINGS_BYTES: usize = 1 << 20;
/// The words of a header.
const HEADER_BYTES: usize = 32;
/// Items may be padded to a multiple of this.
const ALIGNMENT: usize = 256;

/// `Type` of Marian's `src/common/types.h`: a class, and the bytes of a number.
const FLOAT32: u64 = 0x404;
const FLOAT16: u64 = 0x402;
const INT8: u64 = 0x101;
const INTGEMM8: u64 = 0x4101;
const INTGEMM16: u64 = 0x4102;

/// One item, as the header has it.
struct Entry {
    name: String,
    kind: u64,
    shape: Vec<usize>,
    bytes: usize,
    /// Where its header stands.
    at: usize,
}

/// Whether a file begins with the version. Nothing else that is read does: no size of a llama2.c checkpoint is 0.
pub(super) fn recognised(bytes: &[u8]) -> bool {
    bytes.starts_with(&VERSION.to_le_bytes())
}

/// The first file of a folder, by name, that begins with the version; a folder may hold other `.bin` files beside it.
pub(super) fn in_folder(folder: &Path) -> Option<PathBuf> {
    let begins = |path: &Path| {
        let mut first = [0; 8];
        File::open(path).is_ok_and(|mut file| file.read_exact(&mut first).is_ok()) && recognised(&first)
    };
    let named = |path: &Path| path.extension().is_some_and(|suffix| suffix == "bin") && path.is_file();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.into_iter().find(|path| named(path) && begins(path))
}

/// Reads the headers and the settings, and finds every tensor.
pub(super) fn read(bytes: &Bytes) -> Result<Checkpoint, Fault> {
    let mut cursor = Cursor::new(bytes);
    cursor.u64()?;
    let entries = entries(&mut cursor)?;
    let padding = cursor.count(Count::HeaderBytes, 1, bytes.len())?;
    cursor.take(padding)?;
    let mut said = None;
    let mut found = Contents::default();
    for entry in entries {
        let start = cursor.at();
        let item = cursor.take(entry.bytes)?;
        if entry.name == SETTINGS {
            let text = item.get(..item.len().min(MOST_SETTINGS_BYTES)).unwrap_or_default();
            said = Some(settings::parse(text, start)?);
        } else if !entry.name.starts_with(SPECIAL) && !entry.name.ends_with(ACTIVATIONS) {
            put(&mut found, bytes, entry, start)?;
        }
    }
    let settings = said.ok_or(Problem::NoSettings.at(0))?;
    if cursor.remaining() > 0 {
        return Err(Problem::GoesOn { extra: cursor.remaining() as u64 }.at(cursor.at()));
    }
    let Contents { tensors, unread } = found;
    Ok(Checkpoint { header: Header::Marian(settings), tensors, unread, files: Vec::new(), bytes: bytes.len() as u64 })
}

fn entries(cursor: &mut Cursor<'_>) -> Result<Vec<Entry>, Fault> {
    let count = cursor.count(Count::Tensors, HEADER_BYTES, MOST_ITEMS)?;
    let mut headers = Vec::with_capacity(count);
    for _ in 0..count {
        let at = cursor.at();
        let mut word = || cursor.u64();
        headers.push((at, word()?, word()?, word()?, word()?));
    }
    let mut names = Vec::with_capacity(count);
    let mut seen = BTreeSet::new();
    for &(at, length, ..) in &headers {
        let start = cursor.at();
        let limited = usize::try_from(length).ok().filter(|length| *length <= MOST_NAME_BYTES);
        let limit = MOST_NAME_BYTES as u64;
        let length = limited.ok_or(Problem::TooMany { of: Count::NameBytes, found: length, limit }.at(at))?;
        let name = cursor.take(length)?;
        let name = name.strip_suffix(b"\0").unwrap_or(name);
        let name = std::str::from_utf8(name).map_err(|_| Problem::NotUtf8 { item: Item::Tensor }.at(start))?;
        if name.is_empty() {
            return Err(Problem::NoName { item: Item::Tensor }.at(start));
        }
        if !seen.insert(name.to_owned()) {
            return Err(Problem::Twice { item: Item::Tensor, name: name.to_owned() }.at(start));
        }
        names.push(name.to_owned());
    }
    let mut entries = Vec::with_capacity(count);
    for (name, (at, _, kind, dimensions, bytes)) in names.into_iter().zip(headers) {
        let (found, limit) = (dimensions, MOST_DIMENSIONS as u64);
        if found > limit {
            return Err(Problem::TooMany { of: Count::Dimensions, found, limit }.at(at));
        }
        let mut shape = Vec::with_capacity(MOST_DIMENSIONS);
        for _ in 0..dimensions {
            let size = cursor.u32()?.cast_signed();
            shape.push(usize::try_from(size).unwrap_or(0));
        }
        let bytes = usize::try_from(bytes).map_err(|_| Problem::TooLarge { tensor: name.clone() }.at(at))?;
        entries.push(Entry { name, kind, shape, bytes, at });
    }
    Ok(entries)
}

/// Puts an item among the tensors.
fn put(found: &mut Contents, bytes: &Bytes, entry: Entry, start: usize) -> Result<(), Fault> {
    let Entry { name, kind, mut shape, bytes: size, at } = entry;
    let tensor = || name.clone();
    if shape.is_empty() || shape.contains(&0) {
        return Err(Problem::NoElements { tensor: tensor() }.at(at));
    }
    let elements = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    let too_large = || Problem::TooLarge { tensor: name.clone() }.at(at);
    let elements = elements.ok_or_else(too_large)?;
    let (dtype, behind) = match kind {
        FLOAT32 => (Dtype::F32, 0),
        FLOAT16 => (Dtype::F16, 0),
        INTGEMM8 => (Dtype::Int8, size_of::<f32>()),
        _ => {
            let dtype = match kind {
                INT8 => "INT8".to_owned(),
                INTGEMM16 => "INT16".to_owned(),
                other => format!("0x{other:x}"),
            };
            found.unread.insert(name, Unread { dtype, shape, bytes: size as u64, weights: true });
            return Ok(());
        }
    };
    let numbers = elements.checked_mul(dtype.block().1).ok_or_else(too_large)?;
    let needed = numbers.checked_add(behind).ok_or_else(too_large)?;
    if size < needed || size - needed >= ALIGNMENT {
        let (expected, found) = (needed as u64, size as u64);
        return Err(Problem::Size { tensor: tensor(), expected, found }.at(at));
    }
    let part = |from: usize, length: usize| bytes.slice(from..from + length).unwrap_or_else(|| Bytes::from(Vec::new()));
    let mut scale = 1.0;
    if dtype == Dtype::Int8 {
        let mut four = [0; 4];
        four.copy_from_slice(&part(start + numbers, behind));
        let multiplier = f32::from_le_bytes(four);
        if !(multiplier.is_normal() && multiplier > 0.0) {
            let found = multiplier.to_string();
            return Err(Problem::Multiplier { tensor: tensor(), found }.at(start + numbers));
        }
        scale = 1.0 / multiplier;
        if !name.contains(EMBEDDING) {
            shape.reverse();
        }
    }
    let tensor = Tensor { dtype, shape, bytes: part(start, numbers), scale };
    found.tensors.insert(name, tensor);
    Ok(())
}
