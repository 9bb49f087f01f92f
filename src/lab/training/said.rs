//! A merge, or a step of a unigram model, in words.

use std::fmt::Display;

use crate::lab::steps::Note;
use crate::text::train::Choice;
use crate::text::train::Pair;
use crate::text::train::PairStep;
use crate::text::train::PairTraining;
use crate::text::train::Rule;
use crate::text::train::UnigramDeed;
use crate::text::train::UnigramStep;
use crate::text::train::UnigramTraining;
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

/// What a step of a unigram model did, and which pieces were closest to another fate.
pub fn fitted(training: &UnigramTraining, step: &UnigramStep) -> [Note; 2] {
    let label = |piece: Option<&(u32, f64)>| match piece {
        Some(&(token, _)) => safe::token_label(training.spelling(token).as_bytes()),
        None => "–".to_owned(),
    };
    let number = |piece: Option<&(u32, f64)>| match piece {
        Some(&(_, number)) => shown(step.deed, number),
        None => "–".to_owned(),
    };
    let (kept, removed) = (step.kept.first(), step.removed.first());
    let nearest: [&dyn Display; 4] = [&label(kept), &number(kept), &label(removed), &number(removed)];
    match step.deed {
        UnigramDeed::Fitted => {
            let cost = step.cost.map_or_else(|| "–".to_owned(), |cost| format!("{:.3}", bits(cost)));
            [
                Note::new(M::TrainFitted, &[&cost, &step.before, &step.after]),
                Note::new(M::TrainNearestExpected, &nearest),
            ]
        }
        UnigramDeed::Pruned => [
            Note::new(M::TrainPruned, &[&step.before, &step.after, &step.unused]),
            Note::new(M::TrainNearestLoss, &nearest),
        ],
        UnigramDeed::Finished => {
            [Note::new(M::TrainFinished, &[&step.before, &step.after]), Note::new(M::TrainNearestScore, &nearest)]
        }
    }
}

/// Bits, of nats.
pub fn bits(nats: f64) -> f64 {
    nats / std::f64::consts::LN_2
}

/// What a piece is worth in a step: how often it is expected, or bits.
pub fn worth(deed: UnigramDeed, worth: f64) -> f64 {
    if deed == UnigramDeed::Fitted { worth } else { bits(worth) }
}

/// The same, to be shown.
pub(super) fn shown(deed: UnigramDeed, number: f64) -> String {
    match deed {
        UnigramDeed::Finished => format!("{:.2}", worth(deed, number)),
        UnigramDeed::Fitted | UnigramDeed::Pruned => score(worth(deed, number)),
    }
    .replace('-', "−")
}

/// A likelihood's score, four digits of it.
pub(super) fn score(score: f64) -> String {
    if score >= 0.001 || score == 0.0 { format!("{score:.4}") } else { format!("{score:.3e}") }
}
