//! A merge in words.

use crate::lab::steps::Note;
use crate::text::train::Choice;
use crate::text::train::Pair;
use crate::text::train::PairStep;
use crate::text::train::PairTraining;
use crate::text::train::Rule;
use crate::ui::Message as M;
use crate::ui::safe;

/// What a merge did, and why its pair came before the next best. The training is at the step, or behind it.
pub fn merged(training: &PairTraining, step: &PairStep) -> [Note; 2] {
    let label = |id| safe::token_label(&training.bytes(id));
    let pair = |pair: &Pair| (label(pair.left), label(pair.right));
    let by_count = training.rules().choice == Choice::Count;
    let (left, right) = pair(&step.pair);
    let joined = label(step.joined);
    let count = step.pair.count;
    let merged = if by_count {
        Note::new(M::TrainMerged, &[&left, &right, &joined, &count, &step.before, &step.after])
    } else {
        let score = score(step.pair.score);
        Note::new(M::TrainMergedBy, &[&left, &right, &joined, &count, &score, &step.before, &step.after])
    };
    let Some(other) = step.others.first() else { return [merged, Note::new(M::TrainOnly, &[])] };
    let (other_left, other_right) = pair(other);
    let worth = |pair: &Pair| if by_count { pair.count.to_string() } else { score(pair.score) };
    let reason = match step.rule() {
        Rule::Only | Rule::Better => {
            let behind = step.pair.score - other.score;
            let behind = if by_count { behind.to_string() } else { score(behind) };
            Note::new(M::TrainBefore, &[&other_left, &other_right, &worth(other), &behind])
        }
        Rule::OlderFirst => {
            Note::new(M::TrainOlderFirst, &[&other_left, &other_right, &worth(other), &left, &other_left])
        }
        Rule::OlderSecond => {
            Note::new(M::TrainOlderSecond, &[&other_left, &other_right, &worth(other), &right, &other_right])
        }
    };
    [merged, reason]
}

/// A likelihood's score, four digits of it.
pub(super) fn score(score: f64) -> String {
    if score >= 0.001 { format!("{score:.4}") } else { format!("{score:.3e}") }
}
