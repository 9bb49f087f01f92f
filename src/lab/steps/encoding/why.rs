//! The reasons of an encoding, and what would change it, in words.

use super::LAST;
use super::Names;
use super::number;
use crate::lab::steps::Note;
use crate::lab::steps::segmenting::logarithm;
use crate::text::Merge;
use crate::text::Token;
use crate::text::encoding;
use crate::text::encoding::Edited;
use crate::text::encoding::Flip;
use crate::text::encoding::Lookup;
use crate::text::encoding::Reason;
use crate::text::encoding::Route;
use crate::text::encoding::Why;
use crate::ui::Message as M;
use crate::ui::safe;

/// The most merges that are told that would have gone across, and the most lookups.
const MOST_TOLD: usize = 3;
/// How many tokens are shown on either side of a place.
const AROUND: usize = 6;

/// Why `text` is cut at a place or not, the main reason first.
pub fn reasons(edited: &Edited<'_>, text: &str, why: &Why) -> Vec<Note> {
    let names = Names { edited, text };
    let one = |message, token: &Token| vec![Note::new(message, &[&names.token(token)])];
    match &why.reason {
        Reason::Inside(token) => one(M::EncWhyInside, token),
        Reason::Edge(token) => one(M::EncWhyEdge, token),
        Reason::Between(left, right) => {
            vec![Note::new(M::EncWhyBetween, &[&names.range(left), &names.range(right)])]
        }
        Reason::Dropped => vec![Note::new(M::EncWhyDropped, &[])],
        Reason::Normalized { bytes, text } => {
            vec![Note::new(M::EncWhyNormalized, &[&safe::token_label(text.as_bytes()), &names.range(bytes)])]
        }
        Reason::Unit(range) => vec![Note::new(M::EncWhyUnit, &[&names.range(range)])],
        Reason::Bytes(range) => vec![Note::new(M::EncWhyBytes, &[&names.range(range)])],
        Reason::Unknown(_) => vec![Note::new(M::EncWhyUnknown, &[])],
        Reason::Whole(token) => one(M::EncWhole, token),
        Reason::Word(token) => one(M::EncWhyWord, token),
        Reason::Joined { merge, number, second } => {
            let [left, right] = names.pair(merge);
            let mut notes = vec![match merge.rank {
                LAST => Note::new(M::EncWhyJoinedLast, &[number, &left, &right]),
                rank => Note::new(M::EncWhyJoined, &[number, &left, &right, &rank]),
            }];
            notes.extend(second.as_ref().map(|second| {
                let [left, right] = names.pair(second);
                match second.rank {
                    LAST => Note::new(M::EncNextLast, &[&left, &right]),
                    rank => Note::new(M::EncNext, &[&left, &right, &rank]),
                }
            }));
            notes
        }
        Reason::Apart { left, right, missed } => {
            let told = missed.iter().rev().take(MOST_TOLD).map(|missed| {
                let ([left, right], [first, second]) = (names.pair(&missed.merge), names.pair(&missed.blocker));
                let rank = |merge: &Merge| if merge.rank == LAST { "∞".to_owned() } else { merge.rank.to_string() };
                let ranks = [&missed.merge, &missed.blocker].map(rank);
                Note::new(M::EncWhyMissed, &[&left, &right, &ranks[0], &first, &second, &ranks[1]])
            });
            let apart = Note::new(M::EncWhyApart, &[&names.token(left), &names.token(right)]);
            told.chain([apart]).collect()
        }
        Reason::Longest(found) => {
            let mut notes = one(M::EncLongest, &found.token);
            let failed = found.lookups.iter().rev().filter(|lookup| lookup.id.is_none());
            let longer: Vec<String> = failed.take(MOST_TOLD).map(shown).collect();
            if why.cut && !longer.is_empty() {
                notes.push(Note::new(M::EncWhyLonger, &[&longer.join(" ")]));
            }
            notes
        }
        Reason::Stuck(_, lookups) => {
            let last = lookups.iter().rev().find(|lookup| lookup.id.is_none());
            vec![Note::new(M::EncStuck, &[&last.map(shown).unwrap_or_default()])]
        }
        Reason::TooLong(most) => vec![Note::new(M::EncTooLong, &[most])],
        Reason::Routes { cut: Some(cut), joined: Some(over) } => {
            let (better, worse) = if why.cut { (cut, over) } else { (over, cut) };
            let message = if why.cut { M::EncWhyRoutesCut } else { M::EncWhyRoutesJoined };
            let label = |route: &Route| names.tokens(&route.tokens);
            vec![
                Note::new(
                    message,
                    &[&logarithm(cut.score), &logarithm(over.score), &logarithm(better.score - worse.score)],
                ),
                Note::new(M::WhyTheRoutes, &[&label(cut), &label(over)]),
            ]
        }
        Reason::Routes { joined: None, .. } => vec![Note::new(M::EncWhyNothingAcross, &[])],
        Reason::Routes { cut: None, .. } => vec![Note::new(M::EncWhyNothingMeets, &[])],
    }
}

