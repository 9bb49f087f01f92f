//! Word segmentation as frames.

use std::ops::Range;

use super::Choice;
use super::Frame;
use super::Note;
use super::Row;
use crate::text::Method;
use crate::text::Segmenter;
use crate::text::hmm::Column;
use crate::text::hmm::IMPOSSIBLE;
use crate::text::hmm::Tag;
use crate::text::segment::Candidate;
use crate::text::segment::Direction;
use crate::text::segment::Match;
use crate::text::segment::Recut;
use crate::text::segment::Route;
use crate::text::segment::Rule;
use crate::text::segment::Step;
use crate::text::segment::Taken;
use crate::text::segment::Weighed;
use crate::ui::Message as M;
use crate::ui::safe;

/// The longest text that is shown step by step, in bytes.
pub const MOST_BYTES: usize = 64 << 10;

/// The columns of the route's table: character, word, logarithm of its probability and of the best way behind it.
const ROUTE: &[M] = &[M::StepsFrom, M::StepsFirstWord, M::StepsWordLog, M::StepsRestLog, M::StepsSumLog];
/// The columns of the trellis: character, then each tag.
const TRELLIS: &[M] = &[M::StepsFrom, M::StepsBegin, M::StepsEnd, M::StepsMiddle, M::StepsSingle];

/// The frames of `method` on `text`; the last has settled the words of [`Segmenter::words`].
pub fn segmenting(segmenter: Segmenter<'_>, text: &str, method: Method) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut follow = Follow { text, table: false, pass: None };
    segmenter.steps(text, method, &mut |step| frames.push(follow.frame(step)));
    frames
}

/// A label for a stretch of text.
pub(super) fn label(text: &str, range: &Range<usize>) -> String {
    safe::token_label(text.as_bytes().get(range.clone()).unwrap_or_default())
}

/// Stretches of text, one after another.
pub(super) fn joined(text: &str, ranges: &[Range<usize>]) -> String {
    const MOST: usize = 24;
    let shown: Vec<String> = ranges.iter().take(MOST).map(|range| label(text, range)).collect();
    format!("{}{}", shown.join("/"), if ranges.len() > MOST { "/…" } else { "" })
}

/// A logarithm as it is shown.
pub(super) fn logarithm(value: f64) -> String {
    if value <= IMPOSSIBLE { "−∞".to_owned() } else { format!("{value:.2}").replace('-', "−") }
}

/// What the last step left open.
struct Follow<'a> {
    text: &'a str,
    /// Whether a table is being filled in.
    table: bool,
    pass: Option<Direction>,
}

