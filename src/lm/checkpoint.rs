//! What a model file holds: named tensors and what the file says of the model.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::{Deref, Range};
use std::path::PathBuf;
use std::sync::Arc;

use memmap2::Mmap;
use serde_json::{Map, Value};

use crate::lm::load::gguf;

/// How a tensor's numbers are stored. The quantised types are ggml's, blocks of 32 or 256 numbers that share a scale, and
/// Marian's, whole numbers with one scale for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dtype {
    /// 32-bit floats.
    F32,
    /// 16-bit IEEE floats.
    F16,
    /// 16-bit floats with the exponent of a 32-bit one.
    BF16,
    /// 4 bits and a scale per 32 numbers.
    Q4_0,
    /// 4 bits, a scale and a minimum per 32 numbers.
    Q4_1,
    /// 5 bits and a scale per 32 numbers.
    Q5_0,
    /// 5 bits, a scale and a minimum per 32 numbers.
    Q5_1,
    /// 8 bits and a scale per 32 numbers.
    Q8_0,
    /// 2 bits in super-blocks of 256.
    Q2K,
    /// 3 bits in super-blocks of 256.
    Q3K,
    /// 4 bits in super-blocks of 256.
    Q4K,
    /// 5 bits in super-blocks of 256.
    Q5K,
    /// 6 bits in super-blocks of 256.
    Q6K,
    /// 4 bits through a table of 16 uneven levels, a scale per 32 numbers.
    Iq4Nl,
    /// The same table in super-blocks of 256.
    Iq4Xs,
    /// 1.56 bits per number: points of a table of 2048 in super-blocks of 256.
    Iq1S,
    /// The same with finer scales, 1.75 bits.
    Iq1M,
    /// 2.06 bits: points of a table of 256, with signs.
    Iq2Xxs,
    /// 2.31 bits: of a table of 512.
    Iq2Xs,
    /// 2.56 bits: of a table of 1024.
    Iq2S,
    /// 3.06 bits: points of four numbers, of a table of 256.
    Iq3Xxs,
    /// 3.44 bits: of a table of 512.
    Iq3S,
    /// Three levels, five to a byte, in super-blocks of 256.
    Tq1_0,
    /// Three levels in two bits each.
    Tq2_0,
    /// 4-bit floats and a power of two per 32 numbers (OCP Microscaling Formats 1.0).
    Mxfp4,
    /// 8-bit whole numbers; the tensor's [scale](Tensor::scale) stands beside them (Marian's `intgemm8`).
    Int8,
}

impl Dtype {
    /// Every stored type, in the order of the enum.
    pub const ALL: [Self; 26] = [
        Self::F32,
        Self::F16,
        Self::BF16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q2K,
        Self::Q3K,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
        Self::Iq4Nl,
        Self::Iq4Xs,
        Self::Iq1S,
        Self::Iq1M,
        Self::Iq2Xxs,
        Self::Iq2Xs,
        Self::Iq2S,
        Self::Iq3Xxs,
        Self::Iq3S,
        Self::Tq1_0,
        Self::Tq2_0,
        Self::Mxfp4,
        Self::Int8,
    ];

    /// The name that ggml, Hugging Face and ONNX print: `Q4_1`, `BF16`, `INT8`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q8_0 => "Q8_0",
            Self::Q2K => "Q2_K",
            Self::Q3K => "Q3_K",
            Self::Q4K => "Q4_K",
            Self::Q5K => "Q5_K",
            Self::Q6K => "Q6_K",
            Self::Iq4Nl => "IQ4_NL",
            Self::Iq4Xs => "IQ4_XS",
            Self::Iq1S => "IQ1_S",
            Self::Iq1M => "IQ1_M",
            Self::Iq2Xxs => "IQ2_XXS",
            Self::Iq2Xs => "IQ2_XS",
            Self::Iq2S => "IQ2_S",
            Self::Iq3Xxs => "IQ3_XXS",
            Self::Iq3S => "IQ3_S",
            Self::Tq1_0 => "TQ1_0",
            Self::Tq2_0 => "TQ2_0",
            Self::Mxfp4 => "MXFP4",
            Self::Int8 => "INT8",
        }
    }

    /// The unit of storage: (numbers in a block, bytes of a block). A plain float is a block of one.
    pub const fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::BF16 => (1, 2),
            Self::Q4_0 | Self::Iq4Nl => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q2K => (256, 84),
            Self::Q3K | Self::Iq3S => (256, 110),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
            Self::Iq4Xs => (256, 136),
            Self::Iq1S => (256, 50),
            Self::Iq1M => (256, 56),
            Self::Iq2Xxs | Self::Tq2_0 => (256, 66),
            Self::Iq2Xs => (256, 74),
            Self::Iq2S => (256, 82),
            Self::Iq3Xxs => (256, 98),
            Self::Tq1_0 => (256, 54),
            Self::Mxfp4 => (32, 17),
            Self::Int8 => (1, 1),
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Clone)]
enum Owner {
    Mapped(Arc<Mmap>),
    Static(&'static [u8]),
    Owned(Arc<[u8]>),
}

/// A range of a mapped file, of bytes compiled into the program, or of a buffer. Cloning shares, never copies.
///
/// A mapping is the file itself: if another program shortens the file while it is open, reading the lost part ends the
/// process with `SIGBUS`. Files are checked when they are opened; they should be left alone after that.
#[derive(Clone)]
pub struct Bytes {
    owner: Owner,
    range: Range<usize>,
}

impl Bytes {
    /// The whole of a mapped file.
    pub fn mapped(map: Mmap) -> Self {
        let range = 0..map.len();
        Self { owner: Owner::Mapped(Arc::new(map)), range }
    }

