//! What encoding does, step by step.

use std::ops::Range;

use super::Edited;
use super::Found;
use super::lattice::Edge;
use super::lattice::Lattice;
use super::longest;
use super::longest::Cut;
use super::pairs;
use super::pairs::Joining;
use super::pairs::Pair;
use super::place::OwnWord;
use crate::text::bpe::Symbol;
use crate::text::encoder::Encoder;
use crate::text::tokenizer::Merge;
use crate::text::tokenizer::Token;
use crate::text::unigram::Unigram;
use crate::text::units::BytePairs;
use crate::text::word_piece::WordPiece;

/// The most pairs that are told of one merge.
const MOST_CANDIDATES: usize = 8;

/// A stretch of a word that was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The stretch, as the word has it.
    pub text: String,
    /// The piece it is.
    pub id: Option<u32>,
}

/// The longest piece at a place of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The piece.
    pub token: Token,
    /// What was looked up, the longest first, down to the piece; then the shorter pieces that lost to it.
    pub lookups: Vec<Lookup>,
}

/// A piece that a way through a word may end with at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// The piece.
    pub token: Token,
    /// The piece, as the word has it.
    pub text: String,
    /// Whether it is a piece; else a character that no piece has.
    pub known: bool,
    /// The natural logarithm of its probability.
    pub score: f64,
    /// That of the best way to its start.
    pub before: f64,
    /// Both together, rounded as the tokenizer does.
    pub sum: f64,
    /// Whether it won.
    pub won: bool,
}

/// A way through a word.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Its pieces.
    pub tokens: Vec<Token>,
    /// The natural logarithm of its probability.
    pub score: f64,
}

/// A step of encoding. All bytes are those of the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A token is found as it is spelled.
    Added(Token),
    /// A word begins, which is encoded by itself.
    Word {
        /// Its bytes.
        bytes: Range<usize>,
        /// The word, normalised.
        text: String,
        /// What merging starts from, where the model merges.
        units: Vec<Token>,
    },
    /// A stretch of a word is a piece, and is not merged.
    Whole(Token),
    /// Two neighbours became one.
    Merge {
        /// The merge.
        merge: Merge,
        /// What could have been merged instead, the next in turn first.
        others: Vec<Merge>,
        /// At how many places something could be merged.
        waiting: usize,
    },
    /// The longest piece was taken.
    Match(Match),
    /// A word is unknown as a whole.
    Unknown {
        /// Its bytes.
        bytes: Range<usize>,
        /// Where no piece fits, as a byte of the text, and what was looked up there; nothing where the word is too long.
        stuck: Option<(usize, Vec<Lookup>)>,
    },
    /// A column of the lattice: the pieces that end at a place.
    Place {
        /// The place.
        at: usize,
        /// The character before it, as the word has it.
        character: char,
        /// The pieces, the longest first.
        ways: Vec<Way>,
    },
    /// The lattice is whole: its best way and the next best.
    Routes {
        /// The best.
        best: Route,
        /// The next best.
        second: Option<Route>,
    },
    /// The tokens of a word.
    Tokens(Vec<Token>),
}

impl OwnWord {
    /// A symbol of the word as a token of the text.
    pub(super) fn token(&self, edited: &Edited<'_>, symbol: &Symbol) -> Token {
        edited.token(symbol, |at| self.origin(at))
    }

    pub(super) fn bytes(&self) -> Range<usize> {
        self.origin(0)..self.origin(self.text.len())
    }

    pub(super) fn merge(&self, edited: &Edited<'_>, pair: &Pair, from: usize) -> Merge {
        let token = |symbol| self.token(edited, &pairs::moved(symbol, from));
        let joined = Symbol { id: pair.joined, ..pair.left };
        Merge {
            rank: pair.turn.rank,
            left: token(pair.left),
            right: token(pair.right),
            id: self.token(edited, &joined).id,
        }
    }

    pub(super) fn lookups(&self, edited: &Edited<'_>, model: &WordPiece, at: usize) -> Vec<Lookup> {
        let pieces = longest::pieces_at(model, &edited.overlay, &self.text, at);
        let lookups = longest::lookups(&pieces, &self.text, at).into_iter();
        let id = |id, range: &Range<usize>| self.token(edited, &Symbol { id, start: range.start, end: range.end }).id;
        let one = |(range, found): (Range<usize>, Option<u32>)| Lookup {
            id: found.map(|found| id(found, &range)),
            text: self.text.get(range).unwrap_or_default().to_owned(),
        };
        lookups.map(one).collect()
    }

    pub(super) fn route(&self, edited: &Edited<'_>, lattice: &Lattice<'_>, way: &super::lattice::Way) -> Route {
        let tokens = lattice.path(way).iter().map(|symbol| self.token(edited, symbol)).collect();
        Route { tokens, score: way.score }
    }
}

