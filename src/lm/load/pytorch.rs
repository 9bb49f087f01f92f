//! `PyTorch`'s `torch.save` of a state dict, in the two forms that there are: a ZIP archive (since 1.6) and a row of
//! pickles with the storages behind them (before). Both are described by `torch/serialization.py`.
//!
//! Nothing in the file is executed: see [`pickle`].

mod pickle;
mod zip;

use std::collections::BTreeMap;
use std::ops::Range;

use super::contents::Contents;
use super::cursor::Cursor;
use super::error::{Count, Fault, Item, Problem};
use crate::lm::checkpoint::{Bytes, Tensor, Unread};
use pickle::{Object, Pickle, Storage, Value, View};

/// What the older form begins with: a pickle of the number 0x1950a86a20f9469cfc6c.
const LEGACY: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
const ZIP: &[u8] = b"PK\x03\x04";
const PICKLE: &str = "/data.pkl";
const MOST_PICKLE_BYTES: usize = 32 << 20;
const MOST_TENSORS: usize = 100_000;
const MOST_DIMENSIONS: usize = 8;
const MOST_NAME_BYTES: usize = 1024;

/// Whether the bytes are one of the two forms; another archive is not.
pub(super) fn recognised(bytes: &[u8]) -> bool {
    // The pickle is the first entry that torch writes: its name stands in the first header.
    let first = bytes.get(30..bytes.len().min(1024)).unwrap_or_default();
    let pickled = first.windows(PICKLE.len()).any(|name| name == PICKLE.as_bytes());
    bytes.starts_with(LEGACY) || bytes.starts_with(ZIP) && pickled
}

/// Reads the names, shapes and places of all tensors.
pub(super) fn read(bytes: &Bytes) -> Result<Contents, Fault> {
    if bytes.starts_with(ZIP) { archive(bytes) } else { legacy(bytes) }
}

/// An archive: `NAME/data.pkl`, and each storage in a file `NAME/data/KEY`.
fn archive(bytes: &Bytes) -> Result<Contents, Fault> {
    let entries = zip::entries(bytes)?;
    let missing = || Problem::NotInArchive { name: PICKLE[1..].to_owned() }.at(0);
    let (name, range) = entries.iter().find(|(name, _)| name.ends_with(PICKLE)).ok_or_else(missing)?;
    let folder = name.strip_suffix(PICKLE).unwrap_or_default();
    if let Some(order) = entries.get(format!("{folder}/byteorder").as_str())
        && bytes.get(order.clone()) != Some(b"little")
    {
        return Err(Problem::BigEndian.at(order.start));
    }
    let pickle = pickle::run(bytes, limited(range.clone())?)?;
    let prefix = format!("{folder}/data/");
    let places = entries.iter().filter_map(|(name, range)| Some((name.strip_prefix(&prefix)?, range.clone())));
    contents(bytes, &pickle, &places.collect())
}

/// The older form: four pickles (a number that marks it, a version, the writer's machine, the state dict), a pickle of
/// the storages' keys, then each storage: how many numbers it has, and these.
fn legacy(bytes: &Bytes) -> Result<Contents, Fault> {
    let next = |at: usize| pickle::run(bytes, at..bytes.len().min(at.saturating_add(MOST_PICKLE_BYTES)));
    let version = next(LEGACY.len())?;
    let machine = next(version.end)?;
    if machine.entries().any(|(key, value)| (key, value) == (Value::Text("little_endian"), Value::Bool(false))) {
        return Err(Problem::BigEndian.at(version.end));
    }
    let pickle = next(machine.end)?;
    let keys = next(pickle.end)?;
    let Value::Items(list) = keys.root else { return Err(Problem::NotAStateDict.at(pickle.end)) };

    let mut widths: BTreeMap<&str, usize> = BTreeMap::new();
    for object in &pickle.objects {
        if let Object::Storage(storage) = object {
            widths.insert(storage.key, storage.kind.width);
        }
    }
    let mut places = BTreeMap::new();
    let mut at = keys.end;
    for key in keys.items(list) {
        let Value::Text(key) = *key else { return Err(Problem::NotAStateDict.at(pickle.end)) };
        let width = *widths.get(key).ok_or_else(|| Problem::NotAStateDict.at(pickle.end))?;
        let mut cursor = Cursor::new(bytes);
        cursor.take(at)?;
        let length = cursor.count(Count::ArrayElements, width, usize::MAX)?;
        let range = cursor.at()..cursor.at() + length * width;
        at = range.end;
        places.insert(key, range);
    }
    if at < bytes.len() {
        return Err(Problem::GoesOn { extra: (bytes.len() - at) as u64 }.at(at));
    }
    contents(bytes, &pickle, &places)
}

fn limited(range: Range<usize>) -> Result<Range<usize>, Fault> {
    if range.len() > MOST_PICKLE_BYTES {
        let (found, limit) = (range.len() as u64, MOST_PICKLE_BYTES as u64);
        return Err(Problem::TooMany { of: Count::HeaderBytes, found, limit }.at(range.start));
    }
    Ok(range)
}

