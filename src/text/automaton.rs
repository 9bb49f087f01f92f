//! A regular expression as an automaton over bytes, which says of an unfinished text whether it can still match.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;

use regex_automata::Anchored;
use regex_automata::dfa::Automaton as _;
use regex_automata::dfa::StartKind;
use regex_automata::dfa::dense::Config;
use regex_automata::dfa::dense::DFA;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;

/// The largest automaton that is made, in bytes; one state for each thing that has to be remembered of the text.
const LARGEST: usize = 8 << 20;

/// Why an expression makes no automaton.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpressionError {
    /// It is not written right, or asks for more than an automaton can tell, such as what stands before.
    Syntax(String),
    /// It would need an automaton of more than 8 MiB.
    TooLarge,
    /// No text matches it.
    Nothing,
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(reason) => write!(f, "this is no regular expression that can be followed: {reason}"),
            Self::TooLarge => f.write_str("the regular expression needs more than 8 MiB: make its repetitions shorter"),
            Self::Nothing => f.write_str("no text matches this regular expression"),
        }
    }
}

impl std::error::Error for ExpressionError {}

/// The automaton of an expression that a whole text has to match.
pub struct Automaton {
    states: DFA<Vec<u32>>,
    start: StateID,
    /// By the number of a state, whether a match can still be reached from it.
    hopeful: Vec<bool>,
}

/// Where a text has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(StateID);

impl Automaton {
    /// The automaton of an expression (the syntax of the `regex` crate), which the whole text has to match.
    ///
    /// # Errors
    /// The expression is not written right, needs too large an automaton, or matches nothing.
    pub fn new(expression: &str) -> Result<Self, ExpressionError> {
        let config = Config::new()
            .start_kind(StartKind::Anchored)
            .dfa_size_limit(Some(LARGEST))
            .determinize_size_limit(Some(LARGEST));
        let whole = format!("(?:{expression})\\z");
        let states = DFA::builder().configure(config).build(&whole).map_err(|error| {
            if error.is_size_limit_exceeded() {
                ExpressionError::TooLarge
            } else {
                let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
                ExpressionError::Syntax(reason.split_whitespace().collect::<Vec<_>>().join(" "))
            }
        })?;
        let begin = start::Config::new().anchored(Anchored::Yes);
        let start = states.start_state(&begin).map_err(|error| ExpressionError::Syntax(error.to_string()))?;
        let reaches = hopeful(&states, start);
        let number = |state: StateID| state.as_usize() >> states.stride2();
        let most = reaches.iter().copied().map(number).max().ok_or(ExpressionError::Nothing)?;
        let mut hopeful = vec![false; most + 1];
        for state in reaches {
            hopeful[number(state)] = true;
        }
        Ok(Self { states, start, hopeful })
    }

    /// Where an empty text is.
    pub fn start(&self) -> Place {
        Place(self.start)
    }

    /// Where a text comes to by more bytes; `None` if no text that begins so can match.
    pub fn after(&self, Place(mut state): Place, bytes: &[u8]) -> Option<Place> {
        for &byte in bytes {
            state = self.states.next_state(state, byte);
            if self.states.is_dead_state(state) || self.states.is_quit_state(state) {
                return None;
            }
        }
        let number = state.as_usize() >> self.states.stride2();
        self.hopeful.get(number).is_some_and(|&hopeful| hopeful).then_some(Place(state))
    }

    /// Whether the text matches if it ends here.
    pub fn matches(&self, Place(state): Place) -> bool {
        self.states.is_match_state(self.states.next_eoi_state(state))
    }
}

/// The states behind `start` from which a match can be reached: those before one that can, from the matches backwards.
fn hopeful(states: &DFA<Vec<u32>>, start: StateID) -> BTreeSet<StateID> {
    let mut before: BTreeMap<StateID, BTreeSet<StateID>> = BTreeMap::from([(start, BTreeSet::new())]);
    let mut open = vec![start];
    while let Some(state) = open.pop() {
        for byte in 0..=u8::MAX {
            let next = states.next_state(state, byte);
            let known = before.contains_key(&next);
            before.entry(next).or_default().insert(state);
            if !known {
                open.push(next);
            }
        }
    }
    let matches = |state: &StateID| states.is_match_state(states.next_eoi_state(*state));
    let mut open: Vec<StateID> = before.keys().copied().filter(matches).collect();
    let mut hopeful = BTreeSet::new();
    while let Some(state) = open.pop() {
        if hopeful.insert(state) {
            open.extend(before.get(&state).into_iter().flatten().copied());
        }
    }
    hopeful
}

impl fmt::Debug for Automaton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Automaton").field("bytes", &self.states.memory_usage()).finish_non_exhaustive()
    }
}