impl Edited<'_> {
    /// What happens to `text`, step by step, word by word; the tokens of all [`Step::Added`] and [`Step::Tokens`] are those
    /// that [`Edited::encode`] gives.
    pub fn steps(&self, text: &str, found: &mut dyn FnMut(Step)) {
        self.parts(text, &mut |part| match part {
            Found::Added(token) => found(Step::Added(token)),
            Found::Word(word) => {
                let word = OwnWord::new(word);
                match &self.tokenizer.encoder {
                    Encoder::BytePairs(model) => self.merging(model, &word, found),
                    Encoder::WordPiece(model) => self.matching(model, &word, found),
                    Encoder::Unigram(model) => self.weighing(model, &word, found),
                    Encoder::WordLevel { .. } => {
                        found(Step::Word { bytes: word.bytes(), text: word.text.clone(), units: Vec::new() });
                        self.settle(&word, &self.symbols(&word.text), found);
                    }
                }
            }
        });
    }

    fn settle(&self, word: &OwnWord, symbols: &[Symbol], found: &mut dyn FnMut(Step)) {
        found(Step::Tokens(symbols.iter().map(|symbol| word.token(self, symbol)).collect()));
    }

    fn merging(&self, model: &BytePairs, word: &OwnWord, found: &mut dyn FnMut(Step)) {
        for range in pairs::parts(model, &self.overlay, &word.text) {
            let part = word.text.get(range.clone()).unwrap_or_default();
            let moved = |symbol: &Symbol| pairs::moved(*symbol, range.start);
            let token = |symbol: &Symbol| word.token(self, &moved(symbol));
            let bytes = word.origin(range.start)..word.origin(range.end);
            let begin = |units: &[Symbol]| Step::Word {
                bytes: bytes.clone(),
                text: part.to_owned(),
                units: units.iter().map(token).collect(),
            };
            if let Some(whole) = pairs::whole(model, &self.overlay, part) {
                found(begin(&[]));
                found(Step::Whole(token(&whole)));
                found(Step::Tokens(vec![token(&whole)]));
                continue;
            }
            let units = pairs::units(model, part);
            found(begin(&units));
            let mut joining = Joining::new(model, &self.overlay, units);
            loop {
                let (waiting, mut others) = (joining.waiting(), joining.candidates(MOST_CANDIDATES));
                let Some(pair) = joining.join() else { break };
                others.drain(..others.len().min(1));
                let others = others.iter().map(|other| word.merge(self, other, range.start)).collect();
                found(Step::Merge { merge: word.merge(self, &pair, range.start), others, waiting });
            }
            let tokens = pairs::finished(model, part, &joining.symbols());
            self.settle(word, &tokens.iter().map(moved).collect::<Vec<_>>(), found);
        }
    }

    fn matching(&self, model: &WordPiece, word: &OwnWord, found: &mut dyn FnMut(Step)) {
        found(Step::Word { bytes: word.bytes(), text: word.text.clone(), units: Vec::new() });
        let cut = longest::cut(model, &self.overlay, &word.text);
        let (pieces, stuck) = match &cut {
            Cut::Pieces(pieces) => (pieces.as_slice(), false),
            Cut::Stuck(pieces) => (pieces.as_slice(), true),
            Cut::TooLong => (&[][..], false),
        };
        for symbol in pieces {
            let lookups = word.lookups(self, model, symbol.start);
            found(Step::Match(Match { token: word.token(self, symbol), lookups }));
        }
        let after = pieces.last().map_or(0, |piece| piece.end);
        let stuck = stuck.then(|| (word.origin(after), word.lookups(self, model, after)));
        if !matches!(cut, Cut::Pieces(_)) {
            found(Step::Unknown { bytes: word.bytes(), stuck });
            return self.settle(word, &longest::unknown(model, &word.text), found);
        }
        self.settle(word, pieces, found);
    }

    fn weighing(&self, model: &Unigram, word: &OwnWord, found: &mut dyn FnMut(Step)) {
        found(Step::Word { bytes: word.bytes(), text: word.text.clone(), units: Vec::new() });
        let lattice = Lattice::new(model, &self.overlay, &word.text);
        let reached = lattice.reached(&|_| true);
        let best_at = |at: usize| reached.get(at).copied().flatten();
        let mut ending: Vec<(usize, &Edge)> = lattice.edges.iter().enumerate().collect();
        ending.sort_by_key(|(_, edge)| (edge.end, edge.start));
        for column in ending.chunk_by(|a, b| a.1.end == b.1.end) {
            let Some(end) = column.first().map(|(_, edge)| edge.end) else { continue };
            let way = |(index, edge): &(usize, &Edge)| {
                let before = best_at(edge.start).map_or(0.0, |(score, _)| score);
                Way {
                    token: word.token(self, &Symbol { id: edge.id, start: edge.start, end: edge.end }),
                    text: word.text.get(edge.start..edge.end).unwrap_or_default().to_owned(),
                    known: edge.known,
                    score: edge.score,
                    before,
                    sum: model.rounded(before + edge.score),
                    won: best_at(end).is_some_and(|(_, best)| best == *index),
                }
            };
            let character = word.text.get(..end).and_then(|upto| upto.chars().next_back()).unwrap_or_default();
            found(Step::Place { at: word.origin(end), character, ways: column.iter().map(way).collect() });
        }
        let Some(best) = lattice.best(&|_| true) else { return };
        let second = lattice.second(&best).map(|second| word.route(self, &lattice, &second));
        found(Step::Routes { best: word.route(self, &lattice, &best), second });
        self.settle(word, &lattice.tokens(&best), found);
    }
}
