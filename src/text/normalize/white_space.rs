//! What `SentencePiece` does to white space after its replacements (its `normalizer_spec`).

use crate::text::section::{Edit, Section};

/// The rules of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::text) struct WhiteSpace {
    /// `add_dummy_prefix`: a space sign is put before the text (or after it, see below).
    pub(in crate::text) prefix: bool,
    /// `remove_extra_whitespaces`: none at the start and the end, and one for several in between.
    pub(in crate::text) squeeze: bool,
    /// `escape_whitespaces`: a space is written as this sign.
    pub(in crate::text) sign: char,
    /// `treat_whitespace_as_suffix`: the sign that `prefix` adds comes last.
    pub(in crate::text) suffix: bool,
}

impl WhiteSpace {
    /// Applies the rules to the whole of `section`.
    pub(super) fn apply(self, section: &mut Section<'_>) {
        let mut buffer = [0; 4];
        let sign: &str = self.sign.encode_utf8(&mut buffer);
        let old = section.text.clone();
        let first = if self.squeeze { old.len() - old.trim_start_matches(' ').len() } else { 0 };
        // A text that the replacements have emptied still counts as one.
        let has_text = first < old.len() || old.is_empty() || !self.squeeze;
        // At the end a sign that the text itself has is dropped too.
        let trimmed = old.get(first..).unwrap_or_default();
        let trimmed = if self.squeeze { trimmed.trim_end_matches([' ', self.sign]) } else { trimmed };
        let mut edit = Edit::new(section);
        if self.prefix && !self.suffix && has_text && !(self.squeeze && trimmed.is_empty()) {
            edit.put(first, sign);
        }
        let mut after_space = false;
        for (at, character) in trimmed.char_indices() {
            let from = first + at;
            if character != ' ' {
                edit.keep(from..from + character.len_utf8());
            } else if !(self.squeeze && after_space) {
                edit.put(from, sign);
            }
            after_space = character == ' ';
        }
        if self.prefix && self.suffix && has_text {
            edit.put(first + trimmed.len(), sign);
        }
        edit.finish();
    }
}
