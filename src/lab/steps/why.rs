//! The reasons of a segmentation, and what would change it, in words.

use super::Note;
use super::segmenting::joined;
use super::segmenting::label;
use super::segmenting::logarithm;
use super::segmenting::match_note;
use super::segmenting::rule_note;
use super::segmenting::times;
use crate::text::hmm::Tag;
use crate::text::segment::Flip;
use crate::text::segment::Reason;
use crate::text::segment::Tagging;
use crate::text::segment::Why;
use crate::ui::Message as M;

/// Why a method cuts `text` at a place or not, the main reason first.
pub fn reasons(text: &str, why: &Why) -> Vec<Note> {
    match &why.reason {
        Reason::Cluster => vec![Note::new(M::WhyCluster, &[])],
        Reason::Apart => vec![Note::new(M::WhyApart, &[])],
        Reason::Match(matched) => vec![match_note(text, matched)],
        Reason::Passes(weighed, matched) => vec![rule_note(weighed), match_note(text, matched)],
        Reason::Letters => vec![Note::new(M::WhyLetters, &[])],
        Reason::Word(range) => vec![Note::new(M::StepsRunApart, &[&label(text, range)])],
        Reason::Routes { cut: Some(cut), joined: Some(over) } => {
            let (better, worse) = if why.cut { (cut, over) } else { (over, cut) };
            let by = better.logarithm - worse.logarithm;
            vec![
                Note::new(
                    if why.cut { M::WhyRoutesCut } else { M::WhyRoutesJoined },
                    &[&logarithm(cut.logarithm), &logarithm(over.logarithm), &times(by)],
                ),
                Note::new(M::WhyTheRoutes, &[&joined(text, &cut.words), &joined(text, &over.words)]),
            ]
        }
        Reason::Routes { joined: None, .. } => vec![Note::new(M::WhyNothingAcross, &[])],
        Reason::Routes { cut: None, .. } => vec![Note::new(M::WhyNothingMeets, &[])],
        Reason::Tags { cut, joined, .. } => {
            let letters = |tagging: &Tagging| tagging.tags.iter().map(|tag: &Tag| tag.letter()).collect::<String>();
            let (better, worse) = if why.cut { (cut, joined) } else { (joined, cut) };
            vec![Note::new(
                if why.cut { M::WhyTagsCut } else { M::WhyTagsJoined },
                &[
                    &letters(cut),
                    &logarithm(cut.logarithm),
                    &letters(joined),
                    &logarithm(joined.logarithm),
                    &times(better.logarithm - worse.logarithm),
                ],
            )]
        }
    }
}

/// What a change does: for each word of it, and what becomes of the text.
pub fn flip(text: &str, flip: &Flip) -> (Vec<Note>, String) {
    let edits = flip.edits.iter().map(|(edit, before)| {
        let word = crate::ui::safe::token_label(edit.word.as_bytes());
        match (*before, edit.frequency) {
            (0, frequency) => Note::new(M::FlipAdd, &[&word, &frequency]),
            (before, 0) => Note::new(M::FlipRemove, &[&word, &before]),
            (before, frequency) if frequency > before => Note::new(M::FlipRaise, &[&word, &before, &frequency]),
            (before, frequency) => Note::new(M::FlipLower, &[&word, &before, &frequency]),
        }
    });
    let words: Vec<_> = flip.words.iter().map(|word| word.start..word.end).collect();
    (edits.collect(), joined(text, &words))
}
