//! Why a text is cut at a place or not.

use std::ops::Range;

use super::Edited;
use super::lattice::Lattice;
use super::longest;
use super::longest::Cut;
use super::pairs;
use super::pairs::Joining;
use super::pairs::Pair;
use super::place;
use super::place::Here;
use super::place::OwnWord;
use super::steps::Lookup;
use super::steps::Match;
use super::steps::Route;
use crate::text::bpe::Symbol;
use crate::text::encoder::Encoder;
use crate::text::segment::NoPlace;
use crate::text::tokenizer::Merge;
use crate::text::tokenizer::Token;
use crate::text::unigram::Unigram;
use crate::text::units::BytePairs;
use crate::text::units::Units;
use crate::text::word_piece::WordPiece;

/// A place of a text, and what a tokenizer makes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// Whether it is cut there: no token goes across.
    pub cut: bool,
    /// Why.
    pub reason: Reason,
}

/// A merge that would have gone across a place, and what came before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The merge.
    pub merge: Merge,
    /// The merge that took one of the two away.
    pub blocker: Merge,
}

/// Why a text is cut at a place or not. All bytes are those of the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// Inside a token that is found as it is spelled, before anything is encoded.
    Inside(Token),
    /// At the edge of such a token.
    Edge(Token),
    /// Between two words: the text is cut there before it is encoded.
    Between(Range<usize>, Range<usize>),
    /// In what belongs to no token: white space that is dropped, or what the vocabulary cannot say.
    Dropped,
    /// Inside what normalisation made one of.
    Normalized {
        /// Its bytes.
        bytes: Range<usize>,
        /// What they became.
        text: String,
    },
    /// Inside what is never taken apart: a byte or character that merging starts from.
    Unit(Range<usize>),
    /// Inside a character that no piece has: its bytes are tokens.
    Bytes(Range<usize>),
    /// Inside what the vocabulary lacks: one unknown token.
    Unknown(Token),
    /// Inside a stretch that is a piece, and is not merged.
    Whole(Token),
    /// A merge went across.
    Joined {
        /// The merge.
        merge: Merge,
        /// Which of the word's merges it was, from 1.
        number: usize,
        /// What would have been merged next instead.
        second: Option<Merge>,
    },
    /// No merge went across.
    Apart {
        /// The token before.
        left: Token,
        /// The token after.
        right: Token,
        /// The merges that would have, in the order in which they lost their chance.
        missed: Vec<Missed>,
    },
    /// The longest piece ends at the place, or goes across.
    Longest(Match),
    /// The word is unknown as a whole, because no piece fits at this byte; here is what was looked up.
    Stuck(usize, Vec<Lookup>),
    /// The word is unknown as a whole, because it has more characters than this.
    TooLong(usize),
    /// The most probable way with a cut there, and the most probable one without.
    Routes {
        /// With.
        cut: Option<Route>,
        /// Without.
        joined: Option<Route>,
    },
    /// Words are looked up as a whole.
    Word(Token),
}

impl Why {
    /// Whether a change of the vocabulary could turn it round.
    pub fn can_turn(&self) -> bool {
        !matches!(
            self.reason,
            Reason::Inside(_)
                | Reason::Edge(_)
                | Reason::Between(..)
                | Reason::Dropped
                | Reason::Normalized { .. }
                | Reason::Unit(_)
                | Reason::TooLong(_)
                | Reason::Word(_)
        )
    }
}

/// What merging does around a place of a word.
pub(super) struct Watched {
    pub(super) reason: Reason,
    /// The pairs that overlap the one that went across, when it did.
    pub(super) rivals: Vec<Merge>,
    /// The merges that ended or began at the place.
    pub(super) touching: Vec<Merge>,
}

impl Watched {
    fn plain(reason: Reason) -> Self {
        Self { reason, rivals: Vec::new(), touching: Vec::new() }
    }
}