impl Follow<'_> {
    fn frame(&mut self, step: Step) -> Frame {
        let in_table = std::mem::replace(&mut self.table, matches!(step, Step::Place { .. } | Step::Column { .. }));
        match step {
            Step::Match(step) => self.matched(&step),
            Step::Weighed(weighed) => self.weighed(weighed),
            Step::Place { at, candidates } => self.place(at, &candidates, !in_table),
            Step::Routes { best, second } => self.routes(best, second),
            Step::Run { range, recut } => self.run(range, recut),
            Step::Column { at, column } => self.column(at, &column, !in_table),
            Step::Tags { range, tags, logarithm } => self.tags(range, &tags, logarithm),
            Step::Words(words) => Frame {
                begins: true,
                notes: vec![Note::new(M::CliWords, &[&words.len()])],
                settles: words.iter().map(|word| word.start..word.end).collect(),
                ..Frame::default()
            },
        }
    }

    fn matched(&mut self, step: &Match) -> Frame {
        let begins = self.pass.replace(step.direction) != Some(step.direction);
        let failed =
            step.lookups.iter().filter(|lookup| lookup.frequency.is_none() && lookup.range != step.word).count();
        let widest = step.lookups.first().map_or(step.word.clone(), |lookup| lookup.range.clone());
        let choice = |range: &Range<usize>, note| Choice {
            label: label(self.text, range),
            score: None,
            note: Some(note),
            won: *range == step.word,
        };
        let mut choices: Vec<Choice> = step
            .lookups
            .iter()
            .map(|lookup| {
                let note = match lookup.frequency {
                    _ if lookup.range == step.word => Note::new(taken_word(step.taken), &[]),
                    Some(_) => Note::new(M::StepsShorter, &[]),
                    None => Note::new(M::StepsNoWord, &[]),
                };
                choice(&lookup.range, note)
            })
            .collect();
        if !choices.iter().any(|choice| choice.won) {
            choices.insert(0, choice(&step.word, Note::new(taken_word(step.taken), &[])));
        }
        let lookups = Note::new(M::StepsLookups, &[&failed]);
        Frame {
            begins,
            settles: vec![step.word.clone()],
            current: widest.start.min(step.word.start)..widest.end.max(step.word.end),
            choices,
            row: None,
            notes: vec![match_note(self.text, step), lookups],
        }
    }

    fn weighed(&self, weighed: Weighed) -> Frame {
        let choice = |pass: &[Range<usize>], singles: usize, direction: Direction| Choice {
            label: joined(self.text, pass),
            score: None,
            note: Some(Note::new(M::StepsPass, &[&pass.len(), &singles])),
            won: weighed.taken == direction,
        };
        let choices = vec![
            choice(&weighed.forward.words, weighed.forward.singles, Direction::Forward),
            choice(&weighed.backward.words, weighed.backward.singles, Direction::Backward),
        ];
        let notes = vec![rule_note(&weighed)];
        let settles = if weighed.taken == Direction::Forward { weighed.forward.words } else { weighed.backward.words };
        Frame { begins: true, settles, current: 0..self.text.len(), choices, row: None, notes }
    }

    fn place(&self, at: usize, candidates: &[Candidate], first: bool) -> Frame {
        let Some(best) = candidates.iter().find(|candidate| candidate.won) else { return Frame::default() };
        let character = self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let cells = vec![
            label(self.text, &(at..at + character)),
            label(self.text, &best.word),
            logarithm(best.logarithm),
            logarithm(best.after),
            logarithm(best.whole()),
        ];
        let choice = |candidate: &Candidate| Choice {
            label: label(self.text, &candidate.word),
            score: Some(candidate.whole()),
            note: Some(match candidate.frequency {
                Some(frequency) => {
                    Note::new(M::StepsWay, &[&frequency, &logarithm(candidate.logarithm), &logarithm(candidate.after)])
                }
                None => Note::new(M::StepsNoWordHere, &[]),
            }),
            won: candidate.won,
        };
        let end = candidates.iter().map(|candidate| candidate.word.end).max().unwrap_or(at);
        Frame {
            begins: first,
            settles: Vec::new(),
            current: at..end,
            choices: candidates.iter().rev().map(choice).collect(),
            row: Some(Row { heads: ROUTE, first, cells, marked: None }),
            notes: vec![Note::new(
                M::StepsPlace,
                &[&label(self.text, &(at..at + character)), &label(self.text, &best.word)],
            )],
        }
    }

    fn routes(&self, best: Route, second: Option<Route>) -> Frame {
        let current = best.words.first().map_or(0, |word| word.start)..best.words.last().map_or(0, |word| word.end);
        let choice = |route: &Route, won| Choice {
            label: joined(self.text, &route.words),
            score: Some(route.logarithm),
            note: None,
            won,
        };
        let mut choices = vec![choice(&best, true)];
        let mut notes = vec![Note::new(M::StepsBest, &[&logarithm(best.logarithm)])];
        if let Some(second) = second {
            let behind = best.logarithm - second.logarithm;
            notes.push(Note::new(M::StepsSecond, &[&logarithm(behind), &times(behind)]));
            choices.push(choice(&second, false));
        }
        Frame { begins: false, settles: best.words, current, choices, row: None, notes }
    }

    fn run(&self, range: Range<usize>, recut: Recut) -> Frame {
        let message = match recut {
            Recut::Alone => M::StepsRunAlone,
            Recut::Apart => M::StepsRunApart,
            Recut::Anew => M::StepsRunAnew,
        };
        let notes = vec![Note::new(message, &[&label(self.text, &range)])];
        Frame { current: range, notes, ..Frame::default() }
    }

    fn column(&self, at: Range<usize>, column: &Column, first: bool) -> Frame {
        let way = |tag: Tag| {
            let score = logarithm(column.score[tag as usize]);
            if first || column.score[tag as usize] <= IMPOSSIBLE {
                return score;
            }
            format!("{score} ←{}", column.from[tag as usize].letter())
        };
        let mut cells = vec![label(self.text, &at)];
        cells.extend(Tag::ALL.map(way));
        let score = |tag: Tag| column.score[tag as usize];
        let best = Tag::ALL.into_iter().reduce(|best, tag| if score(tag) >= score(best) { tag } else { best });
        let lost = |tag: Tag| (score(tag) - column.lost[tag as usize], tag);
        // The ways that were given up, told by how little they lost.
        let closest = Tag::ALL
            .into_iter()
            .filter(|&tag| !first && score(tag) > IMPOSSIBLE && column.lost[tag as usize] > IMPOSSIBLE)
            .map(lost)
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let mut notes = vec![Note::new(M::StepsColumn, &[&label(self.text, &at)])];
        if let Some((behind, tag)) = closest {
            let other = tag.before().into_iter().find(|&from| from != column.from[tag as usize]).unwrap_or(tag);
            let taken = column.from[tag as usize].letter();
            notes.push(Note::new(
                M::StepsClosest,
                &[&tag.letter(), &taken, &other.letter(), &logarithm(behind), &times(behind)],
            ));
        }
        Frame {
            current: at,
            row: Some(Row { heads: TRELLIS, first, cells, marked: best.map(|tag| tag as usize + 1) }),
            notes,
            ..Frame::default()
        }
    }

    fn tags(&self, range: Range<usize>, tags: &[Tag], value: f64) -> Frame {
        let letters: String = tags.iter().map(|tag| tag.letter()).collect();
        let characters = self.text.get(range.clone()).unwrap_or_default();
        let mut start = range.start;
        let mut parts = Vec::new();
        for ((at, character), tag) in characters.char_indices().zip(tags) {
            if tag.ends() {
                let end = range.start + at + character.len_utf8();
                parts.push(std::mem::replace(&mut start, end)..end);
            }
        }
        let choice = Choice {
            label: joined(self.text, &parts),
            score: Some(value),
            note: Some(Note::new(M::StepsTagsOf, &[&letters])),
            won: true,
        };
        Frame {
            current: range,
            choices: vec![choice],
            notes: vec![Note::new(M::StepsTags, &[&letters, &logarithm(value)])],
            ..Frame::default()
        }
    }
}

