//! Encoding step by step: what a tokenizer does with a text, why it cuts at a place or not, and which change of its
//! vocabulary turns that round.
//!
//! An [`Edited`] tokenizer is a [`Tokenizer`] with [`Change`]s laid over its vocabulary: it encodes as one whose file had been
//! edited in the same way, and without changes as the tokenizer itself.

mod change;
mod embedded;
mod flips;
mod lattice;
mod longest;
mod overlay;
mod pairs;
mod place;
mod steps;
mod trial;
mod why;

pub use self::change::Change;
pub use self::change::ChangeError;
pub use self::embedded::embedded;
pub use self::flips::Flip;
pub use self::steps::Lookup;
pub use self::steps::Match;
pub use self::steps::Route;
pub use self::steps::Step;
pub use self::steps::Way;
pub use self::why::Missed;
pub use self::why::Reason;
pub use self::why::Why;

use self::overlay::FRESH;
use self::overlay::Overlay;
use self::place::Word;
use super::bpe::NONE;
use super::bpe::Symbol;
use super::encoder::Encoder;
use super::tokenizer::Kind;
use super::tokenizer::Part;
use super::tokenizer::Token;
use super::tokenizer::Tokenizer;

/// A tokenizer whose vocabulary is changed.
#[derive(Clone, Debug)]
pub struct Edited<'t> {
    tokenizer: &'t Tokenizer,
    changes: Vec<Change>,
    overlay: Overlay,
}

impl<'t> Edited<'t> {
    /// Makes `changes`, one after another, to the vocabulary of `tokenizer`.
    ///
    /// # Errors
    /// A change names a piece or a merge that is not there, or is none for a model of this kind.
    pub fn new(tokenizer: &'t Tokenizer, changes: &[Change]) -> Result<Self, ChangeError> {
        let overlay = Overlay::new(tokenizer, changes)?;
        Ok(Self { tokenizer, changes: changes.to_vec(), overlay })
    }

    /// The same with more changes, made after those there are.
    ///
    /// # Errors
    /// As [`Edited::new`].
    pub fn more(&self, more: &[Change]) -> Result<Self, ChangeError> {
        Self::new(self.tokenizer, &[&self.changes, more].concat())
    }

    /// How words become tokens.
    pub fn kind(&self) -> Kind {
        self.tokenizer.kind()
    }

    /// The tokens of `text` as it stands, as [`Tokenizer::encode`] gives them where nothing is changed. New pieces have the ids
    /// behind the last one.
    pub fn encode(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        self.parts(text, &mut |part| match part {
            Found::Added(token) => tokens.push(token),
            Found::Word(word) => {
                let symbols = self.symbols(word.text());
                tokens.extend(symbols.iter().map(|symbol| self.token(symbol, |at| word.origin(at))));
            }
        });
        tokens
    }

    /// The bytes that a token stands for; nothing for one that is no piece.
    pub fn piece(&self, id: u32) -> &[u8] {
        let fresh = (id as usize).checked_sub(self.tokenizer.len()).and_then(|index| self.overlay.fresh.get(index));
        fresh.map_or_else(|| self.tokenizer.piece(id), |piece| &piece.bytes)
    }

    /// The natural logarithm of a piece's probability, where the vocabulary has one; the piece is spelled as in the file.
    pub fn score(&self, spelling: &str) -> Option<f64> {
        let Encoder::Unigram(model) = &self.tokenizer.encoder else { return None };
        let id = self.overlay.id(self.tokenizer, spelling)?;
        self.overlay.score(model, id, spelling.len())
    }

    /// How the tokenizer's file spells a piece; a search through the vocabulary.
    pub fn spelling(&self, id: u32) -> Option<&str> {
        if let Some(fresh) = (id as usize).checked_sub(self.tokenizer.len()) {
            return self.overlay.fresh.get(fresh).map(|piece| piece.spelling.as_str());
        }
        let spellings = self.tokenizer.ids.iter().filter(|(_, other)| **other == id);
        spellings.map(|(spelling, _)| &**spelling).min()
    }

    /// Visits the words of a text, and the tokens that are found in it as they are spelled.
    fn parts(&self, text: &str, visit: &mut dyn FnMut(Found<'_>)) {
        self.tokenizer.each_part(text, &mut |part| match part {
            Part::Added(token) => visit(Found::Added(token)),
            Part::Plain(mut section) => {
                for range in self.tokenizer.pieces(&mut section) {
                    visit(Found::Word(&Word { section: &section, range }));
                }
            }
        });
    }

    /// The tokens of a word, each with its bytes in the word.
    fn symbols(&self, word: &str) -> Vec<Symbol> {
        match &self.tokenizer.encoder {
            Encoder::BytePairs(model) => pairs::encode(model, &self.overlay, word),
            Encoder::WordPiece(model) => longest::encode(model, &self.overlay, word),
            Encoder::Unigram(model) => lattice::encode(model, &self.overlay, word),
            Encoder::WordLevel { ids, unknown } => {
                let id = ids.get(word).copied().filter(|id| self.overlay.has(*id));
                let fresh = || self.overlay.fresh_at(word, 0, false).find(|(_, end)| *end == word.len());
                let id = id.or_else(|| fresh().map(|(id, _)| id)).or(*unknown);
                id.map(|id| Symbol { id, start: 0, end: word.len() }).into_iter().collect()
            }
        }
    }

    /// A symbol as a token of the text. A character that only longer pieces have is no piece: its id is none's.
    fn token(&self, symbol: &Symbol, origin: impl Fn(usize) -> usize) -> Token {
        let count = self.tokenizer.len() as u32;
        let id = match symbol.id {
            NONE => NONE,
            id if id >= FRESH => count + (id - FRESH),
            id if id >= count => NONE,
            id => id,
        };
        Token { id, start: origin(symbol.start), end: origin(symbol.end) }
    }
}

/// A part of a text.
enum Found<'a> {
    Added(Token),
    Word(&'a Word<'a>),
}
