//! The printable alphabet of byte-level BPE: each byte has one character (Radford et al. 2019, GPT-2's `bytes_to_unicode`).

/// The character that stands for `byte`: itself where it is printable Latin-1, else one of U+0100 and following.
pub(super) fn character(byte: u8) -> char {
    match byte {
        0..=0x20 => offset(u32::from(byte)),
        0x7f..=0xa0 => offset(u32::from(byte) - 0x7f + 0x21),
        0xad => offset(0x43),
        _ => char::from(byte),
    }
}

fn offset(n: u32) -> char {
    char::from_u32(0x100 + n).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The byte that `character` stands for, if it is one of the 256.
pub(super) fn byte(character: char) -> Option<u8> {
    let code = u32::from(character);
    match code {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => u8::try_from(code).ok(),
        0x100..=0x120 => u8::try_from(code - 0x100).ok(),
        0x121..=0x142 => u8::try_from(code - 0x121 + 0x7f).ok(),
        0x143 => Some(0xad),
        _ => None,
    }
}

/// The bytes that `spelling` stands for, or nothing if a character of it is outside the alphabet.
pub(super) fn bytes(spelling: &str) -> Option<Vec<u8>> {
    spelling.chars().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::{byte, character};

    #[test]
    fn every_byte_has_its_own_character_and_comes_back() {
        let mut seen = std::collections::BTreeSet::new();
        for value in 0..=255 {
            assert!(seen.insert(character(value)));
            assert_eq!(byte(character(value)), Some(value));
        }
        assert_eq!(character(b' '), 'Ġ');
        assert_eq!(character(b'\n'), 'Ċ');
    }
}
