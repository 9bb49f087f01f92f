//! The lattice of the unigram model (Kudo 2018, section 3.2): every piece at every place of a word, and the most probable ways
//! through it by Viterbi's algorithm.

use super::overlay::Overlay;
use crate::text::bpe::NONE;
use crate::text::bpe::Symbol;
use crate::text::unigram::Unigram;

/// A piece at a place of a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) id: u32,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The natural logarithm of its probability.
    pub(super) score: f64,
    /// Whether it is a piece; else a character that no piece has.
    pub(super) known: bool,
}

/// A way through a word, and the natural logarithm of its probability.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Way {
    pub(super) edges: Vec<usize>,
    pub(super) score: f64,
}

/// All pieces of a word.
pub(super) struct Lattice<'a> {
    model: &'a Unigram,
    overlay: &'a Overlay,
    word: &'a str,
    /// By where they begin, then by where they end.
    pub(super) edges: Vec<Edge>,
}

impl<'a> Lattice<'a> {
    pub(super) fn new(model: &'a Unigram, overlay: &'a Overlay, word: &'a str) -> Self {
        let unknown = model.rounded(overlay.unknown_score(model));
        let mut edges = Vec::new();
        for (at, character) in word.char_indices() {
            let next = at + character.len_utf8();
            let first = edges.len();
            let mut found = |id: u32, end: usize| {
                let score = overlay.score(model, id, end - at).unwrap_or(unknown);
                edges.push(Edge { id, start: at, end, score, known: true });
            };
            model.pieces.each(word.as_bytes(), at, |id, end| {
                if overlay.has(id) {
                    found(id, end);
                }
            });
            overlay.fresh_at(word, at, false).for_each(|(id, end)| found(id, end));
            let here = edges.get_mut(first..).unwrap_or_default();
            here.sort_by_key(|edge| edge.end);
            if !here.iter().any(|edge| edge.end == next) {
                let id = model.unknown.unwrap_or(NONE);
                edges.insert(first, Edge { id, start: at, end: next, score: unknown, known: false });
            }
        }
        Self { model, overlay, word, edges }
    }

    /// For each byte the best way to reach it over edges that are `allowed`: its score and last edge. Of equals the first found
    /// is kept.
    pub(super) fn reached(&self, allowed: &dyn Fn(&Edge) -> bool) -> Vec<Option<(f64, usize)>> {
        let mut best: Vec<Option<(f64, usize)>> = vec![None; self.word.len() + 1];
        for (index, edge) in self.edges.iter().enumerate().filter(|(_, edge)| allowed(edge)) {
            let before = match best.get(edge.start).copied().flatten() {
                Some((score, _)) => score,
                None if edge.start == 0 => 0.0,
                None => continue,
            };
            let score = self.model.rounded(before + edge.score);
            if let Some(place) = best.get_mut(edge.end).filter(|place| place.is_none_or(|(other, _)| score > other)) {
                *place = Some((score, index));
            }
        }
        best
    }

    /// The most probable way over edges that are `allowed`.
    pub(super) fn best(&self, allowed: &dyn Fn(&Edge) -> bool) -> Option<Way> {
        let reached = self.reached(allowed);
        let (score, _) = reached.last().copied().flatten()?;
        let mut edges = Vec::new();
        let mut at = self.word.len();
        while let Some((_, index)) = reached.get(at).copied().flatten() {
            edges.push(index);
            at = self.edges.get(index)?.start;
        }
        edges.reverse();
        Some(Way { edges, score })
    }

    /// The most probable way that is not `best`: it lacks one of its pieces.
    pub(super) fn second(&self, best: &Way) -> Option<Way> {
        // For each byte the two best ways there: score, last edge, which of the two ways to its start.
        let mut ways: Vec<Vec<(f64, usize, usize)>> = vec![Vec::new(); self.word.len() + 1];
        if let Some(first) = ways.first_mut() {
            first.push((0.0, usize::MAX, 0));
        }
        for (index, edge) in self.edges.iter().enumerate() {
            let before = ways.get(edge.start).cloned().unwrap_or_default();
            let Some(place) = ways.get_mut(edge.end) else { continue };
            for (which, (score, ..)) in before.into_iter().enumerate() {
                let score = self.model.rounded(score + edge.score);
                let at = place.iter().position(|other| score > other.0).unwrap_or(place.len());
                place.insert(at, (score, index, which));
                place.truncate(2);
            }
        }
        let found = (0..2).filter_map(|which| self.traced(&ways, which));
        found.into_iter().find(|way| way.edges != best.edges)
    }

    fn traced(&self, ways: &[Vec<(f64, usize, usize)>], which: usize) -> Option<Way> {
        let (mut at, mut which) = (self.word.len(), which);
        let score = ways.get(at)?.get(which)?.0;
        let mut edges = Vec::new();
        while at > 0 {
            let &(_, index, before) = ways.get(at)?.get(which)?;
            edges.push(index);
            (at, which) = (self.edges.get(index)?.start, before);
        }
        edges.reverse();
        Some(Way { edges, score })
    }

    /// The pieces of a way.
    pub(super) fn path(&self, way: &Way) -> Vec<Symbol> {
        let edges = way.edges.iter().filter_map(|&index| self.edges.get(index));
        edges.map(|edge| Symbol { id: edge.id, start: edge.start, end: edge.end }).collect()
    }

    /// The tokens that a way gives.
    pub(super) fn tokens(&self, way: &Way) -> Vec<Symbol> {
        let mut tokens = Vec::new();
        let whole = |run: &str| {
            let is_whole = |&(id, end): &(u32, usize)| end == run.len() && self.overlay.has(id);
            let old = self.model.pieces.longest(run.as_bytes(), 0).filter(is_whole);
            old.or_else(|| self.overlay.fresh_at(run, 0, false).find(is_whole)).map(|(id, _)| id)
        };
        self.model.express(self.word, 0, &self.path(way), whole, &mut tokens);
        tokens
    }
}

/// The tokens of a word, each with its bytes in the word.
pub(super) fn encode(model: &Unigram, overlay: &Overlay, word: &str) -> Vec<Symbol> {
    let lattice = Lattice::new(model, overlay, word);
    lattice.best(&|_| true).map(|way| lattice.tokens(&way)).unwrap_or_default()
}