/// The tensors of a state dict, each a part of its storage; what else the dict holds is passed over.
fn contents(bytes: &Bytes, pickle: &Pickle<'_>, places: &BTreeMap<&str, Range<usize>>) -> Result<Contents, Fault> {
    let Value::Dict(_) = pickle.root else { return Err(Problem::NotAStateDict.at(pickle.end)) };
    let mut contents = Contents::default();
    // Views that are not whole rows are copied; together they may not take more than the file does.
    let mut room = bytes.len();
    for (key, value) in pickle.entries() {
        let (Value::Text(name), Value::Tensor(view)) = (key, value) else { continue };
        if name.is_empty() {
            return Err(Problem::NoName { item: Item::Tensor }.at(pickle.end));
        }
        if name.len() > MOST_NAME_BYTES {
            let (found, limit) = (name.len() as u64, MOST_NAME_BYTES as u64);
            return Err(Problem::TooMany { of: Count::NameBytes, found, limit }.at(pickle.end));
        }
        let tensor = || name.to_owned();
        let Some(Object::View(view)) = pickle.objects.get(view) else {
            return Err(Problem::NotAStateDict.at(pickle.end));
        };
        let Some(Object::Storage(storage)) = pickle.objects.get(view.storage) else {
            return Err(Problem::NotAStateDict.at(pickle.end));
        };
        let (sizes, strides) = (pickle.sizes(view.sizes), pickle.sizes(view.strides));
        let (Some(sizes), Some(strides)) = (sizes, strides) else {
            return Err(Problem::NotAStateDict.at(pickle.end));
        };
        if sizes.len() > MOST_DIMENSIONS {
            let (found, limit) = (sizes.len() as u64, MOST_DIMENSIONS as u64);
            return Err(Problem::TooMany { of: Count::Dimensions, found, limit }.at(pickle.end));
        }
        let Some(elements) = sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size)) else {
            return Err(Problem::TooLarge { tensor: tensor() }.at(pickle.end));
        };
        let size = elements.saturating_mul(storage.kind.width) as u64;
        if contents.tensors.len() + contents.unread.len() >= MOST_TENSORS {
            let (found, limit) = (MOST_TENSORS as u64 + 1, MOST_TENSORS as u64);
            return Err(Problem::TooMany { of: Count::Tensors, found, limit }.at(pickle.end));
        }
        let twice = match storage.kind.dtype {
            Ok(dtype) => {
                let place = places.get(storage.key).ok_or_else(|| {
                    let name = format!("data/{}", storage.key);
                    Problem::NotInArchive { name }.at(pickle.end)
                })?;
                let strided = Strided { storage, view, sizes: &sizes, strides: &strides, elements };
                let part = strided.part(bytes, place, &mut room);
                let part = part.ok_or_else(|| Problem::OutsideStorage { tensor: tensor() }.at(place.start))?;
                contents.tensors.insert(tensor(), Tensor { dtype, shape: sizes, bytes: part, scale: 1.0 }).is_some()
            }
            Err(kind) => {
                let unread =
                    Unread { dtype: kind.to_owned(), shape: sizes, bytes: size, weights: kind.starts_with('F') };
                contents.unread.insert(tensor(), unread).is_some()
            }
        };
        if twice {
            return Err(Problem::Twice { item: Item::Tensor, name: tensor() }.at(pickle.end));
        }
    }
    Ok(contents)
}

/// A tensor as steps through a storage.
struct Strided<'a> {
    storage: &'a Storage<'a>,
    view: &'a View,
    sizes: &'a [usize],
    strides: &'a [usize],
    elements: usize,
}

impl Strided<'_> {
    /// The tensor's numbers, its rows one after the other: a part of the file where they stand so there, a copy where
    /// they do not. `None` where it reaches outside the storage, or copies would take more than `room`.
    fn part(&self, bytes: &Bytes, place: &Range<usize>, room: &mut usize) -> Option<Bytes> {
        let Self { storage, view, sizes, strides, elements } = *self;
        let width = storage.kind.width;
        let start = storage.offset.checked_add(view.offset)?;
        if sizes.len() != strides.len() {
            return None;
        }
        if elements == 0 {
            return bytes.slice(place.start..place.start);
        }
        let steps = || sizes.iter().copied().zip(strides.iter().copied()).filter(|(size, _)| *size != 1);
        let last = steps().try_fold(start, |at, (size, stride)| (size - 1).checked_mul(stride)?.checked_add(at))?;
        let stored = storage.elements.checked_add(storage.offset)?.min(place.len() / width);
        if last >= stored {
            return None;
        }
        let mut due = 1_usize;
        let in_a_row = steps().rev().all(|(size, stride)| {
            let fits = stride == due;
            due = due.saturating_mul(size);
            fits
        });
        let from = place.start + start * width;
        if in_a_row {
            return bytes.slice(from..from + elements * width);
        }
        *room = room.checked_sub(elements.checked_mul(width)?)?;
        let steps: Vec<(usize, usize)> = steps().collect();
        let mut gathered = Vec::with_capacity(elements * width);
        let mut index = vec![0; steps.len()];
        let mut at = start;
        for _ in 0..elements {
            gathered.extend(bytes.get(place.start + at * width..)?.get(..width)?);
            for ((index, &(size, stride)), _) in index.iter_mut().zip(&steps).rev().zip(0..steps.len()) {
                *index += 1;
                at += stride;
                if *index < size {
                    break;
                }
                at -= size * stride;
                *index = 0;
            }
        }
        Some(Bytes::from(gathered))
    }
}
