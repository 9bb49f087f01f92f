//! What each method does, step by step.

use std::ops::Range;

use super::Method;
use super::Segmenter;
use super::Word;
use super::clusters::Clusters;
use super::graph::Graph;
use super::graph::Route;
use super::maximum;
use super::route;
use super::route::Recut;
use crate::text::hmm::Column;
use crate::text::hmm::Tag;

/// From which side maximum matching comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the left.
    Forward,
    /// From the right.
    Backward,
}

/// A stretch of text that was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The stretch.
    pub range: Range<usize>,
    /// How often the dictionary counts it, if it has it.
    pub frequency: Option<u64>,
}

/// Why maximum matching took what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is the longest word.
    Longest,
    /// It is a run of letters and digits.
    Run,
    /// There is no word: a character stands for itself.
    Character,
}

/// A word that maximum matching settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// From which side.
    pub direction: Direction,
    /// The word.
    pub word: Range<usize>,
    /// Why it.
    pub taken: Taken,
    /// What was looked up, the longest first, down to the word; then the shorter words that lost to it.
    pub lookups: Vec<Lookup>,
}

/// One of the two passes of bidirectional matching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Its words.
    pub words: Vec<Range<usize>>,
    /// How many of them are one character.
    pub singles: usize,
}

/// The rule that decided between the two passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Both are the same.
    Same,
    /// Fewer words.
    FewerWords,
    /// As many words, fewer single characters.
    FewerSingles,
    /// As many of both: the backward one.
    Backward,
}

/// How bidirectional matching decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// From the left.
    pub forward: Pass,
    /// From the right.
    pub backward: Pass,
    /// What decided.
    pub rule: Rule,
    /// The one that was taken.
    pub taken: Direction,
}

/// A word that may follow at a place of the route.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The word.
    pub word: Range<usize>,
    /// How often it counts; nothing for a character that is no word.
    pub frequency: Option<u64>,
    /// The natural logarithm of its probability.
    pub logarithm: f64,
    /// That of the best way from its end on.
    pub after: f64,
    /// Whether it won.
    pub won: bool,
}

impl Candidate {
    /// The logarithm of the word and the best way behind it.
    pub fn whole(&self) -> f64 {
        self.logarithm + self.after
    }
}

/// A step of a method. All ranges are bytes of the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Maximum matching settled a word.
    Match(Match),
    /// The two passes of bidirectional matching were weighed.
    Weighed(Weighed),
    /// A row of the route's table was filled in: what may begin at a character. Rows are filled from the end.
    Place {
        /// The character.
        at: usize,
        /// The words that begin there, the shortest first.
        candidates: Vec<Candidate>,
    },
    /// The table of a stretch is whole: its best way and the next best.
    Routes {
        /// The best.
        best: Route,
        /// The next best.
        second: Option<Route>,
    },
    /// A run of single characters, and what becomes of it.
    Run {
        /// The run.
        range: Range<usize>,
        /// What becomes of it.
        recut: Recut,
    },
    /// A column of the trellis was filled in.
    Column {
        /// The character.
        at: Range<usize>,
        /// What was computed, from the column before.
        column: Column,
    },
    /// The tags of a run, by the best way through the trellis.
    Tags {
        /// The characters that were tagged.
        range: Range<usize>,
        /// Their tags.
        tags: Vec<Tag>,
        /// The natural logarithm of the way's probability.
        logarithm: f64,
    },
    /// The words are settled.
    Words(Vec<Word>),
}

