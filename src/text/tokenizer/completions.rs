//! Texts around bytes that are no text of their own: the characters that they are parts of.

use std::ops::ControlFlow;

/// Calls `visit` with texts that contain `bytes`, the cut characters at either end completed in every way, until it
/// breaks or `most` ways were tried. Returns whether there were more ways.
pub(super) fn each(bytes: &[u8], most: usize, visit: &mut dyn FnMut(&str) -> ControlFlow<()>) -> bool {
    let mut left = most;
    let mut buffer = Vec::with_capacity(bytes.len() + 6);
    let continuing = bytes.iter().take_while(|&&byte| is_continuation(byte)).count();
    let missing = missing_at_end(bytes);
    for before in 0..=3_usize {
        if continuing > 0 && (before == 0 || before + continuing > 4) || continuing == 0 && before > 0 {
            continue;
        }
        // Bytes that are all the middle of one character lack an unknown number at the end.
        let behind = if continuing == bytes.len() { 0..=3 - before.min(3) } else { missing..=missing };
        for behind in behind {
            let ways = ways(before, true).saturating_mul(ways(behind, false));
            for way in 0..ways {
                if left == 0 {
                    return true;
                }
                buffer.clear();
                let rest = put(&mut buffer, way, before, true);
                buffer.extend_from_slice(bytes);
                put(&mut buffer, rest, behind, false);
                left -= 1;
                if let Ok(text) = std::str::from_utf8(&buffer)
                    && visit(text).is_break()
                {
                    return true;
                }
            }
        }
    }
    false
}

/// Whether some text contains `bytes`.
pub(super) fn exist(bytes: &[u8]) -> bool {
    let mut found = false;
    // Never in UTF-8 (RFC 3629, section 3).
    if bytes.iter().any(|&byte| matches!(byte, 0xc0 | 0xc1 | 0xf5..)) {
        return false;
    }
    each(bytes, usize::MAX, &mut |_| {
        found = true;
        ControlFlow::Break(())
    });
    found
}

fn is_continuation(byte: u8) -> bool {
    matches!(byte, 0x80..=0xbf)
}

/// How many bytes the last character lacks.
fn missing_at_end(bytes: &[u8]) -> usize {
    let continuing = bytes.iter().rev().take(3).take_while(|&&byte| is_continuation(byte)).count();
    let lead = bytes.len().checked_sub(continuing + 1).and_then(|at| bytes.get(at));
    let length: usize = match lead {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 1,
    };
    length.saturating_sub(continuing + 1)
}

/// First bytes of characters of several bytes, 0xC2 to 0xF4.
const LEADS: usize = 0xf4 - 0xc2 + 1;

fn ways(bytes: usize, is_lead: bool) -> usize {
    match (bytes, is_lead) {
        (0, _) => 1,
        (_, true) => LEADS * 64_usize.pow(bytes as u32 - 1),
        (_, false) => 64_usize.pow(bytes as u32),
    }
}

/// Appends way number `way` of `bytes` bytes; what is left of the number.
fn put(to: &mut Vec<u8>, mut way: usize, bytes: usize, is_lead: bool) -> usize {
    for at in 0..bytes {
        let (first, count) = if at == 0 && is_lead { (0xc2, LEADS) } else { (0x80, 64) };
        to.push(first + (way % count) as u8);
        way /= count;
    }
    way
}

#[cfg(test)]
mod tests {
    use super::{each, exist};
    use std::ops::ControlFlow;

    #[test]
    fn bytes_are_part_of_a_text_exactly_where_some_characters_have_them() {
        // Every two and three bytes of every character, against all pairs and triples of bytes that are no ASCII.
        let mut pairs = vec![false; 1 << 16];
        for character in '\u{80}'..=char::MAX {
            let mut buffer = [0; 4];
            let bytes = character.encode_utf8(&mut buffer).as_bytes();
            for pair in bytes.windows(2) {
                pairs[usize::from(pair[0]) << 8 | usize::from(pair[1])] = true;
            }
        }
        let (mut ends, mut begins) = ([false; 256], [false; 256]);
        for byte in 0..=255_u8 {
            ends[usize::from(byte)] = byte < 0xc0;
            begins[usize::from(byte)] = byte < 0x80 || (0xc2..=0xf4).contains(&byte);
        }
        for first in 0..=255_u8 {
            for second in 0..=255_u8 {
                let at = usize::from(first) << 8 | usize::from(second);
                let told = pairs[at] || ends[usize::from(first)] && begins[usize::from(second)];
                assert_eq!(exist(&[first, second]), told, "{first:02x} {second:02x}");
            }
        }
    }

    #[test]
    fn every_completion_is_visited_once() {
        let mut seen = std::collections::BTreeSet::new();
        let more = each(&[0xe4, 0xbd], usize::MAX, &mut |text| {
            assert!(seen.insert(text.to_owned()));
            ControlFlow::Continue(())
        });
        assert!(!more);
        assert_eq!(seen.len(), 64);
        assert!(seen.contains("你"));
    }
}
