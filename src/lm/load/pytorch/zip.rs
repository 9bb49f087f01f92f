//! Where the files of a ZIP archive lie: its directory, read from the end (APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3).
//!
//! `torch.save` stores files as they are, so each is a range of the archive; compressed ones are refused.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::error::{Count, Fault, Item, Problem};

const MOST_FILES: u64 = 200_000;
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const MOST_COMMENT_BYTES: usize = u16::MAX as usize;
const LOCATOR: &[u8] = b"PK\x06\x07";
const LOCATOR_BYTES: usize = 20;
const END_64: &[u8] = b"PK\x06\x06";
const FILE: &[u8] = b"PK\x01\x02";
const FILE_BYTES: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;
/// The extra field that holds what does not fit 32 bits.
const WIDE: u16 = 1;

/// The files of the archive by name: the bytes of each.
pub(super) fn entries(bytes: &[u8]) -> Result<BTreeMap<&str, Range<usize>>, Fault> {
    let (count, directory) = directory(bytes).ok_or_else(|| Problem::ZipDirectory.at(bytes.len()))?;
    if count > MOST_FILES {
        return Err(Problem::TooMany { of: Count::Files, found: count, limit: MOST_FILES }.at(directory));
    }
    let mut entries = BTreeMap::new();
    let mut at = directory;
    for _ in 0..count {
        let entry = entry(bytes, at).ok_or_else(|| Problem::ZipDirectory.at(at))?;
        let name = std::str::from_utf8(entry.name).map_err(|_| Problem::NotUtf8 { item: Item::Key }.at(at))?;
        if entry.compressed {
            return Err(Problem::Compressed { name: name.to_owned() }.at(at));
        }
        if entries.insert(name, entry.range).is_some() {
            return Err(Problem::Twice { item: Item::Key, name: name.to_owned() }.at(at));
        }
        at = entry.next;
    }
    Ok(entries)
}

/// How many files there are, and where the directory begins.
fn directory(bytes: &[u8]) -> Option<(u64, usize)> {
    let least = bytes.len().saturating_sub(END_BYTES + MOST_COMMENT_BYTES);
    let last = bytes.len().checked_sub(END_BYTES)?;
    let end = (least..=last).rev().find(|&at| bytes[at..].starts_with(END))?;
    let narrow = (u64::from(u16_at(bytes, end + 10)?), u64::from(u32_at(bytes, end + 16)?));
    let locator = end.checked_sub(LOCATOR_BYTES).filter(|&at| bytes[at..].starts_with(LOCATOR));
    let (count, start) = match locator {
        Some(locator) => {
            let wide = usize::try_from(u64_at(bytes, locator + 8)?).ok()?;
            bytes.get(wide..)?.starts_with(END_64).then_some(())?;
            (u64_at(bytes, wide.checked_add(32)?)?, u64_at(bytes, wide.checked_add(48)?)?)
        }
        None => narrow,
    };
    let start = usize::try_from(start).ok().filter(|&start| start <= end)?;
    // Each file takes its part of the directory.
    (count.checked_mul(FILE_BYTES as u64)? <= (end - start) as u64).then_some((count, start))
}

struct Entry<'a> {
    name: &'a [u8],
    compressed: bool,
    range: Range<usize>,
    /// Where the next entry of the directory begins.
    next: usize,
}

fn entry(bytes: &[u8], at: usize) -> Option<Entry<'_>> {
    bytes.get(at..)?.starts_with(FILE).then_some(())?;
    let length = |offset: usize| u16_at(bytes, at + offset).map(usize::from);
    let (name_length, extra_length, comment_length) = (length(28)?, length(30)?, length(32)?);
    let name_end = at + FILE_BYTES + name_length;
    let name = bytes.get(at + FILE_BYTES..name_end)?;
    let extra = bytes.get(name_end..name_end + extra_length)?;
    let narrow = |offset: usize| u32_at(bytes, at + offset).map(u64::from);
    let [mut whole, mut packed, mut local] = [narrow(24)?, narrow(20)?, narrow(42)?];
    let mut wide = wide(extra).chunks_exact(8);
    for field in [&mut whole, &mut packed, &mut local] {
        if *field == u64::from(u32::MAX) {
            *field = u64_at(wide.next()?, 0)?;
        }
    }
    let local = usize::try_from(local).ok()?;
    bytes.get(local..)?.starts_with(LOCAL).then_some(())?;
    let before = usize::from(u16_at(bytes, local + 26)?) + usize::from(u16_at(bytes, local + 28)?);
    let start = local.checked_add(LOCAL_BYTES)?.checked_add(before)?;
    let end = start.checked_add(usize::try_from(packed).ok()?).filter(|&end| end <= bytes.len())?;
    let compressed = u16_at(bytes, at + 10)? != 0 || whole != packed;
    Some(Entry { name, compressed, range: start..end, next: name_end + extra_length + comment_length })
}

/// The wide numbers among the extra fields: of the whole size, the packed size and the place those that need them.
fn wide(mut extra: &[u8]) -> &[u8] {
    while let (Some(id), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let Some(field) = extra.get(4..4 + usize::from(length)) else { break };
        if id == WIDE {
            return field;
        }
        extra = &extra[4 + usize::from(length)..];
    }
    &[]
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array_at(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_le_bytes)
}
