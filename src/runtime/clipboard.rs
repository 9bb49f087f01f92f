//! The person's clipboard, through the terminal (xterm's OSC 52), so that it works over SSH.

/// The most text that is sent: base64 makes 4 bytes of 3, and terminals take about 100 kB.
const LONGEST: usize = 74_000;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The bytes that put `text` on the clipboard, cut at a character's edge if it is too long.
pub(super) fn copy(text: &str) -> Vec<u8> {
    let end = (0..=text.len().min(LONGEST)).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    let text = text.get(..end).unwrap_or_default();
    let mut bytes = b"\x1b]52;c;".to_vec();
    base64(text.as_bytes(), &mut bytes);
    bytes.extend(b"\x1b\\");
    bytes
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS[(group >> (18 - 6 * place) & 63) as usize];
            out.push(if place > chunk.len() { b'=' } else { digit });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::copy;

    #[test]
    fn the_vectors_of_rfc_4648_hold() {
        for (text, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(copy(text), format!("\x1b]52;c;{encoded}\x1b\\").into_bytes());
        }
    }

    #[test]
    fn a_text_too_long_is_cut_at_the_edge_of_a_character() {
        let bytes = copy(&"語".repeat(100_000));
        assert!(bytes.len() < 100_000);
        // 24 666 characters of three bytes are 98 664 digits without padding.
        assert_eq!(bytes.len(), 98_664 + 9);
    }
}
