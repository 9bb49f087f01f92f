//! Why a text is cut at a place or not, and the smallest change of the dictionary that would turn it round.

use std::fmt;
use std::ops::Range;

use super::Method;
use super::Segmenter;
use super::Word;
use super::clusters::Clusters;
use super::graph::Graph;
use super::graph::Route;
use super::route;
use super::route::Recut;
use super::steps::Direction;
use super::steps::Match;
use super::steps::Weighed;
use super::steps::runs;
use crate::text::dictionary::Dictionary;
use crate::text::dictionary::Edit;
use crate::text::hmm::Tag;

/// A place between two characters, and what a method makes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// The method.
    pub method: Method,
    /// Whether it cuts there.
    pub cut: bool,
    /// Why.
    pub reason: Reason,
}

/// A way through the trellis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tagging {
    /// The tags, one for each character of the run.
    pub tags: Vec<Tag>,
    /// The natural logarithm of the way's probability.
    pub logarithm: f64,
}

/// Why a text is cut at a place or not.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// A character and its marks stay together.
    Cluster,
    /// Characters that are never looked up stand by themselves.
    Apart,
    /// The word that was matched last before the place, or across it.
    Match(Match),
    /// Of two passes one was taken, and in it a word was matched.
    Passes(Weighed, Match),
    /// The most probable way with a cut there, and the most probable one without.
    Routes {
        /// With.
        cut: Option<Route>,
        /// Without.
        joined: Option<Route>,
    },
    /// Letters and digits by themselves are joined.
    Letters,
    /// A run of single characters is a word that the route took apart.
    Word(Range<usize>),
    /// The tags of a run of single characters, with a cut there and without.
    Tags {
        /// The characters that were tagged.
        range: Range<usize>,
        /// With.
        cut: Tagging,
        /// Without.
        joined: Tagging,
    },
}

/// A change of the dictionary that turns a place round.
#[derive(Clone, Debug, PartialEq)]
pub struct Flip {
    /// The words that get another frequency, with the one they have now; 0 is none.
    pub edits: Vec<(Edit, u64)>,
    /// The words of the text after it.
    pub words: Vec<Word>,
}

/// A place that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// It is outside the text, or at one of its ends.
    Outside {
        /// The bytes of the text.
        length: usize,
    },
    /// It is inside a character.
    Inside {
        /// Where the character begins.
        start: usize,
        /// Where it ends.
        end: usize,
    },
}

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside { length } if *length < 2 => write!(f, "the text has no place between two characters"),
            Self::Outside { length } => write!(f, "a place is between two characters: choose 1 to {}", length - 1),
            Self::Inside { start, end } => write!(f, "a character stands at {start} to {end}: choose one of the two"),
        }
    }
}

impl std::error::Error for NoPlace {}

/// The highest frequency that is tried.
const MOST: u64 = 1 << 40;