impl Segmenter<'_> {
    /// What `method` does with `text`, step by step; the last is [`Step::Words`], with what [`Segmenter::words`] gives.
    pub fn steps(self, text: &str, method: Method, found: &mut dyn FnMut(Step)) {
        let clusters = Clusters::new(text);
        let mut pass = |direction| self.pass(text, direction, &clusters, found);
        match method {
            Method::Forward => pass(Direction::Forward),
            Method::Backward => pass(Direction::Backward),
            Method::Bidirectional => {
                pass(Direction::Forward);
                pass(Direction::Backward);
                found(Step::Weighed(self.weighed(text)));
            }
            Method::Route | Method::Hmm => route::blocks(text, |range, is_block| {
                if is_block {
                    self.block(text, range, method == Method::Hmm, found);
                }
            }),
        }
        found(Step::Words(self.words(text, method)));
    }

    fn pass(self, text: &str, direction: Direction, clusters: &Clusters<'_>, found: &mut dyn FnMut(Step)) {
        let mut at = if direction == Direction::Forward { 0 } else { text.len() };
        loop {
            let step = match direction {
                Direction::Forward if at < text.len() => self.matched_from(text, at, clusters),
                Direction::Backward if at > 0 => self.matched_to(text, at, clusters),
                _ => return,
            };
            at = if direction == Direction::Forward { step.word.end } else { step.word.start };
            found(Step::Match(step));
        }
    }

    /// The match that begins at `start`.
    pub(super) fn matched_from(self, text: &str, start: usize, clusters: &Clusters<'_>) -> Match {
        let word = maximum::longest_from(text, start, self.dictionary, clusters);
        let run = maximum::run_from(text, start, self.dictionary, clusters);
        // The window is as long as the longest word there is.
        let mut ends = Vec::new();
        let mut end = start;
        while ends.len() < self.window() && end < text.len() {
            end = clusters.after(end);
            ends.push(end);
        }
        let ranges = ends.into_iter().rev().map(|end| start..end);
        self.matched(text, Direction::Forward, word, run == Some(word.end), ranges)
    }

    /// The match that ends at `end`.
    pub(super) fn matched_to(self, text: &str, end: usize, clusters: &Clusters<'_>) -> Match {
        let word = maximum::longest_to(text, end, self.dictionary, clusters);
        let run = maximum::run_to(text, end, self.dictionary, clusters);
        let mut starts = Vec::new();
        let mut start = end;
        while starts.len() < self.window() && start > 0 {
            start = clusters.before(start);
            starts.push(start);
        }
        let ranges = starts.into_iter().rev().map(|start| start..end);
        self.matched(text, Direction::Backward, word, run == Some(word.start), ranges)
    }

    fn matched(
        self,
        text: &str,
        direction: Direction,
        word: Word,
        is_run: bool,
        ranges: impl Iterator<Item = Range<usize>>,
    ) -> Match {
        let length = word.end - word.start;
        let lookups = ranges
            .map(|range| Lookup {
                frequency: self.dictionary.frequency(text.get(range.clone()).unwrap_or_default()),
                range,
            })
            .filter(|lookup| lookup.range.len() >= length || lookup.frequency.is_some());
        let taken = match word.known {
            true => Taken::Longest,
            false if is_run => Taken::Run,
            false => Taken::Character,
        };
        Match { direction, word: word.start..word.end, taken, lookups: lookups.collect() }
    }

    /// The characters that are looked up at once.
    fn window(self) -> usize {
        self.dictionary.longest().clamp(1, MOST_LOOKUPS)
    }

    /// How bidirectional matching decides.
    pub(super) fn weighed(self, text: &str) -> Weighed {
        let clusters = Clusters::new(text);
        let pass = |words: Vec<Word>| Pass {
            singles: maximum::singles(text, &words, &clusters),
            words: words.iter().map(|word| word.start..word.end).collect(),
        };
        let forward = pass(maximum::forward(text, self.dictionary, &clusters));
        let backward = pass(maximum::backward(text, self.dictionary, &clusters));
        let rule = if forward.words == backward.words {
            Rule::Same
        } else if forward.words.len() != backward.words.len() {
            Rule::FewerWords
        } else if forward.singles != backward.singles {
            Rule::FewerSingles
        } else {
            Rule::Backward
        };
        let cost = |pass: &Pass| (pass.words.len(), pass.singles);
        let taken = if cost(&forward) < cost(&backward) { Direction::Forward } else { Direction::Backward };
        Weighed { forward, backward, rule, taken }
    }

    fn block(self, text: &str, range: Range<usize>, hmm: bool, found: &mut dyn FnMut(Step)) {
        let graph = Graph::new(self, text, range);
        for (start, edges) in graph.edges.iter().enumerate().rev() {
            let candidates = edges.iter().map(|edge| Candidate {
                word: graph.bytes[start]..graph.bytes[edge.end],
                frequency: edge.frequency,
                logarithm: edge.logarithm,
                after: graph.after[edge.end].0,
                won: graph.after[start].1 == edge.end,
            });
            found(Step::Place { at: graph.bytes[start], candidates: candidates.collect() });
        }
        let best = graph.best();
        let words = best.words.clone();
        found(Step::Routes { best, second: graph.second() });
        if hmm {
            for run in runs(text, &words) {
                self.run(text, run, found);
            }
        }
    }

    fn run(self, text: &str, range: Range<usize>, found: &mut dyn FnMut(Step)) {
        let run = text.get(range.clone()).unwrap_or_default();
        let recut = Recut::of(run, self);
        found(Step::Run { range: range.clone(), recut });
        if recut != Recut::Anew {
            return;
        }
        route::parts(run, |part, chinese| {
            if !chinese {
                return;
            }
            let start = range.start + part.start;
            let characters = run.get(part.clone()).unwrap_or_default();
            let mut at = start;
            let mut last = None;
            for column in self.hmm.columns(characters) {
                let end = at + column.character.len_utf8();
                last = Some(column.score);
                found(Step::Column { at: at..end, column });
                at = end;
            }
            let tags = self.hmm.tags(characters);
            let logarithm = tags.last().zip(last).map_or(0.0, |(&tag, score)| score[tag as usize]);
            found(Step::Tags { range: start..at, tags, logarithm });
        });
    }
}

/// The most stretches that are shown as looked up for one word.
const MOST_LOOKUPS: usize = 64;

/// The runs of single characters on a route.
pub(super) fn runs(text: &str, words: &[Range<usize>]) -> Vec<Range<usize>> {
    let single = |word: &Range<usize>| text.get(word.clone()).is_some_and(|word| word.chars().nth(1).is_none());
    let mut runs: Vec<Range<usize>> = Vec::new();
    for word in words.iter().filter(|word| single(word)) {
        match runs.last_mut() {
            Some(run) if run.end == word.start => run.end = word.end,
            _ => runs.push(word.clone()),
        }
    }
    runs
}