/// Whether no symbol goes across a place.
pub(super) fn is_cut(symbols: &[Symbol], place: usize) -> bool {
    !symbols.iter().any(|symbol| symbol.start < place && place < symbol.end)
}

impl Edited<'_> {
    /// Why `text` is cut before the byte `at`, or not.
    ///
    /// # Errors
    /// The byte is not inside the text.
    pub fn why(&self, text: &str, at: usize) -> Result<Why, NoPlace> {
        place::check(text, at)?;
        let plain = |cut, reason| Why { cut, reason };
        Ok(match self.here(text, at) {
            Here::Inside(token) => plain(false, Reason::Inside(token)),
            Here::Edge(token) => plain(true, Reason::Edge(token)),
            Here::Between(left, right) => plain(true, Reason::Between(left, right)),
            Here::Dropped => plain(true, Reason::Dropped),
            Here::Normalized { range, text } => plain(false, Reason::Normalized { bytes: range, text }),
            Here::In(word, places) => {
                let (place, cut) = self.place(&word, &places);
                plain(cut, self.reason(&word, place))
            }
        })
    }

    /// Of the places of a word that come from one byte the one that counts: where it is cut, if it is; and whether it is.
    pub(super) fn place(&self, word: &OwnWord, places: &[usize]) -> (usize, bool) {
        let symbols = self.symbols(&word.text);
        let cut = places.iter().find(|&&place| is_cut(&symbols, place));
        (cut.or(places.first()).copied().unwrap_or(0), cut.is_some())
    }

    /// Why a word is cut at a place or not.
    pub(super) fn reason(&self, word: &OwnWord, place: usize) -> Reason {
        match &self.tokenizer.encoder {
            Encoder::BytePairs(model) => self.watch(model, word, place).reason,
            Encoder::WordPiece(model) => self.longest_reason(model, word, place),
            Encoder::Unigram(model) => self.routes_reason(model, word, place),
            Encoder::WordLevel { .. } => {
                let symbols = self.symbols(&word.text);
                symbols.first().map_or(Reason::Dropped, |symbol| Reason::Word(word.token(self, symbol)))
            }
        }
    }

    /// Follows the merges of a word and sees what becomes of a place.
    pub(super) fn watch(&self, model: &BytePairs, word: &OwnWord, place: usize) -> Watched {
        let parts = pairs::parts(model, &self.overlay, &word.text);
        let over = |range: &&Range<usize>| range.start <= place && place <= range.end;
        let touched: Vec<&Range<usize>> = parts.iter().filter(over).collect();
        let from = touched.first().map_or(0, |range| range.start);
        let text = word.text.get(from..touched.last().map_or(0, |range| range.end)).unwrap_or_default();
        let place = place - from;
        let token = |symbol: &Symbol| word.token(self, &pairs::moved(*symbol, from));
        if touched.len() == 1
            && let Some(whole) = pairs::whole(model, &self.overlay, text)
        {
            return Watched::plain(Reason::Whole(token(&whole)));
        }
        let units = pairs::units(model, text);
        let over = |unit: &&Symbol| unit.start < place && place < unit.end;
        if let Some(unit) = units.iter().find(over) {
            let token = token(unit);
            let tokens = pairs::finished(model, text, std::slice::from_ref(unit));
            return Watched::plain(match is_cut(&tokens, place) {
                true => Reason::Bytes(token.start..token.end),
                false if model.unknown == Some(unit.id) => Reason::Unknown(token),
                false => Reason::Unit(token.start..token.end),
            });
        }
        if matches!(model.units, Units::Characters { .. }) && !text.is_char_boundary(place) {
            let range = character(text, place);
            return Watched::plain(Reason::Bytes(word.origin(from + range.start)..word.origin(from + range.end)));
        }
        let Some(mut left) = units.iter().position(|unit| unit.end == place) else {
            return Watched::plain(Reason::Dropped);
        };
        let merge = |pair: &Pair| word.merge(self, pair, from);
        let mut joining = Joining::new(model, &self.overlay, units);
        let (mut missed, mut touching) = (Vec::new(), Vec::new());
        for number in 1.. {
            let Some((at, (_, right))) = joining.best_at().zip(joining.symbol(left)) else { break };
            let gone = joining.symbol(at).map_or(at, |(_, next)| next);
            let across = joining.pair_at(left);
            let rivals = [joining.pair_before(left), joining.pair_at(right)];
            let second = joining.candidates(2).get(1).copied();
            let Some(pair) = joining.join() else { break };
            if at == left {
                let reason = Reason::Joined { merge: merge(&pair), number, second: second.as_ref().map(merge) };
                return Watched { reason, rivals: rivals.iter().flatten().map(merge).collect(), touching };
            }
            if gone == left || at == right {
                touching.push(merge(&pair));
                missed.extend(across.map(|across| Missed { merge: merge(&across), blocker: merge(&pair) }));
            }
            if gone == left {
                left = at;
            }
        }
        let Some((symbol, right)) = joining.symbol(left) else { return Watched::plain(Reason::Dropped) };
        let Some((after, _)) = joining.symbol(right) else { return Watched::plain(Reason::Dropped) };
        let reason = Reason::Apart { left: token(&symbol), right: token(&after), missed };
        Watched { reason, rivals: Vec::new(), touching }
    }

    fn longest_reason(&self, model: &WordPiece, word: &OwnWord, place: usize) -> Reason {
        if !word.text.is_char_boundary(place) {
            return word.unit(place);
        }
        match longest::cut(model, &self.overlay, &word.text) {
            Cut::TooLong => Reason::TooLong(model.longest_word),
            Cut::Stuck(pieces) => {
                let after = pieces.last().map_or(0, |piece| piece.end);
                Reason::Stuck(word.origin(after), word.lookups(self, model, after))
            }
            Cut::Pieces(pieces) => {
                let piece = pieces.iter().find(|piece| piece.start < place && place <= piece.end);
                piece.map_or(Reason::Dropped, |piece| {
                    let lookups = word.lookups(self, model, piece.start);
                    Reason::Longest(Match { token: word.token(self, piece), lookups })
                })
            }
        }
    }

    fn routes_reason(&self, model: &Unigram, word: &OwnWord, place: usize) -> Reason {
        let lattice = Lattice::new(model, &self.overlay, &word.text);
        let tokens = lattice.best(&|_| true).map(|way| lattice.tokens(&way)).unwrap_or_default();
        if !word.text.is_char_boundary(place) {
            let range = character(&word.text, place);
            let range = word.origin(range.start)..word.origin(range.end);
            return if is_cut(&tokens, place) { Reason::Bytes(range) } else { word.unit(place) };
        }
        let over = |symbol: &&Symbol| symbol.start < place && place < symbol.end && Some(symbol.id) == model.unknown;
        if let Some(symbol) = tokens.iter().find(over) {
            return Reason::Unknown(word.token(self, symbol));
        }
        let route = |way: Option<super::lattice::Way>| way.map(|way| word.route(self, &lattice, &way));
        Reason::Routes {
            cut: route(lattice.best(&|edge| !(edge.start < place && place < edge.end))),
            joined: route(lattice.best(&|edge| edge.start != place && edge.end != place)),
        }
    }
}

impl OwnWord {
    /// A character is never cut.
    fn unit(&self, place: usize) -> Reason {
        let range = character(&self.text, place);
        Reason::Unit(self.origin(range.start)..self.origin(range.end))
    }
}

/// The bytes of the character that a byte is inside of.
fn character(text: &str, at: usize) -> Range<usize> {
    let start = (0..=at).rev().find(|&byte| text.is_char_boundary(byte)).unwrap_or(0);
    let end = (at..=text.len()).find(|&byte| text.is_char_boundary(byte)).unwrap_or(text.len());
    start..end
}
