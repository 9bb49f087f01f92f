//! A sampler made ready for one model: texts become its tokens, expressions its automata.

use std::fmt;
use std::sync::Arc;

use super::Model;
use crate::lm::Constraint;
use crate::lm::Given;
use crate::lm::Kind;
use crate::lm::Sampler;
use crate::lm::Stage;
use crate::text::Automaton;
use crate::text::ExpressionError;

/// Texts that end a repetition for DRY: llama.cpp's.
const BREAKERS: [&str; 4] = ["\n", ":", "\"", "*"];

/// Why a stage cannot be used with a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StageError {
    /// The vocabulary has no such token.
    NoToken(String),
    /// There is no tokenizer that could say what tokens mean.
    NoTokenizer,
    /// The expression cannot be followed.
    Expression(ExpressionError),
}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken(word) => {
                write!(f, "the vocabulary has no token {word:?}: give the text of one token, or #id; spaces part them")
            }
            Self::NoTokenizer => f.write_str("the model has no tokenizer: give tokens as #id"),
            Self::Expression(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StageError {}

impl Model {
    /// The sampler with every stage made ready for this model.
    ///
    /// # Errors
    /// A token that the vocabulary does not have; an expression that cannot be followed.
    pub fn prepare(&self, sampler: &Sampler) -> Result<Sampler, StageError> {
        let ready = |stage: &Stage| Ok(Stage { given: self.given(stage)?, ..stage.clone() });
        sampler.stages.iter().map(ready).collect::<Result<_, _>>().map(|stages| Sampler { stages })
    }

    /// What a stage's text means to this model.
    ///
    /// # Errors
    /// A token that the vocabulary does not have; an expression that cannot be followed.
    pub fn given(&self, stage: &Stage) -> Result<Given, StageError> {
        Ok(match stage.kind {
            Kind::Ban | Kind::Only => Given::Tokens(self.tokens_named(&stage.text)?),
            Kind::Match => Given::Constraint(Arc::new(self.matching(&stage.text)?)),
            Kind::Dry => Given::Tokens(self.breakers()),
            _ => Given::Nothing,
        })
    }

    /// The tokens of words: a word names every token that is it, with or without white space around it; `#12` names an id.
    fn tokens_named(&self, words: &str) -> Result<Arc<[u32]>, StageError> {
        let vocabulary = self.engine.config.vocabulary as u32;
        let mut found = Vec::new();
        for word in words.split_whitespace() {
            let before = found.len();
            let id: Option<u32> = word.strip_prefix('#').and_then(|digits| digits.parse().ok());
            found.extend(id.filter(|&id| id < vocabulary));
            if let Some(tokenizer) = self.tokenizer.as_ref().filter(|_| id.is_none()) {
                found.extend(
                    (0..tokenizer.len() as u32).filter(|&id| tokenizer.piece(id).trim_ascii() == word.as_bytes()),
                );
            }
            if found.len() == before {
                let nothing = id.is_none() && self.tokenizer.is_none();
                return Err(if nothing { StageError::NoTokenizer } else { StageError::NoToken(word.to_owned()) });
            }
        }
        Ok(Arc::from(found))
    }

    /// The tokens in which a repetition ends.
    fn breakers(&self) -> Arc<[u32]> {
        let Some(tokenizer) = &self.tokenizer else { return Arc::default() };
        let holds = |id: &u32| {
            let text = String::from_utf8_lossy(tokenizer.piece(*id));
            BREAKERS.iter().any(|breaker| text.contains(breaker))
        };
        (0..tokenizer.len() as u32).filter(holds).collect()
    }

    fn matching(&self, expression: &str) -> Result<Matching, StageError> {
        let tokenizer = self.tokenizer.as_ref().ok_or(StageError::NoTokenizer)?;
        let automaton = Automaton::new(expression).map_err(StageError::Expression)?;
        let mut by_first = vec![Vec::new(); 256];
        let mut pieces: Vec<Box<[u8]>> = vec![Box::default(); self.engine.config.vocabulary];
        for id in (0..tokenizer.len() as u32).filter(|&id| !tokenizer.is_special(id)) {
            if let [first, ..] = tokenizer.piece(id) {
                by_first[usize::from(*first)].push(id);
                pieces[id as usize] = tokenizer.piece(id).into();
            }
        }
        Ok(Matching { automaton, by_first, pieces, end: tokenizer.eos() })
    }
}

/// What may come so that the text can still match an expression.
#[derive(Debug)]
struct Matching {
    automaton: Automaton,
    /// Tokens by the first byte of their text.
    by_first: Vec<Vec<u32>>,
    /// The text of every token, by id; empty for those that stand for none.
    pieces: Vec<Box<[u8]>>,
    /// The token that ends a text: allowed where the text matches.
    end: Option<u32>,
}

impl Constraint for Matching {
    fn allowed(&self, generated: &[u32]) -> Vec<bool> {
        let mut allowed = vec![false; self.pieces.len()];
        let piece = |&token: &u32| self.pieces.get(token as usize).filter(|piece| !piece.is_empty());
        let follow = |place, token| self.automaton.after(place, piece(token)?);
        let Some(place) = generated.iter().try_fold(self.automaton.start(), follow) else { return allowed };
        for (first, tokens) in (0..=u8::MAX).zip(&self.by_first) {
            let Some(place) = self.automaton.after(place, &[first]) else { continue };
            for &id in tokens {
                let rest = self.pieces[id as usize].get(1..).unwrap_or_default();
                allowed[id as usize] = self.automaton.after(place, rest).is_some();
            }
        }
        if let Some(end) = self.end.filter(|_| self.automaton.matches(place)) {
            allowed[end as usize] = true;
        }
        allowed
    }
}
