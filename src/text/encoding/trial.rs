//! Changes tried out on one word.

use super::Edited;
use super::change::Change;
use super::place::OwnWord;
use super::why::is_cut;

/// A place of a word that is to be turned round.
pub(super) struct Trial<'a> {
    pub(super) edited: &'a Edited<'a>,
    pub(super) word: &'a OwnWord,
    pub(super) place: usize,
    /// Whether it is cut now.
    pub(super) cut: bool,
    /// Whether anybody still wants to know.
    pub(super) wanted: &'a dyn Fn() -> bool,
}

/// Scores are tried in steps of this part of a nat.
const STEPS: f64 = 1e4;
/// How far a score is lowered at most, in nats.
const LOWEST: f64 = 1000.0;

impl Trial<'_> {
    /// Whether the place is turned round with these changes.
    pub(super) fn turns(&self, changes: &[Change]) -> bool {
        let Ok(edited) = self.edited.more(changes) else { return false };
        is_cut(&edited.symbols(&self.word.text), self.place) != self.cut
    }

    /// The score nearest to `score` with which `piece` turns the place round: above it, or below. Without a score the piece is
    /// new, and the least that does it is sought.
    pub(super) fn threshold(&self, piece: &str, score: Option<f64>, raise: bool) -> Option<Change> {
        let change = |step: i64| Change::WithPiece { piece: piece.to_owned(), score: Some(step as f64 / STEPS) };
        let lowest = (-LOWEST * STEPS) as i64;
        let step = score.map(|score| score * STEPS);
        let (mut near, mut far) = match step {
            Some(step) if raise => (step.floor() as i64, 0),
            Some(step) => (step.ceil() as i64, step.ceil() as i64 + lowest),
            None => (lowest, 0),
        };
        if near == far || (raise && near > far) || !self.turns(&[change(far)]) {
            return None;
        }
        if score.is_none() && self.turns(&[change(near)]) {
            return Some(change(near));
        }
        while near.abs_diff(far) > 1 {
            if !(self.wanted)() {
                return None;
            }
            let middle = near.midpoint(far);
            if self.turns(&[change(middle)]) {
                far = middle;
            } else {
                near = middle;
            }
        }
        Some(change(far))
    }
}
