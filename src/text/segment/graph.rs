//! The lattice of a stretch of text as a graph, with the best way through every place of it.

use std::ops::Range;

use super::Segmenter;

/// A word of the lattice, in letters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edge {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Nothing where no word begins there, and a character stands for itself.
    pub(super) frequency: Option<u64>,
    /// The natural logarithm of its probability.
    pub(super) logarithm: f64,
}

/// A way through a stretch of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Its words, in bytes of the text.
    pub words: Vec<Range<usize>>,
    /// The natural logarithm of its probability.
    pub logarithm: f64,
}

/// The words of a stretch, and the best ways to and from each letter.
#[derive(Debug)]
pub(super) struct Graph {
    /// The byte where each letter begins, and the end.
    pub(super) bytes: Vec<usize>,
    /// The words that begin at each letter, the shortest first; at least one.
    pub(super) edges: Vec<Vec<Edge>>,
    /// For each letter the logarithm of the best way from there to the end, and where its first word ends.
    pub(super) after: Vec<(f64, usize)>,
    /// For each letter the logarithm of the best way to there, and where its last word begins.
    before: Vec<(f64, usize)>,
}

impl Graph {
    pub(super) fn new(segmenter: Segmenter<'_>, text: &str, range: Range<usize>) -> Self {
        let block = text.get(range.clone()).unwrap_or_default();
        let mut bytes: Vec<usize> = block.char_indices().map(|(at, _)| range.start + at).collect();
        let count = bytes.len();
        bytes.push(range.end);
        let total = segmenter.dictionary.logarithm();
        let edges: Vec<Vec<Edge>> = (0..count)
            .map(|start| {
                let mut edges = Vec::new();
                let mut end = start;
                segmenter.dictionary.prefixes(
                    text.get(bytes[start]..range.end).unwrap_or_default(),
                    |length, frequency| {
                        while bytes[end] < bytes[start] + length {
                            end += 1;
                        }
                        let logarithm = (frequency as f64).ln() - total;
                        edges.push(Edge { start, end, frequency: Some(frequency), logarithm });
                    },
                );
                if edges.is_empty() {
                    edges.push(Edge { start, end: start + 1, frequency: None, logarithm: -total });
                }
                edges
            })
            .collect();
        let mut after = vec![(0.0, count); count + 1];
        for start in (0..count).rev() {
            let ways = edges[start].iter().map(|edge| (edge.logarithm + after[edge.end].0, edge.end));
            after[start] =
                ways.reduce(|best, way| if way.0 >= best.0 { way } else { best }).unwrap_or((0.0, start + 1));
        }
        let mut before = vec![(f64::NEG_INFINITY, 0); count + 1];
        before[0] = (0.0, 0);
        for edge in edges.iter().flatten() {
            let way = before[edge.start].0 + edge.logarithm;
            if way > before[edge.end].0 {
                before[edge.end] = (way, edge.start);
            }
        }
        Self { bytes, edges, after, before }
    }

    /// The letter that begins at a byte of the text.
    pub(super) fn letter(&self, byte: usize) -> Option<usize> {
        self.bytes.binary_search(&byte).ok()
    }

    /// The letters where the words of the best way from `start` end.
    fn onward(&self, start: usize) -> Vec<usize> {
        let mut ends = Vec::new();
        let mut at = start;
        while at + 1 < self.bytes.len() {
            at = self.after[at].1;
            ends.push(at);
        }
        ends
    }

    fn route(&self, ends: &[usize], logarithm: f64) -> Route {
        let mut start = self.bytes[0];
        let words = ends.iter().map(|&end| std::mem::replace(&mut start, self.bytes[end])..self.bytes[end]);
        Route { words: words.collect(), logarithm }
    }

    /// The best way to `middle`, and on from `next`, with the word between where they differ.
    fn through(&self, middle: usize, next: usize, logarithm: f64) -> Route {
        let mut ends = Vec::new();
        let mut at = middle;
        while at > 0 {
            ends.push(at);
            at = self.before[at].1;
        }
        ends.reverse();
        if next > middle {
            ends.push(next);
        }
        ends.extend(self.onward(next));
        self.route(&ends, logarithm)
    }

    /// The most probable way.
    pub(super) fn best(&self) -> Route {
        self.route(&self.onward(0), self.after[0].0)
    }

    fn through_edge(&self, edges: impl Iterator<Item = Edge>) -> Option<Route> {
        let whole = |edge: &Edge| self.before[edge.start].0 + edge.logarithm + self.after[edge.end].0;
        let best = edges.max_by(|a, b| whole(a).total_cmp(&whole(b))).filter(|edge| whole(edge).is_finite())?;
        Some(self.through(best.start, best.end, whole(&best)))
    }

    /// The most probable way with a word that the best one lacks.
    pub(super) fn second(&self) -> Option<Route> {
        let ends = self.onward(0);
        let mut on_best = vec![usize::MAX; self.bytes.len()];
        let mut start = 0;
        for &end in &ends {
            on_best[start] = end;
            start = end;
        }
        let others = self.edges.iter().flatten().filter(|edge| on_best[edge.start] != edge.end).copied();
        self.through_edge(others)
    }

    /// The most probable way with a boundary before `letter`.
    pub(super) fn cut_at(&self, letter: usize) -> Option<Route> {
        let logarithm = self.before[letter].0 + self.after[letter].0;
        logarithm.is_finite().then(|| self.through(letter, letter, logarithm))
    }

    /// The most probable way without one.
    pub(super) fn joined_at(&self, letter: usize) -> Option<Route> {
        let over = |edge: &&Edge| edge.start < letter && letter < edge.end;
        self.through_edge(self.edges.iter().flatten().filter(over).copied())
    }
}
