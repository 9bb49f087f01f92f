//! A vocabulary looked at piece by piece: how each is spelled, which merges make it, what it scores.

use super::{
    Tokenizer,
    parts::{self, SPACE_SIGN},
};
use crate::text::{
    bpe::{Links, NONE, Symbol},
    byte_level,
    encoder::Encoder,
    unigram::Score,
    units::{Affixes, BytePairs, Trace, Units},
};

/// How a tokenizer turns words into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By merging pairs.
    BytePairs,
    /// Always the longest piece.
    WordPiece,
    /// The most probable pieces.
    Unigram,
    /// Each word a piece.
    WordLevel,
}

impl Kind {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::BytePairs, Self::WordPiece, Self::Unigram, Self::WordLevel];

    /// Its name, the same in every language.
    pub fn name(self) -> &'static str {
        match self {
            Self::BytePairs => "BPE",
            Self::WordPiece => "WordPiece",
            Self::Unigram => "Unigram",
            Self::WordLevel => "WordLevel",
        }
    }
}

impl Tokenizer {
    /// How words become pieces.
    pub fn kind(&self) -> Kind {
        match self.encoder {
            Encoder::BytePairs(_) => Kind::BytePairs,
            Encoder::WordPiece(_) => Kind::WordPiece,
            Encoder::Unigram(_) => Kind::Unigram,
            Encoder::WordLevel { .. } => Kind::WordLevel,
        }
    }
}

/// One piece of a merge tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id; none for a character or byte that only longer pieces have.
    pub id: Option<u32>,
    /// The bytes it stands for.
    pub bytes: Vec<u8>,
    /// The rank of the merge that made it; none for what merging starts from.
    pub rank: Option<u32>,
    /// How many merges stand above it.
    pub depth: usize,
}

/// What is needed to look at each piece of one vocabulary.
#[derive(Debug, Default)]
pub struct Index {
    spellings: Vec<Option<Box<str>>>,
    /// The pieces of letters and digits that a word of `WordPiece` may begin with, the shortest first.
    beginnings: Vec<u32>,
}

impl Index {
    /// The index of `tokenizer`: one pass over its vocabulary.
    pub fn new(tokenizer: &Tokenizer) -> Self {
        let mut pieces: Vec<(&str, u32)> = tokenizer.ids.iter().map(|(spelling, &id)| (&**spelling, id)).collect();
        pieces.sort_unstable_by_key(|&(spelling, id)| (id, spelling));
        let mut index = Self { spellings: vec![None; tokenizer.len()], beginnings: Vec::new() };
        for &(spelling, id) in &pieces {
            if let Some(place) = index.spellings.get_mut(id as usize).filter(|place| place.is_none()) {
                *place = Some(spelling.into());
            }
        }
        let browser = Browser::new(tokenizer, &index);
        let is_word = |text: &str| text.chars().all(char::is_alphanumeric);
        let begins = |&id: &u32| browser.beginning(id).is_some_and(is_word);
        let mut beginnings: Vec<u32> = (0..tokenizer.len() as u32).filter(begins).collect();
        beginnings.sort_by_key(|&id| tokenizer.piece(id).len());
        index.beginnings = beginnings;
        index
    }
}

/// A vocabulary looked at with its [`Index`].
#[derive(Clone, Copy, Debug)]
pub struct Browser<'t> {
    pub(super) tokenizer: &'t Tokenizer,
    index: &'t Index,
}

impl<'t> Browser<'t> {
    /// Looks at the pieces of `tokenizer`, whose index it is.
    pub fn new(tokenizer: &'t Tokenizer, index: &'t Index) -> Self {
        Self { tokenizer, index }
    }

    /// The number of ids.
    pub fn len(&self) -> usize {
        self.tokenizer.len()
    }

    /// Whether there is no piece at all; never true of a tokenizer that was built.
    pub fn is_empty(&self) -> bool {
        self.tokenizer.is_empty()
    }

    /// The id of the piece that the file spells `piece`.
    pub fn id_of(&self, piece: &str) -> Option<u32> {
        self.tokenizer.id_of(piece)
    }

