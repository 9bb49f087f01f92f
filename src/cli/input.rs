//! The text a command works on.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::lm::load;

/// The most text a command reads.
const MOST_BYTES: u64 = 64 << 20;

/// The argument itself, or standard input, byte for byte, where it is `-`.
pub(super) fn text(argument: &str, input: &mut dyn Read) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut bytes = Vec::new();
    input.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(Failure::Input)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Failure::TooLarge(None, MOST_BYTES));
    }
    utf8(bytes, None)
}

/// The contents of the file where the argument names one that exists, and [`text`] otherwise.
pub(super) fn text_or_file(argument: &str, input: &mut dyn Read) -> Result<String, Failure> {
    let path = Path::new(argument);
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {
            let bytes = if metadata.len() == 0 { Vec::new() } else { load::read(path, MOST_BYTES)?.to_vec() };
            utf8(bytes, Some(path.to_path_buf()))
        }
        _ => text(argument, input),
    }
}

/// The bytes of a file, or of standard input where it is `-`.
pub(super) fn bytes(path: &Path, limit: u64, input: &mut dyn Read) -> Result<Vec<u8>, Failure> {
    if path != Path::new("-") && std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0 && metadata.is_file())
    {
        return Ok(load::read(path, limit)?.to_vec());
    }
    let mut bytes = Vec::new();
    let unreadable = |error| Failure::Read(path.to_path_buf(), error);
    let read = if path == Path::new("-") {
        input.take(limit + 1).read_to_end(&mut bytes).map_err(Failure::Input)?
    } else {
        // Empty, or no regular file: a pipe has no length beforehand.
        std::fs::File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).map_err(unreadable)?
    };
    if read as u64 > limit { Err(Failure::TooLarge(Some(path.to_path_buf()), limit)) } else { Ok(bytes) }
}

fn utf8(bytes: Vec<u8>, path: Option<PathBuf>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| Failure::NotUtf8(path, error.utf8_error().valid_up_to()))
}
