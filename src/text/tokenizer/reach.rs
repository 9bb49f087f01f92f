//! Which pieces can come out of a text at all.
//!
//! That a piece can is shown by a text that has it among its tokens. That it cannot is proved where a reason holds around
//! any text; where neither is found, that is said.

use std::ops::ControlFlow;

use super::{Browser, Part, browser::byte_of, completions};
use crate::text::{
    encoder::Encoder,
    unigram::Unigram,
    units::{BytePairs, Units},
};

/// Whether a piece can come out of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Reach {
    /// This text has it among its tokens.
    Text(String),
    /// No text has.
    Never(Never),
    /// None of the texts that were tried has.
    NotFound(Tried),
}

/// Why no text has a piece among its tokens.
#[derive(Clone, Debug, PartialEq)]
pub enum Never {
    /// No piece has this id.
    Empty,
    /// Its bytes occur in no UTF-8 text.
    NotUtf8,
    /// Merges make these of its bytes. Merges inside a piece come in the same order whatever stands around it, as the
    /// pair of lowest rank is merged first and of equals the leftmost: what they do not make of it alone they make of
    /// it nowhere.
    Merges(Vec<u32>),
    /// Another piece of the same spelling is taken.
    Shadowed(u32),
    /// Other pieces together are more probable, by this much (natural logarithm), and so they are in any text: a part of
    /// the most probable cut is the most probable cut of that part.
    Outscored(Vec<u32>, f64),
}

/// What became of the text of a piece that was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// A mark, which is put around texts or stands for what is unknown.
    Mark,
    /// It is another text once it is normalised.
    Normalized,
    /// It is cut before the model sees it.
    Cut,
    /// It stays whole and becomes other pieces.
    Other,
}

/// What may stand around a piece: nothing, a letter, spaces, a digit, an ideograph, a sign, a character of private use that
/// no vocabulary has, and what English contractions and paths have.
const AROUND: [&str; 11] = ["", "a", " ", "\n", "1", "一", "!", "\u{f0000}", "A", "\t", "'"];
/// How many completions of cut characters are tried.
const MOST_COMPLETIONS: usize = 1 << 13;
/// How many words are tried that begin with another piece.
const MOST_BEGINNINGS: usize = 16;
/// A difference of scores that the rounding of sums cannot turn round.
const CLEAR: f64 = 0.01;

