//! Which pieces can go: the words' log-likelihood without a piece, where its places go to the next best cut of it.

use super::Piece;
use super::lattice::{Edges, Model};

/// The pieces that stay, and what those that could have gone are worth.
pub(super) struct Pruned {
    pub(super) pieces: Vec<Piece>,
    pub(super) kept: Vec<(u32, f64)>,
    pub(super) removed: Vec<(u32, f64)>,
    pub(super) unused: usize,
}

/// What is known of a piece.
enum Fate {
    /// Its best cut is other pieces.
    Split,
    /// It cannot be cut.
    Whole,
    /// It would be cut into these.
    Instead(Vec<u32>),
}

pub(super) fn prune(
    model: &Model,
    pieces: &[Piece],
    tokens: &[String],
    words: &[(String, u64)],
    keep: usize,
) -> Pruned {
    let mut edges = Edges::default();
    let mut frequency = vec![0.0; pieces.len()];
    let mut all = 0.0;
    for (word, times) in words {
        all += *times as f64;
        edges.fill(model, word, None);
        edges.best().into_iter().for_each(|piece| frequency[piece as usize] += *times as f64);
    }
    let sum: f64 = frequency.iter().sum();
    // A piece's frequency goes to each of those instead of it. The library, and `SentencePiece` before it, count it once for
    // each piece there is, not for each of those; so it is here, to take out the same.
    let more = (pieces.len() - 1) as f64;
    let mut pruned = Pruned { pieces: Vec::new(), kept: Vec::new(), removed: Vec::new(), unused: 0 };
    pruned.pieces.extend(pieces.first());
    let mut candidates: Vec<(usize, f64)> = Vec::new();
    for (place, piece) in pieces.iter().enumerate().skip(1) {
        let text = tokens.get(piece.token as usize).map_or("", String::as_str);
        let own = frequency[place];
        match fate(&mut edges, model, text, place as u32) {
            Fate::Split | Fate::Instead(_) if own == 0.0 => pruned.unused += 1,
            Fate::Split | Fate::Whole => pruned.pieces.push(*piece),
            Fate::Instead(others) => {
                let after = (sum + own * more).ln();
                let others = others.iter().map(|&other| (frequency[other as usize] + own).ln() - after);
                let logarithm: f64 = others.fold(0.0, |sum, other| sum + other);
                candidates.push((place, own / all * (own.ln() - sum.ln() - logarithm)));
            }
        }
    }
    candidates.sort_by(|a, b| b.1.total_cmp(&a.1));
    // The library stops when there are just so many: where more have to stay anyway, all do.
    let room = keep.checked_sub(pruned.pieces.len()).unwrap_or(candidates.len());
    let worth = |&(place, loss): &(usize, f64)| (pieces[place].token, loss);
    let (stay, go) = candidates.split_at(room.min(candidates.len()));
    pruned.pieces.extend(stay.iter().map(|&(place, _)| pieces[place]));
    pruned.kept = stay.iter().map(worth).collect();
    pruned.removed = go.iter().map(worth).collect();
    pruned
}

fn fate(edges: &mut Edges, model: &Model, text: &str, place: u32) -> Fate {
    if text.chars().nth(1).is_none() {
        return Fate::Whole;
    }
    edges.fill(model, text, None);
    if edges.best() != [place] {
        return Fate::Split;
    }
    edges.fill(model, text, Some(place));
    Fate::Instead(edges.best())
}