    /// The bytes that the piece `id` stands for.
    pub fn piece(&self, id: u32) -> &'t [u8] {
        self.tokenizer.piece(id)
    }

    /// Whether the piece `id` is a mark and not a part of a text.
    pub fn is_special(&self, id: u32) -> bool {
        self.tokenizer.is_special(id)
    }

    /// The texts of the pieces that a word of `WordPiece` may begin with, letters and digits, the shortest first.
    pub(super) fn beginnings(&self) -> impl Iterator<Item = &'t str> {
        let browser = *self;
        self.index.beginnings.iter().filter_map(move |&id| browser.beginning(id))
    }

    /// The text of a piece that a word of `WordPiece` may begin with.
    pub(super) fn beginning(&self, id: u32) -> Option<&'t str> {
        let Encoder::WordPiece(model) = &self.tokenizer.encoder else { return None };
        let text = std::str::from_utf8(self.tokenizer.piece(id)).ok()?;
        let text = text.strip_prefix(' ').unwrap_or(text);
        model.can_begin(text.as_bytes(), id).then_some(text)
    }

    /// How words become pieces.
    pub fn kind(&self) -> Kind {
        self.tokenizer.kind()
    }

    /// How the file spells the piece `id`, where it has a spelling.
    pub fn spelling(&self, id: u32) -> Option<&'t str> {
        self.index.spellings.get(id as usize)?.as_deref()
    }

    /// The logarithm of its probability, where the vocabulary has one (Kudo 2018).
    pub fn score(&self, id: u32) -> Option<f64> {
        let Encoder::Unigram(model) = &self.tokenizer.encoder else { return None };
        match model.scores.get(id as usize)? {
            Score::Log(score) => Some(*score),
            Score::PerByte(_) => None,
        }
    }

    /// The rank of the last merge that makes the piece `id`; none for what no merge makes.
    pub fn rank(&self, id: u32) -> Option<u32> {
        let trace = self.alone(id)?;
        let is_made = trace.symbols.len() == 1 && trace.symbols.first().is_some_and(|symbol| symbol.id == id);
        trace.merges.last().map(|&(rank, ..)| rank).filter(|_| is_made)
    }

    /// The merges of the piece `id` down to its bytes or characters: each piece before the two it was made of, the
    /// left one first. Where the merges do not lead to it, what they lead to instead: several pieces of depth 0. A
    /// piece that is not merged is alone.
    pub fn tree(&self, id: u32) -> Vec<Node> {
        let alone = Node { id: Some(id), bytes: self.tokenizer.piece(id).to_vec(), rank: None, depth: 0 };
        let Some(trace) = self.alone(id) else { return vec![alone] };
        let text = self.merged_text(id);
        let mut made: Vec<(Symbol, Option<Made>)> = trace.units.iter().map(|&unit| (unit, None)).collect();
        // The index of the newest symbol that begins at each byte.
        let mut newest: Vec<usize> = vec![usize::MAX; text.len() + 1];
        for (index, unit) in trace.units.iter().enumerate() {
            if let Some(place) = newest.get_mut(unit.start) {
                *place = index;
            }
        }
        for (rank, left, right, joined) in &trace.merges {
            let at = |symbol: &Symbol| newest.get(symbol.start).copied().unwrap_or(usize::MAX);
            let parts = Made { rank: *rank, left: at(left), right: at(right) };
            let index = made.len();
            made.push((Symbol { id: *joined, start: left.start, end: right.end }, Some(parts)));
            if let Some(place) = newest.get_mut(left.start) {
                *place = index;
            }
        }
        let mut open: Vec<(usize, usize)> = Vec::new();
        let roots = trace.symbols.iter().filter_map(|symbol| newest.get(symbol.start));
        open.extend(roots.map(|&index| (index, 0)));
        open.reverse();
        let mut nodes = Vec::with_capacity(made.len());
        while let Some((index, depth)) = open.pop() {
            let Some((symbol, parts)) = made.get(index) else { continue };
            let id = Some(symbol.id).filter(|&id| (id as usize) < self.tokenizer.len());
            let bytes = match id {
                Some(id) => self.tokenizer.piece(id).to_vec(),
                None => plain(text.get(symbol.start..symbol.end).unwrap_or_default()),
            };
            nodes.push(Node { id, bytes, rank: parts.as_ref().map(|parts| parts.rank), depth });
            if let Some(parts) = parts {
                open.push((parts.right, depth + 1));
                open.push((parts.left, depth + 1));
            }
        }
        nodes
    }

    /// What the model merges for the piece: its bytes, or its spelling without marks of where it stands in a word.
    fn merged_text(&self, id: u32) -> Vec<u8> {
        let Encoder::BytePairs(model) = &self.tokenizer.encoder else { return self.tokenizer.piece(id).to_vec() };
        match (&model.units, &model.affixes) {
            (Units::Bytes(_), None) => self.tokenizer.piece(id).to_vec(),
            (_, None) => self.spelling(id).unwrap_or_default().as_bytes().to_vec(),
            (Units::Bytes(_), Some(affixes)) => {
                let spelling = affixes.bare(self.spelling(id).unwrap_or_default()).0;
                byte_level::bytes(spelling).unwrap_or_default()
            }
            (_, Some(affixes)) => affixes.bare(self.spelling(id).unwrap_or_default()).0.as_bytes().to_vec(),
        }
    }

    /// How the piece is merged with nothing around it; none where the model does not merge, or merging cannot start.
    pub(super) fn alone(&self, id: u32) -> Option<Trace> {
        let Encoder::BytePairs(model) = &self.tokenizer.encoder else { return None };
        let text = self.merged_text(id);
        let units = units(model, &text, self.spelling(id))?;
        let mut trace = Trace { symbols: units.clone(), units, merges: Vec::new() };
        let note = |rank, left, right, id| trace.merges.push((rank, left, right, id));
        model.merges.apply(&mut trace.symbols, &mut Links::default(), note);
        Some(trace)
    }
}

