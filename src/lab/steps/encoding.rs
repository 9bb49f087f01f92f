//! Encoding as frames.

mod why;

use std::ops::Range;

pub use why::Change;
pub use why::changes;
pub use why::reasons;

use super::Choice;
use super::Frame;
use super::Note;
use super::Row;
use super::segmenting::label;
use super::segmenting::logarithm;
use super::segmenting::times;
use crate::text::Merge;
use crate::text::Token;
use crate::text::encoding::Edited;
use crate::text::encoding::Lookup;
use crate::text::encoding::Match;
use crate::text::encoding::Route;
use crate::text::encoding::Step;
use crate::text::encoding::Way;
use crate::ui::Message as M;
use crate::ui::safe;

/// The columns of the lattice's table: character, last piece, logarithm of its probability and of the best way before it.
const LATTICE: &[M] = &[M::EncTo, M::EncLastPiece, M::StepsWordLog, M::EncBefore, M::StepsSumLog];
/// The rank of a merge that comes after all others.
const LAST: u32 = u32::MAX;
/// The most tokens that are told in a row.
const MOST: usize = 24;

/// The frames of encoding `text`; the last has settled the tokens of [`Edited::encode`].
pub fn encoding(edited: &Edited<'_>, text: &str) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut tokens = 0;
    let mut follow = Follow { names: Names { edited, text }, table: false, first: true };
    edited.steps(text, &mut |step| {
        tokens += match &step {
            Step::Added(_) => 1,
            Step::Tokens(tokens) => tokens.len(),
            _ => 0,
        };
        frames.push(follow.frame(&step));
    });
    frames.push(Frame { notes: vec![Note::new(M::EncTokens, &[&tokens])], ..Frame::default() });
    frames
}

/// How tokens of a text are shown.
#[derive(Clone, Copy)]
struct Names<'a> {
    edited: &'a Edited<'a>,
    text: &'a str,
}

impl Names<'_> {
    /// A piece; what stands in the text for what is none.
    fn token(self, token: &Token) -> String {
        match self.edited.piece(token.id) {
            [] => label(self.text, &(token.start..token.end)),
            piece => safe::token_label(piece),
        }
    }

    fn tokens(self, tokens: &[Token]) -> String {
        let shown: Vec<String> = tokens.iter().take(MOST).map(|token| self.token(token)).collect();
        format!("{}{}", shown.join("/"), if tokens.len() > MOST { "/…" } else { "" })
    }

    fn range(self, range: &Range<usize>) -> String {
        label(self.text, range)
    }
}

/// A number as it is written.
fn number(score: f64) -> String {
    format!("{score}").replace('-', "−")
}

fn bytes(token: &Token) -> Range<usize> {
    token.start..token.end
}

struct Follow<'a> {
    names: Names<'a>,
    /// Whether a table is being filled in.
    table: bool,
    /// Whether nothing came before.
    first: bool,
}

