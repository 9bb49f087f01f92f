//! From a word to its tokens: one of four models.

use std::ops::Range;

use super::{
    bpe::{FoldMap, Symbol},
    unigram::Unigram,
    units::{BytePairs, Scratch, Trace},
    word_piece::WordPiece,
};

/// The model that turns words into ids.
#[derive(Debug)]
pub(super) enum Encoder {
    /// Byte-pair merging.
    BytePairs(BytePairs),
    /// The longest piece first.
    WordPiece(WordPiece),
    /// The most probable pieces.
    Unigram(Unigram),
    /// Each word a piece, or the unknown one.
    WordLevel {
        /// The words.
        ids: FoldMap<Box<str>, u32>,
        /// The id of what is no word; without one it is skipped.
        unknown: Option<u32>,
    },
}

impl Encoder {
    /// Appends the symbols of `word` to `out`, their positions counted from `base`. `out` has to be the same, and only to
    /// grow, as long as `scratch` is.
    pub(super) fn encode<'t>(&self, word: &'t str, base: usize, scratch: &mut Scratch<'t>, out: &mut Vec<Symbol>) {
        match self {
            Self::BytePairs(model) => model.encode(word, base, scratch, out),
            Self::WordPiece(model) => model.encode(word, base, out),
            Self::Unigram(model) => model.encode(word, base, out),
            Self::WordLevel { ids, unknown } => {
                let id = ids.get(word).copied().or(*unknown);
                out.extend(id.map(|id| Symbol { id, start: base, end: base + word.len() }));
            }
        }
    }

    /// The same with every merge on the way, one trace for each part that is merged by itself: its range in bytes from the
    /// start of `word`'s section, and how it was merged. A model that does not merge starts with its tokens.
    pub(super) fn trace(&self, word: &str, base: usize, mut found: impl FnMut(Range<usize>, Trace)) {
        if let Self::BytePairs(model) = self {
            return model.trace(word, base, found);
        }
        let mut symbols = Vec::new();
        self.encode(word, base, &mut Scratch::default(), &mut symbols);
        found(base..base + word.len(), Trace { units: symbols.clone(), merges: Vec::new(), symbols });
    }
}
