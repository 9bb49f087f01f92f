//! GGUF's key-value pairs. Values stay in the file; only where they are is kept.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::cursor::Cursor;
use super::super::error::{Count, Fault, Item, Problem};
use crate::lm::checkpoint::Bytes;

const MOST_TEXT_BYTES: usize = 16 << 20;
const MOST_ELEMENTS: usize = 16 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scalar {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    U64,
    I64,
    F64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Scalar(Scalar),
    Text,
}

#[derive(Clone, Debug)]
struct Entry {
    element: Element,
    /// `None` for a single value.
    count: Option<usize>,
    /// Where the value's bytes are in the file; for a text, without its length.
    range: Range<usize>,
}

/// What a GGUF file says of its model: typed values by key. An accessor gives `None` where the key is absent or has
/// another type.
#[derive(Clone, Debug)]
pub struct Metadata {
    file: Bytes,
    entries: BTreeMap<String, Entry>,
}

/// A value for [`Metadata::given`].
#[derive(Clone, Copy, Debug)]
pub(in crate::lm::load) enum Given {
    Count(u32),
    Number(f32),
    Text(&'static str),
}

impl Metadata {
    /// Metadata for a format that says the same in its own way.
    pub(in crate::lm::load) fn given(pairs: impl IntoIterator<Item = (&'static str, Given)>) -> Self {
        let (mut file, mut entries) = (Vec::new(), BTreeMap::new());
        for (key, value) in pairs {
            let start = file.len();
            let element = match value {
                Given::Count(count) => {
                    file.extend(count.to_le_bytes());
                    Element::Scalar(Scalar::U32)
                }
                Given::Number(number) => {
                    file.extend(number.to_le_bytes());
                    Element::Scalar(Scalar::F32)
                }
                Given::Text(text) => {
                    file.extend(text.as_bytes());
                    Element::Text
                }
            };
            entries.insert(key.to_owned(), Entry { element, count: None, range: start..file.len() });
        }
        Self { file: Bytes::from(file), entries }
    }

    /// Every key, in alphabetical order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Whether the file has the key.
    pub fn contains(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The stored type: `u32`, `string`, `f32 array`.
    pub fn type_name(&self, key: &str) -> Option<&'static str> {
        let entry = self.entries.get(key)?;
        Some(match (entry.element, entry.count.is_some()) {
            (Element::Text, false) => "string",
            (Element::Text, true) => "string array",
            (Element::Scalar(scalar), false) => scalar.name(),
            (Element::Scalar(scalar), true) => scalar.array_name(),
        })
    }

    /// How many elements an array has.
    pub fn array_len(&self, key: &str) -> Option<usize> {
        self.entries.get(key)?.count
    }

    /// A whole number of any width that is not negative.
    pub fn u64(&self, key: &str) -> Option<u64> {
        let (scalar, bytes) = self.single(key)?;
        u64::try_from(scalar.integer(bytes)?).ok()
    }

    /// A float of either width.
    pub fn f32(&self, key: &str) -> Option<f32> {
        let (scalar, bytes) = self.single(key)?;
        scalar.float(bytes)
    }

    /// A boolean.
    pub fn bool(&self, key: &str) -> Option<bool> {
        match self.single(key)? {
            (Scalar::Bool, [byte]) => Some(*byte != 0),
            _ => None,
        }
    }

    /// A text that is valid UTF-8.
    pub fn str(&self, key: &str) -> Option<&str> {
        std::str::from_utf8(self.text(key)?).ok()
    }

    /// A text as the bytes it is stored as.
    pub fn text(&self, key: &str) -> Option<&[u8]> {
        match self.entries.get(key)? {
            Entry { element: Element::Text, count: None, range } => self.file.get(range.clone()),
            _ => None,
        }
    }

    /// An array of texts, read as it is walked.
    pub fn strings(&self, key: &str) -> Option<Strings<'_>> {
        match self.entries.get(key)? {
            Entry { element: Element::Text, count: Some(count), range } => {
                Some(Strings { rest: self.file.get(range.clone())?, left: *count })
            }
            _ => None,
        }
    }

    /// An array of floats of either width.
    pub fn f32s(&self, key: &str) -> Option<Vec<f32>> {
        self.array(key, Scalar::float)
    }

    /// An array of whole numbers that fit 32 bits with a sign.
    pub fn i32s(&self, key: &str) -> Option<Vec<i32>> {
        self.array(key, |scalar, bytes| i32::try_from(scalar.integer(bytes)?).ok())
    }

    /// An array of whole numbers that are not negative.
    pub fn u64s(&self, key: &str) -> Option<Vec<u64>> {
        self.array(key, |scalar, bytes| u64::try_from(scalar.integer(bytes)?).ok())
    }

    /// An array of booleans.
    pub fn bools(&self, key: &str) -> Option<Vec<bool>> {
        self.array(key, |scalar, bytes| match (scalar, bytes) {
            (Scalar::Bool, [byte]) => Some(*byte != 0),
            _ => None,
        })
    }

    /// The byte of the file where the key's value starts.
    pub(super) fn byte(&self, key: &str) -> Option<u64> {
        Some(self.entries.get(key)?.range.start as u64)
    }

    fn single(&self, key: &str) -> Option<(Scalar, &[u8])> {
        match self.entries.get(key)? {
            Entry { element: Element::Scalar(scalar), count: None, range } => {
                Some((*scalar, self.file.get(range.clone())?))
            }
            _ => None,
        }
    }