impl Follow<'_> {
    fn frame(&mut self, step: &Step) -> Frame {
        let in_table = std::mem::replace(&mut self.table, matches!(step, Step::Place { .. }));
        let begins = std::mem::replace(&mut self.first, false);
        let names = self.names;
        let frame = match step {
            Step::Added(token) => Frame {
                settles: vec![bytes(token)],
                current: bytes(token),
                notes: vec![Note::new(M::EncAdded, &[&names.token(token)])],
                ..Frame::default()
            },
            Step::Word { bytes: range, text, units } => {
                let mut notes = vec![Note::new(M::EncWord, &[&safe::token_label(text.as_bytes())])];
                if !units.is_empty() {
                    notes.push(Note::new(M::EncUnits, &[&units.len()]));
                }
                Frame { settles: units.iter().map(bytes).collect(), current: range.clone(), notes, ..Frame::default() }
            }
            Step::Whole(token) => Frame {
                settles: vec![bytes(token)],
                current: bytes(token),
                notes: vec![Note::new(M::EncWhole, &[&names.token(token)])],
                ..Frame::default()
            },
            Step::Merge { merge, others, waiting } => self.merge(merge, others, *waiting),
            Step::Match(found) => self.matched(found),
            Step::Unknown { bytes, stuck } => self.unknown(bytes, stuck.as_ref()),
            Step::Place { at, character, ways } => Self::place(*at, *character, ways, !in_table),
            Step::Routes { best, second } => self.routes(best, second.as_ref()),
            Step::Tokens(tokens) => Frame {
                settles: tokens.iter().map(bytes).collect(),
                current: tokens.first().map_or(0, |token| token.start)..tokens.last().map_or(0, |token| token.end),
                notes: vec![Note::new(M::StepsTheTokens, &[&names.tokens(tokens)])],
                ..Frame::default()
            },
        };
        Frame { begins, ..frame }
    }

    fn merge(&self, merge: &Merge, others: &[Merge], waiting: usize) -> Frame {
        let names = self.names;
        let joined = merge.left.start..merge.right.end;
        let pair = |merge: &Merge| [&merge.left, &merge.right].map(|token| names.token(token));
        let [left, right] = pair(merge);
        let mut notes = vec![match merge.rank {
            LAST => Note::new(M::EncMergeLast, &[&left, &right]),
            rank => Note::new(M::EncMerge, &[&left, &right, &rank, &waiting]),
        }];
        notes.push(match others.first() {
            None => Note::new(M::EncOnly, &[]),
            Some(next) => {
                let [left, right] = pair(next);
                match next.rank {
                    LAST => Note::new(M::EncNextLast, &[&left, &right]),
                    rank => Note::new(M::EncNext, &[&left, &right, &rank]),
                }
            }
        });
        let result = |merge: &Merge| Token { id: merge.id, start: merge.left.start, end: merge.right.end };
        let choice = |other: &Merge, won: bool| {
            let [left, right] = pair(other);
            let note = match other.rank {
                LAST => Note::new(M::EncRankLast, &[]),
                rank if won => Note::new(M::EncRank, &[&rank]),
                rank if rank == merge.rank => Note::new(M::EncRankSame, &[&rank]),
                rank => Note::new(M::EncRankBehind, &[&rank, &(rank - merge.rank)]),
            };
            let label = format!("{left} + {right} → {}", names.token(&result(other)));
            Choice { label, score: None, note: Some(note), won }
        };
        let choices = std::iter::once(choice(merge, true)).chain(others.iter().map(|other| choice(other, false)));
        Frame { settles: vec![joined.clone()], current: joined, choices: choices.collect(), notes, ..Frame::default() }
    }

    fn matched(&self, found: &Match) -> Frame {
        let token = &found.token;
        Frame {
            settles: vec![bytes(token)],
            current: bytes(token),
            choices: choices(&found.lookups, Some(token.id)),
            notes: vec![Note::new(M::EncLongest, &[&self.names.token(token)])],
            ..Frame::default()
        }
    }

    fn unknown(&self, range: &Range<usize>, stuck: Option<&(usize, Vec<Lookup>)>) -> Frame {
        let note = match stuck {
            Some((at, _)) => Note::new(M::EncStuck, &[&self.names.range(&(*at..range.end))]),
            None => Note::new(M::EncLong, &[]),
        };
        let choices = stuck.map(|(_, lookups)| choices(lookups, None)).unwrap_or_default();
        Frame { settles: vec![range.clone()], current: range.clone(), choices, notes: vec![note], ..Frame::default() }
    }

    fn place(at: usize, character: char, ways: &[Way], first: bool) -> Frame {
        let Some(best) = ways.iter().find(|way| way.won) else { return Frame::default() };
        let shown = safe::token_label(character.encode_utf8(&mut [0; 4]).as_bytes());
        let text = |way: &Way| safe::token_label(way.text.as_bytes());
        let cells = vec![shown.clone(), text(best), logarithm(best.score), logarithm(best.before), logarithm(best.sum)];
        let choice = |way: &Way| Choice {
            label: text(way),
            score: Some(way.sum),
            note: Some(if way.known {
                Note::new(M::EncWay, &[&logarithm(way.score), &logarithm(way.before)])
            } else {
                Note::new(M::EncNoPieceHere, &[&logarithm(way.score)])
            }),
            won: way.won,
        };
        let start = ways.iter().map(|way| way.token.start).min().unwrap_or(at);
        Frame {
            current: start..at,
            choices: ways.iter().map(choice).collect(),
            row: Some(Row { heads: LATTICE, first, cells, marked: None }),
            notes: vec![Note::new(M::EncPlace, &[&shown, &text(best)])],
            ..Frame::default()
        }
    }

    fn routes(&self, best: &Route, second: Option<&Route>) -> Frame {
        let choice = |route: &Route, won| Choice {
            label: self.names.tokens(&route.tokens),
            score: Some(route.score),
            note: None,
            won,
        };
        let mut choices = vec![choice(best, true)];
        let mut notes = vec![Note::new(M::StepsBest, &[&logarithm(best.score)])];
        if let Some(second) = second {
            let behind = best.score - second.score;
            notes.push(Note::new(M::StepsSecond, &[&logarithm(behind), &times(behind)]));
            choices.push(choice(second, false));
        }
        let start = best.tokens.first().map_or(0, |token| token.start);
        let current = start..best.tokens.last().map_or(start, |token| token.end);
        Frame { settles: best.tokens.iter().map(bytes).collect(), current, choices, notes, ..Frame::default() }
    }
}

/// What was looked up, with the one that was taken.
fn choices(lookups: &[Lookup], taken: Option<u32>) -> Vec<Choice> {
    let length = |lookup: &Lookup| lookup.text.chars().count();
    let won = lookups.iter().position(|lookup| taken.is_some() && lookup.id == taken);
    let longest = won.and_then(|won| lookups.get(won)).map_or(0, length);
    let choice = |(index, lookup): (usize, &Lookup)| {
        let won = Some(index) == won;
        let note = match lookup.id {
            _ if won => Note::new(M::EncIsLongest, &[]),
            Some(_) => Note::new(M::EncShorter, &[&longest.saturating_sub(length(lookup))]),
            None => Note::new(M::EncNoPiece, &[]),
        };
        Choice { label: safe::token_label(lookup.text.as_bytes()), score: None, note: Some(note), won }
    };
    lookups.iter().enumerate().map(choice).collect()
}
