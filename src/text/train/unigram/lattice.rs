//! All ways to cut a word into pieces: the best of them, and how often each piece is expected.

use super::Piece;
use crate::text::trie::Trie;

/// How much less likely an unknown character is than the least likely piece (natural logarithm), as in `SentencePiece`.
const UNKNOWN_PENALTY: f64 = 10.0;
/// A sum of two logarithms this far apart is the greater one.
const NEGLIGIBLE: f64 = 50.0;

/// The pieces, to be found in words.
#[derive(Debug)]
pub(super) struct Model {
    pieces: Trie,
    scores: Vec<f64>,
    least: f64,
}

impl Model {
    /// The first piece stands for what no piece has.
    pub(super) fn new(pieces: &[Piece], tokens: &[String]) -> Self {
        let mut found = Trie::default();
        let mut least = f64::INFINITY;
        for (place, piece) in (0..).zip(pieces).skip(1) {
            found.insert(tokens.get(piece.token as usize).map_or(&[][..], |token| token.as_bytes()), place);
            least = least.min(piece.score);
        }
        Self { pieces: found, scores: pieces.iter().map(|piece| piece.score).collect(), least }
    }

    /// The least score.
    pub(super) fn least(&self) -> f64 {
        self.least
    }
}

/// A piece at a place of a word.
#[derive(Clone, Copy, Debug)]
struct Edge {
    start: usize,
    end: usize,
    /// Its place among the pieces; 0 for a character that no piece has.
    piece: u32,
    score: f64,
}

/// Every piece at every place of a word: by where they start, the shortest first.
#[derive(Debug, Default)]
pub(super) struct Edges {
    all: Vec<Edge>,
    length: usize,
    before: Vec<f64>,
    behind: Vec<f64>,
}

impl Edges {
    /// Finds the pieces in `word`, other than `without`.
    pub(super) fn fill(&mut self, model: &Model, word: &str, without: Option<u32>) {
        self.all.clear();
        self.length = word.len();
        let unknown = model.least - UNKNOWN_PENALTY;
        for (start, character) in word.char_indices() {
            let next = start + character.len_utf8();
            let mut is_known = false;
            model.pieces.each(word.as_bytes(), start, |piece, end| {
                if Some(piece) != without {
                    let score = model.scores.get(piece as usize).copied().unwrap_or(unknown);
                    self.all.push(Edge { start, end, piece, score });
                    is_known |= end == next;
                }
            });
            if !is_known {
                self.all.push(Edge { start, end: next, piece: 0, score: unknown });
            }
        }
    }

    /// The best way through the word; of equals the one with the longer piece at its end.
    pub(super) fn best(&mut self) -> Vec<u32> {
        let mut came: Vec<Option<(f64, Edge)>> = vec![None; self.length + 1];
        for &edge in &self.all {
            let sum = came[edge.start].map_or(0.0, |(sum, _)| sum) + edge.score;
            if came[edge.end].is_none_or(|(best, _)| sum > best) {
                came[edge.end] = Some((sum, edge));
            }
        }
        let mut path = Vec::new();
        let mut end = self.length;
        while let Some((_, edge)) = came.get(end).copied().flatten() {
            path.push(edge.piece);
            end = edge.start;
        }
        path.reverse();
        path
    }

    /// Adds to `expected` how often each piece is expected in the word, which occurs `times` (Baum et al. 1970: the forward
    /// and backward sums over all ways). Gives the logarithm of the probability of all its occurrences.
    pub(super) fn expect(&mut self, times: f64, expected: &mut [f64]) -> f64 {
        let Self { all: edges, length, before, behind } = self;
        for sums in [&mut *before, &mut *behind] {
            sums.clear();
            sums.resize(*length + 1, f64::NAN);
        }
        before[0] = 0.0;
        for edge in edges.iter() {
            before[edge.end] = log_sum(before[edge.end], edge.score + before[edge.start]);
        }
        behind[*length] = 0.0;
        for edges in edges.chunk_by(|a, b| a.start == b.start).rev() {
            for edge in edges {
                behind[edge.start] = log_sum(behind[edge.start], edge.score + behind[edge.end]);
            }
        }
        let whole = before[*length];
        for edge in edges.iter() {
            let logarithm = before[edge.start] + edge.score + behind[edge.end] - whole;
            expected[edge.piece as usize] += times * logarithm.exp();
        }
        times * whole
    }
}

/// The logarithm of the sum of what two are logarithms of; where there is no first yet, the second.
fn log_sum(x: f64, y: f64) -> f64 {
    if x.is_nan() {
        return y;
    }
    let (low, high) = if x > y { (y, x) } else { (x, y) };
    if high > low + NEGLIGIBLE { high } else { high + ((low - high).exp() + 1.0).ln() }
}
