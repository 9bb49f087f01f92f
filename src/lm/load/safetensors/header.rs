//! The JSON header, read in one pass that refuses what the format forbids.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::error::{Count, Fault, Item, Problem};
use super::{LENGTH_BYTES, MOST_DIMENSIONS, MOST_NAME_BYTES, MOST_TENSORS, MOST_TEXTS};

/// A tensor as the header describes it; `start` and `end` count from the end of the header.
pub(super) struct Stored {
    pub(super) name: String,
    pub(super) dtype: String,
    pub(super) shape: Vec<u64>,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// Reads the header; its tensors in the order of the file.
pub(super) fn parse(json: &[u8]) -> Result<Vec<Stored>, Fault> {
    if let Err(error) = std::str::from_utf8(json) {
        let problem = Problem::Json { reason: "the header is not UTF-8".to_owned() };
        return Err(problem.at(LENGTH_BYTES + error.valid_up_to()));
    }
    if json.first() != Some(&b'{') {
        return Err(Problem::Json { reason: "the header does not begin with {".to_owned() }.at(LENGTH_BYTES));
    }
    let problem = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(json);
    let read = Header { problem: &problem }.deserialize(&mut reader).and_then(|stored| {
        reader.end()?;
        Ok(stored)
    });
    read.map_err(|error| {
        let byte = LENGTH_BYTES + offset(json, error.line(), error.column());
        problem.take().unwrap_or(Problem::Json { reason: error.to_string() }).at(byte)
    })
}

/// The byte of a line and column, both counted from one.
fn offset(json: &[u8], line: usize, column: usize) -> usize {
    let starts = json.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let start = line.checked_sub(2).and_then(|skip| starts.clone().nth(skip)).unwrap_or(0);
    (start + column.saturating_sub(1)).min(json.len())
}

type Slot<'a> = &'a RefCell<Option<Problem>>;

/// Ends the reading with a problem of ours, kept aside because the reader's own error is only text.
fn refuse<E: Error>(slot: Slot<'_>, problem: Problem) -> E {
    slot.replace(Some(problem));
    E::custom("refused")
}

struct Header<'a> {
    problem: Slot<'a>,
}

impl<'de> DeserializeSeed<'de> for Header<'_> {
    type Value = Vec<Stored>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Header<'_> {
    type Value = Vec<Stored>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a tensor for each name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut stored = Vec::new();
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if name.is_empty() {
                return Err(refuse(self.problem, Problem::NoName { item: Item::Tensor }));
            }
            if name.len() > MOST_NAME_BYTES {
                let (found, limit) = (name.len() as u64, MOST_NAME_BYTES as u64);
                return Err(refuse(self.problem, Problem::TooMany { of: Count::NameBytes, found, limit }));
            }
            let item = if name == "__metadata__" { Item::Key } else { Item::Tensor };
            if !names.insert(name.clone()) {
                return Err(refuse(self.problem, Problem::Twice { item, name }));
            }
            if item == Item::Key {
                map.next_value_seed(Texts { problem: self.problem })?;
                continue;
            }
            if stored.len() == MOST_TENSORS {
                let limit = MOST_TENSORS as u64;
                let problem = Problem::TooMany { of: Count::Tensors, found: limit + 1, limit };
                return Err(refuse(self.problem, problem));
            }
            stored.push(map.next_value_seed(Entry { name, problem: self.problem })?);
        }
        Ok(stored)
    }
}

/// `__metadata__`: texts by name, of no use here but checked.
struct Texts<'a> {
    problem: Slot<'a>,
}

impl<'de> DeserializeSeed<'de> for Texts<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some((name, _)) = map.next_entry::<String, String>()? {
            if names.len() == MOST_TEXTS {
                let limit = MOST_TEXTS as u64;
                return Err(refuse(self.problem, Problem::TooMany { of: Count::Keys, found: limit + 1, limit }));
            }
            if !names.insert(name.clone()) {
                return Err(refuse(self.problem, Problem::Twice { item: Item::Key, name }));
            }
        }
        Ok(())
    }
}

/// One tensor: dtype, shape, `data_offsets`.
struct Entry<'a> {
    name: String,
    problem: Slot<'a>,
}

impl<'de> DeserializeSeed<'de> for Entry<'_> {
    type Value = Stored;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Stored, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_> {
    type Value = Stored;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with dtype, shape and data_offsets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Stored, A::Error> {
        let (mut dtype, mut shape, mut offsets) = (None, None, None);
        while let Some(field) = map.next_key::<String>()? {
            let twice = match field.as_str() {
                "dtype" => dtype.replace(map.next_value::<String>()?).is_some(),
                "shape" => shape.replace(map.next_value_seed(Sizes { problem: self.problem })?).is_some(),
                "data_offsets" => offsets.replace(map.next_value::<(u64, u64)>()?).is_some(),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    return Err(A::Error::custom(format_args!("unknown field {field}")));
                }
            };
            if twice {
                return Err(refuse(self.problem, Problem::Twice { item: Item::Key, name: field }));
            }
        }
        let dtype = dtype.ok_or_else(|| A::Error::missing_field("dtype"))?;
        let shape = shape.ok_or_else(|| A::Error::missing_field("shape"))?;
        let (start, end) = offsets.ok_or_else(|| A::Error::missing_field("data_offsets"))?;
        Ok(Stored { name: self.name, dtype, shape, start, end })
    }
}

/// A shape, refused as soon as it is too long.
struct Sizes<'a> {
    problem: Slot<'a>,
}

impl<'de> DeserializeSeed<'de> for Sizes<'_> {
    type Value = Vec<u64>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Vec<u64>, D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Sizes<'_> {
    type Value = Vec<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of sizes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<u64>, A::Error> {
        let mut sizes = Vec::new();
        while let Some(size) = sequence.next_element::<u64>()? {
            if sizes.len() == MOST_DIMENSIONS {
                let limit = MOST_DIMENSIONS as u64;
                let problem = Problem::TooMany { of: Count::Dimensions, found: limit + 1, limit };
                return Err(refuse(self.problem, problem));
            }
            sizes.push(size);
        }
        Ok(sizes)
    }
}