struct Made {
    rank: u32,
    left: usize,
    right: usize,
}

/// What merging starts from; none where a part of it is no piece.
fn units(model: &BytePairs, text: &[u8], spelling: Option<&str>) -> Option<Vec<Symbol>> {
    let mut out = Vec::new();
    if let Some(affixes) = &model.affixes {
        let (bare, begins, ends) = affixes.bare(spelling?);
        let mut at = 0;
        for (index, character) in bare.char_indices() {
            let is_last = index + character.len_utf8() == bare.len();
            let id = affixes.id(character, index == 0 && begins, is_last && ends)?;
            let length = if matches!(model.units, Units::Bytes(_)) { 1 } else { character.len_utf8() };
            out.push(Symbol { id, start: at, end: at + length });
            at += length;
        }
        return Some(out).filter(|units| !units.is_empty());
    }
    match &model.units {
        Units::Bytes(ids) => {
            for (at, byte) in text.iter().enumerate() {
                let id = ids.get(usize::from(*byte)).copied().filter(|&id| id != NONE)?;
                out.push(Symbol { id, start: at, end: at + 1 });
            }
        }
        Units::Characters { .. } => model.start(std::str::from_utf8(text).ok()?, 0, &mut out),
    }
    Some(out).filter(|units| !units.is_empty())
}

impl Affixes {
    /// A spelling without its marks; whether it may begin a word, whether it ends one.
    pub(super) fn bare<'s>(&self, spelling: &'s str) -> (&'s str, bool, bool) {
        let inside = spelling.strip_prefix(&*self.prefix).filter(|_| !self.prefix.is_empty());
        let rest = inside.unwrap_or(spelling);
        let end = rest.strip_suffix(&*self.suffix).filter(|_| !self.suffix.is_empty());
        (end.unwrap_or(rest), inside.is_none(), end.is_some())
    }
}

/// A stretch of a spelling as it stands in text.
fn plain(spelling: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(spelling) {
        Ok(text) => text.replace(SPACE_SIGN, " ").into_bytes(),
        Err(_) => spelling.to_vec(),
    }
}

/// The byte that a piece such as `<0xE4>` stands for.
pub(super) fn byte_of(spelling: Option<&str>) -> Option<u8> {
    spelling.and_then(parts::byte_piece)
}
