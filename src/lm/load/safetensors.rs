//! safetensors, Hugging Face's file format: eight bytes of header length, a JSON header, the tensors.
//!
//! The reader is stricter than the format's own library: a name that is there twice, more than eight dimensions, a hole
//! or an overlap between tensors are all refused, and a header is read in one pass that allocates no more than it keeps.

mod header;

use super::contents::Contents;
use super::error::{Count, Fault, Problem};
use crate::lm::checkpoint::{Bytes, Dtype, Tensor, Unread};

const LENGTH_BYTES: usize = 8;
const MOST_HEADER_BYTES: usize = 100_000_000;
const MOST_TENSORS: usize = 100_000;
const MOST_TEXTS: usize = 65_536;
const MOST_DIMENSIONS: usize = 8;
const MOST_NAME_BYTES: usize = 1024;

/// Whether the bytes look like a safetensors file: a header length that is not absurd, then an opening brace.
pub(super) fn recognised(bytes: &[u8]) -> bool {
    bytes.get(LENGTH_BYTES) == Some(&b'{') && bytes.get(..LENGTH_BYTES).is_some_and(|head| head[4..] == [0; 4])
}

/// Reads the header of a safetensors file and checks every place it names.
pub(super) fn read(bytes: &Bytes) -> Result<Contents, Fault> {
    let Some(length) = bytes.first_chunk::<LENGTH_BYTES>() else {
        return Err(Problem::EndsEarly { missing: (LENGTH_BYTES - bytes.len()) as u64 }.at(bytes.len()));
    };
    let found = u64::from_le_bytes(*length);
    let too_long = Problem::TooMany { of: Count::HeaderBytes, found, limit: MOST_HEADER_BYTES as u64 };
    let Some(length) = usize::try_from(found).ok().filter(|length| *length <= MOST_HEADER_BYTES) else {
        return Err(too_long.at(0));
    };
    let start = LENGTH_BYTES + length;
    let Some(json) = bytes.get(LENGTH_BYTES..start) else {
        return Err(Problem::EndsEarly { missing: (start - bytes.len()) as u64 }.at(bytes.len()));
    };
    let mut stored = header::parse(json)?;
    stored.sort_by_key(|tensor| (tensor.start, tensor.end));

    let mut contents = Contents::default();
    let mut due = 0_u64;
    for tensor in stored {
        let bits = width(&tensor.dtype);
        let Some(bits) = bits else {
            return Err(Problem::UnknownDtype { tensor: tensor.name, found: tensor.dtype }.at(LENGTH_BYTES));
        };
        if tensor.start != due {
            let problem = Problem::Place { tensor: tensor.name, expected: due, found: tensor.start };
            return Err(problem.at(LENGTH_BYTES));
        }
        let elements = tensor.shape.iter().try_fold(1_u64, |product, size| product.checked_mul(*size));
        let Some(needed) = elements.and_then(|elements| elements.checked_mul(bits)) else {
            return Err(Problem::TooLarge { tensor: tensor.name }.at(LENGTH_BYTES));
        };
        let found = tensor.end.saturating_sub(tensor.start);
        if tensor.end < tensor.start || needed % 8 != 0 || needed / 8 != found {
            let problem = Problem::Size { tensor: tensor.name, expected: needed.div_ceil(8), found };
            return Err(problem.at(LENGTH_BYTES));
        }
        due = tensor.end;
        let shape: Option<Vec<usize>> = tensor.shape.iter().map(|size| usize::try_from(*size).ok()).collect();
        let range = start as u64 + tensor.start..(start as u64).saturating_add(tensor.end);
        let range = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
        let (Some(shape), Some((from, to))) = (shape, range) else {
            return Err(Problem::TooLarge { tensor: tensor.name }.at(LENGTH_BYTES));
        };
        let Some(dtype) = weight_type(&tensor.dtype) else {
            let weights = tensor.dtype.starts_with('F');
            let unread = Unread { dtype: tensor.dtype, shape, bytes: found, weights };
            contents.unread.insert(tensor.name, unread);
            continue;
        };
        let missing = to.saturating_sub(bytes.len()) as u64;
        let Some(slice) = bytes.slice(from..to) else {
            return Err(Problem::EndsEarly { missing }.at(bytes.len()));
        };
        contents.tensors.insert(tensor.name, Tensor { dtype, shape, bytes: slice, scale: 1.0 });
    }
    let end = (start as u64).saturating_add(due);
    let length = bytes.len() as u64;
    if end > length {
        return Err(Problem::EndsEarly { missing: end - length }.at(bytes.len()));
    }
    if end < length {
        return Err(Problem::GoesOn { extra: length - end }.at(start + due as usize));
    }
    Ok(contents)
}

fn weight_type(name: &str) -> Option<Dtype> {
    match name {
        "F32" => Some(Dtype::F32),
        "F16" => Some(Dtype::F16),
        "BF16" => Some(Dtype::BF16),
        _ => None,
    }
}

/// Bits of one number of a type of the format.
fn width(name: &str) -> Option<u64> {
    Some(match name {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "I64" | "U64" | "F64" | "C64" => 64,
        _ => return None,
    })
}