/// How many times as probable, from a difference of natural logarithms.
pub(super) fn times(difference: f64) -> String {
    let times = difference.exp();
    match times {
        _ if times < 1000.0 => format!("{times:.3}"),
        _ if times < 1e9 => format!("{times:.0}"),
        _ => format!("10^{:.0}", difference / std::f64::consts::LN_10),
    }
}

fn taken_word(taken: Taken) -> M {
    match taken {
        Taken::Longest => M::StepsLongest,
        Taken::Run => M::StepsIsRun,
        Taken::Character => M::StepsIsCharacter,
    }
}

/// What a match says.
pub(super) fn match_note(text: &str, step: &Match) -> Note {
    let message = match (step.taken, step.direction) {
        (Taken::Longest, Direction::Forward) => M::StepsForward,
        (Taken::Longest, Direction::Backward) => M::StepsBackward,
        (Taken::Run, _) => M::StepsRunOfLetters,
        (Taken::Character, _) => M::StepsCharacter,
    };
    Note::new(message, &[&label(text, &step.word)])
}

/// What decided between two passes.
pub(super) fn rule_note(weighed: &Weighed) -> Note {
    let (forward, backward) = (&weighed.forward, &weighed.backward);
    match weighed.rule {
        Rule::Same => Note::new(M::StepsSame, &[]),
        Rule::FewerWords => Note::new(M::StepsFewerWords, &[&forward.words.len(), &backward.words.len()]),
        Rule::FewerSingles => Note::new(M::StepsFewerSingles, &[&forward.singles, &backward.singles]),
        Rule::Backward => Note::new(M::StepsBackwardWins, &[]),
    }
}