    /// A part of these bytes, counted from their beginning; `None` where it does not fit.
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        let start = self.range.start.checked_add(range.start)?;
        let end = self.range.start.checked_add(range.end)?;
        (start <= end && end <= self.range.end).then(|| Self { owner: self.owner.clone(), range: start..end })
    }
}

impl From<&'static [u8]> for Bytes {
    fn from(bytes: &'static [u8]) -> Self {
        Self { range: 0..bytes.len(), owner: Owner::Static(bytes) }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self { range: 0..bytes.len(), owner: Owner::Owned(bytes.into()) }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let whole: &[u8] = match &self.owner {
            Owner::Mapped(map) => map,
            Owner::Static(bytes) => bytes,
            Owner::Owned(bytes) => bytes,
        };
        whole.get(self.range.clone()).unwrap_or_default()
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

/// A tensor as the file stores it. `bytes` holds exactly `shape` numbers of `dtype`, rows one after the other.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// How each number is stored.
    pub dtype: Dtype,
    /// Outermost dimension first, as `PyTorch` prints it: a linear layer is `[out, in]`. Empty for a scalar.
    pub shape: Vec<usize>,
    /// The stored numbers, little-endian, not necessarily aligned.
    pub bytes: Bytes,
    /// What every stored number is multiplied by; 1 but for whole numbers.
    pub scale: f32,
}

impl Tensor {
    /// How many numbers the tensor holds.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A tensor of a type that is not computed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The type's name as the format has it, or its number where it has none.
    pub dtype: String,
    /// Outermost dimension first.
    pub shape: Vec<usize>,
    /// Its size in the file.
    pub bytes: u64,
    /// Whether it holds weights, and not the whole numbers of a buffer.
    pub weights: bool,
}

/// What the file says of the model, in the file's own words.
#[derive(Clone, Debug)]
pub enum Header {
    /// The key-value pairs of a GGUF file.
    Gguf(gguf::Metadata),
    /// `config.json` of a Hugging Face folder.
    HuggingFace(Map<String, Value>),
    /// `special:model.yml` of a Marian file.
    Marian(Map<String, Value>),
}

/// A model file or folder, opened and checked, nothing computed.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// What the file says of the model.
    pub header: Header,
    /// Every tensor of a [`Dtype`], by the name the file gives it.
    pub tensors: BTreeMap<String, Tensor>,
    /// Tensors of other types, by name: integer and boolean buffers, and weights in a type that cannot be computed with.
    pub unread: BTreeMap<String, Unread>,
    /// The files it was read from; empty for a model compiled into the program.
    pub files: Vec<PathBuf>,
    /// The size of the weight files together, in bytes.
    pub bytes: u64,
}

impl Checkpoint {
    /// How many numbers its weights hold together; tensors that are the same part of a file, as tied ones are in `PyTorch`'s
    /// format, count once.
    pub fn parameters(&self) -> u64 {
        let mut seen = BTreeSet::new();
        let read = self.tensors.values().filter(|tensor| tensor.bytes.is_empty() || seen.insert(tensor.bytes.as_ptr()));
        let read: u64 = read.map(|tensor| tensor.elements() as u64).sum();
        let elements = |shape: &[usize]| shape.iter().fold(1_u64, |product, size| product.saturating_mul(*size as u64));
        let unread = self.unread.values().filter(|tensor| tensor.weights);
        unread.fold(read, |sum, tensor| sum.saturating_add(elements(&tensor.shape)))
    }
}
