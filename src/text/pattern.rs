//! What a `Split` or a `Replace` looks for.

use std::ops::Range;

use super::{
    error::TokenizerError,
    pretokenize::scan::{KNOWN, Scanner},
};

/// The longest pattern that is compiled, in bytes.
const LONGEST: usize = 16 * 1024;
/// The largest product of repetition bounds in one pattern: `(a{1000}){1000}` asks for a million copies.
const MOST_COPIES: usize = 20_000;
/// How many steps back one search may take before it is given up.
const MOST_STEPS_BACK: usize = 100_000;

/// What to look for in a text.
#[derive(Debug)]
pub(super) enum Pattern {
    /// These very characters.
    Literal(Box<str>),
    /// Any one character that this holds for.
    Character(fn(char) -> bool),
    /// A well-known pattern.
    Known(Scanner),
    /// Any other pattern.
    Regex(Box<fancy_regex::Regex>),
}

impl Pattern {
    /// Compiles `pattern`, or takes the matcher for it if it is a well-known one.
    pub(super) fn regex(pattern: &str) -> Result<Self, TokenizerError> {
        if let Some(&(_, scanner)) = KNOWN.iter().find(|known| known.0 == pattern) {
            return Ok(Self::Known(scanner));
        }
        if pattern.len() > LONGEST {
            return Err(TokenizerError::TooLong { part: "pattern", length: pattern.len(), limit: LONGEST });
        }
        let fault = |message: String| TokenizerError::Pattern { pattern: pattern.to_owned(), message };
        if copies(pattern) > MOST_COPIES {
            return Err(fault("too many repetitions".to_owned()));
        }
        let regex = fancy_regex::RegexBuilder::new(pattern)
            .backtrack_limit(MOST_STEPS_BACK)
            .delegate_size_limit(16 << 20)
            .delegate_dfa_size_limit(16 << 20)
            .build()
            .map_err(|error| fault(error.to_string()))?;
        Ok(Self::Regex(Box::new(regex)))
    }

    /// Calls `found` with each match in `text` that is not empty, from left to right. A search that is given up ends it.
    pub(super) fn each(&self, text: &str, mut found: impl FnMut(Range<usize>)) {
        match self {
            Self::Literal(literal) => {
                if !literal.is_empty() {
                    text.match_indices(&**literal).for_each(|(at, text)| found(at..at + text.len()));
                }
            }
            Self::Character(is_meant) => {
                text.match_indices(*is_meant).for_each(|(at, text)| found(at..at + text.len()));
            }
            Self::Known(scanner) => {
                let mut at = 0;
                while at < text.len() {
                    if let Some(end) = scanner.end(text, at) {
                        found(at..end);
                        at = end;
                    } else {
                        at += text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
                    }
                }
            }
            Self::Regex(regex) => {
                for one in regex.find_iter(text).map_while(Result::ok).filter(|one| one.start() < one.end()) {
                    found(one.range());
                }
            }
        }
    }
}

/// The product of the upper bounds of all `{n,m}` in `pattern`.
fn copies(pattern: &str) -> usize {
    pattern
        .split('{')
        .skip(1)
        .filter_map(|rest| {
            let bounds = rest.split_once('}')?.0;
            bounds.rsplit(',').find(|bound| !bound.is_empty())?.parse::<usize>().ok()
        })
        .fold(1, |product, bound| product.saturating_mul(bound.max(1)))
}
