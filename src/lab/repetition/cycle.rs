//! Loops: a text that does nothing any more but say the same again.

use std::collections::VecDeque;

/// A stretch in which every token equals the one `period` before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// Where the first copy begins.
    pub start: usize,
    /// How many tokens one copy has.
    pub period: usize,
    /// How many tokens the stretch has, an unfinished copy at its end included.
    pub length: usize,
}

impl Cycle {
    /// How many whole copies there are.
    pub fn copies(&self) -> usize {
        self.length / self.period
    }

    /// One past its last token.
    pub fn end(&self) -> usize {
        self.start + self.length
    }

    /// How many tokens of the next copy are there already.
    pub fn phase(&self) -> usize {
        self.length % self.period
    }
}

/// Watches a growing text for loops. A token costs as many comparisons as the longest period that is watched for, however
/// long the text.
#[derive(Clone, Debug)]
pub struct Watch<T> {
    /// The last tokens, the newest first.
    recent: VecDeque<T>,
    /// By period, less one: how many tokens at the end equal the one so far before them.
    runs: Vec<usize>,
    length: usize,
}

impl<T> Default for Watch<T> {
    fn default() -> Self {
        Self { recent: VecDeque::new(), runs: Vec::new(), length: 0 }
    }
}

impl<T: PartialEq> Watch<T> {
    /// The longest period that is watched for.
    pub const LONGEST: usize = 256;
    /// A cycle is a loop from this many whole copies on.
    pub const COPIES: usize = 3;
    /// And only if this many tokens repeat earlier ones: three times the same token may be meant.
    pub const REPEATED: usize = 4;

    /// Takes in the next token; gives the loop that the text is in now: of several the one of the shortest period.
    pub fn push(&mut self, token: T) -> Option<Cycle> {
        for (run, earlier) in self.runs.iter_mut().zip(&self.recent) {
            *run = if *earlier == token { *run + 1 } else { 0 };
        }
        self.recent.push_front(token);
        self.recent.truncate(Self::LONGEST);
        if self.runs.len() < self.recent.len() {
            self.runs.push(0);
        }
        self.length += 1;
        self.cycle()
    }

    /// The loop that the text is in now.
    pub fn cycle(&self) -> Option<Cycle> {
        let least = |period: usize| ((Self::COPIES - 1) * period).max(Self::REPEATED);
        let period = (1..).zip(&self.runs).find(|&(period, &run)| run >= least(period));
        period.map(|(period, &run)| Cycle { start: self.length - run - period, period, length: run + period })
    }

    /// How many tokens it has taken in.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it has taken in none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

/// Every loop of a text, in order.
pub fn find<T: PartialEq + Clone>(tokens: &[T]) -> Vec<Cycle> {
    let mut watch = Watch::default();
    let mut found: Vec<Cycle> = Vec::new();
    for token in tokens {
        let Some(cycle) = watch.push(token.clone()) else { continue };
        match found.last_mut() {
            // The same one, a token longer.
            Some(last) if last.start == cycle.start && last.period == cycle.period => *last = cycle,
            _ => found.push(cycle),
        }
    }
    found
}
