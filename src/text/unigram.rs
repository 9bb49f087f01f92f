//! The unigram language model (Kudo 2018, section 3.2): of all ways to cut a text into pieces, the most probable, found with
//! Viterbi's algorithm.

use super::{
    bpe::{NONE, Symbol},
    trie::Trie,
};

/// How much less likely an unknown character is than the least likely piece (natural logarithm), as in `SentencePiece`.
pub(super) const UNKNOWN_PENALTY: f64 = 10.0;

/// Cuts texts into the most probable pieces.
#[derive(Debug)]
pub(super) struct Unigram {
    /// The pieces that are found in text.
    pub(super) pieces: Trie,
    /// The score of each id: the logarithm of its probability.
    pub(super) scores: Vec<Score>,
    /// The id of a character that no piece has; without one it is skipped.
    pub(super) unknown: Option<u32>,
    /// The least score of an ordinary piece.
    pub(super) least: f64,
    /// The ids of the pieces `<0x00>` to `<0xFF>`, where unknown characters become bytes.
    pub(super) bytes: Option<Box<[u32; 256]>>,
    /// Whether sums are rounded to single precision, as `SentencePiece` does.
    pub(super) single: bool,
    /// Whether a run of unknown characters that is a piece after all becomes that piece, as in the tokenizers library.
    pub(super) look_up_unknown: bool,
}

/// The score of a piece.
#[derive(Clone, Copy, Debug)]
pub(super) enum Score {
    /// The logarithm of its probability.
    Log(f64),
    /// So much for each byte less a tenth: a piece added by hand, which nothing outdoes.
    PerByte(f64),
}

/// The best way to reach a place: its score, and the piece that leads there.
#[derive(Clone, Copy)]
struct Best {
    score: f64,
    id: u32,
    start: usize,
}

const UNREACHED: Best = Best { score: 0.0, id: NONE, start: usize::MAX };

impl Unigram {
    /// Appends the tokens of `text`, their positions counted from `base`.
    pub(super) fn encode(&self, text: &str, base: usize, out: &mut Vec<Symbol>) {
        let best = self.forward(text);
        let mut path = Vec::new();
        let mut end = text.len();
        while let Some(step) = best.get(end).filter(|step| step.start < end) {
            path.push(Symbol { id: step.id, start: step.start, end });
            end = step.start;
        }
        path.reverse();
        let whole = |run: &str| self.pieces.longest(run.as_bytes(), 0).filter(|&(_, end)| end == run.len());
        self.express(text, base, &path, |run| whole(run).map(|(id, _)| id), out);
    }

    /// Appends the tokens of the way `path` through `text`: what is unknown becomes one token where it stands in a row, and
    /// that bytes, or a piece that is there after all: the one that `whole` finds.
    pub(super) fn express(
        &self,
        text: &str,
        base: usize,
        path: &[Symbol],
        whole: impl Fn(&str) -> Option<u32>,
        out: &mut Vec<Symbol>,
    ) {
        let first = out.len();
        for step in path {
            let is_unknown = Some(step.id) == self.unknown || step.id == NONE;
            let symbol = Symbol { id: step.id, start: base + step.start, end: base + step.end };
            let before = out.get_mut(first..).unwrap_or_default().last_mut();
            match before.filter(|before| is_unknown && before.id == step.id && before.end == symbol.start) {
                Some(before) => before.end = symbol.end,
                None => out.push(symbol),
            }
        }
        self.express_unknown(text, base, first, &whole, out);
    }

    /// A sum of scores as it is kept.
    pub(super) fn rounded(&self, score: f64) -> f64 {
        if self.single { f64::from(score as f32) } else { score }
    }

    /// For each byte of `text` that a piece can end at, the best way there; of equals the one found first, the longest piece.
    fn forward(&self, text: &str) -> Vec<Best> {
        let bytes = text.as_bytes();
        let mut best = vec![UNREACHED; bytes.len() + 1];
        let unknown = self.rounded(self.least - UNKNOWN_PENALTY);
        for (at, character) in text.char_indices() {
            let before = best.get(at).map_or(0.0, |step| step.score);
            let next = at + character.len_utf8();
            let mut reach = |id: u32, end: usize, score: f64| {
                let score = self.rounded(score);
                if let Some(step) = best.get_mut(end).filter(|step| step.start == usize::MAX || score > step.score) {
                    *step = Best { score, id, start: at };
                }
            };
            let mut is_known = false;
            self.pieces.each(bytes, at, |id, end| {
                let score = match self.scores.get(id as usize) {
                    Some(Score::PerByte(most)) => (end - at) as f64 * most - 0.1,
                    Some(Score::Log(score)) => *score,
                    None => unknown,
                };
                reach(id, end, before + score);
                is_known |= end == next;
            });
            if !is_known {
                reach(self.unknown.unwrap_or(NONE), next, before + unknown);
            }
        }
        best
    }

    /// Puts bytes, or a piece that is there after all, in the place of the unknown tokens from `first` on.
    fn express_unknown(
        &self,
        text: &str,
        base: usize,
        first: usize,
        whole: &dyn Fn(&str) -> Option<u32>,
        out: &mut Vec<Symbol>,
    ) {
        let is_unknown = |symbol: &Symbol| Some(symbol.id) == self.unknown || symbol.id == NONE;
        if !out.iter().skip(first).any(is_unknown) {
            return;
        }
        for symbol in out.split_off(first) {
            if !is_unknown(&symbol) {
                out.push(symbol);
                continue;
            }
            let run = text.get(symbol.start - base..symbol.end - base).unwrap_or_default();
            let bytes = self.bytes.as_ref().and_then(|ids| {
                let id = |byte: u8| ids.get(usize::from(byte)).copied().filter(|&id| id != NONE);
                let one = |(at, byte)| id(byte).map(|id| Symbol { id, start: at, end: at + 1 });
                (symbol.start..).zip(run.bytes()).map(one).collect::<Option<Vec<_>>>()
            });
            match (whole(run), bytes) {
                (Some(id), _) if self.look_up_unknown => out.push(Symbol { id, ..symbol }),
                (_, Some(bytes)) => out.extend(bytes),
                _ if symbol.id != NONE => out.push(symbol),
                _ => {}
            }
        }
    }
}
