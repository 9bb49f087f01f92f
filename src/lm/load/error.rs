//! What can be wrong with a model file, as data.

mod message;

use std::io;
use std::path::{Path, PathBuf};

use super::foreign::Foreign;
pub use message::size;

/// Why a model file could not be opened: which file, where in it, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// The file or folder.
    pub file: PathBuf,
    /// The byte of the file where the trouble shows, where there is one.
    pub byte: Option<u64>,
    /// What is wrong.
    pub problem: Problem,
}

/// What a path named instead of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAFile {
    /// A directory.
    Folder,
    /// A named pipe, which would be waited on for ever.
    Pipe,
    /// A device such as `/dev/zero`.
    Device,
    /// A socket.
    Socket,
}

/// A thing of which a header says how many there are, or how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Tensors in the file.
    Tensors,
    /// Key-value pairs.
    Keys,
    /// Bytes of a key.
    KeyBytes,
    /// Bytes of a tensor's name.
    NameBytes,
    /// Bytes of a text value.
    TextBytes,
    /// Elements of an array.
    ArrayElements,
    /// Dimensions of a tensor.
    Dimensions,
    /// The size of one dimension.
    DimensionSize,
    /// Bytes of a header.
    HeaderBytes,
    /// Files of one model.
    Files,
    /// Bytes of a file that is read whole.
    FileBytes,
}

/// A thing that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A metadata key.
    Key,
    /// A tensor.
    Tensor,
}

/// What is wrong with a model file. Names inside are as the file has them: untrusted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The system refused.
    Io {
        /// The system's error.
        kind: io::ErrorKind,
    },
    /// The path names something that is not a file.
    NotAFile {
        /// What it is.
        found: NotAFile,
    },
    /// The file has no bytes.
    Empty,
    /// The file is of another kind.
    Foreign {
        /// What it looks like.
        found: Foreign,
        /// Its first bytes.
        first: [u8; 4],
    },
    /// The file changed while it was being opened.
    Changed,
    /// A folder without `config.json`.
    NoConfig,
    /// A folder with `config.json` and no weights.
    NoWeights,
    /// The file ends before its header says it does.
    EndsEarly {
        /// How many bytes are missing, at least.
        missing: u64,
    },
    /// The file goes on after its header says it ends.
    GoesOn {
        /// How many bytes too many.
        extra: u64,
    },
    /// A file with its bytes in the other order.
    BigEndian,
    /// A GGUF version that is not read.
    Version {
        /// The version the file has.
        found: u32,
    },
    /// More than any sound file has.
    TooMany {
        /// Of what.
        of: Count,
        /// How many the header says.
        found: u64,
        /// The most that is read.
        limit: u64,
    },
    /// Text that is not UTF-8.
    NotUtf8 {
        /// Whose text.
        item: Item,
    },
    /// A name of no characters.
    NoName {
        /// Whose.
        item: Item,
    },
    /// A name that is there twice.
    Twice {
        /// Whose.
        item: Item,
        /// The name.
        name: String,
    },
    /// A metadata type outside GGUF's thirteen.
    UnknownValueType {
        /// The key.
        key: String,
        /// The type's number.
        found: u32,
    },
    /// A boolean that is neither 0 nor 1.
    NotBool {
        /// The key.
        key: String,
        /// The byte.
        found: u8,
    },
    /// An array of arrays.
    Nested {
        /// The key.
        key: String,
    },
    /// An alignment that is no power of two, or above 1 MiB.
    Alignment {
        /// What the file has; `None` where it is not a 32-bit number.
        found: Option<u64>,
    },
    /// A tensor's type is not one that is read.
    UnknownDtype {
        /// The tensor.
        tensor: String,
        /// The type's name, or its number where it has none.
        found: String,
    },
    /// A dimension of a GGUF tensor is zero, or a tensor has none.
    NoElements {
        /// The tensor.
        tensor: String,
    },
    /// More elements than can be counted.
    TooLarge {
        /// The tensor.
        tensor: String,
    },
    /// A row is not a whole number of blocks.
    PartialBlock {
        /// The tensor.
        tensor: String,
        /// Elements of a row.
        row: usize,
        /// Elements of a block.
        block: usize,
    },
    /// A tensor's place is not the one after the tensor before it: an overlap, a hole, or out of order.
    Place {
        /// The tensor.
        tensor: String,
        /// Where it has to start, from the beginning of the tensor data.
        expected: u64,
        /// Where it says it starts.
        found: u64,
    },
    /// A tensor's range has another size than its shape and type need.
    Size {
        /// The tensor.
        tensor: String,
        /// Bytes that shape and type need.
        expected: u64,
        /// Bytes of its range.
        found: u64,
    },
    /// A llama2.c version that is not read.
    Llama2cVersion {
        /// The version the file has.
        found: u32,
    },
    /// A size in a llama2.c header that no model has.
    Llama2cSize {
        /// Which.
        name: &'static str,
        /// What the header says.
        found: i32,
    },
    /// A size in a llama2.c header that has to be a multiple of another and is not.
    Llama2cUneven {
        /// The greater size's name.
        whole: &'static str,
        /// Its value.
        of: usize,
        /// The part's name.
        part: &'static str,
        /// Its value.
        by: usize,
    },
    /// A Marian file without the item of its settings.
    NoSettings,
    /// A line of a Marian file's settings that is none.
    Setting {
        /// The line.
        line: String,
    },
    /// What a tensor's numbers were multiplied by before they were rounded is not a number above 0.
    Multiplier {
        /// The tensor.
        tensor: String,
        /// What the file has.
        found: String,
    },
    /// A pickle names something of Python that no weights need.
    PickleGlobal {
        /// The name, with its module.
        name: String,
    },
    /// A pickle has an instruction that no weights need.
    PickleCode {
        /// The instruction.
        found: u8,
    },
    /// A pickle builds something else than a dictionary of tensors.
    NotAStateDict,
    /// The directory of a ZIP archive is damaged.
    ZipDirectory,
    /// A file in a ZIP archive is compressed.
    Compressed {
        /// The file's name.
        name: String,
    },
    /// A file that a ZIP archive has to have is not in it.
    NotInArchive {
        /// The file's name.
        name: String,
    },
    /// A tensor is made of more numbers than are stored for it.
    OutsideStorage {
        /// The tensor.
        tensor: String,
    },
    /// JSON that cannot be read as what it has to be.
    Json {
        /// What the JSON reader says.
        reason: String,
    },
    /// The index names a file outside the folder.
    ShardOutside {
        /// The file named.
        shard: String,
    },
    /// A file that the index names, or that the model is divided over, is not there.
    ShardMissing {
        /// The file named.
        shard: String,
    },
    /// The index says a tensor is in a file that does not have it.
    NotInShard {
        /// The tensor.
        tensor: String,
        /// The file.
        shard: String,
    },
}

/// A problem at a byte, before it is known which file it is.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) byte: Option<u64>,
    pub(super) problem: Problem,
}

impl Fault {
    pub(super) fn of(self, file: &Path) -> LoadError {
        LoadError { file: file.to_path_buf(), byte: self.byte, problem: self.problem }
    }
}

impl Problem {
    pub(super) fn at(self, byte: usize) -> Fault {
        Fault { byte: Some(byte as u64), problem: self }
    }

    pub(super) fn of(self, file: &Path) -> LoadError {
        LoadError { file: file.to_path_buf(), byte: None, problem: self }
    }
}

impl LoadError {
    pub(super) fn io(file: &Path, error: &io::Error) -> Self {
        Problem::Io { kind: error.kind() }.of(file)
    }
}

impl std::error::Error for LoadError {}