fn shown(lookup: &Lookup) -> String {
    safe::token_label(lookup.text.as_bytes())
}

impl Names<'_> {
    fn pair(self, merge: &Merge) -> [String; 2] {
        [&merge.left, &merge.right].map(|token| self.token(token))
    }
}

/// What a change does: each part of it, and what becomes of the text around the place.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What is changed.
    pub parts: Vec<Note>,
    /// The tokens around the place after it.
    pub becomes: String,
}

/// The changes that turn the place before byte `at` round, in words.
pub fn changes(edited: &Edited<'_>, text: &str, at: usize, flips: &[Flip]) -> Vec<Change> {
    let change = |flip: &Flip| {
        let parts = flip.changes.iter().map(|change| part(edited, change)).collect();
        // The pieces of the vocabulary as it will be.
        let becomes = edited.more(&flip.changes).map(|changed| around(&changed, text, at, &flip.tokens));
        Change { parts, becomes: becomes.unwrap_or_default() }
    };
    flips.iter().map(change).collect()
}

fn part(edited: &Edited<'_>, change: &encoding::Change) -> Note {
    let label = |piece: &String| safe::token_label(piece.as_bytes());
    match change {
        encoding::Change::WithoutMerge { left, right } => {
            Note::new(M::EncFlipWithoutMerge, &[&label(left), &label(right)])
        }
        encoding::Change::WithMerge { left, right, rank: None } => {
            Note::new(M::EncFlipMerge, &[&label(left), &label(right)])
        }
        encoding::Change::WithMerge { left, right, rank: Some(rank) } => {
            Note::new(M::EncFlipMergeAt, &[&label(left), &label(right), rank])
        }
        encoding::Change::WithoutPiece(piece) => Note::new(M::EncFlipWithoutPiece, &[&label(piece)]),
        encoding::Change::WithPiece { piece, score: None } => Note::new(M::EncFlipPiece, &[&label(piece)]),
        encoding::Change::WithPiece { piece, score: Some(score) } => match edited.score(piece) {
            None => Note::new(M::EncFlipPieceScore, &[&label(piece), &number(*score)]),
            Some(before) => {
                let message = if *score > before { M::EncFlipRaise } else { M::EncFlipLower };
                Note::new(message, &[&label(piece), &logarithm4(before), &number(*score)])
            }
        },
    }
}

/// A logarithm to the digits that changes are made in.
fn logarithm4(value: f64) -> String {
    number((value * 1e4).round() / 1e4)
}

/// The tokens around a place.
fn around(edited: &Edited<'_>, text: &str, at: usize, tokens: &[Token]) -> String {
    let here = tokens.partition_point(|token| token.end <= at);
    let first = here.saturating_sub(AROUND);
    let last = (here + AROUND).min(tokens.len());
    let names = Names { edited, text };
    let shown: Vec<String> =
        tokens.get(first..last).unwrap_or_default().iter().map(|token| names.token(token)).collect();
    let (before, after) = (if first > 0 { "…/" } else { "" }, if last < tokens.len() { "/…" } else { "" });
    format!("{before}{}{after}", shown.join("/"))
}
