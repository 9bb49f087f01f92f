//! Cutting a text into the words that merging never crosses.

use std::ops::Range;

use super::{
    classes::{self, NUMBER, SPACE, library},
    pattern::Pattern,
    section::{Edit, Section},
};

pub(super) mod named;
pub(super) mod scan;

/// What becomes of what a `Split` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behavior {
    /// Dropped.
    Removed,
    /// A piece of its own.
    Isolated,
    /// A piece of its own, together with the next ones if nothing lies between.
    Contiguous,
    /// Part of the piece before.
    MergedWithPrevious,
    /// Part of the piece after.
    MergedWithNext,
}

/// When a space sign is put before the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prepend {
    /// Never.
    Never,
    /// Where the input begins.
    First,
    /// Where a section begins: also after a special token.
    Always,
}

/// One step of cutting; each works on the pieces that the one before left.
#[derive(Debug)]
pub(super) enum Step {
    /// Cuts at what the pattern finds (or, inverted, at what lies between).
    Split {
        /// What to look for.
        pattern: Pattern,
        /// What becomes of it.
        behavior: Behavior,
        /// Whether matches and gaps change places.
        invert: bool,
    },
    /// Puts a space before each piece that begins with none.
    SpaceBefore,
    /// Writes spaces as `replacement`, puts one in front, and cuts before each.
    Metaspace {
        /// The sign, `▁`.
        replacement: char,
        /// When to put one in front.
        prepend: Prepend,
        /// Whether to cut.
        split: bool,
    },
}

impl Step {
    /// The step that makes each match of `pattern` a piece of its own.
    pub(super) fn isolate(pattern: Pattern) -> Self {
        Self::Split { pattern, behavior: Behavior::Isolated, invert: false }
    }

    /// The step that cuts at white space and drops it.
    pub(super) fn remove_spaces() -> Self {
        Self::Split { pattern: Pattern::Character(is_space), behavior: Behavior::Removed, invert: false }
    }

    /// The words that this step leaves by itself, where each thing it finds is one.
    pub(super) fn words(&self) -> Option<Words<'_>> {
        match self {
            Self::Split { pattern, behavior: Behavior::Isolated, .. } => Some(Words { pattern, gaps: true }),
            Self::Split { pattern, behavior: Behavior::Removed, invert: true } => Some(Words { pattern, gaps: false }),
            _ => None,
        }
    }

    /// Applies the step to `pieces` of `section`, into `out` (empty before).
    pub(super) fn apply(&self, section: &mut Section<'_>, pieces: &[Range<usize>], out: &mut Vec<Range<usize>>) {
        match self {
            Self::Split { pattern, behavior, invert } => {
                for piece in pieces {
                    split(section.slice(piece), piece.start, pattern, *behavior, *invert, out);
                }
            }
            Self::SpaceBefore => {
                let mut edit = Edit::new(section);
                for piece in pieces {
                    let start = edit.len();
                    if !edit.old().get(piece.clone()).is_some_and(|text| text.starts_with(' ')) {
                        edit.put(piece.start, " ");
                    }
                    edit.keep(piece.clone());
                    out.push(start..edit.len());
                }
                edit.finish();
            }
            Self::Metaspace { replacement, prepend, split } => {
                metaspace(section, pieces, *replacement, *prepend, *split, out);
            }
        }
    }
}

/// Words found one after the other.
pub(super) struct Words<'s> {
    pattern: &'s Pattern,
    /// Whether what lies between them are words too.
    gaps: bool,
}

impl Words<'_> {
    /// Calls `visit` with each word of `text`, from left to right.
    #[inline]
    pub(super) fn each(&self, text: &str, mut visit: impl FnMut(Range<usize>)) {
        let mut after = 0;
        self.pattern.each(text, |found| {
            if self.gaps && after < found.start {
                visit(after..found.start);
            }
            after = found.end;
            visit(found);
        });
        if self.gaps && after < text.len() {
            visit(after..text.len());
        }
    }
}

fn metaspace(
    section: &mut Section<'_>,
    pieces: &[Range<usize>],
    replacement: char,
    prepend: Prepend,
    cut: bool,
    out: &mut Vec<Range<usize>>,
) {
    let mut buffer = [0; 4];
    let sign: &str = replacement.encode_utf8(&mut buffer);
    let is_sign = |character| character == ' ' || character == replacement;
    let first: Vec<bool> = pieces.iter().map(|piece| section.origin(piece.start) == 0).collect();
    let mut edit = Edit::new(section);
    for (piece, first) in pieces.iter().zip(first) {
        let text = edit.old().get(piece.clone()).unwrap_or_default().to_owned();
        let mut start = edit.len();
        let wanted = prepend == Prepend::Always || (prepend == Prepend::First && first);
        if wanted && !text.starts_with(is_sign) {
            edit.put(piece.start, sign);
        }
        for (at, character) in text.char_indices() {
            let from = piece.start + at;
            if cut && is_sign(character) && edit.len() > start {
                out.push(start..edit.len());
                start = edit.len();
            }
            if character == ' ' {
                edit.put(from, sign);
            } else {
                edit.keep(from..from + character.len_utf8());
            }
        }
        out.push(start..edit.len());
    }
    edit.finish();
}

fn split(text: &str, base: usize, pattern: &Pattern, behavior: Behavior, invert: bool, out: &mut Vec<Range<usize>>) {
    let mut after = 0;
    let mut joiner = Joiner { behavior, out, open: false, was_match: false, base };
    pattern.each(text, |found| {
        joiner.add(after..found.start, invert);
        after = found.end;
        joiner.add(found, !invert);
    });
    joiner.add(after..text.len(), invert);
}

/// Joins matches and gaps as a [`Behavior`] says.
struct Joiner<'o> {
    behavior: Behavior,
    out: &'o mut Vec<Range<usize>>,
    /// Whether this text has left a piece yet.
    open: bool,
    was_match: bool,
    base: usize,
}

impl Joiner<'_> {
    fn add(&mut self, range: Range<usize>, is_match: bool) {
        if range.is_empty() {
            return;
        }
        let joins = self.open
            && match self.behavior {
                Behavior::Removed | Behavior::Isolated => false,
                Behavior::Contiguous => is_match == self.was_match,
                Behavior::MergedWithPrevious => is_match && !self.was_match,
                Behavior::MergedWithNext => !is_match && self.was_match,
            };
        self.was_match = is_match;
        if is_match && self.behavior == Behavior::Removed {
            return;
        }
        let range = range.start + self.base..range.end + self.base;
        match self.out.last_mut() {
            Some(last) if joins => last.end = range.end,
            _ => self.out.push(range),
        }
        self.open = true;
    }
}

/// Whether `character` is part of a word in the sense of `\w`.
pub(super) fn is_word_character(character: char) -> bool {
    character == '_' || character.is_alphabetic() || classes::of(character) & (NUMBER | classes::MARK) != 0
}

/// Whether `character` is punctuation as Hugging Face's tokenizers library has it.
pub(super) fn is_punctuation(character: char) -> bool {
    library::contains(library::PUNCTUATION, character)
}

/// Whether `character` is white space.
pub(super) fn is_space(character: char) -> bool {
    classes::of(character) & SPACE != 0
}