impl Browser<'_> {
    /// Whether the piece `id` can come out of a text.
    pub fn reach(&self, id: u32) -> Reach {
        let bytes = self.tokenizer.piece(id);
        if let Some(text) = self.found_by_spelling(id) {
            return Reach::Text(text);
        }
        if let Some(byte) = self.fallback_byte(id) {
            return self.reach_byte(id, byte);
        }
        let text = std::str::from_utf8(bytes).ok();
        if let Some(text) = text.filter(|text| self.gives(text, id)) {
            return Reach::Text(text.to_owned());
        }
        if !self.tokenizer.is_special(id)
            && let Some(reason) = self.proof(id)
        {
            return Reach::Never(reason);
        }
        match text {
            Some(text) => self.search(id, text),
            None => self.complete(id, bytes),
        }
        .map_or_else(|| Reach::NotFound(self.tried(id)), Reach::Text)
    }

    fn gives(&self, text: &str, id: u32) -> bool {
        self.tokenizer.encode(text).iter().any(|token| token.id == id)
    }

    /// The spelling of a token that is found in text as it is spelled.
    fn found_by_spelling(&self, id: u32) -> Option<String> {
        let spelling = self.spelling(id).filter(|_| self.tokenizer.is_special(id))?;
        self.gives(spelling, id).then(|| spelling.to_owned())
    }

    /// The byte that the piece stands for where a character is unknown.
    fn fallback_byte(&self, id: u32) -> Option<u8> {
        let (Encoder::BytePairs(BytePairs { units: Units::Characters { bytes: table, .. }, .. })
        | Encoder::Unigram(Unigram { bytes: Some(table), .. })) = &self.tokenizer.encoder
        else {
            return None;
        };
        let byte = byte_of(self.spelling(id))?;
        (table.get(usize::from(byte)) == Some(&id)).then_some(byte)
    }

    fn reach_byte(&self, id: u32, byte: u8) -> Reach {
        if !completions::exist(&[byte]) {
            return Reach::Never(Never::NotUtf8);
        }
        if let Some(text) = self.complete(id, &[byte]) {
            return Reach::Text(text);
        }
        let Some(character) = byte.is_ascii().then(|| char::from(byte)) else {
            return Reach::NotFound(Tried::Other);
        };
        // The character has a piece of its own, which is taken wherever the byte occurs.
        let other = AROUND.iter().find_map(|before| {
            let tokens = self.tokenizer.encode(&format!("{before}{character}"));
            tokens.iter().map(|token| token.id).find(|&other| other != id && self.tokenizer.piece(other) == [byte])
        });
        other.map_or(Reach::NotFound(Tried::Other), |other| Reach::Never(Never::Shadowed(other)))
    }

    /// A reason that holds in any text.
    fn proof(&self, id: u32) -> Option<Never> {
        if !completions::exist(self.tokenizer.piece(id)) {
            return Some(Never::NotUtf8);
        }
        if self.spelling(id).is_none() {
            return Some(self.same_text(id).map_or(Never::Empty, Never::Shadowed));
        }
        match &self.tokenizer.encoder {
            Encoder::BytePairs(model) => {
                let is_whole =
                    model.whole_words.as_ref().is_some_and(|words| words.get(self.tokenizer.piece(id)) == Some(&id));
                let trace = self.alone(id).filter(|_| !is_whole)?;
                let ids: Vec<u32> = trace.symbols.iter().map(|symbol| symbol.id).collect();
                (ids != [id]).then_some(Never::Merges(ids))
            }
            Encoder::Unigram(model) => self.outscored(model, id),
            Encoder::WordPiece(_) | Encoder::WordLevel { .. } => None,
        }
    }

    /// Another piece with the same bytes that is spelled, where this one has no spelling of its own.
    fn same_text(&self, id: u32) -> Option<u32> {
        let bytes = Some(self.tokenizer.piece(id)).filter(|bytes| !bytes.is_empty())?;
        let is_same = |&other: &u32| other != id && self.tokenizer.piece(other) == bytes;
        (0..self.tokenizer.len() as u32).filter(is_same).find(|&other| self.spelling(other).is_some())
    }

    fn outscored(&self, model: &Unigram, id: u32) -> Option<Never> {
        let own = self.score(id)?;
        let mut symbols = Vec::new();
        model.encode(self.spelling(id)?, 0, &mut symbols);
        let ids: Vec<u32> = symbols.iter().map(|symbol| symbol.id).collect();
        if ids.iter().any(|&other| other == id || Some(other) == model.unknown || self.score(other).is_none()) {
            return None;
        }
        let by = ids.iter().filter_map(|&other| self.score(other)).sum::<f64>() - own;
        (by > CLEAR).then_some(Never::Outscored(ids, by))
    }

    /// A text around `text` that gives the piece.
    fn search(&self, id: u32, text: &str) -> Option<String> {
        let mut buffer = String::new();
        let mut attempt = |before: &str, after: &str| {
            buffer.clear();
            buffer.extend([before, text, after]);
            self.gives(&buffer, id).then(|| buffer.clone())
        };
        for before in AROUND {
            for after in AROUND {
                if let Some(found) = attempt(before, after) {
                    return Some(found);
                }
            }
        }
        let Encoder::WordPiece(model) = &self.tokenizer.encoder else { return None };
        let mut word = String::new();
        let leaves = |before: &&str| {
            word.clear();
            word.extend([before, text]);
            model.first_length(&word) == Some(before.len())
        };
        let mut before = self.beginnings().filter(leaves).take(MOST_BEGINNINGS);
        before.find_map(|before| attempt(before, ""))
    }

    /// A text that gives the piece, whose bytes are none.
    fn complete(&self, id: u32, bytes: &[u8]) -> Option<String> {
        let mut found = None;
        completions::each(bytes, MOST_COMPLETIONS, &mut |text| {
            if self.gives(text, id) {
                found = Some(text.to_owned());
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        found
    }

    fn tried(&self, id: u32) -> Tried {
        if self.tokenizer.is_special(id) {
            return Tried::Mark;
        }
        let Ok(text) = std::str::from_utf8(self.tokenizer.piece(id)) else { return Tried::Other };
        let inside = matches!(self.tokenizer.encoder, Encoder::WordPiece(_))
            .then(|| self.beginning(id).map_or_else(|| format!("a{text}"), str::to_owned));
        let text = inside.as_deref().unwrap_or(text);
        let spelled = match &self.tokenizer.encoder {
            Encoder::BytePairs(BytePairs { units: Units::Characters { .. }, affixes: None, .. })
            | Encoder::Unigram(_)
            | Encoder::WordLevel { .. } => self.spelling(id).unwrap_or(text),
            _ => text,
        };
        let mut tried = Tried::Normalized;
        self.tokenizer.each_part(text, &mut |part| {
            if let Part::Plain(mut section) = part {
                let words = self.tokenizer.pieces(&mut section);
                if words.iter().any(|word| section.slice(word).contains(spelled)) {
                    tried = Tried::Other;
                } else if tried == Tried::Normalized && section.text.contains(spelled) {
                    tried = Tried::Cut;
                }
            }
        });
        tried
    }
}
