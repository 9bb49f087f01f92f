//! Settings of a model's header, read with their checks.

use serde_json::Value;

use super::{
    checkpoint::{Checkpoint, Header},
    error::ModelError,
};

/// Reads settings by key from either kind of header.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) checkpoint: &'a Checkpoint,
}

/// The most that a size may be: far above any model, far below overflow when two are multiplied.
const GREATEST_SIZE: u64 = 1 << 31;

impl<'a> Reader<'a> {
    /// The value under a path of keys joined by dots; null counts as absent.
    pub(crate) fn value(self, key: &str) -> Option<&'a Value> {
        let (Header::HuggingFace(map) | Header::Marian(map)) = &self.checkpoint.header else { return None };
        let mut parts = key.split('.');
        let mut value = map.get(parts.next()?)?;
        for part in parts {
            value = value.get(part)?;
        }
        (!value.is_null()).then_some(value)
    }

    /// The value as an integer and as the header writes it.
    fn integer(self, key: &str) -> Option<(Option<u64>, String)> {
        match &self.checkpoint.header {
            Header::Gguf(metadata) if metadata.contains(key) => {
                let integer = metadata.u64(key);
                Some((integer, integer.map_or_else(|| "not a count".into(), |integer| integer.to_string())))
            }
            Header::Gguf(_) => None,
            Header::HuggingFace(_) | Header::Marian(_) => {
                self.value(key).map(|value| (value.as_u64(), value.to_string()))
            }
        }
    }

    /// The value as a number and as the header writes it.
    fn float(self, key: &str) -> Option<(Option<f32>, String)> {
        match &self.checkpoint.header {
            Header::Gguf(metadata) if metadata.contains(key) => {
                let float = metadata.f32(key).or_else(|| metadata.u64(key).map(|integer| integer as f32));
                Some((float, float.map_or_else(|| "not a number".into(), |float| float.to_string())))
            }
            Header::Gguf(_) => None,
            Header::HuggingFace(_) | Header::Marian(_) => {
                self.value(key).map(|value| (value.as_f64().map(|float| float as f32), value.to_string()))
            }
        }
    }

    /// Whether the checkpoint has a tensor of this full name.
    pub(crate) fn has_tensor(self, name: &str) -> bool {
        self.checkpoint.tensors.contains_key(name) || self.checkpoint.unread.contains_key(name)
    }

    /// The outermost extent of a tensor that must be there.
    pub(crate) fn rows(self, name: &str) -> Result<usize, ModelError> {
        let read = self.checkpoint.tensors.get(name).map(|tensor| &tensor.shape);
        let shape = read.or_else(|| self.checkpoint.unread.get(name).map(|tensor| &tensor.shape));
        let rows = shape.and_then(|shape| shape.first().copied()).filter(|&rows| rows > 0);
        rows.ok_or_else(|| ModelError::MissingTensor { name: name.into() })
    }

    /// A count from 1 on; `None` if the header does not say.
    pub(crate) fn size(self, key: &str) -> Result<Option<usize>, ModelError> {
        match self.integer(key) {
            None => Ok(None),
            Some((Some(size), _)) if (1..=GREATEST_SIZE).contains(&size) => Ok(Some(size as usize)),
            Some((_, value)) => Err(ModelError::BadSetting { key: key.into(), value }),
        }
    }

    /// A count that must be there.
    pub(crate) fn needed(self, key: &str) -> Result<usize, ModelError> {
        self.size(key)?.ok_or_else(|| ModelError::MissingSetting { key: key.into() })
    }

    /// A count from 0 on; `None` if the header does not say, or not with a count.
    pub(crate) fn count(self, key: &str) -> Option<u64> {
        self.integer(key)?.0
    }

    /// Words in a row; `None` if the header does not say.
    pub(crate) fn texts(self, key: &str) -> Option<Vec<&'a str>> {
        self.value(key)?.as_array()?.iter().map(Value::as_str).collect()
    }

    /// A token's id; `None` if the header does not say.
    pub(crate) fn token(self, key: &str) -> Result<Option<u32>, ModelError> {
        match self.integer(key) {
            None => Ok(None),
            Some((Some(id), _)) if id < GREATEST_SIZE => Ok(Some(id as u32)),
            Some((_, value)) => Err(ModelError::BadSetting { key: key.into(), value }),
        }
    }

    /// A positive number; `None` if the header does not say.
    pub(crate) fn number(self, key: &str) -> Result<Option<f32>, ModelError> {
        match self.float(key) {
            None => Ok(None),
            Some((Some(number), _)) if number.is_finite() && number > 0.0 => Ok(Some(number)),
            Some((_, value)) => Err(ModelError::BadSetting { key: key.into(), value }),
        }
    }

    /// Positive numbers in a row; `None` if the header does not say.
    pub(crate) fn numbers(self, key: &str) -> Result<Option<Vec<f32>>, ModelError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let number = |value: &Value| value.as_f64().map(|x| x as f32).filter(|x| x.is_finite() && *x > 0.0);
        let numbers = value.as_array().and_then(|list| list.iter().map(number).collect::<Option<Vec<_>>>());
        numbers.map(Some).ok_or_else(|| ModelError::BadSetting { key: key.into(), value: value.to_string() })
    }

    /// A switch; `None` if the header does not say.
    pub(crate) fn flag(self, key: &str) -> Option<bool> {
        match &self.checkpoint.header {
            Header::Gguf(metadata) => metadata.bool(key),
            Header::HuggingFace(_) | Header::Marian(_) => self.value(key)?.as_bool(),
        }
    }

    /// A word; `None` if the header does not say.
    pub(crate) fn text(self, key: &str) -> Option<&'a str> {
        match &self.checkpoint.header {
            Header::Gguf(metadata) => metadata.str(key),
            Header::HuggingFace(_) | Header::Marian(_) => self.value(key)?.as_str(),
        }
    }
}