    fn array<T>(&self, key: &str, read: impl Fn(Scalar, &[u8]) -> Option<T>) -> Option<Vec<T>> {
        match self.entries.get(key)? {
            Entry { element: Element::Scalar(scalar), count: Some(_), range } => {
                self.file.get(range.clone())?.chunks_exact(scalar.size()).map(|bytes| read(*scalar, bytes)).collect()
            }
            _ => None,
        }
    }
}

/// The texts of an array, as the bytes the file has: they should be UTF-8, and nothing forces them to be.
#[derive(Clone, Debug)]
pub struct Strings<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Iterator for Strings<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.left = self.left.checked_sub(1)?;
        let (length, rest) = self.rest.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        self.rest = rest;
        Some(text)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Strings<'_> {}

impl Scalar {
    const fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::F32 => "f32",
            Self::Bool => "bool",
            Self::U64 => "u64",
            Self::I64 => "i64",
            Self::F64 => "f64",
        }
    }

    const fn array_name(self) -> &'static str {
        match self {
            Self::U8 => "u8 array",
            Self::I8 => "i8 array",
            Self::U16 => "u16 array",
            Self::I16 => "i16 array",
            Self::U32 => "u32 array",
            Self::I32 => "i32 array",
            Self::F32 => "f32 array",
            Self::Bool => "bool array",
            Self::U64 => "u64 array",
            Self::I64 => "i64 array",
            Self::F64 => "f64 array",
        }
    }

    fn integer(self, bytes: &[u8]) -> Option<i128> {
        Some(match self {
            Self::U8 => i128::from(u8::from_le_bytes(bytes.try_into().ok()?)),
            Self::I8 => i128::from(i8::from_le_bytes(bytes.try_into().ok()?)),
            Self::U16 => i128::from(u16::from_le_bytes(bytes.try_into().ok()?)),
            Self::I16 => i128::from(i16::from_le_bytes(bytes.try_into().ok()?)),
            Self::U32 => i128::from(u32::from_le_bytes(bytes.try_into().ok()?)),
            Self::I32 => i128::from(i32::from_le_bytes(bytes.try_into().ok()?)),
            Self::U64 => i128::from(u64::from_le_bytes(bytes.try_into().ok()?)),
            Self::I64 => i128::from(i64::from_le_bytes(bytes.try_into().ok()?)),
            Self::F32 | Self::F64 | Self::Bool => return None,
        })
    }

    fn float(self, bytes: &[u8]) -> Option<f32> {
        match self {
            Self::F32 => Some(f32::from_le_bytes(bytes.try_into().ok()?)),
            Self::F64 => Some(f64::from_le_bytes(bytes.try_into().ok()?) as f32),
            _ => None,
        }
    }
}

/// Reads `pairs` key-value pairs at the cursor, which stands in `file`.
pub(super) fn read(cursor: &mut Cursor<'_>, file: &Bytes, pairs: usize) -> Result<Metadata, Fault> {
    let mut entries = BTreeMap::new();
    for _ in 0..pairs {
        let at = cursor.at();
        let key = super::name(cursor, Item::Key)?;
        let entry = entry(cursor, &key)?;
        if entries.insert(key.clone(), entry).is_some() {
            return Err(Problem::Twice { item: Item::Key, name: key }.at(at));
        }
    }
    Ok(Metadata { file: file.clone(), entries })
}

fn entry(cursor: &mut Cursor<'_>, key: &str) -> Result<Entry, Fault> {
    const ARRAY: u32 = 9;
    let type_at = cursor.at();
    let number = cursor.u32()?;
    if number != ARRAY {
        let element = element(number, key, type_at)?;
        let range = value(cursor, element, key)?;
        return Ok(Entry { element, count: None, range });
    }
    let type_at = cursor.at();
    let number = cursor.u32()?;
    if number == ARRAY {
        return Err(Problem::Nested { key: key.to_owned() }.at(type_at));
    }
    let element = element(number, key, type_at)?;
    let least = match element {
        Element::Scalar(scalar) => scalar.size(),
        Element::Text => size_of::<u64>(),
    };
    let count = cursor.count(Count::ArrayElements, least, MOST_ELEMENTS)?;
    let start = cursor.at();
    match element {
        Element::Scalar(scalar) => {
            let bytes = cursor.take(count * scalar.size())?;
            if scalar == Scalar::Bool
                && let Some((index, found)) = bytes.iter().enumerate().find(|(_, byte)| **byte > 1)
            {
                return Err(Problem::NotBool { key: key.to_owned(), found: *found }.at(start + index));
            }
        }
        Element::Text => {
            for _ in 0..count {
                value(cursor, element, key)?;
            }
        }
    }
    Ok(Entry { element, count: Some(count), range: start..cursor.at() })
}

fn element(number: u32, key: &str, at: usize) -> Result<Element, Fault> {
    Ok(Element::Scalar(match number {
        0 => Scalar::U8,
        1 => Scalar::I8,
        2 => Scalar::U16,
        3 => Scalar::I16,
        4 => Scalar::U32,
        5 => Scalar::I32,
        6 => Scalar::F32,
        7 => Scalar::Bool,
        8 => return Ok(Element::Text),
        10 => Scalar::U64,
        11 => Scalar::I64,
        12 => Scalar::F64,
        found => return Err(Problem::UnknownValueType { key: key.to_owned(), found }.at(at)),
    }))
}

fn value(cursor: &mut Cursor<'_>, element: Element, key: &str) -> Result<Range<usize>, Fault> {
    let length = match element {
        Element::Text => cursor.count(Count::TextBytes, 1, MOST_TEXT_BYTES)?,
        Element::Scalar(scalar) => scalar.size(),
    };
    let start = cursor.at();
    let bytes = cursor.take(length)?;
    match (element, bytes) {
        (Element::Scalar(Scalar::Bool), [found]) if *found > 1 => {
            Err(Problem::NotBool { key: key.to_owned(), found: *found }.at(start))
        }
        _ => Ok(start..cursor.at()),
    }
}