impl Segmenter<'_> {
    /// Why `method` cuts `text` before the byte `at`, or does not.
    ///
    /// # Errors
    /// Where there is no boundary of characters inside the text.
    pub fn why(self, text: &str, method: Method, at: usize) -> Result<Why, NoPlace> {
        check(text, at)?;
        let cut = is_cut(&self.words(text, method), at);
        Ok(Why { method, cut, reason: self.reason(text, method, at, cut) })
    }

    fn reason(self, text: &str, method: Method, at: usize, cut: bool) -> Reason {
        let clusters = Clusters::new(text);
        if !clusters.is_boundary(at) {
            return Reason::Cluster;
        }
        match method {
            Method::Forward => Reason::Match(self.match_at(text, Direction::Forward, at, &clusters)),
            Method::Backward => Reason::Match(self.match_at(text, Direction::Backward, at, &clusters)),
            Method::Bidirectional => {
                let weighed = self.weighed(text);
                let matched = self.match_at(text, weighed.taken, at, &clusters);
                Reason::Passes(weighed, matched)
            }
            Method::Route | Method::Hmm => self.reason_of_route(text, method, at, cut),
        }
    }

    /// The match that decides a place: the one across it, or the one that ends at it on its way.
    fn match_at(self, text: &str, direction: Direction, at: usize, clusters: &Clusters<'_>) -> Match {
        let method = if direction == Direction::Forward { Method::Forward } else { Method::Backward };
        let words = self.words(text, method);
        let before = words.partition_point(|word| word.end < at);
        match direction {
            Direction::Forward => self.matched_from(text, words.get(before).map_or(0, |word| word.start), clusters),
            Direction::Backward => {
                let after = words.partition_point(|word| word.end <= at);
                self.matched_to(text, words.get(after).map_or(text.len(), |word| word.end), clusters)
            }
        }
    }

    fn reason_of_route(self, text: &str, method: Method, at: usize, cut: bool) -> Reason {
        let mut block = None;
        route::blocks(text, |range, is_block| {
            if is_block && range.start < at && at < range.end {
                block = Some(range);
            }
        });
        let Some(block) = block else { return Reason::Apart };
        let graph = Graph::new(self, text, block);
        let Some(letter) = graph.letter(at) else { return Reason::Apart };
        let best = graph.best();
        let route_cuts = best.words.iter().any(|word| word.end == at);
        if method == Method::Hmm
            && let Some(run) = runs(text, &best.words).into_iter().find(|run| run.start < at && at < run.end)
            && let Some(reason) = self.reason_of_run(text, &run, at)
        {
            return reason;
        }
        if route_cuts && !cut {
            return Reason::Letters;
        }
        Reason::Routes { cut: graph.cut_at(letter), joined: graph.joined_at(letter) }
    }

    /// Why a run of single characters is cut or not inside.
    fn reason_of_run(self, text: &str, range: &Range<usize>, at: usize) -> Option<Reason> {
        let run = text.get(range.clone())?;
        if Recut::of(run, self) == Recut::Apart {
            return Some(Reason::Word(range.clone()));
        }
        let mut reason = Reason::Letters;
        route::parts(run, |part, chinese| {
            let part = range.start + part.start..range.start + part.end;
            if chinese && part.start < at && at < part.end {
                let characters = text.get(part.clone()).unwrap_or_default();
                let place = text.get(part.start..at).unwrap_or_default().chars().count() - 1;
                let tagging = |ends: bool| {
                    let (tags, logarithm) = self.hmm.tags_with(characters, place, ends);
                    Tagging { tags, logarithm }
                };
                reason = Reason::Tags { range: part, cut: tagging(true), joined: tagging(false) };
            }
        });
        Some(reason)
    }

    /// Changes of the dictionary that turn the place round, each tried out, the smallest first. `wanted` is asked now and
    /// then whether anybody still wants to know.
    ///
    /// A frequency that is raised is the lowest that does it, one that is lowered the highest; 0 takes the word away.
    ///
    /// # Errors
    /// Where there is no boundary of characters inside the text.
    pub fn flips(self, text: &str, method: Method, at: usize, wanted: &dyn Fn() -> bool) -> Result<Vec<Flip>, NoPlace> {
        check(text, at)?;
        if !Clusters::new(text).is_boundary(at) {
            return Ok(Vec::new());
        }
        // A line is cut by itself, but for bidirectional matching, which weighs the whole text.
        let line = if method == Method::Bidirectional {
            0..text.len()
        } else {
            let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |found| found + 1);
            let end = text.get(at..).and_then(|after| after.find('\n')).map_or(text.len(), |found| at + found);
            start..end
        };
        if line.is_empty() || line.start >= at || line.end <= at {
            return Ok(Vec::new());
        }
        let mut trial = Trial {
            dictionary: self.dictionary.clone(),
            segmenter: self,
            method,
            text: text.get(line.clone()).unwrap_or_default(),
            at: at - line.start,
            wanted,
        };
        let words = self.words(trial.text, method);
        let mut found: Vec<Vec<(Edit, u64)>> = Vec::new();
        let candidates = candidates(trial.text, &words, trial.at);
        for word in &candidates {
            for raise in [true, false] {
                found.extend(trial.threshold(&[word.as_str()], raise));
            }
        }
        if found.is_empty()
            && let [first, second, ..] = candidates.as_slice()
        {
            found.extend(trial.threshold(&[first, second], true));
        }
        let size = |edits: &[(Edit, u64)]| -> f64 {
            let change =
                |(edit, before): &(Edit, u64)| ((edit.frequency as f64 + 1.0) / (*before as f64 + 1.0)).ln().abs();
            edits.iter().map(change).sum()
        };
        found.sort_by(|a, b| size(a).total_cmp(&size(b)));
        let mut flips = Vec::new();
        for edits in found {
            let undo: Vec<Edit> = edits.iter().filter_map(|(edit, _)| trial.dictionary.edit(edit)).collect();
            let words = Segmenter { dictionary: &trial.dictionary, hmm: self.hmm }.words(text, method);
            undo.iter().rev().for_each(|edit| drop(trial.dictionary.edit(edit)));
            flips.push(Flip { edits, words });
        }
        Ok(flips)
    }
}

