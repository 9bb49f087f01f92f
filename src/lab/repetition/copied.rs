//! Spans that stand twice: inside a sequence, or in it and in the prompt before it.

use std::collections::BTreeMap;

/// A stretch of a sequence that stands at another place as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Where it stands.
    pub start: usize,
    /// Where it stood before.
    pub source: usize,
    /// How long it is.
    pub length: usize,
}

/// What of a continuation is copied from its prompt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Copied {
    /// The spans, in order; they do not overlap. `source` is a place in the prompt.
    pub spans: Vec<Span>,
    /// The tokens in them.
    pub tokens: usize,
    /// The tokens of the continuation.
    pub of: usize,
}

impl Copied {
    /// The share of the continuation that is copied, 0 to 1; 0 of an empty one.
    pub fn share(&self) -> f64 {
        if self.of == 0 { 0.0 } else { self.tokens as f64 / self.of as f64 }
    }

    /// The longest span; of equals the first.
    pub fn longest(&self) -> Option<Span> {
        self.spans.iter().copied().rev().max_by_key(|span| span.length)
    }
}

/// The longest stretch that stands twice in a sequence, where the two may overlap; of equals the earliest. `None` where no
/// token stands twice. Linear in the sequence, by its suffix automaton (Blumer et al. 1985).
pub fn longest_repeat<T: Clone + Ord>(tokens: &[T]) -> Option<Span> {
    let mut automaton = Automaton::default();
    let mut best: Option<Span> = None;
    for (end, token) in tokens.iter().enumerate() {
        automaton.push(token);
        // The state that the whole links to holds the longest ending of it that stands before.
        let Some(earlier) = automaton.states[automaton.last].link.map(|link| &automaton.states[link]) else { continue };
        if earlier.longest > best.map_or(0, |best| best.length) {
            let length = earlier.longest;
            best = Some(Span { start: end + 1 - length, source: earlier.first_end + 1 - length, length });
        }
    }
    best
}

/// What of `continuation` stands in `prompt` in stretches of at least `least` tokens: going through it, always the longest
/// stretch that begins here. Linear in both together, times `least` at worst.
pub fn copied<T: Clone + Ord>(prompt: &[T], continuation: &[T], least: usize) -> Copied {
    let mut automaton = Automaton::default();
    for token in prompt {
        automaton.push(token);
    }
    let mut found = Copied { of: continuation.len(), ..Copied::default() };
    let mut start = 0;
    while start < continuation.len() {
        let mut here = Match::default();
        for token in &continuation[start..] {
            let Some(&state) = automaton.states[here.state].next.get(token) else { break };
            here = Match { state, length: here.length + 1 };
        }
        if here.length >= least.max(1) {
            let source = automaton.states[here.state].first_end + 1 - here.length;
            found.spans.push(Span { start, source, length: here.length });
            found.tokens += here.length;
            start += here.length;
        } else {
            start += 1;
        }
    }
    found
}

/// The automaton of all stretches of a sequence that grows at its end.
#[derive(Debug)]
struct Automaton<T> {
    states: Vec<State<T>>,
    last: usize,
    length: usize,
}

#[derive(Clone, Debug)]
struct State<T> {
    next: BTreeMap<T, usize>,
    link: Option<usize>,
    longest: usize,
    /// The index of the token with which its stretches end for the first time.
    first_end: usize,
}

/// A stretch that was followed from the start state.
#[derive(Clone, Copy, Default)]
struct Match {
    state: usize,
    length: usize,
}

impl<T> Default for Automaton<T> {
    fn default() -> Self {
        let start = State { next: BTreeMap::new(), link: None, longest: 0, first_end: 0 };
        Self { states: vec![start], last: 0, length: 0 }
    }
}

impl<T: Clone + Ord> Automaton<T> {
    fn push(&mut self, token: &T) {
        let new = self.states.len();
        let first_end = self.length;
        let longest = self.states[self.last].longest + 1;
        self.states.push(State { next: BTreeMap::new(), link: Some(0), longest, first_end });
        let mut state = Some(self.last);
        while let Some(here) = state.filter(|&here| !self.states[here].next.contains_key(token)) {
            self.states[here].next.insert(token.clone(), new);
            state = self.states[here].link;
        }
        if let Some(here) = state {
            let reached = self.states[here].next[token];
            if self.states[reached].longest == self.states[here].longest + 1 {
                self.states[new].link = Some(reached);
            } else {
                let copy = self.states.len();
                let longest = self.states[here].longest + 1;
                let split = State { longest, ..self.states[reached].clone() };
                self.states.push(split);
                let mut state = Some(here);
                while let Some(at) = state.filter(|&at| self.states[at].next.get(token) == Some(&reached)) {
                    self.states[at].next.insert(token.clone(), copy);
                    state = self.states[at].link;
                }
                self.states[reached].link = Some(copy);
                self.states[new].link = Some(copy);
            }
        }
        self.last = new;
        self.length += 1;
    }
}
