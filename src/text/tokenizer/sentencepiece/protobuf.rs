//! The part of the protocol buffers wire format that a `SentencePiece` model uses (protobuf.dev, "Encoding").

use crate::text::error::{Fault, Place, TokenizerError};

/// What the messages are part of, for errors.
pub(super) const PART: &str = "SentencePiece model";

/// The error of `fault` at byte `at` of the file.
pub(super) fn damaged(at: usize, fault: Fault) -> TokenizerError {
    TokenizerError::Damaged { part: PART, place: Place::Byte(at), fault }
}

/// A message: its bytes, and where in the file they begin.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    bytes: &'a [u8],
    start: usize,
}

/// One field of a message: its number, its value, and where in the file that begins.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) number: u64,
    pub(super) at: usize,
    value: Value<'a>,
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    Fixed32([u8; 4]),
    Fixed64,
    Bytes(&'a [u8]),
}

impl<'a> Message<'a> {
    /// The message that the whole file is.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, start: 0 }
    }

    /// The next field; nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<Field<'a>>, TokenizerError> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let at = self.start;
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                Value::Fixed64
            }
            2 => {
                let at = self.start;
                let length = usize::try_from(self.varint()?).map_err(|_| damaged(at, Fault::Length))?;
                if length > self.bytes.len() {
                    return Err(damaged(at, Fault::Length));
                }
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(self.take(4)?.try_into().map_err(|_| damaged(at, Fault::Truncated))?),
            _ => return Err(damaged(at, Fault::Field)),
        };
        let at = if let Value::Bytes(bytes) = value { self.start - bytes.len() } else { at };
        Ok(Some(Field { number: tag >> 3, at, value }))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], TokenizerError> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(damaged(self.start, Fault::Truncated))?;
        self.bytes = rest;
        self.start += count;
        Ok(taken)
    }

    /// Seven bits in each byte, the lowest first; the eighth says that more follow.
    fn varint(&mut self) -> Result<u64, TokenizerError> {
        let at = self.start;
        let mut number = 0_u64;
        for shift in (0..70).step_by(7) {
            let &[byte] = self.take(1)? else { break };
            if shift < 64 {
                number |= u64::from(byte & 0x7f) << shift;
            }
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(damaged(at, Fault::Number))
    }
}

impl<'a> Field<'a> {
    /// The message in this field.
    pub(super) fn message(self) -> Result<Message<'a>, TokenizerError> {
        Ok(Message { bytes: self.bytes()?, start: self.at })
    }

    /// The bytes in this field.
    pub(super) fn bytes(self) -> Result<&'a [u8], TokenizerError> {
        if let Value::Bytes(bytes) = self.value { Ok(bytes) } else { Err(damaged(self.at, Fault::Field)) }
    }

    /// The text in this field.
    pub(super) fn text(self) -> Result<&'a str, TokenizerError> {
        std::str::from_utf8(self.bytes()?).map_err(|error| damaged(self.at + error.valid_up_to(), Fault::NotUtf8))
    }

    /// The whole number in this field.
    pub(super) fn integer(self) -> Result<i64, TokenizerError> {
        if let Value::Varint(number) = self.value {
            Ok(number.cast_signed())
        } else {
            Err(damaged(self.at, Fault::Field))
        }
    }

    /// The number in single precision in this field.
    pub(super) fn float(self) -> Result<f32, TokenizerError> {
        if let Value::Fixed32(bytes) = self.value {
            Ok(f32::from_le_bytes(bytes))
        } else {
            Err(damaged(self.at, Fault::Field))
        }
    }
}