/// Words whose frequency may turn a place round: first, where it is cut, the two words there as one; where not, the two
/// parts of the word across it; then the words there, then those joined with what stands beside them.
fn candidates(text: &str, words: &[Word], at: usize) -> Vec<String> {
    let index = words.partition_point(|word| word.end < at);
    let word = |index: Option<usize>| index.and_then(|index| words.get(index)).copied();
    let (Some(here), before, after) = (word(Some(index)), word(index.checked_sub(1)), word(Some(index + 1))) else {
        return Vec::new();
    };
    let mut ranges = Vec::new();
    if here.end == at {
        let next = after.unwrap_or(here);
        ranges.extend([here.start..next.end, here.start..here.end, next.start..next.end]);
        ranges.extend(before.map(|before| before.start..here.end));
        ranges.extend(word(Some(index + 2)).map(|last| next.start..last.end));
    } else {
        ranges.extend([here.start..at, at..here.end, here.start..here.end]);
        ranges.extend(before.map(|before| before.start..at));
        ranges.extend(after.map(|after| at..after.end));
    }
    let mut found: Vec<String> = Vec::new();
    for word in ranges.into_iter().filter_map(|range| text.get(range)) {
        if word.len() <= MOST_BYTES && !word.is_empty() && !found.iter().any(|other| other == word) {
            found.push(word.to_owned());
        }
    }
    found
}

/// The longest word that is tried, in bytes.
const MOST_BYTES: usize = 1024;

/// A dictionary to try changes on.
struct Trial<'a> {
    dictionary: Dictionary,
    segmenter: Segmenter<'a>,
    method: Method,
    text: &'a str,
    at: usize,
    wanted: &'a dyn Fn() -> bool,
}

impl Trial<'_> {
    /// Whether the place is cut with the words at a frequency; the dictionary is as before afterwards.
    fn is_cut(&mut self, words: &[&str], frequency: u64) -> bool {
        let edit = |word: &&str| Edit { word: (*word).to_owned(), frequency };
        let undo: Vec<Edit> = words.iter().filter_map(|word| self.dictionary.edit(&edit(word))).collect();
        let segmenter = Segmenter { dictionary: &self.dictionary, hmm: self.segmenter.hmm };
        let cut = is_cut(&segmenter.words(self.text, self.method), self.at);
        undo.iter().rev().for_each(|edit| drop(self.dictionary.edit(edit)));
        cut
    }

    /// The nearest frequency above or below the words' own from which on the place is turned round, if any is.
    fn threshold(&mut self, words: &[&str], raise: bool) -> Option<Vec<(Edit, u64)>> {
        let before: Vec<u64> = words.iter().map(|word| self.dictionary.frequency(word).unwrap_or(0)).collect();
        let own = if raise { before.iter().copied().max()? } else { before.iter().copied().min()? };
        let (mut near, mut far) = (own, if raise { MOST } else { 0 });
        if near == far || (raise && near > far) || !(self.wanted)() {
            return None;
        }
        let segmenter = Segmenter { dictionary: &self.dictionary, hmm: self.segmenter.hmm };
        let cut = is_cut(&segmenter.words(self.text, self.method), self.at);
        if self.is_cut(words, far) == cut {
            return None;
        }
        while near.abs_diff(far) > 1 {
            let middle = near.midpoint(far);
            if self.is_cut(words, middle) == cut {
                near = middle;
            } else {
                far = middle;
            }
            if !(self.wanted)() {
                return None;
            }
        }
        let edit = |(word, before): (&&str, &u64)| (Edit { word: (*word).to_owned(), frequency: far }, *before);
        Some(words.iter().zip(&before).map(edit).collect())
    }
}

fn is_cut(words: &[Word], at: usize) -> bool {
    words.binary_search_by_key(&at, |word| word.end).is_ok()
}

fn check(text: &str, at: usize) -> Result<(), NoPlace> {
    if at == 0 || at >= text.len() {
        return Err(NoPlace::Outside { length: text.len() });
    }
    if text.is_char_boundary(at) {
        return Ok(());
    }
    let start = (0..at).rev().find(|&byte| text.is_char_boundary(byte)).unwrap_or(0);
    let end = (at..=text.len()).find(|&byte| text.is_char_boundary(byte)).unwrap_or(text.len());
    Err(NoPlace::Inside { start, end })
}
