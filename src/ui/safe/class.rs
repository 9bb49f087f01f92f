//! What a character is to the screen.

use unicode_width::UnicodeWidthChar;

/// How a character is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// As it is, with a place of its own.
    Plain,
    /// As it is, on the base before it.
    Mark,
    /// As it is, binding its neighbours into one visible character.
    Joiner,
    /// By its control picture.
    Control(char),
    /// By its name in the Unicode bidirectional algorithm (UAX 9).
    Named(&'static str),
    /// By its code point.
    Hidden,
}

/// The class of a character after `before`, the character kept just in front of it in the same cluster.
pub(super) fn of(c: char, before: Option<char>) -> Class {
    match c {
        ' '..='~' => Class::Plain,
        '\n' => Class::Control('↵'),
        '\t' => Class::Control('⇥'),
        '\0'..='\x1f' => Class::Control(char::from_u32(0x2400 + u32::from(c)).unwrap_or('␦')),
        '\x7f' => Class::Control('␡'),
        '\u{061c}' => Class::Named("ALM"),
        '\u{200e}' => Class::Named("LRM"),
        '\u{200f}' => Class::Named("RLM"),
        '\u{202a}' => Class::Named("LRE"),
        '\u{202b}' => Class::Named("RLE"),
        '\u{202c}' => Class::Named("PDF"),
        '\u{202d}' => Class::Named("LRO"),
        '\u{202e}' => Class::Named("RLO"),
        '\u{2066}' => Class::Named("LRI"),
        '\u{2067}' => Class::Named("RLI"),
        '\u{2068}' => Class::Named("FSI"),
        '\u{2069}' => Class::Named("PDI"),
        '\u{200d}' if before.is_some_and(|before| pictographic(before) || joins(before)) => Class::Joiner,
        '\u{200c}' if before.is_some_and(joins) => Class::Joiner,
        '\u{fe0e}' | '\u{fe0f}' if before.is_some_and(takes_presentation) => Class::Joiner,
        '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{fe00}'..='\u{fe0f}' => {
            Class::Hidden
        }
        '\u{180b}'..='\u{180f}' | '\u{e0000}'..='\u{e0fff}' | '\u{1d173}'..='\u{1d17a}' => Class::Hidden,
        _ if c.is_whitespace() && !matches!(c, '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}') => Class::Plain,
        _ if !printable(c) => Class::Hidden,
        _ if c.width() == Some(0) => Class::Mark,
        _ => Class::Plain,
    }
}

/// Whether the standard library would print a character inside a string's debug form: assigned, and neither a control,
/// a format character, a separator nor for private use.
fn printable(c: char) -> bool {
    if c.escape_debug().len() == 1 {
        return true;
    }
    // A lone combining mark is escaped too; behind a letter it is not.
    let mut bytes = [0; 5];
    bytes[0] = b'a';
    let length = c.encode_utf8(&mut bytes[1..]).len();
    std::str::from_utf8(&bytes[..=length])
        .is_ok_and(|text| text.escape_debug().count() == 2 || matches!(c, '"' | '\'' | '\\'))
}

/// Characters that emoji sequences are built of, generously.
fn pictographic(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' | '\u{fe0f}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '©' | '®')
}

/// Scripts whose spelling uses joiners: Arabic to Sinhala, Myanmar, Khmer, Mongolian.
fn joins(c: char) -> bool {
    matches!(c, '\u{0600}'..='\u{0dff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{18aa}')
}

/// Characters with a text and an emoji presentation.
fn takes_presentation(c: char) -> bool {
    c != '\u{fe0f}' && pictographic(c) || matches!(c, '0'..='9' | '#' | '*' | '‼' | '⁉' | '™' | 'ℹ' | '〰' | '〽')
}
