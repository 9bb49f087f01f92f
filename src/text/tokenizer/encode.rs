//! From a text to tokens: taken apart at added tokens, normalised, cut into words, and each word encoded.

use std::ops::Range;

use super::{Merge, Merging, Token, Tokenizer};
use crate::text::{bpe::Symbol, encoder::Encoder, section::Section, swift::Swift, units::Scratch};

impl Tokenizer {
    /// The tokens of `text` as it stands: special tokens written in it are recognised, none is put around it.
    pub fn encode(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::with_capacity(text.len() / 3 + 1);
        let mut swift = self.swift(text);
        let mut ids = Vec::new();
        self.each_part(text, &mut |part| match part {
            Part::Added(token) => tokens.push(token),
            Part::Plain(mut section) => {
                let Some(swift) = &mut swift else { return self.encode_slowly(section, &mut tokens) };
                self.each_word(&mut section, |section, word| {
                    ids.clear();
                    swift.encode(&section.text, &word, &mut ids);
                    let mut start = word.start;
                    tokens.extend(ids.iter().map(|&id| {
                        let symbol = Symbol { id, start, end: start + self.texts.get(id).len() };
                        start = symbol.end;
                        token(&symbol, section)
                    }));
                });
            }
        });
        tokens
    }

    /// The ids of the tokens that [`encode`](Self::encode) gives.
    pub fn encode_ids(&self, text: &str) -> Vec<u32> {
        let Some(mut swift) = self.swift(text) else { return self.encode(text).iter().map(|token| token.id).collect() };
        let mut ids = Vec::with_capacity(text.len() / 3 + 1);
        self.each_part(text, &mut |part| match part {
            Part::Added(token) => ids.push(token.id),
            Part::Plain(mut section) => {
                self.each_word(&mut section, |section, word| swift.encode(&section.text, &word, &mut ids));
            }
        });
        ids
    }

    fn swift(&self, text: &str) -> Option<Swift<'_>> {
        let Encoder::BytePairs(model) = &self.encoder else { return None };
        Swift::new(model, &self.texts, text.len())
    }

    /// Visits the words of a section, which the steps may change.
    #[inline]
    fn each_word(&self, section: &mut Section<'_>, mut visit: impl FnMut(&Section<'_>, Range<usize>)) {
        match &*self.steps {
            [step] if let Some(words) = step.words() => words.each(&section.text, |word| visit(section, word)),
            _ => self.pieces(section).into_iter().for_each(|word| visit(section, word)),
        }
    }

    fn encode_slowly(&self, mut section: Section<'_>, tokens: &mut Vec<Token>) {
        let pieces = self.pieces(&mut section);
        let (mut scratch, mut symbols) = (Scratch::default(), Vec::new());
        for piece in &pieces {
            self.encoder.encode(section.slice(piece), piece.start, &mut scratch, &mut symbols);
        }
        tokens.extend(symbols.iter().map(|symbol| token(symbol, &section)));
    }

    /// The tokens of `text` as [`Tokenizer::encode`] gives them, with every merge that made them, word by word.
    pub fn merging(&self, text: &str) -> Vec<Merging> {
        let mut words = Vec::new();
        self.each_part(text, &mut |part| match part {
            Part::Added(token) => words.push(Merging { units: vec![token], merges: Vec::new(), tokens: vec![token] }),
            Part::Plain(mut section) => {
                for piece in self.pieces(&mut section) {
                    self.encoder.trace(section.slice(&piece), piece.start, |_, trace| {
                        let all = |symbols: &[Symbol]| symbols.iter().map(|symbol| token(symbol, &section)).collect();
                        let merges = trace.merges.iter().map(|(rank, left, right, id)| Merge {
                            rank: *rank,
                            left: token(left, &section),
                            right: token(right, &section),
                            id: *id,
                        });
                        words.push(Merging {
                            units: all(&trace.units),
                            merges: merges.collect(),
                            tokens: all(&trace.symbols),
                        });
                    });
                }
            }
        });
        words
    }

    /// Calls `found` with each word that `text` is cut into before it is encoded, normalised; no token is looked for.
    pub(in crate::text) fn cut(&self, text: &str, mut found: impl FnMut(&str)) {
        let mut section = Section::new(text, 0);
        for step in &self.normalizer {
            step.apply(&mut section);
        }
        self.each_word(&mut section, |section, word| found(section.slice(&word)));
    }

    /// Takes `text` apart at the tokens that are found in it as they are spelled, and normalises what lies between.
    pub(in crate::text) fn each_part(&self, text: &str, visit: &mut dyn FnMut(Part<'_>)) {
        let mut after = 0;
        self.added.each(text, |id, range| {
            self.normalize(text, after..range.start, visit);
            after = range.end;
            visit(Part::Added(Token { id, start: range.start, end: range.end }));
        });
        self.normalize(text, after..text.len(), visit);
    }

    fn normalize(&self, text: &str, range: Range<usize>, visit: &mut dyn FnMut(Part<'_>)) {
        let mut section = Section::new(text.get(range.clone()).unwrap_or_default(), range.start);
        if section.text.is_empty() {
            return;
        }
        for step in &self.normalizer {
            step.apply(&mut section);
        }
        if self.added_normalized.is_empty() {
            visit(Part::Plain(section));
            return;
        }
        let mut after = 0;
        self.added_normalized.each(&section.text, |id, range| {
            visit(Part::Plain(section.part(after..range.start)));
            after = range.end;
            visit(Part::Added(Token { id, start: section.origin(range.start), end: section.origin(range.end) }));
        });
        visit(Part::Plain(section.part(after..section.text.len())));
    }

    /// The words of a section, which the steps may change.
    pub(in crate::text) fn pieces(&self, section: &mut Section<'_>) -> Vec<Range<usize>> {
        let mut pieces = Vec::new();
        if !section.text.is_empty() {
            pieces.push(0..section.text.len());
        }
        for step in &self.steps {
            let mut next = Vec::with_capacity(pieces.len());
            step.apply(section, &pieces, &mut next);
            pieces = next;
        }
        pieces
    }
}

/// A stretch of a text: a token as it is spelled, or what is yet to be cut and merged.
pub(in crate::text) enum Part<'a> {
    /// A token that is found as it is spelled.
    Added(Token),
    /// Text, normalised.
    Plain(Section<'a>),
}

fn token(symbol: &Symbol, section: &Section<'_>) -> Token {
    Token { id: symbol.id, start: section.origin(symbol.start), end: section.origin(symbol.end) }
}
