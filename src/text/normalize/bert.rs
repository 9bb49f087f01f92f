//! What `BertNormalizer` and `Nmt` of Hugging Face's tokenizers library do to single characters.

use crate::text::{
    classes::library::{self, CONTROL, IDEOGRAPH},
    pretokenize::is_space,
    section::{Edit, Section},
};

/// A space for white space, nothing for control characters, else the character itself.
pub(super) fn clean(character: char, out: &mut String) {
    match character {
        '\t' | '\n' | '\r' => out.push(' '),
        _ if library::contains(CONTROL, character) => {}
        _ if is_space(character) => out.push(' '),
        _ => out.push(character),
    }
}

/// Puts a space before and after each ideograph.
pub(super) fn space_ideographs(section: &mut Section<'_>) {
    if !section.text.contains(|character| library::contains(IDEOGRAPH, character)) {
        return;
    }
    let old = section.text.clone();
    let mut edit = Edit::new(section);
    for (at, character) in old.char_indices() {
        let end = at + character.len_utf8();
        if library::contains(IDEOGRAPH, character) {
            edit.put(at, " ");
            edit.keep(at..end);
            edit.put(end, " ");
        } else {
            edit.keep(at..end);
        }
    }
    edit.finish();
}

/// Nothing for some control characters, a space for some other invisible ones, else the character itself.
pub(super) fn nmt(character: char, out: &mut String) {
    match character {
        '\u{1}'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{8f}' | '\u{9f}' => {}
        '\t'
        | '\n'
        | '\u{c}'
        | '\r'
        | '\u{1680}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{2581}'
        | '\u{feff}'
        | '\u{fffd}' => out.push(' '),
        _ => out.push(character),
    }
}
