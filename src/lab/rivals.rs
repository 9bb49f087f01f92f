//! What compressors that know no language make of the same bytes, each at its best level.

use std::io;
use std::io::Write;

/// A compressor by its name, and how many bytes it needs for some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rival {
    /// Its name.
    pub name: &'static str,
    /// How many bytes the compressed file has, its header and checksums included.
    pub bytes: u64,
}

/// What each rival makes of `bytes`: gzip at level 9, xz at preset 9, zstd at level 22.
///
/// # Errors
/// A compressor that fails, for want of memory.
pub fn rivals(bytes: &[u8]) -> io::Result<[Rival; 3]> {
    let mut gzip = flate2::write::GzEncoder::new(Counter(0), flate2::Compression::best());
    gzip.write_all(bytes)?;
    let mut options = lzma_rust2::XzOptions::with_preset(9);
    // A dictionary longer than the bytes is only memory.
    options.lzma_options.dict_size = options.lzma_options.dict_size.min((bytes.len() as u32).max(1 << 16));
    let mut xz = lzma_rust2::XzWriter::new(Counter(0), options)?;
    xz.write_all(bytes)?;
    let best = *zstd::compression_level_range().end();
    let zstd = zstd::bulk::compress(bytes, best)?;
    Ok([
        Rival { name: "gzip", bytes: gzip.finish()?.0 },
        Rival { name: "xz", bytes: xz.finish()?.0 },
        Rival { name: "zstd", bytes: zstd.len() as u64 },
    ])
}

/// Counts bytes and keeps none.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
