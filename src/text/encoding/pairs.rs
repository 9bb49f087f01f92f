//! Byte-pair merging, one merge at a time: the best pair first, the leftmost of equals.

use std::collections::BTreeSet;
use std::ops::Range;

use super::overlay::FRESH;
use super::overlay::Overlay;
use super::overlay::Turn;
use crate::text::bpe::Symbol;
use crate::text::units::BytePairs;

/// Two neighbours that join.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) turn: Turn,
    pub(super) left: Symbol,
    pub(super) right: Symbol,
    /// What they become.
    pub(super) joined: u32,
}

/// A word on its way: its symbols in a row, and the pairs among them that join, in the order of their turn.
pub(super) struct Joining<'a> {
    model: &'a BytePairs,
    overlay: &'a Overlay,
    symbols: Vec<Symbol>,
    /// For each symbol the one after it that is still there, or the number of symbols; and the one before it.
    next: Vec<usize>,
    previous: Vec<usize>,
    /// For each symbol when it joins with the next.
    turns: Vec<Option<(Turn, u32)>>,
    queue: BTreeSet<(Turn, usize)>,
}

impl<'a> Joining<'a> {
    /// Begins with `units`.
    pub(super) fn new(model: &'a BytePairs, overlay: &'a Overlay, units: Vec<Symbol>) -> Self {
        let count = units.len();
        let mut joining = Self {
            model,
            overlay,
            symbols: units,
            next: (1..=count).collect(),
            previous: (0..count).map(|at| at.wrapping_sub(1)).collect(),
            turns: vec![None; count],
            queue: BTreeSet::new(),
        };
        for at in 0..count {
            joining.look(at);
        }
        joining
    }

    /// Looks up when the symbol at `at` joins with the next.
    fn look(&mut self, at: usize) {
        let turn = self.pair_at(at).map(|pair| (pair.turn, pair.joined));
        let Some(place) = self.turns.get_mut(at) else { return };
        if let Some((old, _)) = std::mem::replace(place, turn) {
            self.queue.remove(&(old, at));
        }
        if let Some((turn, _)) = turn {
            self.queue.insert((turn, at));
        }
    }

    /// The pair that begins at the symbol at `at`, if it joins.
    pub(super) fn pair_at(&self, at: usize) -> Option<Pair> {
        let (left, right) = (*self.symbols.get(at)?, *self.symbols.get(*self.next.get(at)?)?);
        let (turn, joined) = self.overlay.joined(self.model, left.id, right.id)?;
        Some(Pair { turn, left, right, joined })
    }

    /// How many pairs could join.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// The pairs that could join, in their order, each once: at most `most`.
    pub(super) fn candidates(&self, most: usize) -> Vec<Pair> {
        let mut found: Vec<Pair> = Vec::new();
        for pair in self.queue.iter().take(most * 8).filter_map(|&(_, at)| self.pair_at(at)) {
            let is_new = found.iter().all(|other| (other.left.id, other.right.id) != (pair.left.id, pair.right.id));
            if is_new && found.len() < most {
                found.push(pair);
            }
        }
        found
    }

    /// The pair that begins at the symbol before the one at `at`.
    pub(super) fn pair_before(&self, at: usize) -> Option<Pair> {
        self.previous.get(at).filter(|&&before| before < at).and_then(|&before| self.pair_at(before))
    }

    /// The symbol at `at`, and where the one after it is.
    pub(super) fn symbol(&self, at: usize) -> Option<(Symbol, usize)> {
        Some((*self.symbols.get(at)?, *self.next.get(at)?))
    }

    /// Where the pair is that joins next: its first symbol.
    pub(super) fn best_at(&self) -> Option<usize> {
        self.queue.first().map(|&(_, at)| at)
    }

    /// Joins the best pair.
    pub(super) fn join(&mut self) -> Option<Pair> {
        let &(_, at) = self.queue.first()?;
        let pair = self.pair_at(at)?;
        let gone = *self.next.get(at)?;
        let after = *self.next.get(gone)?;
        if let Some((turn, _)) = self.turns.get_mut(gone).and_then(Option::take) {
            self.queue.remove(&(turn, gone));
        }
        if let Some(symbol) = self.symbols.get_mut(at) {
            *symbol = Symbol { id: pair.joined, start: pair.left.start, end: pair.right.end };
        }
        if let Some(next) = self.next.get_mut(at) {
            *next = after;
        }
        if let Some(previous) = self.previous.get_mut(after) {
            *previous = at;
        }
        self.look(at);
        if let Some(&before) = self.previous.get(at).filter(|&&before| before < at) {
            self.look(before);
        }
        Some(pair)
    }

    /// The symbols that are there, in a row.
    pub(super) fn symbols(&self) -> Vec<Symbol> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(symbol) = self.symbols.get(at) {
            found.push(*symbol);
            at = self.next.get(at).copied().unwrap_or(usize::MAX);
        }
        found
    }
}

/// The stretches of a word that are merged by themselves: where no merge reaches across, unless some were added.
pub(super) fn parts(model: &BytePairs, overlay: &Overlay, word: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if overlay.joins_more {
        found.push(0..word.len());
    } else {
        model.each_part(word, 0, |part, at| found.push(at..at + part.len()));
    }
    found
}

/// A stretch of a word as one piece, where such a stretch is not merged.
pub(super) fn whole(model: &BytePairs, overlay: &Overlay, part: &str) -> Option<Symbol> {
    model.whole(part, 0).filter(|symbol| overlay.has(symbol.id))
}

/// What merging of a stretch starts from.
pub(super) fn units(model: &BytePairs, part: &str) -> Vec<Symbol> {
    let mut units = Vec::new();
    model.start(part, 0, &mut units);
    units
}

/// The tokens that the merged `symbols` of a stretch are.
pub(super) fn finished(model: &BytePairs, part: &str, symbols: &[Symbol]) -> Vec<Symbol> {
    let mut tokens = Vec::new();
    for symbol in symbols {
        if symbol.id >= FRESH && symbol.id != crate::text::bpe::NONE {
            tokens.push(*symbol);
        } else {
            model.finish(part, 0, std::slice::from_ref(symbol), &mut tokens);
        }
    }
    tokens
}

/// The tokens of a word, each with its bytes in the word.
pub(super) fn encode(model: &BytePairs, overlay: &Overlay, word: &str) -> Vec<Symbol> {
    let mut tokens = Vec::new();
    for range in parts(model, overlay, word) {
        let part = word.get(range.clone()).unwrap_or_default();
        if let Some(whole) = whole(model, overlay, part) {
            tokens.push(moved(whole, range.start));
            continue;
        }
        let mut joining = Joining::new(model, overlay, units(model, part));
        while joining.join().is_some() {}
        let found = finished(model, part, &joining.symbols());
        tokens.extend(found.into_iter().map(|token| moved(token, range.start)));
    }
    tokens
}

/// A symbol so many bytes further on.
pub(super) fn moved(symbol: Symbol, by: usize) -> Symbol {
    Symbol { start: symbol.start + by, end: symbol.end + by, ..symbol }
}
