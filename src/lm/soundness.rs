//! Looking for weights that are no numbers.

use std::fmt;

use super::checkpoint::Tensor;
use super::kernel::dequantize;

/// Numbers expanded at once: a multiple of every block.
const CHUNK: usize = 1 << 14;

/// A tensor with numbers that are NaN or infinite.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsound {
    /// The tensor's name, as the file has it.
    pub tensor: String,
    /// The first such number, counted from 0 along the rows.
    pub index: usize,
    /// That number.
    pub value: f32,
    /// How many there are.
    pub count: usize,
}

/// Reads every number of a tensor; `None` where all are finite.
pub fn unsound(name: &str, tensor: &Tensor) -> Option<Unsound> {
    let (block, size) = tensor.dtype.block();
    let mut numbers = vec![0.0_f32; CHUNK.min(tensor.elements().next_multiple_of(block))];
    let mut found: Option<Unsound> = None;
    for (chunk, bytes) in tensor.bytes.chunks(CHUNK / block * size).enumerate() {
        let count = bytes.len() / size * block;
        let numbers = numbers.get_mut(..count)?;
        dequantize(tensor.dtype, bytes, numbers);
        for (offset, &value) in numbers.iter().enumerate().filter(|(_, number)| !number.is_finite()) {
            let first = || Unsound { tensor: name.to_owned(), index: chunk * CHUNK + offset, value, count: 0 };
            found.get_or_insert_with(first).count += 1;
        }
    }
    found
}

impl fmt::Display for Unsound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tensor, index, value, count } = self;
        write!(
            f,
            "the tensor {tensor} has numbers that are not finite ({count}, the first at {index}: {value}): download the file again, \
             or take the model in another type"
        )
    }
}

impl std::error::Error for Unsound {}
