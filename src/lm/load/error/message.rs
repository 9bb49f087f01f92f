//! The same in English: what is wrong, then what to do about it.

use std::fmt;
use std::io;

use super::{Count, Item, LoadError, NotAFile, Problem};
use crate::lm::load::Foreign;

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", visible(&self.file.to_string_lossy()), self.problem)?;
        match self.byte {
            Some(byte) if byte > 0 => write!(f, " (byte {byte})"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tensors => "tensors",
            Self::Keys => "metadata keys",
            Self::KeyBytes => "bytes in a key",
            Self::NameBytes => "bytes in a tensor's name",
            Self::TextBytes => "bytes in a text",
            Self::ArrayElements => "elements in an array",
            Self::Dimensions => "dimensions in a tensor",
            Self::DimensionSize => "elements along one dimension",
            Self::HeaderBytes => "bytes of header",
            Self::Files => "files in one model",
            Self::FileBytes => "bytes in a file that is read whole",
        })
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "key",
            Self::Tensor => "tensor",
        })
    }
}

impl fmt::Display for NotAFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Folder => "a folder",
            Self::Pipe => "a pipe",
            Self::Device => "a device",
            Self::Socket => "a socket",
        })
    }
}

const DAMAGED: &str = "the file is damaged or was made to mislead: download it again from its source";

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { kind: io::ErrorKind::NotFound } => {
                f.write_str("there is no such file or folder: check the path")
            }
            Self::Io { kind: io::ErrorKind::PermissionDenied } => {
                f.write_str("it may not be read: ask for permission, or copy it somewhere of yours")
            }
            Self::Io { kind } => write!(f, "the system could not read it ({kind}): check the path and the disk"),
            Self::NotAFile { found } => {
                write!(f, "this is {found}, not a model: name a .gguf file or a Hugging Face folder")
            }
            Self::Empty => f.write_str("the file is empty: download it again"),
            Self::Foreign { found, first } => {
                write!(f, "this is {found}, not a model")?;
                match found {
                    Foreign::Html => f.write_str(": open the address in a browser to see what the server said, then download the file itself"),
                    Foreign::LfsPointer => f.write_str(": run `git lfs pull` beside it to fetch the file it stands for"),
                    Foreign::Pickle | Foreign::Zip => f.write_str(": only weights that torch.save wrote are read; convert it to safetensors or GGUF"),
                    Foreign::Gzip | Foreign::Xz | Foreign::Zstd => f.write_str(": unpack it first"),
                    Foreign::Json => f.write_str(": name the folder with config.json and model.safetensors, or a .gguf file"),
                    _ => write!(f, " (it begins with {:02x} {:02x} {:02x} {:02x}): name a .gguf file or a Hugging Face folder", first[0], first[1], first[2], first[3]),
                }
            }
            Self::Changed => f.write_str("the file changed while it was being opened: wait until it is complete, then try again"),
            Self::NoConfig => f.write_str("the folder has no config.json: name a folder with config.json and model.safetensors, or a .gguf file"),
            Self::NoWeights => f.write_str("the folder has no model.safetensors, no pytorch_model.bin and no index of either: download the weights too"),
            Self::EndsEarly { missing } => write!(f, "the file ends {} before its header says: download it again", size(*missing)),
            Self::GoesOn { extra } => write!(f, "the file goes on {} after its header says it ends: {DAMAGED}", size(*extra)),
            Self::BigEndian => f.write_str("this file has big-endian bytes: download the little-endian one"),
            Self::Version { found } => write!(f, "this is GGUF version {found}; versions 2 and 3 are read: convert it with a current llama.cpp"),
            Self::TooMany { of, found, limit } => write!(f, "there are {found} {of}, and at most {limit} are read: {DAMAGED}"),
            Self::NotUtf8 { item } => write!(f, "the name of a {item} is not UTF-8: {DAMAGED}"),
            Self::NoName { item } => write!(f, "a {item} has no name: {DAMAGED}"),
            Self::Twice { item, name } => write!(f, "the {item} {} is there twice: {DAMAGED}", visible(name)),
            Self::UnknownValueType { key, found } => write!(f, "the key {} has the unknown type {found}: {DAMAGED}", visible(key)),
            Self::NotBool { key, found } => write!(f, "the key {} is a boolean with the value {found}, not 0 or 1: {DAMAGED}", visible(key)),
            Self::Nested { key } => write!(f, "the key {} is an array of arrays, which no model has: {DAMAGED}", visible(key)),
            Self::Alignment { found: Some(found) } => write!(f, "general.alignment is {found}, not a power of two up to 1048576: {DAMAGED}"),
            Self::Alignment { found: None } => write!(f, "general.alignment is not a 32-bit number: {DAMAGED}"),
            Self::UnknownDtype { tensor, found } => write!(f, "the tensor {} has the type {}, which is not read: take the model in another quantisation, such as Q4_K_M or Q8_0", visible(tensor), visible(found)),
            Self::NoElements { tensor } => write!(f, "the tensor {} has a dimension of 0, or none: {DAMAGED}", visible(tensor)),
            Self::TooLarge { tensor } => write!(f, "the tensor {} has more elements than can be counted: {DAMAGED}", visible(tensor)),
            Self::PartialBlock { tensor, row, block } => write!(f, "a row of the tensor {} has {row} elements, not a multiple of its block of {block}: {DAMAGED}", visible(tensor)),
            Self::Place { tensor, expected, found } => write!(f, "the tensor {} starts at {found} of the tensor data, where {expected} is due: {DAMAGED}", visible(tensor)),
            Self::Size { tensor, expected, found } => write!(f, "the tensor {} takes {found} bytes, where its shape needs {expected}: {DAMAGED}", visible(tensor)),
            Self::Llama2cVersion { found: 2 } => f.write_str("this is a llama2.c checkpoint in int8 (version 2); the float32 versions 0 and 1 are read: export it again with --version 1"),
            Self::Llama2cVersion { found } => write!(f, "this is llama2.c version {found}; versions 0 and 1 are read: export it again with --version 1"),
            Self::Llama2cSize { name, found } => write!(f, "read as a llama2.c checkpoint, its {name} is {found}, which no model has: name another file, or download this one again"),
            Self::Llama2cUneven { whole, of, part, by } => write!(f, "read as a llama2.c checkpoint, its {whole} ({of}) is not a multiple of its {part} ({by}): {DAMAGED}"),
            Self::NoSettings => f.write_str("read as a model of Marian's, it has no item special:model.yml, which says how it is built: name another file, or download this one again"),
            Self::Setting { line } => write!(f, "the line {} of special:model.yml is no setting: {DAMAGED}", visible(line)),
            Self::Multiplier { tensor, found } => write!(f, "the whole numbers of the tensor {} were multiplied by {found}, which no numbers are: {DAMAGED}", visible(tensor)),
            Self::PickleGlobal { name } => write!(f, "the pickle asks for {} of Python, which weights do not need, and nothing in it is run: save the model's state_dict(), or convert it to safetensors", visible(name)),
            Self::PickleCode { found } => write!(f, "the pickle has the instruction 0x{found:02x}, which weights do not need: save the model's state_dict(), or convert it to safetensors"),
            Self::NotAStateDict => f.write_str("the pickle does not build a dictionary of tensors: save the model's state_dict(), or convert it to safetensors"),
            Self::ZipDirectory => write!(f, "the directory of the ZIP archive is cut off or does not fit its files: {DAMAGED}"),
            Self::Compressed { name } => write!(f, "the file {} in the ZIP archive is compressed, and weights are not: unpack it first, or save the model again", visible(name)),
            Self::NotInArchive { name } => write!(f, "the file {} is not in the archive: {DAMAGED}", visible(name)),
            Self::OutsideStorage { tensor } => write!(f, "the tensor {} is made of more numbers than are stored for it: {DAMAGED}", visible(tensor)),
            Self::Json { reason } => write!(f, "{}: {DAMAGED}", visible(reason)),
            Self::ShardOutside { shard } => write!(f, "the index names the file {}, which is not inside the folder: {DAMAGED}", visible(shard)),
            Self::ShardMissing { shard } => write!(f, "the file {} belongs to the model and is not there: download it too", visible(shard)),
            Self::NotInShard { tensor, shard } => write!(f, "the index says that the tensor {} is in {}, which does not have it: download both again", visible(tensor), visible(shard)),
        }
    }
}

/// Text from a file, fit for a message: what would steer or hide in a terminal as escapes, at most 200 characters.
fn visible(text: &str) -> String {
    let hidden = |c: char| {
        matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let mut shown = String::new();
    for c in text.chars().take(200) {
        if c.is_control() || hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(200).is_some() {
        shown.push('…');
    }
    shown
}

/// A number of bytes as people say it: `3.1 MB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}
